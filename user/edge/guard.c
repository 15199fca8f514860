/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* Turns the machine's own state into the addresses that no rule may ever block. */

#include "edge/guard.h"

#include <arpa/inet.h>
#include <errno.h>
#include <ifaddrs.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "edge/guard/entries.h"
#include "edge/log.h"

#define RESOLV_CONF "/etc/resolv.conf"
#define ROOM_FIRST 64

int entries_add(struct entries *entries, enum guard_kind kind, const void *addr, size_t len_bytes)
{
	static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };
	static const uint8_t any[sizeof(struct in6_addr)];
	struct guard_entry entry = { .net.prefix_len = 128, .kind = kind };

	if (memcmp(addr, any, len_bytes) == 0)
		return 0;
	if (len_bytes == sizeof(struct in_addr))
		memcpy(entry.net.addr, mapped, sizeof(mapped));
	memcpy(entry.net.addr + sizeof(entry.net.addr) - len_bytes, addr, len_bytes);
	if (entries->count == entries->room) {
		size_t room = entries->room ? entries->room * 2 : ROOM_FIRST;
		struct guard_entry *rows = reallocarray(entries->rows, room, sizeof(*rows));

		if (!rows)
			return -ENOMEM;
		entries->rows = rows;
		entries->room = room;
	}
	entries->rows[entries->count++] = entry;
	return 0;
}

static int entry_compare(const void *a, const void *b)
{
	const struct guard_entry *left = a, *right = b;
	int order = net_compare(&left->net, &right->net);

	return order ? order : (int)left->kind - (int)right->kind;
}

void entries_sort(struct entries *entries)
{
	size_t kept = 0;

	if (entries->count)
		qsort(entries->rows, entries->count, sizeof(*entries->rows), entry_compare);
	for (size_t i = 0; i < entries->count; i++)
		if (!kept || net_compare(&entries->rows[kept - 1].net, &entries->rows[i].net) != 0)
			entries->rows[kept++] = entries->rows[i];
	entries->count = kept;
}

static int own_add(struct entries *entries)
{
	struct ifaddrs *all;
	int err = 0;

	if (getifaddrs(&all) != 0)
		return -errno;
	for (const struct ifaddrs *one = all; one && !err; one = one->ifa_next) {
		if (!one->ifa_addr)
			continue;
		if (one->ifa_addr->sa_family == AF_INET) {
			const struct sockaddr_in *in = (const void *)one->ifa_addr;

			err = entries_add(entries, GUARD_OWN, &in->sin_addr, sizeof(in->sin_addr));
		} else if (one->ifa_addr->sa_family == AF_INET6) {
			const struct sockaddr_in6 *in6 = (const void *)one->ifa_addr;

			err = entries_add(entries, GUARD_OWN, &in6->sin6_addr,
					  sizeof(in6->sin6_addr));
		}
	}
	freeifaddrs(all);
	return err;
}

static int resolver_add(struct entries *entries, char *text)
{
	uint8_t addr[sizeof(struct in6_addr)];

	text[strcspn(text, "% \t\r\n#;")] = '\0';
	if (inet_pton(AF_INET, text, addr) == 1)
		return entries_add(entries, GUARD_RESOLVER, addr, sizeof(struct in_addr));
	if (inet_pton(AF_INET6, text, addr) == 1)
		return entries_add(entries, GUARD_RESOLVER, addr, sizeof(addr));
	return 0;
}

static int resolvers_add(struct entries *entries)
{
	static const char word[] = "nameserver";
	FILE *file = fopen(RESOLV_CONF, "re");
	char line[256];
	int err = 0;

	if (!file)
		return errno == ENOENT ? 0 : -errno;
	while (!err && fgets(line, sizeof(line), file)) {
		char *text = line + strlen(word);

		if (strncmp(line, word, strlen(word)) == 0 && (*text == ' ' || *text == '\t'))
			err = resolver_add(entries, text + strspn(text, " \t"));
	}
	fclose(file);
	return err;
}

const char *guard_kind_name(enum guard_kind kind)
{
	static const char *const names[] = {
		[GUARD_OWN] = "own address",
		[GUARD_GATEWAY] = "gateway",
		[GUARD_RESOLVER] = "resolver",
		[GUARD_SSH_PEER] = "ssh peer",
	};

	return names[kind];
}

int guard_read(uint16_t ssh_port, struct guard_entry **entries, size_t *count)
{
	struct entries read = { 0 };
	int err = own_add(&read);

	if (!err)
		err = guard_add_gateways(&read);
	if (!err)
		err = resolvers_add(&read);
	if (!err)
		err = guard_add_ssh_peers(&read, ssh_port);
	if (err) {
		log_warning("own addresses, gateways and ssh peers cannot be read: %s",
			    strerror(-err));
		free(read.rows);
		return err;
	}
	entries_sort(&read);
	*entries = read.rows;
	*count = read.count;
	return 0;
}
