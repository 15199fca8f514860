/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#pragma once

/* Who must never be locked out: own addresses, gateways, resolvers, peers of current SSH sessions. */

#include <stddef.h>
#include <stdint.h>

#include "core/net.h"

enum guard_kind {
	GUARD_OWN,
	GUARD_GATEWAY,
	GUARD_RESOLVER,
	GUARD_SSH_PEER
};

struct guard_entry {
	struct net net;
	enum guard_kind kind;
};

/* Reads the machine's state now (getifaddrs, rtnetlink routes, /etc/resolv.conf, sock_diag or /proc/net/tcp{,6}).
 * Caller frees *entries. 0 or -errno. */
int guard_read(uint16_t ssh_port, struct guard_entry **entries, size_t *count);
const char *guard_kind_name(
	enum guard_kind kind); /* "own address", "gateway", "resolver", "ssh peer" */
