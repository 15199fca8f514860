/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#pragma once

/*
 * SipHash-2-4 (Aumasson and Bernstein, 2012), word by word, the same on both sides: the keyed hash
 * behind `syns`, prefilter6, flow ids and stack digests.
 */

#include <weir/abi.h>
#include <weir/bounds.h>

struct weir_siphash {
	__u64 v0;
	__u64 v1;
	__u64 v2;
	__u64 v3;
};

static inline __attribute__((always_inline)) __u64 weir_rotate_left(__u64 value, int bits)
{
	return (value << bits) | (value >> (64 - bits));
}

static inline __attribute__((always_inline)) void weir_siphash_round(struct weir_siphash *h)
{
	h->v0 += h->v1;
	h->v1 = weir_rotate_left(h->v1, 13) ^ h->v0;
	h->v0 = weir_rotate_left(h->v0, 32);
	h->v2 += h->v3;
	h->v3 = weir_rotate_left(h->v3, 16) ^ h->v2;
	h->v0 += h->v3;
	h->v3 = weir_rotate_left(h->v3, 21) ^ h->v0;
	h->v2 += h->v1;
	h->v1 = weir_rotate_left(h->v1, 17) ^ h->v2;
	h->v2 = weir_rotate_left(h->v2, 32);
}

static inline __attribute__((always_inline)) void weir_siphash_init(struct weir_siphash *h,
								    __u64 key0, __u64 key1)
{
	h->v0 = key0 ^ 0x736f6d6570736575ULL;
	h->v1 = key1 ^ 0x646f72616e646f6dULL;
	h->v2 = key0 ^ 0x6c7967656e657261ULL;
	h->v3 = key1 ^ 0x7465646279746573ULL;
}

/* Takes in eight bytes of the message, as a little-endian word. */
static inline __attribute__((always_inline)) void weir_siphash_word(struct weir_siphash *h,
								    __u64 word)
{
	h->v3 ^= word;
	weir_siphash_round(h);
	weir_siphash_round(h);
	h->v0 ^= word;
}

/* The last 0 to 7 bytes, and the length of the whole message. */
static inline __attribute__((always_inline)) __u64 weir_siphash_end(struct weir_siphash *h,
								    __u64 rest, __u64 len_bytes)
{
	weir_siphash_word(h, rest | len_bytes << 56);
	h->v2 ^= 0xff;
	weir_siphash_round(h);
	weir_siphash_round(h);
	weir_siphash_round(h);
	weir_siphash_round(h);
	return h->v0 ^ h->v1 ^ h->v2 ^ h->v3;
}

/* Bit number in prefilter6 of an IPv6 address: the keyed hash of its first six bytes. */
static inline __attribute__((always_inline)) __u32 weir_prefilter6_bit(const __u8 *addr, __u64 key0,
								       __u64 key1)
{
	__u64 net = 0;
	struct weir_siphash h;

	for (int i = 0; i < 6; i++)
		net |= (__u64)addr[i] << (8 * i);
	weir_siphash_init(&h, key0, key1);
	return weir_siphash_end(&h, net, 6) & (64u * WEIR_PREFILTER6_WORDS - 1);
}

/* Bit number in prefilter4 of an IPv4 address in wire order: its /24. */
static inline __attribute__((always_inline)) __u32 weir_prefilter4_bit(const __u8 *addr)
{
	return (__u32)addr[0] << 16 | (__u32)addr[1] << 8 | addr[2];
}
