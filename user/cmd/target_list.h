/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#pragma once

/* Words of a command line and lines of files into targets, each knowing where it stood. */

#include <stdbool.h>
#include <stddef.h>

#include <jansson.h>

#include "core/net.h"

struct target {
	struct net net;
	const char *file; /* NULL: the command line */
	unsigned line;
};

struct target_list {
	struct target *rows;
	size_t count, size;
	size_t bad;	    /* lines and words that are no nets: each said on standard error */
	size_t duplicates;  /* left out: the same net in the same file */
	bool has_file;	    /* of what files say, nets inside wider ones are merged */
	bool is_unreadable; /* a file could not be read: said */
};

/*
 * A word is an address or CIDR, else an existing file ("./10.0.0.1" names a file that looks like an address), or
 * "-", standard input. is_file_wanted: it is a file in any case.
 */
void target_list_add(struct target_list *list, const char *word, bool is_file_wanted);
/* The texts, for a request. */
json_t *target_list_json(const struct target_list *list);
/* Where this target stood, as "FILE:LINE: " or "". */
void target_list_place(const struct target_list *list, const char *target, char *place,
		       size_t place_size);
void target_list_clear(struct target_list *list);
