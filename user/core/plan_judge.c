/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "core/plan_judge.h"

/* Turns one member into a verdict with its reason, by the guard rails in their order. */

#include <math.h>
#include <stdarg.h>
#include <stdio.h>

#define TEXT_MAX 32 /* of a duration */

enum plan_verdict plan_say(struct plan_row *row, enum plan_verdict verdict, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(row->why, sizeof(row->why), format, args);
	va_end(args);
	return verdict;
}

static bool is_in_shared_sources(const struct plan_settings *settings, const struct net *source)
{
	for (size_t i = 0; i < settings->shared_source_count; i++)
		if (net_overlaps(&settings->shared_sources[i], source))
			return true;
	return false;
}

/* SplitMix64 over key and source: the same answer each tick, unknown to who has not the key. */
static bool is_held_out(const struct plan_inputs *inputs, const struct net *source)
{
	uint64_t x = net_hash(source) + (inputs->holdout_key + 1) * 0x9e3779b97f4a7c15ULL;

	x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ULL;
	x = (x ^ (x >> 27)) * 0x94d049bb133111ebULL;
	x ^= x >> 31;
	return ldexp((double)(x >> 11), -53) < inputs->settings->holdout_share;
}

/* PLAN_RULE: nothing about the fleet as a whole speaks against rules. */
static enum plan_verdict fleet_judge(const struct fleet_case *fleet, struct plan_row *row)
{
	const struct fleet *f = fleet->fleet;

	if (f->word == FLEET_DISMISSED)
		return plan_say(row, PLAN_DISMISSED, "the operator dismissed fleet %s", f->id);
	if (f->level != FLEET_CONFIRMED && !fleet->is_operators)
		return plan_say(row, PLAN_NOT_CONFIRMED, "fleet %s is %s, not confirmed", f->id,
				fleet_level_name(f->level));
	return PLAN_RULE;
}

/* What makes a rule on this source wrong whatever its fleet is. */
static enum plan_verdict source_judge(const struct fleet_case *fleet,
				      const struct plan_member *member, struct plan_row *row)
{
	const struct plan_settings *settings = fleet->inputs->settings;
	const struct rule *allow = NULL;
	char net[NET_TEXT_MAX];

	if (rules_overlaps_allow(fleet->inputs->rules, &row->source, &allow)) {
		net_format(&allow->net, net);
		return plan_say(row, PLAN_ALLOWED, "allowed by %s (%s%s%.60s)", net,
				rule_origin_name(allow->origin), *allow->reason ? ": " : "",
				allow->reason);
	}
	if (is_in_shared_sources(settings, &row->source))
		return plan_say(row, PLAN_SHARED,
				"in shared_sources: many clients stand behind it");
	if (net_is_too_wide(&row->source))
		return plan_say(row, PLAN_SHARED, "wider than a rule may be without --force");
	if (member->member->is_shared)
		return plan_say(row, PLAN_SHARED,
				"several stacks or too much at once: many clients stand behind it");
	if (member->share > settings->shared_source_share)
		return plan_say(row, PLAN_TOO_BIG,
				"makes %.3g %% of all exchanges, more than %.3g %%",
				member->share * 100, settings->shared_source_share * 100);
	return PLAN_RULE;
}

/* What the evidence is still too thin for. */
static enum plan_verdict evidence_judge(const struct fleet_case *fleet,
					const struct fleet_member *member, struct plan_row *row)
{
	const struct plan_settings *settings = fleet->inputs->settings;
	char have[TEXT_MAX], need[TEXT_MAX];

	if (fleet->is_operators)
		return PLAN_RULE;
	/* Written so that a NAN is too little. */
	if (!(member->concealment_db >= settings->member_concealment_db))
		return plan_say(row, PLAN_NO_CONCEALMENT,
				"its own concealment is %.1f dB, a rule needs %.1f dB",
				member->concealment_db, settings->member_concealment_db);
	if (fleet->inputs->history_ns >= settings->history_min_ns)
		return PLAN_RULE;
	duration_format(fleet->inputs->history_ns, have, sizeof(have));
	duration_format(settings->history_min_ns, need, sizeof(need));
	return plan_say(row, PLAN_NO_HISTORY,
			"weir has seen %s of traffic, enforcing needs %s: observed", have, need);
}

enum plan_verdict plan_judge_member(const struct fleet_case *fleet,
				    const struct plan_member *member, struct plan_row *row)
{
	enum plan_verdict verdict = fleet_judge(fleet, row);

	if (verdict == PLAN_RULE)
		verdict = source_judge(fleet, member, row);
	if (verdict == PLAN_RULE)
		verdict = evidence_judge(fleet, member->member, row);
	if (verdict == PLAN_RULE && is_held_out(fleet->inputs, &row->source))
		return plan_say(row, PLAN_HOLDOUT,
				"held out: observed only, so that mistakes show");
	if (verdict == PLAN_RULE)
		plan_say(row, verdict,
			 "member of fleet %s with probability %.3f, concealment %.1f dB",
			 fleet->fleet->id, member->member->posterior,
			 member->member->concealment_db);
	return verdict;
}

enum plan_verdict plan_judge_late(const struct fleet_case *fleet, struct plan_row *row)
{
	uint64_t window_ns = fleet->inputs->settings->commit_confirm_ns;
	/* A clock that was set back makes no rule older than it is. */
	bool is_over = fleet->enforced_unix_ns &&
		       fleet->inputs->now_unix_ns >= fleet->enforced_unix_ns + window_ns;
	char window[TEXT_MAX];

	if (fleet->inputs->mode != WEIR_MODE_ENFORCE)
		return plan_say(row, PLAN_MODE, "mode is %s: observed",
				mode_name(fleet->inputs->mode));
	if (fleet->is_operators || !window_ns)
		return PLAN_RULE;
	if (!fleet->is_rolled_back && !is_over)
		return PLAN_RULE;
	duration_format(window_ns, window, sizeof(window));
	return plan_say(row, PLAN_ROLLED_BACK,
			"nobody confirmed fleet %s within %s: rolled back, observed",
			fleet->fleet->id, window);
}
