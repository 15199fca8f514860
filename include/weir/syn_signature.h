/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#pragma once

/*
 * What a SYN's signature is: the fields of p0f's raw notation (p0f 3.09b, README section 5) without
 * what is the path's or the moment's: distance, sequence numbers, IP id, values of timestamps. The
 * digest hashes the signature and the name prints it, each of them whole, so that two SYNs have the
 * same digest when they have the same name, and only then.
 */

#include <weir/abi.h>

#define WEIR_SYN_KINDS_MAX 24 /* p0f looks at no more options */

/* Quirks in p0f's words and order. */
#define WEIR_SYN_QUIRKS(X)                                                                         \
	X(DF, "df")                                                                                \
	X(ID_PLUS, "id+")                                                                          \
	X(ID_MINUS, "id-")                                                                         \
	X(ECN, "ecn")                                                                              \
	X(ZERO_PLUS, "0+")                                                                         \
	X(FLOW, "flow")                                                                            \
	X(SEQ_MINUS, "seq-")                                                                       \
	X(ACK_PLUS, "ack+")                                                                        \
	X(ACK_MINUS, "ack-")                                                                       \
	X(URGENT_PLUS, "uptr+")                                                                    \
	X(URGENT_FLAG, "urgf+")                                                                    \
	X(PUSH_FLAG, "pushf+")                                                                     \
	X(TS1_MINUS, "ts1-")                                                                       \
	X(TS2_PLUS, "ts2+")                                                                        \
	X(OPTIONS_PLUS, "opt+")                                                                    \
	X(SCALE_EXCESSIVE, "exws")                                                                 \
	X(BAD, "bad")

enum weir_syn_quirk {
#define X(name, text) WEIR_QUIRK_##name,
	WEIR_SYN_QUIRKS(X)
#undef X
	WEIR_QUIRK_MAX
};

enum weir_window_unit {
	WEIR_WINDOW_IN_BYTES = 0,
	WEIR_WINDOW_IN_MSS = 1,
	WEIR_WINDOW_IN_MTU = 2,
};

/* Exactly what a stack's name says: a field more here must be one more in the name. */
struct weir_syn_signature {
	__u8 kinds[WEIR_SYN_KINDS_MAX]; /* of the options, in their order, then zeros */
	__u8 kinds_count;
	__u8 eol_bytes; /* behind an end of options, which is the last kind then */
	__u8 ip_version;
	__u8 ttl; /* as sent, by the guess of weir_ttl_initial() */
	__u8 ip_options_len;
	__u8 scale;
	__u16 mss;
	__u16 window;	  /* in window_unit */
	__u8 window_unit; /* enum weir_window_unit */
	__u8 has_payload;
	__u32 quirks; /* bits, enum weir_syn_quirk */
} __attribute__((aligned(8)));
WEIR_ASSERT_LAYOUT(struct weir_syn_signature, 40, quirks, 36);

static inline __attribute__((always_inline)) __u32 weir_syn_quirk(enum weir_syn_quirk quirk,
								  int is_seen)
{
	return is_seen ? 1u << quirk : 0;
}
