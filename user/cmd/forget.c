/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */

/* `weir forget`: all that is known of an address out of maps, memory and ledger. */

#include <stdio.h>

#include "cmd/client.h"
#include "cmd/command.h"
#include "cmd/options.h"
#include "edge/api.h"

int cmd_forget(int argc, char **argv)
{
	struct options options = {
		.usage = "weir forget ADDRESS|CIDR [--json]",
		.about =
			"Deletes what is known of a source: counters, flows, profile, ledger. Rules stay; see\n"
			"`weir unblock`.",
	};
	json_t *result;
	int code;

	if (options_parse(&options, argc, argv))
		return options.exit_code;
	if (options.word_count != 1)
		return options_wrong(&options, "name one address or CIDR");
	code = client_ask(&options, "forget", json_pack("{s:s}", "target", options.words[0]),
			  &result);
	if (code)
		return code;
	if (options.is_json)
		client_print_json(result);
	else
		printf("forgot %lld entries of the kernel's tables and %lld profiles\n",
		       (long long)json_number(result, "entries"),
		       (long long)json_number(result, "sources"));
	json_decref(result);
	return API_EXIT_OK;
}
