/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#pragma once

/* What must survive a restart, in SQLite (WAL): engine blobs, rules, plan memory, stack names. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/rule.h"

struct ledger;

/* How a ledger was opened. */
enum ledger_state {
	LEDGER_RESUMED,	  /* an existing one */
	LEDGER_FRESH,	  /* there was none */
	LEDGER_SET_ASIDE, /* the old one was corrupt: renamed to ledger.db.corrupt-<UTC time>, never
			     deleted; a fresh one is used */
};

/*
 * path: state_dir/ledger.db, made with mode 0600. Checks integrity (quick_check) and schema version. 0 or
 * -errno with a log line: -EPROTO a newer schema (nothing is touched), -EBUSY another process holds it.
 */
int ledger_open(const char *path, struct ledger **out, enum ledger_state *state);
void ledger_close(struct ledger *ledger);

/*
 * Everything between begin and commit is one transaction. A write outside of one is a transaction of
 * its own.
 *
 * A transaction that fails, -ENOSPC on a full disk, is logged once until writing works again, and its writes are
 * kept in memory: the next begin first tries these again. While that fails begin returns the same error, so that
 * a caller who then leaves its changes where they are loses nothing; a single write is kept behind them, untried.
 * A file that somebody else has locked counts as one that cannot be written, after some milliseconds. Beyond 256 MiB of such writes, new ones are refused with -EFBIG.
 */
int ledger_begin(struct ledger *ledger);
int ledger_commit(struct ledger *ledger);
void ledger_rollback(struct ledger *ledger); /* forgets the transaction's writes */

/* Opaque blobs by kind and key; len 0 deletes. */
int ledger_put(struct ledger *ledger, int kind, const char *key, const void *data, size_t len);
/* Calls fn for each, by key, until it returns non-zero, which is then returned. What fn is given is valid
 * until it returns. A damaged row is left out and logged; so in all the readers below. */
int ledger_each(struct ledger *ledger, int kind,
		int (*fn)(const char *key, const void *data, size_t len, void *arg), void *arg);

/* Rules with their wall-clock expiry, so that they survive a reboot. */
int ledger_put_rule(struct ledger *ledger, const struct rule *rule);
int ledger_remove_rule(struct ledger *ledger, const struct rule *rule);
/* Deletes every rule that had expired at this time. */
int ledger_remove_expired(struct ledger *ledger, uint64_t now_unix_ns);
int ledger_each_rule(struct ledger *ledger, int (*fn)(const struct rule *rule, void *arg),
		     void *arg);
/* Replaces all stored rules of one origin and list in one statement set. */
int ledger_replace_rules(struct ledger *ledger, uint8_t origin, const char *list,
			 const struct rule *rules, size_t count);

/* Small named values: "mode", "seed", "created_unix_ns", "hash_key". -ENOENT; -ERANGE: value_size. */
int ledger_set_value(struct ledger *ledger, const char *name, const char *value);
int ledger_get_value(struct ledger *ledger, const char *name, char *value, size_t value_size);
/* Names of stacks. */
int ledger_put_stack(struct ledger *ledger, uint64_t digest, const char *name);
int ledger_each_stack(struct ledger *ledger,
		      int (*fn)(uint64_t digest, const char *name, void *arg), void *arg);
/* True when the last write worked. */
bool ledger_is_writable(const struct ledger *ledger);
