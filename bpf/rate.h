/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#pragma once

/* Decaying event rates: from a rate, its age and one more event to the rate now. */

#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <weir/bounds.h>

#define RATE_ONE 65536u /* 1.0 in 16 bits of fraction */
/* What one event adds, per 1000 s: 1000 * ln 2 / half-life, with 16 bits of fraction. */
#define RATE_EVENT ((__u64)(1000 * 0.69314718 * 65536 * 1e9 / WEIR_RATE_HALF_LIFE_NS))
#define RATE_DITHER 0x9e3779b97f4a7c15ULL /* 2^64 by the golden ratio */
#define RATE_SHIFT_MAX 48		  /* older than 48 half-lives is nothing */

/* 2^-f for f in [0, 1), both with 16 bits of fraction: 1 - 0.67157 f + 0.17157 f^2, exact at 0, 1/2
 * and 1, elsewhere within 0.2 %. */
static __always_inline __u64 rate_half_power(__u64 f)
{
	return RATE_ONE - (44012 * f >> 16) + (11244 * (f * f >> 16) >> 16);
}

/* Sixteen bits that neighbouring values do not share. */
static __always_inline __u64 rate_dither(__u64 value)
{
	value *= RATE_DITHER;
	value ^= value >> 32;
	value *= RATE_DITHER;
	return value >> 48;
}

/*
 * per_1000s after age_ns, plus `events`. The fraction is rounded up or down in proportion, by bits
 * of the clock and of the rate itself, so that a rate of a few per 1000 s is right on average.
 */
static __always_inline __u32 rate_update(__u32 per_1000s, __u64 age_ns, __u32 events, __u64 now_ns)
{
	__u64 halves = age_ns / WEIR_RATE_HALF_LIFE_NS;
	__u64 rest_ns = age_ns % WEIR_RATE_HALF_LIFE_NS;
	__u64 fixed = 0;

	if (halves < RATE_SHIFT_MAX) {
		__u64 f = (rest_ns >> 16) * RATE_ONE / (WEIR_RATE_HALF_LIFE_NS >> 16);

		fixed = (__u64)per_1000s * rate_half_power(f) >> halves;
	}
	fixed += RATE_EVENT * events;
	fixed += rate_dither(now_ns + ((__u64)per_1000s << 32));
	return fixed >> 16;
}
