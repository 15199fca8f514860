/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */

/* An Ethernet frame's ends and TCP flags, as far as telling its direction needs; offline only. */

#include "core/frame.h"

#include <string.h>

#define ETHERNET_LEN 14
#define VLAN_LEN 4
#define VLAN_DEPTH_MAX 4
#define IP4_LEN_MIN 20
#define IP6_LEN 40
#define IP6_EXTENSIONS_MAX 8
#define TCP_FLAGS_OFFSET 13
#define PORTS_LEN 4

enum ethertype {
	ETHERTYPE_IP4 = 0x0800,
	ETHERTYPE_IP6 = 0x86dd,
	ETHERTYPE_VLAN = 0x8100,
	ETHERTYPE_QINQ = 0x88a8,
};

enum protocol {
	HOP_BY_HOP = 0,
	TCP = 6,
	UDP = 17,
	ROUTING = 43,
	FRAGMENT = 44,
	DESTINATION = 60
};

struct cursor {
	const uint8_t *data;
	size_t len;
};

static uint16_t be16(const uint8_t *data)
{
	return (uint16_t)(data[0] << 8 | data[1]);
}

static bool skip(struct cursor *cursor, size_t len)
{
	if (cursor->len < len)
		return false;
	cursor->data += len;
	cursor->len -= len;
	return true;
}

static void addr4_copy(uint8_t out[16], const uint8_t *addr)
{
	memset(out, 0, 10);
	memset(out + 10, 0xff, 2);
	memcpy(out + 12, addr, 4);
}

static bool ip4_parse(struct cursor *cursor, struct frame *out)
{
	const uint8_t *ip = cursor->data;
	size_t header_len;

	if (cursor->len < IP4_LEN_MIN || ip[0] >> 4 != 4)
		return false;
	header_len = (size_t)(ip[0] & 0x0f) * 4;
	if (header_len < IP4_LEN_MIN || be16(ip + 6) & 0x1fff)
		return false;
	addr4_copy(out->from.addr, ip + 12);
	addr4_copy(out->to.addr, ip + 16);
	out->protocol = ip[9];
	return skip(cursor, header_len);
}

static bool ip6_parse(struct cursor *cursor, struct frame *out)
{
	const uint8_t *ip = cursor->data;
	uint8_t next;

	if (cursor->len < IP6_LEN || ip[0] >> 4 != 6)
		return false;
	memcpy(out->from.addr, ip + 8, 16);
	memcpy(out->to.addr, ip + 24, 16);
	next = ip[6];
	skip(cursor, IP6_LEN);
	for (int i = 0; i < IP6_EXTENSIONS_MAX; i++) {
		const uint8_t *header = cursor->data;
		bool is_fragment = next == FRAGMENT;

		if (next != HOP_BY_HOP && next != ROUTING && next != DESTINATION && !is_fragment)
			break;
		if (cursor->len < 8 || (is_fragment && be16(header + 2) & 0xfff8))
			return false;
		next = header[0];
		if (!skip(cursor, is_fragment ? 8 : (size_t)(header[1] + 1) * 8))
			return false;
	}
	out->protocol = next;
	return true;
}

static bool ports_parse(const struct cursor *cursor, struct frame *out)
{
	if (cursor->len < PORTS_LEN || (out->protocol != TCP && out->protocol != UDP))
		return false;
	out->from.port = be16(cursor->data);
	out->to.port = be16(cursor->data + 2);
	out->tcp_flags = 0;
	if (out->protocol == UDP)
		return true;
	if (cursor->len <= TCP_FLAGS_OFFSET)
		return false;
	out->tcp_flags = cursor->data[TCP_FLAGS_OFFSET];
	return true;
}

bool frame_parse(const uint8_t *data, size_t len, struct frame *out)
{
	struct cursor cursor = { .data = data, .len = len };
	uint16_t type;

	if (!skip(&cursor, ETHERNET_LEN))
		return false;
	type = be16(cursor.data - 2);
	for (int i = 0; i < VLAN_DEPTH_MAX && (type == ETHERTYPE_VLAN || type == ETHERTYPE_QINQ);
	     i++) {
		if (!skip(&cursor, VLAN_LEN))
			return false;
		type = be16(cursor.data - 2);
	}
	if (type == ETHERTYPE_IP4)
		return ip4_parse(&cursor, out) && ports_parse(&cursor, out);
	if (type == ETHERTYPE_IP6)
		return ip6_parse(&cursor, out) && ports_parse(&cursor, out);
	return false;
}
