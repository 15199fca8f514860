/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#pragma once

/*
 * The client's TLS records: which of them are the handshake, which a request. The first client
 * application data after TLS 1.3's server flight is Finished, behind an optional certificate.
 */

#include "exchange.h"
#include "tls.h"

/* The client's answer to the server's flight ends its round trip. */
static __always_inline void tls_rtt_take(struct weir_flow *flow, __u64 now_ns)
{
	struct weir_source *source;
	struct weir_addr addr;

	if (flow->tls_rtt_us || !flow->flight_ns || flow->client_flags & WEIR_FLOW_EARLY_DATA ||
	    flow->server_flags & (WEIR_FLOW_HELLO_RETRY | WEIR_FLOW_RETRANSMITTED))
		return;
	flow->tls_rtt_us = duration_us(flow->flight_ns, now_ns);
	address_copy(addr.addr, flow->source);
	source = bpf_map_lookup_elem(&sources, &addr);
	if (source)
		rtt_keep_least(&source->tls_rtt_min_us, flow->tls_rtt_us);
}

/*
 * Application data of the client between TLS 1.3's server flight and the end of the handshake.
 * Finished alone has a hash's size. Before it may stand Certificate and CertificateVerify; or all of
 * them are one record, which shows by a third record that is not Finished or by the server going on.
 * True if the record is a request's.
 */
static __always_inline bool tls13_flight_record(struct record_walk *walk, __u32 len)
{
	struct weir_flow *flow = walk->flow;

	if (flow->server_phase >= WEIR_SERVER_TICKETS) {
		walk->phase = WEIR_PHASE_TLS;
		return true;
	}
	if (flow->client_flags & WEIR_FLOW_EARLY_DATA) {
		if (record_is_finished_size(len))
			walk->phase = WEIR_PHASE_TLS;
		return len != WEIR_END_OF_EARLY_DATA && !record_is_finished_size(len);
	}
	flow->client_records++;
	if (record_is_finished_size(len)) {
		walk->is_cancelled = flow->client_records > 1;
		walk->app_bytes = 0;
		walk->phase = WEIR_PHASE_TLS;
		return false;
	}
	if (flow->client_records > 2)
		walk->phase = WEIR_PHASE_TLS;
	return flow->client_records > 1;
}

/* One record header of the client. True if the record is a request's. */
static __always_inline bool tls_client_record(struct record_walk *walk, __u32 len)
{
	struct weir_flow *flow = walk->flow;
	__u8 type = walk->tail[0];

	if (walk->phase == WEIR_PHASE_HANDSHAKE) {
		if (type != TLS_ALERT)
			tls_rtt_take(flow, walk->now_ns);
		if (type != TLS_APPLICATION_DATA)
			return false;
		if (flow->server_phase == WEIR_SERVER_FIRST) {
			flow->client_flags |= WEIR_FLOW_EARLY_DATA;
			return true;
		}
		if (flow->server_flags & WEIR_FLOW_TLS13)
			return tls13_flight_record(walk, len);
		walk->phase = WEIR_PHASE_TLS;
	}
	return type == TLS_APPLICATION_DATA &&
	       !control_is_size(len - record_overhead(flow->server_flags));
}

static __always_inline long tls_client_step(struct record_walk *walk, const enum hook hook)
{
	if (record_next(walk, hook))
		return 1;
	if (tls_client_record(walk, walk->left))
		walk->app_bytes += walk->left + WEIR_RECORD_HEADER_BYTES;
	return 0;
}

static long tls_client_step_xdp(__u32 index __attribute__((unused)), struct record_walk *walk)
{
	return tls_client_step(walk, HOOK_XDP);
}

static long tls_client_step_tc(__u32 index __attribute__((unused)), struct record_walk *walk)
{
	return tls_client_step(walk, HOOK_TC_IN);
}

/* Follows `skip` bytes behind the payload's start to its end. Returns the request bytes found. */
static __always_inline __u32 tls_client_walk(void *ctx, const enum hook hook,
					     const struct packet *p, struct weir_flow *flow,
					     __u32 skip, __u64 now_ns)
{
	struct record_walk walk = {
		.ctx = ctx,
		.flow = flow,
		.now_ns = now_ns,
		.offset = p->payload_offset + skip,
		.end = p->payload_offset + p->payload_bytes,
		.left = flow->client_record,
		.tail_len = flow->client_tail_len,
		.phase = flow->phase,
	};

	__builtin_memcpy(walk.tail, flow->client_tail, sizeof(flow->client_tail));
	/* Between records of a stream whose place is lost, everything is taken for a request. */
	if (walk.left == WEIR_RECORD_LOST && !record_resync(&walk, hook))
		return walk.phase == WEIR_PHASE_TLS ? walk.end - walk.offset : 0;
	bpf_loop(WEIR_RECORDS_MAX,
		 hook == HOOK_XDP ? (void *)tls_client_step_xdp : (void *)tls_client_step_tc, &walk,
		 0);
	if (walk.offset < walk.end)
		walk.left = WEIR_RECORD_LOST;
	__builtin_memcpy(flow->client_tail, walk.tail, sizeof(flow->client_tail));
	flow->client_tail_len = walk.tail_len;
	flow->client_record = walk.left;
	flow->phase = walk.phase;
	if (walk.is_cancelled)
		flow->request_ns = 0;
	return walk.app_bytes;
}
