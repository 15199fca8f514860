/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#pragma once

/* From a proven flow's address to its source: found, made within its limits, counted. */

#include "count.h"
#include "packet.h"
#include "rate.h"

/* Clears the bits of an address behind prefix_len. */
static __always_inline void address_mask(__u8 *addr, __u32 prefix_len)
{
	__be32 *words = (__be32 *)addr;

	for (__u32 i = 0; i < 4; i++) {
		__u32 bits = prefix_len > i * 32 ? prefix_len - i * 32 : 0;

		if (!bits)
			words[i] = 0;
		else if (bits < 32)
			words[i] &= bpf_htonl(~0u << (32 - bits));
	}
}

/* How many bits of the client's address are one source. */
static __always_inline __u32 source_prefix_len(const struct packet *p)
{
	struct weir_net6_key key = { .prefix_len = 128 };
	const __u32 *len;
	__u64 configured;

	if (p->ip_version == 4)
		return 32;
	if (setting_get(WEIR_SETTING_SOURCE_PREFIXES6)) {
		address_copy(key.addr, p->key.source_addr);
		len = bpf_map_lookup_elem(&prefixes6, &key);
		if (len && *len <= 128)
			return *len;
	}
	configured = setting_get(WEIR_SETTING_SOURCE_PREFIX6);
	return configured && configured <= 128 ? configured : 64;
}

static __always_inline void source_net_key(const struct weir_addr *source, __u32 prefix_len,
					   struct weir_source_net *net)
{
	bool is_mapped4 = prefix_len == 32 && ((const __u32 *)source->addr)[2] == bpf_htonl(0xffff);

	address_copy(net->addr, source->addr);
	address_mask(net->addr, is_mapped4 ? 96 + WEIR_NET4_LEN : WEIR_NET6_LEN);
}

static __always_inline __u32 *source_net_find(const struct weir_source_net *net)
{
	__u32 *count = bpf_map_lookup_elem(&source_nets, net);
	__u32 none = 0;

	if (count)
		return count;
	bpf_map_update_elem(&source_nets, net, &none, BPF_NOEXIST);
	return bpf_map_lookup_elem(&source_nets, net);
}

static __always_inline void source_net_leave(const struct weir_addr *source, __u32 prefix_len)
{
	struct weir_source_net net;
	__u32 *count;

	source_net_key(source, prefix_len, &net);
	count = bpf_map_lookup_elem(&source_nets, &net);
	/* An entry at zero goes; if a newcomer slipped in between, its net counts one too few. */
	if (count && __sync_fetch_and_add(count, -1) <= 1)
		bpf_map_delete_elem(&source_nets, &net);
}

/* Makes the source if its network has room. NULL, and an event counted, if not. */
static __always_inline struct weir_source *source_make(const struct weir_addr *key,
						       __u32 prefix_len, __u64 now_ns,
						       struct scratch *s)
{
	__u64 limit = setting_get(WEIR_SETTING_SOURCES_PER_NET);
	struct weir_source_net net;
	__u32 *in_net;

	source_net_key(key, prefix_len, &net);
	in_net = source_net_find(&net);
	if (!in_net) {
		event_count(WEIR_REASON_SOURCES_FULL);
		return NULL;
	}
	if (limit && *in_net >= limit) {
		event_count(WEIR_REASON_NET_SOURCES);
		return NULL;
	}
	__builtin_memset(&s->source, 0, sizeof(s->source));
	s->source.first_ns = now_ns;
	s->source.last_ns = now_ns;
	s->source.rate_ns = now_ns;
	s->source.prefix_len = prefix_len;
	if (!bpf_map_update_elem(&sources, key, &s->source, BPF_NOEXIST))
		__sync_fetch_and_add(in_net, 1);
	/* Else another CPU was faster, or the map is full: the lookup tells. */
	struct weir_source *source = bpf_map_lookup_elem(&sources, key);

	if (!source)
		event_count(WEIR_REASON_SOURCES_FULL);
	return source;
}

static __always_inline void source_rates_update(struct weir_source *source, __u32 connections,
						__u32 exchanges, __u64 now_ns)
{
	__u64 age_ns = now_ns > source->rate_ns ? now_ns - source->rate_ns : 0;

	source->rate_ns = now_ns;
	source->last_ns = now_ns;
	source->connection_rate_per_1000s =
		rate_update(source->connection_rate_per_1000s, age_ns, connections, now_ns);
	source->exchange_rate_per_1000s =
		rate_update(source->exchange_rate_per_1000s, age_ns, exchanges, now_ns);
}

static __always_inline void rtt_keep_least(__u32 *least_us, __u32 rtt_us)
{
	if (rtt_us && (!*least_us || rtt_us < *least_us))
		*least_us = rtt_us;
}

/* A flow of this source is gone. */
static __always_inline void source_flow_leave(const __u8 *addr)
{
	struct weir_source *source;
	struct weir_addr key;

	address_copy(key.addr, addr);
	source = bpf_map_lookup_elem(&sources, &key);
	if (source && source->flows)
		__sync_fetch_and_add(&source->flows, -1);
}
