/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#pragma once

/* Clients of `weir record`: each exchange as a line of JSON to whoever listens. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <jansson.h>

#include "cmd/daemon/digest_set.h"
#include "core/exchange.h"
#include "edge/api.h"

#define STREAMS_MAX 8

struct stream {
	uint64_t connection;	 /* 0: free */
	uint64_t end_unix_ns;	 /* 0: until the client goes */
	uint64_t lost;		 /* lines dropped because the client reads too slowly */
	struct digest_set known; /* digests whose names it has */
};

struct streams {
	struct stream rows[STREAMS_MAX];
	size_t count;
};

/* -ENOSPC: too many already. */
int stream_add(struct streams *streams, uint64_t connection, uint64_t end_unix_ns);
/* Sends to all; those that are gone are forgotten. */
void streams_send(struct streams *streams, struct api_server *api, const struct exchange *exchange,
		  const struct stack_names *names);
/* Forgets those whose client is gone, and ends those whose time is over with a last line {"end":true,"lost":N}. */
void streams_expire(struct streams *streams, struct api_server *api, uint64_t now_unix_ns);
void streams_clear(struct streams *streams);
/* The line's inverse, for the client. False: not such a line. */
bool stream_parse(const json_t *line, struct exchange *out);
