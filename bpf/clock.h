/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#pragma once

/* The time, real or replayed, and whether the daemon lives. */

#include "maps.h"

static __always_inline __u64 clock_now_ns(void)
{
	if (clock_is_virtual) {
		__u64 now_ns = setting_get(WEIR_SETTING_VIRTUAL_NOW_NS);

		if (now_ns)
			return now_ns;
	}
	return bpf_ktime_get_boot_ns();
}

/* True while verdicts hold: the daemon gave a sign of life, or they are to outlive it. */
static __always_inline bool clock_heartbeat_is_fresh(__u64 now_ns)
{
	__u32 zero = 0;
	const struct weir_meta *about;

	if (setting_get(WEIR_SETTING_PERSIST))
		return true;
	about = bpf_map_lookup_elem(&meta, &zero);
	/* The heartbeat may be a moment younger than this CPU's reading of the clock. */
	return about && (__s64)(now_ns - about->heartbeat_ns) <= (__s64)WEIR_HEARTBEAT_MAX_NS;
}
