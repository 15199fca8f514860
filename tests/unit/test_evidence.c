/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "detect_world.h"

/*
 * Each family under a fleet, and under ordinary groups picked to look alike: the null that counts.
 */

#define PICKED 35
#define CENTRES 8

static void cohort_of_role(const struct world *world, const struct snapshot *snapshot,
			   enum population_role role, struct cohort *cohort)
{
	memset(cohort, 0, sizeof(*cohort));
	cohort->rows = malloc(snapshot->count * sizeof(*cohort->rows));
	for (size_t i = 0; i < snapshot->count; i++)
		if (world_role(world, &snapshot->rows[i]) == role) {
			cohort->rows[cohort->count++] = (uint32_t)i;
			snapshot->rows[i].is_suspect = true;
		}
	cohort->similar = cohort->similar_concealed = (double)cohort->count;
}

static void weigh(const struct snapshot *snapshot, struct cohort *cohort, double db[FAMILY_MAX])
{
	struct cohorts cohorts = { .items = cohort, .count = 1 };

	assert_int_equal(evidence_weigh(snapshot, &cohorts), 0);
	for (size_t i = 0; i < cohort->finding_count; i++) {
		assert_true(isfinite(cohort->findings[i].log_ratio));
		assert_true(strlen(cohort->findings[i].why) > 20);
	}
	evidence_families(cohort->findings, cohort->finding_count, db);
}

static void a_fleet_convinces_in_three_families(void **state)
{
	struct population_options options = steady_minutes(1);
	struct detect_settings settings = settings_minutes();
	struct snapshot snapshot;
	struct cohort cohort;
	struct world world;
	double db[FAMILY_MAX];

	(void)state;
	world_make(&world, &options, &settings);
	world_run(&world, 240);
	world_snapshot(&world, &snapshot);
	cohort_of_role(&world, &snapshot, ROLE_FLEET, &cohort);
	weigh(&snapshot, &cohort, db);
	assert_true(db[FAMILY_COUNTS] >= 3);
	assert_true(db[FAMILY_SIZES] >= 6);
	assert_true(db[FAMILY_CADENCE] >= 6);
	assert_true(db[FAMILY_IDENTITY] < 1); /* a popular stack is worth nothing */
	free(cohort.rows);
	snapshot_clear(&snapshot);
	world_clear(&world);
}

/*
 * Relay delays of their own make members differ a little, a machine's pauses hardly vary: the
 * difference stands out from the noise, and is still far below what ordinary sources differ by.
 */
#define STEADY_WITHIN_SD 0.15
#define STEADY_BETWEEN_SD 0.1

static void steady_pauses_set(const struct snapshot *snapshot, const struct cohort *cohort)
{
	for (size_t i = 0; i < cohort->count; i++) {
		struct profile *profile = &snapshot->rows[cohort->rows[i]].source->profile;
		struct moments *pause = &profile->today.moments[FEATURE_PAUSE];
		double mean = -1 + (i % 2 ? STEADY_BETWEEN_SD : -STEADY_BETWEEN_SD), n = pause->n;

		pause->sum = (float)(n * mean);
		pause->sumsq = (float)(n * mean * mean +
				       fmax(n - 1, 0) * STEADY_WITHIN_SD * STEADY_WITHIN_SD);
	}
}

static void a_steady_fleet_is_not_punished_for_its_small_noise(void **state)
{
	struct population_options options = steady_minutes(1);
	struct detect_settings settings = settings_minutes();
	struct snapshot snapshot;
	struct cohort cohort;
	struct world world;
	double db[FAMILY_MAX];

	(void)state;
	world_make(&world, &options, &settings);
	world_run(&world, 240);
	world_snapshot(&world, &snapshot);
	cohort_of_role(&world, &snapshot, ROLE_FLEET, &cohort);
	steady_pauses_set(&snapshot, &cohort);
	weigh(&snapshot, &cohort, db);
	assert_true(db[FAMILY_CADENCE] >= 6);
	free(cohort.rows);
	snapshot_clear(&snapshot);
	world_clear(&world);
}

struct near {
	double distance;
	uint32_t row;
};

static int compare_near(const void *a, const void *b)
{
	double x = ((const struct near *)a)->distance, y = ((const struct near *)b)->distance;

	return (x > y) - (x < y);
}

/* The sources nearest to one of them on half A, by what the scan looks at. */
static void cohort_of_nearest(const struct snapshot *snapshot, size_t centre, struct cohort *cohort)
{
	static const enum feature features[] = { FEATURE_UP, FEATURE_DOWN, FEATURE_PAUSE,
						 FEATURE_RATE };
	struct near *near = calloc(snapshot->count, sizeof(*near));
	size_t count = 0;

	memset(cohort, 0, sizeof(*cohort));
	cohort->rows = malloc(PICKED * sizeof(*cohort->rows));
	for (size_t i = 0; i < snapshot->count; i++) {
		const struct point *a = &snapshot->rows[i].a, *b = &snapshot->rows[centre].a;

		snapshot->rows[i].is_suspect = false;
		if (a->terms[FEATURE_RATE] < 2)
			continue;
		near[count].row = (uint32_t)i;
		for (size_t f = 0; f < 4; f++)
			near[count].distance += pow((a->x[features[f]] - b->x[features[f]]) /
							    snapshot->spread_sd[features[f]],
						    2);
		count++;
	}
	assert_true(count >= PICKED + 24);
	qsort(near, count, sizeof(*near), compare_near);
	for (cohort->count = 0; cohort->count < PICKED; cohort->count++) {
		cohort->rows[cohort->count] = near[cohort->count].row;
		snapshot->rows[near[cohort->count].row].is_suspect = true;
	}
	free(near);
}

static void ordinary_sources_that_look_alike_do_not_convince(void **state)
{
	struct detect_settings settings = settings_minutes();
	double most = -1000, sum = 0;

	(void)state;
	for (uint64_t seed = 1; seed <= 4; seed++) {
		struct population_options options = steady_minutes(seed);
		struct snapshot snapshot;
		struct world world;

		options.fleet = options.workers = 0;
		world_make(&world, &options, &settings);
		world_run(&world, 150);
		world_snapshot(&world, &snapshot);
		for (size_t i = 0; i < CENTRES; i++) {
			double db[FAMILY_MAX], total = 0;
			struct cohort cohort;

			cohort_of_nearest(&snapshot, i * snapshot.count / CENTRES, &cohort);
			weigh(&snapshot, &cohort, db);
			for (int f = 0; f < FAMILY_RELAY; f++)
				total += db[f];
			most = fmax(most, total);
			sum += total;
			free(cohort.rows);
		}
		snapshot_clear(&snapshot);
		world_clear(&world);
	}
	assert_true(sum / (4 * CENTRES) < 0);
	assert_true(most < settings.suspect_db);
}

static void a_ratio_follows_its_statistic(void **state)
{
	const struct fleet_law law = { { 0 }, { 1 }, 1, 0.2 };
	struct null_sample nulls = { .count = 10, .independent = 10 };

	(void)state;
	for (size_t i = 0; i < 10; i++)
		nulls.logs[i] = 1.5 + 0.05 * (double)i;
	assert_true(evidence_log_ratio(1, &law, &nulls) > 2);
	assert_true(evidence_log_ratio(exp(1.7), &law, &nulls) < -2);
	assert_float_equal(evidence_log_ratio(0, &law, &nulls), 0, 0);
	assert_float_equal(evidence_log_ratio(-1, &law, &nulls), 0, 0);
	nulls.count = 3; /* too few were measured */
	assert_float_equal(evidence_log_ratio(1, &law, &nulls), 0, 0);
}

static void a_family_speaks_with_the_mean_of_its_ratios_up_to_its_cap(void **state)
{
	const struct finding findings[] = {
		{ .test = "a", .family = FAMILY_SIZES, .log_ratio = log(10) },
		{ .test = "b", .family = FAMILY_SIZES, .log_ratio = log(1) },
		{ .test = "c", .family = FAMILY_CADENCE, .log_ratio = 30 },
		{ .test = "d", .family = FAMILY_COUNTS, .log_ratio = -30 },
	};
	double db[FAMILY_MAX];

	(void)state;
	evidence_families(findings, 4, db);
	assert_float_equal(db[FAMILY_SIZES], stats_db(5.5), 1e-9);
	assert_float_equal(db[FAMILY_CADENCE], 15, 0);
	assert_float_equal(db[FAMILY_COUNTS], -15, 0);
	assert_float_equal(db[FAMILY_HOURS], 0, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_fleet_convinces_in_three_families),
		cmocka_unit_test(a_steady_fleet_is_not_punished_for_its_small_noise),
		cmocka_unit_test(ordinary_sources_that_look_alike_do_not_convince),
		cmocka_unit_test(a_ratio_follows_its_statistic),
		cmocka_unit_test(a_family_speaks_with_the_mean_of_its_ratios_up_to_its_cap),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
