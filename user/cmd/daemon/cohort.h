/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#pragma once

/* One member's figures beside those of its fleet. */

#include <jansson.h>

#include "core/engine.h"
#include "core/fleet.h"

/* An object of {name: {own, typical, spread}}; a sentence for each goes to lines. */
json_t *cohort_compare(const struct engine *engine, const struct fleet *fleet,
		       const struct source_figures *own, json_t *lines);
