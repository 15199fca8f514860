/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */

/* `weir replay`: logs or captures into fleets and rules, offline. */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <bpf/libbpf.h>

#include "cmd/client.h"
#include "cmd/command.h"
#include "cmd/options.h"
#include "cmd/replay_engine.h"
#include "cmd/replay_frames.h"
#include "cmd/table.h"
#include "cmd/units.h"
#include "core/rule.h"
#include "edge/api.h"
#include "edge/log.h"
#include "edge/recording.h"
#include "edge/replay_capture.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

struct replay_words {
	char *const *paths;
	size_t path_count;
	const char *service, *mode;
};

/* Broken rows are said by the reader; the rest of the log is still worth reading: -EBADMSG. */
static int log_replay(const char *path, struct replay *replay, struct stack_names *names)
{
	struct recording *recording;
	struct exchange exchange;
	size_t broken = 0;
	int error = recording_open(path, names, &recording);
	int got = 1;

	if (error)
		return error;
	while (!error && (got = recording_next(recording, &exchange)) != 0) {
		if (got == 1)
			error = replay_add(replay, &exchange);
		else if (got == -EINVAL)
			broken++;
		else
			error = got;
	}
	recording_close(recording);
	return error ? error : broken ? -EBADMSG : 0;
}

static int logs_replay(const struct replay_words *words, struct replay *replay,
		       struct stack_names *names)
{
	int error = 0;
	bool is_broken = false;

	for (size_t i = 0; i < words->path_count && !error; i++) {
		error = log_replay(words->paths[i], replay, names);
		is_broken |= error == -EBADMSG;
		error = error == -EBADMSG ? 0 : error;
	}
	return error ? error : is_broken ? -EBADMSG : 0;
}

static void fleets_print(const json_t *result)
{
	static const struct table_column columns[] = {
		{ "FLEET", TABLE_LEFT },	   { "LEVEL", TABLE_LEFT },
		{ "MEMBERS", TABLE_RIGHT },	   { "COORDINATION", TABLE_RIGHT },
		{ "CONCEALMENT", TABLE_RIGHT },	   { "SUSPECTED (UTC)", TABLE_LEFT },
		{ "CONFIRMED (UTC)", TABLE_LEFT },
	};
	struct table *table = table_new(columns, COUNT(columns));
	char text[UNITS_TEXT_MAX];
	const json_t *row, *evidence;
	size_t i, k;

	json_array_foreach(json_object_get(result, "fleets"), i, row) {
		table_add(table, json_text(row, "id"));
		table_add(table, json_text(row, "level"));
		table_add_format(table, "%zu", json_array_size(json_object_get(row, "sources")));
		table_add_format(table, "%.0f dB", json_figure(row, "score_db"));
		table_add_format(table, "%.0f dB", json_figure(row, "concealment_db"));
		table_add(table, units_utc((uint64_t)json_number(row, "first_suspected_ns"), text));
		table_add(table, units_utc((uint64_t)json_number(row, "first_confirmed_ns"), text));
	}
	if (i)
		table_print(table, stdout, colour_is_wanted(stdout));
	table_free(table);
	json_array_foreach(json_object_get(result, "fleets"), i, row) {
		printf("\n%s:\n", json_text(row, "id"));
		json_array_foreach(json_object_get(row, "evidence"), k, evidence) {
			printf("  %+6.1f dB  %s, %s: %s\n", json_figure(evidence, "db"),
			       json_text(evidence, "question"), json_text(evidence, "family"),
			       json_text(evidence, "why"));
		}
	}
}

static void result_print(const json_t *result)
{
	const json_t *frames = json_object_get(result, "frames");
	char from[UNITS_TEXT_MAX], to[UNITS_TEXT_MAX];
	const char *name;
	json_t *value;

	if (frames)
		printf("%lld frames: %lld run, %lld not runnable\n",
		       (long long)json_number(frames, "total"),
		       (long long)json_number(frames, "run"),
		       (long long)json_number(frames, "not_runnable"));
	json_object_foreach(json_object_get(frames, "reasons"), name, value) {
		printf("  %8lld  %s\n", (long long)json_integer_value(value), name);
	}
	printf("%lld exchanges of %lld sources, %s to %s UTC\n",
	       (long long)json_number(result, "exchanges"),
	       (long long)json_number(result, "sources"),
	       units_utc((uint64_t)json_number(result, "first_ns"), from),
	       units_utc((uint64_t)json_number(result, "last_ns"), to));
	printf("%zu fleets, %zu rules\n\n", json_array_size(json_object_get(result, "fleets")),
	       json_array_size(json_object_get(result, "rules")));
	fleets_print(result);
}

static int replay_failed(int error)
{
	switch (error) {
	case 0:
		return API_EXIT_OK;
	case -EBADMSG:
		fprintf(stderr,
			"weir: the input is broken in part, see above: the result lacks that\n");
		return API_EXIT_USAGE;
	case -EINVAL:
	case -ENOENT:
		return API_EXIT_USAGE; /* said in full above */
	case -EPERM:
	case -EACCES:
		fprintf(stderr, "weir: replay: %s\n", strerror(-error));
		return API_EXIT_NOT_PERMITTED;
	default:
		fprintf(stderr, "weir: replay: %s\n", strerror(-error));
		return API_EXIT_FAILED;
	}
}

static void result_show(const struct options *options, const struct replay *replay, json_t *frames)
{
	json_t *result = replay_json(replay);

	if (frames)
		json_object_set(result, "frames", frames);
	if (options->is_json)
		client_print_json(result);
	else
		result_print(result);
	json_decref(result);
}

static int replay_run(const struct options *options, const struct replay_words *words,
		      struct config *config, uint8_t mode)
{
	struct replay *replay = replay_new(config, mode);
	struct stack_names *names = stack_names_new();
	struct frames_context context = { config, replay, names };
	json_t *frames = NULL;
	int error = replay && names ? 0 : -ENOMEM;
	int end_error = 0;

	if (!error && capture_is_one(words->paths[0]))
		error = replay_frames(words->paths, words->path_count, &context, &frames);
	else if (!error)
		error = logs_replay(words, replay, names);
	if (!error || error == -EBADMSG) {
		end_error = replay_finish(replay);
		if (!end_error)
			result_show(options, replay, frames);
	}
	json_decref(frames);
	replay_free(replay);
	stack_names_free(names);
	return replay_failed(end_error ? end_error : error);
}

/* Captures go through the programs and logs past them: one run does the one or the other. */
static bool kinds_differ(const struct replay_words *words)
{
	for (size_t i = 1; i < words->path_count; i++) {
		if (capture_is_one(words->paths[i]) != capture_is_one(words->paths[0]))
			return true;
	}
	return false;
}

static int words_apply(const struct options *options, const struct replay_words *words,
		       struct config *config, int *mode)
{
	char why[160];

	*mode = mode_parse(words->mode);
	if (*mode < 0)
		return options_wrong(options, "--mode is propose, enforce or off");
	if (kinds_differ(words))
		return options_wrong(options, "captures and logs do not mix in one replay");
	if (!words->service)
		return 0;
	config->service_count = 0;
	if (config_set(config, "services", words->service, why, sizeof(why)))
		return options_wrong(options, "--service: %s", why);
	return 0;
}

int cmd_replay(int argc, char **argv)
{
	struct replay_words words = { .mode = "enforce" };
	const struct option_row rows[] = {
		{ "service", 's', OPTION_TEXT, &words.service, "ADDR:PORT",
		  "the service in a capture (default: who sends SYN-ACKs)" },
		{ "mode", 'm', OPTION_TEXT, &words.mode, "MODE",
		  "what the plan may do: enforce (default), propose, off" },
	};
	struct options options = {
		.usage = "weir replay [--service ADDR:PORT] [--config FILE] [--json] FILE...|-",
		.about =
			"Runs an exchange log (.csv, .csv.gz, .wx) through detection and plan in its own\n"
			"time, or a capture (.pcap, .pcapng) through the real BPF programs first. Needs no\n"
			"daemon; a capture needs root. Several files, as a rotation leaves them, are read as\n"
			"one, in the order given. Only detect.*, plan.*, allow and shared_sources of the\n"
			"configuration matter.",
		.rows = rows,
		.row_count = COUNT(rows),
	};
	struct config *config;
	int code, mode = 0;

	if (options_parse(&options, argc, argv))
		return options.exit_code;
	if (options.word_count < 1)
		return options_wrong(&options, "name files, or - for standard input");
	config = calloc(1, sizeof(*config));
	if (!config)
		return API_EXIT_FAILED;
	words.paths = options.words;
	words.path_count = (size_t)options.word_count;
	log_init(LOG_LEVEL_WARNING);
	libbpf_set_print((libbpf_print_fn_t)log_libbpf);
	code = options_config(&options, config);
	/* The services of a running configuration are not those of a capture from elsewhere. */
	if (!options.config_path)
		config->service_count = 0;
	if (!code)
		code = words_apply(&options, &words, config, &mode);
	if (!code)
		code = replay_run(&options, &words, config, (uint8_t)mode);
	free(config);
	return code;
}
