/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "core/place.h"

/* Turns a net into its place among a million, and keeps the queue of places to write. */

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define CAPACITY_FIRST 256

void place_table_clear(struct place_table *table)
{
	free(table->places);
	free(table->index);
	free(table->allows);
	*table = (struct place_table){ 0 };
}

struct place *place_at(const struct place_table *table, uint32_t number)
{
	return &table->places[number - 1];
}

static uint32_t place_hash(const struct net *net, bool is_allow)
{
	return (uint32_t)(net_hash(net) >> 32) ^ (is_allow ? 0x9e3779b9u : 0);
}

static bool place_is(const struct place *place, const struct net *net, bool is_allow)
{
	return place->is_allow == is_allow && place->net.prefix_len == net->prefix_len &&
	       memcmp(place->net.addr, net->addr, sizeof(net->addr)) == 0;
}

static uint32_t index_find(const struct place_table *table, const struct net *net, bool is_allow)
{
	uint32_t mask = table->index_capacity - 1;
	uint32_t at = place_hash(net, is_allow) & mask;

	while (table->index[at] && !place_is(place_at(table, table->index[at]), net, is_allow))
		at = (at + 1) & mask;
	return at;
}

static int index_reserve(struct place_table *table, uint32_t wanted)
{
	uint32_t capacity = table->index_capacity ? table->index_capacity : CAPACITY_FIRST * 2;
	struct place_table grown = *table;
	uint32_t i;

	while (capacity / 2 < wanted)
		capacity *= 2;
	if (capacity == table->index_capacity)
		return 0;
	grown.index = calloc(capacity, sizeof(*grown.index));
	if (!grown.index)
		return -ENOMEM;
	grown.index_capacity = capacity;
	for (i = 0; i < table->index_capacity; i++) {
		const struct place *place;

		if (!table->index[i])
			continue;
		place = place_at(table, table->index[i]);
		grown.index[index_find(&grown, &place->net, place->is_allow)] = table->index[i];
	}
	free(table->index);
	*table = grown;
	return 0;
}

/* realloc by doubling; the old block stays as it is on failure. */
static int array_reserve(void **array, uint32_t *capacity, uint32_t wanted, size_t size)
{
	uint32_t grown = *capacity ? *capacity : CAPACITY_FIRST;
	void *block;

	if (wanted <= *capacity)
		return 0;
	while (grown < wanted)
		grown *= 2;
	block = realloc(*array, grown * size);
	if (!block)
		return -ENOMEM;
	*array = block;
	*capacity = grown;
	return 0;
}

int place_table_reserve(struct place_table *table, uint32_t more)
{
	void *places = table->places, *allows = table->allows;
	int err;

	err = array_reserve(&places, &table->capacity, table->used + more, sizeof(struct place));
	table->places = places;
	if (!err)
		err = array_reserve(&allows, &table->allow_capacity, table->allow_count + more,
				    sizeof(uint32_t));
	table->allows = allows;
	return err ? err : index_reserve(table, table->indexed + more);
}

uint32_t place_find(const struct place_table *table, const struct net *net, bool is_allow)
{
	return table->index_capacity ? table->index[index_find(table, net, is_allow)] : 0;
}

uint32_t place_add(struct place_table *table, const struct net *net, bool is_allow)
{
	uint32_t at = index_find(table, net, is_allow);
	uint32_t number = table->index[at];

	if (number)
		return number;
	if (table->free) {
		number = table->free;
		table->free = place_at(table, number)->later;
	} else {
		assert(table->used < table->capacity);
		number = ++table->used;
	}
	*place_at(table, number) =
		(struct place){ .net = *net, .is_allow = is_allow, .is_used = 1 };
	table->index[at] = number;
	table->indexed++;
	return number;
}

/* Linear probing without tombstones: what follows a hole moves back unless it is at home there. */
static void index_remove(struct place_table *table, uint32_t hole)
{
	uint32_t mask = table->index_capacity - 1;
	uint32_t at = hole;

	for (;;) {
		const struct place *place;
		uint32_t home;

		at = (at + 1) & mask;
		if (!table->index[at])
			break;
		place = place_at(table, table->index[at]);
		home = place_hash(&place->net, place->is_allow);
		if (((at - home) & mask) < ((at - hole) & mask))
			continue;
		table->index[hole] = table->index[at];
		hole = at;
	}
	table->index[hole] = 0;
	table->indexed--;
}

void place_forget_if_bare(struct place_table *table, uint32_t number)
{
	struct place *place = place_at(table, number);

	if (place->first || place->is_written)
		return;
	place_mark_clean(table, number);
	index_remove(table, index_find(table, &place->net, place->is_allow));
	*place = (struct place){ .later = table->free };
	table->free = number;
}

/* First position in the sorted allows whose net is not before this one. */
static uint32_t allow_position(const struct place_table *table, const struct net *net)
{
	uint32_t low = 0, high = table->allow_count;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		if (net_compare(&place_at(table, table->allows[middle])->net, net) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

void place_fill(struct place_table *table, uint32_t number)
{
	const struct place *place = place_at(table, number);
	uint32_t at;

	table->lengths[place->is_allow][place->net.prefix_len]++;
	if (!place->is_allow)
		return;
	assert(table->allow_count < table->allow_capacity);
	at = allow_position(table, &place->net);
	memmove(table->allows + at + 1, table->allows + at,
		(table->allow_count - at) * sizeof(*table->allows));
	table->allows[at] = number;
	table->allow_count++;
}

void place_empty(struct place_table *table, uint32_t number)
{
	const struct place *place = place_at(table, number);
	uint32_t at;

	table->lengths[place->is_allow][place->net.prefix_len]--;
	if (!place->is_allow)
		return;
	at = allow_position(table, &place->net);
	table->allow_count--;
	memmove(table->allows + at, table->allows + at + 1,
		(table->allow_count - at) * sizeof(*table->allows));
}

uint32_t place_find_allow_inside(const struct place_table *table, const struct net *net)
{
	/* The first address behind the mapped ones, among which an IPv6 net has nothing inside. */
	static const struct net behind_ipv4 = { .addr = { [9] = 1 } };
	uint32_t at = allow_position(table, net);

	if (at < table->allow_count && !net_is_ipv4(net) &&
	    net_is_ipv4(&place_at(table, table->allows[at])->net))
		at = allow_position(table, &behind_ipv4);
	/* Sorted by address: the first one from the net's own address on is inside, or none is. */
	if (at == table->allow_count ||
	    !net_contains(net, &place_at(table, table->allows[at])->net))
		return 0;
	return table->allows[at];
}

void place_mark_dirty(struct place_table *table, uint32_t number)
{
	struct place *place = place_at(table, number);

	if (place->is_dirty)
		return;
	place->is_dirty = 1;
	place->later = 0;
	place->earlier = table->dirty_last;
	if (table->dirty_last)
		place_at(table, table->dirty_last)->later = number;
	else
		table->dirty_first = number;
	table->dirty_last = number;
}

void place_mark_clean(struct place_table *table, uint32_t number)
{
	struct place *place = place_at(table, number);

	if (!place->is_dirty)
		return;
	if (place->earlier)
		place_at(table, place->earlier)->later = place->later;
	else
		table->dirty_first = place->later;
	if (place->later)
		place_at(table, place->later)->earlier = place->earlier;
	else
		table->dirty_last = place->earlier;
	place->is_dirty = 0;
	place->earlier = place->later = 0;
}
