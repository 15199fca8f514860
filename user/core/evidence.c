/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */

/* Turns cohorts and ordinary groups into findings: log likelihood ratios with a sentence each. */

#include "core/evidence.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/cohort.h"

#define LOG_RATIO_MAX 40.0 /* of one test before the family's cap: keeps exp() finite */
#define NULLS_MIN 6	   /* groups below which nothing was measured */
#define PRIOR_FREEDOM 4	 /* the sampling law of a statistic is known: it counts as so many groups */
#define NULL_SD_MIN 0.25 /* of a log statistic: the next ordinary group may differ by this much */

const struct family_traits family_traits[FAMILY_MAX] = {
#define X(name, text, question, cap, is_level) [FAMILY_##name] = { text, question, cap, is_level },
	EVIDENCE_FAMILIES(X)
#undef X
};

static evidence_test *const tests[] = {
	evidence_counts_sessions, evidence_counts_exchanges, evidence_sizes_means,
	evidence_sizes_histogram, evidence_hours_flat,	     evidence_cadence_means,
	evidence_identity_stack,  evidence_relay_gap,
};
_Static_assert(sizeof(tests) / sizeof(tests[0]) <= EVIDENCE_MAX, "a fleet must hold all findings");

static double log_fleet(double x, const struct fleet_law *law)
{
	double logs[FLEET_LAW_PARTS], total = 0;

	for (size_t i = 0; i < law->parts; i++)
		total += law->weight[i];
	for (size_t i = 0; i < law->parts; i++)
		logs[i] = log(law->weight[i] / total) +
			  stats_log_normal(x, law->log_mean[i], law->sd);
	return stats_log_sum(logs, law->parts);
}

/* Mean square distance from the middle of the values on one side of it. */
static double side_variance(const struct null_sample *nulls, double middle, bool is_below)
{
	double square = 0, n = 0;

	for (size_t i = 0; i < nulls->count; i++) {
		double off = nulls->logs[i] - middle;

		if ((off < 0) == is_below) {
			square += off * off;
			n += 1;
		}
	}
	return n > 0 ? square / n : 0;
}

/* Scale on one side, for a group as large as the cohort. */
static double side_scale(const struct null_sample *nulls, double middle, bool is_below,
			 double own_sd)
{
	double variance = side_variance(nulls, middle, is_below);
	double noise = nulls->noise / (double)nulls->count;
	double groups_differ = fmax(variance - noise, NULL_SD_MIN * NULL_SD_MIN);

	return sqrt(groups_differ + own_sd * own_sd + variance / fmax(nulls->independent, 2));
}

/* Student's t with a scale for each side: ordinary groups are skewed, some differ wildly. */
static double log_ordinary(double x, const struct null_sample *nulls, double own_sd)
{
	double values[NULL_GROUPS_MAX], middle, below, above, scale;

	for (size_t i = 0; i < nulls->count; i++)
		values[i] = nulls->logs[i];
	middle = stats_quantile(values, nulls->count, 0.5);
	below = side_scale(nulls, middle, true, own_sd);
	above = side_scale(nulls, middle, false, own_sd);
	scale = x < middle ? below : above;
	return stats_log_student(x, middle, scale, nulls->independent + PRIOR_FREEDOM) +
	       log(2 * scale / (below + above));
}

double evidence_log_ratio(double statistic, const struct fleet_law *law,
			  const struct null_sample *nulls)
{
	double x = log(statistic), ratio;

	if (nulls->count < NULLS_MIN || !(statistic > 0))
		return 0;
	ratio = log_fleet(x, law) - log_ordinary(x, nulls, law->sd);
	return EVIDENCE_SHRINK * stats_clamp(ratio, -LOG_RATIO_MAX, LOG_RATIO_MAX);
}

/* The largest of several e-values is none, their mean is: so a family speaks with its mean. */
void evidence_families(const struct finding *findings, size_t count, double db[FAMILY_MAX])
{
	for (int family = 0; family < FAMILY_MAX; family++) {
		double sum = 0, cap = family_traits[family].cap_db;
		size_t n = 0;

		for (size_t i = 0; i < count; i++)
			if ((int)findings[i].family == family) {
				sum += exp(stats_clamp(findings[i].log_ratio, -LOG_RATIO_MAX,
						       LOG_RATIO_MAX));
				n++;
			}
		db[family] = n > 0 ? stats_clamp(stats_db(sum / (double)n), -cap, cap) : 0;
	}
}

static void cohort_weigh(const struct evidence_inputs *inputs, struct cohort *cohort)
{
	cohort->finding_count = 0;
	for (size_t i = 0; i < sizeof(tests) / sizeof(tests[0]); i++) {
		struct finding finding = { .test = NULL };

		if (tests[i](inputs, &finding))
			cohort->findings[cohort->finding_count++] = finding;
	}
}

int evidence_weigh(const struct snapshot *snapshot, struct cohorts *cohorts)
{
	for (size_t i = 0; i < cohorts->count; i++) {
		struct cohort *cohort = &cohorts->items[i];
		struct null_groups nulls;
		struct evidence_inputs inputs = { snapshot, cohorts, cohort, &nulls };
		int err = null_groups_pick(snapshot, cohort, &nulls);

		if (err)
			return err;
		cohort_weigh(&inputs, cohort);
		null_groups_clear(&nulls);
	}
	return 0;
}
