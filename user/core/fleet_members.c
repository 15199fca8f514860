/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */

/*
 * Turns a cohort's posteriors into a fleet's members, old ones kept while nothing speaks against
 * them.
 */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/fleets.h"

#define UNLISTED_BELOW 0.5 /* a listed member stays listed down to here: no flapping */

static struct fleet_member member_of(const struct row *row, double posterior)
{
	const struct profile *profile = &row->source->profile;

	return (struct fleet_member){
		.source = profile->source,
		.exchanges = profile->exchanges,
		.posterior = posterior,
		.concealment_db = row->concealment_db,
		.relay_gap_us = row->gap_us,
		.is_shared = profile_is_shared(profile),
	};
}

/* A member of old whose source is forgotten, or was not looked at, is kept as it was. */
static void member_keep(struct fleet_member *members, size_t *count, const struct fleet_member *old)
{
	if (old->is_listed)
		members[(*count)++] = *old;
}

static void member_update(struct fleet_member *members, size_t *count,
			  const struct snapshot *snapshot, const struct row *row, double posterior,
			  const struct fleet_member *old)
{
	struct fleet_member member = member_of(row, posterior);
	bool was_listed = old && old->is_listed;

	member.is_listed = posterior >= snapshot->settings->membership_posterior ||
			   (was_listed && posterior >= UNLISTED_BELOW);
	if (!member.is_listed && posterior < UNLISTED_BELOW)
		return;
	member.since_unix_ns = was_listed	? old->since_unix_ns :
			       member.is_listed ? snapshot->now_ns :
						  0;
	members[(*count)++] = member;
}

static void last_seen_update(struct fleet *fleet, const struct snapshot *snapshot,
			     const struct cohort *cohort)
{
	for (size_t i = 0; i < cohort->count; i++) {
		uint64_t last_ns = snapshot->rows[cohort->rows[i]].source->profile.last_ns;

		if (last_ns > fleet->last_seen_unix_ns)
			fleet->last_seen_unix_ns = last_ns;
	}
}

/* Both lists are sorted by address: one pass merges them. */
int followed_set_members(struct followed *followed, const struct snapshot *snapshot,
			 const struct cohort *cohort)
{
	struct fleet *fleet = &followed->fleet;
	size_t room = fleet->member_count + snapshot->count + 1, count = 0, old = 0;
	struct fleet_member *members = malloc(room * sizeof(*members)), *fitting;

	if (!members)
		return -ENOMEM;
	for (size_t i = 0; i < snapshot->count; i++) {
		const struct row *row = &snapshot->rows[i];
		const struct fleet_member *known = NULL;

		while (old < fleet->member_count &&
		       net_compare(&fleet->members[old].source, &row->source->profile.source) < 0)
			member_keep(members, &count, &fleet->members[old++]);
		if (old < fleet->member_count &&
		    net_compare(&fleet->members[old].source, &row->source->profile.source) == 0)
			known = &fleet->members[old++];
		if (known || cohort->posterior[i] >= UNLISTED_BELOW)
			member_update(members, &count, snapshot, row, cohort->posterior[i], known);
	}
	while (old < fleet->member_count)
		member_keep(members, &count, &fleet->members[old++]);
	free(fleet->members);
	fitting = realloc(members, (count + 1) * sizeof(*members));
	fleet->members = fitting ? fitting : members;
	fleet->member_count = count;
	last_seen_update(fleet, snapshot, cohort);
	return 0;
}
