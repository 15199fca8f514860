#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
#
# The daemon's manners: configuration, start, reload, end, damage to its files, and what it says of itself.

load ../lib/edge.bash

set -o pipefail # an empty answer is none, whatever jq makes of it

setup() { edge_up; }
teardown() { edge_down; }

code() {
	local expected=$1
	shift
	run "$@"
	[ "$status" -eq "$expected" ] || { echo "exit $status, not $expected: $output"; return 1; }
}
# `! command` alone fails no test; this does.
not() { ! "$@"; }
says() { [[ $output == *"$1"* ]] || { echo "no '$1' in: $output"; return 1; }; }
logs() { grep -qF "$1" "$T/weir.log" || { echo "no '$1' in:"; cat "$T/weir.log"; return 1; }; }
run_once() { edge_run timeout 20 "$WEIR" run --config "$T/weir.yaml"; }

@test "check names every error of a file with its line" {
	config_write
	code 0 "$WEIR" check "$T/weir.yaml"
	says "ok"
	printf 'interfaces: [edge0]\nservces: ["10.77.0.1:80"]\ndetect:\n  tick: never\n' >"$T/bad.yaml"
	code 2 "$WEIR" check "$T/bad.yaml"
	says "bad.yaml:2:"
	says "did you mean 'services'"
	says "bad.yaml:4:"
	code 2 "$WEIR" check --json "$T/bad.yaml"
	jq -e '.is_ok == false and (.errors | length) >= 2' <<<"$output"
	code 2 "$WEIR" check "$T/none.yaml"
	: >"$T/empty.yaml"
	code 2 "$WEIR" check "$T/empty.yaml"
	says "interfaces"
}

@test "the example that check prints passes check once interfaces and services are named" {
	{ "$WEIR" check --example; printf 'interfaces: [edge0]\nservices: ["10.77.0.1:80"]\n'; } >"$T/example.yaml"
	code 0 "$WEIR" check "$T/example.yaml"
}

@test "a broken configuration does not start and ends with 2" {
	config_write "mode: sideways"
	code 2 run_once
	says "mode"
	[ ! -e "$T/bpf/weir" ]
}

@test "without root the daemon does not start and says which right is missing" {
	chmod 755 "$T"
	chmod 777 "$T/run" "$T/state"
	cp "$WEIR" "$T/weir" && chmod 755 "$T/weir" "$T/weir.yaml"
	code 5 edge_run setpriv --reuid 65534 --regid 65534 --clear-groups \
		timeout 20 "$T/weir" run --config "$T/weir.yaml"
	says CAP_BPF
}

@test "commands without a daemon end with 4 and say which socket" {
	code 4 weir status
	says "$T/run/weir.sock"
	code 4 weir block 10.77.0.3
	code 4 weir top
}

@test "SIGTERM ends it with 0, says what happens next, and leaves the socket's place clean" {
	weir_start
	kill -TERM "$WEIR_PID"
	wait "$WEIR_PID" # its exit code is this line's
	logs "pass everything after 10 s"
	[ ! -e "$T/run/weir.sock" ]
}

@test "SIGHUP takes a new configuration, and keeps the old one when the new one is broken" {
	weir_start
	config_write "allow: [10.77.0.9]"
	kill -HUP "$WEIR_PID"
	wait_until 5 eval 'weir rules --json | jq -e ".rules[] | select(.target == \"10.77.0.9\" and .list == \"config\")"'
	echo "nonsense: 1" >>"$T/weir.yaml"
	kill -HUP "$WEIR_PID"
	wait_until 5 logs "the old configuration stays in force"
	code 0 weir status
	weir rules --json | jq -e '.rules[] | select(.target == "10.77.0.9")'
	config_write
	kill -HUP "$WEIR_PID"
	wait_until 5 eval 'weir rules --json | jq -e "[.rules[] | select(.target == \"10.77.0.9\")] == []"'
}

@test "rules, allows, mode and counts survive a kill -9 and a restart" {
	weir_start
	request_from 10.77.0.3
	weir block 10.77.0.4 --reason kept
	weir allow 10.77.0.5 --reason kept
	printf '10.79.0.1\n10.79.0.2\n' | weir block --list feed --replace -
	weir mode enforce
	sleep 6
	# What an allow counts under is not kept: it lives in the words file.
	local before kept='[.rules[] | {id: (if .action == "allow" then 0 else .id end), target, action, origin, list, reason, expires_unix_ns}] | sort_by(.target)'
	before=$(weir rules --json | jq -S "$kept")
	weir_stop KILL
	weir_start
	[ "$(weir rules --json | jq -S "$kept")" = "$before" ]
	[ "$(weir mode --json | jq -r .mode)" = enforce ]
	not request_from 10.77.0.4
	weir explain --json 10.77.0.3 | jq -e '.figures.exchanges == 1'
}

@test "a corrupt ledger is set aside, propose is forced, status says so until the operator sets the mode" {
	weir_start
	weir mode enforce
	weir allow 10.77.0.5 --reason "survives"
	weir_stop
	head -c 4096 /dev/urandom | dd of="$T/state/ledger.db" conv=notrunc status=none
	weir_start
	ls "$T"/state/ledger.db.corrupt-*
	code 3 weir status
	says "the ledger was corrupt"
	[ "$(weir mode --json | jq -r .mode)" = propose ]
	weir rules --json | jq -e '.rules[] | select(.target == "10.77.0.5" and .reason == "survives")'
	weir_stop
	weir_start
	code 3 weir status
	weir mode propose
	code 0 weir status
}

@test "a broken words file is named with its line and the daemon does not start over it" {
	weir_start
	weir_stop
	printf 'allow 10.77.0.5\nallow somebody\n' >"$T/state/words.txt"
	code 2 run_once
	says "words.txt:2:"
	grep -q somebody "$T/state/words.txt"
}

@test "a full disk is a problem that status names, and nothing in memory is lost" {
	mount -t tmpfs -o size=1m tmpfs "$T/state"
	weir_start
	weir block 10.77.0.3
	dd if=/dev/zero of="$T/state/fill" bs=4k status=none || true
	seq 0 4000 | awk '{ printf "10.80.%d.%d\n", $1 / 250, $1 % 250 + 1 }' >"$T/many.txt"
	run weir block "$T/many.txt"
	says "could not be saved yet"
	not request_from 10.77.0.3
	code 3 weir status
	says "the ledger cannot be written"
	rm "$T/state/fill"
	mount -o remount,size=64m "$T/state"
	wait_until 15 weir status
	weir_stop KILL
	weir_start
	weir rules --json | jq -e '[.rules[] | select(.origin == "operator")] | length == 4002'
	weir_stop
	umount "$T/state"
}

@test "an interface that is not there is a problem, and is attached when it appears" {
	sed -i 's/\[edge0\]/[edge0, later0]/' "$T/weir.yaml"
	weir_start
	code 3 weir status
	says later0
	ip -n "$EDGE_NS" link add later0 type veth peer name later1
	ip -n "$EDGE_NS" link set later0 up
	wait_until 5 weir status
	weir status --json | jq -e '[.attachments[] | select(.interface == "later0" and .problem == "")] | length == 2'
}

@test "SYNs without SYN-ACKs going out fail status with the explanation" {
	ip -n "$EDGE_NS" link add other0 type veth peer name other1
	sed -i "s/\"$EDGE4:80\"/\"$EDGE4:80\", \"10.99.0.1:81\"/" "$T/weir.yaml"
	weir_start
	client_run ip route add 10.99.0.1 via "$EDGE4"
	for _ in $(seq 30); do
		client_run timeout 0.02 bash -c 'exec 3<>/dev/tcp/10.99.0.1/81' 2>/dev/null || true
	done
	wait_until 10 eval '{ weir status --json || true; } | jq -e ".problems[] | select(.key == \"no answers\")"'
	code 3 weir status
	says "asymmetric"
}

@test "events are lines of JSON: rules, drops per minute, the mode" {
	config_write "events: $T/events.json"
	weir_start
	weir block 10.77.0.3 --reason "why not"
	weir mode off
	weir unblock 10.77.0.3
	jq -es 'all(.timestamp and .event_type and .host)' "$T/events.json"
	jq -es 'any(.event_type == "rule" and .src_ip == "10.77.0.3" and .rule.reason == "why not")' "$T/events.json"
	jq -es 'any(.event_type == "status" and .status.mode == "off")' "$T/events.json"
	mv "$T/events.json" "$T/events.old"
	kill -HUP "$WEIR_PID"
	wait_until 5 logs "reload: done"
	weir mode propose
	jq -es 'any(.status.mode == "propose")' "$T/events.json"
}

@test "after attach the daemon keeps two capabilities and no way to get more" {
	weir_start
	local caps task
	caps=$(awk '/^CapEff/ { print $2 }' "/proc/$WEIR_PID/status")
	[ $((16#$caps & ~((1 << 12) | (1 << 39)))) -eq 0 ]
	for task in "/proc/$WEIR_PID/task"/*; do
		grep -q '^NoNewPrivs:[[:space:]]*1' "$task/status"
		[ "$(awk '/^Cap(Eff|Prm|Bnd)/ { print $2 }' "$task/status" | sort -u)" = "$caps" ]
	done
}

@test "the heartbeat goes on while the daemon is busy, and stops with it" {
	weir_start
	heartbeat() { bpftool -j map dump pinned "$T/bpf/weir/meta" | jq '.[0].formatted.value.heartbeat_ns // .[0].value.heartbeat_ns'; }
	seq 0 199999 | awk '{ printf "12.%d.%d.%d\n", $1 / 65536, $1 / 256 % 256, $1 % 256 }' >"$T/large.txt"
	weir block --list large --replace "$T/large.txt" 3>&- &
	local job=$! last now
	while kill -0 "$job" 2>/dev/null; do
		last=$(heartbeat)
		sleep 1.5
		now=$(heartbeat)
		[ "$now" -gt "$last" ]
	done
	wait "$job"
	weir_stop KILL
	last=$(heartbeat)
	sleep 1.5
	[ "$(heartbeat)" -eq "$last" ]
}

@test "metrics are served on loopback alone, and only at their place" {
	config_write "metrics_port: 9464"
	weir_start
	request_from 10.77.0.3
	edge_run curl -sf http://127.0.0.1:9464/metrics >"$T/metrics"
	grep -q '^weir_packets_total{reason="SYN_RECORDED"} [1-9]' "$T/metrics"
	[ "$(edge_run curl -s -o /dev/null -w '%{http_code}' http://127.0.0.1:9464/)" = 404 ]
	[ "$(edge_run curl -s -o /dev/null -w '%{http_code}' -d x http://127.0.0.1:9464/metrics)" = 405 ]
	not client_run curl -s -m 1 "http://$EDGE4:9464/metrics"
	# Clients that connect and say nothing keep nobody out for long.
	for _ in $(seq 20); do edge_spawn bash -c 'exec 3<>/dev/tcp/127.0.0.1/9464; sleep 20'; done
	wait_until 10 edge_run curl -sf -m 1 -o /dev/null http://127.0.0.1:9464/metrics
	code 0 weir status
}

@test "who changes something is logged with uid and pid" {
	weir_start
	weir block 10.77.0.3
	logs "block by root (uid 0), pid"
}

@test "many clients at once are all answered" {
	weir_start
	local pids=() pid i
	for i in $(seq 3 40); do
		weir block "10.81.0.$i" >/dev/null 3>&- &
		pids+=($!)
	done
	for pid in "${pids[@]}"; do wait "$pid"; done
	weir rules --json | jq -e '[.rules[] | select(.origin == "operator")] | length == 38'
}

@test "a list of 100,000 addresses is in force when the command ends, and the daemon stays alive" {
	config_write "limits: {rules: 262144}"
	weir_start
	seq 0 99999 | awk '{ printf "11.%d.%d.%d\n", $1 / 65536, $1 / 256 % 256, $1 % 256 }' >"$T/large.txt"
	echo 10.77.0.3 >>"$T/large.txt"
	weir block --list large --replace --json "$T/large.txt" | jq -e '.added == 100001'
	not request_from 10.77.0.3
	request_from 10.77.0.4
	code 0 weir status
	printf '' | weir block --list large --replace --json - | jq -e '.removed == 100001'
	request_from 10.77.0.3
}
