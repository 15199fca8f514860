/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#pragma once

/* One question to the daemon that the options name, and the answer printed as JSON or handed on. */

#include <jansson.h>

#include "cmd/options.h"

/*
 * Takes args (NULL: none). 0 and *result, the answer's `result` (a new reference); or an exit code, said on
 * standard error, and with --json also the daemon's refusal on standard output.
 */
int client_ask(const struct options *options, const char *command, json_t *args, json_t **result);
/* As client_ask, but gives the whole answer, also a refusal; *answer NULL: there was none. */
int client_ask_whole(const struct options *options, const char *command, json_t *args,
		     json_t **answer);
/* As client_ask for a stream; fn gets every line. */
int client_stream(const struct options *options, const char *command, json_t *args,
		  int (*fn)(json_t *line, void *arg), void *arg);
void client_print_json(const json_t *value);
/* The result's warnings, one a line on standard error. */
void client_print_warnings(const json_t *result);

/* Values out of an answer; a missing or null one is "", 0 or false. */
const char *json_text(const json_t *object, const char *key);
json_int_t json_number(const json_t *object, const char *key);
double json_figure(const json_t *object, const char *key); /* NAN when missing */
bool json_is_set(const json_t *object, const char *key);
