/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#pragma once

/* A table of options into values, and into the text of --help. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/config.h"

enum option_kind {
	OPTION_FLAG,	 /* bool * */
	OPTION_TEXT,	 /* const char ** */
	OPTION_NUMBER,	 /* long *, not negative */
	OPTION_DURATION, /* uint64_t *, ns */
};

struct option_row {
	const char *name;
	char letter; /* 0: none */
	enum option_kind kind;
	void *value;
	const char *argument; /* "SECONDS"; NULL for a flag */
	const char *help;
};

#define OPTION_ROWS_MAX 16

struct options {
	const char *usage;
	const char *about;
	const struct option_row *rows;
	size_t row_count;
	/* What every command takes, filled by options_parse. */
	bool is_json;
	const char *config_path; /* NULL: the default, which may be missing */
	const char *socket_path; /* NULL: as the configuration says */
	/* What is left. */
	char **words;
	int word_count;
	int exit_code; /* when options_parse returns true */
};

/* True: stop here with exit_code (--help was asked for, or the usage is wrong and was explained). */
bool options_parse(struct options *options, int argc, char **argv);
/* Says what is wrong with the usage; returns the exit code. */
int options_wrong(const struct options *options, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
/* The configuration these options name; without a default file the defaults. Errors are printed. 0 or exit code. */
int options_config(const struct options *options, struct config *config);
/* Where the daemon listens. 0 or an exit code. */
int options_socket(const struct options *options, char *path, size_t path_size);
