/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#pragma once

/*
 * What only the clock can end: from a list of keys that user space thinks are idle to exchanges
 * finished and entries deleted, each looked at again here, where the facts are.
 */

#include "flow.h"

struct sweep_walk {
	void *ctx;
	__u64 now_ns;
	struct weir_sweep request;
};

static __always_inline __u64 sweep_age_ns(__u64 now_ns, __u64 then_ns)
{
	return now_ns > then_ns ? now_ns - then_ns : 0;
}

static __always_inline bool flow_is_over(const struct weir_flow *flow, __u64 now_ns)
{
	__u64 last_ns = flow->client_ns > flow->server_ns ? flow->client_ns : flow->server_ns;
	__u64 idle_ns = sweep_age_ns(now_ns, last_ns);

	if (flow->phase == WEIR_PHASE_CLOSED && idle_ns >= WEIR_CLOSED_LINGER_NS)
		return true;
	return idle_ns >= setting_get(WEIR_SETTING_FLOW_IDLE_NS);
}

/* The response has begun and not gone on for as long as the setting says. */
static __always_inline bool flow_is_silent(const struct weir_flow *flow, __u64 now_ns)
{
	return flow->request_ns && flow->server_bytes != flow->request_mark &&
	       sweep_age_ns(now_ns, flow->server_ns) >= setting_get(WEIR_SETTING_SILENCE_NS);
}

static __always_inline void sweep_flow(struct sweep_walk *walk, const struct weir_flow_key *key)
{
	struct weir_flow *flow = bpf_map_lookup_elem(&flows, key);
	struct weir_addr source;

	if (!flow)
		return;
	if (walk->request.flags & WEIR_SWEEP_FORCE || flow_is_over(flow, walk->now_ns)) {
		walk->request.finished += exchange_finish(key, flow, walk->now_ns);
		address_copy(source.addr, flow->source);
		if (bpf_map_delete_elem(&flows, key))
			return;
		source_flow_leave(source.addr);
		event_count(WEIR_REASON_FLOW_SWEPT);
		walk->request.removed++;
	} else if (flow_is_silent(flow, walk->now_ns)) {
		walk->request.finished += exchange_finish(key, flow, walk->now_ns);
	}
}

static __always_inline void sweep_source(struct sweep_walk *walk, const struct weir_addr *key)
{
	struct weir_source *source = bpf_map_lookup_elem(&sources, key);
	__u32 prefix_len;

	if (!source || source->flows)
		return;
	if (!(walk->request.flags & WEIR_SWEEP_FORCE) &&
	    sweep_age_ns(walk->now_ns, source->last_ns) < walk->request.age_ns)
		return;
	prefix_len = source->prefix_len;
	if (bpf_map_delete_elem(&sources, key))
		return;
	source_net_leave(key, prefix_len);
	walk->request.removed++;
}

static long sweep_step(__u32 index, struct sweep_walk *walk)
{
	bool is_flow = walk->request.kind == WEIR_SWEEP_FLOWS;
	__u32 bytes = is_flow ? sizeof(struct weir_flow_key) : sizeof(struct weir_addr);
	__u32 offset = sizeof(walk->request) + index * bytes;
	struct weir_flow_key key;

	if (index >= walk->request.count)
		return 1;
	if (is_flow) {
		if (bpf_xdp_load_bytes(walk->ctx, offset, &key, sizeof(key)))
			return 1;
		sweep_flow(walk, &key);
	} else {
		if (bpf_xdp_load_bytes(walk->ctx, offset, key.source_addr,
				       sizeof(struct weir_addr)))
			return 1;
		sweep_source(walk, (struct weir_addr *)key.source_addr);
	}
	return 0;
}

/* Returns XDP_PASS with the header's answer filled in, XDP_ABORTED for a malformed request. */
static __always_inline int sweep_run(struct xdp_md *ctx)
{
	struct sweep_walk walk = { .ctx = ctx };

	if (bpf_xdp_load_bytes(ctx, 0, &walk.request, sizeof(walk.request)) ||
	    walk.request.count > WEIR_SWEEP_KEYS_MAX || walk.request.kind > WEIR_SWEEP_SOURCES)
		return XDP_ABORTED;
	walk.now_ns = clock_now_ns();
	walk.request.removed = 0;
	walk.request.finished = 0;
	bpf_loop(WEIR_SWEEP_KEYS_MAX, sweep_step, &walk, 0);
	if (bpf_xdp_store_bytes(ctx, 0, &walk.request, sizeof(walk.request)))
		return XDP_ABORTED;
	return XDP_PASS;
}
