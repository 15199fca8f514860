/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* Turns changes of rules into entries of the rule maps, in the order that never opens a gap. */

#include "edge/maps.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <bpf/bpf.h>
#include <weir/bounds.h>

#include "edge/log.h"
#include "edge/maps/batch.h"
#include "edge/maps/cursor.h"
#include "edge/maps/prefilter.h"

/* One system call's worth: 4,096 keys and values are 150 kB. */
#define RULES_BATCH 4096

union rule_key {
	struct weir_addr host;
	struct weir_net4_key net4;
	struct weir_net6_key net6;
};

static uint32_t rule_key_size(enum rule_map map)
{
	if (map == RULE_MAP_HOST)
		return sizeof(struct weir_addr);
	if (map == RULE_MAP_ALLOW4 || map == RULE_MAP_NET4)
		return sizeof(struct weir_net4_key);
	return sizeof(struct weir_net6_key);
}

static const char *rule_map_name(enum rule_map map)
{
	static const char *const names[] = {
		[RULE_MAP_ALLOW4] = "allow_net4", [RULE_MAP_ALLOW6] = "allow_net6",
		[RULE_MAP_HOST] = "deny_host",	  [RULE_MAP_NET4] = "deny_net4",
		[RULE_MAP_NET6] = "deny_net6",
	};

	return names[map];
}

static int rule_map_fd(const struct maps *maps, enum rule_map map)
{
	const int fds[] = {
		[RULE_MAP_ALLOW4] = maps->allow_net4, [RULE_MAP_ALLOW6] = maps->allow_net6,
		[RULE_MAP_HOST] = maps->deny_host,    [RULE_MAP_NET4] = maps->deny_net4,
		[RULE_MAP_NET6] = maps->deny_net6,
	};

	return fds[map];
}

static void rule_key_make(enum rule_map map, const struct net *net, union rule_key *key)
{
	memset(key, 0, sizeof(*key));
	if (map == RULE_MAP_HOST) {
		memcpy(key->host.addr, net->addr, sizeof(key->host.addr));
	} else if (rule_key_size(map) == sizeof(key->net4)) {
		key->net4.prefix_len = net->prefix_len - NET_IPV4_OFFSET;
		memcpy(key->net4.addr, net->addr + NET_IPV4_OFFSET / 8, sizeof(key->net4.addr));
	} else {
		key->net6.prefix_len = net->prefix_len;
		memcpy(key->net6.addr, net->addr, sizeof(key->net6.addr));
	}
}

static struct net rule_key_net(enum rule_map map, const union rule_key *key)
{
	static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };
	struct net net = { .prefix_len = 128 };

	if (map == RULE_MAP_HOST) {
		memcpy(net.addr, key->host.addr, sizeof(net.addr));
	} else if (rule_key_size(map) == sizeof(key->net4)) {
		memcpy(net.addr, mapped, sizeof(mapped));
		memcpy(net.addr + sizeof(mapped), key->net4.addr, sizeof(key->net4.addr));
		net.prefix_len = (uint8_t)(key->net4.prefix_len + NET_IPV4_OFFSET);
	} else {
		memcpy(net.addr, key->net6.addr, sizeof(net.addr));
		net.prefix_len = (uint8_t)key->net6.prefix_len;
	}
	return net;
}

static struct weir_rule rule_value(const struct maps *maps, const struct rule *rule)
{
	struct weir_rule value = {
		.id = rule->id,
		.limit_per_min = rule->limit_per_min,
		.action = rule->action,
		.origin = rule->origin,
		.expires_ns = WEIR_NEVER_NS,
		.prefix_len =
			rule->net.prefix_len - (net_is_ipv4(&rule->net) ? NET_IPV4_OFFSET : 0),
	};

	/* What expired before the machine was up expired at its first nanosecond. */
	if (rule->expires_unix_ns)
		value.expires_ns = rule->expires_unix_ns > maps->boot_unix_ns ?
					   rule->expires_unix_ns - maps->boot_unix_ns :
					   1;
	return value;
}

/* One pass: the changes of one map, either all its puts or all its deletes. */
struct pass {
	enum rule_map map;
	bool is_delete;
};

/*
 * Allow before deny, so that a net that is both is never blocked in between; whoever loses his
 * allow entry loses it last. A move between maps (host and net never share a net) needs no more.
 */
static const struct pass passes[] = {
	{ RULE_MAP_ALLOW4, false }, { RULE_MAP_ALLOW6, false }, { RULE_MAP_HOST, false },
	{ RULE_MAP_NET4, false },   { RULE_MAP_NET6, false },	{ RULE_MAP_HOST, true },
	{ RULE_MAP_NET4, true },    { RULE_MAP_NET6, true },	{ RULE_MAP_ALLOW4, true },
	{ RULE_MAP_ALLOW6, true },
};

struct room {
	char keys[RULES_BATCH * sizeof(union rule_key)];
	struct weir_rule values[RULES_BATCH];
	size_t indices[RULES_BATCH];
};

struct write {
	const struct maps *maps;
	const struct rule_change *changes;
	size_t count;
	bool *done; /* for each change */
	struct room *room;
};

static void failure_log(enum rule_map map, int fd, int err)
{
	struct bpf_map_info info = { 0 };
	__u32 len = sizeof(info);

	bpf_obj_get_info_by_fd(fd, &info, &len);
	if (err == -E2BIG || err == -ENOSPC)
		log_error("map %s is full: %u entries; raise rules_max", rule_map_name(map),
			  info.max_entries);
	else
		log_error("map %s cannot be written: %s", rule_map_name(map), strerror(-err));
}

static int room_flush(const struct write *write, const struct pass *pass, uint32_t count)
{
	struct room *room = write->room;
	struct batch batch = {
		.fd = rule_map_fd(write->maps, pass->map),
		.map = rule_map_name(pass->map),
		.key_size = rule_key_size(pass->map),
		.value_size = sizeof(struct weir_rule),
		.keys = room->keys,
		.values = (const char *)room->values,
		.count = count,
	};
	uint32_t done = 0;
	int err = pass->is_delete ? batch_delete(&batch, &done) : batch_update(&batch, &done);

	for (uint32_t i = 0; i < done; i++)
		write->done[room->indices[i]] = true;
	if (err)
		failure_log(pass->map, batch.fd, err);
	return err;
}

static int pass_run(const struct write *write, const struct pass *pass)
{
	struct room *room = write->room;
	uint32_t used = 0, key_size = rule_key_size(pass->map);
	int err = 0;

	for (size_t i = 0; !err && i < write->count; i++) {
		const struct rule_change *change = &write->changes[i];
		union rule_key key;

		if (change->map != pass->map || !change->rule != pass->is_delete)
			continue;
		rule_key_make(change->map, &change->net, &key);
		memcpy(room->keys + used * key_size, &key, key_size);
		if (change->rule)
			room->values[used] = rule_value(write->maps, change->rule);
		room->indices[used++] = i;
		if (used == RULES_BATCH) {
			err = room_flush(write, pass, used);
			used = 0;
		}
	}
	return err || !used ? err : room_flush(write, pass, used);
}

static int prefilter_write(const struct write *write)
{
	const struct maps *maps = write->maps;
	struct prefilter prefilter;
	bool needs_wide = false;
	int err = prefilter_open(&prefilter, maps->prefilter4, maps->prefilter6, maps->hash_key);

	if (err) {
		log_error("maps prefilter4 and prefilter6 cannot be mapped: %s", strerror(-err));
		return err;
	}
	for (size_t i = 0; i < write->count; i++)
		if (write->changes[i].rule && !prefilter_add(&prefilter, &write->changes[i].net))
			needs_wide = true;
	prefilter_close(&prefilter);
	return needs_wide ? maps_set(maps, WEIR_SETTING_WIDE_RULES6, 1) : 0;
}

int maps_write_rules(const struct maps *maps, const struct rule_change *changes, size_t count,
		     size_t *written)
{
	struct write write = { .maps = maps, .changes = changes, .count = count };
	size_t leading = 0;
	int err;

	*written = 0;
	if (!count)
		return 0;
	write.done = calloc(count, sizeof(*write.done));
	write.room = malloc(sizeof(*write.room));
	if (!write.done || !write.room) {
		free(write.done);
		free(write.room);
		return -ENOMEM;
	}
	err = prefilter_write(&write);
	/* A full map does not keep the deletes from making room in it; but no allow entry goes before
	 * the deny entries have gone. */
	for (size_t i = 0; i < sizeof(passes) / sizeof(passes[0]); i++) {
		int failed = err && !passes[i].is_delete ? 0 : pass_run(&write, &passes[i]);

		err = err ? err : failed;
		if (failed && passes[i].is_delete)
			break;
	}
	while (leading < count && write.done[leading])
		leading++;
	*written = leading;
	free(write.done);
	free(write.room);
	return err;
}

struct rebuild {
	struct prefilter fresh;
	bool needs_wide;
};

static int rule_rebuild(const struct rule *rule, void *arg)
{
	struct rebuild *rebuild = arg;

	if (!prefilter_add(&rebuild->fresh, &rule->net))
		rebuild->needs_wide = true;
	return 0;
}

int maps_rebuild_prefilter(const struct maps *maps, const struct rules *rules)
{
	struct rebuild rebuild = { 0 };
	struct prefilter prefilter;
	int err = prefilter_open(&prefilter, maps->prefilter4, maps->prefilter6, maps->hash_key);

	if (err)
		return err;
	err = prefilter_new(&rebuild.fresh, maps->hash_key);
	if (!err)
		err = rules_each(rules, rule_rebuild, &rebuild);
	if (!err && rebuild.needs_wide)
		err = maps_set(maps, WEIR_SETTING_WIDE_RULES6, 1);
	if (!err)
		prefilter_replace(&prefilter, &rebuild.fresh);
	if (!err && !rebuild.needs_wide)
		err = maps_set(maps, WEIR_SETTING_WIDE_RULES6, 0);
	prefilter_free(&rebuild.fresh);
	prefilter_close(&prefilter);
	return err;
}

struct unknown {
	const struct rules *rules;
	enum rule_map map;
	int fd;
	struct net net; /* of the entry looked at */
	int removed;
};

static int rule_is_entry(const struct rule *rule, void *arg)
{
	const struct unknown *unknown = arg;
	bool is_allow_map = unknown->map == RULE_MAP_ALLOW4 || unknown->map == RULE_MAP_ALLOW6;

	return (rule->action == WEIR_ACTION_ALLOW) == is_allow_map &&
	       net_compare(&rule->net, &unknown->net) == 0;
}

static int entry_check(const void *key, const void *value, void *arg)
{
	struct unknown *unknown = arg;
	union rule_key typed = { 0 };

	(void)value;
	memcpy(&typed, key, rule_key_size(unknown->map));
	unknown->net = rule_key_net(unknown->map, &typed);
	if (rules_each_covering(unknown->rules, &unknown->net, rule_is_entry, unknown))
		return 0;
	if (bpf_map_delete_elem(unknown->fd, key) != 0)
		return errno == ENOENT ? 0 : -errno;
	unknown->removed++;
	return 0;
}

int maps_remove_unknown(const struct maps *maps, const struct rules *rules)
{
	static const enum rule_map order[] = { RULE_MAP_HOST, RULE_MAP_NET4, RULE_MAP_NET6,
					       RULE_MAP_ALLOW4, RULE_MAP_ALLOW6 };
	struct unknown unknown = { .rules = rules };

	for (size_t i = 0; i < sizeof(order) / sizeof(order[0]); i++) {
		int err;

		unknown.map = order[i];
		unknown.fd = rule_map_fd(maps, order[i]);
		err = map_each(unknown.fd, entry_check, &unknown);
		if (err)
			return err;
	}
	return unknown.removed;
}
