/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */

/* Turns today's counts into the answer whether sources share a quota: the index of dispersion. */

#include "core/evidence.h"

#include <math.h>
#include <stdio.h>

#include "core/cohort.h"

#define SOURCES_MIN 8
#define STATISTIC_MIN 0.1
#define LAW_SD_MIN 0.25 /* of ln I: the clustering of turns is only estimated */
#define CHANCE_BASE 1.0 /* I of session counts that chance alone makes */

/* Members may have unequal quotas: sd of ln quota. */
static const double quota_sd[] = { 0, 0.15, 0.3, 0.6, 1.0 };
static const double quota_weight[] = { 0.4, 0.25, 0.2, 0.1, 0.05 };
#define QUOTAS (sizeof(quota_sd) / sizeof(quota_sd[0]))
/* Against chance: random choice among members, or the least recently used one, which evens counts out. */
static const double order_factor[] = { 1, 0.4, 0.15 };
static const double order_weight[] = { 0.3, 0.3, 0.4 };
#define ORDERS (sizeof(order_factor) / sizeof(order_factor[0]))
_Static_assert(QUOTAS * ORDERS <= FLEET_LAW_PARTS, "the law has room for all pairs");

struct dispersion {
	double sources, mean; /* events a source */
	double index;	      /* s^2 / mean, exposure taken into account */
	double base;	      /* of equal quotas and chance */
};

/* Over those seen today: a member that was blocked or rests says nothing of its quota. */
static struct dispersion dispersion_of(const struct snapshot *snapshot, const uint32_t *rows,
				       size_t count)
{
	struct dispersion out = { 0 };
	double events = 0, exposure = 0, square = 0, sessions = 0;

	for (size_t i = 0; i < count; i++) {
		const struct row *row = &snapshot->rows[rows[i]];

		if (!row_is_alive_today(snapshot, row))
			continue;
		out.sources += 1;
		events += row->today->exchanges;
		sessions += row->today->sessions;
		exposure += row_exposure_today(snapshot, row);
	}
	if (out.sources < 2 || exposure <= 0)
		return out;
	for (size_t i = 0; i < count; i++) {
		const struct row *row = &snapshot->rows[rows[i]];
		double expected = events * row_exposure_today(snapshot, row) / exposure;
		double off = row->today->exchanges - expected;

		if (row_is_alive_today(snapshot, row) && expected > 0)
			square += off * off / expected;
	}
	out.mean = events / out.sources;
	out.index = square / (out.sources - 1);
	out.base = CHANCE_BASE * (sessions > 0 ? events / sessions : 1);
	return out;
}

static struct fleet_law law_of(const struct dispersion *dispersion)
{
	struct fleet_law law = { .parts = 0 };

	for (size_t i = 0; i < QUOTAS * ORDERS; i++) {
		double quota = quota_sd[i / ORDERS];
		double excess = dispersion->mean * expm1(quota * quota);

		law.log_mean[i] = log(dispersion->base * order_factor[i % ORDERS] + excess);
		law.weight[i] = quota_weight[i / ORDERS] * order_weight[i % ORDERS];
		law.parts++;
	}
	law.sd = hypot(sqrt(2 / (dispersion->sources - 1)), LAW_SD_MIN);
	return law;
}

/* How far the sources' own rates differ, as a share, beyond chance. */
static double quota_difference(const struct dispersion *dispersion)
{
	double excess = (dispersion->index - dispersion->base) / dispersion->mean;

	return excess > 0 ? expm1(sqrt(log1p(excess))) : 0;
}

/* What a group's index would be at the cohort's mean: its excess over chance grows with the mean. */
static double index_rescaled(const struct dispersion *group, const struct dispersion *own)
{
	if (group->index <= group->base)
		return own->base * group->index / group->base;
	return own->base + (group->index - group->base) * own->mean / group->mean;
}

bool evidence_counts_exchanges(const struct evidence_inputs *inputs, struct finding *out)
{
	const struct cohort *cohort = inputs->cohort;
	struct dispersion own = dispersion_of(inputs->snapshot, cohort->rows, cohort->count);
	struct null_sample nulls = { .independent = inputs->nulls->independent };
	double differences[NULL_GROUPS_MAX];
	struct fleet_law law;

	if (own.sources < SOURCES_MIN || own.index <= 0)
		return false;
	for (size_t i = 0; i < inputs->nulls->count; i++) {
		struct dispersion group =
			dispersion_of(inputs->snapshot, inputs->nulls->rows[i],
				      inputs->nulls->sizes[i]);

		if (group.sources < 4 || group.mean <= 0)
			continue;
		differences[nulls.count] = quota_difference(&group);
		nulls.logs[nulls.count++] = log(fmax(index_rescaled(&group, &own), STATISTIC_MIN));
		nulls.noise += 2 / (group.sources - 1);
	}
	if (nulls.count == 0)
		return false;
	law = law_of(&own);
	out->test = "counts.exchanges";
	out->family = FAMILY_COUNTS;
	out->figure = own.index;
	out->log_ratio = evidence_log_ratio(own.index, &law, &nulls);
	snprintf(out->why, sizeof(out->why),
		 "%.0f sources with %.1f exchanges each differ in rate by %.0f %% beyond chance, "
		 "the ordinary sources most like them by %.0f %%",
		 own.sources, own.mean, 100 * quota_difference(&own),
		 100 * stats_quantile(differences, nulls.count, 0.5));
	return true;
}
