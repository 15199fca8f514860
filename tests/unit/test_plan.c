/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "core/plan.h"

/* The guard rails: who gets a rule, who does not, and what is said of it. The engine is a made-up one. */

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "unit/plan_world.h"

static void listed_members_of_a_confirmed_fleet_get_the_action(void **state)
{
	(void)state;
	members[1].is_listed = false;
	first_row_is(PLAN_RULE, "member of fleet f-test with probability 0.990");
	assert_int_equal(plan.count, MEMBERS - 1);
	assert_int_equal(verdict_count(PLAN_RULE), MEMBERS - 1);
	assert_true(plan.rows[0].is_written);
	assert_int_equal(plan.rows[0].action, WEIR_ACTION_RESET);
	assert_int_equal(plan.rows[0].expires_unix_ns, NOW_NS + DAY_NS);
	/* One mistaken source is expected among a hundred thousand. */
	assert_true(plan.share_sources > 0.9e-5 && plan.share_sources < 1.1e-5);
}

static void only_a_confirmed_fleet_gets_rules(void **state)
{
	(void)state;
	fleet.level = FLEET_SUSPECT;
	first_row_is(PLAN_NOT_CONFIRMED, "fleet f-test is suspect");
	assert_false(plan.rows[0].is_written);
	fleet.level = FLEET_CONFIRMED;
	fleet.word = FLEET_DISMISSED;
	first_row_is(PLAN_DISMISSED, "dismissed");
	fleet.word = FLEET_UNJUDGED;
	fleet.state = FLEET_GONE;
	plan_again();
	assert_int_equal(plan.count, 0);
}

static void an_allow_wins_over_everything(void **state)
{
	(void)state;
	fleet.word = FLEET_OPERATOR_CONFIRMED;
	allow_put("10.0.0.0/30");
	first_row_is(PLAN_ALLOWED, "allowed by 10.0.0.0/30 (operator: our office)");
	assert_false(plan.rows[0].is_written);
	assert_int_equal(verdict_count(PLAN_ALLOWED), 4);
}

static void an_allow_inside_an_ipv6_source_wins_too(void **state)
{
	(void)state;
	members[0].source = net_of("2001:db8::/64");
	allow_put("2001:db8::1");
	first_row_is(PLAN_ALLOWED, "2001:db8::1");
}

static void an_ipv6_source_gets_a_rule_on_its_prefix(void **state)
{
	struct rule *wanted;
	size_t count;

	(void)state;
	members[0].source = net_of("2001:db8::/64");
	first_row_is(PLAN_RULE, "member");
	assert_int_equal(plan_rules(&plan, NULL, &wanted, &count), 0);
	assert_int_equal(wanted[0].net.prefix_len, 64);
	assert_string_equal(wanted[0].list, "f-test");
	assert_int_equal(wanted[0].origin, WEIR_ORIGIN_FLEET);
	free(wanted);
}

static void a_shared_or_big_source_never_gets_a_rule(void **state)
{
	(void)state;
	fleet.word = FLEET_OPERATOR_CONFIRMED;
	members[0].is_shared = true;
	first_row_is(PLAN_SHARED, "many clients stand behind it");
	members[0].is_shared = false;
	settings.shared_sources[0] = net_of("10.0.0.0/32");
	settings.shared_source_count = 1;
	first_row_is(PLAN_SHARED, "in shared_sources");
	settings.shared_source_count = 0;
	shares[0] = 0.06;
	first_row_is(PLAN_TOO_BIG, "makes 6 % of all exchanges, more than 5 %");
	assert_int_equal(verdict_count(PLAN_RULE), MEMBERS - 1);
}

static void a_member_without_concealment_gets_no_rule(void **state)
{
	(void)state;
	members[0].concealment_db = 5.9;
	first_row_is(PLAN_NO_CONCEALMENT, "5.9 dB, a rule needs 6.0 dB");
	assert_false(plan.rows[0].is_written);
	members[0].concealment_db = __builtin_nan("");
	first_row_is(PLAN_NO_CONCEALMENT, "a rule needs");
}

static void without_a_day_of_history_members_are_only_observed(void **state)
{
	(void)state;
	inputs.history_ns = 23 * HOUR_NS;
	first_row_is(PLAN_NO_HISTORY, "weir has seen 23h of traffic, enforcing needs 1d");
	assert_true(plan.rows[0].is_written);
	assert_int_equal(plan.rows[0].action, WEIR_ACTION_OBSERVE);
}

static void the_operators_word_stands_for_level_concealment_and_history(void **state)
{
	(void)state;
	fleet.level = FLEET_WATCH;
	fleet.word = FLEET_OPERATOR_CONFIRMED;
	members[0].concealment_db = 0;
	inputs.history_ns = 0;
	first_row_is(PLAN_RULE, "member");
}

static void the_holdout_is_a_stable_share(void **state)
{
	bool first[MEMBERS];
	size_t held;

	(void)state;
	settings.holdout_share = 0.3;
	inputs.holdout_key = 42;
	plan_again();
	held = verdict_count(PLAN_HOLDOUT);
	assert_in_range(held, 15, 45);
	for (size_t i = 0; i < MEMBERS; i++) {
		first[i] = plan.rows[i].verdict == PLAN_HOLDOUT;
		if (first[i])
			assert_int_equal(plan.rows[i].action, WEIR_ACTION_OBSERVE);
	}
	plan_again();
	for (size_t i = 0; i < MEMBERS; i++)
		assert_int_equal(plan.rows[i].verdict == PLAN_HOLDOUT, first[i]);
	inputs.holdout_key = 4711;
	plan_again();
	held = 0;
	for (size_t i = 0; i < MEMBERS; i++)
		held += (plan.rows[i].verdict == PLAN_HOLDOUT) != first[i];
	assert_true(held > 5);
	settings.holdout_share = 1;
	plan_again();
	assert_int_equal(verdict_count(PLAN_HOLDOUT), MEMBERS);
}

static void the_budget_of_sources_ends_with_the_least_certain(void **state)
{
	(void)state;
	/* 100 ordinary sources: 1 % is about one mistake; each member is a fiftieth of one. */
	stats.sources = MEMBERS + 100;
	for (size_t i = 0; i < MEMBERS; i++)
		members[i].posterior = i < 50 ? 0.98 : 0.97;
	plan_again();
	assert_int_equal(verdict_count(PLAN_RULE), 50);
	assert_int_equal(verdict_count(PLAN_BUDGET), 50);
	assert_int_equal(plan.rows[49].verdict, PLAN_RULE);
	assert_int_equal(plan.rows[50].verdict, PLAN_BUDGET);
	assert_int_equal(plan.rows[50].action, WEIR_ACTION_OBSERVE);
	assert_true(plan.rows[50].is_written);
	assert_true(plan.share_sources <= 0.01 && plan.share_sources > 0.0098);
}

static void the_budget_of_exchanges_holds_by_itself(void **state)
{
	(void)state;
	/* Members make half of the exchanges: with .1 each by mistake that is .05 to .5 ordinary. */
	for (size_t i = 0; i < MEMBERS; i++) {
		members[i].posterior = 0.9;
		shares[i] = 0.005;
	}
	plan_again();
	assert_in_range(verdict_count(PLAN_RULE), 5, 15);
	assert_true(plan.share_exchanges <= 0.01);
	settings.budget_exchanges_share = 1;
	plan_again();
	assert_int_equal(verdict_count(PLAN_RULE), MEMBERS);
}

static void no_posterior_is_better_than_its_model(void **state)
{
	(void)state;
	stats.sources = MEMBERS + 9;
	for (size_t i = 0; i < MEMBERS; i++)
		members[i].posterior = 1;
	plan_again();
	/* A thousandth of a mistake each, in nine ordinary sources: 1 % is reached at ninety. */
	assert_in_range(verdict_count(PLAN_RULE), 89, 91);
}

static void where_nobody_is_ordinary_the_budget_lets_nothing_through(void **state)
{
	(void)state;
	stats.sources = MEMBERS;
	plan_again();
	assert_int_equal(verdict_count(PLAN_BUDGET), MEMBERS);
	assert_true(plan.share_sources == 0);
}

static void what_is_enforced_keeps_its_place_in_the_budget(void **state)
{
	(void)state;
	stats.sources = MEMBERS + 100;
	for (size_t i = 0; i < MEMBERS; i++)
		members[i].posterior = 0.98;
	plan_enforce();
	assert_int_equal(plan.rows[0].verdict, PLAN_RULE);
	/* The others have become more certain; those under rules stay under rules. */
	for (size_t i = 60; i < MEMBERS; i++)
		members[i].posterior = 0.985;
	plan_again();
	assert_int_equal(plan.rows[0].verdict, PLAN_RULE);
	assert_int_equal(plan.rows[99].verdict, PLAN_BUDGET);
}

static void modes_that_do_not_enforce_observe(void **state)
{
	(void)state;
	inputs.mode = WEIR_MODE_PROPOSE;
	first_row_is(PLAN_MODE, "mode is propose: observed");
	assert_int_equal(plan.rows[0].action, WEIR_ACTION_OBSERVE);
	assert_true(plan.share_sources > 0);
	inputs.mode = WEIR_MODE_OFF;
	first_row_is(PLAN_MODE, "mode is off: observed");
	assert_true(plan.rows[0].is_written);
}

static void every_verdict_has_words(void **state)
{
	(void)state;
	for (int i = 0; i < PLAN_VERDICT_MAX; i++)
		assert_true(strlen(plan_verdict_text((enum plan_verdict)i)) > 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		world_test(listed_members_of_a_confirmed_fleet_get_the_action),
		world_test(only_a_confirmed_fleet_gets_rules),
		world_test(an_allow_wins_over_everything),
		world_test(an_allow_inside_an_ipv6_source_wins_too),
		world_test(an_ipv6_source_gets_a_rule_on_its_prefix),
		world_test(a_shared_or_big_source_never_gets_a_rule),
		world_test(a_member_without_concealment_gets_no_rule),
		world_test(without_a_day_of_history_members_are_only_observed),
		world_test(the_operators_word_stands_for_level_concealment_and_history),
		world_test(the_holdout_is_a_stable_share),
		world_test(the_budget_of_sources_ends_with_the_least_certain),
		world_test(the_budget_of_exchanges_holds_by_itself),
		world_test(no_posterior_is_better_than_its_model),
		world_test(where_nobody_is_ordinary_the_budget_lets_nothing_through),
		world_test(what_is_enforced_keeps_its_place_in_the_budget),
		world_test(modes_that_do_not_enforce_observe),
		world_test(every_verdict_has_words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
