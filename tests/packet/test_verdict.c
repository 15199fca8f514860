/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */

/* Verdict order, actions, expiry, modes and heartbeat, at both ingress hooks. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <bpf/bpf.h>
#include <netinet/in.h>
#include <string.h>

#include "lib/talk.h"

#define CLIENT4 "192.0.2.7"
#define CLIENT6 "2001:db8:7::7"
#define SECOND_NS 1000000000ULL

static struct plane plane;
static const enum plane_program hooks[] = { PLANE_XDP, PLANE_TC_IN };

static const struct weir_rule drop = { .expires_ns = PLANE_START_NS + 60 * SECOND_NS,
				       .id = 11,
				       .action = WEIR_ACTION_DROP,
				       .origin = WEIR_ORIGIN_OPERATOR };
static const struct weir_rule expired = { .expires_ns = PLANE_START_NS,
					  .id = 12,
					  .action = WEIR_ACTION_DROP };
static const struct weir_rule observe = { .expires_ns = PLANE_START_NS + 60 * SECOND_NS,
					  .id = 13,
					  .action = WEIR_ACTION_OBSERVE };
static const struct weir_rule reset = { .expires_ns = PLANE_START_NS + 60 * SECOND_NS,
					.id = 14,
					.action = WEIR_ACTION_RESET };
static const struct weir_rule limit2 = { .expires_ns = PLANE_START_NS + 600 * SECOND_NS,
					 .id = 15,
					 .limit_per_min = 2,
					 .action = WEIR_ACTION_LIMIT };

static enum weir_reason syn_run(enum plane_program hook, const char *from, uint16_t port)
{
	bool is_ip6 = strchr(from, ':');
	struct packet_spec syn = { .from = from,
				   .to = is_ip6 ? PLANE_SERVICE6 : PLANE_SERVICE4,
				   .from_port = port,
				   .to_port = PLANE_PORT,
				   .flags = PACKET_SYN };
	uint8_t frame[PACKET_ROOM];

	return plane_run(&plane, hook, frame, (uint32_t)packet_build(&syn, frame));
}

static uint64_t hit_packets(uint32_t id)
{
	struct weir_hit hit = { 0 };

	bpf_map_lookup_elem(plane_map(&plane, "hits"), &id, &hit);
	return hit.packets;
}

/* A case of the order: rules put in place, then one SYN. */
struct verdict_row {
	const char *name;
	const struct weir_rule *host;
	const struct weir_rule *net;
	uint64_t allow_until_ns; /* 0: no allow entry */
	enum weir_reason reason;
	bool is_dropped;
};

/* clang-format off */
static const struct verdict_row rows[] = {
	{"no rule", NULL, NULL, 0, WEIR_REASON_SYN_RECORDED, false},
	{"host", &drop, NULL, 0, WEIR_REASON_DROP_HOST, true},
	{"net", NULL, &drop, 0, WEIR_REASON_DROP_NET, true},
	{"host before net", &drop, &drop, 0, WEIR_REASON_DROP_HOST, true},
	{"allow before host and net", &drop, &drop, WEIR_NEVER_NS, WEIR_REASON_SYN_RECORDED, false},
	{"expired allow is none", &drop, NULL, PLANE_START_NS, WEIR_REASON_DROP_HOST, true},
	{"expired host is none", &expired, NULL, 0, WEIR_REASON_SYN_RECORDED, false},
	{"expired host, then net", &expired, &drop, 0, WEIR_REASON_DROP_NET, true},
	{"expired net is none", NULL, &expired, 0, WEIR_REASON_SYN_RECORDED, false},
	{"observe goes on to nothing", &observe, NULL, 0, WEIR_REASON_SYN_RECORDED, false},
	{"observe goes on to net", &observe, &drop, 0, WEIR_REASON_DROP_NET, true},
	{"limit ends the search", &limit2, &drop, 0, WEIR_REASON_SYN_RECORDED, false},
	{"reset drops new flows", &reset, NULL, 0, WEIR_REASON_DROP_RESET, true},
};
/* clang-format on */

static void row_run(const struct verdict_row *row, enum plane_program hook, bool is_ip6)
{
	const char *client = is_ip6 ? CLIENT6 : CLIENT4;
	enum weir_reason reason;

	plane_reset(&plane);
	if (row->host)
		plane_deny(&plane, client, -1, row->host);
	if (row->net)
		plane_deny(&plane, is_ip6 ? "2001:db8:7::" : "192.0.2.0", is_ip6 ? 48 : 24,
			   row->net);
	if (row->allow_until_ns)
		plane_allow(&plane, is_ip6 ? "2001:db8:7::" : "192.0.2.0", is_ip6 ? 56 : 29,
			    row->allow_until_ns);
	reason = syn_run(hook, client, 40000);
	if (reason != row->reason || plane.is_dropped != row->is_dropped)
		fail_msg("%s (%s, %s): %s", row->name, is_ip6 ? "IPv6" : "IPv4",
			 hook == PLANE_XDP ? "XDP" : "TC", plane_reason_name(reason));
	if (row->host == &observe)
		assert_int_equal(hit_packets(observe.id), 1);
	if (row->reason == WEIR_REASON_DROP_NET)
		assert_int_equal(hit_packets(drop.id), 1);
}

static void rules_are_searched_in_the_promised_order(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		for (int hook = 0; hook < 2; hook++)
			for (int is_ip6 = 0; is_ip6 < 2; is_ip6++)
				row_run(&rows[i], hooks[hook], is_ip6);
}

/* A narrower net that has expired, or only observes, must not hide the wider one that holds. */
static void a_wider_net_holds_behind_one_that_is_no_rule(void **state)
{
	static const struct weir_rule *const narrow[] = { &expired, &observe };

	(void)state;
	for (size_t i = 0; i < sizeof(narrow) / sizeof(narrow[0]); i++) {
		plane_reset(&plane);
		plane_deny(&plane, "192.0.2.0", 24, &drop);
		plane_deny(&plane, "192.0.2.0", 25, &expired);
		plane_deny(&plane, "192.0.2.0", 28, narrow[i]);
		plane_deny(&plane, "2001:db8:7::", 48, &drop);
		plane_deny(&plane, "2001:db8:7::", 64, narrow[i]);
		assert_int_equal(syn_run(PLANE_XDP, CLIENT4, 1), WEIR_REASON_DROP_NET);
		assert_int_equal(syn_run(PLANE_TC_IN, CLIENT6, 2), WEIR_REASON_DROP_NET);
	}
	assert_int_equal(hit_packets(observe.id), 2);
	plane_reset(&plane);
	plane_deny(&plane, CLIENT4, -1, &drop);
	plane_allow(&plane, "192.0.2.0", 24, WEIR_NEVER_NS);
	plane_allow(&plane, "192.0.2.0", 28, PLANE_START_NS);
	assert_int_equal(syn_run(PLANE_XDP, CLIENT4, 3), WEIR_REASON_SYN_RECORDED);
}

static void a_rule_bites_nobody_else(void **state)
{
	(void)state;
	plane_reset(&plane);
	plane_deny(&plane, CLIENT4, -1, &drop);
	plane_deny(&plane, "198.51.100.128", 25, &drop);
	assert_int_equal(syn_run(PLANE_XDP, "192.0.2.8", 1), WEIR_REASON_SYN_RECORDED);
	assert_int_equal(syn_run(PLANE_XDP, "198.51.100.127", 1), WEIR_REASON_SYN_RECORDED);
	assert_int_equal(syn_run(PLANE_XDP, "198.51.100.128", 1), WEIR_REASON_DROP_NET);
	assert_int_equal(syn_run(PLANE_XDP, CLIENT6, 1), WEIR_REASON_SYN_RECORDED);
}

static void a_rule_without_its_prefilter_bit_is_not_seen(void **state)
{
	struct weir_addr addr = plane_addr(CLIENT4);
	uint32_t word = (192 << 16 | 0 << 8 | 2) / 64;
	uint64_t none = 0;

	(void)state;
	plane_reset(&plane);
	bpf_map_update_elem(plane_map(&plane, "deny_host"), &addr, &drop, BPF_ANY);
	bpf_map_update_elem(plane_map(&plane, "prefilter4"), &word, &none, BPF_ANY);
	assert_int_equal(syn_run(PLANE_XDP, CLIENT4, 1), WEIR_REASON_SYN_RECORDED);
}

static void wide_ipv6_rules_are_found_by_the_setting(void **state)
{
	struct weir_net6_key key = { .prefix_len = 32, .addr = { 0x20, 0x01, 0x0d, 0xb8 } };

	(void)state;
	plane_reset(&plane);
	bpf_map_update_elem(plane_map(&plane, "deny_net6"), &key, &drop, BPF_ANY);
	assert_int_equal(syn_run(PLANE_XDP, "2001:db8:99::1", 1), WEIR_REASON_SYN_RECORDED);
	plane_set(&plane, WEIR_SETTING_WIDE_RULES6, 1);
	assert_int_equal(syn_run(PLANE_XDP, "2001:db8:99::1", 1), WEIR_REASON_DROP_NET);
}

static void a_rule_ends_at_its_expiry_by_itself(void **state)
{
	(void)state;
	plane_reset(&plane);
	plane_deny(&plane, CLIENT4, -1, &drop);
	plane_advance(&plane, 60 * SECOND_NS - 1);
	assert_int_equal(syn_run(PLANE_XDP, CLIENT4, 1), WEIR_REASON_DROP_HOST);
	plane_advance(&plane, 1);
	assert_int_equal(syn_run(PLANE_XDP, CLIENT4, 1), WEIR_REASON_SYN_RECORDED);
}

static void limit_counts_new_connections_by_the_minute(void **state)
{
	(void)state;
	plane_reset(&plane);
	plane_deny(&plane, CLIENT4, -1, &limit2);
	assert_int_equal(syn_run(PLANE_XDP, CLIENT4, 1), WEIR_REASON_SYN_RECORDED);
	assert_int_equal(syn_run(PLANE_TC_IN, CLIENT4, 2), WEIR_REASON_SYN_RECORDED);
	assert_int_equal(syn_run(PLANE_XDP, CLIENT4, 3), WEIR_REASON_DROP_LIMIT);
	assert_true(plane.is_dropped);
	assert_int_equal(syn_run(PLANE_TC_IN, CLIENT4, 3), WEIR_REASON_DROP_LIMIT);
	assert_true(plane.is_dropped);
	plane_advance(&plane, 60 * SECOND_NS);
	assert_int_equal(syn_run(PLANE_XDP, CLIENT4, 4), WEIR_REASON_SYN_RECORDED);
}

static void limit_lets_established_flows_pass(void **state)
{
	struct talk talk = talk_new(&plane, PLANE_XDP, false);
	struct weir_rule none = limit2;

	(void)state;
	none.limit_per_min = 0;
	plane_reset(&plane);
	talk_open(&talk, 1000);
	plane_deny(&plane, CLIENT4, -1, &none);
	assert_int_equal(talk_client(&talk, "GET /", 5), WEIR_REASON_PASSED);
	assert_int_equal(syn_run(PLANE_XDP, CLIENT4, 9), WEIR_REASON_DROP_LIMIT);
}

static void drop_takes_every_packet_of_an_established_flow(void **state)
{
	(void)state;
	for (int hook = 0; hook < 2; hook++) {
		struct talk talk = talk_new(&plane, hooks[hook], hook);

		plane_reset(&plane);
		talk_open(&talk, 1000);
		plane_deny(&plane, talk.client, -1, &drop);
		assert_int_equal(talk_client(&talk, "GET /", 5), WEIR_REASON_DROP_HOST);
		assert_true(plane.is_dropped);
	}
}

static void allowed_sources_are_still_counted(void **state)
{
	struct talk talk = talk_new(&plane, PLANE_XDP, false);
	struct weir_source source;

	(void)state;
	plane_reset(&plane);
	plane_allow(&plane, CLIENT4, 32, WEIR_NEVER_NS);
	talk_open(&talk, 1000);
	assert_int_equal(talk_client(&talk, "GET /", 5), WEIR_REASON_ALLOWED);
	assert_true(talk_source(&talk, &source));
	assert_int_equal(source.connections, 1);
}

static void mode_off_gives_no_verdict_and_goes_on_counting(void **state)
{
	struct talk talk = talk_new(&plane, PLANE_TC_IN, false);
	struct weir_source source;

	(void)state;
	plane_reset(&plane);
	plane_deny(&plane, CLIENT4, -1, &drop);
	plane_set(&plane, WEIR_SETTING_MODE, WEIR_MODE_OFF);
	talk_open(&talk, 1000);
	assert_int_equal(talk_client(&talk, "GET /", 5), WEIR_REASON_MODE_OFF);
	assert_false(plane.is_dropped);
	assert_true(talk_source(&talk, &source));
	plane_set(&plane, WEIR_SETTING_MODE, WEIR_MODE_ENFORCE);
	assert_int_equal(talk_client(&talk, "GET /", 5), WEIR_REASON_DROP_HOST);
}

static void a_silent_daemon_lets_everything_pass_uncounted(void **state)
{
	struct talk talk = talk_new(&plane, PLANE_XDP, false);

	(void)state;
	plane_reset(&plane);
	plane_deny(&plane, "198.51.100.9", -1, &drop);
	plane_clock(&plane, PLANE_START_NS + WEIR_HEARTBEAT_MAX_NS);
	assert_int_equal(syn_run(PLANE_XDP, "198.51.100.9", 1), WEIR_REASON_DROP_HOST);
	plane_clock(&plane, PLANE_START_NS + WEIR_HEARTBEAT_MAX_NS + 1);
	assert_int_equal(syn_run(PLANE_XDP, "198.51.100.9", 1), WEIR_REASON_DAEMON_GONE);
	assert_false(plane.is_dropped);
	talk_syn(&talk);
	talk_synack(&talk);
	assert_int_equal(talk_ack(&talk), WEIR_REASON_DAEMON_GONE);
	assert_int_equal(plane_entries(&plane, "sources"), 0);
	plane_set(&plane, WEIR_SETTING_PERSIST, 1);
	assert_int_equal(syn_run(PLANE_XDP, "198.51.100.9", 1), WEIR_REASON_DROP_HOST);
}

/* Fragments, and packets whose transport header cannot be read. */
static void rules_hold_for_what_cannot_be_read(void **state)
{
	struct packet_spec fragment = { .from = CLIENT4,
					.to = PLANE_SERVICE4,
					.to_port = PLANE_PORT,
					.flags = PACKET_ACK,
					.fragment = 0x00b9 };
	struct packet_spec ping = { .from = CLIENT4,
				    .to = PLANE_SERVICE4,
				    .protocol = IPPROTO_ICMP };
	uint8_t frame[PACKET_ROOM];
	uint32_t len = (uint32_t)packet_build(&fragment, frame);

	(void)state;
	for (int hook = 0; hook < 2; hook++) {
		plane_reset(&plane);
		plane_deny(&plane, CLIENT4, -1, hook ? &reset : &drop);
		assert_int_equal(plane_run(&plane, hooks[hook], frame, len),
				 hook ? WEIR_REASON_DROP_RESET : WEIR_REASON_DROP_HOST);
		assert_true(plane.is_dropped);
	}
	len = (uint32_t)packet_build(&ping, frame);
	plane_reset(&plane);
	plane_deny(&plane, CLIENT4, -1, &drop);
	assert_int_equal(plane_run(&plane, PLANE_XDP, frame, len), WEIR_REASON_NOT_TCP_UDP);
	assert_false(plane.is_dropped);
}

static void udp_of_a_reset_source_drops(void **state)
{
	struct packet_spec datagram = { .from = CLIENT4,
					.to = PLANE_SERVICE4,
					.to_port = PLANE_PORT,
					.protocol = IPPROTO_UDP };
	uint8_t frame[PACKET_ROOM];
	uint32_t len = (uint32_t)packet_build(&datagram, frame);

	(void)state;
	plane_reset(&plane);
	plane_deny(&plane, CLIENT4, -1, &reset);
	assert_int_equal(plane_run(&plane, PLANE_XDP, frame, len), WEIR_REASON_DROP_RESET);
	assert_true(plane.is_dropped);
}

static int setup(void **state)
{
	(void)state;
	plane_open(&plane);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	plane_close(&plane);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rules_are_searched_in_the_promised_order),
		cmocka_unit_test(a_wider_net_holds_behind_one_that_is_no_rule),
		cmocka_unit_test(a_rule_bites_nobody_else),
		cmocka_unit_test(a_rule_without_its_prefilter_bit_is_not_seen),
		cmocka_unit_test(wide_ipv6_rules_are_found_by_the_setting),
		cmocka_unit_test(a_rule_ends_at_its_expiry_by_itself),
		cmocka_unit_test(limit_counts_new_connections_by_the_minute),
		cmocka_unit_test(limit_lets_established_flows_pass),
		cmocka_unit_test(drop_takes_every_packet_of_an_established_flow),
		cmocka_unit_test(allowed_sources_are_still_counted),
		cmocka_unit_test(mode_off_gives_no_verdict_and_goes_on_counting),
		cmocka_unit_test(a_silent_daemon_lets_everything_pass_uncounted),
		cmocka_unit_test(rules_hold_for_what_cannot_be_read),
		cmocka_unit_test(udp_of_a_reset_source_drops),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
