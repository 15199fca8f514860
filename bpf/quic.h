/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#pragma once

/*
 * UDP services: a QUIC flow is proven by the connection id that the host chose (RFC 9000, 5.1), then
 * its turns are counted, which is a lower bound of its exchanges.
 */

#include "admit.h"

#define QUIC_LONG_HEADER 0xc0 /* header form and fixed bit */
#define QUIC_FIXED_BIT 0x40
#define QUIC_DESTINATION_LEN_OFFSET 5

/* The start of a long header: flags, version, length of the destination connection id. */
struct quic_start {
	__u8 flags;
	__u8 version[4];
	__u8 destination_len;
};

/* Reads a connection id of len bytes; a shorter one is followed by zeroes. 0 or -1. */
static __always_inline int quic_id_load(void *ctx, const enum hook hook, __u32 offset, __u64 len,
					__u8 *id)
{
	__builtin_memset(id, 0, WEIR_CONNECTION_ID_MAX);
	len = value_hide(len);
	if (len < WEIR_CONNECTION_ID_MIN)
		return -1;
	len = value_hide(len);
	if (len > WEIR_CONNECTION_ID_MAX)
		return -1;
	return hook_load(ctx, hook, offset, id, len) ? -1 : 0;
}

static __always_inline bool quic_id_equals(const __u8 *a, const __u8 *b)
{
	const __u32 *left = (const __u32 *)a, *right = (const __u32 *)b;
	__u32 differ = 0;

	for (__u32 i = 0; i < WEIR_CONNECTION_ID_MAX / 4; i++)
		differ |= left[i] ^ right[i];
	return !differ;
}

/* Does the client's packet name the connection id that the host chose? */
static __always_inline bool quic_names_id(void *ctx, const enum hook hook, const struct packet *p,
					  const __u8 *chosen, __u32 chosen_len)
{
	__u32 id[WEIR_CONNECTION_ID_MAX / 4];
	struct quic_start start = {};
	__u32 offset = 1;

	if (hook_load(ctx, hook, p->payload_offset, &start, sizeof(start)))
		return false;
	if ((start.flags & QUIC_LONG_HEADER) == QUIC_LONG_HEADER) {
		if (start.destination_len != chosen_len)
			return false;
		offset = QUIC_DESTINATION_LEN_OFFSET + 1;
	} else if (!(start.flags & QUIC_FIXED_BIT)) {
		return false;
	}
	if (p->payload_bytes < offset + chosen_len ||
	    quic_id_load(ctx, hook, p->payload_offset + offset, chosen_len, (__u8 *)id))
		return false;
	return quic_id_equals((__u8 *)id, chosen);
}

/* A client datagram on a known flow: a turn begins with more than an acknowledgment. */
static __always_inline __u32 quic_turn(void *ctx, const enum hook hook, const struct packet *p,
				       struct weir_flow *flow, __u64 now_ns)
{
	__u8 flags = 0;

	if (!quic_names_id(ctx, hook, p, flow->connection_id, flow->connection_id_len))
		return WEIR_REASON_OUT_OF_WINDOW;
	flow->client_ns = now_ns;
	hook_load(ctx, hook, p->payload_offset, &flags, sizeof(flags));
	if ((flags & QUIC_LONG_HEADER) != QUIC_LONG_HEADER &&
	    p->payload_bytes > WEIR_QUIC_ACK_BYTES_MAX)
		exchange_advance(&p->key, flow, p->payload_bytes, 0, now_ns);
	return WEIR_REASON_PASSED;
}

static __always_inline __u32 quic_prove(void *ctx, const enum hook hook, const struct packet *p,
					__u64 now_ns)
{
	struct scratch *s = scratch_find();
	__u64 tag = flow_key_tag(&p->key, 0);
	struct syn_slot *slot = syn_slot_find(tag);

	if (!s || !slot || slot->syn.tag != tag)
		return WEIR_REASON_UNPROVEN;
	bpf_spin_lock(&slot->lock);
	s->syn = slot->syn;
	bpf_spin_unlock(&slot->lock);
	if (s->syn.tag != tag || s->syn.state != WEIR_SYN_QUIC ||
	    !quic_names_id(ctx, hook, p, s->syn.facts.options, s->syn.facts.options_len) ||
	    flow_admit(now_ns))
		return WEIR_REASON_UNPROVEN;
	return WEIR_REASON_PASSED;
}

/* The host's long header names the connection id that it chose: note it for the client to repeat. */
static __always_inline void quic_note_id(void *ctx, const struct packet *p, __u64 now_ns)
{
	struct scratch *s = scratch_find();
	struct quic_start start = {};
	struct syn_slot *slot;
	__u8 id_len = 0;
	__u32 offset;
	__u64 tag;

	if (!s || hook_load(ctx, HOOK_TC_OUT, p->payload_offset, &start, sizeof(start)) ||
	    (start.flags & QUIC_LONG_HEADER) != QUIC_LONG_HEADER ||
	    start.destination_len > WEIR_CONNECTION_ID_MAX)
		return;
	offset = p->payload_offset + sizeof(start) + start.destination_len;
	if (hook_load(ctx, HOOK_TC_OUT, offset, &id_len, sizeof(id_len)))
		return;
	__builtin_memset(&s->syn, 0, sizeof(s->syn));
	if (quic_id_load(ctx, HOOK_TC_OUT, offset + 1, id_len, s->syn.facts.options) ||
	    !syn_gate_admits(now_ns))
		return;
	tag = flow_key_tag(&p->key, 0);
	slot = syn_slot_find(tag);
	if (!slot)
		return;
	s->syn.tag = tag;
	s->syn.syn_ns = now_ns;
	s->syn.state = WEIR_SYN_QUIC;
	s->syn.facts.options_len = id_len;
	bpf_spin_lock(&slot->lock);
	slot->syn = s->syn;
	bpf_spin_unlock(&slot->lock);
}

static __always_inline void quic_reply(void *ctx, const struct packet *p, __u64 now_ns)
{
	struct weir_flow *flow = bpf_map_lookup_elem(&flows, &p->key);
	__u8 flags = 0;

	if (!flow) {
		quic_note_id(ctx, p, now_ns);
		return;
	}
	if (hook_load(ctx, HOOK_TC_OUT, p->payload_offset, &flags, sizeof(flags)) ||
	    (flags & QUIC_LONG_HEADER) == QUIC_LONG_HEADER ||
	    p->payload_bytes <= WEIR_QUIC_ACK_BYTES_MAX)
		return;
	flow->server_ns = now_ns;
	flow->server_bytes += p->payload_bytes;
}
