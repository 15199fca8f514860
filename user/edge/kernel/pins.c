/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* Turns file descriptors of BPF objects into names in a BPF file system, with owner and mode. */

#include "edge/kernel/pins.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <linux/magic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <bpf/bpf.h>

#include "edge/log.h"

#define BPFFS_DEFAULT "/sys/fs/bpf"

int pins_join(char path[PIN_PATH_MAX], const char *dir, const char *name)
{
	int len = snprintf(path, PIN_PATH_MAX, "%s/%s", dir, name);

	return len < PIN_PATH_MAX ? 0 : -ENAMETOOLONG;
}

void pins_escape(char *name)
{
	for (; *name; name++)
		if (*name == '.')
			*name = ':';
}

void pins_unescape(char *name)
{
	for (; *name; name++)
		if (*name == ':')
			*name = '.';
}

static bool path_is_bpffs(const char *path)
{
	struct statfs fs;

	return statfs(path, &fs) == 0 && (unsigned long)fs.f_type == BPF_FS_MAGIC;
}

static bool path_is_below(const char *path, const char *dir)
{
	size_t len = strlen(dir);

	return strncmp(path, dir, len) == 0 && (path[len] == '/' || path[len] == '\0');
}

/* The part of a path that exists. */
static void path_existing(const char *path, char existing[PIN_PATH_MAX])
{
	snprintf(existing, PIN_PATH_MAX, "%s", path);
	while (access(existing, F_OK) != 0) {
		char *slash = strrchr(existing, '/');

		if (!slash || slash == existing) {
			snprintf(existing, PIN_PATH_MAX, "/");
			return;
		}
		*slash = '\0';
	}
}

static int bpffs_ensure(const char *pin_dir)
{
	char existing[PIN_PATH_MAX];

	path_existing(pin_dir, existing);
	if (path_is_bpffs(existing))
		return 0;
	if (path_is_below(pin_dir, BPFFS_DEFAULT) && !path_is_bpffs(BPFFS_DEFAULT)) {
		if (mount("bpf", BPFFS_DEFAULT, "bpf", MS_NOSUID | MS_NODEV | MS_NOEXEC,
			  "mode=0700") == 0) {
			log_info("mounted a bpf file system on %s", BPFFS_DEFAULT);
			return 0;
		}
		log_error("%s: no bpf file system there and mounting one failed: %s; run: "
			  "mount -t bpf -o mode=0700 bpf %s",
			  BPFFS_DEFAULT, strerror(errno), BPFFS_DEFAULT);
		return errno == EPERM ? -EPERM : -ENOTSUP;
	}
	log_error("pin_dir %s is not on a bpf file system; run: mount -t bpf -o mode=0700 bpf %s",
		  pin_dir, existing);
	return -ENOTSUP;
}

static gid_t group_find(const char *name)
{
	struct group *group = *name ? getgrnam(name) : NULL;

	if (group)
		return group->gr_gid;
	if (*name)
		log_warning(
			"there is no group %s: maps are for root alone; run: groupadd --system %s",
			name, name);
	return PIN_NO_GROUP;
}

/* A file's owner may hand it to a group he is in without CAP_CHOWN, which is dropped later on. */
static void group_join(gid_t gid)
{
	gid_t groups[NGROUPS_MAX + 1];
	int count = getgroups(NGROUPS_MAX, groups);

	if (count < 0)
		return;
	for (int i = 0; i < count; i++)
		if (groups[i] == gid)
			return;
	groups[count] = gid;
	if (setgroups((size_t)count + 1, groups) != 0)
		log_debug("setgroups: %s", strerror(errno));
}

static void group_check_reach(const char *pin_dir, const char *group)
{
	char parent[PIN_PATH_MAX];
	struct stat st;
	char *slash;

	snprintf(parent, sizeof(parent), "%s", pin_dir);
	slash = strrchr(parent, '/');
	if (!slash || slash == parent)
		return;
	*slash = '\0';
	if (stat(parent, &st) == 0 && !(st.st_mode & S_IXOTH))
		log_debug("group %s cannot reach %s: %s has mode %o; chmod 0711 %s would let it",
			  group, pin_dir, parent, st.st_mode & 07777, parent);
}

int pins_make_dir(const char *path, gid_t gid)
{
	if (mkdir(path, PIN_MODE_DIR) != 0 && errno != EEXIST)
		return -errno;
	if (gid != PIN_NO_GROUP && chown(path, 0, gid) != 0)
		return -errno;
	/* Not what the umask made of it. */
	return chmod(path, PIN_MODE_DIR) == 0 ? 0 : -errno;
}

static int dir_make_parents(const char *path)
{
	char parent[PIN_PATH_MAX];

	snprintf(parent, sizeof(parent), "%s", path);
	for (char *slash = strchr(parent + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		if (mkdir(parent, 0711) != 0 && errno != EEXIST)
			return -errno;
		*slash = '/';
	}
	return 0;
}

int pins_prepare(const char *pin_dir, const char *group, gid_t *gid)
{
	char path[PIN_PATH_MAX];
	int err = bpffs_ensure(pin_dir);

	if (err)
		return err;
	*gid = group_find(group);
	if (*gid != PIN_NO_GROUP)
		group_join(*gid);
	err = dir_make_parents(pin_dir);
	if (!err)
		err = pins_make_dir(pin_dir, *gid);
	if (!err)
		err = pins_join(path, pin_dir, PIN_LINKS);
	if (!err)
		err = pins_make_dir(path, *gid);
	if (!err)
		err = pins_join(path, pin_dir, PIN_PROGRAMS);
	if (!err)
		err = pins_make_dir(path, *gid);
	if (err)
		log_error("pin_dir %s cannot be made: %s", pin_dir, strerror(-err));
	else if (*gid != PIN_NO_GROUP)
		group_check_reach(pin_dir, group);
	return err;
}

int pins_put(int fd, const char *path, mode_t mode, gid_t gid)
{
	char fresh[PIN_PATH_MAX];
	int err;

	if (snprintf(fresh, sizeof(fresh), "%s~", path) >= (int)sizeof(fresh))
		return -ENAMETOOLONG;
	if (unlink(fresh) != 0 && errno != ENOENT)
		return -errno;
	if (bpf_obj_pin(fd, fresh) != 0)
		return -errno;
	if ((gid != PIN_NO_GROUP && chown(fresh, 0, gid) != 0) || chmod(fresh, mode) != 0 ||
	    rename(fresh, path) != 0) {
		err = -errno;
		unlink(fresh);
		return err;
	}
	return 0;
}

int pins_each(const char *dir, int (*fn)(const char *path, const char *name, void *arg), void *arg)
{
	char path[PIN_PATH_MAX];
	struct dirent *entry;
	DIR *stream = opendir(dir);
	int err = 0;

	if (!stream)
		return errno == ENOENT ? 0 : -errno;
	while (!err && (entry = readdir(stream))) {
		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
			continue;
		err = pins_join(path, dir, entry->d_name);
		if (!err)
			err = fn(path, entry->d_name, arg);
	}
	closedir(stream);
	return err;
}

static int pin_remove(const char *path, const char *name, void *arg)
{
	int *removed = arg;

	(void)name;
	if (unlink(path) != 0)
		return -errno;
	(*removed)++;
	return 0;
}

int pins_remove_dir(const char *dir)
{
	int removed = 0;
	int err = pins_each(dir, pin_remove, &removed);

	if (err)
		return err;
	if (rmdir(dir) != 0 && errno != ENOENT)
		return -errno;
	return removed;
}
