/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "core/rule_store.h"

/* Turns intentions (put, remove, expire) into rules, one at a time. */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct rules *rules_new(uint32_t rules_max)
{
	struct rules *rules = calloc(1, sizeof(*rules));

	if (!rules)
		return NULL;
	rules->max = rules_max;
	rules->soonest_unix_ns = UINT64_MAX;
	return rules;
}

void rules_free(struct rules *rules)
{
	if (!rules)
		return;
	place_table_clear(&rules->places);
	intern_pool_clear(&rules->texts);
	free(rules->slots);
	free(rules->released);
	free(rules);
}

bool rule_is_sound(const struct rule *rule)
{
	return rule->action < WEIR_ACTION_MAX && rule->origin < WEIR_ORIGIN_MAX &&
	       (rule->expires_unix_ns || rule->action == WEIR_ACTION_ALLOW);
}

int rules_put(struct rules *rules, const struct rule *rule, uint32_t *id)
{
	uint32_t put;

	if (!rule_is_sound(rule))
		return -EINVAL;
	if (!rule_store_find(rules, rule, rule->origin, rule->list)) {
		int err = rule_store_room(rules, rule->origin) ? 0 : -ENOSPC;

		if (!err)
			err = rule_store_reserve(rules, 1, 0);
		if (!err)
			err = rule_store_offer(rules, rule->id);
		if (err)
			return err;
	}
	put = rule_store_put(rules, rule);
	if (!put)
		return -ENOMEM;
	if (id)
		*id = put;
	return 0;
}

int rules_remove(struct rules *rules, const struct net *net, bool is_allow, uint8_t origin,
		 const char *list)
{
	uint32_t number = place_find(&rules->places, net, is_allow);
	uint32_t id = number ? place_at(&rules->places, number)->first : 0;
	int removed = 0;

	while (id) {
		const struct rule_slot *slot = rule_slot_at(rules, id);
		uint32_t next = slot->next_at_place;

		if (slot->rule.origin == origin && (!list || strcmp(slot->rule.list, list) == 0)) {
			rule_store_remove(rules, id);
			removed++;
		}
		id = next;
	}
	return removed;
}

size_t rules_expire(struct rules *rules, uint64_t now_unix_ns)
{
	uint64_t soonest_unix_ns = UINT64_MAX;
	size_t removed = 0;

	if (now_unix_ns < rules->soonest_unix_ns)
		return 0;
	for (uint32_t id = 1; id <= rules->used; id++) {
		uint64_t end_unix_ns = rule_slot_at(rules, id)->rule.expires_unix_ns;

		if (end_unix_ns == 0)
			continue;
		if (end_unix_ns <= now_unix_ns) {
			rule_store_remove(rules, id);
			removed++;
		} else if (end_unix_ns < soonest_unix_ns) {
			soonest_unix_ns = end_unix_ns;
		}
	}
	rules->soonest_unix_ns = soonest_unix_ns;
	return removed;
}

size_t rules_clamp(struct rules *rules, uint64_t latest_unix_ns)
{
	size_t clamped = 0;

	for (uint32_t id = 1; id <= rules->used; id++) {
		struct rule rule = rule_slot_at(rules, id)->rule;

		if (!rule.id || rule.action == WEIR_ACTION_ALLOW ||
		    rule.expires_unix_ns <= latest_unix_ns)
			continue;
		rule.expires_unix_ns = latest_unix_ns;
		clamped += rule_store_put(rules, &rule) != 0;
	}
	return clamped;
}

size_t rules_take_released(struct rules *rules, uint32_t *ids, size_t max)
{
	size_t count = rules->released_count < max ? rules->released_count : max;

	if (!count)
		return 0;
	rules->released_count -= count;
	memcpy(ids, rules->released + rules->released_count, count * sizeof(*ids));
	if (!rules->released_count) {
		free(rules->released);
		rules->released = NULL;
		rules->released_room = 0;
	}
	return count;
}

size_t rules_count(const struct rules *rules)
{
	return rules->count;
}

const struct rule *rules_by_id(const struct rules *rules, uint32_t id)
{
	if (id == 0 || id > rules->used || !rule_slot_at(rules, id)->rule.id)
		return NULL;
	return &rule_slot_at(rules, id)->rule;
}

const struct rule *rules_find(const struct rules *rules, const struct net *net, bool is_allow,
			      uint8_t origin, const char *list)
{
	const struct rule key = { .net = *net,
				  .action = is_allow ? WEIR_ACTION_ALLOW : WEIR_ACTION_DROP };

	return rules_by_id(rules, rule_store_find(rules, &key, origin, list));
}

int rules_each(const struct rules *rules, int (*fn)(const struct rule *rule, void *arg), void *arg)
{
	return rules_each_after(rules, 0, fn, arg);
}

int rules_each_after(const struct rules *rules, uint32_t after_id,
		     int (*fn)(const struct rule *rule, void *arg), void *arg)
{
	int result = 0;

	for (uint32_t id = after_id; id < rules->used && !result; id++)
		if (rule_slot_at(rules, id + 1)->rule.id)
			result = fn(&rule_slot_at(rules, id + 1)->rule, arg);
	return result;
}
