/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */

/* Plain traffic: what is an exchange and what is not; sequence numbers, gaps, ends. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <bpf/libbpf.h>
#include <string.h>

#include "lib/talk.h"

#define SECOND_NS 1000000000ULL

static struct plane plane;
static struct talk talk;
static struct weir_flow flow;
static struct weir_source source;

static const char get[] = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
static const char ok[] = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";

static uint64_t exchanges(void)
{
	return talk_source(&talk, &source) ? source.exchanges : 0;
}

static void keep_alive_requests_are_counted_each(void **state)
{
	(void)state;
	for (int i = 0; i < 10; i++) {
		assert_int_equal(talk_client(&talk, get, strlen(get)), WEIR_REASON_PASSED);
		assert_int_equal(exchanges(), i);
		talk_server(&talk, ok, strlen(ok));
		talk_ack(&talk);
	}
	talk_close(&talk);
	assert_int_equal(exchanges(), 10);
	assert_int_equal(source.bytes_up, 10 * strlen(get));
	assert_int_equal(source.bytes_down, 10 * strlen(ok));
	assert_int_equal(source.flows, 0);
	assert_false(talk_flow(&talk, &flow));
}

static void a_request_in_pieces_is_one(void **state)
{
	(void)state;
	for (size_t at = 0; at < strlen(get); at += 3)
		talk_client(&talk, get + at, strlen(get) - at < 3 ? strlen(get) - at : 3);
	for (size_t at = 0; at < strlen(ok); at += 5)
		talk_server(&talk, ok + at, strlen(ok) - at < 5 ? strlen(ok) - at : 5);
	talk_close(&talk);
	assert_int_equal(exchanges(), 1);
	assert_int_equal(source.bytes_up, strlen(get));
	assert_int_equal(source.bytes_down, strlen(ok));
}

static void an_unanswered_request_is_no_exchange(void **state)
{
	(void)state;
	talk_client(&talk, get, strlen(get));
	talk_close(&talk);
	assert_int_equal(exchanges(), 0);
	assert_int_equal(source.connections, 1);
}

static void a_100_continue_is_no_response(void **state)
{
	static const char interim[] = "HTTP/1.1 100 Continue\r\n\r\n";

	(void)state;
	talk_client(&talk, get, strlen(get));
	talk_server(&talk, interim, strlen(interim));
	talk_client(&talk, "body", 4);
	talk_server(&talk, ok, strlen(ok));
	talk_close(&talk);
	assert_int_equal(exchanges(), 1);
	assert_int_equal(source.bytes_up, strlen(get) + 4);
}

static void retransmissions_of_either_side_count_nothing(void **state)
{
	int32_t again = -(int32_t)strlen(get);

	(void)state;
	talk_client(&talk, get, strlen(get));
	assert_int_equal(talk_client_at(&talk, again, PACKET_ACK, get, strlen(get)),
			 WEIR_REASON_OLD_SEGMENT);
	talk_server(&talk, ok, strlen(ok));
	talk_server_at(&talk, -(int32_t)strlen(ok), PACKET_ACK, ok, strlen(ok));
	assert_int_equal(talk_client_at(&talk, again, PACKET_ACK, get, strlen(get)),
			 WEIR_REASON_OLD_SEGMENT);
	talk_close(&talk);
	assert_int_equal(exchanges(), 1);
	assert_int_equal(source.bytes_up, strlen(get));
	assert_int_equal(source.bytes_down, strlen(ok));
}

static void only_the_new_part_of_an_overlapping_segment_counts(void **state)
{
	(void)state;
	talk_client(&talk, get, 10);
	assert_int_equal(talk_client_at(&talk, -10, PACKET_ACK, get, strlen(get)),
			 WEIR_REASON_PASSED);
	talk.client_next += (uint32_t)strlen(get) - 10;
	talk_server(&talk, ok, 10);
	talk_server_at(&talk, -10, PACKET_ACK, ok, strlen(ok));
	talk.server_next += (uint32_t)strlen(ok) - 10;
	talk.client_acked = talk.server_next;
	talk_close(&talk);
	assert_int_equal(exchanges(), 1);
	assert_int_equal(source.bytes_up, strlen(get));
	assert_int_equal(source.bytes_down, strlen(ok));
}

static void keep_alives_are_old(void **state)
{
	(void)state;
	assert_int_equal(talk_client_at(&talk, -1, PACKET_ACK, NULL, 0), WEIR_REASON_OLD_SEGMENT);
	assert_int_equal(talk_client_at(&talk, -1, PACKET_ACK, "x", 1), WEIR_REASON_OLD_SEGMENT);
}

static void a_gap_resynchronises_and_counts_nothing(void **state)
{
	(void)state;
	talk_client(&talk, get, strlen(get));
	talk_server(&talk, ok, strlen(ok));
	assert_int_equal(talk_client_at(&talk, 100, PACKET_ACK, "tail of a request", 17),
			 WEIR_REASON_GAP);
	talk.client_next += 117;
	assert_true(talk_flow(&talk, &flow));
	assert_true(flow.client_flags & WEIR_FLOW_GAP);
	assert_int_equal(flow.client_next, talk.client_next);
	assert_int_equal(exchanges(), 0);
	assert_int_equal(talk_client(&talk, get, strlen(get)), WEIR_REASON_PASSED);
	talk_server(&talk, ok, strlen(ok));
	talk_close(&talk);
	assert_int_equal(exchanges(), 2);
}

static void beyond_the_window_nothing_changes(void **state)
{
	(void)state;
	assert_int_equal(talk_client_at(&talk, WEIR_WINDOW_BYTES + 1, PACKET_ACK, "x", 1),
			 WEIR_REASON_OUT_OF_WINDOW);
	talk.client_acked++;
	assert_int_equal(talk_client_at(&talk, 0, PACKET_ACK, "x", 1), WEIR_REASON_OUT_OF_WINDOW);
	assert_int_equal(talk_client_at(&talk, 5, PACKET_ACK, "x", 1), WEIR_REASON_OUT_OF_WINDOW);
	assert_int_equal(talk_client_at(&talk, 5, PACKET_ACK, NULL, 0), WEIR_REASON_OUT_OF_WINDOW);
}

/* A client that asks again before it can have the whole answer has several exchanges at once. */
static void overlapping_requests_are_marked(void **state)
{
	char answer[1000];

	(void)state;
	memset(answer, 'a', sizeof(answer));
	talk_client(&talk, get, strlen(get));
	talk_server(&talk, ok, strlen(ok));
	talk_client(&talk, get, strlen(get));
	assert_true(talk_flow(&talk, &flow));
	assert_false(flow.client_flags & WEIR_FLOW_LOWER_BOUND);
	talk_server(&talk, answer, sizeof(answer));
	talk.client_acked -= sizeof(answer);
	talk_client(&talk, get, strlen(get));
	assert_true(talk_flow(&talk, &flow));
	assert_true(flow.client_flags & WEIR_FLOW_LOWER_BOUND);
}

static void either_side_may_close_first(void **state)
{
	(void)state;
	talk_client(&talk, get, strlen(get));
	talk_server(&talk, ok, strlen(ok));
	talk_server_at(&talk, 0, PACKET_FIN | PACKET_ACK, NULL, 0);
	assert_int_equal(exchanges(), 1);
	talk.client_acked = ++talk.server_next;
	assert_int_equal(talk_client_at(&talk, 0, PACKET_FIN | PACKET_ACK, NULL, 0),
			 WEIR_REASON_PASSED);
	assert_int_equal(plane_events(&plane, WEIR_REASON_FLOW_CLOSED), 1);
	assert_false(talk_flow(&talk, &flow));
}

static void a_fin_with_the_last_bytes_counts_them(void **state)
{
	(void)state;
	talk_client_at(&talk, 0, PACKET_FIN | PACKET_ACK, get, strlen(get));
	talk.client_next += (uint32_t)strlen(get) + 1;
	talk_server_at(&talk, 0, PACKET_FIN | PACKET_ACK, ok, strlen(ok));
	talk.server_next += (uint32_t)strlen(ok) + 1;
	talk.client_acked = talk.server_next;
	assert_int_equal(talk_ack(&talk), WEIR_REASON_PASSED);
	assert_int_equal(exchanges(), 1);
	assert_int_equal(source.bytes_up, strlen(get));
	assert_int_equal(source.bytes_down, strlen(ok));
	assert_false(talk_flow(&talk, &flow));
	assert_int_equal(source.flows, 0);
}

static void a_reset_by_the_host_ends_the_flow(void **state)
{
	(void)state;
	talk_client(&talk, get, strlen(get));
	talk_server(&talk, ok, strlen(ok));
	talk_server_at(&talk, 0, PACKET_RST, NULL, 0);
	assert_false(talk_flow(&talk, &flow));
	assert_int_equal(exchanges(), 1);
}

static int record_take(void *context, void *data, size_t len)
{
	assert_int_equal(len, sizeof(struct weir_exchange));
	memcpy(context, data, len);
	return 0;
}

static void the_ring_gets_one_record_with_the_figures(void **state)
{
	struct weir_exchange record = { 0 };
	struct ring_buffer *ring =
		ring_buffer__new(plane_map(&plane, "exchanges"), record_take, &record, NULL);
	uint64_t began_ns;

	(void)state;
	assert_non_null(ring);
	ring_buffer__consume(ring);
	plane_advance(&plane, SECOND_NS);
	began_ns = plane.now_ns;
	talk_client(&talk, get, strlen(get));
	plane_advance(&plane, 250000000);
	talk_server(&talk, ok, strlen(ok));
	plane_advance(&plane, SECOND_NS);
	talk_close(&talk);
	assert_int_equal(ring_buffer__consume(ring), 1);
	assert_int_equal(record.time_ns, began_ns);
	assert_int_equal(record.duration_us, 250000);
	assert_int_equal(record.bytes_up, strlen(get));
	assert_int_equal(record.bytes_down, strlen(ok));
	assert_int_equal(record.service_port, PLANE_PORT);
	assert_int_equal(record.sequence, 1);
	assert_int_equal(record.tcp_rtt_us, 20000);
	assert_int_equal(record.syn_ttl, 64);
	assert_int_equal(record.source[12], 192);
	assert_int_not_equal(record.syn_digest, 0);
	ring_buffer__free(ring);
}

static void a_full_ring_loses_the_record_and_not_the_count(void **state)
{
	int records = PLANE_RING_BYTES / 96 + 100;

	(void)state;
	for (int i = 0; i < records && !plane_counter(&plane, WEIR_REASON_EXCHANGE_LOST); i++) {
		talk_client(&talk, get, 4);
		talk_server(&talk, ok, 4);
	}
	assert_true(plane_counter(&plane, WEIR_REASON_EXCHANGE_LOST) > 0);
	assert_int_equal(exchanges(), plane_counter(&plane, WEIR_REASON_EXCHANGE));
	ring_buffer__free(
		ring_buffer__new(plane_map(&plane, "exchanges"), record_take, NULL, NULL));
}

static int talk_setup(void **state)
{
	(void)state;
	plane_reset(&plane);
	talk = talk_new(&plane, PLANE_XDP, false);
	talk_open(&talk, 20000000);
	return 0;
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

#define talk_test(name) cmocka_unit_test_setup(name, talk_setup)

int main(void)
{
	const struct CMUnitTest tests[] = {
		talk_test(keep_alive_requests_are_counted_each),
		talk_test(a_request_in_pieces_is_one),
		talk_test(an_unanswered_request_is_no_exchange),
		talk_test(a_100_continue_is_no_response),
		talk_test(retransmissions_of_either_side_count_nothing),
		talk_test(only_the_new_part_of_an_overlapping_segment_counts),
		talk_test(keep_alives_are_old),
		talk_test(a_gap_resynchronises_and_counts_nothing),
		talk_test(beyond_the_window_nothing_changes),
		talk_test(overlapping_requests_are_marked),
		talk_test(either_side_may_close_first),
		talk_test(a_fin_with_the_last_bytes_counts_them),
		talk_test(a_reset_by_the_host_ends_the_flow),
		talk_test(the_ring_gets_one_record_with_the_figures),
		talk_test(a_full_ring_loses_the_record_and_not_the_count),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
