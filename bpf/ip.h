/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#pragma once

/* From an IPv4 or IPv6 header to addresses, lengths and the place of the transport header. */

#include "transport.h"

#define IP_MORE_FRAGMENTS 0x2000
#define IP_DONT_FRAGMENT 0x4000
#define IP_RESERVED_FLAG 0x8000
#define IP_FRAGMENT_OFFSET 0x1fff
#define IP6_FRAGMENT_OFFSET 0xfff8
#define IP6_MORE_FRAGMENTS 0x0001
#define IP6_FIXED_BYTES 40
#define ECN_BITS 0x03

/* Next headers that are extensions (RFC 8200), and ICMPv6: macros in the kernel, so not in its BTF. */
#define NEXT_HOP_BY_HOP 0
#define NEXT_ROUTING 43
#define NEXT_FRAGMENT 44
#define NEXT_AUTHENTICATION 51
#define NEXT_ICMP6 58
#define NEXT_DESTINATION 60

/* Above this, a length of 0 in the header stands for "see the buffer": GSO and GRO of BIG TCP. */
#define IP_LEN_MAX 65535

/* ::ffff:a.b.c.d */
static __always_inline void address_map4(__u8 *to, __be32 addr)
{
	__u32 *words = (__u32 *)to;

	words[0] = 0;
	words[1] = 0;
	words[2] = bpf_htonl(0xffff);
	words[3] = addr;
}

static __always_inline void address_copy(__u8 *to, const __u8 *from)
{
	for (int i = 0; i < 4; i++)
		((__u32 *)to)[i] = ((const __u32 *)from)[i];
}

static __always_inline __u8 *packet_sender(struct packet *p, const enum hook hook)
{
	return hook == HOOK_TC_OUT ? p->key.service_addr : p->key.source_addr;
}

static __always_inline __u8 *packet_receiver(struct packet *p, const enum hook hook)
{
	return hook == HOOK_TC_OUT ? p->key.source_addr : p->key.service_addr;
}

static __always_inline __u32 ip4_parse(void *ctx, const enum hook hook, struct packet *p)
{
	__u32 rest = p->frame_bytes - p->ip_offset;
	__u32 header_bytes, total_bytes;
	__u16 fragment;
	struct iphdr ip;

	if (hook_header(ctx, hook, p->ip_offset, &ip, sizeof(ip)))
		return WEIR_REASON_BROKEN_IP4_HEADER;
	p->ip_version = 4;
	p->has_addresses = 1;
	address_map4(packet_sender(p, hook), ip.saddr);
	address_map4(packet_receiver(p, hook), ip.daddr);
	header_bytes = ip.ihl * 4;
	if (ip.version != 4 || header_bytes < sizeof(ip) || header_bytes > rest)
		return WEIR_REASON_BROKEN_IP4_HEADER;
	total_bytes = bpf_ntohs(ip.tot_len);
	if (!total_bytes && rest > IP_LEN_MAX)
		total_bytes = rest;
	if (total_bytes < header_bytes || total_bytes > rest)
		return WEIR_REASON_BROKEN_IP4_LENGTH;
	p->end_offset = p->ip_offset + total_bytes;
	p->transport_offset = p->ip_offset + header_bytes;
	p->ip_options_bytes = header_bytes - sizeof(ip);
	p->ttl = ip.ttl;
	p->ip_id = bpf_ntohs(ip.id);
	fragment = bpf_ntohs(ip.frag_off);
	p->ip_flags = (fragment & IP_DONT_FRAGMENT ? WEIR_SYN_DF : 0) |
		      (fragment & IP_RESERVED_FLAG ? WEIR_SYN_RESERVED : 0) |
		      (ip.tos & ECN_BITS ? WEIR_SYN_ECN : 0);
	p->key.protocol = ip.protocol;
	if (ip.protocol == IPPROTO_ICMP)
		return WEIR_REASON_NOT_TCP_UDP;
	if (fragment & (IP_MORE_FRAGMENTS | IP_FRAGMENT_OFFSET))
		return WEIR_REASON_FRAGMENT;
	return WEIR_REASON_NONE;
}

static __always_inline bool ip6_is_extension(__u8 next)
{
	return next == NEXT_HOP_BY_HOP || next == NEXT_ROUTING || next == NEXT_FRAGMENT ||
	       next == NEXT_AUTHENTICATION || next == NEXT_DESTINATION;
}

/* Follows the extension headers (RFC 8200, 4). An atomic fragment (RFC 6946) is no fragment. */
static __always_inline __u32 ip6_extensions_parse(void *ctx, const enum hook hook, struct packet *p)
{
	struct frag_hdr header; /* all begin with next header and length */
	__u8 next = p->key.protocol;
	__u32 bytes;
	__u16 fragment;

	for (int i = 0; i < WEIR_IP6_EXTENSIONS_MAX; i++) {
		if (!ip6_is_extension(next))
			break;
		if (p->transport_offset + sizeof(header) > p->end_offset ||
		    hook_load(ctx, hook, p->transport_offset, &header, sizeof(header)))
			return WEIR_REASON_BROKEN_IP6_EXTENSION;
		bytes = (header.reserved + 1) * 8;
		if (next == NEXT_AUTHENTICATION)
			bytes = (header.reserved + 2) * 4;
		if (next == NEXT_FRAGMENT) {
			bytes = sizeof(header);
			fragment = bpf_ntohs(header.frag_off);
			if (fragment & (IP6_FRAGMENT_OFFSET | IP6_MORE_FRAGMENTS)) {
				p->key.protocol = header.nexthdr;
				return WEIR_REASON_FRAGMENT;
			}
		}
		next = header.nexthdr;
		p->transport_offset += bytes;
		p->key.protocol = next;
		if (p->transport_offset > p->end_offset)
			return WEIR_REASON_BROKEN_IP6_EXTENSION;
	}
	return ip6_is_extension(next) ? WEIR_REASON_BROKEN_IP6_DEPTH : WEIR_REASON_NONE;
}

static __always_inline __u32 ip6_parse(void *ctx, const enum hook hook, struct packet *p)
{
	__u32 rest = p->frame_bytes - p->ip_offset;
	__u32 payload_bytes, reason;
	struct ipv6hdr ip;

	if (hook_header(ctx, hook, p->ip_offset, &ip, sizeof(ip)) || ip.version != 6)
		return WEIR_REASON_BROKEN_IP6_HEADER;
	p->ip_version = 6;
	p->has_addresses = 1;
	address_copy(packet_sender(p, hook), ip.saddr.in6_u.u6_addr8);
	address_copy(packet_receiver(p, hook), ip.daddr.in6_u.u6_addr8);
	payload_bytes = bpf_ntohs(ip.payload_len);
	if (!payload_bytes && rest > IP_LEN_MAX)
		payload_bytes = rest - IP6_FIXED_BYTES;
	if (payload_bytes > rest - IP6_FIXED_BYTES)
		return WEIR_REASON_BROKEN_IP6_LENGTH;
	p->transport_offset = p->ip_offset + IP6_FIXED_BYTES;
	p->end_offset = p->transport_offset + payload_bytes;
	p->ttl = ip.hop_limit;
	p->ip_flags =
		((ip.flow_lbl[0] & 0x30) ? WEIR_SYN_ECN : 0) |
		((ip.flow_lbl[0] & 0x0f) | ip.flow_lbl[1] | ip.flow_lbl[2] ? WEIR_SYN_FLOW_LABEL :
									     0);
	p->key.protocol = ip.nexthdr;
	reason = ip6_extensions_parse(ctx, hook, p);
	p->ip_options_bytes = p->transport_offset - p->ip_offset - IP6_FIXED_BYTES;
	if (p->key.protocol == NEXT_ICMP6)
		return WEIR_REASON_NOT_TCP_UDP;
	return reason;
}
