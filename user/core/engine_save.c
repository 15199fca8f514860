/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */

/* Turns what changed into blobs for the ledger, and blobs back into the engine. */

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/engine_state.h"

#define BLOB_VERSION 1 /* of all three layouts together */

/*
 * A blob is this header and the struct as it lies in memory: read back by the same build's layout
 * only.
 */
struct blob_head {
	uint32_t version;
	uint32_t size; /* of the struct behind it, without what it points to */
};

struct profile_blob {
	struct blob_head head;
	struct profile profile;
};

struct fleet_blob {
	struct blob_head head;
	struct followed followed; /* followed.fleet.members is void: they come behind */
	struct fleet_member members[];
};

struct state_blob {
	struct blob_head head;
	struct engine_state state;
};

typedef int (*blob_fn)(enum engine_blob kind, const char *key, const void *data, size_t len,
		       void *arg);

static int profiles_save(struct engine *engine, blob_fn fn, void *arg)
{
	struct profiles *profiles = &engine->profiles;
	char key[NET_TEXT_MAX];
	int err;

	while (profiles->removed_count > 0) {
		net_format(&profiles->removed[profiles->removed_count - 1], key);
		/* Forgotten and then seen again: the new one is saved below. */
		err = fn(ENGINE_BLOB_PROFILE, key, NULL, 0, arg);
		if (err)
			return err;
		profiles->removed_count--;
	}
	/* From where the last save ended: one that takes only a part must not always take the same. */
	for (size_t i = 0; i < profiles->slot_count; i++) {
		size_t slot = (profiles->save_slot + i) & (profiles->slot_count - 1);
		struct source *source = profiles->slots[slot];
		struct profile_blob blob;

		if (!source || !source->is_dirty)
			continue;
		memset(&blob, 0, sizeof(blob));
		blob.head = (struct blob_head){ BLOB_VERSION, sizeof(blob.profile) };
		blob.profile = source->profile;
		net_format(&source->profile.source, key);
		err = fn(ENGINE_BLOB_PROFILE, key, &blob, sizeof(blob), arg);
		if (err) {
			profiles->save_slot = slot;
			return err;
		}
		source->is_dirty = false;
	}
	return 0;
}

static int fleet_save(struct followed *followed, blob_fn fn, void *arg)
{
	size_t members = followed->fleet.member_count * sizeof(struct fleet_member);
	size_t size = sizeof(struct fleet_blob) + members;
	struct fleet_blob *blob = calloc(1, size);
	int err;

	if (!blob)
		return -ENOMEM;
	blob->head = (struct blob_head){ BLOB_VERSION, sizeof(blob->followed) };
	blob->followed = *followed;
	blob->followed.fleet.members = NULL;
	blob->followed.is_dirty = false;
	if (members > 0)
		memcpy(blob->members, followed->fleet.members, members);
	err = fn(ENGINE_BLOB_FLEET, followed->fleet.id, blob, size, arg);
	free(blob);
	if (!err)
		followed->is_dirty = false;
	return err;
}

static int fleets_save(struct engine *engine, blob_fn fn, void *arg)
{
	struct fleets *fleets = &engine->fleets;
	int err = 0;

	while (fleets->removed_count > 0 && !err) {
		const char *id = fleets->removed[fleets->removed_count - 1];

		err = fn(ENGINE_BLOB_FLEET, id, NULL, 0, arg);
		if (!err)
			fleets->removed_count--;
	}
	for (size_t i = 0; i < fleets->count && !err; i++)
		if (fleets->items[i]->is_dirty)
			err = fleet_save(fleets->items[i], fn, arg);
	return err;
}

static int state_save(struct engine *engine, blob_fn fn, void *arg)
{
	struct state_blob blob;
	int err;

	if (!engine->state_is_dirty)
		return 0;
	memset(&blob, 0, sizeof(blob));
	blob.head = (struct blob_head){ BLOB_VERSION, sizeof(blob.state) };
	blob.state = engine->state;
	err = fn(ENGINE_BLOB_STATE, "state", &blob, sizeof(blob), arg);
	if (!err)
		engine->state_is_dirty = false;
	return err;
}

int engine_each_dirty(struct engine *engine,
		      int (*fn)(enum engine_blob kind, const char *key, const void *data,
				size_t len, void *arg),
		      void *arg)
{
	int err = state_save(engine, fn, arg);

	if (!err)
		err = fleets_save(engine, fn, arg);
	/* Last: they may be a million, of which fn takes as many as it likes. */
	return err ? err : profiles_save(engine, fn, arg);
}

static bool head_is_ours(const void *data, size_t len, size_t least, size_t size)
{
	struct blob_head head;

	if (!data || len < least)
		return false;
	memcpy(&head, data, sizeof(head));
	return head.version == BLOB_VERSION && head.size == size;
}

static int profile_restore(struct engine *engine, const void *data, size_t len)
{
	struct profile_blob blob;
	struct source *source;
	bool was_made;

	if (len != sizeof(blob) || !head_is_ours(data, len, sizeof(blob), sizeof(blob.profile)))
		return -EINVAL;
	memcpy(&blob, data, sizeof(blob));
	if (!profile_is_sound(&blob.profile))
		return -EINVAL;
	source = profiles_get(&engine->profiles, &blob.profile.source, &was_made);
	if (!source)
		return -ENOMEM;
	source->profile = blob.profile;
	fleets_link_source(&engine->fleets, source);
	return 0;
}

static bool fleet_is_sound(const struct followed *followed)
{
	const struct fleet *fleet = &followed->fleet;

	for (int family = 0; family < FAMILY_MAX; family++)
		if (!isfinite(followed->banked_db[family]) || !isfinite(followed->today_db[family]))
			return false;
	return memchr(fleet->id, '\0', sizeof(fleet->id)) && fleet->id[0] != '\0' &&
	       memchr(fleet->cell, '\0', sizeof(fleet->cell)) &&
	       (unsigned)fleet->level <= FLEET_CONFIRMED && (unsigned)fleet->state <= FLEET_GONE &&
	       (unsigned)fleet->word <= FLEET_DISMISSED && fleet->evidence_count <= EVIDENCE_MAX &&
	       isfinite(fleet->score_db) && isfinite(fleet->concealment_db);
}

static void members_link(struct engine *engine, const struct fleet *fleet)
{
	for (size_t i = 0; i < fleet->member_count; i++) {
		struct source *source = profiles_find(&engine->profiles, &fleet->members[i].source);

		if (source)
			fleets_link_source(&engine->fleets, source);
	}
}

static int fleet_restore(struct engine *engine, const void *data, size_t len)
{
	const struct fleet_blob *blob = data;
	struct followed *followed;
	size_t members;
	int err;

	if (!head_is_ours(data, len, sizeof(*blob), sizeof(blob->followed)))
		return -EINVAL;
	followed = malloc(sizeof(*followed));
	if (!followed)
		return -ENOMEM;
	memcpy(followed, &blob->followed, sizeof(*followed));
	members = len - sizeof(*blob);
	followed->fleet.members = NULL;
	if (!fleet_is_sound(followed) ||
	    members != followed->fleet.member_count * sizeof(struct fleet_member) ||
	    fleets_find(&engine->fleets, followed->fleet.id)) {
		free(followed);
		return -EINVAL;
	}
	followed->fleet.members = malloc(members + 1);
	if (!followed->fleet.members) {
		free(followed);
		return -ENOMEM;
	}
	memcpy(followed->fleet.members, (const char *)data + sizeof(*blob), members);
	err = fleets_put(&engine->fleets, followed);
	if (!err)
		members_link(engine, &followed->fleet);
	return err;
}

static int state_restore(struct engine *engine, const void *data, size_t len)
{
	struct state_blob blob;

	if (len != sizeof(blob) || !head_is_ours(data, len, sizeof(blob), sizeof(blob.state)))
		return -EINVAL;
	memcpy(&blob, data, sizeof(blob));
	if (!isfinite(blob.state.recent))
		return -EINVAL;
	engine->state = blob.state;
	return 0;
}

int engine_restore(struct engine *engine, enum engine_blob kind, const char *key, const void *data,
		   size_t len)
{
	(void)key; /* a blob carries its own */
	switch (kind) {
	case ENGINE_BLOB_PROFILE:
		return profile_restore(engine, data, len);
	case ENGINE_BLOB_FLEET:
		return fleet_restore(engine, data, len);
	case ENGINE_BLOB_STATE:
		return state_restore(engine, data, len);
	default:
		return -EINVAL;
	}
}
