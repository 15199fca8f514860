/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "core/plan.h"

/* The plan over time: renewal, running out, and rolling back unless confirmed. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "unit/plan_world.h"

static void a_rule_keeps_its_end_until_half_its_life_then_doubles(void **state)
{
	uint64_t first_end = NOW_NS + DAY_NS;

	(void)state;
	plan_enforce();
	inputs.now_unix_ns = NOW_NS + 11 * HOUR_NS;
	plan_enforce();
	assert_int_equal(plan.rows[0].expires_unix_ns, first_end);
	inputs.now_unix_ns = NOW_NS + 12 * HOUR_NS;
	plan_enforce();
	assert_int_equal(plan.rows[0].expires_unix_ns, NOW_NS + 2 * DAY_NS);
	inputs.now_unix_ns = NOW_NS + DAY_NS;
	plan_enforce();
	assert_int_equal(plan.rows[0].expires_unix_ns, NOW_NS + 4 * DAY_NS);
	inputs.ttl_max_ns = 3 * DAY_NS;
	inputs.now_unix_ns = NOW_NS + 3 * DAY_NS;
	plan_enforce();
	assert_int_equal(plan.rows[0].expires_unix_ns, NOW_NS + 6 * DAY_NS);
}

static void the_rules_of_a_silent_fleet_run_out(void **state)
{
	(void)state;
	plan_enforce();
	fleet.state = FLEET_DORMANT;
	inputs.now_unix_ns = NOW_NS + 20 * HOUR_NS;
	plan_enforce();
	assert_int_equal(plan.rows[0].expires_unix_ns, NOW_NS + DAY_NS);
	inputs.now_unix_ns = NOW_NS + DAY_NS;
	rules_expire(rules, inputs.now_unix_ns);
	first_row_is(PLAN_DORMANT, "silent");
	assert_false(plan.rows[0].is_written);
}

static void an_unconfirmed_plan_rolls_back_and_stays_so(void **state)
{
	(void)state;
	settings.commit_confirm_ns = HOUR_NS;
	plan_enforce();
	assert_int_equal(plan.rows[0].verdict, PLAN_RULE);
	inputs.now_unix_ns += HOUR_NS - 1;
	plan_enforce();
	assert_int_equal(plan.rows[0].verdict, PLAN_RULE);
	inputs.now_unix_ns += 1;
	plan_enforce();
	assert_int_equal(plan.rows[0].verdict, PLAN_ROLLED_BACK);
	assert_int_equal(plan.rows[0].action, WEIR_ACTION_OBSERVE);
	for (int i = 0; i < 100; i++) {
		inputs.now_unix_ns += 10 * HOUR_NS;
		rules_expire(rules, inputs.now_unix_ns);
		plan_enforce();
		assert_int_equal(verdict_count(PLAN_ROLLED_BACK), MEMBERS);
	}
	fleet.word = FLEET_OPERATOR_CONFIRMED;
	plan_enforce();
	assert_int_equal(verdict_count(PLAN_RULE), MEMBERS);
}

static void switching_to_enforce_starts_the_time_to_confirm(void **state)
{
	(void)state;
	settings.commit_confirm_ns = HOUR_NS;
	inputs.mode = WEIR_MODE_PROPOSE;
	plan_enforce();
	inputs.now_unix_ns += 5 * HOUR_NS;
	inputs.mode = WEIR_MODE_ENFORCE;
	plan_enforce();
	assert_int_equal(plan.rows[0].verdict, PLAN_RULE);
	assert_int_equal(plan.rows[0].expires_unix_ns, inputs.now_unix_ns + DAY_NS);
	inputs.now_unix_ns += HOUR_NS / 2;
	plan_enforce();
	assert_int_equal(plan.rows[0].verdict, PLAN_RULE);
	inputs.now_unix_ns += HOUR_NS / 2;
	plan_enforce();
	assert_int_equal(plan.rows[0].verdict, PLAN_ROLLED_BACK);
}

static void a_member_no_longer_listed_loses_its_rule(void **state)
{
	(void)state;
	plan_enforce();
	assert_int_equal(rules_count(rules), MEMBERS);
	members[0].is_listed = false;
	plan_enforce();
	assert_int_equal(rules_count(rules), MEMBERS - 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		world_test(a_rule_keeps_its_end_until_half_its_life_then_doubles),
		world_test(the_rules_of_a_silent_fleet_run_out),
		world_test(an_unconfirmed_plan_rolls_back_and_stays_so),
		world_test(switching_to_enforce_starts_the_time_to_confirm),
		world_test(a_member_no_longer_listed_loses_its_rule),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
