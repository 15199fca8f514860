/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */

/* Lines of JSON from many clients of a unix socket into calls of one handler, and its answers back. */

#include "edge/api.h"

#include <errno.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "edge/api_connection.h"
#include "edge/api_listen.h"
#include "edge/log.h"

#define CONNECTIONS_MAX 64 /* operators, scripts and recorders of one host */
#define EVENTS_PER_WORK 16
#define ANSWERS_PER_WORK 8 /* of one client: pipelined requests must not hold up the loop */
/* All half-received requests together; two lists of several million nets at once. */
#define BUFFERED_MAX (2u * API_REQUEST_MAX)
/* An answer that waits for its client to read it, and all of them together. */
#define ANSWER_MAX (64u << 20)
#define ANSWERS_MAX (4 * ANSWER_MAX)
/* A client that has sent nothing whole for so long makes room for another when all places are taken. */
#define IDLE_MAX_S 10

struct api_server {
	int epoll_fd;
	int listen_fd;
	char path[108];
	api_handler fn;
	void *arg;
	uint64_t next_id;
	struct api_connection *connections[CONNECTIONS_MAX];
};

static uint64_t monotonic_s(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec;
}

/* From the file itself, not through NSS: a name service that hangs must not hang the daemon. */
static void peer_name(uid_t uid, char *name, size_t name_size)
{
	FILE *in = fopen("/etc/passwd", "re");
	struct passwd *row;

	snprintf(name, name_size, "uid %u", (unsigned)uid);
	if (!in)
		return;
	while ((row = fgetpwent(in))) {
		if (row->pw_uid != uid)
			continue;
		snprintf(name, name_size, "%.32s (uid %u)", row->pw_name, (unsigned)uid);
		break;
	}
	fclose(in);
}

static int peer_read(int fd, struct api_peer *peer)
{
	struct ucred credentials;
	socklen_t len = sizeof(credentials);

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &credentials, &len) < 0)
		return -errno;
	peer->uid = credentials.uid;
	peer->gid = credentials.gid;
	peer->pid = credentials.pid;
	peer_name(peer->uid, peer->name, sizeof(peer->name));
	return 0;
}

static void connection_drop(struct api_server *server, size_t place)
{
	connection_free(server->connections[place]);
	server->connections[place] = NULL;
}

/* A free place, made by dropping the longest idle client if need be; CONNECTIONS_MAX: none. */
static size_t place_find(struct api_server *server)
{
	uint64_t now_s = monotonic_s();
	size_t oldest = CONNECTIONS_MAX;

	for (size_t i = 0; i < CONNECTIONS_MAX; i++) {
		struct api_connection *connection = server->connections[i];

		if (!connection)
			return i;
		if (connection->is_kept_open || connection->active_s + IDLE_MAX_S > now_s)
			continue;
		if (oldest == CONNECTIONS_MAX ||
		    connection->active_s < server->connections[oldest]->active_s)
			oldest = i;
	}
	if (oldest < CONNECTIONS_MAX)
		connection_drop(server, oldest);
	return oldest;
}

static void connection_watch(struct api_server *server, struct api_connection *connection)
{
	struct epoll_event event = { .data.u64 = connection->id };

	event.events = connection->is_ended ? 0 : EPOLLIN;
	/* A socket is nearly always writable: this also wakes us for requests put off. */
	if (connection->out.len || connection->is_behind)
		event.events |= EPOLLOUT;
	epoll_ctl(server->epoll_fd, EPOLL_CTL_MOD, connection->fd, &event);
}

static void connection_accept(struct api_server *server)
{
	int fd = accept4(server->listen_fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
	struct epoll_event event = { .events = EPOLLIN };
	struct api_connection *connection;
	size_t place;

	if (fd < 0)
		return;
	place = place_find(server);
	connection = place < CONNECTIONS_MAX ? connection_new(fd, ++server->next_id) : NULL;
	if (!connection || peer_read(fd, &connection->peer)) {
		log_warning("control socket: client refused: %s",
			    place < CONNECTIONS_MAX ? "out of memory" : "too many clients");
		if (connection)
			connection_free(connection);
		else
			close(fd);
		return;
	}
	connection->active_s = monotonic_s();
	server->connections[place] = connection;
	event.data.u64 = connection->id;
	epoll_ctl(server->epoll_fd, EPOLL_CTL_ADD, fd, &event);
}

static size_t place_of(const struct api_server *server, uint64_t id)
{
	for (size_t i = 0; i < CONNECTIONS_MAX; i++) {
		if (server->connections[i] && server->connections[i]->id == id)
			return i;
	}
	return CONNECTIONS_MAX;
}

static json_t *refuse(const char *why)
{
	return json_pack("{s:b,s:i,s:s}", "ok", 0, "code", API_EXIT_USAGE, "error", why);
}

static json_t *request_answer(struct api_server *server, struct api_connection *connection,
			      const char *line, size_t len)
{
	json_error_t error;
	json_t *request = json_loadb(line, len, JSON_REJECT_DUPLICATES, &error);
	const json_t *command = json_object_get(request, "command");
	const json_t *args = json_object_get(request, "args");
	json_t *answer;

	if (!request)
		return refuse("the request is not JSON");
	if (!json_is_string(command) || (args && !json_is_object(args) && !json_is_null(args)))
		answer = refuse("the request needs a string `command` and an object `args`");
	else
		answer = server->fn(json_string_value(command), json_is_object(args) ? args : NULL,
				    &connection->peer, connection->id, server->arg);
	json_decref(request);
	return answer ? answer : refuse("out of memory");
}

static size_t waiting_bytes(const struct api_server *server)
{
	size_t sum = 0;

	for (size_t i = 0; i < CONNECTIONS_MAX; i++)
		sum += server->connections[i] ? server->connections[i]->out.len : 0;
	return sum;
}

static int answer_put(struct api_server *server, struct api_connection *connection,
		      const json_t *answer)
{
	size_t waiting = waiting_bytes(server);
	size_t room = waiting < ANSWERS_MAX ? ANSWERS_MAX - waiting : 0;
	json_t *refusal;
	int error = connection_put(connection, answer,
				   connection->out.len + (room < ANSWER_MAX ? room : ANSWER_MAX));

	if (error != -EAGAIN)
		return error;
	refusal = refuse("the answer is too large: ask for less at once (--limit)");
	error = connection_put(connection, refusal, SIZE_MAX);
	json_decref(refusal);
	return error;
}

/* Answers one whole line, if there is one. True: there was. */
static bool connection_answer(struct api_server *server, struct api_connection *connection)
{
	const char *line;
	size_t len;
	json_t *answer;

	if (connection->is_kept_open || connection->is_broken ||
	    connection->out.len > API_STREAM_BUFFER_MAX ||
	    !connection_line(connection, &line, &len))
		return false;
	answer = request_answer(server, connection, line, len);
	connection_line_done(connection);
	connection->active_s = monotonic_s();
	if (answer_put(server, connection, answer))
		connection->is_broken = true;
	json_decref(answer);
	return true;
}

static size_t buffered_bytes(const struct api_server *server)
{
	size_t sum = 0;

	for (size_t i = 0; i < CONNECTIONS_MAX; i++)
		sum += server->connections[i] ? server->connections[i]->in.len : 0;
	return sum;
}

static void connection_work(struct api_server *server, size_t place, uint32_t events)
{
	struct api_connection *connection = server->connections[place];
	int answers = 0;

	if (events & (EPOLLIN | EPOLLHUP | EPOLLERR))
		connection_read(connection);
	if (connection->in.len >= API_REQUEST_MAX || buffered_bytes(server) >= BUFFERED_MAX) {
		json_t *answer = refuse("the request is too large: split the list");

		connection->in.len = 0;
		connection_put(connection, answer, SIZE_MAX);
		json_decref(answer);
		connection->is_ended = true;
	}
	while (answers < ANSWERS_PER_WORK && connection_answer(server, connection))
		answers++;
	connection->is_behind = answers == ANSWERS_PER_WORK;
	connection_write(connection);
	if (connection->is_broken ||
	    (connection->is_ended && !connection->is_behind && !connection->out.len))
		connection_drop(server, place);
	else
		connection_watch(server, connection);
}

int api_server_work(struct api_server *server)
{
	struct epoll_event events[EVENTS_PER_WORK];
	int count = epoll_wait(server->epoll_fd, events, EVENTS_PER_WORK, 0);

	if (count < 0)
		return errno == EINTR ? 0 : -errno;
	for (int i = 0; i < count; i++) {
		size_t place;

		if (!events[i].data.u64) {
			connection_accept(server);
			continue;
		}
		place = place_of(server, events[i].data.u64);
		if (place < CONNECTIONS_MAX)
			connection_work(server, place, events[i].events);
	}
	return count;
}

int api_server_send(struct api_server *server, uint64_t connection, const json_t *line)
{
	size_t place = place_of(server, connection);
	int error;

	if (place == CONNECTIONS_MAX)
		return -EPIPE;
	error = connection_put(server->connections[place], line, API_STREAM_BUFFER_MAX);
	if (error)
		return error;
	connection_write(server->connections[place]);
	if (server->connections[place]->is_broken) {
		connection_drop(server, place);
		return -EPIPE;
	}
	connection_watch(server, server->connections[place]);
	return 0;
}

bool api_server_has(const struct api_server *server, uint64_t connection)
{
	return place_of(server, connection) < CONNECTIONS_MAX;
}

void api_server_keep_open(struct api_server *server, uint64_t connection)
{
	size_t place = place_of(server, connection);

	if (place < CONNECTIONS_MAX)
		server->connections[place]->is_kept_open = true;
}

int api_server_fd(const struct api_server *server)
{
	return server->epoll_fd;
}

int api_server_new(const char *socket_path, const char *group, api_handler fn, void *arg,
		   struct api_server **out)
{
	struct api_server *server = calloc(1, sizeof(*server));
	struct epoll_event event = { .events = EPOLLIN };
	int error = 0;

	if (!server)
		return -ENOMEM;
	server->fn = fn;
	server->arg = arg;
	server->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	server->listen_fd = api_listen(socket_path, group);
	if (server->epoll_fd < 0)
		error = -errno;
	else if (server->listen_fd < 0)
		error = server->listen_fd;
	else if (epoll_ctl(server->epoll_fd, EPOLL_CTL_ADD, server->listen_fd, &event) < 0)
		error = -errno;
	if (error) {
		log_error("%s: cannot listen: %s", socket_path, strerror(-error));
		api_server_free(server);
		return error;
	}
	snprintf(server->path, sizeof(server->path), "%s", socket_path);
	*out = server;
	return 0;
}

void api_server_free(struct api_server *server)
{
	if (!server)
		return;
	for (size_t i = 0; i < CONNECTIONS_MAX; i++) {
		if (server->connections[i])
			connection_drop(server, i);
	}
	if (server->listen_fd >= 0)
		close(server->listen_fd);
	if (server->epoll_fd >= 0)
		close(server->epoll_fd);
	if (server->path[0])
		unlink(server->path);
	free(server);
}
