/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "core/config_value.h"

/* Turns one item of a list key into one more entry of its array, refusing what stands there already. */

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Any entry of any list. */
union entry {
	char interface[sizeof(((struct config *)0)->interfaces[0])];
	struct service service;
	struct net net;
	struct source_prefix6 prefix6;
};

static size_t entries_max(const struct config_key *key)
{
	const struct config *config = NULL;

	if (key->type == CONFIG_INTERFACES)
		return sizeof(config->interfaces) / sizeof(config->interfaces[0]);
	return CONFIG_LIST_MAX;
}

/* What the kernel takes for a name: not empty, no slash, no colon, no blank, not a dot directory. */
static int interface_parse(const char *text, char out[16], const struct config_why *why)
{
	size_t len = strlen(text);
	bool is_name = len > 0 && len < 16 && strcmp(text, ".") != 0 && strcmp(text, "..") != 0;

	for (size_t i = 0; is_name && i < len; i++)
		is_name = text[i] != '/' && text[i] != ':' && isgraph((unsigned char)text[i]);
	if (!is_name) {
		config_say(why, "'%.80s' is not an interface name: 1 to 15 characters", text);
		return -EINVAL;
	}
	memcpy(out, text, len + 1);
	return 0;
}

static int net_say(const char *text, struct net *out, const struct config_why *why)
{
	char masked[NET_TEXT_MAX];
	bool was_masked;
	int err = net_parse_loose(text, out, &was_masked);

	if (!err && !was_masked)
		return 0;
	if (!err) {
		net_format(out, masked);
		config_say(why, "%s has bits beyond its length: write %s", text, masked);
		return -EINVAL;
	}
	config_say(why,
		   err == -ERANGE ? "%.80s: the length is too large" :
				    "'%.80s' is not an address or CIDR",
		   text);
	return err;
}

/* "PREFIX LENGTH": sources under the prefix are LENGTH bits wide. */
static int prefix6_parse(const char *text, const struct config_key *key, struct source_prefix6 *out,
			 const struct config_why *why)
{
	size_t len = strcspn(text, " ");
	char prefix[NET_TEXT_MAX];
	unsigned long bits;
	char *end;
	int err;

	if (len >= sizeof(prefix) || text[len] == '\0') {
		config_say(why, "'%.80s' is not a prefix and a length: write 2001:db8::/32: 56",
			   text);
		return -EINVAL;
	}
	memcpy(prefix, text, len);
	prefix[len] = '\0';
	err = net_say(prefix, &out->net, why);
	if (err)
		return err;
	if (net_is_ipv4(&out->net)) {
		config_say(why, "%s is IPv4, where a source is always one address", prefix);
		return -EINVAL;
	}
	bits = isdigit((unsigned char)text[len + 1]) ? strtoul(text + len + 1, &end, 10) : 0;
	if (!bits || *end != '\0' || bits < out->net.prefix_len || bits > (unsigned long)key->max) {
		config_say(why, "%.80s: the length is a number from the prefix's own (%d) to 128",
			   text, out->net.prefix_len);
		return -ERANGE;
	}
	out->source_prefix_len = (uint8_t)bits;
	return 0;
}

static int entry_parse(const struct config_key *key, const char *text, union entry *out,
		       const struct config_why *why)
{
	switch (key->type) {
	case CONFIG_INTERFACES:
		return interface_parse(text, out->interface, why);
	case CONFIG_SERVICES:
		if (service_parse(text, &out->service) == 0)
			return 0;
		config_say(why,
			   "'%.80s' is not a service: write 192.0.2.1:443, [2001:db8::1]:443, "
			   "*:443 or *:443/udp",
			   text);
		return -EINVAL;
	case CONFIG_PREFIXES6:
		return prefix6_parse(text, key, &out->prefix6, why);
	default:
		return net_say(text, &out->net, why);
	}
}

/* Two lengths for one prefix contradict each other, so there only the prefix counts. */
static bool entry_is_same(const struct config_key *key, const void *a, const void *b)
{
	if (key->type == CONFIG_PREFIXES6)
		return net_compare(&((const struct source_prefix6 *)a)->net,
				   &((const struct source_prefix6 *)b)->net) == 0;
	return memcmp(a, b, key->size) == 0;
}

int config_list_append(struct config *config, const struct config_key *key, const char *text,
		       const struct config_why *why)
{
	char *entries = (char *)config + key->offset;
	size_t *count = (size_t *)((char *)config + key->count_offset);
	union entry entry;
	int err;

	memset(&entry, 0, sizeof(entry));
	err = entry_parse(key, text, &entry, why);
	if (err)
		return err;
	for (size_t i = 0; i < *count; i++)
		if (entry_is_same(key, entries + i * key->size, &entry)) {
			config_say(why, "'%.80s' is there already", text);
			return -EINVAL;
		}
	if (*count >= entries_max(key)) {
		config_say(why, "more than %zu entries", entries_max(key));
		return -ERANGE;
	}
	memcpy(entries + *count * key->size, &entry, key->size);
	++*count;
	return 0;
}
