/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */

/* Turns a source's exchanges into its profile. */

#include "core/profile.h"

#include <math.h>
#include <string.h>

#define NS_PER_S 1e9
#define NS_PER_HOUR 3600000000000ULL
#define SIZE_BIN_FIRST_LOG2 8	 /* the first bin ends at 256 bytes */
#define SESSIONS_HALVED_AT 65536 /* floats keep their precision up to here; the past fades */
#define PAUSE_LEAST_S 0.001	 /* below this a pause is the network's */

_Static_assert(sizeof(struct profile) <= 768, "a profile has outgrown its budget");

void profile_init(struct profile *profile, const struct net *source, uint64_t now_ns)
{
	memset(profile, 0, sizeof(*profile));
	profile->source = *source;
	profile->first_ns = now_ns;
	profile->last_ns = now_ns;
}

enum profile_half profile_half_of(const struct net *source, uint32_t session, uint64_t seed)
{
	uint64_t pair = stats_mix(seed, net_hash(source) + session / 2);

	return (enum profile_half)((pair ^ session) & 1);
}

static unsigned size_bin(uint64_t bytes)
{
	unsigned log2 = bytes > 0 ? 63 - (unsigned)__builtin_clzll(bytes) : 0;

	if (log2 < SIZE_BIN_FIRST_LOG2)
		return 0;
	log2 = log2 - SIZE_BIN_FIRST_LOG2 + 1;
	return log2 < PROFILE_SIZE_BINS ? log2 : PROFILE_SIZE_BINS - 1;
}

static void today_open(struct profile *profile, uint32_t day)
{
	if (profile->day == day)
		return;
	memset(&profile->today, 0, sizeof(profile->today));
	memset(profile->sizes_today, 0, sizeof(profile->sizes_today));
	profile->day = day;
}

static void within_add(struct profile *profile, const struct session *session)
{
	double n = session->exchanges;
	double up = (double)session->up_sq - (double)session->up * (double)session->up / n;
	double down = (double)session->down_sq - (double)session->down * (double)session->down / n;

	profile->within_spread += (float)(fmax(up, 0) + fmax(down, 0));
	profile->within_terms += (float)(2 * (n - 1));
}

static void session_end(struct profile *profile, const struct profile_clock *clock)
{
	struct session *session = &profile->session;
	enum profile_half half = profile_half_of(&profile->source, profile->sessions, clock->seed);

	if (session->exchanges == 0)
		return;
	half_add_session(&profile->halves[half], session);
	if (half == PROFILE_B) {
		today_open(profile, clock->day);
		half_add_session(&profile->today, session);
		for (int i = 0; i < PROFILE_SIZE_BINS; i++)
			profile->sizes_today[i] += profile->session_sizes[i];
	}
	within_add(profile, session);
	profile->hours[session->start_ns / NS_PER_HOUR % PROFILE_HOURS]++;
	if (profile->halves[half].sessions >= SESSIONS_HALVED_AT) {
		half_halve(&profile->halves[PROFILE_A]);
		half_halve(&profile->halves[PROFILE_B]);
		profile->within_spread /= 2;
		profile->within_terms /= 2;
	}
	memset(session, 0, sizeof(*session));
	memset(profile->session_sizes, 0, sizeof(profile->session_sizes));
}

bool profile_settle(struct profile *profile, uint64_t now_ns, const struct profile_clock *clock)
{
	const struct session *session = &profile->session;

	if (session->exchanges == 0 || now_ns <= session->end_ns ||
	    now_ns - session->end_ns < clock->settings->session_gap_ns)
		return false;
	session_end(profile, clock);
	return true;
}

/*
 * Bursts of exchanges are one event of the cadence; returns Lv's term, negative where there is
 * none.
 */
static double cadence_term(struct profile *profile, uint64_t time_ns, uint64_t merge_ns)
{
	double interval_s, before_s = (double)profile->interval_s, ratio;
	bool is_first = profile->burst_ns == 0;
	uint64_t since_request_ns =
		time_ns > profile->request_ns ? time_ns - profile->request_ns : 0;

	if (!is_first && since_request_ns < merge_ns)
		return -1;
	interval_s = is_first ? 0 : (double)(time_ns - profile->burst_ns) / NS_PER_S;
	profile->burst_ns = time_ns;
	profile->interval_s = (float)interval_s;
	if (before_s <= 0 || interval_s <= 0)
		return -1;
	ratio = (interval_s - before_s) / (interval_s + before_s);
	return 3 * ratio * ratio;
}

static void session_add(struct profile *profile, const struct exchange *exchange, double cadence)
{
	struct session *session = &profile->session;
	double up = log1p((double)exchange->bytes_up) - feature_center[FEATURE_UP];
	double down = log1p((double)exchange->bytes_down) - feature_center[FEATURE_DOWN];
	double duration = log1p(exchange->duration_us) - feature_center[FEATURE_DURATION];

	if (session->exchanges > 0 && exchange->time_unix_ns > session->end_ns) {
		double pause_s = (double)(exchange->time_unix_ns - session->end_ns) / NS_PER_S;

		session->pause += (float)log(fmax(pause_s, PAUSE_LEAST_S));
		session->pauses++;
	}
	if (cadence >= 0) {
		session->cadence += (float)cadence;
		session->cadences++;
	}
	session->exchanges++;
	session->up += (float)up;
	session->down += (float)down;
	session->duration += (float)duration;
	session->up_sq += (float)(up * up);
	session->down_sq += (float)(down * down);
	profile->session_sizes[size_bin(exchange->bytes_down)]++;
}

static void stacks_add(struct profile *profile, const struct exchange *exchange)
{
	struct profile_stack *stack;

	if (exchange->syn_stack == 0 && exchange->ja4_stack == 0)
		return;
	for (int i = 0; i < profile->stack_count; i++) {
		stack = &profile->stacks[i];
		if (stack->syn == exchange->syn_stack && stack->ja4 == exchange->ja4_stack) {
			stack->exchanges++;
			return;
		}
	}
	if (profile->stack_count == PROFILE_STACKS) {
		profile->stacks_overflow++;
		return;
	}
	stack = &profile->stacks[profile->stack_count++];
	stack->syn = exchange->syn_stack;
	stack->ja4 = exchange->ja4_stack;
	stack->exchanges = 1;
}

static bool connection_is_new(struct profile *profile, uint64_t connection)
{
	uint16_t tag = (uint16_t)(stats_mix(0, connection) | 1);

	if (connection == 0)
		return false;
	for (int i = 0; i < PROFILE_CONNECTIONS; i++)
		if (profile->recent_connections[i] == tag)
			return false;
	memmove(profile->recent_connections + 1, profile->recent_connections,
		sizeof(profile->recent_connections) - sizeof(tag));
	profile->recent_connections[0] = tag;
	return true;
}

static void rtt_add(struct profile *profile, const struct exchange *exchange)
{
	uint32_t tcp_us = exchange->tcp_rtt_us, tls_us = exchange->tls_rtt_us;

	if (!connection_is_new(profile, exchange->connection) || tcp_us == 0 || tls_us == 0)
		return;
	if (profile->tcp_rtt_min_us == 0 || tcp_us < profile->tcp_rtt_min_us)
		profile->tcp_rtt_min_us = tcp_us;
	if (profile->tls_rtt_min_us == 0 || tls_us < profile->tls_rtt_min_us)
		profile->tls_rtt_min_us = tls_us;
	profile->connections_timed++;
	profile->gap_log_sum += (float)log1p(tls_us > tcp_us ? tls_us - tcp_us : 0);
}

static void lanes_add(struct profile *profile, uint64_t start_ns, uint64_t end_ns)
{
	int earliest = 0;

	for (int i = 1; i < PROFILE_LANES; i++)
		if (profile->busy_until_ns[i] < profile->busy_until_ns[earliest])
			earliest = i;
	if (profile->busy_until_ns[earliest] > start_ns)
		profile->crowded++;
	else
		profile->busy_until_ns[earliest] = end_ns;
}

void profile_add(struct profile *profile, const struct exchange *exchange,
		 const struct profile_clock *clock)
{
	const struct detect_settings *settings = clock->settings;
	uint64_t start_ns = exchange->time_unix_ns;
	uint64_t end_ns = start_ns + (uint64_t)exchange->duration_us * 1000;
	double cadence;

	profile->recent = (float)(profile_recent(profile, start_ns, settings->evidence_day_ns) + 1);
	profile_settle(profile, start_ns, clock);
	if (profile->session.exchanges == 0) {
		profile->sessions++;
		profile->session.start_ns = start_ns;
	}
	cadence = cadence_term(profile, start_ns, settings->burst_merge_ns);
	session_add(profile, exchange, cadence);
	stacks_add(profile, exchange);
	rtt_add(profile, exchange);
	lanes_add(profile, start_ns, end_ns);
	profile->exchanges++;
	if (start_ns > profile->request_ns)
		profile->request_ns = start_ns;
	if (end_ns > profile->session.end_ns)
		profile->session.end_ns = end_ns;
	if (start_ns < profile->first_ns)
		profile->first_ns = start_ns;
	if (end_ns > profile->last_ns)
		profile->last_ns = end_ns;
}
