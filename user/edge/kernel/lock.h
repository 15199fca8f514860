/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#pragma once

/* One daemon for each run_dir, by a lock file that names its holder, and for each pin_dir. */

#include <sys/types.h>

/* A descriptor that holds the lock until it is closed; -EBUSY (with the holder's pid logged) or -errno. */
int lock_take(const char *run_dir, gid_t gid);
/* The same for a pin_dir, whose maps a daemon with another run_dir would write as well. */
int lock_take_pins(const char *pin_dir);
