/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#pragma once

/* The writes of a transaction in memory, so that they can be done again when the disk failed. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "edge/ledger/cell.h"

struct journal {
	uint8_t *bytes;
	size_t len;
	size_t room;
};

/* 0, -ENOMEM, or -EFBIG when the journal is at its limit. */
int journal_add(struct journal *journal, uint8_t statement, const struct cell *cells, size_t count);
/* Reads the write at *at and moves *at behind it; false at the end. The cells point into the journal. */
bool journal_next(const struct journal *journal, size_t *at, uint8_t *statement,
		  struct cell cells[CELLS_MAX], size_t *count);
void journal_reset(struct journal *journal);
void journal_clear(struct journal *journal);
