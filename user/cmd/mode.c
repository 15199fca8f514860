/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */

/* `weir mode`: shows or sets what rules may do. */

#include <stdio.h>
#include <string.h>

#include "cmd/client.h"
#include "cmd/command.h"
#include "cmd/options.h"
#include "edge/api.h"

static const char *mode_text(const char *mode)
{
	return !strcmp(mode, "enforce") ? "fleet rules bite" :
	       !strcmp(mode, "off")	? "no rule of any origin bites" :
					  "fleet rules only observe";
}

int cmd_mode(int argc, char **argv)
{
	struct options options = {
		.usage = "weir mode [propose|enforce|off] [--json]",
		.about =
			"Shows or sets the mode. propose: rules of fleets are written as observe; enforce:\n"
			"they bite; off: no verdict at all, of any origin. Kept over restarts.",
	};
	json_t *args = NULL, *result;
	int code;

	if (options_parse(&options, argc, argv))
		return options.exit_code;
	if (options.word_count > 1)
		return options_wrong(&options, "one mode");
	if (options.word_count)
		args = json_pack("{s:s}", "mode", options.words[0]);
	code = client_ask(&options, "mode", args, &result);
	if (code)
		return code;
	if (options.is_json)
		client_print_json(result);
	else
		printf("%s: %s\n", json_text(result, "mode"), mode_text(json_text(result, "mode")));
	if (!json_is_set(result, "is_kept"))
		fprintf(stderr, "weir: the mode is in force but could not be saved\n");
	json_decref(result);
	return API_EXIT_OK;
}
