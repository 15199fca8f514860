/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#pragma once

/* The running daemon: everything it holds, and what its parts do to it. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <weir/abi.h>
#include <weir/reasons.h>

#include "cmd/clock.h"
#include "cmd/daemon/digest_set.h"
#include "cmd/daemon/fleet_memory.h"
#include "cmd/daemon/heart.h"
#include "cmd/daemon/problem.h"
#include "cmd/daemon/stream.h"
#include "core/config.h"
#include "core/engine.h"
#include "core/exchange.h"
#include "core/plan.h"
#include "core/rule.h"
#include "edge/api.h"
#include "edge/events.h"
#include "edge/guard.h"
#include "edge/hits.h"
#include "edge/kernel.h"
#include "edge/ledger.h"
#include "edge/maps.h"
#include "edge/metrics_server.h"
#include "edge/ring.h"
#include "edge/words.h"

/* After a start or a step of the clock nothing kept is thrown away as expired: a clock that is far off is mostly
 * set right soon. */
#define CLOCK_SETTLE_NS (600 * NS_PER_S)

/* When each thing is due next, CLOCK_BOOTTIME unless it says unix. */
struct daemon_due {
	uint64_t guard_ns;
	uint64_t flush_ns;
	uint64_t tick_ns;
	uint64_t minute_ns;
	uint64_t hour_ns;
};

#define LOSSES_MAX 5

/* What is counted where a table is full, and when it last grew (boot time; 0: never). */
struct loss_seen {
	uint64_t packets, last_ns;
	bool is_known; /* packets were read once: what an earlier daemon counted is not news */
};

struct daemon {
	struct config config;
	const char *config_path; /* NULL: defaults */
	bool is_in_force;	 /* started whole */
	bool is_stopping;
	bool is_reload_wanted;
	uint8_t mode; /* enum weir_mode */

	struct kernel *kernel;
	struct maps maps;
	struct maps_sweeper *sweeper;
	struct ring *ring;
	struct ledger *ledger;
	struct words *words;
	struct engine *engine;
	struct rules *rules;
	struct stack_names *names;
	struct api_server *api;
	struct events *events;
	struct metrics_server *metrics; /* NULL: none wanted */
	struct plan plan;
	struct heart heart;
	struct problems problems;
	struct streams streams;
	struct hit_memory hit_memory;
	struct fleet_memory fleet_memory;
	struct digest_set lower_bounds; /* sources whose count is a lower bound */

	int epoll_fd, timer_fd, signal_fd, link_fd;
	struct daemon_due due;
	uint64_t started_unix_ns;
	uint64_t started_boot_ns;
	uint64_t fleet_rules_saved_ns; /* last time all fleet rules went to the ledger */
	uint64_t clock_settled_ns;     /* boot time; before it nothing is thrown away as expired */
	uint64_t tick_took_ns;	       /* how long the last tick took */
	uint64_t exchanges_refused;    /* no room for the profile */

	struct weir_counter reasons[WEIR_REASON_MAX]; /* summed this second */
	struct loss_seen losses[LOSSES_MAX];	      /* health.c */
	struct guard_entry *guards;
	size_t guard_count;
	bool guards_are_put; /* as allow rules */
};

/* ---- start.c, restore.c, reload.c: from nothing to a daemon in force, and back ---- */
/* 0 or an exit code, said in the log. */
int daemon_start(struct daemon *d);
void daemon_stop(struct daemon *d);
/* Engine, rules, names, mode and words from ledger, words file and configuration. 0 or -errno. */
int daemon_restore(struct daemon *d);
/* SIGHUP: reads the configuration again; on errors the old one stays. */
void daemon_reload(struct daemon *d);

/* ---- loop.c, second.c ---- */
int daemon_loop(struct daemon *d);
/* From now on signals wait for the loop; one that comes during the start must not end it. */
void daemon_hold_signals(void);
/* Everything that is due; called once a second. */
void daemon_second(struct daemon *d);
/* The sign of life that the kernel side and the watchdog wait for. */
void daemon_heartbeat(struct daemon *d);
/* Called for each row of a long loop: now and then a sign of life, and room in the ring. */
void daemon_breathe(struct daemon *d, size_t row);
/* What `meta` must hold, but for the heartbeat. */
struct weir_meta daemon_meta(const struct daemon *d);

/* ---- rules.c: the one place where rules go to the maps ---- */
/* Writes every change of d->rules to the maps, in batches, alive in between. 0 or -errno. */
int daemon_apply_rules(struct daemon *d);
void daemon_take_pushes(struct daemon *d);
/* Allows that the configuration names; after a reload, too. */
int daemon_put_config_allows(struct daemon *d);
/* Sets the mode in memory, map and ledger, and replans. 0 or -errno. */
int daemon_set_mode(struct daemon *d, uint8_t mode, const char *by);

/* ---- guards.c ---- */
/* Own addresses, gateways, resolvers and SSH peers as they are now, into rules; the caller applies them. */
void daemon_refresh_guards(struct daemon *d);

/* ---- tick.c, flush.c ---- */
void daemon_tick(struct daemon *d);
/* Makes the plan again and writes its difference: after a tick, an allow, a word, a new mode. */
void daemon_replan(struct daemon *d);
/* What changed, but not more than a flush may take; the rest with the next. */
void daemon_flush(struct daemon *d);
/* All that changed, however long it takes. */
void daemon_flush_whole(struct daemon *d);
/* Deletes expired rules from the ledger, and expired allows from the words. */
void daemon_flush_expired(struct daemon *d);

/* ---- exchange.c ---- */
int daemon_take_exchange(const struct weir_exchange *record, void *arg);
/* The name of a SYN stack, looked up in the kernel the first time; NULL: unknown. */
const char *daemon_stack_name(struct daemon *d, uint64_t digest);

/* ---- health.c, report.c ---- */
/* Derives problems from attachments, counters and tables. */
void daemon_check_health(struct daemon *d);
void daemon_report_minute(struct daemon *d);

/* ---- api_status.c: for the metrics server; arg is the daemon ---- */
void daemon_write_metrics(FILE *out, void *arg);

/* ---- api.c ---- */
json_t *daemon_answer(const char *command, const json_t *args, const struct api_peer *peer,
		      uint64_t connection, void *arg);
