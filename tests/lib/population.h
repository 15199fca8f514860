/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#pragma once

/*
 * A made-up population of sources as a sorted log of exchanges: ordinary users with own habits and
 * heavy tails, a customer's workers, users behind relays, and a fleet fed by a least-recently-used
 * scheduler. It is made by processes (jobs, conversations, pauses, paths), not by the distributions
 * the detector assumes.
 */

#include <stddef.h>
#include <stdint.h>

#include "core/config.h"
#include "core/exchange.h"

enum population_role {
	ROLE_ORDINARY,
	ROLE_WORKER,  /* coordinated, direct */
	ROLE_RELAYED, /* ordinary habits, behind a relay */
	ROLE_FLEET,   /* coordinated, behind relays */
	ROLE_MAX,
};

struct population_options {
	uint64_t seed;
	double horizon_s;
	unsigned ordinary, workers, relayed, fleet;
	/* Habits of ordinary users: medians and the sd of the logarithm between users. */
	double exchanges_per_day, exchanges_log_sd;
	double size_log_sd;
	double turns;		       /* of a conversation */
	double think_s;		       /* between turns */
	double day_rhythm;	       /* 0 flat, 1 strong */
	double pool_exchanges_per_day; /* of one member of fleet or workers */
};

struct population {
	struct exchange *exchanges; /* by time */
	size_t count, room;
	struct net *sources; /* sorted */
	enum population_role *roles;
	size_t source_count;
};

/* Minutes instead of days: what the demo sees. */
struct population_options population_minutes(uint64_t seed);
/* Real time: 13 to 26 exchanges a day and member, sessions of half an hour. */
struct population_options population_days(uint64_t seed, double days);
/* Settings whose horizons fit. */
struct detect_settings settings_minutes(void);
struct detect_settings settings_days(void);

int population_make(const struct population_options *options, struct population *out);
void population_clear(struct population *population);
enum population_role population_role_of(const struct population *population, const struct net *net);
