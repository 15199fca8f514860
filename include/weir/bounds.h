/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#pragma once

/* Every fixed limit, with why it has that value. Sizes of maps are defaults that the loader may change. */

#define WEIR_VLAN_DEPTH_MAX 2	  /* QinQ; deeper stacks do not reach an edge host */
#define WEIR_IP6_EXTENSIONS_MAX 6 /* hop-by-hop, two destination options, routing, fragment, AH */
#define WEIR_HEARTBEAT_MAX_NS 10000000000ULL /* a daemon silent for longer is gone */
#define WEIR_RATE_HALF_LIFE_NS                                                                     \
	300000000000ULL /* five minutes: longer than a pause between two turns */

#define WEIR_FLOWS_DEFAULT 262144
#define WEIR_SOURCES_DEFAULT 262144
#define WEIR_SYNS_DEFAULT 65536 /* power of two; a SYN lives one round trip */
#define WEIR_STACKS_DEFAULT 16384
#define WEIR_RULES_DEFAULT 1048576
#define WEIR_PUSH_MAX 1024
#define WEIR_SERVICES_MAX 256
#define WEIR_PREFIXES6_MAX 1024
#define WEIR_PORT_WORDS 1024		     /* 65,536 ports, 64 to a word */
#define WEIR_EXCHANGES_RING_BYTES (4u << 20) /* 47,000 records: five seconds at 10,000 a second */

#define WEIR_FLOWS_PER_SOURCE_DEFAULT 256
#define WEIR_SYN_GATE_PER_S_DEFAULT 20000

#define WEIR_PREFILTER4_WORDS (1u << 18) /* 2^24 bits: one for each /24 */
#define WEIR_PREFILTER6_WORDS (1u << 14) /* 2^20 bits: keyed hash of a /48 */

/* Flow keys that one run of weir_sweep takes: 64 * 40 bytes stay below every frame limit. */
#define WEIR_SWEEP_KEYS_MAX 64

/* A client segment may lie this far beyond the expected sequence number, and its acknowledgment
 * this far behind what the host has sent: twice Linux' largest default receive and send buffers
 * (6 and 4 MiB), rounded up to a power of two. */
#define WEIR_WINDOW_BYTES (1u << 24)
/* Mid-stream: server data that a client must acknowledge a part of; four times a usual burst. */
#define WEIR_MIDSTREAM_BYTES (1u << 18)
/* Server bytes not yet acknowledged when a request arrives, above which exchanges overlap: some
 * control records of HTTP/2 may always be on their way. */
#define WEIR_OVERLAP_BYTES 128u
#define WEIR_CLOSED_LINGER_NS 2000000000ULL /* a closed flow waits this long for the last ACK */

/* TLS records (RFC 8446, 5.1 and 5.2). */
#define WEIR_RECORD_HEADER_BYTES 5u
#define WEIR_RECORD_LEN_MAX 16640u  /* 2^14 + 256 */
#define WEIR_RECORDS_MAX 2048u	    /* in one segment: 64 KiB of the smallest records */
#define WEIR_TLS13_OVERHEAD 17u	    /* content type and AEAD tag */
#define WEIR_TLS12_GCM_OVERHEAD 24u /* explicit nonce and tag */
#define WEIR_TLS12_CHACHA_OVERHEAD 16u
#define WEIR_FINISHED_SHA256 53u    /* TLS 1.3 Finished: 4 + 32 + 17 */
#define WEIR_FINISHED_SHA384 69u    /* 4 + 48 + 17 */
#define WEIR_FINISHED_EXTENDED 120u /* with EncryptedExtensions of up to 50 bytes before it */
#define WEIR_END_OF_EARLY_DATA 21u  /* 4 + 17 */
/* A session ticket's record: stateful ones of OpenSSL have 74, stateless ones 200 to 300, more with
 * a client certificate inside. */
#define WEIR_TICKET_LEN_MIN 60u
#define WEIR_TICKET_LEN_MAX 1200u
#define WEIR_TICKETS_MAX 4u /* OpenSSL and BoringSSL send 2, rustls once sent 4 */
#define WEIR_TICKET_DELAY_US                                                                       \
	20000u /* a busy event loop's worst; a model's first word takes longer */
#define WEIR_TICKET_BURST_NS 5000000ULL /* tickets go out together; the next response does not */
#define WEIR_SETTINGS_PARAMS_MAX 6u	/* HTTP/2 SETTINGS of a server's first record: 9 + 6 each */
#define WEIR_OPENING_WINDOWS_MAX                                                                   \
	3u /* WINDOW_UPDATEs beside it: connection, first stream, its body */
#define WEIR_INTERIM_BYTES_MAX 64u /* "HTTP/1.1 100 Continue" and its end, alone in a segment */

/* QUIC: packets with less are acknowledgments (short header, packet number, ACK frame, tag). */
#define WEIR_QUIC_ACK_BYTES_MAX 64u
#define WEIR_CONNECTION_ID_MIN 8u  /* 64 bits that a blind sender cannot guess */
#define WEIR_CONNECTION_ID_MAX 20u /* RFC 9000, 17.2 */

#define WEIR_LIMIT_WINDOW_NS 60000000000ULL /* a limit rule counts by the minute */
#define WEIR_NET4_LEN 24		    /* the network of an IPv4 source in source_nets */
#define WEIR_NET6_LEN 48

#define WEIR_TTL_DEFAULT_S 86400    /* 24 h */
#define WEIR_TTL_MAX_S (30 * 86400) /* 30 days */
#define WEIR_NET4_MIN_LEN 8	    /* wider needs --force */
#define WEIR_NET6_MIN_LEN 24

/* Nets inside nets that a search goes back through, from the narrowest to the widest, past expired and
 * observing ones. Lists merge nested nets, so that more than two or three only come by hand. */
#define WEIR_NESTED_NETS_MAX 8
