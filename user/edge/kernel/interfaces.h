/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#pragma once

/* The machine's interfaces as rtnetlink tells them, and which of them lie upon one another. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct interface {
	char name[16];
	char kind[16]; /* IFLA_INFO_KIND: "vlan", "bond", "veth"; "": hardware */
	int index;
	int master; /* bond, bridge, team or vrf it is part of; 0: none */
	int lower;  /* device it sends through; 0: none, or in another namespace */
	unsigned mtu_bytes;
	unsigned short type; /* ARPHRD_* */
};

struct interfaces {
	struct interface *rows;
	size_t count;
};

/* Asks the kernel. Caller frees with interfaces_clear. 0 or -errno. */
int interfaces_read(struct interfaces *out);
void interfaces_clear(struct interfaces *interfaces);
/* NULL: there is none. */
const struct interface *interfaces_find(const struct interfaces *interfaces, const char *name);
/* Packets have an Ethernet header: Ethernet itself and loopback. */
bool interface_is_ethernet(const struct interface *interface);
/* Every packet of the one also passes the other, so that both together would count it twice. */
bool interfaces_are_stacked(const struct interfaces *interfaces, const struct interface *a,
			    const struct interface *b);
/* Adds what one RTM_NEWLINK message says; for interfaces_read and its test. -ENOMEM. */
int interfaces_add_message(struct interfaces *interfaces, const void *message, size_t len_bytes);

/* One dump over rtnetlink: request is a whole message, fn gets each answer until it returns
 * non-zero, which is then returned. */
struct nlmsghdr;
int netlink_dump(const struct nlmsghdr *request,
		 int (*fn)(const struct nlmsghdr *answer, void *arg), void *arg);
