/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "edge/words.h"

/* The operator's words: kept through restarts, never lost by a broken line or a full disk. */

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define NS_PER_S 1000000000ULL

static char dir[64];
static char path[128];

static int dir_make(void **state)
{
	(void)state;
	strcpy(dir, "/tmp/weir-test-words-XXXXXX");
	if (!mkdtemp(dir))
		return -1;
	snprintf(path, sizeof(path), "%s/words.txt", dir);
	return 0;
}

static int dir_remove(void **state)
{
	(void)state;
	unlink(path);
	return rmdir(dir); /* fails if a temporary file was left */
}

static struct words *words_of(void)
{
	struct words *words = NULL;

	assert_int_equal(words_open(path, &words), 0);
	return words;
}

static void file_write(const char *text, size_t len)
{
	FILE *file = fopen(path, "we");

	assert_non_null(file);
	assert_int_equal(fwrite(text, 1, len, file), len);
	fclose(file);
}

static const char *file_text(void)
{
	static char text[65536];
	FILE *file = fopen(path, "re");
	size_t len;

	assert_non_null(file);
	len = fread(text, 1, sizeof(text) - 1, file);
	text[len] = '\0';
	fclose(file);
	return text;
}

static struct rule allow_of(const char *net, const char *list, const char *reason)
{
	struct rule rule = { .action = WEIR_ACTION_ALLOW,
			     .origin = WEIR_ORIGIN_OPERATOR,
			     .expires_unix_ns = 1796083200ULL * NS_PER_S,
			     .created_unix_ns = 1795532400ULL * NS_PER_S,
			     .list = list,
			     .reason = reason,
			     .by = "uid 0 (root)" };

	assert_int_equal(net_parse(net, &rule.net), 0);
	return rule;
}

struct seen {
	char text[8192];
	size_t count;
};

static int allow_see(const struct rule *rule, void *arg)
{
	struct seen *seen = arg;
	size_t used = strlen(seen->text);
	char net[NET_TEXT_MAX];

	assert_int_equal(rule->action, WEIR_ACTION_ALLOW);
	assert_int_equal(rule->origin, WEIR_ORIGIN_OPERATOR);
	net_format(&rule->net, net);
	snprintf(seen->text + used, sizeof(seen->text) - used, "%s|%s|%s|%s|%llu|%llu;", net,
		 rule->list, rule->reason, rule->by,
		 (unsigned long long)(rule->expires_unix_ns / NS_PER_S),
		 (unsigned long long)(rule->created_unix_ns / NS_PER_S));
	seen->count++;
	return 0;
}

static int judgement_see(const char *fleet_id, enum fleet_word word, const struct net *members,
			 size_t member_count, void *arg)
{
	struct seen *seen = arg;
	size_t used = strlen(seen->text);

	used += (size_t)snprintf(seen->text + used, sizeof(seen->text) - used, "%s=%d:", fleet_id,
				 (int)word);
	for (size_t i = 0; i < member_count; i++) {
		char net[NET_TEXT_MAX];

		net_format(&members[i], net);
		used += (size_t)snprintf(seen->text + used, sizeof(seen->text) - used, "%s,", net);
	}
	snprintf(seen->text + used, sizeof(seen->text) - used, ";");
	seen->count++;
	return 0;
}

static void assert_allows(const struct words *words, const char *want)
{
	struct seen seen = { 0 };

	assert_int_equal(words_each_allow(words, allow_see, &seen), 0);
	assert_string_equal(seen.text, want);
}

static void assert_judgements(const struct words *words, const char *want)
{
	struct seen seen = { 0 };

	assert_int_equal(words_each_judgement(words, judgement_see, &seen), 0);
	assert_string_equal(seen.text, want);
}

static void an_allow_is_there_after_a_restart_with_all_that_was_said(void **state)
{
	struct words *words = words_of();
	struct rule rule = allow_of("192.0.2.0/24", "", "say \"hi\" \\ to\nBüro\x01 ");

	(void)state;
	assert_int_equal(words_put_allow(words, &rule), 0);
	words_close(words);
	words = words_of();
	assert_allows(words, "192.0.2.0/24||say \"hi\" \\ to\nBüro\x01 |uid 0 (root)|1796083200|"
			     "1795532400;");
	words_close(words);
}

static void the_file_is_for_people_too(void **state)
{
	struct words *words = words_of();
	struct rule rule = allow_of("192.0.2.0/24", "", "office");
	struct stat st;

	(void)state;
	assert_int_equal(words_put_allow(words, &rule), 0);
	words_close(words);
	assert_non_null(strstr(file_text(),
			       "allow 192.0.2.0/24 until 2026-12-01T00:00:00Z at "
			       "2026-11-24T15:00:00Z by \"uid 0 (root)\" reason \"office\"\n"));
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
}

static void the_same_net_and_list_is_updated_and_not_doubled(void **state)
{
	struct words *words = words_of();
	struct rule rule = allow_of("192.0.2.1", "", "one");
	struct rule other = allow_of("192.0.2.1", "partners", "two");

	(void)state;
	rule.expires_unix_ns = other.expires_unix_ns = 0;
	assert_int_equal(words_put_allow(words, &rule), 0);
	assert_int_equal(words_put_allow(words, &other), 0);
	rule.reason = "three";
	assert_int_equal(words_put_allow(words, &rule), 0);
	assert_allows(words, "192.0.2.1||three|uid 0 (root)|0|1795532400;"
			     "192.0.2.1|partners|two|uid 0 (root)|0|1795532400;");
	assert_int_equal(words_remove_allow(words, &rule.net), 0);
	assert_int_equal(words_remove_allow(words, &rule.net), -ENOENT);
	words_close(words);
	words = words_of();
	assert_allows(words, "");
	words_close(words);
}

static void only_an_allow_is_an_allow(void **state)
{
	struct words *words = words_of();
	struct rule rule = allow_of("192.0.2.1", "", "one");

	(void)state;
	rule.action = WEIR_ACTION_DROP;
	assert_int_equal(words_put_allow(words, &rule), -EINVAL);
	assert_allows(words, "");
	words_close(words);
}

static void a_judgement_keeps_the_members_and_the_last_one_holds(void **state)
{
	struct words *words = words_of();
	struct fleet_member members[2] = { 0 };
	struct fleet fleet = { .id = "f-7k3q", .members = members, .member_count = 2 };
	struct fleet other = { .id = "f-2" };

	(void)state;
	assert_int_equal(net_parse("192.0.2.7", &members[0].source), 0);
	assert_int_equal(net_parse("2001:db8::/64", &members[1].source), 0);
	assert_int_equal(words_put_judgement(words, &fleet, FLEET_OPERATOR_CONFIRMED), 0);
	assert_int_equal(words_put_judgement(words, &other, FLEET_OPERATOR_CONFIRMED), 0);
	assert_int_equal(words_put_judgement(words, &fleet, FLEET_DISMISSED), 0);
	words_close(words);
	words = words_of();
	assert_judgements(words, "f-2=1:;f-7k3q=2:192.0.2.7,2001:db8::/64,;");
	assert_int_equal(words_put_judgement(words, &fleet, FLEET_UNJUDGED), 0);
	words_close(words);
	words = words_of();
	assert_judgements(words, "f-2=1:;");
	words_close(words);
}

static void comments_blank_lines_and_windows_line_ends_are_fine(void **state)
{
	static const char text[] = "# my own note\r\n\r\n  \t\n"
				   "\tallow  192.0.2.1\treason  office  # \r\n"
				   "  # indented\ndismiss f-1 members 192.0.2.1";
	struct words *words;
	struct rule rule = allow_of("192.0.2.9", "", "");

	(void)state;
	/* A "#" behind a word is no comment: it is a key without a value. */
	file_write(text, sizeof(text) - 1);
	assert_int_equal(words_open(path, &words), -EINVAL);
	assert_string_equal(file_text(), text);
	file_write(text, (size_t)(strstr(text, "  # \r") - text));
	words = words_of();
	assert_allows(words, "192.0.2.1||office||0|0;");
	assert_int_equal(words_put_allow(words, &rule), 0);
	words_close(words);
	assert_memory_equal(file_text(), "# my own note\nallow 192.0.2.1 ", 30);
}

static void a_broken_line_is_refused_and_the_file_stays_as_it_is(void **state)
{
	static const char *const rows[] = {
		"permit 192.0.2.1",
		"allow",
		"allow 300.1.1.1",
		"allow 192.0.2.1/24",
		"allow 192.0.2.1 until tomorrow",
		"allow 192.0.2.1 until 1970-01-01T00:00:00Z",
		"allow 192.0.2.1 until",
		"allow 192.0.2.1 reason \"office",
		"allow 192.0.2.1 color red",
		"allow 192.0.2.1 reason \"a\"b",
		"allow 192.0.2.1 reason \"\\q\"",
		"allow 192.0.2.1 reason \"\\x00\"",
		"allow 192.0.2.1 members 192.0.2.1",
		"dismiss",
		"dismiss a-name-that-is-too-long",
		"dismiss f-1 members 192.0.2.1,,192.0.2.2",
		"dismiss f-1 members x",
		"confirm f-1 at noon",
		"confirm f-1 reason x",
		"\"",
		"\"\"",
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct words *words = NULL;
		char text[256];

		snprintf(text, sizeof(text), "allow 192.0.2.9\n%s\n", rows[i]);
		file_write(text, strlen(text));
		if (words_open(path, &words) != -EINVAL)
			fail_msg("%s is taken", rows[i]);
		assert_null(words);
		assert_string_equal(file_text(), text);
	}
}

static void a_nul_byte_breaks_a_line(void **state)
{
	static const char text[] = "allow 192.0.2.9\0x\n";
	struct words *words = NULL;

	(void)state;
	file_write(text, sizeof(text) - 1);
	assert_int_equal(words_open(path, &words), -EINVAL);
}

static int members_count(const char *fleet_id, enum fleet_word word, const struct net *members,
			 size_t member_count, void *arg)
{
	assert_string_equal(fleet_id, "f-large");
	assert_int_equal(word, FLEET_DISMISSED);
	assert_true(net_is_host(&members[member_count - 1]));
	*(size_t *)arg += member_count;
	return 0;
}

static void a_fleet_of_many_members_fits_on_its_line(void **state)
{
	enum {
		MEMBERS = 25000
	};
	struct fleet_member *members = calloc(MEMBERS, sizeof(*members));
	struct fleet fleet = { .id = "f-large", .members = members, .member_count = MEMBERS };
	struct words *words = words_of();
	size_t count = 0;

	(void)state;
	for (unsigned i = 0; i < MEMBERS; i++) {
		char text[32];

		snprintf(text, sizeof(text), "10.0.%u.%u", i / 250, i % 250);
		assert_int_equal(net_parse(text, &members[i].source), 0);
	}
	assert_int_equal(words_put_judgement(words, &fleet, FLEET_DISMISSED), 0);
	words_close(words);
	free(members);
	words = words_of();
	assert_int_equal(words_each_judgement(words, members_count, &count), 0);
	assert_int_equal(count, MEMBERS);
	words_close(words);
}

/* ---- a full disk ------------------------------------------------------------------------------ */

#define CANNOT_MOUNT 77

static void disk_full_child(void)
{
	static const char block[4096] = { 1 };
	struct words *words = words_of();
	struct rule first = allow_of("192.0.2.1", "", "first");
	struct rule second = allow_of("192.0.2.2", "", "second");
	char filler[128], before[4096];
	int fd;

	assert_int_equal(words_put_allow(words, &first), 0);
	strcpy(before, file_text());
	snprintf(filler, sizeof(filler), "%s/filler", dir);
	fd = open(filler, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
	while (write(fd, block, sizeof(block)) > 0)
		;
	assert_int_equal(words_put_allow(words, &second), -ENOSPC);
	assert_string_equal(file_text(), before);
	assert_int_equal(ftruncate(fd, 0), 0);
	close(fd);
	assert_int_equal(words_save(words), 0);
	assert_non_null(strstr(file_text(), "second"));
	words_close(words);
}

static void a_full_disk_leaves_the_old_file_whole(void **state)
{
	int status;
	pid_t child = fork();

	(void)state;
	assert_true(child >= 0);
	if (!child) {
		if (unshare(CLONE_NEWNS) || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) ||
		    mount("tmpfs", dir, "tmpfs", 0, "size=64k,mode=0700"))
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

#define TEST(name) cmocka_unit_test_setup_teardown(name, dir_make, dir_remove)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(an_allow_is_there_after_a_restart_with_all_that_was_said),
		TEST(the_file_is_for_people_too),
		TEST(the_same_net_and_list_is_updated_and_not_doubled),
		TEST(only_an_allow_is_an_allow),
		TEST(a_judgement_keeps_the_members_and_the_last_one_holds),
		TEST(comments_blank_lines_and_windows_line_ends_are_fine),
		TEST(a_broken_line_is_refused_and_the_file_stays_as_it_is),
		TEST(a_nul_byte_breaks_a_line),
		TEST(a_fleet_of_many_members_fits_on_its_line),
		TEST(a_full_disk_leaves_the_old_file_whole),
	};

	return cmocka_run_group_tests_name("words", tests, NULL, NULL);
}
