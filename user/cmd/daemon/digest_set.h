/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#pragma once

/* A bounded set of non-zero 64-bit numbers that are random already (digests, hashes). */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct digest_set {
	uint64_t *slots; /* open addressing, 0: empty */
	size_t count, size;
};

/* True when it was not in the set. A set that cannot grow forgets the newcomer, a full one all it had. */
bool digest_set_add(struct digest_set *set, uint64_t digest);
bool digest_set_has(const struct digest_set *set, uint64_t digest);
void digest_set_clear(struct digest_set *set);
