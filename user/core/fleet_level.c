/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */

/* Turns a fleet's decibans into its scores, its sentences and its level. */

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/fleets.h"

#define SCORE_MAX_DB 60
#define FAMILY_SPEAKS_DB 3 /* odds of two: below it a family does not count as one of three */
#define FAMILIES_MIN 3
#define LISTED_SHARE 0.95   /* of the members in sight, before the first of them is blocked.. */
#define LISTED_WAIT_SHARE 8 /* ..or this part of an evidence day after it was suspected */
#define UNSPOKEN_DAYS_MAX                                                                          \
	7 /* evidence days with a score of 0 before a confirmed fleet is one no longer */

double followed_family_db(const struct followed *followed, enum family family)
{
	double cap = family_traits[family].cap_db;

	return stats_clamp(followed->banked_db[family] + followed->today_db[family], -cap, cap);
}

void followed_score(struct followed *followed)
{
	double coordination = 0, concealment = 0;

	for (int family = 0; family < FAMILY_MAX; family++) {
		double db = followed_family_db(followed, (enum family)family);

		if (family_traits[family].question == EVIDENCE_COORDINATION)
			coordination += db;
		else
			concealment += db;
	}
	followed->fleet.score_db = stats_clamp(coordination, 0, SCORE_MAX_DB);
	followed->fleet.concealment_db = stats_clamp(concealment, 0, SCORE_MAX_DB);
	followed->is_dirty = true;
}

static double family_weight(const struct cohort *cohort, enum family family)
{
	double weight = 0;

	for (size_t i = 0; i < cohort->finding_count; i++)
		if (cohort->findings[i].family == family)
			weight += exp(cohort->findings[i].log_ratio);
	return weight;
}

/* Older sentences of families that were silent today stay. */
static size_t keep_silent(struct fleet *fleet, const struct cohort *cohort)
{
	size_t kept = 0;

	for (size_t i = 0; i < fleet->evidence_count; i++) {
		bool speaks = false;

		for (size_t j = 0; j < cohort->finding_count; j++)
			speaks |= strcmp(fleet->evidence[i].family,
					 family_traits[cohort->findings[j].family].name) == 0;
		if (!speaks)
			fleet->evidence[kept++] = fleet->evidence[i];
	}
	return kept;
}

/*
 * A family's decibans are shared out among its tests by their ratios, so that the list adds up to
 * the score.
 */
void followed_explain(struct followed *followed, const struct cohort *cohort)
{
	struct fleet *fleet = &followed->fleet;

	fleet->evidence_count = keep_silent(fleet, cohort);
	for (size_t i = 0; i < cohort->finding_count; i++) {
		const struct finding *finding = &cohort->findings[i];
		const struct family_traits *traits = &family_traits[finding->family];
		double share = exp(finding->log_ratio) / family_weight(cohort, finding->family);
		struct evidence *evidence;

		if (fleet->evidence_count == EVIDENCE_MAX)
			return;
		evidence = &fleet->evidence[fleet->evidence_count++];
		memset(evidence, 0, sizeof(*evidence));
		snprintf(evidence->test, sizeof(evidence->test), "%s", finding->test);
		snprintf(evidence->family, sizeof(evidence->family), "%s", traits->name);
		evidence->question = traits->question;
		evidence->db = share * followed_family_db(followed, finding->family);
		evidence->figure = finding->figure;
		memcpy(evidence->why, finding->why, sizeof(evidence->why));
	}
}

static int families_speaking(const struct followed *followed)
{
	int families = 0;

	for (int family = 0; family < FAMILY_MAX; family++)
		families += family_traits[family].question == EVIDENCE_COORDINATION &&
			    followed_family_db(followed, (enum family)family) >= FAMILY_SPEAKS_DB;
	return families;
}

static size_t concealed_members(const struct fleet *fleet)
{
	size_t members = 0;

	for (size_t i = 0; i < fleet->member_count; i++)
		members += fleet->members[i].is_listed &&
			   fleet->members[i].concealment_db >= CONCEALMENT_LISTED_DB;
	return members;
}

bool followed_may_confirm(const struct followed *followed, const struct detect_settings *settings)
{
	const struct fleet *fleet = &followed->fleet;

	return fleet->score_db >= settings->confirmed_db &&
	       fleet->concealment_db >= settings->confirmed_concealment_db &&
	       families_speaking(followed) >= FAMILIES_MIN &&
	       concealed_members(fleet) >= settings->confirmed_members_min;
}

static int compare_down(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x < y) - (x > y);
}

double discovery_threshold_db(double *scores_db, size_t count, size_t tests, double alpha)
{
	double threshold = INFINITY;

	qsort(scores_db, count, sizeof(*scores_db), compare_down);
	for (size_t k = 1; k <= count; k++)
		if ((double)k * stats_ratio(scores_db[k - 1]) >= (double)tests / alpha)
			threshold = scores_db[k - 1];
	return threshold;
}

/*
 * Confirmed is left only when nothing has spoken for it for a week, or when what it hid is
 * explained.
 */
static bool is_still_confirmed(const struct followed *followed,
			       const struct detect_settings *settings, uint64_t now_ns)
{
	const struct fleet *fleet = &followed->fleet;

	return fleet->level == FLEET_CONFIRMED &&
	       now_ns - followed->spoken_ns <= UNSPOKEN_DAYS_MAX * settings->evidence_day_ns &&
	       fleet->concealment_db >= settings->confirmed_concealment_db / 2;
}

/*
 * Blocked members hand their load to the rest, which then no longer looks like them and stays: in
 * the lab 5 of 60. So a fleet is not confirmed while a good part of it is still being listed.
 */
static bool members_are_listed(const struct followed *followed,
			       const struct detect_settings *settings, uint64_t now_ns)
{
	const struct fleet *fleet = &followed->fleet;
	uint64_t wait_ns = settings->evidence_day_ns / LISTED_WAIT_SHARE;
	size_t listed = 0;

	for (size_t i = 0; i < fleet->member_count; i++)
		listed += fleet->members[i].is_listed;
	return (double)listed >= LISTED_SHARE * (double)fleet->member_count ||
	       now_ns - fleet->first_suspected_unix_ns >= wait_ns;
}

/* Up one scan after it was suspected, so that no single look decides. */
static enum fleet_level level_of(const struct followed *followed, const struct snapshot *snapshot,
				 double threshold_db)
{
	const struct detect_settings *settings = snapshot->settings;
	const struct fleet *fleet = &followed->fleet;

	if (is_still_confirmed(followed, settings, snapshot->now_ns))
		return FLEET_CONFIRMED;
	if (fleet->level >= FLEET_SUSPECT && fleet->score_db >= threshold_db &&
	    followed_may_confirm(followed, settings) &&
	    members_are_listed(followed, settings, snapshot->now_ns))
		return FLEET_CONFIRMED;
	return fleet->score_db >= settings->suspect_db ? FLEET_SUSPECT : FLEET_WATCH;
}

static void level_set(struct followed *followed, enum fleet_level level, uint64_t now_ns)
{
	struct fleet *fleet = &followed->fleet;

	if (level >= FLEET_SUSPECT && fleet->first_suspected_unix_ns == 0)
		fleet->first_suspected_unix_ns = now_ns;
	if (level == FLEET_CONFIRMED && fleet->first_confirmed_unix_ns == 0)
		fleet->first_confirmed_unix_ns = now_ns;
	followed->is_dirty |= level != fleet->level;
	fleet->level = level;
}

void fleets_judge_levels(struct fleets *fleets, const struct snapshot *snapshot, size_t cohorts)
{
	double *scores = malloc((fleets->count + 1) * sizeof(*scores)), threshold = INFINITY;

	for (size_t i = 0; i < fleets->count && scores; i++)
		scores[i] = fleets->items[i]->fleet.score_db;
	if (scores)
		threshold =
			discovery_threshold_db(scores, fleets->count,
					       cohorts > fleets->count ? cohorts : fleets->count,
					       snapshot->settings->false_discovery_alpha);
	free(scores);
	for (size_t i = 0; i < fleets->count; i++) {
		struct followed *followed = fleets->items[i];

		if (followed->fleet.score_db > 0 || followed->spoken_ns == 0)
			followed->spoken_ns = snapshot->now_ns;
		level_set(followed, level_of(followed, snapshot, threshold), snapshot->now_ns);
	}
}
