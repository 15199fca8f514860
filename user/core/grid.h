/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#pragma once

/* A sparse grid over up to five features: how many points lie in a box, and around it. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define GRID_AXES 5
#define GRID_BITS 12 /* of a coordinate; all five fit one 64-bit key */
#define GRID_COORDINATES (1 << GRID_BITS)

struct grid {
	uint64_t *keys;	  /* occupied boxes, ascending */
	uint32_t *counts; /* points in each */
	size_t count;
	unsigned axes; /* used ones; the others have one coordinate for all */
};

/* Packs coordinates (0 in the middle, clamped at the rim). */
uint64_t grid_key(const long coordinates[GRID_AXES]);
long grid_coordinate(uint64_t key, unsigned axis); /* 0..GRID_COORDINATES-1 */
/* keys: one a point; sorted here. 0 or -ENOMEM. */
int grid_init(struct grid *grid, uint64_t *keys, size_t count, unsigned axes);
void grid_clear(struct grid *grid);
/* Points whose box is at most `reach` from key on every axis. */
uint32_t grid_count_around(const struct grid *grid, uint64_t key, long reach);
bool grid_is_within(uint64_t a, uint64_t b, long reach);
