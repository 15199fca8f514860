/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */

/* `weir record`: the daemon's stream of exchanges into a log. */

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "cmd/client.h"
#include "cmd/command.h"
#include "cmd/daemon/stream.h"
#include "cmd/options.h"
#include "edge/api.h"
#include "edge/recording.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

struct record {
	struct recording_writer *writer;
	struct stack_names *names;
	uint64_t written, lost;
	int error;
};

static volatile sig_atomic_t is_interrupted;

static void interrupt(int number)
{
	(void)number;
	is_interrupted = 1;
}

/* Without SA_RESTART, so that the wait for the next line ends. */
static void signals_catch(void)
{
	struct sigaction action = { .sa_handler = interrupt };

	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
}

static int line_write(json_t *line, void *arg)
{
	struct record *record = arg;
	struct exchange exchange;

	if (json_object_get(line, "name"))
		stack_names_put(record->names, (uint64_t)json_number(line, "digest"),
				json_text(line, "name"));
	if (json_object_get(line, "lost"))
		record->lost = (uint64_t)json_number(line, "lost");
	if (stream_parse(line, &exchange)) {
		record->error = recording_write(record->writer, &exchange, record->names);
		record->written += !record->error;
	}
	return record->error || is_interrupted || json_is_set(line, "end");
}

static int format_parse(const char *format, const char *path)
{
	size_t len = strlen(path);

	if (!format)
		return len > 3 && !strcmp(path + len - 3, ".wx") ? RECORDING_WX : RECORDING_CSV;
	return !strcmp(format, "csv") ? RECORDING_CSV :
	       !strcmp(format, "wx")  ? RECORDING_WX :
					-EINVAL;
}

static int record_run(const struct options *options, struct record *record, long seconds)
{
	int code, error;

	record->names = stack_names_new();
	if (!record->names)
		return API_EXIT_FAILED;
	signals_catch();
	code = client_stream(options, "record", json_pack("{s:I}", "seconds", (json_int_t)seconds),
			     line_write, record);
	error = recording_finish(record->writer);
	stack_names_free(record->names);
	if (record->error || error) {
		fprintf(stderr, "weir: cannot write the log: %s\n",
			strerror(-(record->error ? record->error : error)));
		return API_EXIT_FAILED;
	}
	if (!code)
		fprintf(stderr, "weir: %llu exchanges written, %llu lost\n",
			(unsigned long long)record->written, (unsigned long long)record->lost);
	return code;
}

int cmd_record(int argc, char **argv)
{
	const char *format = NULL;
	bool is_anonymised = false;
	long seconds = 0;
	const struct option_row rows[] = {
		{ "format", 'F', OPTION_TEXT, &format, "FORMAT",
		  "csv or wx (default: wx for *.wx, else csv)" },
		{ "anonymise", 'A', OPTION_FLAG, &is_anonymised, NULL,
		  "prefix-preserving pseudonyms for addresses" },
		{ "seconds", 's', OPTION_NUMBER, &seconds, "N", "end after N seconds" },
	};
	struct options options = {
		.usage = "weir record [--format FORMAT] [--anonymise] [--seconds N] FILE|-",
		.about =
			"Writes every exchange to a log until interrupted; `weir replay` reads it.",
		.rows = rows,
		.row_count = COUNT(rows),
	};
	struct record record = { 0 };
	int number, error;

	if (options_parse(&options, argc, argv))
		return options.exit_code;
	if (options.word_count != 1)
		return options_wrong(&options, "name one file, or - for standard output");
	number = format_parse(format, options.words[0]);
	if (number < 0)
		return options_wrong(&options, "--format is csv or wx");
	error = recording_create(options.words[0], (enum recording_format)number, is_anonymised,
				 &record.writer);
	if (error) {
		fprintf(stderr, "weir: %s: %s\n", options.words[0], strerror(-error));
		return API_EXIT_FAILED;
	}
	return record_run(&options, &record, seconds);
}
