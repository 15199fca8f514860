/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */

/* A list of what is wrong right now, by key. */

#include "cmd/daemon/problem.h"

#include <string.h>

static struct problem *row_find(struct problems *problems, const char *key)
{
	for (size_t i = 0; i < problems->count; i++) {
		if (!strcmp(problems->rows[i].key, key))
			return &problems->rows[i];
	}
	return NULL;
}

const struct problem *problem_find(const struct problems *problems, const char *key)
{
	return row_find((struct problems *)problems, key);
}

bool problem_set(struct problems *problems, const struct problem *problem)
{
	struct problem *row = row_find(problems, problem->key);
	uint64_t since_unix_ns = problem->since_unix_ns;
	bool is_new = !row;

	if (row)
		since_unix_ns = row->since_unix_ns;
	else if (problems->count < PROBLEMS_MAX)
		row = &problems->rows[problems->count++];
	else
		return false;
	*row = *problem;
	row->since_unix_ns = since_unix_ns;
	return is_new;
}

bool problem_clear(struct problems *problems, const char *key)
{
	struct problem *row = row_find(problems, key);
	size_t after;

	if (!row)
		return false;
	after = (size_t)(&problems->rows[problems->count] - (row + 1));
	memmove(row, row + 1, after * sizeof(*row));
	problems->count--;
	return true;
}

bool problems_are_serious(const struct problems *problems)
{
	for (size_t i = 0; i < problems->count; i++) {
		if (!problems->rows[i].is_notice)
			return true;
	}
	return false;
}
