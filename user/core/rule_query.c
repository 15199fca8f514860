/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "core/rule_store.h"

/* Turns a net into the rules that cover it, probing one hash a length instead of walking all rules. */

#define LENGTH_MAX 128

static unsigned length_min(const struct net *net)
{
	return net_is_ipv4(net) ? NET_IPV4_OFFSET : 0;
}

/* Place of the net widened to this length, if rules stand there; 0: none. */
static uint32_t place_covering(const struct rules *rules, const struct net *net, unsigned len,
			       bool is_allow)
{
	struct net wider = *net;
	uint32_t number;

	if (!rules->places.lengths[is_allow][len])
		return 0;
	wider.prefix_len = (uint8_t)len;
	net_mask(&wider);
	number = place_find(&rules->places, &wider, is_allow);
	return number && place_at(&rules->places, number)->first ? number : 0;
}

static int each_at_place(const struct rules *rules, uint32_t number,
			 int (*fn)(const struct rule *rule, void *arg), void *arg)
{
	uint32_t id = number ? place_at(&rules->places, number)->first : 0;
	int result = 0;

	for (; id && !result; id = rule_slot_at(rules, id)->next_at_place)
		result = fn(&rule_slot_at(rules, id)->rule, arg);
	return result;
}

int rules_each_covering(const struct rules *rules, const struct net *net,
			int (*fn)(const struct rule *rule, void *arg), void *arg)
{
	int result = 0;

	for (unsigned len = length_min(net); len <= net->prefix_len && !result; len++) {
		result = each_at_place(rules, place_covering(rules, net, len, true), fn, arg);
		if (!result)
			result = each_at_place(rules, place_covering(rules, net, len, false), fn,
					       arg);
	}
	return result;
}

bool rules_is_allowed(const struct rules *rules, const struct net *net, const struct rule **which)
{
	for (unsigned len = length_min(net); len <= net->prefix_len; len++) {
		uint32_t number = place_covering(rules, net, len, true);

		if (!number)
			continue;
		if (which)
			*which = rule_effective(rules, number);
		return true;
	}
	return false;
}

bool rules_overlaps_allow(const struct rules *rules, const struct net *net,
			  const struct rule **which)
{
	uint32_t number;

	if (rules_is_allowed(rules, net, which))
		return true;
	number = place_find_allow_inside(&rules->places, net);
	if (number && which)
		*which = rule_effective(rules, number);
	return number != 0;
}
