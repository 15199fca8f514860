/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "core/rule.h"

/* Rules: who finds room in a full table, which ids are nobody's, and what a clock that went back changes. */

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static struct rule rule_on(uint8_t last, uint8_t action, uint8_t origin)
{
	char text[NET_TEXT_MAX];
	struct rule rule = { .action = action,
			     .origin = origin,
			     .expires_unix_ns = action == WEIR_ACTION_ALLOW ? 0 : 100,
			     .list = "",
			     .reason = "a reason",
			     .by = "a test" };

	snprintf(text, sizeof(text), "192.0.2.%u", last);
	assert_int_equal(net_parse(text, &rule.net), 0);
	return rule;
}

static uint32_t put(struct rules *rules, uint8_t last, uint8_t action, uint8_t origin)
{
	struct rule rule = rule_on(last, action, origin);
	uint32_t id = 0;

	assert_int_equal(rules_put(rules, &rule, &id), 0);
	return id;
}

static void a_full_table_has_room_for_guards_and_guards_take_none_of_it(void **state)
{
	struct rules *rules = rules_new(2);
	struct rule guards[] = { rule_on(1, WEIR_ACTION_ALLOW, WEIR_ORIGIN_GUARD),
				 rule_on(2, WEIR_ACTION_ALLOW, WEIR_ORIGIN_GUARD),
				 rule_on(3, WEIR_ACTION_ALLOW, WEIR_ORIGIN_GUARD) };
	struct rule one_more = rule_on(9, WEIR_ACTION_DROP, WEIR_ORIGIN_OPERATOR);
	struct rules_replaced got;

	(void)state;
	put(rules, 7, WEIR_ACTION_DROP, WEIR_ORIGIN_OPERATOR);
	assert_int_equal(rules_replace(rules, WEIR_ORIGIN_GUARD, "", guards, 3, false, &got), 0);
	assert_int_equal(got.added, 3);
	put(rules, 8, WEIR_ACTION_DROP, WEIR_ORIGIN_OPERATOR);
	assert_int_equal(rules_put(rules, &one_more, NULL), -ENOSPC);
	assert_true(rules_is_allowed(rules, &guards[2].net, NULL));
	assert_int_equal(rules_replace(rules, WEIR_ORIGIN_GUARD, "", guards, 1, false, &got), 0);
	assert_int_equal(got.removed, 2);
	assert_int_equal(rules_put(rules, &one_more, NULL), -ENOSPC);
	rules_free(rules);
}

static void an_id_whose_rule_went_is_told_once_and_a_resumed_one_never(void **state)
{
	struct rules *rules = rules_new(16);
	struct rule resumed = rule_on(5, WEIR_ACTION_DROP, WEIR_ORIGIN_OPERATOR);
	struct net gone = rule_on(1, 0, 0).net;
	uint32_t ids[4], id = put(rules, 1, WEIR_ACTION_DROP, WEIR_ORIGIN_OPERATOR);

	(void)state;
	resumed.id = 7;
	assert_int_equal(rules_put(rules, &resumed, NULL), 0);
	assert_int_equal(rules_take_released(rules, ids, 4), 0);
	assert_int_equal(rules_remove(rules, &gone, false, WEIR_ORIGIN_OPERATOR, NULL), 1);
	assert_int_equal(rules_take_released(rules, ids, 4), 1);
	assert_int_equal(ids[0], id);
	assert_int_equal(rules_take_released(rules, ids, 4), 0);
	rules_free(rules);
}

static void many_released_ids_come_in_parts(void **state)
{
	struct rules *rules = rules_new(1024);
	bool seen[1025] = { false };
	uint32_t ids[100];
	size_t count, sum = 0;

	(void)state;
	for (unsigned i = 0; i < 1000; i++) {
		struct rule rule = rule_on(1, WEIR_ACTION_DROP, WEIR_ORIGIN_OPERATOR);

		rule.net.addr[13] = (uint8_t)(i >> 8);
		rule.net.addr[14] = (uint8_t)i;
		assert_int_equal(rules_put(rules, &rule, NULL), 0);
	}
	assert_int_equal(rules_expire(rules, 100), 1000);
	while ((count = rules_take_released(rules, ids, 100))) {
		for (size_t i = 0; i < count; i++) {
			assert_false(seen[ids[i]]);
			seen[ids[i]] = true;
		}
		sum += count;
	}
	assert_int_equal(sum, 1000);
	rules_free(rules);
}

static void a_clamp_shortens_what_denies_and_writes_it_again(void **state)
{
	struct rules *rules = rules_new(16);
	struct rule allow = rule_on(3, WEIR_ACTION_ALLOW, WEIR_ORIGIN_OPERATOR);
	uint32_t late = put(rules, 1, WEIR_ACTION_DROP, WEIR_ORIGIN_OPERATOR), early;
	struct rule_change changes[4];
	struct rule rule = rule_on(2, WEIR_ACTION_DROP, WEIR_ORIGIN_OPERATOR);
	size_t count;

	(void)state;
	rule.expires_unix_ns = 10;
	assert_int_equal(rules_put(rules, &rule, &early), 0);
	allow.expires_unix_ns = 90;
	assert_int_equal(rules_put(rules, &allow, &allow.id), 0);
	count = rules_changes(rules, changes, 4);
	rules_mark_written(rules, changes, count);
	assert_int_equal(rules_clamp(rules, 50), 1);
	assert_int_equal(rules_by_id(rules, late)->expires_unix_ns, 50);
	assert_int_equal(rules_by_id(rules, early)->expires_unix_ns, 10);
	assert_int_equal(rules_by_id(rules, allow.id)->expires_unix_ns, 90);
	assert_int_equal(rules_changes(rules, changes, 4), 1);
	assert_int_equal(changes[0].rule->id, late);
	assert_int_equal(rules_clamp(rules, 50), 0);
	rules_free(rules);
}

static int id_sum(const struct rule *rule, void *arg)
{
	uint32_t *sum = arg;

	*sum = *sum * 10 + rule->id;
	return 0;
}

static void a_walk_begins_behind_the_id_it_is_given(void **state)
{
	struct rules *rules = rules_new(16);
	uint32_t digits = 0;

	(void)state;
	for (uint8_t i = 1; i <= 4; i++)
		put(rules, i, WEIR_ACTION_DROP, WEIR_ORIGIN_OPERATOR);
	assert_int_equal(rules_each_after(rules, 2, id_sum, &digits), 0);
	assert_int_equal(digits, 34);
	digits = 0;
	assert_int_equal(rules_each_after(rules, 99, id_sum, &digits), 0);
	assert_int_equal(digits, 0);
	assert_int_equal(rules_each(rules, id_sum, &digits), 0);
	assert_int_equal(digits, 1234);
	rules_free(rules);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_full_table_has_room_for_guards_and_guards_take_none_of_it),
		cmocka_unit_test(an_id_whose_rule_went_is_told_once_and_a_resumed_one_never),
		cmocka_unit_test(many_released_ids_come_in_parts),
		cmocka_unit_test(a_clamp_shortens_what_denies_and_writes_it_again),
		cmocka_unit_test(a_walk_begins_behind_the_id_it_is_given),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
