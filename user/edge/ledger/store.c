/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */

/* Turns writes into transactions that are done again when the disk failed, and queries into rows. */

#include "edge/ledger/store.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "edge/ledger.h"
#include "edge/ledger/database.h"
#include "edge/log.h"

#define CELL_BYTES_MAX (64u << 20) /* far above any blob, far below SQLite's limit */

static const struct {
	const char *sql;
	bool is_summed;
} statement_table[] = {
#define X(name, sql, is_summed) { sql, is_summed },
	LEDGER_STATEMENTS(X)
#undef X
};

int ledger_prepare(struct ledger *ledger)
{
	for (size_t i = 0; i < STATEMENT_COUNT; i++) {
		int result =
			sqlite3_prepare_v3(ledger->db, statement_table[i].sql, -1,
					   SQLITE_PREPARE_PERSISTENT, &ledger->statements[i], NULL);

		if (result != SQLITE_OK)
			return database_error(ledger->db, result);
	}
	return 0;
}

static int cell_bind(sqlite3_stmt *statement, int at, const struct cell *cell)
{
	switch (cell->type) {
	case CELL_NUMBER:
		return sqlite3_bind_int64(statement, at, (sqlite3_int64)cell->number);
	case CELL_TEXT:
		return sqlite3_bind_text(statement, at, cell->data, (int)cell->len, SQLITE_STATIC);
	default:
		return sqlite3_bind_blob(statement, at, cell->data, (int)cell->len, SQLITE_STATIC);
	}
}

static int statement_run(struct ledger *ledger, uint8_t which, const struct cell *cells,
			 size_t count)
{
	sqlite3_stmt *statement = ledger->statements[which];
	int result = SQLITE_OK;

	for (size_t i = 0; result == SQLITE_OK && i < count; i++)
		result = cell_bind(statement, (int)i + 1, &cells[i]);
	if (result == SQLITE_OK && statement_table[which].is_summed)
		result = sqlite3_bind_int64(statement, (int)count + 1, cells_sum(cells, count));
	if (result == SQLITE_OK)
		result = sqlite3_step(statement);
	sqlite3_reset(statement);
	sqlite3_clear_bindings(statement);
	return database_error(ledger->db, result);
}

/* ---- transactions ---------------------------------------------------------------------------- */

static int failure_note(struct ledger *ledger, int error)
{
	if (ledger->is_writable)
		log_error(
			"ledger %s cannot be written: %s; changes stay in memory, weir goes on trying",
			ledger->path, strerror(-error));
	ledger->is_writable = false;
	ledger->last_failure = error;
	return error;
}

static void success_note(struct ledger *ledger)
{
	if (!ledger->is_writable)
		log_info("ledger %s can be written again", ledger->path);
	ledger->is_writable = true;
}

static int transaction_end(struct ledger *ledger, int error)
{
	if (!error)
		error = database_error(ledger->db,
				       sqlite3_exec(ledger->db, "COMMIT", NULL, NULL, NULL));
	/* SQLite may have rolled back by itself. */
	if (error && !sqlite3_get_autocommit(ledger->db))
		sqlite3_exec(ledger->db, "ROLLBACK", NULL, NULL, NULL);
	ledger->is_begun = false;
	ledger->failure = 0;
	if (error)
		return failure_note(ledger, error);
	journal_reset(&ledger->journal);
	success_note(ledger);
	return 0;
}

static int transaction_start(struct ledger *ledger)
{
	int error = database_error(ledger->db,
				   sqlite3_exec(ledger->db, "BEGIN IMMEDIATE", NULL, NULL, NULL));

	if (error)
		return failure_note(ledger, error);
	ledger->is_begun = true;
	ledger->failure = 0;
	return 0;
}

/* Does again what failed before. */
static int journal_replay(struct ledger *ledger)
{
	struct cell cells[CELLS_MAX];
	uint8_t statement;
	size_t count, at = 0;
	int error = transaction_start(ledger);

	if (error)
		return error;
	while (!error && journal_next(&ledger->journal, &at, &statement, cells, &count))
		error = statement_run(ledger, statement, cells, count);
	return transaction_end(ledger, error);
}

int ledger_begin(struct ledger *ledger)
{
	int error = ledger->is_begun ? -EINVAL : 0;

	if (!error && ledger->journal.len)
		error = journal_replay(ledger);
	if (!error)
		error = transaction_start(ledger);
	return error;
}

int ledger_commit(struct ledger *ledger)
{
	return ledger->is_begun ? transaction_end(ledger, ledger->failure) : -EINVAL;
}

void ledger_rollback(struct ledger *ledger)
{
	if (!ledger->is_begun)
		return;
	if (!sqlite3_get_autocommit(ledger->db))
		sqlite3_exec(ledger->db, "ROLLBACK", NULL, NULL, NULL);
	ledger->is_begun = false;
	ledger->failure = 0;
	journal_reset(&ledger->journal);
}

/* ---- writes and reads ------------------------------------------------------------------------ */

static int transaction_write(struct ledger *ledger, uint8_t statement, const struct cell *cells,
			     size_t count)
{
	int error = journal_add(&ledger->journal, statement, cells, count);

	/* What the journal cannot hold must not be half of a transaction. */
	if (!ledger->failure)
		ledger->failure = error ? error : statement_run(ledger, statement, cells, count);
	return ledger->failure;
}

int ledger_write(struct ledger *ledger, enum ledger_statement statement, const struct cell *cells,
		 size_t count)
{
	int error, end;

	for (size_t i = 0; i < count; i++)
		if (cells[i].len > CELL_BYTES_MAX)
			return -EFBIG;
	if (ledger->is_begun)
		return transaction_write(ledger, (uint8_t)statement, cells, count);
	/* Behind what waits already: to try all of it again for each of a million writes would take for ever. */
	error = ledger->journal.len ? ledger->last_failure : ledger_begin(ledger);
	if (error) {
		int kept = journal_add(&ledger->journal, (uint8_t)statement, cells, count);

		return kept ? kept : error;
	}
	error = transaction_write(ledger, (uint8_t)statement, cells, count);
	end = ledger_commit(ledger);
	return error ? error : end;
}

static void row_take(sqlite3_stmt *statement, struct cell *row, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		int column = (int)i;

		switch (sqlite3_column_type(statement, column)) {
		case SQLITE_INTEGER:
			row[i] = cell_number((uint64_t)sqlite3_column_int64(statement, column));
			break;
		case SQLITE_BLOB:
			row[i] = cell_bytes(sqlite3_column_blob(statement, column),
					    (size_t)sqlite3_column_bytes(statement, column));
			break;
		default:
			row[i] = cell_text((const char *)sqlite3_column_text(statement, column));
		}
	}
}

static int rows_visit(sqlite3_stmt *statement, const struct ledger_query *query, size_t *damaged,
		      int *result)
{
	size_t count = (size_t)sqlite3_column_count(statement);

	while ((*result = sqlite3_step(statement)) == SQLITE_ROW) {
		struct cell row[CELLS_MAX];
		int stop;

		row_take(statement, row, count);
		if (row[count - 1].number != cells_sum(row, count - 1)) {
			(*damaged)++;
			continue;
		}
		stop = query->fn(row, query->arg);
		if (stop)
			return stop;
	}
	return 0;
}

int ledger_read(struct ledger *ledger, const struct ledger_query *query)
{
	sqlite3_stmt *statement;
	size_t damaged = 0;
	int stop = 0;
	int result = sqlite3_prepare_v2(ledger->db, query->sql, -1, &statement, NULL);

	for (size_t i = 0; result == SQLITE_OK && i < query->bind_count; i++)
		result = cell_bind(statement, (int)i + 1, &query->binds[i]);
	if (result == SQLITE_OK)
		stop = rows_visit(statement, query, &damaged, &result);
	sqlite3_finalize(statement);
	if (damaged)
		log_error("ledger %s: %zu damaged rows are left out of \"%s\"", ledger->path,
			  damaged, query->sql);
	if (stop)
		return stop;
	if (database_error(ledger->db, result))
		log_error("ledger %s cannot be read: %s", ledger->path, sqlite3_errmsg(ledger->db));
	return database_error(ledger->db, result);
}
