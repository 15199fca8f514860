/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */

/* A configuration into a daemon in force, in the order that lets nothing through and loses nothing. */

#include "cmd/daemon/daemon.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cmd/daemon/secret.h"
#include "cmd/kernel_view.h"
#include "edge/config.h"
#include "edge/log.h"
#include "edge/notify.h"

static int exit_code_of(int error)
{
	switch (error) {
	case -EPERM:
	case -EACCES:
		return API_EXIT_NOT_PERMITTED;
	case -EINVAL:
		return API_EXIT_USAGE;
	default:
		return API_EXIT_FAILED;
	}
}

/* A directory that is there is the operator's: only what we make gets our group and mode. */
static int directory_make(const char *path, mode_t mode, const char *group_name)
{
	const struct group *group = group_name ? getgrnam(group_name) : NULL;

	if (mkdir(path, mode) < 0) {
		int error = errno == EEXIST ? 0 : -errno;

		if (error)
			log_error("%s: cannot make directory: %s", path, strerror(-error));
		return error;
	}
	if (group && chown(path, (uid_t)-1, group->gr_gid) < 0)
		log_warning("%s: cannot give it to group %s: %s", path, group_name,
			    strerror(errno));
	if (group && chmod(path, mode) < 0)
		log_warning("%s: cannot set its mode: %s", path, strerror(errno));
	return 0;
}

/* The lock comes first: it is taken by kernel_open, and a second daemon must not touch the ledger. */
static int kernel_start_up(struct daemon *d)
{
	struct weir_meta meta;
	int error = directory_make(d->config.run_dir, 0750, d->config.group);

	if (!error)
		error = directory_make(d->config.state_dir, 0700, NULL);
	if (!error)
		error = kernel_open(&d->config, &d->kernel);
	if (error)
		return error;
	d->maps = maps_of_kernel(d->kernel);
	d->maps.boot_unix_ns = clock_unix_ns() - clock_boot_ns();
	error = secret_load(d->config.state_dir, d->maps.hash_key);
	if (error)
		return error;
	/* Before the ledger is read, which may take a while: programs of an earlier daemon wait for it. */
	meta = daemon_meta(d);
	return heart_start(&d->heart, &d->maps, &meta);
}

/* Settings before rules, rules before programs: no packet may slip through in between. */
static int maps_fill_up(struct daemon *d)
{
	int error = maps_set(&d->maps, WEIR_SETTING_MODE, d->mode);

	/* The mode first: where the other settings stand, it is known to be there too. */
	if (!error)
		error = maps_configure(&d->maps, &d->config);
	if (error) {
		log_error("cannot write the configuration to the maps: %s", strerror(-error));
		return error;
	}
	daemon_heartbeat(d);
	daemon_refresh_guards(d);
	error = daemon_apply_rules(d);
	return error == -ENOSPC || error == -E2BIG ? 0 : error; /* a problem that status shows */
}

static int attach(struct daemon *d)
{
	int attached = kernel_attach(d->kernel, &d->config);
	int error;

	if (attached < 0 && attached != -ENODEV)
		return attached;
	if (attached <= 0)
		log_warning("no configured interface exists yet: weir waits for them");
	error = kernel_commit(d->kernel);
	if (error)
		log_error("cannot switch to the new maps: %s", strerror(-error));
	if (!error && kernel_start(d->kernel) == KERNEL_TAKEN)
		maps_remove_unknown(&d->maps, d->rules);
	return error;
}

static int open_ears(struct daemon *d)
{
	char path[300];
	int error;

	d->ring = ring_new(kernel_maps(d->kernel)->exchanges, daemon_take_exchange, d);
	if (!d->ring) {
		log_error("cannot open the ring of exchanges: %s", strerror(errno));
		return errno ? -errno : -ENOMEM;
	}
	d->sweeper = maps_sweeper_new(&d->maps);
	if (!d->sweeper)
		return -ENOMEM;
	d->link_fd = kernel_watch_interfaces();
	if (d->link_fd < 0)
		log_warning("interfaces that come or go will not be noticed: %s",
			    strerror(-d->link_fd));
	snprintf(path, sizeof(path), "%s/weir.sock", d->config.run_dir);
	error = metrics_server_new(d->config.metrics_port, daemon_write_metrics, d, &d->metrics);
	if (error)
		return error;
	return api_server_new(path, d->config.group, daemon_answer, d, &d->api);
}

static int start_in_order(struct daemon *d)
{
	int error = kernel_start_up(d);

	if (!error)
		error = daemon_restore(d);
	if (!error)
		error = maps_fill_up(d);
	if (!error)
		error = open_ears(d);
	if (!error)
		error = attach(d);
	if (!error)
		error = kernel_drop_capabilities();
	return error;
}

static void start_report(struct daemon *d)
{
	char status[128];

	snprintf(status, sizeof(status), "mode %s, %zu rules", mode_name(d->mode),
		 rules_count(d->rules));
	log_info("weir %s is in force: %s", WEIR_VERSION, status);
	notify_ready(status);
}

int daemon_start(struct daemon *d)
{
	char why[256];
	int error;

	d->epoll_fd = d->timer_fd = d->signal_fd = d->link_fd = -1;
	umask(0077);
	daemon_hold_signals();
	if (config_check(&d->config, why, sizeof(why))) {
		log_error("%s: %s", d->config_path ? d->config_path : "configuration", why);
		return API_EXIT_USAGE;
	}
	d->started_unix_ns = clock_unix_ns();
	d->started_boot_ns = clock_boot_ns();
	d->due.hour_ns = d->started_boot_ns + CLOCK_SETTLE_NS;
	error = events_open(d->config.events_file, &d->events);
	if (!error)
		error = start_in_order(d);
	if (error) {
		log_error("weir does not start: %s", strerror(-error));
		return exit_code_of(error);
	}
	d->is_in_force = true;
	daemon_check_health(d);
	start_report(d);
	return 0;
}

/* A last sign of life gives a restart the full grace of ten seconds. */
void daemon_stop(struct daemon *d)
{
	if (d->is_in_force) {
		daemon_flush_whole(d);
		daemon_heartbeat(d);
		log_info(
			d->config.is_persistent ?
				"ended; programs and rules stay in force (persist)" :
				"ended; without a new daemon the programs pass everything after 10 s");
	}
	heart_stop(&d->heart);
	api_server_free(d->api);
	metrics_server_free(d->metrics);
	ring_free(d->ring);
	maps_sweeper_free(d->sweeper);
	plan_clear(&d->plan);
	engine_free(d->engine);
	rules_free(d->rules);
	stack_names_free(d->names);
	words_close(d->words);
	ledger_close(d->ledger);
	if (d->kernel)
		kernel_close(d->kernel);
	events_close(d->events);
	streams_clear(&d->streams);
	hit_memory_clear(&d->hit_memory);
	fleet_memory_clear(&d->fleet_memory);
	digest_set_clear(&d->lower_bounds);
	free(d->guards);
	for (size_t i = 0; i < 4; i++) {
		int fd = (int[]){ d->epoll_fd, d->timer_fd, d->signal_fd, d->link_fd }[i];

		if (fd >= 0)
			close(fd);
	}
}
