/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "core/rule.h"

/* Rules by the thousand: random steps against a naive list, and a million at once. */

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#define CHANGES_MAX 64

/* ---- against a naive list ---------------------------------------------------------------- */

#define MODEL_MAX 200
#define MODEL_STEPS 20000

struct model {
	struct rule rules[MODEL_MAX];
	size_t count;
	/* What a map would hold after all changes so far. */
	struct rule written[MODEL_MAX * 4];
	size_t written_count;
};

static bool same_key(const struct rule *a, const struct rule *b)
{
	return net_compare(&a->net, &b->net) == 0 && a->origin == b->origin &&
	       strcmp(a->list, b->list) == 0 &&
	       (a->action == WEIR_ACTION_ALLOW) == (b->action == WEIR_ACTION_ALLOW);
}

static struct rule random_rule(void)
{
	static const char *const lists[] = { "", "a", "b" };
	static const uint8_t lengths[] = { 96, 104, 112, 120, 124, 128 };
	struct rule rule = { .reason = "a reason", .by = "a test" };

	assert_int_equal(net_parse("10.0.0.0", &rule.net), 0);
	rule.net.addr[13] = (uint8_t)(rand() % 2);
	rule.net.addr[15] = (uint8_t)(rand() % 32);
	rule.net.prefix_len = lengths[(size_t)rand() % sizeof(lengths)];
	if (rand() % 4 == 0)
		memset(rule.net.addr, rand() % 2, 12);
	net_mask(&rule.net);
	rule.action = (uint8_t)(rand() % WEIR_ACTION_MAX);
	rule.origin = (uint8_t)(rand() % 2 ? WEIR_ORIGIN_LIST : WEIR_ORIGIN_OPERATOR);
	rule.list = lists[rand() % 3];
	rule.expires_unix_ns = (uint64_t)(1 + rand() % 1000);
	rule.limit_per_min = (uint16_t)(rand() % 2);
	return rule;
}

static void model_put(struct model *model, const struct rule *rule)
{
	for (size_t i = 0; i < model->count; i++)
		if (same_key(&model->rules[i], rule)) {
			model->rules[i] = *rule;
			return;
		}
	model->rules[model->count++] = *rule;
}

static void model_remove_if(struct model *model, bool (*is_gone)(const struct rule *, const void *),
			    const void *arg)
{
	size_t left = 0;

	for (size_t i = 0; i < model->count; i++)
		if (!is_gone(&model->rules[i], arg))
			model->rules[left++] = model->rules[i];
	model->count = left;
}

static bool is_same_key(const struct rule *rule, const void *arg)
{
	return same_key(rule, arg);
}

static bool is_same_list(const struct rule *rule, const void *arg)
{
	const struct rule *other = arg;

	return rule->origin == other->origin && strcmp(rule->list, other->list) == 0;
}

static bool is_expired(const struct rule *rule, const void *arg)
{
	return rule->expires_unix_ns <= *(const uint64_t *)arg;
}

static void step_replace(struct rules *rules, struct model *model)
{
	struct rule with[8], like = random_rule();
	struct rules_replaced got;
	size_t before = model->count, count = (size_t)rand() % 9;

	for (size_t i = 0; i < count; i++) {
		with[i] = random_rule();
		with[i].origin = like.origin;
		with[i].list = like.list;
	}
	model_remove_if(model, is_same_list, &like);
	for (size_t i = 0; i < count; i++)
		model_put(model, &with[i]);
	assert_int_equal(rules_replace(rules, like.origin, like.list, with, count, false, &got), 0);
	assert_int_equal(before + got.added - got.removed, model->count);
}

static void step(struct rules *rules, struct model *model, uint64_t *now)
{
	struct rule rule = random_rule();
	int what = rand() % 100;

	if (what < 60 && model->count < MODEL_MAX - 10) {
		assert_int_equal(rules_put(rules, &rule, NULL), 0);
		model_put(model, &rule);
	} else if (what < 85) {
		if (model->count && rand() % 2)
			rule = model->rules[(size_t)rand() % model->count];
		rules_remove(rules, &rule.net, rule.action == WEIR_ACTION_ALLOW, rule.origin,
			     rule.list);
		model_remove_if(model, is_same_key, &rule);
	} else if (what < 97) {
		step_replace(rules, model);
	} else {
		*now = (uint64_t)(rand() % 100);
		rules_expire(rules, *now);
		model_remove_if(model, is_expired, now);
	}
}

static const struct rule *model_effective(const struct model *model, const struct net *net,
					  bool is_allow)
{
	const struct rule *best = NULL;

	for (size_t i = 0; i < model->count; i++) {
		const struct rule *rule = &model->rules[i];

		if (net_compare(&rule->net, net) || (rule->action == WEIR_ACTION_ALLOW) != is_allow)
			continue;
		if (!best || rule->action > best->action ||
		    (rule->action == best->action && rule->expires_unix_ns > best->expires_unix_ns))
			best = rule;
	}
	return best;
}

static void model_write(struct model *model, const struct rule_change *change)
{
	bool is_allow = change->map == RULE_MAP_ALLOW4 || change->map == RULE_MAP_ALLOW6;
	size_t i = 0;

	while (i < model->written_count &&
	       (net_compare(&model->written[i].net, &change->net) ||
		(model->written[i].action == WEIR_ACTION_ALLOW) != is_allow))
		i++;
	assert_int_equal(change->was_written, i < model->written_count);
	if (!change->rule) {
		assert_true(i < model->written_count);
		model->written[i] = model->written[--model->written_count];
		return;
	}
	model->written[i] = *change->rule;
	model->written_count += i == model->written_count;
}

/* Some changes only, as if a write had stopped half way; or all. */
static void write_some(struct rules *rules, struct model *model, bool is_all)
{
	struct rule_change changes[MODEL_MAX * 4];
	size_t count = rules_changes(rules, changes, is_all ? MODEL_MAX * 4 : 5);

	for (size_t i = 0; i < count; i++)
		model_write(model, &changes[i]);
	rules_mark_written(rules, changes, count);
}

static int covering_count(const struct rule *rule, void *arg)
{
	(void)rule;
	++*(size_t *)arg;
	return 0;
}

static void compare_queries(const struct rules *rules, const struct model *model)
{
	struct rule probe = random_rule();
	size_t covering = 0, expected = 0;
	bool is_allowed = false, is_overlapping = false;

	for (size_t i = 0; i < model->count; i++) {
		const struct rule *rule = &model->rules[i];
		bool is_allow = rule->action == WEIR_ACTION_ALLOW;

		expected += net_contains(&rule->net, &probe.net);
		is_allowed |= is_allow && net_contains(&rule->net, &probe.net);
		is_overlapping |= is_allow && net_overlaps(&rule->net, &probe.net);
	}
	rules_each_covering(rules, &probe.net, covering_count, &covering);
	assert_int_equal(covering, expected);
	assert_int_equal(rules_is_allowed(rules, &probe.net, NULL), is_allowed);
	assert_int_equal(rules_overlaps_allow(rules, &probe.net, NULL), is_overlapping);
}

static void compare_written(struct rules *rules, struct model *model)
{
	struct rule_change change;

	write_some(rules, model, true);
	assert_int_equal(rules_changes(rules, &change, 1), 0);
	for (size_t i = 0; i < model->written_count; i++) {
		const struct rule *written = &model->written[i];
		const struct rule *best =
			model_effective(model, &written->net, written->action == WEIR_ACTION_ALLOW);

		assert_non_null(best);
		assert_int_equal(written->action, best->action);
		assert_int_equal(written->expires_unix_ns, best->expires_unix_ns);
	}
	for (size_t i = 0; i < model->count; i++) {
		bool is_found = false;

		for (size_t j = 0; j < model->written_count; j++)
			is_found |= net_compare(&model->written[j].net, &model->rules[i].net) == 0;
		assert_true(is_found);
	}
}

static void random_steps_agree_with_a_naive_list(void **state)
{
	struct rules *rules = rules_new(4096);
	struct model *model = calloc(1, sizeof(*model));
	uint64_t now = 0;

	(void)state;
	assert_non_null(rules);
	assert_non_null(model);
	srand(11);
	for (int i = 0; i < MODEL_STEPS; i++) {
		step(rules, model, &now);
		assert_int_equal(rules_count(rules), model->count);
		compare_queries(rules, model);
		if (rand() % 7 == 0)
			write_some(rules, model, false);
		if (rand() % 50 == 0)
			compare_written(rules, model);
	}
	rules_free(rules);
	free(model);
}

/* ---- a million ------------------------------------------------------------------------------ */

#define MILLION 1000000u

static double seconds_since(const struct timespec *start)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)(now.tv_sec - start->tv_sec) + (double)(now.tv_nsec - start->tv_nsec) / 1e9;
}

static void a_million_rules_are_replaced_and_written(void **state)
{
	struct rule *with = calloc(MILLION, sizeof(*with));
	struct rules *rules = rules_new(MILLION);
	struct rule_change changes[CHANGES_MAX];
	struct rules_replaced got;
	struct timespec start;
	size_t count, written = 0;

	(void)state;
	assert_non_null(with);
	for (uint32_t i = 0; i < MILLION; i++) {
		with[i] = (struct rule){ .net = { .addr = { [10] = 0xff, [11] = 0xff, [12] = 10 },
						  .prefix_len = 128 },
					 .action = WEIR_ACTION_DROP,
					 .expires_unix_ns = 5,
					 .reason = "a list",
					 .by = "a test" };
		with[i].net.addr[13] = (uint8_t)(i >> 16);
		with[i].net.addr[14] = (uint8_t)(i >> 8);
		with[i].net.addr[15] = (uint8_t)i;
	}
	clock_gettime(CLOCK_MONOTONIC, &start);
	assert_int_equal(rules_replace(rules, WEIR_ORIGIN_LIST, "a", with, MILLION, false, &got),
			 0);
	assert_int_equal(got.added, MILLION);
	print_message("# a million rules added in %.2f s", seconds_since(&start));
	assert_int_equal(rules_replace(rules, WEIR_ORIGIN_LIST, "a", with, MILLION, false, &got),
			 0);
	assert_int_equal(got.kept, MILLION);
	print_message(", refreshed by %.2f s", seconds_since(&start));
	while ((count = rules_changes(rules, changes, CHANGES_MAX)) > 0) {
		rules_mark_written(rules, changes, count);
		written += count;
	}
	assert_int_equal(written, MILLION);
	assert_int_equal(rules_expire(rules, 5), MILLION);
	print_message(", written and expired by %.2f s\n", seconds_since(&start));
	assert_int_equal(rules_count(rules), 0);
	rules_free(rules);
	free(with);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(random_steps_agree_with_a_naive_list),
		cmocka_unit_test(a_million_rules_are_replaced_and_written),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
