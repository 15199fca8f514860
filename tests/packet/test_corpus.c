/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */

/* Captures of real, odd and hostile traffic through the programs: every frame that can be run, whole and
 * cut at every byte, ends under exactly one reason. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <errno.h>
#include <ftw.h>
#include <netinet/in.h>
#include <pcap/pcap.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/plane.h"

#define CAPTURES_MAX 2000
#define SERVICES_MAX 100 /* of one capture; the map holds 256 with their address entries */
#define FRAME_ROOM 65536
#define FRAME_MIN 14	/* BPF_PROG_TEST_RUN refuses less */
#define HEADERS_LEN 160 /* TC is cut at every byte up to here; XDP to the frame's end */

static struct plane plane;
static char *captures[CAPTURES_MAX];
static size_t capture_count;

struct totals {
	uint64_t frames;
	uint64_t runs;
	uint64_t refused; /* by BPF_PROG_TEST_RUN */
};

static const char *corpus_dir(void)
{
	const char *dir = getenv("WEIR_CORPUS");

	return dir ? dir : "../shared/corpus";
}

static int capture_note(const char *path, const struct stat *info, int type, struct FTW *ftw)
{
	const char *end = strrchr(path, '.');

	(void)info;
	(void)ftw;
	if (type == FTW_F && end && (!strncmp(end, ".pcap", 5) || !strcmp(end, ".cap")) &&
	    capture_count < CAPTURES_MAX)
		captures[capture_count++] = strdup(path);
	return 0;
}

/* Raw IP gets an Ethernet header; everything else runs as it is. Returns the frame's length. */
static uint32_t frame_put(int link_type, const struct pcap_pkthdr *header, const uint8_t *bytes,
			  uint8_t *frame)
{
	uint32_t len = header->caplen, offset = 0;

	if (link_type == DLT_RAW && len) {
		memset(frame, 0, 12);
		memcpy(frame + 12, bytes[0] >> 4 == 6 ? "\x86\xdd" : "\x08\x00", 2);
		offset = 14;
	}
	if (len > FRAME_ROOM - offset)
		len = FRAME_ROOM - offset;
	memcpy(frame + offset, bytes, len);
	return len + offset;
}

/* Makes the receiving port of a TCP or UDP frame a service, so that the programs have something to do. */
static void services_learn(const uint8_t *frame, uint32_t len, int *count)
{
	uint32_t at = 14, transport;
	uint8_t protocol;
	uint16_t port;

	while (len > at + 4 && ((frame[at - 2] == 0x81 && !frame[at - 1]) || frame[at - 2] == 0x88))
		at += 4;
	if (len < at + 44)
		return;
	if (frame[at] >> 4 == 4) {
		protocol = frame[at + 9];
		transport = at + (frame[at] & 0xf) * 4u;
	} else {
		protocol = frame[at + 6];
		transport = at + 40;
	}
	if ((protocol != IPPROTO_TCP && protocol != IPPROTO_UDP) || transport + 4 > len)
		return;
	port = (uint16_t)(frame[transport + 2] << 8 | frame[transport + 3]);
	if (!port || *count >= SERVICES_MAX)
		return;
	plane_service_add(&plane, "::", port, protocol);
	++*count;
}

static void frame_run(enum plane_program program, const uint8_t *frame, uint32_t len,
		      struct totals *totals)
{
	if (plane_flood(&plane, program, frame, len))
		totals->runs++;
	else
		totals->refused++;
}

static void frame_run_cut(const uint8_t *frame, uint32_t len, struct totals *totals)
{
	for (uint32_t cut = FRAME_MIN; cut <= len; cut++) {
		frame_run(PLANE_XDP, frame, cut, totals);
		if (cut <= HEADERS_LEN || cut == len) {
			frame_run(PLANE_TC_IN, frame, cut, totals);
			frame_run(PLANE_TC_OUT, frame, cut, totals);
		}
	}
}

/* Reads a capture frame by frame. A capture that ends in the middle is read as far as it goes. */
static void capture_read(const char *path, void (*take)(const uint8_t *, uint32_t, void *),
			 void *context)
{
	static uint8_t frame[FRAME_ROOM];
	char error[PCAP_ERRBUF_SIZE];
	pcap_t *pcap = pcap_open_offline(path, error);
	struct pcap_pkthdr *header;
	const uint8_t *bytes;

	if (!pcap)
		return;
	while (pcap_next_ex(pcap, &header, &bytes) == 1)
		take(frame, frame_put(pcap_datalink(pcap), header, bytes, frame), context);
	pcap_close(pcap);
}

static void take_services(const uint8_t *frame, uint32_t len, void *context)
{
	services_learn(frame, len, context);
}

static void take_whole(const uint8_t *frame, uint32_t len, void *context)
{
	struct totals *totals = context;

	totals->frames++;
	for (int program = PLANE_XDP; program <= PLANE_TC_OUT; program++)
		frame_run(program, frame, len, totals);
}

static void take_cut(const uint8_t *frame, uint32_t len, void *context)
{
	struct totals *totals = context;

	totals->frames++;
	frame_run_cut(frame, len, totals);
}

static void corpus_run(void (*take)(const uint8_t *, uint32_t, void *))
{
	struct totals all = { 0 };

	if (!capture_count) {
		print_message("skipped: no corpus\n");
		skip();
	}
	for (size_t i = 0; i < capture_count; i++) {
		struct totals totals = { 0 };
		int services = 0;

		plane_reset(&plane);
		plane_set(&plane, WEIR_SETTING_SERVICE_ANY, 1);
		capture_read(captures[i], take_services, &services);
		capture_read(captures[i], take, &totals);
		if (plane_packets(&plane) != totals.runs)
			fail_msg("%s: %llu runs, %llu counted", captures[i],
				 (unsigned long long)totals.runs,
				 (unsigned long long)plane_packets(&plane));
		all.frames += totals.frames;
		all.runs += totals.runs;
		all.refused += totals.refused;
	}
	print_message("# %zu captures, %llu frames, %llu runs, %llu refused by the kernel\n",
		      capture_count, (unsigned long long)all.frames, (unsigned long long)all.runs,
		      (unsigned long long)all.refused);
	assert_true(all.runs > all.frames);
}

static void every_frame_ends_under_one_reason(void **state)
{
	(void)state;
	corpus_run(take_whole);
}

static void every_frame_cut_at_every_byte_ends_under_one_reason(void **state)
{
	(void)state;
	corpus_run(take_cut);
}

static int setup(void **state)
{
	char path[4096];

	(void)state;
	plane_open(&plane);
	snprintf(path, sizeof(path), "%s/packets", corpus_dir());
	nftw(path, capture_note, 16, FTW_PHYS);
	snprintf(path, sizeof(path), "%s/tls", corpus_dir());
	nftw(path, capture_note, 16, FTW_PHYS);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	while (capture_count)
		free(captures[--capture_count]);
	plane_close(&plane);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_frame_ends_under_one_reason),
		cmocka_unit_test(every_frame_cut_at_every_byte_ends_under_one_reason),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
