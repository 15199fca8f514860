/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#pragma once

/* Small maps of the right kinds in the kernel, without the programs, for the tests of edge/maps.h. */

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include <bpf/bpf.h>

#include <weir/bounds.h>

#include "edge/maps.h"
#include "edge/maps/cursor.h"

#define RULES_MAX 8192
#define HOSTS_MAX 64 /* of deny_host: small, so that it can be filled */
#define BOOT_UNIX_NS 1700000000000000000ULL
#define NS_PER_S 1000000000ULL
#define CHANGES_MAX 8192

struct fixture {
	struct maps maps;
	struct rules *rules;
	struct rule_change changes[CHANGES_MAX];
};

static inline int map_make(enum bpf_map_type type, uint32_t key, uint32_t value, uint32_t max,
			   uint32_t flags)
{
	LIBBPF_OPTS(bpf_map_create_opts, opts, .map_flags = flags);

	return bpf_map_create(type, "test", key, value, max, &opts);
}

static inline int trie_make(uint32_t key, uint32_t value, uint32_t max)
{
	return map_make(BPF_MAP_TYPE_LPM_TRIE, key, value, max, BPF_F_NO_PREALLOC);
}

static inline void maps_make(struct maps *maps)
{
	const uint32_t rule = sizeof(struct weir_rule);

	maps->allow_net4 = trie_make(sizeof(struct weir_net4_key), rule, RULES_MAX);
	maps->allow_net6 = trie_make(sizeof(struct weir_net6_key), rule, RULES_MAX);
	maps->deny_net4 = trie_make(sizeof(struct weir_net4_key), rule, RULES_MAX);
	maps->deny_net6 = trie_make(sizeof(struct weir_net6_key), rule, RULES_MAX);
	maps->deny_host = map_make(BPF_MAP_TYPE_HASH, sizeof(struct weir_addr), rule, HOSTS_MAX, 0);
	maps->prefilter4 =
		map_make(BPF_MAP_TYPE_ARRAY, 4, 8, WEIR_PREFILTER4_WORDS, BPF_F_MMAPABLE);
	maps->prefilter6 =
		map_make(BPF_MAP_TYPE_ARRAY, 4, 8, WEIR_PREFILTER6_WORDS, BPF_F_MMAPABLE);
	maps->settings = map_make(BPF_MAP_TYPE_ARRAY, 4, 8, WEIR_SETTING_MAX, 0);
	maps->services = map_make(BPF_MAP_TYPE_HASH, sizeof(struct weir_service_key), 4, 256, 0);
	maps->ports = map_make(BPF_MAP_TYPE_ARRAY, 4, 8, 1024, 0);
	maps->prefixes6 = trie_make(sizeof(struct weir_net6_key), 4, 64);
	maps->push_net4 =
		trie_make(sizeof(struct weir_net4_key), sizeof(struct weir_push), WEIR_PUSH_MAX);
	maps->push_net6 =
		trie_make(sizeof(struct weir_net6_key), sizeof(struct weir_push), WEIR_PUSH_MAX);
	maps->hits = map_make(BPF_MAP_TYPE_HASH, 4, sizeof(struct weir_hit), 64, 0);
	maps->counters = map_make(BPF_MAP_TYPE_PERCPU_ARRAY, 4, sizeof(struct weir_counter),
				  WEIR_REASON_MAX, 0);
	maps->reasons =
		map_make(BPF_MAP_TYPE_ARRAY, 4, sizeof(struct weir_counter), WEIR_REASON_MAX, 0);
	maps->boot_unix_ns = BOOT_UNIX_NS;
	maps->hash_key[0] = 1;
	maps->hash_key[1] = 2;
}

static inline int fixture_setup(void **state)
{
	struct fixture *fixture = calloc(1, sizeof(*fixture));

	maps_make(&fixture->maps);
	fixture->rules = rules_new(RULES_MAX);
	*state = fixture;
	return fixture->rules && fixture->maps.reasons >= 0 ? 0 : -1;
}

static inline int fixture_teardown(void **state)
{
	struct fixture *fixture = *state;
	const int fds[] = {
		fixture->maps.allow_net4, fixture->maps.allow_net6, fixture->maps.deny_net4,
		fixture->maps.deny_net6,  fixture->maps.deny_host,  fixture->maps.prefilter4,
		fixture->maps.prefilter6, fixture->maps.settings,   fixture->maps.services,
		fixture->maps.ports,	  fixture->maps.prefixes6,  fixture->maps.push_net4,
		fixture->maps.push_net6,  fixture->maps.hits,	    fixture->maps.counters,
		fixture->maps.reasons,
	};

	for (size_t i = 0; i < sizeof(fds) / sizeof(fds[0]); i++)
		close(fds[i]);
	rules_free(fixture->rules);
	free(fixture);
	return 0;
}

static inline struct net net_of(const char *text)
{
	struct net net;

	assert_int_equal(net_parse(text, &net), 0);
	return net;
}

static inline size_t map_count(int fd)
{
	struct cursor cursor;
	size_t count = 0;

	assert_int_equal(cursor_init(&cursor, fd, 128), 0);
	while (cursor_next(&cursor) > 0)
		count += cursor.count;
	cursor_clear(&cursor);
	return count;
}

static inline int bit_is_set(int fd, uint32_t bit)
{
	uint32_t key = bit / 64;
	uint64_t word;

	assert_int_equal(bpf_map_lookup_elem(fd, &key, &word), 0);
	return (word >> bit % 64) & 1;
}

#define MAPS_TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
