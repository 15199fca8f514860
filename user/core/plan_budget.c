/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "core/plan_budget.h"

/* Turns the members of a plan into the order in which they may be blocked, and ends where mistakes would cost too much. */

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

struct amounts {
	double sources, exchanges;
};

static bool fleet_is_confirmed(const struct fleet *fleet)
{
	return fleet->word != FLEET_DISMISSED &&
	       (fleet->level == FLEET_CONFIRMED || fleet->word == FLEET_OPERATOR_CONFIRMED);
}

/* Everybody minus the listed members of confirmed fleets. */
static struct amounts ordinary_of(const struct plan *plan, const struct plan_member *members,
				  const struct engine *engine)
{
	struct amounts ordinary = { .exchanges = 1 };
	struct engine_stats stats;

	engine_stats(engine, &stats);
	ordinary.sources = (double)stats.sources;
	for (size_t i = 0; i < plan->count; i++) {
		if (!fleet_is_confirmed(members[i].fleet))
			continue;
		ordinary.sources -= 1;
		ordinary.exchanges -= members[i].share;
	}
	return (struct amounts){ .sources = fmax(0, ordinary.sources),
				 .exchanges = fmax(0, ordinary.exchanges) };
}

static int by_claim(const void *a, const void *b)
{
	const struct plan_member *left = *(const struct plan_member *const *)a;
	const struct plan_member *right = *(const struct plan_member *const *)b;

	if (left->is_enforced != right->is_enforced)
		return left->is_enforced ? -1 : 1;
	if (left->member->posterior != right->member->posterior)
		return left->member->posterior > right->member->posterior ? -1 : 1;
	return net_compare(&left->member->source, &right->member->source);
}

static double share_of(double mistaken, double ordinary)
{
	return mistaken > 0 ? mistaken / (mistaken + ordinary) : 0;
}

static void row_refuse(struct plan_row *row, const struct plan_settings *settings)
{
	row->verdict = PLAN_BUDGET;
	snprintf(
		row->why, sizeof(row->why),
		"with it more than the budget of ordinary sources (%.3g %%) or exchanges (%.3g %%) "
		"could be hit by mistake: observed",
		settings->budget_sources_share * 100, settings->budget_exchanges_share * 100);
}

static void claims_grant(struct plan *plan, const struct plan_member *members,
			 const struct plan_member *const *claims, size_t count,
			 const struct plan_inputs *inputs)
{
	const struct plan_settings *settings = inputs->settings;
	struct amounts ordinary = ordinary_of(plan, members, inputs->engine);
	struct amounts mistaken = { 0, 0 };

	for (size_t i = 0; i < count; i++) {
		double error = fmax(PLAN_ERROR_MIN, 1 - claims[i]->member->posterior);
		struct amounts with = { .sources = mistaken.sources + error,
					.exchanges =
						mistaken.exchanges + error * claims[i]->share };

		if (share_of(with.sources, ordinary.sources) > settings->budget_sources_share ||
		    share_of(with.exchanges, ordinary.exchanges) > settings->budget_exchanges_share)
			row_refuse(&plan->rows[claims[i] - members], settings);
		else
			mistaken = with;
	}
	plan->share_sources = share_of(mistaken.sources, ordinary.sources);
	plan->share_exchanges = share_of(mistaken.exchanges, ordinary.exchanges);
}

int plan_budget_apply(struct plan *plan, const struct plan_member *members,
		      const struct plan_inputs *inputs)
{
	const struct plan_member **claims = calloc(plan->count + 1, sizeof(*claims));
	size_t count = 0;

	if (!claims)
		return -ENOMEM;
	for (size_t i = 0; i < plan->count; i++)
		if (plan->rows[i].verdict == PLAN_RULE)
			claims[count++] = &members[i];
	qsort(claims, count, sizeof(*claims), by_claim);
	claims_grant(plan, members, claims, count, inputs);
	free(claims);
	return 0;
}
