/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#pragma once

/* Our clsact filters: for kernels before 6.6. A pin under pin_dir/programs says which are ours. */

#include <stdbool.h>
#include <sys/types.h>

#include "edge/kernel.h"

struct filter_want {
	const char *dir; /* pin_dir/programs */
	int ifindex;
	enum kernel_hook hook; /* KERNEL_TC_INGRESS or KERNEL_TC_EGRESS */
	int program_fd;
	gid_t gid;
};

/* Puts the program in force, replacing our earlier filter in place. 0 or -errno. */
int filter_put(const struct filter_want *want);
/* Id of the program that our filter on interface and hook runs; 0: there is none. */
unsigned filter_program(const char *dir, int ifindex, enum kernel_hook hook);
/* Removes our filter, its pin, and the qdisc where we made it and nobody else uses it. 1: removed;
 * 0: there was none. */
int filter_remove(const char *dir, int ifindex, enum kernel_hook hook);
/* Calls filter_remove for each filter of ours that keep does not want; tells say. Number or -errno. */
struct filter_sweep {
	const char *dir;
	bool (*keep)(int ifindex, enum kernel_hook hook, void *arg);
	void (*say)(const char *what, void *arg);
	void *arg;
};
int filters_remove_others(const struct filter_sweep *sweep);
