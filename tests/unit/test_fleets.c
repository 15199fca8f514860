/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "detect_world.h"

/* Fleets over time: ids, banked evidence, levels, states, and what is forgotten. */

static struct followed *followed_new(struct fleets *fleets, const char *id)
{
	struct followed *followed = calloc(1, sizeof(*followed));

	strcpy(followed->fleet.id, id);
	assert_int_equal(fleets_put(fleets, followed), 0);
	return followed;
}

static void silence_makes_a_fleet_dormant_then_gone(void **state)
{
	struct detect_settings settings = settings_days();
	struct fleets fleets = { .items = NULL };
	struct followed *followed = followed_new(&fleets, "f-aaaa");
	uint64_t seen_ns = START_UNIX_NS;

	(void)state;
	followed->fleet.last_seen_unix_ns = followed->fleet.first_suspected_unix_ns = seen_ns;
	followed->matched_ns = seen_ns;
	assert_int_equal(fleets_age(&fleets, &settings, seen_ns + 6 * DAY_NS), 0);
	assert_int_equal(followed->fleet.state, FLEET_ACTIVE);
	assert_int_equal(fleets_age(&fleets, &settings, seen_ns + 8 * DAY_NS), 0);
	assert_int_equal(followed->fleet.state, FLEET_DORMANT);
	assert_int_equal(fleets_age(&fleets, &settings, seen_ns + 40 * DAY_NS), 0);
	assert_int_equal(followed->fleet.state, FLEET_GONE);
	assert_int_equal(fleets_age(&fleets, &settings, seen_ns + 200 * DAY_NS), 1);
	assert_int_equal(fleets.count, 0);
	assert_string_equal(fleets.removed[0], "f-aaaa");
	fleets_clear(&fleets);
}

static void what_was_only_watched_is_forgotten_soon(void **state)
{
	struct detect_settings settings = settings_days();
	struct fleets fleets = { .items = NULL };
	struct followed *chance = followed_new(&fleets, "f-aaaa");
	struct followed *judged = followed_new(&fleets, "f-bbbb");

	(void)state;
	chance->matched_ns = judged->matched_ns = START_UNIX_NS;
	chance->fleet.last_seen_unix_ns = judged->fleet.last_seen_unix_ns = START_UNIX_NS;
	judged->fleet.word = FLEET_DISMISSED;
	assert_int_equal(fleets_age(&fleets, &settings, START_UNIX_NS + 2 * DAY_NS), 1);
	assert_null(fleets_find(&fleets, "f-aaaa"));
	assert_ptr_equal(fleets_find(&fleets, "f-bbbb"), judged);
	fleets_clear(&fleets);
}

/* The id stays over scans, and members keep the time since they are listed. */
static void a_fleet_keeps_its_id_and_its_members_their_time(void **state)
{
	struct population_options options = steady_minutes(4);
	struct detect_settings settings = settings_minutes();
	const struct fleet *const *fleets;
	struct fleet_member member;
	struct world world;
	char id[FLEET_ID_MAX];
	size_t count;

	(void)state;
	options.workers = 0;
	world_make(&world, &options, &settings);
	world_run(&world, 150);
	fleets = engine_fleets(world.engine, &count);
	assert_int_equal(count, 1);
	strcpy(id, fleets[0]->id);
	assert_int_equal(strncmp(id, "f-", 2), 0);
	member = fleets[0]->members[0];
	assert_true(member.is_listed);
	world_run(&world, 60);
	assert_non_null(engine_find_fleet(world.engine, id));
	assert_true(fleet_find_member(engine_find_fleet(world.engine, id), &member.source)
			    ->since_unix_ns == member.since_unix_ns);
	world_clear(&world);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(silence_makes_a_fleet_dormant_then_gone),
		cmocka_unit_test(what_was_only_watched_is_forgotten_soon),
		cmocka_unit_test(a_fleet_keeps_its_id_and_its_members_their_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
