/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#pragma once

/* One request and its response, as the engine and the exchange log know it, and as a CSV row. */

#include <stddef.h>
#include <stdint.h>

#include "core/net.h"
#include "core/stack_names.h"

struct exchange {
	uint64_t time_unix_ns; /* first byte of the request */
	struct net source;
	uint64_t bytes_up;
	uint64_t bytes_down;
	uint64_t connection; /* flow id, unique within a log; 0: unknown */
	uint64_t syn_stack;  /* digest, or a hash of the signature's text; 0: unknown */
	uint64_t ja4_stack;  /* digest, or a hash of the JA4's text; 0: unknown */
	uint64_t account;    /* keyed hash; 0: unknown */
	uint32_t duration_us;
	uint32_t tcp_rtt_us; /* 0: unknown */
	uint32_t tls_rtt_us; /* 0: unknown */
	uint16_t server_port;
	uint8_t syn_ttl; /* as received; 0: unknown */
	uint8_t flags;	 /* EXCHANGE_* */
};

#define EXCHANGE_LOWER_BOUND 0x01 /* several exchanges at once: this is at least one */

/* The log's header line, without line end (DESIGN section 7). */
extern const char exchange_csv_header[];
/* Room for any row, with its NUL: two names, quoted, and ten numbers. */
#define EXCHANGE_LINE_MAX 1024

/*
 * Parses one row without line end (RFC 4180 quoting; the row is modified). Names met go into names.
 * syn_sig's ttl+distance is split off: the stack leaves it out, syn_ttl keeps the TTL received.
 * A stack or account that is known by its number alone stands as "#" and 16 hexadecimal digits. A
 * connection or account of another form is an opaque text and becomes a hash, so that equal texts
 * stay equal. Only time_ns and source must be there; a number is decimal digits.
 * 0, -ENOMEM, or -EINVAL with *why set to a constant text such as "bytes_up is not a number".
 */
int exchange_parse_csv(char *line, struct stack_names *names, struct exchange *out,
		       const char **why);
/* Writes one row without line end. names may be NULL. Flags have no column. Returns its length, or
 * -ENOSPC. */
int exchange_format_csv(const struct exchange *exchange, const struct stack_names *names,
			char *line, size_t line_size);
