/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#pragma once

/* Many equal strings as one counted copy, so that a million rules of a list share its name. */

#include <stdint.h>

#define INTERN_HEADS 5 /* one for each enum weir_origin */

struct intern;

struct intern_pool {
	struct intern **slots; /* open addressing, power of two */
	uint32_t capacity;
	uint32_t count;
};

void intern_pool_clear(struct intern_pool *pool);
/* The one copy of text (NULL is ""), with one more user; NULL on ENOMEM. */
const char *intern_take(struct intern_pool *pool, const char *text);
/* The one copy if there is one, without a new user; NULL: there is none. */
const char *intern_find(const struct intern_pool *pool, const char *text);
/* One user less; the last one frees it. */
void intern_drop(struct intern_pool *pool, const char *interned);
/* Room beside a string for its owner: heads of the chains that hang on it. Zero at first. */
uint32_t *intern_heads(const char *interned);
