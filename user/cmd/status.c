/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */

/* `weir status`: the daemon's state into a page, and an exit code for scripts. */

#include <stdio.h>
#include <string.h>

#include "cmd/client.h"
#include "cmd/command.h"
#include "cmd/options.h"
#include "cmd/table.h"
#include "cmd/units.h"
#include "edge/api.h"
#include "edge/metrics.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static void head_print(const json_t *status, bool is_coloured)
{
	char span[UNITS_TEXT_MAX];
	const char *mode = json_text(status, "mode");
	enum table_colour colour = !strcmp(mode, "enforce") ? TABLE_GREEN :
				   !strcmp(mode, "off")	    ? TABLE_RED :
							      TABLE_YELLOW;
	const json_t *row;
	size_t i;

	printf("weir %s, pid %d, up %s, mode %s%s%s%s\n", json_text(status, "version"),
	       (int)json_number(status, "pid"),
	       units_span((uint64_t)json_number(status, "uptime_ns"), span),
	       colour_start(colour, is_coloured), mode, colour_end(is_coloured),
	       json_is_set(status, "is_persistent") ? ", persistent" : "");
	printf("protects");
	json_array_foreach(json_object_get(status, "services"), i, row) {
		printf("%s %s port %d/%s", i ? "," : "", json_text(row, "address"),
		       (int)json_number(row, "port"), json_text(row, "protocol"));
	}
	printf("\n\n");
}

static void attachments_print(const json_t *status, bool is_coloured)
{
	static const struct table_column columns[] = {
		{ "INTERFACE", TABLE_LEFT }, { "HOOK", TABLE_LEFT },  { "VIA", TABLE_LEFT },
		{ "PROGRAM", TABLE_RIGHT },  { "LINK", TABLE_RIGHT }, { "NOTE", TABLE_LEFT },
	};
	struct table *table = table_new(columns, COUNT(columns));
	const json_t *row;
	size_t i;

	json_array_foreach(json_object_get(status, "attachments"), i, row) {
		const char *problem = json_text(row, "problem");

		table_add(table, json_text(row, "interface"));
		table_add(table, json_text(row, "hook"));
		table_add(table, json_text(row, "via"));
		table_colour(table, problem[0] ? TABLE_YELLOW : TABLE_GREEN);
		table_add_format(table, "%d", (int)json_number(row, "program_id"));
		if (json_number(row, "link_id"))
			table_add_format(table, "%d", (int)json_number(row, "link_id"));
		else
			table_add(table, "-");
		table_add(table, problem);
	}
	table_print(table, stdout, is_coloured);
	table_free(table);
	putchar('\n');
}

static void maps_print(const json_t *status, bool is_coloured)
{
	static const struct table_column columns[] = {
		{ "MAP", TABLE_LEFT },
		{ "USED", TABLE_RIGHT },
		{ "OF", TABLE_RIGHT },
		{ "FILL", TABLE_RIGHT },
	};
	struct table *table = table_new(columns, COUNT(columns));
	char text[UNITS_TEXT_MAX];
	const json_t *row;
	size_t i;

	json_array_foreach(json_object_get(status, "maps"), i, row) {
		double used = json_figure(row, "used"), max = json_figure(row, "max");
		double fill = max > 0 ? used / max : 0;

		table_add(table, json_text(row, "map"));
		table_add(table, units_count(used, text));
		table_add(table, units_count(max, text));
		table_add_format(table, "%.0f %%", fill * 100);
		table_colour(table, fill > 0.9 ? TABLE_RED :
				    fill > 0.7 ? TABLE_YELLOW :
						 TABLE_PLAIN);
	}
	table_print(table, stdout, is_coloured);
	table_free(table);
	putchar('\n');
}

static void reasons_print(const json_t *status, bool is_coloured)
{
	static const struct table_column columns[] = {
		{ "PACKETS", TABLE_RIGHT },
		{ "BYTES", TABLE_RIGHT },
		{ "REASON", TABLE_LEFT },
		{ "MEANING", TABLE_LEFT },
	};
	struct table *table = table_new(columns, COUNT(columns));
	char text[UNITS_TEXT_MAX];
	const json_t *row;
	size_t i;

	json_array_foreach(json_object_get(status, "reasons"), i, row) {
		const char *kind = json_text(row, "kind");

		table_add(table, units_count(json_figure(row, "packets"), text));
		table_add(table, units_bytes(json_figure(row, "bytes"), text));
		table_add(table, json_text(row, "name"));
		table_colour(table, !strcmp(kind, "DROP")   ? TABLE_RED :
				    !strcmp(kind, "BROKEN") ? TABLE_YELLOW :
							      TABLE_PLAIN);
		table_add(table, json_text(row, "text"));
	}
	table_print(table, stdout, is_coloured);
	table_free(table);
	putchar('\n');
}

static void counts_print(const json_t *status)
{
	const json_t *fleets = json_object_get(status, "fleets");
	const json_t *rules = json_object_get(status, "rules");
	const json_t *engine = json_object_get(status, "engine");
	const json_t *ledger = json_object_get(status, "ledger");
	json_int_t created = json_number(ledger, "created_unix_ns");
	char text[UNITS_TEXT_MAX], other[UNITS_TEXT_MAX];

	printf("fleets   %d confirmed, %d suspect, %d watched\n",
	       (int)json_number(fleets, "confirmed"), (int)json_number(fleets, "suspect"),
	       (int)json_number(fleets, "watch"));
	printf("rules    %d fleet, %d operator, %d list, %d map, %d guard\n",
	       (int)json_number(rules, "fleet"), (int)json_number(rules, "operator"),
	       (int)json_number(rules, "list"), (int)json_number(rules, "map"),
	       (int)json_number(rules, "guard"));
	printf("engine   %s exchanges of %s sources; %d ticks, %d scans, last tick %s\n",
	       units_count(json_figure(engine, "exchanges"), text),
	       units_count(json_figure(engine, "sources"), other),
	       (int)json_number(engine, "ticks"), (int)json_number(engine, "scans"),
	       units_span((uint64_t)json_number(engine, "tick_took_ns"),
			  (char[UNITS_TEXT_MAX]){ 0 }));
	printf("ledger   %s, since %s UTC\n\n",
	       json_is_set(ledger, "is_writable") ? "written" : "NOT WRITABLE",
	       units_utc((uint64_t)created, text));
}

static void problems_print(const json_t *status, bool is_coloured)
{
	const json_t *row;
	size_t i;

	json_array_foreach(json_object_get(status, "problems"), i, row) {
		bool is_notice = json_is_set(row, "is_notice");
		char since[UNITS_TEXT_MAX];

		printf("%s%s%s %s\n         since %s UTC; %s\n",
		       colour_start(is_notice ? TABLE_YELLOW : TABLE_RED, is_coloured),
		       is_notice ? "notice  " : "problem ", colour_end(is_coloured),
		       json_text(row, "what"),
		       units_utc((uint64_t)json_number(row, "since_unix_ns"), since),
		       json_text(row, "do"));
	}
	if (!i)
		printf("no problems\n");
}

int cmd_status(int argc, char **argv)
{
	bool is_metrics = false;
	const struct option_row rows[] = {
		{ "metrics", 'm', OPTION_FLAG, &is_metrics, NULL, "print Prometheus text" },
	};
	struct options options = {
		.usage = "weir status [--json | --metrics]",
		.about =
			"Shows attachments, map fill, counters by reason, fleets, rules and problems.\n"
			"Exit code 3 when something is wrong, 4 when no daemon answers.",
		.rows = rows,
		.row_count = COUNT(rows),
	};
	bool is_coloured = colour_is_wanted(stdout);
	json_t *status;
	int code;

	if (options_parse(&options, argc, argv))
		return options.exit_code;
	code = client_ask(&options, "status", NULL, &status);
	if (code)
		return code;
	code = json_is_set(status, "is_well") ? API_EXIT_OK : API_EXIT_DEGRADED;
	if (is_metrics) {
		metrics_write(stdout, status);
	} else if (options.is_json) {
		client_print_json(status);
	} else {
		head_print(status, is_coloured);
		attachments_print(status, is_coloured);
		maps_print(status, is_coloured);
		reasons_print(status, is_coloured);
		counts_print(status);
		problems_print(status, is_coloured);
	}
	json_decref(status);
	return code;
}
