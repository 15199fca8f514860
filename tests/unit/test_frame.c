/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */

/* Bytes of frames into ends, protocol and flags, whole, tagged, extended and cut off at every byte. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "core/frame.h"

/* 192.0.2.7:40000 -> 198.51.100.1:443, SYN. */
static const uint8_t syn4[] = {
	2,    0,    0,	  0,	0,   1, 2,    0, 0,  0, 0, 2, 0x08, 0x00, /* Ethernet */
	0x45, 0,    0,	  40,	0,   1, 0x40, 0, 64, 6, 0, 0, 192,  0,
	2,    7,    198,  51,	100, 1, /* IPv4 */
	0x9c, 0x40, 0x01, 0xbb, 0,   0, 0,    1, 0,  0, 0, 0, 0x50, 0x02,
	0xff, 0xff, 0,	  0,	0,   0,
};

/* [2001:db8::1]:443 -> [2001:db8::2]:40000, SYN-ACK behind a hop-by-hop header. */
static const uint8_t synack6[] = {
	2,    0,    0,	  0,	0,    1,    2, 0,  0, 0, 0, 2, 0x86, 0xdd, /* Ethernet */
	0x60, 0,    0,	  0,	0,    28,   0, 64, /* IPv6, next: hop-by-hop */
	0x20, 1,    0x0d, 0xb8, 0,    0,    0, 0,  0, 0, 0, 0, 0,    0,
	0,    1,    0x20, 1,	0x0d, 0xb8, 0, 0,  0, 0, 0, 0, 0,    0,
	0,    0,    0,	  2,	6,    0,    1, 4,  0, 0, 0, 0, /* hop-by-hop, next: TCP */
	0x01, 0xbb, 0x9c, 0x40, 0,    0,    0, 1,  0, 0, 0, 2, 0x50, 0x12,
	0xff, 0xff, 0,	  0,	0,    0,
};

static void a_syn_over_ipv4_is_read(void **state)
{
	static const uint8_t from[16] = { [10] = 0xff, [11] = 0xff, 192, 0, 2, 7 };
	struct frame frame;

	(void)state;
	assert_true(frame_parse(syn4, sizeof(syn4), &frame));
	assert_memory_equal(frame.from.addr, from, sizeof(from));
	assert_int_equal(frame.from.port, 40000);
	assert_int_equal(frame.to.port, 443);
	assert_int_equal(frame.to.addr[15], 1);
	assert_int_equal(frame.protocol, 6);
	assert_int_equal(frame.tcp_flags, FRAME_SYN);
}

static void a_synack_behind_an_extension_header_is_read(void **state)
{
	struct frame frame;

	(void)state;
	assert_true(frame_parse(synack6, sizeof(synack6), &frame));
	assert_int_equal(frame.from.port, 443);
	assert_int_equal(frame.to.port, 40000);
	assert_int_equal(frame.from.addr[15], 1);
	assert_int_equal(frame.to.addr[15], 2);
	assert_int_equal(frame.tcp_flags, FRAME_SYN | FRAME_ACK);
}

static void two_vlan_tags_are_stepped_over(void **state)
{
	uint8_t tagged[sizeof(syn4) + 8];
	static const uint8_t tags[] = { 0x88, 0xa8, 0, 7, 0x81, 0, 0, 8, 0x08, 0x00 };
	struct frame frame;

	(void)state;
	memcpy(tagged, syn4, 12);
	memcpy(tagged + 12, tags, sizeof(tags));
	memcpy(tagged + 12 + sizeof(tags), syn4 + 14, sizeof(syn4) - 14);
	assert_true(frame_parse(tagged, sizeof(tagged), &frame));
	assert_int_equal(frame.to.port, 443);
}

static void a_later_fragment_has_no_ports(void **state)
{
	uint8_t later[sizeof(syn4)];
	struct frame frame;

	(void)state;
	memcpy(later, syn4, sizeof(later));
	later[14 + 7] = 1; /* fragment offset 8 bytes */
	assert_false(frame_parse(later, sizeof(later), &frame));
}

static void a_frame_cut_off_before_its_flags_is_none(void **state)
{
	struct frame frame;

	(void)state;
	for (size_t len = 0; len <= 14 + 20 + 13; len++)
		assert_false(frame_parse(syn4, len, &frame));
	assert_true(frame_parse(syn4, 14 + 20 + 14, &frame));
	for (size_t len = 0; len <= 14 + 40 + 8 + 13; len++)
		assert_false(frame_parse(synack6, len, &frame));
}

static void what_is_not_ip_is_none(void **state)
{
	uint8_t arp[sizeof(syn4)];
	struct frame frame;

	(void)state;
	memcpy(arp, syn4, sizeof(arp));
	arp[13] = 0x06;
	assert_false(frame_parse(arp, sizeof(arp), &frame));
	arp[13] = 0x00;
	arp[14] = 0x44; /* a header of 16 bytes */
	assert_false(frame_parse(arp, sizeof(arp), &frame));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_syn_over_ipv4_is_read),
		cmocka_unit_test(a_synack_behind_an_extension_header_is_read),
		cmocka_unit_test(two_vlan_tags_are_stepped_over),
		cmocka_unit_test(a_later_fragment_has_no_ports),
		cmocka_unit_test(a_frame_cut_off_before_its_flags_is_none),
		cmocka_unit_test(what_is_not_ip_is_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
