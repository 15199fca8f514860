/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#pragma once

/* The guard rails: what is said of one member of one fleet. */

#include "core/plan_budget.h"

/* What is the same for all members of a fleet. */
struct fleet_case {
	const struct plan_inputs *inputs;
	const struct fleet *fleet;
	bool is_operators;	   /* the operator confirmed it */
	bool is_rolled_back;	   /* it was, and nobody has spoken since */
	uint64_t enforced_unix_ns; /* when its first enforcing rule came; 0: none */
};

/* Sets why, and returns verdict. */
enum plan_verdict plan_say(struct plan_row *row, enum plan_verdict verdict, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
/* The rails before the budget. */
enum plan_verdict plan_judge_member(const struct fleet_case *fleet,
				    const struct plan_member *member, struct plan_row *row);
/* The rails behind the budget; they do not free any of it. */
enum plan_verdict plan_judge_late(const struct fleet_case *fleet, struct plan_row *row);
