/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */

/* Turns today's counts into the answer whether sources share a quota: the index of dispersion. */

#include "core/evidence.h"

#include <math.h>
#include <stdio.h>

#include "core/cohort.h"

#define SOURCES_MIN 8
#define STATISTIC_MIN 0.1
#define LAW_SD_MIN 0.25 /* of ln I: the clustering of turns is only estimated */
#define HALVES_FACTOR                                                                              \
	0.5 /* sessions go to the halves in pairs: half B varies half as much as chance */
#define TURNS_FREEDOM_MIN 10 /* fewer sessions leave it to the pooled noise */
#define TURNS_CV2_MAX 4	     /* squared coefficient of variation of a session's turns, at most */

/* Members may have unequal quotas: sd of ln quota. */
static const double quota_sd[] = { 0, 0.15, 0.3, 0.6, 1.0 };
static const double quota_weight[] = { 0.4, 0.25, 0.2, 0.1, 0.05 };
#define QUOTAS (sizeof(quota_sd) / sizeof(quota_sd[0]))
/*
 * Against chance: random choice among members, or the least recently used one, which evens counts
 * out.
 */
static const double order_factor[] = { 1, 0.4, 0.15 };
static const double order_weight[] = { 0.3, 0.3, 0.4 };
#define ORDERS (sizeof(order_factor) / sizeof(order_factor[0]))
_Static_assert(QUOTAS *ORDERS <= FLEET_LAW_PARTS, "the law has room for all pairs");

struct dispersion {
	double sources, mean;	 /* events a source */
	double index;		 /* s^2 / mean, exposure taken into account */
	double turns, turns_cv2; /* of a session: mean, squared coefficient of variation */
};

/*
 * I of equal quotas: sessions that chance deals out have factor 1, sessions in turn less; turns add
 * their own.
 */
static double base_of(const struct dispersion *dispersion, double factor)
{
	return dispersion->turns * (HALVES_FACTOR * factor + dispersion->turns_cv2);
}

/* Turns are nearly log-normal: their cv follows from the sd of their logarithm within sources. */
static double turns_cv2_of(const struct snapshot *snapshot, const uint32_t *rows, size_t count)
{
	double sd = snapshot->noise_sd[FEATURE_TURNS];
	struct anova anova = { 0 };

	for (size_t i = 0; i < count; i++)
		anova_add(&anova, &snapshot->rows[rows[i]].today->moments[FEATURE_TURNS]);
	if (anova_df_within(&anova) >= TURNS_FREEDOM_MIN)
		sd = sqrt(anova_within(&anova));
	return fmin(expm1(sd * sd), TURNS_CV2_MAX);
}

static double events_of(const struct row *row, bool counts_sessions)
{
	return counts_sessions ? row->today->sessions : row->today->exchanges;
}

/* Over those seen today: a member that was blocked or rests says nothing of its quota. */
static struct dispersion dispersion_of(const struct snapshot *snapshot, const uint32_t *rows,
				       size_t count, bool counts_sessions)
{
	struct dispersion out = { 0 };
	double events = 0, exposure = 0, square = 0, sessions = 0;

	for (size_t i = 0; i < count; i++) {
		const struct row *row = &snapshot->rows[rows[i]];

		if (!row_is_alive_today(snapshot, row))
			continue;
		out.sources += 1;
		events += events_of(row, counts_sessions);
		sessions += row->today->sessions;
		exposure += row_exposure_today(snapshot, row);
	}
	if (out.sources < 2 || exposure <= 0)
		return out;
	for (size_t i = 0; i < count; i++) {
		const struct row *row = &snapshot->rows[rows[i]];
		double expected = events * row_exposure_today(snapshot, row) / exposure;
		double off = events_of(row, counts_sessions) - expected;

		if (row_is_alive_today(snapshot, row) && expected > 0)
			square += off * off / expected;
	}
	out.mean = events / out.sources;
	out.index = square / (out.sources - 1);
	out.turns = sessions > 0 ? events / sessions : 1;
	out.turns_cv2 = counts_sessions ? 0 : turns_cv2_of(snapshot, rows, count);
	return out;
}

static struct fleet_law law_of(const struct dispersion *dispersion)
{
	struct fleet_law law = { .parts = 0 };

	for (size_t i = 0; i < QUOTAS * ORDERS; i++) {
		double quota = quota_sd[i / ORDERS];
		double excess = dispersion->mean * expm1(quota * quota);

		law.log_mean[i] = log(base_of(dispersion, order_factor[i % ORDERS]) + excess);
		law.weight[i] = quota_weight[i / ORDERS] * order_weight[i % ORDERS];
		law.parts++;
	}
	law.sd = hypot(sqrt(2 / (dispersion->sources - 1)), LAW_SD_MIN);
	return law;
}

/*
 * What a group's index would be at the cohort's mean: its excess over chance grows with the mean.
 */
static double index_rescaled(const struct dispersion *group, const struct dispersion *own)
{
	double base = base_of(group, 1), own_base = base_of(own, 1);

	if (group->index <= base)
		return own_base * group->index / base;
	return own_base + (group->index - base) * own->mean / group->mean;
}

static bool counts_run(const struct evidence_inputs *inputs, bool counts_sessions,
		       struct finding *out)
{
	const struct cohort *cohort = inputs->cohort;
	struct dispersion own =
		dispersion_of(inputs->snapshot, cohort->rows, cohort->count, counts_sessions);
	struct null_sample nulls = { .independent = inputs->nulls->independent };
	double scatters[NULL_GROUPS_MAX];
	struct fleet_law law;

	if (own.sources < SOURCES_MIN || own.index <= 0)
		return false;
	for (size_t i = 0; i < inputs->nulls->count; i++) {
		struct dispersion group = dispersion_of(inputs->snapshot, inputs->nulls->rows[i],
							inputs->nulls->sizes[i], counts_sessions);

		if (group.sources < 4 || group.mean <= 0)
			continue;
		scatters[nulls.count] = group.index / base_of(&group, 1);
		nulls.logs[nulls.count++] = log(fmax(index_rescaled(&group, &own), STATISTIC_MIN));
		nulls.noise += 2 / (group.sources - 1);
	}
	if (nulls.count == 0)
		return false;
	law = law_of(&own);
	out->test = counts_sessions ? "counts.sessions" : "counts.exchanges";
	out->family = FAMILY_COUNTS;
	out->figure = own.index;
	out->log_ratio = evidence_log_ratio(own.index, &law, &nulls);
	snprintf(out->why, sizeof(out->why),
		 "%.0f sources with %.1f %s each: their counts scatter %.1f times as much as "
		 "chance makes equal ones, those of ordinary ones most like them %.1f times",
		 own.sources, own.mean, counts_sessions ? "sessions" : "exchanges",
		 own.index / base_of(&own, 1), stats_quantile(scatters, nulls.count, 0.5));
	return true;
}

bool evidence_counts_sessions(const struct evidence_inputs *inputs, struct finding *out)
{
	return counts_run(inputs, true, out);
}

bool evidence_counts_exchanges(const struct evidence_inputs *inputs, struct finding *out)
{
	return counts_run(inputs, false, out);
}
