/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */

/* Exchanges into lines for the clients of `weir record`, and back. */

#include "cmd/daemon/stream.h"

#include <errno.h>
#include <string.h>

/* The order of one exchange's figures in a line. Digests travel as signed 64-bit integers. */
enum stream_field {
	STREAM_TIME_UNIX_NS,
	STREAM_SOURCE,
	STREAM_SERVER_PORT,
	STREAM_BYTES_UP,
	STREAM_BYTES_DOWN,
	STREAM_DURATION_US,
	STREAM_SYN_STACK,
	STREAM_JA4_STACK,
	STREAM_TCP_RTT_US,
	STREAM_TLS_RTT_US,
	STREAM_CONNECTION,
	STREAM_ACCOUNT,
	STREAM_SYN_TTL,
	STREAM_FLAGS,
	STREAM_FIELDS,
};

int stream_add(struct streams *streams, uint64_t connection, uint64_t end_unix_ns)
{
	for (size_t i = 0; i < STREAMS_MAX; i++) {
		if (streams->rows[i].connection)
			continue;
		streams->rows[i] = (struct stream){
			.connection = connection,
			.end_unix_ns = end_unix_ns,
		};
		streams->count++;
		return 0;
	}
	return -ENOSPC;
}

static void stream_forget(struct streams *streams, struct stream *stream)
{
	digest_set_clear(&stream->known);
	memset(stream, 0, sizeof(*stream));
	streams->count--;
}

void streams_clear(struct streams *streams)
{
	for (size_t i = 0; i < STREAMS_MAX; i++)
		digest_set_clear(&streams->rows[i].known);
	memset(streams, 0, sizeof(*streams));
}

static int line_send(struct streams *streams, struct stream *stream, struct api_server *api,
		     json_t *line)
{
	int error = line ? api_server_send(api, stream->connection, line) : -ENOMEM;

	if (error == -EPIPE)
		stream_forget(streams, stream);
	else if (error)
		stream->lost++;
	return error;
}

static int name_send(struct streams *streams, struct stream *stream, struct api_server *api,
		     uint64_t digest, const struct stack_names *names)
{
	const char *name = stack_names_get(names, digest);
	json_t *line;
	int error;

	if (!name || !digest_set_add(&stream->known, digest))
		return 0;
	line = json_pack("{s:I,s:s}", "digest", (json_int_t)digest, "name", name);
	error = line_send(streams, stream, api, line);
	json_decref(line);
	return error;
}

static json_t *line_make(const struct exchange *e)
{
	char source[NET_TEXT_MAX];

	net_format(&e->source, source);
	return json_pack("{s:[I,s,i,I,I,I,I,I,I,I,I,I,i,i]}", "exchange",
			 (json_int_t)e->time_unix_ns, source, e->server_port,
			 (json_int_t)e->bytes_up, (json_int_t)e->bytes_down,
			 (json_int_t)e->duration_us, (json_int_t)e->syn_stack,
			 (json_int_t)e->ja4_stack, (json_int_t)e->tcp_rtt_us,
			 (json_int_t)e->tls_rtt_us, (json_int_t)e->connection,
			 (json_int_t)e->account, e->syn_ttl, e->flags);
}

void streams_send(struct streams *streams, struct api_server *api, const struct exchange *exchange,
		  const struct stack_names *names)
{
	json_t *line = streams->count ? line_make(exchange) : NULL;

	for (size_t i = 0; i < STREAMS_MAX && streams->count; i++) {
		struct stream *stream = &streams->rows[i];

		if (!stream->connection ||
		    name_send(streams, stream, api, exchange->syn_stack, names) == -EPIPE ||
		    name_send(streams, stream, api, exchange->ja4_stack, names) == -EPIPE)
			continue;
		line_send(streams, stream, api, line);
	}
	json_decref(line);
}

void streams_expire(struct streams *streams, struct api_server *api, uint64_t now_unix_ns)
{
	for (size_t i = 0; i < STREAMS_MAX; i++) {
		struct stream *stream = &streams->rows[i];
		json_t *line;

		if (stream->connection && !api_server_has(api, stream->connection))
			stream_forget(streams, stream);
		if (!stream->connection || !stream->end_unix_ns ||
		    now_unix_ns < stream->end_unix_ns)
			continue;
		line = json_pack("{s:b,s:I}", "end", 1, "lost", (json_int_t)stream->lost);
		if (line_send(streams, stream, api, line) != -EPIPE)
			stream_forget(streams, stream);
		json_decref(line);
	}
}

static uint64_t field(const json_t *row, enum stream_field number)
{
	return (uint64_t)json_integer_value(json_array_get(row, number));
}

bool stream_parse(const json_t *line, struct exchange *out)
{
	const json_t *row = json_object_get(line, "exchange");
	const char *source = json_string_value(json_array_get(row, STREAM_SOURCE));

	if (json_array_size(row) != STREAM_FIELDS || !source)
		return false;
	*out = (struct exchange){
		.time_unix_ns = field(row, STREAM_TIME_UNIX_NS),
		.bytes_up = field(row, STREAM_BYTES_UP),
		.bytes_down = field(row, STREAM_BYTES_DOWN),
		.connection = field(row, STREAM_CONNECTION),
		.syn_stack = field(row, STREAM_SYN_STACK),
		.ja4_stack = field(row, STREAM_JA4_STACK),
		.account = field(row, STREAM_ACCOUNT),
		.duration_us = (uint32_t)field(row, STREAM_DURATION_US),
		.tcp_rtt_us = (uint32_t)field(row, STREAM_TCP_RTT_US),
		.tls_rtt_us = (uint32_t)field(row, STREAM_TLS_RTT_US),
		.server_port = (uint16_t)field(row, STREAM_SERVER_PORT),
		.syn_ttl = (uint8_t)field(row, STREAM_SYN_TTL),
		.flags = (uint8_t)field(row, STREAM_FLAGS),
	};
	return !net_parse(source, &out->source);
}
