/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */

/* `weir block` and `weir allow`: targets into rules that are in force when the command ends. */

#include <stdio.h>
#include <string.h>

#include "cmd/client.h"
#include "cmd/clock.h"
#include "cmd/command.h"
#include "cmd/options.h"
#include "cmd/target_list.h"
#include "cmd/units.h"
#include "edge/api.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define REFUSALS_SHOWN_MAX 1000
#define NUMBER_UNSET (-1L)

struct block_words {
	const char *action, *existing, *reason, *list, *file;
	long limit;
	uint64_t ttl_ns;
	bool is_replacing, is_dry_run, is_forced, is_skipping, is_strict;
};

/* What happens to open connections is another word for the action. NULL: not such a word. */
static const char *action_of_existing(const char *existing)
{
	return !strcmp(existing, "reset") ? "reset" :
	       !strcmp(existing, "drop")  ? "drop" :
	       !strcmp(existing, "keep")  ? "limit" :
					    NULL;
}

static int block_check(struct options *options, struct block_words *words)
{
	if (words->action && words->existing)
		return options_wrong(options,
				     "--action and --existing say the same thing: choose one");
	if (words->existing) {
		words->action = action_of_existing(words->existing);
		if (!words->action)
			return options_wrong(options, "--existing is reset, drop or keep");
		if (!strcmp(words->action, "limit"))
			words->limit = 0;
	}
	if (words->limit != NUMBER_UNSET && (!words->action || strcmp(words->action, "limit")))
		return options_wrong(options, "--limit goes with --action limit");
	if (words->action && !strcmp(words->action, "limit") && words->limit == NUMBER_UNSET)
		return options_wrong(options, "--action limit needs --limit N");
	if (words->is_replacing && !words->list)
		return options_wrong(options, "--replace needs --list NAME");
	if (words->is_replacing && words->is_forced)
		return options_wrong(options, "--force is not for lists");
	if (words->is_dry_run && !words->is_replacing)
		return options_wrong(options, "--dry-run goes with --list NAME --replace");
	if (!options->word_count && !words->file)
		return options_wrong(options,
				     "name addresses, CIDRs, files, or - for standard input");
	return 0;
}

static json_t *block_args(const struct block_words *words, const struct target_list *targets)
{
	json_t *args =
		json_pack("{s:o,s:s,s:b,s:b,s:b,s:b,s:b,s:b}", "targets", target_list_json(targets),
			  "reason", words->reason ? words->reason : "", "force", words->is_forced,
			  "skip_bad", words->is_skipping, "strict", words->is_strict, "replace",
			  words->is_replacing, "dry_run", words->is_dry_run, "merge",
			  targets->has_file);

	if (words->action)
		json_object_set_new(args, "action", json_string(words->action));
	if (words->list)
		json_object_set_new(args, "list", json_string(words->list));
	if (words->limit != NUMBER_UNSET)
		json_object_set_new(args, "limit", json_integer(words->limit));
	if (words->ttl_ns)
		json_object_set_new(
			args, "ttl_s",
			json_integer((json_int_t)((words->ttl_ns + NS_PER_S - 1) / NS_PER_S)));
	return args;
}

static void refusals_print(const json_t *refused, const struct target_list *targets)
{
	const json_t *row;
	size_t i;

	json_array_foreach(refused, i, row) {
		char place[300] = "";

		if (i == REFUSALS_SHOWN_MAX) {
			fprintf(stderr, "weir: and %zu more\n", json_array_size(refused) - i);
			break;
		}
		target_list_place(targets, json_text(row, "target"), place, sizeof(place));
		fprintf(stderr, "%s%s: %s\n", place[0] ? place : "weir: ", json_text(row, "target"),
			json_text(row, "why"));
	}
}

static void result_print(const json_t *result, const struct target_list *targets)
{
	uint64_t ttl_ns = (uint64_t)json_number(result, "ttl_s") * NS_PER_S;
	char span[UNITS_TEXT_MAX];

	printf("%sadded %lld, removed %lld, kept %lld, refused %zu: %s %s%s\n",
	       json_is_set(result, "is_dry_run") ? "would be: " : "",
	       (long long)json_number(result, "added"), (long long)json_number(result, "removed"),
	       (long long)json_number(result, "kept"),
	       json_array_size(json_object_get(result, "refused")) + targets->bad,
	       json_text(result, "action"), ttl_ns ? "for " : "for ever",
	       ttl_ns ? units_span(ttl_ns, span) : "");
}

static void merged_print(json_t *result, const struct target_list *targets)
{
	long long duplicates =
		(long long)targets->duplicates + (long long)json_number(result, "duplicates");
	long long contained = (long long)json_number(result, "contained");

	json_object_set_new(result, "merged", json_integer(duplicates + contained));
	if (duplicates || contained)
		fprintf(stderr, "weir: merged %lld duplicates and %lld nets inside wider ones\n",
			duplicates, contained);
}

static int block_ask(const struct options *options, const char *command,
		     const struct block_words *words, const struct target_list *targets)
{
	json_t *answer, *result;
	int code = client_ask_whole(options, command, block_args(words, targets), &answer);

	if (code) {
		refusals_print(json_object_get(answer, "refused"), targets);
		json_decref(answer);
		return code;
	}
	result = json_object_get(answer, "result");
	refusals_print(json_object_get(result, "refused"), targets);
	client_print_warnings(result);
	json_object_set_new(result, "bad", json_integer((json_int_t)targets->bad));
	merged_print(result, targets);
	if (options->is_json)
		client_print_json(result);
	else
		result_print(result, targets);
	json_decref(answer);
	return API_EXIT_OK;
}

static int block_run(const struct options *options, const char *command,
		     const struct block_words *words)
{
	struct target_list targets = { 0 };
	int code = API_EXIT_USAGE;

	if (words->file)
		target_list_add(&targets, words->file, true);
	for (int i = 0; i < options->word_count; i++)
		target_list_add(&targets, options->words[i], words->is_replacing);
	if (targets.is_unreadable)
		code = API_EXIT_USAGE;
	else if (targets.bad && !words->is_skipping)
		fprintf(stderr,
			"weir: nothing changed: %zu bad entries (--skip-bad applies the rest)\n",
			targets.bad);
	else if (!targets.count && !words->is_replacing)
		fprintf(stderr, "weir: nothing changed: no target is left\n");
	else
		code = block_ask(options, command, words, &targets);
	target_list_clear(&targets);
	return code;
}

int cmd_block(int argc, char **argv)
{
	struct block_words words = { .limit = NUMBER_UNSET };
	const struct option_row rows[] = {
		{ "ttl", 't', OPTION_DURATION, &words.ttl_ns, "TIME", "how long (default 24h)" },
		{ "reason", 'r', OPTION_TEXT, &words.reason, "TEXT",
		  "why, for whoever asks later" },
		{ "existing", 'e', OPTION_TEXT, &words.existing, "WHAT",
		  "open connections: reset (default), drop or keep" },
		{ "action", 'a', OPTION_TEXT, &words.action, "ACTION",
		  "reset, drop, limit or observe" },
		{ "limit", 'l', OPTION_NUMBER, &words.limit, "N",
		  "new connections a minute that --action limit lets through" },
		{ "file", 'f', OPTION_TEXT, &words.file, "FILE",
		  "targets from a file, - for standard input" },
		{ "list", 'L', OPTION_TEXT, &words.list, "NAME", "as part of this list" },
		{ "replace", 'R', OPTION_FLAG, &words.is_replacing, NULL,
		  "the list becomes what the files say, atomically" },
		{ "dry-run", 'n', OPTION_FLAG, &words.is_dry_run, NULL,
		  "only count what would change" },
		{ "skip-bad", 0, OPTION_FLAG, &words.is_skipping, NULL,
		  "apply what is good, leave out what is not" },
		{ "strict", 0, OPTION_FLAG, &words.is_strict, NULL,
		  "refuse what overlaps an allowed net" },
		{ "force", 0, OPTION_FLAG, &words.is_forced, NULL,
		  "wide prefixes and shared sources, too" },
	};
	struct options options = {
		.usage = "weir block [OPTION...] ADDRESS|CIDR|FILE|-...\n"
			 "       weir block --list NAME --replace [--dry-run] FILE|-",
		.about =
			"Blocks what is named: new connections are dropped, open ones reset. In force when\n"
			"the command ends. A word that is no address is a file; a bad line means that\n"
			"nothing is applied. Own addresses, gateways, resolvers and SSH peers are refused.",
		.rows = rows,
		.row_count = COUNT(rows),
	};
	int code;

	if (options_parse(&options, argc, argv))
		return options.exit_code;
	code = block_check(&options, &words);
	return code ? code : block_run(&options, "block", &words);
}

int cmd_allow(int argc, char **argv)
{
	struct block_words words = { .limit = NUMBER_UNSET };
	const struct option_row rows[] = {
		{ "ttl", 't', OPTION_DURATION, &words.ttl_ns, "TIME",
		  "how long (default: for ever)" },
		{ "reason", 'r', OPTION_TEXT, &words.reason, "TEXT",
		  "why, for whoever asks later" },
		{ "file", 'f', OPTION_TEXT, &words.file, "FILE",
		  "targets from a file, - for standard input" },
		{ "skip-bad", 0, OPTION_FLAG, &words.is_skipping, NULL,
		  "apply what is good, leave out what is not" },
	};
	struct options options = {
		.usage = "weir allow [OPTION...] ADDRESS|CIDR|FILE|-...",
		.about =
			"Never blocks what is named: an allow wins over every rule of any origin. Kept in a\n"
			"text file of its own, so that a lost ledger cannot lose it.",
		.rows = rows,
		.row_count = COUNT(rows),
	};

	if (options_parse(&options, argc, argv))
		return options.exit_code;
	if (!options.word_count && !words.file)
		return options_wrong(&options,
				     "name addresses, CIDRs, files, or - for standard input");
	return block_run(&options, "allow", &words);
}
