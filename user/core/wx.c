/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */

/* Turns exchanges and names into records of bytes, and bytes that nobody vouches for into them. */

#include "core/wx.h"

#include <errno.h>
#include <string.h>

/* Not ASCII in front, a line end behind: what text modes break is noticed (as PNG does). */
const char wx_magic[WX_MAGIC_LEN] = { '\x89', 'w', 'e', 'i', 'r', 'w', 'x', '\n' };

struct wx_exchange {
	uint64_t account;
	struct weir_exchange record;
};
_Static_assert(sizeof(struct wx_exchange) == 8 + sizeof(struct weir_exchange), "it has padding");
_Static_assert(WX_RECORD_HEAD_LEN + sizeof(struct wx_exchange) <= WX_RECORD_MAX, "too long");
_Static_assert(WX_RECORD_HEAD_LEN + 8 + STACK_NAME_MAX <= WX_RECORD_MAX, "too long");

/* ---- header ----------------------------------------------------------------------------------- */

void wx_header_init(struct wx_header *header, uint64_t boot_unix_ns, uint64_t created_unix_ns)
{
	*header = (struct wx_header){
		.format_version = WX_FORMAT_VERSION,
		.abi_version = WEIR_ABI_VERSION,
		.exchange_bytes = sizeof(struct weir_exchange),
		.boot_unix_ns = boot_unix_ns,
		.created_unix_ns = created_unix_ns,
	};
	memcpy(header->magic, wx_magic, WX_MAGIC_LEN);
}

int wx_header_check(const struct wx_header *header, const char **why)
{
	if (memcmp(header->magic, wx_magic, WX_MAGIC_LEN) != 0)
		*why = "not a recording of weir";
	else if (header->format_version != WX_FORMAT_VERSION)
		*why = "a recording in another format or byte order: replay it with the weir that made it";
	else if (header->abi_version != WEIR_ABI_VERSION ||
		 header->exchange_bytes != sizeof(struct weir_exchange))
		*why = "a recording of another ABI version: replay it with the weir that made it, or have "
		       "that one write it as CSV";
	else
		return 0;
	return -EINVAL;
}

/* ---- bytes to record -------------------------------------------------------------------------- */

static int name_read(const uint8_t *payload, size_t len, struct wx_record *out, const char **why)
{
	size_t text_len = len - sizeof(out->digest);

	if (len <= sizeof(out->digest) || text_len >= STACK_NAME_MAX) {
		*why = "a name's record has a wrong length";
		return -EINVAL;
	}
	memcpy(&out->digest, payload, sizeof(out->digest));
	memcpy(out->name, payload + sizeof(out->digest), text_len);
	out->name[text_len] = '\0';
	for (size_t i = 0; i < text_len; i++) {
		if (out->name[i] > ' ' && out->name[i] <= '~')
			continue;
		*why = "a name holds blanks or characters that no name has";
		return -EINVAL;
	}
	if (out->digest)
		return 0;
	*why = "a name belongs to no digest";
	return -EINVAL;
}

static int source_read(const struct weir_exchange *record, struct net *out)
{
	static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };
	bool is_ipv4 = memcmp(record->source, mapped, sizeof(mapped)) == 0;
	struct net net;

	if (is_ipv4 ? record->source_prefix_len != 32 : record->source_prefix_len > 128)
		return -EINVAL;
	net = net_of_source(record->source, record->source_prefix_len);
	/* Bits beyond the prefix would make one source two. */
	if (memcmp(net.addr, record->source, sizeof(net.addr)) != 0)
		return -EINVAL;
	*out = net;
	return 0;
}

static int exchange_read(const uint8_t *payload, size_t len, const struct wx_header *header,
			 struct exchange *out, const char **why)
{
	struct wx_exchange wx;
	const struct weir_exchange *record = &wx.record;

	if (len != sizeof(wx)) {
		*why = "an exchange's record has a wrong length";
		return -EINVAL;
	}
	memcpy(&wx, payload, sizeof(wx));
	*out = (struct exchange){
		.bytes_up = record->bytes_up,
		.bytes_down = record->bytes_down,
		.connection = record->flow_id,
		.syn_stack = record->syn_digest,
		.ja4_stack = record->ja4_digest,
		.account = wx.account,
		.duration_us = record->duration_us,
		.tcp_rtt_us = record->tcp_rtt_us,
		.tls_rtt_us = record->tls_rtt_us,
		.server_port = record->service_port,
		.syn_ttl = record->syn_ttl,
		.flags = record->flags & WEIR_FLOW_LOWER_BOUND ? EXCHANGE_LOWER_BOUND : 0,
	};
	if (source_read(record, &out->source))
		*why = "an exchange has an impossible source";
	else if (__builtin_add_overflow(record->time_ns, header->boot_unix_ns, &out->time_unix_ns))
		*why = "an exchange has an impossible time";
	else
		return 0;
	return -EINVAL;
}

static int end_read(const uint8_t *payload, size_t len, struct wx_record *out, const char **why)
{
	if (len != sizeof(out->exchanges)) {
		*why = "the end record has a wrong length";
		return -EINVAL;
	}
	memcpy(&out->exchanges, payload, sizeof(out->exchanges));
	return 0;
}

int wx_record_read(const uint8_t *bytes, size_t len, const struct wx_header *header,
		   struct wx_record *out, const char **why)
{
	const uint8_t *payload = bytes + WX_RECORD_HEAD_LEN;
	uint16_t kind, size;
	int error;

	if (len < WX_RECORD_HEAD_LEN)
		return 0;
	memcpy(&kind, bytes, sizeof(kind));
	memcpy(&size, bytes + sizeof(kind), sizeof(size));
	if (kind < WX_NAME || kind > WX_END || WX_RECORD_HEAD_LEN + size > WX_RECORD_MAX) {
		*why = "a record of unknown kind or impossible length";
		return -EINVAL;
	}
	if (len < (size_t)WX_RECORD_HEAD_LEN + size)
		return 0;
	out->kind = (enum wx_kind)kind;
	if (kind == WX_NAME)
		error = name_read(payload, size, out, why);
	else if (kind == WX_EXCHANGE)
		error = exchange_read(payload, size, header, &out->exchange, why);
	else
		error = end_read(payload, size, out, why);
	return error ? error : WX_RECORD_HEAD_LEN + size;
}

/* ---- record to bytes -------------------------------------------------------------------------- */

static struct wx_exchange exchange_pack(const struct exchange *exchange, uint64_t boot_unix_ns)
{
	const struct net *source = &exchange->source;
	struct wx_exchange wx = {
		.account = exchange->account,
		.record = {
			.time_ns = exchange->time_unix_ns - boot_unix_ns,
			.flow_id = exchange->connection,
			.syn_digest = exchange->syn_stack,
			.ja4_digest = exchange->ja4_stack,
			.bytes_up = exchange->bytes_up,
			.bytes_down = exchange->bytes_down,
			.duration_us = exchange->duration_us,
			.tcp_rtt_us = exchange->tcp_rtt_us,
			.tls_rtt_us = exchange->tls_rtt_us,
			.service_port = exchange->server_port,
			.source_prefix_len = net_is_ipv4(source) ? 32 : source->prefix_len,
			.syn_ttl = exchange->syn_ttl,
			.flags = exchange->flags & EXCHANGE_LOWER_BOUND ? WEIR_FLOW_LOWER_BOUND : 0,
		},
	};

	memcpy(wx.record.source, source->addr, sizeof(wx.record.source));
	return wx;
}

size_t wx_record_write(const struct wx_record *record, const struct wx_header *header,
		       uint8_t bytes[WX_RECORD_MAX])
{
	uint8_t *payload = bytes + WX_RECORD_HEAD_LEN;
	uint16_t kind = (uint16_t)record->kind;
	uint16_t size;

	if (record->kind == WX_NAME) {
		size_t text_len = strnlen(record->name, STACK_NAME_MAX - 1);

		memcpy(payload, &record->digest, sizeof(record->digest));
		memcpy(payload + sizeof(record->digest), record->name, text_len);
		size = (uint16_t)(sizeof(record->digest) + text_len);
	} else if (record->kind == WX_EXCHANGE) {
		struct wx_exchange wx = exchange_pack(&record->exchange, header->boot_unix_ns);

		memcpy(payload, &wx, sizeof(wx));
		size = sizeof(wx);
	} else {
		memcpy(payload, &record->exchanges, sizeof(record->exchanges));
		size = sizeof(record->exchanges);
	}
	memcpy(bytes, &kind, sizeof(kind));
	memcpy(bytes + sizeof(kind), &size, sizeof(size));
	return (size_t)WX_RECORD_HEAD_LEN + size;
}
