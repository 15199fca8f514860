/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "core/rule_store.h"

/* Turns a rule into its slot, its place and its list, and keeps the chains between them right. */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define CAPACITY_FIRST 256
#define RELEASED_FIRST 256
/* Own addresses, gateways, resolvers and SSH peers of one host: far more than any has. */
#define GUARDS_MAX 4096

_Static_assert(INTERN_HEADS == WEIR_ORIGIN_MAX, "one chain of a list name for each origin");

struct rule_slot *rule_slot_at(const struct rules *rules, uint32_t id)
{
	return &rules->slots[id - 1];
}

static int slots_reserve(struct rules *rules, uint32_t wanted)
{
	uint32_t capacity = rules->capacity ? rules->capacity : CAPACITY_FIRST;
	struct rule_slot *slots;

	if (wanted <= rules->capacity)
		return 0;
	while (capacity < wanted)
		capacity *= 2;
	slots = realloc(rules->slots, capacity * sizeof(*slots));
	if (!slots)
		return -ENOMEM;
	rules->slots = slots;
	rules->capacity = capacity;
	return 0;
}

/* Guards have room of their own: a full table must not lock anybody out. */
size_t rule_store_room(const struct rules *rules, uint8_t origin)
{
	if (origin == WEIR_ORIGIN_GUARD)
		return GUARDS_MAX - rules->guards;
	return rules->max - (rules->count - rules->guards);
}

int rule_store_reserve(struct rules *rules, size_t more, size_t fewer)
{
	int err = slots_reserve(rules, (uint32_t)(rules->count - fewer + more));

	return err ? err : place_table_reserve(&rules->places, (uint32_t)more);
}

/* Where in the maps a rule goes: two rules that differ here are never in each other's way. */
static bool rule_is_allow(const struct rule *rule)
{
	return rule->action == WEIR_ACTION_ALLOW;
}

/* Does a win over b, both of the same net? The strongest action, then the latest expiry, then the older id. */
static bool rule_wins(const struct rule *a, const struct rule *b)
{
	uint64_t a_end = a->expires_unix_ns ? a->expires_unix_ns : UINT64_MAX;
	uint64_t b_end = b->expires_unix_ns ? b->expires_unix_ns : UINT64_MAX;

	_Static_assert(WEIR_ACTION_OBSERVE < WEIR_ACTION_LIMIT &&
			       WEIR_ACTION_LIMIT < WEIR_ACTION_DROP &&
			       WEIR_ACTION_DROP < WEIR_ACTION_RESET,
		       "the numbers of the actions are their strengths");
	if (a->action != b->action)
		return a->action > b->action;
	return a_end != b_end ? a_end > b_end : a->id < b->id;
}

const struct rule *rule_effective(const struct rules *rules, uint32_t place_number)
{
	const struct rule *best = NULL;
	uint32_t id = place_at(&rules->places, place_number)->first;

	for (; id; id = rule_slot_at(rules, id)->next_at_place) {
		const struct rule *rule = &rule_slot_at(rules, id)->rule;

		if (!best || rule_wins(rule, best))
			best = rule;
	}
	return best;
}

/* What of a rule stands in its map. */
struct face {
	uint64_t expires_unix_ns;
	uint32_t id;
	uint16_t limit_per_min;
	uint8_t action, origin;
};

static struct face face_of(const struct rules *rules, uint32_t place_number)
{
	const struct rule *rule = rule_effective(rules, place_number);

	if (!rule)
		return (struct face){ 0 };
	return (struct face){ .expires_unix_ns = rule->expires_unix_ns,
			      .id = rule->id,
			      .limit_per_min = rule->limit_per_min,
			      .action = rule->action,
			      .origin = rule->origin };
}

static void place_compare(struct rules *rules, uint32_t place_number, const struct face *before)
{
	struct face after = face_of(rules, place_number);

	if (after.id != before->id || after.expires_unix_ns != before->expires_unix_ns ||
	    after.limit_per_min != before->limit_per_min || after.action != before->action ||
	    after.origin != before->origin)
		place_mark_dirty(&rules->places, place_number);
}

uint32_t rule_store_find(const struct rules *rules, const struct rule *rule, uint8_t origin,
			 const char *list)
{
	const char *interned = intern_find(&rules->texts, list);
	uint32_t number = place_find(&rules->places, &rule->net, rule_is_allow(rule));
	uint32_t id = number && interned ? place_at(&rules->places, number)->first : 0;

	while (id) {
		const struct rule_slot *slot = rule_slot_at(rules, id);

		if (slot->rule.origin == origin && slot->rule.list == interned)
			break;
		id = slot->next_at_place;
	}
	return id;
}

static void slot_release(struct rules *rules, uint32_t id)
{
	*rule_slot_at(rules, id) = (struct rule_slot){ .earlier_in_list = rules->free_last };
	if (rules->free_last)
		rule_slot_at(rules, rules->free_last)->later_in_list = id;
	else
		rules->free_first = id;
	rules->free_last = id;
}

int rule_store_offer(struct rules *rules, uint32_t id)
{
	int err;

	if (id > rules->max || id <= rules->used)
		return 0;
	err = slots_reserve(rules, id);
	while (!err && rules->used < id)
		slot_release(rules, ++rules->used);
	return err;
}

/* The wanted id if it is free, else the one that has rested longest, else a fresh one. */
static uint32_t slot_take(struct rules *rules, uint32_t wanted)
{
	bool is_free = wanted && wanted <= rules->used && !rule_slot_at(rules, wanted)->rule.id;
	uint32_t id = is_free ? wanted : rules->free_first;
	const struct rule_slot *slot;

	if (!id)
		return ++rules->used;
	slot = rule_slot_at(rules, id);
	if (slot->earlier_in_list)
		rule_slot_at(rules, slot->earlier_in_list)->later_in_list = slot->later_in_list;
	else
		rules->free_first = slot->later_in_list;
	if (slot->later_in_list)
		rule_slot_at(rules, slot->later_in_list)->earlier_in_list = slot->earlier_in_list;
	else
		rules->free_last = slot->earlier_in_list;
	return id;
}

static void list_link(struct rules *rules, struct rule_slot *slot)
{
	uint32_t *head = &intern_heads(slot->rule.list)[slot->rule.origin];

	slot->later_in_list = *head;
	if (*head)
		rule_slot_at(rules, *head)->earlier_in_list = slot->rule.id;
	*head = slot->rule.id;
}

static void list_unlink(struct rules *rules, const struct rule_slot *slot)
{
	if (slot->earlier_in_list)
		rule_slot_at(rules, slot->earlier_in_list)->later_in_list = slot->later_in_list;
	else
		intern_heads(slot->rule.list)[slot->rule.origin] = slot->later_in_list;
	if (slot->later_in_list)
		rule_slot_at(rules, slot->later_in_list)->earlier_in_list = slot->earlier_in_list;
}

static void texts_drop(struct rules *rules, const struct rule *rule)
{
	const char *texts[] = { rule->list, rule->reason, rule->by };

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		if (texts[i])
			intern_drop(&rules->texts, texts[i]);
}

/* Replaces the caller's strings by interned ones. */
static int texts_take(struct rules *rules, struct rule *rule)
{
	struct rule own = *rule;

	own.list = intern_take(&rules->texts, rule->list);
	own.reason = intern_take(&rules->texts, rule->reason);
	own.by = intern_take(&rules->texts, rule->by);
	if (!own.list || !own.reason || !own.by) {
		texts_drop(rules, &own);
		return -ENOMEM;
	}
	*rule = own;
	return 0;
}

static void slot_update(struct rules *rules, uint32_t id, struct rule *rule)
{
	struct rule_slot *slot = rule_slot_at(rules, id);
	uint32_t number = place_find(&rules->places, &rule->net, rule_is_allow(rule));
	struct face before = face_of(rules, number);

	texts_drop(rules, &slot->rule);
	rule->id = id;
	if (rule->action == slot->rule.action)
		rule->created_unix_ns = slot->rule.created_unix_ns;
	slot->rule = *rule;
	place_compare(rules, number, &before);
}

static uint32_t slot_add(struct rules *rules, struct rule *rule)
{
	uint32_t number = place_add(&rules->places, &rule->net, rule_is_allow(rule));
	struct place *place = place_at(&rules->places, number);
	struct face before = face_of(rules, number);
	uint32_t id = slot_take(rules, rule->id);
	struct rule_slot *slot = rule_slot_at(rules, id);

	rule->id = id;
	*slot = (struct rule_slot){ .rule = *rule, .next_at_place = place->first };
	if (!place->first)
		place_fill(&rules->places, number);
	place->first = id;
	list_link(rules, slot);
	rules->count++;
	rules->guards += rule->origin == WEIR_ORIGIN_GUARD;
	place_compare(rules, number, &before);
	return id;
}

uint32_t rule_store_put(struct rules *rules, const struct rule *rule)
{
	uint32_t id = rule_store_find(rules, rule, rule->origin, rule->list);
	struct rule own = *rule;

	if (texts_take(rules, &own))
		return 0;
	if (id)
		slot_update(rules, id, &own);
	else
		id = slot_add(rules, &own);
	if (own.expires_unix_ns && own.expires_unix_ns < rules->soonest_unix_ns)
		rules->soonest_unix_ns = own.expires_unix_ns;
	return id;
}

/* Without memory for the note, the id's hits stay until somebody looks for those of no rule. */
static void released_note(struct rules *rules, uint32_t id)
{
	if (rules->released_count == rules->released_room) {
		size_t room = rules->released_room ? rules->released_room * 2 : RELEASED_FIRST;
		uint32_t *released = realloc(rules->released, room * sizeof(*released));

		if (!released)
			return;
		rules->released = released;
		rules->released_room = room;
	}
	rules->released[rules->released_count++] = id;
}

void rule_store_remove(struct rules *rules, uint32_t id)
{
	struct rule_slot *slot = rule_slot_at(rules, id);
	uint32_t number = place_find(&rules->places, &slot->rule.net, rule_is_allow(&slot->rule));
	struct place *place = place_at(&rules->places, number);
	struct face before = face_of(rules, number);
	uint32_t *link = &place->first;

	while (*link != id)
		link = &rule_slot_at(rules, *link)->next_at_place;
	*link = slot->next_at_place;
	if (!place->first)
		place_empty(&rules->places, number);
	list_unlink(rules, slot);
	texts_drop(rules, &slot->rule);
	rules->guards -= slot->rule.origin == WEIR_ORIGIN_GUARD;
	slot_release(rules, id);
	released_note(rules, id);
	rules->count--;
	place_compare(rules, number, &before);
	place_forget_if_bare(&rules->places, number);
}
