/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "detect_world.h"

/* The scan flags a planted cohort and nothing where there is none. */

static void scan_of(uint64_t seed, unsigned workers, unsigned fleet, struct world *world,
		    struct snapshot *snapshot, struct blocks *blocks)
{
	struct population_options options = steady_minutes(seed);
	struct detect_settings settings = settings_minutes();

	options.workers = workers;
	options.fleet = fleet;
	world_make(world, &options, &settings);
	world_run(world, 150);
	world_snapshot(world, snapshot);
	assert_int_equal(scan_run(snapshot, blocks), 0);
}

static void all_clear(struct world *world, struct snapshot *snapshot, struct blocks *blocks)
{
	blocks_clear(blocks);
	snapshot_clear(snapshot);
	world_clear(world);
}

static void a_planted_cohort_is_flagged(void **state)
{
	struct snapshot snapshot;
	struct blocks blocks;
	struct world world;
	size_t of_fleet = 0;

	(void)state;
	scan_of(1, 0, 60, &world, &snapshot, &blocks);
	assert_true(blocks.count > 0);
	for (size_t i = 0; i < blocks.items[0].count; i++)
		of_fleet +=
			world_role(&world, &snapshot.rows[blocks.items[0].rows[i]]) == ROLE_FLEET;
	assert_true(of_fleet * 10 > blocks.items[0].count * 7);
	for (size_t i = 1; i < blocks.count; i++)
		assert_true(blocks.items[i].llr <= blocks.items[i - 1].llr);
	all_clear(&world, &snapshot, &blocks);
}

static void ordinary_sources_are_not_flagged(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= 4; seed++) {
		struct snapshot snapshot;
		struct blocks blocks;
		struct world world;

		scan_of(seed, 0, 0, &world, &snapshot, &blocks);
		assert_true(blocks.tested > 0);
		assert_int_equal(blocks.count, 0);
		all_clear(&world, &snapshot, &blocks);
	}
}

static void relays_and_stack_alone_point_to_a_fleet(void **state)
{
	struct blocks blocks = { .items = NULL };
	struct snapshot snapshot;
	struct blocks similar;
	struct world world;

	(void)state;
	scan_of(2, 0, 60, &world, &snapshot, &similar);
	assert_int_equal(scan_concealed(&snapshot, &blocks), 0);
	assert_true(blocks.count > 0);
	assert_true(blocks.items[0].observed >= 40);
	blocks_clear(&blocks);
	all_clear(&world, &snapshot, &similar);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_planted_cohort_is_flagged),
		cmocka_unit_test(ordinary_sources_are_not_flagged),
		cmocka_unit_test(relays_and_stack_alone_point_to_a_fleet),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
