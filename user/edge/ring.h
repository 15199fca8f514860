/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#pragma once

/* The ring `exchanges` as a pollable stream of records. */

#include <stdint.h>

#include <weir/abi.h>

struct ring;

struct ring *ring_new(int exchanges_fd, int (*fn)(const struct weir_exchange *exchange, void *arg),
		      void *arg);	   /* NULL with errno */
int ring_poll_fd(const struct ring *ring); /* for epoll */
int ring_consume(struct ring *ring);	   /* number of records, or -errno */
void ring_free(struct ring *ring);
