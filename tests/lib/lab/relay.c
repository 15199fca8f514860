/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */

/*
 * The lab's TCP relay: turns a table of routes (where to listen, from which exit address to connect, where to,
 * how long each byte travels) into spliced connections whose bytes arrive that much later.
 *
 * usage: relay ROUTES, one route a line:
 *   listen_addr listen_port exit_addr dest_addr dest_port delay_us jitter_us
 */

#define _GNU_SOURCE /* accept4 */

#include "relay_lane.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <time.h>

#define LINGER_NS 5000000000ULL /* a half-closed pair is given up after this */
#define EVENTS_MAX 64
#define LISTEN_BACKLOG 128

struct pair;

struct handle {
	struct pair *pair;   /* NULL: a listener */
	struct route *route; /* of a listener */
	int side;	     /* 0: the client behind the relay, 1: the exit */
	uint32_t interest;
};

struct route {
	struct sockaddr_storage listen, exit, dest;
	struct delay delay;
	int fd;
	struct handle handle;
};

struct pair {
	struct pair *next;
	const struct route *route;
	int fd[2];
	struct handle handle[2];
	struct lane lane[2]; /* lane[s]: read from fd[s] */
	uint64_t give_up_ns;
	bool is_connecting, is_dead;
};

static int poll_fd;
static struct pair *pairs;

static uint64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000ULL + (uint64_t)ts.tv_nsec;
}

static int address_parse(const char *text, unsigned int port, struct sockaddr_storage *out)
{
	struct sockaddr_in *in4 = (struct sockaddr_in *)out;
	struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)out;

	memset(out, 0, sizeof(*out));
	if (inet_pton(AF_INET, text, &in4->sin_addr) == 1) {
		in4->sin_family = AF_INET;
		in4->sin_port = htons((uint16_t)port);
		return 0;
	}
	if (inet_pton(AF_INET6, text, &in6->sin6_addr) != 1)
		return -EINVAL;
	in6->sin6_family = AF_INET6;
	in6->sin6_port = htons((uint16_t)port);
	return 0;
}

static socklen_t address_len(const struct sockaddr_storage *address)
{
	return address->ss_family == AF_INET ? sizeof(struct sockaddr_in) :
					       sizeof(struct sockaddr_in6);
}

static int socket_open(int family)
{
	int fd = socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	int on = 1;

	if (fd < 0)
		return -errno;
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	return fd;
}

static void handle_watch(struct handle *handle, int fd, uint32_t interest)
{
	struct epoll_event event = { .events = interest, .data.ptr = handle };

	if (handle->interest == interest)
		return;
	epoll_ctl(poll_fd, EPOLL_CTL_MOD, fd, &event);
	handle->interest = interest;
}

static int handle_add(struct handle *handle, int fd, uint32_t interest)
{
	struct epoll_event event = { .events = interest, .data.ptr = handle };

	handle->interest = interest;
	return epoll_ctl(poll_fd, EPOLL_CTL_ADD, fd, &event) ? -errno : 0;
}

/* ---- pairs ---------------------------------------------------------------------------------- */

static void pair_free(struct pair *pair)
{
	for (int side = 0; side < 2; side++) {
		close(pair->fd[side]);
		while (pair->lane[side].head)
			lane_pop(&pair->lane[side]);
	}
	free(pair);
}

static void pairs_reap(uint64_t now)
{
	struct pair **at = &pairs;

	while (*at) {
		struct pair *pair = *at;

		if (pair->is_dead || (pair->give_up_ns && now > pair->give_up_ns)) {
			*at = pair->next;
			pair_free(pair);
		} else {
			at = &pair->next;
		}
	}
}

static void pair_watch(struct pair *pair)
{
	for (int side = 0; side < 2; side++) {
		const struct lane *in = &pair->lane[side], *out = &pair->lane[1 - side];
		uint32_t interest = 0;

		if (!in->read_done && in->bytes < LANE_BYTES_MAX)
			interest |= EPOLLIN;
		if (out->blocked || (side == 1 && pair->is_connecting))
			interest |= EPOLLOUT;
		handle_watch(&pair->handle[side], pair->fd[side], interest);
	}
}

static void pair_advance(struct pair *pair, uint64_t now)
{
	if (pair->is_connecting) {
		pair->is_dead |= pair->lane[0].read_done; /* the client gave up waiting */
		return;
	}
	for (int side = 0; side < 2; side++)
		if (lane_drain(&pair->lane[side], pair->fd[1 - side], now))
			pair->is_dead = true;
	if (pair->lane[0].write_done && pair->lane[1].write_done)
		pair->is_dead = true;
	else if (!pair->give_up_ns && (pair->lane[0].write_done || pair->lane[1].write_done))
		pair->give_up_ns = now + LINGER_NS;
}

static void pair_event(struct pair *pair, int side, uint32_t events, uint64_t now)
{
	struct lane *in = &pair->lane[side];
	int err = 0;
	socklen_t len = sizeof(err);

	if (side == 1 && pair->is_connecting && (events & (EPOLLOUT | EPOLLERR | EPOLLHUP))) {
		getsockopt(pair->fd[1], SOL_SOCKET, SO_ERROR, &err, &len);
		pair->is_dead |= err != 0;
		pair->is_connecting = false;
	}
	if (events & EPOLLERR)
		pair->is_dead = true;
	if ((events & EPOLLHUP) && in->read_done) /* EPOLLHUP cannot be masked */
		epoll_ctl(poll_fd, EPOLL_CTL_DEL, pair->fd[side], NULL);
	if (!pair->is_dead && !in->read_done && (events & (EPOLLIN | EPOLLHUP)))
		pair->is_dead |= lane_fill(in, pair->fd[side], now, pair->route->delay) != 0;
}

static int pair_connect(struct pair *pair)
{
	const struct route *route = pair->route;
	int on = 1, fd = socket_open(route->exit.ss_family);

	if (fd < 0)
		return fd;
	pair->fd[1] = fd;
	setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof(on));
	if (bind(fd, (const struct sockaddr *)&route->exit, address_len(&route->exit)))
		return -errno;
	if (!connect(fd, (const struct sockaddr *)&route->dest, address_len(&route->dest)))
		return 0;
	pair->is_connecting = errno == EINPROGRESS;
	return pair->is_connecting ? 0 : -errno;
}

static void route_accept(struct route *route)
{
	int on = 1, fd = accept4(route->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
	struct pair *pair;

	if (fd < 0)
		return;
	pair = calloc(1, sizeof(*pair));
	if (!pair) {
		close(fd);
		return;
	}
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	pair->route = route;
	pair->fd[0] = fd;
	pair->fd[1] = -1;
	for (int side = 0; side < 2; side++)
		pair->handle[side] = (struct handle){ .pair = pair, .side = side };
	if (pair_connect(pair) || handle_add(&pair->handle[0], pair->fd[0], EPOLLIN) ||
	    handle_add(&pair->handle[1], pair->fd[1], EPOLLIN | EPOLLOUT)) {
		pair_free(pair);
		return;
	}
	pair->next = pairs;
	pairs = pair;
}

/* ---- the loop ------------------------------------------------------------------------------- */

/* Milliseconds until the next chunk is due, -1 when none waits. */
static int pairs_wait_ms(uint64_t now)
{
	uint64_t next = UINT64_MAX;

	for (const struct pair *pair = pairs; pair; pair = pair->next)
		for (int side = 0; side < 2; side++) {
			const struct lane *lane = &pair->lane[side];

			if (lane->head && !lane->blocked && !pair->is_connecting &&
			    lane->head->release_ns < next)
				next = lane->head->release_ns;
			if (pair->give_up_ns && pair->give_up_ns < next)
				next = pair->give_up_ns;
		}
	if (next == UINT64_MAX)
		return -1;
	return next <= now ? 0 : (int)((next - now + 999999) / 1000000);
}

static void relay_run(void)
{
	struct epoll_event events[EVENTS_MAX];

	for (;;) {
		int n = epoll_wait(poll_fd, events, EVENTS_MAX, pairs_wait_ms(now_ns()));
		uint64_t now = now_ns();

		for (int i = 0; i < n; i++) {
			struct handle *handle = events[i].data.ptr;

			if (handle->pair)
				pair_event(handle->pair, handle->side, events[i].events, now);
			else
				route_accept(handle->route);
		}
		for (struct pair *pair = pairs; pair; pair = pair->next) {
			pair_advance(pair, now);
			if (!pair->is_dead)
				pair_watch(pair);
		}
		pairs_reap(now);
	}
}

static int route_open(struct route *route)
{
	int fd = socket_open(route->listen.ss_family);

	if (fd < 0)
		return fd;
	if (bind(fd, (const struct sockaddr *)&route->listen, address_len(&route->listen)) ||
	    listen(fd, LISTEN_BACKLOG))
		return -errno;
	route->fd = fd;
	route->handle.route = route;
	return handle_add(&route->handle, fd, EPOLLIN);
}

static int routes_read(FILE *file)
{
	char listen_text[64], exit_text[64], dest_text[64];
	unsigned int listen_port, dest_port, delay_us, jitter_us;
	int routes = 0;

	while (fscanf(file, "%63s %u %63s %63s %u %u %u", listen_text, &listen_port, exit_text,
		      dest_text, &dest_port, &delay_us, &jitter_us) == 7) {
		struct route *route = calloc(1, sizeof(*route));
		int err;

		if (!route)
			return -ENOMEM;
		route->delay.fixed_ns = delay_us * 1000ULL;
		route->delay.jitter_ns = jitter_us * 1000ULL;
		err = address_parse(listen_text, listen_port, &route->listen);
		err = err ? err : address_parse(exit_text, 0, &route->exit);
		err = err ? err : address_parse(dest_text, dest_port, &route->dest);
		err = err ? err : route_open(route);
		if (err) {
			fprintf(stderr, "relay: route %d, %s port %u: %s\n", routes + 1,
				listen_text, listen_port, strerror(-err));
			return err;
		}
		routes++;
	}
	return feof(file) && routes ? routes : -EINVAL;
}

int main(int argc, char **argv)
{
	struct rlimit files;
	FILE *file;
	int routes;

	if (argc != 2) {
		fputs("usage: relay ROUTES\n", stderr);
		return 2;
	}
	file = fopen(argv[1], "r");
	if (!file) {
		perror(argv[1]);
		return 2;
	}
	getrlimit(RLIMIT_NOFILE, &files);
	files.rlim_cur = files.rlim_max;
	setrlimit(RLIMIT_NOFILE, &files);
	srandom(1);
	poll_fd = epoll_create1(EPOLL_CLOEXEC);
	routes = routes_read(file);
	fclose(file);
	if (routes < 0)
		return 2;
	printf("relay: %d routes\n", routes);
	fflush(stdout);
	relay_run();
	return 0;
}
