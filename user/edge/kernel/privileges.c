/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* Turns a process that could load programs into one that keeps only what it needs afterwards. */

#include "edge/kernel.h"

#include <errno.h>
#include <string.h>
#include <sys/prctl.h>

#include <cap-ng.h>
#include <linux/capability.h>

#include "edge/log.h"

/*
 * Kept: CAP_BPF for map and link calls where unprivileged BPF is off, CAP_NET_ADMIN for
 * interfaces that appear later. Files that root owns stay writable for uid 0 without
 * CAP_DAC_OVERRIDE, and CAP_PERFMON is for loading alone.
 */
int kernel_drop_capabilities(void)
{
	bool is_bounded;

	if (capng_get_caps_process() != 0)
		return -EINVAL;
	is_bounded = capng_have_capability(CAPNG_EFFECTIVE, CAP_SETPCAP);
	capng_clear(CAPNG_SELECT_ALL);
	if (capng_updatev(CAPNG_ADD, CAPNG_EFFECTIVE | CAPNG_PERMITTED | CAPNG_BOUNDING_SET,
			  CAP_BPF, CAP_NET_ADMIN, -1) != 0)
		return -EINVAL;
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
		return -errno;
	/* Without CAP_SETPCAP a service manager has set the bounds already. */
	if (is_bounded && capng_apply(CAPNG_SELECT_BOUNDS) != 0) {
		log_error("the capability bounding set cannot be lowered");
		return -EPERM;
	}
	if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) != 0 ||
	    capng_apply(CAPNG_SELECT_CAPS) != 0) {
		log_error("capabilities cannot be dropped: %s", strerror(errno));
		return -EPERM;
	}
	return 0;
}
