/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#pragma once

/* From a reason to its counter. */

#include "maps.h"

/* Every packet ends here exactly once. */
static __always_inline void reason_count(__u32 reason, __u32 frame_bytes)
{
	struct weir_counter *counter = bpf_map_lookup_elem(&counters, &reason);

	if (!counter)
		return;
	counter->packets++;
	counter->bytes += frame_bytes;
}

/* Something that happened beside a packet's end. */
static __always_inline void event_count(__u32 reason)
{
	reason_count(reason, 0);
}
