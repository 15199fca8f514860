/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */

/* Turns exchanges and ticks into profiles, cohorts and fleets. */

#include "core/engine.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/engine_state.h"

struct engine *engine_new(const struct detect_settings *settings, uint64_t seed)
{
	struct engine *engine = calloc(1, sizeof(*engine));

	if (!engine)
		return NULL;
	engine->settings = *settings;
	engine->seed = seed;
	engine->state.day = 1;
	if (profiles_init(&engine->profiles) < 0) {
		free(engine);
		return NULL;
	}
	return engine;
}

void engine_free(struct engine *engine)
{
	if (!engine)
		return;
	profiles_clear(&engine->profiles);
	fleets_clear(&engine->fleets);
	free(engine->shown);
	free(engine);
}

void engine_configure(struct engine *engine, const struct detect_settings *settings)
{
	engine->settings = *settings;
}

struct profile_clock engine_clock(const struct engine *engine)
{
	return (struct profile_clock){ &engine->settings, engine->seed, engine->state.day };
}

uint64_t engine_now(const struct engine *engine)
{
	const struct engine_state *state = &engine->state;

	return state->stats.last_unix_ns > state->last_scan_ns ? state->stats.last_unix_ns :
								 state->last_scan_ns;
}

static void totals_add(struct engine *engine, uint64_t time_ns)
{
	struct engine_state *state = &engine->state;
	double half_life_ns = (double)engine->settings.evidence_day_ns;

	if (time_ns > state->recent_ns) {
		state->recent *= exp2(-(double)(time_ns - state->recent_ns) / half_life_ns);
		state->recent_ns = time_ns;
	}
	state->recent += 1;
	state->stats.exchanges++;
	if (state->stats.first_unix_ns == 0 || time_ns < state->stats.first_unix_ns)
		state->stats.first_unix_ns = time_ns;
	if (time_ns > state->stats.last_unix_ns)
		state->stats.last_unix_ns = time_ns;
	engine->state_is_dirty = true;
}

int engine_add(struct engine *engine, const struct exchange *exchange)
{
	struct profile_clock clock = engine_clock(engine);
	struct source *source = profiles_find(&engine->profiles, &exchange->source);
	bool was_made = false;

	if (!source && engine->profiles.count >= engine->settings.sources_max) {
		engine->state.stats.sources_refused++;
		engine->state_is_dirty = true;
		return -ENOSPC;
	}
	if (!source)
		source = profiles_get(&engine->profiles, &exchange->source, &was_made);
	if (!source)
		return -ENOMEM;
	if (was_made)
		profile_init(&source->profile, &exchange->source, exchange->time_unix_ns);
	profile_add(&source->profile, exchange, &clock);
	source->is_dirty = true;
	totals_add(engine, exchange->time_unix_ns);
	return 0;
}

struct expiry {
	uint64_t before_ns;
};

static bool source_is_expired(const struct source *source, void *arg)
{
	const struct expiry *expiry = arg;

	return source->profile.last_ns < expiry->before_ns;
}

static int sources_expire(struct engine *engine, uint64_t now_ns)
{
	uint64_t retention_ns = engine->settings.retention_sources_ns;
	struct expiry expiry = { now_ns > retention_ns ? now_ns - retention_ns : 0 };
	int removed = profiles_remove(&engine->profiles, source_is_expired, &expiry);

	return removed < 0 ? removed : 0;
}

static int cohorts_weigh(struct engine *engine, struct snapshot *snapshot)
{
	struct blocks blocks = { .items = NULL };
	struct cohorts cohorts = { .items = NULL };
	int err = scan_run(snapshot, &blocks);

	if (!err)
		err = cohorts_find(snapshot, &blocks, &cohorts);
	if (!err)
		err = evidence_weigh(snapshot, &cohorts);
	if (!err)
		err = fleets_update(&engine->fleets, snapshot, &cohorts);
	cohorts_clear(&cohorts);
	blocks_clear(&blocks);
	return err;
}

static int scan(struct engine *engine, uint64_t now_ns)
{
	struct engine_state *state = &engine->state;
	struct profile_clock clock = engine_clock(engine);
	struct snapshot_inputs inputs = {
		.profiles = &engine->profiles,
		.clock = &clock,
		.now_ns = now_ns,
		.day_start_ns = state->day_start_ns,
		.seed = stats_mix(engine->seed, state->stats.scans),
	};
	struct snapshot snapshot;
	int err = snapshot_take(&inputs, &snapshot);

	if (err)
		return err;
	err = cohorts_weigh(engine, &snapshot);
	snapshot_clear(&snapshot);
	if (err)
		return err;
	state->last_scan_ns = now_ns;
	state->stats.scans++;
	return 0;
}

/* The evidence day ends with a scan of its own, before its sums are dropped. */
static void day_end(struct engine *engine, uint64_t now_ns)
{
	struct engine_state *state = &engine->state;
	uint64_t day_ns = engine->settings.evidence_day_ns;

	fleets_bank(&engine->fleets);
	state->day++;
	state->day_start_ns += (now_ns - state->day_start_ns) / day_ns * day_ns;
}

int engine_tick(struct engine *engine, uint64_t now_unix_ns)
{
	struct engine_state *state = &engine->state;
	const struct detect_settings *settings = &engine->settings;
	bool day_is_over, scan_is_due;
	int err, removed;

	if (state->day_start_ns == 0) {
		state->day_start_ns = now_unix_ns;
		state->last_scan_ns = now_unix_ns;
	}
	state->stats.ticks++;
	engine->state_is_dirty = true;
	day_is_over = now_unix_ns >= state->day_start_ns + settings->evidence_day_ns;
	scan_is_due = day_is_over || now_unix_ns >= state->last_scan_ns + settings->scan_ns;
	err = sources_expire(engine, now_unix_ns);
	if (!err && scan_is_due)
		err = scan(engine, now_unix_ns);
	if (err)
		return err;
	if (day_is_over)
		day_end(engine, now_unix_ns);
	removed = fleets_age(&engine->fleets, settings, now_unix_ns);
	if (scan_is_due || removed > 0)
		fleets_link(&engine->fleets, &engine->profiles);
	return removed < 0 ? removed : 0;
}
