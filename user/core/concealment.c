/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */

/* Turns relay gaps into decibans of concealment, source by source. */

#include "core/concealment.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "core/cell.h"

#define WITNESSES_MIN 20    /* fewer say nothing about what is usual */
#define NET_WITNESSES_MIN 5 /* so many ordinary neighbours make a network's own usual gap */
#define NET_PRIOR 3	    /* witnesses' worth of the whole population in each network's share */
#define RELAY_LEAST_US 20e3 /* below lie slow devices; a hidden leg is log-uniform from here.. */
#define RELAY_MOST_US 1e6   /* ..to here */
#define RELAY_EDGE 3	    /* outside, its density falls with this power of the gap */
#define DIRECT_FREEDOM 3    /* direct gaps have heavy tails: busy clients, slow devices */
#define DIRECT_SPREAD_MIN 0.3
#define GAP_SMALL_US 300 /* added to a gap: differences below it are handshake arithmetic */
#define ITERATIONS 10
#define SHRINK 0.7

static double log_gap(double gap_us)
{
	return log(gap_us + GAP_SMALL_US);
}

static double log_relay_density(double gap_us)
{
	double x = log_gap(gap_us), low = log(RELAY_LEAST_US), high = log(RELAY_MOST_US);
	double outside = fmax(fmax(low - x, x - high), 0);

	return -log(high - low) - RELAY_EDGE * outside;
}

double concealment_ratio(const struct concealment *ordinary, double gap_us, double share)
{
	double relay = exp(log_relay_density(gap_us));
	double direct = exp(stats_log_student(log_gap(gap_us), ordinary->log_middle,
					      ordinary->log_spread, DIRECT_FREEDOM));

	return relay / (share * relay + (1 - share) * direct);
}

static bool row_is_witness(const struct row *row)
{
	return row->gap_us >= 0 && !row->is_suspect && row->cohort == ROW_NONE;
}

/* A least gap over few connections may still fall: it speaks for a hidden leg only so much. */
static double certainty(const struct snapshot *snapshot, const struct row *row)
{
	double wanted = fmax(snapshot->settings->relay_connections_min, 1);

	return fmin(1, row->source->profile.connections_timed / wanted);
}

/* Sum over witnesses of the probability of a hidden leg, given the share of those who have one. */
static double hidden_sum(const struct snapshot *snapshot, const struct concealment *ordinary,
			 size_t first, size_t end, double *witnesses)
{
	double share = ordinary->ordinary_share, sum = 0;

	*witnesses = 0;
	for (size_t i = first; i < end; i++) {
		const struct row *row = &snapshot->rows[i];

		if (!row_is_witness(row))
			continue;
		*witnesses += 1;
		sum += certainty(snapshot, row) * share *
		       concealment_ratio(ordinary, row->gap_us, share);
	}
	return sum;
}

static void share_fit(const struct snapshot *snapshot, struct concealment *ordinary)
{
	ordinary->ordinary_share = 0.1;
	for (int iteration = 0; iteration < ITERATIONS; iteration++) {
		double witnesses;
		double hidden = hidden_sum(snapshot, ordinary, 0, snapshot->count, &witnesses);

		ordinary->ordinary_share = (hidden + 1) / (witnesses + 2);
	}
}

static double row_measure(const struct snapshot *snapshot, const struct concealment *ordinary,
			  const struct row *row, double share)
{
	double db;

	if (row->gap_us < 0)
		return 0;
	db = SHRINK * stats_db(concealment_ratio(ordinary, row->gap_us, share));
	return stats_clamp(db * certainty(snapshot, row), -CONCEALMENT_CAP_DB, CONCEALMENT_CAP_DB);
}

/* Rows are sorted by address: a network is a run of them. */
static size_t run_end(const struct snapshot *snapshot, size_t first)
{
	struct net net = cell_net(&snapshot->rows[first].source->profile.source);
	size_t end = first + 1;

	while (end < snapshot->count &&
	       net_contains(&net, &snapshot->rows[end].source->profile.source))
		end++;
	return end;
}

/* What is usual in its network explains a gap: a corporate proxy, a satellite, a privacy relay. */
static double net_share(const struct snapshot *snapshot, const struct concealment *ordinary,
			size_t first, size_t end)
{
	double witnesses, hidden = hidden_sum(snapshot, ordinary, first, end, &witnesses);

	if (witnesses < NET_WITNESSES_MIN)
		return ordinary->ordinary_share;
	return fmax(ordinary->ordinary_share,
		    (hidden + NET_PRIOR * ordinary->ordinary_share) / (witnesses + NET_PRIOR));
}

static void rows_measure(struct snapshot *snapshot, const struct concealment *ordinary)
{
	for (size_t first = 0, end; first < snapshot->count; first = end) {
		double share;

		end = run_end(snapshot, first);
		share = net_share(snapshot, ordinary, first, end);
		for (size_t i = first; i < end; i++)
			snapshot->rows[i].concealment_db =
				row_measure(snapshot, ordinary, &snapshot->rows[i], share);
	}
}

int concealment_measure(struct snapshot *snapshot, struct concealment *out)
{
	double *logs = malloc((snapshot->count + 1) * sizeof(*logs));
	size_t count = 0;

	if (!logs)
		return -ENOMEM;
	*out = (struct concealment){ .ordinary_share = 1 };
	for (size_t i = 0; i < snapshot->count; i++) {
		snapshot->rows[i].concealment_db = 0;
		if (row_is_witness(&snapshot->rows[i]))
			logs[count++] = log_gap(snapshot->rows[i].gap_us);
	}
	if (count >= WITNESSES_MIN) {
		out->witnesses = (double)count;
		out->log_middle = stats_quantile(logs, count, 0.5);
		out->log_spread = fmax(stats_robust_sd(logs, count), DIRECT_SPREAD_MIN);
		out->ordinary_gap_us = fmax(exp(out->log_middle) - GAP_SMALL_US, 0);
		share_fit(snapshot, out);
		rows_measure(snapshot, out);
	}
	free(logs);
	return 0;
}

bool row_is_concealed(const struct row *row)
{
	return row->concealment_db >= CONCEALMENT_LISTED_DB;
}

bool row_is_open(const struct row *row)
{
	return !row_is_concealed(row);
}
