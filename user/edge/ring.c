/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* Turns the ring `exchanges` into calls with one record each. */

#include "edge/ring.h"

#include <errno.h>
#include <stdlib.h>

#include <bpf/libbpf.h>

/* Of one call: a full ring of the default size. A ring filled as fast as it is read must not hold up
 * the loop; it stays readable, so the loop comes back. */
#define RECORDS_PER_CONSUME 65536

struct ring {
	struct ring_buffer *buffer;
	unsigned left; /* records that this call may still take */
	int (*fn)(const struct weir_exchange *exchange, void *arg);
	void *arg;
};

static int record_take(void *arg, void *data, size_t len_bytes)
{
	struct ring *ring = arg;
	int result = len_bytes < sizeof(struct weir_exchange) ? 0 : ring->fn(data, ring->arg);

	/* The record counts as taken all the same (ring_buffer__consume). */
	if (!result && !--ring->left)
		return -EAGAIN;
	return result;
}

struct ring *ring_new(int exchanges_fd, int (*fn)(const struct weir_exchange *exchange, void *arg),
		      void *arg)
{
	struct ring *ring = calloc(1, sizeof(*ring));

	if (!ring)
		return NULL;
	ring->fn = fn;
	ring->arg = arg;
	ring->buffer = ring_buffer__new(exchanges_fd, record_take, ring, NULL);
	if (!ring->buffer) {
		int saved_errno = errno;

		free(ring);
		errno = saved_errno;
		return NULL;
	}
	return ring;
}

int ring_poll_fd(const struct ring *ring)
{
	return ring_buffer__epoll_fd(ring->buffer);
}

int ring_consume(struct ring *ring)
{
	int taken;

	ring->left = RECORDS_PER_CONSUME;
	taken = ring_buffer__consume(ring->buffer);
	return taken == -EAGAIN ? RECORDS_PER_CONSUME : taken;
}

void ring_free(struct ring *ring)
{
	if (!ring)
		return;
	ring_buffer__free(ring->buffer);
	free(ring);
}
