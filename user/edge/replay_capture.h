/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#pragma once

/* A capture file into Ethernet frames with their times, and a frame through a BPF program by BPF_PROG_TEST_RUN. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

struct capture;

struct capture_frame {
	uint64_t time_unix_ns; /* never steps back within a capture */
	const uint8_t *data;   /* valid until the next frame */
	size_t len;
	bool is_ethernet; /* false: a link type that cannot be turned into it, data is as captured */
};

/* pcap or pcapng, told by its first bytes. -EINVAL with a log line; -errno of opening. */
int capture_open(const char *path, struct capture **out);
/* Whether the file's first bytes are those of pcap or pcapng. */
bool capture_is_one(const char *path);
/* 1: a frame; 0: the end; -EINVAL: the rest is broken, capture_problem says how. */
int capture_next(struct capture *capture, struct capture_frame *frame);
const char *capture_problem(const struct capture *capture);
void capture_close(struct capture *capture);

/* Runs one frame through a program once. 0, or -errno when the kernel refuses the frame. */
int capture_run(int program_fd, const struct capture_frame *frame);

/* A pcapng file as libpcap reads it whole, closed with the result. NULL on ENOMEM: in is still open. */
FILE *capture_even_out(FILE *in);
