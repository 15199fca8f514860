/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#pragma once

/* Prometheus text on http://127.0.0.1:PORT/metrics, served within the caller's loop. */

#include <stdint.h>
#include <stdio.h>

struct metrics_server;

/* port 0: none, *out is NULL, which every function below takes in its stride. write is called for each request. -errno with a log line. */
int metrics_server_new(uint16_t port, void (*write)(FILE *out, void *arg), void *arg,
		       struct metrics_server **out);
int metrics_server_fd(const struct metrics_server *server); /* an epoll fd; -1: none */
/* Never blocks; call it when the fd is readable, and now and then for clients that say nothing. */
void metrics_server_work(struct metrics_server *server);
void metrics_server_free(struct metrics_server *server);
