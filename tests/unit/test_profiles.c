/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "core/profiles.h"

/* The table of sources: found again after growth and after others went. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define SOURCES 5000

static struct net source_of(uint32_t number)
{
	uint8_t addr[16] = { [10] = 0xff,
			     [11] = 0xff,
			     [12] = 10,
			     [13] = (uint8_t)(number >> 16),
			     [14] = (uint8_t)(number >> 8),
			     [15] = (uint8_t)number };

	return net_of_source(addr, 32);
}

static bool is_odd(const struct source *source, void *arg)
{
	(void)arg;
	return source->profile.source.addr[15] & 1;
}

static void sources_are_found_after_growth_and_removal(void **state)
{
	struct profiles profiles;
	bool was_made;

	(void)state;
	assert_int_equal(profiles_init(&profiles), 0);
	for (uint32_t i = 0; i < SOURCES; i++) {
		struct net net = source_of(i);

		assert_non_null(profiles_get(&profiles, &net, &was_made));
		assert_true(was_made);
		assert_non_null(profiles_get(&profiles, &net, &was_made));
		assert_false(was_made);
	}
	assert_int_equal(profiles.count, SOURCES);
	assert_int_equal(profiles_remove(&profiles, is_odd, NULL), SOURCES / 2);
	assert_int_equal(profiles.removed_count, SOURCES / 2);
	for (uint32_t i = 0; i < SOURCES; i++) {
		struct net net = source_of(i);
		const struct source *source = profiles_find(&profiles, &net);

		assert_int_equal(source != NULL, i % 2 == 0);
		if (source)
			assert_int_equal(net_compare(&source->profile.source, &net), 0);
	}
	profiles_clear(&profiles);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sources_are_found_after_growth_and_removal),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
