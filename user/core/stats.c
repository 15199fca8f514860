/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */

/* Turns sums into means, variances, F ratios, densities and quantiles. */

#include "core/stats.h"

#include <math.h>
#include <stdlib.h>

#define DB_LOWEST (-300.0)
#define LOG_TWO_PI 1.8378770664093453
#define MAD_TO_SD 1.4826

void moments_add(struct moments *moments, double value)
{
	moments->n += 1;
	moments->sum += (float)value;
	moments->sumsq += (float)(value * value);
}

void moments_merge(struct moments *into, const struct moments *from)
{
	into->n += from->n;
	into->sum += from->sum;
	into->sumsq += from->sumsq;
}

void moments_halve(struct moments *moments)
{
	moments->n /= 2;
	moments->sum /= 2;
	moments->sumsq /= 2;
}

double moments_mean(const struct moments *moments)
{
	return moments->n > 0 ? (double)moments->sum / (double)moments->n : 0;
}

double moments_spread(const struct moments *moments)
{
	double spread;

	if (!(moments->n > 0))
		return 0;
	spread = (double)moments->sumsq -
		 (double)moments->sum * (double)moments->sum / (double)moments->n;
	return spread > 0 ? spread : 0;
}

void anova_add(struct anova *anova, const struct moments *group)
{
	double n = (double)group->n, sum = (double)group->sum;

	if (!(n > 0))
		return;
	anova->groups += 1;
	anova->terms += n;
	anova->sum += sum;
	anova->sumsq_of_groups += sum * sum / n;
	anova->terms_sq += n * n;
	anova->spread_within += moments_spread(group);
}

double anova_df_between(const struct anova *anova)
{
	return anova->groups > 1 ? anova->groups - 1 : 0;
}

double anova_df_within(const struct anova *anova)
{
	return anova->terms > anova->groups ? anova->terms - anova->groups : 0;
}

double anova_within(const struct anova *anova)
{
	double df = anova_df_within(anova);

	return df > 0 ? anova->spread_within / df : 0;
}

static double anova_between(const struct anova *anova)
{
	double df = anova_df_between(anova), spread;

	if (df <= 0)
		return 0;
	spread = anova->sumsq_of_groups - anova->sum * anova->sum / anova->terms;
	return spread > 0 ? spread / df : 0;
}

double anova_f(const struct anova *anova)
{
	double within = anova_within(anova);

	if (anova_df_between(anova) <= 0 || within <= 0)
		return 1;
	return anova_between(anova) / within;
}

double anova_n0(const struct anova *anova)
{
	double df = anova_df_between(anova);

	if (df <= 0)
		return 0;
	return (anova->terms - anova->terms_sq / anova->terms) / df;
}

double anova_between_sd(const struct anova *anova)
{
	double n0 = anova_n0(anova), excess;

	if (n0 <= 0)
		return 0;
	excess = anova_between(anova) - anova_within(anova);
	return excess > 0 ? sqrt(excess / n0) : 0;
}

double stats_db(double ratio)
{
	if (!(ratio > 0))
		return DB_LOWEST;
	return fmax(10 * log10(ratio), DB_LOWEST);
}

double stats_ratio(double db)
{
	return pow(10, db / 10);
}

double stats_log_normal(double x, double mean, double sd)
{
	double z = (x - mean) / sd;

	return -0.5 * z * z - log(sd) - 0.5 * LOG_TWO_PI;
}

double stats_log_student(double x, double location, double scale, double freedom)
{
	double z = (x - location) / scale;

	return lgamma((freedom + 1) / 2) - lgamma(freedom / 2) - 0.5 * log(freedom * M_PI) -
	       log(scale) - (freedom + 1) / 2 * log1p(z * z / freedom);
}

double stats_log_sum(const double *logs, size_t count)
{
	double largest = -INFINITY, sum = 0;

	for (size_t i = 0; i < count; i++)
		largest = fmax(largest, logs[i]);
	if (!isfinite(largest))
		return largest;
	for (size_t i = 0; i < count; i++)
		sum += exp(logs[i] - largest);
	return largest + log(sum);
}

static int compare_doubles(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

double stats_quantile(double *values, size_t count, double share)
{
	double position, low;
	size_t index;

	if (count == 0)
		return 0;
	qsort(values, count, sizeof(*values), compare_doubles);
	position = share * (double)(count - 1);
	low = floor(position);
	index = (size_t)low;
	if (index + 1 >= count)
		return values[count - 1];
	return values[index] + (position - low) * (values[index + 1] - values[index]);
}

double stats_robust_sd(double *values, size_t count)
{
	double median = stats_quantile(values, count, 0.5);

	for (size_t i = 0; i < count; i++)
		values[i] = fabs(values[i] - median);
	return MAD_TO_SD * stats_quantile(values, count, 0.5);
}

double stats_excess(double observed, double base)
{
	if (!(observed > base) || !(base > 0))
		return 0;
	return observed * log(observed / base) - (observed - base);
}

double stats_clamp(double x, double low, double high)
{
	return x < low ? low : x > high ? high : x;
}

/* SplitMix64's finaliser (Steele, Lea, Flood 2014) over key and value, twice keyed. */
uint64_t stats_mix(uint64_t key, uint64_t value)
{
	uint64_t x = value + key * 0x9e3779b97f4a7c15ULL;

	for (int round = 0; round < 2; round++) {
		x ^= x >> 30;
		x *= 0xbf58476d1ce4e5b9ULL;
		x ^= x >> 27;
		x *= 0x94d049bb133111ebULL;
		x ^= (x >> 31) ^ key;
	}
	return x;
}
