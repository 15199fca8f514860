/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#pragma once

/* A fleet, a made-up engine that knows it, and the rules of a plan, for the tests of the plan. Include after cmocka.h;
 * it defines the engine's functions, so in one file of a program only. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/plan.h"

#define world_test(name) cmocka_unit_test_setup_teardown(name, world_setup, world_teardown)

#define HOUR_NS 3600000000000ULL
#define DAY_NS (24 * HOUR_NS)
#define NOW_NS (20000 * DAY_NS)
#define MEMBERS 100

/* ---- the made-up engine ------------------------------------------------------------------ */

static struct fleet_member members[MEMBERS];
static struct fleet fleet;
static const struct fleet *fleets[] = { &fleet };
static struct engine_stats stats;
static double shares[MEMBERS]; /* of all recent exchanges, by member */

const struct fleet *const *engine_fleets(const struct engine *engine, size_t *count)
{
	(void)engine;
	*count = 1;
	return fleets;
}

void engine_stats(const struct engine *engine, struct engine_stats *out)
{
	(void)engine;
	*out = stats;
}

double engine_share(const struct engine *engine, const struct net *source)
{
	(void)engine;
	for (size_t i = 0; i < MEMBERS; i++)
		if (net_compare(&members[i].source, source) == 0)
			return shares[i];
	return 0;
}

/* ---- each test's world --------------------------------------------------------------------- */

static struct plan_settings settings;
static struct plan_inputs inputs;
static struct rules *rules;
static struct plan plan;

static inline struct net net_of(const char *text)
{
	struct net net;

	assert_int_equal(net_parse(text, &net), 0);
	return net;
}

/* A confirmed fleet of 100 among 100,000 sources, a day old, in mode enforce: all get rules. */
static inline int world_setup(void **state)
{
	static struct config config;

	(void)state;
	config_default(&config);
	settings = config.plan;
	settings.holdout_share = 0;
	fleet = (struct fleet){ .id = "f-test",
				.level = FLEET_CONFIRMED,
				.members = members,
				.member_count = MEMBERS };
	stats = (struct engine_stats){ .sources = 100000, .exchanges = 1000000 };
	for (size_t i = 0; i < MEMBERS; i++) {
		members[i] = (struct fleet_member){ .source = net_of("10.0.0.0"),
						    .posterior = 0.99,
						    .concealment_db = 12,
						    .is_listed = true };
		members[i].source.addr[15] = (uint8_t)i;
		shares[i] = 0.0001;
	}
	rules = rules_new(4096);
	plan = (struct plan){ 0 };
	inputs = (struct plan_inputs){ .rules = rules,
				       .settings = &settings,
				       .mode = WEIR_MODE_ENFORCE,
				       .now_unix_ns = NOW_NS,
				       .history_ns = 2 * DAY_NS };
	return rules ? 0 : -1;
}

static inline int world_teardown(void **state)
{
	(void)state;
	plan_clear(&plan);
	rules_free(rules);
	return 0;
}

static inline void plan_again(void)
{
	plan_clear(&plan);
	assert_int_equal(plan_make(&inputs, &plan), 0);
}

/* Makes the plan and puts its rules in force. */
static inline void plan_enforce(void)
{
	struct rules_replaced replaced;
	struct rule *wanted;
	size_t count;

	plan_again();
	assert_int_equal(plan_rules(&plan, NULL, &wanted, &count), 0);
	assert_int_equal(rules_replace(rules, WEIR_ORIGIN_FLEET, fleet.id, wanted, count, false,
				       &replaced),
			 0);
	free(wanted);
}

static inline size_t verdict_count(enum plan_verdict verdict)
{
	size_t count = 0;

	for (size_t i = 0; i < plan.count; i++)
		count += plan.rows[i].verdict == verdict;
	return count;
}

static inline void first_row_is(enum plan_verdict verdict, const char *why)
{
	plan_again();
	if (plan.rows[0].verdict != verdict)
		fail_msg("%s, not %s: %s", plan_verdict_text(plan.rows[0].verdict),
			 plan_verdict_text(verdict), plan.rows[0].why);
	if (!strstr(plan.rows[0].why, why))
		fail_msg("'%s' does not say '%s'", plan.rows[0].why, why);
}

static inline void allow_put(const char *net)
{
	struct rule rule = { .net = net_of(net),
			     .action = WEIR_ACTION_ALLOW,
			     .origin = WEIR_ORIGIN_OPERATOR,
			     .reason = "our office" };

	assert_int_equal(rules_put(rules, &rule, NULL), 0);
}
