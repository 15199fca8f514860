/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#pragma once

/* Sums and densities of textbook statistics, without a NaN for any input that is finite. */

#include <stddef.h>
#include <stdint.h>

/* Count, sum and sum of squares: mergeable. Floats, so that a profile stays small; keep the values
 * near 0 (subtract a constant) and halve the sums now and then. */
struct moments {
	float n, sum, sumsq;
};

void moments_add(struct moments *moments, double value);
void moments_merge(struct moments *into, const struct moments *from);
void moments_halve(struct moments *moments);
double moments_mean(const struct moments *moments);   /* 0 when empty */
double moments_spread(const struct moments *moments); /* sum of squares about the mean, >= 0 */

/* One-way analysis of variance over groups given by their moments. */
struct anova {
	double groups;
	double terms; /* all values */
	double sum, sumsq_of_groups, terms_sq, spread_within;
};
void anova_add(struct anova *anova, const struct moments *group);
double anova_df_between(const struct anova *anova);
double anova_df_within(const struct anova *anova);
double anova_within(const struct anova *anova); /* mean square within */
double anova_f(const struct anova *anova);	/* 1 where nothing can be said */
double anova_n0(const struct anova *anova);	/* terms a group, for unequal groups */
/* Standard deviation of the groups' true means: what is left after the noise is taken away. */
double anova_between_sd(const struct anova *anova);

double stats_db(double ratio); /* decibans; -300 for 0 */
double stats_ratio(double db);
double stats_log_normal(double x, double mean, double sd);
double stats_log_student(double x, double location, double scale, double freedom);
double stats_log_sum(const double *logs, size_t count);
/* Sorts values. 0 when empty. */
double stats_quantile(double *values, size_t count, double share);
/*
 * 1.4826 times the median distance from the median: the sd of a normal sample. Sorts, then destroys
 * values.
 */
double stats_robust_sd(double *values, size_t count);
/* Log likelihood ratio of a Poisson count against a base: O ln(O/B) - (O - B), 0 unless O > B. */
double stats_excess(double observed, double base);
double stats_clamp(double x, double low, double high);

/* A keyed 64-bit mixer for unpredictable, reproducible choices. */
uint64_t stats_mix(uint64_t key, uint64_t value);
