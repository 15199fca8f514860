#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
#
# Both halves of a flow meet although they pass by different interfaces or CPUs, or beside other people's programs.

load ../lib/edge.bash

setup() { edge_up; }
teardown() { edge_down; }

exchanges_of() { weir sources --json | jq --arg s "$1" '[.sources[] | select(.source == $s) | .exchanges] | add // 0'; }

@test "requests in by one interface and answers out by another are counted exactly" {
	ip -n "$EDGE_NS" link add edge1 type veth peer name client1 netns "$CLIENT_NS"
	ip -n "$EDGE_NS" addr add 10.78.0.1/24 dev edge1
	ip -n "$EDGE_NS" link set edge1 up
	ip -n "$CLIENT_NS" addr add 10.78.0.2/24 dev client1
	ip -n "$CLIENT_NS" link set client1 up
	# The client 10.99.0.1 sends by edge0; the edge answers it by edge1.
	ip -n "$CLIENT_NS" addr add 10.99.0.1/32 dev lo
	ip -n "$EDGE_NS" route add 10.99.0.1/32 via 10.78.0.2 dev edge1
	edge_run sh -c 'echo 0 | tee /proc/sys/net/ipv4/conf/all/rp_filter /proc/sys/net/ipv4/conf/edge0/rp_filter' >/dev/null
	client_run sh -c 'echo 0 | tee /proc/sys/net/ipv4/conf/all/rp_filter /proc/sys/net/ipv4/conf/client1/rp_filter' >/dev/null
	config_write ""
	sed -i 's/^interfaces:.*/interfaces: [edge0, edge1]/' "$T/weir.yaml"
	weir_start
	client_run curl -s --interface 10.99.0.1 -o /dev/null "http://$EDGE4/small?[1-300]"
	sleep 1.5
	[ "$(awk '$3 == "10.99.0.1"' "$T/access.log" | wc -l)" -eq 300 ]
	[ "$(exchanges_of 10.99.0.1)" -eq 300 ]
}

@test "an egress that no program sees is reported by status" {
	ip -n "$EDGE_NS" link add edge1 type veth peer name client1 netns "$CLIENT_NS"
	ip -n "$EDGE_NS" addr add 10.78.0.1/24 dev edge1
	ip -n "$EDGE_NS" link set edge1 up
	ip -n "$CLIENT_NS" addr add 10.78.0.2/24 dev client1
	ip -n "$CLIENT_NS" link set client1 up
	ip -n "$CLIENT_NS" addr add 10.99.0.1/32 dev lo
	ip -n "$EDGE_NS" route add 10.99.0.1/32 via 10.78.0.2 dev edge1
	edge_run sh -c 'echo 0 | tee /proc/sys/net/ipv4/conf/all/rp_filter /proc/sys/net/ipv4/conf/edge0/rp_filter' >/dev/null
	client_run sh -c 'echo 0 | tee /proc/sys/net/ipv4/conf/all/rp_filter /proc/sys/net/ipv4/conf/client1/rp_filter' >/dev/null
	weir_start
	client_run curl -s --interface 10.99.0.1 -H 'Connection: close' -o /dev/null "http://$EDGE4/small?[1-40]"
	sleep 3
	run weir status
	echo "$output"
	[ "$status" -eq 3 ]
	[[ "$output" == *SYN-ACK* ]]
}

@test "both directions of a flow on different CPUs are counted exactly" {
	[ "$(nproc)" -ge 2 ] || skip "one CPU"
	weir_start
	# Receive packet steering hands what arrives at the edge to CPU 1; nginx and so its egress stay on CPU 0.
	taskset -p -c 0 "${PIDS[0]}" >/dev/null
	for child in $(pgrep -P "${PIDS[0]}"); do taskset -p -c 0 "$child" >/dev/null; done
	client_run taskset -c 1 h2load --h1 -n 5000 -c 10 "http://$EDGE4/small" >/dev/null
	sleep 1.5
	[ "$(awk '$3 == "10.77.0.2"' "$T/access.log" | wc -l)" -eq "$(exchanges_of 10.77.0.2)" ]
}

@test "TC ingress counts and drops like XDP" {
	config_write 'xdp: "off"'
	weir_start
	weir status --json | jq -e '[.attachments[] | select(.hook == "tc ingress")] | length == 1'
	client_run h2load --h1 -n 5000 -c 10 "http://$EDGE4/small" >/dev/null
	sleep 1.5
	[ "$(exchanges_of 10.77.0.2)" -eq "$(awk '$3 == "10.77.0.2"' "$T/access.log" | wc -l)" ]
	weir block 10.77.0.3
	run request_from 10.77.0.3
	[ "$status" -ne 0 ]
	request_from 10.77.0.4
}
