/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#pragma once

/* Addresses and prefixes as 16 bytes plus a length, IPv4 mapped, to and from text. */

#include <stdbool.h>
#include <stdint.h>

/* IPv4 lives in ::ffff:0:0/96, so that one order, one comparison and one length serve both. */
struct net {
	uint8_t addr[16];
	uint8_t prefix_len; /* 0..128 in mapped space: 192.0.2.0/24 is 120 */
};

#define NET_IPV4_OFFSET 96 /* mapped length of 0.0.0.0/0 */
#define NET_TEXT_MAX 64	   /* room for any net as text, with its NUL */

bool net_is_ipv4(const struct net *net);
bool net_is_host(const struct net *net);
/* "192.0.2.1", "192.0.2.0/24", "2001:db8::/32", "::ffff:192.0.2.1". -EINVAL: not an address or
 * CIDR; -ERANGE: prefix length too large; host bits set beyond the length are -EDOM. */
int net_parse(const char *text, struct net *out);
/* As net_parse, but clears host bits instead of refusing; *was_masked says so. */
int net_parse_loose(const char *text, struct net *out, bool *was_masked);
/* An address without "/32" or "/128", else CIDR. */
void net_format(const struct net *net, char text[NET_TEXT_MAX]);
void net_mask(struct net *net);
/* Families do not mix: ::/0 contains no IPv4 net, as no IPv6 rule is looked up for an IPv4 packet. */
bool net_contains(const struct net *outer, const struct net *inner);
bool net_overlaps(const struct net *a, const struct net *b);
/* Order for sorting: by address, then shorter length first. */
int net_compare(const struct net *a, const struct net *b);
uint64_t net_hash(const struct net *net);
/* A source as the kernel counts it: source_prefix_len is 32 for IPv4, else 0..128. */
struct net net_of_source(const uint8_t addr[16], uint8_t source_prefix_len);
/* Wider than /8 (IPv4) or /24 (IPv6): only with --force, and never from lists or push maps. */
bool net_is_too_wide(const struct net *net);
