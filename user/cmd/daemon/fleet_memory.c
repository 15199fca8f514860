/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */

/* Levels and states of fleets as last seen, so that a change is said once. */

#include "cmd/daemon/fleet_memory.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct fleet_seen *row_add(struct fleet_memory *memory)
{
	if (memory->count == memory->size) {
		size_t size = memory->size ? memory->size * 2 : 16;
		struct fleet_seen *rows = realloc(memory->rows, size * sizeof(*rows));

		if (!rows)
			return NULL;
		memory->rows = rows;
		memory->size = size;
	}
	return &memory->rows[memory->count++];
}

static void row_fill(struct fleet_seen *row, const struct fleet *fleet)
{
	snprintf(row->id, sizeof(row->id), "%s", fleet->id);
	row->level = fleet->level;
	row->state = fleet->state;
	row->word = fleet->word;
}

const char *fleet_memory_note(struct fleet_memory *memory, const struct fleet *fleet)
{
	struct fleet_seen *row = NULL;
	const char *change = NULL;

	for (size_t i = 0; i < memory->count && !row; i++) {
		if (!strcmp(memory->rows[i].id, fleet->id))
			row = &memory->rows[i];
	}
	if (!row) {
		row = row_add(memory);
		change = "new";
	} else if (row->level != fleet->level) {
		change = "level";
	} else if (row->state != fleet->state) {
		change = "state";
	} else if (row->word != fleet->word) {
		change = "word";
	}
	if (row)
		row_fill(row, fleet);
	return change;
}

void fleet_memory_clear(struct fleet_memory *memory)
{
	free(memory->rows);
	memset(memory, 0, sizeof(*memory));
}
