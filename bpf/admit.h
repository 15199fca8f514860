/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#pragma once

/* From a proof (handshake, mid-stream acknowledgment, QUIC connection id) to a flow and its source. */

#include "exchange.h"
#include "syn.h"
#include <weir/syn_digest.h>

/* The kernel's error numbers, which its BTF does not have. */
#define EEXIST 17
#define EINVAL 22
#define ENOSPC 28

struct digest_walk {
	struct weir_syn_walk *walk;
	const struct weir_syn_facts *facts;
};

static long digest_step(__u32 index __attribute__((unused)), struct digest_walk *d)
{
	return weir_syn_walk_step(d->walk, d->facts);
}

/* weir_syn_digest(), its loop as a bpf_loop, itself a global function and its walk in the scratch, so
 * that the verifier follows each of them once: of what lies on the stack it would follow every value. */
__noinline __u64 stack_digest(const struct weir_syn_facts *facts)
{
	__u64 key0 = setting_get(WEIR_SETTING_HASH_KEY0);
	__u64 key1 = setting_get(WEIR_SETTING_HASH_KEY1);
	struct scratch *s = scratch_find();
	struct digest_walk d = { .facts = facts };

	if (!facts || !s)
		return 0;
	d.walk = &s->walk;
	weir_syn_walk_init(&s->walk, facts);
	bpf_loop(WEIR_TCP_OPTIONS_MAX, digest_step, &d, 0);
	weir_syn_window(&s->walk, facts);
	return weir_syn_signature_hash(&s->walk.signature, key0, key1);
}

/* One more flow of this stack. */
static __always_inline void stack_count(__u64 digest, const struct weir_syn_facts *facts,
					__u64 now_ns, struct scratch *s)
{
	struct weir_stack *stack = bpf_map_lookup_elem(&stacks, &digest);

	if (stack) {
		stack->last_ns = now_ns;
		__sync_fetch_and_add(&stack->flows, 1);
		return;
	}
	s->stack.first_ns = now_ns;
	s->stack.last_ns = now_ns;
	s->stack.flows = 1;
	s->stack.syn = *facts;
	if (bpf_map_update_elem(&stacks, &digest, &s->stack, BPF_NOEXIST) &&
	    !bpf_map_lookup_elem(&stacks, &digest))
		event_count(WEIR_REASON_STACKS_FULL);
}

/* The fields of a flow that its proof decides. */
static __always_inline void flow_begin_handshake(struct weir_flow *flow, const struct weir_syn *syn,
						 const struct packet *p, __u64 now_ns)
{
	flow->client_next = p->sequence;
	flow->server_next = syn->server_isn + 1;
	flow->syn_ttl = syn->facts.ttl;
	flow->syn_digest = stack_digest(&syn->facts);
	if (syn->synacks == 1)
		flow->tcp_rtt_us = duration_us(syn->synack_ns, now_ns);
	else
		flow->server_flags = WEIR_FLOW_RETRANSMITTED;
	/* Fast Open: the first request, or a part of it, came with the SYN. */
	if (p->sequence != syn->client_isn + 1)
		flow->phase = WEIR_PHASE_PICKED_UP;
}

static __always_inline void flow_begin_midstream(struct weir_flow *flow, const struct weir_syn *syn,
						 const struct packet *p)
{
	flow->client_next = p->sequence + p->payload_bytes;
	flow->server_next = syn->server_seq_high;
	flow->phase = WEIR_PHASE_PICKED_UP;
	flow->client_flags = WEIR_FLOW_MIDSTREAM;
	flow->client_record = WEIR_RECORD_LOST;
	flow->server_record = WEIR_RECORD_LOST;
}

static __always_inline void flow_begin_quic(struct weir_flow *flow, const struct weir_syn *syn)
{
	flow->phase = WEIR_PHASE_TURNS;
	flow->client_flags = WEIR_FLOW_LOWER_BOUND;
	flow->connection_id_len = syn->facts.options_len;
	__builtin_memcpy(flow->connection_id, syn->facts.options, sizeof(flow->connection_id));
}

/* Puts a filled flow and its source into their maps. NULL, and an event counted, if there is no room. */
static __always_inline struct weir_flow *flow_insert(const struct weir_flow_key *key,
						     struct weir_source *source,
						     const struct weir_flow *fresh)
{
	__u64 limit = setting_get(WEIR_SETTING_FLOWS_PER_SOURCE);
	long error;

	if (limit && source->flows >= limit) {
		event_count(WEIR_REASON_SOURCE_FLOWS);
		__sync_fetch_and_add(&source->refused_flows, 1);
		return NULL;
	}
	error = bpf_map_update_elem(&flows, key, fresh, BPF_NOEXIST);
	if (error == -EEXIST)
		return NULL;
	if (error) {
		event_count(WEIR_REASON_FLOWS_FULL);
		__sync_fetch_and_add(&source->refused_flows, 1);
		return NULL;
	}
	__sync_fetch_and_add(&source->flows, 1);
	__sync_fetch_and_add(&source->connections, 1);
	return bpf_map_lookup_elem(&flows, key);
}

/* Makes the flow that the scratch's packet and SYN entry prove, and its source. 0, or -errno where there is no room. */
__noinline int flow_admit(__u64 now_ns)
{
	struct scratch *s = scratch_find();
	const struct packet *p;
	struct weir_source *source;
	struct weir_flow *flow;
	struct weir_addr addr;
	__u32 prefix_len;

	if (!s)
		return -EINVAL;
	p = &s->packet;
	flow = &s->flow;
	__builtin_memset(flow, 0, sizeof(*flow));
	prefix_len = source_prefix_len(p);
	address_copy(addr.addr, p->key.source_addr);
	if (p->ip_version == 6)
		address_mask(addr.addr, prefix_len);
	source = bpf_map_lookup_elem(&sources, &addr);
	if (!source)
		source = source_make(&addr, prefix_len, now_ns, s);
	if (!source)
		return -ENOSPC;
	flow->id = flow_key_tag(&p->key, now_ns & 0xffffffffffffffULL);
	flow->first_ns = now_ns;
	flow->client_ns = now_ns;
	flow->client_ack = p->acknowledgment;
	flow->source_prefix_len = prefix_len;
	address_copy(flow->source, addr.addr);
	if (s->syn.state == WEIR_SYN_ANSWERED)
		flow_begin_handshake(flow, &s->syn, p, now_ns);
	else if (s->syn.state == WEIR_SYN_MIDSTREAM)
		flow_begin_midstream(flow, &s->syn, p);
	else
		flow_begin_quic(flow, &s->syn);
	if (!flow_insert(&p->key, source, flow))
		return -ENOSPC;
	source_rates_update(source, 1, 0, now_ns);
	rtt_keep_least(&source->tcp_rtt_min_us, flow->tcp_rtt_us);
	if (flow->syn_digest)
		stack_count(flow->syn_digest, &s->syn.facts, now_ns, s);
	event_count(flow->client_flags & WEIR_FLOW_MIDSTREAM ? WEIR_REASON_FLOW_PICKED_UP :
							       WEIR_REASON_FLOW_NEW);
	return 0;
}
