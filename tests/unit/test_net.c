/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "core/net.h"

/* Addresses and prefixes: what is read, what is refused, how it is written. */

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static struct net net_of(const char *text)
{
	struct net net;

	assert_int_equal(net_parse(text, &net), 0);
	return net;
}

static void addresses_and_prefixes_are_written_canonically(void **state)
{
	static const struct {
		const char *in, *out;
		uint8_t prefix_len;
	} rows[] = {
		{ "192.0.2.1", "192.0.2.1", 128 },
		{ "192.0.2.1/32", "192.0.2.1", 128 },
		{ "192.0.2.0/24", "192.0.2.0/24", 120 },
		{ "0.0.0.0/0", "0.0.0.0/0", 96 },
		{ "::ffff:192.0.2.1", "192.0.2.1", 128 },
		{ "::ffff:192.0.2.0/120", "192.0.2.0/24", 120 },
		{ "2001:DB8:0:0:0:0:0:0/32", "2001:db8::/32", 32 },
		{ "2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1", 128 },
		{ "2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1", 128 },
		{ "2001:0db8::0001/128", "2001:db8::1", 128 },
		{ "::/0", "::/0", 0 },
		{ "::1", "::1", 128 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		char text[NET_TEXT_MAX];
		struct net net = net_of(rows[i].in);

		net_format(&net, text);
		assert_string_equal(text, rows[i].out);
		assert_int_equal(net.prefix_len, rows[i].prefix_len);
	}
}

static void what_is_no_net_is_refused_and_output_stays(void **state)
{
	static const struct {
		const char *in;
		int err;
	} rows[] = {
		{ "", -EINVAL },
		{ "300.1.2.3", -EINVAL },
		{ "1.2.3", -EINVAL },
		{ "192.0.2.1/", -EINVAL },
		{ "192.0.2.1/33", -ERANGE },
		{ "2001:db8::/129", -ERANGE },
		{ "192.0.2.0/024", -EINVAL },
		{ "192.0.2.0/-1", -EINVAL },
		{ "192.0.2.0/+8", -EINVAL },
		{ "192.0.2.0/8/8", -EINVAL },
		{ "192.0.2.0/4294967296", -ERANGE },
		{ "192.0.2.1/24", -EDOM },
		{ "2001:db8::1/64", -EDOM },
		{ "fe80::1%eth0", -EINVAL },
		{ "example.org", -EINVAL },
		{ " 192.0.2.1", -EINVAL },
		{ "192.0.2.1 ", -EINVAL },
		{ "010.0.0.1", -EINVAL },
		{ "/24", -EINVAL },
		{ "1111111111111111111111111111111111111111111111111111111111111111", -EINVAL },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct net net = { .prefix_len = 77 };

		assert_int_equal(net_parse(rows[i].in, &net), rows[i].err);
		assert_int_equal(net.prefix_len, 77);
	}
}

static void loose_parsing_clears_host_bits_and_says_so(void **state)
{
	struct net net;
	bool was_masked;

	(void)state;
	assert_int_equal(net_parse_loose("192.0.2.77/24", &net, &was_masked), 0);
	assert_true(was_masked);
	assert_int_equal(net.addr[14], 2);
	assert_int_equal(net.addr[15], 0);
	assert_int_equal(net_parse_loose("192.0.2.0/24", &net, &was_masked), 0);
	assert_false(was_masked);
}

static void every_length_masks_exactly_its_host_bits(void **state)
{
	(void)state;
	for (unsigned len = 0; len <= 128; len++) {
		struct net net = { .prefix_len = (uint8_t)len };

		memset(net.addr, 0xff, sizeof(net.addr));
		net_mask(&net);
		for (unsigned bit = 0; bit < 128; bit++)
			assert_int_equal((net.addr[bit / 8] >> (7 - bit % 8)) & 1, bit < len);
	}
}

static void containment_follows_length_and_family(void **state)
{
	static const struct {
		const char *outer, *inner;
		bool is_inside;
	} rows[] = {
		{ "192.0.2.0/24", "192.0.2.255", true },
		{ "192.0.2.0/24", "192.0.3.0", false },
		{ "192.0.2.0/24", "192.0.2.0/24", true },
		{ "192.0.2.0/25", "192.0.2.0/24", false },
		{ "0.0.0.0/0", "255.255.255.255", true },
		{ "0.0.0.0/0", "2001:db8::1", false },
		{ "::/0", "2001:db8::1", true },
		{ "::/0", "192.0.2.1", false },
		{ "2001:db8::/33", "2001:db8:7fff::/48", true },
		{ "2001:db8::/33", "2001:db8:8000::/48", false },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct net outer = net_of(rows[i].outer), inner = net_of(rows[i].inner);

		assert_int_equal(net_contains(&outer, &inner), rows[i].is_inside);
		assert_int_equal(net_overlaps(&inner, &outer),
				 rows[i].is_inside || net_contains(&inner, &outer));
	}
}

static void order_is_by_address_then_shorter_first(void **state)
{
	static const char *const sorted[] = { "::/0",	      "::1",	      "0.0.0.0/0",
					      "10.0.0.0/8",   "10.0.0.0/9",   "10.0.0.1",
					      "192.0.2.0/24", "2001:db8::/32" };

	(void)state;
	for (size_t i = 0; i < COUNT(sorted); i++)
		for (size_t j = 0; j < COUNT(sorted); j++) {
			struct net a = net_of(sorted[i]), b = net_of(sorted[j]);
			int order = net_compare(&a, &b);

			assert_int_equal((order > 0) - (order < 0), (i > j) - (i < j));
		}
}

static void a_source_is_a_host_in_ipv4_and_a_prefix_in_ipv6(void **state)
{
	struct net four = net_of("192.0.2.9"), six = net_of("2001:db8:1:2:3:4:5:6");
	struct net got;
	char text[NET_TEXT_MAX];

	(void)state;
	got = net_of_source(four.addr, 32);
	net_format(&got, text);
	assert_string_equal(text, "192.0.2.9");
	assert_true(net_is_ipv4(&got) && net_is_host(&got));
	got = net_of_source(six.addr, 64);
	net_format(&got, text);
	assert_string_equal(text, "2001:db8:1:2::/64");
	assert_false(net_is_ipv4(&got) || net_is_host(&got));
}

static void too_wide_starts_above_slash_8_and_slash_24(void **state)
{
	static const struct {
		const char *net;
		bool is_too_wide;
	} rows[] = {
		{ "0.0.0.0/0", true }, { "10.0.0.0/7", true },	  { "10.0.0.0/8", false },
		{ "::/0", true },      { "2001:c00::/23", true }, { "2001:d00::/24", false },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct net net;
		bool was_masked;

		assert_int_equal(net_parse_loose(rows[i].net, &net, &was_masked), 0);
		assert_int_equal(net_is_too_wide(&net), rows[i].is_too_wide);
	}
}

static void neighbours_hash_apart(void **state)
{
	static uint8_t seen[1 << 16];
	size_t collisions = 0;

	(void)state;
	for (unsigned i = 0; i < 4096; i++) {
		struct net net = net_of("10.0.0.0");
		uint64_t hash;

		net.addr[14] = (uint8_t)(i >> 8);
		net.addr[15] = (uint8_t)i;
		hash = net_hash(&net) >> 48;
		collisions += seen[hash];
		seen[hash] = 1;
	}
	/* 4096 draws of 65536: about 126 collisions are expected. */
	assert_in_range(collisions, 60, 200);
}

static void random_nets_survive_text(void **state)
{
	(void)state;
	srand(7);
	for (int i = 0; i < 20000; i++) {
		char text[NET_TEXT_MAX];
		struct net net = { .prefix_len = (uint8_t)(rand() % 129) }, back;

		for (size_t j = 0; j < sizeof(net.addr); j++)
			net.addr[j] = rand() % 3 ? (uint8_t)rand() : 0;
		if (rand() % 2)
			memcpy(net.addr, "\0\0\0\0\0\0\0\0\0\0\xff\xff", 12);
		net_mask(&net);
		net_format(&net, text);
		assert_int_equal(net_parse(text, &back), 0);
		assert_int_equal(net_compare(&net, &back), 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(addresses_and_prefixes_are_written_canonically),
		cmocka_unit_test(what_is_no_net_is_refused_and_output_stays),
		cmocka_unit_test(loose_parsing_clears_host_bits_and_says_so),
		cmocka_unit_test(every_length_masks_exactly_its_host_bits),
		cmocka_unit_test(containment_follows_length_and_family),
		cmocka_unit_test(order_is_by_address_then_shorter_first),
		cmocka_unit_test(a_source_is_a_host_in_ipv4_and_a_prefix_in_ipv6),
		cmocka_unit_test(too_wide_starts_above_slash_8_and_slash_24),
		cmocka_unit_test(neighbours_hash_apart),
		cmocka_unit_test(random_nets_survive_text),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
