/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */

/* The first word of a command line into the function that does it. */

#include <signal.h>
#include <stdio.h>
#include <string.h>

#include <weir/abi.h>

#include "cmd/command.h"
#include "cmd/options.h"
#include "edge/api.h"

const struct command commands[] = {
#define X(function, name, summary) { name, cmd_##function, summary },
	COMMANDS(X)
#undef X
};
const unsigned command_count = sizeof(commands) / sizeof(commands[0]);

const struct command *command_find(const char *name)
{
	for (unsigned i = 0; i < command_count; i++) {
		if (!strcmp(commands[i].name, name))
			return &commands[i];
	}
	return NULL;
}

static void commands_print(FILE *out)
{
	fprintf(out, "usage: weir COMMAND [OPTION...] [ARGUMENT...]\n\n");
	for (unsigned i = 0; i < command_count; i++)
		fprintf(out, "  %-9s %s\n", commands[i].name, commands[i].summary);
	fprintf(out,
		"\n`weir help COMMAND` shows its options. Exit codes: 0 in force, 1 failed and "
		"nothing changed,\n2 usage or bad input, 3 degraded, 4 daemon unreachable, "
		"5 not permitted.\n");
}

static int command_unknown(const char *name)
{
	fprintf(stderr, "weir: unknown command '%s'; `weir help` lists them\n", name);
	return API_EXIT_USAGE;
}

int cmd_version(int argc, char **argv)
{
	struct options options = {
		.usage = "weir version [--json]",
		.about = "Shows the version of weir and of its kernel interface.",
	};

	if (options_parse(&options, argc, argv))
		return options.exit_code;
	if (options.is_json)
		printf("{\"version\":\"%s\",\"abi\":%u}\n", WEIR_VERSION, WEIR_ABI_VERSION);
	else
		printf("weir %s (kernel interface %u)\n", WEIR_VERSION, WEIR_ABI_VERSION);
	return API_EXIT_OK;
}

int cmd_help(int argc, char **argv)
{
	const struct command *command;
	char help[] = "--help";
	char *words[] = { argc > 1 ? argv[1] : argv[0], help, NULL };

	if (argc < 2 || argv[1][0] == '-') {
		commands_print(stdout);
		return API_EXIT_OK;
	}
	command = command_find(argv[1]);
	if (!command)
		return command_unknown(argv[1]);
	if (command->fn == cmd_help) {
		printf("usage: weir help [COMMAND]\n");
		return API_EXIT_OK;
	}
	return command->fn(2, words);
}

/* A lost answer must not look like success: `weir rules >/dev/full` fails. */
static int output_finish(int code)
{
	if (fflush(stdout) == 0 && !ferror(stdout))
		return code;
	fprintf(stderr, "weir: cannot write to standard output\n");
	return code ? code : API_EXIT_FAILED;
}

int main(int argc, char **argv)
{
	const struct command *command;

	if (argc < 2) {
		commands_print(stderr);
		return API_EXIT_USAGE;
	}
	if (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h")) {
		commands_print(stdout);
		return output_finish(API_EXIT_OK);
	}
	if (!strcmp(argv[1], "--version") || !strcmp(argv[1], "-V"))
		argv[1] = (char *)"version";
	command = command_find(argv[1]);
	if (!command)
		return command_unknown(argv[1]);
	return output_finish(command->fn(argc - 1, argv + 1));
}
