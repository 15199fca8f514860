/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */

/* Turns addresses and numbers into pseudonyms under a key. */

#include "core/prefix_map.h"

#include <string.h>

#include <weir/hash.h>

/* Sets the two uses of the key apart: an address hashes a prefix and its length, a number this. */
#define NUMBER_TAG 0xffu

static uint64_t word_read(const uint8_t *bytes)
{
	uint64_t word = 0;

	for (int i = 0; i < 8; i++)
		word |= (uint64_t)bytes[i] << (8 * i);
	return word;
}

static unsigned keyed_bit(const struct prefix_map *map, const uint8_t prefix[16], unsigned len)
{
	struct weir_siphash hash;

	weir_siphash_init(&hash, map->key[0], map->key[1]);
	weir_siphash_word(&hash, word_read(prefix));
	weir_siphash_word(&hash, word_read(prefix + 8));
	return weir_siphash_end(&hash, len, 17) & 1;
}

void prefix_map_net(const struct prefix_map *map, struct net *net)
{
	unsigned first = net_is_ipv4(net) ? NET_IPV4_OFFSET : 0;
	uint8_t prefix[16] = { 0 }; /* the bits before the one in turn, then zeros */
	struct net out = *net;

	memcpy(prefix, net->addr, first / 8);
	for (unsigned bit = first; bit < net->prefix_len; bit++) {
		uint8_t mask = (uint8_t)(0x80 >> (bit % 8));

		if (keyed_bit(map, prefix, bit))
			out.addr[bit / 8] ^= mask;
		prefix[bit / 8] |= net->addr[bit / 8] & mask;
	}
	*net = out;
}

uint64_t prefix_map_number(const struct prefix_map *map, uint64_t number)
{
	struct weir_siphash hash;
	uint64_t out;

	if (!number)
		return 0;
	weir_siphash_init(&hash, map->key[0], map->key[1]);
	weir_siphash_word(&hash, number);
	out = weir_siphash_end(&hash, NUMBER_TAG, 9);
	return out ? out : 1;
}
