/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* Changes of rules through real maps: which entry lands where, in which order, behind which bits. */

#include "edge/maps.h"

#include "unit/maps_fixture.h"

#include <weir/hash.h>

static void rule_add(struct fixture *fixture, const char *net, uint8_t action)
{
	struct rule rule = {
		.net = net_of(net),
		.action = action,
		.origin = WEIR_ORIGIN_OPERATOR,
		.expires_unix_ns = action == WEIR_ACTION_ALLOW ? 0 : BOOT_UNIX_NS + 60 * NS_PER_S,
		.list = "",
		.reason = "",
		.by = "",
	};

	assert_int_equal(rules_put(fixture->rules, &rule, NULL), 0);
}

static int changes_write(struct fixture *fixture, size_t *written)
{
	size_t count = rules_changes(fixture->rules, fixture->changes, CHANGES_MAX);
	int err = maps_write_rules(&fixture->maps, fixture->changes, count, written);

	rules_mark_written(fixture->rules, fixture->changes, *written);
	return err;
}

static size_t bits_count(int fd, uint32_t words)
{
	size_t count = 0;

	for (uint32_t i = 0; i < words; i++) {
		uint64_t word;

		assert_int_equal(bpf_map_lookup_elem(fd, &i, &word), 0);
		count += (size_t)__builtin_popcountll(word);
	}
	return count;
}

static void a_host_rule_lands_in_deny_host_with_its_expiry_since_boot(void **state)
{
	struct fixture *fixture = *state;
	struct net host = net_of("192.0.2.7");
	struct weir_rule value;
	size_t written;

	rule_add(fixture, "192.0.2.7", WEIR_ACTION_DROP);
	assert_int_equal(changes_write(fixture, &written), 0);
	assert_int_equal(written, 1);
	assert_int_equal(bpf_map_lookup_elem(fixture->maps.deny_host, host.addr, &value), 0);
	assert_int_equal(value.expires_ns, 60 * NS_PER_S);
	assert_int_equal(value.action, WEIR_ACTION_DROP);
	assert_true(bit_is_set(fixture->maps.prefilter4, 192 << 16 | 0 << 8 | 2));
	assert_int_equal(bits_count(fixture->maps.prefilter4, WEIR_PREFILTER4_WORDS), 1);
}

static void every_kind_of_net_lands_in_its_own_map(void **state)
{
	struct fixture *fixture = *state;
	struct weir_net6_key key6 = { .prefix_len = 48 };
	struct weir_rule value;
	struct net net6 = net_of("2001:db8:7::/48");
	size_t written;

	rule_add(fixture, "198.51.100.0/24", WEIR_ACTION_DROP);
	rule_add(fixture, "2001:db8:7::/48", WEIR_ACTION_RESET);
	rule_add(fixture, "2001:db8::9", WEIR_ACTION_DROP);
	rule_add(fixture, "203.0.113.5", WEIR_ACTION_ALLOW);
	rule_add(fixture, "2001:db8:a::/64", WEIR_ACTION_ALLOW);
	assert_int_equal(changes_write(fixture, &written), 0);
	assert_int_equal(written, 5);
	assert_int_equal(map_count(fixture->maps.deny_net4), 1);
	assert_int_equal(map_count(fixture->maps.deny_net6), 1);
	assert_int_equal(map_count(fixture->maps.deny_host), 1);
	assert_int_equal(map_count(fixture->maps.allow_net4), 1);
	assert_int_equal(map_count(fixture->maps.allow_net6), 1);
	memcpy(key6.addr, net6.addr, sizeof(key6.addr));
	assert_int_equal(bpf_map_lookup_elem(fixture->maps.deny_net6, &key6, &value), 0);
	assert_true(bit_is_set(fixture->maps.prefilter6, weir_prefilter6_bit(net6.addr, 1, 2)));
}

static void an_allow_without_end_never_expires(void **state)
{
	struct fixture *fixture = *state;
	struct weir_net4_key key = { .prefix_len = 32, .addr = { 203, 0, 113, 5 } };
	struct weir_rule value;
	size_t written;

	rule_add(fixture, "203.0.113.5", WEIR_ACTION_ALLOW);
	assert_int_equal(changes_write(fixture, &written), 0);
	assert_int_equal(bpf_map_lookup_elem(fixture->maps.allow_net4, &key, &value), 0);
	assert_true(value.expires_ns == WEIR_NEVER_NS);
	assert_int_equal(value.prefix_len, 32);
}

static void a_removed_rule_leaves_its_map(void **state)
{
	struct fixture *fixture = *state;
	struct net net = net_of("198.51.100.0/24");
	size_t written;

	rule_add(fixture, "198.51.100.0/24", WEIR_ACTION_DROP);
	rule_add(fixture, "198.51.101.0/24", WEIR_ACTION_DROP);
	assert_int_equal(changes_write(fixture, &written), 0);
	assert_int_equal(rules_remove(fixture->rules, &net, false, WEIR_ORIGIN_OPERATOR, NULL), 1);
	assert_int_equal(changes_write(fixture, &written), 0);
	assert_int_equal(written, 1);
	assert_int_equal(map_count(fixture->maps.deny_net4), 1);
}

static void deleting_what_is_not_there_counts_as_written(void **state)
{
	struct fixture *fixture = *state;
	struct rule_change changes[] = {
		{ .map = RULE_MAP_NET4, .net = net_of("198.51.100.0/24") },
		{ .map = RULE_MAP_HOST, .net = net_of("192.0.2.1") },
		{ .map = RULE_MAP_HOST, .net = net_of("192.0.2.2") },
		{ .map = RULE_MAP_ALLOW6, .net = net_of("2001:db8::/32") },
	};
	size_t written;

	assert_int_equal(maps_write_rules(&fixture->maps, changes, 4, &written), 0);
	assert_int_equal(written, 4);
}

static void a_full_map_says_how_far_it_came_and_still_takes_deletes(void **state)
{
	struct fixture *fixture = *state;
	struct net net = net_of("10.0.0.1");
	char text[32];
	size_t written;

	for (unsigned i = 1; i <= HOSTS_MAX + 10; i++) {
		snprintf(text, sizeof(text), "10.0.0.%u", i);
		rule_add(fixture, text, WEIR_ACTION_DROP);
	}
	assert_int_equal(changes_write(fixture, &written), -E2BIG);
	assert_int_equal(written, HOSTS_MAX);
	/* Room is made and used although the adds before it still fail. */
	assert_int_equal(rules_remove(fixture->rules, &net, false, WEIR_ORIGIN_OPERATOR, NULL), 1);
	assert_int_equal(changes_write(fixture, &written), -E2BIG);
	assert_int_equal(map_count(fixture->maps.deny_host), HOSTS_MAX - 1);
	assert_int_equal(changes_write(fixture, &written), -E2BIG);
	assert_int_equal(map_count(fixture->maps.deny_host), HOSTS_MAX);
}

static void thousands_of_nets_are_written_in_batches(void **state)
{
	struct fixture *fixture = *state;
	char text[32];
	size_t written;

	for (unsigned i = 0; i < RULES_MAX - 1; i++) {
		snprintf(text, sizeof(text), "11.%u.%u.0/24", i / 256, i % 256);
		rule_add(fixture, text, WEIR_ACTION_DROP);
	}
	assert_int_equal(changes_write(fixture, &written), 0);
	assert_int_equal(written, RULES_MAX - 1);
	assert_int_equal(map_count(fixture->maps.deny_net4), RULES_MAX - 1);
	assert_int_equal(bits_count(fixture->maps.prefilter4, WEIR_PREFILTER4_WORDS),
			 RULES_MAX - 1);
}

static void a_slash_8_sets_exactly_its_own_bits(void **state)
{
	struct fixture *fixture = *state;
	size_t written;

	rule_add(fixture, "10.0.0.0/8", WEIR_ACTION_DROP);
	rule_add(fixture, "12.0.2.0/23", WEIR_ACTION_DROP);
	assert_int_equal(changes_write(fixture, &written), 0);
	assert_int_equal(bits_count(fixture->maps.prefilter4, WEIR_PREFILTER4_WORDS), 65536 + 2);
	assert_true(bit_is_set(fixture->maps.prefilter4, 10 << 16));
	assert_true(bit_is_set(fixture->maps.prefilter4, 10 << 16 | 0xffff));
	assert_false(bit_is_set(fixture->maps.prefilter4, 11 << 16));
}

static void a_wide_ipv6_net_opens_the_prefilter_until_it_is_rebuilt_without_it(void **state)
{
	struct fixture *fixture = *state;
	struct net net = net_of("2001:db8::/32");
	uint64_t wide;
	size_t written;

	rule_add(fixture, "2001:db8::/32", WEIR_ACTION_DROP);
	assert_int_equal(changes_write(fixture, &written), 0);
	assert_int_equal(maps_get(&fixture->maps, WEIR_SETTING_WIDE_RULES6, &wide), 0);
	assert_int_equal(wide, 1);
	rules_remove(fixture->rules, &net, false, WEIR_ORIGIN_OPERATOR, NULL);
	assert_int_equal(changes_write(fixture, &written), 0);
	assert_int_equal(maps_rebuild_prefilter(&fixture->maps, fixture->rules), 0);
	assert_int_equal(maps_get(&fixture->maps, WEIR_SETTING_WIDE_RULES6, &wide), 0);
	assert_int_equal(wide, 0);
}

static void a_rebuild_clears_only_what_no_rule_needs(void **state)
{
	struct fixture *fixture = *state;
	struct net net = net_of("198.51.100.0/24");
	size_t written;

	rule_add(fixture, "198.51.100.0/24", WEIR_ACTION_DROP);
	rule_add(fixture, "192.0.2.7", WEIR_ACTION_DROP);
	assert_int_equal(changes_write(fixture, &written), 0);
	rules_remove(fixture->rules, &net, false, WEIR_ORIGIN_OPERATOR, NULL);
	assert_int_equal(changes_write(fixture, &written), 0);
	assert_int_equal(bits_count(fixture->maps.prefilter4, WEIR_PREFILTER4_WORDS), 2);
	assert_int_equal(maps_rebuild_prefilter(&fixture->maps, fixture->rules), 0);
	assert_int_equal(bits_count(fixture->maps.prefilter4, WEIR_PREFILTER4_WORDS), 1);
	assert_true(bit_is_set(fixture->maps.prefilter4, 192 << 16 | 0 << 8 | 2));
}

static void entries_that_no_rule_explains_are_removed(void **state)
{
	struct fixture *fixture = *state;
	struct weir_rule stale = { .id = 99, .action = WEIR_ACTION_DROP };
	struct weir_net4_key net4 = { .prefix_len = 24, .addr = { 198, 51, 100, 0 } };
	struct net host = net_of("192.0.2.8");
	size_t written;

	rule_add(fixture, "192.0.2.7", WEIR_ACTION_DROP);
	rule_add(fixture, "198.51.0.0/16", WEIR_ACTION_DROP);
	assert_int_equal(changes_write(fixture, &written), 0);
	bpf_map_update_elem(fixture->maps.deny_host, host.addr, &stale, BPF_ANY);
	bpf_map_update_elem(fixture->maps.deny_net4, &net4, &stale, BPF_ANY);
	bpf_map_update_elem(fixture->maps.allow_net4, &net4, &stale, BPF_ANY);
	assert_int_equal(maps_remove_unknown(&fixture->maps, fixture->rules), 3);
	assert_int_equal(map_count(fixture->maps.deny_host), 1);
	assert_int_equal(map_count(fixture->maps.deny_net4), 1);
	assert_int_equal(map_count(fixture->maps.allow_net4), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		MAPS_TEST(a_host_rule_lands_in_deny_host_with_its_expiry_since_boot),
		MAPS_TEST(every_kind_of_net_lands_in_its_own_map),
		MAPS_TEST(an_allow_without_end_never_expires),
		MAPS_TEST(a_removed_rule_leaves_its_map),
		MAPS_TEST(deleting_what_is_not_there_counts_as_written),
		MAPS_TEST(a_full_map_says_how_far_it_came_and_still_takes_deletes),
		MAPS_TEST(thousands_of_nets_are_written_in_batches),
		MAPS_TEST(a_slash_8_sets_exactly_its_own_bits),
		MAPS_TEST(a_wide_ipv6_net_opens_the_prefilter_until_it_is_rebuilt_without_it),
		MAPS_TEST(a_rebuild_clears_only_what_no_rule_needs),
		MAPS_TEST(entries_that_no_rule_explains_are_removed),
	};

	if (geteuid() != 0) {
		printf("1..0 # skipped: maps need root\n");
		return 0;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
