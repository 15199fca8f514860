/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* Turns a program and an interface into a clsact filter, and knows its own filters again. */

#include "edge/kernel/filters.h"

#include <errno.h>
#include <linux/netlink.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "edge/kernel/interfaces.h"
#include "edge/kernel/links.h"
#include "edge/kernel/pins.h"
#include "edge/log.h"

/* "weir": what nobody else is likely to have chosen. */
#define FILTER_HANDLE 0x77656972u
#define FILTER_NAME_MAX 64
/* The pin that says that the qdisc is of our making. */
#define FILTER_QDISC "qdisc"

/* First in the chain, so that a foreign filter that accepts does not hide packets from us; further
 * back where a filter of another kind holds the first place. */
static const unsigned filter_priorities[] = { 1, 2, 3, 1000 };
#define PRIORITIES (sizeof(filter_priorities) / sizeof(filter_priorities[0]))

/* Interface numbers mean something in one network namespace only; pins are seen in all of them. */
static unsigned long namespace_id(void)
{
	struct stat st;

	return stat("/proc/self/ns/net", &st) == 0 ? (unsigned long)st.st_ino : 0;
}

/* By number, as an interface may be renamed under its filter. */
static int filter_path(char path[PIN_PATH_MAX], const char *dir, int ifindex, const char *what)
{
	char name[FILTER_NAME_MAX];

	snprintf(name, sizeof(name), "%lu-%d-%s", namespace_id(), ifindex, what);
	return pins_join(path, dir, name);
}

static struct bpf_tc_hook hook_of(int ifindex, enum kernel_hook hook)
{
	return (struct bpf_tc_hook){
		.sz = sizeof(struct bpf_tc_hook),
		.ifindex = ifindex,
		.attach_point = hook == KERNEL_TC_INGRESS ? BPF_TC_INGRESS : BPF_TC_EGRESS,
	};
}

/* The program at our handle and one of our priorities; 0: none. */
static unsigned filter_query(int ifindex, enum kernel_hook hook, unsigned *priority)
{
	struct bpf_tc_hook tc = hook_of(ifindex, hook);

	for (size_t i = 0; i < PRIORITIES; i++) {
		LIBBPF_OPTS(bpf_tc_opts, opts, .handle = FILTER_HANDLE,
			    .priority = filter_priorities[i]);

		if (bpf_tc_query(&tc, &opts) == 0) {
			*priority = filter_priorities[i];
			return opts.prog_id;
		}
	}
	return 0;
}

static unsigned pinned_program(const char *path)
{
	int fd = bpf_obj_get(path);
	unsigned id;

	if (fd < 0)
		return 0;
	id = program_id(fd);
	close(fd);
	return id;
}

/* After a crash between filter and pin the program's name still tells. */
static bool program_is_named(unsigned id, enum kernel_hook hook)
{
	struct bpf_prog_info info = { 0 };
	__u32 len = sizeof(info);
	int fd = bpf_prog_get_fd_by_id(id);
	bool is_named;

	if (fd < 0)
		return false;
	is_named = bpf_obj_get_info_by_fd(fd, &info, &len) == 0 &&
		   strncmp(info.name, "weir_", strlen("weir_")) == 0 &&
		   strcmp(info.name + strlen("weir_"), hook_name(hook)) == 0;
	close(fd);
	return is_named;
}

/* Our filter's program and priority; 0: no filter there is ours. */
static unsigned filter_find(const char *dir, int ifindex, enum kernel_hook hook, unsigned *priority)
{
	char path[PIN_PATH_MAX];
	unsigned id = filter_query(ifindex, hook, priority);

	if (!id || filter_path(path, dir, ifindex, hook_name(hook)) != 0)
		return 0;
	return pinned_program(path) == id || program_is_named(id, hook) ? id : 0;
}

unsigned filter_program(const char *dir, int ifindex, enum kernel_hook hook)
{
	unsigned priority;

	return filter_find(dir, ifindex, hook, &priority);
}

/* Makes the qdisc unless there is one; only one that we made is ever removed. */
static int qdisc_ensure(const struct filter_want *want)
{
	struct bpf_tc_hook tc = hook_of(want->ifindex, want->hook);
	char path[PIN_PATH_MAX];
	int err = bpf_tc_hook_create(&tc);

	if (err == -EEXIST)
		return 0;
	if (err)
		return err;
	err = filter_path(path, want->dir, want->ifindex, FILTER_QDISC);
	return err ? err : pins_put(want->program_fd, path, PIN_MODE_SECRET, want->gid);
}

static int filter_attach(const struct filter_want *want, unsigned priority, bool is_replaced)
{
	struct bpf_tc_hook tc = hook_of(want->ifindex, want->hook);
	LIBBPF_OPTS(bpf_tc_opts, opts, .prog_fd = want->program_fd, .handle = FILTER_HANDLE,
		    .priority = priority, .flags = is_replaced ? BPF_TC_F_REPLACE : 0);

	return bpf_tc_attach(&tc, &opts);
}

int filter_put(const struct filter_want *want)
{
	char path[PIN_PATH_MAX];
	unsigned priority;
	int err = qdisc_ensure(want);

	if (!err)
		err = filter_path(path, want->dir, want->ifindex, hook_name(want->hook));
	if (err)
		return err;
	if (filter_find(want->dir, want->ifindex, want->hook, &priority)) {
		err = filter_attach(want, priority, true);
	} else {
		err = -EEXIST;
		for (size_t i = 0; err && i < PRIORITIES; i++)
			err = filter_attach(want, filter_priorities[i], false);
	}
	return err ? err : pins_put(want->program_fd, path, PIN_MODE_SECRET, want->gid);
}

static int filter_count(const struct nlmsghdr *answer, void *arg)
{
	unsigned *count = arg;

	*count += answer->nlmsg_type == RTM_NEWTFILTER;
	return 0;
}

/* True too where the kernel would not say: then nothing is removed. */
static bool qdisc_is_used(int ifindex)
{
	static const __u32 parents[] = {
		TC_H_MAKE(TC_H_CLSACT, TC_H_MIN_INGRESS),
		TC_H_MAKE(TC_H_CLSACT, TC_H_MIN_EGRESS),
	};
	unsigned count = 0;

	for (size_t i = 0; i < 2; i++) {
		struct {
			struct nlmsghdr header;
			struct tcmsg tc;
		} request = {
			.header = { .nlmsg_len = sizeof(request),
				    .nlmsg_type = RTM_GETTFILTER,
				    .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP },
			.tc = { .tcm_family = AF_UNSPEC,
				.tcm_ifindex = ifindex,
				.tcm_parent = parents[i] },
		};

		if (netlink_dump(&request.header, filter_count, &count) != 0)
			return true;
	}
	return count > 0;
}

static void qdisc_release(const char *dir, int ifindex)
{
	LIBBPF_OPTS(bpf_tc_hook, tc, .ifindex = ifindex,
		    .attach_point = BPF_TC_INGRESS | BPF_TC_EGRESS);
	char path[PIN_PATH_MAX];
	bool is_gone;

	if (filter_path(path, dir, ifindex, FILTER_QDISC) != 0 || access(path, F_OK) != 0)
		return;
	if (qdisc_is_used(ifindex))
		return;
	is_gone = bpf_tc_hook_destroy(&tc) == 0;
	if (is_gone)
		unlink(path);
}

int filter_remove(const char *dir, int ifindex, enum kernel_hook hook)
{
	struct bpf_tc_hook tc = hook_of(ifindex, hook);
	char path[PIN_PATH_MAX];
	unsigned priority;
	int removed = 0;
	int err = filter_path(path, dir, ifindex, hook_name(hook));

	if (err)
		return err;
	if (filter_find(dir, ifindex, hook, &priority)) {
		LIBBPF_OPTS(bpf_tc_opts, opts, .handle = FILTER_HANDLE, .priority = priority);

		err = bpf_tc_detach(&tc, &opts);
		if (err)
			return err;
		removed = 1;
	}
	if (unlink(path) != 0 && errno != ENOENT)
		return -errno;
	qdisc_release(dir, ifindex);
	return removed;
}

/* "4026531840-2-tc_in" -> 2 and hook. -EXDEV: of another namespace; -EINVAL: not a filter's pin. */
static int pin_parse(const char *name, int *ifindex, enum kernel_hook *hook)
{
	char *rest;

	if (strtoul(name, &rest, 10) != namespace_id())
		return -EXDEV;
	if (*rest++ != '-')
		return -EINVAL;
	*ifindex = (int)strtol(rest, &rest, 10);
	if (*rest++ != '-')
		return -EINVAL;
	if (strcmp(rest, hook_name(KERNEL_TC_INGRESS)) == 0)
		*hook = KERNEL_TC_INGRESS;
	else if (strcmp(rest, hook_name(KERNEL_TC_EGRESS)) == 0)
		*hook = KERNEL_TC_EGRESS;
	else if (strcmp(rest, FILTER_QDISC) != 0)
		return -EINVAL;
	else
		*hook = KERNEL_XDP; /* no filter's hook: the qdisc goes with the last filter */
	return 0;
}

struct sweep_state {
	const struct filter_sweep *sweep;
	int removed;
};

static int filter_sweep(struct sweep_state *state, int ifindex, enum kernel_hook hook,
			const char *interface)
{
	const struct filter_sweep *sweep = state->sweep;
	int removed = filter_remove(sweep->dir, ifindex, hook);
	char what[128];

	if (removed < 0)
		return removed;
	state->removed += removed;
	if (removed && sweep->say) {
		snprintf(what, sizeof(what), "clsact filter %s of %s", hook_name(hook), interface);
		sweep->say(what, sweep->arg);
	}
	return 0;
}

static int pin_sweep(const char *path, const char *name, void *arg)
{
	struct sweep_state *state = arg;
	const struct filter_sweep *sweep = state->sweep;
	char interface[IF_NAMESIZE];
	enum kernel_hook hook;
	int ifindex, err = pin_parse(name, &ifindex, &hook);

	if (err == -EXDEV)
		log_error("%s is of another network namespace; run weir there", path);
	if (err)
		return err;
	if (!if_indextoname((unsigned)ifindex, interface)) {
		/* The filter went with its interface. */
		unlink(path);
		return 0;
	}
	if (hook == KERNEL_XDP || (sweep->keep && sweep->keep(ifindex, hook, sweep->arg)))
		return 0;
	return filter_sweep(state, ifindex, hook, interface);
}

int filters_remove_others(const struct filter_sweep *sweep)
{
	struct sweep_state state = { .sweep = sweep };
	int err = pins_each(sweep->dir, pin_sweep, &state);

	return err ? err : state.removed;
}
