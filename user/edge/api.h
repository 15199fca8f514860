/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#pragma once

/* The control socket: newline-delimited JSON over a unix stream socket, one request, one answer (or a stream). */

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include <jansson.h>

/*
 * Request  {"command":"block","args":{...}}
 * Answer   {"ok":true,"result":{...}}  or  {"ok":false,"code":2,"error":"what happened, what to do"}
 * code is the exit code of DESIGN section 7. A streaming command (record) answers with many lines.
 */

#define API_EXIT_OK 0
#define API_EXIT_FAILED 1
#define API_EXIT_USAGE 2
#define API_EXIT_DEGRADED 3
#define API_EXIT_UNREACHABLE 4
#define API_EXIT_NOT_PERMITTED 5

#define API_REQUEST_MAX (256u << 20) /* a list of several million nets */

/* ---- client ---- */
/* Sends one request and waits for its answer. 0 and *answer (caller json_decref), or an API_EXIT_* code with a message on
 * standard error (and *answer too, where the daemon itself refused): unreachable (is the daemon running? which socket), not permitted (which group). */
int api_call(const char *socket_path, const char *command, json_t *args, json_t **answer);
/* As api_call, but fn gets every further line until the daemon ends the stream or fn returns non-zero. */
int api_stream(const char *socket_path, const char *command, json_t *args,
	       int (*fn)(json_t *line, void *arg), void *arg);

/* True when something accepts connections there; says nothing on standard error. */
bool api_is_served(const char *socket_path);

/* ---- server ---- */
struct api_server;
struct api_peer {
	uid_t uid;
	gid_t gid;
	pid_t pid;
	char name[64]; /* "root (uid 0)" */
};
/* fn answers one request; it returns a new reference. stream ids are non-zero for requests that stay open. */
typedef json_t *(*api_handler)(const char *command, const json_t *args, const struct api_peer *peer,
			       uint64_t connection, void *arg);
/* Makes dir (0750, group) and the socket (0660, group). */
int api_server_new(const char *socket_path, const char *group, api_handler fn, void *arg,
		   struct api_server **out);
int api_server_fd(const struct api_server *server); /* an epoll fd: readable when there is work */
int api_server_work(struct api_server *server);	    /* never blocks, bounded per call */
/* Sends one more line on a connection kept open; -EPIPE when it is gone, -EAGAIN when its buffer is full (the line is dropped). */
int api_server_send(struct api_server *server, uint64_t connection, const json_t *line);
/* False once the client is gone. */
bool api_server_has(const struct api_server *server, uint64_t connection);
void api_server_keep_open(struct api_server *server, uint64_t connection);
void api_server_free(struct api_server *server);
