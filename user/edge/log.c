/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* Turns format strings and levels into whole lines on standard error, for a person or the journal. */

#include "edge/log.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <bpf/libbpf.h>

/* A line longer than this is cut: one write of at most PIPE_BUF keeps lines of processes whole. */
#define LOG_LINE_MAX 2048
#define LIBBPF_LINES_MAX 40 /* of one message: a screen */

static enum log_level log_level_min = LOG_LEVEL_INFO;
static bool log_is_journal;
static char log_last[LOG_LINE_MAX];

static const struct {
	const char *name;
	const char *journal; /* sd-daemon(3) */
	const char *terminal;
} log_levels[] = {
	[LOG_LEVEL_DEBUG] = { "debug", "<7>", "weir: debug: " },
	[LOG_LEVEL_INFO] = { "info", "<6>", "weir: " },
	[LOG_LEVEL_WARNING] = { "warning", "<4>", "weir: warning: " },
	[LOG_LEVEL_ERROR] = { "error", "<3>", "weir: error: " },
};

void log_init(enum log_level level)
{
	log_level_min = level;
	log_is_journal = getenv("JOURNAL_STREAM") != NULL;
}

int log_level_parse(const char *name)
{
	for (size_t i = 0; i < sizeof(log_levels) / sizeof(log_levels[0]); i++)
		if (strcmp(name, log_levels[i].name) == 0)
			return (int)i;
	return -EINVAL;
}

/* Line ends inside a message would forge lines. */
static void line_flatten(char *line)
{
	size_t len = strlen(line);

	while (len > 0 && line[len - 1] == '\n')
		line[--len] = '\0';
	for (size_t i = 0; i < len; i++)
		if ((unsigned char)line[i] < ' ' || line[i] == 0x7f)
			line[i] = ' ';
}

static void log_line(enum log_level level, const char *format, va_list args)
{
	char text[LOG_LINE_MAX];
	char line[LOG_LINE_MAX + 32];
	int saved_errno = errno;
	int len;

	if (level < log_level_min && level != LOG_LEVEL_ERROR)
		return;
	vsnprintf(text, sizeof(text), format, args);
	line_flatten(text);
	if (level == LOG_LEVEL_ERROR)
		memcpy(log_last, text, sizeof(text));
	len = snprintf(line, sizeof(line), "%s%s\n",
		       log_is_journal ? log_levels[level].journal : log_levels[level].terminal,
		       text);
	if (write(STDERR_FILENO, line, (size_t)len) < 0) {
		/* Nowhere to say so; the work goes on. */
	}
	errno = saved_errno;
}

#define LOG_AT(level)                                                                              \
	va_list args;                                                                              \
	va_start(args, format);                                                                    \
	log_line(level, format, args);                                                             \
	va_end(args)

void log_debug(const char *format, ...)
{
	LOG_AT(LOG_LEVEL_DEBUG);
}

void log_info(const char *format, ...)
{
	LOG_AT(LOG_LEVEL_INFO);
}

void log_warning(const char *format, ...)
{
	LOG_AT(LOG_LEVEL_WARNING);
}

void log_error(const char *format, ...)
{
	LOG_AT(LOG_LEVEL_ERROR);
}

/* The last lines of a text that may be a verifier's log of a megabyte: there it says what it wanted. */
static const char *text_tail(const char *text)
{
	const char *at = text + strlen(text);
	unsigned lines = 0;

	while (at > text && lines <= LIBBPF_LINES_MAX)
		if (*--at == '\n')
			lines++;
	return lines > LIBBPF_LINES_MAX ? at + 1 : text;
}

int log_libbpf(int level, const char *format, va_list args)
{
	char *text, *line, *rest;

	/* What libbpf calls a warning is often a probe that failed as expected: the caller judges. */
	(void)level;
	if (log_level_min > LOG_LEVEL_DEBUG || vasprintf(&text, format, args) < 0)
		return 0;
	rest = (char *)text_tail(text);
	while ((line = strsep(&rest, "\n")))
		if (*line)
			log_debug("%s", line);
	free(text);
	return 0;
}

const char *log_last_error(void)
{
	return log_last;
}
