/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#pragma once

/* How struct rules keeps its rules: for rule*.c, nobody else. */

#include "core/intern.h"
#include "core/place.h"
#include "core/rule.h"

/* One rule and the chains it is in. Slot i holds the rule with id i + 1; id 0 in it: free. */
struct rule_slot {
	struct rule rule;
	uint32_t next_at_place;	  /* the other rules of its net; 0: none */
	uint32_t earlier_in_list; /* the other rules of its origin and list; free: the free chain */
	uint32_t later_in_list;
	uint32_t mark; /* run of rules_replace that met it last */
};

struct rules {
	uint32_t max;
	uint32_t count;
	uint32_t guards;	 /* of them of origin GUARD, which do not count toward max */
	uint32_t used, capacity; /* slots */
	struct rule_slot *slots;
	uint32_t free_first, free_last; /* the longest free is taken first, so that ids rest */
	uint64_t soonest_unix_ns;	/* no rule expires before this */
	uint32_t *released;		/* ids whose rule went, until rules_take_released */
	size_t released_count, released_room;
	uint32_t mark;
	struct place_table places;
	struct intern_pool texts;
};

struct rule_slot *rule_slot_at(const struct rules *rules, uint32_t id);
/* How many more rules of an origin there may be. */
size_t rule_store_room(const struct rules *rules, uint8_t origin);
/* Memory for so many more rules after so many fewer. 0 or -ENOMEM. */
int rule_store_reserve(struct rules *rules, size_t more, size_t fewer);
/* Makes an id that was never used free for rule_store_put, if rules_max lets it. 0 or -ENOMEM. */
int rule_store_offer(struct rules *rules, uint32_t id);
/* Id of the rule with this net and side, origin and list; 0: none. */
uint32_t rule_store_find(const struct rules *rules, const struct rule *rule, uint8_t origin,
			 const char *list);
/* Known action and origin, and an end unless it allows. */
bool rule_is_sound(const struct rule *rule);
/* Adds or updates in reserved room, under rule->id if that is free; 0 on ENOMEM of a string, then nothing changed. */
uint32_t rule_store_put(struct rules *rules, const struct rule *rule);
void rule_store_remove(struct rules *rules, uint32_t id);
/* The rule of a place that its map must hold; NULL: none. */
const struct rule *rule_effective(const struct rules *rules, uint32_t place_number);
