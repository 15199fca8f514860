/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "core/service.h"

/* Turns a protected service as people write it into address, port and protocol, and back. */

#include <errno.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/net.h"

#define PORT_MAX 65535

static int port_parse(const char *text, uint16_t *port)
{
	size_t digits = strspn(text, "0123456789");
	unsigned long value;

	if (digits == 0 || digits > 5 || text[digits] != '\0')
		return -EINVAL;
	value = strtoul(text, NULL, 10);
	if (value == 0 || value > PORT_MAX)
		return -EINVAL;
	*port = (uint16_t)value;
	return 0;
}

/* host is "*", "192.0.2.1" or "[2001:db8::1]", modified. */
static int host_parse(char *host, uint8_t addr[16])
{
	size_t len = strlen(host);
	bool is_bracketed = len >= 2 && host[0] == '[' && host[len - 1] == ']';
	struct net net;

	if (strcmp(host, "*") == 0) {
		memset(addr, 0, 16);
		return 0;
	}
	if (is_bracketed) {
		host[len - 1] = '\0';
		host++;
	} else if (strchr(host, ':')) {
		return -EINVAL;
	}
	if (strchr(host, '/') || net_parse(host, &net))
		return -EINVAL;
	memcpy(addr, net.addr, sizeof(net.addr));
	return 0;
}

int service_parse(const char *text, struct service *out)
{
	struct service service = { .protocol = IPPROTO_TCP };
	char own[SERVICE_TEXT_MAX];
	char *slash, *colon;
	int len;

	len = snprintf(own, sizeof(own), "%s", text);
	if (len < 0 || (size_t)len >= sizeof(own))
		return -EINVAL;
	slash = strchr(own, '/');
	if (slash) {
		*slash = '\0';
		if (strcmp(slash + 1, "udp") == 0)
			service.protocol = IPPROTO_UDP;
		else if (strcmp(slash + 1, "tcp") != 0)
			return -EINVAL;
	}
	colon = strrchr(own, ':');
	if (!colon)
		return -EINVAL;
	*colon = '\0';
	if (host_parse(own, service.addr) || port_parse(colon + 1, &service.port))
		return -EINVAL;
	*out = service;
	return 0;
}

void service_format(const struct service *service, char text[SERVICE_TEXT_MAX])
{
	static const uint8_t any[16];
	const char *protocol = service->protocol == IPPROTO_UDP ? "/udp" : "";
	struct net net = { .prefix_len = 128 };
	char address[NET_TEXT_MAX];

	memcpy(net.addr, service->addr, sizeof(net.addr));
	net_format(&net, address);
	if (memcmp(service->addr, any, sizeof(any)) == 0)
		snprintf(text, SERVICE_TEXT_MAX, "*:%u%s", service->port, protocol);
	else if (net_is_ipv4(&net))
		snprintf(text, SERVICE_TEXT_MAX, "%.40s:%u%s", address, service->port, protocol);
	else
		snprintf(text, SERVICE_TEXT_MAX, "[%.46s]:%u%s", address, service->port, protocol);
}
