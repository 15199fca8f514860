/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#pragma once

/* Rows of text into an aligned table. */

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

enum table_align {
	TABLE_LEFT,
	TABLE_RIGHT
};
enum table_colour {
	TABLE_PLAIN,
	TABLE_BOLD,
	TABLE_DIM,
	TABLE_RED,
	TABLE_YELLOW,
	TABLE_GREEN
};

struct table_column {
	const char *title;
	enum table_align align;
};

#define TABLE_COLUMNS_MAX 16

struct table;

/* columns must outlive the table. NULL on ENOMEM, which every function below takes in its stride. */
struct table *table_new(const struct table_column *columns, size_t column_count);
/* Adds the next cell; a row is full after column_count cells. Control bytes become '?'. */
void table_add(struct table *table, const char *text);
void table_add_format(struct table *table, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
void table_colour(struct table *table, enum table_colour colour); /* of the cell just added */
size_t table_rows(const struct table *table);
void table_print(const struct table *table, FILE *out, bool is_coloured);
void table_free(struct table *table);

/* A terminal, and NO_COLOR (no-color.org) is not set. */
bool colour_is_wanted(FILE *out);
const char *colour_start(enum table_colour colour, bool is_coloured);
const char *colour_end(bool is_coloured);
