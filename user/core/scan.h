/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#pragma once

/* Candidates: blocks of sources, on half A, that are more alike or more numerous than chance. */

#include <stddef.h>
#include <stdint.h>

#include "core/cell.h"
#include "core/snapshot.h"

struct block {
	char cell[CELL_NAME_MAX];
	uint32_t *rows; /* indexes into the snapshot, ascending */
	size_t count;
	double observed, expected;
	double llr; /* log likelihood ratio against 4 (expected + 1) */
};

struct blocks {
	struct block *items;
	size_t count, room;
	double tested; /* blocks looked at: what a flag has to stand out from */
};

/* Flagged blocks, best first. 0 or -ENOMEM. */
int scan_run(const struct snapshot *snapshot, struct blocks *out);
void blocks_clear(struct blocks *blocks);
/* Takes over rows, also on failure. */
int blocks_put(struct blocks *blocks, const struct block *block);

/* The similarity scan of one cell, and the cells that relays and stacks make, by number alone. */
int scan_similar(const struct snapshot *snapshot, const struct cell *cell, struct blocks *blocks);
int scan_concealed(const struct snapshot *snapshot, struct blocks *blocks);
/* B of the scan: what the observed count must exceed, from what was expected. */
double scan_base(double expected);
