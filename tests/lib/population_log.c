/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */

/*
 * Turns a seed and head counts into an exchange log, the truth about its sources, and a configuration whose
 * horizons fit it.
 *
 * usage: population_log minutes|days SEED SPAN ORDINARY WORKERS RELAYED FLEET LOG TRUTH CONFIG
 * SPAN is in minutes or days; TRUTH has lines "source role".
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/exchange.h"
#include "population.h"

#define ARGUMENTS 10
#define NS_PER_MS 1000000ULL

static const char *const role_names[] = {
	[ROLE_ORDINARY] = "ordinary",
	[ROLE_WORKER] = "worker",
	[ROLE_RELAYED] = "relayed",
	[ROLE_FLEET] = "fleet",
};

static FILE *file_new(const char *path)
{
	FILE *out = fopen(path, "we");

	if (!out) {
		perror(path);
		exit(1);
	}
	return out;
}

static void file_end(FILE *out, const char *path)
{
	if (ferror(out) || fclose(out)) {
		perror(path);
		exit(1);
	}
}

static void log_write(const struct population *population, const char *path)
{
	FILE *out = file_new(path);
	char line[EXCHANGE_LINE_MAX];

	fprintf(out, "%s\n", exchange_csv_header);
	for (size_t i = 0; i < population->count; i++) {
		if (exchange_format_csv(&population->exchanges[i], NULL, line, sizeof(line)) < 0)
			exit(1);
		fprintf(out, "%s\n", line);
	}
	file_end(out, path);
}

static void truth_write(const struct population *population, const char *path)
{
	FILE *out = file_new(path);
	char source[NET_TEXT_MAX];

	for (size_t i = 0; i < population->source_count; i++) {
		net_format(&population->sources[i], source);
		fprintf(out, "%s %s\n", source, role_names[population->roles[i]]);
	}
	file_end(out, path);
}

static void duration_put(FILE *out, const char *key, uint64_t ns)
{
	fprintf(out, "  %s: %llums\n", key, (unsigned long long)(ns / NS_PER_MS));
}

static void config_write(const struct detect_settings *settings, const char *path)
{
	FILE *out = file_new(path);

	fprintf(out, "detect:\n");
	duration_put(out, "tick", settings->tick_ns);
	duration_put(out, "scan", settings->scan_ns);
	duration_put(out, "session_gap", settings->session_gap_ns);
	duration_put(out, "burst_merge", settings->burst_merge_ns);
	duration_put(out, "count_bin", settings->count_bin_ns);
	duration_put(out, "evidence_day", settings->evidence_day_ns);
	fprintf(out, "  effective_exchanges_min: %u\n", settings->effective_exchanges_min);
	fprintf(out, "  suspect_db: %g\n  confirmed_db: %g\n", settings->suspect_db,
		settings->confirmed_db);
	file_end(out, path);
}

static unsigned number(const char *text)
{
	return (unsigned)strtoul(text, NULL, 10);
}

int main(int argc, char **argv)
{
	struct population_options options;
	struct detect_settings settings;
	struct population population;
	bool is_days;

	if (argc != ARGUMENTS + 1) {
		fprintf(stderr, "usage: population_log minutes|days SEED SPAN ORDINARY WORKERS "
				"RELAYED FLEET LOG TRUTH CONFIG\n");
		return 2;
	}
	is_days = strcmp(argv[1], "days") == 0;
	options = is_days ? population_days(number(argv[2]), number(argv[3])) :
			    population_minutes(number(argv[2]));
	if (!is_days)
		options.horizon_s = 60.0 * number(argv[3]);
	settings = is_days ? settings_days() : settings_minutes();
	options.ordinary = number(argv[4]);
	options.workers = number(argv[5]);
	options.relayed = number(argv[6]);
	options.fleet = number(argv[7]);
	if (population_make(&options, &population) < 0)
		return 1;
	log_write(&population, argv[8]);
	truth_write(&population, argv[9]);
	config_write(&settings, argv[10]);
	population_clear(&population);
	return 0;
}
