/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */

/* From a description to a frame with right lengths and checksums. */

#include "lib/packet.h"

#include <arpa/inet.h>
#include <assert.h>
#include <netinet/ip.h>
#include <netinet/ip6.h>
#include <netinet/tcp.h>
#include <netinet/udp.h>
#include <string.h>

static uint64_t sum_words(uint64_t sum, const uint8_t *bytes, size_t len)
{
	for (size_t i = 0; i + 1 < len; i += 2)
		sum += (uint32_t)bytes[i] << 8 | bytes[i + 1];
	return len % 2 ? sum + ((uint32_t)bytes[len - 1] << 8) : sum;
}

static uint16_t sum_fold(uint64_t sum)
{
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)~sum;
}

/* Sum over the pseudo header and the transport part. */
static uint64_t transport_sum(const uint8_t *ip, const uint8_t *transport, size_t len,
			      uint8_t protocol)
{
	uint64_t sum = protocol + len;

	sum = ip[0] >> 4 == 4 ? sum_words(sum, ip + 12, 8) : sum_words(sum, ip + 8, 32);
	return sum_words(sum, transport, len);
}

static void put16(uint8_t *at, uint16_t value)
{
	at[0] = (uint8_t)(value >> 8);
	at[1] = (uint8_t)value;
}

static size_t ethernet_put(const struct packet_spec *spec, bool is_ip6, uint8_t *frame)
{
	size_t len = 12;

	memset(frame, 0x02, len);
	for (uint8_t tag = 0; tag < spec->vlan_tags; tag++) {
		put16(frame + len, tag + 1 < spec->vlan_tags ? 0x88a8 : 0x8100);
		put16(frame + len + 2, (uint16_t)(100 + tag));
		len += 4;
	}
	put16(frame + len, is_ip6 ? 0x86dd : 0x0800);
	return len + 2;
}

static size_t transport_put(const struct packet_spec *spec, uint8_t *at)
{
	uint8_t protocol = spec->protocol ? spec->protocol : IPPROTO_TCP;
	size_t header_len = sizeof(struct udphdr);

	if (protocol == IPPROTO_TCP) {
		struct tcphdr tcp = {
			.source = htons(spec->from_port),
			.dest = htons(spec->to_port),
			.seq = htonl(spec->sequence),
			.ack_seq = htonl(spec->acknowledgment),
			.window = htons(64240),
			.doff = (5 + spec->options_len / 4) & 0xf,
		};

		header_len = sizeof(tcp) + spec->options_len;
		memcpy(at, &tcp, sizeof(tcp));
		at[13] = spec->flags;
		if (spec->options_len)
			memcpy(at + sizeof(tcp), spec->options, spec->options_len);
	} else if (protocol == IPPROTO_UDP) {
		struct udphdr udp = {
			.source = htons(spec->from_port),
			.dest = htons(spec->to_port),
			.len = htons((uint16_t)(header_len + spec->payload_len)),
		};

		memcpy(at, &udp, sizeof(udp));
	} else {
		memset(at, 0, header_len);
	}
	if (spec->payload_len)
		memcpy(at + header_len, spec->payload, spec->payload_len);
	return header_len + spec->payload_len;
}

static size_t ip4_put(const struct packet_spec *spec, uint8_t *at, size_t transport_len)
{
	size_t header_len = sizeof(struct iphdr) + spec->ip_options_len;
	struct iphdr ip = {
		.version = 4,
		.ihl = (header_len / 4) & 0xf,
		.tot_len = htons((uint16_t)(header_len + transport_len)),
		.id = htons(4711),
		.frag_off = htons(spec->fragment ? spec->fragment : IP_DF),
		.ttl = spec->ttl ? spec->ttl : 64,
		.protocol = spec->protocol ? spec->protocol : IPPROTO_TCP,
	};

	assert(inet_pton(AF_INET, spec->from, &ip.saddr) == 1);
	assert(inet_pton(AF_INET, spec->to, &ip.daddr) == 1);
	memset(at, 1, header_len);
	memcpy(at, &ip, sizeof(ip));
	put16(at + 10, sum_fold(sum_words(0, at, header_len)));
	return header_len;
}

static size_t ip6_put(const struct packet_spec *spec, uint8_t *at, size_t transport_len)
{
	struct ip6_hdr ip = { 0 };
	uint8_t protocol = spec->protocol ? spec->protocol : IPPROTO_TCP;

	ip.ip6_flow = htonl(0x60000000);
	ip.ip6_plen = htons((uint16_t)(spec->extensions_len + transport_len));
	ip.ip6_nxt = spec->extensions_len ? spec->extension_first : protocol;
	ip.ip6_hlim = spec->ttl ? spec->ttl : 64;
	assert(inet_pton(AF_INET6, spec->from, &ip.ip6_src) == 1);
	assert(inet_pton(AF_INET6, spec->to, &ip.ip6_dst) == 1);
	memcpy(at, &ip, sizeof(ip));
	if (spec->extensions_len) {
		memcpy(at + sizeof(ip), spec->extensions, spec->extensions_len);
		at[sizeof(ip) + spec->last_extension] = protocol;
	}
	return sizeof(ip) + spec->extensions_len;
}

size_t packet_build(const struct packet_spec *spec, uint8_t *frame)
{
	bool is_ip6 = strchr(spec->from, ':');
	uint8_t protocol = spec->protocol ? spec->protocol : IPPROTO_TCP;
	uint8_t transport[PACKET_ROOM];
	size_t transport_len = transport_put(spec, transport);
	size_t ip_offset = ethernet_put(spec, is_ip6, frame);
	uint8_t *ip = frame + ip_offset;
	size_t ip_len =
		is_ip6 ? ip6_put(spec, ip, transport_len) : ip4_put(spec, ip, transport_len);
	size_t checksum = protocol == IPPROTO_TCP ? 16 : 6;

	if (protocol == IPPROTO_TCP || protocol == IPPROTO_UDP)
		put16(transport + checksum,
		      sum_fold(transport_sum(ip, transport, transport_len, protocol)));
	memcpy(ip + ip_len, transport, transport_len);
	memset(ip + ip_len + transport_len, 0, spec->padding_len);
	return ip_offset + ip_len + transport_len + spec->padding_len;
}

size_t packet_ip_offset(const uint8_t *frame)
{
	size_t offset = 12;

	while ((frame[offset] == 0x81 && !frame[offset + 1]) ||
	       (frame[offset] == 0x88 && frame[offset + 1] == 0xa8))
		offset += 4;
	return offset + 2;
}

bool packet_checksums_hold(const uint8_t *frame, size_t len)
{
	const uint8_t *ip = frame + packet_ip_offset(frame);
	size_t ip_len = 40, transport_len;

	if (ip[0] >> 4 == 4) {
		ip_len = (size_t)(ip[0] & 0xf) * 4;
		if (sum_fold(sum_words(0, ip, ip_len)))
			return false;
		transport_len = ((size_t)ip[2] << 8 | ip[3]) - ip_len;
	} else {
		transport_len = (size_t)ip[4] << 8 | ip[5];
		for (uint8_t next = ip[6]; next == 0 || next == 60; next = ip[ip_len]) {
			size_t extension_len = ((size_t)ip[ip_len + 1] + 1) * 8;

			transport_len -= extension_len;
			ip_len += extension_len;
			if (ip[ip_len - extension_len] == IPPROTO_TCP)
				break;
		}
	}
	if (ip + ip_len + transport_len > frame + len)
		return false;
	return !sum_fold(transport_sum(ip, ip + ip_len, transport_len, IPPROTO_TCP));
}
