/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#pragma once

/* Every net that has rules or an entry in a map: found by hash, and queued while the two differ. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/net.h"

#define PLACE_LENGTHS 129 /* 0..128 */

/* One net on one side: allow and deny live in different maps. */
struct place {
	struct net net;
	uint8_t is_allow : 1;
	uint8_t is_written : 1; /* the map has an entry for it */
	uint8_t is_dirty : 1;	/* in the queue: what the map must hold has changed */
	uint8_t is_used : 1;
	uint32_t first;	  /* head of the chain of its rules, 0: none */
	uint32_t earlier; /* neighbours in the queue of the dirty; 0: none */
	uint32_t later;	  /* of a free place: the next free one */
};

/* Places are numbered from 1; pointers hold until the next place_add or place_table_reserve. */
struct place_table {
	struct place *places;
	uint32_t used, capacity;
	uint32_t free;			  /* head of the free ones */
	uint32_t *index;		  /* open addressing: number of the place, 0: empty */
	uint32_t index_capacity, indexed; /* power of two, at most half full */
	uint32_t dirty_first, dirty_last;
	uint32_t lengths[2][PLACE_LENGTHS]; /* places with rules by side and length */
	uint32_t *allows;		    /* allow places with rules, sorted by net */
	uint32_t allow_count, allow_capacity;
};

void place_table_clear(struct place_table *table);
/* Room for so many more places, so that place_add cannot fail. 0 or -ENOMEM, table unchanged. */
int place_table_reserve(struct place_table *table, uint32_t more);
struct place *place_at(const struct place_table *table, uint32_t number);
/* 0: there is none. */
uint32_t place_find(const struct place_table *table, const struct net *net, bool is_allow);
/* Finds or makes; needs room reserved. */
uint32_t place_add(struct place_table *table, const struct net *net, bool is_allow);
/* Tells the table that a place got its first rule or lost its last one. */
void place_fill(struct place_table *table, uint32_t number);
void place_empty(struct place_table *table, uint32_t number);
void place_mark_dirty(struct place_table *table, uint32_t number);
void place_mark_clean(struct place_table *table, uint32_t number);
/* Forgets a place that has neither rules nor an entry in a map. */
void place_forget_if_bare(struct place_table *table, uint32_t number);
/* An allow place with rules inside (or equal to) the net; 0: none. */
uint32_t place_find_allow_inside(const struct place_table *table, const struct net *net);
