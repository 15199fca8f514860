/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* Settings, pushes, counters and walks through real maps of the kernel, without the programs. */

#include "edge/maps.h"

#include "unit/maps_fixture.h"

#include <bpf/libbpf.h>
#include <netinet/in.h>

struct push_log {
	unsigned taken, refused;
	struct net last;
	uint32_t last_action;
	char problem[64];
};

static void push_note(const struct net *net, const struct weir_push *push, const char *problem,
		      void *arg)
{
	struct push_log *log = arg;

	if (problem) {
		log->refused++;
		snprintf(log->problem, sizeof(log->problem), "%s", problem);
		return;
	}
	log->taken++;
	log->last = *net;
	log->last_action = push->action;
}

static void push4(struct fixture *fixture, uint32_t len, uint8_t a, uint32_t action)
{
	struct weir_net4_key key = { .prefix_len = len, .addr = { a, 2, 3, 4 } };
	struct weir_push push = { .action = action };

	assert_int_equal(bpf_map_update_elem(fixture->maps.push_net4, &key, &push, BPF_ANY), 0);
}

static void pushes_are_taken_once_and_the_map_is_empty_afterwards(void **state)
{
	struct fixture *fixture = *state;
	struct weir_net6_key key6 = { .prefix_len = 64, .addr = { 0x20, 0x01, 0x0d, 0xb8 } };
	struct weir_push push = { .ttl_s = 60 };
	struct push_log log = { 0 };
	struct net expected = net_of("192.2.3.0/24");

	push4(fixture, 24, 192, WEIR_ACTION_RESET);
	assert_int_equal(maps_take_pushes(&fixture->maps, push_note, &log), 1);
	assert_int_equal(net_compare(&log.last, &expected), 0);
	assert_int_equal(log.last_action, WEIR_ACTION_RESET);
	assert_int_equal(bpf_map_update_elem(fixture->maps.push_net6, &key6, &push, BPF_ANY), 0);
	assert_int_equal(maps_take_pushes(&fixture->maps, push_note, &log), 1);
	assert_int_equal(maps_take_pushes(&fixture->maps, push_note, &log), 0);
	assert_int_equal(log.taken, 2);
	assert_int_equal(log.refused, 0);
}

static void a_push_too_wide_or_with_an_unknown_action_is_refused_with_words(void **state)
{
	struct fixture *fixture = *state;
	struct push_log log = { 0 };

	push4(fixture, 7, 192, 0);
	assert_int_equal(maps_take_pushes(&fixture->maps, push_note, &log), 1);
	assert_string_equal(log.problem, "wider than /8");
	push4(fixture, 32, 192, 17);
	assert_int_equal(maps_take_pushes(&fixture->maps, push_note, &log), 1);
	assert_string_equal(log.problem, "action 17 is unknown");
	assert_int_equal(log.taken, 0);
	assert_int_equal(map_count(fixture->maps.push_net4), 0);
}

static void a_full_push_map_is_emptied_in_one_call(void **state)
{
	struct fixture *fixture = *state;
	struct push_log log = { 0 };

	for (unsigned i = 0; i < WEIR_PUSH_MAX; i++) {
		struct weir_net4_key key = { .prefix_len = 32,
					     .addr = { 10, 0, (uint8_t)(i >> 8), (uint8_t)i } };
		struct weir_push push = { 0 };

		assert_int_equal(bpf_map_update_elem(fixture->maps.push_net4, &key, &push, BPF_ANY),
				 0);
	}
	assert_int_equal(maps_take_pushes(&fixture->maps, push_note, &log), WEIR_PUSH_MAX);
	assert_int_equal(map_count(fixture->maps.push_net4), 0);
}

static void a_frozen_push_map_is_found_even_when_it_is_empty(void **state)
{
	struct fixture *fixture = *state;
	struct push_log log = { 0 };

	assert_false(maps_push_is_frozen(fixture->maps.push_net4));
	push4(fixture, 32, 192, 0);
	assert_int_equal(bpf_map_freeze(fixture->maps.push_net4), 0);
	assert_int_equal(bpf_map_freeze(fixture->maps.push_net6), 0);
	assert_int_equal(maps_take_pushes(&fixture->maps, push_note, &log), -EPERM);
	assert_int_equal(log.taken, 1);
	assert_true(maps_push_is_frozen(fixture->maps.push_net4));
	assert_true(maps_push_is_frozen(fixture->maps.push_net6));
}

static void service_put(struct config *config, const char *addr, uint16_t port)
{
	struct service *service = &config->services[config->service_count++];
	struct net net = net_of(addr);

	memcpy(service->addr, net.addr, sizeof(service->addr));
	service->port = port;
	service->protocol = IPPROTO_TCP;
}

static void a_reload_adds_services_and_retires_old_ones_but_not_the_mode(void **state)
{
	struct fixture *fixture = *state;
	struct config *config = calloc(1, sizeof(*config));
	uint64_t mode;

	config->sources_max = 1000;
	config->net_sources_share = .1;
	assert_int_equal(maps_set(&fixture->maps, WEIR_SETTING_MODE, WEIR_MODE_ENFORCE), 0);
	service_put(config, "192.0.2.1", 443);
	service_put(config, "192.0.2.1", 80);
	assert_int_equal(maps_configure(&fixture->maps, config), 0);
	assert_int_equal(map_count(fixture->maps.services), 3);
	assert_true(bit_is_set(fixture->maps.ports, 443));
	assert_true(bit_is_set(fixture->maps.ports, 80));
	config->service_count = 0;
	service_put(config, "192.0.2.9", 443);
	assert_int_equal(maps_configure(&fixture->maps, config), 0);
	assert_int_equal(map_count(fixture->maps.services), 2);
	assert_true(bit_is_set(fixture->maps.ports, 443));
	assert_false(bit_is_set(fixture->maps.ports, 80));
	assert_int_equal(maps_get(&fixture->maps, WEIR_SETTING_MODE, &mode), 0);
	assert_int_equal(mode, WEIR_MODE_ENFORCE);
	free(config);
}

static void an_unspecified_service_address_is_said_in_the_settings(void **state)
{
	struct fixture *fixture = *state;
	struct config *config = calloc(1, sizeof(*config));
	uint64_t any, share;

	config->sources_max = 1000;
	config->net_sources_share = .1;
	config->services[0] = (struct service){ .port = 443, .protocol = IPPROTO_TCP };
	config->service_count = 1;
	assert_int_equal(maps_configure(&fixture->maps, config), 0);
	assert_int_equal(maps_get(&fixture->maps, WEIR_SETTING_SERVICE_ANY, &any), 0);
	assert_int_equal(any, 1);
	assert_int_equal(maps_get(&fixture->maps, WEIR_SETTING_SOURCES_PER_NET, &share), 0);
	assert_int_equal(share, 100);
	free(config);
}

static void reasons_are_the_sums_over_all_cpus(void **state)
{
	struct fixture *fixture = *state;
	int cpus = libbpf_num_possible_cpus();
	struct weir_counter *values = calloc((size_t)cpus, sizeof(*values));
	struct weir_counter out[WEIR_REASON_MAX], seen;
	uint32_t key = WEIR_REASON_PASSED;
	uint64_t expected = 0;

	for (int i = 0; i < cpus; i++) {
		values[i].packets = (uint64_t)i + 5;
		expected += values[i].packets;
	}
	assert_int_equal(bpf_map_update_elem(fixture->maps.counters, &key, values, BPF_ANY), 0);
	assert_int_equal(maps_sum_reasons(&fixture->maps, out), 0);
	assert_int_equal(out[key].packets, expected);
	assert_int_equal(bpf_map_lookup_elem(fixture->maps.reasons, &key, &seen), 0);
	assert_int_equal(seen.packets, expected);
	free(values);
}

static void a_rule_without_hits_has_none(void **state)
{
	struct fixture *fixture = *state;
	struct weir_hit hit = { .packets = 1 };

	assert_int_equal(maps_read_hit(&fixture->maps, 7, &hit), 0);
	assert_int_equal(hit.packets, 0);
	assert_int_equal(maps_remove_hit(&fixture->maps, 7), 0);
}

static void a_walk_in_small_batches_sees_every_entry_once(void **state)
{
	static unsigned seen[5000];
	struct cursor cursor;
	int fd = map_make(BPF_MAP_TYPE_HASH, 4, 4, 5000, 0);

	(void)state;
	for (uint32_t i = 0; i < 5000; i++)
		assert_int_equal(bpf_map_update_elem(fd, &i, &i, BPF_ANY), 0);
	assert_int_equal(cursor_init(&cursor, fd, 1), 0);
	while (cursor_next(&cursor) > 0)
		for (uint32_t i = 0; i < cursor.count; i++)
			seen[*(const uint32_t *)cursor_key(&cursor, i)]++;
	for (uint32_t i = 0; i < 5000; i++)
		assert_int_equal(seen[i], 1);
	cursor_clear(&cursor);
	close(fd);
}

static void stacks_put(int fd, uint64_t first, uint64_t count, uint64_t last_ns)
{
	struct weir_stack stack = { .last_ns = last_ns };

	for (uint64_t digest = first; digest < first + count; digest++)
		assert_int_equal(bpf_map_update_elem(fd, &digest, &stack, BPF_ANY), 0);
}

static void idle_stacks_go_once_the_map_is_half_full_and_not_before(void **state)
{
	struct maps maps = { .stacks = map_make(BPF_MAP_TYPE_HASH, 8, sizeof(struct weir_stack),
						100, 0) };

	(void)state;
	stacks_put(maps.stacks, 1, 40, 1000);
	stacks_put(maps.stacks, 41, 10, 5000);
	assert_int_equal(maps_sweep_stacks(&maps, 6000, 2000, 100), 0);
	stacks_put(maps.stacks, 51, 1, 5000);
	assert_int_equal(maps_sweep_stacks(&maps, 6000, 2000, 100), 40);
	assert_int_equal(map_count(maps.stacks), 11);
	/* Not one of them is older than the machine. */
	assert_int_equal(maps_sweep_stacks(&maps, 1000, 2000, 10), 0);
	close(maps.stacks);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		MAPS_TEST(pushes_are_taken_once_and_the_map_is_empty_afterwards),
		MAPS_TEST(a_push_too_wide_or_with_an_unknown_action_is_refused_with_words),
		MAPS_TEST(a_full_push_map_is_emptied_in_one_call),
		MAPS_TEST(a_frozen_push_map_is_found_even_when_it_is_empty),
		MAPS_TEST(a_reload_adds_services_and_retires_old_ones_but_not_the_mode),
		MAPS_TEST(an_unspecified_service_address_is_said_in_the_settings),
		MAPS_TEST(reasons_are_the_sums_over_all_cpus),
		MAPS_TEST(a_rule_without_hits_has_none),
		MAPS_TEST(a_walk_in_small_batches_sees_every_entry_once),
		cmocka_unit_test(idle_stacks_go_once_the_map_is_half_full_and_not_before),
	};

	if (geteuid() != 0) {
		printf("1..0 # skipped: maps need root\n");
		return 0;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
