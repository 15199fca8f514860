/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */

/* The stream of TLS records: headers split over segments, gaps, repetitions, flows without their beginning. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <string.h>

#include "lib/tls_step.h"

static struct plane plane;

/* TLS 1.3 with one request. */
static const struct tls_step plain13[] = { CLIENT_HELLO, FLIGHT13, FINISHED13,
					   TICKETS13,	 REQUEST,  RESPONSE };

static void split_record_headers_are_put_together(void **state)
{
	static const size_t cuts[] = { 1, 2, 3, 4, 5, 6, 7 };
	static const struct talk_record request[] = { { 23, 130 } }, response[] = { { 23, 400 } };
	uint8_t payload[PACKET_ROOM];

	(void)state;
	for (size_t i = 0; i < sizeof(cuts) / sizeof(cuts[0]); i++) {
		struct talk talk = talk_new(&plane, i % 2 ? PLANE_XDP : PLANE_TC_IN, false);
		struct weir_source source;
		struct weir_flow flow;
		size_t len;

		plane_reset(&plane);
		talk_open(&talk, 1000);
		for (int step = 0; step < 4; step++)
			tls_step_run(&talk, &plain13[step], PACKET_ROOM);
		for (int round = 0; round < 3; round++) {
			len = talk_records_put(payload, request, 1);
			talk_client(&talk, payload, cuts[i]);
			talk_client(&talk, payload + cuts[i], len - cuts[i]);
			len = talk_records_put(payload, response, 1);
			talk_server(&talk, payload, cuts[i]);
			talk_server(&talk, payload + cuts[i], len - cuts[i]);
		}
		assert_true(talk_flow(&talk, &flow));
		assert_int_equal(flow.client_record, 0);
		assert_int_equal(flow.server_record, 0);
		talk_close(&talk);
		assert_true(talk_source(&talk, &source));
		assert_int_equal(source.exchanges, 3);
		assert_int_equal(source.bytes_up, 3 * 135);
		assert_int_equal(source.bytes_down, 3 * 405);
	}
}

static void a_clienthello_of_three_segments_is_one_handshake(void **state)
{
	struct talk talk = talk_new(&plane, PLANE_XDP, false);
	struct tls_step hello = C({ 22, 1800 });
	struct weir_flow flow;

	(void)state;
	plane_reset(&plane);
	talk_open(&talk, 1000);
	tls_step_run(&talk, &hello, 700);
	assert_true(talk_flow(&talk, &flow));
	assert_int_equal(flow.phase, WEIR_PHASE_HANDSHAKE);
	assert_int_equal(flow.request_ns, 0);
	tls_step_run(&talk, &plain13[1], PACKET_ROOM);
	tls_step_run(&talk, &plain13[2], PACKET_ROOM);
	assert_true(talk_flow(&talk, &flow));
	assert_int_equal(flow.phase, WEIR_PHASE_TLS);
}

static void a_repeated_server_flight_leaves_the_round_trip_unknown(void **state)
{
	struct talk talk = talk_new(&plane, PLANE_XDP, false);
	uint8_t payload[PACKET_ROOM];
	struct weir_flow flow;
	size_t len;

	(void)state;
	plane_reset(&plane);
	talk_open(&talk, 1000);
	tls_step_run(&talk, &plain13[0], PACKET_ROOM);
	len = tls_step_put(&plain13[1], payload);
	talk_server(&talk, payload, len);
	plane_advance(&plane, 200 * MILLISECOND_NS);
	talk_server_at(&talk, -(int32_t)len, PACKET_ACK, payload, len);
	plane_advance(&plane, 10 * MILLISECOND_NS);
	tls_step_run(&talk, &plain13[2], PACKET_ROOM);
	assert_true(talk_flow(&talk, &flow));
	assert_int_equal(flow.tls_rtt_us, 0);
	assert_true(flow.server_flags & WEIR_FLOW_RETRANSMITTED);
}

/* A lost segment in the middle of a record: the place is found again at the next request. */
static void after_a_gap_the_records_are_found_again(void **state)
{
	struct talk talk = talk_new(&plane, PLANE_XDP, false);
	struct weir_source source;
	struct weir_flow flow;

	(void)state;
	plane_reset(&plane);
	talk_open(&talk, 1000);
	for (int step = 0; step < 6; step++)
		tls_step_run(&talk, &plain13[step], PACKET_ROOM);
	talk.client_next += 500;
	assert_int_equal(talk_client(&talk, "in the middle", 13), WEIR_REASON_GAP);
	assert_true(talk_flow(&talk, &flow));
	assert_int_equal(flow.client_record, WEIR_RECORD_LOST);
	talk.server_next += 900;
	tls_step_run(&talk, &plain13[5], PACKET_ROOM);
	tls_step_run(&talk, &plain13[4], PACKET_ROOM);
	assert_true(talk_flow(&talk, &flow));
	assert_int_equal(flow.client_record, 0);
	tls_step_run(&talk, &plain13[5], PACKET_ROOM);
	talk_close(&talk);
	assert_true(talk_source(&talk, &source));
	assert_int_equal(source.exchanges, 2);
}

static void tls_older_than_weir_is_picked_up(void **state)
{
	struct talk talk = talk_new(&plane, PLANE_XDP, false);
	struct weir_source source;
	struct weir_flow flow;

	(void)state;
	plane_reset(&plane);
	tls_step_run(&talk, &(struct tls_step)RESPONSE, PACKET_ROOM);
	talk_ack(&talk);
	for (int i = 0; i < 3; i++) {
		tls_step_run(&talk, &(struct tls_step)REQUEST, PACKET_ROOM);
		tls_step_run(&talk, &(struct tls_step)RESPONSE, PACKET_ROOM);
	}
	assert_true(talk_flow(&talk, &flow));
	assert_int_equal(flow.phase, WEIR_PHASE_TLS);
	assert_int_equal(flow.client_record, 0);
	talk_close(&talk);
	assert_true(talk_source(&talk, &source));
	assert_int_equal(source.exchanges, 2);
}

/* What only looks like TLS is counted as it comes. */
static void nonsense_behind_a_tls_start_is_survived(void **state)
{
	struct talk talk = talk_new(&plane, PLANE_XDP, false);
	uint8_t payload[600];
	struct weir_flow flow;

	(void)state;
	plane_reset(&plane);
	talk_open(&talk, 1000);
	memset(payload, 0xff, sizeof(payload));
	payload[0] = 22;
	payload[1] = 3;
	assert_int_equal(talk_client(&talk, payload, sizeof(payload)), WEIR_REASON_PASSED);
	talk_server(&talk, payload, sizeof(payload));
	assert_int_equal(talk_client(&talk, payload, sizeof(payload)), WEIR_REASON_PASSED);
	assert_true(talk_flow(&talk, &flow));
	assert_int_equal(flow.client_record, WEIR_RECORD_LOST);
	assert_int_equal(flow.client_next, talk.client_next);
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
		cmocka_unit_test(split_record_headers_are_put_together),
		cmocka_unit_test(a_clienthello_of_three_segments_is_one_handshake),
		cmocka_unit_test(a_repeated_server_flight_leaves_the_round_trip_unknown),
		cmocka_unit_test(after_a_gap_the_records_are_found_again),
		cmocka_unit_test(tls_older_than_weir_is_picked_up),
		cmocka_unit_test(nonsense_behind_a_tls_start_is_survived),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
