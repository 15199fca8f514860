/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "core/rule.h"

/* Rules: what is kept, who wins, what the maps must hold. */

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define CHANGES_MAX 64

static struct net net_of(const char *text)
{
	struct net net;

	assert_int_equal(net_parse(text, &net), 0);
	return net;
}

static struct rule rule_of(const char *net, uint8_t action, uint8_t origin, const char *list,
			   uint64_t expires_unix_ns)
{
	return (struct rule){ .net = net_of(net),
			      .action = action,
			      .origin = origin,
			      .list = list,
			      .expires_unix_ns = expires_unix_ns,
			      .reason = "a reason",
			      .by = "a test" };
}

static uint32_t put(struct rules *rules, const char *net, uint8_t action, uint8_t origin,
		    const char *list, uint64_t expires_unix_ns)
{
	struct rule rule = rule_of(net, action, origin, list, expires_unix_ns);
	uint32_t id = 0;

	assert_int_equal(rules_put(rules, &rule, &id), 0);
	assert_int_not_equal(id, 0);
	return id;
}

static int rules_setup(void **state)
{
	*state = rules_new(4096);
	return *state ? 0 : -1;
}

static int rules_teardown(void **state)
{
	rules_free(*state);
	return 0;
}

/* Takes all changes, marks them written, and returns their number; the last one is in *change. */
static size_t changes_take(struct rules *rules, struct rule_change *change)
{
	struct rule_change changes[CHANGES_MAX];
	size_t count = rules_changes(rules, changes, CHANGES_MAX);

	assert_true(count < CHANGES_MAX);
	if (count)
		*change = changes[count - 1];
	rules_mark_written(rules, changes, count);
	return count;
}

static void an_update_keeps_id_and_birth(void **state)
{
	struct rules *rules = *state;
	struct rule rule = rule_of("192.0.2.1", WEIR_ACTION_DROP, WEIR_ORIGIN_OPERATOR, "", 100);
	uint32_t first, second;

	rule.created_unix_ns = 5;
	assert_int_equal(rules_put(rules, &rule, &first), 0);
	rule.created_unix_ns = 9;
	rule.expires_unix_ns = 200;
	rule.reason = "another reason";
	assert_int_equal(rules_put(rules, &rule, &second), 0);
	assert_int_equal(first, second);
	assert_int_equal(rules_count(rules), 1);
	assert_int_equal(rules_by_id(rules, first)->created_unix_ns, 5);
	assert_int_equal(rules_by_id(rules, first)->expires_unix_ns, 200);
	assert_string_equal(rules_by_id(rules, first)->reason, "another reason");
}

static void another_action_is_a_new_beginning(void **state)
{
	struct rules *rules = *state;
	struct rule rule = rule_of("192.0.2.1", WEIR_ACTION_OBSERVE, WEIR_ORIGIN_FLEET, "f-1", 100);
	uint32_t first, second;

	rule.created_unix_ns = 5;
	assert_int_equal(rules_put(rules, &rule, &first), 0);
	rule.created_unix_ns = 9;
	rule.action = WEIR_ACTION_DROP;
	assert_int_equal(rules_put(rules, &rule, &second), 0);
	assert_int_equal(first, second);
	assert_int_equal(rules_by_id(rules, first)->created_unix_ns, 9);
}

static void a_rule_that_asks_for_its_old_id_gets_it_if_free(void **state)
{
	struct rules *rules = *state;
	struct rule rule = rule_of("192.0.2.1", WEIR_ACTION_DROP, WEIR_ORIGIN_OPERATOR, "", 100);
	uint32_t id;

	rule.id = 1000;
	assert_int_equal(rules_put(rules, &rule, &id), 0);
	assert_int_equal(id, 1000);
	rule.net = net_of("192.0.2.2");
	assert_int_equal(rules_put(rules, &rule, &id), 0);
	assert_int_not_equal(id, 1000);
	rule.net = net_of("192.0.2.3");
	rule.id = UINT32_MAX;
	assert_int_equal(rules_put(rules, &rule, &id), 0);
	assert_in_range(id, 1, 4096);
	assert_null(rules_by_id(rules, 999));
	assert_null(rules_by_id(rules, 0));
}

static void what_makes_no_sense_is_refused(void **state)
{
	struct rules *rules = *state;
	struct rule rule = rule_of("192.0.2.1", WEIR_ACTION_DROP, WEIR_ORIGIN_OPERATOR, "", 0);

	assert_int_equal(rules_put(rules, &rule, NULL), -EINVAL);
	rule.action = WEIR_ACTION_MAX;
	rule.expires_unix_ns = 1;
	assert_int_equal(rules_put(rules, &rule, NULL), -EINVAL);
	rule.action = WEIR_ACTION_DROP;
	rule.origin = WEIR_ORIGIN_MAX;
	assert_int_equal(rules_put(rules, &rule, NULL), -EINVAL);
	assert_int_equal(rules_count(rules), 0);
}

static void the_strongest_action_wins_then_the_latest_expiry(void **state)
{
	struct rules *rules = *state;
	struct rule_change change;
	uint32_t drop, late;

	put(rules, "192.0.2.1", WEIR_ACTION_OBSERVE, WEIR_ORIGIN_FLEET, "f-1", 900);
	drop = put(rules, "192.0.2.1", WEIR_ACTION_DROP, WEIR_ORIGIN_LIST, "a", 100);
	put(rules, "192.0.2.1", WEIR_ACTION_LIMIT, WEIR_ORIGIN_LIST, "b", 800);
	assert_int_equal(changes_take(rules, &change), 1);
	assert_int_equal(change.map, RULE_MAP_HOST);
	assert_int_equal(change.rule->id, drop);
	late = put(rules, "192.0.2.1", WEIR_ACTION_DROP, WEIR_ORIGIN_LIST, "c", 300);
	assert_int_equal(changes_take(rules, &change), 1);
	assert_int_equal(change.rule->id, late);
	assert_true(change.was_written);
	/* A weaker rule that goes leaves the map as it is. */
	assert_int_equal(rules_remove(rules, &change.net, false, WEIR_ORIGIN_LIST, "b"), 1);
	assert_int_equal(changes_take(rules, &change), 0);
}

static void allow_and_deny_live_in_maps_of_their_own(void **state)
{
	struct rules *rules = *state;
	struct rule_change changes[CHANGES_MAX];
	static const enum rule_map maps[] = { RULE_MAP_ALLOW4, RULE_MAP_NET4, RULE_MAP_ALLOW6,
					      RULE_MAP_NET6, RULE_MAP_HOST };

	put(rules, "192.0.2.0/24", WEIR_ACTION_ALLOW, WEIR_ORIGIN_OPERATOR, "", 0);
	put(rules, "192.0.2.0/24", WEIR_ACTION_DROP, WEIR_ORIGIN_OPERATOR, "", 10);
	put(rules, "2001:db8::1", WEIR_ACTION_ALLOW, WEIR_ORIGIN_GUARD, "", 0);
	put(rules, "2001:db8::/64", WEIR_ACTION_DROP, WEIR_ORIGIN_LIST, "x", 10);
	put(rules, "2001:db8::1", WEIR_ACTION_RESET, WEIR_ORIGIN_LIST, "x", 10);
	assert_int_equal(rules_changes(rules, changes, CHANGES_MAX), 5);
	for (size_t i = 0; i < 5; i++)
		assert_int_equal(changes[i].map, maps[i]);
}

static void a_rule_that_came_and_went_unwritten_leaves_no_change(void **state)
{
	struct rules *rules = *state;
	struct net net = net_of("192.0.2.1");
	struct rule_change change;

	put(rules, "192.0.2.1", WEIR_ACTION_DROP, WEIR_ORIGIN_OPERATOR, "", 10);
	assert_int_equal(rules_remove(rules, &net, false, WEIR_ORIGIN_OPERATOR, NULL), 1);
	assert_int_equal(changes_take(rules, &change), 0);
}

static void a_written_rule_that_goes_is_deleted_once(void **state)
{
	struct rules *rules = *state;
	struct rule_change change;

	put(rules, "192.0.2.1", WEIR_ACTION_DROP, WEIR_ORIGIN_OPERATOR, "", 10);
	assert_int_equal(changes_take(rules, &change), 1);
	assert_int_equal(rules_expire(rules, 9), 0);
	assert_int_equal(rules_expire(rules, 10), 1);
	assert_int_equal(changes_take(rules, &change), 1);
	assert_null(change.rule);
	assert_int_equal(changes_take(rules, &change), 0);
}

static void changes_not_marked_come_again(void **state)
{
	struct rules *rules = *state;
	struct rule_change changes[CHANGES_MAX];

	put(rules, "192.0.2.1", WEIR_ACTION_DROP, WEIR_ORIGIN_OPERATOR, "", 10);
	put(rules, "192.0.2.2", WEIR_ACTION_DROP, WEIR_ORIGIN_OPERATOR, "", 10);
	assert_int_equal(rules_changes(rules, changes, CHANGES_MAX), 2);
	rules_mark_written(rules, changes, 1);
	assert_int_equal(rules_changes(rules, changes, CHANGES_MAX), 1);
	assert_int_equal(changes[0].net.addr[15], 2);
	rules_mark_written(rules, changes, 1);
	rules_mark_all_dirty(rules);
	assert_int_equal(rules_changes(rules, changes, CHANGES_MAX), 2);
	assert_true(changes[0].was_written);
}

static void a_rule_that_goes_while_all_is_written_again_is_deleted(void **state)
{
	struct rules *rules = *state;
	struct rule_change change;

	put(rules, "192.0.2.1", WEIR_ACTION_DROP, WEIR_ORIGIN_OPERATOR, "", 10);
	assert_int_equal(changes_take(rules, &change), 1);
	rules_mark_all_dirty(rules);
	assert_int_equal(rules_expire(rules, 10), 1);
	assert_int_equal(changes_take(rules, &change), 1);
	assert_null(change.rule);
	assert_int_equal(changes_take(rules, &change), 0);
}

static void only_the_own_origin_and_list_is_removed(void **state)
{
	struct rules *rules = *state;
	struct net net = net_of("192.0.2.1");

	put(rules, "192.0.2.1", WEIR_ACTION_DROP, WEIR_ORIGIN_LIST, "a", 10);
	put(rules, "192.0.2.1", WEIR_ACTION_DROP, WEIR_ORIGIN_LIST, "b", 10);
	put(rules, "192.0.2.1", WEIR_ACTION_DROP, WEIR_ORIGIN_OPERATOR, "", 10);
	put(rules, "192.0.2.1", WEIR_ACTION_ALLOW, WEIR_ORIGIN_OPERATOR, "", 10);
	assert_int_equal(rules_remove(rules, &net, false, WEIR_ORIGIN_MAP, NULL), 0);
	assert_int_equal(rules_remove(rules, &net, false, WEIR_ORIGIN_LIST, "c"), 0);
	assert_int_equal(rules_remove(rules, &net, false, WEIR_ORIGIN_LIST, "a"), 1);
	assert_int_equal(rules_remove(rules, &net, false, WEIR_ORIGIN_OPERATOR, NULL), 1);
	assert_int_equal(rules_count(rules), 2);
	assert_true(rules_is_allowed(rules, &net, NULL));
}

static void a_list_is_replaced_whole_and_idempotently(void **state)
{
	struct rules *rules = *state;
	struct rule with[4] = {
		rule_of("192.0.2.3", WEIR_ACTION_DROP, WEIR_ORIGIN_LIST, "a", 20),
		rule_of("192.0.2.1", WEIR_ACTION_DROP, WEIR_ORIGIN_LIST, "a", 20),
		rule_of("192.0.2.3", WEIR_ACTION_DROP, WEIR_ORIGIN_LIST, "a", 30),
		rule_of("198.51.100.0/24", WEIR_ACTION_DROP, WEIR_ORIGIN_LIST, "a", 20),
	};
	struct rules_replaced got;
	uint32_t kept = put(rules, "192.0.2.1", WEIR_ACTION_DROP, WEIR_ORIGIN_LIST, "a", 10);

	put(rules, "192.0.2.2", WEIR_ACTION_DROP, WEIR_ORIGIN_LIST, "a", 10);
	put(rules, "192.0.2.2", WEIR_ACTION_DROP, WEIR_ORIGIN_LIST, "b", 10);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(rules_replace(rules, WEIR_ORIGIN_LIST, "a", with, 4, i == 0, &got),
				 0);
		assert_int_equal(got.added, 2);
		assert_int_equal(got.removed, 1);
		assert_int_equal(got.kept, 1);
		assert_int_equal(rules_count(rules), i == 0 ? 3 : 4);
	}
	assert_int_equal(rules_by_id(rules, kept)->expires_unix_ns, 20);
	assert_int_equal(rules_replace(rules, WEIR_ORIGIN_LIST, "a", with, 4, false, &got), 0);
	assert_int_equal(got.kept, 3);
	assert_int_equal(got.added + got.removed, 0);
	assert_int_equal(rules_replace(rules, WEIR_ORIGIN_LIST, "a", NULL, 0, false, &got), 0);
	assert_int_equal(got.removed, 3);
	assert_int_equal(rules_count(rules), 1);
}

static void a_list_too_large_changes_nothing(void **state)
{
	struct rules *rules = rules_new(2);
	struct rule with[3] = {
		rule_of("192.0.2.1", WEIR_ACTION_DROP, WEIR_ORIGIN_LIST, "a", 20),
		rule_of("192.0.2.2", WEIR_ACTION_DROP, WEIR_ORIGIN_LIST, "a", 20),
		rule_of("192.0.2.3", WEIR_ACTION_DROP, WEIR_ORIGIN_LIST, "a", 20),
	};
	struct rule_change change;
	struct rules_replaced got = { .added = 77 };

	(void)state;
	put(rules, "192.0.2.9", WEIR_ACTION_DROP, WEIR_ORIGIN_LIST, "a", 10);
	assert_int_equal(changes_take(rules, &change), 1);
	assert_int_equal(rules_replace(rules, WEIR_ORIGIN_LIST, "a", with, 3, true, &got), -ENOSPC);
	assert_int_equal(rules_replace(rules, WEIR_ORIGIN_LIST, "a", with, 3, false, &got),
			 -ENOSPC);
	assert_int_equal(got.added, 77);
	assert_int_equal(rules_count(rules), 1);
	assert_int_equal(changes_take(rules, &change), 0);
	/* Two fit, since the old one makes room. */
	assert_int_equal(rules_replace(rules, WEIR_ORIGIN_LIST, "a", with, 2, false, &got), 0);
	assert_int_equal(rules_put(rules, &with[2], NULL), -ENOSPC);
	rules_free(rules);
}

struct seen {
	uint8_t lengths[16];
	size_t count;
};

static int length_note(const struct rule *rule, void *arg)
{
	struct seen *seen = arg;

	seen->lengths[seen->count++] = rule->net.prefix_len;
	return 0;
}

static void covering_rules_come_widest_first(void **state)
{
	struct rules *rules = *state;
	struct net net = net_of("10.1.2.3");
	struct seen seen = { .count = 0 };

	put(rules, "10.1.2.3", WEIR_ACTION_DROP, WEIR_ORIGIN_OPERATOR, "", 10);
	put(rules, "10.0.0.0/8", WEIR_ACTION_DROP, WEIR_ORIGIN_OPERATOR, "", 10);
	put(rules, "10.1.2.0/24", WEIR_ACTION_ALLOW, WEIR_ORIGIN_OPERATOR, "", 0);
	put(rules, "10.1.3.0/24", WEIR_ACTION_DROP, WEIR_ORIGIN_OPERATOR, "", 10);
	put(rules, "2001:db8::/32", WEIR_ACTION_DROP, WEIR_ORIGIN_OPERATOR, "", 10);
	assert_int_equal(rules_each_covering(rules, &net, length_note, &seen), 0);
	assert_int_equal(seen.count, 3);
	assert_int_equal(seen.lengths[0], 104);
	assert_int_equal(seen.lengths[1], 120);
	assert_int_equal(seen.lengths[2], 128);
}

static void overlap_with_an_allow_is_seen_both_ways(void **state)
{
	struct rules *rules = *state;
	const struct rule *which = NULL;
	struct net wide = net_of("10.0.0.0/8"), inside = net_of("10.1.2.128/25");
	struct net beside = net_of("10.1.3.0/24"), six = net_of("::/0");
	uint32_t id = put(rules, "10.1.2.0/24", WEIR_ACTION_ALLOW, WEIR_ORIGIN_OPERATOR, "", 0);

	assert_true(rules_overlaps_allow(rules, &wide, &which));
	assert_int_equal(which->id, id);
	assert_true(rules_overlaps_allow(rules, &inside, NULL));
	assert_true(rules_is_allowed(rules, &inside, NULL));
	assert_false(rules_is_allowed(rules, &wide, NULL));
	assert_false(rules_overlaps_allow(rules, &beside, NULL));
	assert_false(rules_overlaps_allow(rules, &six, NULL));
	put(rules, "2001:db8::1", WEIR_ACTION_ALLOW, WEIR_ORIGIN_OPERATOR, "", 0);
	assert_true(rules_overlaps_allow(rules, &six, NULL));
}

static void names_and_numbers_agree(void **state)
{
	(void)state;
	for (int i = 0; i < WEIR_ACTION_MAX; i++)
		assert_int_equal(rule_action_parse(rule_action_name((uint8_t)i)), i);
	for (int i = 0; i < WEIR_MODE_MAX; i++)
		assert_int_equal(mode_parse(mode_name((uint8_t)i)), i);
	assert_string_equal(rule_origin_name(WEIR_ORIGIN_GUARD), "guard");
	assert_string_equal(rule_origin_name(200), "unknown");
	assert_int_equal(rule_action_parse("dorp"), -EINVAL);
}

#define rules_test(name) cmocka_unit_test_setup_teardown(name, rules_setup, rules_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		rules_test(an_update_keeps_id_and_birth),
		rules_test(another_action_is_a_new_beginning),
		rules_test(a_rule_that_asks_for_its_old_id_gets_it_if_free),
		rules_test(what_makes_no_sense_is_refused),
		rules_test(the_strongest_action_wins_then_the_latest_expiry),
		rules_test(allow_and_deny_live_in_maps_of_their_own),
		rules_test(a_rule_that_came_and_went_unwritten_leaves_no_change),
		rules_test(a_written_rule_that_goes_is_deleted_once),
		rules_test(changes_not_marked_come_again),
		rules_test(a_rule_that_goes_while_all_is_written_again_is_deleted),
		rules_test(only_the_own_origin_and_list_is_removed),
		rules_test(a_list_is_replaced_whole_and_idempotently),
		cmocka_unit_test(a_list_too_large_changes_nothing),
		rules_test(covering_rules_come_widest_first),
		rules_test(overlap_with_an_allow_is_seen_both_ways),
		cmocka_unit_test(names_and_numbers_agree),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
