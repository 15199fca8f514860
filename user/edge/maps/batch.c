/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* Turns arrays of keys and values into entries of a map, in as few system calls as the kernel takes. */

#include "edge/maps/batch.h"

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <time.h>

#include <bpf/bpf.h>

/* The allocator behind an LPM trie runs dry in a burst and recovers within milliseconds. */
#define STALLS_MAX 50
#define STALL_NS 2000000L

static bool error_passes(int err)
{
	return err == -ENOMEM || err == -EAGAIN || err == -EBUSY || err == -EINTR;
}

static void stall(void)
{
	struct timespec pause = { .tv_nsec = STALL_NS };

	nanosleep(&pause, NULL);
}

/* One system call from entry `at` on. *taken: entries in force; 0 too where the kernel failed before the
 * first and left the count as it was. */
static int batch_call(const struct batch *batch, uint32_t at, bool is_delete, uint32_t *taken)
{
	LIBBPF_OPTS(bpf_map_batch_opts, opts);
	const char *keys = batch->keys + (size_t)at * batch->key_size;
	const char *values = batch->values + (size_t)at * batch->value_size;
	__u32 asked = batch->count - at, count = asked;
	int err;

	if (is_delete)
		err = bpf_map_delete_batch(batch->fd, keys, &count, &opts);
	else
		err = bpf_map_update_batch(batch->fd, keys, values, &count, &opts);
	err = err ? -errno : 0;
	*taken = err && count >= asked ? 0 : count;
	return err;
}

static int batch_run(const struct batch *batch, bool is_delete, uint32_t *done)
{
	unsigned stalls = 0;

	*done = 0;
	while (*done < batch->count) {
		uint32_t taken;
		int err = batch_call(batch, *done, is_delete, &taken);

		*done += taken;
		if (taken)
			stalls = 0;
		if (err == -ENOENT && is_delete) {
			(*done)++;
		} else if (err && error_passes(err) && stalls++ < STALLS_MAX) {
			stall();
		} else if (err) {
			return err;
		}
	}
	return 0;
}

int batch_update(const struct batch *batch, uint32_t *done)
{
	return batch_run(batch, false, done);
}

int batch_delete(const struct batch *batch, uint32_t *done)
{
	return batch_run(batch, true, done);
}
