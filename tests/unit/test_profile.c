/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "core/profile.h"

/* Exchanges into sums: sessions, halves, cadence, days, and input that means harm. */

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define SECOND_NS 1000000000ULL
#define START_NS (1780000000 * SECOND_NS)

static const struct detect_settings settings = {
	.session_gap_ns = 100 * SECOND_NS,
	.burst_merge_ns = 2 * SECOND_NS,
	.evidence_day_ns = 86400 * SECOND_NS,
	.relay_connections_min = 5,
};
static const struct profile_clock clock_one = { &settings, 99, 1 };

static struct net source_of(uint32_t number)
{
	uint8_t addr[16] = { [10] = 0xff,
			     [11] = 0xff,
			     [12] = 192,
			     [14] = (uint8_t)(number >> 8),
			     [15] = (uint8_t)number };

	return net_of_source(addr, 32);
}

static void profile_start(struct profile *profile)
{
	struct net source = source_of(7);

	profile_init(profile, &source, START_NS);
}

static void add_at(struct profile *profile, double second, uint64_t connection)
{
	struct exchange exchange = {
		.time_unix_ns = START_NS + (uint64_t)(second * 1e9),
		.source = profile->source,
		.bytes_up = 1000,
		.bytes_down = 8000,
		.duration_us = 1000,
		.connection = connection,
		.syn_stack = 1,
		.ja4_stack = 2,
		.tcp_rtt_us = 10000,
		.tls_rtt_us = 50000,
	};

	profile_add(profile, &exchange, &clock_one);
}

static void silence_ends_a_session(void **state)
{
	struct profile profile;

	(void)state;
	profile_start(&profile);
	for (int session = 0; session < 4; session++)
		for (int turn = 0; turn < 3; turn++)
			add_at(&profile, session * 1000 + turn * 10, 1);
	assert_int_equal(profile.sessions, 4);
	assert_int_equal(profile.halves[PROFILE_A].sessions + profile.halves[PROFILE_B].sessions,
			 3);
	assert_false(profile_settle(&profile, START_NS + 3050 * SECOND_NS, &clock_one));
	assert_true(profile_settle(&profile, START_NS + 3500 * SECOND_NS, &clock_one));
	assert_int_equal(profile.halves[PROFILE_A].exchanges + profile.halves[PROFILE_B].exchanges,
			 12);
	assert_float_equal(moments_mean(&profile.halves[PROFILE_A].moments[FEATURE_TURNS]),
			   log(3) - feature_center[FEATURE_TURNS], 1e-4);
}

static void halves_are_balanced_and_depend_on_the_seed(void **state)
{
	int in_b = 0, moved = 0;

	(void)state;
	for (uint32_t number = 0; number < 500; number++) {
		struct net source = source_of(number);
		int of_source = 0;

		for (uint32_t session = 2; session < 12; session++) {
			of_source += profile_half_of(&source, session, 1) == PROFILE_B;
			moved += profile_half_of(&source, session, 1) !=
				 profile_half_of(&source, session, 2);
		}
		assert_int_equal(of_source, 5);
		in_b += profile_half_of(&source, 2, 1) == PROFILE_B;
	}
	assert_in_range(in_b, 200, 300);
	assert_in_range(moved, 2000, 3000);
}

static void a_metronome_has_no_local_variation(void **state)
{
	struct profile profile;
	struct moments all;

	(void)state;
	profile_start(&profile);
	for (int i = 0; i < 50; i++)
		add_at(&profile, i * 200, 1);
	profile_settle(&profile, START_NS + 20000 * SECOND_NS, &clock_one);
	all = profile.halves[PROFILE_A].moments[FEATURE_CADENCE];
	moments_merge(&all, &profile.halves[PROFILE_B].moments[FEATURE_CADENCE]);
	assert_float_equal(all.n, 48, 0);
	assert_float_equal(moments_mean(&all), 0, 1e-6);
}

/* Poisson arrivals have Lv = 1 (Shinomoto et al. 2009). */
static void random_arrivals_have_a_local_variation_of_one(void **state)
{
	struct profile profile;
	struct moments all;
	uint64_t rng = 5;
	double second = 0;

	(void)state;
	profile_start(&profile);
	for (int i = 0; i < 4000; i++) {
		rng = rng * 6364136223846793005ULL + 1442695040888963407ULL;
		second -= 1000 * log(((double)(rng >> 11) + 0.5) / 9007199254740992.0);
		add_at(&profile, second, 1);
	}
	profile_settle(&profile, START_NS + (uint64_t)(second + 1e6) * SECOND_NS, &clock_one);
	all = profile.halves[PROFILE_A].moments[FEATURE_CADENCE];
	moments_merge(&all, &profile.halves[PROFILE_B].moments[FEATURE_CADENCE]);
	assert_float_equal(moments_mean(&all), 1, 0.07);
}

static void bursts_are_one_event(void **state)
{
	struct profile profile;

	(void)state;
	profile_start(&profile);
	for (int burst = 0; burst < 5; burst++)
		for (int i = 0; i < 4; i++)
			add_at(&profile, burst * 50 + i, 1);
	assert_int_equal(profile.session.exchanges, 20);
	assert_int_equal(profile.session.cadences, 3);
	assert_float_equal(profile.session.cadence, 0, 1e-6);
}

static void today_holds_only_half_b_of_today(void **state)
{
	struct profile_clock tomorrow = clock_one;
	struct profile profile;
	uint32_t of_b;

	(void)state;
	profile_start(&profile);
	for (int i = 0; i < 20; i++)
		add_at(&profile, i * 1000, 1);
	profile_settle(&profile, START_NS + 30000 * SECOND_NS, &clock_one);
	of_b = profile.halves[PROFILE_B].sessions;
	assert_in_range(of_b, 9, 11);
	assert_int_equal(profile_today(&profile, 1)->sessions, of_b);
	tomorrow.day = 2;
	assert_int_equal(profile_today(&profile, 2)->sessions, 0);
	for (int i = 100; i < 105; i++) {
		struct exchange exchange = { .time_unix_ns = START_NS + i * 1000 * SECOND_NS,
					     .source = profile.source,
					     .bytes_up = 1 };

		profile_add(&profile, &exchange, &tomorrow);
	}
	assert_in_range(profile_today(&profile, 2)->sessions, 1, 3);
	assert_int_equal(profile.halves[PROFILE_B].sessions,
			 of_b + profile_today(&profile, 2)->sessions);
}

static void a_connection_is_timed_once_and_the_least_counts(void **state)
{
	struct profile profile;

	(void)state;
	profile_start(&profile);
	assert_float_equal(profile_gap_us(&profile), -1, 0);
	for (int i = 0; i < 30; i++)
		add_at(&profile, i * 10, 1 + i / 10);
	assert_int_equal(profile.connections_timed, 3);
	assert_float_equal(profile_gap_us(&profile), 40000, 0);
}

static void three_stacks_in_earnest_make_an_address_shared(void **state)
{
	struct profile profile;

	(void)state;
	profile_start(&profile);
	for (int i = 0; i < 60; i++) {
		struct exchange exchange = { .time_unix_ns = START_NS + i * 10 * SECOND_NS,
					     .source = profile.source,
					     .ja4_stack = 1 + i % 2 };

		profile_add(&profile, &exchange, &clock_one);
	}
	assert_false(profile_is_shared(&profile));
	for (int i = 60; i < 70; i++) {
		struct exchange exchange = { .time_unix_ns = START_NS + i * 10 * SECOND_NS,
					     .source = profile.source,
					     .ja4_stack = 9 };

		profile_add(&profile, &exchange, &clock_one);
	}
	assert_true(profile_is_shared(&profile));
}

static void many_at_once_make_an_address_shared(void **state)
{
	struct profile profile;

	(void)state;
	profile_start(&profile);
	for (int i = 0; i < 40; i++) {
		struct exchange exchange = { .time_unix_ns = START_NS + i * SECOND_NS,
					     .source = profile.source,
					     .ja4_stack = 1,
					     .duration_us = 20000000 };

		profile_add(&profile, &exchange, &clock_one);
	}
	assert_true(profile_is_shared(&profile));
}

static void poison_leaves_a_sound_profile(void **state)
{
	static const uint64_t times[] = {
		START_NS, 0, ~0ULL, START_NS - 5, START_NS, 1, ~0ULL - 1
	};
	struct profile profile;

	(void)state;
	profile_start(&profile);
	for (size_t i = 0; i < 700; i++) {
		struct exchange exchange = {
			.time_unix_ns = times[i % 7],
			.source = profile.source,
			.bytes_up = i % 3 ? ~0ULL : 0,
			.bytes_down = i % 2 ? ~0ULL : 0,
			.duration_us = i % 5 ? 0 : ~0U,
			.connection = i,
			.tcp_rtt_us = ~0U,
			.tls_rtt_us = 1,
			.ja4_stack = i,
		};

		profile_add(&profile, &exchange, &clock_one);
	}
	profile_settle(&profile, ~0ULL, &clock_one);
	assert_true(profile_is_sound(&profile));
	assert_int_equal(profile.exchanges, 700);
	assert_float_equal(profile_gap_us(&profile), 0, 0);
	profile.halves[0].moments[0].sum = NAN;
	assert_false(profile_is_sound(&profile));
}

static void the_past_fades_before_floats_lose_precision(void **state)
{
	struct profile profile;

	(void)state;
	profile_start(&profile);
	for (int i = 0; i < 300000; i++)
		add_at(&profile, i * 200.0, 1);
	assert_in_range(profile.halves[PROFILE_A].sessions, 16384, 65536);
	assert_float_equal(moments_mean(&profile.halves[PROFILE_A].moments[FEATURE_UP]),
			   log1p(1000) - feature_center[FEATURE_UP], 1e-3);
	assert_true(profile_is_sound(&profile));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(silence_ends_a_session),
		cmocka_unit_test(halves_are_balanced_and_depend_on_the_seed),
		cmocka_unit_test(a_metronome_has_no_local_variation),
		cmocka_unit_test(random_arrivals_have_a_local_variation_of_one),
		cmocka_unit_test(bursts_are_one_event),
		cmocka_unit_test(today_holds_only_half_b_of_today),
		cmocka_unit_test(a_connection_is_timed_once_and_the_least_counts),
		cmocka_unit_test(three_stacks_in_earnest_make_an_address_shared),
		cmocka_unit_test(many_at_once_make_an_address_shared),
		cmocka_unit_test(poison_leaves_a_sound_profile),
		cmocka_unit_test(the_past_fades_before_floats_lose_precision),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
