/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */

/* What an attacker can send who sees no reply: nothing of it makes, changes or closes a flow, or fills a map. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <string.h>

#include "lib/talk.h"

#define SECOND_NS 1000000000ULL
#define SPOOFED_SYNS 1000000
#define SPOOFED_SEGMENTS 20000

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

static void a_million_spoofed_syns_leave_no_entry(void **state)
{
	struct packet_spec syn = { .from = "192.0.2.7",
				   .to = PLANE_SERVICE4,
				   .to_port = PLANE_PORT,
				   .flags = PACKET_SYN };
	uint8_t frame[PACKET_ROOM];
	uint32_t len = (uint32_t)packet_build(&syn, frame);

	(void)state;
	plane_reset(&plane);
	plane_set(&plane, WEIR_SETTING_SYN_GATE_PER_S, SPOOFED_SYNS / 2);
	for (int i = 0; i < SPOOFED_SYNS; i++) {
		uint64_t random = random_next();

		memcpy(frame + 26, &random, 4); /* source address */
		memcpy(frame + 34, (uint8_t *)&random + 4, 2);
		memcpy(frame + 38, (uint8_t *)&random + 4, 4);
		assert_true(plane_flood(&plane, i % 2 ? PLANE_XDP : PLANE_TC_IN, frame, len));
	}
	assert_int_equal(plane_entries(&plane, "flows"), 0);
	assert_int_equal(plane_entries(&plane, "sources"), 0);
	assert_int_equal(plane_entries(&plane, "source_nets"), 0);
	assert_int_equal(plane_entries(&plane, "stacks"), 0);
	assert_int_equal(plane_counter(&plane, WEIR_REASON_SYN_RECORDED) +
				 plane_counter(&plane, WEIR_REASON_SYN_GATED),
			 SPOOFED_SYNS);
	assert_true(plane_counter(&plane, WEIR_REASON_SYN_GATED) > 0);
}

static void the_gate_opens_again_with_time(void **state)
{
	struct talk talk = talk_new(&plane, PLANE_XDP, false);

	(void)state;
	plane_reset(&plane);
	plane_set(&plane, WEIR_SETTING_SYN_GATE_PER_S, 1);
	/* One token a CPU, and this test may be moved between them. */
	for (int i = 0; i < 200; i++)
		talk_client_at(&talk, 0, PACKET_SYN, NULL, 0);
	assert_int_equal(talk_client_at(&talk, 0, PACKET_SYN, NULL, 0), WEIR_REASON_SYN_GATED);
	plane_advance(&plane, SECOND_NS);
	assert_int_equal(talk_client_at(&talk, 0, PACKET_SYN, NULL, 0), WEIR_REASON_SYN_RECORDED);
}

/* A forged SYN of the same tuple must not give the handshake another's fingerprint. */
static void a_spoofed_syn_changes_no_living_flow(void **state)
{
	struct talk talk = talk_new(&plane, PLANE_XDP, false);
	struct weir_flow before, after;

	(void)state;
	plane_reset(&plane);
	talk_open(&talk, 1000);
	talk_client(&talk, "GET /", 5);
	assert_true(talk_flow(&talk, &before));
	for (int i = 0; i < 100; i++)
		talk_client_at(&talk, (int32_t)random_next(), PACKET_SYN, NULL, 0);
	assert_true(talk_flow(&talk, &after));
	assert_memory_equal(&before, &after, sizeof(before));
}

/* Segments with any numbers and flags, ClientHellos among them, from somebody who sees nothing. */
static void blind_segments_change_no_living_flow(void **state)
{
	static const uint8_t hello[] = { 22, 3, 1, 0, 200, 1, 0, 0, 196, 3, 3, 1, 2, 3, 4 };
	static const uint8_t flags[] = { PACKET_ACK, PACKET_ACK | PACKET_PSH, PACKET_RST,
					 PACKET_RST | PACKET_ACK, PACKET_FIN | PACKET_ACK };
	struct weir_flow before, after;
	struct weir_source source;

	(void)state;
	for (int is_ip6 = 0; is_ip6 < 2; is_ip6++) {
		struct talk talk = talk_new(&plane, PLANE_XDP, is_ip6), blind;

		plane_reset(&plane);
		talk_open(&talk, 1000);
		talk_client(&talk, "GET / HTTP/1.1\r\n\r\n", 18);
		talk_server(&talk, "HTTP/1.1 200 OK\r\n\r\n", 19);
		assert_true(talk_flow(&talk, &before));
		blind = talk;
		for (int i = 0; i < SPOOFED_SEGMENTS; i++) {
			size_t len = random_next() % (sizeof(hello) + 1);
			int32_t ahead = (int32_t)(random_next() | 1);

			blind.client_acked = (uint32_t)random_next();
			blind.ingress = i % 2 ? PLANE_XDP : PLANE_TC_IN;
			talk_client_at(&blind, ahead, flags[i % 5], hello, len);
		}
		assert_true(talk_flow(&talk, &after));
		assert_memory_equal(&before, &after, sizeof(before));
		assert_true(talk_source(&talk, &source));
		assert_int_equal(source.exchanges, 0);
		assert_int_equal(plane_entries(&plane, "flows"), 1);
		assert_int_equal(plane_counter(&plane, WEIR_REASON_FLOW_CLOSED), 0);
	}
}

/* A sender who knows the acknowledgment, but not the exact sequence number, closes nothing. */
static void a_reset_closes_only_at_the_expected_number(void **state)
{
	struct talk talk = talk_new(&plane, PLANE_XDP, false);
	struct weir_flow flow;

	(void)state;
	plane_reset(&plane);
	talk_open(&talk, 1000);
	assert_int_equal(talk_client_at(&talk, 1, PACKET_RST, NULL, 0), WEIR_REASON_OUT_OF_WINDOW);
	assert_int_equal(talk_client_at(&talk, -1, PACKET_RST, NULL, 0), WEIR_REASON_OUT_OF_WINDOW);
	assert_true(talk_flow(&talk, &flow));
	assert_int_equal(talk_client_at(&talk, 0, PACKET_RST, NULL, 0), WEIR_REASON_PASSED);
	assert_false(talk_flow(&talk, &flow));
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
		cmocka_unit_test(a_million_spoofed_syns_leave_no_entry),
		cmocka_unit_test(the_gate_opens_again_with_time),
		cmocka_unit_test(a_spoofed_syn_changes_no_living_flow),
		cmocka_unit_test(blind_segments_change_no_living_flow),
		cmocka_unit_test(a_reset_closes_only_at_the_expected_number),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
