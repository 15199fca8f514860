/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "core/prefix_map.h"

/* Pseudonyms: that they keep prefixes and nothing else. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const struct prefix_map map = { { 0x0123456789abcdefULL, 0xfedcba9876543210ULL } };
static const struct prefix_map other_map = { { 0x0123456789abcdefULL, 0xfedcba9876543211ULL } };

static struct net net_of(const char *text)
{
	struct net net;

	assert_int_equal(net_parse(text, &net), 0);
	return net;
}

static struct net mapped(const char *text)
{
	struct net net = net_of(text);

	prefix_map_net(&map, &net);
	return net;
}

static unsigned bits_shared(const struct net *a, const struct net *b)
{
	unsigned bit = 0;

	while (bit < 128 && !((a->addr[bit / 8] ^ b->addr[bit / 8]) & (0x80 >> (bit % 8))))
		bit++;
	return bit;
}

static void pseudonyms_share_exactly_the_prefix_that_addresses_share(void **state)
{
	static const char *const addresses[] = {
		"192.0.2.1",	"192.0.2.2", "192.0.2.129", "192.0.3.1",
		"203.0.113.7",	"10.0.0.1",  "2001:db8::1", "2001:db8::2",
		"2001:db8:1::", "fe80::1",   "2001:db8::",
	};

	(void)state;
	for (size_t i = 0; i < COUNT(addresses); i++) {
		for (size_t j = 0; j < i; j++) {
			struct net a = net_of(addresses[i]), b = net_of(addresses[j]);
			struct net x = mapped(addresses[i]), y = mapped(addresses[j]);

			if (net_is_ipv4(&a) == net_is_ipv4(&b))
				assert_int_equal(bits_shared(&a, &b), bits_shared(&x, &y));
			assert_int_equal(net_is_ipv4(&a), net_is_ipv4(&x));
		}
	}
}

static void an_address_is_hidden_and_always_by_the_same_pseudonym(void **state)
{
	struct net real = net_of("192.0.2.1"), once = mapped("192.0.2.1");
	struct net again = mapped("192.0.2.1"), elsewhere = real;

	(void)state;
	prefix_map_net(&other_map, &elsewhere);
	assert_int_equal(net_compare(&once, &again), 0);
	assert_int_not_equal(net_compare(&once, &real), 0);
	assert_int_not_equal(net_compare(&once, &elsewhere), 0);
}

static void a_prefix_keeps_its_length_and_covers_its_own(void **state)
{
	struct net wide = mapped("2001:db8:5::/48"), narrow = mapped("2001:db8:5:7::/64");
	struct net masked = wide;

	(void)state;
	net_mask(&masked);
	assert_int_equal(wide.prefix_len, 48);
	assert_int_equal(net_compare(&masked, &wide), 0);
	assert_true(net_contains(&wide, &narrow));
}

static void every_bit_of_a_family_is_flipped_for_some_address(void **state)
{
	uint8_t flipped[16] = { 0 };

	(void)state;
	for (unsigned i = 0; i < 256; i++) {
		struct net net = { .prefix_len = 128 }, before;

		memset(net.addr, (int)i, sizeof(net.addr));
		before = net;
		prefix_map_net(&map, &net);
		for (unsigned byte = 0; byte < 16; byte++)
			flipped[byte] |= net.addr[byte] ^ before.addr[byte];
	}
	for (unsigned byte = 0; byte < 16; byte++)
		assert_int_equal(flipped[byte], byte ? 0xff : flipped[0]);
	assert_int_not_equal(flipped[0], 0);
}

static void numbers_get_others_and_unknown_stays_unknown(void **state)
{
	(void)state;
	assert_int_equal(prefix_map_number(&map, 0), 0);
	assert_int_equal(prefix_map_number(&map, 5), prefix_map_number(&map, 5));
	assert_int_not_equal(prefix_map_number(&map, 5), 5);
	assert_int_not_equal(prefix_map_number(&map, 5), prefix_map_number(&map, 6));
	assert_int_not_equal(prefix_map_number(&map, 5), prefix_map_number(&other_map, 5));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pseudonyms_share_exactly_the_prefix_that_addresses_share),
		cmocka_unit_test(an_address_is_hidden_and_always_by_the_same_pseudonym),
		cmocka_unit_test(a_prefix_keeps_its_length_and_covers_its_own),
		cmocka_unit_test(every_bit_of_a_family_is_flipped_for_some_address),
		cmocka_unit_test(numbers_get_others_and_unknown_stays_unknown),
	};

	return cmocka_run_group_tests_name("prefix_map", tests, NULL, NULL);
}
