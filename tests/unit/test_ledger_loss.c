/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "edge/ledger.h"

/* What a killed process and a full disk leave of the ledger: all that was committed. */

#include <errno.h>
#include <signal.h>

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

static void disk_full_child(void)
{
	static char large[200000];
	char filler[SCRATCH_PATH_MAX];
	struct ledger *ledger;
	struct seen seen = { 0 };

	memset(large, 'x', sizeof(large));
	ledger = ledger_of(LEDGER_FRESH);
	put(ledger, "before", "1");
	snprintf(filler, sizeof(filler), "%s/filler", scratch_dir);
	scratch_fill_disk(filler);

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

static void a_full_disk_loses_nothing_and_is_got_over(void **state)
{
	(void)state;
	scratch_on_small_disk("size=512k,mode=0700", disk_full_child);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, dir_make, scratch_remove)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(everything_committed_survives_a_kill),
		TEST(a_full_disk_loses_nothing_and_is_got_over),
	};

	return cmocka_run_group_tests_name("ledger_loss", tests, NULL, NULL);
}
