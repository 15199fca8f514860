/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */

/*
 * Turns session means into the answer whether sources differ at all: one-way analysis of variance.
 */

#include "core/evidence.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "core/cohort.h"

#define GROUPS_MIN 7	    /* degrees of freedom between members.. */
#define FREEDOM_MIN 10	    /* ..and within: sessions beyond the first, over all of them */
#define NULL_GROUPS_LEAST 3 /* the same of an ordinary group, which is smaller */
#define NULL_FREEDOM_LEAST 3
#define STATISTIC_MIN 0.2     /* a rescaled F is never taken as smaller */
#define WEIGHT_APART_MIN 0.01 /* of ln F: keeps the weights' sum above 0 */
#define LAW_SD_MIN 0.1	      /* of ln F: sessions are not quite independent draws */
#define WEIGHT_TOLD_MIN 0.1   /* a feature that weighs less has no part in the sentence */

#define TEST_FEATURES_MAX 3

/* A question over several features at once: each weak alone, together strong. */
struct means_test {
	const char *test;
	enum family family;
	size_t features;
	enum feature feature[TEST_FEATURES_MAX];
};

/* One group's answer, feature by feature. */
struct means {
	struct anova anova[TEST_FEATURES_MAX];
	bool is_usable[TEST_FEATURES_MAX];
	double weight[TEST_FEATURES_MAX]; /* in the test's statistic; sum 1 */
};

/* The ordinary groups', brought to the cohort's number of sessions. */
struct means_nulls {
	double log_f[TEST_FEATURES_MAX][NULL_GROUPS_MAX];
	double noise[TEST_FEATURES_MAX][NULL_GROUPS_MAX];
	double spread[TEST_FEATURES_MAX][NULL_GROUPS_MAX];
	size_t count;
};

/*
 * A fleet's members may differ by design: content persona or pacing per account, in units of the
 * feature.
 */
static const double persona_sd[] = { 0, 0.05, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5 };
static const double persona_weight[] = { 0.3, 0.12, 0.12, 0.12, 0.12, 0.1, 0.07, 0.05 };
#define PERSONA_SMALL 0.1 /* what a test should still tell from ordinary sources */
#define PERSONAS (sizeof(persona_sd) / sizeof(persona_sd[0]))

static struct anova anova_of(const struct snapshot *snapshot, const uint32_t *rows, size_t count,
			     enum feature feature)
{
	struct anova anova = { 0 };

	for (size_t i = 0; i < count; i++) {
		const struct row *row = &snapshot->rows[rows[i]];
		struct moments moments = snapshot_moments(snapshot, row->today, feature);

		anova_add(&anova, &moments);
	}
	return anova;
}

static bool anova_is_usable(const struct anova *anova, double groups_min, double freedom_min)
{
	return anova_df_between(anova) >= groups_min && anova_df_within(anova) >= freedom_min &&
	       anova_within(anova) > 0;
}

static struct means means_of(const struct snapshot *snapshot, const uint32_t *rows, size_t count,
			     const struct means_test *test, double groups_min, double freedom_min)
{
	struct means means = { .is_usable = { false } };

	for (size_t i = 0; i < test->features; i++) {
		means.anova[i] = anova_of(snapshot, rows, count, test->feature[i]);
		means.is_usable[i] = anova_is_usable(&means.anova[i], groups_min, freedom_min);
	}
	return means;
}

static double log_f(const struct anova *anova)
{
	return log(fmax(anova_f(anova), STATISTIC_MIN));
}

static double log_f_variance(const struct anova *anova)
{
	return 2 / anova_df_between(anova) + 2 / anova_df_within(anova);
}

/* What a persona of this sd lifts ln F to, given the noise it hides in. */
static double log_f_of_persona(const struct anova *anova, double sd)
{
	return log1p(anova_n0(anova) * sd * sd / anova_within(anova));
}

/*
 * What the cohort's F would be, did its members differ as much as the group's: with the cohort's own
 * noise and sessions. F against F would punish a fleet for being steady. Below 1 there is no
 * difference that could grow.
 */
static double f_transported(const struct anova *group, const struct anova *cohort)
{
	double excess = anova_f(group) - 1, sessions = anova_n0(cohort) / anova_n0(group);
	double noise = anova_within(group) / anova_within(cohort);

	return 1 + excess * (excess > 0 ? sessions * noise : fmin(sessions, 1));
}

static bool null_add(const struct means *group, const struct means *cohort,
		     struct means_nulls *nulls)
{
	for (size_t i = 0; i < TEST_FEATURES_MAX; i++) {
		const struct anova *anova = &group->anova[i];
		double f;

		if (!cohort->is_usable[i])
			continue;
		if (!group->is_usable[i])
			return false;
		f = f_transported(anova, &cohort->anova[i]);
		nulls->log_f[i][nulls->count] = log(fmax(f, STATISTIC_MIN));
		nulls->noise[i][nulls->count] = log_f_variance(anova);
		nulls->spread[i][nulls->count] = anova_between_sd(anova);
	}
	nulls->count++;
	return true;
}

static double mean_of(const double *values, size_t count)
{
	double sum = 0;

	for (size_t i = 0; i < count; i++)
		sum += values[i];
	return count > 0 ? sum / (double)count : 0;
}

/*
 * Fisher's discriminant, feature by feature, from the law and the nulls alone: what cannot tell
 * weighs nothing.
 */
static void weights_set(struct means *cohort, const struct means_nulls *nulls)
{
	double total = 0;

	for (size_t i = 0; i < TEST_FEATURES_MAX; i++) {
		double mean = mean_of(nulls->log_f[i], nulls->count), variance = 0, apart;

		cohort->weight[i] = 0;
		if (!cohort->is_usable[i])
			continue;
		for (size_t j = 0; j < nulls->count; j++)
			variance += pow(nulls->log_f[i][j] - mean, 2) / (double)nulls->count;
		apart = mean - log_f_of_persona(&cohort->anova[i], PERSONA_SMALL);
		cohort->weight[i] =
			fmax(apart, WEIGHT_APART_MIN) /
			(variance + log_f_variance(&cohort->anova[i]) + LAW_SD_MIN * LAW_SD_MIN);
		total += cohort->weight[i];
	}
	for (size_t i = 0; i < TEST_FEATURES_MAX; i++)
		cohort->weight[i] /= total;
}

static struct fleet_law law_of(const struct means *cohort)
{
	struct fleet_law law = { .parts = PERSONAS };
	double variance = 0;

	for (size_t j = 0; j < TEST_FEATURES_MAX; j++) {
		if (!cohort->is_usable[j])
			continue;
		variance += pow(cohort->weight[j], 2) * log_f_variance(&cohort->anova[j]);
		for (size_t i = 0; i < PERSONAS; i++)
			law.log_mean[i] += cohort->weight[j] *
					   log_f_of_persona(&cohort->anova[j], persona_sd[i]);
	}
	for (size_t i = 0; i < PERSONAS; i++)
		law.weight[i] = persona_weight[i];
	law.sd = fmax(sqrt(variance), LAW_SD_MIN);
	return law;
}

static struct null_sample sample_of(const struct means *cohort, const struct means_nulls *nulls,
				    double independent)
{
	struct null_sample sample = { .count = nulls->count, .independent = independent };

	for (size_t i = 0; i < nulls->count; i++)
		for (size_t j = 0; j < TEST_FEATURES_MAX; j++) {
			sample.logs[i] += cohort->weight[j] * nulls->log_f[j][i];
			sample.noise += pow(cohort->weight[j], 2) * nulls->noise[j][i];
		}
	return sample;
}

/*
 * Largest difference that the members' data leave room for: two standard errors over the estimate.
 */
static double between_at_most(const struct anova *anova)
{
	double error = 1 + 2 * sqrt(2 / anova_df_between(anova));
	double excess = anova_within(anova) * (anova_f(anova) * error - 1) / anova_n0(anova);

	return excess > 0 ? sqrt(excess) : 0;
}

static void why_add(char *why, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void why_add(char *why, const char *format, ...)
{
	size_t used = strlen(why);
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(why + used, EVIDENCE_WHY_MAX - used, format, arguments);
	va_end(arguments);
}

static void why_add_spread(char *why, enum feature feature, const char *prefix, double sd)
{
	double percent = 100 * expm1(sd);

	if (percent < 0.5)
		why_add(why, "no more than chance");
	else if (feature == FEATURE_CADENCE)
		why_add(why, "%s%.2f", prefix, sd);
	else
		why_add(why, "%s%.0f %%", prefix, percent);
}

static bool feature_is_told(const struct means *cohort, size_t i)
{
	return cohort->is_usable[i] && cohort->weight[i] >= WEIGHT_TOLD_MIN;
}

/*
 * "60 sources differ in mean request size by at most 14 %, response size by no more than chance;
 * ordinary ones most like them by 76 %, 44 %"
 */
static void why_write(const struct means_test *test, const struct means *cohort,
		      struct means_nulls *nulls, char *why)
{
	const char *join = " ";

	snprintf(why, EVIDENCE_WHY_MAX, "%.0f sources differ in mean", cohort->anova[0].groups);
	for (size_t i = 0; i < test->features; i++) {
		if (!feature_is_told(cohort, i))
			continue;
		why_add(why, "%s%s by ", join, feature_name(test->feature[i]));
		why_add_spread(why, test->feature[i], "at most ",
			       between_at_most(&cohort->anova[i]));
		join = ", ";
	}
	join = "; ordinary ones most like them by ";
	for (size_t i = 0; i < test->features; i++) {
		if (!feature_is_told(cohort, i))
			continue;
		why_add(why, "%s", join);
		why_add_spread(why, test->feature[i], "",
			       stats_quantile(nulls->spread[i], nulls->count, 0.5));
		join = ", ";
	}
}

static void nulls_collect(const struct evidence_inputs *inputs, const struct means_test *test,
			  const struct means *own, struct means_nulls *nulls)
{
	memset(nulls, 0, sizeof(*nulls));
	for (size_t i = 0; i < inputs->nulls->count; i++) {
		struct means group =
			means_of(inputs->snapshot, inputs->nulls->rows[i], inputs->nulls->sizes[i],
				 test, NULL_GROUPS_LEAST, NULL_FREEDOM_LEAST);

		null_add(&group, own, nulls);
	}
}

static bool means_run(const struct evidence_inputs *inputs, const struct means_test *test,
		      struct finding *out)
{
	const struct cohort *cohort = inputs->cohort;
	struct means own = means_of(inputs->snapshot, cohort->rows, cohort->count, test, GROUPS_MIN,
				    FREEDOM_MIN);
	double statistic = 0;
	struct means_nulls nulls;
	struct null_sample sample;
	struct fleet_law law;

	nulls_collect(inputs, test, &own, &nulls);
	if (nulls.count == 0 || !(own.is_usable[0] || own.is_usable[1] || own.is_usable[2]))
		return false;
	weights_set(&own, &nulls);
	for (size_t i = 0; i < TEST_FEATURES_MAX; i++)
		if (own.is_usable[i])
			statistic += own.weight[i] * log_f(&own.anova[i]);
	law = law_of(&own);
	sample = sample_of(&own, &nulls, inputs->nulls->independent);
	out->test = test->test;
	out->family = test->family;
	out->figure = exp(statistic);
	out->log_ratio = evidence_log_ratio(out->figure, &law, &sample);
	why_write(test, &own, &nulls, out->why);
	return true;
}

bool evidence_sizes_means(const struct evidence_inputs *inputs, struct finding *out)
{
	static const struct means_test test = {
		"sizes.means",
		FAMILY_SIZES,
		2,
		{ FEATURE_UP, FEATURE_DOWN },
	};

	return means_run(inputs, &test, out);
}

bool evidence_cadence_means(const struct evidence_inputs *inputs, struct finding *out)
{
	static const struct means_test test = {
		"cadence.means",
		FAMILY_CADENCE,
		3,
		{ FEATURE_PAUSE, FEATURE_TURNS, FEATURE_CADENCE },
	};

	return means_run(inputs, &test, out);
}
