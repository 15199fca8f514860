/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#pragma once

/* The client's half of a TCP flow: from a segment to what it changes, if it is in the window. */

#include "admit.h"
#include "tls_client.h"

/* Ends the running exchange and takes the flow out. Whoever deletes the entry counts it. */
static __always_inline void flow_remove(const struct weir_flow_key *key, struct weir_flow *flow,
					__u32 event, __u64 now_ns)
{
	__u8 source[16];

	exchange_finish(key, flow, now_ns);
	address_copy(source, flow->source);
	if (bpf_map_delete_elem(&flows, key))
		return;
	source_flow_leave(source);
	event_count(event);
}

/* Both sides have sent FIN. */
static __always_inline bool flow_is_finished(const struct weir_flow *flow)
{
	return flow->client_flags & WEIR_FLOW_FIN && flow->server_flags & WEIR_FLOW_FIN;
}

static __always_inline bool payload_is_tls(const __u8 *start)
{
	return start[0] == TLS_HANDSHAKE && start[1] == TLS_VERSION_MAJOR;
}

/* The first client payload decides whether the flow speaks TLS. One byte must do if there is no more. */
static __always_inline void flow_phase_decide(void *ctx, const enum hook hook,
					      const struct packet *p, struct weir_flow *flow,
					      __u32 skip)
{
	__u8 start[2] = { 0, TLS_VERSION_MAJOR };
	__u32 bytes = p->payload_bytes - skip;
	__u32 offset = p->payload_offset + skip;

	if (bytes > 1)
		hook_load(ctx, hook, offset, start, 2);
	else
		hook_load(ctx, hook, offset, start, 1);
	flow->phase = payload_is_tls(start) ? WEIR_PHASE_HANDSHAKE : WEIR_PHASE_PLAIN;
}

/* A flow without its beginning counts from the first request after the host has sent something. */
static __always_inline void flow_pick_up(void *ctx, const enum hook hook, const struct packet *p,
					 struct weir_flow *flow, __u32 skip)
{
	__u8 start[2] = {};

	if (flow->server_bytes == flow->request_mark || p->payload_bytes - skip < 2)
		return;
	if (hook_load(ctx, hook, p->payload_offset + skip, start, 2))
		return;
	flow->phase = start[0] == TLS_APPLICATION_DATA && start[1] == TLS_VERSION_MAJOR ?
			      WEIR_PHASE_TLS :
			      WEIR_PHASE_PLAIN;
	flow->client_record = WEIR_RECORD_LOST;
}

/* In-order payload, of which the first `skip` bytes are known already. */
static __always_inline void flow_take_payload(void *ctx, const enum hook hook,
					      const struct packet *p, struct weir_flow *flow,
					      __u32 skip, __u64 now_ns)
{
	__u32 bytes = p->payload_bytes - skip;

	if (flow->phase == WEIR_PHASE_FIRST)
		flow_phase_decide(ctx, hook, p, flow, skip);
	else if (flow->phase == WEIR_PHASE_PICKED_UP)
		flow_pick_up(ctx, hook, p, flow, skip);
	if (flow->phase == WEIR_PHASE_HANDSHAKE || flow->phase == WEIR_PHASE_TLS)
		bytes = tls_client_walk(ctx, hook, p, flow, skip, now_ns);
	else if (flow->phase != WEIR_PHASE_PLAIN)
		return;
	if (bytes)
		exchange_advance(&p->key, flow, bytes, p->acknowledgment, now_ns);
}

/* Beyond a gap the bytes are unknown: go on from here, count nothing. */
static __always_inline void flow_resync(const struct packet *p, struct weir_flow *flow)
{
	flow->client_next = p->sequence + p->payload_bytes;
	flow->client_flags |= WEIR_FLOW_GAP;
	flow->client_record = WEIR_RECORD_LOST;
	flow->client_tail_len = 0;
	if (flow->phase == WEIR_PHASE_FIRST || flow->phase == WEIR_PHASE_HANDSHAKE) {
		flow->phase = WEIR_PHASE_PICKED_UP;
		flow->request_mark = flow->server_bytes;
	}
}

/* The client's FIN, and what ends a flow for good: the acknowledgment of everything after both FINs. */
static __always_inline void flow_take_end(const struct packet *p, struct weir_flow *flow,
					  __u64 now_ns)
{
	if (p->tcp_flags & TCP_FIN && !(flow->client_flags & WEIR_FLOW_FIN)) {
		flow->client_next++;
		flow->client_flags |= WEIR_FLOW_FIN;
	}
	if (!flow_is_finished(flow))
		return;
	if (p->acknowledgment == flow->server_next)
		flow_remove(&p->key, flow, WEIR_REASON_FLOW_CLOSED, now_ns);
	else
		flow->phase = WEIR_PHASE_CLOSED;
}

/*
 * Acknowledgments must lie in what the host may still hear about. RFC 5961, 5.2 asks the same; beyond a
 * gap only what is newer than the last one counts, so that a blind sender has to guess both numbers.
 */
static __always_inline bool flow_ack_is_plausible(const struct packet *p,
						  const struct weir_flow *flow)
{
	return p->tcp_flags & TCP_ACK && flow->server_next - p->acknowledgment <= WEIR_WINDOW_BYTES;
}

static __always_inline bool flow_gap_is_plausible(const struct packet *p,
						  const struct weir_flow *flow)
{
	return p->payload_bytes && p->sequence - flow->client_next <= WEIR_WINDOW_BYTES &&
	       flow->server_next - p->acknowledgment <= flow->server_next - flow->client_ack;
}

/* One client segment of a known flow. Returns its reason. */
static __always_inline __u32 flow_segment(void *ctx, const enum hook hook, const struct packet *p,
					  struct weir_flow *flow, __u64 now_ns)
{
	__s32 ahead = p->sequence - flow->client_next;
	__u32 skip = -ahead;

	if (p->tcp_flags & TCP_RST) {
		if (ahead)
			return WEIR_REASON_OUT_OF_WINDOW;
		flow_remove(&p->key, flow, WEIR_REASON_FLOW_CLOSED, now_ns);
		return WEIR_REASON_PASSED;
	}
	if (!flow_ack_is_plausible(p, flow))
		return WEIR_REASON_OUT_OF_WINDOW;
	if (ahead > 0) {
		if (!flow_gap_is_plausible(p, flow))
			return WEIR_REASON_OUT_OF_WINDOW;
		flow_resync(p, flow);
		flow->client_ns = now_ns;
		flow_take_end(p, flow, now_ns);
		return WEIR_REASON_GAP;
	}
	if (skip > WEIR_WINDOW_BYTES)
		return WEIR_REASON_OUT_OF_WINDOW;
	if (ahead < 0 && skip >= p->payload_bytes + !!(p->tcp_flags & TCP_FIN))
		return WEIR_REASON_OLD_SEGMENT;
	if ((__s32)(p->acknowledgment - flow->client_ack) > 0)
		flow->client_ack = p->acknowledgment;
	flow->client_ns = now_ns;
	if (skip < p->payload_bytes) {
		flow->client_next += p->payload_bytes - skip;
		flow_take_payload(ctx, hook, p, flow, skip, now_ns);
	}
	flow_take_end(p, flow, now_ns);
	return WEIR_REASON_PASSED;
}

/* True if the segment proves a new connection on the tuple of an old flow, which then is over. */
static __always_inline bool flow_is_replaced(const struct packet *p, struct weir_flow *flow,
					     __u64 now_ns)
{
	struct scratch *s;

	if (p->sequence == flow->client_next || !(p->tcp_flags & TCP_ACK) || p->tcp_flags & TCP_RST)
		return false;
	s = scratch_find();
	if (!s || !syn_take_proof(p, &s->syn))
		return false;
	flow_remove(&p->key, flow, WEIR_REASON_FLOW_CLOSED, now_ns);
	return true;
}

/* A client segment without a flow: a proof makes one. NULL if it is none. */
static __always_inline struct weir_flow *flow_prove(const struct packet *p, bool is_proven,
						    __u64 now_ns)
{
	struct scratch *s = scratch_find();

	if (!s || !(p->tcp_flags & TCP_ACK) || p->tcp_flags & TCP_RST)
		return NULL;
	if (!is_proven && !syn_take_proof(p, &s->syn))
		return NULL;
	if (flow_admit(now_ns))
		return NULL;
	return bpf_map_lookup_elem(&flows, &p->key);
}
