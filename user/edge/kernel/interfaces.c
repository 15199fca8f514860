/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* Turns rtnetlink's link messages into a table of interfaces and into which lies upon which. */

#include "edge/kernel/interfaces.h"

#include <errno.h>
#include <linux/if_arp.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "edge/kernel.h"

/* As in libnl: a dump's messages are never larger than this. */
#define NETLINK_BUFFER_BYTES 32768
/* Bond upon VLAN upon team and the like; deeper only by mistake, and a ring of masters must end. */
#define STACK_DEPTH_MAX 8

static int answers_walk(const char *buffer, size_t len,
			int (*fn)(const struct nlmsghdr *answer, void *arg), void *arg,
			bool *is_done)
{
	const struct nlmsghdr *answer = (const void *)buffer;
	unsigned left = (unsigned)len;

	for (; NLMSG_OK(answer, left); answer = NLMSG_NEXT(answer, left)) {
		int err = 0;

		if (answer->nlmsg_type == NLMSG_DONE) {
			*is_done = true;
			return 0;
		}
		if (answer->nlmsg_type == NLMSG_ERROR)
			return ((const struct nlmsgerr *)NLMSG_DATA(answer))->error;
		err = fn(answer, arg);
		if (err)
			return err;
	}
	return 0;
}

int netlink_dump(const struct nlmsghdr *request,
		 int (*fn)(const struct nlmsghdr *answer, void *arg), void *arg)
{
	_Alignas(struct nlmsghdr) char buffer[NETLINK_BUFFER_BYTES];
	bool is_done = false;
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
	int err = 0;

	if (fd < 0)
		return -errno;
	if (send(fd, request, request->nlmsg_len, 0) < 0)
		err = -errno;
	while (!err && !is_done) {
		ssize_t len = recv(fd, buffer, sizeof(buffer), 0);

		if (len < 0 && errno == EINTR)
			continue;
		err = len < 0  ? -errno :
		      len == 0 ? -EPIPE :
				 answers_walk(buffer, (size_t)len, fn, arg, &is_done);
	}
	close(fd);
	return err;
}

static void kind_read(const struct rtattr *info, struct interface *out)
{
	int left = (int)RTA_PAYLOAD(info);

	for (const struct rtattr *attr = RTA_DATA(info); RTA_OK(attr, left);
	     attr = RTA_NEXT(attr, left))
		if (attr->rta_type == IFLA_INFO_KIND && RTA_PAYLOAD(attr) > 0)
			strncpy(out->kind, RTA_DATA(attr), sizeof(out->kind) - 1);
}

static int attribute_int(const struct rtattr *attr)
{
	int value = 0;

	if (RTA_PAYLOAD(attr) >= sizeof(value))
		memcpy(&value, RTA_DATA(attr), sizeof(value));
	return value;
}

static void interface_parse(const struct nlmsghdr *answer, struct interface *out)
{
	const struct ifinfomsg *info = NLMSG_DATA(answer);
	int left = (int)IFLA_PAYLOAD(answer);
	bool lower_is_elsewhere = false;

	out->index = info->ifi_index;
	out->type = info->ifi_type;
	for (const struct rtattr *attr = IFLA_RTA(info); RTA_OK(attr, left);
	     attr = RTA_NEXT(attr, left)) {
		switch (attr->rta_type) {
		case IFLA_IFNAME:
			strncpy(out->name, RTA_DATA(attr), sizeof(out->name) - 1);
			break;
		case IFLA_MTU:
			out->mtu_bytes = (unsigned)attribute_int(attr);
			break;
		case IFLA_LINK:
			out->lower = attribute_int(attr);
			break;
		case IFLA_LINK_NETNSID:
			lower_is_elsewhere = true;
			break;
		case IFLA_MASTER:
			out->master = attribute_int(attr);
			break;
		case IFLA_LINKINFO:
			kind_read(attr, out);
			break;
		}
	}
	if (lower_is_elsewhere || out->lower == out->index)
		out->lower = 0;
}

int interfaces_add_message(struct interfaces *interfaces, const void *message, size_t len_bytes)
{
	const struct nlmsghdr *answer = message;
	struct interface *rows;

	if (!NLMSG_OK(answer, (unsigned)len_bytes) || answer->nlmsg_type != RTM_NEWLINK ||
	    answer->nlmsg_len < NLMSG_LENGTH(sizeof(struct ifinfomsg)))
		return 0;
	rows = reallocarray(interfaces->rows, interfaces->count + 1, sizeof(*rows));
	if (!rows)
		return -ENOMEM;
	interfaces->rows = rows;
	memset(&rows[interfaces->count], 0, sizeof(*rows));
	interface_parse(answer, &rows[interfaces->count++]);
	return 0;
}

static int link_add(const struct nlmsghdr *answer, void *arg)
{
	return interfaces_add_message(arg, answer, answer->nlmsg_len);
}

int interfaces_read(struct interfaces *out)
{
	struct {
		struct nlmsghdr header;
		struct ifinfomsg info;
	} request = {
		.header = { .nlmsg_len = sizeof(request),
			    .nlmsg_type = RTM_GETLINK,
			    .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP },
		.info = { .ifi_family = AF_UNSPEC },
	};
	struct interfaces read = { 0 };
	int err = netlink_dump(&request.header, link_add, &read);

	if (err) {
		interfaces_clear(&read);
		return err;
	}
	*out = read;
	return 0;
}

void interfaces_clear(struct interfaces *interfaces)
{
	free(interfaces->rows);
	*interfaces = (struct interfaces){ 0 };
}

const struct interface *interfaces_find(const struct interfaces *interfaces, const char *name)
{
	for (size_t i = 0; i < interfaces->count; i++)
		if (strcmp(interfaces->rows[i].name, name) == 0)
			return &interfaces->rows[i];
	return NULL;
}

static const struct interface *interface_by_index(const struct interfaces *interfaces, int index)
{
	for (size_t i = 0; index && i < interfaces->count; i++)
		if (interfaces->rows[i].index == index)
			return &interfaces->rows[i];
	return NULL;
}

bool interface_is_ethernet(const struct interface *interface)
{
	return interface->type == ARPHRD_ETHER || interface->type == ARPHRD_LOOPBACK;
}

/* A tunnel's lower device carries the packets wrapped up, a veth's "lower" device is its peer:
 * neither shows the same packet twice. */
static bool kind_is_transparent(const char *kind)
{
	static const char *const transparent[] = { "vlan", "macvlan", "macvtap", "ipvlan",
						   "ipvtap" };

	for (size_t i = 0; i < sizeof(transparent) / sizeof(transparent[0]); i++)
		if (strcmp(kind, transparent[i]) == 0)
			return true;
	return false;
}

/* Walks from `from` to what is above it by masters and below it by lower devices. */
static bool lies_upon(const struct interfaces *interfaces, const struct interface *from, int index,
		      unsigned depth)
{
	const struct interface *lower;

	if (!from || depth > STACK_DEPTH_MAX)
		return false;
	if (from->index == index)
		return true;
	lower = kind_is_transparent(from->kind) ? interface_by_index(interfaces, from->lower) :
						  NULL;
	if (lies_upon(interfaces, lower, index, depth + 1))
		return true;
	for (size_t i = 0; i < interfaces->count; i++) {
		const struct interface *part = &interfaces->rows[i];

		if (part->master == from->index && lies_upon(interfaces, part, index, depth + 1))
			return true;
	}
	return false;
}

bool interfaces_are_stacked(const struct interfaces *interfaces, const struct interface *a,
			    const struct interface *b)
{
	return lies_upon(interfaces, a, b->index, 0) || lies_upon(interfaces, b, a->index, 0);
}

int kernel_watch_interfaces(void)
{
	struct sockaddr_nl local = { .nl_family = AF_NETLINK, .nl_groups = RTMGRP_LINK };
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_ROUTE);

	if (fd < 0)
		return -errno;
	if (bind(fd, (struct sockaddr *)&local, sizeof(local)) != 0) {
		int err = -errno;

		close(fd);
		return err;
	}
	return fd;
}

bool kernel_read_interfaces(int fd)
{
	_Alignas(struct nlmsghdr) char buffer[NETLINK_BUFFER_BYTES];
	bool something_changed = false;

	for (;;) {
		ssize_t len = recv(fd, buffer, sizeof(buffer), MSG_DONTWAIT);

		if (len > 0 || (len < 0 && errno == ENOBUFS)) /* lost messages are changes too */
			something_changed = true;
		else if (len == 0 || errno != EINTR)
			return something_changed;
	}
}
