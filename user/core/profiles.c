/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */

/* Turns a source's address into its profile. */

#include "core/profiles.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define SLOTS_FIRST 1024

int profiles_init(struct profiles *profiles)
{
	memset(profiles, 0, sizeof(*profiles));
	profiles->slots = calloc(SLOTS_FIRST, sizeof(*profiles->slots));
	if (!profiles->slots)
		return -ENOMEM;
	profiles->slot_count = SLOTS_FIRST;
	return 0;
}

void profiles_clear(struct profiles *profiles)
{
	for (size_t i = 0; i < profiles->slot_count; i++)
		free(profiles->slots[i]);
	free(profiles->slots);
	free(profiles->removed);
	memset(profiles, 0, sizeof(*profiles));
}

/* The slot that holds net, or the free one where it belongs. */
static size_t slot_of(struct source *const *slots, size_t slot_count, const struct net *net)
{
	size_t slot = net_hash(net) & (slot_count - 1);

	while (slots[slot] && net_compare(&slots[slot]->profile.source, net) != 0)
		slot = (slot + 1) & (slot_count - 1);
	return slot;
}

struct source *profiles_find(const struct profiles *profiles, const struct net *net)
{
	return profiles->slots[slot_of(profiles->slots, profiles->slot_count, net)];
}

/* Moves what is kept into slots of another size. */
static int profiles_rehash(struct profiles *profiles, size_t slot_count)
{
	struct source **slots = calloc(slot_count, sizeof(*slots));

	if (!slots)
		return -ENOMEM;
	for (size_t i = 0; i < profiles->slot_count; i++) {
		struct source *source = profiles->slots[i];

		if (source)
			slots[slot_of(slots, slot_count, &source->profile.source)] = source;
	}
	free(profiles->slots);
	profiles->slots = slots;
	profiles->slot_count = slot_count;
	return 0;
}

struct source *profiles_get(struct profiles *profiles, const struct net *net, bool *was_made)
{
	struct source *source = profiles_find(profiles, net);

	*was_made = false;
	if (source)
		return source;
	if (profiles->count * 2 >= profiles->slot_count &&
	    profiles_rehash(profiles, profiles->slot_count * 2) < 0)
		return NULL;
	source = calloc(1, sizeof(*source));
	if (!source)
		return NULL;
	source->profile.source = *net;
	profiles->slots[slot_of(profiles->slots, profiles->slot_count, net)] = source;
	profiles->count++;
	*was_made = true;
	return source;
}

static int removed_reserve(struct profiles *profiles, size_t more)
{
	size_t room = profiles->removed_count + more;
	struct net *removed;

	if (room <= profiles->removed_room)
		return 0;
	removed = realloc(profiles->removed, room * sizeof(*removed));
	if (!removed)
		return -ENOMEM;
	profiles->removed = removed;
	profiles->removed_room = room;
	return 0;
}

int profiles_remove(struct profiles *profiles,
		    bool (*is_chosen)(const struct source *source, void *arg), void *arg)
{
	size_t chosen = 0;
	struct source **slots;

	for (size_t i = 0; i < profiles->slot_count; i++)
		chosen += profiles->slots[i] && is_chosen(profiles->slots[i], arg);
	if (chosen == 0)
		return 0;
	slots = calloc(profiles->slot_count, sizeof(*slots));
	if (!slots || removed_reserve(profiles, chosen) < 0) {
		free(slots);
		return -ENOMEM;
	}
	for (size_t i = 0; i < profiles->slot_count; i++) {
		struct source *source = profiles->slots[i];

		if (!source)
			continue;
		if (is_chosen(source, arg)) {
			profiles->removed[profiles->removed_count++] = source->profile.source;
			free(source);
		} else {
			slots[slot_of(slots, profiles->slot_count, &source->profile.source)] =
				source;
		}
	}
	free(profiles->slots);
	profiles->slots = slots;
	profiles->count -= chosen;
	return (int)chosen;
}
