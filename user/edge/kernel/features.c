/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* Turns what the kernel refuses into a sentence about what is missing and what to do. */

#include "edge/kernel/features.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <bpf/libbpf.h>
#include <cap-ng.h>
#include <linux/bpf.h>
#include <linux/capability.h>

#include "edge/log.h"

#define KERNEL_BTF "/sys/kernel/btf/vmlinux"

static const struct {
	unsigned capability;
	const char *name;
	const char *why;
} needed_capabilities[] = {
	{ CAP_BPF, "CAP_BPF", "to load programs and make maps" },
	{ CAP_NET_ADMIN, "CAP_NET_ADMIN", "to attach to interfaces" },
	{ CAP_PERFMON, "CAP_PERFMON", "for pointer arithmetic in programs" },
};

/* The newest of what the programs use; each is in 6.1. */
static const struct {
	enum bpf_prog_type type;
	enum bpf_func_id helper;
	const char *text;
} needed_helpers[] = {
	{ BPF_PROG_TYPE_XDP, BPF_FUNC_xdp_load_bytes, "bpf_xdp_load_bytes (kernel 5.18)" },
	{ BPF_PROG_TYPE_XDP, BPF_FUNC_loop, "bpf_loop (kernel 5.17)" },
	{ BPF_PROG_TYPE_SCHED_CLS, BPF_FUNC_ktime_get_boot_ns,
	  "bpf_ktime_get_boot_ns (kernel 5.8)" },
};

static const char *kernel_release(void)
{
	static struct utsname uts;

	return uname(&uts) == 0 ? uts.release : "unknown";
}

static int capabilities_check(void)
{
	int err = 0;

	if (capng_get_caps_process() != 0)
		return 0;
	/* CAP_SYS_ADMIN implies CAP_BPF and CAP_PERFMON, but not CAP_NET_ADMIN. */
	for (size_t i = 0; i < sizeof(needed_capabilities) / sizeof(needed_capabilities[0]); i++) {
		if (capng_have_capability(CAPNG_EFFECTIVE, needed_capabilities[i].capability))
			continue;
		if (needed_capabilities[i].capability != CAP_NET_ADMIN &&
		    capng_have_capability(CAPNG_EFFECTIVE, CAP_SYS_ADMIN))
			continue;
		log_error("%s is missing: it is needed %s; run as root or grant it",
			  needed_capabilities[i].name, needed_capabilities[i].why);
		err = -EPERM;
	}
	return err;
}

int features_check(void)
{
	int err = capabilities_check();

	for (size_t i = 0; !err && i < sizeof(needed_helpers) / sizeof(needed_helpers[0]); i++) {
		int has = libbpf_probe_bpf_helper(needed_helpers[i].type, needed_helpers[i].helper,
						  NULL);

		if (has != 0)
			continue;
		log_error("kernel %s lacks %s; weir needs kernel 6.1 or newer", kernel_release(),
			  needed_helpers[i].text);
		err = -ENOTSUP;
	}
	return err;
}

int features_explain(int err)
{
	struct rlimit limit;

	if (access(KERNEL_BTF, R_OK) != 0) {
		log_error("kernel %s has no BTF (%s): it must be built with CONFIG_DEBUG_INFO_BTF",
			  kernel_release(), KERNEL_BTF);
		return -ENOTSUP;
	}
	if ((err == -EPERM || err == -ENOMEM) && getrlimit(RLIMIT_MEMLOCK, &limit) == 0 &&
	    limit.rlim_cur != RLIM_INFINITY) {
		log_error("the kernel refused the BPF object: %s; maps may be larger than "
			  "RLIMIT_MEMLOCK (%llu bytes): set LimitMEMLOCK=infinity",
			  strerror(-err), (unsigned long long)limit.rlim_cur);
		return err;
	}
	if (err == -ENOMEM || err == -E2BIG)
		log_error("not enough memory for the maps: %s; lower flows_max, sources_max or "
			  "rules_max",
			  strerror(-err));
	else if (err == -EACCES || err == -EINVAL)
		log_error("kernel %s refused a program: %s; run with log_level debug to see the "
			  "verifier's words",
			  kernel_release(), strerror(-err));
	else
		log_error("the BPF object cannot be loaded: %s", strerror(-err));
	return err;
}
