/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "core/duration.h"

/* Durations: every unit, and what is none. */

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static void durations_are_read_and_written(void **state)
{
	static const struct {
		const char *in;
		uint64_t ns;
		const char *out;
	} rows[] = {
		{ "0", 0, "0s" },
		{ "90s", 90000000000, "1m30s" },
		{ "15m", 900000000000, "15m" },
		{ "500ms", 500000000, "500ms" },
		{ "1500ms", 1500000000, "1s500ms" },
		{ "24h", 86400000000000, "1d" },
		{ "23h59m59s", 86399000000000, "23h59m" },
		{ "30d", 2592000000000000, "30d" },
		{ "1d5s", 86405000000000, "1d" },
		{ "7us", 7000, "7us" },
	};
	static const char *const bad[] = { "",
					   "s",
					   "5",
					   "-5s",
					   "5 s",
					   "1.5h",
					   "5sm",
					   "1s1s",
					   "1m1h",
					   "5x",
					   "99999999999999999999s",
					   "999999999999d" };
	uint64_t ns = 77;

	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++)
		if (duration_parse(bad[i], &ns) != -EINVAL)
			fail_msg("'%s' was taken", bad[i]);
	assert_int_equal(ns, 77);
	for (size_t i = 0; i < COUNT(rows); i++) {
		char text[32];

		assert_int_equal(duration_parse(rows[i].in, &ns), 0);
		assert_int_equal(ns, rows[i].ns);
		duration_format(ns, text, sizeof(text));
		assert_string_equal(text, rows[i].out);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(durations_are_read_and_written),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
