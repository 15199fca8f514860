/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#pragma once

/* Is this packet for, or from, a protected service? */

#include "maps.h"
#include "packet.h"

static __always_inline bool service_has_port(__u16 port)
{
	__u32 word = port / 64;
	const __u64 *bits = bpf_map_lookup_elem(&ports, &word);

	return bits && *bits >> (port % 64) & 1;
}

static __always_inline bool service_find(struct weir_service_key *key)
{
	if (bpf_map_lookup_elem(&services, key))
		return true;
	if (!setting_get(WEIR_SETTING_SERVICE_ANY))
		return false;
	__builtin_memset(key->addr, 0, sizeof(key->addr));
	return bpf_map_lookup_elem(&services, key);
}

/* Address, port and protocol are those of a service. */
static __always_inline bool service_covers(const struct packet *p)
{
	struct weir_service_key key = {};

	if (!service_has_port(p->key.service_port))
		return false;
	address_copy(key.addr, p->key.service_addr);
	key.port = p->key.service_port;
	key.protocol = p->key.protocol;
	return service_find(&key);
}

/* The address is protected on some port: all that can be said without a transport header. */
static __always_inline bool service_covers_address(const struct packet *p)
{
	struct weir_service_key key = {};

	address_copy(key.addr, p->key.service_addr);
	return service_find(&key);
}

/* True if the packet, read as far as `reason` says, has to do with a service. */
static __always_inline bool service_concerns(const struct packet *p, __u32 reason)
{
	if (reason == WEIR_REASON_NONE || reason == WEIR_REASON_BROKEN_TCP_FLAGS)
		return service_covers(p);
	return service_covers_address(p);
}
