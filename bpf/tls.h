/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#pragma once

/*
 * From a segment's payload to its TLS records: follows record headers (RFC 8446, 5.1), also ones split
 * over segments, and says of each whether its size is that of application data or of control.
 */

#include "packet.h"

#define TLS_CHANGE_CIPHER_SPEC 20
#define TLS_ALERT 21
#define TLS_HANDSHAKE 22
#define TLS_APPLICATION_DATA 23
#define TLS_VERSION_MAJOR 3

/* HTTP/2 frames that are no request and no response, in plain bytes (RFC 9113, 6), and others. */
#define CONTROL_ALERT 2		 /* close_notify under TLS 1.3 */
#define CONTROL_KEY_UPDATE 5	 /* RFC 8446, 4.6.3 */
#define CONTROL_SETTINGS_ACK 9	 /* also an empty DATA frame with END_STREAM */
#define CONTROL_WINDOW_UPDATE 13 /* also RST_STREAM */
#define CONTROL_PING 17
#define CONTROL_TWO_WINDOWS 26 /* of the stream and of the connection */
#define CONTROL_CONTINUE 25    /* "HTTP/1.1 100 Continue" and an empty line */

/* The way through the records of one segment, with what must outlive it in the flow. */
struct record_walk {
	void *ctx;
	struct weir_flow *flow;
	__u64 now_ns;
	__u32 offset;	 /* of the next unread byte in the packet */
	__u32 end;	 /* of the segment's payload */
	__u32 left;	 /* bytes left of the running record, or WEIR_RECORD_LOST */
	__u32 app_bytes; /* request or response bytes found */
	__u8 tail[8];	 /* record header read so far */
	__u32 tail_len;
	__u8 phase; /* client side: enum weir_flow_phase, server side: enum weir_server_phase */
	__u8 is_cancelled; /* client side: what ran was no request */
	__u16 zero;
};

static __always_inline bool record_header_is_sane(const __u8 *header)
{
	__u32 len = header[3] << 8 | header[4];

	return header[0] >= TLS_CHANGE_CIPHER_SPEC && header[0] <= TLS_APPLICATION_DATA &&
	       header[1] == TLS_VERSION_MAJOR && len <= WEIR_RECORD_LEN_MAX;
}

/*
 * Moves on to the next complete record header, which is in walk->tail then. 0: there is one; 1: the
 * segment ends before.
 */
static __always_inline int record_next(struct record_walk *walk, const enum hook hook)
{
	__u32 rest = walk->end - walk->offset;
	__u32 have = walk->tail_len, want;

	if (walk->left == WEIR_RECORD_LOST || walk->offset >= walk->end)
		return 1;
	if (walk->left >= rest) {
		walk->left -= rest;
		walk->offset = walk->end;
		return 1;
	}
	walk->offset += walk->left;
	rest -= walk->left;
	walk->left = 0;
	if (have >= WEIR_RECORD_HEADER_BYTES)
		have = 0;
	want = WEIR_RECORD_HEADER_BYTES - have;
	if (rest < want)
		want = rest;
	/* At most five single bytes: a header is seldom split, and a length that varies would cost
	 * the verifier more than this costs the CPU. */
	if (!have && want == WEIR_RECORD_HEADER_BYTES) {
		if (hook_load(walk->ctx, hook, walk->offset, walk->tail, WEIR_RECORD_HEADER_BYTES))
			goto lost;
	} else {
		for (__u32 i = 0; i < WEIR_RECORD_HEADER_BYTES; i++) {
			if (i < have || i - have >= want)
				continue;
			if (hook_load(walk->ctx, hook, walk->offset + i - have, &walk->tail[i], 1))
				goto lost;
		}
	}
	walk->offset += want;
	walk->tail_len = have + want;
	if (walk->tail_len < WEIR_RECORD_HEADER_BYTES)
		return 1;
	walk->tail_len = 0;
	if (!record_header_is_sane(walk->tail))
		goto lost;
	walk->left = walk->tail[3] << 8 | walk->tail[4];
	return 0;
lost:
	walk->tail_len = 0;
	walk->left = WEIR_RECORD_LOST;
	return 1;
}

/* A segment that begins with a sane header of application data is where to find the way again. */
static __always_inline bool record_resync(struct record_walk *walk, const enum hook hook)
{
	if (walk->end - walk->offset < WEIR_RECORD_HEADER_BYTES ||
	    hook_load(walk->ctx, hook, walk->offset, walk->tail, WEIR_RECORD_HEADER_BYTES))
		return false;
	if (!record_header_is_sane(walk->tail) || walk->tail[0] != TLS_APPLICATION_DATA)
		return false;
	walk->left = 0;
	walk->tail_len = 0;
	return true;
}

/* Bytes of a record that are not plain text; the server's flags say which cipher it chose. */
static __always_inline __u32 record_overhead(__u16 server_flags)
{
	if (server_flags & WEIR_FLOW_TLS13)
		return WEIR_TLS13_OVERHEAD;
	return server_flags & WEIR_FLOW_CHACHA ? WEIR_TLS12_CHACHA_OVERHEAD :
						 WEIR_TLS12_GCM_OVERHEAD;
}

/* True for the size of an HTTP/2 control frame, an alert or a KeyUpdate. */
static __always_inline bool control_is_size(__u32 plain_bytes)
{
	return plain_bytes == CONTROL_ALERT || plain_bytes == CONTROL_KEY_UPDATE ||
	       plain_bytes == CONTROL_SETTINGS_ACK || plain_bytes == CONTROL_WINDOW_UPDATE ||
	       plain_bytes == CONTROL_PING || plain_bytes == CONTROL_TWO_WINDOWS;
}

static __always_inline bool record_is_finished_size(__u32 len)
{
	return len == WEIR_FINISHED_SHA256 || len == WEIR_FINISHED_SHA384;
}
