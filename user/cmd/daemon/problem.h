/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#pragma once

/* What is wrong right now: since when, and what the operator can do about it. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PROBLEMS_MAX 64
#define PROBLEM_KEY_MAX 64

struct problem {
	char key[PROBLEM_KEY_MAX]; /* "attach eth0 XDP" */
	char what[256];		   /* "eth0: XDP is held by program foo (id 12)" */
	char advice[192];	   /* "remove it, or set `xdp: off`" */
	uint64_t since_unix_ns;
	bool is_notice; /* worth knowing, but weir works: no exit code 3 */
};

struct problems {
	struct problem rows[PROBLEMS_MAX];
	size_t count;
};

/* True when it is new (its text may change without being new). */
bool problem_set(struct problems *problems, const struct problem *problem);
/* True when it was there. */
bool problem_clear(struct problems *problems, const char *key);
const struct problem *problem_find(const struct problems *problems, const char *key);
bool problems_are_serious(const struct problems *problems);
