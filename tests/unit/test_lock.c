/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */

/* The daemon's lock: held by one, and not by who only asks. */

#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "edge/kernel.h"
#include "edge/kernel/lock.h"
#include "edge/kernel/pins.h"
#include "edge/log.h"

#define STARTS 2000

static char dir[64];

static int dir_make(void **state)
{
	(void)state;
	log_init(LOG_LEVEL_ERROR);
	snprintf(dir, sizeof(dir), "/tmp/weir-lock.XXXXXX");
	return mkdtemp(dir) ? 0 : -1;
}

static int dir_remove(void **state)
{
	char path[96];

	(void)state;
	snprintf(path, sizeof(path), "%s/weir.lock", dir);
	unlink(path);
	return rmdir(dir);
}

static void a_second_daemon_is_refused_and_the_first_one_known(void **state)
{
	int fd = lock_take(dir, PIN_NO_GROUP);

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(kernel_daemon_pid(dir), getpid());
	assert_int_equal(lock_take(dir, PIN_NO_GROUP), -EBUSY);
	close(fd);
	assert_int_equal(kernel_daemon_pid(dir), 0);
	fd = lock_take(dir, PIN_NO_GROUP);
	assert_true(fd >= 0);
	close(fd);
}

static void asking_who_runs_never_makes_a_start_fail(void **state)
{
	pid_t asker = fork();
	int failed = 0;

	(void)state;
	while (asker == 0)
		kernel_daemon_pid(dir);
	for (int i = 0; i < STARTS; i++) {
		int fd = lock_take(dir, PIN_NO_GROUP);

		failed += fd < 0;
		if (fd >= 0)
			close(fd);
	}
	kill(asker, SIGKILL);
	waitpid(asker, NULL, 0);
	assert_int_equal(failed, 0);
}

static void a_directory_that_is_there_stays_as_it_is(void **state)
{
	struct stat before, after;
	int fd;

	(void)state;
	assert_int_equal(chmod(dir, 01777), 0);
	assert_int_equal(stat(dir, &before), 0);
	fd = lock_take(dir, 4242);
	assert_true(fd >= 0);
	close(fd);
	assert_int_equal(stat(dir, &after), 0);
	assert_int_equal(after.st_mode, before.st_mode);
	assert_int_equal(after.st_gid, before.st_gid);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, dir_make, dir_remove)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_second_daemon_is_refused_and_the_first_one_known),
		TEST(asking_who_runs_never_makes_a_start_fail),
		TEST(a_directory_that_is_there_stays_as_it_is),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
