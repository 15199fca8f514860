/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#pragma once

/* The operator's words (allows, dismissals, confirmations) in a text file of their own,
 * state_dir/words.txt, so that a lost ledger cannot lose them: one line each, in the form of
 * core/word.h, written atomically (temp, fsync, rename). Lines that begin with "#" are kept.
 *   allow 192.0.2.0/24 until 2026-12-01T00:00:00Z by "uid 0" reason "office"
 *   dismiss f-7k3q at 2026-11-24T15:00:00Z members 192.0.2.7,192.0.2.9,...
 *   confirm f-7k3q ...
 */

#include <stddef.h>

#include "core/fleet.h"
#include "core/rule.h"

struct words;

/* A missing file is empty. Every broken line is logged as FILE:LINE: why; then -EINVAL, and the file
 * stays as it is. */
int words_open(const char *path, struct words **out);
void words_close(struct words *words);
/*
 * The functions that change something save at once. Where saving fails, they return its -errno; the change
 * holds in memory and goes to the file with the next save.
 */
/* Between these two, changes are saved once, at the end: a save waits for the disk, and a thousand of them would
 * hold up whoever calls for seconds. */
void words_hold(struct words *words);
int words_release(struct words *words);
/* Adds the allow, or updates the one of the same net and list. */
int words_put_allow(struct words *words, const struct rule *rule);
/* Many at once, saved once. */
int words_put_allows(struct words *words, const struct rule *rules, size_t count);
/* Removes the allow of exactly this net and list. -ENOENT */
int words_remove_allow(struct words *words, const struct net *net, const char *list);
/* Removes the allows whose time is over. */
int words_remove_expired(struct words *words, uint64_t now_unix_ns);
int words_each_allow(const struct words *words, int (*fn)(const struct rule *rule, void *arg),
		     void *arg);
/* The fleet's earlier judgement is replaced; FLEET_UNJUDGED removes it. */
int words_put_judgement(struct words *words, const struct fleet *fleet, enum fleet_word word);
/* members: so that a dismissed fleet can be known again under another id. */
int words_each_judgement(const struct words *words,
			 int (*fn)(const char *fleet_id, enum fleet_word word,
				   const struct net *members, size_t member_count, void *arg),
			 void *arg);
int words_save(struct words *words); /* 0 or -errno, logged */
