/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */

/*
 * Turns relay classes and stacks into blocks with more sources than the rest of the population
 * predicts.
 */

#include "core/scan.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SHARE_MAX 0.9 /* of a stack among others: above it, its count in a class predicts nothing */

struct stacked_row {
	uint64_t stack;
	uint32_t row;
};

/* Counts that predict the sources of a stack in a relay class. */
struct tally {
	double sources;	 /* with known gap and stack */
	double in_class; /* of them in the class */
};

static bool row_is_in_class(const struct row *row, int class)
{
	return relay_class_of(row->gap_us, 0) == class || relay_class_of(row->gap_us, 1) == class;
}

static int compare_stacked(const void *a, const void *b)
{
	const struct stacked_row *x = a, *y = b;

	if (x->stack != y->stack)
		return x->stack < y->stack ? -1 : 1;
	return (x->row > y->row) - (x->row < y->row);
}

/*
 * Of sources behind relays with other stacks, as many should have this one as among the direct
 * ones.
 */
static double expect(const struct tally *tally, double of_stack, double in_both)
{
	double direct = tally->sources - tally->in_class;
	double share = (of_stack - in_both + 0.5) / (direct + 1);

	share = fmin(share, SHARE_MAX);
	return (tally->in_class - in_both) * share / (1 - share);
}

static int class_flag(const struct snapshot *snapshot, int class, const struct stacked_row *stacked,
		      size_t count, struct block *block)
{
	char name[CELL_NAME_MAX];

	relay_class_name(class, name);
	if (stacked->stack == STACK_UNNAMED)
		snprintf(block->cell, sizeof(block->cell), "%.24s, any stack", name);
	else
		snprintf(block->cell, sizeof(block->cell), "%.24s, stack %016llx", name,
			 (unsigned long long)stacked->stack);
	block->rows = malloc((size_t)block->observed * sizeof(*block->rows));
	if (!block->rows)
		return -ENOMEM;
	for (size_t i = 0; i < count; i++)
		if (row_is_in_class(&snapshot->rows[stacked[i].row], class))
			block->rows[block->count++] = stacked[i].row;
	return 0;
}

/* One stack's rows against every class. */
static int stack_scan(const struct snapshot *snapshot, const struct stacked_row *stacked,
		      size_t count, const struct tally tallies[RELAY_CLASSES],
		      struct blocks *blocks)
{
	for (int class = 0; class < RELAY_CLASSES; class ++) {
		struct block block = { .observed = 0 };
		int err;

		for (size_t i = 0; i < count; i++)
			block.observed += row_is_in_class(&snapshot->rows[stacked[i].row], class);
		blocks->tested += 1;
		if (block.observed < snapshot->settings->block_sources_min)
			continue;
		block.expected = expect(&tallies[class], (double)count, block.observed);
		block.llr = stats_excess(block.observed, scan_base(block.expected));
		if (block.llr <= 0)
			continue;
		err = class_flag(snapshot, class, stacked, count, &block);
		if (!err)
			err = blocks_put(blocks, &block);
		if (err)
			return err;
	}
	return 0;
}

int scan_concealed(const struct snapshot *snapshot, struct blocks *blocks)
{
	struct stacked_row *stacked = malloc((snapshot->count + 1) * sizeof(*stacked));
	struct tally tallies[RELAY_CLASSES] = { { 0 } };
	size_t count = 0;
	int err = 0;

	if (!stacked)
		return -ENOMEM;
	for (size_t i = 0; i < snapshot->count; i++) {
		const struct row *row = &snapshot->rows[i];

		if (row->gap_us < 0 || row->stack == 0)
			continue;
		stacked[count++] = (struct stacked_row){ row->stack, (uint32_t)i };
		for (int class = 0; class < RELAY_CLASSES; class ++) {
			tallies[class].sources += 1;
			tallies[class].in_class += row_is_in_class(row, class);
		}
	}
	qsort(stacked, count, sizeof(*stacked), compare_stacked);
	for (size_t first = 0, end; first < count && !err; first = end) {
		for (end = first; end < count && stacked[end].stack == stacked[first].stack;)
			end++;
		err = stack_scan(snapshot, stacked + first, end - first, tallies, blocks);
	}
	free(stacked);
	return err;
}
