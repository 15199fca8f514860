/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */

/* UDP services: a flow is proven by the connection id that the host chose, and counted in turns. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <bpf/bpf.h>
#include <netinet/in.h>
#include <string.h>

#include "lib/talk.h"

#define CLIENT4 "192.0.2.7"

static struct plane plane;

static const uint8_t host_id[] = { 1, 2, 3, 4, 5, 6, 7, 8 };
static const uint8_t client_id[] = { 9, 9, 9, 9 };
static const uint8_t first_id[] = { 7, 7, 7, 7, 7, 7, 7, 7 };

static enum weir_reason datagram(enum plane_program program, const uint8_t *payload, size_t len)
{
	bool is_client = program != PLANE_TC_OUT;
	struct packet_spec spec = { .from = is_client ? CLIENT4 : PLANE_SERVICE4,
				    .to = is_client ? PLANE_SERVICE4 : CLIENT4,
				    .from_port = is_client ? 40000 : PLANE_PORT,
				    .to_port = is_client ? PLANE_PORT : 40000,
				    .protocol = IPPROTO_UDP,
				    .payload = payload,
				    .payload_len = len };
	uint8_t frame[PACKET_ROOM];

	return plane_run(&plane, program, frame, (uint32_t)packet_build(&spec, frame));
}

/* A long header of 1200 bytes with these connection ids. */
static enum weir_reason long_header(enum plane_program program, uint8_t flags, const uint8_t *to,
				    uint8_t to_len, const uint8_t *from, uint8_t from_len)
{
	uint8_t payload[1200] = { flags, 0, 0, 0, 1, to_len };

	memcpy(payload + 6, to, to_len);
	payload[6 + to_len] = from_len;
	memcpy(payload + 7 + to_len, from, from_len);
	return datagram(program, payload, sizeof(payload));
}

static enum weir_reason short_header(enum plane_program program, const uint8_t *to, uint8_t to_len,
				     size_t len)
{
	uint8_t payload[1200] = { 0x41 };

	memcpy(payload + 1, to, to_len);
	return datagram(program, payload, len);
}

static bool flow_find(struct weir_flow *flow)
{
	struct weir_flow_key key = { .source_port = 40000,
				     .service_port = PLANE_PORT,
				     .protocol = IPPROTO_UDP };
	struct weir_addr addr = plane_addr(CLIENT4);

	memcpy(key.source_addr, addr.addr, sizeof(key.source_addr));
	addr = plane_addr(PLANE_SERVICE4);
	memcpy(key.service_addr, addr.addr, sizeof(key.service_addr));
	return !bpf_map_lookup_elem(plane_map(&plane, "flows"), &key, flow);
}

static void quic_open(void)
{
	plane_reset(&plane);
	long_header(PLANE_XDP, 0xc3, first_id, 8, client_id, 4);
	long_header(PLANE_TC_OUT, 0xc1, client_id, 4, host_id, 8);
	long_header(PLANE_XDP, 0xe3, host_id, 8, client_id, 4);
}

static void the_hosts_connection_id_proves_a_flow(void **state)
{
	struct weir_flow flow;

	(void)state;
	plane_reset(&plane);
	assert_int_equal(long_header(PLANE_XDP, 0xc3, first_id, 8, client_id, 4),
			 WEIR_REASON_UNPROVEN);
	assert_int_equal(long_header(PLANE_TC_OUT, 0xc1, client_id, 4, host_id, 8),
			 WEIR_REASON_EGRESS);
	/* The first packet again, as an attacker who saw no reply would send it. */
	assert_int_equal(long_header(PLANE_TC_IN, 0xc3, first_id, 8, client_id, 4),
			 WEIR_REASON_UNPROVEN);
	assert_int_equal(plane_entries(&plane, "flows"), 0);
	assert_int_equal(long_header(PLANE_XDP, 0xe3, host_id, 8, client_id, 4),
			 WEIR_REASON_PASSED);
	assert_true(flow_find(&flow));
	assert_int_equal(flow.phase, WEIR_PHASE_TURNS);
	assert_int_equal(flow.connection_id_len, 8);
	assert_memory_equal(flow.connection_id, host_id, 8);
	assert_true(flow.client_flags & WEIR_FLOW_LOWER_BOUND);
}

static void a_short_header_proves_as_well(void **state)
{
	(void)state;
	plane_reset(&plane);
	long_header(PLANE_TC_OUT, 0xc1, client_id, 4, host_id, 8);
	assert_int_equal(short_header(PLANE_TC_IN, host_id, 8, 100), WEIR_REASON_PASSED);
	assert_int_equal(plane_entries(&plane, "flows"), 1);
}

static void a_short_connection_id_proves_nothing(void **state)
{
	(void)state;
	plane_reset(&plane);
	long_header(PLANE_TC_OUT, 0xc1, client_id, 4, host_id, 7);
	assert_int_equal(long_header(PLANE_XDP, 0xe3, host_id, 7, client_id, 4),
			 WEIR_REASON_UNPROVEN);
}

static void turns_are_counted(void **state)
{
	struct weir_flow flow;

	(void)state;
	quic_open();
	for (int i = 0; i < 3; i++) {
		assert_int_equal(short_header(PLANE_XDP, host_id, 8, 200), WEIR_REASON_PASSED);
		short_header(PLANE_TC_OUT, client_id, 4, 40);
		short_header(PLANE_TC_OUT, client_id, 4, 1200);
		short_header(PLANE_TC_OUT, client_id, 4, 1200);
		assert_int_equal(short_header(PLANE_XDP, host_id, 8, 40), WEIR_REASON_PASSED);
	}
	assert_int_equal(plane_sweep(&plane, WEIR_SWEEP_FLOWS, WEIR_SWEEP_FORCE, 0).finished, 1);
	assert_int_equal(plane_counter(&plane, WEIR_REASON_EXCHANGE), 3);
	assert_false(flow_find(&flow));
}

static void a_datagram_without_the_id_changes_no_flow(void **state)
{
	struct weir_flow before, after;

	(void)state;
	quic_open();
	assert_true(flow_find(&before));
	assert_int_equal(short_header(PLANE_XDP, first_id, 8, 200), WEIR_REASON_OUT_OF_WINDOW);
	assert_int_equal(long_header(PLANE_XDP, 0xc3, first_id, 8, client_id, 4),
			 WEIR_REASON_OUT_OF_WINDOW);
	assert_int_equal(datagram(PLANE_XDP, NULL, 0), WEIR_REASON_OUT_OF_WINDOW);
	assert_true(flow_find(&after));
	assert_memory_equal(&before, &after, sizeof(before));
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
		cmocka_unit_test(the_hosts_connection_id_proves_a_flow),
		cmocka_unit_test(a_short_header_proves_as_well),
		cmocka_unit_test(a_short_connection_id_proves_nothing),
		cmocka_unit_test(turns_are_counted),
		cmocka_unit_test(a_datagram_without_the_id_changes_no_flow),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
