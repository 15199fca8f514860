/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */

/* `weir flows`: open connections as a table. */

#include <stdio.h>
#include <string.h>

#include "cmd/client.h"
#include "cmd/command.h"
#include "cmd/options.h"
#include "cmd/table.h"
#include "cmd/units.h"
#include "edge/api.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define LIMIT_DEFAULT 50

static void end_add(struct table *table, const char *address, int port)
{
	bool is_ipv6 = strchr(address, ':') != NULL;

	table_add_format(table, is_ipv6 ? "[%s]:%d" : "%s:%d", address, port);
}

static void row_add(struct table *table, const json_t *row, json_int_t now)
{
	char text[UNITS_TEXT_MAX];
	json_int_t first = json_number(row, "first_unix_ns"),
		   last = json_number(row, "last_unix_ns");

	end_add(table, json_text(row, "client"), (int)json_number(row, "client_port"));
	end_add(table, json_text(row, "service"), (int)json_number(row, "service_port"));
	table_add_format(table, "%s%s", json_text(row, "phase"),
			 json_is_set(row, "is_midstream") ? "*" : "");
	table_add_format(table, "%s%s", json_is_set(row, "is_lower_bound") ? ">=" : "",
			 units_count(json_figure(row, "exchanges"), text));
	table_add(table, units_bytes(json_figure(row, "bytes_up"), text));
	table_add(table, units_bytes(json_figure(row, "bytes_down"), text));
	table_add(table, units_micro(json_figure(row, "tcp_rtt_us"), text));
	table_add(table, units_micro(json_figure(row, "tls_rtt_us"), text));
	table_add(table, units_span(now > first ? (uint64_t)(now - first) : 0, text));
	table_add(table, units_span(now > last ? (uint64_t)(now - last) : 0, text));
	table_add(table, json_text(row, "syn_stack"));
}

static void flows_print(const json_t *result)
{
	static const struct table_column columns[] = {
		{ "CLIENT", TABLE_LEFT },     { "SERVICE", TABLE_LEFT },  { "PHASE", TABLE_LEFT },
		{ "EXCHANGES", TABLE_RIGHT }, { "UP", TABLE_RIGHT },	  { "DOWN", TABLE_RIGHT },
		{ "TCP RTT", TABLE_RIGHT },   { "TLS RTT", TABLE_RIGHT }, { "AGE", TABLE_RIGHT },
		{ "IDLE", TABLE_RIGHT },      { "STACK", TABLE_LEFT },
	};
	struct table *table = table_new(columns, COUNT(columns));
	bool has_lower_bound = false, has_midstream = false;
	const json_t *row;
	size_t i;

	json_array_foreach(json_object_get(result, "flows"), i, row) {
		row_add(table, row, json_number(result, "now_unix_ns"));
		has_lower_bound |= json_is_set(row, "is_lower_bound");
		has_midstream |= json_is_set(row, "is_midstream");
	}
	table_print(table, stdout, colour_is_wanted(stdout));
	table_free(table);
	if (has_lower_bound)
		printf(">= is a lower bound: several requests at once on one connection count as one\n");
	if (has_midstream)
		printf("* was open before weir saw it: its handshake is unknown\n");
	if (json_number(result, "total") > (json_int_t)i)
		printf("%zu of %lld flows; --limit 0 shows up to 100,000\n", i,
		       (long long)json_number(result, "total"));
}

int cmd_flows(int argc, char **argv)
{
	const char *sort = "exchanges";
	long limit = LIMIT_DEFAULT;
	const struct option_row rows[] = {
		{ "sort", 's', OPTION_TEXT, &sort, "KEY", "exchanges, bytes, age or last" },
		{ "limit", 'n', OPTION_NUMBER, &limit, "N",
		  "rows, 0 for as many as there may be, 100,000 (default 50)" },
	};
	struct options options = {
		.usage = "weir flows [--sort KEY] [--limit N] [--json] [ADDRESS|CIDR]",
		.about =
			"Shows open connections to protected services, those of one client or net if named.",
		.rows = rows,
		.row_count = COUNT(rows),
	};
	json_t *args, *result;
	int code;

	if (options_parse(&options, argc, argv))
		return options.exit_code;
	if (options.word_count > 1)
		return options_wrong(&options, "one address or CIDR at most");
	args = json_pack("{s:s,s:I}", "sort", sort, "limit", (json_int_t)limit);
	if (options.word_count)
		json_object_set_new(args, "within", json_string(options.words[0]));
	code = client_ask(&options, "flows", args, &result);
	if (code)
		return code;
	if (options.is_json)
		client_print_json(result);
	else
		flows_print(result);
	json_decref(result);
	return API_EXIT_OK;
}
