/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#pragma once

/* One value of a row, on its way into a table or out of it. */

#include <stddef.h>
#include <stdint.h>
#include <string.h>

enum cell_type {
	CELL_NUMBER,
	CELL_TEXT,
	CELL_BYTES
};

/* Columns of the widest table, and the row's checksum. */
#define CELLS_MAX 12

struct cell {
	enum cell_type type;
	uint64_t number;
	const void *data; /* text has its NUL, which len leaves out */
	size_t len;
};

static inline struct cell cell_number(uint64_t number)
{
	return (struct cell){ .type = CELL_NUMBER, .number = number };
}

static inline struct cell cell_text(const char *text)
{
	const char *data = text ? text : "";

	return (struct cell){ .type = CELL_TEXT, .data = data, .len = strlen(data) };
}

static inline struct cell cell_bytes(const void *data, size_t len)
{
	return (struct cell){ .type = CELL_BYTES, .data = data, .len = len };
}

/* CRC-32 of a row, that a flipped bit does not pass for a rule or a profile. */
uint32_t cells_sum(const struct cell *cells, size_t count);
