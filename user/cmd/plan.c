/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */

/* `weir plan`: what fleet rules should be in force, and why not where not. */

#include <stdio.h>
#include <string.h>

#include "cmd/client.h"
#include "cmd/command.h"
#include "cmd/options.h"
#include "cmd/table.h"
#include "cmd/units.h"
#include "edge/api.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static void plan_print(const json_t *result)
{
	static const struct table_column columns[] = {
		{ "SOURCE", TABLE_LEFT },
		{ "FLEET", TABLE_LEFT },
		{ "ACTION", TABLE_LEFT },
		{ "WHY", TABLE_LEFT },
	};
	struct table *table = table_new(columns, COUNT(columns));
	char made[UNITS_TEXT_MAX];
	const json_t *row;
	size_t i;

	json_array_foreach(json_object_get(result, "rows"), i, row) {
		const char *action = json_text(row, "action");
		bool is_biting = action[0] && strcmp(action, "observe");
		const char *why = json_text(row, "why");

		table_add(table, json_text(row, "source"));
		table_add(table, json_text(row, "fleet"));
		table_add(table, action[0] ? action : "-");
		table_colour(table, is_biting ? TABLE_RED : TABLE_PLAIN);
		table_add(table, why[0] ? why : json_text(row, "verdict"));
	}
	if (i)
		table_print(table, stdout, colour_is_wanted(stdout));
	table_free(table);
	printf("%zu rows, made %s UTC, mode %s; ordinary share under rules: %.3g %% of exchanges "
	       "(budget %.3g %%), %.3g %% of sources (budget %.3g %%)\n",
	       i, units_utc((uint64_t)json_number(result, "made_unix_ns"), made),
	       json_text(result, "mode"), 100 * json_figure(result, "share_exchanges"),
	       100 * json_figure(result, "budget_exchanges"),
	       100 * json_figure(result, "share_sources"),
	       100 * json_figure(result, "budget_sources"));
}

int cmd_plan(int argc, char **argv)
{
	struct options options = {
		.usage = "weir plan [FLEET] [--json]",
		.about =
			"Shows the rules that weir wants for members of fleets and what holds them back:\n"
			"allows, shared addresses, the budget, the holdout, too little history, the mode.",
	};
	json_t *args = NULL, *result;
	int code;

	if (options_parse(&options, argc, argv))
		return options.exit_code;
	if (options.word_count > 1)
		return options_wrong(&options, "one fleet at most");
	if (options.word_count)
		args = json_pack("{s:s}", "fleet", options.words[0]);
	code = client_ask(&options, "plan", args, &result);
	if (code)
		return code;
	if (options.is_json)
		client_print_json(result);
	else
		plan_print(result);
	json_decref(result);
	return API_EXIT_OK;
}
