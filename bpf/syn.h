/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#pragma once

/* Handshakes under way: what a SYN said, what the host answered, in a table nobody can fill. */

#include "count.h"
#include "packet.h"
#include <weir/hash.h>

#define GATE_NS_PER_S 1000000000ULL

/* Keyed hash of a flow's key; `salt` makes other numbers of the same key. Never 0. */
static __always_inline __u64 flow_key_hash(const struct weir_flow_key *key, __u64 salt)
{
	const __u64 *words = (const __u64 *)key;
	struct weir_siphash h;
	__u64 hash;

	weir_siphash_init(&h, setting_get(WEIR_SETTING_HASH_KEY0),
			  setting_get(WEIR_SETTING_HASH_KEY1));
	for (__u32 i = 0; i < sizeof(*key) / sizeof(__u64); i++)
		weir_siphash_word(&h, words[i]);
	hash = weir_siphash_end(&h, salt, sizeof(*key));
	return hash ? hash : 1;
}

/* The hash as a function of its own, verified once: 5 words are 300 instructions. */
__noinline __u64 flow_key_tag(const struct weir_flow_key *key, __u64 salt)
{
	return key ? flow_key_hash(key, salt) : 1;
}

static __always_inline struct syn_slot *syn_slot_find(__u64 tag)
{
	__u32 index = tag & (syns_entries - 1);

	return bpf_map_lookup_elem(&syns, &index);
}

/* One token per entry written; a bucket holds a second's worth. */
static __always_inline bool syn_gate_admits(__u64 now_ns)
{
	__u64 per_s = setting_get(WEIR_SETTING_SYN_GATE_PER_S);
	__u32 zero = 0;
	struct gate *gate = bpf_map_lookup_elem(&syn_gate, &zero);
	__u64 age_ns, fresh;

	if (!gate || !per_s)
		return false;
	age_ns = now_ns > gate->refilled_ns ? now_ns - gate->refilled_ns : 0;
	fresh = age_ns > GATE_NS_PER_S ? per_s : age_ns * per_s / GATE_NS_PER_S;
	if (fresh) {
		gate->tokens = gate->tokens + fresh > per_s ? per_s : gate->tokens + fresh;
		gate->refilled_ns = now_ns;
	}
	if (!gate->tokens)
		return false;
	gate->tokens--;
	return true;
}

static __always_inline void syn_facts_fill(void *ctx, const enum hook hook, const struct packet *p,
					   struct weir_syn_facts *facts)
{
	__u64 options_bytes = p->payload_offset - p->transport_offset - TCP_FIXED_BYTES;

	__builtin_memset(facts, 0, sizeof(*facts));
	if (options_bytes > sizeof(facts->options))
		options_bytes = 0;
	/* Never 0 for the verifier, and never beyond the struct, whose other fields come after. */
	if (options_bytes &&
	    hook_load(ctx, hook, p->transport_offset + TCP_FIXED_BYTES, facts->options,
		      (value_hide(options_bytes - 1) & (sizeof(*facts) - 1)) + 1))
		options_bytes = 0;
	facts->options_len = options_bytes;
	facts->ip_version = p->ip_version;
	facts->ttl = p->ttl;
	facts->ip_options_len = p->ip_options_bytes;
	facts->window = p->window;
	facts->ip_id = p->ip_id;
	facts->ip_flags = p->ip_flags;
	facts->tcp_flags = p->tcp_flags;
	facts->sequence = p->sequence;
	facts->acknowledgment = p->acknowledgment;
	facts->urgent = p->urgent;
	facts->payload_len = p->payload_bytes;
}

/* Writes a SYN into its slot; a retransmitted one finds its place taken by itself and changes nothing. */
static __always_inline __u32 syn_record(void *ctx, const enum hook hook, const struct packet *p,
					__u64 now_ns)
{
	struct scratch *s = scratch_find();
	struct syn_slot *slot;
	struct weir_syn *syn;
	__u64 tag;

	if (!s || !syn_gate_admits(now_ns))
		return WEIR_REASON_SYN_GATED;
	tag = flow_key_tag(&p->key, 0);
	slot = syn_slot_find(tag);
	if (!slot)
		return WEIR_REASON_SYN_GATED;
	syn = &s->syn;
	syn_facts_fill(ctx, hook, p, &syn->facts);
	syn->tag = tag;
	syn->syn_ns = now_ns;
	syn->synack_ns = 0;
	syn->client_isn = p->sequence;
	syn->server_isn = 0;
	syn->server_seq_low = 0;
	syn->server_seq_high = 0;
	syn->state = WEIR_SYN_SEEN;
	syn->synacks = 0;
	bpf_spin_lock(&slot->lock);
	if (slot->syn.tag != tag || slot->syn.client_isn != p->sequence ||
	    slot->syn.state > WEIR_SYN_ANSWERED)
		slot->syn = *syn;
	bpf_spin_unlock(&slot->lock);
	return WEIR_REASON_SYN_RECORDED;
}

/* A SYN-ACK went out: the host's answer completes the entry of its SYN. */
static __always_inline void syn_answer(const struct packet *p, __u64 now_ns)
{
	__u64 tag = flow_key_tag(&p->key, 0);
	struct syn_slot *slot = syn_slot_find(tag);
	__u32 beyond;

	event_count(WEIR_REASON_SYNACK_SEEN);
	if (!slot)
		return;
	bpf_spin_lock(&slot->lock);
	/* With TCP Fast Open the host may acknowledge the SYN's payload as well. */
	beyond = p->acknowledgment - (slot->syn.client_isn + 1);
	if (slot->syn.tag == tag &&
	    (slot->syn.state == WEIR_SYN_SEEN || slot->syn.state == WEIR_SYN_ANSWERED) &&
	    (!beyond || beyond == slot->syn.facts.payload_len)) {
		if (slot->syn.state == WEIR_SYN_ANSWERED && slot->syn.server_isn != p->sequence)
			slot->syn.synacks = 0;
		slot->syn.state = WEIR_SYN_ANSWERED;
		slot->syn.server_isn = p->sequence;
		slot->syn.synack_ns = now_ns;
		slot->syn.synacks++;
	}
	bpf_spin_unlock(&slot->lock);
}

/* The host sent payload on a flow that is not known: note what the client must acknowledge to prove
 * that it is at the other end. */
static __always_inline void syn_midstream_note(const struct packet *p, __u64 now_ns)
{
	__u64 tag = flow_key_tag(&p->key, 0);
	__u32 end = p->sequence + p->payload_bytes;
	struct syn_slot *slot = syn_slot_find(tag);

	if (!slot)
		return;
	bpf_spin_lock(&slot->lock);
	if (slot->syn.tag != tag || slot->syn.state != WEIR_SYN_MIDSTREAM) {
		slot->syn.tag = tag;
		slot->syn.state = WEIR_SYN_MIDSTREAM;
		slot->syn.syn_ns = now_ns;
		slot->syn.server_seq_low = p->sequence;
		slot->syn.server_seq_high = end;
	} else if ((__s32)(end - slot->syn.server_seq_high) > 0) {
		slot->syn.server_seq_high = end;
	}
	if (slot->syn.server_seq_high - slot->syn.server_seq_low > WEIR_MIDSTREAM_BYTES)
		slot->syn.server_seq_low = slot->syn.server_seq_high - WEIR_MIDSTREAM_BYTES;
	slot->syn.synack_ns = 0;
	slot->syn.client_isn = p->acknowledgment;
	bpf_spin_unlock(&slot->lock);
}

static __always_inline bool syn_is_handshake_proof(const struct weir_syn *syn,
						   const struct packet *p)
{
	__u32 beyond = p->sequence - (syn->client_isn + 1);

	return syn->state == WEIR_SYN_ANSWERED && p->acknowledgment == syn->server_isn + 1 &&
	       (!beyond || beyond == syn->facts.payload_len);
}

static __always_inline bool syn_is_midstream_proof(const struct weir_syn *syn,
						   const struct packet *p)
{
	__u32 acked = p->acknowledgment - syn->server_seq_low;

	return syn->state == WEIR_SYN_MIDSTREAM && acked &&
	       acked <= syn->server_seq_high - syn->server_seq_low &&
	       p->sequence - syn->client_isn <= WEIR_WINDOW_BYTES;
}

/* Takes the entry that this client segment proves out of the table, into `proof`. False if there is
 * none. */
static __always_inline bool syn_take_proof(const struct packet *p, struct weir_syn *proof)
{
	__u64 tag = flow_key_tag(&p->key, 0);
	struct syn_slot *slot = syn_slot_find(tag);
	bool is_proof = false;

	if (!slot || slot->syn.tag != tag)
		return false;
	bpf_spin_lock(&slot->lock);
	if (slot->syn.tag == tag &&
	    (syn_is_handshake_proof(&slot->syn, p) || syn_is_midstream_proof(&slot->syn, p))) {
		*proof = slot->syn;
		slot->syn.tag = 0;
		slot->syn.state = WEIR_SYN_EMPTY;
		is_proof = true;
	}
	bpf_spin_unlock(&slot->lock);
	return is_proof;
}
