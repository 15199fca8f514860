/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#pragma once

/* Randomness for made-up populations: xorshift64*, so that a seed means the same everywhere. */

#include <math.h>
#include <stdint.h>

struct rng {
	uint64_t state;
};

static inline uint64_t rng_next(struct rng *rng)
{
	rng->state ^= rng->state >> 12;
	rng->state ^= rng->state << 25;
	rng->state ^= rng->state >> 27;
	return rng->state * 0x2545f4914f6cdd1dULL;
}

static inline double rng_unit(struct rng *rng)
{
	return ((double)(rng_next(rng) >> 11) + 0.5) / 9007199254740992.0;
}

static inline double rng_normal(struct rng *rng)
{
	return sqrt(-2 * log(rng_unit(rng))) * cos(2 * M_PI * rng_unit(rng));
}

static inline double rng_exponential(struct rng *rng, double mean)
{
	return -mean * log(rng_unit(rng));
}

static inline double rng_lognormal(struct rng *rng, double median, double log_sd)
{
	return median * exp(log_sd * rng_normal(rng));
}

/* At least 1, geometric, of this mean. */
static inline unsigned rng_turns(struct rng *rng, double mean)
{
	unsigned turns = 1;

	while (turns < 60 && rng_unit(rng) > 1 / mean)
		turns++;
	return turns;
}
