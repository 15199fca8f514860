/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#pragma once

/* A protected service: an address and port as on the wire. */

#include <stdint.h>

struct service {
	uint8_t addr[16]; /* all zero: any address */
	uint16_t port;
	uint8_t protocol; /* IPPROTO_TCP or IPPROTO_UDP */
};

/* "192.0.2.1:443", "[2001:db8::1]:443", "*:443", "*:443/udp"; tcp unless it says otherwise. -EINVAL. */
int service_parse(const char *text, struct service *out);
#define SERVICE_TEXT_MAX 64
void service_format(const struct service *service, char text[SERVICE_TEXT_MAX]);
