/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */

/* Who gets a flow and a source, and that nobody else can make one, change one or fill the maps. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <bpf/bpf.h>
#include <stdio.h>
#include <string.h>
#include <weir/syn_digest.h>

#include "lib/talk.h"

#define SECOND_NS 1000000000ULL

static struct plane plane;

/* Deterministic, so that a failure can be seen again (xorshift, Marsaglia 2003). */
static uint64_t random_next(void)
{
	static uint64_t state = 88172645463325252ULL;

	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return state;
}

static void a_handshake_makes_a_flow_and_its_source(void **state)
{
	(void)state;
	for (int is_ip6 = 0; is_ip6 < 2; is_ip6++) {
		struct talk talk = talk_new(&plane, is_ip6 ? PLANE_TC_IN : PLANE_XDP, is_ip6);
		struct weir_source source;
		struct weir_flow flow;

		plane_reset(&plane);
		talk_syn(&talk);
		talk_synack(&talk);
		assert_int_equal(plane_events(&plane, WEIR_REASON_SYNACK_SEEN), 1);
		assert_false(talk_flow(&talk, &flow));
		plane_advance(&plane, 1234567);
		assert_int_equal(talk_ack(&talk), WEIR_REASON_PASSED);
		assert_int_equal(plane_events(&plane, WEIR_REASON_FLOW_NEW), 1);
		assert_true(talk_flow(&talk, &flow));
		assert_int_equal(flow.tcp_rtt_us, 1234);
		assert_int_equal(flow.syn_ttl, 64);
		assert_int_equal(flow.source_prefix_len, is_ip6 ? 64 : 32);
		assert_int_not_equal(flow.id, 0);
		assert_true(talk_source(&talk, &source));
		assert_int_equal(source.connections, 1);
		assert_int_equal(source.flows, 1);
		assert_int_equal(source.tcp_rtt_min_us, 1234);
		assert_int_equal(source.prefix_len, is_ip6 ? 64 : 32);
	}
}

static void a_wrong_acknowledgment_proves_nothing(void **state)
{
	struct talk talk = talk_new(&plane, PLANE_XDP, false);

	(void)state;
	plane_reset(&plane);
	talk_syn(&talk);
	talk_synack(&talk);
	talk.client_acked++;
	assert_int_equal(talk_ack(&talk), WEIR_REASON_UNPROVEN);
	talk.client_acked -= 2;
	assert_int_equal(talk_ack(&talk), WEIR_REASON_UNPROVEN);
	talk.client_acked++;
	assert_int_equal(talk_client_at(&talk, 1, PACKET_ACK, NULL, 0), WEIR_REASON_UNPROVEN);
	assert_int_equal(talk_client_at(&talk, 0, PACKET_RST | PACKET_ACK, NULL, 0),
			 WEIR_REASON_UNPROVEN);
	assert_int_equal(plane_entries(&plane, "flows"), 0);
	assert_int_equal(plane_entries(&plane, "sources"), 0);
}

static void a_second_synack_leaves_the_round_trip_unknown(void **state)
{
	struct talk talk = talk_new(&plane, PLANE_XDP, false);
	struct weir_flow flow;

	(void)state;
	plane_reset(&plane);
	talk_syn(&talk);
	talk_synack(&talk);
	plane_advance(&plane, SECOND_NS);
	talk.server_next--;
	talk_synack(&talk);
	talk_ack(&talk);
	assert_true(talk_flow(&talk, &flow));
	assert_int_equal(flow.tcp_rtt_us, 0);
	assert_true(flow.server_flags & WEIR_FLOW_RETRANSMITTED);
}

static void the_kernel_computes_the_same_digest_as_user_space(void **state)
{
	struct talk talk = talk_new(&plane, PLANE_XDP, false);
	struct weir_stack stack;
	struct weir_flow flow;

	(void)state;
	plane_reset(&plane);
	talk_open(&talk, 1000);
	assert_true(talk_flow(&talk, &flow));
	assert_int_not_equal(flow.syn_digest, 0);
	assert_int_equal(bpf_map_lookup_elem(plane_map(&plane, "stacks"), &flow.syn_digest, &stack),
			 0);
	assert_int_equal(stack.flows, 1);
	assert_int_equal(stack.syn.options_len, 20);
	assert_int_equal(stack.syn.ip_version, 4);
	assert_int_equal(stack.syn.window, 64240);
	assert_int_equal(weir_syn_digest(&stack.syn, 0x0706050403020100ULL, 0x0f0e0d0c0b0a0908ULL),
			 flow.syn_digest);
}

/* The digest of options of every kind, good and bad, agrees on both sides. */
static void digests_agree_for_any_options(void **state)
{
	uint8_t frame[PACKET_ROOM], options[40];

	(void)state;
	plane_reset(&plane);
	for (int i = 0; i < 300; i++) {
		struct talk talk = talk_new(&plane, PLANE_XDP, i % 2);
		struct packet_spec syn = { .from = talk.client,
					   .to = talk.service,
					   .to_port = PLANE_PORT,
					   .flags = PACKET_SYN,
					   .options = options,
					   .options_len = random_next() % 11 * 4 };
		struct weir_stack stack;
		struct weir_flow flow;

		for (size_t at = 0; at < sizeof(options); at++)
			options[at] = (uint8_t)(random_next() % (at % 3 ? 12 : 5));
		talk.client_port = (uint16_t)(1024 + i);
		syn.from_port = talk.client_port;
		syn.sequence = talk.client_next++;
		plane_run(&plane, PLANE_XDP, frame, (uint32_t)packet_build(&syn, frame));
		talk_synack(&talk);
		talk_ack(&talk);
		assert_true(talk_flow(&talk, &flow));
		assert_int_equal(bpf_map_lookup_elem(plane_map(&plane, "stacks"), &flow.syn_digest,
						     &stack),
				 0);
		assert_int_equal(weir_syn_digest(&stack.syn, 0x0706050403020100ULL,
						 0x0f0e0d0c0b0a0908ULL),
				 flow.syn_digest);
		plane_sweep(&plane, WEIR_SWEEP_FLOWS, WEIR_SWEEP_FORCE, 0);
	}
}

static void a_new_handshake_on_an_old_tuple_begins_a_new_flow(void **state)
{
	struct talk talk = talk_new(&plane, PLANE_XDP, false);
	struct weir_flow before, after;
	struct weir_source source;

	(void)state;
	plane_reset(&plane);
	talk_open(&talk, 1000);
	talk_client(&talk, "GET /", 5);
	talk_server(&talk, "200", 3);
	assert_true(talk_flow(&talk, &before));
	talk.client_next = 1000;
	talk.server_next = 2000;
	talk_open(&talk, 1000);
	assert_true(talk_flow(&talk, &after));
	assert_int_not_equal(before.id, after.id);
	assert_true(talk_source(&talk, &source));
	assert_int_equal(source.flows, 1);
	assert_int_equal(source.connections, 2);
	assert_int_equal(source.exchanges, 1);
}

static void a_source_holds_so_many_flows_and_no_more(void **state)
{
	struct talk talk = talk_new(&plane, PLANE_XDP, false);
	struct weir_source source;

	(void)state;
	plane_reset(&plane);
	plane_set(&plane, WEIR_SETTING_FLOWS_PER_SOURCE, 3);
	for (int i = 0; i < 5; i++) {
		talk.client_port++;
		talk_open(&talk, 1000);
	}
	assert_int_equal(plane_counter(&plane, WEIR_REASON_SOURCE_FLOWS), 2);
	assert_true(talk_source(&talk, &source));
	assert_int_equal(source.flows, 3);
	assert_int_equal(source.refused_flows, 2);
	assert_int_equal(plane_entries(&plane, "flows"), 3);
}

static void a_network_holds_so_many_sources_and_no_more(void **state)
{
	char client[32];

	(void)state;
	plane_reset(&plane);
	plane_set(&plane, WEIR_SETTING_SOURCES_PER_NET, 4);
	for (int i = 0; i < 6; i++) {
		struct talk talk = talk_new(&plane, PLANE_XDP, i % 2);

		snprintf(client, sizeof(client), i % 2 ? "2001:db8:7:%d::1" : "192.0.2.%d", i);
		talk.client = client;
		talk_open(&talk, 1000);
	}
	assert_int_equal(plane_counter(&plane, WEIR_REASON_NET_SOURCES), 0);
	for (int i = 6; i < 12; i++) {
		struct talk talk = talk_new(&plane, PLANE_XDP, i % 2);

		snprintf(client, sizeof(client), i % 2 ? "2001:db8:7:%d::1" : "192.0.2.%d", i);
		talk.client = client;
		talk_open(&talk, 1000);
	}
	assert_int_equal(plane_counter(&plane, WEIR_REASON_NET_SOURCES), 4);
	assert_int_equal(plane_entries(&plane, "sources"), 8);
	assert_int_equal(plane_entries(&plane, "source_nets"), 2);
}

static void a_full_map_refuses_and_says_so(void **state)
{
	struct talk talk = talk_new(&plane, PLANE_XDP, false);
	int refused;

	(void)state;
	plane_reset(&plane);
	plane_set(&plane, WEIR_SETTING_FLOWS_PER_SOURCE, 0);
	plane_set(&plane, WEIR_SETTING_SYN_GATE_PER_S, 1000000);
	for (int i = 0; i < 4200; i++) {
		talk.client_port = (uint16_t)(1024 + i);
		talk_open(&talk, 1000);
	}
	refused = (int)plane_counter(&plane, WEIR_REASON_FLOWS_FULL);
	assert_true(refused > 0);
	assert_int_equal(plane_entries(&plane, "flows"), 4200 - refused);
}

static void ipv6_sources_have_the_configured_prefix(void **state)
{
	struct weir_net6_key key = { .prefix_len = 40, .addr = { 0x20, 0x01, 0x0d, 0xb8, 0, 7 } };
	struct talk talk = talk_new(&plane, PLANE_XDP, true);
	struct weir_flow flow;
	uint32_t len = 48;

	(void)state;
	plane_reset(&plane);
	plane_set(&plane, WEIR_SETTING_SOURCE_PREFIX6, 56);
	talk_open(&talk, 1000);
	assert_true(talk_flow(&talk, &flow));
	assert_int_equal(flow.source_prefix_len, 56);
	bpf_map_update_elem(plane_map(&plane, "prefixes6"), &key, &len, BPF_ANY);
	plane_set(&plane, WEIR_SETTING_SOURCE_PREFIXES6, 1);
	talk.client_port++;
	talk_open(&talk, 1000);
	assert_true(talk_flow(&talk, &flow));
	assert_int_equal(flow.source_prefix_len, 48);
	assert_int_equal(flow.source[6] | flow.source[7], 0);
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
		cmocka_unit_test(a_handshake_makes_a_flow_and_its_source),
		cmocka_unit_test(a_wrong_acknowledgment_proves_nothing),
		cmocka_unit_test(a_second_synack_leaves_the_round_trip_unknown),
		cmocka_unit_test(the_kernel_computes_the_same_digest_as_user_space),
		cmocka_unit_test(digests_agree_for_any_options),
		cmocka_unit_test(a_new_handshake_on_an_old_tuple_begins_a_new_flow),
		cmocka_unit_test(a_source_holds_so_many_flows_and_no_more),
		cmocka_unit_test(a_network_holds_so_many_sources_and_no_more),
		cmocka_unit_test(a_full_map_refuses_and_says_so),
		cmocka_unit_test(ipv6_sources_have_the_configured_prefix),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
