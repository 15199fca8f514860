/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#pragma once

/* One client of the control socket: bytes in, whole lines out of them, lines back into bytes. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <jansson.h>

#include "edge/api.h"

/* What a slow reader of a stream may have waiting; beyond it lines are dropped and counted. */
#define API_STREAM_BUFFER_MAX (4u << 20)

struct api_buffer {
	char *data;
	size_t len, size;
};

struct api_connection {
	int fd;
	uint64_t id;
	struct api_peer peer;
	struct api_buffer in, out;
	size_t scanned;	   /* bytes of `in` known to hold no line end */
	size_t line_len;   /* length of the line handed out, without its end */
	uint64_t active_s; /* CLOCK_MONOTONIC of the last request */
	bool is_kept_open; /* a stream: input is read and thrown away */
	bool is_ended;	   /* the client will send no more, or may not */
	bool is_broken;
	bool is_behind; /* whole requests may still wait in `in` */
};

struct api_connection *connection_new(int fd,
				      uint64_t id); /* takes fd; NULL: it stays the caller's */
void connection_free(struct api_connection *connection);
/* Reads what is there, a bounded amount. */
void connection_read(struct api_connection *connection);
void connection_write(struct api_connection *connection);
/* The next whole line, valid until connection_line_done. */
bool connection_line(struct api_connection *connection, const char **line, size_t *len);
void connection_line_done(struct api_connection *connection);
/* Adds one line; -EAGAIN when more than waiting_max bytes would wait, -ENOMEM. */
int connection_put(struct api_connection *connection, const json_t *line, size_t waiting_max);
