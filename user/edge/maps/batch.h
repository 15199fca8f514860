/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#pragma once

/* Updates and deletes of many entries of one map, going on after what the kernel leaves undone. */

#include <stdint.h>

struct batch {
	int fd;
	const char *map; /* for messages */
	uint32_t key_size, value_size;
	const char *keys, *values;
	uint32_t count;
};

/* *done is how many leading entries are in force, also on failure. 0 or -errno. */
int batch_update(const struct batch *batch, uint32_t *done);
/* What is not there is as good as deleted. */
int batch_delete(const struct batch *batch, uint32_t *done);
