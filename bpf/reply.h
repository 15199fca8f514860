/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#pragma once

/* The host's half of a TCP flow: SYN-ACKs, responses, FIN and RST on their way out. */

#include "flow.h"
#include "tls_server.h"

#define INTERIM_START_BYTES 12 /* "HTTP/1.1 100" */

/* An interim "100 Continue" alone is no response. */
static __always_inline bool reply_is_interim(void *ctx, const struct packet *p, __u32 skip)
{
	__u32 start[INTERIM_START_BYTES / 4] = {};
	__u32 bytes = p->payload_bytes - skip;

	if (bytes < INTERIM_START_BYTES || bytes > WEIR_INTERIM_BYTES_MAX ||
	    hook_load(ctx, HOOK_TC_OUT, p->payload_offset + skip, start, sizeof(start)))
		return false;
	return start[0] == bpf_htonl(0x48545450) && start[1] == bpf_htonl(0x2f312e31) &&
	       start[2] == bpf_htonl(0x20313030);
}

/* Payload that the client has not been sent before, but for its first `skip` bytes. */
static __always_inline void reply_take_payload(void *ctx, const struct packet *p,
					       struct weir_flow *flow, __u32 skip, __u64 now_ns)
{
	__u32 bytes = p->payload_bytes - skip;

	if (flow->phase == WEIR_PHASE_HANDSHAKE || flow->phase == WEIR_PHASE_TLS)
		bytes = tls_server_walk(ctx, p, flow, skip, now_ns);
	else if (flow->server_bytes == flow->request_mark && reply_is_interim(ctx, p, skip))
		bytes = 0;
	flow->server_ns = now_ns;
	if (bytes)
		flow->server_bytes += bytes;
}

/* Payload that the host sends again while TLS shakes hands spoils the round-trip time. */
static __always_inline void reply_repeated(struct weir_flow *flow)
{
	if (flow->phase == WEIR_PHASE_HANDSHAKE)
		flow->server_flags |= WEIR_FLOW_RETRANSMITTED;
}

static __always_inline void reply_take_end(const struct packet *p, struct weir_flow *flow,
					   __u64 now_ns)
{
	if (!(p->tcp_flags & TCP_FIN) || flow->server_flags & WEIR_FLOW_FIN)
		return;
	flow->server_next++;
	flow->server_flags |= WEIR_FLOW_FIN;
	exchange_finish(&p->key, flow, now_ns);
	if (flow_is_finished(flow))
		flow->phase = WEIR_PHASE_CLOSED;
}

/* One segment of the host on a known flow. What the host sends is always in its own window. */
static __always_inline void reply_segment(void *ctx, const struct packet *p, struct weir_flow *flow,
					  __u64 now_ns)
{
	__s32 ahead = p->sequence - flow->server_next;
	__u32 skip = ahead < 0 ? -ahead : 0;

	if (flow->phase == WEIR_PHASE_TOMBSTONE)
		return;
	if (p->tcp_flags & TCP_RST) {
		flow_remove(&p->key, flow, WEIR_REASON_FLOW_CLOSED, now_ns);
		return;
	}
	if (ahead > 0) { /* something went out unseen */
		flow->server_record = WEIR_RECORD_LOST;
		flow->server_tail_len = 0;
		flow->server_next = p->sequence;
	}
	if (skip < p->payload_bytes) {
		flow->server_next += p->payload_bytes - skip;
		reply_take_payload(ctx, p, flow, skip, now_ns);
	} else if (p->payload_bytes) {
		reply_repeated(flow);
	}
	if (p->sequence + p->payload_bytes == flow->server_next)
		reply_take_end(p, flow, now_ns);
}

static __always_inline void reply_tcp(void *ctx, const struct packet *p, __u64 now_ns)
{
	struct weir_flow *flow;

	if (p->tcp_flags & TCP_SYN) {
		if (p->tcp_flags & TCP_ACK)
			syn_answer(p, now_ns);
		return;
	}
	flow = bpf_map_lookup_elem(&flows, &p->key);
	if (flow)
		reply_segment(ctx, p, flow, now_ns);
	else if (p->payload_bytes && !(p->tcp_flags & TCP_RST))
		syn_midstream_note(p, now_ns);
}
