/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "core/config.h"

/* The table of keys: defaults, ranges, refusals, and what contradicts itself. */

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct config config;

static int defaults_setup(void **state)
{
	(void)state;
	config_default(&config);
	return 0;
}

static void set(const char *key, const char *text)
{
	char why[256] = "";
	int err = config_set(&config, key, text, why, sizeof(why));

	if (err)
		fail_msg("%s: %s: %s", key, text, why);
}

static void refused(const char *key, const char *text, int err, const char *part)
{
	char why[256] = "";
	struct config before = config;

	assert_int_equal(config_set(&config, key, text, why, sizeof(why)), err);
	if (!strstr(why, part))
		fail_msg("%s: %s: '%s' does not say '%s'", key, text, why, part);
	assert_memory_equal(&before, &config, sizeof(config));
}

static void every_default_passes_its_own_key(void **state)
{
	(void)state;
	for (size_t i = 0; i < config_key_count; i++) {
		const struct config_key *key = &config_keys[i];

		if (!config_is_list(key))
			set(key->name, key->default_text);
		assert_true(strlen(key->help) > 10);
		assert_int_equal(config_find(key->name) - config_keys, i);
	}
}

static void defaults_are_those_of_the_design(void **state)
{
	(void)state;
	assert_string_equal(config.pin_dir, "/sys/fs/bpf/weir");
	assert_string_equal(config.mode, "propose");
	assert_true(config.xdp_is_wanted && config.tcx_is_wanted);
	assert_false(config.generic_xdp_is_allowed || config.is_persistent);
	assert_int_equal(config.source_prefix6, 64);
	assert_int_equal(config.rule_ttl_ns, 86400ULL * 1000000000);
	assert_int_equal(config.rule_ttl_max_ns, 30ULL * 86400 * 1000000000);
	assert_int_equal(config.rules_max, 1048576);
	assert_int_equal(config.exchanges_ring_bytes, 4u << 20);
	assert_int_equal(config.plan.action, WEIR_ACTION_RESET);
	assert_true(config.plan.budget_exchanges_share == 0.01);
	assert_int_equal(config.detect.retention_fleets_ns, 180ULL * 86400 * 1000000000);
	assert_int_equal(config.interface_count + config.service_count + config.allow_count, 0);
}

static void numbers_times_and_words_land_in_their_fields(void **state)
{
	(void)state;
	set("limits.flows", "2048");
	assert_int_equal(config.flows_max, 2048);
	set("limits.exchanges_ring", "64KiB");
	assert_int_equal(config.exchanges_ring_bytes, 65536);
	set("detect.tick", "500ms");
	assert_int_equal(config.detect.tick_ns, 500000000);
	set("plan.holdout_share", "0.25");
	assert_true(config.plan.holdout_share == 0.25);
	set("persist", "yes");
	assert_true(config.is_persistent);
	set("xdp", "generic");
	assert_true(config.xdp_is_wanted && config.generic_xdp_is_allowed);
	set("xdp", "off");
	assert_false(config.xdp_is_wanted || config.generic_xdp_is_allowed);
	set("tc", "clsact");
	assert_false(config.tcx_is_wanted);
	set("plan.action", "drop");
	assert_int_equal(config.plan.action, WEIR_ACTION_DROP);
	set("events", "-");
	assert_string_equal(config.events_file, "-");
	set("metrics_port", "9100");
	assert_int_equal(config.metrics_port, 9100);
}

static void what_does_not_fit_is_refused_and_nothing_changes(void **state)
{
	(void)state;
	refused("detect.tikc", "1s", -ENOENT, "did you mean 'detect.tick'?");
	refused("completely_else", "1s", -ENOENT, "unknown key 'completely_else'");
	refused("limits.flows", "12", -ERANGE, "1024 to 67108864 flows");
	refused("limits.flows", "-5", -EINVAL, "'-5'");
	refused("limits.flows", "4096.5", -EINVAL, "1024 to");
	refused("limits.flows", "99999999999999999999", -EINVAL, "1024 to");
	refused("limits.syns", "3000", -EINVAL, "a power of two from 1024");
	refused("ssh_port", "65536", -ERANGE, "0 to 65535 port");
	refused("source_prefix6", "129", -ERANGE, "16 to 128 bits");
	refused("detect.tick", "60", -EINVAL, "100ms to 1d");
	refused("detect.tick", "2d", -ERANGE, "100ms to 1d");
	refused("plan.holdout_share", "1.5", -ERANGE, "0 to 1");
	refused("plan.holdout_share", "nan", -EINVAL, "0 to 1");
	refused("plan.holdout_share", "0x1", -EINVAL, "0 to 1");
	refused("plan.holdout_share", "", -EINVAL, "0 to 1");
	refused("mode", "enforced", -EINVAL, "one of propose, enforce, off");
	refused("plan.action", "allow", -EINVAL, "observe, limit, drop, reset");
	refused("plan.action", "", -EINVAL, "one of");
	refused("persist", "maybe", -EINVAL, "yes or no");
	refused("pin_dir", "weir", -EINVAL, "an absolute path");
	refused("events", "events.json", -EINVAL, "an absolute path");
	refused("group", "", -EINVAL, "a word");
	refused("allow", "10.0.0.1/24", -EINVAL, "write 10.0.0.0/24");
	refused("allow", "10.0.0.0/33", -ERANGE, "too large");
	refused("allow", "office", -EINVAL, "not an address or CIDR");
	refused("interfaces", "an-interface-too-long", -EINVAL, "not an interface name");
	refused("interfaces", "eth0/1", -EINVAL, "not an interface name");
	refused("services", "192.0.2.1", -EINVAL, "not a service");
	refused("source_prefixes6", "2001:db8::/32", -EINVAL, "not a prefix and a length");
	refused("source_prefixes6", "192.0.2.0/24 32", -EINVAL, "IPv4");
	refused("source_prefixes6", "2001:db8::/32 24", -ERANGE, "(32) to 128");
	refused("source_prefixes6", "2001:db8::/32 56x", -ERANGE, "(32) to 128");
}

static void a_path_too_long_is_refused(void **state)
{
	char path[600];

	(void)state;
	memset(path, 'a', sizeof(path));
	path[0] = '/';
	path[sizeof(path) - 1] = '\0';
	refused("pin_dir", path, -ERANGE, "longer than 255 characters");
}

static void lists_grow_item_by_item_without_doubles(void **state)
{
	(void)state;
	set("interfaces", "eth0");
	set("interfaces", "eth1");
	refused("interfaces", "eth0", -EINVAL, "there already");
	assert_int_equal(config.interface_count, 2);
	assert_string_equal(config.interfaces[1], "eth1");
	set("services", "192.0.2.1:443");
	set("services", "192.0.2.1:443/udp");
	refused("services", "192.0.2.1:443/tcp", -EINVAL, "there already");
	set("allow", "192.0.2.0/24");
	set("shared_sources", "198.51.100.7");
	assert_int_equal(config.allow_count, 1);
	assert_int_equal(config.plan.shared_source_count, 1);
	set("source_prefixes6", "2001:db8::/32 56");
	refused("source_prefixes6", "2001:db8::/32 48", -EINVAL, "there already");
	assert_int_equal(config.source_prefixes6[0].source_prefix_len, 56);
}

static void a_full_list_says_so(void **state)
{
	char text[32];

	(void)state;
	for (int i = 0; i < CONFIG_LIST_MAX; i++) {
		snprintf(text, sizeof(text), "10.0.%d.%d", i / 256, i % 256);
		set("allow", text);
	}
	refused("allow", "192.0.2.1", -ERANGE, "more than 256 entries");
}

static void the_check_names_all_that_contradicts_itself(void **state)
{
	char why[512] = "";

	(void)state;
	assert_int_equal(config_check(&config, why, sizeof(why)), -EINVAL);
	assert_non_null(strstr(why, "interfaces is missing"));
	assert_non_null(strstr(why, "services is missing"));
	set("interfaces", "eth0");
	set("services", "*:443");
	assert_int_equal(config_check(&config, why, sizeof(why)), 0);
	set("detect.watch_db", "50");
	set("rules.ttl_max", "1h");
	set("plan.commit_confirm", "24h");
	set("detect.scan", "1s");
	assert_int_equal(config_check(&config, why, sizeof(why)), -EINVAL);
	assert_non_null(strstr(why, "must rise"));
	assert_non_null(strstr(why, "rules.ttl is longer"));
	assert_non_null(strstr(why, "plan.ttl is longer"));
	assert_non_null(strstr(why, "commit_confirm"));
	assert_non_null(strstr(why, "detect.scan is shorter"));
}

#define config_test(name) cmocka_unit_test_setup(name, defaults_setup)

int main(void)
{
	const struct CMUnitTest tests[] = {
		config_test(every_default_passes_its_own_key),
		config_test(defaults_are_those_of_the_design),
		config_test(numbers_times_and_words_land_in_their_fields),
		config_test(what_does_not_fit_is_refused_and_nothing_changes),
		config_test(a_path_too_long_is_refused),
		config_test(lists_grow_item_by_item_without_doubles),
		config_test(a_full_list_says_so),
		config_test(the_check_names_all_that_contradicts_itself),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
