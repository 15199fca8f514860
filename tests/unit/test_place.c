/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "core/place.h"

/* Places: one a net and side, a queue in order, allows found inside. */

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static struct place_table table;

static struct net net_of(const char *text)
{
	struct net net;

	assert_int_equal(net_parse(text, &net), 0);
	return net;
}

static uint32_t add(const char *text, bool is_allow)
{
	struct net net = net_of(text);

	assert_int_equal(place_table_reserve(&table, 1), 0);
	return place_add(&table, &net, is_allow);
}

static int table_teardown(void **state)
{
	(void)state;
	place_table_clear(&table);
	return 0;
}

static void a_net_has_one_place_a_side(void **state)
{
	uint32_t deny = add("192.0.2.0/24", false), allow = add("192.0.2.0/24", true);
	struct net net = net_of("192.0.2.0/24"), longer = net_of("192.0.2.0/25");

	(void)state;
	assert_int_not_equal(deny, allow);
	assert_int_equal(add("192.0.2.0/24", false), deny);
	assert_int_equal(place_find(&table, &net, true), allow);
	assert_int_equal(place_find(&table, &longer, true), 0);
}

static void the_queue_keeps_its_order_when_its_middle_leaves(void **state)
{
	uint32_t first = add("10.0.0.1", false), middle = add("10.0.0.2", false);
	uint32_t last = add("10.0.0.3", false);

	(void)state;
	place_mark_dirty(&table, first);
	place_mark_dirty(&table, middle);
	place_mark_dirty(&table, last);
	place_mark_dirty(&table, middle);
	place_mark_clean(&table, middle);
	assert_int_equal(table.dirty_first, first);
	assert_int_equal(place_at(&table, first)->later, last);
	place_mark_clean(&table, first);
	place_mark_clean(&table, last);
	assert_int_equal(table.dirty_first, 0);
	assert_int_equal(table.dirty_last, 0);
}

static void a_bare_place_is_forgotten_and_used_again(void **state)
{
	uint32_t number = add("10.0.0.1", false);
	struct net net = net_of("10.0.0.1");

	(void)state;
	place_mark_dirty(&table, number);
	place_at(&table, number)->is_written = 1;
	place_forget_if_bare(&table, number);
	assert_int_equal(place_find(&table, &net, false), number);
	place_at(&table, number)->is_written = 0;
	place_forget_if_bare(&table, number);
	assert_int_equal(place_find(&table, &net, false), 0);
	assert_int_equal(table.dirty_first, 0);
	assert_int_equal(add("10.0.0.2", false), number);
}

static void lengths_without_rules_need_no_probe(void **state)
{
	uint32_t number = add("192.0.2.0/24", true);

	(void)state;
	place_fill(&table, number);
	assert_int_equal(table.lengths[1][120], 1);
	assert_int_equal(table.allow_count, 1);
	place_empty(&table, number);
	assert_int_equal(table.lengths[1][120], 0);
	assert_int_equal(table.allow_count, 0);
}

static void an_allow_inside_is_found_but_not_across_families(void **state)
{
	struct net wide = net_of("10.0.0.0/8"), beside = net_of("11.0.0.0/8"), six = net_of("::/0");

	(void)state;
	place_fill(&table, add("10.9.9.9", true));
	assert_int_not_equal(place_find_allow_inside(&table, &wide), 0);
	assert_int_equal(place_find_allow_inside(&table, &beside), 0);
	assert_int_equal(place_find_allow_inside(&table, &six), 0);
	place_fill(&table, add("2001:db8::1", true));
	assert_int_not_equal(place_find_allow_inside(&table, &six), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(a_net_has_one_place_a_side, table_teardown),
		cmocka_unit_test_teardown(the_queue_keeps_its_order_when_its_middle_leaves,
					  table_teardown),
		cmocka_unit_test_teardown(a_bare_place_is_forgotten_and_used_again, table_teardown),
		cmocka_unit_test_teardown(lengths_without_rules_need_no_probe, table_teardown),
		cmocka_unit_test_teardown(an_allow_inside_is_found_but_not_across_families,
					  table_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
