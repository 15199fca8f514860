/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#pragma once

/* All rules weir knows, by net, origin and list; what the maps must hold; and the difference. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <weir/abi.h>

#include "core/net.h"

struct rule {
	struct net net;
	uint8_t action; /* enum weir_action; ALLOW is an allow rule */
	uint8_t origin; /* enum weir_origin */
	uint16_t limit_per_min;
	uint32_t id;		  /* given by rules_put; stable over updates of the same rule */
	uint64_t expires_unix_ns; /* 0: never, only for ALLOW */
	uint64_t created_unix_ns;
	const char *list;   /* interned; "" when it is of no list; a fleet's id for FLEET */
	const char *reason; /* interned; the operator's words, or the fleet's */
	const char *by;	    /* interned; who: "uid 0 (root)", "fleet", "map push_net4" */
};

struct rules;

struct rules *rules_new(uint32_t rules_max);
void rules_free(struct rules *rules);

/*
 * Adds or updates the rule with the same net, origin and list (ALLOW and deny are kept apart); an update
 * keeps the id, and created_unix_ns too unless the action changes. A new rule gets rule->id if that is free (0: any), so that the hits of a rule
 * restored from the ledger stay its own. *id (may be NULL) is its id. -ENOSPC: rules_max (guards have room of their own); -EINVAL: unknown action or
 * origin, or no expiry on anything but ALLOW; -ENOMEM. Pointers to rules hold until the next put, remove,
 * replace or expire.
 */
int rules_put(struct rules *rules, const struct rule *rule, uint32_t *id);
/* Removes only the rule of that origin and list; list NULL: of any list of that origin. Number removed. */
int rules_remove(struct rules *rules, const struct net *net, bool is_allow, uint8_t origin,
		 const char *list);
/* Replaces a whole list (origin and name) by these: rules not among them go, known ones are refreshed.
 * Atomic: on -ENOSPC nothing changed. */
struct rules_replaced {
	size_t added, removed, kept;
};
int rules_replace(struct rules *rules, uint8_t origin, const char *list, const struct rule *with,
		  size_t count, bool is_dry_run, struct rules_replaced *out);
/* Removes what has expired; number removed. */
size_t rules_expire(struct rules *rules, uint64_t now_unix_ns);

/* After the clock was set back: what denies ends by then at the latest. Number changed. */
size_t rules_clamp(struct rules *rules, uint64_t latest_unix_ns);
/* Ids whose rule went, each once, max at most: hits counted under them are nobody's, and the id may be given anew. */
size_t rules_take_released(struct rules *rules, uint32_t *ids, size_t max);

/* The one rule of this net, side, origin and list; NULL: there is none. */
const struct rule *rules_find(const struct rules *rules, const struct net *net, bool is_allow,
			      uint8_t origin, const char *list);
size_t rules_count(const struct rules *rules);
const struct rule *rules_by_id(const struct rules *rules, uint32_t id);
int rules_each(const struct rules *rules, int (*fn)(const struct rule *rule, void *arg), void *arg);
/* Only those with a larger id, in the order of their ids. */
int rules_each_after(const struct rules *rules, uint32_t after_id,
		     int (*fn)(const struct rule *rule, void *arg), void *arg);
/* All rules that cover or equal this net, for explain: calls fn from the widest to the narrowest. */
int rules_each_covering(const struct rules *rules, const struct net *net,
			int (*fn)(const struct rule *rule, void *arg), void *arg);
/* Allow rules that overlap a net (either contains the other). */
bool rules_is_allowed(const struct rules *rules, const struct net *net, const struct rule **which);
bool rules_overlaps_allow(const struct rules *rules, const struct net *net,
			  const struct rule **which);

/*
 * The maps hold one rule a net: of those alike in net the strongest action, then the latest expiry
 * (observe < limit < drop < reset). rules_diff visits every net whose effective rule changed since it
 * was last marked written: rule NULL means delete from that map. fn returns 0 when it is
 * written; then it is marked so.
 */
enum rule_map {
	RULE_MAP_ALLOW4,
	RULE_MAP_ALLOW6,
	RULE_MAP_HOST,
	RULE_MAP_NET4,
	RULE_MAP_NET6
};
struct rule_change {
	enum rule_map map;
	struct net net;
	const struct rule *rule; /* NULL: delete */
	bool was_written;
};
/* Hands over up to max changes and returns their number; commit (or not) with rules_mark. */
size_t rules_changes(struct rules *rules, struct rule_change *changes, size_t max);
void rules_mark_written(struct rules *rules, const struct rule_change *changes, size_t count);
/* After a step of the clock: everything must be written again. What the maps hold is not forgotten: a
 * rule that goes before it was written again is deleted from them all the same. */
void rules_mark_all_dirty(struct rules *rules);

const char *rule_action_name(uint8_t action); /* "allow", "observe", "limit", "drop", "reset" */
int rule_action_parse(const char *name);      /* enum weir_action or -EINVAL */
const char *rule_origin_name(uint8_t origin); /* "fleet", "operator", "list", "map", "guard" */
const char *mode_name(uint8_t mode);
int mode_parse(const char *name);
