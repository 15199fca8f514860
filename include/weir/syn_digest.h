/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#pragma once

/*
 * From a SYN's raw facts to its signature and to the 64-bit digest of that, the same number in the
 * kernel and in user space.
 */

#include <weir/hash.h>
#include <weir/syn_options.h>

#define WEIR_TCP_PUSH 0x008u
#define WEIR_TCP_URGENT 0x020u
#define WEIR_TCP_ECN 0x1c0u /* ECE, CWR and the former nonce sum */

#define WEIR_MSS_MIN 100u	 /* below it, a window that is a multiple says nothing */
#define WEIR_TIMESTAMP_BYTES 12u /* of every segment, with its two NOPs */
#define WEIR_ETHERNET_MTU 1500u
#define WEIR_HEADERS4_BYTES 40u /* IPv4 and TCP without options */
#define WEIR_HEADERS6_BYTES 60u

/* TTL as sent: the smallest usual start that is not below what arrived. */
static inline __attribute__((always_inline)) __u8 weir_ttl_initial(__u8 ttl)
{
	if (ttl <= 32)
		return 32;
	if (ttl <= 64)
		return 64;
	return ttl <= 128 ? 128 : 255;
}

/* Quirks of the two headers without their options. */
static inline __attribute__((always_inline)) __u32 weir_syn_header_quirks(
	const struct weir_syn_facts *facts)
{
	int is_ip4 = facts->ip_version == 4;
	int is_df = is_ip4 && facts->ip_flags & WEIR_SYN_DF;
	int is_ack = (facts->tcp_flags & WEIR_TCP_ACK) != 0;
	int is_urgent = (facts->tcp_flags & WEIR_TCP_URGENT) != 0;

	return weir_syn_quirk(WEIR_QUIRK_DF, is_df) |
	       weir_syn_quirk(WEIR_QUIRK_ID_PLUS, is_df && facts->ip_id) |
	       weir_syn_quirk(WEIR_QUIRK_ID_MINUS, is_ip4 && !is_df && !facts->ip_id) |
	       weir_syn_quirk(WEIR_QUIRK_ECN,
			      facts->ip_flags & WEIR_SYN_ECN || facts->tcp_flags & WEIR_TCP_ECN) |
	       weir_syn_quirk(WEIR_QUIRK_ZERO_PLUS, is_ip4 && facts->ip_flags & WEIR_SYN_RESERVED) |
	       weir_syn_quirk(WEIR_QUIRK_FLOW, !is_ip4 && facts->ip_flags & WEIR_SYN_FLOW_LABEL) |
	       weir_syn_quirk(WEIR_QUIRK_SEQ_MINUS, !facts->sequence) |
	       weir_syn_quirk(WEIR_QUIRK_ACK_PLUS, !is_ack && facts->acknowledgment) |
	       weir_syn_quirk(WEIR_QUIRK_ACK_MINUS, is_ack && !facts->acknowledgment) |
	       weir_syn_quirk(WEIR_QUIRK_URGENT_PLUS, !is_urgent && facts->urgent) |
	       weir_syn_quirk(WEIR_QUIRK_URGENT_FLAG, is_urgent) |
	       weir_syn_quirk(WEIR_QUIRK_PUSH_FLAG, facts->tcp_flags & WEIR_TCP_PUSH);
}

static inline __attribute__((always_inline)) void weir_syn_walk_init(
	struct weir_syn_walk *walk, const struct weir_syn_facts *facts)
{
	__builtin_memset(walk, 0, sizeof(*walk));
	walk->signature.ip_version = facts->ip_version;
	walk->signature.ttl = weir_ttl_initial(facts->ttl);
	walk->signature.ip_options_len = facts->ip_options_len;
	walk->signature.has_payload = facts->payload_len != 0;
	walk->signature.quirks = weir_syn_header_quirks(facts);
}

/* Bytes that p0f tries as the unit of a window, in its order; those of an MSS come first. 0: not
 * for this SYN. */
static inline __attribute__((always_inline)) __u32 weir_syn_window_unit(
	const struct weir_syn_walk *walk, const struct weir_syn_facts *facts, __u32 guess)
{
	__u32 is_ip6 = facts->ip_version == 6;
	__u32 mss = walk->signature.mss;
	__u32 headers = is_ip6 ? WEIR_HEADERS6_BYTES : WEIR_HEADERS4_BYTES;

	switch (guess) {
	case 0:
		return mss;
	case 1:
		return walk->timestamp ? mss - WEIR_TIMESTAMP_BYTES : 0;
	case 2:
		return WEIR_ETHERNET_MTU - WEIR_HEADERS4_BYTES;
	case 3:
		return WEIR_ETHERNET_MTU - WEIR_HEADERS4_BYTES - WEIR_TIMESTAMP_BYTES;
	case 4:
		return is_ip6 ? WEIR_ETHERNET_MTU - WEIR_HEADERS6_BYTES : 0;
	case 5:
		return is_ip6 ? WEIR_ETHERNET_MTU - WEIR_HEADERS6_BYTES - WEIR_TIMESTAMP_BYTES : 0;
	case 6:
		return mss + WEIR_HEADERS4_BYTES;
	case 7:
		return mss + headers + facts->ip_options_len + facts->options_len;
	case 8:
		return is_ip6 ? mss + WEIR_HEADERS6_BYTES : 0;
	default:
		return WEIR_ETHERNET_MTU;
	}
}

#define WEIR_WINDOW_GUESSES 10
#define WEIR_WINDOW_GUESSES_MSS 6 /* the first of them */

/* A window that is a multiple of the MSS or MTU shows the rule, not the link; the first unit that
 * divides it wins. */
static inline __attribute__((always_inline)) void weir_syn_window(
	struct weir_syn_walk *walk, const struct weir_syn_facts *facts)
{
	struct weir_syn_signature *signature = &walk->signature;
	__u32 window = facts->window;
	__u32 unit_bytes = 1, unit = WEIR_WINDOW_IN_BYTES;

	for (__u32 guess = WEIR_WINDOW_GUESSES; guess-- > 0;) {
		__u32 bytes = weir_syn_window_unit(walk, facts, guess);

		if (!bytes || window % bytes)
			continue;
		unit_bytes = bytes;
		unit = guess < WEIR_WINDOW_GUESSES_MSS ? WEIR_WINDOW_IN_MSS : WEIR_WINDOW_IN_MTU;
	}
	if (!window || signature->mss < WEIR_MSS_MIN) {
		unit_bytes = 1;
		unit = WEIR_WINDOW_IN_BYTES;
	}
	signature->window = (__u16)(window / unit_bytes);
	signature->window_unit = (__u8)unit;
}

/* The digest of a signature. Never 0, which means unknown. */
static inline __attribute__((always_inline)) __u64 weir_syn_signature_hash(
	const struct weir_syn_signature *signature, __u64 key0, __u64 key1)
{
	struct weir_siphash hash;
	__u64 word, digest;

	weir_siphash_init(&hash, key0, key1);
	for (__u32 at = 0; at < sizeof(*signature); at += sizeof(word)) {
		__builtin_memcpy(&word, (const __u8 *)signature + at, sizeof(word));
		weir_siphash_word(&hash, word);
	}
	digest = weir_siphash_end(&hash, 0, sizeof(*signature));
	return digest ? digest : 1;
}

/* The signature, for user space; the kernel side takes the same steps in a bpf_loop. */
static inline void weir_syn_signature_read(const struct weir_syn_facts *facts,
					   struct weir_syn_signature *signature)
{
	struct weir_syn_walk walk;

	weir_syn_walk_init(&walk, facts);
	for (int i = 0; i < WEIR_TCP_OPTIONS_MAX; i++)
		if (weir_syn_walk_step(&walk, facts))
			break;
	weir_syn_window(&walk, facts);
	*signature = walk.signature;
}

/* The digest, for user space. */
static inline __u64 weir_syn_digest(const struct weir_syn_facts *facts, __u64 key0, __u64 key1)
{
	struct weir_syn_signature signature;

	weir_syn_signature_read(facts, &signature);
	return weir_syn_signature_hash(&signature, key0, key1);
}
