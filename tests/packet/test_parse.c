/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */

/* Tables of frames, sound and broken, and the one reason under which each must end at every hook. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <netinet/in.h>
#include <string.h>

#include "lib/packet.h"
#include "lib/plane.h"

static struct plane plane;

/* One change to a frame that packet_build() made. */
struct patch {
	size_t offset; /* from the IP header; from the frame's start if is_absolute */
	uint8_t value;
	bool is_set;
	bool is_absolute;
};

struct row {
	const char *name;
	struct packet_spec spec;
	struct patch patches[3];
	size_t cut_to; /* frame length, 0: whole */
	enum weir_reason reason;
	bool is_xdp_only; /* BPF_PROG_TEST_RUN refuses it on TC */
};

/* clang-format off */
#define CLIENT4 .from = "192.0.2.7", .to = PLANE_SERVICE4, .from_port = 40000, .to_port = PLANE_PORT
#define CLIENT6 \
	.from = "2001:db8:7::7", .to = PLANE_SERVICE6, .from_port = 40000, .to_port = PLANE_PORT
#define SYN4 CLIENT4, .flags = PACKET_SYN
#define SYN6 CLIENT6, .flags = PACKET_SYN
#define PATCH(at, byte) {.offset = (at), .value = (byte), .is_set = true}
#define PATCH_FRAME(at, byte) {.offset = (at), .value = (byte), .is_set = true, .is_absolute = true}

/* Next header (set by the builder in the last one), length in eights behind the first eight bytes. */
static const uint8_t two_options[] = {60, 0, 1, 4, 0, 0, 0, 0, 0, 0, 1, 4, 0, 0, 0, 0};
static const uint8_t six_options[48] = {[0] = 60, [8] = 60, [16] = 60, [24] = 60, [32] = 60};
static const uint8_t seven_options[56] = {[0] = 60, [8] = 60, [16] = 60,
					  [24] = 60, [32] = 60, [40] = 60};
static const uint8_t atomic_fragment[] = {0, 0, 0, 0, 1, 2, 3, 4};
static const uint8_t first_fragment[] = {0, 0, 0, 1, 1, 2, 3, 4};
static const uint8_t later_fragment[] = {0, 0, 0, 0x40, 1, 2, 3, 4};
static const uint8_t authentication[] = {0, 4, 0, 0, 1, 2, 3, 4, 0, 0, 0, 1,
					 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0};
static const uint8_t too_long_option[] = {0, 255, 1, 4, 0, 0, 0, 0};

static const struct row rows[] = {
	{"IPv4 SYN", {SYN4}, {{0}}, 0, WEIR_REASON_SYN_RECORDED, false},
	{"IPv6 SYN", {SYN6}, {{0}}, 0, WEIR_REASON_SYN_RECORDED, false},
	{"one VLAN tag", {SYN4, .vlan_tags = 1}, {{0}}, 0, WEIR_REASON_SYN_RECORDED, false},
	{"QinQ", {SYN4, .vlan_tags = 2}, {{0}}, 0, WEIR_REASON_SYN_RECORDED, false},
	{"QinQ IPv6", {SYN6, .vlan_tags = 2}, {{0}}, 0, WEIR_REASON_SYN_RECORDED, false},
	{"three VLAN tags", {SYN4, .vlan_tags = 3}, {{0}}, 0, WEIR_REASON_BROKEN_VLAN_DEPTH, false},
	{"IPv4 options", {SYN4, .ip_options_len = 40}, {{0}}, 0, WEIR_REASON_SYN_RECORDED, false},
	{"Ethernet padding is not payload",
	 {CLIENT4, .flags = PACKET_ACK, .padding_len = 6}, {{0}}, 0, WEIR_REASON_UNPROVEN, false},
	{"another port", {.from = "192.0.2.7", .to = PLANE_SERVICE4, .to_port = 80,
			  .flags = PACKET_SYN}, {{0}}, 0, WEIR_REASON_UNPROTECTED, false},
	{"another address", {.from = "192.0.2.7", .to = "203.0.113.11", .to_port = PLANE_PORT,
			     .flags = PACKET_SYN}, {{0}}, 0, WEIR_REASON_UNPROTECTED, false},
	{"ICMP to the service", {CLIENT4, .protocol = IPPROTO_ICMP}, {{0}}, 0,
	 WEIR_REASON_NOT_TCP_UDP, false},
	{"ICMPv6 to the service", {CLIENT6, .protocol = IPPROTO_ICMPV6}, {{0}}, 0,
	 WEIR_REASON_NOT_TCP_UDP, false},
	{"GRE to the service", {CLIENT4, .protocol = IPPROTO_GRE}, {{0}}, 0,
	 WEIR_REASON_NOT_TCP_UDP, false},
	{"ICMP elsewhere", {.from = "192.0.2.7", .to = "203.0.113.11", .protocol = IPPROTO_ICMP},
	 {{0}}, 0, WEIR_REASON_UNPROTECTED, false},
	{"ARP", {SYN4}, {PATCH_FRAME(12, 8), PATCH_FRAME(13, 6)}, 0, WEIR_REASON_NOT_IP, false},
	{"Ethernet header alone", {SYN4}, {{0}}, 14, WEIR_REASON_BROKEN_IP4_HEADER, true},
	{"VLAN tag cut", {SYN4, .vlan_tags = 1}, {{0}}, 17, WEIR_REASON_BROKEN_ETHERNET, true},
	{"IPv4 header cut", {SYN4}, {{0}}, 33, WEIR_REASON_BROKEN_IP4_HEADER, true},
	{"IPv4 version 5", {SYN4}, {PATCH(0, 0x55)}, 0, WEIR_REASON_BROKEN_IP4_HEADER, false},
	{"IPv4 header length 4", {SYN4}, {PATCH(0, 0x44)}, 0, WEIR_REASON_BROKEN_IP4_HEADER, false},
	{"IPv4 header beyond the frame", {SYN4}, {PATCH(0, 0x4f)}, 0,
	 WEIR_REASON_BROKEN_IP4_HEADER, false},
	{"IPv4 total length beyond the frame", {SYN4}, {PATCH(3, 41)}, 0,
	 WEIR_REASON_BROKEN_IP4_LENGTH, false},
	{"IPv4 total length below its header", {SYN4}, {PATCH(3, 19)}, 0,
	 WEIR_REASON_BROKEN_IP4_LENGTH, false},
	{"IPv4 total length 0", {SYN4}, {PATCH(2, 0), PATCH(3, 0)}, 0,
	 WEIR_REASON_BROKEN_IP4_LENGTH, false},
	{"IPv4 first fragment", {SYN4, .fragment = 0x2000}, {{0}}, 0, WEIR_REASON_FRAGMENT, false},
	{"IPv4 later fragment", {SYN4, .fragment = 0x00b9}, {{0}}, 0, WEIR_REASON_FRAGMENT, false},
	{"IPv4 fragment elsewhere", {.from = "192.0.2.7", .to = "203.0.113.11", .fragment = 0x2000},
	 {{0}}, 0, WEIR_REASON_UNPROTECTED, false},
	{"IPv6 header cut", {SYN6}, {{0}}, 53, WEIR_REASON_BROKEN_IP6_HEADER, true},
	{"IPv6 version 7", {SYN6}, {PATCH(0, 0x70)}, 0, WEIR_REASON_BROKEN_IP6_HEADER, false},
	{"IPv6 payload beyond the frame", {SYN6}, {PATCH(5, 21)}, 0, WEIR_REASON_BROKEN_IP6_LENGTH,
	 false},
	{"IPv6 with two options headers",
	 {SYN6, .extensions = two_options, .extensions_len = 16, .last_extension = 8}, {{0}}, 0,
	 WEIR_REASON_SYN_RECORDED, false},
	{"IPv6 with as many extension headers as are followed",
	 {SYN6, .extensions = six_options, .extensions_len = 48, .last_extension = 40,
	  .extension_first = 60}, {{0}}, 0, WEIR_REASON_SYN_RECORDED, false},
	{"IPv6 with one extension header more",
	 {SYN6, .extensions = seven_options, .extensions_len = 56, .last_extension = 48,
	  .extension_first = 60}, {{0}}, 0, WEIR_REASON_BROKEN_IP6_DEPTH, false},
	{"IPv6 atomic fragment",
	 {SYN6, .extensions = atomic_fragment, .extensions_len = 8, .extension_first = 44}, {{0}},
	 0, WEIR_REASON_SYN_RECORDED, false},
	{"IPv6 first fragment",
	 {SYN6, .extensions = first_fragment, .extensions_len = 8, .extension_first = 44}, {{0}}, 0,
	 WEIR_REASON_FRAGMENT, false},
	{"IPv6 later fragment",
	 {SYN6, .extensions = later_fragment, .extensions_len = 8, .extension_first = 44}, {{0}}, 0,
	 WEIR_REASON_FRAGMENT, false},
	{"IPv6 authentication header",
	 {SYN6, .extensions = authentication, .extensions_len = 24, .extension_first = 51}, {{0}},
	 0, WEIR_REASON_SYN_RECORDED, false},
	{"IPv6 extension header beyond the packet",
	 {SYN6, .extensions = too_long_option, .extensions_len = 8, .extension_first = 60}, {{0}},
	 0, WEIR_REASON_BROKEN_IP6_EXTENSION, false},
	{"IPv6 without next header", {SYN6, .protocol = 59}, {{0}}, 0, WEIR_REASON_NOT_TCP_UDP,
	 false},
	{"TCP header cut", {SYN4}, {PATCH(3, 39)}, 0, WEIR_REASON_BROKEN_TCP_HEADER, false},
	{"TCP header length 4", {SYN4}, {PATCH(32, 0x40)}, 0, WEIR_REASON_BROKEN_TCP_HEADER, false},
	{"TCP header beyond the packet", {SYN4}, {PATCH(32, 0x60)}, 0,
	 WEIR_REASON_BROKEN_TCP_HEADER, false},
	{"TCP SYN with FIN", {CLIENT4, .flags = PACKET_SYN | PACKET_FIN}, {{0}}, 0,
	 WEIR_REASON_BROKEN_TCP_FLAGS, false},
	{"TCP SYN with RST", {CLIENT4, .flags = PACKET_SYN | PACKET_RST}, {{0}}, 0,
	 WEIR_REASON_BROKEN_TCP_FLAGS, false},
	{"TCP without flags", {CLIENT4}, {{0}}, 0, WEIR_REASON_BROKEN_TCP_FLAGS, false},
	{"TCP FIN without ACK", {CLIENT4, .flags = PACKET_FIN}, {{0}}, 0,
	 WEIR_REASON_BROKEN_TCP_FLAGS, false},
	{"TCP ACK of nothing", {CLIENT4, .flags = PACKET_ACK}, {{0}}, 0, WEIR_REASON_UNPROVEN, false},
	{"TCP RST of nothing", {CLIENT4, .flags = PACKET_RST}, {{0}}, 0, WEIR_REASON_UNPROVEN, false},
	{"TCP SYN-ACK toward the service", {CLIENT4, .flags = PACKET_SYN | PACKET_ACK}, {{0}}, 0,
	 WEIR_REASON_UNPROVEN, false},
	{"UDP without proof",
	 {CLIENT4, .protocol = IPPROTO_UDP, .payload = "0123456789", .payload_len = 10}, {{0}}, 0,
	 WEIR_REASON_UNPROVEN, false},
	{"UDP length beyond the packet", {CLIENT4, .protocol = IPPROTO_UDP}, {PATCH(25, 9)}, 0,
	 WEIR_REASON_BROKEN_UDP_HEADER, false},
	{"UDP length below its header", {CLIENT4, .protocol = IPPROTO_UDP}, {PATCH(25, 7)}, 0,
	 WEIR_REASON_BROKEN_UDP_HEADER, false},
	{"UDP header cut", {CLIENT4, .protocol = IPPROTO_UDP}, {PATCH(3, 27)}, 0,
	 WEIR_REASON_BROKEN_UDP_HEADER, false},
};
/* clang-format on */

static uint32_t row_build(const struct row *row, uint8_t *frame)
{
	size_t len = packet_build(&row->spec, frame);
	size_t ip_offset = packet_ip_offset(frame);

	for (int i = 0; i < 3; i++) {
		const struct patch *patch = &row->patches[i];

		if (patch->is_set)
			frame[patch->offset + (patch->is_absolute ? 0 : ip_offset)] = patch->value;
	}
	return (uint32_t)(row->cut_to ? row->cut_to : len);
}

static void rows_run(enum plane_program program)
{
	uint8_t frame[PACKET_ROOM];

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct row *row = &rows[i];
		enum weir_reason reason;
		uint32_t len = row_build(row, frame);

		if (row->is_xdp_only && program != PLANE_XDP)
			continue;
		plane_reset(&plane);
		reason = plane_run(&plane, program, frame, len);
		if (reason != row->reason)
			fail_msg("%s: %s instead of %s", row->name, plane_reason_name(reason),
				 plane_reason_name(row->reason));
		assert_false(plane.is_dropped);
		assert_int_equal(plane.out_len, len);
		assert_memory_equal(plane.out, frame, len);
		assert_int_equal(plane_entries(&plane, "flows"), 0);
		assert_int_equal(plane_entries(&plane, "sources"), 0);
	}
}

static void xdp_ends_every_frame_under_its_reason(void **state)
{
	(void)state;
	rows_run(PLANE_XDP);
}

static void tc_ingress_ends_every_frame_under_its_reason(void **state)
{
	(void)state;
	rows_run(PLANE_TC_IN);
}

static void egress_tells_services_from_the_rest(void **state)
{
	struct packet_spec reply = { .from = PLANE_SERVICE4,
				     .to = "192.0.2.7",
				     .from_port = PLANE_PORT,
				     .to_port = 40000,
				     .flags = PACKET_ACK };
	uint8_t frame[PACKET_ROOM];

	(void)state;
	plane_reset(&plane);
	assert_int_equal(plane_run(&plane, PLANE_TC_OUT, frame,
				   (uint32_t)packet_build(&reply, frame)),
			 WEIR_REASON_EGRESS);
	reply.from_port = 80;
	assert_int_equal(plane_run(&plane, PLANE_TC_OUT, frame,
				   (uint32_t)packet_build(&reply, frame)),
			 WEIR_REASON_UNPROTECTED);
}

static void any_address_can_be_a_service(void **state)
{
	struct packet_spec syn = {
		.from = "192.0.2.7", .to = "198.51.100.1", .to_port = 8443, .flags = PACKET_SYN
	};
	uint8_t frame[PACKET_ROOM];
	uint32_t len = (uint32_t)packet_build(&syn, frame);

	(void)state;
	plane_reset(&plane);
	plane_service_add(&plane, "::", 8443, IPPROTO_TCP);
	assert_int_equal(plane_run(&plane, PLANE_XDP, frame, len), WEIR_REASON_UNPROTECTED);
	plane_set(&plane, WEIR_SETTING_SERVICE_ANY, 1);
	assert_int_equal(plane_run(&plane, PLANE_XDP, frame, len), WEIR_REASON_SYN_RECORDED);
}

static void a_service_of_one_protocol_leaves_the_other_alone(void **state)
{
	struct packet_spec datagram = {
		.from = "192.0.2.7", .to = PLANE_SERVICE4, .to_port = 8443, .protocol = IPPROTO_UDP
	};
	uint8_t frame[PACKET_ROOM];

	(void)state;
	plane_reset(&plane);
	plane_service_add(&plane, PLANE_SERVICE4, 8443, IPPROTO_TCP);
	assert_int_equal(plane_run(&plane, PLANE_XDP, frame,
				   (uint32_t)packet_build(&datagram, frame)),
			 WEIR_REASON_UNPROTECTED);
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
		cmocka_unit_test(xdp_ends_every_frame_under_its_reason),
		cmocka_unit_test(tc_ingress_ends_every_frame_under_its_reason),
		cmocka_unit_test(egress_tells_services_from_the_rest),
		cmocka_unit_test(any_address_can_be_a_service),
		cmocka_unit_test(a_service_of_one_protocol_leaves_the_other_alone),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
