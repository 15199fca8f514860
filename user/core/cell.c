/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */

/* Turns a snapshot into cells: groups of rows by one key each. */

#include "core/cell.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define RELAY_FIRST_MS 4.0 /* least gap that a class is made for: below lies handshake arithmetic */
#define NET4_LEN (NET_IPV4_OFFSET + 24)
#define NET6_LEN 48

struct keyed_row {
	uint64_t key;
	uint32_t row;
};

int relay_class_of(double gap_us, unsigned nth)
{
	double gap_ms = gap_us / 1000;
	int class;

	if (gap_ms < RELAY_FIRST_MS)
		return -1;
	class = (int)log2(gap_ms / RELAY_FIRST_MS) - (int)nth;
	return class >= 0 && class < RELAY_CLASSES ? class : -1;
}

void relay_class_name(int class, char name[CELL_NAME_MAX])
{
	double low_ms = RELAY_FIRST_MS * exp2(class);

	snprintf(name, CELL_NAME_MAX, "relay %.0f-%.0f ms", low_ms, low_ms * 4);
}

struct net cell_net(const struct net *source)
{
	struct net net = *source;
	uint8_t length = net_is_ipv4(source) ? NET4_LEN : NET6_LEN;

	if (net.prefix_len > length)
		net.prefix_len = length;
	net_mask(&net);
	return net;
}

static int compare_keys(const void *a, const void *b)
{
	const struct keyed_row *x = a, *y = b;

	if (x->key != y->key)
		return x->key < y->key ? -1 : 1;
	return (x->row > y->row) - (x->row < y->row);
}

/* Sorts by key and hands on each group that is large enough. */
static int groups_each(const struct snapshot *snapshot, struct keyed_row *keyed, size_t count,
		       void (*namer)(const struct snapshot *, const struct keyed_row *, char *),
		       int (*fn)(const struct cell *cell, void *arg), void *arg)
{
	uint32_t *rows = malloc((count + 1) * sizeof(*rows));
	int err = 0;

	if (!rows)
		return -ENOMEM;
	qsort(keyed, count, sizeof(*keyed), compare_keys);
	for (size_t first = 0, end; first < count && !err; first = end) {
		struct cell cell = { .rows = rows };

		for (end = first; end < count && keyed[end].key == keyed[first].key; end++)
			rows[end - first] = keyed[end].row;
		cell.count = end - first;
		if (cell.count < snapshot->settings->block_sources_min)
			continue;
		namer(snapshot, &keyed[first], cell.name);
		err = fn(&cell, arg);
	}
	free(rows);
	return err;
}

static void name_all(const struct snapshot *snapshot, const struct keyed_row *first, char *name)
{
	(void)snapshot;
	(void)first;
	snprintf(name, CELL_NAME_MAX, "all");
}

static void name_stack(const struct snapshot *snapshot, const struct keyed_row *first, char *name)
{
	(void)snapshot;
	snprintf(name, CELL_NAME_MAX, "stack %016llx", (unsigned long long)first->key);
}

static void name_net(const struct snapshot *snapshot, const struct keyed_row *first, char *name)
{
	struct net net = cell_net(&snapshot->rows[first->row].source->profile.source);
	char text[NET_TEXT_MAX];

	net_format(&net, text);
	snprintf(name, CELL_NAME_MAX, "net %.*s", CELL_NAME_MAX - 5, text);
}

static void name_relay(const struct snapshot *snapshot, const struct keyed_row *first, char *name)
{
	(void)snapshot;
	relay_class_name((int)first->key - 1, name);
}

enum cell_kind {
	CELL_ALL,
	CELL_STACK,
	CELL_NET,
	CELL_RELAY,
	CELL_RELAY_LOWER,
	CELL_KINDS
};

/* The key of a row in this kind of cell; 0: in none. */
static uint64_t key_of(const struct row *row, enum cell_kind kind)
{
	struct net net;

	switch (kind) {
	case CELL_ALL:
		return 1;
	case CELL_STACK:
		return row_software(row);
	case CELL_NET:
		net = cell_net(&row->source->profile.source);
		return net_hash(&net);
	case CELL_RELAY:
		return (uint64_t)(relay_class_of(row->gap_us, 0) + 1);
	case CELL_RELAY_LOWER:
		return (uint64_t)(relay_class_of(row->gap_us, 1) + 1);
	default:
		return 0;
	}
}

/* Both classes of a gap go into one list, so that overlapping bins are groups like others. */
static size_t keyed_collect(const struct snapshot *snapshot, enum cell_kind kind,
			    struct keyed_row *keyed)
{
	size_t count = 0;

	for (enum cell_kind k = kind; k <= (kind == CELL_RELAY ? CELL_RELAY_LOWER : kind); k++)
		for (size_t i = 0; i < snapshot->count; i++) {
			const struct row *row = &snapshot->rows[i];
			uint64_t key = row->is_settled ? key_of(row, k) : 0;

			if (key != 0)
				keyed[count++] = (struct keyed_row){ key, (uint32_t)i };
		}
	return count;
}

int cells_each(const struct snapshot *snapshot, int (*fn)(const struct cell *cell, void *arg),
	       void *arg)
{
	static void (*const namers[])(const struct snapshot *, const struct keyed_row *, char *) = {
		[CELL_ALL] = name_all,
		[CELL_STACK] = name_stack,
		[CELL_NET] = name_net,
		[CELL_RELAY] = name_relay,
	};
	struct keyed_row *keyed = malloc((2 * snapshot->count + 1) * sizeof(*keyed));
	int err = 0;

	if (!keyed)
		return -ENOMEM;
	for (enum cell_kind kind = CELL_ALL; kind <= CELL_RELAY && !err; kind++) {
		size_t count = keyed_collect(snapshot, kind, keyed);

		err = groups_each(snapshot, keyed, count, namers[kind], fn, arg);
	}
	free(keyed);
	return err;
}
