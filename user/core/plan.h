/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#pragma once

/* From confirmed fleets to the rules that should be in force, within the guard rails, saying why not where not. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/config.h"
#include "core/engine.h"
#include "core/rule.h"

/*
 * Why a member gets no rule, or only an observing one. The rails stand in this order, the first that holds decides.
 * The operator's word for a fleet (FLEET_OPERATOR_CONFIRMED) takes the place of level, concealment, history
 * and commit-confirm; allow, shared, size, holdout, budget and mode hold all the same.
 */
enum plan_verdict {
	PLAN_RULE, /* the action asked for */
	PLAN_NOT_CONFIRMED,
	PLAN_DISMISSED,
	PLAN_ALLOWED,	     /* an allow rule overlaps it */
	PLAN_SHARED,	     /* shared address or shared_sources */
	PLAN_TOO_BIG,	     /* above shared_source_share of all exchanges */
	PLAN_NO_CONCEALMENT, /* the member's own concealment is too small */
	PLAN_NO_HISTORY,     /* ledger younger than history_min: observed */
	PLAN_HOLDOUT,	     /* observed only, to measure mistakes */
	PLAN_BUDGET,	     /* the blast budget is used up: observed */
	PLAN_MODE,	     /* mode propose or off: written as observe */
	PLAN_ROLLED_BACK, /* not confirmed within commit_confirm: observed until the operator says so */
	PLAN_DORMANT,	  /* the fleet is silent: a rule runs out, none is made */
	PLAN_VERDICT_MAX,
};

struct plan_row {
	struct net source; /* IPv6: the source's whole prefix */
	char fleet[FLEET_ID_MAX];
	enum plan_verdict verdict;
	uint8_t action; /* what will be written; WEIR_ACTION_OBSERVE for the soft verdicts; undefined if !is_written */
	bool is_written;
	uint64_t expires_unix_ns;
	char why[160];
};

/*
 * The budget. Ordinary is who is listed in no confirmed fleet. Of a member with posterior r, the part 1 - r (at
 * least PLAN_ERROR_MIN: no posterior is better than its model) is ordinary by mistake. With A the sum of these
 * parts over the members under an enforcing rule, and O what is ordinary, A / (A + O) must stay within the
 * budget; once in sources, once in recent exchanges. Rules that are enforced already are counted first,
 * then members by falling posterior, so that what does not fit is what is least certain.
 */
#define PLAN_ERROR_MIN 0.001

struct plan {
	struct plan_row *rows; /* listed members of all living fleets, by fleet */
	size_t count;
	double share_exchanges; /* of recent ordinary exchanges that would fall under rules: the budget's figure */
	double share_sources;
	uint64_t made_unix_ns;
};

struct plan_inputs {
	const struct engine *engine;
	const struct rules
		*rules; /* allow rules, and own earlier rules (renewal, commit-confirm) */
	const struct plan_settings *settings;
	uint8_t mode; /* enum weir_mode */
	uint64_t now_unix_ns;
	uint64_t history_ns;
	uint64_t ttl_max_ns; /* rules.ttl_max; 0: WEIR_TTL_MAX_S */
	uint64_t
		holdout_key; /* secret, stable: which members are observed only must not be guessed */
};

/*
 * A new rule lives settings->ttl_ns. While its fleet is active it is renewed in the second half of its life, each time to
 * twice the life it had, at most ttl_max_ns from now: who stays is kept longer and written seldom.
 * 0 or -ENOMEM.
 */
int plan_make(const struct plan_inputs *inputs, struct plan *out);
void plan_clear(struct plan *plan);
const char *plan_verdict_text(enum plan_verdict verdict);
/* The plan's written rows as rules of origin FLEET, list = fleet id; caller frees. Their strings live as long as the plan. */
int plan_rules(const struct plan *plan, const struct engine *engine, struct rule **rules,
	       size_t *count);
