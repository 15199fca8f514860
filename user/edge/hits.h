/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#pragma once

/* The map `hits` read as a whole, and what of it is new since the last time. */

#include <stddef.h>
#include <stdint.h>

#include <weir/abi.h>

/* Packets by rule id as last seen; grows to the largest id. */
struct hit_memory {
	uint64_t *packets;
	size_t size;
};

/* Calls fn for every entry until it returns non-zero, which is then returned; or -errno. Deleting from within fn is safe. */
int hits_each(int hits_fd, int (*fn)(uint32_t rule_id, const struct weir_hit *hit, void *arg),
	      void *arg);
/* Packets since the last call for this id (all of them at first); remembers the figure. */
uint64_t hit_memory_take(struct hit_memory *memory, uint32_t rule_id, uint64_t packets);
void hit_memory_clear(struct hit_memory *memory);
