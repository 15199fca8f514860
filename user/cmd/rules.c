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

/* What is made of the pages, one after the other. */
struct rules_view {
	const struct options *options;
	struct table *table; /* for people */
	struct net *nets;    /* for other tools */
	size_t net_count;
	size_t shown, matched;
	bool is_off;
};

/* The same object as one whole answer would be, a rule on each line. */
static int page_print_json(struct rules_view *view, const json_t *page)
{
	const json_t *rows = json_object_get(page, "rules");
	const json_t *row;
	size_t i;

	if (!view->shown)
		printf("{\"now_unix_ns\": %lld, \"matched\": %zu, \"mode\": \"%s\", \"rules\": [",
		       (long long)json_number(page, "now_unix_ns"), view->matched,
		       json_text(page, "mode"));
	json_array_foreach(rows, i, row) {
		fputs(view->shown + i ? ",\n" : "\n", stdout);
		json_dumpf(row, stdout, JSON_COMPACT);
	}
	return 0;
}

static int page_take_rows(struct rules_view *view, const json_t *page)
{
	const json_t *row;
	size_t i;

	json_array_foreach(json_object_get(page, "rules"), i, row) {
		row_add(view->table, row, (uint64_t)json_number(page, "now_unix_ns"));
	}
	return 0;
}

/* What blocks: allows and observing rules are left out. */
static int page_take_nets(struct rules_view *view, const json_t *page)
{
	const json_t *rows = json_object_get(page, "rules");
	struct net *nets = reallocarray(view->nets, view->net_count + json_array_size(rows) + 1,
					sizeof(*nets));
	const json_t *row;
	size_t i;

	if (!nets)
		return API_EXIT_FAILED;
	view->nets = nets;
	json_array_foreach(rows, i, row) {
		const char *action = json_text(row, "action");

		if (strcmp(action, "allow") && strcmp(action, "observe") &&
		    !net_parse(json_text(row, "target"), &nets[view->net_count]))
			view->net_count++;
	}
	return 0;
}

/* The daemon answers in pages; args are what all of them have in common. limit 0: all. */
static int rules_each_page(struct rules_view *view, json_t *args, size_t limit,
			   int (*fn)(struct rules_view *view, const json_t *page))
{
	json_int_t after = 0;
	int code = API_EXIT_OK;

	do {
		json_t *asked = json_copy(args), *page;

		json_object_set_new(asked, "after", json_integer(after));
		json_object_set_new(asked, "limit",
				    json_integer(limit ? (json_int_t)(limit - view->shown) : 0));
		code = client_ask(view->options, "rules", asked, &page);
		if (code)
			break;
		if (!after)
			view->matched = (size_t)json_number(page, "matched");
		view->is_off = !strcmp(json_text(page, "mode"), "off");
		code = fn(view, page);
		view->shown += json_array_size(json_object_get(page, "rules"));
		after = json_number(page, "after");
		json_decref(page);
	} while (!code && after && (!limit || view->shown < limit));
	json_decref(args);
	return code;
}

static int rules_print_json(struct rules_view *view, json_t *args, size_t limit)
{
	int code = rules_each_page(view, args, limit, page_print_json);

	if (!code)
		puts("\n]}");
	return code;
}

static int rules_print(struct rules_view *view, json_t *args, size_t limit)
{
	static const struct table_column columns[] = {
		{ "ID", TABLE_RIGHT },	  { "TARGET", TABLE_LEFT },	 { "ACTION", TABLE_LEFT },
		{ "ORIGIN", TABLE_LEFT }, { "EXPIRES IN", TABLE_RIGHT }, { "PACKETS", TABLE_RIGHT },
		{ "BYTES", TABLE_RIGHT }, { "REASON", TABLE_LEFT },
	};
	int code;

	view->table = table_new(columns, COUNT(columns));
	code = rules_each_page(view, args, limit, page_take_rows);
	if (!code && view->shown)
		table_print(view->table, stdout, colour_is_wanted(stdout));
	else if (!code)
		printf("no rules\n");
	table_free(view->table);
	if (code)
		return code;
	if (view->matched > view->shown)
		printf("%zu of %zu rules; --limit 0 shows all\n", view->shown, view->matched);
	if (view->is_off)
		printf("mode is off: none of them bites\n");
	return API_EXIT_OK;
}

static int rules_export(struct rules_view *view, json_t *args, size_t limit,
			enum list_format format)
{
	int code = rules_each_page(view, args, limit, page_take_nets);

	if (!code && list_write(stdout, format, view->nets, view->net_count))
		code = API_EXIT_FAILED;
	free(view->nets);
	return code;
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
	struct rules_view view = { .options = &options };
	json_t *args;

	if (options_parse(&options, argc, argv))
		return options.exit_code;
	if (options.word_count)
		return options_wrong(&options, "unexpected argument %s: `weir explain %s`?",
				     options.words[0], options.words[0]);
	if (format && list_format_parse(format) < 0)
		return options_wrong(&options, "--export: %s is no format", format);
	args = json_pack("{s:s?,s:s?,s:b}", "origin", origin, "list", list, "all", is_all);
	if (format)
		return rules_export(&view, args, (size_t)limit,
				    (enum list_format)list_format_parse(format));
	if (options.is_json)
		return rules_print_json(&view, args, (size_t)limit);
	return rules_print(&view, args, (size_t)limit);
}
