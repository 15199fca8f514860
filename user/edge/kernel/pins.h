/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#pragma once

/* Names in a BPF file system: makes directories, pins descriptors with owner and mode, walks and removes. */

#include <sys/types.h>

#define PIN_PATH_MAX 512

#define PIN_LINKS "links" /* pin_dir/links/<interface>-<hook> */
#define PIN_PROGRAMS                                                                               \
	"programs" /* pin_dir/programs/<namespace>-<ifindex>-<hook>: which clsact filters are ours */
#define PIN_NEW "new" /* pin_dir/new: maps of another ABI, until kernel_commit */

#define PIN_MODE_DIR 0750
#define PIN_MODE_FACTS 0640
#define PIN_MODE_PUSH 0660
#define PIN_MODE_SECRET 0600

#define PIN_NO_GROUP ((gid_t)-1)

/*
 * Makes sure that pin_dir exists on a BPF file system, mounting one on /sys/fs/bpf if nothing is
 * mounted there. *gid is the group's number, or PIN_NO_GROUP (warned) if there is no such group.
 * 0, or -errno with what to do logged.
 */
int pins_prepare(const char *pin_dir, const char *group, gid_t *gid);
/* 0 or -errno, all without a log line. An existing pin is replaced atomically. */
int pins_put(int fd, const char *path, mode_t mode, gid_t gid);
int pins_make_dir(const char *path, gid_t gid);
/* "a/b" of parts a and b; -ENAMETOOLONG. */
int pins_join(char path[PIN_PATH_MAX], const char *dir, const char *name);
/* Interface names may hold dots, names in a BPF file system may not; no interface name holds a colon. */
void pins_escape(char *name);
void pins_unescape(char *name);
/* Calls fn for each name until it returns non-zero, which is then returned. A missing directory is empty. */
int pins_each(const char *dir, int (*fn)(const char *path, const char *name, void *arg), void *arg);
/* Unpins all of a flat directory and removes it. Number of pins removed or -errno. */
int pins_remove_dir(const char *dir);
