/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */

/* What a reset rule makes of established flows: one RST that the host believes, then silence. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <string.h>

#include "lib/talk.h"

#define SECOND_NS 1000000000ULL

static struct plane plane;
static const enum plane_program hooks[] = { PLANE_XDP, PLANE_TC_IN };

static const struct weir_rule reset = { .expires_ns = PLANE_START_NS + 60 * SECOND_NS,
					.id = 14,
					.action = WEIR_ACTION_RESET };

static uint32_t read32(const uint8_t *at)
{
	return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

/* The frame that came out is a bare RST at `sequence`. */
static void reset_check(uint32_t sequence, bool is_ip6, size_t ip_offset, size_t ip_len)
{
	const uint8_t *ip = plane.out + ip_offset;
	const uint8_t *tcp = ip + ip_len;

	assert_false(plane.is_dropped);
	assert_int_equal(plane.out_len, ip_offset + ip_len + 20);
	assert_int_equal(is_ip6 ? ip[4] << 8 | ip[5] : ip[2] << 8 | ip[3],
			 (is_ip6 ? ip_len - 40 : ip_len) + 20);
	assert_int_equal(read32(tcp + 4), sequence);
	assert_int_equal(tcp[12], 0x50);
	assert_int_equal(tcp[13], PACKET_RST);
	assert_true(packet_checksums_hold(plane.out, plane.out_len));
}

static void a_client_segment_becomes_a_bare_rst(void **state)
{
	(void)state;
	for (int hook = 0; hook < 2; hook++) {
		for (int is_ip6 = 0; is_ip6 < 2; is_ip6++) {
			struct talk talk = talk_new(&plane, hooks[hook], is_ip6);

			plane_reset(&plane);
			talk_open(&talk, 1000);
			plane_deny(&plane, talk.client, -1, &reset);
			assert_int_equal(talk_client_at(&talk, 0, PACKET_ACK | PACKET_PSH,
							"GET / HTTP/1.1\r\n\r\n", 18),
					 WEIR_REASON_RESET_SENT);
			reset_check(talk.client_next, is_ip6, 14, is_ip6 ? 40 : 20);
		}
	}
}

static void a_pure_ack_becomes_a_rst_as_well(void **state)
{
	(void)state;
	for (int hook = 0; hook < 2; hook++) {
		struct talk talk = talk_new(&plane, hooks[hook], false);

		plane_reset(&plane);
		talk_open(&talk, 1000);
		talk_client(&talk, "GET /", 5);
		talk_server(&talk, "200", 3);
		plane_deny(&plane, talk.client, -1, &reset);
		assert_int_equal(talk_ack(&talk), WEIR_REASON_RESET_SENT);
		reset_check(talk.client_next, false, 14, 20);
	}
}

/* VLAN tags, IP and TCP options and Ethernet's padding around the segment. */
static void options_tags_and_padding_are_handled(void **state)
{
	static const uint8_t timestamps[] = { 1, 1, 8, 10, 1, 2, 3, 4, 5, 6, 7, 8 };
	uint8_t frame[PACKET_ROOM];

	(void)state;
	for (int hook = 0; hook < 2; hook++) {
		struct talk talk = talk_new(&plane, hooks[hook], false);
		struct packet_spec ack = { .from = talk.client,
					   .to = talk.service,
					   .from_port = talk.client_port,
					   .to_port = PLANE_PORT,
					   .flags = PACKET_ACK,
					   .vlan_tags = 2,
					   .ip_options_len = 8,
					   .padding_len = 6,
					   .options = timestamps,
					   .options_len = sizeof(timestamps) };

		plane_reset(&plane);
		talk_open(&talk, 1000);
		plane_deny(&plane, talk.client, -1, &reset);
		ack.sequence = talk.client_next;
		ack.acknowledgment = talk.client_acked;
		assert_int_equal(plane_run(&plane, hooks[hook], frame,
					   (uint32_t)packet_build(&ack, frame)),
				 WEIR_REASON_RESET_SENT);
		reset_check(talk.client_next, false, 22, 28);
	}
}

static void ipv6_extension_headers_stay(void **state)
{
	static const uint8_t options[] = { 0, 0, 1, 4, 0, 0, 0, 0 };
	uint8_t frame[PACKET_ROOM];
	struct talk talk = talk_new(&plane, PLANE_XDP, true);
	struct packet_spec data = { .from = talk.client,
				    .to = talk.service,
				    .from_port = talk.client_port,
				    .to_port = PLANE_PORT,
				    .flags = PACKET_ACK,
				    .payload = "x",
				    .payload_len = 1,
				    .extensions = options,
				    .extensions_len = sizeof(options),
				    .extension_first = 60 };

	(void)state;
	plane_reset(&plane);
	talk_open(&talk, 1000);
	plane_deny(&plane, talk.client, -1, &reset);
	data.sequence = talk.client_next;
	data.acknowledgment = talk.client_acked;
	assert_int_equal(plane_run(&plane, PLANE_XDP, frame, (uint32_t)packet_build(&data, frame)),
			 WEIR_REASON_RESET_SENT);
	reset_check(talk.client_next, true, 14, 48);
}

static void a_segment_elsewhere_in_the_window_only_drops(void **state)
{
	(void)state;
	for (int hook = 0; hook < 2; hook++) {
		struct talk talk = talk_new(&plane, hooks[hook], false);
		struct weir_flow flow;

		plane_reset(&plane);
		talk_open(&talk, 1000);
		plane_deny(&plane, talk.client, -1, &reset);
		assert_int_equal(talk_client_at(&talk, 1, PACKET_ACK, "x", 1),
				 WEIR_REASON_DROP_RESET);
		assert_true(plane.is_dropped);
		assert_int_equal(talk_client_at(&talk, -1, PACKET_ACK, "x", 1),
				 WEIR_REASON_DROP_RESET);
		assert_true(talk_flow(&talk, &flow));
		assert_int_not_equal(flow.phase, WEIR_PHASE_TOMBSTONE);
	}
}

static void after_the_rst_a_tombstone_drops_everything(void **state)
{
	struct talk talk = talk_new(&plane, PLANE_XDP, false);
	struct weir_flow flow;

	(void)state;
	plane_reset(&plane);
	talk_open(&talk, 1000);
	plane_deny(&plane, talk.client, -1, &reset);
	talk_client(&talk, "GET /", 5);
	assert_true(talk_flow(&talk, &flow));
	assert_int_equal(flow.phase, WEIR_PHASE_TOMBSTONE);
	assert_int_equal(talk_client(&talk, "more", 4), WEIR_REASON_DROP_TOMBSTONE);
	assert_true(plane.is_dropped);
	/* The rule expires, the tombstone stays until it is swept. */
	plane_advance(&plane, 120 * SECOND_NS);
	assert_int_equal(talk_client(&talk, "more", 4), WEIR_REASON_DROP_TOMBSTONE);
	plane_set(&plane, WEIR_SETTING_MODE, WEIR_MODE_OFF);
	assert_int_equal(talk_client(&talk, "more", 4), WEIR_REASON_MODE_OFF);
	assert_false(plane.is_dropped);
	plane_advance(&plane, 600 * SECOND_NS);
	assert_int_equal(plane_sweep(&plane, WEIR_SWEEP_FLOWS, 0, 0).removed, 1);
	assert_false(talk_flow(&talk, &flow));
}

static void a_new_connection_replaces_a_tombstone_once_the_rule_is_gone(void **state)
{
	struct talk talk = talk_new(&plane, PLANE_XDP, false);
	struct weir_flow flow;

	(void)state;
	plane_reset(&plane);
	talk_open(&talk, 1000);
	plane_deny(&plane, talk.client, -1, &reset);
	talk_client(&talk, "GET /", 5);
	plane_advance(&plane, 120 * SECOND_NS);
	talk.client_next = 70000;
	talk.server_next = 90000;
	talk_open(&talk, 1000);
	assert_true(talk_flow(&talk, &flow));
	assert_int_equal(flow.phase, WEIR_PHASE_FIRST);
	assert_int_equal(talk_client(&talk, "GET /", 5), WEIR_REASON_PASSED);
}

/* Its next packet proves the flow, and is where the host expects the client to be. */
static void a_connection_older_than_weir_is_reset_too(void **state)
{
	(void)state;
	for (int hook = 0; hook < 2; hook++) {
		struct talk talk = talk_new(&plane, hooks[hook], false);
		struct weir_flow flow;

		plane_reset(&plane);
		plane_deny(&plane, talk.client, -1, &reset);
		assert_int_equal(talk_ack(&talk), WEIR_REASON_DROP_RESET);
		talk_server(&talk, "HTTP/1.1 200 OK", 15);
		assert_int_equal(talk_client(&talk, "GET /", 5), WEIR_REASON_RESET_SENT);
		reset_check(talk.client_next - 5, false, 14, 20);
		assert_true(talk_flow(&talk, &flow));
		assert_int_equal(talk_ack(&talk), WEIR_REASON_DROP_TOMBSTONE);
	}
}

static void the_running_exchange_is_counted_at_the_reset(void **state)
{
	struct talk talk = talk_new(&plane, PLANE_XDP, false);
	struct weir_source source;

	(void)state;
	plane_reset(&plane);
	talk_open(&talk, 1000);
	talk_client(&talk, "GET /", 5);
	talk_server(&talk, "200", 3);
	plane_deny(&plane, talk.client, -1, &reset);
	talk_ack(&talk);
	assert_true(talk_source(&talk, &source));
	assert_int_equal(source.exchanges, 1);
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
		cmocka_unit_test(a_client_segment_becomes_a_bare_rst),
		cmocka_unit_test(a_pure_ack_becomes_a_rst_as_well),
		cmocka_unit_test(options_tags_and_padding_are_handled),
		cmocka_unit_test(ipv6_extension_headers_stay),
		cmocka_unit_test(a_segment_elsewhere_in_the_window_only_drops),
		cmocka_unit_test(after_the_rst_a_tombstone_drops_everything),
		cmocka_unit_test(a_new_connection_replaces_a_tombstone_once_the_rule_is_gone),
		cmocka_unit_test(a_connection_older_than_weir_is_reset_too),
		cmocka_unit_test(the_running_exchange_is_counted_at_the_reset),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
