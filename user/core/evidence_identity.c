/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */

/* Turns the cohort's stacks and relay gaps into rarity and concealment. */

#include "core/evidence.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "core/cohort.h"

#define DOMINANT_SHARE 0.8 /* of the cohort: else it has no stack of its own */
#define POPULAR_SHARE 0.1  /* of ordinary sources: a stack this common is worth nothing */

static int compare_u64(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

/* The commonest stack of the cohort and its share; 0 where memory or stacks are missing. */
static uint64_t dominant_stack(const struct evidence_inputs *inputs, double *share)
{
	const struct cohort *cohort = inputs->cohort;
	uint64_t *stacks = malloc((cohort->count + 1) * sizeof(*stacks)), best = 0;
	size_t count = 0, most = 0;

	*share = 0;
	if (!stacks)
		return 0;
	for (size_t i = 0; i < cohort->count; i++) {
		stacks[count] = row_software(&inputs->snapshot->rows[cohort->rows[i]]);
		count += stacks[count] != 0;
	}
	qsort(stacks, count, sizeof(*stacks), compare_u64);
	for (size_t first = 0, end; first < count; first = end) {
		for (end = first; end < count && stacks[end] == stacks[first];)
			end++;
		if (end - first > most) {
			most = end - first;
			best = stacks[first];
		}
	}
	free(stacks);
	if (cohort->count > 0)
		*share = (double)most / (double)cohort->count;
	return best;
}

bool evidence_identity_stack(const struct evidence_inputs *inputs, struct finding *out)
{
	const struct snapshot *snapshot = inputs->snapshot;
	double share, others = 0, alike = 0, ordinary;
	uint64_t stack = dominant_stack(inputs, &share);

	if (stack == 0 || share < DOMINANT_SHARE)
		return false;
	for (size_t i = 0; i < snapshot->count; i++) {
		const struct row *row = &snapshot->rows[i];

		if (row->is_suspect || row_software(row) == 0)
			continue;
		others += 1;
		alike += row_software(row) == stack;
	}
	ordinary = (alike + 0.5) / (others + 1);
	out->test = "identity.stack";
	out->family = FAMILY_IDENTITY;
	out->figure = ordinary;
	out->log_ratio = EVIDENCE_SHRINK * fmax(log(POPULAR_SHARE / ordinary), 0);
	snprintf(out->why, sizeof(out->why),
		 "%.0f %% of them use one client software, which %.1f %% of the ordinary sources "
		 "use%s",
		 100 * share, 100 * ordinary,
		 ordinary < POPULAR_SHARE ? "" : " too: worth nothing");
	return true;
}

static double median_gap_ms(const struct evidence_inputs *inputs)
{
	const struct cohort *cohort = inputs->cohort;
	double *gaps = malloc((cohort->count + 1) * sizeof(*gaps)), median;
	size_t count = 0;

	if (!gaps)
		return 0;
	for (size_t i = 0; i < cohort->count; i++) {
		double gap_us = inputs->snapshot->rows[cohort->rows[i]].gap_us;

		if (gap_us >= 0)
			gaps[count++] = gap_us / 1000;
	}
	median = stats_quantile(gaps, count, 0.5);
	free(gaps);
	return median;
}

/* More concealed sources among the similar ones than among all: the split itself proves nothing. */
bool evidence_relay_gap(const struct evidence_inputs *inputs, struct finding *out)
{
	const struct cohort *cohort = inputs->cohort;
	const struct concealment *usual = &inputs->cohorts->concealment;
	double expected = cohort->similar * usual->ordinary_share;

	if (usual->witnesses <= 0 || cohort->similar <= 0)
		return false;
	out->test = "relay.gap";
	out->family = FAMILY_RELAY;
	out->figure = median_gap_ms(inputs);
	out->log_ratio = 0;
	if (cohort->is_concealed)
		out->log_ratio =
			EVIDENCE_SHRINK * stats_excess(cohort->similar_concealed, expected + 1);
	snprintf(out->why, sizeof(out->why),
		 "%.0f of %.0f similar sources answer TLS %.0f ms (median) later than TCP, as "
		 "%.0f %% "
		 "of the ordinary ones do (median %.1f ms)%s",
		 cohort->similar_concealed, cohort->similar, out->figure,
		 100 * usual->ordinary_share, usual->ordinary_gap_us / 1000,
		 cohort->is_concealed ? "" : "; these do not");
	return true;
}
