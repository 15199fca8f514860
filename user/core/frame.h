/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#pragma once

/* An Ethernet frame's ends and TCP flags, as far as telling its direction needs; offline only. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/net.h"

#define FRAME_SYN 0x02
#define FRAME_ACK 0x10

struct frame_end {
	uint8_t addr[16]; /* IPv4 mapped */
	uint16_t port;
};

struct frame {
	struct frame_end from, to;
	uint8_t protocol;
	uint8_t tcp_flags; /* low eight bits; 0 for UDP */
};

/* Follows up to four VLAN tags, IPv4 options and IPv6 extension headers. False: no IP, a later fragment, no TCP or UDP, or cut off. */
bool frame_parse(const uint8_t *data, size_t len, struct frame *out);
