/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#pragma once

/*
 * Who belongs to a cohort: a mixture of the cohort and its background, fitted from a block's
 * sources.
 */

#include <stdbool.h>
#include <stddef.h>

#include "core/snapshot.h"

/*
 * The cohort: normal, members' own difference (quota, persona) and sampling noise; the background:
 * heavy-tailed.
 */
struct mixture {
	double share; /* of the cohort among the sources looked at */
	double mean[FEATURE_MAX];
	double own_sd[FEATURE_MAX];   /* of the members' true means */
	double noise_sd[FEATURE_MAX]; /* of one session's value */
	double middle[FEATURE_MAX];   /* of the background */
	double spread[FEATURE_MAX];
	/* By stack_index, while fitting: what speaks against a stack; else NULL. */
	double *stack_log_odds;
};

enum membership_side {
	MEMBERSHIP_A,
	MEMBERSHIP_ALL
};

struct membership_inputs {
	const struct snapshot *snapshot;
	enum membership_side side; /* half A chooses, both halves list */
	/* Rows that may be members; NULL: all. Others stay in the background. */
	bool (*is_eligible)(const struct row *row);
};

/*
 * posterior: one a row of the snapshot; on entry the seeds (1 or 0), on return the probability of
 * membership. Expectation maximisation; 0 or -ENOMEM. Without seeds all stays 0.
 */
int membership_fit(const struct membership_inputs *inputs, double *posterior, struct mixture *out);
