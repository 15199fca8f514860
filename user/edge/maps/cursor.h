/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#pragma once

/* A walk over a map in batches, which may pause between any two of them. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The largest key that is also a generic walk's token: struct weir_flow_key. */
#define CURSOR_TOKEN_MAX 64

struct cursor {
	int fd;
	uint32_t key_size, value_size;
	uint32_t capacity; /* entries a batch may hold */
	uint32_t count;	   /* entries it holds */
	bool has_begun;
	bool is_at_end;
	char *keys, *values;
	char token[CURSOR_TOKEN_MAX];
};

/* Sizes come from the map. 0 or -errno. */
int cursor_init(struct cursor *cursor, int fd, uint32_t capacity);
/* Fetches the next batch: 1: count entries (perhaps none) lie in keys and values; 0: the walk is over and
 * the next call begins anew; -errno. */
int cursor_next(struct cursor *cursor);
void cursor_clear(struct cursor *cursor);
const void *cursor_key(const struct cursor *cursor, uint32_t index);
const void *cursor_value(const struct cursor *cursor, uint32_t index);

/* Visits all entries until fn returns non-zero, which is then returned. fn may delete what it gets. */
int map_each(int fd, int (*fn)(const void *key, const void *value, void *arg), void *arg);
