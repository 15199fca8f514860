/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* Turns the configured interfaces into attached programs, by the best way each of them has. */

#include "edge/kernel.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "edge/kernel/filters.h"
#include "edge/kernel/interfaces.h"
#include "edge/kernel/links.h"
#include "edge/kernel/object.h"
#include "edge/kernel/state.h"
#include "edge/log.h"

/* One call of kernel_attach. */
struct attach {
	struct kernel *kernel;
	const struct config *config;
	struct interfaces interfaces;
	struct links links;
};

static const char *via_name(enum kernel_via via)
{
	static const char *const names[] = {
		[KERNEL_VIA_NONE] = "not",
		[KERNEL_VIA_XDP_NATIVE] = "native XDP",
		[KERNEL_VIA_XDP_GENERIC] = "generic XDP",
		[KERNEL_VIA_TCX] = "TCX",
		[KERNEL_VIA_CLSACT] = "clsact",
	};

	return names[via];
}

/* Logged when it changes: kernel_attach runs at every change of an interface. */
static __attribute__((format(printf, 3, 4))) void problem_set(const struct wanted *wanted,
							      struct wanted_hook *hook,
							      const char *format, ...)
{
	char text[sizeof(hook->problem)];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	if (strcmp(text, hook->problem) == 0)
		return;
	snprintf(hook->problem, sizeof(hook->problem), "%s", text);
	if (*text)
		log_warning("%s: %s", wanted->name, text);
}

static void via_set(const struct wanted *wanted, struct wanted_hook *hook, const char *direction,
		    enum kernel_via via)
{
	if (hook->via != via && via != KERNEL_VIA_NONE)
		log_info("%s: %s through %s", wanted->name, direction, via_name(via));
	hook->via = via;
}

static const char *program_name(enum kernel_hook hook)
{
	static const char *const names[] = {
		[KERNEL_XDP] = "weir_xdp",
		[KERNEL_TC_INGRESS] = "weir_tc_in",
		[KERNEL_TC_EGRESS] = "weir_tc_out",
	};

	return names[hook];
}

static int link_attach(struct attach *attach, const struct wanted *wanted, enum kernel_hook hook,
		       bool is_generic)
{
	struct link_want want = {
		.dir = attach->kernel->link_dir,
		.interface = wanted->name,
		.ifindex = wanted->ifindex,
		.hook = hook,
		.is_generic = is_generic,
		.program_fd = object_program_fd(attach->kernel->skel, program_name(hook)),
		.gid = attach->kernel->gid,
	};

	return links_put(&attach->links, &want);
}

/* TCX, else clsact. */
static int tc_attach(struct attach *attach, const struct wanted *wanted, enum kernel_hook hook,
		     enum kernel_via *via)
{
	struct filter_want want = {
		.dir = attach->kernel->program_dir,
		.ifindex = wanted->ifindex,
		.hook = hook,
		.program_fd = object_program_fd(attach->kernel->skel, program_name(hook)),
		.gid = attach->kernel->gid,
	};
	int err = -EOPNOTSUPP;

	if (attach->config->tcx_is_wanted)
		err = link_attach(attach, wanted, hook, false);
	*via = KERNEL_VIA_TCX;
	if (err == -EOPNOTSUPP) {
		err = filter_put(&want);
		*via = KERNEL_VIA_CLSACT;
	}
	if (err)
		*via = KERNEL_VIA_NONE;
	return err;
}

/* A generic link of an earlier configuration that allowed it. */
static void generic_retire(struct attach *attach, const struct wanted *wanted)
{
	struct link *link = links_find(&attach->links, wanted->ifindex, KERNEL_XDP);
	bool is_generic;

	if (link && xdp_program(wanted->ifindex, &is_generic) && is_generic &&
	    !attach->config->generic_xdp_is_allowed)
		link_remove(link);
}

/* True if XDP took it; else *problem says why not. */
static bool xdp_attach(struct attach *attach, struct wanted *wanted, unsigned mtu_bytes,
		       char *problem, size_t problem_size)
{
	bool is_generic = false;
	char holder[64];
	int err;

	generic_retire(attach, wanted);
	err = link_attach(attach, wanted, KERNEL_XDP, false);
	if (err && err != -EBUSY && attach->config->generic_xdp_is_allowed)
		err = link_attach(attach, wanted, KERNEL_XDP, true);
	if (!err) {
		xdp_program(wanted->ifindex, &is_generic);
		via_set(wanted, &wanted->ingress, "ingress",
			is_generic ? KERNEL_VIA_XDP_GENERIC : KERNEL_VIA_XDP_NATIVE);
		return true;
	}
	if (err == -EBUSY) {
		xdp_holder(wanted->ifindex, holder, sizeof(holder));
		snprintf(problem, problem_size, "XDP is held by %s", holder);
	} else if (err == -EOPNOTSUPP) {
		snprintf(problem, problem_size, "its driver has no native XDP");
	} else {
		snprintf(problem, problem_size, "XDP refused: %s (MTU %u may be too large for it)",
			 strerror(-err), mtu_bytes);
	}
	return false;
}

static void tc_refused_set(const struct wanted *wanted, struct wanted_hook *hook,
			   const char *direction, int err)
{
	if (err == -ENOENT || err == -EOPNOTSUPP)
		problem_set(
			wanted, hook,
			"TC %s impossible: the kernel has neither TCX nor clsact (sch_ingress, cls_bpf)",
			direction);
	else
		problem_set(wanted, hook, "TC %s refused: %s", direction, strerror(-err));
}

static void ingress_attach(struct attach *attach, struct wanted *wanted, unsigned mtu_bytes)
{
	char problem[sizeof(wanted->ingress.problem) - 24] = "";
	enum kernel_via via;
	int err;

	wanted->ingress_is_xdp = attach->config->xdp_is_wanted &&
				 xdp_attach(attach, wanted, mtu_bytes, problem, sizeof(problem));
	if (wanted->ingress_is_xdp) {
		problem_set(wanted, &wanted->ingress, "%s", "");
		return;
	}
	err = tc_attach(attach, wanted, KERNEL_TC_INGRESS, &via);
	if (err)
		tc_refused_set(wanted, &wanted->ingress, "ingress", err);
	else if (*problem)
		problem_set(wanted, &wanted->ingress, "%s; using TC ingress", problem);
	else
		problem_set(wanted, &wanted->ingress, "%s", "");
	via_set(wanted, &wanted->ingress, "ingress", via);
}

static void egress_attach(struct attach *attach, struct wanted *wanted)
{
	enum kernel_via via;
	int err = tc_attach(attach, wanted, KERNEL_TC_EGRESS, &via);

	if (err)
		tc_refused_set(wanted, &wanted->egress, "egress", err);
	else
		problem_set(wanted, &wanted->egress, "%s", "");
	via_set(wanted, &wanted->egress, "egress", via);
}

static void wanted_clear(struct wanted *wanted)
{
	wanted->ifindex = 0;
	wanted->ingress.via = wanted->egress.via = KERNEL_VIA_NONE;
}

static void wanted_attach(struct attach *attach, struct wanted *wanted)
{
	const struct interface *interface = interfaces_find(&attach->interfaces, wanted->name);

	if (!interface) {
		wanted_clear(wanted);
		problem_set(wanted, &wanted->ingress, "there is no such interface yet");
		problem_set(wanted, &wanted->egress, "%s", "");
		return;
	}
	if (!interface_is_ethernet(interface)) {
		wanted_clear(wanted);
		problem_set(wanted, &wanted->ingress, "not an Ethernet interface (type %u)",
			    interface->type);
		return;
	}
	wanted->ifindex = interface->index;
	ingress_attach(attach, wanted, interface->mtu_bytes);
	egress_attach(attach, wanted);
}

static int stacked_refuse(const struct attach *attach)
{
	const struct config *config = attach->config;
	const struct interfaces *all = &attach->interfaces;

	for (size_t i = 0; i < config->interface_count; i++) {
		const struct interface *a = interfaces_find(all, config->interfaces[i]);

		for (size_t j = 0; a && j < i; j++) {
			const struct interface *b = interfaces_find(all, config->interfaces[j]);

			if (!b || !interfaces_are_stacked(all, a, b))
				continue;
			log_error("%s and %s lie upon one another: every packet would be counted "
				  "twice; configure one of them",
				  b->name, a->name);
			return -EINVAL;
		}
	}
	return 0;
}

static void wanted_set(struct kernel *kernel, const struct config *config)
{
	struct wanted rows[WANTED_MAX] = { 0 };

	for (size_t i = 0; i < config->interface_count; i++) {
		snprintf(rows[i].name, sizeof(rows[i].name), "%s", config->interfaces[i]);
		for (size_t j = 0; j < kernel->wanted_count; j++)
			if (strcmp(kernel->wanted[j].name, rows[i].name) == 0)
				rows[i] = kernel->wanted[j];
	}
	memcpy(kernel->wanted, rows, sizeof(rows));
	kernel->wanted_count = config->interface_count;
}

/* The way by which a hook of an interface is ours; KERNEL_VIA_NONE: it should not be. */
static enum kernel_via hook_via(const struct kernel *kernel, int ifindex, enum kernel_hook hook)
{
	for (size_t i = 0; i < kernel->wanted_count; i++) {
		const struct wanted *wanted = &kernel->wanted[i];

		if (!ifindex || wanted->ifindex != ifindex)
			continue;
		if (hook == KERNEL_TC_EGRESS)
			return wanted->egress.via;
		return (hook == KERNEL_XDP) == wanted->ingress_is_xdp ? wanted->ingress.via :
									KERNEL_VIA_NONE;
	}
	return KERNEL_VIA_NONE;
}

static bool filter_is_wanted(int ifindex, enum kernel_hook hook, void *arg)
{
	return hook_via(arg, ifindex, hook) == KERNEL_VIA_CLSACT;
}

/* What is ours but no longer wanted: after what is wanted is in force, so that nothing is missed. */
static void others_remove(struct attach *attach)
{
	struct filter_sweep sweep = {
		.dir = attach->kernel->program_dir,
		.keep = filter_is_wanted,
		.arg = attach->kernel,
	};
	int err;

	for (size_t i = 0; i < attach->links.count; i++) {
		struct link *link = &attach->links.rows[i];
		enum kernel_via via = hook_via(attach->kernel, link->ifindex, link->hook);

		if (link->fd < 0 || (via != KERNEL_VIA_NONE && via != KERNEL_VIA_CLSACT))
			continue;
		err = link_remove(link);
		if (err)
			log_warning("%s cannot be removed: %s", link->path, strerror(-err));
	}
	err = filters_remove_others(&sweep);
	if (err < 0)
		log_warning("old clsact filters cannot be removed: %s", strerror(-err));
}

static int attached_count(const struct kernel *kernel)
{
	int count = 0;
	bool is_refused = false;

	for (size_t i = 0; i < kernel->wanted_count; i++) {
		const struct wanted *wanted = &kernel->wanted[i];

		if (wanted->ingress.via != KERNEL_VIA_NONE && wanted->egress.via != KERNEL_VIA_NONE)
			count++;
		else if (wanted->ifindex)
			is_refused = true;
	}
	return count == 0 && is_refused ? -ENOTSUP : count;
}

int kernel_attach(struct kernel *kernel, const struct config *config)
{
	struct attach attach = { .kernel = kernel, .config = config };
	int err = interfaces_read(&attach.interfaces);

	if (!err)
		err = stacked_refuse(&attach);
	if (!err)
		err = links_read(kernel->link_dir, &attach.links);
	if (!err) {
		wanted_set(kernel, config);
		for (size_t i = 0; i < kernel->wanted_count; i++)
			wanted_attach(&attach, &kernel->wanted[i]);
		others_remove(&attach);
		links_close(&attach.links);
		err = attached_count(kernel);
	}
	interfaces_clear(&attach.interfaces);
	return err;
}
