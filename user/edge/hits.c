/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */

/* The map `hits` read as a whole, and what of it is new since the last time. */

#include "edge/hits.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <bpf/bpf.h>

#define GROW_MIN 1024

int hits_each(int hits_fd, int (*fn)(uint32_t rule_id, const struct weir_hit *hit, void *arg),
	      void *arg)
{
	uint32_t id, next;
	int error = bpf_map_get_next_key(hits_fd, NULL, &next);

	while (!error) {
		struct weir_hit hit;
		int result = 0;

		id = next;
		/* Before fn, which may delete this entry: from a deleted key the walk starts again. */
		error = bpf_map_get_next_key(hits_fd, &id, &next);
		if (!bpf_map_lookup_elem(hits_fd, &id, &hit))
			result = fn(id, &hit, arg);
		if (result)
			return result;
	}
	return error == -ENOENT || errno == ENOENT ? 0 : -errno;
}

static int memory_grow(struct hit_memory *memory, uint32_t rule_id)
{
	size_t size = memory->size ? memory->size : GROW_MIN;
	uint64_t *packets;

	while (size <= rule_id)
		size *= 2;
	packets = realloc(memory->packets, size * sizeof(*packets));
	if (!packets)
		return -ENOMEM;
	memset(packets + memory->size, 0, (size - memory->size) * sizeof(*packets));
	memory->packets = packets;
	memory->size = size;
	return 0;
}

uint64_t hit_memory_take(struct hit_memory *memory, uint32_t rule_id, uint64_t packets)
{
	uint64_t before;

	if (rule_id >= memory->size && memory_grow(memory, rule_id))
		return 0;
	before = memory->packets[rule_id];
	memory->packets[rule_id] = packets;
	/* Fewer than before: the entry was removed and its id given anew. */
	return packets >= before ? packets - before : packets;
}

void hit_memory_clear(struct hit_memory *memory)
{
	free(memory->packets);
	memset(memory, 0, sizeof(*memory));
}
