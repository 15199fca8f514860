/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */

/* `weir unblock` and `weir unallow`: rules at exactly these targets out of force. */

#include <stdio.h>
#include <string.h>

#include "cmd/client.h"
#include "cmd/command.h"
#include "cmd/options.h"
#include "cmd/target_list.h"
#include "edge/api.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static void covered_print(const json_t *result)
{
	const json_t *row;
	size_t i;

	json_array_foreach(json_object_get(result, "still_covered"), i, row) {
		const json_t *rule = json_object_get(row, "rule");
		const char *list = json_text(rule, "list");

		printf("%s is still under %s of %s (%s%s%s)\n", json_text(row, "target"),
		       json_text(rule, "action"), json_text(rule, "target"),
		       json_text(rule, "origin"), list[0] ? " " : "", list);
	}
}

static int removal_ask(const struct options *options, const char *command, json_t *args)
{
	json_t *result;
	int code = client_ask(options, command, args, &result);

	if (code)
		return code;
	client_print_warnings(result);
	if (options->is_json) {
		client_print_json(result);
	} else {
		printf("removed %lld", (long long)json_number(result, "removed"));
		if (json_number(result, "not_found"))
			printf(", no rule at %lld", (long long)json_number(result, "not_found"));
		printf("\n");
		covered_print(result);
	}
	json_decref(result);
	return API_EXIT_OK;
}

static int removal_run(struct options *options, const char *command, const char *file,
		       const char *list)
{
	struct target_list targets = { 0 };
	int code = API_EXIT_USAGE;
	json_t *args;

	if (file)
		target_list_add(&targets, file, true);
	for (int i = 0; i < options->word_count; i++)
		target_list_add(&targets, options->words[i], false);
	if (!options->word_count && !file && !list) {
		code = options_wrong(options,
				     "name addresses, CIDRs, files, or - for standard input");
	} else if (targets.bad || targets.is_unreadable) {
		fprintf(stderr, "weir: nothing changed: %zu bad entries\n", targets.bad);
	} else {
		args = json_pack("{s:o}", "targets", target_list_json(&targets));
		if (list)
			json_object_set_new(args, "list", json_string(list));
		code = removal_ask(options, command, args);
	}
	target_list_clear(&targets);
	return code;
}

int cmd_unblock(int argc, char **argv)
{
	const char *file = NULL, *list = NULL;
	const struct option_row rows[] = {
		{ "file", 'f', OPTION_TEXT, &file, "FILE",
		  "targets from a file, - for standard input" },
		{ "list", 'L', OPTION_TEXT, &list, "NAME",
		  "only from this list; without targets the whole list" },
	};
	struct options options = {
		.usage = "weir unblock [--list NAME] [--json] ADDRESS|CIDR|FILE|-...",
		.about =
			"Takes back every block at exactly what is named, of any origin, and says what still\n"
			"covers it. A member of a fleet is allowed for 24 h, so that it stays unblocked.",
		.rows = rows,
		.row_count = COUNT(rows),
	};

	if (options_parse(&options, argc, argv))
		return options.exit_code;
	return removal_run(&options, "unblock", file, list);
}

int cmd_unallow(int argc, char **argv)
{
	const char *file = NULL;
	const struct option_row rows[] = {
		{ "file", 'f', OPTION_TEXT, &file, "FILE",
		  "targets from a file, - for standard input" },
	};
	struct options options = {
		.usage = "weir unallow [--json] ADDRESS|CIDR|FILE|-...",
		.about = "Takes back an allow at exactly what is named.",
		.rows = rows,
		.row_count = COUNT(rows),
	};

	if (options_parse(&options, argc, argv))
		return options.exit_code;
	return removal_run(&options, "unallow", file, NULL);
}
