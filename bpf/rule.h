/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#pragma once

/* From a source address to a verdict: prefilter, allow, host, net; expired rules are no rules. */

#include "count.h"
#include "packet.h"
#include <weir/hash.h>

struct verdict {
	__u32 reason; /* PASSED, ALLOWED, MODE_OFF, DROP_HOST or DROP_NET */
	__u32 action; /* enum weir_action of the rule that ended the search, 0: none */
	__u32 rule_id;
	__u32 limit_per_min;
};

static __always_inline bool rule_is_address4(const __u8 *addr)
{
	const __u32 *words = (const __u32 *)addr;

	return !words[0] && !words[1] && words[2] == bpf_htonl(0xffff);
}

/* False for the addresses that no rule concerns, which are nearly all. */
static __always_inline bool rule_may_exist(const struct packet *p)
{
	const __u8 *addr = p->key.source_addr;
	const __u64 *bits;
	__u32 bit, word;

	if (p->ip_version == 4) {
		bit = weir_prefilter4_bit(addr + 12);
		word = bit / 64;
		bits = bpf_map_lookup_elem(&prefilter4, &word);
		return bits && *bits >> (bit % 64) & 1;
	}
	bit = weir_prefilter6_bit(addr, setting_get(WEIR_SETTING_HASH_KEY0),
				  setting_get(WEIR_SETTING_HASH_KEY1));
	word = bit / 64;
	bits = bpf_map_lookup_elem(&prefilter6, &word);
	if (bits && *bits >> (bit % 64) & 1)
		return true;
	return setting_get(WEIR_SETTING_WIDE_RULES6);
}

static __always_inline struct weir_hit *rule_hit_find(__u32 rule_id)
{
	struct weir_hit *hit = bpf_map_lookup_elem(&hits, &rule_id);
	struct weir_hit fresh = {};

	if (hit)
		return hit;
	bpf_map_update_elem(&hits, &rule_id, &fresh, BPF_NOEXIST);
	hit = bpf_map_lookup_elem(&hits, &rule_id);
	if (!hit)
		event_count(WEIR_REASON_HIT_LOST);
	return hit;
}

static __always_inline void rule_hit_count(__u32 rule_id, __u32 frame_bytes, __u64 now_ns)
{
	struct weir_hit *hit = rule_hit_find(rule_id);

	if (!hit)
		return;
	__sync_fetch_and_add(&hit->packets, 1);
	__sync_fetch_and_add(&hit->bytes, frame_bytes);
	hit->last_ns = now_ns;
}

/* Takes the rule into the verdict. False if the search goes on. */
static __always_inline bool rule_ends_search(const struct weir_rule *rule, const struct packet *p,
					     __u64 now_ns, __u32 drop_reason, struct verdict *v)
{
	if (!rule || rule->expires_ns <= now_ns)
		return false;
	if (rule->action == WEIR_ACTION_OBSERVE) {
		rule_hit_count(rule->id, p->frame_bytes, now_ns);
		return false;
	}
	if (rule->action != WEIR_ACTION_LIMIT && rule->action != WEIR_ACTION_DROP &&
	    rule->action != WEIR_ACTION_RESET)
		return false;
	v->reason = drop_reason;
	v->action = rule->action;
	v->rule_id = rule->id;
	v->limit_per_min = rule->limit_per_min;
	return true;
}

/* The entry of the longest prefix that covers the source and has at most max_len bits. */
static __always_inline const struct weir_rule *rule_net_find(void *net4, void *net6,
							     const struct packet *p, __u32 max_len)
{
	if (p->ip_version == 4) {
		struct weir_net4_key key = { .prefix_len = max_len };

		__builtin_memcpy(key.addr, p->key.source_addr + 12, sizeof(key.addr));
		return bpf_map_lookup_elem(net4, &key);
	} else {
		struct weir_net6_key key = { .prefix_len = max_len };

		address_copy(key.addr, p->key.source_addr);
		return bpf_map_lookup_elem(net6, &key);
	}
}

static __always_inline __u32 rule_net_len_max(const struct packet *p)
{
	return p->ip_version == 4 ? 32 : 128;
}

/* A trie answers with its longest match alone; behind one that has expired a wider one may hold. */
static __always_inline bool rule_allows(const struct packet *p, __u64 now_ns)
{
	__u32 max_len = rule_net_len_max(p);

	/* Unrolled: the verifier of 6.1 refuses a loop whose body falls through to its head. */
#pragma unroll
	for (int i = 0; i < WEIR_NESTED_NETS_MAX; i++) {
		const struct weir_rule *rule = rule_net_find(&allow_net4, &allow_net6, p, max_len);

		if (!rule)
			return false;
		if (rule->expires_ns > now_ns)
			return true;
		if (!rule->prefix_len || rule->prefix_len > max_len)
			return false;
		max_len = rule->prefix_len - 1;
	}
	return false;
}

static __always_inline void rule_search_nets(const struct packet *p, __u64 now_ns,
					     struct verdict *v)
{
	__u32 max_len = rule_net_len_max(p);

#pragma unroll
	for (int i = 0; i < WEIR_NESTED_NETS_MAX; i++) {
		const struct weir_rule *rule = rule_net_find(&deny_net4, &deny_net6, p, max_len);

		if (!rule || rule_ends_search(rule, p, now_ns, WEIR_REASON_DROP_NET, v))
			return;
		if (!rule->prefix_len || rule->prefix_len > max_len)
			return;
		max_len = rule->prefix_len - 1;
	}
}

/* The whole search, for sources that the prefilter could not clear. */
__noinline int rule_search(const struct packet *p, __u64 now_ns, struct verdict *v)
{
	const struct weir_rule *rule;
	struct weir_addr host;

	if (!p || !v)
		return 0;
	if (rule_allows(p, now_ns)) {
		v->reason = WEIR_REASON_ALLOWED;
		return 0;
	}
	address_copy(host.addr, p->key.source_addr);
	rule = bpf_map_lookup_elem(&deny_host, &host);
	if (!rule_ends_search(rule, p, now_ns, WEIR_REASON_DROP_HOST, v))
		rule_search_nets(p, now_ns, v);
	return 0;
}

static __always_inline void rule_judge(const struct packet *p, __u64 now_ns, struct verdict *v)
{
	v->reason = WEIR_REASON_PASSED;
	v->action = 0;
	v->rule_id = 0;
	v->limit_per_min = 0;
	if (setting_get(WEIR_SETTING_MODE) == WEIR_MODE_OFF)
		v->reason = WEIR_REASON_MODE_OFF;
	else if (rule_may_exist(p))
		rule_search(p, now_ns, v);
}

/* True if a limit rule has room for one more new connection in the running minute. Two CPUs at the
 * turn of a minute may both start it: then a few more connections pass. */
static __always_inline bool rule_limit_admits(const struct verdict *v, __u64 now_ns)
{
	struct weir_hit *hit = rule_hit_find(v->rule_id);

	if (!hit)
		return true;
	if (!hit->limit_window_ns || now_ns - hit->limit_window_ns >= WEIR_LIMIT_WINDOW_NS) {
		hit->limit_window_ns = now_ns;
		hit->limit_count = 0;
	}
	if (hit->limit_count >= v->limit_per_min)
		return false;
	__sync_fetch_and_add(&hit->limit_count, 1);
	return true;
}
