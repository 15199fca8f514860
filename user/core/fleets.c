/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */

/* Turns the cohorts of each scan into fleets with a life of their own. */

#include "core/fleets.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define OVERLAP_SHARE 0.3 /* of the smaller member set: then cohort and fleet are the same */
#define OVERLAP_MIN 5
#define ID_LETTERS 4

void fleets_clear(struct fleets *fleets)
{
	for (size_t i = 0; i < fleets->count; i++) {
		fleet_clear(&fleets->items[i]->fleet);
		free(fleets->items[i]);
	}
	free(fleets->items);
	free(fleets->removed);
	memset(fleets, 0, sizeof(*fleets));
}

struct followed *fleets_find(const struct fleets *fleets, const char *id)
{
	for (size_t i = 0; i < fleets->count; i++)
		if (strcmp(fleets->items[i]->fleet.id, id) == 0)
			return fleets->items[i];
	return NULL;
}

int fleets_put(struct fleets *fleets, struct followed *followed)
{
	if (fleets->count == fleets->room) {
		size_t room = fleets->room ? fleets->room * 2 : 16;
		struct followed **items = realloc(fleets->items, room * sizeof(struct followed *));

		if (!items) {
			fleet_clear(&followed->fleet);
			free(followed);
			return -ENOMEM;
		}
		fleets->items = items;
		fleets->room = room;
	}
	fleets->items[fleets->count++] = followed;
	return 0;
}

/* Short, from the founding members; another one where it is taken. */
static void id_give(const struct fleets *fleets, const struct snapshot *snapshot,
		    const struct cohort *cohort, char id[FLEET_ID_MAX])
{
	static const char letters[] = "abcdefghijkmnpqrstuvwxyz23456789";
	uint64_t hash = 0;

	for (size_t i = 0; i < cohort->count; i++)
		hash = stats_mix(hash,
				 net_hash(&snapshot->rows[cohort->rows[i]].source->profile.source));
	do {
		uint64_t rest = hash;

		snprintf(id, FLEET_ID_MAX, "f-");
		for (int i = 0; i < ID_LETTERS; i++, rest /= sizeof(letters) - 1)
			id[2 + i] = letters[rest % (sizeof(letters) - 1)];
		id[2 + ID_LETTERS] = '\0';
		hash = stats_mix(hash, 1);
	} while (fleets_find(fleets, id));
}

static size_t overlap(const struct followed *followed, const struct snapshot *snapshot,
		      const struct cohort *cohort)
{
	size_t both = 0;

	for (size_t i = 0; i < cohort->count; i++) {
		const struct net *net = &snapshot->rows[cohort->rows[i]].source->profile.source;

		both += fleet_find_member(&followed->fleet, net) != NULL;
	}
	return both;
}

/* The fleet that this cohort is, if any; one cohort a fleet and scan. */
static struct followed *match(const struct fleets *fleets, const struct snapshot *snapshot,
			      const struct cohort *cohort)
{
	struct followed *best = NULL;
	size_t best_overlap = 0;

	for (size_t i = 0; i < fleets->count; i++) {
		struct followed *followed = fleets->items[i];
		size_t both, smaller = followed->fleet.member_count;

		if (followed->matched_ns == snapshot->now_ns)
			continue;
		both = overlap(followed, snapshot, cohort);
		smaller = smaller < cohort->count ? smaller : cohort->count;
		if (both < OVERLAP_MIN || (double)both < OVERLAP_SHARE * (double)smaller ||
		    both <= best_overlap)
			continue;
		best = followed;
		best_overlap = both;
	}
	return best;
}

static struct followed *found(struct fleets *fleets, const struct snapshot *snapshot,
			      const struct cohort *cohort)
{
	struct followed *followed = calloc(1, sizeof(*followed));

	if (!followed)
		return NULL;
	id_give(fleets, snapshot, cohort, followed->fleet.id);
	followed->fleet.first_seen_unix_ns = snapshot->now_ns;
	if (fleets_put(fleets, followed) < 0)
		return NULL;
	return followed;
}

static double coordination_today(const double db[FAMILY_MAX])
{
	double sum = 0;

	for (int family = 0; family < FAMILY_MAX; family++)
		if (family_traits[family].question == EVIDENCE_COORDINATION)
			sum += db[family];
	return sum;
}

static int cohort_follow(struct fleets *fleets, const struct snapshot *snapshot,
			 const struct cohort *cohort)
{
	struct followed *followed = match(fleets, snapshot, cohort);
	double db[FAMILY_MAX];

	evidence_families(cohort->findings, cohort->finding_count, db);
	if (!followed) {
		if (coordination_today(db) < snapshot->settings->watch_db)
			return 0;
		followed = found(fleets, snapshot, cohort);
		if (!followed)
			return -ENOMEM;
	}
	memcpy(followed->today_db, db, sizeof(db));
	memcpy(followed->fleet.cell, cohort->cell, sizeof(followed->fleet.cell));
	followed->matched_ns = snapshot->now_ns;
	followed->is_concealed = cohort->is_concealed;
	followed->is_dirty = true;
	followed_score(followed);
	followed_explain(followed, cohort);
	return followed_set_members(followed, snapshot, cohort);
}

int fleets_update(struct fleets *fleets, const struct snapshot *snapshot,
		  const struct cohorts *cohorts)
{
	for (size_t i = 0; i < cohorts->count; i++) {
		int err = 0;

		if (cohorts->items[i].count > 0)
			err = cohort_follow(fleets, snapshot, &cohorts->items[i]);
		if (err)
			return err;
	}
	fleets_judge_levels(fleets, snapshot, cohorts->count);
	return 0;
}

void fleets_bank(struct fleets *fleets)
{
	for (size_t i = 0; i < fleets->count; i++) {
		struct followed *followed = fleets->items[i];

		for (int family = 0; family < FAMILY_MAX; family++) {
			if (family_traits[family].is_level)
				continue;
			followed->banked_db[family] =
				followed_family_db(followed, (enum family)family);
			followed->today_db[family] = 0;
		}
		followed->is_dirty = true;
	}
}

static int fleet_remove(struct fleets *fleets, size_t index)
{
	struct followed *followed = fleets->items[index];

	if (fleets->removed_count == fleets->removed_room) {
		size_t room = fleets->removed_room ? fleets->removed_room * 2 : 16;
		char(*removed)[FLEET_ID_MAX] = realloc(fleets->removed, room * sizeof(*removed));

		if (!removed)
			return -ENOMEM;
		fleets->removed = removed;
		fleets->removed_room = room;
	}
	memcpy(fleets->removed[fleets->removed_count++], followed->fleet.id, FLEET_ID_MAX);
	fleet_clear(&followed->fleet);
	free(followed);
	memmove(fleets->items + index, fleets->items + index + 1,
		(fleets->count - index - 1) * sizeof(*fleets->items));
	fleets->count--;
	return 0;
}

static uint64_t age_ns(uint64_t since_ns, uint64_t now_ns)
{
	return now_ns > since_ns ? now_ns - since_ns : 0;
}

/*
 * What was only watched and is not found again was chance; what the operator judged stays longest.
 */
static bool is_forgotten(const struct followed *followed, const struct detect_settings *settings,
			 uint64_t now_ns)
{
	const struct fleet *fleet = &followed->fleet;
	uint64_t unseen_ns = age_ns(followed->matched_ns, now_ns);

	if (fleet->word == FLEET_UNJUDGED && fleet->first_suspected_unix_ns == 0)
		return unseen_ns > settings->evidence_day_ns;
	return fleet->state == FLEET_GONE &&
	       age_ns(fleet->last_seen_unix_ns, now_ns) > settings->retention_fleets_ns;
}

int fleets_age(struct fleets *fleets, const struct detect_settings *settings, uint64_t now_ns)
{
	int removed = 0;

	for (size_t i = fleets->count; i-- > 0;) {
		struct followed *followed = fleets->items[i];
		uint64_t silent_ns = age_ns(followed->fleet.last_seen_unix_ns, now_ns);
		enum fleet_state state = FLEET_ACTIVE;

		if (silent_ns > settings->fleet_gone_ns)
			state = FLEET_GONE;
		else if (silent_ns > settings->fleet_dormant_ns)
			state = FLEET_DORMANT;
		followed->is_dirty |= state != followed->fleet.state;
		followed->fleet.state = state;
		if (is_forgotten(followed, settings, now_ns)) {
			int err = fleet_remove(fleets, i);

			if (err)
				return err;
			removed++;
		}
	}
	return removed;
}

void fleets_link_source(const struct fleets *fleets, struct source *source)
{
	const struct fleet *best = NULL;

	source->fleet = 0;
	for (size_t i = 0; i < fleets->count; i++) {
		const struct fleet *fleet = &fleets->items[i]->fleet;
		const struct fleet_member *member;

		if (fleet->state == FLEET_GONE || (best && best->score_db >= fleet->score_db))
			continue;
		member = fleet_find_member(fleet, &source->profile.source);
		if (!member || !member->is_listed)
			continue;
		best = fleet;
		source->fleet = (uint32_t)i + 1;
	}
}

void fleets_link(const struct fleets *fleets, const struct profiles *profiles)
{
	for (size_t i = 0; i < profiles->slot_count; i++)
		if (profiles->slots[i])
			fleets_link_source(fleets, profiles->slots[i]);
}
