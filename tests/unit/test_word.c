/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "core/word.h"

/* One word of the operator as a line: what is read, what is refused, how it is written. */

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static int parse(const char *text, struct word *out, const char **why)
{
	char line[256];

	snprintf(line, sizeof(line), "%s", text);
	return word_parse(line, out, why);
}

static void a_line_comes_out_in_its_usual_form(void **state)
{
	static const struct {
		const char *in, *out;
	} rows[] = {
		{ "allow 192.0.2.1", "allow 192.0.2.1" },
		{ "  allow\t2001:DB8::/32  reason  office ",
		  "allow 2001:db8::/32 reason \"office\"" },
		{ "allow 192.0.2.0/24 reason \"a \\\"b\\\" \\\\ \\x0a\" by x list y until "
		  "2026-12-01T00:00:00.500Z",
		  "allow 192.0.2.0/24 until 2026-12-01T00:00:00.5Z by \"x\" list \"y\" reason "
		  "\"a \\\"b\\\" \\\\ \\x0a\"" },
		{ "dismiss f-1 members 192.0.2.1,2001:db8::/64 at 2026-11-24T15:00:00Z",
		  "dismiss f-1 at 2026-11-24T15:00:00Z members 192.0.2.1,2001:db8::/64" },
		{ "confirm f-1", "confirm f-1" },
		{ "allow 192.0.2.1 reason a reason b", "allow 192.0.2.1 reason \"b\"" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct word word;
		const char *why = NULL;
		char *line;

		if (parse(rows[i].in, &word, &why))
			fail_msg("%s: %s", rows[i].in, why);
		line = word_format(&word);
		assert_string_equal(line, rows[i].out);
		free(line);
		word_clear(&word);
	}
}

static void a_broken_line_is_refused_with_a_reason(void **state)
{
	static const char *const rows[] = {
		"permit 192.0.2.1",
		"allow",
		"allow 300.1.1.1",
		"allow 192.0.2.1/24",
		"allow 192.0.2.1 until tomorrow",
		"allow 192.0.2.1 until 1970-01-01T00:00:00Z",
		"allow 192.0.2.1 until",
		"allow 192.0.2.1 reason \"office",
		"allow 192.0.2.1 color red",
		"allow 192.0.2.1 reason \"a\"b",
		"allow 192.0.2.1 reason \"\\q\"",
		"allow 192.0.2.1 reason \"\\x00\"",
		"allow 192.0.2.1 members 192.0.2.1",
		"dismiss",
		"dismiss a-name-that-is-too-long",
		"dismiss f/1",
		"dismiss \"f 1\"",
		"dismiss f-1 members 192.0.2.1,,192.0.2.2",
		"dismiss f-1 members x",
		"confirm f-1 at noon",
		"confirm f-1 reason x",
		"\"",
		"\"\"",
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct word word = { .at_unix_ns = 77 };
		const char *why = NULL;

		if (parse(rows[i], &word, &why) != -EINVAL)
			fail_msg("%s is taken", rows[i]);
		assert_non_null(why);
		assert_string_not_equal(why, "out of memory");
		assert_int_equal(word.at_unix_ns, 77);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_line_comes_out_in_its_usual_form),
		cmocka_unit_test(a_broken_line_is_refused_with_a_reason),
	};

	return cmocka_run_group_tests_name("word", tests, NULL, NULL);
}
