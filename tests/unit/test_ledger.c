/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "edge/ledger.h"

/* The ledger: what it keeps through a restart, and for whom. */

#include <errno.h>

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
	char name[SCRATCH_PATH_MAX + 8];
	mode_t before = umask(0);

	(void)state;
	scratch_write(path, "", 0);
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

static void a_directory_that_is_not_there_is_said(void **state)
{
	struct ledger *ledger = NULL;
	enum ledger_state how;

	(void)state;
	assert_int_equal(ledger_open("/tmp/weir-no-such-directory/ledger.db", &ledger, &how),
			 -ENOENT);
	assert_null(ledger);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, dir_make, scratch_remove)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(what_was_written_is_there_after_a_restart),
		TEST(an_empty_blob_deletes),
		TEST(only_the_owner_may_read_any_of_its_files),
		TEST(a_rollback_forgets_and_a_commit_keeps),
		TEST(a_list_is_replaced_whole_and_no_other_rule_is_touched),
		TEST(a_reader_that_has_enough_is_heard),
		TEST(a_directory_that_is_not_there_is_said),
	};

	return cmocka_run_group_tests_name("ledger", tests, NULL, NULL);
}
