/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */

/* A bounded set of non-zero 64-bit numbers that are random already (digests, hashes). */

#include "cmd/daemon/digest_set.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define START_SIZE 256
/* 8 MiB of slots: what a set holds is learned again from the traffic, so a full one starts afresh. */
#define DIGESTS_MAX (1u << 19)

/* The slot that holds it or would; the set is never full. */
static size_t slot_of(const uint64_t *slots, size_t size, uint64_t digest)
{
	size_t slot = digest & (size - 1);

	while (slots[slot] && slots[slot] != digest)
		slot = (slot + 1) & (size - 1);
	return slot;
}

static int set_grow(struct digest_set *set)
{
	size_t size = set->size ? set->size * 2 : START_SIZE;
	uint64_t *slots = calloc(size, sizeof(*slots));

	if (!slots)
		return -ENOMEM;
	for (size_t i = 0; i < set->size; i++) {
		if (set->slots[i])
			slots[slot_of(slots, size, set->slots[i])] = set->slots[i];
	}
	free(set->slots);
	set->slots = slots;
	set->size = size;
	return 0;
}

bool digest_set_add(struct digest_set *set, uint64_t digest)
{
	size_t slot;

	if (set->count >= DIGESTS_MAX)
		digest_set_clear(set);
	if (!digest || (set->count * 2 >= set->size && set_grow(set)))
		return digest != 0;
	slot = slot_of(set->slots, set->size, digest);
	if (set->slots[slot])
		return false;
	set->slots[slot] = digest;
	set->count++;
	return true;
}

bool digest_set_has(const struct digest_set *set, uint64_t digest)
{
	return set->size && digest && set->slots[slot_of(set->slots, set->size, digest)];
}

void digest_set_clear(struct digest_set *set)
{
	free(set->slots);
	memset(set, 0, sizeof(*set));
}
