/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */

/* `weir rules`: rules as a table, or as a list that other tools read. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/client.h"
#include "cmd/command.h"
#include "cmd/options.h"
#include "cmd/table.h"
#include "cmd/units.h"
#include "edge/api.h"
#include "edge/lists.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static void row_add(struct table *table, const json_t *row, uint64_t now_unix_ns)
{
	const char *action = json_text(row, "action");
	const char *list = json_text(row, "list");
	char text[UNITS_TEXT_MAX];

	table_add_format(table, "%d", (int)json_number(row, "id"));
	table_add(table, json_text(row, "target"));
	if (!strcmp(action, "limit"))
		table_add_format(table, "limit %d/min", (int)json_number(row, "limit_per_min"));
	else
		table_add(table, action);
	table_colour(table, !strcmp(action, "allow")   ? TABLE_GREEN :
			    !strcmp(action, "observe") ? TABLE_PLAIN :
							 TABLE_RED);
	table_add_format(table, "%s%s%s", json_text(row, "origin"), list[0] ? " " : "", list);
	table_add(table,
		  units_until((uint64_t)json_number(row, "expires_unix_ns"), now_unix_ns, text));
	table_add(table, units_count(json_figure(row, "packets"), text));
	table_add(table, units_bytes(json_figure(row, "bytes"), text));
	table_add(table, json_text(row, "reason"));
}

static void rules_print(const json_t *result)
{
	static const struct table_column columns[] = {
		{ "ID", TABLE_RIGHT },	  { "TARGET", TABLE_LEFT },	 { "ACTION", TABLE_LEFT },
		{ "ORIGIN", TABLE_LEFT }, { "EXPIRES IN", TABLE_RIGHT }, { "PACKETS", TABLE_RIGHT },
		{ "BYTES", TABLE_RIGHT }, { "REASON", TABLE_LEFT },
	};
	struct table *table = table_new(columns, COUNT(columns));
	const json_t *row;
	size_t i;

	json_array_foreach(json_object_get(result, "rules"), i, row) {
		row_add(table, row, (uint64_t)json_number(result, "now_unix_ns"));
	}
	if (i)
		table_print(table, stdout, colour_is_wanted(stdout));
	else
		printf("no rules\n");
	table_free(table);
	if (json_number(result, "matched") > (json_int_t)i)
		printf("%zu of %lld rules; --limit 0 shows all\n", i,
		       (long long)json_number(result, "matched"));
	if (!strcmp(json_text(result, "mode"), "off"))
		printf("mode is off: none of them bites\n");
}

/* What blocks, for another tool: allows and observing rules are left out. */
static int rules_export(const json_t *result, enum list_format format)
{
	const json_t *rows = json_object_get(result, "rules");
	struct net *nets = calloc(json_array_size(rows) + 1, sizeof(*nets));
	const json_t *row;
	size_t i, count = 0;
	int error;

	if (!nets)
		return API_EXIT_FAILED;
	json_array_foreach(rows, i, row) {
		const char *action = json_text(row, "action");

		if (strcmp(action, "allow") && strcmp(action, "observe") &&
		    !net_parse(json_text(row, "target"), &nets[count]))
			count++;
	}
	error = list_write(stdout, format, nets, count);
	free(nets);
	return error ? API_EXIT_FAILED : API_EXIT_OK;
}

int cmd_rules(int argc, char **argv)
{
	const char *origin = NULL, *list = NULL, *format = NULL;
	bool is_all = false;
	long limit = 0;
	const struct option_row rows[] = {
		{ "origin", 'o', OPTION_TEXT, &origin, "ORIGIN",
		  "fleet, operator, list, map or guard" },
		{ "list", 'l', OPTION_TEXT, &list, "NAME", "of this list, or of this fleet" },
		{ "all", 'a', OPTION_FLAG, &is_all, NULL, "with the guards against lock-out" },
		{ "limit", 'n', OPTION_NUMBER, &limit, "N", "rows, 0 for all (default)" },
		{ "export", 'x', OPTION_TEXT, &format, "FORMAT",
		  "plain, json, nft, ipset or crowdsec: what blocks, for other tools" },
	};
	struct options options = {
		.usage =
			"weir rules [--origin ORIGIN] [--list NAME] [--all] [--export FORMAT] [--json]",
		.about = "Shows rules with who made them, when they end and what they caught.",
		.rows = rows,
		.row_count = COUNT(rows),
	};
	json_t *args, *result;
	int code;

	if (options_parse(&options, argc, argv))
		return options.exit_code;
	if (options.word_count)
		return options_wrong(&options, "unexpected argument %s: `weir explain %s`?",
				     options.words[0], options.words[0]);
	if (format && list_format_parse(format) < 0)
		return options_wrong(&options, "--export: %s is no format", format);
	args = json_pack("{s:s?,s:s?,s:b,s:I}", "origin", origin, "list", list, "all", is_all,
			 "limit", (json_int_t)limit);
	code = client_ask(&options, "rules", args, &result);
	if (code)
		return code;
	if (format)
		code = rules_export(result, (enum list_format)list_format_parse(format));
	else if (options.is_json)
		client_print_json(result);
	else
		rules_print(result);
	json_decref(result);
	return code;
}
