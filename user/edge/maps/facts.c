/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* Turns the fact maps into structs: one by key, all by visits, counters by sums. */

#include "edge/maps.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "edge/maps/cursor.h"

/* A typed visitor behind map_each's untyped one. */
struct visit {
	union {
		int (*source)(const struct weir_addr *key, const struct weir_source *source,
			      void *arg);
		int (*flow)(const struct weir_flow_key *key, const struct weir_flow *flow,
			    void *arg);
		int (*stack)(uint64_t digest, const struct weir_stack *stack, void *arg);
	} fn;
	void *arg;
};

static int source_visit(const void *key, const void *value, void *arg)
{
	const struct visit *visit = arg;

	return visit->fn.source(key, value, visit->arg);
}

static int flow_visit(const void *key, const void *value, void *arg)
{
	const struct visit *visit = arg;

	return visit->fn.flow(key, value, visit->arg);
}

static int stack_visit(const void *key, const void *value, void *arg)
{
	const struct visit *visit = arg;
	uint64_t digest;

	memcpy(&digest, key, sizeof(digest));
	return visit->fn.stack(digest, value, visit->arg);
}

int maps_each_source(const struct maps *maps,
		     int (*fn)(const struct weir_addr *key, const struct weir_source *source,
			       void *arg),
		     void *arg)
{
	struct visit visit = { .fn.source = fn, .arg = arg };

	return map_each(maps->sources, source_visit, &visit);
}

int maps_each_flow(const struct maps *maps,
		   int (*fn)(const struct weir_flow_key *key, const struct weir_flow *flow,
			     void *arg),
		   void *arg)
{
	struct visit visit = { .fn.flow = fn, .arg = arg };

	return map_each(maps->flows, flow_visit, &visit);
}

int maps_each_stack(const struct maps *maps,
		    int (*fn)(uint64_t digest, const struct weir_stack *stack, void *arg),
		    void *arg)
{
	struct visit visit = { .fn.stack = fn, .arg = arg };

	return map_each(maps->stacks, stack_visit, &visit);
}

int maps_find_stack(const struct maps *maps, uint64_t digest, struct weir_stack *stack)
{
	struct weir_stack found;

	if (bpf_map_lookup_elem(maps->stacks, &digest, &found) != 0)
		return -errno;
	*stack = found;
	return 0;
}

int maps_find_source(const struct maps *maps, const struct weir_addr *key,
		     struct weir_source *source)
{
	struct weir_source found;

	if (bpf_map_lookup_elem(maps->sources, key, &found) != 0)
		return -errno;
	*source = found;
	return 0;
}

int maps_read_hit(const struct maps *maps, uint32_t rule_id, struct weir_hit *hit)
{
	struct weir_hit found = { 0 };

	if (bpf_map_lookup_elem(maps->hits, &rule_id, &found) != 0 && errno != ENOENT)
		return -errno;
	*hit = found;
	return 0;
}

int maps_remove_hit(const struct maps *maps, uint32_t rule_id)
{
	return bpf_map_delete_elem(maps->hits, &rule_id) == 0 || errno == ENOENT ? 0 : -errno;
}

static int counter_sum(int counters_fd, uint32_t reason, struct weir_counter *per_cpu, int cpus,
		       struct weir_counter *sum)
{
	if (bpf_map_lookup_elem(counters_fd, &reason, per_cpu) != 0)
		return -errno;
	*sum = (struct weir_counter){ 0 };
	for (int i = 0; i < cpus; i++) {
		sum->packets += per_cpu[i].packets;
		sum->bytes += per_cpu[i].bytes;
	}
	return 0;
}

int maps_sum_reasons(const struct maps *maps, struct weir_counter out[WEIR_REASON_MAX])
{
	struct weir_counter sums[WEIR_REASON_MAX];
	uint32_t keys[WEIR_REASON_MAX];
	__u32 count = WEIR_REASON_MAX;
	int err = 0, cpus = libbpf_num_possible_cpus();
	struct weir_counter *per_cpu;

	if (cpus < 0)
		return cpus;
	per_cpu = calloc((size_t)cpus, sizeof(*per_cpu));
	if (!per_cpu)
		return -ENOMEM;
	for (uint32_t i = 0; !err && i < WEIR_REASON_MAX; i++) {
		keys[i] = i;
		err = counter_sum(maps->counters, i, per_cpu, cpus, &sums[i]);
	}
	free(per_cpu);
	if (err)
		return err;
	memcpy(out, sums, sizeof(sums));
	return bpf_map_update_batch(maps->reasons, keys, sums, &count, NULL) == 0 ? 0 : -errno;
}

static int entry_count(const void *key, const void *value, void *arg)
{
	(void)key;
	(void)value;
	(*(uint32_t *)arg)++;
	return 0;
}

static uint32_t map_max(int fd)
{
	struct bpf_map_info info = { 0 };
	__u32 len = sizeof(info);

	return bpf_obj_get_info_by_fd(fd, &info, &len) == 0 ? info.max_entries : 0;
}

size_t maps_fill(const struct maps *maps, struct maps_fill *out, size_t max)
{
	const struct {
		const char *name;
		int fd;
		const uint32_t *used; /* NULL: small enough to be counted now */
	} rows[] = {
		{ "sources", maps->sources, &maps->sources_used },
		{ "flows", maps->flows, &maps->flows_used },
		{ "stacks", maps->stacks, NULL },
		{ "services", maps->services, NULL },
		{ "push_net4", maps->push_net4, NULL },
		{ "push_net6", maps->push_net6, NULL },
	};
	size_t count = 0;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]) && count < max; i++) {
		struct maps_fill fill = { .name = rows[i].name, .max = map_max(rows[i].fd) };

		if (rows[i].used)
			fill.used = *rows[i].used;
		else if (map_each(rows[i].fd, entry_count, &fill.used) != 0)
			continue;
		out[count++] = fill;
	}
	return count;
}
