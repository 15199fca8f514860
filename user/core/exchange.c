/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */

/* Turns a row of the exchange log into an exchange and an exchange into a row. */

#include "core/exchange.h"

#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "core/syn_name.h"

const char exchange_csv_header[] = "time_ns,source,server_port,bytes_up,bytes_down,duration_us,"
				   "syn_sig,ja4,tcp_rtt_us,tls_rtt_us,connection,account";

enum column {
	COLUMN_TIME,
	COLUMN_SOURCE,
	COLUMN_PORT,
	COLUMN_BYTES_UP,
	COLUMN_BYTES_DOWN,
	COLUMN_DURATION,
	COLUMN_SYN,
	COLUMN_JA4,
	COLUMN_TCP_RTT,
	COLUMN_TLS_RTT,
	COLUMN_CONNECTION,
	COLUMN_ACCOUNT,
	COLUMN_COUNT,
};

struct number_column {
	enum column column;
	uint64_t max;
	const char *not_number;
	const char *too_large;
};

#define NUMBER_COLUMN(column, name, max)                                                           \
	{                                                                                          \
		column, max, name " is not a number", name " is larger than " #max                 \
	}
static const struct number_column number_columns[] = {
	NUMBER_COLUMN(COLUMN_TIME, "time_ns", UINT64_MAX),
	NUMBER_COLUMN(COLUMN_PORT, "server_port", UINT16_MAX),
	NUMBER_COLUMN(COLUMN_BYTES_UP, "bytes_up", UINT64_MAX),
	NUMBER_COLUMN(COLUMN_BYTES_DOWN, "bytes_down", UINT64_MAX),
	NUMBER_COLUMN(COLUMN_DURATION, "duration_us", UINT32_MAX),
	NUMBER_COLUMN(COLUMN_TCP_RTT, "tcp_rtt_us", UINT32_MAX),
	NUMBER_COLUMN(COLUMN_TLS_RTT, "tls_rtt_us", UINT32_MAX),
};
#define NUMBER_COLUMNS (sizeof(number_columns) / sizeof(number_columns[0]))

#define DIGEST_DIGITS 16 /* "#" and these stand for a stack or account without a name */
#define DIGEST_TEXT_MAX (1 + DIGEST_DIGITS + 1)

/* ---- row to fields -------------------------------------------------------------------------- */

/* Takes the quotes off one quoted field in place; returns what follows it, NULL: it never ends. */
static char *field_unquote(char *field)
{
	char *from = field + 1;
	char *to = field;

	for (; *from; *to++ = *from++) {
		if (*from != '"')
			continue;
		if (from[1] != '"') {
			*to = '\0';
			return from + 1;
		}
		from++;
	}
	return NULL;
}

static int row_split(char *line, char *fields[COLUMN_COUNT], const char **why)
{
	char *at = line;

	for (size_t i = 0; i < COLUMN_COUNT; i++) {
		char *end = *at == '"' ? field_unquote(at) : at + strcspn(at, ",\"");
		bool is_last = i + 1 == COLUMN_COUNT;

		if (!end)
			*why = "a quoted field does not end";
		else if (*end == '"')
			*why = "a quote stands inside a field that is not quoted";
		else if (*end && *end != ',')
			*why = "something follows a quoted field";
		else if (!*end && !is_last)
			*why = "the row has fewer than 12 fields";
		else if (*end && is_last)
			*why = "the row has more than 12 fields";
		if (*why)
			return -EINVAL;
		fields[i] = at;
		*end = '\0';
		at = end + 1;
	}
	return 0;
}

/* ---- fields to values ----------------------------------------------------------------------- */

/* An empty field is 0. -EINVAL: not decimal digits alone; -ERANGE: above max. */
static int number_parse(const char *text, uint64_t max, uint64_t *out)
{
	uint64_t value = 0;

	for (; *text; text++) {
		unsigned digit = (unsigned char)*text - '0';

		if (digit > 9)
			return -EINVAL;
		if (__builtin_mul_overflow(value, 10, &value) ||
		    __builtin_add_overflow(value, digit, &value))
			value = UINT64_MAX, max = 0;
	}
	if (value > max)
		return -ERANGE;
	*out = value;
	return 0;
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool digest_parse(const char *text, uint64_t *out)
{
	uint64_t value = 0;

	if (text[0] != '#' || strlen(text) != 1 + DIGEST_DIGITS)
		return false;
	for (text++; *text; text++) {
		int digit = hex_digit(*text);

		if (digit < 0)
			return false;
		value = value << 4 | (uint64_t)digit;
	}
	*out = value;
	return true;
}

/* A number is itself, any other text its hash. */
static uint64_t identity_parse(const char *text)
{
	uint64_t value = 0;

	if (!*text || digest_parse(text, &value) || !number_parse(text, UINT64_MAX, &value))
		return value;
	return stack_name_digest(text);
}

static uint64_t account_parse(const char *text)
{
	uint64_t value = 0;

	if (!*text || digest_parse(text, &value))
		return value;
	return stack_name_digest(text);
}

static int source_parse(const char *text, struct net *out, const char **why)
{
	int error = net_parse(text, out);

	if (!*text)
		*why = "source is missing";
	else if (error == -EDOM)
		*why = "source has bits beyond its prefix length";
	else if (error)
		*why = "source is not an address or an IPv6 prefix";
	else if (net_is_ipv4(out) && !net_is_host(out))
		*why = "source is an IPv4 network, not an address";
	return *why ? -EINVAL : 0;
}

static int syn_parse(const char *text, struct stack_names *names, struct exchange *out,
		     const char **why)
{
	char name[STACK_NAME_MAX];

	if (!*text || digest_parse(text, &out->syn_stack))
		return 0;
	if (syn_name_split(text, name, &out->syn_ttl)) {
		*why = "syn_sig is not a SYN signature in p0f's notation";
		return -EINVAL;
	}
	out->syn_stack = stack_name_digest(name);
	return stack_names_put(names, out->syn_stack, name);
}

static int ja4_parse(const char *text, struct stack_names *names, struct exchange *out,
		     const char **why)
{
	size_t len = 0;

	if (!*text || digest_parse(text, &out->ja4_stack))
		return 0;
	while (text[len] > ' ' && text[len] <= '~')
		len++;
	if (text[len] || len >= STACK_NAME_MAX) {
		*why = "ja4 holds blanks or characters that no JA4 has, or is too long";
		return -EINVAL;
	}
	out->ja4_stack = stack_name_digest(text);
	return stack_names_put(names, out->ja4_stack, text);
}

static int numbers_parse(char *const fields[COLUMN_COUNT], uint64_t values[COLUMN_COUNT],
			 const char **why)
{
	if (!*fields[COLUMN_TIME]) {
		*why = "time_ns is missing";
		return -EINVAL;
	}
	for (size_t i = 0; i < NUMBER_COLUMNS; i++) {
		const struct number_column *row = &number_columns[i];
		int error = number_parse(fields[row->column], row->max, &values[row->column]);

		if (error) {
			*why = error == -ERANGE ? row->too_large : row->not_number;
			return -EINVAL;
		}
	}
	return 0;
}

int exchange_parse_csv(char *line, struct stack_names *names, struct exchange *out,
		       const char **why)
{
	char *fields[COLUMN_COUNT];
	uint64_t values[COLUMN_COUNT];
	struct exchange parsed = { 0 };
	int error;

	*why = NULL;
	error = row_split(line, fields, why);
	if (!error)
		error = numbers_parse(fields, values, why);
	if (!error)
		error = source_parse(fields[COLUMN_SOURCE], &parsed.source, why);
	if (!error)
		error = syn_parse(fields[COLUMN_SYN], names, &parsed, why);
	if (!error)
		error = ja4_parse(fields[COLUMN_JA4], names, &parsed, why);
	if (error) {
		*why = *why ? *why : "out of memory";
		return error;
	}
	parsed.time_unix_ns = values[COLUMN_TIME];
	parsed.server_port = (uint16_t)values[COLUMN_PORT];
	parsed.bytes_up = values[COLUMN_BYTES_UP];
	parsed.bytes_down = values[COLUMN_BYTES_DOWN];
	parsed.duration_us = (uint32_t)values[COLUMN_DURATION];
	parsed.tcp_rtt_us = (uint32_t)values[COLUMN_TCP_RTT];
	parsed.tls_rtt_us = (uint32_t)values[COLUMN_TLS_RTT];
	parsed.connection = identity_parse(fields[COLUMN_CONNECTION]);
	parsed.account = account_parse(fields[COLUMN_ACCOUNT]);
	*out = parsed;
	return 0;
}

/* ---- values to row -------------------------------------------------------------------------- */

static void number_format(uint64_t value, char text[DIGEST_TEXT_MAX + 4])
{
	if (value)
		snprintf(text, DIGEST_TEXT_MAX + 4, "%" PRIu64, value);
	else
		*text = '\0';
}

static void digest_format(uint64_t digest, char text[DIGEST_TEXT_MAX])
{
	snprintf(text, DIGEST_TEXT_MAX, "#%016" PRIx64, digest);
}

static void stack_format(uint64_t digest, uint8_t ttl, const struct stack_names *names,
			 char text[STACK_NAME_MAX])
{
	const char *name = digest && names ? stack_names_get(names, digest) : NULL;

	if (!digest)
		*text = '\0';
	else if (!name || syn_name_join(name, ttl, text, STACK_NAME_MAX) < 0)
		digest_format(digest, text);
}

/* Quotes where RFC 4180 wants it. Room for twice the text, two quotes and a NUL. */
static void field_quote(const char *text, char *quoted)
{
	bool is_quoted = text[strcspn(text, ",\"\r\n")];

	if (is_quoted)
		*quoted++ = '"';
	for (; *text; *quoted++ = *text++)
		if (*text == '"')
			*quoted++ = '"';
	if (is_quoted)
		*quoted++ = '"';
	*quoted = '\0';
}

int exchange_format_csv(const struct exchange *exchange, const struct stack_names *names,
			char *line, size_t line_size)
{
	char source[NET_TEXT_MAX];
	char name[STACK_NAME_MAX];
	char syn[2 * STACK_NAME_MAX + 3];
	char ja4[2 * STACK_NAME_MAX + 3];
	char tcp_rtt[DIGEST_TEXT_MAX + 4], tls_rtt[DIGEST_TEXT_MAX + 4];
	char port[DIGEST_TEXT_MAX + 4], connection[DIGEST_TEXT_MAX + 4];
	char account[DIGEST_TEXT_MAX] = "";
	int len;

	net_format(&exchange->source, source);
	stack_format(exchange->syn_stack, exchange->syn_ttl, names, name);
	field_quote(name, syn);
	stack_format(exchange->ja4_stack, 0, names, name);
	field_quote(name, ja4);
	number_format(exchange->server_port, port);
	number_format(exchange->tcp_rtt_us, tcp_rtt);
	number_format(exchange->tls_rtt_us, tls_rtt);
	number_format(exchange->connection, connection);
	if (exchange->account)
		digest_format(exchange->account, account);
	len = snprintf(line, line_size,
		       "%" PRIu64 ",%s,%s,%" PRIu64 ",%" PRIu64 ",%" PRIu32 ",%s,%s,%s,%s,%s,%s",
		       exchange->time_unix_ns, source, port, exchange->bytes_up,
		       exchange->bytes_down, exchange->duration_us, syn, ja4, tcp_rtt, tls_rtt,
		       connection, account);
	return len < 0 || (size_t)len >= line_size ? -ENOSPC : len;
}
