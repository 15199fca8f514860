/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#pragma once

/* From a TCP or UDP header to ports, sequence numbers and the place of the payload. */

#include "hook.h"
#include <bpf/bpf_endian.h>
#include <weir/abi.h>
#include <weir/bounds.h>
#include <weir/reasons.h>

#define TCP_FIN 0x001u
#define TCP_SYN 0x002u
#define TCP_RST 0x004u
#define TCP_ACK 0x010u
#define TCP_FLAGS 0x1ffu
#define TCP_FIXED_BYTES 20

/* What the headers said. `key` is seen from the client: on egress its source is the receiver. */
struct packet {
	struct weir_flow_key key;
	__u32 frame_bytes;
	__u32 ip_offset;
	__u32 transport_offset;
	__u32 payload_offset;
	__u32 payload_bytes; /* without Ethernet's padding */
	__u32 end_offset;    /* of the IP packet */
	__u32 sequence;
	__u32 acknowledgment;
	__u32 ip_options_bytes;
	__u16 tcp_flags;
	__u16 window;
	__u16 urgent;
	__u16 ip_id;
	__u16 ip_flags; /* WEIR_SYN_* */
	__u8 ip_version;
	__u8 ttl;
	__u8 has_addresses;
	__u8 zero[3];
};

static __always_inline void packet_set_ports(struct packet *p, const enum hook hook, __be16 from,
					     __be16 to)
{
	p->key.source_port = bpf_ntohs(hook == HOOK_TC_OUT ? to : from);
	p->key.service_port = bpf_ntohs(hook == HOOK_TC_OUT ? from : to);
}

/* Flags that no stack sends together: SYN with FIN or RST, FIN with RST, none of SYN, ACK, RST. */
static __always_inline bool tcp_flags_are_sane(__u16 flags)
{
	if (flags & TCP_SYN)
		return !(flags & (TCP_FIN | TCP_RST));
	if (flags & TCP_RST)
		return !(flags & TCP_FIN);
	return flags & TCP_ACK;
}

static __always_inline __u32 tcp_parse(void *ctx, const enum hook hook, struct packet *p)
{
	__u32 bytes = p->end_offset - p->transport_offset;
	__u32 header_bytes;
	__u16 offset_flags;
	struct tcphdr tcp;

	if (bytes < TCP_FIXED_BYTES ||
	    hook_header(ctx, hook, p->transport_offset, &tcp, TCP_FIXED_BYTES))
		return WEIR_REASON_BROKEN_TCP_HEADER;
	offset_flags = bpf_ntohs(((__be16 *)&tcp)[6]);
	header_bytes = (offset_flags >> 12) * 4;
	if (header_bytes < TCP_FIXED_BYTES || header_bytes > bytes)
		return WEIR_REASON_BROKEN_TCP_HEADER;
	packet_set_ports(p, hook, tcp.source, tcp.dest);
	p->tcp_flags = offset_flags & TCP_FLAGS;
	p->sequence = bpf_ntohl(tcp.seq);
	p->acknowledgment = bpf_ntohl(tcp.ack_seq);
	p->window = bpf_ntohs(tcp.window);
	p->urgent = bpf_ntohs(tcp.urg_ptr);
	p->payload_offset = p->transport_offset + header_bytes;
	p->payload_bytes = bytes - header_bytes;
	return tcp_flags_are_sane(p->tcp_flags) ? WEIR_REASON_NONE : WEIR_REASON_BROKEN_TCP_FLAGS;
}

static __always_inline __u32 udp_parse(void *ctx, const enum hook hook, struct packet *p)
{
	__u32 bytes = p->end_offset - p->transport_offset;
	__u32 len_bytes;
	struct udphdr udp;

	if (bytes < sizeof(udp) || hook_header(ctx, hook, p->transport_offset, &udp, sizeof(udp)))
		return WEIR_REASON_BROKEN_UDP_HEADER;
	len_bytes = bpf_ntohs(udp.len);
	if (!len_bytes && bytes > 0xffff) /* GSO beyond what the field holds */
		len_bytes = bytes;
	if (len_bytes < sizeof(udp) || len_bytes > bytes)
		return WEIR_REASON_BROKEN_UDP_HEADER;
	packet_set_ports(p, hook, udp.source, udp.dest);
	p->payload_offset = p->transport_offset + sizeof(udp);
	p->payload_bytes = len_bytes - sizeof(udp);
	return WEIR_REASON_NONE;
}
