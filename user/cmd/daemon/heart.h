/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#pragma once

/*
 * The daemon's sign of life, once a second, from a thread of its own: a long tick or the saving of a million rules
 * must not make the kernel side believe that the daemon is gone.
 */

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include <weir/abi.h>

#include "edge/maps.h"

struct heart {
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t ended;
	bool is_beating; /* the thread runs */
	bool is_ending;
	/* Under the lock. */
	struct maps maps;
	struct weir_meta meta;
	uint64_t loop_ns; /* when the loop last said that it lives */
};

/* Beats once at once. The thread gives up its capabilities as the loop does. 0 or -errno. */
int heart_start(struct heart *heart, const struct maps *maps, const struct weir_meta *meta);
/* The loop lives; meta as it is now. Beats at once, too. */
void heart_beat(struct heart *heart, const struct weir_meta *meta);
void heart_stop(struct heart *heart);
