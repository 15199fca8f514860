/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#pragma once

/* A capture through the real BPF programs under its own clock, and the exchanges they see into a replay. */

#include <jansson.h>

#include "cmd/replay_engine.h"
#include "core/config.h"
#include "core/exchange.h"

/*
 * config: its services are the service side; none: those that send SYN-ACKs are found and filled in. names gets the SYN
 * stacks. *frames: {"total","run","not_runnable","reasons":{NAME: packets}}. 0 or -errno, said in the log.
 */
int replay_frames(const char *path, struct config *config, struct replay *replay,
		  struct stack_names *names, json_t **frames);
