/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "core/config.h"

/* The table of every key: where it goes, what it may be, what it is unless set, and why. */

#include <weir/bounds.h>

#define FIELD(member) offsetof(struct config, member), sizeof(((struct config *)0)->member), 0
#define LIST(member, count)                                                                        \
	offsetof(struct config, member), sizeof(((struct config *)0)->member[0]),                  \
		offsetof(struct config, count)

#define TEXT_OF(number) #number
#define TEXT(number) TEXT_OF(number)

#define DAY_S 86400.0
#define YEAR_S (366 * DAY_S)
#define TABLE_MAX (1u << 26) /* 64 million entries: beyond it the memory is surely a slip */

const struct config_key config_keys[] = {
	/* What is protected, and where. */
	{ "interfaces", CONFIG_INTERFACES, LIST(interfaces, interface_count), "", 0, 0, "", NULL,
	  "interfaces the traffic enters and leaves by; required" },
	{ "services", CONFIG_SERVICES, LIST(services, service_count), "", 0, 0, "", NULL,
	  "protected services: 192.0.2.1:443, [2001:db8::1]:443, *:443, *:443/udp; required" },
	{ "mode", CONFIG_CHOICE, FIELD(mode), "propose", 0, 0, "", "propose enforce off",
	  "what fleet rules may do at the first start; later `weir mode` decides" },
	{ "persist", CONFIG_BOOL, FIELD(is_persistent), "no", 0, 0, "", NULL,
	  "keep verdicts when the daemon is gone; rules still expire" },
	{ "xdp", CONFIG_XDP, FIELD(xdp_is_wanted), "native", 0, 0, "", "native generic off",
	  "native falls back to TC; generic is tried in between; off is TC alone" },
	{ "tc", CONFIG_TC, FIELD(tcx_is_wanted), "auto", 0, 0, "", "auto clsact",
	  "auto uses TCX where the kernel has it; clsact never does" },

	/* What a source is, and who is never touched. */
	{ "source_prefix6", CONFIG_U8, FIELD(source_prefix6), "64", 16, 128, "bits", NULL,
	  "bits of an IPv6 address that are one source; a subscriber holds a /64 at least" },
	{ "source_prefixes6", CONFIG_PREFIXES6, LIST(source_prefixes6, source_prefix6_count), "", 0,
	  128, "bits", NULL, "other lengths by prefix, as 2001:db8::/32: 56" },
	{ "allow", CONFIG_NETS, LIST(allow, allow_count), "", 0, 0, "", NULL,
	  "addresses and prefixes that no rule ever touches" },
	{ "shared_sources", CONFIG_NETS, LIST(plan.shared_sources, plan.shared_source_count), "", 0,
	  0, "", NULL,
	  "load balancers and NAT: many clients behind one address, never a fleet rule" },

	/* Where things live. */
	{ "pin_dir", CONFIG_PATH, FIELD(pin_dir), "/sys/fs/bpf/weir", 0, 0, "", NULL,
	  "directory on bpffs for maps, programs and links" },
	{ "run_dir", CONFIG_PATH, FIELD(run_dir), "/run/weir", 0, 0, "", NULL,
	  "directory of the control socket" },
	{ "state_dir", CONFIG_PATH, FIELD(state_dir), "/var/lib/weir", 0, 0, "", NULL,
	  "directory of the ledger, the operator's words and the hash key" },
	{ "group", CONFIG_STRING, FIELD(group), "weir", 0, 0, "", NULL,
	  "group that may use the socket, read the maps and write the push maps" },
	{ "log_level", CONFIG_CHOICE, FIELD(log_level), "info", 0, 0, "",
	  "debug info warning error", "least level of log lines" },
	{ "events", CONFIG_OUTPUT, FIELD(events_file), "", 0, 0, "", NULL,
	  "file for events as JSON lines; \"-\" is standard output; nothing: none" },
	{ "ssh_port", CONFIG_U16, FIELD(ssh_port), "22", 0, 65535, "port", NULL,
	  "peers of established sessions to this port are always allowed; 0: nobody" },
	{ "metrics_port", CONFIG_U16, FIELD(metrics_port), "0", 0, 65535, "port", NULL,
	  "port on loopback for Prometheus text; 0: none" },

	/* Exchanges and flows. */
	{ "silence", CONFIG_TIME_NS, FIELD(silence_ns), "30s", .1, 3600, "s", NULL,
	  "a response is over after this long without a byte; tokens stream faster" },
	{ "flow_idle", CONFIG_TIME_NS, FIELD(flow_idle_ns), "15m", 1, 7 * DAY_S, "s", NULL,
	  "a flow is forgotten after this long without a packet; longer than proxies keep one" },
	{ "ledger_flush", CONFIG_TIME_NS, FIELD(ledger_flush_ns), "5s", .1, 3600, "s", NULL,
	  "between two writes of the ledger: what a power cut may cost" },

	/* Sizes: memory is taken at start, and what is full says so. */
	{ "limits.flows", CONFIG_U32, FIELD(flows_max), TEXT(WEIR_FLOWS_DEFAULT), 1024, TABLE_MAX,
	  "flows", NULL, "flows at once; about 300 bytes each" },
	{ "limits.sources", CONFIG_U32, FIELD(sources_max), TEXT(WEIR_SOURCES_DEFAULT), 1024,
	  TABLE_MAX, "sources", NULL, "sources the kernel counts at once; about 150 bytes each" },
	{ "limits.rules", CONFIG_U32, FIELD(rules_max), TEXT(WEIR_RULES_DEFAULT), 1024, TABLE_MAX,
	  "rules", NULL, "rules of all origins together" },
	{ "limits.stacks", CONFIG_U32, FIELD(stacks_max), TEXT(WEIR_STACKS_DEFAULT), 256, 1 << 20,
	  "stacks", NULL, "different client stacks; a busy site sees some thousand" },
	{ "limits.syns", CONFIG_POWER2, FIELD(syns_max), TEXT(WEIR_SYNS_DEFAULT), 1024, 1 << 24,
	  "SYNs", NULL, "handshakes at once, a power of two; one lives a round trip" },
	{ "limits.flows_per_source", CONFIG_U32, FIELD(flows_per_source_max),
	  TEXT(WEIR_FLOWS_PER_SOURCE_DEFAULT), 1, TABLE_MAX, "flows", NULL,
	  "flows one source may hold; further ones pass uncounted" },
	{ "limits.net_sources_share", CONFIG_DOUBLE, FIELD(net_sources_share), "0.1", 0.0001, 1, "",
	  NULL, "share of the sources that one /24 or /48 may hold" },
	{ "limits.syn_gate", CONFIG_U32, FIELD(syn_gate_per_s), TEXT(WEIR_SYN_GATE_PER_S_DEFAULT),
	  1, 1e9, "SYNs/s", NULL, "SYNs recorded per second and CPU; a flood costs no more" },
	{ "limits.exchanges_ring", CONFIG_POWER2, FIELD(exchanges_ring_bytes), "4MiB", 4096,
	  1u << 30, "bytes", NULL, "ring of exchange records, a power of two; 4MiB is 47,000" },

	/* Rules that people and lists make. */
	{ "rules.ttl", CONFIG_TIME_NS, FIELD(rule_ttl_ns), "24h", 1, YEAR_S, "s", NULL,
	  "life of a rule unless it says otherwise; addresses change hands daily" },
	{ "rules.ttl_max", CONFIG_TIME_NS, FIELD(rule_ttl_max_ns), "30d", 1, YEAR_S, "s", NULL,
	  "longest life of a rule; what asks for more is clamped, and told" },

	/* How long what is known of people is kept. */
	{ "retention.sources", CONFIG_TIME_NS, FIELD(detect.retention_sources_ns), "30d", 60,
	  YEAR_S, "s", NULL, "a silent source is forgotten after" },
	{ "retention.fleets", CONFIG_TIME_NS, FIELD(detect.retention_fleets_ns), "180d", 60,
	  10 * YEAR_S, "s", NULL, "a gone fleet is forgotten after" },

	/* Detection: horizons. */
	{ "detect.tick", CONFIG_TIME_NS, FIELD(detect.tick_ns), "60s", .1, DAY_S, "s", NULL,
	  "between two ticks" },
	{ "detect.scan", CONFIG_TIME_NS, FIELD(detect.scan_ns), "1h", .1, 7 * DAY_S, "s", NULL,
	  "between two full scans; a million sources take seconds" },
	{ "detect.session_gap", CONFIG_TIME_NS, FIELD(detect.session_gap_ns), "30m", .1, DAY_S, "s",
	  NULL, "silence that ends a session" },
	{ "detect.burst_merge", CONFIG_TIME_NS, FIELD(detect.burst_merge_ns), "60s", 0, DAY_S, "s",
	  NULL, "exchanges closer than this are one for the cadence" },
	{ "detect.count_bin", CONFIG_TIME_NS, FIELD(detect.count_bin_ns), "10m", .1, DAY_S, "s",
	  NULL, "bin of a cohort's arrivals" },
	{ "detect.evidence_day", CONFIG_TIME_NS, FIELD(detect.evidence_day_ns), "24h", 1,
	  30 * DAY_S, "s", NULL, "how long one round of evidence lasts" },
	{ "detect.fleet_dormant", CONFIG_TIME_NS, FIELD(detect.fleet_dormant_ns), "7d", 1, YEAR_S,
	  "s", NULL, "a fleet without exchanges is dormant after" },
	{ "detect.fleet_gone", CONFIG_TIME_NS, FIELD(detect.fleet_gone_ns), "30d", 1, YEAR_S, "s",
	  NULL, "and gone after" },

	/* Detection: thresholds. */
	{ "detect.sources_max", CONFIG_U32, FIELD(detect.sources_max), "1000000", 1000, TABLE_MAX,
	  "sources", NULL, "profiles in memory; about 512 bytes each" },
	{ "detect.effective_exchanges_min", CONFIG_U32, FIELD(detect.effective_exchanges_min), "20",
	  2, 1e6, "exchanges", NULL, "what a source needs for the similarity scan" },
	{ "detect.block_sources_min", CONFIG_U32, FIELD(detect.block_sources_min), "30", 3, 1e6,
	  "sources", NULL, "sources of a block that is worth a test" },
	{ "detect.confirmed_members_min", CONFIG_U32, FIELD(detect.confirmed_members_min), "50", 3,
	  1e6, "sources", NULL, "members of a fleet that may be confirmed" },
	{ "detect.relay_connections_min", CONFIG_U32, FIELD(detect.relay_connections_min), "5", 1,
	  1000, "connections", NULL, "timed connections that a relay gap needs" },
	{ "detect.watch_db", CONFIG_DOUBLE, FIELD(detect.watch_db), "15", 0, 200, "dB", NULL,
	  "coordination from which a cohort is watched" },
	{ "detect.suspect_db", CONFIG_DOUBLE, FIELD(detect.suspect_db), "25", 0, 200, "dB", NULL,
	  "and suspect" },
	{ "detect.confirmed_db", CONFIG_DOUBLE, FIELD(detect.confirmed_db), "35", 0, 200, "dB",
	  NULL, "and confirmed, if it is concealed too" },
	{ "detect.confirmed_concealment_db", CONFIG_DOUBLE, FIELD(detect.confirmed_concealment_db),
	  "10", 0, 200, "dB", NULL, "concealment of a fleet that may be confirmed" },
	{ "detect.membership_posterior", CONFIG_DOUBLE, FIELD(detect.membership_posterior), "0.95",
	  0.5, 1, "", NULL, "probability from which a member is listed" },
	{ "detect.false_discovery_alpha", CONFIG_DOUBLE, FIELD(detect.false_discovery_alpha),
	  "0.01", 1e-9, 0.5, "", NULL, "share of false cohorts among the found ones (e-BH)" },

	/* The plan: guard rails between a fleet and a rule. */
	{ "plan.action", CONFIG_ACTION, FIELD(plan.action), "reset", 0, 0, "",
	  "observe limit drop reset",
	  "of a fleet rule; reset frees the server's sockets, so that no answer goes on unread" },
	{ "plan.ttl", CONFIG_TIME_NS, FIELD(plan.ttl_ns), "24h", 1, YEAR_S, "s", NULL,
	  "life of a fleet rule; doubles for who comes back, up to rules.ttl_max" },
	{ "plan.history_min", CONFIG_TIME_NS, FIELD(plan.history_min_ns), "24h", 0, YEAR_S, "s",
	  NULL, "history below which no fleet rule is enforced; a day shows everybody's hours" },
	{ "plan.budget_exchanges_share", CONFIG_DOUBLE, FIELD(plan.budget_exchanges_share), "0.01",
	  0, 1, "", NULL, "ordinary exchanges that may fall under rules by mistake" },
	{ "plan.budget_sources_share", CONFIG_DOUBLE, FIELD(plan.budget_sources_share), "0.01", 0,
	  1, "", NULL, "ordinary sources that may fall under rules by mistake" },
	{ "plan.holdout_share", CONFIG_DOUBLE, FIELD(plan.holdout_share), "0.02", 0, 1, "", NULL,
	  "members observed only, to measure mistakes" },
	{ "plan.shared_source_share", CONFIG_DOUBLE, FIELD(plan.shared_source_share), "0.05", 0, 1,
	  "", NULL, "a source with more than this of all exchanges never gets a rule" },
	{ "plan.member_concealment_db", CONFIG_DOUBLE, FIELD(plan.member_concealment_db), "6", 0,
	  200, "dB", NULL, "concealment of its own that a member needs for a rule" },
	{ "plan.commit_confirm", CONFIG_TIME_NS, FIELD(plan.commit_confirm_ns), "0", 0, 30 * DAY_S,
	  "s", NULL, "new fleet rules fall back unless confirmed within; 0: off" },
};

const size_t config_key_count = sizeof(config_keys) / sizeof(config_keys[0]);
