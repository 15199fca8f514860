/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */

/* Turns ordinary sources into groups as similar, on half A, as a scan could have picked them. */

#include "core/evidence.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/cohort.h"

#define POOL_MAX 4096 /* ordinary sources looked at, evenly over the snapshot */
#define POOL_MIN 24   /* fewer make no groups */
#define POOL_GOOD 64  /* so many are enough to insist on comparable ones */
#define GROUP_MIN 8
#define GROUP_POOL_SHARE                                                                           \
	4 /* a group is at most this part of the pool: larger ones are not similar */

static const enum feature group_features[] = {
	FEATURE_UP, FEATURE_DOWN, FEATURE_PAUSE, FEATURE_RATE, FEATURE_TURNS,
};
#define GROUP_FEATURES (sizeof(group_features) / sizeof(group_features[0]))

struct neighbour {
	double distance;
	uint32_t row;
};

static int compare_neighbours(const void *a, const void *b)
{
	const struct neighbour *x = a, *y = b;

	if (x->distance < y->distance || x->distance > y->distance)
		return x->distance < y->distance ? -1 : 1;
	return (x->row > y->row) - (x->row < y->row);
}

/* Witnesses: ordinary, seen today, with so many sessions on half A. */
static size_t pool_collect(const struct snapshot *snapshot, double sessions_min, uint32_t *pool)
{
	size_t stride = snapshot->count / POOL_MAX + 1, count = 0;

	for (size_t i = 0; i < snapshot->count; i += stride) {
		const struct row *row = &snapshot->rows[i];

		if (!row->is_suspect && row->cohort == ROW_NONE &&
		    row_is_alive_today(snapshot, row) && row->a.terms[FEATURE_RATE] >= sessions_min)
			pool[count++] = (uint32_t)i;
	}
	return count;
}

/* About as well known as the cohort's members, or what comes nearest to it. */
static size_t pool_choose(const struct snapshot *snapshot, const struct cohort *cohort,
			  uint32_t *pool)
{
	double sessions = 0;

	for (size_t i = 0; i < cohort->count; i++)
		sessions += snapshot->rows[cohort->rows[i]].a.terms[FEATURE_RATE];
	sessions = cohort->count > 0 ? sessions / (double)cohort->count / 2 : 1;
	for (; sessions > 1; sessions /= 2) {
		size_t count = pool_collect(snapshot, sessions, pool);

		if (count >= POOL_GOOD)
			return count;
	}
	return pool_collect(snapshot, 1, pool);
}

static double distance(const struct snapshot *snapshot, const struct row *a, const struct row *b)
{
	double square = 0;

	for (size_t i = 0; i < GROUP_FEATURES; i++) {
		enum feature feature = group_features[i];
		double off = (a->a.x[feature] - b->a.x[feature]) / snapshot->spread_sd[feature];

		if (a->a.terms[feature] > 0 && b->a.terms[feature] > 0)
			square += off * off;
	}
	return square;
}

static int group_pick(const struct snapshot *snapshot, const uint32_t *pool, size_t pool_count,
		      uint32_t centre, struct neighbour *neighbours, struct null_groups *out)
{
	size_t size = out->sizes[out->count];
	uint32_t *rows = malloc(size * sizeof(*rows));

	if (!rows)
		return -ENOMEM;
	for (size_t i = 0; i < pool_count; i++)
		neighbours[i] = (struct neighbour){
			distance(snapshot, &snapshot->rows[centre], &snapshot->rows[pool[i]]),
			pool[i],
		};
	qsort(neighbours, pool_count, sizeof(*neighbours), compare_neighbours);
	for (size_t i = 0; i < size; i++)
		rows[i] = neighbours[i].row;
	out->rows[out->count++] = rows;
	return 0;
}

int null_groups_pick(const struct snapshot *snapshot, const struct cohort *cohort,
		     struct null_groups *out)
{
	uint32_t *pool = malloc((snapshot->count + 1) * sizeof(*pool));
	struct neighbour *neighbours = malloc((snapshot->count + 1) * sizeof(*neighbours));
	size_t pool_count, size;
	int err = pool && neighbours ? 0 : -ENOMEM;

	memset(out, 0, sizeof(*out));
	pool_count = err ? 0 : pool_choose(snapshot, cohort, pool);
	size = pool_count / GROUP_POOL_SHARE;
	size = size > cohort->count ? cohort->count : size;
	size = size < GROUP_MIN ? GROUP_MIN : size;
	if (pool_count >= POOL_MIN)
		out->independent = (double)pool_count / (double)size;
	for (uint64_t i = 0; i < NULL_GROUPS_MAX && pool_count >= POOL_MIN && !err; i++) {
		/* Evenly over the pool, from a random start. */
		uint64_t step = stats_mix(snapshot->seed, 0) + i * pool_count / NULL_GROUPS_MAX;
		uint32_t centre = pool[step % pool_count];

		out->sizes[out->count] = size;
		err = group_pick(snapshot, pool, pool_count, centre, neighbours, out);
	}
	free(pool);
	free(neighbours);
	if (err)
		null_groups_clear(out);
	return err;
}

void null_groups_clear(struct null_groups *groups)
{
	for (size_t i = 0; i < groups->count; i++)
		free(groups->rows[i]);
	memset(groups, 0, sizeof(*groups));
}
