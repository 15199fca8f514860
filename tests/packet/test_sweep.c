/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */

/* What time does: silence, idleness, decaying rates, and flows that are older than weir. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
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

static void silence_ends_an_answered_exchange_only(void **state)
{
	(void)state;
	talk_client(&talk, get, strlen(get));
	plane_advance(&plane, 60 * SECOND_NS);
	assert_int_equal(plane_sweep(&plane, WEIR_SWEEP_FLOWS, 0, 0).finished, 0);
	talk_server(&talk, ok, strlen(ok));
	plane_advance(&plane, 4 * SECOND_NS);
	assert_int_equal(plane_sweep(&plane, WEIR_SWEEP_FLOWS, 0, 0).finished, 0);
	plane_advance(&plane, SECOND_NS);
	assert_int_equal(plane_sweep(&plane, WEIR_SWEEP_FLOWS, 0, 0).finished, 1);
	assert_int_equal(plane_sweep(&plane, WEIR_SWEEP_FLOWS, 0, 0).finished, 0);
	assert_int_equal(exchanges(), 1);
	talk_client(&talk, get, strlen(get));
	talk_server(&talk, ok, strlen(ok));
	talk_close(&talk);
	assert_int_equal(exchanges(), 2);
}

static void idle_flows_are_swept_and_then_their_sources(void **state)
{
	struct weir_sweep sweep;

	(void)state;
	talk_client(&talk, get, strlen(get));
	talk_server(&talk, ok, strlen(ok));
	assert_int_equal(plane_sweep(&plane, WEIR_SWEEP_SOURCES, WEIR_SWEEP_FORCE, 0).removed, 0);
	plane_advance(&plane, 600 * SECOND_NS);
	sweep = plane_sweep(&plane, WEIR_SWEEP_FLOWS, 0, 0);
	assert_int_equal(sweep.removed, 1);
	assert_int_equal(sweep.finished, 1);
	assert_int_equal(exchanges(), 1);
	assert_int_equal(source.flows, 0);
	assert_int_equal(plane_sweep(&plane, WEIR_SWEEP_SOURCES, 0, 601 * SECOND_NS).removed, 0);
	plane_advance(&plane, 601 * SECOND_NS);
	assert_int_equal(plane_sweep(&plane, WEIR_SWEEP_SOURCES, 0, 601 * SECOND_NS).removed, 1);
	assert_int_equal(plane_entries(&plane, "sources"), 0);
	assert_int_equal(plane_entries(&plane, "source_nets"), 0);
}

static void a_living_flow_is_not_swept_but_by_force(void **state)
{
	(void)state;
	plane_advance(&plane, 599 * SECOND_NS);
	assert_int_equal(plane_sweep(&plane, WEIR_SWEEP_FLOWS, 0, 0).removed, 0);
	assert_int_equal(plane_sweep(&plane, WEIR_SWEEP_FLOWS, WEIR_SWEEP_FORCE, 0).removed, 1);
}

/* The host has sent FIN before the client, whose last acknowledgment is lost. */
static void a_closed_flow_lingers_shortly(void **state)
{
	(void)state;
	talk_client_at(&talk, 0, PACKET_FIN | PACKET_ACK, NULL, 0);
	talk.client_next++;
	talk_server_at(&talk, 0, PACKET_FIN | PACKET_ACK, NULL, 0);
	assert_int_equal(plane_sweep(&plane, WEIR_SWEEP_FLOWS, 0, 0).removed, 0);
	plane_advance(&plane, WEIR_CLOSED_LINGER_NS);
	assert_int_equal(plane_sweep(&plane, WEIR_SWEEP_FLOWS, 0, 0).removed, 1);
}

static void a_connection_older_than_weir_is_picked_up(void **state)
{
	struct talk old = talk_new(&plane, PLANE_XDP, false);

	(void)state;
	plane_reset(&plane);
	old.client_acked = old.server_next;
	assert_int_equal(talk_client(&old, get, strlen(get)), WEIR_REASON_UNPROVEN);
	talk_server(&old, ok, strlen(ok));
	/* An acknowledgment of nothing new proves nothing. */
	old.client_acked -= (uint32_t)strlen(ok);
	assert_int_equal(talk_ack(&old), WEIR_REASON_UNPROVEN);
	old.client_acked += (uint32_t)strlen(ok);
	assert_int_equal(talk_client(&old, get, strlen(get)), WEIR_REASON_PASSED);
	assert_int_equal(plane_events(&plane, WEIR_REASON_FLOW_PICKED_UP), 1);
	assert_true(talk_flow(&old, &flow));
	assert_true(flow.client_flags & WEIR_FLOW_MIDSTREAM);
	assert_int_equal(flow.tcp_rtt_us, 0);
	assert_int_equal(flow.syn_digest, 0);
	talk_server(&old, ok, strlen(ok));
	talk_client(&old, get, strlen(get));
	talk_server(&old, ok, strlen(ok));
	talk_close(&old);
	assert_true(talk_source(&old, &source));
	assert_int_equal(source.exchanges, 1);
}

static void a_forged_acknowledgment_picks_nothing_up(void **state)
{
	struct talk old = talk_new(&plane, PLANE_XDP, false);

	(void)state;
	plane_reset(&plane);
	talk_server(&old, ok, strlen(ok));
	old.client_acked += 1000000;
	assert_int_equal(talk_ack(&old), WEIR_REASON_UNPROVEN);
	old.client_acked -= 2000000;
	assert_int_equal(talk_ack(&old), WEIR_REASON_UNPROVEN);
	assert_int_equal(plane_entries(&plane, "sources"), 0);
}

static void rates_decay_with_their_half_life(void **state)
{
	uint32_t first;

	(void)state;
	for (int i = 0; i < 1000; i++) {
		talk_client(&talk, get, 4);
		talk_server(&talk, ok, 4);
		talk_client(&talk, get, 4);
	}
	talk_server(&talk, ok, 4);
	exchanges();
	first = source.exchange_rate_per_1000s;
	assert_in_range(first, 2240, 2380); /* 1000 events at once: 1000 ln 2 / 300 s */
	plane_advance(&plane, WEIR_RATE_HALF_LIFE_NS);
	talk_client(&talk, get, 4);
	exchanges();
	assert_in_range(source.exchange_rate_per_1000s, first / 2, first / 2 + 4);
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
		talk_test(silence_ends_an_answered_exchange_only),
		talk_test(idle_flows_are_swept_and_then_their_sources),
		talk_test(a_living_flow_is_not_swept_but_by_force),
		talk_test(a_closed_flow_lingers_shortly),
		talk_test(a_connection_older_than_weir_is_picked_up),
		talk_test(a_forged_acknowledgment_picks_nothing_up),
		talk_test(rates_decay_with_their_half_life),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
