/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#pragma once

/* The middle of user space: exchanges in, fleets out. No system call, no clock. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/config.h"
#include "core/exchange.h"
#include "core/fleet.h"

struct engine;

/* settings is copied. seed: key of the half split and of every random choice. NULL on ENOMEM. */
struct engine *engine_new(const struct detect_settings *settings, uint64_t seed);
void engine_free(struct engine *engine);
/* New settings (after a reload); profiles and fleets stay. */
void engine_configure(struct engine *engine, const struct detect_settings *settings);

/* Counts one exchange into its source's profile. Times may step back by seconds. 0, -ENOMEM, or
 * -ENOSPC when the number of profiles is at its limit (counted in the stats). */
int engine_add(struct engine *engine, const struct exchange *exchange);

/*
 * One pass of exchange -> ledger -> cells -> cohorts -> fleets at Unix time now: incremental work
 * each call, the full scan when it is due. Expires sources by retention. 0 or -ENOMEM.
 */
int engine_tick(struct engine *engine, uint64_t now_unix_ns);

/* Living fleets, sorted by score; valid until the next call that changes the engine. */
const struct fleet *const *engine_fleets(const struct engine *engine, size_t *count);
/* By id; NULL: none. */
const struct fleet *engine_find_fleet(const struct engine *engine, const char *id);
/*
 * What the operator says of a fleet; remembered also by member set, so that a dismissed fleet that
 * comes back under another id stays dismissed. -ENOENT.
 */
int engine_judge(struct engine *engine, const char *id, enum fleet_word word);

/* What one source looks like: for explain and sources. Unknown figures are NAN. */
struct source_figures {
	struct net source;
	uint64_t exchanges;
	uint64_t sessions;
	uint64_t first_unix_ns, last_unix_ns;
	double rate_per_day;
	double bytes_up_typical; /* exp of the mean log */
	double bytes_down_typical;
	double duration_typical_us;
	double cadence_lv;   /* Shinomoto's Lv */
	double relay_gap_us; /* NAN: unknown */
	double tcp_rtt_min_us, tls_rtt_min_us;
	uint64_t connections_timed; /* connections with both round-trip times */
	unsigned stacks;	    /* distinct stacks seen */
	uint64_t syn_stack;	    /* the usual one */
	uint64_t ja4_stack;
	bool is_shared;
	const char *fleet_id; /* NULL: ordinary */
};
int engine_figures(const struct engine *engine, const struct net *source,
		   struct source_figures *out); /* -ENOENT */
/* Calls fn for each source until it returns non-zero, which is then returned. */
int engine_each_source(const struct engine *engine,
		       int (*fn)(const struct source_figures *figures, void *arg), void *arg);

struct engine_stats {
	uint64_t exchanges;
	uint64_t sources;
	uint64_t sources_refused;
	uint64_t first_unix_ns, last_unix_ns; /* of exchanges; history = last - first */
	uint64_t ticks, scans;
	uint64_t scan_ns; /* filled by the caller, who has a clock */
	double top_share; /* share of recent exchanges that the busiest 5 sources made */
};
void engine_stats(const struct engine *engine, struct engine_stats *out);
/* A source's share of all recent exchanges, 0..1. */
double engine_share(const struct engine *engine, const struct net *source);
int engine_forget(struct engine *engine, const struct net *net); /* number of sources forgotten */

/*
 * Saving and resuming. A state is a list of opaque, versioned, self-contained blobs by kind and
 * key; the ledger stores them as they are. engine_each_dirty visits what changed since the last
 * visit and marks it clean when fn returns 0; len 0 means "delete". Where fn returns something else the visit ends
 * with it, and the next one goes on from there.
 */
enum engine_blob {
	ENGINE_BLOB_PROFILE,
	ENGINE_BLOB_FLEET,
	ENGINE_BLOB_STATE,
	ENGINE_BLOB_MAX
};
int engine_each_dirty(struct engine *engine,
		      int (*fn)(enum engine_blob kind, const char *key, const void *data,
				size_t len, void *arg),
		      void *arg);
/* -EINVAL: not ours or another version. Call before the first engine_add. */
int engine_restore(struct engine *engine, enum engine_blob kind, const char *key, const void *data,
		   size_t len);
