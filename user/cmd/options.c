/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */

/* A table of options into values, and into the text of --help. */

#include "cmd/options.h"

#include <errno.h>
#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "edge/api.h"
#include "edge/config.h"

#define COMMON_ROWS 4
#define SOCKET_NAME "weir.sock"

static void common_rows(struct options *options, bool *is_help, struct option_row rows[COMMON_ROWS])
{
	const struct option_row all[COMMON_ROWS] = {
		{ "json", 'j', OPTION_FLAG, &options->is_json, NULL, "print JSON, base units" },
		{ "config", 'c', OPTION_TEXT, &options->config_path, "FILE",
		  "configuration (default " CONFIG_FILE_DEFAULT ")" },
		{ "socket", 0, OPTION_TEXT, &options->socket_path, "PATH",
		  "the daemon's control socket" },
		{ "help", 'h', OPTION_FLAG, is_help, NULL, "show this" },
	};

	memcpy(rows, all, sizeof(all));
}

static void row_print(const struct option_row *row)
{
	char left[48];
	int len = row->letter ? snprintf(left, sizeof(left), "-%c, --%s", row->letter, row->name) :
				snprintf(left, sizeof(left), "    --%s", row->name);

	if (row->argument)
		snprintf(left + len, sizeof(left) - (size_t)len, " %s", row->argument);
	printf("  %-26s %s\n", left, row->help);
}

static void help_print(const struct options *options, const struct option_row *rows, size_t count)
{
	printf("usage: %s\n\n%s\n\n", options->usage, options->about);
	for (size_t i = 0; i < count; i++)
		row_print(&rows[i]);
}

int options_wrong(const struct options *options, const char *format, ...)
{
	va_list args;

	fprintf(stderr, "weir: ");
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fprintf(stderr, "\nusage: %s\n", options->usage);
	return API_EXIT_USAGE;
}

static int number_parse(const char *text, long *value)
{
	char *end;

	errno = 0;
	*value = strtol(text, &end, 10);
	if (errno || end == text || *end || *value < 0)
		return -EINVAL;
	return 0;
}

/* "3600" and "1h" alike. */
static int seconds_parse(const char *text, uint64_t *ns)
{
	long seconds;

	if (number_parse(text, &seconds))
		return duration_parse(text, ns);
	if (seconds > INT32_MAX)
		return -ERANGE;
	*ns = (uint64_t)seconds * 1000000000ULL;
	return 0;
}

static bool row_set(struct options *options, const struct option_row *row, const char *text)
{
	switch (row->kind) {
	case OPTION_FLAG:
		*(bool *)row->value = true;
		return true;
	case OPTION_TEXT:
		*(const char **)row->value = text;
		return true;
	case OPTION_NUMBER:
		if (!number_parse(text, row->value))
			return true;
		options->exit_code =
			options_wrong(options, "--%s: '%s' is not a number", row->name, text);
		return false;
	case OPTION_DURATION:
		if (!seconds_parse(text, row->value))
			return true;
		options->exit_code =
			options_wrong(options,
				      "--%s: '%s' is not a duration like 90s, 15m, 24h or 30d",
				      row->name, text);
		return false;
	}
	return false;
}

/* getopt's two tables; its value is the row's number plus one. */
static void tables_make(const struct option_row *rows, size_t count, struct option *longs,
			char *shorts)
{
	*shorts++ = ':';
	for (size_t i = 0; i < count; i++) {
		longs[i] = (struct option){
			.name = rows[i].name,
			.has_arg = rows[i].argument ? required_argument : no_argument,
			.val = (int)i + 1,
		};
		if (!rows[i].letter)
			continue;
		*shorts++ = rows[i].letter;
		if (rows[i].argument)
			*shorts++ = ':';
	}
	*shorts = 0;
	memset(&longs[count], 0, sizeof(*longs));
}

static const struct option_row *row_find(const struct option_row *rows, size_t count, int value)
{
	if (value > 0 && (size_t)value <= count)
		return &rows[value - 1];
	for (size_t i = 0; i < count; i++) {
		if (rows[i].letter && rows[i].letter == value)
			return &rows[i];
	}
	return NULL;
}

static bool rows_apply(struct options *options, const struct option_row *rows, size_t count,
		       int argc, char **argv)
{
	struct option longs[OPTION_ROWS_MAX + COMMON_ROWS + 1];
	char shorts[2 * (OPTION_ROWS_MAX + COMMON_ROWS) + 2];
	int value;

	tables_make(rows, count, longs, shorts);
	opterr = 0;
	optind = 0;
	while ((value = getopt_long(argc, argv, shorts, longs, NULL)) != -1) {
		const struct option_row *row = row_find(rows, count, value);

		if (value == ':') {
			options->exit_code =
				options_wrong(options, "%s needs a value", argv[optind - 1]);
			return false;
		}
		if (!row) {
			options->exit_code =
				options_wrong(options, "unknown option %s", argv[optind - 1]);
			return false;
		}
		if (!row_set(options, row, optarg))
			return false;
	}
	options->words = argv + optind;
	options->word_count = argc - optind;
	return true;
}

bool options_parse(struct options *options, int argc, char **argv)
{
	struct option_row rows[OPTION_ROWS_MAX + COMMON_ROWS];
	size_t count = options->row_count;
	bool is_help = false;

	if (count)
		memcpy(rows, options->rows, count * sizeof(*rows));
	common_rows(options, &is_help, rows + count);
	count += COMMON_ROWS;
	if (!rows_apply(options, rows, count, argc, argv))
		return true;
	if (is_help) {
		help_print(options, rows, count);
		options->exit_code = API_EXIT_OK;
	}
	return is_help;
}

int options_config(const struct options *options, struct config *config)
{
	const char *path = options->config_path ? options->config_path : CONFIG_FILE_DEFAULT;
	int error;

	config_default(config);
	if (!options->config_path && access(path, F_OK) < 0 && errno == ENOENT)
		return 0;
	error = config_load(path, config, stderr);
	if (!error)
		return 0;
	if (error == -EACCES || error == -EPERM) {
		fprintf(stderr, "weir: %s: not permitted\n", path);
		return API_EXIT_NOT_PERMITTED;
	}
	if (error != -EINVAL)
		fprintf(stderr, "weir: %s: %s\n", path, strerror(-error));
	return API_EXIT_USAGE;
}

int options_socket(const struct options *options, char *path, size_t path_size)
{
	struct config *config;
	int code;

	if (options->socket_path) {
		snprintf(path, path_size, "%s", options->socket_path);
		return 0;
	}
	config = calloc(1, sizeof(*config));
	if (!config)
		return API_EXIT_FAILED;
	code = options_config(options, config);
	/* Without the right to read the configuration, a group member still finds the usual place. */
	if (code == API_EXIT_NOT_PERMITTED && !options->config_path)
		code = 0;
	snprintf(path, path_size, "%s/%s", config->run_dir, SOCKET_NAME);
	free(config);
	return code;
}
