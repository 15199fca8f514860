/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */

/* The production object under BPF_PROG_TEST_RUN. */

#include "lib/plane.h"

#include <arpa/inet.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <linux/bpf.h>
#include <linux/pkt_cls.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <weir/hash.h>

#include "weir.skel.h"

#define MAP_ENTRIES 4096 /* of every map that is large in production */
#define OUT_ROOM 9216

static const char *const reason_names[] = {
#define X(name, kind, text) #name,
	WEIR_REASONS(X)
#undef X
};

static void die(const char *what, int error)
{
	fprintf(stderr, "Bail out! %s: %s\n", what, strerror(error < 0 ? -error : error));
	exit(1);
}

void plane_open(struct plane *plane)
{
	struct bpf_map *map;
	int error;

	memset(plane, 0, sizeof(*plane));
	plane->out = calloc(1, OUT_ROOM);
	plane->skel = weir_bpf__open();
	if (!plane->skel || !plane->out)
		die("open weir.bpf.o", errno);
	bpf_object__for_each_map(map, plane->skel->obj) {
		if (bpf_map__type(map) == BPF_MAP_TYPE_HASH &&
		    bpf_map__max_entries(map) > MAP_ENTRIES)
			bpf_map__set_max_entries(map, MAP_ENTRIES);
	}
	bpf_map__set_max_entries(plane->skel->maps.syns, MAP_ENTRIES);
	bpf_map__set_max_entries(plane->skel->maps.exchanges, PLANE_RING_BYTES);
	plane->skel->rodata->syns_entries = MAP_ENTRIES;
	plane->skel->rodata->clock_is_virtual = 1;
	error = weir_bpf__load(plane->skel);
	if (error)
		die("load weir.bpf.o", error);
}

void plane_close(struct plane *plane)
{
	weir_bpf__destroy(plane->skel);
	free(plane->out);
}

int plane_map(const struct plane *plane, const char *name)
{
	int fd = bpf_object__find_map_fd_by_name(plane->skel->obj, name);

	if (fd < 0)
		die(name, fd);
	return fd;
}

static void map_put(int fd, const void *key, const void *value)
{
	if (bpf_map_update_elem(fd, key, value, BPF_ANY))
		die("map update", errno);
}

void plane_set(struct plane *plane, enum weir_setting key, uint64_t value)
{
	uint32_t index = key;

	map_put(plane_map(plane, "settings"), &index, &value);
}

void plane_clock(struct plane *plane, uint64_t now_ns)
{
	plane->now_ns = now_ns;
	plane_set(plane, WEIR_SETTING_VIRTUAL_NOW_NS, now_ns);
}

void plane_heartbeat(struct plane *plane, uint64_t at_ns)
{
	struct weir_meta about = { .abi_version = WEIR_ABI_VERSION, .heartbeat_ns = at_ns };
	uint32_t zero = 0;

	map_put(plane_map(plane, "meta"), &zero, &about);
}

void plane_advance(struct plane *plane, uint64_t ns)
{
	plane_clock(plane, plane->now_ns + ns);
	plane_heartbeat(plane, plane->now_ns);
}

struct weir_addr plane_addr(const char *text)
{
	struct weir_addr addr = { .addr = { [10] = 0xff, [11] = 0xff } };

	if (inet_pton(AF_INET, text, addr.addr + 12) != 1 &&
	    inet_pton(AF_INET6, text, addr.addr) != 1)
		die(text, EINVAL);
	return addr;
}

static void bit_set(int fd, uint32_t bit)
{
	uint32_t word = bit / 64;
	uint64_t bits = 0;

	bpf_map_lookup_elem(fd, &word, &bits);
	bits |= 1ULL << bit % 64;
	map_put(fd, &word, &bits);
}

void plane_service_add(struct plane *plane, const char *addr, uint16_t port, uint8_t protocol)
{
	struct weir_addr bytes = plane_addr(addr);
	struct weir_service_key key = { .port = port, .protocol = protocol };
	uint32_t one = 1;

	memcpy(key.addr, bytes.addr, sizeof(key.addr));
	map_put(plane_map(plane, "services"), &key, &one);
	key.port = 0;
	key.protocol = 0;
	map_put(plane_map(plane, "services"), &key, &one);
	bit_set(plane_map(plane, "ports"), port);
}

static void map_clear(int fd)
{
	uint8_t key[64];

	while (!bpf_map_get_next_key(fd, NULL, key))
		if (bpf_map_delete_elem(fd, key))
			die("map delete", errno);
}

static void array_clear(int fd, uint32_t entries, uint32_t value_size)
{
	void *zero = calloc(libbpf_num_possible_cpus(), value_size + 8);

	for (uint32_t i = 0; i < entries; i++)
		map_put(fd, &i, zero);
	free(zero);
}

static void plane_empty(struct plane *plane)
{
	struct bpf_map *map;

	bpf_object__for_each_map(map, plane->skel->obj) {
		const char *name = bpf_map__name(map);

		if (bpf_map__type(map) == BPF_MAP_TYPE_HASH ||
		    bpf_map__type(map) == BPF_MAP_TYPE_LPM_TRIE)
			map_clear(bpf_map__fd(map));
		else if (!strcmp(name, "syns") || !strcmp(name, "counters") ||
			 !strcmp(name, "settings") || !strcmp(name, "ports") ||
			 !strcmp(name, "syn_gate"))
			array_clear(bpf_map__fd(map), bpf_map__max_entries(map),
				    bpf_map__value_size(map));
	}
}

void plane_reset(struct plane *plane)
{
	static const char *const addrs[] = { PLANE_SERVICE4, PLANE_SERVICE6 };

	plane_empty(plane);
	plane_clock(plane, PLANE_START_NS);
	plane_heartbeat(plane, PLANE_START_NS);
	plane_set(plane, WEIR_SETTING_HASH_KEY0, 0x0706050403020100ULL);
	plane_set(plane, WEIR_SETTING_HASH_KEY1, 0x0f0e0d0c0b0a0908ULL);
	plane_set(plane, WEIR_SETTING_SOURCE_PREFIX6, 64);
	plane_set(plane, WEIR_SETTING_SILENCE_NS, 5000000000ULL);
	plane_set(plane, WEIR_SETTING_FLOW_IDLE_NS, 600000000000ULL);
	plane_set(plane, WEIR_SETTING_SYN_GATE_PER_S, WEIR_SYN_GATE_PER_S_DEFAULT);
	plane_set(plane, WEIR_SETTING_FLOWS_PER_SOURCE, WEIR_FLOWS_PER_SOURCE_DEFAULT);
	for (int i = 0; i < 2; i++) {
		plane_service_add(plane, addrs[i], PLANE_PORT, IPPROTO_TCP);
		plane_service_add(plane, addrs[i], PLANE_PORT, IPPROTO_UDP);
	}
}

uint64_t plane_counter(const struct plane *plane, enum weir_reason reason)
{
	int cpus = libbpf_num_possible_cpus();
	struct weir_counter values[cpus];
	uint32_t key = reason;
	uint64_t sum = 0;

	if (bpf_map_lookup_elem(plane_map(plane, "counters"), &key, values))
		die("counters", errno);
	for (int i = 0; i < cpus; i++)
		sum += values[i].packets;
	return sum;
}

const char *plane_reason_name(enum weir_reason reason)
{
	return reason < WEIR_REASON_MAX ? reason_names[reason] : "?";
}

static bool reason_is_event(enum weir_reason reason)
{
	return reason >= WEIR_REASON_FLOW_NEW;
}

static int program_fd(const struct plane *plane, enum plane_program program)
{
	struct bpf_program *programs[] = { plane->skel->progs.weir_xdp,
					   plane->skel->progs.weir_tc_in,
					   plane->skel->progs.weir_tc_out };

	return bpf_program__fd(programs[program]);
}

bool plane_flood(const struct plane *plane, enum plane_program program, const uint8_t *frame,
		 uint32_t len)
{
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = frame, .data_size_in = len);

	return !bpf_prog_test_run_opts(program_fd(plane, program), &opts);
}

uint64_t plane_packets(const struct plane *plane)
{
	uint64_t sum = 0;

	for (int i = 0; i < WEIR_REASON_MAX; i++)
		if (!reason_is_event(i))
			sum += plane_counter(plane, i);
	return sum;
}

enum weir_reason plane_run(struct plane *plane, enum plane_program program, const uint8_t *frame,
			   uint32_t len)
{
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = frame, .data_size_in = len,
		    .data_out = plane->out, .data_size_out = OUT_ROOM);
	enum weir_reason found = WEIR_REASON_NONE;
	int error;

	for (int i = 0; i < WEIR_REASON_MAX; i++)
		plane->before[i] = plane_counter(plane, i);
	error = bpf_prog_test_run_opts(program_fd(plane, program), &opts);
	if (error)
		return WEIR_REASON_MAX;
	plane->is_dropped = opts.retval == (program == PLANE_XDP ? XDP_DROP : TC_ACT_SHOT);
	plane->out_len = opts.data_size_out;
	for (int i = 0; i < WEIR_REASON_MAX; i++) {
		uint64_t more = plane_counter(plane, i) - plane->before[i];

		if (reason_is_event(i) || !more)
			continue;
		if (found || more != 1)
			die("a packet has more than one reason", EINVAL);
		found = i;
	}
	if (!found)
		die("a packet has no reason", EINVAL);
	if (!plane->is_dropped &&
	    opts.retval != (program == PLANE_XDP ? XDP_PASS : (uint32_t)TC_ACT_UNSPEC))
		die("a program gave an answer that is no verdict", EINVAL);
	return found;
}

uint64_t plane_events(const struct plane *plane, enum weir_reason reason)
{
	return plane_counter(plane, reason) - plane->before[reason];
}

uint32_t plane_entries(const struct plane *plane, const char *map)
{
	uint8_t key[64], next[64];
	int fd = plane_map(plane, map);
	uint32_t count = 0;

	for (int error = bpf_map_get_next_key(fd, NULL, next); !error; count++) {
		memcpy(key, next, sizeof(key));
		error = bpf_map_get_next_key(fd, key, next);
	}
	return count;
}

static void prefilter_set(struct plane *plane, const struct weir_addr *addr, bool is_ip4)
{
	if (is_ip4)
		bit_set(plane_map(plane, "prefilter4"), weir_prefilter4_bit(addr->addr + 12));
	else
		bit_set(plane_map(plane, "prefilter6"),
			weir_prefilter6_bit(addr->addr, 0x0706050403020100ULL,
					    0x0f0e0d0c0b0a0908ULL));
}

static void net_put(struct plane *plane, const char *map, const char *text, int len,
		    const struct weir_rule *rule)
{
	bool is_ip4 = !strchr(text, ':');
	struct weir_addr addr = plane_addr(text);
	struct weir_net4_key key4 = { .prefix_len = (uint32_t)len };
	struct weir_net6_key key6 = { .prefix_len = (uint32_t)len };
	struct weir_rule value = *rule;
	char name[16];

	value.prefix_len = (uint32_t)len;

	snprintf(name, sizeof(name), "%s%c", map, is_ip4 ? '4' : '6');
	memcpy(key4.addr, addr.addr + 12, sizeof(key4.addr));
	memcpy(key6.addr, addr.addr, sizeof(key6.addr));
	map_put(plane_map(plane, name), is_ip4 ? (void *)&key4 : (void *)&key6, &value);
	prefilter_set(plane, &addr, is_ip4);
}

void plane_deny(struct plane *plane, const char *text, int len, const struct weir_rule *rule)
{
	struct weir_addr addr = plane_addr(text);

	if (len >= 0) {
		net_put(plane, "deny_net", text, len, rule);
		return;
	}
	map_put(plane_map(plane, "deny_host"), &addr, rule);
	prefilter_set(plane, &addr, !strchr(text, ':'));
}

void plane_allow(struct plane *plane, const char *text, int len, uint64_t expires_ns)
{
	struct weir_rule rule = { .expires_ns = expires_ns,
				  .id = 1,
				  .origin = WEIR_ORIGIN_OPERATOR };

	net_put(plane, "allow_net", text, len, &rule);
}

struct weir_sweep plane_sweep(struct plane *plane, enum weir_sweep_kind kind, uint32_t flags,
			      uint64_t age_ns)
{
	bool is_flows = kind == WEIR_SWEEP_FLOWS;
	uint32_t key_size = is_flows ? sizeof(struct weir_flow_key) : sizeof(struct weir_addr);
	int fd = plane_map(plane, is_flows ? "flows" : "sources");
	uint8_t in[sizeof(struct weir_sweep) + WEIR_SWEEP_KEYS_MAX * sizeof(struct weir_flow_key)];
	struct weir_sweep sweep = { .kind = kind, .flags = flags, .age_ns = age_ns };
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = in, .data_out = plane->out,
		    .data_size_out = OUT_ROOM);
	uint8_t *at = in + sizeof(sweep);

	for (int error = bpf_map_get_next_key(fd, NULL, at);
	     !error && sweep.count < WEIR_SWEEP_KEYS_MAX; at += key_size) {
		if (++sweep.count < WEIR_SWEEP_KEYS_MAX)
			error = bpf_map_get_next_key(fd, at, at + key_size);
	}
	memcpy(in, &sweep, sizeof(sweep));
	opts.data_size_in = (uint32_t)(sizeof(sweep) + sweep.count * key_size);
	if (bpf_prog_test_run_opts(bpf_program__fd(plane->skel->progs.weir_sweep), &opts) ||
	    opts.retval != XDP_PASS)
		die("weir_sweep", errno);
	memcpy(&sweep, plane->out, sizeof(sweep));
	return sweep;
}
