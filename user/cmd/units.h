/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#pragma once

/* Quantities as people read them: bytes, counts, spans of time, points in time. */

#include <stdint.h>

#define UNITS_TEXT_MAX 32

/* Each writes into text, which has room for UNITS_TEXT_MAX, and returns it. */
const char *units_bytes(double bytes, char *text);   /* "1.4 MB" (powers of 1000) */
const char *units_count(double count, char *text);   /* "12,345" below a million, then "1.2 M" */
const char *units_span(uint64_t ns, char *text);     /* "23h59m", "4.2 s", "80 ms" */
const char *units_micro(double us, char *text);	     /* "0.8 ms", "-" for unknown (0 or NAN) */
const char *units_utc(uint64_t unix_ns, char *text); /* "2026-05-01 12:00:07", "-" for 0 */
const char *units_iso(uint64_t unix_ns, char *text); /* "2026-05-01T12:00:07Z" */
const char *units_until(uint64_t unix_ns, uint64_t now_unix_ns, char *text); /* "23h59m", "never" */
