/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */

/* Turns finished sessions into sums over session means. */

#include "core/half.h"

#include <math.h>

const double feature_center[FEATURE_MAX] = {
	[FEATURE_UP] = 8,
	[FEATURE_DOWN] = 8,
	[FEATURE_DURATION] = 12,
	[FEATURE_TURNS] = 1,
};

static const char *const feature_names[FEATURE_MAX] = {
	[FEATURE_UP] = "request size",
	[FEATURE_DOWN] = "response size",
	[FEATURE_DURATION] = "duration",
	[FEATURE_PAUSE] = "pause between turns",
	[FEATURE_TURNS] = "turns of a session",
	[FEATURE_CADENCE] = "cadence",
	[FEATURE_RATE] = "rate",
};

const char *feature_name(enum feature feature)
{
	return feature < FEATURE_MAX ? feature_names[feature] : "";
}

void half_add_session(struct half *half, const struct session *session)
{
	double n = session->exchanges, down, duration;

	if (session->exchanges == 0)
		return;
	down = (double)session->down / n;
	duration = (double)session->duration / n;
	half->exchanges += session->exchanges;
	half->sessions++;
	moments_add(&half->moments[FEATURE_UP], (double)session->up / n);
	moments_add(&half->moments[FEATURE_DOWN], down);
	moments_add(&half->moments[FEATURE_DURATION], duration);
	half->down_duration += (float)(down * duration);
	moments_add(&half->moments[FEATURE_TURNS], log(n) - feature_center[FEATURE_TURNS]);
	if (session->pauses > 0)
		moments_add(&half->moments[FEATURE_PAUSE],
			    (double)session->pause / session->pauses);
	if (session->cadences > 0)
		moments_add(&half->moments[FEATURE_CADENCE],
			    (double)session->cadence / session->cadences);
}

void half_merge(struct half *into, const struct half *from)
{
	into->exchanges += from->exchanges;
	into->sessions += from->sessions;
	into->down_duration += from->down_duration;
	for (int i = 0; i < SESSION_FEATURES; i++)
		moments_merge(&into->moments[i], &from->moments[i]);
}

void half_halve(struct half *half)
{
	half->exchanges /= 2;
	half->sessions /= 2;
	half->down_duration /= 2;
	for (int i = 0; i < SESSION_FEATURES; i++)
		moments_halve(&half->moments[i]);
}

bool half_is_finite(const struct half *half)
{
	for (int i = 0; i < SESSION_FEATURES; i++) {
		const struct moments *moments = &half->moments[i];

		if (!isfinite(moments->n) || !isfinite(moments->sum) || !isfinite(moments->sumsq) ||
		    moments->n < 0)
			return false;
	}
	return isfinite(half->down_duration);
}
