/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */

/* The map `flows` into an answer, the busiest first. */

#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/daemon/handlers.h"

enum flow_order {
	BY_EXCHANGES,
	BY_BYTES,
	BY_AGE,
	BY_LAST
};

struct flow_row {
	struct weir_flow_key key;
	struct weir_flow flow;
	double sort_key;
};

struct flow_rows {
	struct daemon *d;
	enum flow_order order;
	struct net within; /* only flows of clients in here */
	struct flow_row *rows;
	size_t count, size;
};

static const char *phase_name(uint8_t phase)
{
	static const char *const names[] = {
		[WEIR_PHASE_FIRST] = "first",
		[WEIR_PHASE_HANDSHAKE] = "handshake",
		[WEIR_PHASE_TLS] = "tls",
		[WEIR_PHASE_PLAIN] = "plain",
		[WEIR_PHASE_PICKED_UP] = "picked up",
		[WEIR_PHASE_TURNS] = "turns",
		[WEIR_PHASE_CLOSED] = "closed",
		[WEIR_PHASE_TOMBSTONE] = "reset",
	};

	return phase < sizeof(names) / sizeof(names[0]) ? names[phase] : "?";
}

static uint64_t last_ns(const struct weir_flow *flow)
{
	return flow->client_ns > flow->server_ns ? flow->client_ns : flow->server_ns;
}

static double sort_key(const struct weir_flow *flow, enum flow_order order)
{
	switch (order) {
	case BY_BYTES:
		return (double)flow->bytes_up + (double)flow->bytes_down;
	case BY_AGE:
		return -(double)flow->first_ns;
	case BY_LAST:
		return (double)last_ns(flow);
	case BY_EXCHANGES:
		break;
	}
	return flow->exchanges;
}

static struct net net_of_address(const uint8_t addr[16])
{
	struct net net = { .prefix_len = 128 };

	memcpy(net.addr, addr, sizeof(net.addr));
	return net;
}

static int row_take(const struct weir_flow_key *key, const struct weir_flow *flow, void *arg)
{
	struct flow_rows *all = arg;
	struct net client = net_of_address(key->source_addr);

	if (!net_contains(&all->within, &client))
		return 0;
	if (all->count == all->size) {
		size_t size = all->size ? all->size * 2 : 1024;
		struct flow_row *rows = realloc(all->rows, size * sizeof(*rows));

		if (!rows)
			return -ENOMEM;
		all->rows = rows;
		all->size = size;
	}
	all->rows[all->count++] = (struct flow_row){
		.key = *key,
		.flow = *flow,
		.sort_key = sort_key(flow, all->order),
	};
	return 0;
}

static int row_compare(const void *a, const void *b)
{
	const struct flow_row *left = a, *right = b;

	if (left->sort_key != right->sort_key)
		return left->sort_key < right->sort_key ? 1 : -1;
	return memcmp(&left->key, &right->key, sizeof(left->key));
}

static json_t *stack_json(struct daemon *d, uint64_t digest)
{
	const char *name = daemon_stack_name(d, digest);

	return name ? json_string(name) : json_digest_new(digest);
}

static json_t *row_json(struct daemon *d, const struct flow_row *row)
{
	const struct weir_flow *flow = &row->flow;
	struct net client = net_of_address(row->key.source_addr);
	struct net service = net_of_address(row->key.service_addr);
	unsigned flags = flow->client_flags | flow->server_flags;

	return json_pack("{s:o,s:i,s:o,s:i,s:s,s:s,s:I,s:b,s:b,s:I,s:I,s:I,s:I,s:i,s:i,s:o,s:o}",
			 "client", json_net_new(&client), "client_port", row->key.source_port,
			 "service", json_net_new(&service), "service_port", row->key.service_port,
			 "protocol", row->key.protocol == IPPROTO_UDP ? "udp" : "tcp", "phase",
			 phase_name(flow->phase), "exchanges", (json_int_t)flow->exchanges,
			 "is_lower_bound", (flags & WEIR_FLOW_LOWER_BOUND) != 0, "is_midstream",
			 (flags & WEIR_FLOW_MIDSTREAM) != 0, "bytes_up", (json_int_t)flow->bytes_up,
			 "bytes_down", (json_int_t)flow->bytes_down, "first_unix_ns",
			 (json_int_t)(flow->first_ns + d->maps.boot_unix_ns), "last_unix_ns",
			 (json_int_t)(last_ns(flow) + d->maps.boot_unix_ns), "tcp_rtt_us",
			 (int)flow->tcp_rtt_us, "tls_rtt_us", (int)flow->tls_rtt_us, "syn_stack",
			 stack_json(d, flow->syn_digest), "ja4_stack",
			 stack_json(d, flow->ja4_digest));
}

static int order_parse(const char *name)
{
	static const char *const names[] = { "exchanges", "bytes", "age", "last" };

	for (int i = 0; i < 4; i++) {
		if (!strcmp(names[i], name))
			return i;
	}
	return -EINVAL;
}

json_t *answer_flows(struct daemon *d, const struct request *request)
{
	struct args args = { .object = request->args };
	int order = order_parse(args_text(&args, "sort", "exchanges"));
	size_t limit = (size_t)args_number(&args, "limit", 0, INT32_MAX, 0);
	struct flow_rows all = { .d = d };
	json_t *rows = json_array();
	int error;

	if (!limit || limit > ANSWER_ROWS_MAX)
		limit = ANSWER_ROWS_MAX;
	if (json_object_get(request->args, "within"))
		all.within = args_net(&args, "within");
	if (order < 0 && !args.why[0])
		strcpy(args.why, "sort by exchanges, bytes, age or last");
	all.order = (enum flow_order)order;
	error = args.why[0] ? 0 : maps_each_flow(&d->maps, row_take, &all);
	if (all.count)
		qsort(all.rows, all.count, sizeof(*all.rows), row_compare);
	for (size_t i = 0; i < all.count && i < limit; i++)
		json_array_append_new(rows, row_json(d, &all.rows[i]));
	free(all.rows);
	if (args.why[0] || error) {
		json_decref(rows);
		return args.why[0] ? args_refusal(&args) :
				     answer_refused(API_EXIT_FAILED, "cannot read map flows: %s",
						    strerror(-error));
	}
	return answer_ok(json_pack("{s:I,s:I,s:o}", "now_unix_ns", (json_int_t)clock_unix_ns(),
				   "total", (json_int_t)all.count, "flows", rows));
}
