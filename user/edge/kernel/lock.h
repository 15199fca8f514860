/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#pragma once

/* One daemon for each run_dir: a lock file that names its holder. */

#include <sys/types.h>

/* A descriptor that holds the lock until it is closed; -EBUSY (with the holder's pid logged) or -errno. */
int lock_take(const char *run_dir, gid_t gid);
