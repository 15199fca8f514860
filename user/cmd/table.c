/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */

/* Rows of text into an aligned table. */

#include "cmd/table.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define CELL_TEXT_MAX 256
#define COLUMN_GAP "  "

struct cell {
	char *text;
	enum table_colour colour;
};

struct table {
	const struct table_column *columns;
	size_t column_count;
	struct cell *cells;
	size_t count, size;
};

struct table *table_new(const struct table_column *columns, size_t column_count)
{
	struct table *table = calloc(1, sizeof(*table));

	if (!table)
		return NULL;
	table->columns = columns;
	table->column_count = column_count;
	return table;
}

static char *text_clean(const char *text)
{
	char *copy = strdup(text);

	for (char *c = copy; c && *c; c++) {
		if ((unsigned char)*c < ' ' || *c == 0x7f)
			*c = '?';
	}
	return copy;
}

void table_add(struct table *table, const char *text)
{
	if (!table)
		return;
	if (table->count == table->size) {
		size_t size = table->size ? table->size * 2 : 64;
		struct cell *cells = realloc(table->cells, size * sizeof(*cells));

		if (!cells)
			return;
		table->cells = cells;
		table->size = size;
	}
	table->cells[table->count++] = (struct cell){ .text = text_clean(text) };
}

void table_add_format(struct table *table, const char *format, ...)
{
	char text[CELL_TEXT_MAX];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	table_add(table, text);
}

void table_colour(struct table *table, enum table_colour colour)
{
	if (table && table->count)
		table->cells[table->count - 1].colour = colour;
}

size_t table_rows(const struct table *table)
{
	return table ? table->count / table->column_count : 0;
}

static const char *cell_text(const struct cell *cell)
{
	return cell->text ? cell->text : "";
}

/* Characters, not bytes: names may hold UTF-8. */
static int text_width(const char *text)
{
	int width = 0;

	for (; *text; text++)
		width += (*text & 0xc0) != 0x80;
	return width;
}

static void widths_measure(const struct table *table, int widths[TABLE_COLUMNS_MAX])
{
	for (size_t i = 0; i < table->column_count; i++)
		widths[i] = text_width(table->columns[i].title);
	for (size_t i = 0; i < table->count; i++) {
		int width = text_width(cell_text(&table->cells[i]));
		int *widest = &widths[i % table->column_count];

		if (width > *widest)
			*widest = width;
	}
}

static void cell_print(FILE *out, const struct table_column *column, const char *text, int width,
		       bool is_last)
{
	int pad = width - text_width(text);

	if (column->align == TABLE_RIGHT)
		fprintf(out, "%*s%s", pad, "", text);
	else
		fprintf(out, "%s%*s", text, is_last ? 0 : pad, "");
	if (!is_last)
		fputs(COLUMN_GAP, out);
}

void table_print(const struct table *table, FILE *out, bool is_coloured)
{
	int widths[TABLE_COLUMNS_MAX];
	size_t columns;

	if (!table)
		return;
	columns = table->column_count;
	widths_measure(table, widths);
	fputs(colour_start(TABLE_BOLD, is_coloured), out);
	for (size_t i = 0; i < columns; i++)
		cell_print(out, &table->columns[i], table->columns[i].title, widths[i],
			   i + 1 == columns);
	fprintf(out, "%s\n", colour_end(is_coloured));
	for (size_t i = 0; i < table->count; i++) {
		const struct cell *cell = &table->cells[i];
		size_t column = i % columns;
		bool is_painted = is_coloured && cell->colour != TABLE_PLAIN;

		fputs(colour_start(cell->colour, is_painted), out);
		cell_print(out, &table->columns[column], cell_text(cell), widths[column],
			   column + 1 == columns);
		fputs(colour_end(is_painted), out);
		if (column + 1 == columns)
			fputc('\n', out);
	}
}

void table_free(struct table *table)
{
	if (!table)
		return;
	for (size_t i = 0; i < table->count; i++)
		free(table->cells[i].text);
	free(table->cells);
	free(table);
}

bool colour_is_wanted(FILE *out)
{
	const char *refused = getenv("NO_COLOR");
	const char *terminal = getenv("TERM");

	return isatty(fileno(out)) && !(refused && refused[0]) &&
	       !(terminal && !strcmp(terminal, "dumb"));
}

const char *colour_start(enum table_colour colour, bool is_coloured)
{
	static const char *const starts[] = {
		[TABLE_PLAIN] = "",	  [TABLE_BOLD] = "\033[1m",    [TABLE_DIM] = "\033[2m",
		[TABLE_RED] = "\033[31m", [TABLE_YELLOW] = "\033[33m", [TABLE_GREEN] = "\033[32m",
	};

	return is_coloured ? starts[colour] : "";
}

const char *colour_end(bool is_coloured)
{
	return is_coloured ? "\033[0m" : "";
}
