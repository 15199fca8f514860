/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "edge/words.h"

/* The operator's words: kept through restarts, never lost by a broken line or a full disk. */

#include <errno.h>

#include "scratch.h"

#define NS_PER_S 1000000000ULL

static char path[SCRATCH_PATH_MAX];

static int dir_make(void **state)
{
	int error = scratch_make(state);

	snprintf(path, sizeof(path), "%s/words.txt", scratch_dir);
	return error;
}

/* Whatever was done, no temporary file is left. */
static int dir_remove(void **state)
{
	int left = scratch_count("", NULL) > 1;

	return scratch_remove(state) || left ? -1 : 0;
}

static struct words *words_of(void)
{
	struct words *words = NULL;

	assert_int_equal(words_open(path, &words), 0);
	return words;
}

static const char *file_text(void)
{
	static char text[65536];

	text[scratch_read(path, text, sizeof(text) - 1)] = '\0';
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
	words_close(words);
}

static void only_the_allow_of_that_list_is_removed(void **state)
{
	struct words *words = words_of();
	struct rule rule = allow_of("192.0.2.1", "", "one");
	struct rule other = allow_of("192.0.2.1", "partners", "two");

	(void)state;
	assert_int_equal(words_put_allow(words, &rule), 0);
	assert_int_equal(words_put_allow(words, &other), 0);
	assert_int_equal(words_remove_allow(words, &rule.net, ""), 0);
	assert_int_equal(words_remove_allow(words, &rule.net, ""), -ENOENT);
	words_close(words);
	words = words_of();
	assert_allows(words, "192.0.2.1|partners|two|uid 0 (root)|1796083200|1795532400;");
	words_close(words);
}

static void allows_whose_time_is_over_go_and_permanent_ones_of_the_same_net_stay(void **state)
{
	struct words *words = words_of();
	struct rule rule = allow_of("192.0.2.1", "", "one");
	struct rule other = allow_of("192.0.2.1", "partners", "two");

	(void)state;
	other.expires_unix_ns = 0;
	assert_int_equal(words_put_allow(words, &rule), 0);
	assert_int_equal(words_put_allow(words, &other), 0);
	assert_int_equal(words_remove_expired(words, rule.expires_unix_ns - 1), 0);
	assert_allows(words, "192.0.2.1||one|uid 0 (root)|1796083200|1795532400;"
			     "192.0.2.1|partners|two|uid 0 (root)|0|1795532400;");
	assert_int_equal(words_remove_expired(words, rule.expires_unix_ns), 0);
	words_close(words);
	words = words_of();
	assert_allows(words, "192.0.2.1|partners|two|uid 0 (root)|0|1795532400;");
	words_close(words);
}

static void what_changes_between_hold_and_release_is_saved_at_the_end(void **state)
{
	struct words *words = words_of(), *file;
	struct rule rule = allow_of("192.0.2.1", "", "one");

	(void)state;
	rule.expires_unix_ns = 0;
	words_hold(words);
	assert_int_equal(words_put_allow(words, &rule), 0);
	file = words_of();
	assert_allows(file, "");
	words_close(file);
	assert_int_equal(words_release(words), 0);
	words_close(words);
	words = words_of();
	assert_allows(words, "192.0.2.1||one|uid 0 (root)|0|1795532400;");
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
	scratch_write(path, text, sizeof(text) - 1);
	assert_int_equal(words_open(path, &words), -EINVAL);
	assert_string_equal(file_text(), text);
	scratch_write(path, text, (size_t)(strstr(text, "  # \r") - text));
	words = words_of();
	assert_allows(words, "192.0.2.1||office||0|0;");
	assert_int_equal(words_put_allow(words, &rule), 0);
	words_close(words);
	assert_memory_equal(file_text(), "# my own note\nallow 192.0.2.1 ", 30);
}

static void a_broken_line_is_refused_and_the_file_stays_as_it_is(void **state)
{
	static const char text[] = "allow 192.0.2.9\npermit 192.0.2.1\nallow 192.0.2.10\n";
	struct words *words = NULL;

	(void)state;
	scratch_write(path, text, sizeof(text) - 1);
	assert_int_equal(words_open(path, &words), -EINVAL);
	assert_null(words);
	assert_string_equal(file_text(), text);
}

static void a_nul_byte_breaks_a_line(void **state)
{
	static const char text[] = "allow 192.0.2.9\0x\n";
	struct words *words = NULL;

	(void)state;
	scratch_write(path, text, sizeof(text) - 1);
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

static void disk_full_child(void)
{
	struct words *words = words_of();
	struct rule first = allow_of("192.0.2.1", "", "first");
	struct rule second = allow_of("192.0.2.2", "", "second");
	char filler[SCRATCH_PATH_MAX], before[4096];

	assert_int_equal(words_put_allow(words, &first), 0);
	strcpy(before, file_text());
	snprintf(filler, sizeof(filler), "%s/filler", scratch_dir);
	scratch_fill_disk(filler);
	assert_int_equal(words_put_allow(words, &second), -ENOSPC);
	assert_string_equal(file_text(), before);
	assert_int_equal(unlink(filler), 0);
	assert_int_equal(words_save(words), 0);
	assert_non_null(strstr(file_text(), "second"));
	words_close(words);
}

static void a_full_disk_leaves_the_old_file_whole(void **state)
{
	(void)state;
	scratch_on_small_disk("size=64k,mode=0700", disk_full_child);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, dir_make, dir_remove)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(an_allow_is_there_after_a_restart_with_all_that_was_said),
		TEST(the_file_is_for_people_too),
		TEST(the_same_net_and_list_is_updated_and_not_doubled),
		TEST(only_the_allow_of_that_list_is_removed),
		TEST(allows_whose_time_is_over_go_and_permanent_ones_of_the_same_net_stay),
		TEST(what_changes_between_hold_and_release_is_saved_at_the_end),
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
