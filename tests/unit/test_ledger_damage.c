/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "edge/ledger.h"

/* A ledger that is not what it should be: newer, cut, flipped, another's, or none at all. */

#include <errno.h>

#include <sqlite3.h>

#include "scratch.h"

static char path[SCRATCH_PATH_MAX];

static int dir_make(void **state)
{
	int error = scratch_make(state);

	snprintf(path, sizeof(path), "%s/ledger.db", scratch_dir);
	return error;
}

static struct ledger *ledger_of(enum ledger_state want)
{
	struct ledger *ledger = NULL;
	enum ledger_state got;

	assert_int_equal(ledger_open(path, &ledger, &got), 0);
	assert_int_equal(got, want);
	return ledger;
}

/* What fn saw, as one text. */
struct seen {
	char text[4096];
	size_t count;
};

static int blob_see(const char *key, const void *data, size_t len, void *arg)
{
	struct seen *seen = arg;
	size_t used = strlen(seen->text);

	snprintf(seen->text + used, sizeof(seen->text) - used, "%s=%.*s;", key, (int)len,
		 (const char *)data);
	seen->count++;
	return 0;
}

static void assert_blobs(struct ledger *ledger, int kind, const char *want)
{
	struct seen seen = { 0 };

	assert_int_equal(ledger_each(ledger, kind, blob_see, &seen), 0);
	assert_string_equal(seen.text, want);
}

static void put(struct ledger *ledger, const char *key, const char *data)
{
	assert_int_equal(ledger_put(ledger, 0, key, data, strlen(data)), 0);
}

/* ---- files that are not what they should be -------------------------------------------------- */

static void sql_run(const char *sql)
{
	sqlite3 *db;

	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
	sqlite3_close(db);
}

static void a_newer_schema_is_refused_and_nothing_is_touched(void **state)
{
	static uint8_t before[1 << 20], after[1 << 20];
	enum ledger_state how = LEDGER_SET_ASIDE;
	struct ledger *ledger = ledger_of(LEDGER_FRESH);
	char found[SCRATCH_PATH_MAX];
	size_t len;

	(void)state;
	put(ledger, "a", "one");
	ledger_close(ledger);
	sql_run("PRAGMA user_version = 99");
	len = scratch_read(path, before, sizeof(before));
	ledger = NULL;
	assert_int_equal(ledger_open(path, &ledger, &how), -EPROTO);
	assert_null(ledger);
	assert_int_equal(how, LEDGER_SET_ASIDE);
	assert_int_equal(scratch_read(path, after, sizeof(after)), len);
	assert_memory_equal(before, after, len);
	assert_int_equal(scratch_count("ledger", found), 1);
}

static void a_file_that_is_no_ledger_is_kept_under_a_new_name(void **state)
{
	static const struct {
		const char *bytes;
		size_t len;
	} rows[] = {
		{ "garbage", 7 },
		{ "SQLite format 3", 16 },
		{ "this is a longer text than the header of a database, so that it is read as one, "
		  "and refused as none of ours",
		  107 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		uint8_t kept[256];
		char found[SCRATCH_PATH_MAX];
		struct ledger *ledger;

		scratch_write(path, rows[i].bytes, rows[i].len);
		ledger = ledger_of(LEDGER_SET_ASIDE);
		put(ledger, "a", "one");
		assert_blobs(ledger, 0, "a=one;");
		ledger_close(ledger);
		assert_int_equal(scratch_count("ledger.db.corrupt-20", found), 1);
		assert_int_equal(scratch_read(found, kept, sizeof(kept)), rows[i].len);
		assert_memory_equal(kept, rows[i].bytes, rows[i].len);
		assert_int_equal(unlink(found), 0);
	}
}

static void two_damaged_files_in_one_second_are_both_kept(void **state)
{
	char found[SCRATCH_PATH_MAX];

	(void)state;
	for (int i = 0; i < 3; i++) {
		scratch_write(path, "garbage", 7);
		ledger_close(ledger_of(LEDGER_SET_ASIDE));
	}
	assert_int_equal(scratch_count("ledger.db.corrupt-20", found), 3);
}

static void the_database_of_another_program_is_set_aside(void **state)
{
	char found[SCRATCH_PATH_MAX];

	(void)state;
	sql_run("CREATE TABLE bookmark (url TEXT); PRAGMA application_id = 7");
	ledger_close(ledger_of(LEDGER_SET_ASIDE));
	assert_int_equal(scratch_count("ledger.db.corrupt-20", found), 1);
}

static void a_ledger_without_one_of_its_tables_is_set_aside(void **state)
{
	(void)state;
	ledger_close(ledger_of(LEDGER_FRESH));
	sql_run("DROP TABLE stack");
	ledger_close(ledger_of(LEDGER_SET_ASIDE));
}

static void a_log_without_its_database_is_kept(void **state)
{
	char found[SCRATCH_PATH_MAX], name[SCRATCH_PATH_MAX + 8];

	(void)state;
	snprintf(name, sizeof(name), "%s-wal", path);
	scratch_write(name, "something that was not yet in the database", 42);
	ledger_close(ledger_of(LEDGER_SET_ASIDE));
	/* The empty database and its log. */
	assert_int_equal(scratch_count("ledger.db.corrupt-20", found), 2);
}

static void rows_make(void)
{
	struct ledger *ledger = ledger_of(LEDGER_FRESH);

	assert_int_equal(ledger_begin(ledger), 0);
	for (int i = 0; i < 200; i++) {
		char key[16], data[128];

		snprintf(key, sizeof(key), "k%03d", i);
		snprintf(data, sizeof(data), "data of %s, data of %s, data of %s", key, key, key);
		put(ledger, key, data);
	}
	assert_int_equal(ledger_commit(ledger), 0);
	ledger_close(ledger);
}

static int row_must_be_whole(const char *key, const void *data, size_t len, void *arg)
{
	char want[128];
	size_t *count = arg;

	snprintf(want, sizeof(want), "data of %s, data of %s, data of %s", key, key, key);
	assert_int_equal(len, strlen(want));
	assert_memory_equal(data, want, len);
	(*count)++;
	return 0;
}

/* Opens what is there: whatever is read must be true. Returns the number of rows. */
static size_t ledger_survives(bool *is_set_aside)
{
	struct ledger *ledger = NULL;
	enum ledger_state how;
	size_t count = 0;

	assert_int_equal(ledger_open(path, &ledger, &how), 0);
	*is_set_aside = how == LEDGER_SET_ASIDE;
	ledger_each(ledger, 0, row_must_be_whole, &count);
	ledger_close(ledger);
	return count;
}

static void a_ledger_cut_short_gives_no_wrong_row(void **state)
{
	static uint8_t whole[1 << 20];
	size_t len;
	bool is_set_aside;

	(void)state;
	rows_make();
	len = scratch_read(path, whole, sizeof(whole));
	assert_in_range(len, 16384, sizeof(whole) - 1);
	for (size_t cut = 1; cut < len; cut += 1777) {
		assert_int_equal(scratch_empty(), 0);
		scratch_write(path, whole, cut);
		ledger_survives(&is_set_aside);
		assert_true(is_set_aside);
	}
}

static void flipped_bytes_give_no_wrong_row(void **state)
{
	static uint8_t whole[1 << 20];
	size_t len, set_aside = 0, left_out = 0;

	(void)state;
	rows_make();
	len = scratch_read(path, whole, sizeof(whole));
	for (size_t at = 0; at < len; at += at < 100 ? 1 : 211) {
		uint8_t was = whole[at];
		bool is_set_aside;
		size_t count;

		/* A byte that says how new the schema is leads to a refusal: its own test. */
		if (at >= 60 && at < 64)
			continue;
		assert_int_equal(scratch_empty(), 0);
		whole[at] ^= 0x5a;
		scratch_write(path, whole, len);
		whole[at] = was;
		count = ledger_survives(&is_set_aside);
		set_aside += is_set_aside;
		left_out += !is_set_aside && count < 200;
	}
	assert_in_range(set_aside, 1, len);
	assert_in_range(left_out, 1, len);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, dir_make, scratch_remove)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_newer_schema_is_refused_and_nothing_is_touched),
		TEST(a_file_that_is_no_ledger_is_kept_under_a_new_name),
		TEST(two_damaged_files_in_one_second_are_both_kept),
		TEST(the_database_of_another_program_is_set_aside),
		TEST(a_ledger_without_one_of_its_tables_is_set_aside),
		TEST(a_log_without_its_database_is_kept),
		TEST(a_ledger_cut_short_gives_no_wrong_row),
		TEST(flipped_bytes_give_no_wrong_row),
	};

	return cmocka_run_group_tests_name("ledger_damage", tests, NULL, NULL);
}
