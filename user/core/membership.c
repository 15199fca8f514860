/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */

/* Turns a block's sources into everybody's probability of membership. */

#include "core/membership.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define ITERATIONS 14
#define BACKGROUND_FREEDOM 4 /* of Student's t: ordinary users have heavy tails */
#define SESSION_TERMS_MIN 1
#define NOISE_PRIOR_DF 5  /* the pooled noise counts as so many values */
#define OWN_SHARE_MAX 0.5 /* of the background's spread: wider is no cohort */
#define SHARE_MAX 0.5	  /* prior share: a cohort never explains strangers by being large */
#define LOG_ODDS_MAX 50.0
#define STACK_PRIOR 0.5 /* sources' worth: a stack not met in the cohort is not impossible */

/* Student's t with BACKGROUND_FREEDOM has this constant: ln G(5/2) - ln G(2) - ln(4 pi) / 2. */
#define STUDENT_CONSTANT (-0.98082925301172624)

static const struct point *point_of(const struct membership_inputs *inputs, const struct row *row)
{
	return inputs->side == MEMBERSHIP_A ? &row->a : &row->all;
}

static bool row_is_seen(const struct membership_inputs *inputs, const struct row *row)
{
	return point_of(inputs, row)->terms[FEATURE_RATE] >= SESSION_TERMS_MIN;
}

static bool row_may_join(const struct membership_inputs *inputs, const struct row *row)
{
	return row_is_seen(inputs, row) && (!inputs->is_eligible || inputs->is_eligible(row));
}

/* Noise of one value within members, from their own sums of squares. */
static double noise_fit(const struct membership_inputs *inputs, const double *posterior,
			enum feature feature)
{
	const struct snapshot *snapshot = inputs->snapshot;
	double pooled = snapshot->noise_sd[feature];
	double spread = NOISE_PRIOR_DF * pooled * pooled, freedom = NOISE_PRIOR_DF;

	if (feature >= SESSION_FEATURES)
		return pooled;
	for (size_t i = 0; i < snapshot->count; i++) {
		const struct half *half = snapshot->rows[i].source->profile.halves;

		if (posterior[i] < 0.01)
			continue;
		for (int h = 0; h <= (inputs->side == MEMBERSHIP_ALL); h++) {
			struct moments moments = snapshot_moments(snapshot, &half[h], feature);

			spread += posterior[i] * moments_spread(&moments);
			freedom += posterior[i] * fmax((double)moments.n - 1, 0);
		}
	}
	return sqrt(spread / freedom);
}

/* Mean and own spread of the members, each weighed by its noise. */
static void cohort_fit(const struct membership_inputs *inputs, const double *posterior,
		       enum feature feature, struct mixture *mixture)
{
	double own = mixture->own_sd[feature], noise = mixture->noise_sd[feature];
	double weights = 0, sum = 0, members = 0, square = 0;

	for (size_t i = 0; i < inputs->snapshot->count; i++) {
		const struct point *point = point_of(inputs, &inputs->snapshot->rows[i]);
		double weight;

		if (posterior[i] < 0.01 || point->terms[feature] <= 0)
			continue;
		weight = posterior[i] / (own * own + noise * noise / point->terms[feature]);
		weights += weight;
		sum += weight * point->x[feature];
	}
	if (weights <= 0)
		return;
	mixture->mean[feature] = sum / weights;
	for (size_t i = 0; i < inputs->snapshot->count; i++) {
		const struct point *point = point_of(inputs, &inputs->snapshot->rows[i]);
		double off = point->x[feature] - mixture->mean[feature];

		if (posterior[i] < 0.01 || point->terms[feature] <= 0)
			continue;
		members += posterior[i];
		square += posterior[i] * (off * off - noise * noise / point->terms[feature]);
	}
	own = sqrt(fmax(square / members, 0));
	mixture->own_sd[feature] = stats_clamp(
		own, noise * 0.05, OWN_SHARE_MAX * mixture->spread[feature] + noise * 0.05);
}

static int background_fit(const struct membership_inputs *inputs, const double *posterior,
			  struct mixture *mixture)
{
	const struct snapshot *snapshot = inputs->snapshot;
	double *values = malloc((snapshot->count + 1) * sizeof(*values));

	if (!values)
		return -ENOMEM;
	for (int f = 0; f < FEATURE_MAX; f++) {
		size_t count = 0;

		for (size_t i = 0; i < snapshot->count; i++) {
			const struct point *point = point_of(inputs, &snapshot->rows[i]);

			if (posterior[i] < 0.5 && point->terms[f] >= 2)
				values[count++] = point->x[f];
		}
		mixture->middle[f] = stats_quantile(values, count, 0.5);
		mixture->spread[f] =
			fmax(stats_robust_sd(values, count), snapshot->noise_sd[f] * 0.1);
	}
	free(values);
	return 0;
}

static double log_odds(const struct membership_inputs *inputs, const struct mixture *mixture,
		       const struct row *row)
{
	const struct point *point = point_of(inputs, row);
	double odds = log(mixture->share / (1 - mixture->share));

	for (int f = 0; f < FEATURE_MAX; f++) {
		double noise, cohort, background, z;

		if (point->terms[f] <= 0)
			continue;
		noise = mixture->noise_sd[f] * mixture->noise_sd[f] / point->terms[f];
		cohort = sqrt(mixture->own_sd[f] * mixture->own_sd[f] + noise);
		background = sqrt(mixture->spread[f] * mixture->spread[f] + noise);
		z = (point->x[f] - mixture->middle[f]) / background;
		odds += stats_log_normal(point->x[f], mixture->mean[f], cohort);
		odds -= STUDENT_CONSTANT - log(background) -
			(BACKGROUND_FREEDOM + 1) / 2.0 * log1p(z * z / BACKGROUND_FREEDOM);
	}
	odds += mixture->stack_log_odds[row->stack_index];
	return stats_clamp(odds, -LOG_ODDS_MAX, LOG_ODDS_MAX);
}

/*
 * A cohort with one stack hardly has a member with another. The reverse is no argument: to share a
 * popular stack makes nobody a member.
 */
static void stacks_fit(const struct membership_inputs *inputs, const double *posterior,
		       struct mixture *mixture)
{
	const struct snapshot *snapshot = inputs->snapshot;
	double *cohort = mixture->stack_log_odds, *others = cohort + snapshot->stack_count;
	double members = 0, count = 0;

	memset(cohort, 0, 2 * snapshot->stack_count * sizeof(*cohort));
	for (size_t i = 0; i < snapshot->count; i++) {
		const struct row *row = &snapshot->rows[i];

		if (!row_is_seen(inputs, row))
			continue;
		cohort[row->stack_index] += posterior[i];
		others[row->stack_index] += 1 - posterior[i];
		members += posterior[i];
		count += 1 - posterior[i];
	}
	for (size_t i = 0; i < snapshot->stack_count; i++) {
		double in_cohort = (cohort[i] + STACK_PRIOR) / (members + 1);
		double outside = (others[i] + STACK_PRIOR) / (count + 1);

		cohort[i] = fmin(log(in_cohort / outside), 0);
	}
}

/* Returns the members expected. */
static double expectation(const struct membership_inputs *inputs, const struct mixture *mixture,
			  double *posterior)
{
	double members = 0;

	for (size_t i = 0; i < inputs->snapshot->count; i++) {
		const struct row *row = &inputs->snapshot->rows[i];

		posterior[i] = 0;
		if (row_may_join(inputs, row))
			posterior[i] = 1 / (1 + exp(-log_odds(inputs, mixture, row)));
		members += posterior[i];
	}
	return members;
}

/* Starts wide: the seeds' own spread is found in the first steps. */
static void mixture_start(const struct membership_inputs *inputs, struct mixture *mixture)
{
	memset(mixture, 0, sizeof(*mixture));
	for (int f = 0; f < FEATURE_MAX; f++) {
		mixture->noise_sd[f] = inputs->snapshot->noise_sd[f];
		mixture->own_sd[f] = mixture->noise_sd[f];
	}
}

static int iterate(const struct membership_inputs *inputs, double seen, double members,
		   double *posterior, struct mixture *mixture)
{
	for (int iteration = 0; iteration < ITERATIONS && members >= 1; iteration++) {
		int err = background_fit(inputs, posterior, mixture);

		if (err)
			return err;
		mixture->share = stats_clamp(members / (seen + 1), 1 / (seen + 1), SHARE_MAX);
		for (int f = 0; f < FEATURE_MAX; f++) {
			mixture->noise_sd[f] = noise_fit(inputs, posterior, (enum feature)f);
			cohort_fit(inputs, posterior, (enum feature)f, mixture);
		}
		stacks_fit(inputs, posterior, mixture);
		members = expectation(inputs, mixture, posterior);
	}
	return 0;
}

int membership_fit(const struct membership_inputs *inputs, double *posterior, struct mixture *out)
{
	const struct snapshot *snapshot = inputs->snapshot;
	double members = 0, seen = 0;
	struct mixture mixture;
	int err;

	mixture_start(inputs, &mixture);
	mixture.stack_log_odds = malloc((2 * snapshot->stack_count + 1) * sizeof(double));
	if (!mixture.stack_log_odds)
		return -ENOMEM;
	for (size_t i = 0; i < snapshot->count; i++) {
		const struct row *row = &snapshot->rows[i];

		seen += row_is_seen(inputs, row);
		posterior[i] = row_may_join(inputs, row) ? posterior[i] : 0;
		members += posterior[i];
	}
	err = iterate(inputs, seen, members, posterior, &mixture);
	free(mixture.stack_log_odds);
	mixture.stack_log_odds = NULL;
	if (!err)
		*out = mixture;
	return err;
}
