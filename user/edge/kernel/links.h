/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#pragma once

/* BPF links of ours as they are pinned: XDP and TCX, one for each interface and hook. */

#include <stdbool.h>
#include <stddef.h>

#include "edge/kernel.h"
#include "edge/kernel/pins.h"

#define LINKS_MAX 64

struct link {
	int fd;
	unsigned id;
	unsigned program_id;
	int ifindex; /* 0: its interface is gone */
	enum kernel_hook hook;
	char path[PIN_PATH_MAX];
};

struct links {
	struct link rows[LINKS_MAX];
	size_t count;
};

/* Opens what is pinned in dir. 0 or -errno. */
int links_read(const char *dir, struct links *out);
void links_close(struct links *links);
/* NULL: none. */
struct link *links_find(struct links *links, int ifindex, enum kernel_hook hook);
/*
 * Puts the program in force on interface and hook: in place where links has one, which is
 * renamed if the interface was, else as a new link, pinned under dir. -EBUSY: somebody else's XDP.
 * -EOPNOTSUPP: not by link on this kernel or driver. is_generic: XDP without driver support.
 */
struct link_want {
	const char *dir;
	const char *interface;
	int ifindex;
	enum kernel_hook hook;
	bool is_generic;
	int program_fd;
	gid_t gid;
};
int links_put(struct links *links, const struct link_want *want);
/* Detaches and unpins; the row's fd is -1 and ifindex 0 afterwards. */
int link_remove(struct link *link);

const char *hook_name(enum kernel_hook hook); /* "xdp", "tc_in", "tc_out" */
/* Holder of an interface's XDP hook: "program 'name' (id 12)"; only the id without CAP_SYS_ADMIN. */
void xdp_holder(int ifindex, char *text, size_t text_size);
/* The program an interface's XDP hook runs and whether generically; 0: none. */
unsigned xdp_program(int ifindex, bool *is_generic);
unsigned program_id(int program_fd);
