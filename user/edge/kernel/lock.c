/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* Turns run_dir/weir.lock into who is the one daemon. */

#include "edge/kernel/lock.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "edge/kernel.h"
#include "edge/kernel/pins.h"
#include "edge/log.h"

#define LOCK_NAME "weir.lock"

static pid_t lock_read_pid(int fd)
{
	char text[32] = "";
	ssize_t len = pread(fd, text, sizeof(text) - 1, 0);

	return len > 0 ? (pid_t)strtol(text, NULL, 10) : 0;
}

static int run_dir_make(const char *run_dir, gid_t gid)
{
	/* One that is there is the operator's and stays as it is. */
	if (mkdir(run_dir, PIN_MODE_DIR) != 0)
		return errno == EEXIST ? 0 : -errno;
	if (gid != PIN_NO_GROUP && chown(run_dir, 0, gid) != 0)
		return -errno;
	return 0;
}

int lock_take(const char *run_dir, gid_t gid)
{
	struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
	char path[PIN_PATH_MAX], text[32];
	int fd, len, err = run_dir_make(run_dir, gid);

	if (!err)
		err = pins_join(path, run_dir, LOCK_NAME);
	if (err) {
		log_error("run_dir %s cannot be made: %s", run_dir, strerror(-err));
		return err;
	}
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644);
	if (fd < 0) {
		err = -errno;
		log_error("%s cannot be opened: %s", path, strerror(-err));
		return err;
	}
	if (fcntl(fd, F_OFD_SETLK, &lock) != 0) {
		err = errno == EAGAIN || errno == EACCES ? -EBUSY : -errno;
		log_error("another weir (pid %d) runs with run_dir %s; stop it first",
			  (int)lock_read_pid(fd), run_dir);
		close(fd);
		return err;
	}
	len = snprintf(text, sizeof(text), "%d\n", (int)getpid());
	if (ftruncate(fd, 0) != 0 || pwrite(fd, text, (size_t)len, 0) != len) {
		err = -errno;
		log_error("%s cannot be written: %s", path, strerror(-err));
		close(fd);
		return err;
	}
	return fd;
}

int lock_take_pins(const char *pin_dir)
{
	int fd = open(pin_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int err;

	if (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) == 0)
		return fd;
	err = errno == EWOULDBLOCK ? -EBUSY : -errno;
	if (err == -EBUSY)
		log_error("another weir, with another run_dir, holds pin_dir %s: stop it, or give "
			  "this one a pin_dir of its own",
			  pin_dir);
	else
		log_error("pin_dir %s cannot be locked: %s", pin_dir, strerror(-err));
	if (fd >= 0)
		close(fd);
	return err;
}

pid_t kernel_daemon_pid(const char *run_dir)
{
	struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
	char path[PIN_PATH_MAX];
	pid_t pid = 0;
	int fd;

	if (pins_join(path, run_dir, LOCK_NAME) != 0)
		return 0;
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0)
		return 0;
	/* Asks without taking it: a daemon that starts just now must not find it taken. */
	if (fcntl(fd, F_OFD_GETLK, &lock) == 0 && lock.l_type != F_UNLCK)
		pid = lock_read_pid(fd);
	close(fd);
	return pid;
}
