/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#pragma once

/* Captures through the real BPF programs under their own clock, and the exchanges they see into a replay. */

#include <jansson.h>

#include "cmd/replay_engine.h"
#include "core/config.h"
#include "core/exchange.h"

struct frames_context {
	struct config *config;
	struct replay *replay;
	struct stack_names *names;
};

/*
 * Several captures, as a rotation leaves them, are one stream in the order given; time never steps back in it.
 * config: its services are the service side; none: those that send SYN-ACKs are found and filled in. names gets the SYN
 * stacks. *frames: {"total","run","not_runnable","reasons":{NAME: packets}}. 0, -errno, or -EBADMSG: a capture
 * broke off, what came before and the others were run. All said in the log.
 */
int replay_frames(char *const *paths, size_t count, struct frames_context *context,
		  json_t **frames);
