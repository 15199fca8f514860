/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#pragma once

/* The rules of one origin and list as they are, with their ids, for whoever must store them. */

#include <stddef.h>
#include <stdint.h>

#include "core/rule.h"

/* *out is the caller's to free; its strings live as long as the rules do. 0 or -ENOMEM. */
int rules_copy_list(const struct rules *rules, uint8_t origin, const char *list, struct rule **out,
		    size_t *count);
