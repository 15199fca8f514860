/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#pragma once

/*
 * Turns a client segment at exactly the expected sequence number into a bare RST toward the host,
 * which RFC 5961 makes it believe at once: payload and TCP options cut off, lengths and checksums
 * redone.
 */

#include "packet.h"

#define IP4_TOTAL_LENGTH_OFFSET 2
#define IP4_CHECKSUM_OFFSET 10
#define IP6_PAYLOAD_LENGTH_OFFSET 4
#define IP4_HEADER_WORDS_MAX 15
#define TCP_BARE_OFFSET_FLAGS 0x5004 /* five words, RST */

/* A TCP header as sixteen-bit words would not show its fields; this is the bare one. */
struct reset_header {
	__be16 source;
	__be16 service;
	__be32 sequence;
	__be32 acknowledgment;
	__be16 offset_flags;
	__be16 window;
	__sum16 checksum;
	__be16 urgent;
};

/* What TCP's checksum covers (RFC 9293, 3.1 and RFC 8200, 8.1), addresses in 16 bytes for both
 * versions: the prefix of a mapped address is taken out again. */
struct reset_pseudo {
	__u8 source[16];
	__u8 service[16];
	__be32 len;
	__be32 protocol;
	struct reset_header tcp;
};

static __always_inline __u16 checksum_fold(__u64 sum)
{
	for (int i = 0; i < 4; i++)
		sum = (sum & 0xffff) + (sum >> 16);
	return ~sum;
}

static __always_inline __u16 reset_checksum(const struct packet *p, const struct reset_header *tcp)
{
	struct reset_pseudo pseudo = {
		.len = bpf_htonl(TCP_FIXED_BYTES),
		.protocol = bpf_htonl(IPPROTO_TCP),
		.tcp = *tcp,
	};
	const __be16 *words = (const __be16 *)&pseudo;
	__u64 sum = 0;

	address_copy(pseudo.source, p->key.source_addr);
	address_copy(pseudo.service, p->key.service_addr);
	if (p->ip_version == 4) {
		((__u32 *)pseudo.source)[2] = 0;
		((__u32 *)pseudo.service)[2] = 0;
	}
	for (__u32 i = 0; i < sizeof(pseudo) / 2; i++)
		sum += words[i];
	return checksum_fold(sum);
}

/* Puts a new 16-bit value into the IP header, for IPv4 with its checksum (RFC 1624). */
static __always_inline long reset_ip_length(void *ctx, const enum hook hook, const struct packet *p)
{
	__u32 bytes = p->transport_offset - p->ip_offset + TCP_FIXED_BYTES;
	__be16 now_be, before_be, checksum;

	if (p->ip_version == 6) {
		now_be = bpf_htons(bytes - IP6_FIXED_BYTES);
		return hook_store(ctx, hook, p->ip_offset + IP6_PAYLOAD_LENGTH_OFFSET, &now_be,
				  sizeof(now_be));
	}
	now_be = bpf_htons(bytes);
	if (hook_load(ctx, hook, p->ip_offset + IP4_TOTAL_LENGTH_OFFSET, &before_be,
		      sizeof(before_be)) ||
	    hook_load(ctx, hook, p->ip_offset + IP4_CHECKSUM_OFFSET, &checksum, sizeof(checksum)))
		return -1;
	checksum = checksum_fold((__u64)(__u16)~checksum + (__u16)~before_be + now_be);
	if (hook_store(ctx, hook, p->ip_offset + IP4_TOTAL_LENGTH_OFFSET, &now_be, sizeof(now_be)))
		return -1;
	return hook_store(ctx, hook, p->ip_offset + IP4_CHECKSUM_OFFSET, &checksum,
			  sizeof(checksum));
}

/* 0: the packet is a RST now; else it must be dropped. */
static __always_inline long reset_build(void *ctx, const enum hook hook, const struct packet *p)
{
	struct reset_header tcp = {
		.source = bpf_htons(p->key.source_port),
		.service = bpf_htons(p->key.service_port),
		.sequence = bpf_htonl(p->sequence),
		.offset_flags = bpf_htons(TCP_BARE_OFFSET_FLAGS),
	};

	tcp.checksum = reset_checksum(p, &tcp);
	if (hook_trim(ctx, hook, p->frame_bytes, p->transport_offset + TCP_FIXED_BYTES))
		return -1;
	if (hook_store(ctx, hook, p->transport_offset, &tcp, sizeof(tcp)))
		return -1;
	return reset_ip_length(ctx, hook, p);
}
