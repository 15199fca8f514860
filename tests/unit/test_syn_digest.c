/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "core/syn_options.h"

/* The options of a SYN: their order, their values, and where reading must stop. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct syn_options read_of(const void *bytes, size_t len)
{
	struct weir_syn_facts facts = { .options_len = (uint8_t)len };
	struct syn_options options;

	memcpy(facts.options, bytes, len);
	syn_options_read(&facts, &options);
	return options;
}

static void values_are_read_in_network_order(void **state)
{
	static const uint8_t bytes[] = { 2, 4, 0x05, 0xb4, 3, 3, 7, 8, 10, 1, 2, 3, 4, 0, 0, 0, 0 };
	static const uint8_t kinds[] = { 2, 3, 8 };
	struct syn_options options = read_of(bytes, sizeof(bytes));

	(void)state;
	assert_int_equal(options.count, 3);
	assert_memory_equal(options.kinds, kinds, 3);
	assert_int_equal(options.mss, 1460);
	assert_int_equal(options.window_scale, 7);
	assert_int_equal(options.timestamp, 0x01020304);
	assert_false(options.is_malformed);
	assert_false(options.timestamp_is_zero);
}

static void the_last_of_two_values_holds(void **state)
{
	static const uint8_t bytes[] = { 2, 4, 1, 0, 2, 4, 2, 0 };

	(void)state;
	assert_int_equal(read_of(bytes, sizeof(bytes)).mss, 512);
}

static void no_more_than_24_options_are_read_and_the_rest_is_bad(void **state)
{
	uint8_t bytes[40];

	(void)state;
	memset(bytes, SYN_OPTION_NOP, sizeof(bytes));
	assert_int_equal(read_of(bytes, 24).count, 24);
	assert_false(read_of(bytes, 24).is_malformed);
	assert_int_equal(read_of(bytes, 25).count, 24);
	assert_true(read_of(bytes, 25).is_malformed);
	assert_int_equal(read_of(bytes, 40).count, 24);
}

static void an_option_that_says_more_than_there_is_reads_nothing_beyond(void **state)
{
	static const uint8_t kinds[] = { 2, 3, 4, 5, 8, 254 };

	(void)state;
	for (size_t i = 0; i < sizeof(kinds); i++) {
		for (unsigned len = 1; len <= 40; len++) {
			uint8_t bytes[40];
			struct syn_options options;

			memset(bytes, SYN_OPTION_NOP, sizeof(bytes));
			bytes[len - 1] = kinds[i];
			options = read_of(bytes, len);
			assert_true(options.is_malformed);
			assert_int_equal(options.count, len < 24 ? len : 24);
			assert_int_equal(options.mss | options.window_scale | options.timestamp, 0);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(values_are_read_in_network_order),
		cmocka_unit_test(the_last_of_two_values_holds),
		cmocka_unit_test(no_more_than_24_options_are_read_and_the_rest_is_bad),
		cmocka_unit_test(an_option_that_says_more_than_there_is_reads_nothing_beyond),
	};

	return cmocka_run_group_tests_name("syn_options", tests, NULL, NULL);
}
