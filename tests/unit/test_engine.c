/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "detect_world.h"

/* Exchanges in, fleets out: what is found, what is left alone, what survives a restart. */

static void a_fleet_is_confirmed_and_nobody_else(void **state)
{
	struct population_options options = steady_minutes(4);
	struct detect_settings settings = settings_minutes();
	struct world world;

	(void)state;
	world_make(&world, &options, &settings);
	world_run(&world, 250);
	assert_in_range(world_listed(&world, ROLE_FLEET, FLEET_CONFIRMED), 57, 60);
	assert_int_equal(world_listed(&world, ROLE_ORDINARY, FLEET_CONFIRMED), 0);
	assert_int_equal(world_listed(&world, ROLE_WORKER, FLEET_CONFIRMED), 0);
	assert_int_equal(world_listed(&world, ROLE_RELAYED, FLEET_CONFIRMED), 0);
	world_clear(&world);
}

static void without_a_fleet_nobody_is_confirmed(void **state)
{
	struct detect_settings settings = settings_minutes();

	(void)state;
	for (uint64_t seed = 1; seed <= 3; seed++) {
		struct population_options options = steady_minutes(seed);
		struct world world;
		size_t count;
		const struct fleet *const *fleets;

		options.fleet = 0;
		options.relayed = 40;
		world_make(&world, &options, &settings);
		world_run(&world, 250);
		fleets = engine_fleets(world.engine, &count);
		for (size_t i = 0; i < count; i++)
			assert_int_not_equal(fleets[i]->level, FLEET_CONFIRMED);
		world_clear(&world);
	}
}

/* A customer's sixty workers are one actor and hide nothing. */
static void direct_workers_are_never_confirmed(void **state)
{
	struct population_options options = steady_minutes(2);
	struct detect_settings settings = settings_minutes();
	struct world world;

	(void)state;
	options.fleet = 0;
	options.workers = 80;
	world_make(&world, &options, &settings);
	world_run(&world, 250);
	assert_true(world_listed(&world, ROLE_WORKER, FLEET_WATCH) > 40);
	assert_int_equal(world_listed(&world, ROLE_WORKER, FLEET_CONFIRMED), 0);
	world_clear(&world);
}

/* ---- words, forgetting, limits -------------------------------------------------------------- */

static void a_dismissal_is_kept_with_the_fleet(void **state)
{
	struct population_options options = steady_minutes(4);
	struct detect_settings settings = settings_minutes();
	struct world world;
	size_t count;
	const struct fleet *const *fleets;
	char id[FLEET_ID_MAX];

	(void)state;
	world_make(&world, &options, &settings);
	world_run(&world, 150);
	fleets = engine_fleets(world.engine, &count);
	assert_true(count > 0);
	strcpy(id, fleets[0]->id);
	assert_int_equal(engine_judge(world.engine, "f-none", FLEET_DISMISSED), -ENOENT);
	assert_int_equal(engine_judge(world.engine, id, FLEET_DISMISSED), 0);
	world_run(&world, 60);
	assert_int_equal(engine_find_fleet(world.engine, id)->word, FLEET_DISMISSED);
	world_clear(&world);
}

static void a_full_engine_refuses_and_counts_newcomers(void **state)
{
	struct detect_settings settings = settings_minutes();
	struct engine *engine;
	struct engine_stats stats;

	(void)state;
	settings.sources_max = 10;
	engine = engine_new(&settings, 1);
	for (int i = 0; i < 15; i++) {
		uint8_t addr[16] = { [10] = 0xff, [11] = 0xff, [12] = 10, [15] = (uint8_t)i };
		struct exchange exchange = { .time_unix_ns = START_UNIX_NS,
					     .source = net_of_source(addr, 32) };

		assert_int_equal(engine_add(engine, &exchange), i < 10 ? 0 : -ENOSPC);
	}
	engine_stats(engine, &stats);
	assert_int_equal(stats.sources, 10);
	assert_int_equal(stats.sources_refused, 5);
	engine_free(engine);
}

static void shares_tell_who_is_busy(void **state)
{
	struct detect_settings settings = settings_minutes();
	struct engine *engine = engine_new(&settings, 1);
	struct engine_stats stats;
	struct net first;

	(void)state;
	for (int i = 0; i < 100; i++) {
		uint8_t addr[16] = {
			[10] = 0xff, [11] = 0xff, [12] = 10, [15] = (uint8_t)(i < 50 ? 0 : i)
		};
		struct exchange exchange = { .time_unix_ns = START_UNIX_NS,
					     .source = net_of_source(addr, 32) };

		if (i == 0)
			first = exchange.source;
		assert_int_equal(engine_add(engine, &exchange), 0);
	}
	assert_float_equal(engine_share(engine, &first), 0.5, 0.01);
	engine_stats(engine, &stats);
	assert_float_equal(stats.top_share, 0.54, 0.01);
	engine_free(engine);
}

/* Zeros, huge numbers, times that step back, one exchange, one source, ticks out of order. */
static void poison_neither_stops_nor_convinces_the_engine(void **state)
{
	struct detect_settings settings = settings_minutes();
	struct engine *engine = engine_new(&settings, 1);
	size_t count;

	(void)state;
	assert_int_equal(engine_tick(engine, START_UNIX_NS), 0);
	for (unsigned i = 0; i < 20000; i++) {
		uint64_t hash = stats_mix(3, i);
		uint8_t addr[16] = {
			[10] = 0xff, [11] = 0xff, [12] = 10, [15] = (uint8_t)(hash % 90)
		};
		struct exchange exchange = {
			.time_unix_ns =
				START_UNIX_NS + i * 10000000ULL - (hash >> 60) * 1000000000ULL,
			.source = net_of_source(addr, 32),
			.bytes_up = hash & 1 ? ~0ULL : 0,
			.bytes_down = hash & 2 ? ~0ULL : 0,
			.duration_us = hash & 4 ? ~0U : 0,
			.tcp_rtt_us = hash & 8 ? ~0U : 1,
			.tls_rtt_us = hash & 16 ? ~0U : 1,
			.connection = hash,
		};

		if (i % 5000 == 4999)
			exchange.time_unix_ns = hash & 32 ? 0 : ~0ULL;
		assert_int_equal(engine_add(engine, &exchange), 0);
		if (i % 500 == 0)
			assert_int_equal(engine_tick(engine, START_UNIX_NS + i * 10000000ULL), 0);
		if (i % 3000 == 0)
			assert_int_equal(engine_tick(engine, START_UNIX_NS), 0);
	}
	engine_fleets(engine, &count);
	assert_in_range(count, 0, 5);
	engine_free(engine);
}

static void one_exchange_has_figures(void **state)
{
	struct detect_settings settings = settings_days();
	struct engine *engine = engine_new(&settings, 1);
	struct source_figures figures;
	uint8_t addr[16] = { [0] = 0x20, [1] = 0x01 };
	struct exchange exchange = { .time_unix_ns = START_UNIX_NS,
				     .bytes_up = 999,
				     .bytes_down = 4999,
				     .source = net_of_source(addr, 64) };

	(void)state;
	assert_int_equal(engine_add(engine, &exchange), 0);
	assert_int_equal(engine_tick(engine, START_UNIX_NS + 1), 0);
	assert_int_equal(engine_figures(engine, &exchange.source, &figures), 0);
	assert_float_equal(figures.bytes_up_typical, 999, 1);
	assert_float_equal(figures.bytes_down_typical, 4999, 5);
	assert_true(isnan(figures.relay_gap_us));
	assert_true(isnan(figures.cadence_lv));
	assert_true(isnan(figures.rate_per_day));
	assert_null(figures.fleet_id);
	engine_free(engine);
}

static void sources_expire_after_their_retention(void **state)
{
	struct detect_settings settings = settings_minutes();
	struct population_options options = steady_minutes(1);
	struct engine_stats stats;
	struct world world;

	(void)state;
	world_make(&world, &options, &settings);
	world_run(&world, 20);
	assert_int_equal(
		engine_tick(world.engine, world.now_ns + settings.retention_sources_ns * 2), 0);
	engine_stats(world.engine, &stats);
	assert_int_equal(stats.sources, 0);
	world_clear(&world);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_fleet_is_confirmed_and_nobody_else),
		cmocka_unit_test(without_a_fleet_nobody_is_confirmed),
		cmocka_unit_test(direct_workers_are_never_confirmed),
		cmocka_unit_test(a_dismissal_is_kept_with_the_fleet),
		cmocka_unit_test(a_full_engine_refuses_and_counts_newcomers),
		cmocka_unit_test(shares_tell_who_is_busy),
		cmocka_unit_test(poison_neither_stops_nor_convinces_the_engine),
		cmocka_unit_test(one_exchange_has_figures),
		cmocka_unit_test(sources_expire_after_their_retention),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
