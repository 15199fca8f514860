/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "core/intern.h"

/* Turns equal strings into equal pointers, counting their users. */

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#define POOL_CAPACITY_FIRST 64 /* a handful of lists and reasons is the usual case */

struct intern {
	uint32_t users;
	uint32_t hash;
	uint32_t heads[INTERN_HEADS];
	char text[];
};

/* FNV-1a: short strings, none chosen by an attacker alone. */
static uint32_t text_hash(const char *text)
{
	uint32_t hash = 2166136261u;

	for (; *text != '\0'; text++)
		hash = (hash ^ (uint8_t)*text) * 16777619u;
	return hash;
}

static struct intern *intern_of(const char *interned)
{
	return (struct intern *)(uintptr_t)(interned - offsetof(struct intern, text));
}

static uint32_t slot_find(const struct intern_pool *pool, const char *text, uint32_t hash)
{
	uint32_t mask = pool->capacity - 1;
	uint32_t at = hash & mask;

	while (pool->slots[at] &&
	       (pool->slots[at]->hash != hash || strcmp(pool->slots[at]->text, text) != 0))
		at = (at + 1) & mask;
	return at;
}

static int pool_grow(struct intern_pool *pool)
{
	uint32_t capacity = pool->capacity ? pool->capacity * 2 : POOL_CAPACITY_FIRST;
	struct intern_pool grown = { .capacity = capacity, .count = pool->count };
	uint32_t i;

	grown.slots = calloc(capacity, sizeof(*grown.slots));
	if (!grown.slots)
		return -1;
	for (i = 0; i < pool->capacity; i++) {
		struct intern *intern = pool->slots[i];

		if (intern)
			grown.slots[slot_find(&grown, intern->text, intern->hash)] = intern;
	}
	free(pool->slots);
	*pool = grown;
	return 0;
}

void intern_pool_clear(struct intern_pool *pool)
{
	uint32_t i;

	for (i = 0; i < pool->capacity; i++)
		free(pool->slots[i]);
	free(pool->slots);
	*pool = (struct intern_pool){ 0 };
}

const char *intern_take(struct intern_pool *pool, const char *text)
{
	struct intern *intern;
	uint32_t hash, at;
	size_t len;

	text = text ? text : "";
	hash = text_hash(text);
	if (pool->count >= pool->capacity / 2 && pool_grow(pool))
		return NULL;
	at = slot_find(pool, text, hash);
	if (pool->slots[at]) {
		pool->slots[at]->users++;
		return pool->slots[at]->text;
	}
	len = strlen(text);
	intern = calloc(1, sizeof(*intern) + len + 1);
	if (!intern)
		return NULL;
	intern->users = 1;
	intern->hash = hash;
	memcpy(intern->text, text, len + 1);
	pool->slots[at] = intern;
	pool->count++;
	return intern->text;
}

const char *intern_find(const struct intern_pool *pool, const char *text)
{
	struct intern *intern;

	if (!pool->capacity)
		return NULL;
	text = text ? text : "";
	intern = pool->slots[slot_find(pool, text, text_hash(text))];
	return intern ? intern->text : NULL;
}

/* Linear probing without tombstones: what follows a hole moves back unless it is at home there. */
static void slot_remove(struct intern_pool *pool, uint32_t hole)
{
	uint32_t mask = pool->capacity - 1;
	uint32_t at = hole;

	for (;;) {
		at = (at + 1) & mask;
		if (!pool->slots[at])
			break;
		if (((at - pool->slots[at]->hash) & mask) < ((at - hole) & mask))
			continue;
		pool->slots[hole] = pool->slots[at];
		hole = at;
	}
	pool->slots[hole] = NULL;
	pool->count--;
}

void intern_drop(struct intern_pool *pool, const char *interned)
{
	struct intern *intern = intern_of(interned);

	if (--intern->users > 0)
		return;
	slot_remove(pool, slot_find(pool, intern->text, intern->hash));
	free(intern);
}

uint32_t *intern_heads(const char *interned)
{
	return intern_of(interned)->heads;
}
