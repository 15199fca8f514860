/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "detect_world.h"

/* The split: nobody inherits a neighbour's concealment, nor its coordination. */

struct counts {
	size_t of[ROLE_MAX + 1];
};

static struct counts counts_of(const struct world *world, const struct snapshot *snapshot,
			       const struct cohort *cohort, double posterior)
{
	struct counts counts = { { 0 } };

	for (size_t i = 0; i < snapshot->count; i++)
		if (cohort->posterior[i] >= posterior)
			counts.of[world_role(world, &snapshot->rows[i])]++;
	return counts;
}

static void workers_driven_like_the_fleet_are_split_from_it(void **state)
{
	struct population_options options = steady_minutes(3);
	struct detect_settings settings = settings_minutes();
	struct snapshot snapshot;
	struct blocks blocks;
	struct cohorts cohorts;
	struct world world;
	size_t concealed = 0;

	(void)state;
	options.workers = 60;
	world_make(&world, &options, &settings);
	world_run(&world, 200);
	world_snapshot(&world, &snapshot);
	assert_int_equal(scan_run(&snapshot, &blocks), 0);
	assert_int_equal(cohorts_find(&snapshot, &blocks, &cohorts), 0);
	for (size_t i = 0; i < cohorts.count; i++) {
		struct counts counts = counts_of(&world, &snapshot, &cohorts.items[i],
						 settings.membership_posterior);

		if (!cohorts.items[i].is_concealed) {
			assert_int_equal(counts.of[ROLE_FLEET], 0);
			continue;
		}
		concealed++;
		assert_in_range(counts.of[ROLE_FLEET], 55, 60);
		assert_int_equal(counts.of[ROLE_WORKER] + counts.of[ROLE_ORDINARY], 0);
		assert_in_range(counts.of[ROLE_RELAYED], 0, 1);
	}
	assert_int_equal(concealed, 1);
	cohorts_clear(&cohorts);
	blocks_clear(&blocks);
	snapshot_clear(&snapshot);
	world_clear(&world);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(workers_driven_like_the_fleet_are_split_from_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
