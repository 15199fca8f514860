/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#pragma once

/* From a parsed packet toward a service to its one reason: verdict first, then the flow. */

#include "clock.h"
#include "quic.h"
#include "reply.h"
#include "reset.h"
#include "rule.h"
#include "service.h"

/* A rule drops this packet: says so, counts the rule's hit. */
static __always_inline __u32 ingress_drop(const struct packet *p, const struct verdict *v,
					  __u32 reason, __u64 now_ns)
{
	rule_hit_count(v->rule_id, p->frame_bytes, now_ns);
	return reason;
}

/* What a reset rule makes of a segment of a known flow, or of one that proves a flow just now: a connection
 * older than weir is to end as well. */
static __always_inline __u32 ingress_reset(void *ctx, const enum hook hook, const struct packet *p,
					   struct weir_flow *flow, const struct verdict *v,
					   __u64 now_ns)
{
	__u32 expected = 0;

	if (!flow && !(p->tcp_flags & TCP_SYN)) {
		flow = flow_prove(p, false, now_ns);
		expected = p->sequence;
	} else if (flow) {
		expected = flow->client_next;
	}
	if (!flow || p->tcp_flags & TCP_SYN || p->sequence != expected)
		return ingress_drop(p, v, WEIR_REASON_DROP_RESET, now_ns);
	exchange_finish(&p->key, flow, now_ns);
	flow->phase = WEIR_PHASE_TOMBSTONE;
	rule_hit_count(v->rule_id, p->frame_bytes, now_ns);
	if (!reset_build(ctx, hook, p))
		return WEIR_REASON_RESET_SENT;
	event_count(WEIR_REASON_RESET_FAILED);
	return WEIR_REASON_DROP_RESET;
}

/* What limit and reset make of a fully read packet. WEIR_REASON_NONE: it passes. */
static __always_inline __u32 ingress_act(void *ctx, const enum hook hook, const struct packet *p,
					 struct weir_flow *flow, const struct verdict *v,
					 __u64 now_ns)
{
	bool is_tcp = p->key.protocol == IPPROTO_TCP;
	bool is_new = is_tcp ? p->tcp_flags & TCP_SYN : !flow;

	if (v->action == WEIR_ACTION_LIMIT) {
		if (!is_new || rule_limit_admits(v, now_ns))
			return WEIR_REASON_NONE;
		return ingress_drop(p, v, WEIR_REASON_DROP_LIMIT, now_ns);
	}
	if (v->action == WEIR_ACTION_RESET) {
		if (flow && flow->phase == WEIR_PHASE_TOMBSTONE)
			return ingress_drop(p, v, WEIR_REASON_DROP_TOMBSTONE, now_ns);
		if (is_tcp)
			return ingress_reset(ctx, hook, p, flow, v, now_ns);
		return ingress_drop(p, v, WEIR_REASON_DROP_RESET, now_ns);
	}
	return WEIR_REASON_NONE;
}

static __always_inline __u32 ingress_tcp(void *ctx, const enum hook hook, const struct packet *p,
					 struct weir_flow *flow, bool is_off, __u64 now_ns)
{
	bool is_proven = false;

	/* A SYN alone never changes a flow: its handshake's proof will. */
	if (p->tcp_flags & TCP_SYN)
		return p->tcp_flags & TCP_ACK ? WEIR_REASON_UNPROVEN :
						syn_record(ctx, hook, p, now_ns);
	if (flow) {
		is_proven = flow_is_replaced(p, flow, now_ns);
		if (is_proven)
			flow = NULL;
		else if (flow->phase == WEIR_PHASE_TOMBSTONE)
			return is_off ? WEIR_REASON_PASSED : WEIR_REASON_DROP_TOMBSTONE;
	}
	if (!flow) {
		flow = flow_prove(p, is_proven, now_ns);
		if (!flow)
			return WEIR_REASON_UNPROVEN;
		/* The segment that picks a flow up is where its counting begins, not a part of it. */
		if (flow->client_flags & WEIR_FLOW_MIDSTREAM)
			return WEIR_REASON_PASSED;
	}
	return flow_segment(ctx, hook, p, flow, now_ns);
}

static __always_inline __u32 ingress_judge(void *ctx, const enum hook hook, const struct packet *p,
					   __u64 now_ns)
{
	struct weir_flow *flow;
	struct verdict v;
	__u32 reason;

	rule_judge(p, now_ns, &v);
	if (v.action == WEIR_ACTION_DROP) /* before anything that costs */
		return ingress_drop(p, &v, v.reason, now_ns);
	flow = bpf_map_lookup_elem(&flows, &p->key);
	if (v.action) {
		reason = ingress_act(ctx, hook, p, flow, &v, now_ns);
		if (reason)
			return reason;
		v.reason = WEIR_REASON_PASSED;
	}
	if (p->key.protocol == IPPROTO_TCP)
		reason = ingress_tcp(ctx, hook, p, flow, v.reason == WEIR_REASON_MODE_OFF, now_ns);
	else if (flow)
		reason = quic_turn(ctx, hook, p, flow, now_ns);
	else
		reason = quic_prove(ctx, hook, p, now_ns);
	/* ALLOWED and MODE_OFF say more than PASSED. */
	return reason == WEIR_REASON_PASSED ? v.reason : reason;
}

/* A packet whose ports or payload cannot be judged: host and net rules hold, the rest passes. */
static __always_inline __u32 ingress_judge_broken(const struct packet *p, __u32 reason,
						  __u64 now_ns)
{
	struct verdict v;

	rule_judge(p, now_ns, &v);
	if (v.action == WEIR_ACTION_DROP)
		return ingress_drop(p, &v, v.reason, now_ns);
	if (v.action == WEIR_ACTION_RESET)
		return ingress_drop(p, &v, WEIR_REASON_DROP_RESET, now_ns);
	return reason;
}

/*
 * Functions of their own for the verifier, which then follows each once with any packet instead of
 * once for each way through the parser. One per context type; the packet is the scratch's.
 */
__noinline int parse_xdp(struct xdp_md *ctx)
{
	struct scratch *s = scratch_find();

	return s ? packet_parse(ctx, HOOK_XDP, &s->packet) : WEIR_REASON_NONE;
}

__noinline int parse_tc_in(struct __sk_buff *ctx)
{
	struct scratch *s = scratch_find();

	return s ? packet_parse(ctx, HOOK_TC_IN, &s->packet) : WEIR_REASON_NONE;
}

__noinline int parse_tc_out(struct __sk_buff *ctx)
{
	struct scratch *s = scratch_find();

	return s ? packet_parse(ctx, HOOK_TC_OUT, &s->packet) : WEIR_REASON_NONE;
}

__noinline int judge_xdp(struct xdp_md *ctx, __u64 now_ns)
{
	struct scratch *s = scratch_find();

	return s ? ingress_judge(ctx, HOOK_XDP, &s->packet, now_ns) : WEIR_REASON_NONE;
}

__noinline int judge_tc_in(struct __sk_buff *ctx, __u64 now_ns)
{
	struct scratch *s = scratch_find();

	return s ? ingress_judge(ctx, HOOK_TC_IN, &s->packet, now_ns) : WEIR_REASON_NONE;
}

/* Returns the packet's one reason. */
static __always_inline __u32 ingress_run(void *ctx, const enum hook hook, struct packet *p)
{
	__u32 reason = hook == HOOK_XDP ? parse_xdp(ctx) : parse_tc_in(ctx);
	__u64 now_ns;

	if (!p->has_addresses)
		return reason;
	if (!service_concerns(p, reason))
		return WEIR_REASON_UNPROTECTED;
	if (reason == WEIR_REASON_NOT_TCP_UDP)
		return reason;
	now_ns = clock_now_ns();
	if (!clock_heartbeat_is_fresh(now_ns))
		return WEIR_REASON_DAEMON_GONE;
	if (reason)
		return ingress_judge_broken(p, reason, now_ns);
	return hook == HOOK_XDP ? judge_xdp(ctx, now_ns) : judge_tc_in(ctx, now_ns);
}

static __always_inline __u32 egress_run(struct __sk_buff *ctx, struct packet *p)
{
	__u32 reason = parse_tc_out(ctx);
	__u64 now_ns;

	if (!p->has_addresses)
		return reason;
	if (!service_concerns(p, reason))
		return WEIR_REASON_UNPROTECTED;
	if (reason)
		return reason;
	now_ns = clock_now_ns();
	if (!clock_heartbeat_is_fresh(now_ns))
		return WEIR_REASON_DAEMON_GONE;
	if (p->key.protocol == IPPROTO_TCP)
		reply_tcp(ctx, p, now_ns);
	else
		quic_reply(ctx, p, now_ns);
	return WEIR_REASON_EGRESS;
}

/* Reasons of kind DROP end the packet, but RESET_SENT, which goes on as a RST. */
static __always_inline bool reason_drops(__u32 reason)
{
	return reason >= WEIR_REASON_DROP_HOST && reason <= WEIR_REASON_DROP_TOMBSTONE;
}
