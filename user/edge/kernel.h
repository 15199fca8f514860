/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#pragma once

/* The BPF object in the kernel: loads or takes over programs, maps and links, attaches and detaches. */

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "core/config.h"

struct kernel;

/* File descriptors of every map, by its name in bpf/maps.h; -1: this kernel object has no such map. */
struct kernel_maps {
	int sources, flows, syns, stacks, counters, reasons, hits, meta, settings, services, ports,
		prefixes6, source_nets, allow_net4, allow_net6, deny_host, deny_net4, deny_net6,
		prefilter4, prefilter6, push_net4, push_net6, exchanges;
};

enum kernel_start {
	KERNEL_FRESH, /* nothing was pinned */
	KERNEL_TAKEN, /* maps of the same ABI and sizes were taken over */
	KERNEL_SWITCHED, /* meta differed: new maps are filled beside the old ones; kernel_commit switches */
};

/*
 * Takes the daemon's lock in run_dir, checks what the kernel can do and says what is missing, mounts a BPF
 * file system on /sys/fs/bpf if pin_dir lies there and none is, makes pin_dir (0750, group), takes over
 * pinned maps if meta fits, else makes new ones, loads the programs. Does not attach yet.
 * -EPERM with the missing capability logged, -ENOTSUP with the missing feature logged, -EBUSY another daemon.
 */
int kernel_open(const struct config *config, struct kernel **out);
enum kernel_start kernel_start(const struct kernel *kernel);
/* The map `settings` as it was pinned when the daemon started, until kernel_commit: an fd for the caller to close, or
 * -errno. After a fresh start it is our own. */
int kernel_settings_before(const struct kernel *kernel);
const struct kernel_maps *kernel_maps(const struct kernel *kernel);
/* fd of the program weir_sweep. */
int kernel_sweep_fd(const struct kernel *kernel);

enum kernel_hook {
	KERNEL_XDP,
	KERNEL_TC_INGRESS,
	KERNEL_TC_EGRESS
};
enum kernel_via {
	KERNEL_VIA_NONE,
	KERNEL_VIA_XDP_NATIVE,
	KERNEL_VIA_XDP_GENERIC,
	KERNEL_VIA_TCX,
	KERNEL_VIA_CLSACT,
};
struct kernel_attachment {
	char interface[16];
	int ifindex;
	enum kernel_hook hook;
	enum kernel_via via;
	unsigned program_id;
	unsigned link_id;  /* 0 for clsact */
	char problem[128]; /* "": attached; else why not, e.g. the XDP holder's name */
};

/*
 * Attaches (or swaps by bpf_link_update where a pinned link of ours is) every configured interface
 * that exists: XDP native, else generic if allowed, else TC ingress; TCX egress, else clsact. Links are
 * pinned under pin_dir/links. Call again when an interface appears. Interfaces no longer configured are detached. A bond or
 * VLAN together with its lower interface is -EINVAL with a log line. Returns the number of interfaces
 * that are fully attached, or -errno when none can be.
 */
int kernel_attach(struct kernel *kernel, const struct config *config);
/* Replaces old pins by new ones after the rules are filled (only needed when KERNEL_SWITCHED); kernel_attach does the swap of programs first. */
int kernel_commit(struct kernel *kernel);
/* All attachments wanted and their state, read from the kernel now. */
size_t kernel_attachments(struct kernel *kernel, struct kernel_attachment *out, size_t max);
/* Forgets the object; pinned links and maps stay. */
void kernel_close(struct kernel *kernel);
/* A push map that was frozen or has gone astray is replaced by an empty one (name: "push_net4" or
 * "push_net6"): its descriptor keeps its number. */
int kernel_recreate_push(struct kernel *kernel, const char *name);
/* Pid of the daemon that holds run_dir's lock; 0: none runs. */
pid_t kernel_daemon_pid(const char *run_dir);
/* Drops every capability but those listed in kernel.c as needed after attach. */
int kernel_drop_capabilities(void);

/* `weir detach`: removes all links, filters and pins of ours under pin_dir and nothing else. Writes what it removed. Number removed or -errno. */
int kernel_detach(const char *pin_dir, void (*say)(const char *what, void *arg), void *arg);

/* For replay: loads the object unpinned, with small maps whose walks repeat, a virtual clock and the fixed key; attaches nothing. */
int kernel_open_replay(const struct config *config, struct kernel **out);
/* fds of weir_xdp, weir_tc_in and weir_tc_out; a replay has no weir_tc_in. */
int kernel_program_fd(const struct kernel *kernel, const char *name);
/* A netlink socket that becomes readable when interfaces come or go; -errno. Read it empty with kernel_read_interfaces. */
int kernel_watch_interfaces(void);
bool kernel_read_interfaces(int fd); /* true: something changed */
