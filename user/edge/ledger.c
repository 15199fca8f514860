/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */

/* Turns what must survive a restart into rows of SQLite, and rows back into it. */

#include "edge/ledger.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "edge/ledger/database.h"
#include "edge/ledger/store.h"
#include "edge/log.h"

/* ---- open and close -------------------------------------------------------------------------- */

static void ledger_free(struct ledger *ledger)
{
	for (size_t i = 0; i < STATEMENT_COUNT; i++)
		sqlite3_finalize(ledger->statements[i]);
	sqlite3_close(ledger->db);
	journal_clear(&ledger->journal);
	free(ledger->path);
	free(ledger);
}

int ledger_open(const char *path, struct ledger **out, enum ledger_state *state)
{
	struct ledger *ledger = calloc(1, sizeof(*ledger));
	enum ledger_state how;
	int error;

	if (!ledger)
		return -ENOMEM;
	ledger->is_writable = true;
	ledger->path = strdup(path);
	error = ledger->path ? database_open(path, &ledger->db, &how) : -ENOMEM;
	if (!error) {
		error = ledger_prepare(ledger);
		if (error)
			log_error("cannot use ledger %s: %s", path, sqlite3_errmsg(ledger->db));
	}
	if (error) {
		ledger_free(ledger);
		return error;
	}
	*out = ledger;
	*state = how;
	return 0;
}

void ledger_close(struct ledger *ledger)
{
	if (!ledger)
		return;
	ledger_rollback(ledger);
	/* A last try for what failed before. */
	if (ledger->journal.len && !ledger_begin(ledger))
		ledger_commit(ledger);
	if (ledger->journal.len)
		log_error("ledger %s: %zu bytes of changes could not be saved", ledger->path,
			  ledger->journal.len);
	ledger_free(ledger);
}

bool ledger_is_writable(const struct ledger *ledger)
{
	return ledger->is_writable;
}

/* ---- blobs ------------------------------------------------------------------------------------ */

int ledger_put(struct ledger *ledger, int kind, const char *key, const void *data, size_t len)
{
	struct cell cells[] = { cell_number((uint64_t)kind), cell_text(key),
				cell_bytes(data, len) };

	if (len)
		return ledger_write(ledger, STATEMENT_BLOB_PUT, cells, 3);
	return ledger_write(ledger, STATEMENT_BLOB_DELETE, cells, 2);
}

struct blob_visit {
	int (*fn)(const char *key, const void *data, size_t len, void *arg);
	void *arg;
};

static int blob_visit(const struct cell *row, void *arg)
{
	const struct blob_visit *visit = arg;

	return visit->fn(row[1].data, row[2].data, row[2].len, visit->arg);
}

int ledger_each(struct ledger *ledger, int kind,
		int (*fn)(const char *key, const void *data, size_t len, void *arg), void *arg)
{
	struct blob_visit visit = { fn, arg };
	struct ledger_query query = {
		.sql = "SELECT kind, key, data, sum FROM blob WHERE kind = ? ORDER BY key",
		.binds = { cell_number((uint64_t)kind) },
		.bind_count = 1,
		.fn = blob_visit,
		.arg = &visit,
	};

	return ledger_read(ledger, &query);
}

/* ---- rules ------------------------------------------------------------------------------------ */

static int rule_write(struct ledger *ledger, const struct rule *rule)
{
	char net[NET_TEXT_MAX] = "";
	struct cell cells[] = {
		cell_text(net),
		cell_number(rule->action == WEIR_ACTION_ALLOW),
		cell_number(rule->origin),
		cell_text(rule->list),
		cell_number(rule->action),
		cell_number(rule->limit_per_min),
		cell_number(rule->id),
		cell_number(rule->expires_unix_ns),
		cell_number(rule->created_unix_ns),
		cell_text(rule->reason),
		cell_text(rule->by),
	};

	net_format(&rule->net, net);
	cells[0] = cell_text(net);
	return ledger_write(ledger, STATEMENT_RULE_PUT, cells, sizeof(cells) / sizeof(cells[0]));
}

int ledger_put_rule(struct ledger *ledger, const struct rule *rule)
{
	return rule_write(ledger, rule);
}

int ledger_remove_rule(struct ledger *ledger, const struct rule *rule)
{
	char net[NET_TEXT_MAX];
	struct cell cells[4];

	net_format(&rule->net, net);
	cells[0] = cell_text(net);
	cells[1] = cell_number(rule->action == WEIR_ACTION_ALLOW);
	cells[2] = cell_number(rule->origin);
	cells[3] = cell_text(rule->list);
	return ledger_write(ledger, STATEMENT_RULE_DELETE, cells, 4);
}

int ledger_remove_expired(struct ledger *ledger, uint64_t now_unix_ns)
{
	struct cell cell = cell_number(now_unix_ns);

	return ledger_write(ledger, STATEMENT_RULES_EXPIRE, &cell, 1);
}

static int rules_write(struct ledger *ledger, uint8_t origin, const char *list,
		       const struct rule *rules, size_t count)
{
	struct cell cells[] = { cell_number(origin), cell_text(list) };
	int error = ledger_write(ledger, STATEMENT_RULES_DELETE, cells, 2);

	for (size_t i = 0; i < count; i++) {
		int written = rule_write(ledger, &rules[i]);

		error = error ? error : written;
	}
	return error;
}

int ledger_replace_rules(struct ledger *ledger, uint8_t origin, const char *list,
			 const struct rule *rules, size_t count)
{
	bool is_own = !ledger->is_begun;
	int error = is_own ? ledger_begin(ledger) : 0;
	int end = 0;

	/* Where begin failed, each write is kept for later. */
	is_own = is_own && !error;
	error = rules_write(ledger, origin, list, rules, count);
	if (is_own)
		end = ledger_commit(ledger);
	return error ? error : end;
}

struct rule_visit {
	int (*fn)(const struct rule *rule, void *arg);
	void *arg;
};

static int rule_visit(const struct cell *row, void *arg)
{
	const struct rule_visit *visit = arg;
	struct rule rule = {
		.origin = (uint8_t)row[2].number,
		.list = row[3].data,
		.action = (uint8_t)row[4].number,
		.limit_per_min = (uint16_t)row[5].number,
		.id = (uint32_t)row[6].number,
		.expires_unix_ns = row[7].number,
		.created_unix_ns = row[8].number,
		.reason = row[9].data,
		.by = row[10].data,
	};

	if (net_parse(row[0].data, &rule.net)) {
		log_error("the ledger's rule on \"%s\" is not on a net and left out",
			  (const char *)row[0].data);
		return 0;
	}
	return visit->fn(&rule, visit->arg);
}

int ledger_each_rule(struct ledger *ledger, int (*fn)(const struct rule *rule, void *arg),
		     void *arg)
{
	struct rule_visit visit = { fn, arg };
	struct ledger_query query = {
		.sql = "SELECT net, is_allow, origin, list, action, limit_per_min, id,"
		       " expires_unix_ns, created_unix_ns, reason, by, sum FROM rule",
		.fn = rule_visit,
		.arg = &visit,
	};

	return ledger_read(ledger, &query);
}

/* ---- values and stacks ------------------------------------------------------------------------ */

int ledger_set_value(struct ledger *ledger, const char *name, const char *value)
{
	struct cell cells[] = { cell_text(name), cell_text(value) };

	return ledger_write(ledger, STATEMENT_VALUE_PUT, cells, 2);
}

struct value_visit {
	char *value;
	size_t size;
	int error;
};

static int value_visit(const struct cell *row, void *arg)
{
	struct value_visit *visit = arg;

	visit->error = row[1].len < visit->size ? 0 : -ERANGE;
	if (!visit->error)
		memcpy(visit->value, row[1].data, row[1].len + 1);
	return 0;
}

int ledger_get_value(struct ledger *ledger, const char *name, char *value, size_t value_size)
{
	struct value_visit visit = { value, value_size, -ENOENT };
	struct ledger_query query = {
		.sql = "SELECT name, value, sum FROM value WHERE name = ?",
		.binds = { cell_text(name) },
		.bind_count = 1,
		.fn = value_visit,
		.arg = &visit,
	};
	int error = ledger_read(ledger, &query);

	return error ? error : visit.error;
}

int ledger_put_stack(struct ledger *ledger, uint64_t digest, const char *name)
{
	struct cell cells[] = { cell_number(digest), cell_text(name) };

	return ledger_write(ledger, STATEMENT_STACK_PUT, cells, 2);
}

struct stack_visit {
	int (*fn)(uint64_t digest, const char *name, void *arg);
	void *arg;
};

static int stack_visit(const struct cell *row, void *arg)
{
	const struct stack_visit *visit = arg;

	return visit->fn(row[0].number, row[1].data, visit->arg);
}

int ledger_each_stack(struct ledger *ledger,
		      int (*fn)(uint64_t digest, const char *name, void *arg), void *arg)
{
	struct stack_visit visit = { fn, arg };
	struct ledger_query query = {
		.sql = "SELECT digest, name, sum FROM stack",
		.fn = stack_visit,
		.arg = &visit,
	};

	return ledger_read(ledger, &query);
}
