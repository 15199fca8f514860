/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#pragma once

/*
 * From a frame to struct packet: Ethernet, VLAN and QinQ, then IP and transport. Afterwards nobody
 * looks at headers again. Every way out names a reason; WEIR_REASON_NONE says fully read.
 */

#include "ip.h"

#define ETH_P_IP 0x0800
#define ETH_P_IPV6 0x86dd
#define ETH_P_8021Q 0x8100
#define ETH_P_8021AD 0x88a8

static __always_inline bool vlan_is_tag(__u16 ethertype)
{
	return ethertype == ETH_P_8021Q || ethertype == ETH_P_8021AD;
}

/* Finds the network header behind Ethernet and at most two tags, one of which may be kept outside
 * the frame by the kernel. */
static __always_inline __u32 ethernet_parse(void *ctx, const enum hook hook, struct packet *p,
					    __u16 *ethertype)
{
	struct ethhdr eth;
	struct vlan_hdr tag;
	__u32 depth = 0;

	if (hook_header(ctx, hook, 0, &eth, sizeof(eth)))
		return WEIR_REASON_BROKEN_ETHERNET;
	p->ip_offset = sizeof(eth);
	*ethertype = bpf_ntohs(eth.h_proto);
	if (hook != HOOK_XDP && ((struct __sk_buff *)ctx)->vlan_present)
		depth = 1;
	for (int i = 0; i < WEIR_VLAN_DEPTH_MAX && vlan_is_tag(*ethertype); i++) {
		if (depth == WEIR_VLAN_DEPTH_MAX)
			break;
		if (hook_header(ctx, hook, p->ip_offset, &tag, sizeof(tag)))
			return WEIR_REASON_BROKEN_ETHERNET;
		p->ip_offset += sizeof(tag);
		*ethertype = bpf_ntohs(tag.h_vlan_encapsulated_proto);
		depth++;
	}
	return vlan_is_tag(*ethertype) ? WEIR_REASON_BROKEN_VLAN_DEPTH : WEIR_REASON_NONE;
}

static __always_inline __u32 packet_parse(void *ctx, const enum hook hook, struct packet *p)
{
	__u16 ethertype = 0;
	__u32 reason;

	__builtin_memset(p, 0, sizeof(*p));
	p->frame_bytes = hook_len_bytes(ctx, hook);
	reason = ethernet_parse(ctx, hook, p, &ethertype);
	if (reason)
		return reason;
	if (ethertype == ETH_P_IP)
		reason = ip4_parse(ctx, hook, p);
	else if (ethertype == ETH_P_IPV6)
		reason = ip6_parse(ctx, hook, p);
	else
		return WEIR_REASON_NOT_IP;
	if (reason)
		return reason;
	if (p->key.protocol == IPPROTO_TCP)
		return tcp_parse(ctx, hook, p);
	if (p->key.protocol == IPPROTO_UDP)
		return udp_parse(ctx, hook, p);
	return WEIR_REASON_NOT_TCP_UDP;
}
