/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */

/* Turns flagged blocks into cohorts that share behaviour and concealment. */

#include "core/cohort.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define COHORTS_MAX 64	     /* parents a scan looks into; what is left waits for the next */
#define FRESH_SHARE_MIN 0.5  /* of a block that no earlier cohort has taken */
#define MEMBER_POSTERIOR 0.5 /* of those half B is asked about; listing wants more */

static bool row_is_free(const struct row *row)
{
	return row->cohort == ROW_NONE;
}

void cohorts_clear(struct cohorts *cohorts)
{
	for (size_t i = 0; i < cohorts->count; i++) {
		free(cohorts->items[i].rows);
		free(cohorts->items[i].posterior);
	}
	free(cohorts->items);
	memset(cohorts, 0, sizeof(*cohorts));
}

static int fit(const struct snapshot *snapshot, enum membership_side side,
	       bool (*is_eligible)(const struct row *row), double *posterior,
	       struct mixture *mixture)
{
	struct membership_inputs inputs = { snapshot, side, is_eligible };

	return membership_fit(&inputs, posterior, mixture);
}

/* Rows at or over the posterior become the cohort's tested rows. */
static int rows_choose(const struct snapshot *snapshot, const double *posterior,
		       struct cohort *cohort)
{
	free(cohort->rows);
	cohort->count = 0;
	cohort->rows = malloc((snapshot->count + 1) * sizeof(*cohort->rows));
	if (!cohort->rows)
		return -ENOMEM;
	for (size_t i = 0; i < snapshot->count; i++)
		if (posterior[i] >= MEMBER_POSTERIOR)
			cohort->rows[cohort->count++] = (uint32_t)i;
	return 0;
}

/* A parent from a block: its seeds are the block's sources that are still free. */
static int parent_fit(struct snapshot *snapshot, const struct block *block, struct cohort *parent)
{
	size_t fresh = 0;
	int err;

	memset(parent->posterior, 0, snapshot->count * sizeof(*parent->posterior));
	parent->count = 0;
	for (size_t i = 0; i < block->count; i++)
		if (row_is_free(&snapshot->rows[block->rows[i]])) {
			parent->posterior[block->rows[i]] = 1;
			fresh++;
		}
	if (fresh < snapshot->settings->block_sources_min ||
	    (double)fresh < FRESH_SHARE_MIN * (double)block->count)
		return 0;
	memcpy(parent->cell, block->cell, sizeof(parent->cell));
	err = fit(snapshot, MEMBERSHIP_A, row_is_free, parent->posterior, &parent->mixture);
	return err ? err : rows_choose(snapshot, parent->posterior, parent);
}

static void rows_take(struct snapshot *snapshot, const struct cohort *cohort, uint32_t index)
{
	for (size_t i = 0; i < cohort->count; i++) {
		snapshot->rows[cohort->rows[i]].cohort = index;
		snapshot->rows[cohort->rows[i]].is_suspect = true;
	}
}

static int parents_find(struct snapshot *snapshot, const struct blocks *blocks,
			struct cohorts *parents)
{
	for (size_t i = 0; i < blocks->count && parents->count < COHORTS_MAX; i++) {
		struct cohort *parent = &parents->items[parents->count];
		int err;

		if (!parent->posterior)
			parent->posterior = calloc(snapshot->count + 1, sizeof(*parent->posterior));
		if (!parent->posterior)
			return -ENOMEM;
		err = parent_fit(snapshot, &blocks->items[i], parent);
		if (err)
			return err;
		if (parent->count < snapshot->settings->block_sources_min)
			continue;
		rows_take(snapshot, parent, (uint32_t)parents->count);
		parents->count++;
	}
	return 0;
}

/*
 * One part of a parent: fitted anew among those of its own concealment, nobody inherits a
 * neighbour's.
 */
static int part_fit(struct snapshot *snapshot, const struct cohort *parent, bool is_concealed,
		    bool (*is_eligible)(const struct row *row), struct cohort *part)
{
	size_t bytes = (snapshot->count + 1) * sizeof(*part->posterior);
	int err;

	memcpy(part->cell, parent->cell, sizeof(part->cell));
	part->is_concealed = is_concealed;
	part->similar = (double)parent->count;
	part->posterior = calloc(1, bytes);
	if (!part->posterior)
		return -ENOMEM;
	for (size_t i = 0; i < parent->count; i++) {
		const struct row *row = &snapshot->rows[parent->rows[i]];

		part->similar_concealed += row_is_concealed(row);
		part->posterior[parent->rows[i]] = !is_eligible || is_eligible(row);
	}
	err = fit(snapshot, MEMBERSHIP_A, is_eligible, part->posterior, &part->mixture);
	if (!err)
		err = rows_choose(snapshot, part->posterior, part);
	return err ? err :
		     fit(snapshot, MEMBERSHIP_ALL, is_eligible, part->posterior, &part->mixture);
}

static double count_concealed(const struct snapshot *snapshot, const struct cohort *parent)
{
	double concealed = 0;

	for (size_t i = 0; i < parent->count; i++)
		concealed += row_is_concealed(&snapshot->rows[parent->rows[i]]);
	return concealed;
}

static int parent_split(struct snapshot *snapshot, const struct cohort *parent, struct cohorts *out)
{
	double least = snapshot->settings->block_sources_min;
	double concealed = count_concealed(snapshot, parent);
	double open = (double)parent->count - concealed;
	int err = 0;

	if (concealed < least && open < least)
		return part_fit(snapshot, parent, false, NULL, &out->items[out->count++]);
	if (concealed >= least)
		err = part_fit(snapshot, parent, true, row_is_concealed, &out->items[out->count++]);
	if (open >= least && !err)
		err = part_fit(snapshot, parent, false, row_is_open, &out->items[out->count++]);
	return err;
}

int cohorts_find(struct snapshot *snapshot, const struct blocks *blocks, struct cohorts *out)
{
	struct cohorts parents = { .items = calloc(COHORTS_MAX, sizeof(struct cohort)) };
	struct cohorts made = { .items = calloc(2 * COHORTS_MAX, sizeof(struct cohort)) };
	int err = parents.items && made.items ? 0 : -ENOMEM;

	if (!err)
		err = parents_find(snapshot, blocks, &parents);
	if (!err)
		err = concealment_measure(snapshot, &made.concealment);
	for (size_t i = 0; i < parents.count && !err; i++)
		err = parent_split(snapshot, &parents.items[i], &made);
	if (parents.items)
		parents.count = COHORTS_MAX; /* one beyond the count may hold memory */
	cohorts_clear(&parents);
	if (err) {
		cohorts_clear(&made);
		return err;
	}
	*out = made;
	return 0;
}
