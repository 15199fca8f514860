#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
# Remakes vmlinux/vmlinux.h: the kernel's own types, as its BTF has them, cut down to the names below.
# usage: scripts/vmlinux.sh [BTF file] > vmlinux/vmlinux.h
set -eu

btf=${1:-/sys/kernel/btf/vmlinux}

# Anonymous enums are named by one of their values.
names='typedef:__s8 typedef:__u8 typedef:__s16 typedef:__u16 typedef:__s32 typedef:__u32 typedef:__s64 typedef:__u64
typedef:bool value:true typedef:__be16 typedef:__be32 typedef:__sum16 typedef:__wsum
enum:bpf_map_type enum:xdp_action value:BPF_NOEXIST value:BPF_F_NO_PREALLOC value:BPF_F_RECOMPUTE_CSUM
value:IPPROTO_TCP
struct:bpf_spin_lock struct:xdp_md struct:__sk_buff
struct:ethhdr struct:vlan_hdr struct:iphdr struct:in6_addr struct:ipv6hdr struct:ipv6_opt_hdr struct:frag_hdr
struct:tcphdr struct:udphdr'

cat <<'END'
/* SPDX-License-Identifier: GPL-2.0-only WITH Linux-syscall-note */
#pragma once

/*
 * The kernel types that weir's programs need, made by scripts/vmlinux.sh with bpftool from a
 * kernel's BTF; field offsets are fixed up by CO-RE when the object is loaded.
 */
#ifndef __VMLINUX_H__
#define __VMLINUX_H__

#ifndef BPF_NO_PRESERVE_ACCESS_INDEX
#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)
#endif

struct bpf_flow_keys;
struct bpf_sock;
END

bpftool btf dump file "$btf" format c | awk -v names="$names" '
function wanted(key) { return key in want }
BEGIN { n = split(names, list, /[ \n]+/); for (i = 1; i <= n; i++) want[list[i]] = 1 }
/^typedef [^{]*;$/ {
	name = $NF; sub(/;/, "", name)
	if (wanted("typedef:" name) && !done[name]++) print "\n" $0
	next
}
/^(struct|enum|union) [^;]*\{$/ || /^enum \{$/ {
	key = $1 ":" $2; text = $0; keep = wanted(key); inside = 1
	next
}
inside {
	text = text "\n" $0
	if ($1 ~ /^[A-Za-z0-9_]+$/ && wanted("value:" $1)) keep = 1
	if ($0 ~ /^\}/) { inside = 0; if (keep && !done[text]++) print "\n" text }
}'

cat <<'END'

#ifndef BPF_NO_PRESERVE_ACCESS_INDEX
#pragma clang attribute pop
#endif

#endif
END
