/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#pragma once

/* A cell: the sources that share a stack, a prefix or a relay class. */

#include <stddef.h>
#include <stdint.h>

#include "core/snapshot.h"

#define CELL_NAME_MAX 64

struct cell {
	char name[CELL_NAME_MAX]; /* "all", "stack 3f..", "net 192.0.2.0/24", "relay 64-256 ms" */
	const uint32_t *rows;	  /* indexes into the snapshot, ascending */
	size_t count;
};

/* Calls fn for every cell of settled rows with at least the settings' block_sources_min, until it
 * returns non-zero, which is then returned. -ENOMEM. */
int cells_each(const struct snapshot *snapshot, int (*fn)(const struct cell *cell, void *arg),
	       void *arg);

/* Bins of the relay gap, a factor of four wide and overlapping by two. */
#define RELAY_CLASSES 8
int relay_class_of(double gap_us, unsigned nth); /* nth of the at most two classes; -1: none */
void relay_class_name(int class, char name[CELL_NAME_MAX]);
/* The network a source is seen in: /24, or /48 for IPv6. */
struct net cell_net(const struct net *source);
