/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */

/* Turns digests into the names they were put under: an open-addressed table over a list. */

#include "core/stack_names.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#define SLOTS_FIRST 256 /* a power of two; a host sees some hundred stacks */

struct stack_name {
	uint64_t digest;
	char *text;
};

struct stack_names {
	struct stack_name *list; /* in the order of arrival */
	size_t count;
	size_t room;
	size_t max;	 /* names */
	uint32_t *slots; /* index into list plus one; 0: empty */
	size_t slot_count;
};

/* Digests, of the kernel or of text, are well mixed: the low bits may index. */
static uint32_t *slot_of(const struct stack_names *names, uint64_t digest)
{
	size_t mask = names->slot_count - 1;
	size_t at = (size_t)digest & mask;

	while (names->slots[at] && names->list[names->slots[at] - 1].digest != digest)
		at = (at + 1) & mask;
	return &names->slots[at];
}

struct stack_names *stack_names_new(void)
{
	struct stack_names *names = calloc(1, sizeof(*names));

	if (!names)
		return NULL;
	names->max = SIZE_MAX;
	names->slot_count = SLOTS_FIRST;
	names->slots = calloc(names->slot_count, sizeof(*names->slots));
	if (!names->slots) {
		free(names);
		return NULL;
	}
	return names;
}

void stack_names_free(struct stack_names *names)
{
	if (!names)
		return;
	for (size_t i = 0; i < names->count; i++)
		free(names->list[i].text);
	free(names->list);
	free(names->slots);
	free(names);
}

static int slots_grow(struct stack_names *names)
{
	uint32_t *old = names->slots;
	uint32_t *slots = calloc(names->slot_count * 2, sizeof(*slots));

	if (!slots)
		return -ENOMEM;
	names->slots = slots;
	names->slot_count *= 2;
	for (size_t i = 0; i < names->count; i++)
		*slot_of(names, names->list[i].digest) = (uint32_t)i + 1;
	free(old);
	return 0;
}

static int list_grow(struct stack_names *names)
{
	size_t room = names->room ? names->room * 2 : SLOTS_FIRST / 2;
	struct stack_name *list = realloc(names->list, room * sizeof(*list));

	if (!list)
		return -ENOMEM;
	names->list = list;
	names->room = room;
	return 0;
}

void stack_names_limit(struct stack_names *names, size_t max)
{
	names->max = max;
}

int stack_names_put(struct stack_names *names, uint64_t digest, const char *name)
{
	char *text;

	if (!digest)
		return -EINVAL;
	if (*slot_of(names, digest))
		return 0;
	if (names->count >= names->max)
		return -ENOSPC;
	if (names->count == names->room && list_grow(names))
		return -ENOMEM;
	/* At most half full, so that a probe is short. */
	if ((names->count + 1) * 2 > names->slot_count && slots_grow(names))
		return -ENOMEM;
	text = strdup(name);
	if (!text)
		return -ENOMEM;
	names->list[names->count++] = (struct stack_name){ .digest = digest, .text = text };
	*slot_of(names, digest) = (uint32_t)names->count;
	return 0;
}

const char *stack_names_get(const struct stack_names *names, uint64_t digest)
{
	uint32_t slot = *slot_of(names, digest);

	return slot ? names->list[slot - 1].text : NULL;
}

int stack_names_each(const struct stack_names *names,
		     int (*fn)(uint64_t digest, const char *name, void *arg), void *arg)
{
	for (size_t i = 0; i < names->count; i++) {
		int result = fn(names->list[i].digest, names->list[i].text, arg);

		if (result)
			return result;
	}
	return 0;
}

uint64_t stack_name_digest(const char *name)
{
	uint64_t hash = 0xcbf29ce484222325ULL;

	for (const unsigned char *at = (const unsigned char *)name; *at; at++)
		hash = (hash ^ *at) * 0x100000001b3ULL;
	hash = (hash ^ (hash >> 33)) * 0xff51afd7ed558ccdULL;
	hash = (hash ^ (hash >> 33)) * 0xc4ceb9fe1a85ec53ULL;
	hash ^= hash >> 33;
	return hash ? hash : 1;
}
