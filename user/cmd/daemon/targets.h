/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#pragma once

/* The targets of a block or allow: read from the request, judged one by one, the refused ones named. */

#include <stdbool.h>
#include <stddef.h>

#include <jansson.h>

#include "cmd/daemon/answer.h"
#include "core/net.h"

#define TARGETS_MAX (4u << 20) /* several times what the rule maps hold */

struct targets {
	struct net *nets;
	size_t count;
	json_t *refused;	      /* [{"target","why"}] */
	size_t duplicates, contained; /* merged away */
};

/* Fills from args.targets; what is no net goes to refused. A wrong shape is remembered in args. */
void targets_read(struct targets *targets, struct args *args);
void targets_refuse(struct targets *targets, const char *target, const char *why);
/* Keeps the nets for which keep returns true; it may refuse the others itself. */
void targets_keep(struct targets *targets, bool (*keep)(const struct net *net, void *arg),
		  void *arg);
/* Sorts, and leaves out what is there twice and what is inside a wider net. */
void targets_merge(struct targets *targets);
void targets_clear(struct targets *targets);
