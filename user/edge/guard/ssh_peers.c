/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* Turns the TCP sockets on the SSH port that carry a session into their peers' addresses. */

#include "edge/guard/entries.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <linux/sock_diag.h>
#include <linux/tcp.h>

#define BUFFER_BYTES 32768
#define STATE_ESTABLISHED                                                                          \
	1 /* the kernel's TCP_ESTABLISHED: two headers that have it exclude each other */
/*
 * A session has exchanged at least its versions, two lists of algorithms (RFC 4253, section 7.1), keys, a login and a
 * channel: over 1,500 bytes each way with the tersest of clients. A bare connection to the port has not, and must not
 * get whoever opens it onto the allow list.
 */
#define SESSION_BYTES_MIN 1000

/* "if source port == port then accept": the kernel filters, so that a hundred thousand connections of the
 * service cost nothing here. The port is the `no` of the second row. */
struct port_filter {
	struct inet_diag_bc_op condition;
	struct inet_diag_bc_op port;
};

struct diag_request {
	struct nlmsghdr header;
	struct inet_diag_req_v2 diag;
	struct nlattr attr;
	struct port_filter filter;
};

static struct diag_request request_make(unsigned char family, uint16_t port)
{
	return (struct diag_request){
		.header = { .nlmsg_len = sizeof(struct diag_request),
			    .nlmsg_type = SOCK_DIAG_BY_FAMILY,
			    .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP },
		.diag = { .sdiag_family = family,
			  .sdiag_protocol = IPPROTO_TCP,
			  .idiag_ext = 1u << (INET_DIAG_INFO - 1),
			  .idiag_states = 1u << STATE_ESTABLISHED },
		.attr = { .nla_len = sizeof(struct nlattr) + sizeof(struct port_filter),
			  .nla_type = INET_DIAG_REQ_BYTECODE },
		.filter = { .condition = { .code = INET_DIAG_BC_S_EQ,
					   .yes = sizeof(struct port_filter),
					   .no = sizeof(struct port_filter) + 4 },
			    .port = { .no = port } },
	};
}

/* A kernel that does not tell leaves every connection a session: rather one guarded too many. */
static bool is_session(const struct nlmsghdr *answer)
{
	const struct inet_diag_msg *socket = NLMSG_DATA(answer);
	const struct rtattr *attr = (const void *)(socket + 1);
	int left = (int)(answer->nlmsg_len - NLMSG_LENGTH(sizeof(*socket)));
	struct tcp_info info;

	for (; RTA_OK(attr, left); attr = RTA_NEXT(attr, left)) {
		if (attr->rta_type != INET_DIAG_INFO ||
		    RTA_PAYLOAD(attr) < offsetof(struct tcp_info, tcpi_segs_out))
			continue;
		memcpy(&info, RTA_DATA(attr), offsetof(struct tcp_info, tcpi_segs_out));
		return info.tcpi_bytes_received >= SESSION_BYTES_MIN &&
		       info.tcpi_bytes_acked >= SESSION_BYTES_MIN;
	}
	return true;
}

static int answers_add(struct entries *entries, const void *buffer, size_t len, bool *is_done)
{
	const struct nlmsghdr *answer = buffer;
	unsigned left = (unsigned)len;
	int err = 0;

	for (; !err && NLMSG_OK(answer, left); answer = NLMSG_NEXT(answer, left)) {
		const struct inet_diag_msg *socket = NLMSG_DATA(answer);

		if (answer->nlmsg_type == NLMSG_DONE) {
			*is_done = true;
			return 0;
		}
		if (answer->nlmsg_type == NLMSG_ERROR)
			return ((const struct nlmsgerr *)NLMSG_DATA(answer))->error;
		if (answer->nlmsg_len < NLMSG_LENGTH(sizeof(*socket)) || !is_session(answer))
			continue;
		err = entries_add(entries, GUARD_SSH_PEER, socket->id.idiag_dst,
				  socket->idiag_family == AF_INET ? sizeof(struct in_addr) :
								    sizeof(struct in6_addr));
	}
	return err;
}

static int sockets_read(struct entries *entries, int fd, unsigned char family, uint16_t port)
{
	struct diag_request request = request_make(family, port);
	_Alignas(struct nlmsghdr) char buffer[BUFFER_BYTES];
	bool is_done = false;
	int err = send(fd, &request, sizeof(request), 0) < 0 ? -errno : 0;

	while (!err && !is_done) {
		ssize_t len = recv(fd, buffer, sizeof(buffer), 0);

		if (len < 0 && errno == EINTR)
			continue;
		err = len <= 0 ? (len < 0 ? -errno : -EPIPE) :
				 answers_add(entries, buffer, (size_t)len, &is_done);
	}
	return err;
}

/* The same from /proc/net/tcp{,6}, for kernels without inet_diag, where every connection counts: the address as 32-bit words of the
 * machine's own order, in hexadecimal. */
static int table_read(struct entries *entries, const char *path, uint16_t ssh_port)
{
	FILE *file = fopen(path, "re");
	char line[512], peer[33];
	unsigned local_port, state;
	int err = 0;

	if (!file)
		return errno == ENOENT ? 0 : -errno;
	while (!err && fgets(line, sizeof(line), file)) {
		uint32_t words[4];
		size_t count = 0;

		if (sscanf(line, " %*d: %*[0-9A-Fa-f]:%x %32[0-9A-Fa-f]:%*x %x", &local_port, peer,
			   &state) != 3 ||
		    local_port != ssh_port || state != STATE_ESTABLISHED)
			continue;
		while (count < 4 && sscanf(peer + count * 8, "%8x", &words[count]) == 1)
			count++;
		if (count == 1 || count == 4)
			err = entries_add(entries, GUARD_SSH_PEER, words, count * sizeof(words[0]));
	}
	fclose(file);
	return err;
}

static int tables_read(struct entries *entries, uint16_t ssh_port)
{
	int err = table_read(entries, "/proc/net/tcp", ssh_port);

	return err ? err : table_read(entries, "/proc/net/tcp6", ssh_port);
}

int guard_add_ssh_peers(struct entries *entries, uint16_t ssh_port)
{
	size_t before = entries->count;
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_SOCK_DIAG);
	int err;

	if (fd < 0)
		return tables_read(entries, ssh_port);
	err = sockets_read(entries, fd, AF_INET, ssh_port);
	if (!err)
		err = sockets_read(entries, fd, AF_INET6, ssh_port);
	close(fd);
	if (!err || err == -ENOMEM)
		return err;
	entries->count = before;
	return tables_read(entries, ssh_port);
}
