/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */

/* The host's secret key for hashes: read, or made once. */

#include "cmd/daemon/secret.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "edge/log.h"

#define KEY_BYTES 16

static int key_read(const char *path, uint64_t key[2])
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	ssize_t got;

	if (fd < 0)
		return -errno;
	got = read(fd, key, KEY_BYTES);
	close(fd);
	return got == KEY_BYTES ? 0 : -EINVAL;
}

static int file_write(int fd, const uint64_t key[2])
{
	if (write(fd, key, KEY_BYTES) != KEY_BYTES)
		return errno ? -errno : -EIO;
	return fsync(fd) ? -errno : 0;
}

/* Beside the place and renamed, so that a crash leaves no half key. */
static int key_make(const char *path, uint64_t key[2])
{
	char fresh[310];
	int fd, error;

	if (getrandom(key, KEY_BYTES, 0) != KEY_BYTES)
		return -EIO;
	snprintf(fresh, sizeof(fresh), "%s.new", path);
	unlink(fresh);
	fd = open(fresh, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0)
		return -errno;
	error = file_write(fd, key);
	close(fd);
	if (!error && rename(fresh, path) < 0)
		error = -errno;
	if (error)
		unlink(fresh);
	return error;
}

int secret_load(const char *state_dir, uint64_t key[2])
{
	char path[300];
	int error;

	snprintf(path, sizeof(path), "%s/hash.key", state_dir);
	error = key_read(path, key);
	if (error == -EINVAL)
		log_warning("%s is broken: a new key is made, stacks get new digests", path);
	if (error == -ENOENT || error == -EINVAL)
		error = key_make(path, key);
	if (error)
		log_error("%s: cannot keep the hash key: %s", path, strerror(-error));
	return error;
}
