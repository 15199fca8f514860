/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#pragma once

/* All profiles by source, with what changed since the last save. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/profile.h"

struct source {
	struct profile profile;
	/* 1 + index among the followed fleets whose listed member it is; 0: ordinary */
	uint32_t fleet;
	bool is_dirty;
};

struct profiles {
	struct source **slots; /* open addressing, NULL: free */
	size_t slot_count;     /* a power of two */
	size_t count;
	struct net *removed; /* since the last save */
	size_t removed_count, removed_room;
	size_t save_slot; /* where the last save stopped */
};

int profiles_init(struct profiles *profiles); /* 0 or -ENOMEM */
void profiles_clear(struct profiles *profiles);
struct source *profiles_find(const struct profiles *profiles, const struct net *net);
/* Finds or makes; *was_made says which. NULL on ENOMEM. */
struct source *profiles_get(struct profiles *profiles, const struct net *net, bool *was_made);
/* Removes what is chosen; their number, or -ENOMEM with nothing removed. */
int profiles_remove(struct profiles *profiles,
		    bool (*is_chosen)(const struct source *source, void *arg), void *arg);
