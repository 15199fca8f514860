/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#pragma once

/* One half of a source's sessions as mergeable sums, and the session still running. */

#include <stdbool.h>
#include <stdint.h>

#include "core/stats.h"

/*
 * What a source is described by. All but RATE are means over sessions: turns of one conversation
 * resemble each other, sessions hardly do, so the noise of a mean is the sessions' sd over the root
 * of their number.
 */
enum feature {
	FEATURE_UP,	  /* ln request bytes */
	FEATURE_DOWN,	  /* ln response bytes */
	FEATURE_DURATION, /* ln duration, what the response size explains taken away */
	FEATURE_PAUSE,	  /* ln seconds between a response and the next request of its session */
	FEATURE_TURNS,	  /* ln exchanges of a session */
	FEATURE_CADENCE,  /* Shinomoto's Lv over bursts (PLoS Comput Biol 2009) */
	FEATURE_RATE,	  /* ln exchanges a day */
	FEATURE_MAX,
};
#define SESSION_FEATURES FEATURE_RATE

/* Subtracted from values before they are summed in floats: their usual size. */
extern const double feature_center[FEATURE_MAX];
const char *feature_name(enum feature feature); /* "request size" */

struct half {
	uint32_t exchanges;
	uint32_t sessions;
	struct moments moments[SESSION_FEATURES]; /* one value a session */
	float down_duration;			  /* sum of products of the session means */
};

/* The running session: sums over its exchanges. */
struct session {
	uint64_t start_ns;
	uint64_t end_ns; /* of the last response */
	uint32_t exchanges;
	uint32_t pauses;
	uint32_t cadences;
	float up, down, duration, pause, cadence;
	float up_sq, down_sq;
};

void half_add_session(struct half *half, const struct session *session);
void half_merge(struct half *into, const struct half *from);
void half_halve(struct half *half);
bool half_is_finite(const struct half *half);
