/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#pragma once

/*
 * The server's TLS records: handshake flight, session tickets, HTTP/2's opening, control frames; what
 * is left is response.
 */

#include "exchange.h"
#include "tls.h"

/* ServerHello (RFC 8446, 4.1.3): type, length (3), version (2), random (32), session id with its length,
 * cipher suite. Everything behind is hidden in TLS 1.3, but the suite tells the version. */
struct server_hello {
	__u8 type;
	__u8 len[3];
	__u8 version[2];
	__u8 random[32];
	__u8 session_id_len;
};

#define SERVER_HELLO 2
#define HELLO_RETRY_RANDOM 0xcf21ad74u /* how the random of a HelloRetryRequest begins */
#define CIPHERS_TLS13 0x13	       /* first byte of TLS 1.3's cipher suites */
#define CIPHERS_CHACHA 0xcc	       /* and of ChaCha20-Poly1305 (RFC 7905) */

#define SETTINGS_PARAM_BYTES 6

/* What the ServerHello shows. True if it is a HelloRetryRequest. */
static __always_inline bool server_hello_read(const struct record_walk *walk)
{
	struct server_hello hello;
	__u8 cipher = 0;
	__u32 retry;

	if (hook_load(walk->ctx, HOOK_TC_OUT, walk->offset, &hello, sizeof(hello)) ||
	    hello.type != SERVER_HELLO)
		return false;
	hook_load(walk->ctx, HOOK_TC_OUT, walk->offset + sizeof(hello) + hello.session_id_len,
		  &cipher, sizeof(cipher));
	if (cipher == CIPHERS_TLS13)
		walk->flow->server_flags |= WEIR_FLOW_TLS13;
	if (cipher == CIPHERS_CHACHA)
		walk->flow->server_flags |= WEIR_FLOW_CHACHA;
	retry = (__u32)hello.random[0] << 24 | hello.random[1] << 16 | hello.random[2] << 8 |
		hello.random[3];
	return retry == HELLO_RETRY_RANDOM;
}

/*
 * HTTP/2's opening of a server: SETTINGS with some parameters, or none and what may follow it alone,
 * then perhaps the acknowledgment of the client's SETTINGS, then some WINDOW_UPDATEs.
 * A function of its own, so that the verifier follows its branches once.
 */
__noinline bool server_opening_is_size(__u32 plain_bytes, bool has_settings)
{
	__u32 params_max = has_settings ? SETTINGS_PARAM_BYTES * WEIR_SETTINGS_PARAMS_MAX : 0;
	__u32 settings = has_settings ? CONTROL_SETTINGS_ACK : 0;

	for (__u32 acks = 0; acks <= 1; acks++) {
		for (__u32 windows = 0; windows <= WEIR_OPENING_WINDOWS_MAX; windows++) {
			__u32 rest = plain_bytes - settings - acks * CONTROL_SETTINGS_ACK -
				     windows * CONTROL_WINDOW_UPDATE;

			if (rest <= params_max && rest % SETTINGS_PARAM_BYTES == 0)
				return true;
		}
	}
	return false;
}

/*
 * True if the record is a session ticket. Their type is hidden (RFC 8446, 4.6.1), but they are the
 * first records after the client's Finished, of one length, and go out together and before the
 * server has had time to think about a request.
 */
static __always_inline bool server_record_is_ticket(struct record_walk *walk, __u32 len)
{
	struct weir_flow *flow = walk->flow;

	if (!(flow->server_flags & WEIR_FLOW_TLS13) || walk->phase > WEIR_SERVER_TICKETS ||
	    flow->server_records >= WEIR_TICKETS_MAX)
		return false;
	if (!flow->server_records) {
		if (len < WEIR_TICKET_LEN_MIN || len > WEIR_TICKET_LEN_MAX ||
		    (flow->request_ns &&
		     duration_us(flow->request_ns, walk->now_ns) > WEIR_TICKET_DELAY_US))
			return false;
		flow->ticket_len = len;
	} else if (len != flow->ticket_len ||
		   walk->now_ns - flow->flight_ns > WEIR_TICKET_BURST_NS) {
		return false;
	}
	flow->flight_ns = walk->now_ns;
	flow->server_records++;
	walk->phase = WEIR_SERVER_TICKETS;
	return true;
}

/* A record of the server after the handshake. True if it is a response's. */
static __always_inline bool server_data_record(struct record_walk *walk, __u8 type, __u32 len)
{
	struct weir_flow *flow = walk->flow;
	__u32 plain_bytes = len - record_overhead(flow->server_flags);
	bool is_first;

	if (type != TLS_APPLICATION_DATA || server_record_is_ticket(walk, len))
		return false;
	is_first = walk->phase != WEIR_SERVER_DATA;
	walk->phase = WEIR_SERVER_DATA;
	if (is_first && server_opening_is_size(plain_bytes, true)) {
		flow->server_flags |= WEIR_FLOW_HTTP2;
		return false;
	}
	if (flow->server_flags & WEIR_FLOW_HTTP2 && !flow->exchanges &&
	    server_opening_is_size(plain_bytes, false))
		return false;
	return plain_bytes != CONTROL_CONTINUE && !control_is_size(plain_bytes);
}

/*
 * True if the server's Finished is in this record: alone, by its size, or in the flight's first record
 * behind EncryptedExtensions and nothing else, which is what resumption with early data looks like.
 * Until tickets come, ticket_len says that there was a record before.
 */
static __always_inline bool server_record_has_finished(const struct weir_flow *flow, __u32 len)
{
	if (record_is_finished_size(len))
		return true;
	return !flow->ticket_len && len > WEIR_FINISHED_SHA256 && len <= WEIR_FINISHED_EXTENDED;
}

/* A record of the server before the client's Finished. True if it answers early data. */
static __always_inline bool server_flight_record(struct record_walk *walk, __u8 type, __u32 len)
{
	struct weir_flow *flow = walk->flow;
	__u32 plain_bytes = len - WEIR_TLS13_OVERHEAD;

	if (type == TLS_HANDSHAKE && walk->phase == WEIR_SERVER_FIRST) {
		if (server_hello_read(walk))
			flow->server_flags |= WEIR_FLOW_HELLO_RETRY;
		else
			walk->phase = WEIR_SERVER_FLIGHT;
	}
	if (type != TLS_APPLICATION_DATA)
		return false;
	/* TLS 1.2: its handshake is over, HTTP/2 opens before the client has said more. */
	if (!(flow->server_flags & WEIR_FLOW_TLS13))
		return server_data_record(walk, type, len);
	if (walk->phase == WEIR_SERVER_FINISHED)
		return flow->client_flags & WEIR_FLOW_EARLY_DATA && !control_is_size(plain_bytes);
	if (server_record_has_finished(flow, len))
		walk->phase = WEIR_SERVER_FINISHED;
	flow->ticket_len = len;
	return false;
}

static long tls_server_step(__u32 index __attribute__((unused)), struct record_walk *walk)
{
	struct weir_flow *flow = walk->flow;
	bool is_flight, is_response;

	if (record_next(walk, HOOK_TC_OUT))
		return 1;
	/* Once the client's certificate is on its way the server has no more to say before Finished. */
	is_flight = flow->phase == WEIR_PHASE_FIRST ||
		    (flow->phase == WEIR_PHASE_HANDSHAKE && !flow->client_records);
	if (is_flight)
		is_response = server_flight_record(walk, walk->tail[0], walk->left);
	else
		is_response = server_data_record(walk, walk->tail[0], walk->left);
	if (is_response)
		walk->app_bytes += walk->left + WEIR_RECORD_HEADER_BYTES;
	return 0;
}

/* Follows the new bytes of one of the host's segments. Returns the response bytes found. */
static __always_inline __u32 tls_server_walk(void *ctx, const struct packet *p,
					     struct weir_flow *flow, __u32 skip, __u64 now_ns)
{
	struct record_walk walk = {
		.ctx = ctx,
		.flow = flow,
		.now_ns = now_ns,
		.offset = p->payload_offset + skip,
		.end = p->payload_offset + p->payload_bytes,
		.left = flow->server_record,
		.tail_len = flow->server_tail_len,
		.phase = flow->server_phase,
	};

	if (flow->phase == WEIR_PHASE_HANDSHAKE && !flow->client_records)
		flow->flight_ns = now_ns;
	__builtin_memcpy(walk.tail, flow->server_tail, sizeof(flow->server_tail));
	if (walk.left == WEIR_RECORD_LOST && !record_resync(&walk, HOOK_TC_OUT))
		return walk.end - walk.offset;
	bpf_loop(WEIR_RECORDS_MAX, tls_server_step, &walk, 0);
	if (walk.offset < walk.end)
		walk.left = WEIR_RECORD_LOST;
	__builtin_memcpy(flow->server_tail, walk.tail, sizeof(flow->server_tail));
	flow->server_tail_len = walk.tail_len;
	flow->server_record = walk.left;
	flow->server_phase = walk.phase;
	return walk.app_bytes;
}
