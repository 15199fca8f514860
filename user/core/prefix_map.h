/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#pragma once

/*
 * Addresses into pseudonyms that keep prefixes: two addresses that share their first n bits have
 * pseudonyms that share exactly their first n bits, so that networks stay visible and hosts do not.
 *
 * This is the construction of Xu, Fan, Ammar and Moon ("Prefix-preserving IP address anonymization",
 * ICNP 2002, known as Crypto-PAn), with SipHash-2-4 in place of AES: bit i of an address is flipped
 * by a keyed bit of the i bits before it. IPv4 stays IPv4 and a prefix keeps its length. It is a
 * bijection; who has the key can undo it, so the key is thrown away. What it does not hide, as no
 * prefix-preserving map can: whoever knows one address behind a pseudonym knows a prefix of its
 * neighbours, and a source may still be known by what it did and when.
 */

#include <stdint.h>

#include "core/net.h"

struct prefix_map {
	uint64_t key[2]; /* random, and for one recording only */
};

void prefix_map_net(const struct prefix_map *map, struct net *net);
/* A number such as a connection or an account into another, alike for alike; 0, unknown, stays. */
uint64_t prefix_map_number(const struct prefix_map *map, uint64_t number);
