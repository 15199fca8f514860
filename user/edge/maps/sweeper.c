/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* Turns the walk over flows and sources into keys for weir_sweep: what is silent, idle or forgotten. */

#include "edge/maps.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <bpf/bpf.h>
#include <weir/bounds.h>

#include "edge/maps/cursor.h"

#define SWEEP_BATCH 1024

/* What the programs test under the name packet: header, then keys. */
struct sweep_packet {
	struct weir_sweep header;
	char keys[WEIR_SWEEP_KEYS_MAX * sizeof(struct weir_flow_key)];
};

struct sweep {
	int program_fd;
	uint32_t key_size;
	struct sweep_packet packet;
	int handed; /* keys, in all */
};

static int sweep_flush(struct sweep *sweep)
{
	size_t len = sizeof(struct weir_sweep) + sweep->packet.header.count * sweep->key_size;
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = &sweep->packet, .data_size_in = (__u32)len,
		    .repeat = 1);

	if (!sweep->packet.header.count)
		return 0;
	if (bpf_prog_test_run_opts(sweep->program_fd, &opts) != 0)
		return -errno;
	sweep->handed += (int)sweep->packet.header.count;
	sweep->packet.header.count = 0;
	return 0;
}

static int sweep_add(struct sweep *sweep, const void *key)
{
	memcpy(sweep->packet.keys + sweep->packet.header.count * sweep->key_size, key,
	       sweep->key_size);
	if (++sweep->packet.header.count < WEIR_SWEEP_KEYS_MAX)
		return 0;
	return sweep_flush(sweep);
}

static void sweep_init(struct sweep *sweep, int program_fd, enum weir_sweep_kind kind)
{
	*sweep = (struct sweep){
		.program_fd = program_fd,
		.key_size = kind == WEIR_SWEEP_FLOWS ? sizeof(struct weir_flow_key) :
						       sizeof(struct weir_addr),
		.packet.header.kind = kind,
	};
}

/* A walk over one map and what it has counted since it began. */
struct walk {
	struct cursor cursor;
	uint32_t seen;
	uint32_t *used; /* where a full walk's count goes */
};

struct maps_sweeper {
	int program_fd;
	struct walk flows, sources;
};

struct maps_sweeper *maps_sweeper_new(struct maps *maps)
{
	struct maps_sweeper *sweeper = calloc(1, sizeof(*sweeper));

	if (!sweeper)
		return NULL;
	sweeper->program_fd = maps->sweep_program;
	sweeper->flows.used = &maps->flows_used;
	sweeper->sources.used = &maps->sources_used;
	if (cursor_init(&sweeper->flows.cursor, maps->flows, SWEEP_BATCH) != 0 ||
	    cursor_init(&sweeper->sources.cursor, maps->sources, SWEEP_BATCH) != 0) {
		maps_sweeper_free(sweeper);
		return NULL;
	}
	return sweeper;
}

void maps_sweeper_free(struct maps_sweeper *sweeper)
{
	if (!sweeper)
		return;
	cursor_clear(&sweeper->flows.cursor);
	cursor_clear(&sweeper->sources.cursor);
	free(sweeper);
}

static bool is_older(uint64_t now_ns, uint64_t then_ns, uint64_t age_ns)
{
	return now_ns > then_ns && now_ns - then_ns > age_ns;
}

/* weir_sweep looks again under its own clock: here it is only about whom to ask. */
static bool flow_is_due(const struct weir_flow *flow, uint64_t now_ns, const struct config *config)
{
	uint64_t last_ns = flow->client_ns > flow->server_ns ? flow->client_ns : flow->server_ns;

	if (last_ns < flow->first_ns)
		last_ns = flow->first_ns;
	if (flow->phase == WEIR_PHASE_CLOSED)
		return true;
	if (flow->request_ns && is_older(now_ns, last_ns, config->silence_ns))
		return true;
	return is_older(now_ns, last_ns, config->flow_idle_ns);
}

/* As long as the ledger keeps them while there is room; from half full on, less and less, so that newcomers
 * are counted: what leaves the map stays in the ledger. */
static uint64_t source_age_ns(uint32_t used, const struct config *config)
{
	uint64_t age_ns = config->detect.retention_sources_ns;
	uint64_t room = config->sources_max > used ? config->sources_max - used : 0;

	if (room < config->sources_max / 2)
		age_ns = age_ns / config->sources_max * room * 2;
	return age_ns < config->flow_idle_ns ? config->flow_idle_ns : age_ns;
}

static int walk_step(struct walk *walk)
{
	int more = cursor_next(&walk->cursor);

	if (more == 0) {
		*walk->used = walk->seen;
		walk->seen = 0;
	} else if (more > 0) {
		walk->seen += walk->cursor.count;
	}
	return more;
}

static int flows_sweep(struct maps_sweeper *sweeper, uint64_t now_ns, const struct config *config,
		       size_t budget)
{
	const struct cursor *cursor = &sweeper->flows.cursor;
	struct sweep sweep;
	int more = 1, err = 0;

	sweep_init(&sweep, sweeper->program_fd, WEIR_SWEEP_FLOWS);
	for (size_t visited = 0; !err && more > 0 && visited < budget; visited += cursor->count) {
		more = walk_step(&sweeper->flows);
		for (uint32_t i = 0; !err && more > 0 && i < cursor->count; i++)
			if (flow_is_due(cursor_value(cursor, i), now_ns, config))
				err = sweep_add(&sweep, cursor_key(cursor, i));
	}
	if (!err)
		err = more < 0 ? more : sweep_flush(&sweep);
	return err ? err : sweep.handed;
}

static int sources_sweep(struct maps_sweeper *sweeper, uint64_t now_ns, const struct config *config,
			 size_t budget)
{
	const struct cursor *cursor = &sweeper->sources.cursor;
	uint64_t age_ns = source_age_ns(*sweeper->sources.used, config);
	struct sweep sweep;
	int more = 1, err = 0;

	sweep_init(&sweep, sweeper->program_fd, WEIR_SWEEP_SOURCES);
	sweep.packet.header.age_ns = age_ns;
	for (size_t visited = 0; !err && more > 0 && visited < budget; visited += cursor->count) {
		more = walk_step(&sweeper->sources);
		for (uint32_t i = 0; !err && more > 0 && i < cursor->count; i++) {
			const struct weir_source *source = cursor_value(cursor, i);

			if (!source->flows && is_older(now_ns, source->last_ns, age_ns))
				err = sweep_add(&sweep, cursor_key(cursor, i));
		}
	}
	if (!err)
		err = more < 0 ? more : sweep_flush(&sweep);
	return err ? err : sweep.handed;
}

int maps_sweep(struct maps_sweeper *sweeper, uint64_t now_ns, const struct config *config,
	       size_t budget)
{
	int flows = flows_sweep(sweeper, now_ns, config, budget);
	int sources = flows < 0 ? flows : sources_sweep(sweeper, now_ns, config, budget);

	return sources < 0 ? sources : flows + sources;
}

struct forget {
	struct sweep sweep;
	const struct net *net;
};

static int flow_forget(const void *key, const void *value, void *arg)
{
	struct forget *forget = arg;
	const struct weir_flow *flow = value;
	struct net source = net_of_source(flow->source, flow->source_prefix_len);

	return net_overlaps(forget->net, &source) ? sweep_add(&forget->sweep, key) : 0;
}

static int source_forget(const void *key, const void *value, void *arg)
{
	struct forget *forget = arg;
	const struct weir_addr *addr = key;
	const struct weir_source *source = value;
	struct net net = net_of_source(addr->addr, (uint8_t)source->prefix_len);

	return net_overlaps(forget->net, &net) ? sweep_add(&forget->sweep, key) : 0;
}

static int forget_run(const struct maps *maps, const struct net *net, enum weir_sweep_kind kind)
{
	struct forget forget = { .net = net };
	bool is_flows = kind == WEIR_SWEEP_FLOWS;
	int err;

	sweep_init(&forget.sweep, maps->sweep_program, kind);
	forget.sweep.packet.header.flags = WEIR_SWEEP_FORCE;
	err = map_each(is_flows ? maps->flows : maps->sources,
		       is_flows ? flow_forget : source_forget, &forget);
	if (!err)
		err = sweep_flush(&forget.sweep);
	return err ? err : forget.sweep.handed;
}

int maps_forget(const struct maps *maps, const struct net *net)
{
	/* Flows first: a source with open flows stays. */
	int flows = forget_run(maps, net, WEIR_SWEEP_FLOWS);
	int sources = flows < 0 ? flows : forget_run(maps, net, WEIR_SWEEP_SOURCES);

	return sources < 0 ? sources : flows + sources;
}
