/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* Turns a filling map of stacks into one with room: what no new flow has had for long goes. */

#include "edge/maps.h"

#include <errno.h>

#include <bpf/bpf.h>

#include "edge/maps/cursor.h"

struct stacks_sweep {
	int fd;
	uint64_t before_ns;
	uint32_t seen;
	int removed;
};

static int stack_count(const void *key, const void *value, void *arg)
{
	struct stacks_sweep *sweep = arg;

	(void)key;
	(void)value;
	sweep->seen++;
	return 0;
}

static int stack_retire(const void *key, const void *value, void *arg)
{
	struct stacks_sweep *sweep = arg;
	const struct weir_stack *stack = value;

	if (stack->last_ns >= sweep->before_ns)
		return 0;
	if (bpf_map_delete_elem(sweep->fd, key) == 0)
		sweep->removed++;
	else if (errno != ENOENT)
		return -errno;
	return 0;
}

int maps_sweep_stacks(const struct maps *maps, uint64_t now_ns, uint64_t idle_ns,
		      uint32_t stacks_max)
{
	struct stacks_sweep sweep = {
		.fd = maps->stacks,
		.before_ns = now_ns > idle_ns ? now_ns - idle_ns : 0,
	};
	int err = map_each(sweep.fd, stack_count, &sweep);

	if (!err && sweep.seen > stacks_max / 2)
		err = map_each(sweep.fd, stack_retire, &sweep);
	return err ? err : sweep.removed;
}
