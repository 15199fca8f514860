/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */

/* Rows into aligned text, and quantities into what people read. */

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* The commands are no archive that a test could link. */
#include "../../user/cmd/table.c"
#include "../../user/cmd/units.c"

static const struct table_column columns[] = {
	{ "NAME", TABLE_LEFT },
	{ "COUNT", TABLE_RIGHT },
	{ "NOTE", TABLE_LEFT },
};

static char *printed(const struct table *table, bool is_coloured)
{
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);

	table_print(table, out, is_coloured);
	fclose(out);
	return text;
}

static void columns_are_as_wide_as_their_widest_cell(void **state)
{
	struct table *table = table_new(columns, 3);
	char *text;

	(void)state;
	table_add(table, "2001:db8::/64");
	table_add_format(table, "%d", 12345);
	table_add(table, "x");
	table_add(table, "a");
	table_add(table, "7");
	table_add(table, "");
	text = printed(table, false);
	assert_string_equal(text, "NAME           COUNT  NOTE\n"
				  "2001:db8::/64  12345  x\n"
				  "a                  7  \n");
	assert_int_equal(table_rows(table), 2);
	free(text);
	table_free(table);
}

static void a_name_cannot_write_to_the_terminal(void **state)
{
	struct table *table = table_new(columns, 3);
	char *text;

	(void)state;
	table_add(table, "\033[2Jevil\n");
	table_add(table, "1");
	table_add(table, "tab\there");
	text = printed(table, false);
	assert_null(strchr(text, '\033'));
	assert_non_null(strstr(text, "?[2Jevil?"));
	assert_non_null(strstr(text, "tab?here"));
	free(text);
	table_free(table);
}

static void colours_do_not_move_columns(void **state)
{
	struct table *table = table_new(columns, 3);
	char *text;

	(void)state;
	table_add(table, "a");
	table_colour(table, TABLE_RED);
	table_add(table, "1");
	table_add(table, "n");
	text = printed(table, true);
	assert_non_null(strstr(text, "\033[31ma     \033[0m    1  n\n"));
	free(text);
	table_free(table);
}

static void letters_of_several_bytes_count_once(void **state)
{
	struct table *table = table_new(columns, 3);
	char *text;

	(void)state;
	table_add(table, "\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9");
	table_add(table, "1");
	table_add(table, "n");
	text = printed(table, false);
	assert_non_null(strstr(text, "NAME   COUNT"));
	free(text);
	table_free(table);
}

static void no_memory_for_a_table_is_no_crash(void **state)
{
	(void)state;
	table_add(NULL, "x");
	table_colour(NULL, TABLE_RED);
	table_print(NULL, stdout, false);
	table_free(NULL);
	assert_int_equal(table_rows(NULL), 0);
}

static void bytes_and_counts_are_short(void **state)
{
	char text[UNITS_TEXT_MAX];

	(void)state;
	assert_string_equal(units_bytes(0, text), "0 B");
	assert_string_equal(units_bytes(999, text), "999 B");
	assert_string_equal(units_bytes(1400000, text), "1.4 MB");
	assert_string_equal(units_bytes(999999, text), "1.0 MB");
	assert_string_equal(units_count(12345, text), "12,345");
	assert_string_equal(units_count(1005, text), "1,005");
	assert_string_equal(units_count(2500000, text), "2.5 M");
}

static void spans_of_time_name_two_units(void **state)
{
	char text[UNITS_TEXT_MAX];

	(void)state;
	assert_string_equal(units_span(80000000ULL, text), "80 ms");
	assert_string_equal(units_span(59ULL * 1000000000, text), "59s");
	assert_string_equal(units_span(86399ULL * 1000000000, text), "23h59m");
	assert_string_equal(units_span(3ULL * 86400 * 1000000000, text), "3d00h");
	assert_string_equal(units_until(0, 5, text), "never");
	assert_string_equal(units_until(5, 5, text), "expired");
	assert_string_equal(units_micro(NAN, text), "-");
	assert_string_equal(units_micro(82000, text), "82 ms");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(columns_are_as_wide_as_their_widest_cell),
		cmocka_unit_test(a_name_cannot_write_to_the_terminal),
		cmocka_unit_test(colours_do_not_move_columns),
		cmocka_unit_test(letters_of_several_bytes_count_once),
		cmocka_unit_test(no_memory_for_a_table_is_no_crash),
		cmocka_unit_test(bytes_and_counts_are_short),
		cmocka_unit_test(spans_of_time_name_two_units),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
