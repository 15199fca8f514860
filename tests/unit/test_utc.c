/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "core/utc.h"

/* Points in time as text and back, against the C library's calendar. */

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define NS_PER_S 1000000000ULL
#define A_PRIME_OF_SECONDS 7919993ULL /* about 92 days: meets every month and hour */

static void every_quarter_until_the_end_of_time_reads_as_the_library_reads_it(void **state)
{
	(void)state;
	for (uint64_t s = 0; s < UINT64_MAX / NS_PER_S; s += A_PRIME_OF_SECONDS) {
		char ours[UTC_TEXT_MAX], theirs[64];
		time_t clock = (time_t)s;
		struct tm utc;
		uint64_t again;

		gmtime_r(&clock, &utc);
		strftime(theirs, sizeof(theirs), "%Y-%m-%dT%H:%M:%SZ", &utc);
		utc_format(s * NS_PER_S, ours);
		assert_string_equal(ours, theirs);
		assert_int_equal(utc_parse(ours, &again), 0);
		assert_int_equal(again, s * NS_PER_S);
	}
}

static void a_fraction_has_as_many_digits_as_it_takes(void **state)
{
	static const struct {
		uint64_t ns;
		const char *text;
	} rows[] = {
		{ 500000000, "1970-01-01T00:00:00.5Z" },
		{ 1, "1970-01-01T00:00:00.000000001Z" },
		{ 1700000000120000000ULL, "2023-11-14T22:13:20.12Z" },
		{ 951782400ULL * NS_PER_S, "2000-02-29T00:00:00Z" },
		{ UINT64_MAX, "2554-07-21T23:34:33.709551615Z" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		char text[UTC_TEXT_MAX];
		uint64_t ns;

		utc_format(rows[i].ns, text);
		assert_string_equal(text, rows[i].text);
		assert_int_equal(utc_parse(text, &ns), 0);
		assert_int_equal(ns, rows[i].ns);
	}
}

static void what_is_no_time_is_refused(void **state)
{
	static const char *const rows[] = {
		"",
		"2026",
		"2026-12-01",
		"2026-12-01T00:00:00",
		"2026-12-01 00:00:00Z",
		"2026-12-01T00:00:00+01:00",
		"2026-13-01T00:00:00Z",
		"2026-00-01T00:00:00Z",
		"2026-02-29T00:00:00Z",
		"2100-02-29T00:00:00Z",
		"2026-12-32T00:00:00Z",
		"2026-12-00T00:00:00Z",
		"2026-12-01T24:00:00Z",
		"2026-12-01T00:60:00Z",
		"2026-12-01T00:00:60Z",
		"2026-12-01T00:00:00.Z",
		"2026-12-01T00:00:00.1234567890Z",
		"2026-12-01T00:00:00Zx",
		"1969-12-31T23:59:59Z",
		"2555-01-01T00:00:00Z",
		"2554-07-21T23:34:33.709551616Z",
		"-026-12-01T00:00:00Z",
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		uint64_t ns = 77;

		if (utc_parse(rows[i], &ns) != -EINVAL)
			fail_msg("\"%s\" is taken", rows[i]);
		assert_int_equal(ns, 77);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_quarter_until_the_end_of_time_reads_as_the_library_reads_it),
		cmocka_unit_test(a_fraction_has_as_many_digits_as_it_takes),
		cmocka_unit_test(what_is_no_time_is_refused),
	};

	return cmocka_run_group_tests_name("utc", tests, NULL, NULL);
}
