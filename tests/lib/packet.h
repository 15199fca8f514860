/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#pragma once

/* From a description to a frame with right lengths and checksums, and back from a frame to its checks. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PACKET_ROOM 4096

enum {
	PACKET_FIN = 0x01,
	PACKET_SYN = 0x02,
	PACKET_RST = 0x04,
	PACKET_PSH = 0x08,
	PACKET_ACK = 0x10,
	PACKET_URG = 0x20,
};

/* Zero is a sensible value everywhere but for the addresses. */
struct packet_spec {
	const char *from; /* "192.0.2.7" or "2001:db8::7", decides the IP version */
	const char *to;
	uint16_t from_port;
	uint16_t to_port;
	uint8_t protocol; /* 0: TCP */
	uint8_t flags;
	uint32_t sequence;
	uint32_t acknowledgment;
	const uint8_t *options; /* TCP options, a multiple of four bytes */
	size_t options_len;
	const void *payload;
	size_t payload_len;
	uint8_t vlan_tags;
	uint8_t ttl;		   /* 0: 64 */
	uint16_t fragment;	   /* IPv4 flags and offset, host order; 0: don't fragment */
	const uint8_t *extensions; /* IPv6 extension headers, the last one's next header is set */
	size_t extensions_len;
	uint8_t extension_first; /* type of the first of them */
	size_t last_extension;	 /* offset of the last one's next header byte */
	size_t padding_len;	 /* of the Ethernet frame */
	size_t ip_options_len;	 /* IPv4, filled with NOP */
};

/* Returns the frame's length. */
size_t packet_build(const struct packet_spec *spec, uint8_t *frame);

/* True if the checksums of IPv4's header and of TCP are right. */
bool packet_checksums_hold(const uint8_t *frame, size_t len);

/* Where the IP and TCP headers of an untagged or tagged frame lie. */
size_t packet_ip_offset(const uint8_t *frame);
