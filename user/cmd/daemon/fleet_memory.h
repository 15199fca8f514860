/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#pragma once

/* Levels and states of fleets as last seen, so that a change is said once. */

#include <stddef.h>

#include "core/fleet.h"

struct fleet_seen {
	char id[FLEET_ID_MAX];
	enum fleet_level level;
	enum fleet_state state;
	enum fleet_word word;
};

struct fleet_memory {
	struct fleet_seen *rows;
	size_t count, size;
};

/* "new", "level", "state", "word", or NULL: as before. Remembers it. */
const char *fleet_memory_note(struct fleet_memory *memory, const struct fleet *fleet);
void fleet_memory_clear(struct fleet_memory *memory);
