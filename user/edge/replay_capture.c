/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */

/* A capture file into Ethernet frames with their times. */

#include "edge/replay_capture.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <pcap/pcap.h>

#include "edge/log.h"

#define NS_PER_S 1000000000ULL
#define ETHERNET_LEN 14
#define ETHERTYPE_IP4 0x0800
#define ETHERTYPE_IP6 0x86dd
/* Bytes in front of the IP header; the ethertype follows from the IP version. */
#define NULL_LEN 4  /* BSD loopback: an address family */
#define SLL_LEN 16  /* Linux cooked capture */
#define SLL2_LEN 20 /* its second version */
#define FRAME_MAX (256u << 10)

struct capture {
	pcap_t *pcap;
	int link_type;
	uint64_t last_unix_ns;
	uint8_t frame[FRAME_MAX + ETHERNET_LEN];
};

#define PCAPNG_MAGIC 0x0a0d0d0a

static const uint32_t magics[] = {
	0xa1b2c3d4,   0xd4c3b2a1, /* microseconds, either byte order */
	0xa1b23c4d,   0x4d3cb2a1, /* nanoseconds */
	PCAPNG_MAGIC,
};

/* 0: shorter than any capture. */
static uint32_t magic_read(FILE *in)
{
	uint32_t magic = 0;

	if (fread(&magic, sizeof(magic), 1, in) != 1)
		magic = 0;
	rewind(in);
	return magic;
}

bool capture_is_one(const char *path)
{
	FILE *in = fopen(path, "re");
	uint32_t magic = 0;

	if (in) {
		magic = magic_read(in);
		fclose(in);
	}
	for (size_t i = 0; i < sizeof(magics) / sizeof(magics[0]); i++) {
		if (magic == magics[i])
			return true;
	}
	return false;
}

/* What libpcap is to read. NULL with errno. */
static FILE *file_open(const char *path)
{
	FILE *in = fopen(path, "re");
	FILE *evened;

	if (!in || magic_read(in) != PCAPNG_MAGIC)
		return in;
	evened = capture_even_out(in);
	if (!evened)
		fclose(in);
	return evened;
}

static int pcap_start(struct capture *capture, const char *path, FILE *in)
{
	char why[PCAP_ERRBUF_SIZE] = "";

	capture->pcap =
		pcap_fopen_offline_with_tstamp_precision(in, PCAP_TSTAMP_PRECISION_NANO, why);
	if (!capture->pcap) {
		log_error("%s: no capture: %s", path, why);
		fclose(in);
		return -EINVAL;
	}
	capture->link_type = pcap_datalink(capture->pcap);
	return 0;
}

int capture_open(const char *path, struct capture **out)
{
	struct capture *capture;
	FILE *in = file_open(path);
	int error;

	if (!in) {
		error = -errno;
		log_error("cannot open %s: %s", path, strerror(-error));
		return error;
	}
	capture = calloc(1, sizeof(*capture));
	if (!capture) {
		fclose(in);
		return -ENOMEM;
	}
	error = pcap_start(capture, path, in);
	if (error) {
		free(capture);
		return error;
	}
	*out = capture;
	return 0;
}

void capture_close(struct capture *capture)
{
	if (!capture)
		return;
	pcap_close(capture->pcap);
	free(capture);
}

/* Length of what stands before the IP header; -1: not IP, or a type we cannot turn into Ethernet. */
static int prefix_len(int link_type)
{
	switch (link_type) {
	case DLT_RAW:
	case DLT_IPV4:
	case DLT_IPV6:
		return 0;
	case DLT_NULL:
	case DLT_LOOP:
		return NULL_LEN;
	case DLT_LINUX_SLL:
		return SLL_LEN;
#ifdef DLT_LINUX_SLL2
	case DLT_LINUX_SLL2:
		return SLL2_LEN;
#endif
	default:
		return -1;
	}
}

/* An Ethernet header in the place of the other one; the addresses stay zero. */
static bool frame_convert(struct capture *capture, const uint8_t *data, size_t len,
			  struct capture_frame *frame)
{
	int prefix = prefix_len(capture->link_type);
	uint16_t type;

	if (prefix < 0 || len <= (size_t)prefix || len > FRAME_MAX)
		return false;
	data += prefix;
	len -= (size_t)prefix;
	if (data[0] >> 4 != 4 && data[0] >> 4 != 6)
		return false;
	type = data[0] >> 4 == 4 ? ETHERTYPE_IP4 : ETHERTYPE_IP6;
	memset(capture->frame, 0, ETHERNET_LEN);
	capture->frame[ETHERNET_LEN - 2] = (uint8_t)(type >> 8);
	capture->frame[ETHERNET_LEN - 1] = (uint8_t)type;
	memcpy(capture->frame + ETHERNET_LEN, data, len);
	frame->data = capture->frame;
	frame->len = len + ETHERNET_LEN;
	return true;
}

int capture_next(struct capture *capture, struct capture_frame *frame)
{
	struct pcap_pkthdr *header;
	const u_char *data;
	int got = pcap_next_ex(capture->pcap, &header, &data);
	uint64_t time_unix_ns;

	if (got == PCAP_ERROR_BREAK)
		return 0;
	if (got != 1)
		return -EINVAL;
	/* tv_usec holds nanoseconds at this precision. */
	time_unix_ns = (uint64_t)header->ts.tv_sec * NS_PER_S + (uint64_t)header->ts.tv_usec;
	if (time_unix_ns > capture->last_unix_ns)
		capture->last_unix_ns = time_unix_ns;
	frame->time_unix_ns = capture->last_unix_ns;
	frame->data = data;
	frame->len = header->caplen;
	frame->is_ethernet = capture->link_type == DLT_EN10MB ||
			     frame_convert(capture, data, header->caplen, frame);
	return 1;
}

const char *capture_problem(const struct capture *capture)
{
	return pcap_geterr(capture->pcap);
}
