/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#pragma once

/* From a flow's payload to exchanges: a request begins, goes on, and is counted once answered. */

#include "source.h"

static __always_inline __u32 duration_us(__u64 from_ns, __u64 to_ns)
{
	__u64 us = to_ns > from_ns ? (to_ns - from_ns) / 1000 : 0;

	return us > ~0u ? ~0u : us;
}

static __always_inline void exchange_emit(const struct weir_flow_key *key,
					  const struct weir_flow *flow, __u64 began_ns,
					  __u64 bytes_down)
{
	struct weir_exchange *record = bpf_ringbuf_reserve(&exchanges, sizeof(*record), 0);

	if (!record) {
		event_count(WEIR_REASON_EXCHANGE_LOST);
		return;
	}
	record->time_ns = began_ns;
	record->flow_id = flow->id;
	record->syn_digest = flow->syn_digest;
	record->ja4_digest = flow->ja4_digest;
	address_copy(record->source, flow->source);
	record->bytes_up = flow->request_bytes;
	record->bytes_down = bytes_down;
	record->duration_us = duration_us(began_ns, flow->server_ns);
	record->tcp_rtt_us = flow->tcp_rtt_us;
	record->tls_rtt_us = flow->tls_rtt_us;
	record->service_port = key->service_port;
	record->source_prefix_len = flow->source_prefix_len;
	record->protocol = key->protocol;
	record->syn_ttl = flow->syn_ttl;
	record->reserved = 0;
	record->flags = flow->client_flags | flow->server_flags;
	record->sequence = flow->exchanges;
	bpf_ringbuf_submit(record, 0);
}

/*
 * Ends the running exchange, if any, and counts it if the server answered. Ingress, egress and the
 * sweeper may come here at once: whoever swaps request_ns out has it. Returns 1 if one was counted.
 */
__noinline int exchange_finish(const struct weir_flow_key *key, struct weir_flow *flow,
			       __u64 now_ns)
{
	__u64 began_ns, bytes_down, bytes_up;
	struct weir_source *source;
	struct weir_addr addr;

	if (!key || !flow)
		return 0;
	began_ns = __sync_lock_test_and_set(&flow->request_ns, 0);
	bytes_down = flow->server_bytes - flow->request_mark;
	if (!began_ns || !bytes_down)
		return 0;
	bytes_up = flow->request_bytes;
	flow->exchanges++;
	flow->bytes_up += bytes_up;
	flow->bytes_down += bytes_down;
	address_copy(addr.addr, flow->source);
	source = bpf_map_lookup_elem(&sources, &addr);
	if (source) {
		__sync_fetch_and_add(&source->exchanges, 1);
		__sync_fetch_and_add(&source->bytes_up, bytes_up);
		__sync_fetch_and_add(&source->bytes_down, bytes_down);
		source_rates_update(source, 0, 1, now_ns);
	}
	exchange_emit(key, flow, began_ns, bytes_down);
	event_count(WEIR_REASON_EXCHANGE);
	return 1;
}

/*
 * HTTP/2 may carry several requests in one record or one flight. They cannot be told apart, but a
 * flow that sends one at a time shows single requests of much the same size. A beginning of twice the
 * smallest may be two; so may one more of that size before the answer, where a body is mostly larger.
 */
static __always_inline bool exchange_may_be_several(struct weir_flow *flow, __u32 bytes,
						    bool goes_on)
{
	if (!(flow->server_flags & WEIR_FLOW_HTTP2) || !flow->exchanges)
		return false;
	if (!flow->request_len_min || bytes < flow->request_len_min)
		flow->request_len_min = bytes < 0xffff ? bytes : 0xffff;
	return goes_on == (bytes < 2u * flow->request_len_min);
}

/*
 * The client has sent `bytes` of a request. What came before is complete if the server has answered
 * it; if the client cannot have seen all of that answer yet, exchanges overlap and the count is a
 * lower bound.
 */
static __always_inline void exchange_advance(const struct weir_flow_key *key,
					     struct weir_flow *flow, __u32 bytes,
					     __u32 acknowledgment, __u64 now_ns)
{
	if (flow->request_ns && flow->server_bytes != flow->request_mark) {
		if (flow->server_next - acknowledgment > WEIR_OVERLAP_BYTES)
			flow->client_flags |= WEIR_FLOW_LOWER_BOUND;
		exchange_finish(key, flow, now_ns);
	}
	if (exchange_may_be_several(flow, bytes, flow->request_ns != 0))
		flow->client_flags |= WEIR_FLOW_LOWER_BOUND;
	if (flow->request_ns) {
		flow->request_bytes += bytes;
		return;
	}
	flow->request_bytes = bytes;
	flow->request_mark = flow->server_bytes;
	flow->request_ns = now_ns;
}
