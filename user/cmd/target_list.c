/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */

/* Words of a command line and lines of files into targets, each knowing where it stood. */

#include "cmd/target_list.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "edge/lists.h"

#define STDIN_WORD "-"

static int row_add(struct target_list *list, const struct target *target)
{
	if (list->count == list->size) {
		size_t size = list->size ? list->size * 2 : 64;
		struct target *rows = realloc(list->rows, size * sizeof(*rows));

		if (!rows)
			return -ENOMEM;
		list->rows = rows;
		list->size = size;
	}
	list->rows[list->count++] = *target;
	return 0;
}

static void unreadable(struct target_list *list, const char *name, int error)
{
	fprintf(stderr, "weir: %s: %s\n", name, strerror(error < 0 ? -error : error));
	list->is_unreadable = true;
}

static void file_take(struct target_list *list, const char *name, const struct list *from)
{
	for (size_t i = 0; i < from->problem_count; i++)
		fprintf(stderr, "%s:%u: %s\n", name, from->problems[i].line, from->problems[i].why);
	list->bad += from->problem_count;
	list->duplicates += from->duplicates;
	list->has_file = true;
	for (size_t i = 0; i < from->count; i++) {
		struct target target = {
			.net = from->entries[i].net,
			.file = name,
			.line = from->entries[i].line,
		};

		if (row_add(list, &target)) {
			unreadable(list, name, ENOMEM);
			return;
		}
	}
}

static void file_add(struct target_list *list, const char *path)
{
	bool is_stdin = !strcmp(path, STDIN_WORD);
	FILE *in = is_stdin ? stdin : fopen(path, "re");
	struct list read = { 0 };
	int error;

	if (!in) {
		unreadable(list, path, errno);
		return;
	}
	error = list_read(in, path, &read);
	if (!is_stdin)
		fclose(in);
	if (error) {
		unreadable(list, path, error);
		return;
	}
	file_take(list, path, &read);
	list_clear(&read);
}

static const char *word_problem(int error)
{
	return error == -ERANGE ? "the prefix length is too large" :
	       error == -EDOM	? "bits are set beyond the prefix length" :
				  "not an address, a CIDR or a file";
}

void target_list_add(struct target_list *list, const char *word, bool is_file_wanted)
{
	struct target target = { 0 };
	int error;

	if (is_file_wanted || !strcmp(word, STDIN_WORD)) {
		file_add(list, word);
		return;
	}
	error = net_parse(word, &target.net);
	if (!error) {
		if (row_add(list, &target))
			unreadable(list, word, ENOMEM);
		return;
	}
	if (error == -EINVAL && access(word, F_OK) == 0) {
		file_add(list, word);
		return;
	}
	fprintf(stderr, "weir: %s: %s\n", word, word_problem(error));
	list->bad++;
}

json_t *target_list_json(const struct target_list *list)
{
	json_t *array = json_array();

	for (size_t i = 0; i < list->count; i++) {
		char text[NET_TEXT_MAX];

		net_format(&list->rows[i].net, text);
		json_array_append_new(array, json_string(text));
	}
	return array;
}

void target_list_place(const struct target_list *list, const char *target, char *place,
		       size_t place_size)
{
	struct net net;

	place[0] = 0;
	if (net_parse(target, &net))
		return;
	for (size_t i = 0; i < list->count; i++) {
		const struct target *row = &list->rows[i];

		if (!row->file || net_compare(&row->net, &net))
			continue;
		snprintf(place, place_size, "%s:%u: ", row->file, row->line);
		return;
	}
}

void target_list_clear(struct target_list *list)
{
	free(list->rows);
	memset(list, 0, sizeof(*list));
}
