/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "detect_world.h"

/* Profiles as points: order, noise, and how much turns of a session resemble each other. */

static void rows_are_sorted_and_complete(void **state)
{
	struct population_options options = steady_minutes(1);
	struct detect_settings settings = settings_minutes();
	struct snapshot snapshot;
	struct world world;

	(void)state;
	world_make(&world, &options, &settings);
	world_run(&world, 120);
	world_snapshot(&world, &snapshot);
	assert_int_equal(snapshot.count, world.engine->profiles.count);
	for (size_t i = 1; i < snapshot.count; i++)
		assert_true(net_compare(&snapshot.rows[i - 1].source->profile.source,
					&snapshot.rows[i].source->profile.source) < 0);
	for (size_t i = 0; i < snapshot.count; i++)
		assert_true(snapshot.rows[i].stack_index < snapshot.stack_count);
	assert_in_range(snapshot.stack_count, 2, STACKS + 1);
	snapshot_clear(&snapshot);
	world_clear(&world);
}

/* The population's own figures: a subject of sd 0.3 or 0.4 a conversation, 0.4 or 0.5 within. */
static void noise_and_correlation_are_found(void **state)
{
	struct population_options options = steady_minutes(2);
	struct detect_settings settings = settings_minutes();
	struct snapshot snapshot;
	struct world world;

	(void)state;
	options.ordinary = options.relayed = 0;
	options.workers = 200;
	world_make(&world, &options, &settings);
	world_run(&world, 250);
	world_snapshot(&world, &snapshot);
	assert_true(snapshot.noise_sd[FEATURE_UP] > 0.3 && snapshot.noise_sd[FEATURE_UP] < 0.5);
	assert_true(snapshot.correlation > 0.2 && snapshot.correlation < 0.7);
	for (size_t i = 0; i < snapshot.count; i++)
		assert_true(snapshot.rows[i].effective <=
			    snapshot.rows[i].source->profile.exchanges);
	snapshot_clear(&snapshot);
	world_clear(&world);
}

static void an_empty_engine_has_an_empty_snapshot(void **state)
{
	struct detect_settings settings = settings_minutes();
	struct world world = { .settings = settings, .engine = engine_new(&settings, 1) };
	struct snapshot snapshot;

	(void)state;
	world_snapshot(&world, &snapshot);
	assert_int_equal(snapshot.count, 0);
	snapshot_clear(&snapshot);
	engine_free(world.engine);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rows_are_sorted_and_complete),
		cmocka_unit_test(noise_and_correlation_are_found),
		cmocka_unit_test(an_empty_engine_has_an_empty_snapshot),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
