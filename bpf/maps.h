/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#pragma once

/*
 * Every map of the data plane: who writes, who reads, who evicts. Sizes are defaults; the loader
 * sets max_entries before load.
 */

#include "transport.h"
#include <weir/syn_options.h>

/* What holds while the object is loaded. The loader writes it before load; the verifier then drops
 * what is off. syns_entries must be max_entries of `syns` and a power of two. */
const volatile __u32 syns_entries = WEIR_SYNS_DEFAULT;
const volatile __u8 clock_is_virtual = 0;

/* ---- facts ------------------------------------------------------------------------------ */

/*
 * Sources with at least one proven flow. Writes: kernel (connections, exchanges, rates). Reads:
 * daemon. Evicts: weir_sweep on the daemon's word. Preallocated, so that its memory is fixed and
 * known at load and an insert never waits for the allocator; not LRU, so that nobody's entry leaves
 * because somebody else came.
 */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, WEIR_SOURCES_DEFAULT);
	__type(key, struct weir_addr);
	__type(value, struct weir_source);
} sources SEC(".maps");

/* Sources in each /24 or /48. Writes: kernel at admission, weir_sweep when it deletes a source.
 * Reads: kernel. Evicts: weir_sweep at zero. Preallocated like `sources`. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, WEIR_SOURCES_DEFAULT);
	__type(key, struct weir_source_net);
	__type(value, __u32);
} source_nets SEC(".maps");

/* Proven flows. Writes: ingress and egress, each its own fields. Reads: daemon. Evicts: kernel when
 * a flow closes, weir_sweep when it is idle. Preallocated like `sources`. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, WEIR_FLOWS_DEFAULT);
	__type(key, struct weir_flow_key);
	__type(value, struct weir_flow);
} flows SEC(".maps");

/* The lock keeps one SYN's facts from mixing with another's that hashes to the same slot. */
struct syn_slot {
	struct weir_syn syn;
	struct bpf_spin_lock lock;
	__u32 zero;
};

/* Handshakes under way. Writes: ingress (SYN), egress (SYN-ACK, data of unknown flows). Reads: ingress.
 * Evicts: the next flow that hashes to the slot. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, WEIR_SYNS_DEFAULT);
	__type(key, __u32);
	__type(value, struct syn_slot);
} syns SEC(".maps");

/* SYN signatures of proven flows. Writes: kernel. Reads and evicts: daemon. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, WEIR_STACKS_DEFAULT);
	__type(key, __u64);
	__type(value, struct weir_stack);
} stacks SEC(".maps");

/* Packets by reason. Writes: kernel. Reads: daemon. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, WEIR_REASON_MAX);
	__type(key, __u32);
	__type(value, struct weir_counter);
} counters SEC(".maps");

/* The same, summed over CPUs for people with bpftool. Writes: daemon. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, WEIR_REASON_MAX);
	__type(key, __u32);
	__type(value, struct weir_counter);
} reasons SEC(".maps");

/* Hits of rules by rule id. Writes: kernel, which makes an entry at the first hit. Reads and evicts:
 * daemon. Not preallocated: most rules are never hit. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, WEIR_RULES_DEFAULT);
	__type(key, __u32);
	__type(value, struct weir_hit);
} hits SEC(".maps");

/* About the daemon. Writes: daemon. Reads: kernel (heartbeat_ns), people. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct weir_meta);
} meta SEC(".maps");

/* One record per exchange. Writes: kernel. Reads: daemon; a full ring loses the record, not the count. */
struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, WEIR_EXCHANGES_RING_BYTES);
} exchanges SEC(".maps");

/* ---- configuration: the daemon writes, the kernel reads ------------------------------------- */

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, WEIR_SETTING_MAX);
	__type(key, __u32);
	__type(value, __u64);
} settings SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 2 * WEIR_SERVICES_MAX); /* each with an entry for its address alone */
	__type(key, struct weir_service_key);
	__type(value, __u32);
} services SEC(".maps");

/* Bit n of the bitmap: port n is a service's port, TCP or UDP. The first test of every packet. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, WEIR_PORT_WORDS);
	__type(key, __u32);
	__type(value, __u64);
} ports SEC(".maps");

/* Bits of an IPv6 address that are one source, where they differ from the setting. */
struct {
	__uint(type, BPF_MAP_TYPE_LPM_TRIE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, WEIR_PREFIXES6_MAX);
	__type(key, struct weir_net6_key);
	__type(value, __u32);
} prefixes6 SEC(".maps");

/* ---- rules: the daemon writes and evicts, the kernel reads ----------------------------------- */

struct {
	__uint(type, BPF_MAP_TYPE_LPM_TRIE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, WEIR_RULES_DEFAULT);
	__type(key, struct weir_net4_key);
	__type(value, struct weir_rule);
} allow_net4 SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_LPM_TRIE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, WEIR_RULES_DEFAULT);
	__type(key, struct weir_net6_key);
	__type(value, struct weir_rule);
} allow_net6 SEC(".maps");

/* Not preallocated: a host without rules should not pay for a million of them. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, WEIR_RULES_DEFAULT);
	__type(key, struct weir_addr);
	__type(value, struct weir_rule);
} deny_host SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_LPM_TRIE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, WEIR_RULES_DEFAULT);
	__type(key, struct weir_net4_key);
	__type(value, struct weir_rule);
} deny_net4 SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_LPM_TRIE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, WEIR_RULES_DEFAULT);
	__type(key, struct weir_net6_key);
	__type(value, struct weir_rule);
} deny_net6 SEC(".maps");

/* Bit n: some rule, allow or deny, concerns the /24 number n. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, WEIR_PREFILTER4_WORDS);
	__type(key, __u32);
	__type(value, __u64);
} prefilter4 SEC(".maps");

/* Bit n: some rule concerns a /48 whose keyed hash is n (weir/hash.h). */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, WEIR_PREFILTER6_WORDS);
	__type(key, __u32);
	__type(value, __u64);
} prefilter6 SEC(".maps");

/* Rules pushed with bpftool. Writes: whoever is in the group. Reads and evicts: daemon. The programs
 * never look here. */
struct {
	__uint(type, BPF_MAP_TYPE_LPM_TRIE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, WEIR_PUSH_MAX);
	__type(key, struct weir_net4_key);
	__type(value, struct weir_push);
} push_net4 SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_LPM_TRIE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, WEIR_PUSH_MAX);
	__type(key, struct weir_net6_key);
	__type(value, struct weir_push);
} push_net6 SEC(".maps");

/* ---- the programs' own ------------------------------------------------------------------------ */

struct gate {
	__u64 refilled_ns;
	__u64 tokens;
};

/* Token bucket per CPU in front of `syns`. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct gate);
} syn_gate SEC(".maps");

/* Room that the 512 bytes of stack do not have, and a place from which kernel 6.1 takes map keys in every
 * function. The packet programs never nest on one CPU; weir_sweep, which they may interrupt, keeps away. */
struct scratch {
	struct packet packet;
	struct weir_syn syn;
	struct weir_flow flow;
	struct weir_source source;
	struct weir_stack stack;
	struct weir_syn_walk walk; /* over the options of a SYN */
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct scratch);
} scratches SEC(".maps");

static __always_inline struct scratch *scratch_find(void)
{
	__u32 zero = 0;

	return bpf_map_lookup_elem(&scratches, &zero);
}

static __always_inline __u64 setting_get(__u32 key)
{
	const __u64 *value = bpf_map_lookup_elem(&settings, &key);

	return value ? *value : 0;
}
