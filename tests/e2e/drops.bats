#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
#
# Rules against real packets: by command and by bpftool, through their expiry, and with the daemon dead.

load ../lib/edge.bash

setup() { edge_up; }
teardown() { edge_down; }

map() { echo "$T/bpf/weir/$1"; }
push4() { # ADDRESS PREFIX_LEN TTL_S: what automation does with plain bpftool
	local a b c d
	IFS=. read -r a b c d <<<"$1"
	bpftool map update pinned "$(map push_net4)" key "$2" 0 0 0 "$a" "$b" "$c" "$d" \
		value "$3" 0 0 0 3 0 0 0
}
is_blocked() { ! request_from "$1"; }
# Fails unless requests from $1 pass again ten seconds after now; half a second more is the probe's own.
passes_in_ten_seconds() {
	local begun=${EPOCHREALTIME/./}
	until client_run curl -s -o /dev/null --interface "$1" --connect-timeout 0.25 "http://$EDGE4/small"; do
		[ $((${EPOCHREALTIME/./} - begun)) -lt 12000000 ]
	done
	echo "passed $(((${EPOCHREALTIME/./} - begun) / 1000)) ms after the kill"
	[ $((${EPOCHREALTIME/./} - begun)) -le 10500000 ]
}

@test "weir block drops a host and nobody else, unblock restores it" {
	weir_start
	request_from 10.77.0.3
	weir block 10.77.0.3 --reason "a test"
	is_blocked 10.77.0.3
	request_from 10.77.0.4
	weir rules --json | jq -e '.rules[] | select(.target == "10.77.0.3") | .packets > 0 and .origin == "operator"'
	weir unblock 10.77.0.3
	request_from 10.77.0.3
}

@test "weir block drops a net, IPv4 and IPv6, and an allow inside it wins" {
	weir_start
	weir allow 10.77.0.9
	weir block 10.77.0.8/29 fd77::10/124
	is_blocked 10.77.0.8
	is_blocked 10.77.0.15
	request_from 10.77.0.9
	request_from 10.77.0.16
	local url="http://[$EDGE6]/small"
	run client_run curl -s -o /dev/null --interface fd77::11 --connect-timeout 1 "$url"
	[ "$status" -ne 0 ]
	client_run curl -s -o /dev/null --interface fd77::5 --connect-timeout 1 "$url"
}

@test "a rule pushed by bpftool drops within two seconds and the push map is empty again" {
	weir_start
	push4 10.77.0.5 32 60
	wait_until 2 is_blocked 10.77.0.5
	request_from 10.77.0.6
	weir rules --json | jq -e '.rules[] | select(.target == "10.77.0.5") | .origin == "map"'
	[ "$(bpftool map dump pinned "$(map push_net4)" --json | jq length)" -eq 0 ]
}

@test "established connections of a blocked source are reset at their next packet" {
	weir_start
	cat >"$T/client1.py" <<-'END'
		import socket, sys, time, os
		s = [socket.create_connection((sys.argv[1], 80), source_address=("10.77.0.6", 0)) for _ in range(5)]
		for c in s:
		    c.sendall(b"GET /small HTTP/1.1\r\nHost: x\r\n\r\n"); c.recv(65536)
		open(sys.argv[2] + "/ready", "w").close()
		while not os.path.exists(sys.argv[2] + "/go"): time.sleep(0.05)
		for c in s:
		    c.sendall(b"GET /small HTTP/1.1\r\nHost: x\r\n\r\n")
		time.sleep(8)
	END
	client_spawn python3 "$T/client1.py" "$EDGE4" "$T"
	wait_until 5 test -e "$T/ready"
	established() { edge_run ss -Htn state established dst 10.77.0.6 | wc -l; }
	[ "$(established)" -eq 5 ]
	weir block 10.77.0.6
	: >"$T/go"
	none_established() { [ "$(established)" -eq 0 ]; }
	wait_until 2 none_established
	# The requests behind the reset never reached the server.
	[ "$(awk '$3 == "10.77.0.6"' "$T/access.log" | wc -l)" -eq 5 ]
}

@test "--existing keep lets established connections go on and refuses new ones" {
	weir_start
	cat >"$T/client2.py" <<-'END'
		import http.client, sys, time, os
		c = http.client.HTTPConnection(sys.argv[1], 80, source_address=("10.77.0.7", 0))
		c.request("GET", "/small"); c.getresponse().read()
		open(sys.argv[2] + "/ready", "w").close()
		while not os.path.exists(sys.argv[2] + "/go"): time.sleep(0.05)
		c.request("GET", "/small"); c.getresponse().read()
		open(sys.argv[2] + "/done", "w").close()
	END
	client_spawn python3 "$T/client2.py" "$EDGE4" "$T"
	wait_until 5 test -e "$T/ready"
	weir block 10.77.0.7 --existing keep
	: >"$T/go"
	wait_until 5 test -e "$T/done"
	is_blocked 10.77.0.7
}

@test "rules by command and by bpftool expire by themselves with the daemon killed, in persist" {
	config_write "persist: true"
	weir_start
	weir block 10.77.0.3 --ttl 16s
	push4 10.77.0.4 32 16
	wait_until 3 is_blocked 10.77.0.4
	is_blocked 10.77.0.3
	weir_stop KILL
	# Past the heartbeat's ten seconds both still hold, as persist says ...
	sleep 11
	is_blocked 10.77.0.3
	is_blocked 10.77.0.4
	# ... and at their ttl both end, without a daemon.
	wait_until 8 request_from 10.77.0.3
	wait_until 4 request_from 10.77.0.4
}

@test "without persist everything passes within ten seconds of a kill -9" {
	weir_start
	weir block 10.77.0.3
	is_blocked 10.77.0.3
	weir_stop KILL
	passes_in_ten_seconds 10.77.0.3
}

@test "without persist everything passes within ten seconds of a kill -9 with clsact too" {
	config_write $'xdp: "off"\ntc: clsact'
	weir_start
	[ "$(weir status --json | jq -r '[.attachments[].via] | unique | join(",")')" = clsact ]
	weir block 10.77.0.3
	is_blocked 10.77.0.3
	weir_stop KILL
	passes_in_ten_seconds 10.77.0.3
	weir_detach
	[ -z "$(ip netns exec "$EDGE_NS" tc filter show dev edge0 ingress)$(ip netns exec "$EDGE_NS" tc filter show dev edge0 egress)" ]
}

@test "mode off passes everything at once, also when root writes it with bpftool" {
	weir_start
	weir block 10.77.0.3
	is_blocked 10.77.0.3
	bpftool map update pinned "$(map settings)" key 0 0 0 0 value 2 0 0 0 0 0 0 0
	request_from 10.77.0.3
	weir mode enforce
	is_blocked 10.77.0.3
}

@test "a limit rule lets through so many new connections a minute" {
	weir_start
	weir block 10.77.0.3 --action limit --limit 3
	local passed=0 i
	for i in 1 2 3 4 5 6; do
		client_run curl -s -o /dev/null --interface 10.77.0.3 --connect-timeout 0.3 "http://$EDGE4/small" &&
			passed=$((passed + 1))
	done
	echo "passed $passed"
	[ "$passed" -eq 3 ]
}
