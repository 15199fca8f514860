/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */

/* `weir fleets`, `confirm` and `dismiss`: fleets as a table, and the operator's word on one. */

#include <stdio.h>
#include <string.h>

#include "cmd/client.h"
#include "cmd/command.h"
#include "cmd/options.h"
#include "cmd/table.h"
#include "cmd/units.h"
#include "edge/api.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static enum table_colour level_colour(const char *level)
{
	return !strcmp(level, "confirmed") ? TABLE_RED :
	       !strcmp(level, "suspect")   ? TABLE_YELLOW :
					     TABLE_PLAIN;
}

static void row_add(struct table *table, const json_t *row)
{
	char text[UNITS_TEXT_MAX];

	table_add(table, json_text(row, "id"));
	table_add(table, json_text(row, "level"));
	table_colour(table, level_colour(json_text(row, "level")));
	table_add(table, json_text(row, "state"));
	table_add_format(table, "%d", (int)json_number(row, "listed"));
	table_add_format(table, "%.0f dB", json_figure(row, "score_db"));
	table_add_format(table, "%.0f dB", json_figure(row, "concealment_db"));
	table_add(table, units_utc((uint64_t)json_number(row, "first_seen_unix_ns"), text));
	table_add(table, units_utc((uint64_t)json_number(row, "first_confirmed_unix_ns"), text));
	table_add(table, json_text(row, "word"));
	table_add(table, json_text(row, "cell"));
}

static void fleets_print(const json_t *result)
{
	static const struct table_column columns[] = {
		{ "FLEET", TABLE_LEFT },	 { "LEVEL", TABLE_LEFT },
		{ "STATE", TABLE_LEFT },	 { "MEMBERS", TABLE_RIGHT },
		{ "COORDINATION", TABLE_RIGHT }, { "CONCEALMENT", TABLE_RIGHT },
		{ "SEEN (UTC)", TABLE_LEFT },	 { "CONFIRMED (UTC)", TABLE_LEFT },
		{ "OPERATOR", TABLE_LEFT },	 { "CELL", TABLE_LEFT },
	};
	struct table *table = table_new(columns, COUNT(columns));
	const json_t *row;
	size_t i;

	json_array_foreach(json_object_get(result, "fleets"), i, row) {
		row_add(table, row);
	}
	if (i)
		table_print(table, stdout, colour_is_wanted(stdout));
	else
		printf("no fleets\n");
	table_free(table);
	if (i && strcmp(json_text(result, "mode"), "enforce"))
		printf("mode is %s: no fleet rule bites\n", json_text(result, "mode"));
}

int cmd_fleets(int argc, char **argv)
{
	const char *level = "watch";
	bool with_members = false;
	const struct option_row rows[] = {
		{ "level", 'l', OPTION_TEXT, &level, "LEVEL",
		  "at least watch, suspect or confirmed (default watch)" },
		{ "members", 'm', OPTION_FLAG, &with_members, NULL,
		  "with the members of each (JSON only)" },
	};
	struct options options = {
		.usage = "weir fleets [--level LEVEL] [--json [--members]]",
		.about =
			"Shows fleets: sources that one queue seems to feed. COORDINATION says whether they\n"
			"are one actor, CONCEALMENT whether they hide it. `weir explain FLEET` says why.",
		.rows = rows,
		.row_count = COUNT(rows),
	};
	json_t *result;
	int code;

	if (options_parse(&options, argc, argv))
		return options.exit_code;
	if (options.word_count)
		return options_wrong(&options, "unexpected argument %s: `weir explain %s`?",
				     options.words[0], options.words[0]);
	code = client_ask(&options, "fleets",
			  json_pack("{s:s,s:b}", "level", level, "members", with_members), &result);
	if (code)
		return code;
	if (options.is_json)
		client_print_json(result);
	else
		fleets_print(result);
	json_decref(result);
	return API_EXIT_OK;
}

static int fleet_judge(struct options *options, const char *command, int argc, char **argv)
{
	json_t *result;
	int code;

	if (options_parse(options, argc, argv))
		return options->exit_code;
	if (options->word_count != 1)
		return options_wrong(options, "name one fleet");
	code = client_ask(options, command, json_pack("{s:s}", "fleet", options->words[0]),
			  &result);
	if (code)
		return code;
	if (options->is_json)
		client_print_json(result);
	else
		printf("fleet %s is %s by the operator, %d members\n", options->words[0],
		       json_text(result, "word"), (int)json_number(result, "listed"));
	json_decref(result);
	return API_EXIT_OK;
}

int cmd_confirm(int argc, char **argv)
{
	struct options options = {
		.usage = "weir confirm FLEET [--json]",
		.about =
			"Says that a fleet is one: it is confirmed whatever its evidence, and its rules stay\n"
			"(commit-confirm). Allows, shared sources and the budget still hold.",
	};

	return fleet_judge(&options, "confirm", argc, argv);
}

int cmd_dismiss(int argc, char **argv)
{
	struct options options = {
		.usage = "weir dismiss FLEET [--json]",
		.about =
			"Says that a fleet is honest: its rules go, and it gets none under another id either.",
	};

	return fleet_judge(&options, "dismiss", argc, argv);
}
