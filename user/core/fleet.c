/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */

/* Turns a fleet's levels, states and members into names and answers. */

#include "core/fleet.h"

#include <stdlib.h>
#include <string.h>

const char *fleet_level_name(enum fleet_level level)
{
	static const char *const names[] = { "watch", "suspect", "confirmed" };

	return (unsigned)level <= FLEET_CONFIRMED ? names[level] : "unknown";
}

const char *fleet_state_name(enum fleet_state state)
{
	static const char *const names[] = { "active", "dormant", "gone" };

	return (unsigned)state <= FLEET_GONE ? names[state] : "unknown";
}

const char *fleet_word_name(enum fleet_word word)
{
	static const char *const names[] = { "", "confirmed", "dismissed" };

	return (unsigned)word <= FLEET_DISMISSED ? names[word] : "";
}

static int compare_members(const void *key, const void *member)
{
	return net_compare(key, &((const struct fleet_member *)member)->source);
}

const struct fleet_member *fleet_find_member(const struct fleet *fleet, const struct net *source)
{
	if (fleet->member_count == 0)
		return NULL;
	return bsearch(source, fleet->members, fleet->member_count, sizeof(*fleet->members),
		       compare_members);
}

void fleet_clear(struct fleet *fleet)
{
	free(fleet->members);
	memset(fleet, 0, sizeof(*fleet));
}
