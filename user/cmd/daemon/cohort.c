/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */

/* One member's figures beside those of its fleet: the typical one and how far members differ. */

#include "cmd/daemon/cohort.h"

#include <math.h>
#include <stddef.h>
#include <stdio.h>

#include "cmd/units.h"

/* A fleet of 25,000 is described well enough by some hundreds of its members. */
#define SAMPLE_MAX 512

struct figure {
	const char *name, *text;
	size_t offset;
	const char *(*say)(double value, char *text); /* with its unit, as units.h does */
};

static const char *say_whole(double value, char *text)
{
	return units_count(round(value), text);
}

static const char *say_ratio(double value, char *text)
{
	snprintf(text, UNITS_TEXT_MAX, "%.2f", value);
	return text;
}

static const struct figure figures[] = {
	{ "rate_per_day", "exchanges a day", offsetof(struct source_figures, rate_per_day),
	  say_whole },
	{ "bytes_up_typical", "request size", offsetof(struct source_figures, bytes_up_typical),
	  units_bytes },
	{ "bytes_down_typical", "response size",
	  offsetof(struct source_figures, bytes_down_typical), units_bytes },
	{ "duration_typical_us", "duration", offsetof(struct source_figures, duration_typical_us),
	  units_micro },
	{ "cadence_lv", "cadence (Lv)", offsetof(struct source_figures, cadence_lv), say_ratio },
	{ "relay_gap_us", "relay gap", offsetof(struct source_figures, relay_gap_us), units_micro },
};
#define FIGURE_COUNT (sizeof(figures) / sizeof(figures[0]))

struct moments {
	double sum, sum_squares;
	unsigned count;
};

static double figure_of(const struct source_figures *source, const struct figure *figure)
{
	return *(const double *)((const char *)source + figure->offset);
}

static void cohort_measure(const struct engine *engine, const struct fleet *fleet,
			   struct moments moments[FIGURE_COUNT])
{
	size_t step = fleet->member_count / SAMPLE_MAX + 1;

	for (size_t i = 0; i < fleet->member_count; i += step) {
		struct source_figures member;

		if (engine_figures(engine, &fleet->members[i].source, &member))
			continue;
		for (size_t k = 0; k < FIGURE_COUNT; k++) {
			double value = figure_of(&member, &figures[k]);

			if (!isfinite(value))
				continue;
			moments[k].sum += value;
			moments[k].sum_squares += value * value;
			moments[k].count++;
		}
	}
}

static json_t *figure_compare(const struct figure *figure, const struct moments *moments,
			      double own, json_t *lines)
{
	double mean = moments->sum / moments->count;
	double variance = moments->sum_squares / moments->count - mean * mean;
	double spread = sqrt(fmax(variance, 0));
	char own_text[UNITS_TEXT_MAX], mean_text[UNITS_TEXT_MAX], spread_text[UNITS_TEXT_MAX];

	json_array_append_new(lines,
			      json_sprintf("  %s: %s; the fleet's members %s, give or take %s",
					   figure->text, figure->say(own, own_text),
					   figure->say(mean, mean_text),
					   figure->say(spread, spread_text)));
	return json_pack("{s:f,s:f,s:f}", "own", own, "typical", mean, "spread", spread);
}

json_t *cohort_compare(const struct engine *engine, const struct fleet *fleet,
		       const struct source_figures *own, json_t *lines)
{
	struct moments moments[FIGURE_COUNT] = { 0 };
	json_t *object = json_object();

	cohort_measure(engine, fleet, moments);
	for (size_t k = 0; k < FIGURE_COUNT; k++) {
		double value = figure_of(own, &figures[k]);

		if (moments[k].count && isfinite(value))
			json_object_set_new(object, figures[k].name,
					    figure_compare(&figures[k], &moments[k], value, lines));
	}
	return object;
}
