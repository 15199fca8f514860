#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
#
# Operators read the maps and automation pushes rules with plain bpftool; abuse of a push map does no harm.

load ../lib/edge.bash

setup() {
	edge_up
	weir_start
}
teardown() { edge_down; }

map() { echo "$T/bpf/weir/$1"; }
dump() { bpftool map dump pinned "$(map "$1")" --json; }
is_blocked() { ! request_from "$1"; }
push_is_empty() { [ "$(dump push_net4 | jq length)" -eq 0 ]; }

@test "sources reads like a table: named fields with units" {
	client_run curl -s -o /dev/null --interface 10.77.0.3 "http://$EDGE4/small?[1-20]"
	sleep 1.5
	run bpftool map dump pinned "$(map sources)"
	echo "$output"
	for field in connections exchanges bytes_up bytes_down exchange_rate_per_1000s tcp_rtt_min_us; do
		[[ "$output" == *"\"$field\""* ]]
	done
	dump sources | jq -e '[.[] | .formatted.value | select(.exchanges == 20 and .bytes_down > 20000)] | length == 1'
}

@test "every pinned map has BTF and a name of fifteen characters at most" {
	local pin name
	for pin in "$T"/bpf/weir/*; do
		[ -f "$pin" ] || continue
		name=$(basename "$pin")
		[ ${#name} -le 15 ]
		# A ring buffer has neither key nor value that BTF could describe.
		bpftool map show pinned "$pin" --json | jq -e '.type == "ringbuf" or .btf_id > 0'
	done
}

@test "pins have the modes that the design states" {
	mode() { stat -c %a "$(map "$1")"; }
	[ "$(stat -c %a "$T/bpf/weir")" = 750 ]
	for name in sources flows stacks reasons hits meta deny_host deny_net4 allow_net4; do
		[ "$(mode $name)" = 640 ]
	done
	[ "$(mode push_net4)" = 660 ] && [ "$(mode push_net6)" = 660 ]
	[ "$(mode settings)" = 600 ]
}

@test "a push map that is full is emptied, and what is refused is said" {
	local batch="$T/batch" i
	# Sixteen hundred entries into a map of 1,024: bpftool stops when it is full, the daemon takes what is there.
	for i in $(seq 0 1599); do
		echo "map update pinned $(map push_net4) key 32 0 0 0 198 51 $((i / 256)) $((i % 256)) value 60 0 0 0 3 0 0 0"
	done >"$batch"
	bpftool batch file "$batch" >/dev/null 2>&1 || true
	wait_until 3 push_is_empty
	[ "$(weir rules --json | jq '[.rules[] | select(.origin == "map")] | length')" -ge 1000 ]
	request_from 10.77.0.3
}

@test "a push that is too wide, of an unknown action or on the edge's own address is refused and said" {
	bpftool map update pinned "$(map push_net4)" key 0 0 0 0 0 0 0 0 value 60 0 0 0 3 0 0 0
	bpftool map update pinned "$(map push_net4)" key 32 0 0 0 10 77 0 1 value 60 0 0 0 3 0 0 0
	bpftool map update pinned "$(map push_net4)" key 32 0 0 0 10 77 0 3 value 60 0 0 0 99 0 0 0
	wait_until 3 push_is_empty
	sleep 1
	request_from 10.77.0.3
	request_from 10.77.0.4
	[ "$(weir rules --json | jq '[.rules[] | select(.origin == "map")] | length')" -eq 0 ]
	[ "$(grep -c 'push map: .* refused' "$T/weir.log")" -ge 3 ]
}

@test "a frozen push map is made anew, reported, and works again" {
	bpftool map freeze pinned "$(map push_net4)"
	push_works() {
		bpftool map update pinned "$(map push_net4)" key 32 0 0 0 10 77 0 5 value 60 0 0 0 3 0 0 0 2>/dev/null
	}
	wait_until 5 push_works
	wait_until 3 is_blocked 10.77.0.5
	grep -i frozen "$T/weir.log"
}

@test "a member of the group reads facts and pushes, and can write nothing else" {
	getent passwd nobody >/dev/null || skip "no user nobody"
	local gid
	gid=$(stat -c %g "$(map sources)")
	chmod 755 "$T" "$T/bpf"
	as_member() { setpriv --reuid nobody --regid "$gid" --clear-groups "$@"; }
	# The kernel lets a process without capabilities use a pinned map as its mode says.
	as_member test -r "$(map sources)"
	as_member test ! -w "$(map sources)"
	as_member test -w "$(map push_net4)"
	as_member test ! -w "$(map deny_host)"
	as_member test ! -r "$(map settings)"
}
