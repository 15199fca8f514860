/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */

/*
 * Turns one cell into blocks of sources that are too similar: layers by noise, grids over features.
 */

#include "core/scan.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/grid.h"

#define LAYER_WIDTH 1.4	 /* in ln effective exchanges: noise differs by a factor of two at most */
#define LAYER_STRIDE 0.7 /* layers overlap, so that none cuts a fleet in two */
#define LAYERS_MAX 24
#define OUTSIDERS_MAX 8192 /* witnesses taken from outside the cell, evenly */
#define OUTSIDERS_MIN 50   /* from here on the marginals come from outside the cell */
#define PICKS_MAX 8	   /* blocks kept of one grid */
#define LONELY_BOXES 4096  /* in larger grids a box with one point is no centre */
#define BLOCK_REACH 1	   /* a block is 3 boxes wide */
#define RING_REACH 3	   /* its ring 7 */

static const enum feature scan_axes[GRID_AXES] = {
	FEATURE_UP, FEATURE_DOWN, FEATURE_DURATION, FEATURE_PAUSE, FEATURE_RATE,
};
static const double scan_steps[] = { 1.5, 3, 6 }; /* standard errors a box */

/* One grid: a layer of a cell, a subset of the features, a step. */
struct pass {
	const struct snapshot *snapshot;
	const uint32_t *rows; /* of the cell, in this layer, all features known */
	size_t count;
	size_t outsiders;  /* behind them in rows: of other cells or layers */
	unsigned left_out; /* an axis, or GRID_AXES for none */
	double width[GRID_AXES];
	uint64_t *keys;	     /* of insiders and outsiders */
	uint32_t *marginals; /* [axis][coordinate] of the witnesses */
};

static bool axis_is_used(const struct pass *pass, unsigned axis)
{
	return axis != pass->left_out;
}

static uint64_t key_of(const struct pass *pass, const struct row *row)
{
	long coordinates[GRID_AXES] = { 0 };

	for (unsigned axis = 0; axis < GRID_AXES; axis++)
		if (axis_is_used(pass, axis)) {
			double c = row->a.x[scan_axes[axis]] / pass->width[axis];

			coordinates[axis] = (long)floor(stats_clamp(c, -1e6, 1e6));
		}
	return grid_key(coordinates);
}

/* Rate goes with the layer, so that only its insiders can witness it. */
static bool axis_has_outside_witnesses(const struct pass *pass, unsigned axis)
{
	return scan_axes[axis] != FEATURE_RATE && pass->outsiders >= OUTSIDERS_MIN;
}

static void marginals_count(struct pass *pass)
{
	memset(pass->marginals, 0, GRID_AXES * GRID_COORDINATES * sizeof(*pass->marginals));
	for (unsigned axis = 0; axis < GRID_AXES; axis++) {
		bool outside = axis_has_outside_witnesses(pass, axis);
		size_t first = outside ? pass->count : 0;
		size_t end = outside ? pass->count + pass->outsiders : pass->count;

		for (size_t i = first; i < end; i++)
			pass->marginals[axis * GRID_COORDINATES +
					(size_t)grid_coordinate(pass->keys[i], axis)]++;
	}
}

/* Product of the marginals of others: a cohort must not hide in its own null. */
static double expect_marginal(const struct pass *pass, uint64_t key)
{
	double expected = (double)pass->count;

	for (unsigned axis = 0; axis < GRID_AXES; axis++) {
		bool outside = axis_has_outside_witnesses(pass, axis);
		double witnesses = (double)(outside ? pass->outsiders : pass->count);
		size_t c = axis * GRID_COORDINATES + (size_t)grid_coordinate(key, axis);
		double inside = (double)pass->marginals[c - 1] + pass->marginals[c] +
				pass->marginals[c + 1];

		if (axis_is_used(pass, axis))
			expected *= (inside + 0.5) / (witnesses + 1);
	}
	return expected;
}

/* Density of the ring around the block: correlated features make ridges. */
static double expect_ring(const struct grid *grid, uint64_t key, double observed)
{
	double block = pow(2 * BLOCK_REACH + 1, grid->axes);
	double whole = pow(2 * RING_REACH + 1, grid->axes);
	double around = (double)grid_count_around(grid, key, RING_REACH) - observed;

	return around * block / (whole - block);
}

struct pick {
	uint64_t key;
	double observed, expected, llr;
};

/* Keeps the best picks, one a neighbourhood. */
static void pick_put(struct pick picks[PICKS_MAX], size_t *count, const struct pick *pick)
{
	size_t worst = 0;

	for (size_t i = 0; i < *count; i++) {
		if (grid_is_within(picks[i].key, pick->key, BLOCK_REACH)) {
			if (pick->llr > picks[i].llr)
				picks[i] = *pick;
			return;
		}
		if (picks[i].llr < picks[worst].llr)
			worst = i;
	}
	if (*count < PICKS_MAX)
		picks[(*count)++] = *pick;
	else if (pick->llr > picks[worst].llr)
		picks[worst] = *pick;
}

static size_t grid_search(const struct pass *pass, const struct grid *grid, double *tested,
			  struct pick picks[PICKS_MAX])
{
	double least = pass->snapshot->settings->block_sources_min;
	size_t count = 0;

	for (size_t i = 0; i < grid->count; i++) {
		struct pick pick = { .key = grid->keys[i] };

		if (grid->count > LONELY_BOXES && grid->counts[i] < 2)
			continue;
		*tested += 1;
		pick.observed = grid_count_around(grid, pick.key, BLOCK_REACH);
		if (pick.observed < least)
			continue;
		pick.expected = expect_marginal(pass, pick.key);
		if (stats_excess(pick.observed, scan_base(pick.expected)) <= 0)
			continue;
		pick.expected = fmax(pick.expected, expect_ring(grid, pick.key, pick.observed));
		pick.llr = stats_excess(pick.observed, scan_base(pick.expected));
		if (pick.llr > 0)
			pick_put(picks, &count, &pick);
	}
	return count;
}

static int pick_flag(const struct pass *pass, const struct cell *cell, const struct pick *pick,
		     struct blocks *blocks)
{
	struct block block = {
		.observed = pick->observed,
		.expected = pick->expected,
		.llr = pick->llr,
	};

	memcpy(block.cell, cell->name, sizeof(block.cell));
	block.rows = malloc((size_t)pick->observed * sizeof(*block.rows));
	if (!block.rows)
		return -ENOMEM;
	for (size_t i = 0; i < pass->count; i++)
		if (grid_is_within(key_of(pass, &pass->snapshot->rows[pass->rows[i]]), pick->key,
				   BLOCK_REACH))
			block.rows[block.count++] = pass->rows[i];
	return blocks_put(blocks, &block);
}

static int pass_run(struct pass *pass, const struct cell *cell, struct blocks *blocks)
{
	struct pick picks[PICKS_MAX];
	struct grid grid;
	size_t count;
	int err;

	for (size_t i = 0; i < pass->count + pass->outsiders; i++)
		pass->keys[i] = key_of(pass, &pass->snapshot->rows[pass->rows[i]]);
	marginals_count(pass);
	err = grid_init(&grid, pass->keys, pass->count, GRID_AXES - (pass->left_out < GRID_AXES));
	if (err)
		return err;
	count = grid_search(pass, &grid, &blocks->tested, picks);
	for (size_t i = 0; i < count && !err; i++)
		err = pick_flag(pass, cell, &picks[i], blocks);
	grid_clear(&grid);
	return err;
}

static bool row_is_complete(const struct row *row, unsigned left_out)
{
	for (unsigned axis = 0; axis < GRID_AXES; axis++)
		if (axis != left_out && row->a.terms[scan_axes[axis]] <= 0)
			return false;
	return true;
}

struct layer {
	double low, high; /* of ln effective exchanges */
	unsigned left_out;
};

static bool row_is_of_layer(const struct row *row, const struct layer *layer)
{
	double at = log(fmax(row->effective, 1));

	return row->is_settled && at >= layer->low && at < layer->high;
}

/* Insiders of cell and layer first, then a sample of all others as witnesses. */
static void layer_collect(struct pass *pass, const struct cell *cell, const struct layer *layer,
			  uint32_t *rows)
{
	const struct snapshot *snapshot = pass->snapshot;
	size_t stride = snapshot->count / OUTSIDERS_MAX + 1, next = 0;

	pass->count = 0;
	pass->outsiders = 0;
	for (size_t i = 0; i < cell->count; i++) {
		const struct row *row = &snapshot->rows[cell->rows[i]];

		if (row_is_of_layer(row, layer) && row_is_complete(row, layer->left_out))
			rows[pass->count++] = cell->rows[i];
	}
	for (size_t i = 0; i < snapshot->count; i += stride) {
		const struct row *row = &snapshot->rows[i];

		while (next < cell->count && cell->rows[next] < i)
			next++;
		if (next < cell->count && cell->rows[next] == i && row_is_of_layer(row, layer))
			continue;
		if (row_is_complete(row, layer->left_out))
			rows[pass->count + pass->outsiders++] = (uint32_t)i;
	}
}

/* A box's width: so many standard errors of a typical source of this layer. */
static int widths_set(struct pass *pass, double step)
{
	double *terms = malloc(pass->count * sizeof(*terms));

	if (!terms)
		return -ENOMEM;
	for (unsigned axis = 0; axis < GRID_AXES; axis++) {
		enum feature feature = scan_axes[axis];
		double typical;

		for (size_t i = 0; i < pass->count; i++)
			terms[i] = pass->snapshot->rows[pass->rows[i]].a.terms[feature];
		typical = fmax(stats_quantile(terms, pass->count, 0.5), 1);
		pass->width[axis] = step * pass->snapshot->noise_sd[feature] / sqrt(typical);
	}
	free(terms);
	return 0;
}

static int layer_scan(struct pass *pass, const struct cell *cell, struct blocks *blocks)
{
	int err = 0;

	for (size_t i = 0; i < sizeof(scan_steps) / sizeof(scan_steps[0]) && !err; i++) {
		err = widths_set(pass, scan_steps[i]);
		if (!err)
			err = pass_run(pass, cell, blocks);
	}
	return err;
}

int scan_similar(const struct snapshot *snapshot, const struct cell *cell, struct blocks *blocks)
{
	struct pass pass = { .snapshot = snapshot };
	uint32_t *rows = malloc((snapshot->count + 1) * sizeof(*rows));
	double first = log(fmax(snapshot->settings->effective_exchanges_min, 1));
	int err = 0;

	pass.keys = malloc((snapshot->count + 1) * sizeof(*pass.keys));
	pass.marginals = malloc(GRID_AXES * GRID_COORDINATES * sizeof(*pass.marginals));
	if (!rows || !pass.keys || !pass.marginals)
		err = -ENOMEM;
	pass.rows = rows;
	for (unsigned i = 0; i < LAYERS_MAX * (GRID_AXES + 1) && !err; i++) {
		struct layer layer = { .left_out = i % (GRID_AXES + 1) };

		layer.low = first + i / (GRID_AXES + 1) * LAYER_STRIDE;
		layer.high = layer.low + LAYER_WIDTH;
		pass.left_out = layer.left_out;
		layer_collect(&pass, cell, &layer, rows);
		if (pass.count >= snapshot->settings->block_sources_min)
			err = layer_scan(&pass, cell, blocks);
	}
	free(rows);
	free(pass.keys);
	free(pass.marginals);
	return err;
}
