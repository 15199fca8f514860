/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#pragma once

/* Text into a list, for the tests of its readers. Include after cmocka.h. */

#include <stdio.h>
#include <string.h>

#include "edge/lists.h"

#define list_test(name) cmocka_unit_test_teardown(name, list_teardown)

static struct list list;

static inline int list_teardown(void **state)
{
	(void)state;
	list_clear(&list);
	return 0;
}

static inline void read_bytes(const char *bytes, size_t len)
{
	FILE *in = len ? fmemopen((void *)(uintptr_t)bytes, len, "r") : fopen("/dev/null", "r");

	assert_non_null(in);
	list_clear(&list);
	assert_int_equal(list_read(in, "a list", &list), 0);
	fclose(in);
}

static inline void read_text(const char *text)
{
	read_bytes(text, strlen(text));
}

/* All entries as one line of text, for comparison. */
static inline const char *entries_text(void)
{
	static char text[4096];
	size_t at = 0;

	text[0] = '\0';
	for (size_t i = 0; i < list.count; i++) {
		char net[NET_TEXT_MAX];

		net_format(&list.entries[i].net, net);
		at += (size_t)snprintf(text + at, sizeof(text) - at, "%s%s", i ? " " : "", net);
		assert_true(at < sizeof(text));
	}
	return text;
}

static inline void reads_as(const char *text, const char *format, const char *entries)
{
	read_text(text);
	for (size_t i = 0; i < list.problem_count; i++)
		fail_msg("line %u: %s", list.problems[i].line, list.problems[i].why);
	assert_string_equal(entries_text(), entries);
	assert_string_equal(list.format, format);
}

static inline void problem_is(size_t i, unsigned line, const char *why)
{
	assert_true(i < list.problem_count);
	assert_string_equal(list.problems[i].why, why);
	assert_int_equal(list.problems[i].line, line);
}
