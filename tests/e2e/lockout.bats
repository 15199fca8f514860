#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
#
# Nobody is locked out: whom a rule must never hit is refused or harmless, by command, by list and by push map.

load ../lib/edge.bash

SSH_PORT=2222
PEER=10.77.0.9     # has a session on the port of SSH
GATEWAY=10.77.0.2
RESOLVER=10.77.0.8
BALANCER=10.77.0.12 # in shared_sources
HEAVY=10.77.0.4     # makes most exchanges

setup() { edge_up; }
teardown() { edge_down; }

# A listener where sshd would be, and a session of the peer (or of $1, IPv6 too) that stays: with keys exchanged,
# which is 2,000 bytes each way.
session_open() {
	cat >"$T/session.py" <<-'END'
		import socket, sys, time
		peer, host, port, ready = sys.argv[1], sys.argv[2], int(sys.argv[3]), sys.argv[4]
		s = socket.create_connection((host, port), source_address=(peer, 0))
		s.sendall(b"k" * 2000)
		s.recv(2000, socket.MSG_WAITALL)
		open(ready, "w").close()
		s.recv(1)
	END
	local peer=${1:-$PEER}
	rm -f "$T/session"
	client_spawn python3 "$T/session.py" "$peer" "${2:-$EDGE4}" $SSH_PORT "$T/session"
	wait_until 5 test -e "$T/session"
}

sshd_start() {
	cat >"$T/sshd.py" <<-'END'
		import socket, sys
		s = socket.create_server(("", int(sys.argv[1])), family=socket.AF_INET6, dualstack_ipv6=True)
		open(sys.argv[2], "w").close()
		kept = []
		while True:
		    c = s.accept()[0]; kept.append(c)
		    if c.recv(2000, socket.MSG_WAITALL): c.sendall(b"S" * 2000)
	END
	edge_spawn python3 "$T/sshd.py" $SSH_PORT "$T/sshd"
	wait_until 5 test -e "$T/sshd"
}

# The daemon with a resolver of the test's own; the pins are on the same bpffs as seen from here.
start_guarded() {
	sshd_start
	session_open
	ip -n "$EDGE_NS" route add default via "$GATEWAY"
	echo "nameserver $RESOLVER # of the test" >"$T/resolv.conf"
	config_write "ssh_port: $SSH_PORT
shared_sources: [$BALANCER]"
	edge_spawn unshare -m sh -c 'mount --bind "$1" /etc/resolv.conf && exec "$2" run --config "$3"' \
		sh "$T/resolv.conf" "$WEIR" "$T/weir.yaml" >>"$T/weir.log" 2>&1
	WEIR_PID=${PIDS[-1]}
	wait_until 15 weir_is_ready
}

# Fails unless the last command was refused as bad input, said $1, and left no rule on target $2.
refused() {
	echo "$output"
	[ "$status" -eq 2 ]
	[[ $output == *"$1"* ]]
	[[ $output == *"nothing changed"* ]]
	weir rules --json | jq -e --arg t "$2" '[.rules[] | select(.target == $t and .action != "allow")] == []'
}

push() { # MAP KEY-BYTES...: a push with the default ttl and action
	bpftool map update pinned "$T/bpf/weir/$1" key "${@:2}" value 0 0 0 0 0 0 0 0
}
push4() { push push_net4 "$2" 0 0 0 ${1//./ }; }
is_blocked() { ! request_from "$1"; }
push_was_refused() { grep -qF "push map: $1 refused: " "$T/weir.log"; }

declare -gA WHY=(
	[$PEER]="ssh peer" [$GATEWAY]="gateway" [$EDGE4]="own address" [$RESOLVER]="resolver"
	[$BALANCER]="shared_sources" [0.0.0.0/0]="covers everybody" [::/0]="covers everybody"
	[$EDGE6]="own address" [10.0.0.0/7]="wider than /8" [2000::/3]="wider than /24"
)

@test "weir block refuses whom it would lock out, each with the reason" {
	start_guarded
	local target
	for target in "${!WHY[@]}"; do
		run weir block "$target"
		refused "${WHY[$target]}" "$target"
	done
	# Force is for what an operator may mean, not for cutting the branch he sits on.
	for target in "$GATEWAY" "$EDGE4" "$RESOLVER" 0.0.0.0/0 ::/0; do
		run weir block --force "$target"
		refused "${WHY[$target]}" "$target"
	done
	request_from "$PEER"
	request_from "$GATEWAY"
	# One bad target among good ones: none is blocked, unless the operator skips it.
	run weir block 10.77.0.3 "$PEER"
	refused "ssh peer" 10.77.0.3
	request_from 10.77.0.3
	weir block --skip-bad 10.77.0.3 "$PEER"
	is_blocked 10.77.0.3
	request_from "$PEER"
}

@test "a list refuses whom it would lock out, each by file and line, and --force is no way around" {
	start_guarded
	local target line=1
	echo "# a list with everything that must not be in it" >"$T/list.txt"
	for target in "${!WHY[@]}"; do echo "$target"; done >>"$T/list.txt"
	for target in "${!WHY[@]}"; do
		echo "$target" >"$T/one.txt"
		run weir block --list test --replace "$T/one.txt"
		refused "$T/one.txt:1: $target: it " "$target"
		[[ $output == *"${WHY[$target]}"* ]]
		run weir block --force --list test "$T/one.txt"
		[ "$status" -eq 2 ]
	done
	echo 10.77.0.3 >>"$T/list.txt"
	run weir block --list test --replace --skip-bad "$T/list.txt"
	echo "$output"
	[ "$status" -eq 0 ]
	[[ $output == *"added 1, "* ]]
	is_blocked 10.77.0.3
	for target in "$PEER" "$GATEWAY" "$RESOLVER" "$BALANCER" 10.77.0.5; do request_from "$target"; done
}

@test "a push map refuses whom it would lock out and says so" {
	start_guarded
	local target
	for target in "$PEER" "$GATEWAY" "$EDGE4" "$RESOLVER" "$BALANCER"; do
		push4 "$target" 32
		wait_until 3 push_was_refused "$target"
	done
	push4 0.0.0.0 0
	wait_until 3 push_was_refused 0.0.0.0/0
	push4 10.0.0.0 7
	wait_until 3 push_was_refused 10.0.0.0/7
	push push_net6 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0
	wait_until 3 push_was_refused ::/0
	# All of IPv4 in its IPv6 form is no way around either.
	push push_net6 96 0 0 0 0 0 0 0 0 0 0 0 0 0 255 255 0 0 0 0
	push push_net6 128 0 0 0 0 0 0 0 0 0 0 0 0 0 255 255 10 77 0 9
	push4 10.77.0.3 32
	wait_until 4 is_blocked 10.77.0.3
	weir rules --json | jq -e '[.rules[] | select(.action != "allow") | .target] == ["10.77.0.3"]'
	for target in "$PEER" "$GATEWAY" "$RESOLVER" "$BALANCER" 10.77.0.5; do request_from "$target"; done
}

@test "a net around whom it must not hit is applied, says so, and passes them" {
	start_guarded
	local net
	for net in 10.77.0.0/29 10.77.0.8/30; do
		run weir block "$net"
		echo "$output"
		[ "$status" -eq 0 ]
		[[ $output == *"$net: it overlaps 10.77.0."*", which is allowed ("*"): the allowed part stays allowed"* ]]
	done
	for net in "$PEER" "$GATEWAY" "$RESOLVER"; do request_from "$net"; done
	is_blocked 10.77.0.3
	is_blocked 10.77.0.10
	run weir block --strict 10.77.0.0/30
	refused "which is allowed" 10.77.0.0/30
}

@test "a session that begins after the block is found, and one of the last second too" {
	start_guarded
	session_open 10.77.0.10
	run weir block 10.77.0.10
	refused "ssh peer" 10.77.0.10
	session_open fd77::a "$EDGE6"
	run weir block fd77::a
	refused "ssh peer" fd77::a
	# Who is blocked by a net and comes in by another way is let go on.
	weir block 10.77.0.16/28
	is_blocked 10.77.0.16
}

@test "a load balancer's address is blocked only by force, which is an operator's word" {
	start_guarded
	run weir block 10.77.0.12/30
	refused "shared_sources" 10.77.0.12/30
	request_from "$BALANCER"
	weir block --force "$BALANCER"
	is_blocked "$BALANCER"
}

@test "blocking a source that makes most exchanges says so before anybody misses them" {
	start_guarded
	local i
	for i in $(seq 40); do echo "url = http://$EDGE4/small"; echo "output = /dev/null"; done >"$T/urls"
	client_run curl -s --interface "$HEAVY" -K "$T/urls"
	request_from 10.77.0.5
	has_share() { weir sources --json | jq -e --arg s "$HEAVY" '.sources[] | select(.source == $s and .exchanges >= 30)'; }
	wait_until 5 has_share
	run weir block "$HEAVY"
	echo "$output"
	[ "$status" -eq 0 ]
	[[ $output == *"$HEAVY makes "*" % of all exchanges"* ]]
	[[ $output == *"shared_sources"* ]]
	run weir block 10.77.0.5
	[ "$status" -eq 0 ]
	[[ $output != *"of all exchanges"* ]]
}
