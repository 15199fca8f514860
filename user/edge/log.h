/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#pragma once

/* Log lines to standard error (with syslog priorities for the journal), lower case, no final dot. */

#include <stdbool.h>
#include <stdarg.h>

enum log_level {
	LOG_LEVEL_DEBUG,
	LOG_LEVEL_INFO,
	LOG_LEVEL_WARNING,
	LOG_LEVEL_ERROR
};

/* Under systemd ($JOURNAL_STREAM) lines get "<N>" priorities instead of "weir: warning:". */
void log_init(enum log_level level);
int log_level_parse(const char *name); /* enum log_level or -EINVAL */
void log_debug(const char *format, ...) __attribute__((format(printf, 1, 2)));
void log_info(const char *format, ...) __attribute__((format(printf, 1, 2)));
void log_warning(const char *format, ...) __attribute__((format(printf, 1, 2)));
void log_error(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* For libbpf_set_print: libbpf's messages one level lower. level is enum libbpf_print_level. */
int log_libbpf(int level, const char *format, va_list args);
/* Keeps the last error line, so that a command can put it into its JSON. */
const char *log_last_error(void);
