/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#pragma once

/*
 * The fleets that are followed: cohorts of scan after scan, with the evidence added up over days.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/cohort.h"
#include "core/fleet.h"

struct followed {
	struct fleet fleet;
	double banked_db[FAMILY_MAX]; /* of the days that are over; of level families always 0 */
	double today_db[FAMILY_MAX];
	uint64_t spoken_ns;  /* last scan at which its score was above 0 */
	uint64_t matched_ns; /* last scan that found its cohort */
	bool is_concealed;
	bool is_dirty;
};

struct fleets {
	struct followed **items;
	size_t count, room;
	char (*removed)[FLEET_ID_MAX]; /* since the last save */
	size_t removed_count, removed_room;
};

void fleets_clear(struct fleets *fleets);
struct followed *fleets_find(const struct fleets *fleets, const char *id);
/* Takes over the followed fleet, also on failure. */
int fleets_put(struct fleets *fleets, struct followed *followed);

/*
 * Matches the cohorts of a scan to fleets or founds new ones, sets members, evidence and levels. 0
 * or -ENOMEM.
 */
int fleets_update(struct fleets *fleets, const struct snapshot *snapshot,
		  const struct cohorts *cohorts);
/* The evidence day is over: what it gave is kept, up to the caps. */
void fleets_bank(struct fleets *fleets);
/* States by silence; forgets what never was suspected or is gone for long:
 * how many, or -ENOMEM. */
int fleets_age(struct fleets *fleets, const struct detect_settings *settings, uint64_t now_ns);
/* Sets a source's fleet, or every source's: of several the one with the highest score. */
void fleets_link_source(const struct fleets *fleets, struct source *source);
void fleets_link(const struct fleets *fleets, const struct profiles *profiles);

/* Family totals, scores and level of one fleet from its decibans (fleet_level.c). */
void followed_score(struct followed *followed);
void followed_explain(struct followed *followed, const struct cohort *cohort);
bool followed_may_confirm(const struct followed *followed, const struct detect_settings *settings);
void fleets_judge_levels(struct fleets *fleets, const struct snapshot *snapshot, size_t cohorts);
double followed_family_db(const struct followed *followed, enum family family);
/*
 * Smallest score among those that e-BH at alpha rejects; INFINITY: none (Wang and Ramdas 2022).
 * Sorts scores.
 */
double discovery_threshold_db(double *scores_db, size_t count, size_t tests, double alpha);

/* Members of one fleet from its cohort (fleet_members.c). 0 or -ENOMEM. */
int followed_set_members(struct followed *followed, const struct snapshot *snapshot,
			 const struct cohort *cohort);
