/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */

/* Timers, signals, rings and clients into calls, one at a time, none of them for long. */

#include "cmd/daemon/daemon.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "edge/log.h"
#include "edge/notify.h"

#define EVENTS_PER_WAKE 8

static int ear_add(struct daemon *d, int fd)
{
	struct epoll_event event = { .events = EPOLLIN, .data.fd = fd };

	if (fd < 0)
		return 0;
	return epoll_ctl(d->epoll_fd, EPOLL_CTL_ADD, fd, &event) < 0 ? -errno : 0;
}

static int timer_open(void)
{
	struct itimerspec each_second = { .it_interval.tv_sec = 1, .it_value.tv_sec = 1 };
	int fd = timerfd_create(CLOCK_BOOTTIME, TFD_NONBLOCK | TFD_CLOEXEC);

	if (fd >= 0)
		timerfd_settime(fd, 0, &each_second, NULL);
	return fd;
}

static sigset_t signals_ours(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGHUP);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	return set;
}

void daemon_hold_signals(void)
{
	sigset_t set = signals_ours();

	sigprocmask(SIG_BLOCK, &set, NULL);
	signal(SIGPIPE, SIG_IGN);
}

static int signals_open(void)
{
	sigset_t set = signals_ours();

	return signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
}

static void signals_read(struct daemon *d)
{
	struct signalfd_siginfo info;

	while (read(d->signal_fd, &info, sizeof(info)) == sizeof(info)) {
		if (info.ssi_signo == SIGHUP)
			d->is_reload_wanted = true;
		else
			d->is_stopping = true;
	}
}

static void links_read(struct daemon *d)
{
	if (!kernel_read_interfaces(d->link_fd))
		return;
	log_debug("interfaces changed");
	kernel_attach(d->kernel, &d->config);
	daemon_check_health(d);
}

static void timer_read(struct daemon *d)
{
	uint64_t ticks;

	if (read(d->timer_fd, &ticks, sizeof(ticks)) == sizeof(ticks))
		daemon_second(d);
}

static void ear_work(struct daemon *d, int fd)
{
	if (fd == d->timer_fd)
		timer_read(d);
	else if (fd == d->signal_fd)
		signals_read(d);
	else if (fd == d->link_fd)
		links_read(d);
	else if (fd == metrics_server_fd(d->metrics))
		metrics_server_work(d->metrics);
	else if (fd == ring_poll_fd(d->ring))
		ring_consume(d->ring);
	else
		api_server_work(d->api);
}

static int ears_open(struct daemon *d)
{
	int error;

	d->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	d->timer_fd = timer_open();
	d->signal_fd = signals_open();
	if (d->epoll_fd < 0 || d->timer_fd < 0 || d->signal_fd < 0)
		return -errno;
	error = ear_add(d, d->timer_fd);
	if (!error)
		error = ear_add(d, d->signal_fd);
	if (!error)
		error = ear_add(d, d->link_fd);
	if (!error)
		error = ear_add(d, ring_poll_fd(d->ring));
	if (!error)
		error = ear_add(d, api_server_fd(d->api));
	if (!error)
		error = ear_add(d, metrics_server_fd(d->metrics));
	return error;
}

int daemon_loop(struct daemon *d)
{
	struct epoll_event events[EVENTS_PER_WAKE];
	int error = ears_open(d);

	if (error) {
		log_error("cannot wait for events: %s", strerror(-error));
		return API_EXIT_FAILED;
	}
	while (!d->is_stopping) {
		int count = epoll_wait(d->epoll_fd, events, EVENTS_PER_WAKE, -1);

		for (int i = 0; i < count; i++)
			ear_work(d, events[i].data.fd);
		if (d->is_reload_wanted) {
			d->is_reload_wanted = false;
			daemon_reload(d);
		}
	}
	notify_stopping();
	return API_EXIT_OK;
}
