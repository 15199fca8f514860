/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "detect_world.h"

/* Cells: who is grouped with whom. */

static void relay_classes_overlap_by_two(void **state)
{
	char name[CELL_NAME_MAX];

	(void)state;
	assert_int_equal(relay_class_of(1000, 0), -1);
	assert_int_equal(relay_class_of(5000, 0), 0);
	assert_int_equal(relay_class_of(5000, 1), -1);
	assert_int_equal(relay_class_of(150000, 0), 5);
	assert_int_equal(relay_class_of(150000, 1), 4);
	assert_int_equal(relay_class_of(1e9, 0), -1);
	relay_class_name(4, name);
	assert_string_equal(name, "relay 64-256 ms");
}

static int cell_check(const struct cell *cell, void *arg)
{
	unsigned *seen = arg;

	assert_true(cell->count >= 30);
	for (size_t i = 1; i < cell->count; i++)
		assert_true(cell->rows[i] > cell->rows[i - 1]);
	seen[0]++;
	seen[1] += strcmp(cell->name, "all") == 0;
	seen[2] += strncmp(cell->name, "relay", 5) == 0;
	return 0;
}

static int cell_stop(const struct cell *cell, void *arg)
{
	(void)cell;
	(void)arg;
	return 7;
}

static void cells_of_a_fleet_are_all_its_stack_and_its_relays(void **state)
{
	struct population_options options = steady_minutes(1);
	struct detect_settings settings = settings_minutes();
	unsigned seen[3] = { 0 };
	struct snapshot snapshot;
	struct world world;

	(void)state;
	world_make(&world, &options, &settings);
	world_run(&world, 200);
	world_snapshot(&world, &snapshot);
	assert_int_equal(cells_each(&snapshot, cell_check, seen), 0);
	assert_int_equal(seen[1], 1);
	assert_true(seen[2] >= 1);
	assert_true(seen[0] > seen[1] + seen[2]);
	assert_int_equal(cells_each(&snapshot, cell_stop, NULL), 7);
	snapshot_clear(&snapshot);
	world_clear(&world);
}

static void networks_are_24_and_48(void **state)
{
	struct net net, out;

	(void)state;
	assert_int_equal(net_parse("192.0.2.77", &net), 0);
	out = cell_net(&net);
	assert_int_equal(out.prefix_len, 120);
	assert_true(net_contains(&out, &net));
	assert_int_equal(net_parse("2001:db8:1:2::/64", &net), 0);
	out = cell_net(&net);
	assert_int_equal(out.prefix_len, 48);
	assert_true(net_contains(&out, &net));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(relay_classes_overlap_by_two),
		cmocka_unit_test(cells_of_a_fleet_are_all_its_stack_and_its_relays),
		cmocka_unit_test(networks_are_24_and_48),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
