/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */

/* `weir detach`: everything of weir's out of the kernel, and nothing else. */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cmd/client.h"
#include "cmd/command.h"
#include "cmd/options.h"
#include "edge/api.h"
#include "edge/kernel.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define STOP_TRIES 100 /* of a tenth of a second */
#define TRY_NS 100000000L

static void removed_say(const char *what, void *arg)
{
	json_t *removed = arg;

	if (removed)
		json_array_append_new(removed, json_string(what));
	else
		printf("removed %s\n", what);
}

/* Asks the daemon to end and waits until it has let go of its lock. */
static int daemon_end(const struct options *options, const char *run_dir)
{
	const struct timespec pause = { .tv_nsec = TRY_NS };
	json_t *result = NULL;
	int code = client_ask(options, "stop", NULL, &result);

	json_decref(result);
	if (code)
		return code;
	for (int i = 0; i < STOP_TRIES; i++) {
		if (!kernel_daemon_pid(run_dir))
			return 0;
		nanosleep(&pause, NULL);
	}
	fprintf(stderr, "weir: the daemon does not end\n");
	return API_EXIT_FAILED;
}

static int detach_run(const struct options *options, const char *pin_dir)
{
	json_t *removed = options->is_json ? json_array() : NULL;
	int count = kernel_detach(pin_dir, removed_say, removed);

	if (count < 0) {
		fprintf(stderr, "weir: %s: cannot detach: %s\n", pin_dir, strerror(-count));
		json_decref(removed);
		return count == -EPERM || count == -EACCES ? API_EXIT_NOT_PERMITTED :
							     API_EXIT_FAILED;
	}
	if (removed) {
		json_t *result = json_pack("{s:i,s:o}", "count", count, "removed", removed);

		client_print_json(result);
		json_decref(result);
	} else if (!count) {
		printf("nothing of weir's is there\n");
	}
	return API_EXIT_OK;
}

int cmd_detach(int argc, char **argv)
{
	bool is_forced = false;
	const struct option_row rows[] = {
		{ "force", 0, OPTION_FLAG, &is_forced, NULL, "end a running daemon first" },
	};
	struct options options = {
		.usage = "weir detach [--force] [--config FILE] [--json]",
		.about =
			"Removes weir's links, filters, programs and maps from the kernel, and nothing else.\n"
			"The ledger stays. Refuses while a daemon runs, unless forced to end it.",
		.rows = rows,
		.row_count = COUNT(rows),
	};
	struct config *config;
	int code, pid;

	if (options_parse(&options, argc, argv))
		return options.exit_code;
	if (options.word_count)
		return options_wrong(&options, "unexpected argument %s", options.words[0]);
	config = calloc(1, sizeof(*config));
	if (!config)
		return API_EXIT_FAILED;
	code = options_config(&options, config);
	pid = code ? 0 : (int)kernel_daemon_pid(config->run_dir);
	if (pid && !is_forced) {
		fprintf(stderr, "weir: a daemon runs (pid %d): end it first, or use --force\n",
			pid);
		code = API_EXIT_FAILED;
	} else if (pid) {
		code = daemon_end(&options, config->run_dir);
	}
	if (!code)
		code = detach_run(&options, config->pin_dir);
	free(config);
	return code;
}
