/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "core/grid.h"

/* The sparse grid against counting by hand. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define POINTS_MAX 30000

static uint64_t random_key(uint64_t *rng, long side)
{
	long coordinates[GRID_AXES];

	for (int axis = 0; axis < GRID_AXES; axis++) {
		*rng = *rng * 6364136223846793005ULL + 1442695040888963407ULL;
		coordinates[axis] = (long)(*rng >> 33) % side - side / 2;
	}
	return grid_key(coordinates);
}

static uint32_t count_by_hand(const uint64_t *keys, size_t count, uint64_t key, long reach)
{
	uint32_t found = 0;

	for (size_t i = 0; i < count; i++)
		found += grid_is_within(keys[i], key, reach);
	return found;
}

static void grid_compare(size_t points, long side)
{
	static uint64_t keys[POINTS_MAX];
	uint64_t rng = 42;
	struct grid grid;

	for (size_t i = 0; i < points; i++)
		keys[i] = random_key(&rng, side);
	assert_int_equal(grid_init(&grid, keys, points, GRID_AXES), 0);
	for (int i = 0; i < 40; i++) {
		uint64_t key = i % 2 ? keys[(size_t)i * 31 % points] : random_key(&rng, side);

		for (long reach = 0; reach <= 3; reach++)
			assert_int_equal(grid_count_around(&grid, key, reach),
					 count_by_hand(keys, points, key, reach));
	}
	grid_clear(&grid);
}

static void few_boxes_are_counted_right(void **state)
{
	(void)state;
	grid_compare(300, 8);
}

static void many_boxes_are_counted_right_by_the_faster_way(void **state)
{
	(void)state;
	grid_compare(POINTS_MAX, 12);
}

static void coordinates_beyond_the_rim_are_clamped(void **state)
{
	const long far[GRID_AXES] = { -1000000, 1000000, 0, 5000, -5000 };
	uint64_t key = grid_key(far), all = key;
	struct grid grid;

	(void)state;
	for (unsigned axis = 0; axis < GRID_AXES; axis++)
		assert_in_range(grid_coordinate(key, axis), 3, GRID_COORDINATES - 4);
	assert_int_equal(grid_init(&grid, &all, 1, GRID_AXES), 0);
	assert_int_equal(grid_count_around(&grid, key, 3), 1);
	grid_clear(&grid);
}

static void an_empty_grid_counts_nothing(void **state)
{
	struct grid grid;
	uint64_t none = 0;

	(void)state;
	assert_int_equal(grid_init(&grid, &none, 0, GRID_AXES), 0);
	assert_int_equal(grid_count_around(&grid, 12345, 3), 0);
	grid_clear(&grid);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(few_boxes_are_counted_right),
		cmocka_unit_test(many_boxes_are_counted_right_by_the_faster_way),
		cmocka_unit_test(coordinates_beyond_the_rim_are_clamped),
		cmocka_unit_test(an_empty_grid_counts_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
