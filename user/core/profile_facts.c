/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */

/* Turns a profile into the facts that others ask of it. */

#include "core/profile.h"

#include <math.h>

#define SHARED_STACKS 3 /* a resumed TLS session is a second stack of one client, not a third */
#define SHARED_STACK_SHARE 0.05	 /* of the exchanges, below which a stack is a passing guest */
#define SHARED_CROWDED_SHARE 0.2 /* of the exchanges */
#define SHARED_EXCHANGES_MIN 20

const struct half *profile_today(const struct profile *profile, uint32_t day)
{
	static const struct half empty;

	return profile->day == day ? &profile->today : &empty;
}

double profile_recent(const struct profile *profile, uint64_t now_ns, uint64_t half_life_ns)
{
	double age = now_ns > profile->last_ns ? (double)(now_ns - profile->last_ns) : 0;

	if (half_life_ns == 0)
		return 0;
	return (double)profile->recent * exp2(-age / (double)half_life_ns);
}

const struct profile_stack *profile_usual_stack(const struct profile *profile)
{
	const struct profile_stack *usual = NULL;

	for (int i = 0; i < profile->stack_count; i++)
		if (!usual || profile->stacks[i].exchanges > usual->exchanges)
			usual = &profile->stacks[i];
	return usual;
}

double profile_gap_us(const struct profile *profile)
{
	if (profile->connections_timed == 0)
		return -1;
	if (profile->tls_rtt_min_us <= profile->tcp_rtt_min_us)
		return 0;
	return profile->tls_rtt_min_us - profile->tcp_rtt_min_us;
}

bool profile_is_shared(const struct profile *profile)
{
	double total = profile->stacks_overflow;
	int in_earnest = 0;

	for (int i = 0; i < profile->stack_count; i++)
		total += profile->stacks[i].exchanges;
	for (int i = 0; i < profile->stack_count; i++)
		in_earnest += profile->stacks[i].exchanges > 1 &&
			      profile->stacks[i].exchanges >= SHARED_STACK_SHARE * total;
	if (in_earnest >= SHARED_STACKS)
		return true;
	return profile->exchanges >= SHARED_EXCHANGES_MIN &&
	       profile->crowded >= SHARED_CROWDED_SHARE * (double)profile->exchanges;
}

bool profile_is_sound(const struct profile *profile)
{
	if (profile->stack_count > PROFILE_STACKS || profile->source.prefix_len > 128)
		return false;
	if (!isfinite(profile->interval_s) || !isfinite(profile->recent) ||
	    !isfinite(profile->within_spread) || !isfinite(profile->within_terms) ||
	    !isfinite(profile->gap_log_sum))
		return false;
	return half_is_finite(&profile->halves[PROFILE_A]) &&
	       half_is_finite(&profile->halves[PROFILE_B]) && half_is_finite(&profile->today) &&
	       isfinite(profile->session.up) && isfinite(profile->session.down) &&
	       isfinite(profile->session.duration) && isfinite(profile->session.pause) &&
	       isfinite(profile->session.cadence) && isfinite(profile->session.up_sq) &&
	       isfinite(profile->session.down_sq);
}
