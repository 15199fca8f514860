/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "detect_world.h"

/* The mixture: from a few seeds to all members, and to nobody from none. */

/* Seeds are half the fleet: the rest of it is found, hardly anybody else. */
static void membership_grows_from_a_part_to_the_whole(void **state)
{
	struct population_options options = steady_minutes(5);
	struct detect_settings settings = settings_minutes();
	struct snapshot snapshot;
	struct mixture mixture;
	struct world world;
	double *posterior;
	size_t seeds = 0, members = 0, strangers = 0;

	(void)state;
	options.workers = 0;
	world_make(&world, &options, &settings);
	world_run(&world, 200);
	world_snapshot(&world, &snapshot);
	posterior = calloc(snapshot.count, sizeof(*posterior));
	for (size_t i = 0; i < snapshot.count && seeds < 30; i++)
		if (world_role(&world, &snapshot.rows[i]) == ROLE_FLEET) {
			posterior[i] = 1;
			seeds++;
		}
	assert_int_equal(
		membership_fit(&(struct membership_inputs){ &snapshot, MEMBERSHIP_ALL, NULL },
			       posterior, &mixture),
		0);
	for (size_t i = 0; i < snapshot.count; i++) {
		bool is_fleet = world_role(&world, &snapshot.rows[i]) == ROLE_FLEET;

		assert_true(posterior[i] >= 0 && posterior[i] <= 1);
		members += is_fleet && posterior[i] >= settings.membership_posterior;
		strangers += !is_fleet && posterior[i] >= settings.membership_posterior;
	}
	assert_in_range(members, 54, 60);
	assert_in_range(strangers, 0, 6);
	free(posterior);
	snapshot_clear(&snapshot);
	world_clear(&world);
}

static void without_seeds_nobody_is_a_member(void **state)
{
	struct population_options options = steady_minutes(5);
	struct detect_settings settings = settings_minutes();
	struct snapshot snapshot;
	struct mixture mixture;
	struct world world;
	double *posterior;

	(void)state;
	world_make(&world, &options, &settings);
	world_run(&world, 60);
	world_snapshot(&world, &snapshot);
	posterior = calloc(snapshot.count, sizeof(*posterior));
	assert_int_equal(
		membership_fit(&(struct membership_inputs){ &snapshot, MEMBERSHIP_A, NULL },
			       posterior, &mixture),
		0);
	for (size_t i = 0; i < snapshot.count; i++)
		assert_float_equal(posterior[i], 0, 0);
	free(posterior);
	snapshot_clear(&snapshot);
	world_clear(&world);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(membership_grows_from_a_part_to_the_whole),
		cmocka_unit_test(without_seeds_nobody_is_a_member),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
