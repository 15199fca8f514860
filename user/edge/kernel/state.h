/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#pragma once

/* What kernel.c and attach.c share of one loaded object. */

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "edge/kernel.h"
#include "edge/kernel/pins.h"

#define WANTED_MAX 16 /* as many as struct config holds interfaces */

/* One hook of a wanted interface. */
struct wanted_hook {
	enum kernel_via via;
	char problem[128]; /* as last logged */
};

struct wanted {
	char name[16];
	int ifindex; /* 0: it does not exist now */
	struct wanted_hook ingress;
	struct wanted_hook egress;
	bool ingress_is_xdp;
};

struct kernel {
	struct weir_bpf *skel;
	struct kernel_maps maps;
	enum kernel_start start;
	char pin_dir[PIN_PATH_MAX];
	char map_dir[PIN_PATH_MAX]; /* where our maps are pinned: pin_dir, or pin_dir/new */
	char link_dir[PIN_PATH_MAX];
	char program_dir[PIN_PATH_MAX];
	gid_t gid;
	int lock_fd, pins_fd; /* held while it runs; -1 in replay */
	struct wanted wanted[WANTED_MAX];
	size_t wanted_count;
};
