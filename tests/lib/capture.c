/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */

/* Turns a capture into the raw facts of its SYNs. */

#include "capture.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <pcap/pcap.h>

#define TCP_SYN 0x02u
#define TCP_ACK 0x10u
#define TCP_FIN_RST 0x05u
#define FRAGMENT_BITS 0x3fffu /* more fragments, and the offset */

struct cursor {
	const uint8_t *at;
	size_t len;
};

static uint16_t be16(const uint8_t *at)
{
	return (uint16_t)(at[0] << 8 | at[1]);
}

static uint32_t be32(const uint8_t *at)
{
	return (uint32_t)be16(at) << 16 | be16(at + 2);
}

static int skip(struct cursor *cursor, size_t len)
{
	if (cursor->len < len)
		return 0;
	cursor->at += len;
	cursor->len -= len;
	return 1;
}

/* Leaves the cursor at the IP header. */
static int link_skip(int link_type, struct cursor *cursor)
{
	if (link_type == DLT_RAW)
		return 1;
	if (link_type == DLT_NULL || link_type == DLT_LOOP)
		return skip(cursor, 4);
	if (link_type == DLT_LINUX_SLL)
		return skip(cursor, 16);
	if (link_type != DLT_EN10MB || !skip(cursor, 12))
		return 0;
	while (cursor->len >= 4 && (be16(cursor->at) == 0x8100 || be16(cursor->at) == 0x88a8))
		skip(cursor, 4);
	return skip(cursor, 2);
}

static struct net host_of(const uint8_t *addr, int is_ip4)
{
	struct net net = { .prefix_len = 128 };

	if (is_ip4) {
		net.addr[10] = net.addr[11] = 0xff;
		memcpy(net.addr + 12, addr, 4);
	} else {
		memcpy(net.addr, addr, 16);
	}
	return net;
}

static int ip4_read(struct cursor *cursor, struct capture_syn *syn)
{
	const uint8_t *ip = cursor->at;
	size_t header = (ip[0] & 15) * 4u;
	uint16_t fragment = be16(ip + 6);

	if (cursor->len < 20 || header < 20 || ip[9] != IPPROTO_TCP || fragment & FRAGMENT_BITS)
		return 0;
	if (be16(ip + 2) < cursor->len)
		cursor->len = be16(ip + 2);
	syn->facts.ip_version = 4;
	syn->facts.ttl = ip[8];
	syn->facts.ip_id = be16(ip + 4);
	syn->facts.ip_options_len = (uint8_t)(header - 20);
	syn->facts.ip_flags = (uint16_t)((fragment & 0x4000 ? WEIR_SYN_DF : 0) |
					 (fragment & 0x8000 ? WEIR_SYN_RESERVED : 0) |
					 (ip[1] & 3 ? WEIR_SYN_ECN : 0));
	syn->source = host_of(ip + 12, 1);
	syn->service = host_of(ip + 16, 1);
	return skip(cursor, header);
}

static int ip6_read(struct cursor *cursor, struct capture_syn *syn)
{
	const uint8_t *ip = cursor->at;
	uint32_t head;

	if (cursor->len < 40 || ip[6] != IPPROTO_TCP)
		return 0;
	head = be32(ip);
	if (be16(ip + 4) + 40u < cursor->len)
		cursor->len = be16(ip + 4) + 40u;
	syn->facts.ip_version = 6;
	syn->facts.ttl = ip[7];
	syn->facts.ip_flags = (uint16_t)((head & 0xfffff ? WEIR_SYN_FLOW_LABEL : 0) |
					 (head >> 20 & 3 ? WEIR_SYN_ECN : 0));
	syn->source = host_of(ip + 8, 0);
	syn->service = host_of(ip + 24, 0);
	return skip(cursor, 40);
}

static int tcp_read(struct cursor *cursor, struct capture_syn *syn)
{
	const uint8_t *tcp = cursor->at;
	struct weir_syn_facts *facts = &syn->facts;
	size_t header;

	if (cursor->len < 20)
		return 0;
	header = (tcp[12] >> 4) * 4u;
	if (header < 20 || header > cursor->len)
		return 0;
	syn->source_port = be16(tcp);
	syn->service_port = be16(tcp + 2);
	facts->sequence = be32(tcp + 4);
	facts->acknowledgment = be32(tcp + 8);
	facts->tcp_flags = (uint16_t)(tcp[13] | (tcp[12] & 1) << 8);
	facts->window = be16(tcp + 14);
	facts->urgent = be16(tcp + 18);
	facts->options_len = (uint8_t)(header - 20);
	memcpy(facts->options, tcp + 20, facts->options_len);
	facts->payload_len = (uint16_t)(cursor->len - header);
	return (facts->tcp_flags & (TCP_SYN | TCP_ACK | TCP_FIN_RST)) == TCP_SYN;
}

static int syn_read(int link_type, struct cursor cursor, struct capture_syn *syn)
{
	memset(syn, 0, sizeof(*syn));
	if (!link_skip(link_type, &cursor) || !cursor.len)
		return 0;
	if (cursor.at[0] >> 4 == 4 ? !ip4_read(&cursor, syn) : !ip6_read(&cursor, syn))
		return 0;
	return tcp_read(&cursor, syn);
}

int capture_each_syn(const char *path, int (*fn)(const struct capture_syn *syn, void *arg),
		     void *arg)
{
	char why[PCAP_ERRBUF_SIZE];
	struct pcap_pkthdr *header;
	const u_char *frame;
	int result = 0, got = 1;
	pcap_t *capture;

	if (access(path, R_OK))
		return -ENOENT;
	capture = pcap_open_offline(path, why);
	if (!capture)
		return -EINVAL;
	while (!result && (got = pcap_next_ex(capture, &header, &frame)) == 1) {
		struct capture_syn syn;

		if (syn_read(pcap_datalink(capture), (struct cursor){ frame, header->caplen },
			     &syn))
			result = fn(&syn, arg);
	}
	pcap_close(capture);
	return !result && got == PCAP_ERROR ? -EINVAL : result;
}

const char *capture_corpus(void)
{
	const char *corpus = getenv("WEIR_CORPUS");

	if (!corpus)
		corpus = "../shared/corpus";
	return access(corpus, R_OK) ? NULL : corpus;
}
