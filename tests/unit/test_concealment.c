/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "core/concealment.h"

/* Relay gaps: what stands out, and what a network explains. */

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define ROWS 120

static struct source sources[ROWS];
static struct row rows[ROWS];
static const struct detect_settings settings = { .relay_connections_min = 5 };

static void row_set(size_t index, uint8_t net, double gap_us, uint32_t timed)
{
	uint8_t addr[16] = {
		[10] = 0xff, [11] = 0xff, [12] = 10, [13] = net, [15] = (uint8_t)index
	};

	sources[index].profile.source = net_of_source(addr, 32);
	sources[index].profile.connections_timed = timed;
	rows[index] =
		(struct row){ .source = &sources[index], .gap_us = gap_us, .cohort = ROW_NONE };
}

/* A hundred direct sources in a network each, then twenty to be set. */
static struct snapshot population(void)
{
	for (size_t i = 0; i < 100; i++)
		row_set(i, (uint8_t)i, 500 + 40 * (double)(i % 50), 10);
	for (size_t i = 100; i < ROWS; i++)
		row_set(i, (uint8_t)i, 1000, 10);
	return (struct snapshot){ .rows = rows, .count = ROWS, .settings = &settings };
}

static void a_gap_stands_out_among_direct_sources(void **state)
{
	struct snapshot snapshot = population();
	struct concealment ordinary;

	(void)state;
	row_set(100, 100, 150000, 10);
	row_set(101, 101, 150000, 2);
	row_set(102, 102, 1200, 10);
	row_set(103, 103, -1, 0);
	assert_int_equal(concealment_measure(&snapshot, &ordinary), 0);
	assert_true(rows[100].concealment_db > 6);
	assert_true(row_is_concealed(&rows[100]));
	assert_true(rows[101].concealment_db < rows[100].concealment_db / 2);
	assert_true(row_is_open(&rows[102]));
	assert_float_equal(rows[103].concealment_db, 0, 0);
	assert_true(ordinary.ordinary_share < 0.05);
	assert_float_equal(ordinary.ordinary_gap_us, 1200, 400);
}

/*
 * Where every neighbour has the gap it is the network's: a satellite, a privacy relay, a corporate
 * proxy.
 */
static void a_networks_usual_gap_conceals_nothing(void **state)
{
	struct snapshot snapshot = population();
	struct concealment ordinary;

	(void)state;
	for (size_t i = 100; i < ROWS; i++)
		row_set(i, 100, 150000 + 1000 * (double)i, 10);
	assert_int_equal(concealment_measure(&snapshot, &ordinary), 0);
	for (size_t i = 100; i < ROWS; i++)
		assert_true(row_is_open(&rows[i]));
}

/* The same gaps, but the neighbours are suspects: they witness nothing for each other. */
static void suspects_do_not_excuse_each_other(void **state)
{
	struct snapshot snapshot = population();
	struct concealment ordinary;

	(void)state;
	for (size_t i = 100; i < ROWS; i++) {
		row_set(i, 100, 150000 + 1000 * (double)i, 10);
		rows[i].is_suspect = true;
	}
	assert_int_equal(concealment_measure(&snapshot, &ordinary), 0);
	for (size_t i = 100; i < ROWS; i++)
		assert_true(rows[i].concealment_db > 6);
}

static void too_few_witnesses_say_nothing(void **state)
{
	struct snapshot snapshot = population();
	struct concealment ordinary;

	(void)state;
	snapshot.count = 15;
	rows[3].gap_us = 150000;
	assert_int_equal(concealment_measure(&snapshot, &ordinary), 0);
	assert_float_equal(ordinary.witnesses, 0, 0);
	assert_float_equal(rows[3].concealment_db, 0, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_gap_stands_out_among_direct_sources),
		cmocka_unit_test(a_networks_usual_gap_conceals_nothing),
		cmocka_unit_test(suspects_do_not_excuse_each_other),
		cmocka_unit_test(too_few_witnesses_say_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
