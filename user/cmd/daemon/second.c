/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */

/* What the clock asks for, once a second. */

#include "cmd/daemon/daemon.h"

#include <string.h>
#include <unistd.h>

#include "edge/log.h"

#define GUARD_EVERY_NS (5 * NS_PER_S)
#define MINUTE_NS (60 * NS_PER_S)
#define HOUR_NS (3600 * NS_PER_S)
/* Entries of flows and sources looked at each second: a full default table in eight. */
#define SWEEP_BUDGET 65536
/* A step of the wall clock by more than this moves every expiry. */
#define CLOCK_STEP_NS (2 * NS_PER_S)
#define BREATH_ROWS 4096 /* some milliseconds of any loop */

struct weir_meta daemon_meta(const struct daemon *d)
{
	return (struct weir_meta){
		.abi_version = WEIR_ABI_VERSION,
		.source_prefix6 = d->config.source_prefix6,
		.started_ns = d->started_boot_ns,
		.boot_unix_ns = d->maps.boot_unix_ns,
		.flows_max = d->config.flows_max,
		.sources_max = d->config.sources_max,
		.rules_max = d->config.rules_max,
		.daemon_pid = (uint32_t)getpid(),
		.is_persistent = d->config.is_persistent,
	};
}

void daemon_heartbeat(struct daemon *d)
{
	struct weir_meta meta = daemon_meta(d);

	heart_beat(&d->heart, &meta);
}

void daemon_breathe(struct daemon *d, size_t row)
{
	if (row % BREATH_ROWS != BREATH_ROWS - 1)
		return;
	daemon_heartbeat(d);
	if (d->ring)
		ring_consume(d->ring);
}

static bool is_due(uint64_t *due_ns, uint64_t every_ns, uint64_t now_ns)
{
	if (now_ns < *due_ns)
		return false;
	*due_ns = now_ns + every_ns;
	return true;
}

static void expiries_clamp(struct daemon *d)
{
	size_t clamped = rules_clamp(d->rules, clock_unix_ns() + d->config.rule_ttl_max_ns);

	if (clamped)
		log_warning(
			"%zu rules end at rules.ttl_max: the clock was ahead when they were made",
			clamped);
}

static void clock_follow(struct daemon *d)
{
	uint64_t boot_unix_ns = clock_unix_ns() - clock_boot_ns();
	int64_t step_ns = (int64_t)(boot_unix_ns - d->maps.boot_unix_ns);

	if (step_ns < (int64_t)CLOCK_STEP_NS && step_ns > -(int64_t)CLOCK_STEP_NS)
		return;
	log_warning("the clock stepped by %lld ms: every rule's expiry is written again",
		    (long long)(step_ns / 1000000));
	d->maps.boot_unix_ns = boot_unix_ns;
	d->clock_settled_ns = clock_boot_ns() + CLOCK_SETTLE_NS;
	expiries_clamp(d);
	rules_mark_all_dirty(d->rules);
}

/* Root may set the mode with bpftool: the map is right, not our memory of it. */
static void mode_follow(struct daemon *d)
{
	uint64_t mode;

	if (maps_get(&d->maps, WEIR_SETTING_MODE, &mode) || mode == d->mode)
		return;
	if (mode >= WEIR_MODE_MAX) {
		log_warning("map settings: %llu is no mode, back to %s", (unsigned long long)mode,
			    mode_name(d->mode));
		maps_set(&d->maps, WEIR_SETTING_MODE, d->mode);
		return;
	}
	daemon_set_mode(d, (uint8_t)mode, "map settings");
}

static void sweep(struct daemon *d, uint64_t now_ns)
{
	int swept = maps_sweep(d->sweeper, now_ns, &d->config, SWEEP_BUDGET);

	if (swept < 0)
		log_warning("cannot sweep idle flows: %s", strerror(-swept));
	ring_consume(d->ring);
}

/* The map is small, and half of it empty nearly always: a look a minute. */
static void stacks_sweep(struct daemon *d, uint64_t now_ns)
{
	int removed =
		maps_sweep_stacks(&d->maps, now_ns, d->config.flow_idle_ns, d->config.stacks_max);

	if (removed > 0)
		log_info("map stacks was half full: %d without a new flow went", removed);
	else if (removed < 0)
		log_warning("cannot sweep stacks: %s", strerror(-removed));
}

static void expire(struct daemon *d)
{
	size_t expired = 0;

	/* Until then they are only out of force: the kernel side checks each expiry itself. */
	if (clock_boot_ns() >= d->clock_settled_ns)
		expired = rules_expire(d->rules, clock_unix_ns());
	if (expired)
		log_info("%zu rules expired", expired);
	daemon_apply_rules(d);
}

void daemon_second(struct daemon *d)
{
	uint64_t now_ns = clock_boot_ns();

	daemon_heartbeat(d);
	clock_follow(d);
	mode_follow(d);
	daemon_take_pushes(d);
	if (is_due(&d->due.guard_ns, GUARD_EVERY_NS, now_ns))
		daemon_refresh_guards(d);
	sweep(d, now_ns);
	expire(d);
	maps_sum_reasons(&d->maps, d->reasons);
	metrics_server_work(d->metrics);
	streams_expire(&d->streams, d->api, clock_unix_ns());
	if (is_due(&d->due.tick_ns, d->config.detect.tick_ns, now_ns))
		daemon_tick(d);
	if (is_due(&d->due.flush_ns, d->config.ledger_flush_ns, now_ns))
		daemon_flush(d);
	if (is_due(&d->due.minute_ns, MINUTE_NS, now_ns)) {
		daemon_report_minute(d);
		stacks_sweep(d, now_ns);
	}
	if (now_ns >= d->clock_settled_ns && is_due(&d->due.hour_ns, HOUR_NS, now_ns)) {
		expiries_clamp(d);
		daemon_flush_expired(d);
		maps_rebuild_prefilter(&d->maps, d->rules);
	}
	daemon_check_health(d);
}
