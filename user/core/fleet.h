/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#pragma once

/* A fleet: a cohort followed over time, with its evidence, its members and its level. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/net.h"

enum fleet_level {
	FLEET_WATCH,
	FLEET_SUSPECT,
	FLEET_CONFIRMED
};
enum fleet_state {
	FLEET_ACTIVE,
	FLEET_DORMANT,
	FLEET_GONE
};
/* What the operator said of it; outlives the evidence. */
enum fleet_word {
	FLEET_UNJUDGED,
	FLEET_OPERATOR_CONFIRMED,
	FLEET_DISMISSED
};
/* Two questions, two sums (DETECTION section 4). */
enum evidence_question {
	EVIDENCE_COORDINATION,
	EVIDENCE_CONCEALMENT
};

#define EVIDENCE_WHY_MAX 192
#define EVIDENCE_MAX 24
#define FLEET_ID_MAX 16

struct evidence {
	char test[24];	 /* "sizes.anova" */
	char family[16]; /* "sizes" */
	enum evidence_question question;
	double db;		    /* decibans, shrunk and capped */
	double figure;		    /* the statistic itself */
	char why[EVIDENCE_WHY_MAX]; /* one sentence a person understands, with figures */
};

struct fleet_member {
	struct net source;
	uint64_t since_unix_ns; /* listed since */
	uint64_t exchanges;
	double posterior;      /* of membership */
	double concealment_db; /* its own; a rule needs at least plan's member_concealment_db */
	double relay_gap_us;   /* least TLS minus least TCP round trip; negative: unknown */
	bool is_listed;	       /* posterior over the listing threshold */
	bool is_shared;	       /* several stacks or too much concurrency: no host or net rule */
};

struct fleet {
	char id[FLEET_ID_MAX]; /* "f-7k3q", stable while the fleet lives and across restarts */
	enum fleet_level level;
	enum fleet_state state;
	enum fleet_word word;
	double score_db;       /* coordination, accumulated and capped */
	double concealment_db; /* likewise */
	uint64_t first_seen_unix_ns;
	uint64_t first_suspected_unix_ns; /* 0: not yet */
	uint64_t first_confirmed_unix_ns; /* 0: not yet */
	uint64_t last_seen_unix_ns;
	char cell[64]; /* which cell showed it: "all", "relay 40-60 ms", "stack t13d.." */
	struct evidence evidence[EVIDENCE_MAX];
	size_t evidence_count;
	struct fleet_member *members; /* sorted by net */
	size_t member_count;
};

const char *fleet_level_name(enum fleet_level level); /* "watch", "suspect", "confirmed" */
const char *fleet_state_name(enum fleet_state state);
const char *fleet_word_name(enum fleet_word word); /* "", "confirmed", "dismissed" */
const struct fleet_member *fleet_find_member(const struct fleet *fleet, const struct net *source);
void fleet_clear(struct fleet *fleet);
