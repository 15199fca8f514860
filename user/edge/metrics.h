/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#pragma once

/* The daemon's status into Prometheus text (exposition format 0.0.4): base units, never a label per address. */

#include <stdio.h>

#include <jansson.h>

void metrics_write(FILE *out, const json_t *status);
