/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "detect_world.h"

/* Ordinary groups: of ordinary sources only, and alike. */

static void groups_hold_no_suspects_and_are_alike(void **state)
{
	struct population_options options = steady_minutes(1);
	struct detect_settings settings = settings_minutes();
	struct cohort cohort = { .count = 60 };
	struct null_groups groups;
	struct snapshot snapshot;
	struct world world;
	double spread = 0;

	(void)state;
	options.workers = 0;
	world_make(&world, &options, &settings);
	world_run(&world, 200);
	world_snapshot(&world, &snapshot);
	cohort.rows = calloc(60, sizeof(*cohort.rows));
	for (size_t i = 0, n = 0; i < snapshot.count && n < 60; i++)
		if (world_role(&world, &snapshot.rows[i]) == ROLE_FLEET) {
			cohort.rows[n++] = (uint32_t)i;
			snapshot.rows[i].is_suspect = true;
		}
	assert_int_equal(null_groups_pick(&snapshot, &cohort, &groups), 0);
	assert_int_equal(groups.count, NULL_GROUPS_MAX);
	for (size_t i = 0; i < groups.count; i++) {
		struct moments up = { 0 };

		for (size_t j = 0; j < groups.sizes[i]; j++) {
			const struct row *row = &snapshot.rows[groups.rows[i][j]];

			assert_false(row->is_suspect);
			moments_add(&up, row->a.x[FEATURE_UP]);
		}
		spread += sqrt(moments_spread(&up) / (double)(up.n - 1)) / (double)groups.count;
	}
	assert_true(spread < 0.9 * snapshot.spread_sd[FEATURE_UP]);
	null_groups_clear(&groups);
	free(cohort.rows);
	snapshot_clear(&snapshot);
	world_clear(&world);
}

static void a_handful_of_sources_makes_no_groups(void **state)
{
	struct population_options options = steady_minutes(1);
	struct detect_settings settings = settings_minutes();
	struct cohort cohort = { .count = 0 };
	struct null_groups groups;
	struct snapshot snapshot;
	struct world world;

	(void)state;
	options.ordinary = 12;
	options.workers = options.relayed = options.fleet = 0;
	world_make(&world, &options, &settings);
	world_run(&world, 200);
	world_snapshot(&world, &snapshot);
	assert_int_equal(null_groups_pick(&snapshot, &cohort, &groups), 0);
	assert_int_equal(groups.count, 0);
	null_groups_clear(&groups);
	snapshot_clear(&snapshot);
	world_clear(&world);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(groups_hold_no_suspects_and_are_alike),
		cmocka_unit_test(a_handful_of_sources_makes_no_groups),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
