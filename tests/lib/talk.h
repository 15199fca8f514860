/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#pragma once

/* One TCP connection between a client and the service, spoken through the programs: keeps both sequence
 * numbers, so that a test says only who sends what. */

#include "lib/packet.h"
#include "lib/plane.h"

struct talk {
	struct plane *plane;
	enum plane_program ingress; /* PLANE_XDP or PLANE_TC_IN */
	const char *client;
	const char *service;
	uint16_t client_port;
	uint32_t client_next;
	uint32_t server_next;
	uint32_t client_acked; /* what the client acknowledges; follows server_next */
};

/* A talk with 192.0.2.7 or 2001:db8:7::7, sequence numbers near their wrap. */
struct talk talk_new(struct plane *plane, enum plane_program ingress, bool is_ip6);

/* The three segments of the handshake, rtt_ns between SYN-ACK and ACK. */
void talk_syn(struct talk *talk);
void talk_synack(struct talk *talk);
enum weir_reason talk_ack(struct talk *talk);
void talk_open(struct talk *talk, uint64_t rtt_ns);

/* In-order payload of either side. */
enum weir_reason talk_client(struct talk *talk, const void *payload, size_t len);
enum weir_reason talk_server(struct talk *talk, const void *payload, size_t len);

/* Any segment of the client: `ahead` is its distance from the expected sequence number. */
enum weir_reason talk_client_at(struct talk *talk, int32_t ahead, uint8_t flags,
				const void *payload, size_t len);
enum weir_reason talk_server_at(struct talk *talk, int32_t ahead, uint8_t flags,
				const void *payload, size_t len);

/* TLS records: `count` pairs of type and length, in one segment, their bytes of no meaning but for a
 * ServerHello's. */
struct talk_record {
	uint8_t type;
	uint16_t len;
};

size_t talk_records_put(uint8_t *to, const struct talk_record *records, size_t count);
enum weir_reason talk_client_records(struct talk *talk, const struct talk_record *records,
				     size_t count);
enum weir_reason talk_server_records(struct talk *talk, const struct talk_record *records,
				     size_t count);

/* A ServerHello's record with this cipher suite, of 122 bytes. Returns its length with header. */
size_t talk_server_hello_put(uint8_t *to, uint16_t cipher, bool is_retry);

/* FIN of the client, of the host, and the last acknowledgment. */
void talk_close(struct talk *talk);

struct weir_flow_key talk_key(const struct talk *talk);

/* The flow as it stands. False if there is none. */
bool talk_flow(const struct talk *talk, struct weir_flow *flow);

/* The source as it stands. False if there is none. */
bool talk_source(const struct talk *talk, struct weir_source *source);
