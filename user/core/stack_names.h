/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#pragma once

/* The names behind the stacks of a log: digest to text, so that a stack can be shown. */

#include <stddef.h>
#include <stdint.h>

/* Longest name kept, with its NUL: a SYN signature of 40 option bytes and every quirk. */
#define STACK_NAME_MAX 320

struct stack_names;
struct stack_names *stack_names_new(void); /* NULL on ENOMEM */
void stack_names_free(struct stack_names *names);
/* At most so many names from then on; without it there is no limit. */
void stack_names_limit(struct stack_names *names, size_t max);
/* Remembers name under digest; returns 0, -ENOMEM, -ENOSPC at the limit, or -EINVAL for digest 0. The first name stays. */
int stack_names_put(struct stack_names *names, uint64_t digest, const char *name);
/* NULL: no name known. Valid until the table is freed. */
const char *stack_names_get(const struct stack_names *names, uint64_t digest);
/* Calls fn for each name, in the order in which they were put, until it returns non-zero, which is
 * then returned. */
int stack_names_each(const struct stack_names *names,
		     int (*fn)(uint64_t digest, const char *name, void *arg), void *arg);
/* FNV-1a of the text, mixed once more (Fowler, Noll, Vo; MurmurHash3's finalizer); never 0. */
uint64_t stack_name_digest(const char *name);
