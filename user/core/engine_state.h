/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#pragma once

/* What the engine consists of: shared by its own files only. */

#include "core/engine.h"
#include "core/fleets.h"
#include "core/profiles.h"

/* What is kept over a restart beside profiles and fleets; fixed size, saved as it is. */
struct engine_state {
	struct engine_stats stats;
	uint64_t day_start_ns; /* 0: no tick yet */
	uint64_t last_scan_ns;
	uint64_t recent_ns; /* as of when recent holds */
	double recent;	    /* exchanges of all sources, decaying */
	uint32_t day;
	uint32_t reserved;
};

struct engine {
	struct detect_settings settings;
	uint64_t seed;
	struct engine_state state;
	bool state_is_dirty;
	struct profiles profiles;
	struct fleets fleets;
	const struct fleet **shown; /* answer of engine_fleets */
};

struct profile_clock engine_clock(const struct engine *engine);
/* The later of the last exchange and the last tick's scan: what "now" means between ticks. */
uint64_t engine_now(const struct engine *engine);
