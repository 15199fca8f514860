/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#pragma once

/*
 * What half B says of a cohort chosen on half A: each test a likelihood ratio between a stated
 * fleet and measured ordinary groups, in decibans and a sentence.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/fleet.h"
#include "core/snapshot.h"

struct cohort;
struct cohorts;

/* X(NAME, "name", question, cap in dB, is a level: replaced by each scan instead of added up) */
#define EVIDENCE_FAMILIES(X)                                                                       \
	X(COUNTS, "counts", EVIDENCE_COORDINATION, 15, false)                                      \
	X(SIZES, "sizes", EVIDENCE_COORDINATION, 15, false)                                        \
	X(HOURS, "hours", EVIDENCE_COORDINATION, 10, true)                                         \
	X(CADENCE, "cadence", EVIDENCE_COORDINATION, 15, false)                                    \
	X(IDENTITY, "identity", EVIDENCE_COORDINATION, 6, true)                                    \
	X(RELAY, "relay gap", EVIDENCE_CONCEALMENT, 15, true)

enum family {
#define X(name, text, question, cap, is_level) FAMILY_##name,
	EVIDENCE_FAMILIES(X)
#undef X
	FAMILY_MAX
};

struct family_traits {
	const char *name;
	enum evidence_question question;
	double cap_db;
	bool is_level;
};
extern const struct family_traits family_traits[FAMILY_MAX];

#define EVIDENCE_SHRINK 0.7 /* log ratios count this much: the tests' models are not the world */

/* One test's answer today. */
struct finding {
	const char *test; /* "sizes.response" */
	enum family family;
	double log_ratio; /* shrunk, natural logarithm, not yet capped */
	double figure;
	char why[EVIDENCE_WHY_MAX];
};

/*
 * Ordinary groups, as similar on half A as ordinary sources get: what the same tests find in them
 * on half B.
 */
#define NULL_GROUPS_MAX 48
struct null_groups {
	uint32_t *rows[NULL_GROUPS_MAX];
	size_t sizes[NULL_GROUPS_MAX];
	size_t count;
	double independent; /* groups' worth, as they overlap */
};

struct evidence_inputs {
	const struct snapshot *snapshot;
	const struct cohorts *cohorts;
	const struct cohort *cohort;
	const struct null_groups *nulls;
};

/* Each returns true with a finding, or false where nothing can be said. */
typedef bool evidence_test(const struct evidence_inputs *inputs, struct finding *out);
evidence_test evidence_counts_sessions, evidence_counts_exchanges;
evidence_test evidence_sizes_means, evidence_sizes_histogram, evidence_hours_flat;
evidence_test evidence_cadence_means, evidence_identity_stack, evidence_relay_gap;

/* Runs all tests over all cohorts, fills findings. 0 or -ENOMEM. */
int evidence_weigh(const struct snapshot *snapshot, struct cohorts *cohorts);
/* The families' decibans of one set of findings: ln of the mean of ratios, then the cap. */
void evidence_families(const struct finding *findings, size_t count, double db[FAMILY_MAX]);

/* Picks ordinary groups like the cohort's: nearest neighbours on half A. */
int null_groups_pick(const struct snapshot *snapshot, const struct cohort *cohort,
		     struct null_groups *out);
void null_groups_clear(struct null_groups *groups);

/* Logarithms of a statistic in the null groups. */
struct null_sample {
	double logs[NULL_GROUPS_MAX];
	double noise; /* sum of their sampling variances: groups are smaller than cohorts */
	size_t count;
	double independent;
};

/*
 * The stated law of a statistic's logarithm in a fleet: a mixture of normals with one sampling sd.
 */
#define FLEET_LAW_PARTS 16
struct fleet_law {
	double log_mean[FLEET_LAW_PARTS], weight[FLEET_LAW_PARTS];
	size_t parts;
	double sd;
};

/*
 * Shrunk log ratio of a statistic: the fleet's law against Student's t around what the null groups
 * gave, their own sampling noise replaced by the cohort's. 0 where too few groups were measured.
 */
double evidence_log_ratio(double statistic, const struct fleet_law *law,
			  const struct null_sample *nulls);
