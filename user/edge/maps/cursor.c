/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* Turns a map into batches of its entries. */

#include "edge/maps/cursor.h"

#include <errno.h>
#include <stdlib.h>

#include <bpf/bpf.h>

/* 1,024 flows are 240 kB: some milliseconds between two looks at the ring. */
#define EACH_BATCH 1024
/* A hash map's bucket comes whole or not at all; no bucket is this large. */
#define BATCH_MAX 65536

int cursor_init(struct cursor *cursor, int fd, uint32_t capacity)
{
	struct bpf_map_info info = { 0 };
	__u32 len = sizeof(info);

	*cursor = (struct cursor){ .fd = fd, .capacity = capacity };
	if (bpf_obj_get_info_by_fd(fd, &info, &len) != 0)
		return -errno;
	if (info.key_size > CURSOR_TOKEN_MAX)
		return -E2BIG;
	cursor->key_size = info.key_size;
	cursor->value_size = info.value_size;
	cursor->keys = calloc(capacity, info.key_size);
	cursor->values = calloc(capacity, info.value_size);
	if (!cursor->keys || !cursor->values) {
		cursor_clear(cursor);
		return -ENOMEM;
	}
	return 0;
}

void cursor_clear(struct cursor *cursor)
{
	free(cursor->keys);
	free(cursor->values);
	cursor->keys = cursor->values = NULL;
}

const void *cursor_key(const struct cursor *cursor, uint32_t index)
{
	return cursor->keys + (size_t)index * cursor->key_size;
}

const void *cursor_value(const struct cursor *cursor, uint32_t index)
{
	return cursor->values + (size_t)index * cursor->value_size;
}

static int cursor_grow(struct cursor *cursor)
{
	uint32_t capacity = cursor->capacity * 2;
	char *keys, *values;

	if (capacity > BATCH_MAX)
		return -ENOSPC;
	keys = realloc(cursor->keys, (size_t)capacity * cursor->key_size);
	if (!keys)
		return -ENOMEM;
	cursor->keys = keys;
	values = realloc(cursor->values, (size_t)capacity * cursor->value_size);
	if (!values)
		return -ENOMEM;
	cursor->values = values;
	cursor->capacity = capacity;
	return 0;
}

static int batch_fetch(struct cursor *cursor)
{
	char token[CURSOR_TOKEN_MAX] = { 0 };
	__u32 count = cursor->capacity;
	int err = bpf_map_lookup_batch(cursor->fd, cursor->has_begun ? cursor->token : NULL, token,
				       cursor->keys, cursor->values, &count, NULL);

	if (err && errno != ENOENT)
		return -errno;
	cursor->count = count;
	cursor->is_at_end = err != 0;
	cursor->has_begun = true;
	__builtin_memcpy(cursor->token, token, sizeof(token));
	return 0;
}

int cursor_next(struct cursor *cursor)
{
	int err;

	cursor->count = 0;
	if (cursor->is_at_end) {
		cursor->is_at_end = cursor->has_begun = false;
		return 0;
	}
	err = batch_fetch(cursor);
	while (err == -ENOSPC) {
		err = cursor_grow(cursor);
		if (!err)
			err = batch_fetch(cursor);
	}
	return err ? err : 1;
}

int map_each(int fd, int (*fn)(const void *key, const void *value, void *arg), void *arg)
{
	struct cursor cursor;
	int more, err = cursor_init(&cursor, fd, EACH_BATCH);

	if (err)
		return err;
	while (!err && (more = cursor_next(&cursor)) != 0) {
		err = more < 0 ? more : 0;
		for (uint32_t i = 0; !err && i < cursor.count; i++)
			err = fn(cursor_key(&cursor, i), cursor_value(&cursor, i), arg);
	}
	cursor_clear(&cursor);
	return err;
}
