/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#pragma once

/* A directory of a test's own, gone with the test, and a disk in it that is soon full. */

#include <dirent.h>
#include <fcntl.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define SCRATCH_PATH_MAX 512
#define SCRATCH_CANNOT_MOUNT 77

static char scratch_dir[64];

/* cmocka set-up. */
static inline int scratch_make(void **state)
{
	(void)state;
	strcpy(scratch_dir, "/tmp/weir-test-XXXXXX");
	return mkdtemp(scratch_dir) ? 0 : -1;
}

/* Number of files whose name begins so; the last one's path in found, which may be NULL. */
static inline size_t scratch_count(const char *prefix, char *found)
{
	DIR *entries = opendir(scratch_dir);
	struct dirent *entry;
	size_t count = 0;

	while (entries && (entry = readdir(entries))) {
		if (entry->d_name[0] == '.' || strncmp(entry->d_name, prefix, strlen(prefix)) != 0)
			continue;
		if (found)
			snprintf(found, SCRATCH_PATH_MAX, "%s/%s", scratch_dir, entry->d_name);
		count++;
	}
	if (entries)
		closedir(entries);
	return count;
}

static inline int scratch_empty(void)
{
	char found[SCRATCH_PATH_MAX];

	while (scratch_count("", found))
		if (unlink(found))
			return -1;
	return 0;
}

/* cmocka tear-down. */
static inline int scratch_remove(void **state)
{
	(void)state;
	return scratch_empty() || rmdir(scratch_dir) ? -1 : 0;
}

static inline void scratch_write(const char *path, const void *bytes, size_t len)
{
	FILE *file = fopen(path, "we");

	assert_non_null(file);
	assert_int_equal(fwrite(bytes, 1, len, file), len);
	fclose(file);
}

static inline size_t scratch_read(const char *path, void *bytes, size_t room)
{
	FILE *file = fopen(path, "re");
	size_t len;

	assert_non_null(file);
	len = fread(bytes, 1, room, file);
	fclose(file);
	return len;
}

/* Takes all the room that the disk of scratch_on_small_disk has left; unlink path to give it back. */
static inline void scratch_fill_disk(const char *path)
{
	static const char block[4096] = { 1 };
	int fd = open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	while (write(fd, block, sizeof(block)) > 0)
		;
	close(fd);
}

/* Runs fn in a child that has a small disk in place of the directory, in a mount namespace of its own, so that
 * nothing is left and nobody else sees it. Skips where the machine does not allow that. */
static inline void scratch_on_small_disk(const char *size_option, void (*fn)(void))
{
	int status;
	pid_t child = fork();

	assert_true(child >= 0);
	if (!child) {
		if (unshare(CLONE_NEWNS) || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) ||
		    mount("tmpfs", scratch_dir, "tmpfs", 0, size_option))
			_exit(SCRATCH_CANNOT_MOUNT);
		fn();
		_exit(0);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	if (WIFEXITED(status) && WEXITSTATUS(status) == SCRATCH_CANNOT_MOUNT)
		skip();
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}
