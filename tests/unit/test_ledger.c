/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "edge/ledger.h"

/* The ledger: what it keeps, and what it does with a damaged file, a full disk, a killed process. */

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <dirent.h>

#include <cmocka.h>
#include <sqlite3.h>

#define PATH_ROOM 512

static char dir[64];
static char path[PATH_ROOM];

static int dir_make(void **state)
{
	(void)state;
	strcpy(dir, "/tmp/weir-test-ledger-XXXXXX");
	if (!mkdtemp(dir))
		return -1;
	snprintf(path, sizeof(path), "%s/ledger.db", dir);
	return 0;
}

static int dir_remove(void **state)
{
	DIR *entries = opendir(dir);
	struct dirent *entry;

	(void)state;
	while (entries && (entry = readdir(entries))) {
		char name[PATH_ROOM];

		snprintf(name, sizeof(name), "%s/%s", dir, entry->d_name);
		if (entry->d_name[0] != '.')
			unlink(name);
	}
	if (entries)
		closedir(entries);
	return rmdir(dir);
}

static struct ledger *ledger_of(enum ledger_state want)
{
	struct ledger *ledger = NULL;
	enum ledger_state got;

	assert_int_equal(ledger_open(path, &ledger, &got), 0);
	assert_int_equal(got, want);
	return ledger;
}

static struct rule rule_of(const char *net, const char *list, uint8_t action)
{
	struct rule rule = { .action = action,
			     .origin = WEIR_ORIGIN_OPERATOR,
			     .limit_per_min = 7,
			     .id = 42,
			     .expires_unix_ns = 0xfffffffffffffff0ULL,
			     .created_unix_ns = 2,
			     .list = list,
			     .reason = "it's \"noisy\"; DROP TABLE rule",
			     .by = "uid 0 (root)" };

	assert_int_equal(net_parse(net, &rule.net), 0);
	return rule;
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

static int rule_see(const struct rule *rule, void *arg)
{
	struct seen *seen = arg;
	size_t used = strlen(seen->text);
	char net[NET_TEXT_MAX];

	net_format(&rule->net, net);
	snprintf(seen->text + used, sizeof(seen->text) - used, "%s %s %u %s %llx %s;", net,
		 rule->list, rule->action, rule->reason, (unsigned long long)rule->expires_unix_ns,
		 rule->by);
	seen->count++;
	return 0;
}

static int stack_see(uint64_t digest, const char *name, void *arg)
{
	struct seen *seen = arg;
	size_t used = strlen(seen->text);

	snprintf(seen->text + used, sizeof(seen->text) - used, "%llx=%s;",
		 (unsigned long long)digest, name);
	seen->count++;
	return 0;
}

static void assert_blobs(struct ledger *ledger, int kind, const char *want)
{
	struct seen seen = { 0 };

	assert_int_equal(ledger_each(ledger, kind, blob_see, &seen), 0);
	assert_string_equal(seen.text, want);
}

static void assert_rules(struct ledger *ledger, const char *want)
{
	struct seen seen = { 0 };

	assert_int_equal(ledger_each_rule(ledger, rule_see, &seen), 0);
	assert_string_equal(seen.text, want);
}

static void put(struct ledger *ledger, const char *key, const char *data)
{
	assert_int_equal(ledger_put(ledger, 0, key, data, strlen(data)), 0);
}

static void file_write(const char *name, const void *bytes, size_t len)
{
	FILE *file = fopen(name, "we");

	assert_non_null(file);
	assert_int_equal(fwrite(bytes, 1, len, file), len);
	fclose(file);
}

static size_t file_read(const char *name, uint8_t *bytes, size_t room)
{
	FILE *file = fopen(name, "re");
	size_t len = file ? fread(bytes, 1, room, file) : 0;

	if (file)
		fclose(file);
	return len;
}

/* Number of files in the directory whose name begins so; the last one's path in found. */
static size_t files_like(const char *prefix, char found[PATH_ROOM])
{
	DIR *entries = opendir(dir);
	struct dirent *entry;
	size_t count = 0;

	while ((entry = readdir(entries))) {
		if (strncmp(entry->d_name, prefix, strlen(prefix)) != 0)
			continue;
		snprintf(found, PATH_ROOM, "%s/%s", dir, entry->d_name);
		count++;
	}
	closedir(entries);
	return count;
}

static void what_was_written_is_there_after_a_restart(void **state)
{
	struct ledger *ledger = ledger_of(LEDGER_FRESH);
	struct rule rule = rule_of("192.0.2.0/24", "f-1", WEIR_ACTION_DROP);
	struct seen stacks = { 0 };
	char value[16];

	(void)state;
	put(ledger, "a", "one");
	put(ledger, "b", "two");
	put(ledger, "a", "three");
	assert_int_equal(ledger_put(ledger, 1, "a", "other kind", 10), 0);
	assert_int_equal(ledger_put_rule(ledger, &rule), 0);
	assert_int_equal(ledger_set_value(ledger, "mode", "enforce"), 0);
	assert_int_equal(ledger_put_stack(ledger, 0xfedcba9876543210ULL, "4:64:0"), 0);
	ledger_close(ledger);

	ledger = ledger_of(LEDGER_RESUMED);
	assert_blobs(ledger, 0, "a=three;b=two;");
	assert_blobs(ledger, 1, "a=other kind;");
	assert_rules(ledger, "192.0.2.0/24 f-1 3 it's \"noisy\"; DROP TABLE rule "
			     "fffffffffffffff0 uid 0 (root);");
	assert_int_equal(ledger_get_value(ledger, "mode", value, sizeof(value)), 0);
	assert_string_equal(value, "enforce");
	assert_int_equal(ledger_get_value(ledger, "seed", value, sizeof(value)), -ENOENT);
	assert_int_equal(ledger_get_value(ledger, "mode", value, 7), -ERANGE);
	assert_int_equal(ledger_each_stack(ledger, stack_see, &stacks), 0);
	assert_string_equal(stacks.text, "fedcba9876543210=4:64:0;");
	ledger_close(ledger);
}

static void an_empty_blob_deletes(void **state)
{
	struct ledger *ledger = ledger_of(LEDGER_FRESH);

	(void)state;
	put(ledger, "a", "one");
	put(ledger, "b", "two");
	assert_int_equal(ledger_put(ledger, 0, "a", NULL, 0), 0);
	assert_blobs(ledger, 0, "b=two;");
	ledger_close(ledger);
}

static void only_the_owner_may_read_any_of_its_files(void **state)
{
	struct ledger *ledger;
	struct stat st;
	char name[PATH_ROOM + 8];
	mode_t before = umask(0);

	(void)state;
	file_write(path, "", 0);
	assert_int_equal(chmod(path, 0666), 0);
	ledger = ledger_of(LEDGER_FRESH);
	umask(before);
	put(ledger, "a", "one");
	for (int i = 0; i < 3; i++) {
		snprintf(name, sizeof(name), "%s%s", path, i == 0 ? "" : i == 1 ? "-wal" : "-shm");
		assert_int_equal(stat(name, &st), 0);
		assert_int_equal(st.st_mode & 0777, 0600);
	}
	ledger_close(ledger);
}

static void a_rollback_forgets_and_a_commit_keeps(void **state)
{
	struct ledger *ledger = ledger_of(LEDGER_FRESH);

	(void)state;
	assert_int_equal(ledger_begin(ledger), 0);
	put(ledger, "a", "one");
	ledger_rollback(ledger);
	assert_blobs(ledger, 0, "");
	assert_int_equal(ledger_begin(ledger), 0);
	put(ledger, "b", "two");
	assert_int_equal(ledger_commit(ledger), 0);
	assert_blobs(ledger, 0, "b=two;");
	ledger_close(ledger);
}

static void a_list_is_replaced_whole_and_no_other_rule_is_touched(void **state)
{
	struct ledger *ledger = ledger_of(LEDGER_FRESH);
	struct rule rules[] = { rule_of("192.0.2.1", "tor", WEIR_ACTION_DROP),
				rule_of("192.0.2.2", "tor", WEIR_ACTION_DROP),
				rule_of("192.0.2.1", "", WEIR_ACTION_DROP),
				rule_of("192.0.2.1", "", WEIR_ACTION_ALLOW) };
	struct rule with = rule_of("2001:db8::/32", "tor", WEIR_ACTION_RESET);
	struct seen seen = { 0 };

	(void)state;
	for (size_t i = 0; i < 4; i++) {
		rules[i].reason = "r";
		rules[i].by = "b";
		assert_int_equal(ledger_put_rule(ledger, &rules[i]), 0);
	}
	with.reason = "r";
	with.by = "b";
	assert_int_equal(ledger_replace_rules(ledger, WEIR_ORIGIN_OPERATOR, "tor", &with, 1), 0);
	assert_int_equal(ledger_each_rule(ledger, rule_see, &seen), 0);
	assert_int_equal(seen.count, 3);
	assert_non_null(strstr(seen.text, "2001:db8::/32 tor 4"));
	assert_non_null(strstr(seen.text, "192.0.2.1  3"));
	assert_non_null(strstr(seen.text, "192.0.2.1  0"));
	assert_int_equal(ledger_remove_rule(ledger, &rules[3]), 0);
	seen = (struct seen){ 0 };
	assert_int_equal(ledger_each_rule(ledger, rule_see, &seen), 0);
	assert_int_equal(seen.count, 2);
	assert_non_null(strstr(seen.text, "192.0.2.1  3"));
	ledger_close(ledger);
}

static int one_is_enough(const char *key, const void *data, size_t len, void *arg)
{
	blob_see(key, data, len, arg);
	return 5;
}

static void a_reader_that_has_enough_is_heard(void **state)
{
	struct ledger *ledger = ledger_of(LEDGER_FRESH);
	struct seen seen = { 0 };

	(void)state;
	put(ledger, "a", "one");
	put(ledger, "b", "two");
	assert_int_equal(ledger_each(ledger, 0, one_is_enough, &seen), 5);
	assert_string_equal(seen.text, "a=one;");
	ledger_close(ledger);
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
	char found[PATH_ROOM];
	size_t len;

	(void)state;
	put(ledger, "a", "one");
	ledger_close(ledger);
	sql_run("PRAGMA user_version = 99");
	len = file_read(path, before, sizeof(before));
	ledger = NULL;
	assert_int_equal(ledger_open(path, &ledger, &how), -EPROTO);
	assert_null(ledger);
	assert_int_equal(how, LEDGER_SET_ASIDE);
	assert_int_equal(file_read(path, after, sizeof(after)), len);
	assert_memory_equal(before, after, len);
	assert_int_equal(files_like("ledger", found), 1);
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
		char found[PATH_ROOM];
		struct ledger *ledger;

		file_write(path, rows[i].bytes, rows[i].len);
		ledger = ledger_of(LEDGER_SET_ASIDE);
		put(ledger, "a", "one");
		assert_blobs(ledger, 0, "a=one;");
		ledger_close(ledger);
		assert_int_equal(files_like("ledger.db.corrupt-20", found), 1);
		assert_int_equal(file_read(found, kept, sizeof(kept)), rows[i].len);
		assert_memory_equal(kept, rows[i].bytes, rows[i].len);
		assert_int_equal(unlink(found), 0);
	}
}

static void two_damaged_files_in_one_second_are_both_kept(void **state)
{
	char found[PATH_ROOM];

	(void)state;
	for (int i = 0; i < 3; i++) {
		file_write(path, "garbage", 7);
		ledger_close(ledger_of(LEDGER_SET_ASIDE));
	}
	assert_int_equal(files_like("ledger.db.corrupt-20", found), 3);
}

static void the_database_of_another_program_is_set_aside(void **state)
{
	char found[PATH_ROOM];

	(void)state;
	sql_run("CREATE TABLE bookmark (url TEXT); PRAGMA application_id = 7");
	ledger_close(ledger_of(LEDGER_SET_ASIDE));
	assert_int_equal(files_like("ledger.db.corrupt-20", found), 1);
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
	char found[PATH_ROOM], name[PATH_ROOM + 8];

	(void)state;
	snprintf(name, sizeof(name), "%s-wal", path);
	file_write(name, "something that was not yet in the database", 42);
	ledger_close(ledger_of(LEDGER_SET_ASIDE));
	/* The empty database and its log. */
	assert_int_equal(files_like("ledger.db.corrupt-20", found), 2);
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

static void files_clean(void)
{
	char found[PATH_ROOM];

	while (files_like("ledger", found))
		assert_int_equal(unlink(found), 0);
}

static void a_ledger_cut_short_gives_no_wrong_row(void **state)
{
	static uint8_t whole[1 << 20];
	size_t len;
	bool is_set_aside;

	(void)state;
	rows_make();
	len = file_read(path, whole, sizeof(whole));
	assert_in_range(len, 16384, sizeof(whole) - 1);
	for (size_t cut = 1; cut < len; cut += 1777) {
		files_clean();
		file_write(path, whole, cut);
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
	len = file_read(path, whole, sizeof(whole));
	for (size_t at = 0; at < len; at += at < 100 ? 1 : 211) {
		uint8_t was = whole[at];
		bool is_set_aside;
		size_t count;

		/* A byte that says how new the schema is leads to a refusal: its own test. */
		if (at >= 60 && at < 64)
			continue;
		files_clean();
		whole[at] ^= 0x5a;
		file_write(path, whole, len);
		whole[at] = was;
		count = ledger_survives(&is_set_aside);
		set_aside += is_set_aside;
		left_out += !is_set_aside && count < 200;
	}
	assert_in_range(set_aside, 1, len);
	assert_in_range(left_out, 1, len);
}

/* ---- a killed process ------------------------------------------------------------------------ */

/* Commits pairs for ever and says each number only after its commit. */
static void child_write(int fd)
{
	struct ledger *ledger;
	enum ledger_state how;

	if (ledger_open(path, &ledger, &how))
		_exit(1);
	for (uint32_t i = 0;; i++) {
		char key[16];

		snprintf(key, sizeof(key), "%08u", i);
		if (ledger_begin(ledger) || ledger_put(ledger, 0, key, "left", 4) ||
		    ledger_put(ledger, 1, key, "right", 5) || ledger_commit(ledger) ||
		    write(fd, &i, sizeof(i)) != sizeof(i))
			_exit(1);
	}
}

static int key_count(const char *key, const void *data, size_t len, void *arg)
{
	uint32_t *next = arg;

	(void)data;
	(void)len;
	assert_int_equal(strtoul(key, NULL, 10), *next);
	(*next)++;
	return 0;
}

static void everything_committed_survives_a_kill(void **state)
{
	uint32_t committed = 0, left = 0, right = 0, said;
	struct ledger *ledger;
	int fds[2], status;
	pid_t child;

	(void)state;
	assert_int_equal(pipe(fds), 0);
	child = fork();
	assert_true(child >= 0);
	if (!child)
		child_write(fds[1]);
	close(fds[1]);
	while (committed < 300 && read(fds[0], &said, sizeof(said)) == sizeof(said))
		committed = said + 1;
	assert_int_equal(kill(child, SIGKILL), 0);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFSIGNALED(status));
	while (read(fds[0], &said, sizeof(said)) == sizeof(said))
		committed = said + 1;
	close(fds[0]);

	ledger = ledger_of(LEDGER_RESUMED);
	assert_int_equal(ledger_each(ledger, 0, key_count, &left), 0);
	assert_int_equal(ledger_each(ledger, 1, key_count, &right), 0);
	assert_int_equal(left, right);
	/* The last commit may have been done and not said. */
	assert_in_range(left, committed, committed + 1);
	ledger_close(ledger);
}

/* ---- a full disk ------------------------------------------------------------------------------ */

/* Takes all the room there is. */
static void disk_fill(const char *name)
{
	static const char block[4096] = { 1 };
	int fd = open(name, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	while (write(fd, block, sizeof(block)) > 0)
		;
	close(fd);
}

static void disk_full_child(void)
{
	static char large[200000];
	char filler[PATH_ROOM];
	struct ledger *ledger;
	struct seen seen = { 0 };

	memset(large, 'x', sizeof(large));
	ledger = ledger_of(LEDGER_FRESH);
	put(ledger, "before", "1");
	snprintf(filler, sizeof(filler), "%s/filler", dir);
	disk_fill(filler);

	assert_int_equal(ledger_begin(ledger), 0);
	ledger_put(ledger, 0, "large", large, sizeof(large));
	ledger_put(ledger, 0, "during", "2", 1);
	assert_int_equal(ledger_commit(ledger), -ENOSPC);
	assert_false(ledger_is_writable(ledger));
	assert_int_equal(ledger_begin(ledger), -ENOSPC);
	assert_int_equal(ledger_put(ledger, 0, "single", "3", 1), -ENOSPC);
	assert_int_equal(ledger_put(ledger, 0, "before", "4", 1), -ENOSPC);
	assert_blobs(ledger, 0, "before=1;");

	assert_int_equal(unlink(filler), 0);
	assert_int_equal(ledger_begin(ledger), 0);
	assert_int_equal(ledger_put(ledger, 0, "large", NULL, 0), 0);
	assert_int_equal(ledger_commit(ledger), 0);
	assert_true(ledger_is_writable(ledger));
	assert_blobs(ledger, 0, "before=4;during=2;single=3;");
	ledger_close(ledger);
	ledger = ledger_of(LEDGER_RESUMED);
	assert_int_equal(ledger_each(ledger, 0, blob_see, &seen), 0);
	assert_int_equal(seen.count, 3);
	ledger_close(ledger);
}

#define CANNOT_MOUNT 77

/* In a mount namespace of its own, so that nothing is left and nobody else sees the small disk. */
static void a_full_disk_loses_nothing_and_is_got_over(void **state)
{
	int status;
	pid_t child = fork();

	(void)state;
	assert_true(child >= 0);
	if (!child) {
		if (unshare(CLONE_NEWNS) || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) ||
		    mount("tmpfs", dir, "tmpfs", 0, "size=512k,mode=0700"))
			_exit(CANNOT_MOUNT);
		disk_full_child();
		_exit(0);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	if (WIFEXITED(status) && WEXITSTATUS(status) == CANNOT_MOUNT)
		skip();
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

static void a_directory_that_is_not_there_is_said(void **state)
{
	struct ledger *ledger = NULL;
	enum ledger_state how;

	(void)state;
	assert_int_equal(ledger_open("/tmp/weir-no-such-directory/ledger.db", &ledger, &how),
			 -ENOENT);
	assert_null(ledger);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, dir_make, dir_remove)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(what_was_written_is_there_after_a_restart),
		TEST(an_empty_blob_deletes),
		TEST(only_the_owner_may_read_any_of_its_files),
		TEST(a_rollback_forgets_and_a_commit_keeps),
		TEST(a_list_is_replaced_whole_and_no_other_rule_is_touched),
		TEST(a_reader_that_has_enough_is_heard),
		TEST(a_newer_schema_is_refused_and_nothing_is_touched),
		TEST(a_file_that_is_no_ledger_is_kept_under_a_new_name),
		TEST(two_damaged_files_in_one_second_are_both_kept),
		TEST(the_database_of_another_program_is_set_aside),
		TEST(a_ledger_without_one_of_its_tables_is_set_aside),
		TEST(a_log_without_its_database_is_kept),
		TEST(a_ledger_cut_short_gives_no_wrong_row),
		TEST(flipped_bytes_give_no_wrong_row),
		TEST(everything_committed_survives_a_kill),
		TEST(a_full_disk_loses_nothing_and_is_got_over),
		TEST(a_directory_that_is_not_there_is_said),
	};

	return cmocka_run_group_tests_name("ledger", tests, NULL, NULL);
}
