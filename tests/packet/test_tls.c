/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */

/* TLS as tables of records: who sends which, and how many exchanges that is. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <string.h>

#include "lib/tls_step.h"

#define STEPS_MAX 24

static struct plane plane;

struct row {
	const char *name;
	struct tls_step steps[STEPS_MAX];
	uint32_t exchanges;
	uint32_t tls_rtt_ms; /* 0: must be unknown */
	uint16_t client_flags;
	uint16_t server_flags;
};

/* clang-format off */
static const struct row rows[] = {
	{"TLS 1.3, one request", {CLIENT_HELLO, FLIGHT13, FINISHED13, TICKETS13, REQUEST, RESPONSE},
	 1, 10, 0, WEIR_FLOW_TLS13},
	{"TLS 1.3, nothing asked", {CLIENT_HELLO, FLIGHT13, FINISHED13, TICKETS13}, 0, 10, 0,
	 WEIR_FLOW_TLS13},
	{"TLS 1.3, request in the segment of Finished",
	 {CLIENT_HELLO, FLIGHT13, C({20, 1}, {23, 53}, {23, 130}), TICKETS13, RESPONSE}, 1, 10, 0,
	 WEIR_FLOW_TLS13},
	{"TLS 1.3, request with Finished, its body after the tickets",
	 {CLIENT_HELLO, FLIGHT13, C({20, 1}, {23, 53}, {23, 130}), TICKETS13, C({23, 1000}),
	  C({23, 900}), RESPONSE}, 1, 10, 0, WEIR_FLOW_TLS13},
	{"TLS 1.3, tickets in segments of their own",
	 {CLIENT_HELLO, FLIGHT13, C({20, 1}, {23, 53}, {23, 130}), TICKET13, TICKET13,
	  C({23, 1000}), RESPONSE}, 1, 10, 0, WEIR_FLOW_TLS13},
	{"TLS 1.3 without change cipher spec",
	 {CLIENT_HELLO, HELLO(TLS13, {23, 900}), C({23, 69}), TICKETS13, REQUEST, RESPONSE,
	  REQUEST, RESPONSE}, 2, 10, 0, WEIR_FLOW_TLS13},
	{"TLS 1.3 of a server without tickets that thinks before it answers",
	 {CLIENT_HELLO, HELLO(TLS13, {23, 900}), C({23, 69}), SLOW_REQUEST, RESPONSE, REQUEST,
	  RESPONSE}, 2, 10, 0, WEIR_FLOW_TLS13},
	{"TLS 1.3, keep-alive",
	 {CLIENT_HELLO, FLIGHT13, FINISHED13, TICKETS13, REQUEST, RESPONSE, REQUEST, RESPONSE,
	  REQUEST, RESPONSE}, 3, 10, 0, WEIR_FLOW_TLS13},
	{"TLS 1.3, HelloRetryRequest",
	 {CLIENT_HELLO, RETRY({20, 1}), C({20, 1}, {22, 520}), HELLO(TLS13, {23, 900}), C({23, 69}),
	  TICKETS13, REQUEST, RESPONSE}, 1, 0, 0, WEIR_FLOW_TLS13 | WEIR_FLOW_HELLO_RETRY},
	{"TLS 1.3, resumed",
	 {CLIENT_HELLO, HELLO(TLS13, {20, 1}, {23, 32}, {23, 69}), FINISHED13, S({23, 250}), REQUEST,
	  RESPONSE}, 1, 10, 0, WEIR_FLOW_TLS13},
	{"TLS 1.3, early data answered at once",
	 {C({22, 512}, {20, 1}, {23, 90}), HELLO(TLS13, {20, 1}, {23, 32}, {23, 69}, {23, 400}),
	  C({23, 21}, {23, 69}), S({23, 250})}, 1, 0, WEIR_FLOW_EARLY_DATA, WEIR_FLOW_TLS13},
	{"TLS 1.3, early data answered after Finished, then a request",
	 {C({22, 512}, {20, 1}, {23, 90}), HELLO(TLS13, {20, 1}, {23, 32}, {23, 69}),
	  C({23, 21}, {23, 69}), S({23, 250}), RESPONSE, REQUEST, RESPONSE}, 2, 0,
	 WEIR_FLOW_EARLY_DATA, WEIR_FLOW_TLS13},
	{"TLS 1.3, early data refused and sent again",
	 {C({22, 512}, {20, 1}, {23, 90}), HELLO(TLS13, {20, 1}, {23, 32}, {23, 900}, {23, 69}),
	  C({23, 69}), C({23, 90}), TICKETS13, RESPONSE}, 1, 0, WEIR_FLOW_EARLY_DATA,
	 WEIR_FLOW_TLS13},
	{"TLS 1.3, client certificate in three records",
	 {CLIENT_HELLO, FLIGHT13, C({20, 1}, {23, 900}, {23, 281}, {23, 69}), TICKETS13, REQUEST,
	  RESPONSE}, 1, 10, 0, WEIR_FLOW_TLS13},
	{"TLS 1.3, client without the certificate asked for",
	 {CLIENT_HELLO, FLIGHT13, C({20, 1}, {23, 25}, {23, 69}), TICKETS13, REQUEST, RESPONSE}, 1,
	 10, 0, WEIR_FLOW_TLS13},
	{"TLS 1.3, client certificate and Finished in one record",
	 {CLIENT_HELLO, FLIGHT13, C({20, 1}, {23, 1200}), TICKETS13, REQUEST, RESPONSE, REQUEST,
	  RESPONSE}, 2, 10, 0, WEIR_FLOW_TLS13},
	{"TLS 1.3, certificate and Finished in one record, request in two before the tickets",
	 {CLIENT_HELLO, FLIGHT13, C({20, 1}, {23, 1200}), REQUEST, C({23, 700}), TICKETS13, RESPONSE},
	 1, 10, 0, WEIR_FLOW_TLS13},
	{"TLS 1.3, close_notify is no request",
	 {CLIENT_HELLO, FLIGHT13, FINISHED13, TICKETS13, REQUEST, RESPONSE, C({23, 19}), S({23, 19})},
	 1, 10, 0, WEIR_FLOW_TLS13},
	{"TLS 1.3, KeyUpdate is no request",
	 {CLIENT_HELLO, FLIGHT13, FINISHED13, TICKETS13, REQUEST, RESPONSE, C({23, 22}), S({23, 22}),
	  REQUEST, RESPONSE}, 2, 10, 0, WEIR_FLOW_TLS13},
	{"TLS 1.3, 100 Continue is no response",
	 {CLIENT_HELLO, FLIGHT13, FINISHED13, TICKETS13, REQUEST, S({23, 42}), C({23, 900}),
	  RESPONSE}, 1, 10, 0, WEIR_FLOW_TLS13},
	{"HTTP/2 over TLS 1.3: settings, window updates, ping, reset",
	 {CLIENT_HELLO, FLIGHT13, FINISHED13, TICKETS13, C({23, 90}), S({23, 57}), C({23, 26}),
	  C({23, 60}), RESPONSE, C({23, 30}), S({23, 900}), C({23, 43}), S({23, 900}), C({23, 34}),
	  S({23, 34}), C({23, 60}), RESPONSE, C({23, 30})}, 2, 10, 0,
	 WEIR_FLOW_TLS13 | WEIR_FLOW_HTTP2},
	{"HTTP/2 upload: the server's window updates are no response",
	 {CLIENT_HELLO, FLIGHT13, C({20, 1}, {23, 69}, {23, 90}, {23, 100}), TICKETS13,
	  S({23, 57}), C({23, 26}, {23, 1000}), S({23, 30}), C({23, 1100}), S({23, 43}),
	  C({23, 1200}), RESPONSE}, 1, 10, 0, WEIR_FLOW_TLS13 | WEIR_FLOW_HTTP2},
	{"HTTP/2 with two requests in one flight is marked",
	 {CLIENT_HELLO, FLIGHT13, FINISHED13, TICKETS13, C({23, 90}), S({23, 57}), C({23, 60}),
	  RESPONSE, C({23, 60}), RESPONSE, C({23, 60}, {23, 60}), RESPONSE}, 3, 10,
	 WEIR_FLOW_LOWER_BOUND, WEIR_FLOW_TLS13 | WEIR_FLOW_HTTP2},
	{"TLS 1.2, full handshake, keep-alive",
	 {CLIENT_HELLO, FLIGHT12, KEYS12, DONE12, REQUEST, RESPONSE, REQUEST, RESPONSE}, 2, 10, 0,
	 0},
	{"TLS 1.2, resumed",
	 {CLIENT_HELLO, HELLO(TLS12_GCM, {20, 1}, {22, 40}), C({20, 1}, {22, 40}), REQUEST,
	  RESPONSE}, 1, 10, 0, 0},
	{"TLS 1.2, false start",
	 {CLIENT_HELLO, FLIGHT12, C({22, 37}, {20, 1}, {22, 40}, {23, 130}), DONE12, RESPONSE}, 1,
	 10, 0, 0},
	{"TLS 1.2, the alert at the end is no request",
	 {CLIENT_HELLO, FLIGHT12, KEYS12, DONE12, REQUEST, RESPONSE, C({21, 26}), S({21, 26})}, 1,
	 10, 0, 0},
	{"TLS 1.2, renegotiation is no request",
	 {CLIENT_HELLO, FLIGHT12, KEYS12, DONE12, REQUEST, RESPONSE, C({22, 300}), S({22, 900}),
	  C({22, 90}, {20, 1}, {22, 40}), REQUEST, RESPONSE}, 2, 10, 0, 0},
	{"HTTP/2 over TLS 1.2: the server opens before the client has said anything",
	 {CLIENT_HELLO, FLIGHT12, KEYS12, DONE12, S({23, 64}), C({23, 133}), S({23, 147}),
	  S({23, 33}), C({23, 33}), C({23, 38}), RESPONSE, C({23, 37}), C({23, 38}), RESPONSE}, 3,
	 10, 0, WEIR_FLOW_HTTP2},
	{"HTTP/2 over TLS 1.2 with ChaCha20: control records are shorter",
	 {CLIENT_HELLO, HELLO(TLS12_CHACHA, {22, 800}, {22, 300}, {22, 4}), KEYS12, DONE12,
	  S({23, 56}), C({23, 125}), S({23, 147}), C({23, 25}), C({23, 29}), C({23, 33}), C({23, 42}),
	  C({23, 37}), RESPONSE}, 2, 10, 0, WEIR_FLOW_HTTP2 | WEIR_FLOW_CHACHA},
};
/* clang-format on */

static void row_run(const struct row *row, size_t piece, bool is_tc)
{
	struct talk talk = talk_new(&plane, is_tc ? PLANE_TC_IN : PLANE_XDP, is_tc);
	struct weir_source source;
	struct weir_flow flow;

	plane_reset(&plane);
	talk_open(&talk, 1000);
	for (const struct tls_step *step = row->steps; step < row->steps + STEPS_MAX && step->from;
	     step++)
		tls_step_run(&talk, step, piece);
	assert_true(talk_flow(&talk, &flow));
	if (flow.client_record == WEIR_RECORD_LOST || flow.server_record == WEIR_RECORD_LOST)
		fail_msg("%s, in pieces of %zu: the records are lost", row->name, piece);
	if (flow.client_flags != row->client_flags || flow.server_flags != row->server_flags)
		fail_msg("%s, in pieces of %zu: flags %#x and %#x", row->name, piece,
			 flow.client_flags, flow.server_flags);
	if (flow.tls_rtt_us != row->tls_rtt_ms * 1000)
		fail_msg("%s, in pieces of %zu: round trip %u us", row->name, piece,
			 flow.tls_rtt_us);
	talk_close(&talk);
	assert_true(talk_source(&talk, &source));
	if (source.exchanges != row->exchanges)
		fail_msg("%s, in pieces of %zu: %llu exchanges", row->name, piece,
			 (unsigned long long)source.exchanges);
	assert_int_equal(source.tls_rtt_min_us, row->tls_rtt_ms * 1000);
}

static void every_kind_of_handshake_counts_its_requests(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		row_run(&rows[i], PACKET_ROOM, false);
		row_run(&rows[i], PACKET_ROOM, true);
	}
}

static void split_segments_count_the_same(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		row_run(&rows[i], 1448, false);
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
		cmocka_unit_test(every_kind_of_handshake_counts_its_requests),
		cmocka_unit_test(split_segments_count_the_same),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
