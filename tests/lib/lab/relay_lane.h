/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#pragma once

/* A lane turns what one side of a spliced connection sends into the same bytes a fixed time later. */

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#define CHUNK_BYTES 16384
#define LANE_BYTES_MAX (256 * 1024) /* more than a socket buffer: the delay never throttles */

struct chunk {
	struct chunk *next;
	uint64_t release_ns;
	size_t start, end; /* start == end: the sender has closed */
	char data[CHUNK_BYTES];
};

/* One direction: what side `from` sent and side `1 - from` has not had yet. */
struct lane {
	struct chunk *head, *tail;
	size_t bytes;
	uint64_t last_release_ns;
	bool read_done, write_done, blocked;
};

struct delay {
	uint64_t fixed_ns, jitter_ns;
};

static void lane_push(struct lane *lane, struct chunk *chunk, uint64_t now, struct delay delay)
{
	uint64_t jitter_ns = delay.jitter_ns ? (uint64_t)random() % delay.jitter_ns : 0;

	chunk->next = NULL;
	chunk->release_ns = now + delay.fixed_ns + jitter_ns;
	if (chunk->release_ns < lane->last_release_ns)
		chunk->release_ns = lane->last_release_ns; /* jitter never reorders */
	lane->last_release_ns = chunk->release_ns;
	if (lane->tail)
		lane->tail->next = chunk;
	else
		lane->head = chunk;
	lane->tail = chunk;
	lane->bytes += chunk->end;
}

static void lane_pop(struct lane *lane)
{
	struct chunk *chunk = lane->head;

	lane->head = chunk->next;
	if (!lane->head)
		lane->tail = NULL;
	lane->bytes -= chunk->end;
	free(chunk);
}

/* 0, or -errno when the connection is broken. */
static int lane_fill(struct lane *lane, int fd, uint64_t now, struct delay delay)
{
	struct chunk *chunk = malloc(sizeof(*chunk));
	ssize_t len;

	if (!chunk)
		return -ENOMEM;
	len = read(fd, chunk->data, sizeof(chunk->data));
	if (len < 0) {
		int err = errno;

		free(chunk);
		return err == EAGAIN || err == EINTR ? 0 : -err;
	}
	chunk->start = 0;
	chunk->end = (size_t)len;
	lane->read_done = len == 0;
	lane_push(lane, chunk, now, delay);
	return 0;
}

/* Writes what is due. 0, or -errno when the connection is broken. */
static int lane_drain(struct lane *lane, int fd, uint64_t now)
{
	lane->blocked = false;
	while (lane->head && lane->head->release_ns <= now) {
		struct chunk *chunk = lane->head;
		ssize_t len;

		if (chunk->start == chunk->end) {
			shutdown(fd, SHUT_WR);
			lane->write_done = true;
			lane_pop(lane);
			return 0;
		}
		len = send(fd, chunk->data + chunk->start, chunk->end - chunk->start, MSG_NOSIGNAL);
		if (len < 0) {
			lane->blocked = errno == EAGAIN || errno == EINTR;
			return lane->blocked ? 0 : -errno;
		}
		chunk->start += (size_t)len;
		if (chunk->start == chunk->end)
			lane_pop(lane);
	}
	return 0;
}
