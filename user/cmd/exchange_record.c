/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */

/* The kernel's record of an exchange into the engine's. */

#include "cmd/exchange_record.h"

struct exchange exchange_of_record(const struct weir_exchange *record, uint64_t boot_unix_ns)
{
	return (struct exchange){
		.time_unix_ns = record->time_ns + boot_unix_ns,
		.source = net_of_source(record->source, record->source_prefix_len),
		.bytes_up = record->bytes_up,
		.bytes_down = record->bytes_down,
		.connection = record->flow_id,
		.syn_stack = record->syn_digest,
		.ja4_stack = record->ja4_digest,
		.duration_us = record->duration_us,
		.tcp_rtt_us = record->tcp_rtt_us,
		.tls_rtt_us = record->tls_rtt_us,
		.server_port = record->service_port,
		.syn_ttl = record->syn_ttl,
		.flags = record->flags & WEIR_FLOW_LOWER_BOUND ? EXCHANGE_LOWER_BOUND : 0,
	};
}
