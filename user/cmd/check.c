/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */

/* `weir check`: a configuration file into "ok" or every error in it. */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/client.h"
#include "cmd/command.h"
#include "cmd/options.h"
#include "edge/api.h"
#include "edge/config.h"

static int file_check(const char *path, struct config *config, FILE *errors)
{
	char why[256];
	int error = config_load(path, config, errors);

	if (!error && config_check(config, why, sizeof(why))) {
		fprintf(errors, "%s: %s\n", path, why);
		return API_EXIT_USAGE;
	}
	if (error && error != -EINVAL)
		fprintf(errors, "%s: %s\n", path, strerror(-error));
	if (error == -EACCES || error == -EPERM)
		return API_EXIT_NOT_PERMITTED;
	return error ? API_EXIT_USAGE : API_EXIT_OK;
}

/* Lines of text into an array. */
static json_t *lines_new(char *text)
{
	json_t *lines = json_array();
	char *rest = NULL;

	for (char *line = strtok_r(text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest))
		json_array_append_new(lines, json_string(line));
	return lines;
}

static int file_check_json(const char *path, struct config *config)
{
	char *text = NULL;
	size_t size = 0;
	FILE *errors = open_memstream(&text, &size);
	json_t *result;
	int code;

	if (!errors)
		return API_EXIT_FAILED;
	code = file_check(path, config, errors);
	fclose(errors);
	result =
		json_pack("{s:s,s:b,s:o}", "file", path, "is_ok", !code, "errors", lines_new(text));
	client_print_json(result);
	json_decref(result);
	free(text);
	return code;
}

int cmd_check(int argc, char **argv)
{
	bool is_example = false;
	const struct option_row rows[] = {
		{ "example", 0, OPTION_FLAG, &is_example, NULL,
		  "print a file with every key, its default, unit and range" },
	};
	struct options options = {
		.usage = "weir check [--json] FILE | weir check --example",
		.about =
			"Checks a configuration file without running anything: every error is named with\n"
			"its line. Exit code 2 when there are any.",
		.rows = rows,
		.row_count = 1,
	};
	struct config *config;
	const char *path;
	int code;

	if (options_parse(&options, argc, argv))
		return options.exit_code;
	if (is_example) {
		config_print_example(stdout);
		return API_EXIT_OK;
	}
	if (options.word_count > 1)
		return options_wrong(&options, "one file at a time");
	path = options.word_count  ? options.words[0] :
	       options.config_path ? options.config_path :
				     CONFIG_FILE_DEFAULT;
	config = calloc(1, sizeof(*config));
	if (!config)
		return API_EXIT_FAILED;
	config_default(config);
	if (options.is_json)
		code = file_check_json(path, config);
	else
		code = file_check(path, config, stderr);
	if (!code && !options.is_json)
		printf("%s: ok\n", path);
	free(config);
	return code;
}
