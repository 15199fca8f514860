/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#pragma once

/* What the readers of all formats share: growing a list, entry by entry and problem by problem. */

#include "edge/lists.h"

struct list_input {
	const char *text; /* the whole file, NUL after its end */
	size_t len;
	struct list list;
	size_t entry_room, problem_room;
	int err; /* -ENOMEM, once it has happened */
};

void list_add(struct list_input *input, const struct net *net, unsigned line);
void list_complain(struct list_input *input, unsigned line, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
/* "192.0.2.1", "[2001:db8::1]", quoted, CIDR, or a range. -EINVAL: none of these, nothing is added;
 * else it is added or complained of. */
int list_try_token(struct list_input *input, const char *token, size_t len, unsigned line);
/* As list_try_token, but complains also where the token is none of these. */
void list_add_token(struct list_input *input, const char *token, size_t len, unsigned line);

/* Read input->text and set input->list.format. */
void list_read_text(struct list_input *input);
void list_read_json(struct list_input *input);
