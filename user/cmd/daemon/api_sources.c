/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */

/* The map `sources` and the engine's profiles into an answer, the busiest first. */

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <weir/bounds.h>

#include "cmd/daemon/handlers.h"

enum source_order {
	BY_EXCHANGES,
	BY_RATE,
	BY_BYTES,
	BY_CONNECTIONS,
	BY_LAST
};

struct source_row {
	struct net net;
	struct weir_source facts;
	double rate_per_1000s; /* now */
	double sort_key;
};

struct source_rows {
	struct daemon *d;
	enum source_order order;
	uint64_t now_ns;
	struct source_row *rows;
	size_t count, size;
};

/* Half-life decay since the kernel last wrote it (WEIR_RATE_HALF_LIFE_NS). */
static double rate_now(uint32_t rate, uint64_t rate_ns, uint64_t now_ns)
{
	double age = now_ns > rate_ns ? (double)(now_ns - rate_ns) : 0;

	return rate * exp2(-age / (double)WEIR_RATE_HALF_LIFE_NS);
}

static double sort_key(const struct source_row *row, enum source_order order)
{
	switch (order) {
	case BY_RATE:
		return row->rate_per_1000s;
	case BY_BYTES:
		return (double)row->facts.bytes_up + (double)row->facts.bytes_down;
	case BY_CONNECTIONS:
		return (double)row->facts.connections;
	case BY_LAST:
		return (double)row->facts.last_ns;
	case BY_EXCHANGES:
		break;
	}
	return (double)row->facts.exchanges;
}

static int row_take(const struct weir_addr *key, const struct weir_source *source, void *arg)
{
	struct source_rows *all = arg;
	struct source_row *row;

	if (all->count == all->size) {
		size_t size = all->size ? all->size * 2 : 1024;
		struct source_row *rows = realloc(all->rows, size * sizeof(*rows));

		if (!rows)
			return -ENOMEM;
		all->rows = rows;
		all->size = size;
	}
	row = &all->rows[all->count++];
	row->net = net_of_source(key->addr, (uint8_t)source->prefix_len);
	row->facts = *source;
	row->rate_per_1000s =
		rate_now(source->exchange_rate_per_1000s, source->rate_ns, all->now_ns);
	row->sort_key = sort_key(row, all->order);
	return 0;
}

static int row_compare(const void *a, const void *b)
{
	const struct source_row *left = a, *right = b;

	if (left->sort_key != right->sort_key)
		return left->sort_key < right->sort_key ? 1 : -1;
	return net_compare(&left->net, &right->net);
}

static json_int_t unix_of(const struct daemon *d, uint64_t boot_ns)
{
	return (json_int_t)(boot_ns + d->maps.boot_unix_ns);
}

static json_t *row_json(const struct source_rows *all, const struct source_row *row)
{
	const struct weir_source *facts = &row->facts;
	struct source_figures figures;
	json_t *object =
		json_pack("{s:o,s:I,s:b,s:I,s:I,s:I,s:f,s:i,s:i,s:I,s:I,s:i,s:i}", "source",
			  json_net_new(&row->net), "exchanges", (json_int_t)facts->exchanges,
			  "is_lower_bound",
			  digest_set_has(&all->d->lower_bounds, net_hash(&row->net)), "connections",
			  (json_int_t)facts->connections, "bytes_up", (json_int_t)facts->bytes_up,
			  "bytes_down", (json_int_t)facts->bytes_down, "exchange_rate_per_1000s",
			  row->rate_per_1000s, "flows", (int)facts->flows, "refused_flows",
			  (int)facts->refused_flows, "first_unix_ns",
			  unix_of(all->d, facts->first_ns), "last_unix_ns",
			  unix_of(all->d, facts->last_ns), "tcp_rtt_min_us",
			  (int)facts->tcp_rtt_min_us, "tls_rtt_min_us", (int)facts->tls_rtt_min_us);

	if (engine_figures(all->d->engine, &row->net, &figures))
		return object;
	json_object_set_new(object, "relay_gap_us", json_figure_new(figures.relay_gap_us));
	json_object_set_new(object, "is_shared", json_boolean(figures.is_shared));
	json_object_set_new(object, "fleet",
			    figures.fleet_id ? json_string(figures.fleet_id) : json_null());
	return object;
}

static int order_parse(const char *name)
{
	static const char *const names[] = { "exchanges", "rate", "bytes", "connections", "last" };

	for (int i = 0; i < 5; i++) {
		if (!strcmp(names[i], name))
			return i;
	}
	return -EINVAL;
}

json_t *answer_sources(struct daemon *d, const struct request *request)
{
	struct args args = { .object = request->args };
	int order = order_parse(args_text(&args, "sort", "exchanges"));
	size_t limit = (size_t)args_number(&args, "limit", 0, INT32_MAX, 0);
	struct source_rows all = { .d = d, .now_ns = clock_boot_ns() };
	json_t *rows = json_array();
	double rate = 0;
	int error;

	if (!limit || limit > ANSWER_ROWS_MAX)
		limit = ANSWER_ROWS_MAX;
	if (order < 0 && !args.why[0])
		strcpy(args.why, "sort by exchanges, rate, bytes, connections or last");
	all.order = (enum source_order)order;
	error = args.why[0] ? 0 : maps_each_source(&d->maps, row_take, &all);
	if (all.count)
		qsort(all.rows, all.count, sizeof(*all.rows), row_compare);
	for (size_t i = 0; i < all.count; i++) {
		rate += all.rows[i].rate_per_1000s;
		if (i < limit)
			json_array_append_new(rows, row_json(&all, &all.rows[i]));
	}
	free(all.rows);
	if (args.why[0] || error) {
		json_decref(rows);
		return args.why[0] ? args_refusal(&args) :
				     answer_refused(API_EXIT_FAILED, "cannot read map sources: %s",
						    strerror(-error));
	}
	return answer_ok(json_pack("{s:I,s:I,s:f,s:o}", "now_unix_ns", (json_int_t)clock_unix_ns(),
				   "total", (json_int_t)all.count, "exchange_rate_per_1000s", rate,
				   "sources", rows));
}
