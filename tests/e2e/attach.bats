#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
#
# How the programs get onto interfaces and off again, beside other people's programs, through
# tests/lib/attach_tool.c: the calls of the daemon, one line each.

bats_require_minimum_version 1.5.0

setup() {
	TOOL=${BUILD:-$BATS_TEST_DIRNAME/../../build}/tests/attach_tool
	[ "$(id -u)" = 0 ] || skip "needs root"
	T=$(mktemp -d /tmp/weir-attach.XXXXXX)
	NS=weir-a-${T##*.}
	PIDS=()
	mkdir "$T/bpf" "$T/run"
	mount -t bpf -o mode=0700 bpf "$T/bpf"
	ip netns add "$NS"
	ip -n "$NS" link set lo up
	ip -n "$NS" link add v0 type veth peer name v1
	ip -n "$NS" link set v0 up
	ip -n "$NS" link set v1 up
}

teardown() {
	local pid
	[ -n "${T:-}" ] || return 0
	for pid in "${PIDS[@]}"; do kill "$pid" 2>/dev/null || true; done
	ip netns del "$NS" 2>/dev/null || true
	ip netns del "$NS-b" 2>/dev/null || true
	umount "$T/bpf" || true
	rm -rf "$T"
}

in_ns() { nsenter --net="/run/netns/$NS" "$@"; }
# One process of the tool, with a line of input for each argument.
tool() { printf '%s\n' "$@" | in_ns "$TOOL" "$T/bpf/weir" "$T/run" 2>&1; }
# A tool that stays: `ask LINE` gives it a line and prints what it answers.
tool_start() {
	mkfifo "$T/in"
	in_ns "$TOOL" "$T/bpf/weir" "$T/run" <"$T/in" >"$T/out" 2>&1 3>&- &
	TOOL_PID=$!
	PIDS+=("$TOOL_PID")
	exec 7>"$T/in"
	asked=0
}
ask() {
	local before i
	before=$(wc -l <"$T/out")
	echo "$1" >&7
	for i in $(seq 200); do
		tail -n "+$((before + 1))" "$T/out" | grep -q "^$1: " && break
		sleep 0.05
	done
	tail -n "+$((before + 1))" "$T/out"
}
tool_stop() {
	exec 7>&-
	wait "$TOOL_PID"
}
has() { grep -qE -- "$1" <<<"$output" || { echo "no /$1/ in:" "$output" >&2; return 1; }; }
lacks() { ! grep -qE -- "$1" <<<"$output" || { echo "/$1/ in:" "$output" >&2; return 1; }; }
packets() { awk '/^counters [0-9]/ { print $2 }'; }
# UDP datagrams to 192.0.2.1 from a namespace: COUNT of them, some 3,000 a second.
datagrams() {
	nsenter --net="/run/netns/$1" python3 -c '
import socket, sys, time
out = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
for i in range(int(sys.argv[1])):
    try:
        out.sendto(b"x" * 64, ("192.0.2.1", 9999))
    except OSError:
        pass
    time.sleep(0.0002)
' "$2"
}
# A namespace of its own for the far end, so that packets take the wire.
far_end() {
	ip netns add "$NS-b"
	# No router solicitations: what is on the wire is the test's.
	in_ns sysctl -qw net.ipv6.conf.all.disable_ipv6=1
	nsenter --net="/run/netns/$NS-b" sysctl -qw net.ipv6.conf.all.disable_ipv6=1
	ip -n "$NS" link set v1 netns "$NS-b"
	ip -n "$NS" addr add 192.0.2.1/24 dev v0
	ip -n "$NS-b" addr add 192.0.2.2/24 dev v1
	ip -n "$NS-b" link set v1 up
	ip -n "$NS-b" neigh replace 192.0.2.1 lladdr "$(ip -n "$NS" -j link show v0 | jq -r '.[0].address')" dev v1
}
# Packets that an interface has received and sent, as the kernel counts them.
passed() { in_ns cat /proc/net/dev | awk -v dev="$1:" '$1 == dev { print $3 + $11 }'; }

# Until the counters of interface v0 stand still.
wait_until_quiet() {
	local seen now i
	for i in $(seq 50); do
		now=$(passed v0)
		[ "$now" != "${seen:-}" ] || return 0
		seen=$now
		sleep 0.1
	done
	return 1
}

@test "veth is attached by native XDP and TCX egress" {
	run -0 tool open "set interface v0" attach status
	has '^start fresh$'
	has '^attached 1$'
	has '^v0 xdp native program=yes link=yes problem=$'
	has '^v0 out (tcx|clsact) program=yes'
}

@test "pins have the modes that DESIGN gives them" {
	groupadd -f weir-test-group
	tool open "set interface v0" attach >/dev/null
	[ "$(stat -c %a "$T/bpf/weir")" = 750 ]
	[ "$(stat -c %a "$T/bpf/weir/sources")" = 640 ]
	[ "$(stat -c %a "$T/bpf/weir/deny_host")" = 640 ]
	[ "$(stat -c %a "$T/bpf/weir/push_net4")" = 660 ]
	[ "$(stat -c %a "$T/bpf/weir/settings")" = 600 ]
	[ "$(stat -c %G "$T/bpf/weir/push_net4")" = root ]
	tool "set group weir-test-group" open >/dev/null
	[ "$(stat -c %G "$T/bpf/weir/push_net4")" = weir-test-group ]
	[ "$(stat -c %G "$T/bpf/weir")" = weir-test-group ]
	groupdel weir-test-group
}

@test "a group that does not exist is said and leaves the maps to root" {
	run -0 tool "set group weir-no-such-group" open
	has 'there is no group weir-no-such-group'
	[ "$(stat -c %G "$T/bpf/weir/push_net4")" = root ]
}

@test "a pin_dir outside a bpf file system is refused with the mount command" {
	mkdir "$T/plain"
	run -0 bash -c "echo open | nsenter --net=/run/netns/$NS '$TOOL' '$T/plain/weir' '$T/run' 2>&1"
	has "mount -t bpf -o mode=0700 bpf $T/plain"
	has '^open: Operation not supported$'
}

@test "no root is told which capability is missing" {
	chmod 755 "$T"
	run -0 bash -c "echo open | setpriv --reuid=65534 --clear-groups '$TOOL' '$T/bpf/weir' '$T/run' 2>&1"
	has 'CAP_BPF is missing'
	has 'CAP_NET_ADMIN is missing'
	has '^open: Operation not permitted$'
}

@test "where native XDP is impossible TC ingress does it, and generic XDP only where it is allowed" {
	ip -n "$NS" link add d.1 type ifb
	ip -n "$NS" link set d.1 up
	run -0 tool open "set interface d.1" attach status
	has '^d\.1 in (tcx|clsact) program=yes .*no native XDP; using TC ingress$'
	run -0 tool "set generic yes" open "set interface d.1" attach status
	has '^d\.1 xdp generic program=yes link=yes problem=$'
	lacks '^d\.1 in '
	# Taken back: generic goes, TC comes.
	run -0 tool open "set interface d.1" attach status
	has '^d\.1 in (tcx|clsact) program=yes'
}

@test "a foreign XDP program is named, stays, and TC ingress does the work" {
	tool_start
	ask "foreign xdp v0" >/dev/null
	run -0 ask open
	ask "set interface v0" >/dev/null
	run -0 ask attach
	has "v0: XDP is held by program 'foreign' \(id [0-9]+\); using TC ingress"
	run -0 ask status
	has '^v0 in (tcx|clsact) program=yes'
	run -0 ip -n "$NS" -d link show v0
	has 'name foreign|prog/xdp'
	run -0 ask detach
	lacks 'foreign'
	ip -n "$NS" link show v0 | grep -q prog/xdp
	tool_stop
}

@test "when the foreign XDP program goes, the next attach takes its place" {
	tool_start
	ask "foreign xdp v0" >/dev/null
	run -0 tool open "set interface v0" attach status
	has '^v0 in '
	tool_stop
	run -0 tool open "set interface v0" attach status
	has '^v0 xdp native'
	lacks '^v0 in '
}

@test "a foreign TCX program stays, before and after, and does not hide packets from weir" {
	tool_start
	run -0 ask "foreign tcx v0"
	has '^foreign tcx v0: ok$' || skip "no TCX in this kernel"
	ask "set xdp no" >/dev/null
	ask "set interface v0" >/dev/null
	ask open >/dev/null
	ask attach >/dev/null
	run -0 ask "order v0"
	has '^tcx v0 weir_tc_in foreign$'
	ask "foreign tcx v0" >/dev/null
	far_end
	before=$(ask counters | packets)
	datagrams "$NS-b" 20
	after=$(ask counters | packets)
	[ "$((after - before))" -ge 20 ]
	ask detach >/dev/null
	run -0 ask "order v0"
	has '^tcx v0 foreign foreign$'
	tool_stop
}

@test "clsact serves where TCX does not, is replaced in place, and its qdisc goes with it" {
	run -0 tool "set tcx no" "set xdp no" open "set interface v0" attach status
	has '^v0 in clsact program=yes link=no problem=$'
	has '^v0 out clsact program=yes link=no problem=$'
	tool "set tcx no" "set xdp no" open "set interface v0" attach >/dev/null
	[ "$(in_ns tc filter show dev v0 ingress | grep -c weir_tc_in)" = 1 ]
	[ "$(in_ns tc filter show dev v0 egress | grep -c weir_tc_out)" = 1 ]
	run -0 tool detach
	has '^removed clsact filter tc_in of v0$'
	has '^removed clsact filter tc_out of v0$'
	run -0 in_ns tc qdisc show dev v0
	lacks clsact
}

@test "a foreign clsact filter stays, and so does a qdisc that is in use" {
	tool "foreign clsact v0" >/dev/null
	tool "set tcx no" "set xdp no" open "set interface v0" attach >/dev/null
	run -0 in_ns tc filter show dev v0 ingress
	has foreign
	has weir_tc_in
	tool detach >/dev/null
	run -0 in_ns tc filter show dev v0 ingress
	has foreign
	lacks weir_tc_in
}

@test "a qdisc that was there before stays although it is empty" {
	in_ns tc qdisc add dev v0 clsact
	tool "set tcx no" "set xdp no" open "set interface v0" attach >/dev/null
	tool detach >/dev/null
	in_ns tc qdisc show dev v0 | grep -q clsact
}

@test "a change from clsact to TCX and to XDP leaves one program a hook" {
	tool "set tcx no" "set xdp no" open "set interface v0" attach >/dev/null
	run -0 tool open "set interface v0" attach status
	has '^v0 xdp native'
	if grep -q '^v0 out tcx' <<<"$output"; then
		[ -z "$(in_ns tc filter show dev v0 ingress)$(in_ns tc filter show dev v0 egress)" ]
	fi
	run -0 tool "set xdp no" open "set interface v0" attach status
	has '^v0 in '
	! ip -n "$NS" link show v0 | grep -q prog/xdp
}

@test "an interface that appears later is noticed and attached" {
	tool_start
	ask open >/dev/null
	ask "set interface late" >/dev/null
	run -0 ask attach
	has '^attached 0$'
	has 'late: there is no such interface yet'
	run -0 ask watch
	has '^changed no$'
	ip -n "$NS" link add late type veth peer name late1
	run -0 ask watch
	has '^changed yes$'
	ask drop >/dev/null
	run -0 ask attach
	has '^attached 1$'
	run -0 ask status
	has '^late xdp native'
	# It goes and another one of its name comes: the stale pin gives way.
	ip -n "$NS" link del late
	run -0 ask attach
	has '^attached 0$'
	ip -n "$NS" link add late type veth peer name late1
	run -0 ask attach
	has '^attached 1$'
	tool_stop
}

@test "an interface that is no longer configured is detached" {
	tool open "set interface v0" "set interface v1" attach >/dev/null
	run -0 tool open "set interface v1" attach status
	has '^attached 1$'
	! ip -n "$NS" link show v0 | grep -q prog/xdp
	ip -n "$NS" link show v1 | grep -q prog/xdp
}

@test "a renamed interface keeps its program" {
	tool open "set interface v0" attach >/dev/null
	ip -n "$NS" link set v0 down
	ip -n "$NS" link set v0 name wan.0
	ip -n "$NS" link set wan.0 up
	run -0 tool open "set interface wan.0" attach status
	has '^attached 1$'
	has '^wan\.0 xdp native'
	run -0 tool detach
	has 'removed link xdp of wan\.0'
}

@test "an interface together with the one below it is refused" {
	ip -n "$NS" link add m0 link v0 type macvlan || skip "no macvlan in this kernel"
	run -0 tool open "set interface v0" "set interface m0" attach
	has 'v0 and m0 lie upon one another'
	has '^attach: Invalid argument$'
	! ip -n "$NS" link show v0 | grep -q prog/xdp
}

@test "loopback is attached and a tunnel is refused" {
	run -0 tool open "set interface lo" attach status
	has '^lo in (tcx|clsact) program=yes'
	ip -n "$NS" tuntap add mode tun name tun9 || skip "no tun in this kernel"
	run -0 tool open "set interface tun9" attach status
	has 'tun9: not an Ethernet interface'
}

@test "a second daemon is refused with the pid of the first" {
	tool_start
	ask open >/dev/null
	run -0 tool open pid
	has "another weir \(pid $(in_ns cat "$T/run/weir.lock")\) runs"
	has '^open: Device or resource busy$'
	has "^pid $(cat "$T/run/weir.lock")$"
	tool_stop
	run -0 tool pid
	has '^pid 0$'
}

@test "after kill -9 the programs stay, and the next daemon takes over maps and links" {
	tool_start
	ask open >/dev/null
	ask "set interface v0" >/dev/null
	ask attach >/dev/null
	kill -9 "$(cat "$T/run/weir.lock")"
	ip -n "$NS" link show v0 | grep -q prog/xdp
	before=$(bpftool -j map show pinned "$T/bpf/weir/sources" | jq .id)
	run -0 tool open "set interface v0" attach status
	has '^start taken$'
	has '^attached 1$'
	[ "$before" = "$(bpftool -j map show pinned "$T/bpf/weir/sources" | jq .id)" ]
	[ "$(ls "$T/bpf/weir/links" | wc -l)" = 2 ]
}

@test "other sizes get new maps beside the old, which take their place at commit" {
	tool open "set interface v0" attach >/dev/null
	before=$(bpftool -j map show pinned "$T/bpf/weir/flows" | jq .id)
	run -0 tool "set flows 2048" open "set interface v0" attach
	has '^start switched$'
	# No commit yet: the old maps are still the ones of record, and the attempt can be repeated.
	[ "$before" = "$(bpftool -j map show pinned "$T/bpf/weir/flows" | jq .id)" ]
	run -0 tool "set flows 2048" open "set interface v0" attach commit
	has '^commit: ok$'
	[ "$(bpftool -j map show pinned "$T/bpf/weir/flows" | jq .max_entries)" = 2048 ]
	[ ! -e "$T/bpf/weir/new" ]
	run -0 tool "set flows 2048" open
	has '^start taken$'
}

@test "no packet passes unjudged while one daemon takes over from another" {
	far_end
	tool open "set interface v0" attach >/dev/null
	wait_until_quiet
	before=$(tool open counters | packets)
	wire_before=$(passed v0)
	datagrams "$NS-b" 12000 3>&- &
	pid=$!
	PIDS+=("$pid")
	for i in 1 2 3; do
		tool open "set interface v0" attach >/dev/null
	done
	kill -0 "$pid" # it still sends
	wait "$pid"
	wait_until_quiet
	wire=$(($(passed v0) - wire_before))
	judged=$(($(tool open counters | packets) - before))
	echo "on the wire $wire, judged $judged"
	[ "$wire" -gt 1000 ]
	[ "$judged" = "$wire" ]
}

@test "a frozen push map is made anew with its mode" {
	tool_start
	ask open >/dev/null
	ask freeze >/dev/null
	run -255 bpftool map update pinned "$T/bpf/weir/push_net4" key 32 0 0 0 192 0 2 7 value 0 0 0 0 0 0 0 0
	ask drop >/dev/null
	run -0 ask recreate
	has 'push_net4 was frozen or broken and has been made anew'
	[ "$(stat -c %a "$T/bpf/weir/push_net4")" = 660 ]
	bpftool map update pinned "$T/bpf/weir/push_net4" key 32 0 0 0 192 0 2 7 value 0 0 0 0 0 0 0 0
	tool_stop
}

@test "after load only what is needed stays: two capabilities and no way back" {
	tool_start
	ask open >/dev/null
	ask drop >/dev/null
	status="/proc/$(cat "$T/run/weir.lock")/status"
	# CAP_NET_ADMIN is 12, CAP_BPF is 39.
	[ "$(awk '/^CapEff/ { print $2 }' "$status")" = 0000008000001000 ]
	[ "$(awk '/^CapPrm/ { print $2 }' "$status")" = 0000008000001000 ]
	[ "$(awk '/^CapBnd/ { print $2 }' "$status")" = 0000008000001000 ]
	[ "$(awk '/^CapAmb/ { print $2 }' "$status")" = 0000000000000000 ]
	[ "$(awk '/^NoNewPrivs/ { print $2 }' "$status")" = 1 ]
	tool_stop
}

@test "detach leaves nothing behind, and is content when there is nothing" {
	run -0 tool detach
	has '^detached 0$'
	tool open "set interface v0" "set interface v1" attach >/dev/null
	run -0 tool detach
	has 'removed link xdp of v0'
	has 'removed link tc_out of v1'
	[ ! -e "$T/bpf/weir" ]
	! ip -n "$NS" link show | grep -q prog/xdp
	run -0 tool detach
	has '^detached 0$'
}
