/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */

/* Turns a horizon into a population's figures and the settings that fit it. */

#include "population.h"

#define DAY_S 86400.0

struct population_options population_minutes(uint64_t seed)
{
	return (struct population_options){
		.seed = seed,
		.horizon_s = 150,
		.ordinary = 200,
		.workers = 30,
		.relayed = 10,
		.fleet = 60,
		.exchanges_per_day = 18 * DAY_S / 200,
		.exchanges_log_sd = 1.0,
		.size_log_sd = 0.8,
		.turns = 4,
		.think_s = 0.7,
		.pool_exchanges_per_day = 44 * DAY_S / 120,
	};
}

struct population_options population_days(uint64_t seed, double days)
{
	return (struct population_options){
		.seed = seed,
		.horizon_s = days * DAY_S,
		.ordinary = 2000,
		.workers = 300,
		.relayed = 100,
		.fleet = 300,
		.exchanges_per_day = 12,
		.exchanges_log_sd = 1.8,
		.size_log_sd = 0.8,
		.turns = 4,
		.think_s = 120,
		.day_rhythm = 1,
		.pool_exchanges_per_day = 18,
	};
}

#define MINUTE_NS 60000000000ULL
#define DAY_NS (1440 * MINUTE_NS)

struct detect_settings settings_days(void)
{
	return (struct detect_settings){
		.tick_ns = MINUTE_NS,
		.scan_ns = 60 * MINUTE_NS,
		.session_gap_ns = 30 * MINUTE_NS,
		.burst_merge_ns = MINUTE_NS,
		.count_bin_ns = 10 * MINUTE_NS,
		.fleet_dormant_ns = 7 * DAY_NS,
		.fleet_gone_ns = 30 * DAY_NS,
		.retention_sources_ns = 30 * DAY_NS,
		.retention_fleets_ns = 180 * DAY_NS,
		.evidence_day_ns = DAY_NS,
		.sources_max = 1000000,
		.effective_exchanges_min = 20,
		.block_sources_min = 30,
		.confirmed_members_min = 50,
		.relay_connections_min = 5,
		.watch_db = 15,
		.suspect_db = 25,
		.confirmed_db = 35,
		.confirmed_concealment_db = 10,
		.membership_posterior = 0.95,
		.false_discovery_alpha = 0.01,
	};
}

struct detect_settings settings_minutes(void)
{
	struct detect_settings settings = settings_days();

	/* One evidence day holds the whole demo: a second one would start from little. */
	settings.tick_ns = 5000000000ULL;
	settings.scan_ns = 10000000000ULL;
	settings.session_gap_ns = 4000000000ULL;
	settings.burst_merge_ns = 1000000000ULL;
	settings.count_bin_ns = 10000000000ULL;
	settings.evidence_day_ns = 5 * MINUTE_NS;
	settings.effective_exchanges_min = 8;
	settings.suspect_db = 18;
	settings.confirmed_db = 25;
	return settings;
}
