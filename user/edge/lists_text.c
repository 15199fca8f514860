/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "edge/lists_input.h"

/* Turns lines (plain lists with comments and columns, and what `ipset save` writes) into entries. */

#include <errno.h>
#include <string.h>

struct line {
	const char *text;
	size_t len;
	unsigned number;
};

/* Takes the next line off the input, without its end; false: there is none. */
static bool line_next(const struct list_input *input, struct line *line)
{
	const char *end = input->text + input->len;
	const char *start = line->number ? line->text + line->len + 1 : input->text;
	const char *newline;

	if (start >= end)
		return false;
	newline = memchr(start, '\n', (size_t)(end - start));
	line->text = start;
	line->len = (size_t)((newline ? newline : end) - start);
	line->number++;
	return true;
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

static struct line line_trim(struct line line)
{
	while (line.len && is_blank(line.text[0]))
		line.text++, line.len--;
	while (line.len && is_blank(line.text[line.len - 1]))
		line.len--;
	return line;
}

/* Without its comment and the blanks around it. */
static struct line line_content(struct line line)
{
	for (size_t i = 0; i < line.len; i++)
		if (line.text[i] == '#' || line.text[i] == ';')
			line.len = i;
	return line_trim(line);
}

/* Takes the next column off the rest; columns stand between tabs and commas. */
static struct line column_next(struct line *rest)
{
	struct line column = *rest;
	size_t len = 0;

	while (len < rest->len && rest->text[len] != '\t' && rest->text[len] != ',')
		len++;
	column.len = len;
	len += len < rest->len;
	rest->text += len;
	rest->len -= len;
	return line_trim(column);
}

/* Takes the first column that is a net. */
static void plain_line(struct list_input *input, struct line line, bool is_first)
{
	struct line rest = line, first = column_next(&rest), column = first;
	bool has_columns = rest.len > 0;

	while (list_try_token(input, column.text, column.len, line.number)) {
		if (rest.len == 0) {
			/* The head of a table. */
			if (!is_first || !has_columns)
				list_add_token(input, first.text, first.len, line.number);
			return;
		}
		column = column_next(&rest);
	}
}

static bool word_is(struct line word, const char *text)
{
	return word.len == strlen(text) && memcmp(word.text, text, word.len) == 0;
}

static struct line word_next(struct line *rest)
{
	struct line word = *rest = line_trim(*rest);

	word.len = 0;
	while (word.len < rest->len && !is_blank(rest->text[word.len]))
		word.len++;
	rest->text += word.len;
	rest->len -= word.len;
	return word;
}

/* "add NAME ENTRY [timeout N] [nomatch] ..." */
static void ipset_line(struct list_input *input, struct line line)
{
	struct line rest = line, word = word_next(&rest), entry;

	if (word_is(word, "create") || word_is(word, "-N"))
		return;
	if (!word_is(word, "add") && !word_is(word, "-A")) {
		list_complain(input, line.number, "'%.*s' is not a line of ipset save",
			      (int)(word.len < 40 ? word.len : 40), word.text);
		return;
	}
	word = word_next(&rest);
	if (word_is(word, "-exist"))
		word_next(&rest);
	entry = word_next(&rest);
	for (word = word_next(&rest); word.len; word = word_next(&rest))
		if (word_is(word, "nomatch")) {
			list_complain(input, line.number, "an exception (nomatch) is not a net");
			return;
		} else if (word_is(word, "comment")) {
			break;
		}
	if (memchr(entry.text, ',', entry.len))
		list_complain(input, line.number, "'%.*s' is more than an address",
			      (int)(entry.len < 60 ? entry.len : 60), entry.text);
	else
		list_add_token(input, entry.text, entry.len, line.number);
}

static bool is_ipset(struct line line)
{
	struct line word = word_next(&line);

	return word_is(word, "create") || word_is(word, "add") || word_is(word, "-N") ||
	       word_is(word, "-A");
}

void list_read_text(struct list_input *input)
{
	struct line line = { .text = input->text };
	bool is_first = true, is_ipset_file = false;

	input->list.format = "plain";
	while (line_next(input, &line)) {
		struct line content = line_content(line);

		if (!content.len)
			continue;
		if (is_first && is_ipset(content)) {
			is_ipset_file = true;
			input->list.format = "ipset save";
		}
		if (is_ipset_file)
			ipset_line(input, content);
		else
			plain_line(input, content, is_first);
		is_first = false;
	}
}
