/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#pragma once

/* What is remembered of one source: mergeable sums, about 512 bytes, updated per exchange. */

#include <stdbool.h>
#include <stdint.h>

#include "core/config.h"
#include "core/exchange.h"
#include "core/half.h"

#define PROFILE_STACKS 4
#define PROFILE_HOURS 24
#define PROFILE_SIZE_BINS 12  /* of today's responses, a factor of 2 each from 256 bytes */
#define PROFILE_CONNECTIONS 8 /* recent ones, so that a connection is timed once */
#define PROFILE_LANES 3	      /* exchanges at once that still look like one client */

enum profile_half {
	PROFILE_A,
	PROFILE_B
};

struct profile_stack {
	uint64_t syn, ja4;
	uint32_t exchanges;
	uint32_t reserved;
};

struct profile {
	struct net source;
	uint8_t stack_count;
	uint64_t first_ns, last_ns; /* Unix time of the first request and of the last response */
	uint64_t exchanges;
	uint32_t sessions; /* begun */
	uint32_t day;	   /* whose sums `today` holds */
	struct session session;
	uint64_t burst_ns;   /* start of the running burst */
	uint64_t request_ns; /* last request */
	float interval_s;    /* between the last two bursts; 0: unknown */
	float recent;	     /* exchanges, decaying, as of last_ns */
	float within_spread,
		within_terms;  /* of ln sizes inside sessions, both directions together */
	struct half halves[2]; /* all sessions up to now */
	struct half today;     /* half B's sessions of the running evidence day */
	uint16_t sizes_today[PROFILE_SIZE_BINS];   /* half B, responses of the running day */
	uint16_t session_sizes[PROFILE_SIZE_BINS]; /* of the running session */
	uint16_t hours[PROFILE_HOURS];		   /* session starts, UTC */
	struct profile_stack stacks[PROFILE_STACKS];
	uint32_t stacks_overflow;
	uint32_t connections_timed;
	uint32_t tcp_rtt_min_us, tls_rtt_min_us; /* 0: unknown */
	float gap_log_sum;			 /* of ln(1 + gap us) over timed connections */
	uint16_t recent_connections[PROFILE_CONNECTIONS];
	uint64_t busy_until_ns[PROFILE_LANES];
	uint32_t crowded; /* exchanges that began while all lanes were busy */
	uint32_t reserved;
};

struct profile_clock {
	const struct detect_settings *settings;
	uint64_t seed;
	uint32_t day; /* the running evidence day */
};

void profile_init(struct profile *profile, const struct net *source, uint64_t now_ns);
void profile_add(struct profile *profile, const struct exchange *exchange,
		 const struct profile_clock *clock);
/* Ends the running session if it has been silent for long enough at now; true when it did. */
bool profile_settle(struct profile *profile, uint64_t now_ns, const struct profile_clock *clock);

/* The half that a session's sums go to: unpredictable without the seed, and balanced in pairs. */
enum profile_half profile_half_of(const struct net *source, uint32_t session, uint64_t seed);
/* Today's sums, empty when they are of another day. */
const struct half *profile_today(const struct profile *profile, uint32_t day);
double profile_recent(const struct profile *profile, uint64_t now_ns, uint64_t half_life_ns);
const struct profile_stack *profile_usual_stack(const struct profile *profile); /* NULL: none */
/* Least TLS minus least TCP round trip; negative: unknown. */
double profile_gap_us(const struct profile *profile);
/* Several clients behind one address: three stacks in earnest, or more at once than one has. */
bool profile_is_shared(const struct profile *profile);
/* Whether these bytes can be a profile: for blobs from a ledger. */
bool profile_is_sound(const struct profile *profile);
