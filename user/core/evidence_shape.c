/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */

/* Turns histograms of response sizes and of hours into the answer whether sources share them. */

#include "core/evidence.h"

#include <math.h>
#include <stdio.h>

#include "core/cohort.h"

#define SOURCES_MIN 8
#define COLUMN_MIN 5 /* expected counts below this make chi-square a poor law */
#define STATISTIC_MIN 0.2
#define CHI_LAW_SD 0.2 /* of ln(chi-square / df): turns of a session resemble each other */
#define HOURS_SPAN_NS (2 * 86400000000000ULL) /* two days, or there is no rhythm to see */
#define HOURS_SESSIONS_MIN 200
#define RESULTANT_SMALL 0.03 /* keeps the logarithm of a flat day finite */

struct chi {
	double sources, per_source, columns, ratio; /* chi-square over its degrees of freedom */
};

static bool row_has_sizes(const struct snapshot *snapshot, const struct row *row)
{
	return row->source->profile.day == snapshot->day && row->today->exchanges > 0;
}

/* Members by size bins: are the rows draws from one histogram? */
static struct chi chi_of(const struct snapshot *snapshot, const uint32_t *rows, size_t count)
{
	double columns[PROFILE_SIZE_BINS] = { 0 }, total = 0, square = 0, used = 0;
	struct chi out = { 0 };

	for (size_t i = 0; i < count; i++) {
		const struct row *row = &snapshot->rows[rows[i]];

		if (!row_has_sizes(snapshot, row))
			continue;
		out.sources += 1;
		for (int bin = 0; bin < PROFILE_SIZE_BINS; bin++)
			columns[bin] += row->source->profile.sizes_today[bin];
	}
	for (int bin = 0; bin < PROFILE_SIZE_BINS; bin++) {
		used += columns[bin] >= COLUMN_MIN;
		total += columns[bin];
	}
	for (size_t i = 0; i < count; i++) {
		const struct row *row = &snapshot->rows[rows[i]];

		for (int bin = 0; bin < PROFILE_SIZE_BINS; bin++) {
			double expected = row->today->exchanges * columns[bin] / fmax(total, 1),
			       off;

			if (!row_has_sizes(snapshot, row) || columns[bin] < COLUMN_MIN)
				continue;
			off = row->source->profile.sizes_today[bin] - expected;
			square += off * off / expected;
		}
	}
	out.columns = fmax(used - 1, 1);
	out.per_source = out.sources > 0 ? total / out.sources : 0;
	if (out.sources > 1 && used > 1)
		out.ratio = square / ((out.sources - 1) * (used - 1));
	return out;
}

bool evidence_sizes_histogram(const struct evidence_inputs *inputs, struct finding *out)
{
	static const struct fleet_law law = {
		{ 0, 0.3, 0.7 },
		{ 0.5, 0.3, 0.2 },
		3,
		CHI_LAW_SD,
	};
	const struct cohort *cohort = inputs->cohort;
	struct chi own = chi_of(inputs->snapshot, cohort->rows, cohort->count);
	struct null_sample nulls = { .independent = inputs->nulls->independent };
	double ratios[NULL_GROUPS_MAX];

	if (own.sources < SOURCES_MIN || own.ratio <= 0)
		return false;
	for (size_t i = 0; i < inputs->nulls->count; i++) {
		struct chi group =
			chi_of(inputs->snapshot, inputs->nulls->rows[i], inputs->nulls->sizes[i]);
		double ratio;

		if (group.ratio <= 0)
			continue;
		ratio = 1 + (group.ratio - 1) * own.per_source / group.per_source;
		ratios[nulls.count] = group.ratio;
		nulls.logs[nulls.count++] = log(fmax(ratio, STATISTIC_MIN));
		nulls.noise += 2 / (group.sources - 1) / group.columns;
	}
	if (nulls.count == 0)
		return false;
	out->test = "sizes.histogram";
	out->family = FAMILY_SIZES;
	out->figure = own.ratio;
	out->log_ratio = evidence_log_ratio(own.ratio, &law, &nulls);
	snprintf(out->why, sizeof(out->why),
		 "the response sizes of %.0f sources stray %.1f times as much as draws from one "
		 "source would, ordinary ones %.1f times",
		 own.sources, own.ratio, stats_quantile(ratios, nulls.count, 0.5));
	return true;
}

/* Length of the mean vector of session starts on the day's circle: 0 flat, 1 one hour only. */
static double resultant_of(const struct snapshot *snapshot, const uint32_t *rows, size_t count,
			   double *sessions)
{
	double x = 0, y = 0;

	*sessions = 0;
	for (size_t i = 0; i < count; i++)
		for (int hour = 0; hour < PROFILE_HOURS; hour++) {
			double n = snapshot->rows[rows[i]].source->profile.hours[hour];
			double angle = 2 * M_PI * (hour + 0.5) / PROFILE_HOURS;

			x += n * cos(angle);
			y += n * sin(angle);
			*sessions += n;
		}
	return *sessions > 0 ? hypot(x, y) / *sessions : 0;
}

static uint64_t span_of(const struct snapshot *snapshot, const uint32_t *rows, size_t count)
{
	uint64_t first_ns = snapshot->now_ns;

	for (size_t i = 0; i < count; i++) {
		uint64_t ns = snapshot->rows[rows[i]].source->profile.first_ns;

		first_ns = ns < first_ns ? ns : first_ns;
	}
	return snapshot->now_ns - first_ns;
}

bool evidence_hours_flat(const struct evidence_inputs *inputs, struct finding *out)
{
	static const double resultants[] = { 0, 0.1, 0.2, 0.35, 0.5 };
	const struct cohort *cohort = inputs->cohort;
	struct fleet_law law = { { 0 }, { 0.3, 0.2, 0.2, 0.2, 0.1 }, 5, 0.4 };
	struct null_sample nulls = { .independent = inputs->nulls->independent };
	double plain[NULL_GROUPS_MAX], sessions, own;

	if (span_of(inputs->snapshot, cohort->rows, cohort->count) < HOURS_SPAN_NS)
		return false;
	own = resultant_of(inputs->snapshot, cohort->rows, cohort->count, &sessions);
	if (sessions < HOURS_SESSIONS_MIN || inputs->nulls->count == 0)
		return false;
	for (size_t i = 0; i < inputs->nulls->count; i++) {
		double any;

		plain[i] = resultant_of(inputs->snapshot, inputs->nulls->rows[i],
					inputs->nulls->sizes[i], &any);
		nulls.logs[nulls.count++] = log(plain[i] + RESULTANT_SMALL);
	}
	for (size_t i = 0; i < law.parts; i++)
		law.log_mean[i] = log(resultants[i] + RESULTANT_SMALL);
	out->test = "hours.flat";
	out->family = FAMILY_HOURS;
	out->figure = own;
	out->log_ratio = evidence_log_ratio(own + RESULTANT_SMALL, &law, &nulls);
	snprintf(out->why, sizeof(out->why),
		 "%.0f session starts lean to one time of day by %.0f %%, ordinary groups by "
		 "%.0f %%",
		 sessions, 100 * own, 100 * stats_quantile(plain, inputs->nulls->count, 0.5));
	return true;
}
