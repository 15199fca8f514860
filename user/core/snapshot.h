/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#pragma once

/* All profiles at one moment as comparable points, sorted by source: what a scan looks at. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/profiles.h"

/* Means of one source's features, and how many values each rests on (0: unknown). */
struct point {
	double x[FEATURE_MAX];
	double terms[FEATURE_MAX];
};

#define ROW_NONE 0xffffffffu

/*
 * The stack of sources whose TLS has no name: one for all of them. Their SYN does not stand in for
 * it: behind a relay it is the relay's, and the same software's differs between IPv4 and IPv6, so
 * that it cut a fleet into parts too small to see (40 and 20 of 60 members in the lab).
 */
#define STACK_UNNAMED 1

struct row {
	struct source *source;
	const struct half *today; /* of half B */
	struct point a;		  /* half A: chooses cohorts */
	struct point all;	  /* both halves: lists members */
	double effective;	  /* exchanges of half A, worth of independent ones */
	double gap_us;		  /* negative: unknown */
	double concealment_db;	  /* its own, filled by concealment_measure */
	uint64_t stack;		  /* the usual one's JA4, or STACK_UNNAMED; 0: unknown */
	uint64_t syn;		  /* the usual one's SYN signature; 0: unknown */
	uint32_t stack_index;	  /* dense number of it, below the snapshot's stack_count */
	uint32_t cohort;	  /* index of the cohort that took it, else ROW_NONE */
	bool is_settled;	  /* enough effective exchanges for the scan */
	bool is_suspect; /* of a cohort or a followed fleet: no witness for what is ordinary */
};

struct snapshot {
	struct row *rows;
	size_t count;
	size_t stack_count; /* distinct stacks, the unknown one too */
	const struct detect_settings *settings;
	uint64_t now_ns;
	uint64_t day_start_ns;
	uint32_t day;
	uint64_t seed;		       /* of this scan's random choices */
	double duration_slope;	       /* ln duration per ln response bytes, inside sources */
	double correlation;	       /* of exchanges within a session */
	double noise_sd[FEATURE_MAX];  /* of one session's value within a source */
	double spread_sd[FEATURE_MAX]; /* of sources' means, robust */
	double middle[FEATURE_MAX];    /* their median */
};

struct snapshot_inputs {
	struct profiles *profiles;
	const struct profile_clock *clock;
	uint64_t now_ns;
	uint64_t day_start_ns;
	uint64_t seed;
};

/* Ends sessions that are over, then takes the points. 0 or -ENOMEM. */
int snapshot_take(const struct snapshot_inputs *inputs, struct snapshot *out);
void snapshot_clear(struct snapshot *snapshot);
/* Moments of a session feature within one half, the response size taken out of the duration. */
struct moments snapshot_moments(const struct snapshot *snapshot, const struct half *half,
				enum feature feature);
/* The best name of the client's software there is: its JA4, else its SYN signature; 0: unknown. */
static inline uint64_t row_software(const struct row *row)
{
	return row->stack == STACK_UNNAMED ? row->syn : row->stack;
}
/* How long a source could have been seen today, in ns. */
double row_exposure_today(const struct snapshot *snapshot, const struct row *row);
/*
 * Seen today at all, in whichever half: to ask half B alone would leave out those with nothing
 * there.
 */
bool row_is_alive_today(const struct snapshot *snapshot, const struct row *row);
