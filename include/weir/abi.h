/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#pragma once

/*
 * What kernel and user side both see: the keys and values of every map and the records of
 * every ring.
 *
 * Addresses are 16 bytes in wire order, IPv4 as ::ffff:a.b.c.d (RFC 4291, 2.5.5.2), unless the
 * name says 4. Ports and counters are host order. A name ends in its unit. Structs are
 * append-only; a change bumps WEIR_ABI_VERSION, and a daemon that finds another version in
 * `meta` fills new maps beside the old ones and switches.
 *
 * *_ns are CLOCK_BOOTTIME unless they say unix.
 */

#ifndef __VMLINUX_H__
#include <linux/types.h>
#include <stddef.h>
#endif

#define WEIR_ABI_VERSION 1u

#define WEIR_ASSERT_LAYOUT(type, size, last, offset)                                               \
	_Static_assert(sizeof(type) == (size), #type " has another size");                         \
	_Static_assert(__builtin_offsetof(type, last) == (offset), #type " has padding")

/* ---- rules ---------------------------------------------------------------------------- */

enum weir_action {
	WEIR_ACTION_ALLOW = 0,	 /* only in allow_net4/6 */
	WEIR_ACTION_OBSERVE = 1, /* count a hit and go on */
	WEIR_ACTION_LIMIT = 2,	 /* N new connections a minute; established flows pass */
	WEIR_ACTION_DROP = 3,	 /* drop every packet */
	WEIR_ACTION_RESET = 4, /* drop new flows, answer established ones with a RST to the host */
	WEIR_ACTION_MAX = 5,
};

enum weir_origin {
	WEIR_ORIGIN_FLEET = 0,
	WEIR_ORIGIN_OPERATOR = 1,
	WEIR_ORIGIN_LIST = 2,
	WEIR_ORIGIN_MAP = 3,
	WEIR_ORIGIN_GUARD = 4, /* lock-out guard: own addresses, gateways, resolvers, SSH peers */
	WEIR_ORIGIN_MAX = 5,
};

enum weir_mode {
	WEIR_MODE_PROPOSE = 0, /* fleet rules are written as observe */
	WEIR_MODE_ENFORCE = 1,
	WEIR_MODE_OFF = 2, /* no verdict at all, of any origin */
	WEIR_MODE_MAX = 3,
};

/* Keys of the LPM tries: allow_net4, deny_net4 (prefix_len 0..32), allow_net6, deny_net6 (0..128). */
struct weir_net4_key {
	__u32 prefix_len;
	__u8 addr[4];
};
WEIR_ASSERT_LAYOUT(struct weir_net4_key, 8, addr, 4);

struct weir_net6_key {
	__u32 prefix_len;
	__u8 addr[16];
};
WEIR_ASSERT_LAYOUT(struct weir_net6_key, 20, addr, 4);

/* Key of deny_host, and of everything else that is one address or one source. */
struct weir_addr {
	__u8 addr[16];
};
WEIR_ASSERT_LAYOUT(struct weir_addr, 16, addr, 0);

/* Value of allow_net4/6, deny_host, deny_net4/6. An expired rule is no rule. */
struct weir_rule {
	__u64 expires_ns;    /* CLOCK_BOOTTIME; WEIR_NEVER_NS only in allow maps */
	__u32 id;	     /* key of `hits`; 0 is never a rule */
	__u16 limit_per_min; /* WEIR_ACTION_LIMIT: new connections a minute and key; 0 keeps only
				established flows */
	__u8 action;	     /* enum weir_action */
	__u8 origin;	     /* enum weir_origin */
	__u32 prefix_len; /* in a trie: that of the entry's own key, so that what it covers up can be
				found when it has expired or only observes */
	__u32 reserved;
};
WEIR_ASSERT_LAYOUT(struct weir_rule, 24, reserved, 20);

#define WEIR_NEVER_NS (~0ULL)

/* Value of `hits`, key: rule id (__u32). Made by the kernel at the first hit. */
struct weir_hit {
	__u64 packets;
	__u64 bytes; /* whole frames */
	__u64 last_ns;
	__u64 limit_window_ns; /* start of the running minute of a limit rule */
	__u64 limit_count;     /* new connections let through in it */
};
WEIR_ASSERT_LAYOUT(struct weir_hit, 40, limit_count, 32);

/* Value of push_net4 and push_net6 (keys weir_net4_key and weir_net6_key), written by automation
 * with bpftool; the daemon takes an entry within two seconds and deletes it. */
struct weir_push {
	__u32 ttl_s;  /* 0: the default */
	__u32 action; /* enum weir_action; 0 means drop */
};
WEIR_ASSERT_LAYOUT(struct weir_push, 8, action, 4);

/* ---- configuration as the kernel sees it ------------------------------------------------ */

/*
 * Keys of `settings` (array of __u64). An X-macro list: X(NAME, what it is). Append only: the
 * number is what an operator writes with bpftool. 0 is the mode.
 */
#define WEIR_SETTINGS(X)                                                                           \
	X(MODE, "enum weir_mode: 0 propose, 1 enforce, 2 off")                                     \
	X(PERSIST,                                                                                 \
	  "1: keep verdicts when the daemon is gone; 0: pass all after its heartbeat stops")       \
	X(HASH_KEY0, "first half of the secret SipHash key")                                       \
	X(HASH_KEY1, "second half of it")                                                          \
	X(SOURCE_PREFIX6, "bits of an IPv6 address that are one source")                           \
	X(SOURCE_PREFIXES6, "1: the map `prefixes6` has entries and is looked up first")           \
	X(SILENCE_NS, "a response is over after this long without a byte")                         \
	X(FLOW_IDLE_NS, "a flow is forgotten after this long without a packet")                    \
	X(SYN_GATE_PER_S, "SYN entries written per second and CPU, at most")                       \
	X(FLOWS_PER_SOURCE, "flows one source may hold")                                           \
	X(SOURCES_PER_NET, "sources one /24 or /48 may hold")                                      \
	X(WIDE_RULES6, "1: a rule on IPv6 is wider than /48, so that prefilter6 cannot tell")      \
	X(SERVICE_ANY, "1: the map `services` has entries with the unspecified address")           \
	X(VIRTUAL_NOW_NS, "replay only: the time, 0 for the real clock")

enum weir_setting {
#define X(name, what) WEIR_SETTING_##name,
	WEIR_SETTINGS(X)
#undef X
	WEIR_SETTING_MAX
};

/* Value of `meta` (array of one), written by the daemon. The kernel reads heartbeat_ns. */
struct weir_meta {
	__u32 abi_version;
	__u32 source_prefix6;
	__u64 heartbeat_ns; /* the daemon's last sign of life, once a second */
	__u64 started_ns;   /* of the running daemon */
	__u64 boot_unix_ns; /* add to a *_ns to get Unix time */
	__u32 flows_max;
	__u32 sources_max;
	__u32 rules_max;
	__u32 daemon_pid;
	__u32 is_persistent; /* 1: programs stay in force without a daemon */
	__u32 reserved;
};
WEIR_ASSERT_LAYOUT(struct weir_meta, 56, reserved, 52);

/* Key of `services`: port 0 says "this address is protected on some port", which is all that a
 * fragment or a broken packet can be judged by. addr all zero is "any address". */
struct weir_service_key {
	__u8 addr[16];
	__u16 port;
	__u8 protocol; /* IPPROTO_TCP, IPPROTO_UDP, or 0 together with port 0 */
	__u8 zero;
};
WEIR_ASSERT_LAYOUT(struct weir_service_key, 20, zero, 19);

/* ---- facts -------------------------------------------------------------------------------- */

/* Value of `sources`, key: struct weir_addr (IPv6 masked to prefix_len). */
struct weir_source {
	__u64 first_ns;
	__u64 last_ns; /* last exchange or new connection */
	__u64 connections;
	__u64 exchanges;
	__u64 bytes_up;	  /* payload of counted exchanges, client to service */
	__u64 bytes_down; /* payload of counted exchanges, service to client */
	/* Decaying rates per 1000 s, half-life WEIR_RATE_HALF_LIFE_NS, as of rate_ns. Written without
	 * a lock: two CPUs at once may lose one event's share, never a counter. */
	__u64 rate_ns;
	__u32 connection_rate_per_1000s;
	__u32 exchange_rate_per_1000s;
	__u32 flows;	      /* open now */
	__u32 refused_flows;  /* refused because of FLOWS_PER_SOURCE or a full map */
	__u32 tcp_rtt_min_us; /* 0: unknown */
	__u32 tls_rtt_min_us; /* 0: unknown */
	__u32 prefix_len;     /* 32 for IPv4, else bits of the IPv6 prefix */
	__u32 reserved;
};
WEIR_ASSERT_LAYOUT(struct weir_source, 88, reserved, 84);

struct weir_flow_key {
	__u8 source_addr[16]; /* the client's full address */
	__u8 service_addr[16];
	__u16 source_port;
	__u16 service_port;
	__u8 protocol;
	__u8 zero[3];
};
WEIR_ASSERT_LAYOUT(struct weir_flow_key, 40, zero, 37);

enum weir_flow_phase {
	WEIR_PHASE_FIRST = 0,	  /* no client payload seen yet */
	WEIR_PHASE_HANDSHAKE = 1, /* TLS, before the client's Finished is complete */
	WEIR_PHASE_TLS = 2,	  /* TLS application data */
	WEIR_PHASE_PLAIN = 3,
	WEIR_PHASE_PICKED_UP = 4, /* mid-stream: waits for the next request, TLS or plain */
	WEIR_PHASE_TURNS = 5,	  /* UDP: counts turns */
	WEIR_PHASE_CLOSED = 6,	  /* FIN or RST seen, waits for the sweeper */
	WEIR_PHASE_TOMBSTONE = 7, /* reset by a rule: every later client packet drops */
};

/* Flow flags written by ingress (client_flags) and by egress (server_flags). */
#define WEIR_FLOW_MIDSTREAM 0x0001u	/* picked up without its handshake */
#define WEIR_FLOW_LOWER_BOUND 0x0002u	/* several exchanges at once were seen */
#define WEIR_FLOW_GAP 0x0004u		/* a gap was resynchronised */
#define WEIR_FLOW_FIN 0x0008u		/* this side has sent its FIN */
#define WEIR_FLOW_TLS13 0x0010u		/* server negotiated TLS 1.3 */
#define WEIR_FLOW_EARLY_DATA 0x0020u	/* client sent data before the server's flight */
#define WEIR_FLOW_HELLO_RETRY 0x0040u	/* server sent a HelloRetryRequest */
#define WEIR_FLOW_RETRANSMITTED 0x0080u /* handshake segments were sent twice: no round-trip time */
#define WEIR_FLOW_CHACHA                                                                           \
	0x0100u /* server chose ChaCha20-Poly1305, whose TLS 1.2 records are shorter */
#define WEIR_FLOW_HTTP2 0x0200u /* server's first record has the size of HTTP/2 SETTINGS */

/*
 * Value of `flows`. Each field has one writer, so that both directions may run on different CPUs
 * without a lock: [in] the ingress program, [out] the egress program, [new] whoever makes the entry.
 */
struct weir_flow {
	__u64 id;	     /* [new] unique while the machine is up */
	__u64 first_ns;	     /* [new] */
	__u64 syn_digest;    /* [new] key of `stacks`, 0: unknown */
	__u64 ja4_digest;    /* [in] 0: unknown */
	__u64 client_ns;     /* [in] last in-window client packet */
	__u64 request_ns;    /* [in] first byte of the running request, 0: none */
	__u64 request_bytes; /* [in] client payload of the running exchange */
	__u64 request_mark;  /* [in] server_bytes when the running request began */
	__u64 bytes_up;	     /* [in] client payload of all counted exchanges */
	__u64 bytes_down;    /* [in] server payload of all counted exchanges */
	__u64 server_ns;     /* [out] last server payload */
	__u64 server_bytes;  /* [out] server payload that may belong to a response, ever growing */
	__u64 flight_ns;     /* [out] last packet of the server's TLS handshake flight */
	__u32 exchanges;     /* [in] */
	__u32 client_next;   /* [in] sequence number expected from the client */
	__u32 server_next;   /* [out] sequence number after the last byte the server sent */
	__u32 client_record; /* [in] bytes left in the client's running TLS record */
	__u32 server_record; /* [out] bytes left in the server's running TLS record */
	__u32 tcp_rtt_us;    /* [new] SYN-ACK to ACK; 0: unknown */
	__u32 tls_rtt_us;    /* [in] server flight to client Finished; 0: unknown */
	__u16 client_flags;  /* [in] WEIR_FLOW_* */
	__u16 server_flags;  /* [out] WEIR_FLOW_* */
	__u8 source[16];     /* [new] key of `sources` */
	__u8 source_prefix_len; /* [new] */
	__u8 phase;		/* [in] enum weir_flow_phase */
	__u8 server_phase;	/* [out] how far the server's TLS handshake is */
	__u8 syn_ttl;		/* [new] TTL or hop limit of the SYN as received, 0: unknown */
	__u8 connection_id_len; /* [out] QUIC: length of the host's connection id */
	__u8 connection_id[20]; /* [out] QUIC: the connection id the host chose */
	__u8 client_tail[5];	/* [in] TLS record header split over segments */
	__u8 client_tail_len;	/* [in] */
	__u8 server_tail[5];	/* [out] */
	__u8 server_tail_len;	/* [out] */
	__u8 client_records; /* [in] TLS 1.3: client records after the server's flight, until Finished */
	__u8 server_records; /* [out] TLS 1.3: session tickets after the client's Finished */
	__u8 zero;
	__u32 client_ack; /* [in] highest acknowledgment number of an in-window client segment */
	__u16 ticket_len; /* [out] record length of the first session ticket */
	__u16 request_len_min; /* [in] HTTP/2: smallest request in one segment, 0: none yet */
};
WEIR_ASSERT_LAYOUT(struct weir_flow, 200, request_len_min, 198);

/* Values of weir_flow.server_phase. */
enum weir_server_phase {
	WEIR_SERVER_FIRST = 0,	/* nothing since the ClientHello */
	WEIR_SERVER_FLIGHT = 1, /* handshake records are going out */
	WEIR_SERVER_FINISHED =
		2, /* TLS 1.3: its Finished went out; with early data a response may follow */
	WEIR_SERVER_TICKETS = 3, /* TLS 1.3: session tickets after the client's Finished */
	WEIR_SERVER_DATA = 4,	 /* application data */
};

/* client_record or server_record: the position in the stream of TLS records is lost. */
#define WEIR_RECORD_LOST (~0u)

/*
 * What a SYN says of its sender's software: the raw fields of p0f's notation (p0f 3.09b, README
 * section 5). User space names them; the digest is the same number on both sides.
 */
struct weir_syn_facts {
	__u8 options[40]; /* TCP options as on the wire */
	__u8 options_len;
	__u8 ip_version;     /* 4 or 6 */
	__u8 ttl;	     /* as received; not part of the digest beyond its initial guess */
	__u8 ip_options_len; /* IPv4 options, or IPv6 extension headers, bytes */
	__u16 window;
	__u16 ip_id;	 /* IPv4 */
	__u16 ip_flags;	 /* WEIR_SYN_* from the IP header */
	__u16 tcp_flags; /* the 12 flag bits of the TCP header: bit 0 FIN .. bit 7 CWR, bit 8 NS */
	__u32 sequence;
	__u32 acknowledgment;
	__u16 urgent;
	__u16 payload_len;
};
WEIR_ASSERT_LAYOUT(struct weir_syn_facts, 64, payload_len, 62);

#define WEIR_SYN_DF 0x0001u	    /* IPv4 don't fragment */
#define WEIR_SYN_RESERVED 0x0002u   /* IPv4 reserved flag set ("0+") */
#define WEIR_SYN_ECN 0x0004u	    /* ECN bits of the TOS or traffic class set */
#define WEIR_SYN_FLOW_LABEL 0x0008u /* IPv6 flow label not 0 */

/* Value of `syns`: a fixed table overwritten at will; index and tag from a keyed hash of the flow. */
struct weir_syn {
	__u64 tag; /* keyed hash of the flow key, 0: empty */
	__u64 syn_ns;
	__u64 synack_ns; /* 0: none yet */
	__u32 client_isn;
	__u32 server_isn;
	__u32 server_seq_low; /* mid-stream: server data sent lies in (low, high] */
	__u32 server_seq_high;
	__u32 state; /* enum weir_syn_state */
	__u32 synacks;
	struct weir_syn_facts facts;
};
WEIR_ASSERT_LAYOUT(struct weir_syn, 112, facts, 48);

enum weir_syn_state {
	WEIR_SYN_EMPTY = 0,
	WEIR_SYN_SEEN = 1,     /* SYN in */
	WEIR_SYN_ANSWERED = 2, /* SYN-ACK out */
	WEIR_SYN_MIDSTREAM =
		3, /* data out of an unknown flow; client_isn is the host's acknowledgment */
	WEIR_SYN_QUIC = 4, /* QUIC long header out: facts.options holds the host's connection id */
};

/* Value of `stacks`, key: digest. Made when a proven flow shows it for the first time. */
struct weir_stack {
	__u64 first_ns;
	__u64 last_ns; /* of its last new flow */
	__u64 flows;
	struct weir_syn_facts syn;
};
WEIR_ASSERT_LAYOUT(struct weir_stack, 88, syn, 24);

/* Value of `counters` (per CPU, written by the kernel) and of `reasons` (their sums, written by the
 * daemon once a second, for people). Key: enum weir_reason. */
struct weir_counter {
	__u64 packets;
	__u64 bytes;
};
WEIR_ASSERT_LAYOUT(struct weir_counter, 16, bytes, 8);

/* Key of `source_nets`: a source's address masked to /24 (IPv4) or /48 (IPv6). Value: how many
 * sources it holds (__u32). A source wider than /48 is its own net. */
struct weir_source_net {
	__u8 addr[16];
};
WEIR_ASSERT_LAYOUT(struct weir_source_net, 16, addr, 0);

/*
 * What user space hands to weir_sweep as its "packet": this header, then `count` keys, struct
 * weir_flow_key or struct weir_addr as `kind` says. In the packet that comes out `removed` and
 * `finished` are filled.
 */
struct weir_sweep {
	__u32 kind;	/* enum weir_sweep_kind */
	__u32 count;	/* of keys, at most WEIR_SWEEP_KEYS_MAX */
	__u32 flags;	/* WEIR_SWEEP_* */
	__u32 removed;	/* out: entries deleted */
	__u32 finished; /* out: exchanges ended by silence or by deletion */
	__u32 zero;
	__u64 age_ns; /* sources: idle for longer than this */
};
WEIR_ASSERT_LAYOUT(struct weir_sweep, 32, age_ns, 24);

enum weir_sweep_kind {
	WEIR_SWEEP_FLOWS = 0,	/* end silent exchanges, delete idle and closed flows */
	WEIR_SWEEP_SOURCES = 1, /* delete sources without flows, older than age_ns */
};

#define WEIR_SWEEP_FORCE 0x0001u /* flows: close and delete whatever their age; sources: any age */

/* A record of the ring `exchanges`. */
struct weir_exchange {
	__u64 time_ns; /* first byte of the request */
	__u64 flow_id;
	__u64 syn_digest;
	__u64 ja4_digest;
	__u8 source[16];
	__u64 bytes_up;
	__u64 bytes_down;
	__u32 duration_us; /* first byte of the request to last byte of the response */
	__u32 tcp_rtt_us;
	__u32 tls_rtt_us;
	__u16 service_port;
	__u8 source_prefix_len;
	__u8 protocol;
	__u8 syn_ttl;
	__u8 reserved;
	__u16 flags;	/* WEIR_FLOW_*, both sides */
	__u32 sequence; /* the how manieth exchange of its flow, from 1 */
};
WEIR_ASSERT_LAYOUT(struct weir_exchange, 88, sequence, 84);
