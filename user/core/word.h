/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#pragma once

/* One thing that the operator said, to and from its line in the text file of words. */

#include <stddef.h>
#include <stdint.h>

#include "core/fleet.h"
#include "core/rule.h"

enum word_kind {
	WORD_ALLOW,
	WORD_CONFIRM,
	WORD_DISMISS
};

struct word {
	enum word_kind kind;
	struct rule allow; /* of WORD_ALLOW; its texts are this word's own and never NULL */
	char fleet[FLEET_ID_MAX];
	uint64_t at_unix_ns; /* when it was said; 0: unknown */
	struct net *members; /* of the fleet, this word's own */
	size_t member_count;
};

/*
 * Parses one line without line end (modified), such as
 *   allow 192.0.2.0/24 until 2026-12-01T00:00:00Z at 2026-11-24T15:00:00Z by "uid 0" reason "office"
 *   dismiss f-7k3q at 2026-11-24T15:00:00Z members 192.0.2.7,192.0.2.9
 * 0, -ENOMEM, or -EINVAL with *why set to a constant text. The caller clears the word.
 */
int word_parse(char *line, struct word *out, const char **why);
/* The line, without line end, for the caller to free; NULL on ENOMEM. */
char *word_format(const struct word *word);
/* A word of its own with the rule's values; -ENOMEM. */
int word_of_allow(const struct rule *rule, struct word *out);
void word_clear(struct word *word);
