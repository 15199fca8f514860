/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */

/* `weir explain`: the chain from rule to fleet to evidence to figures, in sentences. */

#include <stdio.h>

#include "cmd/client.h"
#include "cmd/command.h"
#include "cmd/options.h"
#include "edge/api.h"

int cmd_explain(int argc, char **argv)
{
	struct options options = {
		.usage = "weir explain ADDRESS|CIDR|FLEET [--json]",
		.about =
			"Says which rules cover a source and why: rule, fleet, evidence, and its own figures\n"
			"beside the fleet's; for an ordinary source, why it belongs to no fleet.",
	};
	const json_t *line;
	json_t *result;
	size_t i;
	int code;

	if (options_parse(&options, argc, argv))
		return options.exit_code;
	if (options.word_count != 1)
		return options_wrong(&options, "name one source or fleet");
	code = client_ask(&options, "explain", json_pack("{s:s}", "subject", options.words[0]),
			  &result);
	if (code)
		return code;
	if (options.is_json) {
		client_print_json(result);
	} else {
		json_array_foreach(json_object_get(result, "lines"), i, line) {
			printf("%s\n", json_string_value(line));
		}
	}
	json_decref(result);
	return API_EXIT_OK;
}
