/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */

/* Turns points into counts per box and per neighbourhood. */

#include "core/grid.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define GRID_MIDDLE (GRID_COORDINATES / 2)
#define GRID_MASK ((uint64_t)GRID_COORDINATES - 1)
#define GRID_RIM 4 /* coordinates kept free, so that a reach of 3 never wraps */

uint64_t grid_key(const long coordinates[GRID_AXES])
{
	uint64_t key = 0;

	for (unsigned axis = 0; axis < GRID_AXES; axis++) {
		long c = coordinates[axis] + GRID_MIDDLE;

		if (c < GRID_RIM)
			c = GRID_RIM;
		if (c > GRID_COORDINATES - 1 - GRID_RIM)
			c = GRID_COORDINATES - 1 - GRID_RIM;
		key = key << GRID_BITS | (uint64_t)c;
	}
	return key;
}

long grid_coordinate(uint64_t key, unsigned axis)
{
	return (long)(key >> (GRID_BITS * (GRID_AXES - 1 - axis)) & GRID_MASK);
}

static int compare_u64(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

int grid_init(struct grid *grid, uint64_t *keys, size_t count, unsigned axes)
{
	struct grid made = { .axes = axes };

	made.keys = malloc((count + 1) * sizeof(*made.keys));
	made.counts = calloc(count + 1, sizeof(*made.counts));
	if (!made.keys || !made.counts) {
		grid_clear(&made);
		return -ENOMEM;
	}
	qsort(keys, count, sizeof(*keys), compare_u64);
	for (size_t i = 0; i < count; i++) {
		if (i == 0 || keys[i] != keys[i - 1])
			made.keys[made.count++] = keys[i];
		made.counts[made.count - 1]++;
	}
	*grid = made;
	return 0;
}

void grid_clear(struct grid *grid)
{
	free(grid->keys);
	free(grid->counts);
	memset(grid, 0, sizeof(*grid));
}

bool grid_is_within(uint64_t a, uint64_t b, long reach)
{
	for (unsigned axis = 0; axis < GRID_AXES; axis++)
		if (labs(grid_coordinate(a, axis) - grid_coordinate(b, axis)) > reach)
			return false;
	return true;
}

static size_t lower_bound(const struct grid *grid, uint64_t key)
{
	size_t low = 0, high = grid->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (grid->keys[middle] < key)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/*
 * Boxes that differ in the last axis only lie side by side in the order of keys: one search finds a
 * whole row of them.
 */
static uint32_t count_rows(const struct grid *grid, uint64_t key, long reach)
{
	long side = 2 * reach + 1, combinations = 1;
	uint32_t count = 0;

	for (unsigned axis = 0; axis + 1 < GRID_AXES; axis++)
		combinations *= side;
	for (long combination = 0; combination < combinations; combination++) {
		uint64_t corner = key - (uint64_t)reach;
		long rest = combination;

		for (unsigned axis = 0; axis + 1 < GRID_AXES; axis++, rest /= side)
			corner += (uint64_t)(rest % side - reach)
				  << (GRID_BITS * (GRID_AXES - 1 - axis));
		for (size_t i = lower_bound(grid, corner);
		     i < grid->count && grid->keys[i] < corner + (uint64_t)side; i++)
			count += grid->counts[i];
	}
	return count;
}

uint32_t grid_count_around(const struct grid *grid, uint64_t key, long reach)
{
	long combinations = 1;
	uint32_t count = 0;

	for (unsigned axis = 0; axis + 1 < GRID_AXES; axis++)
		combinations *= 2 * reach + 1;
	/* A search costs about as much as looking at eight boxes. */
	if (combinations * 8 < (long)grid->count)
		return count_rows(grid, key, reach);
	for (size_t i = 0; i < grid->count; i++)
		if (grid_is_within(grid->keys[i], key, reach))
			count += grid->counts[i];
	return count;
}
