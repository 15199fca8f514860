/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */

/* TLS in steps: from records to segments of either side. */

#include "lib/tls_step.h"

size_t tls_step_put(const struct tls_step *step, uint8_t *payload)
{
	size_t len = 0, count = 0;

	if (step->hello_cipher)
		len = talk_server_hello_put(payload, step->hello_cipher, step->is_retry);
	while (count < TLS_STEP_RECORDS_MAX && step->records[count].type)
		count++;
	return len + talk_records_put(payload + len, step->records, count);
}

void tls_step_run(struct talk *talk, const struct tls_step *step, size_t piece)
{
	uint8_t payload[PACKET_ROOM];
	size_t len = tls_step_put(step, payload);

	for (size_t at = 0; at < len; at += piece) {
		size_t bytes = len - at < piece ? len - at : piece;

		if (step->from == 'c')
			talk_client(talk, payload + at, bytes);
		else
			talk_server(talk, payload + at, bytes);
	}
	plane_advance(talk->plane,
		      (step->wait_ms ? step->wait_ms : TLS_ROUND_TRIP_MS) * MILLISECOND_NS);
}
