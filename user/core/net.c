/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "core/net.h"

/* Turns text into nets and back, and compares nets, all in IPv4-mapped space. */

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <weir/bounds.h>

#define NET_BITS 128
#define NET4_BITS 32

static const uint8_t mapped_prefix[12] = { [10] = 0xff, [11] = 0xff };

bool net_is_ipv4(const struct net *net)
{
	return net->prefix_len >= NET_IPV4_OFFSET &&
	       memcmp(net->addr, mapped_prefix, sizeof(mapped_prefix)) == 0;
}

bool net_is_host(const struct net *net)
{
	return net->prefix_len == NET_BITS;
}

bool net_is_too_wide(const struct net *net)
{
	if (net_is_ipv4(net))
		return net->prefix_len < NET_IPV4_OFFSET + WEIR_NET4_MIN_LEN;
	return net->prefix_len < WEIR_NET6_MIN_LEN;
}

/* Digits only, without sign or leading zero: "/024" is somebody's slip. */
static int prefix_len_parse(const char *text, unsigned max, unsigned *out)
{
	unsigned value = 0;

	if (text[0] == '\0' || (text[0] == '0' && text[1] != '\0'))
		return -EINVAL;
	for (; *text != '\0'; text++) {
		if (*text < '0' || *text > '9')
			return -EINVAL;
		if (value <= NET_BITS)
			value = value * 10 + (unsigned)(*text - '0');
	}
	if (value > max)
		return -ERANGE;
	*out = value;
	return 0;
}

static int address_parse(const char *text, uint8_t addr[16], bool *is_dotted)
{
	*is_dotted = inet_pton(AF_INET, text, addr + sizeof(mapped_prefix)) == 1;
	if (*is_dotted) {
		memcpy(addr, mapped_prefix, sizeof(mapped_prefix));
		return 0;
	}
	return inet_pton(AF_INET6, text, addr) == 1 ? 0 : -EINVAL;
}

int net_parse_loose(const char *text, struct net *out, bool *was_masked)
{
	const char *slash = strchr(text, '/');
	char address[INET6_ADDRSTRLEN];
	struct net net = { .prefix_len = NET_BITS };
	size_t len = slash ? (size_t)(slash - text) : strlen(text);
	unsigned prefix_len;
	bool is_dotted;
	uint8_t typed[16];
	int err;

	if (len >= sizeof(address))
		return -EINVAL;
	memcpy(address, text, len);
	address[len] = '\0';
	err = address_parse(address, net.addr, &is_dotted);
	if (err)
		return err;
	if (slash) {
		err = prefix_len_parse(slash + 1, is_dotted ? NET4_BITS : NET_BITS, &prefix_len);
		if (err)
			return err;
		net.prefix_len = (uint8_t)(prefix_len + (is_dotted ? NET_IPV4_OFFSET : 0));
	}
	memcpy(typed, net.addr, sizeof(typed));
	net_mask(&net);
	*was_masked = memcmp(typed, net.addr, sizeof(typed)) != 0;
	*out = net;
	return 0;
}

int net_parse(const char *text, struct net *out)
{
	struct net net;
	bool was_masked;
	int err = net_parse_loose(text, &net, &was_masked);

	if (err)
		return err;
	if (was_masked)
		return -EDOM;
	*out = net;
	return 0;
}

void net_format(const struct net *net, char text[NET_TEXT_MAX])
{
	bool is_ipv4 = net_is_ipv4(net);
	char address[INET6_ADDRSTRLEN];

	if (is_ipv4)
		inet_ntop(AF_INET, net->addr + sizeof(mapped_prefix), address, sizeof(address));
	else
		inet_ntop(AF_INET6, net->addr, address, sizeof(address));
	if (net_is_host(net))
		snprintf(text, NET_TEXT_MAX, "%s", address);
	else
		snprintf(text, NET_TEXT_MAX, "%s/%d", address,
			 net->prefix_len - (is_ipv4 ? NET_IPV4_OFFSET : 0));
}

static void address_mask(uint8_t addr[16], unsigned prefix_len)
{
	unsigned whole = prefix_len / 8;

	if (prefix_len >= NET_BITS)
		return;
	addr[whole] &= (uint8_t)(0xff00u >> (prefix_len % 8));
	memset(addr + whole + 1, 0, 15 - whole);
}

void net_mask(struct net *net)
{
	address_mask(net->addr, net->prefix_len);
}

bool net_contains(const struct net *outer, const struct net *inner)
{
	struct net widened = *inner;

	if (outer->prefix_len > inner->prefix_len || net_is_ipv4(outer) != net_is_ipv4(inner))
		return false;
	address_mask(widened.addr, outer->prefix_len);
	return memcmp(widened.addr, outer->addr, sizeof(outer->addr)) == 0;
}

bool net_overlaps(const struct net *a, const struct net *b)
{
	return net_contains(a, b) || net_contains(b, a);
}

int net_compare(const struct net *a, const struct net *b)
{
	int order = memcmp(a->addr, b->addr, sizeof(a->addr));

	return order ? order : (int)a->prefix_len - (int)b->prefix_len;
}

/* The finaliser of MurmurHash3: every input bit reaches every output bit. */
static uint64_t bits_mix(uint64_t x)
{
	x ^= x >> 33;
	x *= 0xff51afd7ed558ccdULL;
	x ^= x >> 33;
	x *= 0xc4ceb9fe1a85ec53ULL;
	return x ^ (x >> 33);
}

uint64_t net_hash(const struct net *net)
{
	uint64_t high, low;

	memcpy(&high, net->addr, sizeof(high));
	memcpy(&low, net->addr + sizeof(high), sizeof(low));
	return bits_mix(bits_mix(high ^ net->prefix_len) + low);
}

struct net net_of_source(const uint8_t addr[16], uint8_t source_prefix_len)
{
	struct net net = { .prefix_len = source_prefix_len };

	memcpy(net.addr, addr, sizeof(net.addr));
	if (memcmp(addr, mapped_prefix, sizeof(mapped_prefix)) == 0 &&
	    source_prefix_len <= NET4_BITS)
		net.prefix_len = (uint8_t)(NET_IPV4_OFFSET + source_prefix_len);
	net_mask(&net);
	return net;
}
