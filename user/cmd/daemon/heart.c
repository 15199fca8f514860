/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */

/* The daemon's sign of life, once a second, from a thread of its own. */

#include "cmd/daemon/heart.h"

#include <signal.h>
#include <string.h>

#include "cmd/clock.h"
#include "edge/kernel.h"
#include "edge/log.h"
#include "edge/notify.h"

/* A loop that is silent for longer does not work, it hangs: then the kernel side passes everything after ten
 * seconds and the service manager starts anew. A full scan of a million sources takes less. */
#define LOOP_SILENCE_MAX_NS (120 * NS_PER_S)

static void beat(struct heart *heart)
{
	heart->meta.heartbeat_ns = clock_boot_ns();
	if (heart->meta.heartbeat_ns - heart->loop_ns > LOOP_SILENCE_MAX_NS)
		return;
	maps_write_meta(&heart->maps, &heart->meta);
	notify_alive();
}

static void *heart_run(void *arg)
{
	struct heart *heart = arg;
	struct timespec next;

	kernel_drop_capabilities();
	pthread_mutex_lock(&heart->lock);
	while (!heart->is_ending) {
		beat(heart);
		clock_gettime(CLOCK_MONOTONIC, &next);
		next.tv_sec++;
		pthread_cond_timedwait(&heart->ended, &heart->lock, &next);
	}
	pthread_mutex_unlock(&heart->lock);
	return NULL;
}

static void locks_init(struct heart *heart)
{
	pthread_condattr_t monotonic;

	pthread_condattr_init(&monotonic);
	pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	pthread_cond_init(&heart->ended, &monotonic);
	pthread_condattr_destroy(&monotonic);
	pthread_mutex_init(&heart->lock, NULL);
}

int heart_start(struct heart *heart, const struct maps *maps, const struct weir_meta *meta)
{
	sigset_t all, before;
	int error;

	locks_init(heart);
	heart->maps = *maps;
	heart->meta = *meta;
	heart->loop_ns = clock_boot_ns();
	beat(heart);
	/* Signals are the loop's. */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	error = pthread_create(&heart->thread, NULL, heart_run, heart);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (error) {
		log_error("cannot start the heartbeat's thread: %s", strerror(error));
		return -error;
	}
	heart->is_beating = true;
	return 0;
}

void heart_beat(struct heart *heart, const struct weir_meta *meta)
{
	if (!heart->is_beating)
		return;
	pthread_mutex_lock(&heart->lock);
	heart->meta = *meta;
	heart->loop_ns = clock_boot_ns();
	beat(heart);
	pthread_mutex_unlock(&heart->lock);
}

void heart_stop(struct heart *heart)
{
	if (!heart->is_beating)
		return;
	pthread_mutex_lock(&heart->lock);
	heart->is_ending = true;
	pthread_cond_signal(&heart->ended);
	pthread_mutex_unlock(&heart->lock);
	pthread_join(heart->thread, NULL);
	heart->is_beating = false;
}
