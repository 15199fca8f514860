/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#pragma once

/* The blast budget: which rows of a plan may be enforced before too many ordinary ones are hit by mistake. */

#include "core/plan.h"

/* What the budget needs to know of the member behind a row. */
struct plan_member {
	const struct fleet *fleet;
	const struct fleet_member *member;
	double share;	  /* of all recent exchanges */
	bool is_enforced; /* has an enforcing rule now */
};

/* Turns PLAN_RULE into PLAN_BUDGET where the budget ends; members[i] belongs to plan->rows[i]. Fills
 * the plan's shares. 0 or -ENOMEM. */
int plan_budget_apply(struct plan *plan, const struct plan_member *members,
		      const struct plan_inputs *inputs);
