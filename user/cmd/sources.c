/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */

/* `weir sources` and `weir top`: sources as a table, once or again and again. */

#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "cmd/client.h"
#include "cmd/command.h"
#include "cmd/options.h"
#include "cmd/table.h"
#include "cmd/units.h"
#include "edge/api.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define LIMIT_DEFAULT 50
#define TOP_HEAD_LINES 4
#define TOP_ROWS_DEFAULT 20
#define SECONDS_PER_RATE 1000.0 /* rates are kept per 1000 s */
#define MINUTES_PER_RATE (60 / SECONDS_PER_RATE)

static void age_add(struct table *table, json_int_t then, json_int_t now)
{
	char text[UNITS_TEXT_MAX];

	table_add(table, units_span(now > then ? (uint64_t)(now - then) : 0, text));
}

static void row_add(struct table *table, const json_t *row, json_int_t now)
{
	char text[UNITS_TEXT_MAX];
	const char *fleet = json_text(row, "fleet");

	table_add(table, json_text(row, "source"));
	table_add_format(table, "%s%s", json_is_set(row, "is_lower_bound") ? ">=" : "",
			 units_count(json_figure(row, "exchanges"), text));
	table_add_format(table, "%.2f",
			 json_figure(row, "exchange_rate_per_1000s") * MINUTES_PER_RATE);
	table_add(table, units_count(json_figure(row, "connections"), text));
	table_add(table, units_count(json_figure(row, "flows"), text));
	table_add(table, units_bytes(json_figure(row, "bytes_up"), text));
	table_add(table, units_bytes(json_figure(row, "bytes_down"), text));
	table_add(table, units_micro(json_figure(row, "tcp_rtt_min_us"), text));
	table_add(table, units_micro(json_figure(row, "relay_gap_us"), text));
	age_add(table, json_number(row, "last_unix_ns"), now);
	table_add_format(table, "%s%s", fleet, json_is_set(row, "is_shared") ? " shared" : "");
	table_colour(table, fleet[0] ? TABLE_RED : TABLE_PLAIN);
}

static bool sources_print(const json_t *result, bool is_coloured)
{
	static const struct table_column columns[] = {
		{ "SOURCE", TABLE_LEFT }, { "EXCHANGES", TABLE_RIGHT }, { "PER MIN", TABLE_RIGHT },
		{ "CONNS", TABLE_RIGHT }, { "OPEN", TABLE_RIGHT },	{ "UP", TABLE_RIGHT },
		{ "DOWN", TABLE_RIGHT },  { "TCP RTT", TABLE_RIGHT },	{ "GAP", TABLE_RIGHT },
		{ "LAST", TABLE_RIGHT },  { "FLEET", TABLE_LEFT },
	};
	struct table *table = table_new(columns, COUNT(columns));
	const json_t *row;
	bool has_lower_bound = false;
	size_t i;

	json_array_foreach(json_object_get(result, "sources"), i, row) {
		row_add(table, row, json_number(result, "now_unix_ns"));
		has_lower_bound |= json_is_set(row, "is_lower_bound");
	}
	table_print(table, stdout, is_coloured);
	table_free(table);
	if (has_lower_bound)
		printf(">= is a lower bound: several requests at once on one connection count as one\n");
	return i > 0;
}

int cmd_sources(int argc, char **argv)
{
	const char *sort = "exchanges";
	long limit = LIMIT_DEFAULT;
	const struct option_row rows[] = {
		{ "sort", 's', OPTION_TEXT, &sort, "KEY",
		  "exchanges, rate, bytes, connections or last" },
		{ "limit", 'n', OPTION_NUMBER, &limit, "N",
		  "rows, 0 for as many as there may be, 100,000 (default 50)" },
	};
	struct options options = {
		.usage = "weir sources [--sort KEY] [--limit N] [--json]",
		.about =
			"Shows the sources the kernel counts now, the busiest first. GAP is the relay gap:\n"
			"least TLS round trip minus least TCP round trip.",
		.rows = rows,
		.row_count = COUNT(rows),
	};
	json_t *result;
	size_t rows_shown;
	int code;

	if (options_parse(&options, argc, argv))
		return options.exit_code;
	if (options.word_count)
		return options_wrong(&options, "unexpected argument %s", options.words[0]);
	code = client_ask(&options, "sources",
			  json_pack("{s:s,s:I}", "sort", sort, "limit", (json_int_t)limit),
			  &result);
	if (code)
		return code;
	rows_shown = json_array_size(json_object_get(result, "sources"));
	if (options.is_json)
		client_print_json(result);
	else if (sources_print(result, colour_is_wanted(stdout)) &&
		 json_number(result, "total") > (json_int_t)rows_shown)
		printf("%zu of %lld sources; --limit 0 shows up to 100,000\n", rows_shown,
		       (long long)json_number(result, "total"));
	json_decref(result);
	return API_EXIT_OK;
}

static long screen_rows(void)
{
	struct winsize size;

	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) < 0 || size.ws_row <= TOP_HEAD_LINES + 1)
		return TOP_ROWS_DEFAULT;
	return size.ws_row - TOP_HEAD_LINES - 1;
}

static int top_show(const struct options *options, const char *sort, bool is_terminal)
{
	json_t *args = json_pack("{s:s,s:I}", "sort", sort, "limit", (json_int_t)screen_rows());
	char text[UNITS_TEXT_MAX];
	json_t *result;
	int code = client_ask(options, "sources", args, &result);

	if (code)
		return code;
	if (options->is_json) {
		client_print_json(result);
	} else {
		if (is_terminal)
			fputs("\033[H\033[2J", stdout);
		printf("%s UTC   %lld sources, %.2f exchanges a second\n\n",
		       units_utc((uint64_t)json_number(result, "now_unix_ns"), text),
		       (long long)json_number(result, "total"),
		       json_figure(result, "exchange_rate_per_1000s") / SECONDS_PER_RATE);
		sources_print(result, colour_is_wanted(stdout));
	}
	fflush(stdout);
	json_decref(result);
	return API_EXIT_OK;
}

int cmd_top(int argc, char **argv)
{
	const char *sort = "rate";
	uint64_t interval_ns = 2000000000ULL;
	long times = 0;
	const struct option_row rows[] = {
		{ "sort", 's', OPTION_TEXT, &sort, "KEY",
		  "rate, exchanges, bytes, connections or last" },
		{ "interval", 'i', OPTION_DURATION, &interval_ns, "TIME",
		  "between two looks (default 2s)" },
		{ "times", 'n', OPTION_NUMBER, &times, "N", "end after N looks" },
	};
	struct options options = {
		.usage = "weir top [--sort KEY] [--interval TIME] [--times N]",
		.about =
			"Watches the busiest sources. Without a terminal it prints one table after the other.",
		.rows = rows,
		.row_count = COUNT(rows),
	};
	bool is_terminal = isatty(STDOUT_FILENO);
	int code = API_EXIT_OK;

	if (options_parse(&options, argc, argv))
		return options.exit_code;
	if (!times && !is_terminal)
		times = 1;
	for (long i = 0; !code && (!times || i < times); i++) {
		struct timespec pause = {
			.tv_sec = (time_t)(interval_ns / 1000000000ULL),
			.tv_nsec = (long)(interval_ns % 1000000000ULL),
		};

		if (i)
			nanosleep(&pause, NULL);
		code = top_show(&options, sort, is_terminal);
	}
	return code;
}
