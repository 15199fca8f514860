/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#pragma once

/* The configuration: one table of keys with default, unit, range and help makes the parser, `weir check`,
 * the example file and the man page. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <weir/abi.h>

#include "core/duration.h"
#include "core/net.h"
#include "core/service.h"

#define CONFIG_LIST_MAX 256

/* Horizons and thresholds of the engine. Times in ns; all may be shortened by configuration. */
struct detect_settings {
	uint64_t tick_ns;	 /* between two ticks; default 60 s */
	uint64_t scan_ns;	 /* between two full scans; default 1 h */
	uint64_t session_gap_ns; /* silence that ends a session; default 30 min */
	uint64_t
		burst_merge_ns; /* exchanges closer than this are one for the cadence; default 60 s */
	uint64_t count_bin_ns;	       /* bin of the cohort's arrivals; default 10 min */
	uint64_t fleet_dormant_ns;     /* a fleet without exchanges is dormant after; default 7 d */
	uint64_t fleet_gone_ns;	       /* and gone after; default 30 d */
	uint64_t retention_sources_ns; /* default 30 d */
	uint64_t retention_fleets_ns;  /* default 180 d */
	uint64_t
		evidence_day_ns; /* the accumulation's "day": how long one round of evidence lasts; default 24 h */
	uint32_t sources_max; /* profiles in memory */
	uint32_t
		effective_exchanges_min; /* n_eff a source needs for the similarity scan; default 20 */
	uint32_t block_sources_min;	 /* O of the scan; default 30 */
	uint32_t confirmed_members_min; /* default 50 */
	uint32_t relay_connections_min; /* timed connections a relay gap needs; default 5 */
	double watch_db, suspect_db, confirmed_db; /* coordination levels */
	double confirmed_concealment_db;	   /* default 10 */
	double membership_posterior;		   /* default .95 */
	double false_discovery_alpha;		   /* e-BH; default .01 */
};

struct plan_settings {
	uint8_t action;		 /* of a fleet rule; default reset */
	uint64_t ttl_ns;	 /* default 24 h */
	uint64_t history_min_ns; /* ledger age below which nothing is enforced; default 24 h */
	double budget_exchanges_share; /* of recent ordinary exchanges; default .01 */
	double budget_sources_share;   /* of recent ordinary sources; default .01 */
	double holdout_share;	       /* of members observed only; default .02 */
	double shared_source_share;    /* above this share of all exchanges: never; default .05 */
	double member_concealment_db;  /* default 6 */
	uint64_t commit_confirm_ns;    /* 0: off */
	struct net shared_sources[CONFIG_LIST_MAX];
	size_t shared_source_count;
};

struct source_prefix6 {
	struct net net;
	uint8_t source_prefix_len;
};

struct config {
	char pin_dir[256];	 /* /sys/fs/bpf/weir */
	char run_dir[256];	 /* /run/weir: weir.sock */
	char state_dir[256];	 /* /var/lib/weir: ledger.db, allows.txt, hash.key */
	char group[64];		 /* weir: may use the socket and read the maps */
	char log_level[16];	 /* debug, info, warning, error */
	char mode[16];		 /* propose, enforce, off: at the first start; later `weir mode` */
	char events_file[256];	 /* EVE-shaped JSON lines; "" : none; "-": standard output */
	char interfaces[16][16]; /* ingress and egress */
	size_t interface_count;
	struct service services[CONFIG_LIST_MAX];
	size_t service_count;
	bool generic_xdp_is_allowed; /* default false */
	bool xdp_is_wanted;	     /* default true; false: TC ingress */
	bool tcx_is_wanted; /* key `tc`: auto (TCX where the kernel has it) or clsact; default true */
	bool is_persistent;	/* `persist` */
	uint8_t source_prefix6; /* default 64 */
	struct source_prefix6 source_prefixes6[CONFIG_LIST_MAX];
	size_t source_prefix6_count;
	struct net allow[CONFIG_LIST_MAX];
	size_t allow_count;
	uint64_t silence_ns;   /* default 30 s */
	uint64_t flow_idle_ns; /* default 15 min */
	uint32_t flows_max, sources_max, rules_max, stacks_max, syns_max;
	uint32_t flows_per_source_max; /* default 256 */
	double net_sources_share; /* one /24 or /48 at most this share of sources; default .1 */
	uint32_t syn_gate_per_s;  /* default 20000 per CPU */
	uint32_t exchanges_ring_bytes;
	uint64_t rule_ttl_ns;	  /* default ttl of manual rules, 24 h */
	uint64_t rule_ttl_max_ns; /* 30 d */
	uint64_t ledger_flush_ns; /* default 5 s */
	uint16_t ssh_port; /* peers of established sessions here are always allowed; default 22 */
	uint16_t metrics_port; /* Prometheus text on loopback; 0: off */
	struct detect_settings detect;
	struct plan_settings plan;
};

/* How the text of a key becomes its field. */
enum config_type {
	CONFIG_STRING,
	CONFIG_PATH,   /* absolute */
	CONFIG_OUTPUT, /* absolute path, "-" or nothing */
	CONFIG_CHOICE, /* a string, one of choices */
	CONFIG_XDP,    /* a choice that sets xdp_is_wanted and generic_xdp_is_allowed */
	CONFIG_TC,     /* a choice that sets tcx_is_wanted */
	CONFIG_BOOL,
	CONFIG_U8,
	CONFIG_U16,
	CONFIG_U32,
	CONFIG_POWER2, /* uint32_t, a power of two; "4MiB" is fine */
	CONFIG_DOUBLE,
	CONFIG_TIME_NS, /* uint64_t ns; range and unit are seconds */
	CONFIG_ACTION,	/* uint8_t, enum weir_action */
	CONFIG_INTERFACES,
	CONFIG_SERVICES,
	CONFIG_NETS,
	CONFIG_PREFIXES6, /* "2001:db8::/32 56", in the file a mapping of prefix to length */
};

/* One row of the table in config_keys.c: key "detect.tick" sets a field of struct config. */
struct config_key {
	const char *name;
	enum config_type type;
	size_t offset, size;
	size_t count_offset;	  /* of lists: where their length stands */
	const char *default_text; /* "": empty */
	double min, max;	  /* range in the unit of the key; of numbers only */
	const char *unit;	  /* "s", "exchanges", "dB", "" */
	const char *choices;	  /* "native generic off"; NULL: free */
	const char *help;	  /* one line, and why that default */
};
extern const struct config_key config_keys[];
extern const size_t config_key_count;

void config_default(struct config *config);
/* Sets one key from text ("60s", "1h", "0.05", "yes", a list item appends). -ENOENT: unknown key; -EINVAL, -ERANGE: with why. */
int config_set(struct config *config, const char *key, const char *text, char *why,
	       size_t why_size);
/* What cannot be seen key by key (no interface, no service, levels out of order); -EINVAL with why. */
int config_check(const struct config *config, char *why, size_t why_size);
/* NULL: no such key. */
const struct config_key *config_find(const char *name);
/* The key somebody may have meant; NULL: none is near. */
const struct config_key *config_nearest(const char *name);
bool config_is_group(const char *name); /* "detect", "plan", ... */
bool config_is_list(const struct config_key *key);
/* The range as people read it: "100ms to 1d", "0 to 1", "one of native, generic, off"; "" where there is none. */
void config_range_format(const struct config_key *key, char *text, size_t text_size);
