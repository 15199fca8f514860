/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */

/* Turns a snapshot into flagged blocks: all cells, and the threshold over all tests at once. */

#include "core/scan.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define FLAG_CHANCE 0.001 /* expected false flags a scan */
#define BASE_FACTOR 4	  /* E is an estimate: the null may be this much denser than it says */

double scan_base(double expected)
{
	return BASE_FACTOR * (expected + 1);
}

int blocks_put(struct blocks *blocks, const struct block *block)
{
	if (blocks->count == blocks->room) {
		size_t room = blocks->room ? blocks->room * 2 : 16;
		struct block *items = realloc(blocks->items, room * sizeof(*items));

		if (!items) {
			free(block->rows);
			return -ENOMEM;
		}
		blocks->items = items;
		blocks->room = room;
	}
	blocks->items[blocks->count++] = *block;
	return 0;
}

void blocks_clear(struct blocks *blocks)
{
	for (size_t i = 0; i < blocks->count; i++)
		free(blocks->items[i].rows);
	free(blocks->items);
	memset(blocks, 0, sizeof(*blocks));
}

/* Best first; ties by place, so that the order never depends on the sort. */
static int compare_blocks(const void *a, const void *b)
{
	const struct block *x = a, *y = b;

	if (x->llr > y->llr || x->llr < y->llr)
		return x->llr > y->llr ? -1 : 1;
	if (x->count != y->count)
		return x->count > y->count ? -1 : 1;
	return strcmp(x->cell, y->cell);
}

/* Drops what does not stand out from the number of tests made. */
static void blocks_filter(struct blocks *blocks)
{
	double threshold = log(fmax(blocks->tested, 1) / FLAG_CHANCE);
	size_t kept = 0;

	for (size_t i = 0; i < blocks->count; i++) {
		if (blocks->items[i].llr >= threshold)
			blocks->items[kept++] = blocks->items[i];
		else
			free(blocks->items[i].rows);
	}
	blocks->count = kept;
}

struct scan {
	const struct snapshot *snapshot;
	struct blocks blocks;
};

static int scan_cell(const struct cell *cell, void *arg)
{
	struct scan *scan = arg;

	return scan_similar(scan->snapshot, cell, &scan->blocks);
}

int scan_run(const struct snapshot *snapshot, struct blocks *out)
{
	struct scan scan = { .snapshot = snapshot };
	int err = cells_each(snapshot, scan_cell, &scan);

	if (!err)
		err = scan_concealed(snapshot, &scan.blocks);
	if (err) {
		blocks_clear(&scan.blocks);
		return err;
	}
	blocks_filter(&scan.blocks);
	if (scan.blocks.count > 0)
		qsort(scan.blocks.items, scan.blocks.count, sizeof(*scan.blocks.items),
		      compare_blocks);
	*out = scan.blocks;
	return 0;
}
