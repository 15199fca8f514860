/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#pragma once

/* Arguments of a request, never trusted, into values; and values into answers. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <jansson.h>

#include "core/net.h"
#include "core/rule.h"

/* Takes result. */
json_t *answer_ok(json_t *result);
json_t *answer_refused(int code, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Reads arguments one after the other; the first that is wrong is remembered in why. */
struct args {
	const json_t *object; /* NULL: none */
	char why[160];	      /* "": all were right so far */
};

/* Sources or flows in one answer: 40 MB of text. Whoever needs more reads the maps. */
#define ANSWER_ROWS_MAX 100000

#define ARG_TEXT_MAX 256

/* Missing ones are fallback. Text with control bytes or longer than ARG_TEXT_MAX is wrong. */
const char *args_text(struct args *args, const char *name, const char *fallback);
bool args_flag(struct args *args, const char *name);
int64_t args_number(struct args *args, const char *name, int64_t min, int64_t max,
		    int64_t fallback);
/* A required address or CIDR. */
struct net args_net(struct args *args, const char *name);
/* Null when all arguments were right, else the refusal. */
json_t *args_refusal(const struct args *args);
/* Why a text is no net, in words. */
const char *net_error_text(int error);

/* NAN becomes null. */
json_t *json_figure_new(double value);
json_t *json_net_new(const struct net *net);
/* A digest as people write it, "0x0123456789abcdef"; null for 0. */
json_t *json_digest_new(uint64_t digest);
