/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#pragma once

/*
 * From a SYN's raw facts to the 64-bit digest of the software that sent it: p0f's fields (p0f 3.09b,
 * README section 5) without what is the path's or the moment's: distance, sequence numbers, IP id
 * and timestamp values. Kernel and user space compute the same number from the same facts.
 */

#include <weir/hash.h>

#define WEIR_TCP_EOL 0
#define WEIR_TCP_NOP 1
#define WEIR_TCP_MSS 2
#define WEIR_TCP_WINDOW_SCALE 3
#define WEIR_TCP_TIMESTAMP 8
#define WEIR_TCP_OPTIONS_MAX 40

/* Quirks in p0f's sense; the IP ones come from facts.ip_flags and facts.ip_id. */
#define WEIR_QUIRK_DF 0x0001u		   /* df */
#define WEIR_QUIRK_ID_PLUS 0x0002u	   /* id+ */
#define WEIR_QUIRK_ID_MINUS 0x0004u	   /* id- */
#define WEIR_QUIRK_ECN 0x0008u		   /* ecn */
#define WEIR_QUIRK_ZERO_PLUS 0x0010u	   /* 0+ */
#define WEIR_QUIRK_FLOW 0x0020u		   /* flow */
#define WEIR_QUIRK_SEQ_MINUS 0x0040u	   /* seq- */
#define WEIR_QUIRK_ACK_PLUS 0x0080u	   /* ack+ */
#define WEIR_QUIRK_ACK_MINUS 0x0100u	   /* ack- */
#define WEIR_QUIRK_URGENT_PLUS 0x0200u	   /* uptr+ */
#define WEIR_QUIRK_URGENT_FLAG 0x0400u	   /* urgf+ */
#define WEIR_QUIRK_PUSH_FLAG 0x0800u	   /* pushf+ */
#define WEIR_QUIRK_TS1_MINUS 0x1000u	   /* ts1- */
#define WEIR_QUIRK_TS2_PLUS 0x2000u	   /* ts2+ */
#define WEIR_QUIRK_OPTIONS_PLUS 0x4000u	   /* opt+ */
#define WEIR_QUIRK_SCALE_EXCESSIVE 0x8000u /* exws */
#define WEIR_QUIRK_BAD 0x10000u		   /* bad */

#define WEIR_TCP_SCALE_MAX 14u /* RFC 7323, 2.3 */

/* What is left of the way through the options. */
struct weir_syn_walk {
	struct weir_siphash hash; /* over kind and length of each option, in order */
	__u32 offset;
	__u32 quirks;
	__u16 mss;
	__u8 scale;
	__u8 ended; /* the last option, or a bad one, was met */
	__u32 eol_bytes;
};

static inline __attribute__((always_inline)) __u8 weir_syn_option(const struct weir_syn_facts *facts,
								  __u32 offset)
{
	if (offset >= WEIR_TCP_OPTIONS_MAX)
		return 0;
	/* The verifier wants the bound on the very register that indexes. */
	asm volatile("" : "+r"(offset));
	if (offset >= WEIR_TCP_OPTIONS_MAX)
		return 0;
	return facts->options[offset];
}

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
static inline __attribute__((always_inline)) __u32
weir_syn_header_quirks(const struct weir_syn_facts *facts)
{
	__u32 quirks = 0;

	if (facts->ip_flags & WEIR_SYN_DF)
		quirks |= WEIR_QUIRK_DF | (facts->ip_id ? WEIR_QUIRK_ID_PLUS : 0);
	else if (facts->ip_version == 4 && !facts->ip_id)
		quirks |= WEIR_QUIRK_ID_MINUS;
	if (facts->ip_flags & WEIR_SYN_ECN || facts->tcp_flags & 0x1c0)
		quirks |= WEIR_QUIRK_ECN;
	if (facts->ip_flags & WEIR_SYN_RESERVED)
		quirks |= WEIR_QUIRK_ZERO_PLUS;
	if (facts->ip_flags & WEIR_SYN_FLOW_LABEL)
		quirks |= WEIR_QUIRK_FLOW;
	if (!facts->sequence)
		quirks |= WEIR_QUIRK_SEQ_MINUS;
	if (facts->tcp_flags & 0x10)
		quirks |= facts->acknowledgment ? 0 : WEIR_QUIRK_ACK_MINUS;
	else if (facts->acknowledgment)
		quirks |= WEIR_QUIRK_ACK_PLUS;
	if (facts->tcp_flags & 0x20)
		quirks |= WEIR_QUIRK_URGENT_FLAG;
	else if (facts->urgent)
		quirks |= WEIR_QUIRK_URGENT_PLUS;
	if (facts->tcp_flags & 0x08)
		quirks |= WEIR_QUIRK_PUSH_FLAG;
	return quirks;
}

/* The values that make quirks or fields of their own. */
static inline __attribute__((always_inline)) void
weir_syn_walk_value(struct weir_syn_walk *walk, const struct weir_syn_facts *facts, __u8 kind)
{
	__u32 at = walk->offset;

	if (kind == WEIR_TCP_MSS)
		walk->mss = (__u16)(weir_syn_option(facts, at + 2) << 8 |
				    weir_syn_option(facts, at + 3));
	if (kind == WEIR_TCP_WINDOW_SCALE) {
		walk->scale = weir_syn_option(facts, at + 2);
		if (walk->scale > WEIR_TCP_SCALE_MAX)
			walk->quirks |= WEIR_QUIRK_SCALE_EXCESSIVE;
	}
	if (kind == WEIR_TCP_TIMESTAMP) {
		__u32 own = 0, peer = 0;

		for (int i = 0; i < 4; i++) {
			own |= weir_syn_option(facts, at + 2 + i);
			peer |= weir_syn_option(facts, at + 6 + i);
		}
		walk->quirks |= (own ? 0 : WEIR_QUIRK_TS1_MINUS) | (peer ? WEIR_QUIRK_TS2_PLUS : 0);
	}
}

/* Length that an option of this kind must have; 0: any. */
static inline __attribute__((always_inline)) __u8 weir_syn_option_len(__u8 kind)
{
	if (kind == WEIR_TCP_MSS)
		return 4;
	if (kind == WEIR_TCP_WINDOW_SCALE)
		return 3;
	if (kind == 4) /* SACK permitted */
		return 2;
	return kind == WEIR_TCP_TIMESTAMP ? 10 : 0;
}

/* Follows one option. Returns 1 when there is no more. */
static inline __attribute__((always_inline)) int
weir_syn_walk_step(struct weir_syn_walk *walk, const struct weir_syn_facts *facts)
{
	__u32 len = facts->options_len;
	__u8 kind, size, want;

	if (walk->offset >= len || walk->offset >= WEIR_TCP_OPTIONS_MAX)
		return 1;
	kind = weir_syn_option(facts, walk->offset);
	if (walk->ended) { /* behind EOL: padding, which should be zero */
		walk->eol_bytes++;
		walk->quirks |= kind ? WEIR_QUIRK_OPTIONS_PLUS : 0;
		walk->offset++;
		return 0;
	}
	if (kind == WEIR_TCP_NOP || kind == WEIR_TCP_EOL) {
		weir_siphash_word(&walk->hash, kind | 1u << 8);
		walk->ended = kind == WEIR_TCP_EOL;
		walk->offset++;
		return 0;
	}
	size = weir_syn_option(facts, walk->offset + 1);
	want = weir_syn_option_len(kind);
	if (walk->offset + 2 > len || size < 2 || walk->offset + size > len ||
	    (want && want != size)) {
		walk->quirks |= WEIR_QUIRK_BAD;
		return 1;
	}
	weir_siphash_word(&walk->hash, kind | (__u32)size << 8);
	weir_syn_walk_value(walk, facts, kind);
	walk->offset += size;
	return 0;
}

static inline __attribute__((always_inline)) void
weir_syn_walk_init(struct weir_syn_walk *walk, const struct weir_syn_facts *facts, __u64 key0,
		   __u64 key1)
{
	walk->offset = 0;
	walk->quirks = weir_syn_header_quirks(facts);
	walk->mss = 0;
	walk->scale = 0;
	walk->ended = 0;
	walk->eol_bytes = 0;
	weir_siphash_init(&walk->hash, key0, key1);
}

/* Never 0, which means unknown. */
static inline __attribute__((always_inline)) __u64
weir_syn_walk_end(struct weir_syn_walk *walk, const struct weir_syn_facts *facts)
{
	__u64 digest;

	weir_siphash_word(&walk->hash, facts->ip_version |
					       (__u64)weir_ttl_initial(facts->ttl) << 8 |
					       (__u64)facts->ip_options_len << 16 |
					       (__u64)(facts->payload_len != 0) << 24 |
					       (__u64)walk->scale << 32 |
					       (__u64)walk->eol_bytes << 40);
	weir_siphash_word(&walk->hash, walk->mss | (__u64)facts->window << 16 |
					       (__u64)walk->quirks << 32);
	digest = weir_siphash_end(&walk->hash, 0, 0);
	return digest ? digest : 1;
}

/* The digest, for user space; the kernel side takes the same steps in a bpf_loop. */
static inline __u64 weir_syn_digest(const struct weir_syn_facts *facts, __u64 key0, __u64 key1)
{
	struct weir_syn_walk walk;

	weir_syn_walk_init(&walk, facts, key0, key1);
	for (int i = 0; i < WEIR_TCP_OPTIONS_MAX; i++)
		if (weir_syn_walk_step(&walk, facts))
			break;
	return weir_syn_walk_end(&walk, facts);
}
