/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#pragma once

/*
 * The one place that knows XDP from TC: length and bytes of a packet, the same call for both. `hook`
 * is a constant at every call, so that one branch remains.
 */

#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

enum hook {
	HOOK_XDP,
	HOOK_TC_IN,
	HOOK_TC_OUT,
};

/* Headers never lie further in than two VLAN tags, six extension headers of 2048 bytes and a TCP
 * header; the verifier wants packet offsets bounded. */
#define HOOK_OFFSET_MAX 0x7fff

/* Makes the compiler forget what it knows of a value, so that a bound is tested on the very register that
 * the verifier looks at afterwards, and as a comparison that kernel 6.1's verifier learns from. */
static __always_inline __u64 value_hide(__u64 value)
{
	asm volatile("" : "+r"(value));
	return value;
}

static __always_inline __u32 hook_len_bytes(void *ctx, const enum hook hook)
{
	if (hook == HOOK_XDP)
		return bpf_xdp_get_buff_len(ctx);
	return ((struct __sk_buff *)ctx)->len;
}

/* Reads from anywhere in the packet, also behind the linear part. 0 or -errno. */
static __always_inline long hook_load(void *ctx, const enum hook hook, __u32 offset, void *to,
				      __u32 len_bytes)
{
	if (hook == HOOK_XDP)
		return bpf_xdp_load_bytes(ctx, offset, to, len_bytes);
	return bpf_skb_load_bytes(ctx, offset, to, len_bytes);
}

static __always_inline long hook_store(void *ctx, const enum hook hook, __u32 offset, void *from,
				       __u32 len_bytes)
{
	if (hook == HOOK_XDP)
		return bpf_xdp_store_bytes(ctx, offset, from, len_bytes);
	return bpf_skb_store_bytes(ctx, offset, from, len_bytes, BPF_F_RECOMPUTE_CSUM);
}

/* Cuts the packet's end off. */
static __always_inline long hook_trim(void *ctx, const enum hook hook, __u32 from_bytes,
				      __u32 to_bytes)
{
	if (hook == HOOK_XDP)
		return bpf_xdp_adjust_tail(ctx, (int)to_bytes - (int)from_bytes);
	return bpf_skb_change_tail(ctx, to_bytes, 0);
}

/*
 * Copies a header of constant even size: by direct access where it lies in the linear part, else
 * through the helper. 0 or -errno.
 */
static __always_inline long hook_header(void *ctx, const enum hook hook, __u32 offset, void *to,
					const __u32 len_bytes)
{
	const void *data, *end;

	if (hook == HOOK_XDP) {
		data = (void *)(long)((struct xdp_md *)ctx)->data;
		end = (void *)(long)((struct xdp_md *)ctx)->data_end;
	} else {
		data = (void *)(long)((struct __sk_buff *)ctx)->data;
		end = (void *)(long)((struct __sk_buff *)ctx)->data_end;
	}
	if (offset > HOOK_OFFSET_MAX)
		return -1;
	data += offset;
	if (data + len_bytes <= end) {
		for (__u32 i = 0; i < len_bytes / 2; i++)
			((__u16 *)to)[i] = ((const __u16 *)data)[i];
		return 0;
	}
	return hook_load(ctx, hook, offset, to, len_bytes);
}
