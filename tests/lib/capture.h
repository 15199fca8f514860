/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#pragma once

/* The SYNs of a capture, read by other code than the product's. */

#include <weir/abi.h>

#include "core/net.h"

struct capture_syn {
	struct net source, service;
	uint16_t source_port, service_port;
	struct weir_syn_facts facts;
};

/* Calls fn for each SYN without ACK, until fn returns non-zero, which is then returned. pcap and pcapng;
 * Ethernet with VLAN tags, raw IP, cooked and loopback. -ENOENT: not there; -EINVAL: not a capture, or one that
 * libpcap stops at (a pcapng whose interfaces differ). */
int capture_each_syn(const char *path, int (*fn)(const struct capture_syn *syn, void *arg),
		     void *arg);
/* The folder of shared captures and tables: $WEIR_CORPUS, or ../shared/corpus; NULL: there is none. */
const char *capture_corpus(void);
