/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "detect_world.h"

/* One fleet: names, decibans, levels. */

static struct followed *followed_new(struct fleets *fleets, const char *id)
{
	struct followed *followed = calloc(1, sizeof(*followed));

	strcpy(followed->fleet.id, id);
	assert_int_equal(fleets_put(fleets, followed), 0);
	return followed;
}

static void names_are_words(void **state)
{
	(void)state;
	assert_string_equal(fleet_level_name(FLEET_CONFIRMED), "confirmed");
	assert_string_equal(fleet_state_name(FLEET_DORMANT), "dormant");
	assert_string_equal(fleet_word_name(FLEET_UNJUDGED), "");
	assert_string_equal(fleet_word_name(FLEET_DISMISSED), "dismissed");
}

static void banked_evidence_is_bound_by_its_caps(void **state)
{
	struct fleets fleets = { .items = NULL };
	struct followed *followed = followed_new(&fleets, "f-aaaa");

	(void)state;
	for (int day = 0; day < 5; day++) {
		followed->today_db[FAMILY_SIZES] = 9;
		followed->today_db[FAMILY_IDENTITY] = 4;
		followed->today_db[FAMILY_COUNTS] = -2;
		fleets_bank(&fleets);
	}
	followed_score(followed);
	assert_float_equal(followed_family_db(followed, FAMILY_SIZES), 15, 0);
	assert_float_equal(followed_family_db(followed, FAMILY_IDENTITY), 4, 0);
	assert_float_equal(followed_family_db(followed, FAMILY_COUNTS), -10, 0);
	assert_float_equal(followed->fleet.score_db, 9, 1e-9);
	fleets_clear(&fleets);
}

static void e_bh_asks_more_where_more_was_tested(void **state)
{
	double lone[] = { 21 }, few[] = { 34, 5, 25 }, none[] = { 10 };

	(void)state;
	assert_float_equal(discovery_threshold_db(lone, 1, 1, 0.01), 21, 0);
	assert_true(isinf(discovery_threshold_db(lone, 1, 20, 0.01)));
	assert_float_equal(discovery_threshold_db(few, 3, 20, 0.01), 34, 0);
	assert_true(isinf(discovery_threshold_db(none, 1, 1, 0.01)));
	assert_true(isinf(discovery_threshold_db(none, 0, 0, 0.01)));
}

static void coordination_alone_is_never_confirmed(void **state)
{
	struct detect_settings settings = settings_days();
	struct fleets fleets = { .items = NULL };
	struct followed *followed = followed_new(&fleets, "f-aaaa");

	(void)state;
	followed->fleet.members = calloc(60, sizeof(struct fleet_member));
	followed->fleet.member_count = 60;
	for (int i = 0; i < 60; i++)
		followed->fleet.members[i] =
			(struct fleet_member){ .is_listed = true, .concealment_db = 9 };
	followed->banked_db[FAMILY_COUNTS] = followed->banked_db[FAMILY_SIZES] = 15;
	followed->banked_db[FAMILY_CADENCE] = 15;
	followed_score(followed);
	assert_false(followed_may_confirm(followed, &settings));
	followed->today_db[FAMILY_RELAY] = 12;
	followed_score(followed);
	assert_true(followed_may_confirm(followed, &settings));
	for (int i = 0; i < 11; i++) /* fewer than fifty members that hide something */
		followed->fleet.members[i].concealment_db = 0;
	assert_false(followed_may_confirm(followed, &settings));
	for (int i = 0; i < 11; i++)
		followed->fleet.members[i].concealment_db = 9;
	followed->banked_db[FAMILY_CADENCE] = 2; /* two families are not three */
	followed->banked_db[FAMILY_HOURS] = 0;
	followed_score(followed);
	assert_false(followed_may_confirm(followed, &settings));
	fleets_clear(&fleets);
}

/* Who is blocked moves its load to the rest: a fleet is blocked when it can be blocked whole. */
static void a_fleet_is_confirmed_when_its_members_are_listed(void **state)
{
	struct detect_settings settings = settings_days();
	struct snapshot snapshot = { .settings = &settings, .now_ns = START_UNIX_NS + DAY_NS / 24 };
	struct fleets fleets = { .items = NULL };
	struct followed *followed = followed_new(&fleets, "f-aaaa");
	struct fleet *fleet = &followed->fleet;

	(void)state;
	fleet->members = calloc(60, sizeof(struct fleet_member));
	fleet->member_count = 60;
	for (int i = 0; i < 60; i++)
		fleet->members[i] =
			(struct fleet_member){ .is_listed = i < 52, .concealment_db = 9 };
	fleet->level = FLEET_SUSPECT;
	fleet->first_suspected_unix_ns = START_UNIX_NS;
	followed->banked_db[FAMILY_COUNTS] = followed->banked_db[FAMILY_SIZES] = 15;
	followed->banked_db[FAMILY_CADENCE] = 15;
	followed->today_db[FAMILY_RELAY] = 12;
	followed_score(followed);
	assert_true(followed_may_confirm(followed, &settings));
	fleets_judge_levels(&fleets, &snapshot, 1);
	assert_int_equal(fleet->level, FLEET_SUSPECT);
	for (int i = 52; i < 57; i++)
		fleet->members[i].is_listed = true;
	fleets_judge_levels(&fleets, &snapshot, 1);
	assert_int_equal(fleet->level, FLEET_CONFIRMED);

	for (int i = 52; i < 57; i++)
		fleet->members[i].is_listed = false;
	fleet->level = FLEET_SUSPECT;
	snapshot.now_ns = START_UNIX_NS + DAY_NS / 2; /* it is not waited for ever */
	fleets_judge_levels(&fleets, &snapshot, 1);
	assert_int_equal(fleet->level, FLEET_CONFIRMED);
	fleets_clear(&fleets);
}

/* What explain prints adds up to the score. */
static void evidence_adds_up_to_the_score(void **state)
{
	struct population_options options = steady_minutes(6);
	struct detect_settings settings = settings_minutes();
	const struct fleet *const *fleets;
	struct world world;
	size_t count;

	(void)state;
	world_make(&world, &options, &settings);
	world_run(&world, 200);
	fleets = engine_fleets(world.engine, &count);
	assert_true(count > 0);
	for (size_t i = 0; i < count; i++) {
		double sum[2] = { 0, 0 };

		for (size_t j = 0; j < fleets[i]->evidence_count; j++)
			sum[fleets[i]->evidence[j].question] += fleets[i]->evidence[j].db;
		assert_float_equal(fmax(sum[EVIDENCE_COORDINATION], 0), fleets[i]->score_db, 1e-6);
		assert_float_equal(fmax(sum[EVIDENCE_CONCEALMENT], 0), fleets[i]->concealment_db,
				   1e-6);
	}
	world_clear(&world);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_are_words),
		cmocka_unit_test(banked_evidence_is_bound_by_its_caps),
		cmocka_unit_test(e_bh_asks_more_where_more_was_tested),
		cmocka_unit_test(coordination_alone_is_never_confirmed),
		cmocka_unit_test(a_fleet_is_confirmed_when_its_members_are_listed),
		cmocka_unit_test(evidence_adds_up_to_the_score),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
