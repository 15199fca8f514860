/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#pragma once

/*
 * What each source's relay gap says about a hidden leg, against ordinary sources and its network.
 */

#include <stdbool.h>

#include "core/snapshot.h"

#define CONCEALMENT_CAP_DB 15 /* of the relay gap's family */
#define CONCEALMENT_LISTED_DB                                                                      \
	3.0 /* from here on a source counts as concealed when cohorts are split */

/*
 * Gaps of ordinary sources: most are direct (Student's t over ln gap), a share has a hidden leg
 * too.
 */
struct concealment {
	double witnesses;      /* ordinary sources with a timed gap; 0: too few, nothing is known */
	double ordinary_share; /* of them with a hidden leg */
	double ordinary_gap_us;	       /* their median */
	double log_middle, log_spread; /* of the direct ones */
};

/* Fills concealment_db of every row; suspects are no witnesses. 0 or -ENOMEM. */
int concealment_measure(struct snapshot *snapshot, struct concealment *out);
bool row_is_concealed(const struct row *row);
bool row_is_open(const struct row *row);
/* Likelihood ratio of a gap: hidden leg against ordinary, of whom `share` have a hidden leg. */
double concealment_ratio(const struct concealment *ordinary, double gap_us, double share);
