/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "core/rule_store.h"

/* Turns the queue of changed places into what must be written to the maps, and back into "written". */

static enum rule_map map_of(const struct place *place)
{
	bool is_ipv4 = net_is_ipv4(&place->net);

	if (place->is_allow)
		return is_ipv4 ? RULE_MAP_ALLOW4 : RULE_MAP_ALLOW6;
	if (net_is_host(&place->net))
		return RULE_MAP_HOST;
	return is_ipv4 ? RULE_MAP_NET4 : RULE_MAP_NET6;
}

static bool map_is_allow(enum rule_map map)
{
	return map == RULE_MAP_ALLOW4 || map == RULE_MAP_ALLOW6;
}

size_t rules_changes(struct rules *rules, struct rule_change *changes, size_t max)
{
	uint32_t number = rules->places.dirty_first;
	size_t count = 0;

	while (number && count < max) {
		const struct place *place = place_at(&rules->places, number);

		changes[count++] = (struct rule_change){ .map = map_of(place),
							 .net = place->net,
							 .rule = rule_effective(rules, number),
							 .was_written = place->is_written };
		number = place->later;
	}
	return count;
}

void rules_mark_written(struct rules *rules, const struct rule_change *changes, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		bool is_allow = map_is_allow(changes[i].map);
		uint32_t number = place_find(&rules->places, &changes[i].net, is_allow);

		if (!number)
			continue;
		place_at(&rules->places, number)->is_written = changes[i].rule != NULL;
		place_mark_clean(&rules->places, number);
		place_forget_if_bare(&rules->places, number);
	}
}

void rules_mark_all_dirty(struct rules *rules)
{
	for (uint32_t number = 1; number <= rules->places.used; number++) {
		struct place *place = place_at(&rules->places, number);

		if (place->is_used)
			place_mark_dirty(&rules->places, number);
	}
}
