/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */

/* A path and a group into the socket on which the daemon listens. */

#include "edge/api_listen.h"

#include <errno.h>
#include <grp.h>
#include <libgen.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "edge/log.h"

#define LISTEN_BACKLOG 16

/* The directory is the operator's where it exists: only what we make gets our mode. */
static void directory_make(const char *socket_path, gid_t gid)
{
	char copy[108];
	const char *directory;

	snprintf(copy, sizeof(copy), "%s", socket_path);
	directory = dirname(copy);
	if (mkdir(directory, 0750) < 0)
		return;
	if (gid != (gid_t)-1 && chown(directory, (uid_t)-1, gid) < 0)
		log_warning("%s: cannot give it to its group: %s", directory, strerror(errno));
}

static int socket_listen(const char *path, gid_t gid)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	mode_t mask;
	int fd, error;

	if (strlen(path) >= sizeof(address.sun_path))
		return -ENAMETOOLONG;
	strcpy(address.sun_path, path);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	unlink(path);
	mask = umask(0177);
	error = bind(fd, (struct sockaddr *)&address, sizeof(address)) ? -errno : 0;
	umask(mask);
	if (!error && gid != (gid_t)-1 && chown(path, (uid_t)-1, gid) < 0)
		log_warning("%s: cannot give it to its group: %s", path, strerror(errno));
	if (!error && chmod(path, gid == (gid_t)-1 ? 0600 : 0660) < 0)
		error = -errno;
	if (!error && listen(fd, LISTEN_BACKLOG) < 0)
		error = -errno;
	if (error) {
		close(fd);
		return error;
	}
	return fd;
}

static gid_t group_find(const char *name)
{
	struct group *group = name[0] ? getgrnam(name) : NULL;

	if (group)
		return group->gr_gid;
	if (name[0])
		log_warning("group %s does not exist: only root may use the control socket", name);
	return (gid_t)-1;
}

int api_listen(const char *path, const char *group)
{
	gid_t gid = group_find(group);

	directory_make(path, gid);
	return socket_listen(path, gid);
}
