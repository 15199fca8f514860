/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */

/* Prometheus text on http://127.0.0.1:PORT/metrics, served within the caller's loop. */

#include "edge/metrics_server.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include <microhttpd.h>

#include "edge/log.h"

#define CLIENTS_MAX 16u	    /* collectors and curious people */
#define CLIENT_SILENCE_S 5u /* a client that says nothing makes room */
#define CONTENT_TYPE "text/plain; version=0.0.4; charset=utf-8"

struct metrics_server {
	struct MHD_Daemon *http;
	int epoll_fd;
	void (*write)(FILE *out, void *arg);
	void *arg;
};

/* text: NULL or the response's own. */
static enum MHD_Result respond(struct MHD_Connection *connection, unsigned code, char *text,
			       size_t len)
{
	struct MHD_Response *response = MHD_create_response_from_buffer(
		len, text, text ? MHD_RESPMEM_MUST_FREE : MHD_RESPMEM_PERSISTENT);
	enum MHD_Result result;

	if (!response)
		return MHD_NO;
	MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, CONTENT_TYPE);
	result = MHD_queue_response(connection, code, response);
	MHD_destroy_response(response);
	return result;
}

static enum MHD_Result request_take(void *arg, struct MHD_Connection *connection, const char *url,
				    const char *method, const char *version,
				    const char *upload_data, size_t *upload_data_size, void **state)
{
	struct metrics_server *server = arg;
	char *text = NULL;
	size_t len = 0;
	FILE *out;

	(void)version;
	(void)upload_data;
	(void)upload_data_size;
	(void)state;
	if (strcmp(method, MHD_HTTP_METHOD_GET) != 0)
		return respond(connection, MHD_HTTP_METHOD_NOT_ALLOWED, NULL, 0);
	if (strcmp(url, "/metrics") != 0)
		return respond(connection, MHD_HTTP_NOT_FOUND, NULL, 0);
	out = open_memstream(&text, &len);
	if (!out)
		return MHD_NO;
	server->write(out, server->arg);
	fclose(out);
	return respond(connection, MHD_HTTP_OK, text, len);
}

static struct MHD_Daemon *http_start(uint16_t port, struct metrics_server *server)
{
	struct sockaddr_in loopback = {
		.sin_family = AF_INET,
		.sin_port = htons(port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};

	return MHD_start_daemon(MHD_USE_EPOLL, port, NULL, NULL, request_take, server,
				MHD_OPTION_SOCK_ADDR, &loopback, MHD_OPTION_CONNECTION_LIMIT,
				CLIENTS_MAX, MHD_OPTION_CONNECTION_TIMEOUT, CLIENT_SILENCE_S,
				MHD_OPTION_LISTENING_ADDRESS_REUSE, 1u, MHD_OPTION_END);
}

int metrics_server_new(uint16_t port, void (*write)(FILE *out, void *arg), void *arg,
		       struct metrics_server **out)
{
	struct metrics_server *server;
	const union MHD_DaemonInfo *info;

	*out = NULL;
	if (!port)
		return 0;
	server = calloc(1, sizeof(*server));
	if (!server)
		return -ENOMEM;
	server->write = write;
	server->arg = arg;
	errno = 0;
	server->http = http_start(port, server);
	info = server->http ? MHD_get_daemon_info(server->http, MHD_DAEMON_INFO_EPOLL_FD) : NULL;
	if (!info) {
		int error = errno ? -errno : -EIO;

		log_error("cannot serve metrics on 127.0.0.1:%u: %s", port, strerror(-error));
		metrics_server_free(server);
		return error;
	}
	server->epoll_fd = info->epoll_fd;
	*out = server;
	return 0;
}

int metrics_server_fd(const struct metrics_server *server)
{
	return server ? server->epoll_fd : -1;
}

void metrics_server_work(struct metrics_server *server)
{
	if (server)
		MHD_run(server->http);
}

void metrics_server_free(struct metrics_server *server)
{
	if (!server)
		return;
	if (server->http)
		MHD_stop_daemon(server->http);
	free(server);
}
