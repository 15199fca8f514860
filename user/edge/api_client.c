/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */

/* The client's end of the control socket: one request out, one answer or a stream of lines back. */

#include "edge/api.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

/* A list of a million rules takes the daemon some seconds; five minutes is a daemon that hangs. */
#define ANSWER_TIMEOUT_S 300
#define READ_CHUNK_BYTES (64u << 10)

struct line_buffer {
	char *data;
	size_t len, size;
	size_t taken; /* bytes of lines handed out already */
};

static int socket_connect(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	struct timeval timeout = { .tv_sec = ANSWER_TIMEOUT_S };
	int fd;

	if (strlen(path) >= sizeof(address.sun_path))
		return -ENAMETOOLONG;
	strcpy(address.sun_path, path);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof(timeout));
	if (connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0) {
		int error = -errno;

		close(fd);
		return error;
	}
	return fd;
}

bool api_is_served(const char *socket_path)
{
	int fd = socket_connect(socket_path);

	if (fd >= 0)
		close(fd);
	return fd >= 0 || fd == -EACCES;
}

static int connect_failed(const char *path, int error)
{
	if (error == -EACCES || error == -EPERM) {
		fprintf(stderr,
			"weir: %s: not permitted: be root or a member of the group that the "
			"configuration names (default weir)\n",
			path);
		return API_EXIT_NOT_PERMITTED;
	}
	if (error == -ENOENT || error == -ECONNREFUSED)
		fprintf(stderr,
			"weir: %s: no daemon answers there: start it with `weir run`, or name its "
			"socket with --socket or --config\n",
			path);
	else
		fprintf(stderr, "weir: %s: %s\n", path, strerror(-error));
	return API_EXIT_UNREACHABLE;
}

static int send_all(int fd, const char *data, size_t len)
{
	while (len) {
		ssize_t sent = send(fd, data, len, MSG_NOSIGNAL);

		if (sent < 0 && errno == EINTR)
			continue;
		if (sent < 0)
			return -errno;
		data += sent;
		len -= (size_t)sent;
	}
	return 0;
}

static int send_request(int fd, const char *command, json_t *args)
{
	json_t *request = json_pack("{s:s,s:O?}", "command", command, "args", args);
	char *text = request ? json_dumps(request, JSON_COMPACT) : NULL;
	int error = -ENOMEM;

	if (text && strlen(text) >= API_REQUEST_MAX)
		error = -E2BIG;
	else if (text)
		error = send_all(fd, text, strlen(text));
	if (!error)
		error = send_all(fd, "\n", 1);
	free(text);
	json_decref(request);
	return error;
}

static int buffer_fill(struct line_buffer *buffer, int fd)
{
	ssize_t got;

	if (buffer->taken) {
		memmove(buffer->data, buffer->data + buffer->taken, buffer->len - buffer->taken);
		buffer->len -= buffer->taken;
		buffer->taken = 0;
	}
	if (buffer->size - buffer->len < READ_CHUNK_BYTES) {
		size_t size = buffer->size ? buffer->size * 2 : READ_CHUNK_BYTES * 2;
		char *data = realloc(buffer->data, size);

		if (!data)
			return -ENOMEM;
		buffer->data = data;
		buffer->size = size;
	}
	/* A signal ends the wait: whoever catches one wants that. */
	got = recv(fd, buffer->data + buffer->len, buffer->size - buffer->len, 0);
	if (got < 0)
		return -errno;
	if (!got)
		return -ENODATA;
	buffer->len += (size_t)got;
	return 0;
}

/* Next line as JSON; -ENODATA: the daemon ended the stream. */
static int line_next(struct line_buffer *buffer, int fd, json_t **line)
{
	size_t scanned = buffer->taken;

	for (;;) {
		char *start = buffer->data + buffer->taken;
		char *end = NULL;
		int error;

		if (buffer->len > scanned)
			end = memchr(buffer->data + scanned, '\n', buffer->len - scanned);
		if (end) {
			*line = json_loadb(start, (size_t)(end - start), 0, NULL);
			buffer->taken = (size_t)(end + 1 - buffer->data);
			return *line ? 0 : -EPROTO;
		}
		scanned = buffer->len - buffer->taken;
		error = buffer_fill(buffer, fd);
		if (error)
			return error;
	}
}

static int answer_failed(const char *path, int error)
{
	if (error == -EAGAIN || error == -EWOULDBLOCK)
		fprintf(stderr, "weir: %s: no answer within %d s: is the daemon hanging?\n", path,
			ANSWER_TIMEOUT_S);
	else if (error == -ENODATA || error == -EPIPE || error == -ECONNRESET)
		fprintf(stderr, "weir: %s: the daemon ended the connection\n", path);
	else
		fprintf(stderr, "weir: %s: %s\n", path, strerror(-error));
	return API_EXIT_UNREACHABLE;
}

/* Prints what the daemon refused, one line for each detail. Returns its exit code. */
static int print_refusal(const json_t *answer)
{
	const json_t *error = json_object_get(answer, "error");
	const json_t *code = json_object_get(answer, "code");
	const json_t *detail;
	size_t i;

	json_array_foreach(json_object_get(answer, "details"), i, detail) {
		if (json_is_string(detail))
			fprintf(stderr, "%s\n", json_string_value(detail));
	}
	fprintf(stderr, "weir: %s\n",
		json_is_string(error) ? json_string_value(error) : "the daemon refused");
	return json_is_integer(code) ? (int)json_integer_value(code) : API_EXIT_FAILED;
}

int api_call(const char *socket_path, const char *command, json_t *args, json_t **answer)
{
	struct line_buffer buffer = { 0 };
	int fd = socket_connect(socket_path);
	json_t *line = NULL;
	int error;

	if (fd < 0)
		return connect_failed(socket_path, fd);
	error = send_request(fd, command, args);
	if (!error || error == -EPIPE) {
		int received = line_next(&buffer, fd, &line);

		error = received ? received : 0;
	}
	close(fd);
	free(buffer.data);
	if (error)
		return answer_failed(socket_path, error);
	if (!json_is_true(json_object_get(line, "ok"))) {
		int code = print_refusal(line);

		*answer = line;
		return code ? code : API_EXIT_FAILED;
	}
	*answer = line;
	return API_EXIT_OK;
}

int api_stream(const char *socket_path, const char *command, json_t *args,
	       int (*fn)(json_t *line, void *arg), void *arg)
{
	struct line_buffer buffer = { 0 };
	struct timeval forever = { 0 };
	int fd = socket_connect(socket_path);
	json_t *line = NULL;
	int error;
	int code = API_EXIT_OK;

	if (fd < 0)
		return connect_failed(socket_path, fd);
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &forever, sizeof(forever));
	error = send_request(fd, command, args);
	if (!error)
		error = line_next(&buffer, fd, &line);
	if (error) {
		code = answer_failed(socket_path, error);
	} else if (!json_is_true(json_object_get(line, "ok"))) {
		code = print_refusal(line);
	} else {
		do {
			json_decref(line);
			line = NULL;
			error = line_next(&buffer, fd, &line);
		} while (!error && !fn(line, arg));
	}
	json_decref(line);
	close(fd);
	free(buffer.data);
	return code;
}
