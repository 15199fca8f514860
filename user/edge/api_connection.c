/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */

/* Bytes of one client into whole lines, and lines of JSON into bytes. */

#include "edge/api_connection.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define READ_CHUNK_BYTES (64u << 10)
#define READS_PER_WORK 64 /* 4 MiB: a large list must not hold up the loop */
#define SHRINK_ABOVE_BYTES (1u << 20)

struct api_connection *connection_new(int fd, uint64_t id)
{
	struct api_connection *connection = calloc(1, sizeof(*connection));

	if (!connection)
		return NULL;
	connection->fd = fd;
	connection->id = id;
	return connection;
}

void connection_free(struct api_connection *connection)
{
	close(connection->fd);
	free(connection->in.data);
	free(connection->out.data);
	free(connection);
}

static int buffer_reserve(struct api_buffer *buffer, size_t more)
{
	size_t size = buffer->size ? buffer->size : READ_CHUNK_BYTES;
	char *data;

	while (size - buffer->len < more)
		size *= 2;
	if (size == buffer->size)
		return 0;
	data = realloc(buffer->data, size);
	if (!data)
		return -ENOMEM;
	buffer->data = data;
	buffer->size = size;
	return 0;
}

static void buffer_take(struct api_buffer *buffer, size_t len)
{
	buffer->len -= len;
	memmove(buffer->data, buffer->data + len, buffer->len);
	if (!buffer->len && buffer->size > SHRINK_ABOVE_BYTES) {
		free(buffer->data);
		memset(buffer, 0, sizeof(*buffer));
	}
}

void connection_read(struct api_connection *connection)
{
	struct api_buffer *in = &connection->in;

	for (int i = 0; i < READS_PER_WORK && in->len < API_REQUEST_MAX; i++) {
		ssize_t got;

		if (buffer_reserve(in, READ_CHUNK_BYTES)) {
			connection->is_broken = true;
			return;
		}
		got = recv(connection->fd, in->data + in->len, READ_CHUNK_BYTES, 0);
		if (got < 0 && (errno == EAGAIN || errno == EINTR))
			return;
		if (got < 0) {
			connection->is_broken = true;
			return;
		}
		if (!got) {
			connection->is_ended = true;
			connection->is_broken = connection->is_kept_open;
			return;
		}
		if (!connection->is_kept_open)
			in->len += (size_t)got;
	}
}

void connection_write(struct api_connection *connection)
{
	struct api_buffer *out = &connection->out;
	size_t sent = 0;

	while (sent < out->len) {
		ssize_t put = send(connection->fd, out->data + sent, out->len - sent, MSG_NOSIGNAL);

		if (put < 0 && errno == EINTR)
			continue;
		if (put < 0) {
			connection->is_broken |= errno != EAGAIN;
			break;
		}
		sent += (size_t)put;
	}
	if (sent)
		buffer_take(out, sent);
}

bool connection_line(struct api_connection *connection, const char **line, size_t *len)
{
	struct api_buffer *in = &connection->in;
	char *end;

	if (in->len == connection->scanned)
		return false;
	end = memchr(in->data + connection->scanned, '\n', in->len - connection->scanned);
	if (!end) {
		connection->scanned = in->len;
		return false;
	}
	*line = in->data;
	*len = connection->line_len = (size_t)(end - in->data);
	return true;
}

void connection_line_done(struct api_connection *connection)
{
	buffer_take(&connection->in, connection->line_len + 1);
	connection->scanned = 0;
	connection->line_len = 0;
}

int connection_put(struct api_connection *connection, const json_t *line, size_t waiting_max)
{
	size_t len = json_dumpb(line, NULL, 0, JSON_COMPACT);
	struct api_buffer *out = &connection->out;

	if (!len)
		return -ENOMEM;
	if (waiting_max < SIZE_MAX && out->len + len + 1 > waiting_max)
		return -EAGAIN;
	if (buffer_reserve(out, len + 1))
		return -ENOMEM;
	json_dumpb(line, out->data + out->len, len, JSON_COMPACT);
	out->data[out->len + len] = '\n';
	out->len += len + 1;
	return 0;
}
