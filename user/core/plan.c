/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "core/plan_judge.h"

/* Turns fleets into rows (member, verdict, why) by the guard rails, and rows into rules. */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <weir/bounds.h>

#define NS_PER_S 1000000000ULL

static const char *const verdict_texts[PLAN_VERDICT_MAX] = {
	[PLAN_RULE] = "member of a confirmed fleet",
	[PLAN_NOT_CONFIRMED] = "fleet not confirmed",
	[PLAN_DISMISSED] = "fleet dismissed by the operator",
	[PLAN_ALLOWED] = "allowed",
	[PLAN_SHARED] = "shared address",
	[PLAN_TOO_BIG] = "too large a share of all exchanges",
	[PLAN_NO_CONCEALMENT] = "too little concealment of its own",
	[PLAN_NO_HISTORY] = "observed: too little history",
	[PLAN_HOLDOUT] = "observed: held out to measure mistakes",
	[PLAN_BUDGET] = "observed: the budget is used up",
	[PLAN_MODE] = "observed: the mode does not enforce",
	[PLAN_ROLLED_BACK] = "observed: not confirmed in time, rolled back",
	[PLAN_DORMANT] = "fleet is silent",
};

const char *plan_verdict_text(enum plan_verdict verdict)
{
	return verdict < PLAN_VERDICT_MAX ? verdict_texts[verdict] : "unknown";
}

static bool verdict_is_soft(enum plan_verdict verdict)
{
	return verdict == PLAN_NO_HISTORY || verdict == PLAN_HOLDOUT || verdict == PLAN_BUDGET ||
	       verdict == PLAN_MODE || verdict == PLAN_ROLLED_BACK;
}

static const struct rule *rule_of(const struct fleet_case *fleet, const struct net *source)
{
	return rules_find(fleet->inputs->rules, source, false, WEIR_ORIGIN_FLEET, fleet->fleet->id);
}

static bool rule_is_enforcing(const struct rule *rule)
{
	return rule && rule->action != WEIR_ACTION_OBSERVE;
}

/* When the rule of a row ends: a new one after the ttl, a living one later from its half-life on. */
static uint64_t expiry_of(const struct fleet_case *fleet, const struct plan_row *row)
{
	const struct plan_inputs *in = fleet->inputs;
	const struct rule *old = rule_of(fleet, &row->source);
	uint64_t ttl_max_ns = in->ttl_max_ns ? in->ttl_max_ns : WEIR_TTL_MAX_S * NS_PER_S;
	uint64_t end_max_ns = in->now_unix_ns + ttl_max_ns;
	uint64_t end_ns = in->now_unix_ns + in->settings->ttl_ns;
	bool is_same = old && old->action == row->action;

	if (is_same && old->expires_unix_ns > in->now_unix_ns) {
		uint64_t life_ns = old->expires_unix_ns - old->created_unix_ns;

		if (in->now_unix_ns < old->created_unix_ns + life_ns / 2)
			return old->expires_unix_ns;
		end_ns = old->expires_unix_ns + life_ns;
	}
	if (end_ns > end_max_ns)
		end_ns = end_max_ns;
	return is_same && old->expires_unix_ns > end_ns ? old->expires_unix_ns : end_ns;
}

/* Verdict, action and expiry, once the budget has spoken. */
static void row_finish(const struct fleet_case *fleet, struct plan_row *row)
{
	const struct rule *old = rule_of(fleet, &row->source);

	if (row->verdict == PLAN_RULE)
		row->verdict = plan_judge_late(fleet, row);
	row->is_written = row->verdict == PLAN_RULE || verdict_is_soft(row->verdict);
	if (!row->is_written)
		return;
	row->action =
		row->verdict == PLAN_RULE ? fleet->inputs->settings->action : WEIR_ACTION_OBSERVE;
	if (fleet->fleet->state == FLEET_ACTIVE) {
		row->expires_unix_ns = expiry_of(fleet, row);
		return;
	}
	row->is_written = old && old->expires_unix_ns > fleet->inputs->now_unix_ns;
	row->expires_unix_ns = row->is_written ? old->expires_unix_ns : 0;
	if (!row->is_written)
		row->verdict =
			plan_say(row, PLAN_DORMANT, "fleet %s is silent: a rule comes when it does",
				 fleet->fleet->id);
}

static struct fleet_case fleet_case_of(const struct plan_inputs *inputs, const struct fleet *fleet)
{
	struct fleet_case result = { .inputs = inputs,
				     .fleet = fleet,
				     .is_operators = fleet->word == FLEET_OPERATOR_CONFIRMED };

	for (size_t i = 0; i < fleet->member_count; i++) {
		const struct rule *rule = rule_of(&result, &fleet->members[i].source);
		bool is_enforcing = rule_is_enforcing(rule);

		if (rule && strcmp(rule->reason, verdict_texts[PLAN_ROLLED_BACK]) == 0)
			result.is_rolled_back = true;
		if (is_enforcing &&
		    (!result.enforced_unix_ns || rule->created_unix_ns < result.enforced_unix_ns))
			result.enforced_unix_ns = rule->created_unix_ns;
	}
	return result;
}

static void fleet_add(const struct plan_inputs *inputs, const struct fleet *fleet,
		      struct plan *plan, struct plan_member *members)
{
	struct fleet_case judged = fleet_case_of(inputs, fleet);

	for (size_t i = 0; i < fleet->member_count; i++) {
		const struct fleet_member *member = &fleet->members[i];
		struct plan_row *row = &plan->rows[plan->count];
		struct plan_member *of_row = &members[plan->count];

		if (!member->is_listed)
			continue;
		row->source = member->source;
		snprintf(row->fleet, sizeof(row->fleet), "%s", fleet->id);
		of_row->fleet = fleet;
		of_row->member = member;
		of_row->share = engine_share(inputs->engine, &member->source);
		of_row->is_enforced = rule_is_enforcing(rule_of(&judged, &member->source));
		row->verdict = plan_judge_member(&judged, of_row, row);
		plan->count++;
	}
}

/* Rows come fleet by fleet, so that each fleet's case is made once. */
static void rows_finish(const struct plan_inputs *inputs, struct plan *plan,
			const struct plan_member *members)
{
	struct fleet_case judged = { 0 };

	for (size_t i = 0; i < plan->count; i++) {
		if (i == 0 || members[i].fleet != members[i - 1].fleet)
			judged = fleet_case_of(inputs, members[i].fleet);
		row_finish(&judged, &plan->rows[i]);
	}
}

int plan_make(const struct plan_inputs *inputs, struct plan *out)
{
	struct plan plan = { .made_unix_ns = inputs->now_unix_ns };
	struct plan_member *members;
	size_t fleet_count, max = 1;
	const struct fleet *const *fleets = engine_fleets(inputs->engine, &fleet_count);
	int err = -ENOMEM;

	for (size_t i = 0; i < fleet_count; i++)
		max += fleets[i]->member_count;
	plan.rows = calloc(max, sizeof(*plan.rows));
	members = calloc(max, sizeof(*members));
	if (plan.rows && members) {
		for (size_t i = 0; i < fleet_count; i++)
			if (fleets[i]->state != FLEET_GONE)
				fleet_add(inputs, fleets[i], &plan, members);
		err = plan_budget_apply(&plan, members, inputs);
	}
	if (!err) {
		rows_finish(inputs, &plan, members);
		*out = plan;
	} else {
		plan_clear(&plan);
	}
	free(members);
	return err;
}

void plan_clear(struct plan *plan)
{
	free(plan->rows);
	*plan = (struct plan){ 0 };
}

int plan_rules(const struct plan *plan, const struct engine *engine, struct rule **rules,
	       size_t *count)
{
	struct rule *out = calloc(plan->count + 1, sizeof(*out));
	size_t written = 0;

	(void)engine;
	if (!out)
		return -ENOMEM;
	for (size_t i = 0; i < plan->count; i++) {
		const struct plan_row *row = &plan->rows[i];

		if (!row->is_written)
			continue;
		out[written++] = (struct rule){ .net = row->source,
						.action = row->action,
						.origin = WEIR_ORIGIN_FLEET,
						.expires_unix_ns = row->expires_unix_ns,
						.created_unix_ns = plan->made_unix_ns,
						.list = row->fleet,
						.reason = verdict_texts[row->verdict],
						.by = "fleet" };
	}
	*rules = out;
	*count = written;
	return 0;
}
