/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* Turns the routing tables, as rtnetlink dumps them, into the gateways' addresses. */

#include "edge/guard/entries.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <linux/netlink.h>
#include <linux/rtnetlink.h>

#define BUFFER_BYTES 32768

static int addr_add(struct entries *entries, const void *addr, size_t len_bytes)
{
	if (len_bytes != 4 && len_bytes != 16)
		return 0;
	return entries_add(entries, GUARD_GATEWAY, addr, len_bytes);
}

/* RTA_VIA: a family of two bytes, then the address: an IPv4 route over an IPv6 gateway. */
static int attribute_add(struct entries *entries, const struct rtattr *attr)
{
	if (attr->rta_type == RTA_GATEWAY)
		return addr_add(entries, RTA_DATA(attr), RTA_PAYLOAD(attr));
	if (attr->rta_type == RTA_VIA && RTA_PAYLOAD(attr) > sizeof(__u16))
		return addr_add(entries, (const char *)RTA_DATA(attr) + sizeof(__u16),
				RTA_PAYLOAD(attr) - sizeof(__u16));
	return 0;
}

static int attributes_add(struct entries *entries, const struct rtattr *attr, int left)
{
	int err = 0;

	for (; !err && RTA_OK(attr, left); attr = RTA_NEXT(attr, left))
		err = attribute_add(entries, attr);
	return err;
}

static int nexthops_add(struct entries *entries, const struct rtattr *multipath)
{
	const struct rtnexthop *hop = RTA_DATA(multipath);
	int left = (int)RTA_PAYLOAD(multipath), err = 0;

	while (!err && left >= (int)sizeof(*hop) && RTNH_OK(hop, left)) {
		err = attributes_add(entries, RTNH_DATA(hop), hop->rtnh_len - (int)RTNH_LENGTH(0));
		left -= (int)RTNH_ALIGN(hop->rtnh_len);
		hop = RTNH_NEXT(hop);
	}
	return err;
}

static int route_add(struct entries *entries, const struct nlmsghdr *answer)
{
	const struct rtmsg *route = NLMSG_DATA(answer);
	const struct rtattr *attr = RTM_RTA(route);
	int left = (int)RTM_PAYLOAD(answer), err = 0;

	for (; !err && RTA_OK(attr, left); attr = RTA_NEXT(attr, left))
		err = attr->rta_type == RTA_MULTIPATH ? nexthops_add(entries, attr) :
							attribute_add(entries, attr);
	return err;
}

static int answers_add(struct entries *entries, const void *buffer, size_t len, bool *is_done)
{
	const struct nlmsghdr *answer = buffer;
	unsigned left = (unsigned)len;
	int err = 0;

	for (; !err && NLMSG_OK(answer, left); answer = NLMSG_NEXT(answer, left)) {
		if (answer->nlmsg_type == NLMSG_DONE) {
			*is_done = true;
			return 0;
		}
		if (answer->nlmsg_type == NLMSG_ERROR)
			return ((const struct nlmsgerr *)NLMSG_DATA(answer))->error;
		if (answer->nlmsg_type == RTM_NEWROUTE)
			err = route_add(entries, answer);
	}
	return err;
}

static int routes_read(struct entries *entries, int fd, unsigned char family)
{
	struct {
		struct nlmsghdr header;
		struct rtmsg route;
	} request = {
		.header = { .nlmsg_len = sizeof(request),
			    .nlmsg_type = RTM_GETROUTE,
			    .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP },
		.route = { .rtm_family = family },
	};
	_Alignas(struct nlmsghdr) char buffer[BUFFER_BYTES];
	bool is_done = false;
	int err = send(fd, &request, sizeof(request), 0) < 0 ? -errno : 0;

	while (!err && !is_done) {
		ssize_t len = recv(fd, buffer, sizeof(buffer), 0);

		if (len < 0 && errno == EINTR)
			continue;
		err = len <= 0 ? (len < 0 ? -errno : -EPIPE) :
				 answers_add(entries, buffer, (size_t)len, &is_done);
		/* A full table repeats few gateways many times. */
		entries_sort(entries);
	}
	return err;
}

int guard_add_gateways(struct entries *entries)
{
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
	int err;

	if (fd < 0)
		return -errno;
	err = routes_read(entries, fd, AF_INET);
	if (!err)
		err = routes_read(entries, fd, AF_INET6);
	close(fd);
	return err;
}
