/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */

/* Turns profiles into points with known noise. */

#include "core/snapshot.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define NS_PER_DAY 86400e9
#define NOISE_DF_MAX 10	  /* nobody's own noise counts more than this in the pooled one */
#define NOISE_SD_MIN 0.02 /* below this a difference is of no interest */
#define RATE_NOISE_SD 1.2 /* of a log count per session: Poisson sessions, turns with cv 0.7 */
#define SPREAD_SD_MIN 0.02
#define SLOPE_MAX 1.5
#define CORRELATION_MAX 0.95

static int compare_rows(const void *a, const void *b)
{
	const struct row *x = a, *y = b;

	return net_compare(&x->source->profile.source, &y->source->profile.source);
}

struct moments snapshot_moments(const struct snapshot *snapshot, const struct half *half,
				enum feature feature)
{
	struct moments moments = half->moments[feature];
	const struct moments *down = &half->moments[FEATURE_DOWN];
	double slope = snapshot->duration_slope, sumsq;

	if (feature != FEATURE_DURATION)
		return moments;
	sumsq = (double)moments.sumsq - 2 * slope * (double)half->down_duration +
		slope * slope * (double)down->sumsq;
	moments.sum -= (float)(slope * (double)down->sum);
	moments.sumsq = (float)fmax(sumsq, 0);
	return moments;
}

/* Slope of duration on size inside sources: between them, network paths would confound it. */
static double slope_estimate(const struct snapshot *snapshot)
{
	double product = 0, square = 0;

	for (size_t i = 0; i < snapshot->count; i++) {
		const struct half *half = &snapshot->rows[i].source->profile.halves[PROFILE_A];
		const struct moments *down = &half->moments[FEATURE_DOWN];
		const struct moments *duration = &half->moments[FEATURE_DURATION];
		double spread = moments_spread(down), cross, weight;

		if (half->sessions < 2 || spread <= 0)
			continue;
		cross = (double)half->down_duration -
			(double)down->sum * (double)duration->sum / (double)down->n;
		weight = fmin(1, NOISE_DF_MAX / (double)half->sessions);
		product += weight * cross;
		square += weight * spread;
	}
	return square > 0 ? stats_clamp(product / square, 0, SLOPE_MAX) : 0;
}

static void noise_estimate(struct snapshot *snapshot, enum feature feature)
{
	double spread = 0, freedom = 0;

	for (size_t i = 0; i < snapshot->count; i++) {
		const struct half *half = &snapshot->rows[i].source->profile.halves[PROFILE_A];
		struct moments moments = snapshot_moments(snapshot, half, feature);
		double df = (double)moments.n - 1, weight;

		if (df <= 0)
			continue;
		weight = fmin(1, NOISE_DF_MAX / df);
		spread += weight * moments_spread(&moments);
		freedom += weight * df;
	}
	snapshot->noise_sd[feature] = freedom > 0 ? fmax(sqrt(spread / freedom), NOISE_SD_MIN) : 1;
}

/* How much turns of one conversation resemble each other, from the noise inside and of sessions. */
static double correlation_estimate(const struct snapshot *snapshot)
{
	double spread = 0, terms = 0, exchanges = 0, sessions = 0, inside, between, means;

	for (size_t i = 0; i < snapshot->count; i++) {
		const struct profile *profile = &snapshot->rows[i].source->profile;

		if (profile->within_terms <= 0)
			continue;
		spread += (double)profile->within_spread;
		terms += (double)profile->within_terms;
		exchanges += (double)profile->exchanges;
		sessions += (double)profile->sessions;
	}
	if (terms <= 0 || sessions <= 0)
		return 0;
	inside = spread / terms;
	means = (pow(snapshot->noise_sd[FEATURE_UP], 2) +
		 pow(snapshot->noise_sd[FEATURE_DOWN], 2)) /
		2;
	between = fmax(means - inside * sessions / exchanges, 0);
	return between + inside > 0 ? fmin(between / (between + inside), CORRELATION_MAX) : 0;
}

/* Rate over the time a source was seen, stretched by the gap that its next session would end. */
static double log_rate(const struct profile *profile, double exchanges, uint64_t gap_ns)
{
	double seen_ns = (double)(profile->last_ns - profile->first_ns);
	double sessions = fmax(profile->sessions, 1);

	seen_ns = fmax(seen_ns * (sessions + 1) / sessions, (double)gap_ns);
	return log(exchanges * NS_PER_DAY / seen_ns);
}

static void point_take(const struct snapshot *snapshot, const struct profile *profile,
		       const struct half *half, double share, struct point *out)
{
	memset(out, 0, sizeof(*out));
	for (int i = 0; i < SESSION_FEATURES; i++) {
		struct moments moments = snapshot_moments(snapshot, half, (enum feature)i);

		out->x[i] = moments_mean(&moments);
		out->terms[i] = (double)moments.n;
	}
	if (half->sessions == 0)
		return;
	out->x[FEATURE_RATE] =
		log_rate(profile, half->exchanges / share, snapshot->settings->session_gap_ns);
	out->terms[FEATURE_RATE] = half->sessions;
}

static void row_take(const struct snapshot *snapshot, struct row *row)
{
	const struct profile *profile = &row->source->profile;
	const struct profile_stack *stack = profile_usual_stack(profile);
	const struct half *a = &profile->halves[PROFILE_A];
	struct half all = *a;
	double turns;

	half_merge(&all, &profile->halves[PROFILE_B]);
	point_take(snapshot, profile, a,
		   all.exchanges > 0 ? fmax((double)a->sessions, 1) / all.sessions : 1, &row->a);
	point_take(snapshot, profile, &all, 1, &row->all);
	row->today = profile_today(profile, snapshot->day);
	turns = a->sessions > 0 ? (double)a->exchanges / a->sessions : 1;
	row->effective = a->exchanges / (1 + (turns - 1) * snapshot->correlation);
	row->is_settled =
		a->sessions >= 2 && row->effective >= snapshot->settings->effective_exchanges_min;
	row->gap_us = profile_gap_us(profile);
	row->stack = stack ? (stack->ja4 ? stack->ja4 : STACK_UNNAMED) : 0;
	row->syn = stack ? stack->syn : 0;
	row->cohort = ROW_NONE;
	row->is_suspect = row->source->fleet != 0;
}

static int compare_stacks(const void *a, const void *b)
{
	const struct row *x = *(struct row *const *)a, *y = *(struct row *const *)b;

	if (x->stack != y->stack)
		return x->stack < y->stack ? -1 : 1;
	return (x > y) - (x < y);
}

/* Numbers the stacks from 0, so that tallies are arrays. */
static int stacks_number(struct snapshot *snapshot)
{
	struct row **by_stack = malloc((snapshot->count + 1) * sizeof(struct row *));

	if (!by_stack)
		return -ENOMEM;
	for (size_t i = 0; i < snapshot->count; i++)
		by_stack[i] = &snapshot->rows[i];
	qsort(by_stack, snapshot->count, sizeof(struct row *), compare_stacks);
	for (size_t i = 0; i < snapshot->count; i++) {
		if (i == 0 || by_stack[i]->stack != by_stack[i - 1]->stack)
			snapshot->stack_count++;
		by_stack[i]->stack_index = (uint32_t)(snapshot->stack_count - 1);
	}
	free(by_stack);
	return 0;
}

/* Median and spread of the sources' means: what a stranger may look like. */
static int spread_estimate(struct snapshot *snapshot, enum feature feature)
{
	double *values = malloc((snapshot->count + 1) * sizeof(*values));
	size_t count = 0;

	if (!values)
		return -ENOMEM;
	for (size_t i = 0; i < snapshot->count; i++) {
		const struct row *row = &snapshot->rows[i];

		if (row->all.terms[feature] >= 2 && !row->is_suspect)
			values[count++] = row->all.x[feature];
	}
	snapshot->middle[feature] = stats_quantile(values, count, 0.5);
	snapshot->spread_sd[feature] = fmax(stats_robust_sd(values, count), SPREAD_SD_MIN);
	free(values);
	return 0;
}

static int rows_collect(const struct snapshot_inputs *inputs, struct snapshot *out)
{
	const struct profiles *profiles = inputs->profiles;

	out->rows = calloc(profiles->count + 1, sizeof(*out->rows));
	if (!out->rows)
		return -ENOMEM;
	for (size_t i = 0; i < profiles->slot_count; i++) {
		struct source *source = profiles->slots[i];

		if (!source)
			continue;
		if (profile_settle(&source->profile, inputs->now_ns, inputs->clock))
			source->is_dirty = true;
		out->rows[out->count++].source = source;
	}
	qsort(out->rows, out->count, sizeof(*out->rows), compare_rows);
	return 0;
}

int snapshot_take(const struct snapshot_inputs *inputs, struct snapshot *out)
{
	struct snapshot taken = {
		.settings = inputs->clock->settings,
		.now_ns = inputs->now_ns,
		.day_start_ns = inputs->day_start_ns,
		.day = inputs->clock->day,
		.seed = inputs->seed,
	};
	int err = rows_collect(inputs, &taken);

	if (err)
		return err;
	taken.duration_slope = slope_estimate(&taken);
	for (int i = 0; i < SESSION_FEATURES; i++)
		noise_estimate(&taken, (enum feature)i);
	taken.noise_sd[FEATURE_RATE] = RATE_NOISE_SD;
	taken.correlation = correlation_estimate(&taken);
	for (size_t i = 0; i < taken.count; i++)
		row_take(&taken, &taken.rows[i]);
	err = stacks_number(&taken);
	for (int i = 0; i < FEATURE_MAX && !err; i++)
		err = spread_estimate(&taken, (enum feature)i);
	if (err) {
		snapshot_clear(&taken);
		return err;
	}
	*out = taken;
	return 0;
}

void snapshot_clear(struct snapshot *snapshot)
{
	free(snapshot->rows);
	memset(snapshot, 0, sizeof(*snapshot));
}

double row_exposure_today(const struct snapshot *snapshot, const struct row *row)
{
	uint64_t first_ns = row->source->profile.first_ns;
	uint64_t since_ns = first_ns > snapshot->day_start_ns ? first_ns : snapshot->day_start_ns;

	return snapshot->now_ns > since_ns ? (double)(snapshot->now_ns - since_ns) : 0;
}

bool row_is_alive_today(const struct snapshot *snapshot, const struct row *row)
{
	return row->source->profile.last_ns >= snapshot->day_start_ns;
}
