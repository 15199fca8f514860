/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#pragma once

/* What this kernel and this process can do, and in words what is missing. */

#include <stdbool.h>

/* -EPERM or -ENOTSUP with the missing capability or feature logged. */
int features_check(void);
/* Logs why loading failed with err, as far as that can be known. Returns -EPERM, -ENOTSUP or err. */
int features_explain(int err);
