/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */

/* One question to the daemon that the options name, and the answer printed as JSON or handed on. */

#include "cmd/client.h"

#include <math.h>
#include <stdio.h>

#include "edge/api.h"

#define SOCKET_PATH_MAX 300

void client_print_json(const json_t *value)
{
	json_dumpf(value, stdout, JSON_INDENT(2) | JSON_REAL_PRECISION(12) | JSON_ENCODE_ANY);
	putchar('\n');
}

int client_ask_whole(const struct options *options, const char *command, json_t *args,
		     json_t **answer)
{
	char path[SOCKET_PATH_MAX];
	int code = options_socket(options, path, sizeof(path));

	*answer = NULL;
	if (!code)
		code = api_call(path, command, args, answer);
	json_decref(args);
	if (code && *answer && options->is_json)
		client_print_json(*answer);
	return code;
}

int client_ask(const struct options *options, const char *command, json_t *args, json_t **result)
{
	json_t *answer;
	int code = client_ask_whole(options, command, args, &answer);

	*result = NULL;
	if (!code) {
		*result = json_incref(json_object_get(answer, "result"));
		if (!*result)
			*result = json_object();
	}
	json_decref(answer);
	return code;
}

int client_stream(const struct options *options, const char *command, json_t *args,
		  int (*fn)(json_t *line, void *arg), void *arg)
{
	char path[SOCKET_PATH_MAX];
	int code = options_socket(options, path, sizeof(path));

	if (!code)
		code = api_stream(path, command, args, fn, arg);
	json_decref(args);
	return code;
}

void client_print_warnings(const json_t *result)
{
	const json_t *warning;
	size_t i;

	json_array_foreach(json_object_get(result, "warnings"), i, warning) {
		fprintf(stderr, "weir: %s\n", json_string_value(warning));
	}
}

const char *json_text(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text ? text : "";
}

json_int_t json_number(const json_t *object, const char *key)
{
	const json_t *value = json_object_get(object, key);

	return json_is_real(value) ? (json_int_t)json_real_value(value) : json_integer_value(value);
}

double json_figure(const json_t *object, const char *key)
{
	const json_t *value = json_object_get(object, key);

	return json_is_number(value) ? json_number_value(value) : NAN;
}

bool json_is_set(const json_t *object, const char *key)
{
	return json_is_true(json_object_get(object, key));
}
