/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#pragma once

/* The open ledger: its database, its prepared writes, and the running transaction. */

#include <sqlite3.h>

#include "edge/ledger/journal.h"

/* X(NAME, SQL, whether the row's checksum is bound behind the cells) */
#define LEDGER_STATEMENTS(X)                                                                       \
	X(BLOB_PUT, "INSERT OR REPLACE INTO blob VALUES (?, ?, ?, ?)", true)                       \
	X(BLOB_DELETE, "DELETE FROM blob WHERE kind = ? AND key = ?", false)                       \
	X(RULE_PUT, "INSERT OR REPLACE INTO rule VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",     \
	  true)                                                                                    \
	X(RULE_DELETE,                                                                             \
	  "DELETE FROM rule WHERE net = ? AND is_allow = ? AND origin = ? AND list = ?", false)    \
	X(RULES_DELETE, "DELETE FROM rule WHERE origin = ? AND list = ?", false)                   \
	X(RULES_EXPIRE, "DELETE FROM rule WHERE expires_unix_ns > 0 AND expires_unix_ns <= ?",     \
	  false)                                                                                   \
	X(VALUE_PUT, "INSERT OR REPLACE INTO value VALUES (?, ?, ?)", true)                        \
	X(STACK_PUT, "INSERT OR REPLACE INTO stack VALUES (?, ?, ?)", true)

enum ledger_statement {
#define X(name, sql, is_summed) STATEMENT_##name,
	LEDGER_STATEMENTS(X)
#undef X
	STATEMENT_COUNT
};

struct ledger {
	char *path;
	sqlite3 *db;
	sqlite3_stmt *statements[STATEMENT_COUNT];
	struct journal journal; /* of the running transaction, or of failed ones */
	bool is_begun;
	bool is_writable; /* the last write worked */
	int failure;	  /* -errno of the running transaction */
	int last_failure; /* -errno of the last transaction that failed */
};

int ledger_prepare(struct ledger *ledger);
/* Does one write, in the running transaction or in one of its own. */
int ledger_write(struct ledger *ledger, enum ledger_statement statement, const struct cell *cells,
		 size_t count);
/* Runs a query whose last column is the row's checksum and calls fn for each whole row, until fn
 * returns non-zero, which is then returned. */
struct ledger_query {
	const char *sql;
	struct cell binds[2];
	size_t bind_count;
	int (*fn)(const struct cell *row, void *arg);
	void *arg;
};
int ledger_read(struct ledger *ledger, const struct ledger_query *query);
