/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */

/*
 * Turns seeds into rates: how many members a confirmed fleet lists and how many others, over
 * populations with and without a fleet.
 *
 * usage: detect_rates minutes|days SEEDS [SPAN [SOURCES_FACTOR]], SPAN in minutes or days
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "core/engine.h"
#include "population.h"

#define RULE_CONCEALMENT_DB 6 /* plan's member_concealment_db by default */

struct outcome {
	unsigned listed[ROLE_MAX], ruled[ROLE_MAX]; /* in confirmed fleets */
	unsigned suspect_listed[ROLE_MAX];	    /* in any fleet of suspect or more */
	double confirmed_s;			    /* -1: never */
	double best_db, scan_s_max;
};

static double now_s(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

static void outcome_take(const struct engine *engine, const struct population *population,
			 struct outcome *out)
{
	size_t count;
	const struct fleet *const *fleets = engine_fleets(engine, &count);

	memset(out->listed, 0, sizeof(out->listed));
	memset(out->ruled, 0, sizeof(out->ruled));
	memset(out->suspect_listed, 0, sizeof(out->suspect_listed));
	for (size_t i = 0; i < count; i++) {
		const struct fleet *fleet = fleets[i];

		out->best_db = fleet->score_db > out->best_db ? fleet->score_db : out->best_db;
		for (size_t j = 0; j < fleet->member_count; j++) {
			const struct fleet_member *member = &fleet->members[j];
			enum population_role role = population_role_of(population, &member->source);

			if (!member->is_listed)
				continue;
			out->suspect_listed[role] += fleet->level >= FLEET_SUSPECT;
			out->listed[role] += fleet->level == FLEET_CONFIRMED;
			out->ruled[role] += fleet->level == FLEET_CONFIRMED && !member->is_shared &&
					    member->concealment_db >= RULE_CONCEALMENT_DB;
		}
	}
}

static void run(const struct population_options *options, const struct detect_settings *settings,
		struct outcome *out)
{
	struct population population;
	struct engine *engine = engine_new(settings, options->seed);
	uint64_t next_ns, first_ns;

	memset(out, 0, sizeof(*out));
	out->confirmed_s = -1;
	if (!engine || population_make(options, &population) < 0)
		exit(1);
	first_ns = population.count > 0 ? population.exchanges[0].time_unix_ns : 0;
	next_ns = first_ns;
	for (size_t i = 0; i < population.count; i++) {
		for (; population.exchanges[i].time_unix_ns >= next_ns;
		     next_ns += settings->scan_ns) {
			double before_s = now_s(), took_s;
			size_t count;
			const struct fleet *const *fleets;

			engine_tick(engine, next_ns);
			took_s = now_s() - before_s;
			out->scan_s_max = took_s > out->scan_s_max ? took_s : out->scan_s_max;
			fleets = engine_fleets(engine, &count);
			for (size_t j = 0; j < count; j++)
				if (fleets[j]->level == FLEET_CONFIRMED && out->confirmed_s < 0)
					out->confirmed_s = (double)(next_ns - first_ns) / 1e9;
		}
		engine_add(engine, &population.exchanges[i]);
	}
	engine_tick(engine, next_ns);
	outcome_take(engine, &population, out);
	engine_free(engine);
	population_clear(&population);
}

static void report(const char *name, unsigned seed, const struct population_options *options,
		   const struct outcome *outcome)
{
	printf("%-8s seed %2u: fleet listed %u/%u ruled %u; others listed: ordinary %u "
	       "worker %u relayed %u, ruled %u; suspected others %u; best %.1f dB; "
	       "confirmed after %.0f s; scan %.3f s\n",
	       name, seed, outcome->listed[ROLE_FLEET], options->fleet, outcome->ruled[ROLE_FLEET],
	       outcome->listed[ROLE_ORDINARY], outcome->listed[ROLE_WORKER],
	       outcome->listed[ROLE_RELAYED],
	       outcome->ruled[ROLE_ORDINARY] + outcome->ruled[ROLE_WORKER] +
		       outcome->ruled[ROLE_RELAYED],
	       outcome->suspect_listed[ROLE_ORDINARY] + outcome->suspect_listed[ROLE_WORKER] +
		       outcome->suspect_listed[ROLE_RELAYED],
	       outcome->best_db, outcome->confirmed_s, outcome->scan_s_max);
	fflush(stdout);
}

static void case_run(const char *name, const struct population_options *options,
		     const struct detect_settings *settings, unsigned seeds)
{
	unsigned found = 0, wanted = 0, others = 0, confirmed = 0;

	for (unsigned seed = 1; seed <= seeds; seed++) {
		struct population_options seeded = *options;
		struct outcome outcome;

		seeded.seed = seed;
		run(&seeded, settings, &outcome);
		report(name, seed, &seeded, &outcome);
		found += outcome.ruled[ROLE_FLEET];
		wanted += seeded.fleet;
		confirmed += outcome.confirmed_s >= 0;
		for (int role = 0; role < ROLE_MAX; role++)
			others += role != ROLE_FLEET ? outcome.ruled[role] : 0;
	}
	printf("%-8s all: runs with a confirmed fleet %u/%u, members ruled %u/%u, "
	       "others ruled %u\n",
	       name, confirmed, seeds, found, wanted, others);
}

int main(int argc, char **argv)
{
	struct population_options options;
	struct detect_settings settings;
	unsigned seeds = argc > 2 ? (unsigned)atoi(argv[2]) : 3;
	double span = argc > 3 ? atof(argv[3]) : 7, factor = argc > 4 ? atof(argv[4]) : 1;

	if (argc < 2 || (strcmp(argv[1], "minutes") != 0 && strcmp(argv[1], "days") != 0)) {
		fprintf(stderr, "usage: detect_rates minutes|days SEEDS [SPAN [SOURCES_FACTOR]]\n");
		return 2;
	}
	options = strcmp(argv[1], "days") == 0 ? population_days(1, span) : population_minutes(1);
	settings = strcmp(argv[1], "days") == 0 ? settings_days() : settings_minutes();
	if (strcmp(argv[1], "minutes") == 0 && argc > 3)
		options.horizon_s = span * 60;
	options.ordinary = (unsigned)(options.ordinary * factor);
	options.relayed = (unsigned)(options.relayed * factor);
	case_run("fleet", &options, &settings, seeds);
	options.fleet = 0;
	case_run("no fleet", &options, &settings, seeds);
	options.relayed = 0;
	case_run("workers", &options, &settings, seeds);
	options.relayed = 10 + options.workers;
	options.workers = 0;
	case_run("relays", &options, &settings, seeds);
	return 0;
}
