/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#pragma once

/* From the TCP options of a SYN to their part of its signature, step by step, as p0f 3.09b reads them. */

#include <weir/syn_signature.h>

#define WEIR_TCP_EOL 0
#define WEIR_TCP_NOP 1
#define WEIR_TCP_MSS 2
#define WEIR_TCP_WINDOW_SCALE 3
#define WEIR_TCP_SACK_OK 4
#define WEIR_TCP_SACK 5
#define WEIR_TCP_TIMESTAMP 8

#define WEIR_TCP_OPTIONS_MAX 40 /* bytes */
#define WEIR_TCP_SCALE_MAX 14u	/* RFC 7323, 2.3 */
#define WEIR_TCP_SACK_MIN 10u	/* one block */
#define WEIR_TCP_SACK_MAX 34u	/* four blocks */
#define WEIR_TCP_ACK 0x010u

/* How far the options are read, and what only the window's unit needs. */
struct weir_syn_walk {
	struct weir_syn_signature signature;
	__u32 offset;
	__u32 timestamp;
	__u32 has_ended; /* behind an end of options */
	__u32 zero;
};

static inline __attribute__((always_inline)) __u8 weir_syn_byte(const struct weir_syn_facts *facts,
								__u32 offset)
{
	/* The verifier wants the bound on the very register that indexes. */
	asm volatile("" : "+r"(offset));
	if (offset >= WEIR_TCP_OPTIONS_MAX)
		return 0;
	return facts->options[offset];
}

static inline __attribute__((always_inline)) __u32 weir_syn_word(const struct weir_syn_facts *facts,
								 __u32 offset)
{
	return (__u32)weir_syn_byte(facts, offset) << 24 |
	       (__u32)weir_syn_byte(facts, offset + 1) << 16 |
	       (__u32)weir_syn_byte(facts, offset + 2) << 8 | weir_syn_byte(facts, offset + 3);
}

static inline __attribute__((always_inline)) __u32 weir_syn_options_len(
	const struct weir_syn_facts *facts)
{
	return facts->options_len < WEIR_TCP_OPTIONS_MAX ? facts->options_len :
							   WEIR_TCP_OPTIONS_MAX;
}

/* The one length that an option of this kind has, or 0: it says it itself. */
static inline __attribute__((always_inline)) __u32 weir_syn_option_len(__u8 kind)
{
	if (kind == WEIR_TCP_MSS)
		return 4;
	if (kind == WEIR_TCP_WINDOW_SCALE)
		return 3;
	if (kind == WEIR_TCP_SACK_OK)
		return 2;
	return kind == WEIR_TCP_TIMESTAMP ? 10 : 0;
}

/*
 * Bytes of the option of this kind at walk->offset, of which `left` follow with it; 0: reading ends
 * here. A wrong length byte where the length is fixed is noted and then ignored.
 */
static inline __attribute__((always_inline)) __u32 weir_syn_option_take(
	struct weir_syn_walk *walk, const struct weir_syn_facts *facts, __u8 kind, __u32 left)
{
	__u32 told = weir_syn_byte(facts, walk->offset + 1);
	__u32 fixed = weir_syn_option_len(kind);
	int is_sack = kind == WEIR_TCP_SACK;

	if (fixed) {
		walk->signature.quirks |= weir_syn_quirk(WEIR_QUIRK_BAD, told != fixed);
		return fixed <= left ? fixed : 0;
	}
	if (left < 2 || told < (is_sack ? WEIR_TCP_SACK_MIN : 2u) || told > left ||
	    (is_sack && told > WEIR_TCP_SACK_MAX))
		return 0;
	return told;
}

/* The values that make quirks or fields of their own; the last of several holds. */
static inline __attribute__((always_inline)) void weir_syn_option_value(
	struct weir_syn_walk *walk, const struct weir_syn_facts *facts, __u8 kind)
{
	struct weir_syn_signature *signature = &walk->signature;
	__u32 at = walk->offset + 2;
	int is_first;

	if (kind == WEIR_TCP_MSS) {
		signature->mss =
			(__u16)(weir_syn_byte(facts, at) << 8 | weir_syn_byte(facts, at + 1));
	} else if (kind == WEIR_TCP_WINDOW_SCALE) {
		signature->scale = weir_syn_byte(facts, at);
		signature->quirks |= weir_syn_quirk(WEIR_QUIRK_SCALE_EXCESSIVE,
						    signature->scale > WEIR_TCP_SCALE_MAX);
	} else if (kind == WEIR_TCP_TIMESTAMP) {
		is_first = !(facts->tcp_flags & WEIR_TCP_ACK);
		walk->timestamp = weir_syn_word(facts, at);
		signature->quirks |= weir_syn_quirk(WEIR_QUIRK_TS1_MINUS, !walk->timestamp) |
				     weir_syn_quirk(WEIR_QUIRK_TS2_PLUS,
						    is_first && weir_syn_word(facts, at + 4));
	}
}

/* Reads one option, or one byte of the padding behind them. Returns 1 when there is no more. */
static inline __attribute__((always_inline)) int weir_syn_walk_step(
	struct weir_syn_walk *walk, const struct weir_syn_facts *facts)
{
	struct weir_syn_signature *signature = &walk->signature;
	__u32 len = weir_syn_options_len(facts);
	__u32 count = signature->kinds_count;
	__u32 left, size = 1;
	__u8 kind;

	if (walk->offset >= len)
		return 1;
	left = len - walk->offset;
	kind = weir_syn_byte(facts, walk->offset);
	if (walk->has_ended) { /* p0f does not look at the last byte */
		signature->quirks |= weir_syn_quirk(WEIR_QUIRK_OPTIONS_PLUS, kind && left > 1);
		walk->offset++;
		return 0;
	}
	asm volatile("" : "+r"(count));
	if (count >= WEIR_SYN_KINDS_MAX) {
		signature->quirks |= weir_syn_quirk(WEIR_QUIRK_BAD, 1);
		return 1;
	}
	signature->kinds[count] = kind;
	signature->kinds_count = (__u8)(count + 1);
	if (kind == WEIR_TCP_EOL) {
		walk->has_ended = 1;
		signature->eol_bytes = (__u8)(left - 1);
	} else if (kind != WEIR_TCP_NOP) {
		size = weir_syn_option_take(walk, facts, kind, left);
		if (!size) {
			signature->quirks |= weir_syn_quirk(WEIR_QUIRK_BAD, 1);
			return 1;
		}
		weir_syn_option_value(walk, facts, kind);
	}
	walk->offset += size;
	return 0;
}
