/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#pragma once

/* What the tests of detection share: a population fed into an engine, and a look inside it. */

#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/engine_state.h"
#include "lib/population.c"
#include "lib/population_options.c"

struct world {
	struct population population;
	struct detect_settings settings;
	struct engine *engine;
	uint64_t now_ns; /* of the next tick */
	size_t next;	 /* exchange */
};

static inline void world_make(struct world *world, const struct population_options *options,
			      const struct detect_settings *settings)
{
	memset(world, 0, sizeof(*world));
	world->settings = *settings;
	assert_int_equal(population_make(options, &world->population), 0);
	world->engine = engine_new(settings, options->seed);
	assert_non_null(world->engine);
	world->now_ns = world->population.exchanges[0].time_unix_ns;
}

static inline void world_clear(struct world *world)
{
	engine_free(world->engine);
	population_clear(&world->population);
}

/* Exchanges and ticks in order, for so long; ticks as often as scans. */
static inline void world_run(struct world *world, double seconds)
{
	uint64_t end_ns = world->now_ns + (uint64_t)(seconds * 1e9);

	for (; world->now_ns <= end_ns; world->now_ns += world->settings.scan_ns) {
		while (world->next < world->population.count &&
		       world->population.exchanges[world->next].time_unix_ns < world->now_ns)
			assert_int_equal(engine_add(world->engine,
						    &world->population.exchanges[world->next++]),
					 0);
		assert_int_equal(engine_tick(world->engine, world->now_ns), 0);
	}
}

static inline enum population_role world_role(const struct world *world, const struct row *row)
{
	return population_role_of(&world->population, &row->source->profile.source);
}

static inline void world_snapshot(struct world *world, struct snapshot *out)
{
	struct profile_clock clock = engine_clock(world->engine);
	struct snapshot_inputs inputs = {
		.profiles = &world->engine->profiles,
		.clock = &clock,
		.now_ns = world->now_ns,
		.day_start_ns = world->engine->state.day_start_ns,
		.seed = 7,
	};

	assert_int_equal(snapshot_take(&inputs, out), 0);
}

/* Listed members of this role in fleets of this level or more. */
static inline unsigned world_listed(const struct world *world, enum population_role role,
				    enum fleet_level level)
{
	size_t count;
	const struct fleet *const *fleets = engine_fleets(world->engine, &count);
	unsigned listed = 0;

	for (size_t i = 0; i < count; i++)
		for (size_t j = 0; j < fleets[i]->member_count && fleets[i]->level >= level; j++)
			listed += fleets[i]->members[j].is_listed &&
				  population_role_of(&world->population,
						     &fleets[i]->members[j].source) == role;
	return listed;
}

/* A plain population whose conversations are steady, so that short runs decide. */
static inline struct population_options steady_minutes(uint64_t seed)
{
	struct population_options options = population_minutes(seed);

	options.horizon_s = 260;
	return options;
}
