/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#pragma once

/* libyaml's events, one at a time, with the complaints about what they hold. For config.c. */

#include <stdbool.h>
#include <stdint.h>

#include <yaml.h>

#include "edge/config.h"

struct config_reader {
	yaml_parser_t parser;
	yaml_event_t event; /* the current one */
	FILE *in;
	const char *name;
	FILE *errors;
	struct config *config;
	uint16_t *seen_lines; /* by key: where it was set, 0: not yet */
	unsigned problems;
};

unsigned config_event_line(const struct config_reader *reader);
/* Writes "FILE:LINE: ..." and counts the problem. */
void config_complain(struct config_reader *reader, unsigned line, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
/* Steps to the next event; false at a broken file, told once. */
bool config_event_next(struct config_reader *reader);
/* Steps over the rest of the node whose first event is current, to its last event. */
bool config_node_skip(struct config_reader *reader);
bool config_event_is_start(const struct config_reader *reader);
bool config_event_is_end(const struct config_reader *reader);
/* "key:" with nothing behind it, as it stands when everything below is commented out. */
bool config_event_is_nothing(const struct config_reader *reader);
/* What is wrong with the way the node is written (anchor, alias, tag); NULL: nothing. */
const char *config_event_ornament(const struct config_reader *reader);
/* The current event's text; NULL with a complaint where it is not plain text. */
const char *config_event_text(struct config_reader *reader, const char *what);
