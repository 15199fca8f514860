/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */

/* Turns the bytes of a SYN's TCP options into their order and values. */

#include "core/syn_options.h"

#include <string.h>

#define WINDOW_SCALE_MAX 14 /* RFC 7323, 2.3 */
#define SACK_LEN_MIN 10	    /* one block */
#define SACK_LEN_MAX 34	    /* four blocks */
#define UNKNOWN_LEN_MIN 2   /* kind and length */
#define UNKNOWN_LEN_MAX 40  /* all the room there is */

struct option_cursor {
	const uint8_t *at; /* an option's length byte, behind its kind */
	const uint8_t *end;
};

static uint32_t be32_read(const uint8_t *at)
{
	return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

/* p0f does not count a padding of which only the last byte is used. */
static void eol_read(struct option_cursor *cursor, struct syn_options *out)
{
	out->eol_padding_bytes = (uint8_t)(cursor->end - cursor->at);
	for (const uint8_t *at = cursor->at; at + 1 < cursor->end; at++)
		out->eol_padding_is_used |= *at != 0;
	cursor->at = cursor->end;
}

/* An option of one fixed length; a wrong length byte is noted and then ignored. False: cut off. */
static bool fixed_take(struct option_cursor *cursor, unsigned len, struct syn_options *out)
{
	if (cursor->end - cursor->at < (ptrdiff_t)len - 1)
		return false;
	out->is_malformed |= *cursor->at != len;
	cursor->at += len - 1;
	return true;
}

/* An option that says its own length. False: cut off, or a length out of range. */
static bool variable_take(struct option_cursor *cursor, unsigned len_min, unsigned len_max)
{
	unsigned len;

	if (cursor->at == cursor->end)
		return false;
	len = *cursor->at;
	if (len < len_min || len > len_max || cursor->end - cursor->at < (ptrdiff_t)len - 1)
		return false;
	cursor->at += len - 1;
	return true;
}

static bool option_read(uint8_t kind, struct option_cursor *cursor, bool is_first_syn,
			struct syn_options *out)
{
	const uint8_t *value = cursor->at + 1;

	switch (kind) {
	case SYN_OPTION_EOL:
		eol_read(cursor, out);
		return true;
	case SYN_OPTION_NOP:
		return true;
	case SYN_OPTION_MSS:
		if (!fixed_take(cursor, 4, out))
			return false;
		out->mss = (uint16_t)(value[0] << 8 | value[1]);
		return true;
	case SYN_OPTION_WINDOW_SCALE:
		if (!fixed_take(cursor, 3, out))
			return false;
		out->window_scale = value[0];
		out->window_scale_is_excessive |= value[0] > WINDOW_SCALE_MAX;
		return true;
	case SYN_OPTION_SACK_OK:
		return fixed_take(cursor, 2, out);
	case SYN_OPTION_SACK:
		return variable_take(cursor, SACK_LEN_MIN, SACK_LEN_MAX);
	case SYN_OPTION_TIMESTAMP:
		if (!fixed_take(cursor, 10, out))
			return false;
		out->timestamp = be32_read(value);
		out->timestamp_is_zero |= out->timestamp == 0;
		out->peer_timestamp_is_set |= is_first_syn && be32_read(value + 4) != 0;
		return true;
	default:
		return variable_take(cursor, UNKNOWN_LEN_MIN, UNKNOWN_LEN_MAX);
	}
}

#define TCP_ACK 0x010u

void syn_options_read(const struct weir_syn_facts *facts, struct syn_options *out)
{
	size_t len = facts->options_len;
	struct option_cursor cursor = { .at = facts->options };

	memset(out, 0, sizeof(*out));
	if (len > sizeof(facts->options))
		len = sizeof(facts->options);
	cursor.end = facts->options + len;
	while (cursor.at < cursor.end && out->count < SYN_OPTIONS_MAX) {
		uint8_t kind = *cursor.at++;

		out->kinds[out->count++] = kind;
		if (!option_read(kind, &cursor, !(facts->tcp_flags & TCP_ACK), out)) {
			out->is_malformed = true;
			return;
		}
	}
	out->is_malformed |= cursor.at != cursor.end;
}
