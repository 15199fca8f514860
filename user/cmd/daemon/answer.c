/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */

/* Arguments of a request, never trusted, into values; and values into answers. */

#include "cmd/daemon/answer.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "edge/api.h"

json_t *answer_ok(json_t *result)
{
	if (!result)
		return answer_refused(API_EXIT_FAILED, "out of memory");
	return json_pack("{s:b,s:o}", "ok", 1, "result", result);
}

json_t *answer_refused(int code, const char *format, ...)
{
	char error[512];
	va_list args;

	va_start(args, format);
	vsnprintf(error, sizeof(error), format, args);
	va_end(args);
	return json_pack("{s:b,s:i,s:s}", "ok", 0, "code", code, "error", error);
}

__attribute__((format(printf, 2, 3))) static void wrong(struct args *args, const char *format, ...)
{
	va_list values;

	if (args->why[0])
		return;
	va_start(values, format);
	vsnprintf(args->why, sizeof(args->why), format, values);
	va_end(values);
}

static bool text_is_plain(const char *text)
{
	for (; *text; text++) {
		if ((unsigned char)*text < ' ' || *text == 0x7f)
			return false;
	}
	return true;
}

const char *args_text(struct args *args, const char *name, const char *fallback)
{
	const json_t *value = json_object_get(args->object, name);

	if (!value || json_is_null(value))
		return fallback;
	if (!json_is_string(value) || json_string_length(value) > ARG_TEXT_MAX ||
	    !text_is_plain(json_string_value(value))) {
		wrong(args, "%s must be a line of at most %d bytes", name, ARG_TEXT_MAX);
		return fallback;
	}
	return json_string_value(value);
}

bool args_flag(struct args *args, const char *name)
{
	const json_t *value = json_object_get(args->object, name);

	if (value && !json_is_boolean(value))
		wrong(args, "%s must be true or false", name);
	return json_is_true(value);
}

int64_t args_number(struct args *args, const char *name, int64_t min, int64_t max, int64_t fallback)
{
	const json_t *value = json_object_get(args->object, name);

	if (!value || json_is_null(value))
		return fallback;
	if (!json_is_integer(value) || json_integer_value(value) < min ||
	    json_integer_value(value) > max) {
		wrong(args, "%s must be a whole number from %" PRId64 " to %" PRId64, name, min,
		      max);
		return fallback;
	}
	return json_integer_value(value);
}

const char *net_error_text(int error)
{
	switch (error) {
	case -ERANGE:
		return "the prefix length is too large";
	case -EDOM:
		return "bits are set beyond the prefix length";
	default:
		return "not an address or CIDR";
	}
}

struct net args_net(struct args *args, const char *name)
{
	const char *text = args_text(args, name, NULL);
	struct net net = { 0 };
	int error = text ? net_parse(text, &net) : -EINVAL;

	if (error)
		wrong(args, "%.80s: %s", text ? text : name, net_error_text(error));
	return net;
}

json_t *args_refusal(const struct args *args)
{
	return args->why[0] ? answer_refused(API_EXIT_USAGE, "%s", args->why) : NULL;
}

json_t *json_figure_new(double value)
{
	return isfinite(value) ? json_real(value) : json_null();
}

json_t *json_net_new(const struct net *net)
{
	char text[NET_TEXT_MAX];

	net_format(net, text);
	return json_string(text);
}

json_t *json_digest_new(uint64_t digest)
{
	return digest ? json_sprintf("0x%016" PRIx64, digest) : json_null();
}
