/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */

/* One TCP connection spoken through the programs. */

#include "lib/talk.h"

#include <bpf/bpf.h>
#include <netinet/in.h>
#include <string.h>

static const uint8_t syn_options[] = {
	2, 4, 5, 180, 4, 2, 8, 10, 1, 2, 3, 4, 0, 0, 0, 0, 1, 3, 3, 7
};

struct talk talk_new(struct plane *plane, enum plane_program ingress, bool is_ip6)
{
	return (struct talk){
		.plane = plane,
		.ingress = ingress,
		.client = is_ip6 ? "2001:db8:7::7" : "192.0.2.7",
		.service = is_ip6 ? PLANE_SERVICE6 : PLANE_SERVICE4,
		.client_port = 40000,
		.client_next = 0xfffffff0,
		.server_next = 0xffffff00,
	};
}

static enum weir_reason talk_send(struct talk *talk, bool is_client, const struct packet_spec *what)
{
	uint8_t frame[PACKET_ROOM];
	struct packet_spec spec = *what;

	spec.from = is_client ? talk->client : talk->service;
	spec.to = is_client ? talk->service : talk->client;
	spec.from_port = is_client ? talk->client_port : PLANE_PORT;
	spec.to_port = is_client ? PLANE_PORT : talk->client_port;
	return plane_run(talk->plane, is_client ? talk->ingress : PLANE_TC_OUT, frame,
			 (uint32_t)packet_build(&spec, frame));
}

void talk_syn(struct talk *talk)
{
	struct packet_spec syn = { .flags = PACKET_SYN,
				   .sequence = talk->client_next,
				   .options = syn_options,
				   .options_len = sizeof(syn_options) };

	talk_send(talk, true, &syn);
	talk->client_next++;
}

void talk_synack(struct talk *talk)
{
	struct packet_spec synack = { .flags = PACKET_SYN | PACKET_ACK,
				      .sequence = talk->server_next,
				      .acknowledgment = talk->client_next };

	talk_send(talk, false, &synack);
	talk->server_next++;
	talk->client_acked = talk->server_next;
}

enum weir_reason talk_ack(struct talk *talk)
{
	return talk_client_at(talk, 0, PACKET_ACK, NULL, 0);
}

void talk_open(struct talk *talk, uint64_t rtt_ns)
{
	talk_syn(talk);
	talk_synack(talk);
	plane_advance(talk->plane, rtt_ns);
	talk_ack(talk);
}

enum weir_reason talk_client_at(struct talk *talk, int32_t ahead, uint8_t flags,
				const void *payload, size_t len)
{
	struct packet_spec segment = { .flags = flags,
				       .sequence = talk->client_next + (uint32_t)ahead,
				       .acknowledgment = talk->client_acked,
				       .payload = payload,
				       .payload_len = len };

	return talk_send(talk, true, &segment);
}

enum weir_reason talk_server_at(struct talk *talk, int32_t ahead, uint8_t flags,
				const void *payload, size_t len)
{
	struct packet_spec segment = { .flags = flags,
				       .sequence = talk->server_next + (uint32_t)ahead,
				       .acknowledgment = talk->client_next,
				       .payload = payload,
				       .payload_len = len };

	return talk_send(talk, false, &segment);
}

enum weir_reason talk_client(struct talk *talk, const void *payload, size_t len)
{
	enum weir_reason reason = talk_client_at(talk, 0, PACKET_ACK | PACKET_PSH, payload, len);

	talk->client_next += (uint32_t)len;
	return reason;
}

enum weir_reason talk_server(struct talk *talk, const void *payload, size_t len)
{
	enum weir_reason reason = talk_server_at(talk, 0, PACKET_ACK | PACKET_PSH, payload, len);

	talk->server_next += (uint32_t)len;
	talk->client_acked = talk->server_next;
	return reason;
}

size_t talk_records_put(uint8_t *to, const struct talk_record *records, size_t count)
{
	size_t at = 0;

	for (size_t i = 0; i < count; i++) {
		uint8_t header[] = { records[i].type, 3, 3, (uint8_t)(records[i].len >> 8),
				     (uint8_t)records[i].len };

		memcpy(to + at, header, sizeof(header));
		memset(to + at + sizeof(header), 0xee, records[i].len);
		at += sizeof(header) + records[i].len;
	}
	return at;
}

enum weir_reason talk_client_records(struct talk *talk, const struct talk_record *records,
				     size_t count)
{
	uint8_t payload[PACKET_ROOM];

	return talk_client(talk, payload, talk_records_put(payload, records, count));
}

enum weir_reason talk_server_records(struct talk *talk, const struct talk_record *records,
				     size_t count)
{
	uint8_t payload[PACKET_ROOM];

	return talk_server(talk, payload, talk_records_put(payload, records, count));
}

size_t talk_server_hello_put(uint8_t *to, uint16_t cipher, bool is_retry)
{
	static const uint8_t retry[] = { 0xcf, 0x21, 0xad, 0x74, 0xe5, 0x9a, 0x61, 0x11 };
	size_t len = talk_records_put(to, &(struct talk_record){ 22, 122 }, 1);
	uint8_t *hello = to + 5;

	hello[0] = 2;
	if (is_retry)
		memcpy(hello + 6, retry, sizeof(retry));
	hello[38] = 32; /* session id */
	hello[71] = (uint8_t)(cipher >> 8);
	hello[72] = (uint8_t)cipher;
	return len;
}

void talk_close(struct talk *talk)
{
	talk_client_at(talk, 0, PACKET_FIN | PACKET_ACK, NULL, 0);
	talk->client_next++;
	talk_server_at(talk, 0, PACKET_FIN | PACKET_ACK, NULL, 0);
	talk->server_next++;
	talk->client_acked = talk->server_next;
	talk_ack(talk);
}

struct weir_flow_key talk_key(const struct talk *talk)
{
	struct weir_flow_key key = { .source_port = talk->client_port,
				     .service_port = PLANE_PORT,
				     .protocol = IPPROTO_TCP };
	struct weir_addr addr = plane_addr(talk->client);

	memcpy(key.source_addr, addr.addr, sizeof(key.source_addr));
	addr = plane_addr(talk->service);
	memcpy(key.service_addr, addr.addr, sizeof(key.service_addr));
	return key;
}

bool talk_flow(const struct talk *talk, struct weir_flow *flow)
{
	struct weir_flow_key key = talk_key(talk);

	memset(flow, 0, sizeof(*flow));
	return !bpf_map_lookup_elem(plane_map(talk->plane, "flows"), &key, flow);
}

bool talk_source(const struct talk *talk, struct weir_source *source)
{
	struct weir_addr addr = plane_addr(talk->client);

	memset(source, 0, sizeof(*source));
	if (addr.addr[10] != 0xff)
		memset(addr.addr + 8, 0, 8);
	return !bpf_map_lookup_elem(plane_map(talk->plane, "sources"), &addr, source);
}
