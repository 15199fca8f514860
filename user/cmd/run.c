/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */

/* `weir run`: a configuration into the daemon. */

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <bpf/libbpf.h>

#include "cmd/command.h"
#include "cmd/daemon/daemon.h"
#include "cmd/options.h"
#include "edge/config.h"
#include "edge/log.h"

static int daemon_run(struct daemon *d)
{
	int code = daemon_start(d);

	if (!code)
		code = daemon_loop(d);
	daemon_stop(d);
	return code;
}

static enum log_level level_of(const struct config *config, bool is_verbose)
{
	int level = log_level_parse(config->log_level);

	if (is_verbose)
		return LOG_LEVEL_DEBUG;
	return level < 0 ? LOG_LEVEL_INFO : (enum log_level)level;
}

int cmd_run(int argc, char **argv)
{
	bool is_foreground = false, is_verbose = false;
	const struct option_row rows[] = {
		{ "foreground", 'f', OPTION_FLAG, &is_foreground, NULL,
		  "stay in the foreground (it always does)" },
		{ "verbose", 'v', OPTION_FLAG, &is_verbose, NULL, "log at level debug" },
	};
	struct options options = {
		.usage = "weir run [--config FILE] [--foreground]",
		.about =
			"Runs the daemon: attaches to the interfaces, counts, finds fleets, keeps rules in\n"
			"force. SIGHUP reads the configuration again, SIGTERM ends it cleanly; the programs\n"
			"then stay for ten seconds, so that a restart is not felt (with `persist`: for good).",
		.rows = rows,
		.row_count = sizeof(rows) / sizeof(rows[0]),
	};
	struct daemon *d;
	int code;

	if (options_parse(&options, argc, argv))
		return options.exit_code;
	if (options.word_count)
		return options_wrong(&options, "unexpected argument %s", options.words[0]);
	d = calloc(1, sizeof(*d));
	if (!d)
		return API_EXIT_FAILED;
	code = options_config(&options, &d->config);
	d->config_path = options.config_path			? options.config_path :
			 access(CONFIG_FILE_DEFAULT, F_OK) == 0 ? CONFIG_FILE_DEFAULT :
								  NULL;
	if (!code) {
		log_init(level_of(&d->config, is_verbose));
		libbpf_set_print((libbpf_print_fn_t)log_libbpf);
		code = daemon_run(d);
	}
	free(d);
	return code;
}
