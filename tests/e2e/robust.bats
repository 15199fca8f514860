#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
#
# What a careless neighbour, a restart at the wrong moment or a million rules must not do.

load ../lib/edge.bash

SSH_PORT=2222

setup() { edge_up; }
teardown() { edge_down; }

not() { ! "$@"; }
logs() { grep -qF "$1" "$T/weir.log" || { echo "no '$1' in:"; cat "$T/weir.log"; return 1; }; }
is_blocked() { not request_from "$1"; }
mode_is() { [ "$(weir status --json | jq -r .mode)" = "$1" ]; }
# The setting of the mode is the first of the map.
mode_write() { bpftool map update pinned "$T/bpf/weir/settings" key 0 0 0 0 value "$1" 0 0 0 0 0 0 0; }
rule_of() { weir rules --json | jq -e --arg t "$1" '.rules[] | select(.target == $t)'; }
packets_of() { rule_of "$1" | jq .packets; }
rss_kib() { awk '/^VmRSS/ { print $2 }' "/proc/$WEIR_PID/status"; }

@test "off written with bpftool while no daemon runs holds after the restart" {
	weir_start
	weir block 10.77.0.3
	is_blocked 10.77.0.3
	weir_stop
	mode_write 2
	weir_start
	mode_is off
	request_from 10.77.0.3
	logs "mode is off, as map settings says"
	# Kept, too: the next start finds it in the ledger as well.
	weir_stop KILL
	weir_start
	mode_is off
	weir mode propose
	is_blocked 10.77.0.3
}

@test "off holds although the ledger is gone and the tables get other sizes" {
	weir_start
	weir_stop
	mode_write 2
	rm "$T"/state/ledger.db*
	config_write $'limits:\n  flows: 4096'
	weir_start
	mode_is off
}

@test "many rules are shown page by page, each once, and the daemon stays small" {
	weir_start
	seq 0 24999 | awk '{ printf "198.%d.%d.%d\n", 18 + int($1 / 65536), int($1 / 256) % 256, $1 % 256 }' >"$T/list"
	weir block --list many "$T/list" >/dev/null
	local before after
	before=$(rss_kib)
	weir rules --list many --json >"$T/rules.json"
	after=$(rss_kib)
	echo "resident before $before, after $after KiB"
	jq -e '.matched == 25000 and (.rules | length) == 25000 and ([.rules[].id] | unique | length) == 25000' "$T/rules.json"
	jq -e '.mode == "propose" and .now_unix_ns > 0' "$T/rules.json"
	# All at once they took 1.8 kB each.
	[ $((after - before)) -lt 36000 ]
	weir rules --list many --limit 12345 --json | jq -e '.matched == 25000 and (.rules | length) == 12345'
	[ "$(weir rules --list many --export plain | grep -c '^198\.')" -eq 25000 ]
	weir rules --list many | tail -1
	[ "$(weir rules --list many | grep -c 198.18.)" -eq 25000 ]
	weir rules --list none --json | jq -e '.rules == [] and .matched == 0'
}

@test "a new rule does not inherit what an earlier one caught under its id" {
	weir_start
	weir block 10.77.0.3
	is_blocked 10.77.0.3
	local id
	id=$(rule_of 10.77.0.3 | jq .id)
	[ "$(packets_of 10.77.0.3)" -gt 0 ]
	# Block others until the id is given again: ids rest before they are.
	weir unblock 10.77.0.3
	weir block 10.77.0.4
	[ "$(rule_of 10.77.0.4 | jq .id)" -eq "$id" ] # or this test proves nothing
	[ "$(packets_of 10.77.0.4)" -eq 0 ]
	# Nor over a restart: hits that no rule of the ledger owns go.
	is_blocked 10.77.0.4
	weir_stop
	rm "$T"/state/ledger.db*
	weir_start
	weir block 10.77.0.5 10.77.0.6 10.77.0.7
	weir rules --json | jq -e '[.rules[] | .packets] == [0, 0, 0]'
}

# A listener where sshd would be, which exchanges keys with who does, and a client that does ($2 yes) or stays silent.
sshd_start() {
	cat >"$T/sshd.py" <<-'END'
		import socket, sys, threading
		s = socket.create_server(("", int(sys.argv[1])))
		def serve(c):
		    c.sendall(b"SSH-2.0-test\r\n")
		    if c.recv(2000, socket.MSG_WAITALL): c.sendall(b"k" * 2000)
		    c.recv(1)
		open(sys.argv[2], "w").close()
		while True: threading.Thread(target=serve, args=(s.accept()[0],), daemon=True).start()
	END
	edge_spawn python3 "$T/sshd.py" $SSH_PORT "$T/sshd"
	wait_until 5 test -e "$T/sshd"
}
peer_start() {
	cat >"$T/peer.py" <<-'END'
		import socket, sys
		s = socket.create_connection((sys.argv[1], int(sys.argv[2])), source_address=(sys.argv[3], 0))
		if sys.argv[4] == "yes":
		    s.sendall(b"k" * 2000); s.recv(2000, socket.MSG_WAITALL)
		else:
		    s.recv(14)
		open(sys.argv[5], "w").close()
		while s.recv(4096): pass
	END
	client_spawn python3 "$T/peer.py" "$EDGE4" $SSH_PORT "$1" "$2" "$T/peer$1"
	wait_until 5 test -e "$T/peer$1"
}
has_guard() { weir rules --all --json | jq -e --arg t "$1" '.rules[] | select(.target == $t and .reason == "ssh peer")'; }

@test "a bare connection to the SSH port guards nobody, a session does, and --force blocks even that" {
	config_write "ssh_port: $SSH_PORT"
	sshd_start
	weir_start
	peer_start 10.77.0.9 no
	peer_start 10.77.0.10 yes
	wait_until 8 has_guard 10.77.0.10
	not has_guard 10.77.0.9
	weir block 10.77.0.9
	is_blocked 10.77.0.9
	run weir block 10.77.0.10
	[ "$status" -eq 2 ]
	[[ $output == *"ssh peer"*"--force if you mean it"* ]]
	request_from 10.77.0.10
	run weir block --force 10.77.0.10
	echo "$output"
	[ "$status" -eq 0 ]
	[[ $output == *"10.77.0.10 has an SSH session"* ]]
	is_blocked 10.77.0.10
	not has_guard 10.77.0.10
	sleep 6 # the guards are looked at again
	is_blocked 10.77.0.10
	weir unblock 10.77.0.10
	wait_until 8 has_guard 10.77.0.10
	run weir block --force --list feed 10.77.0.10
	[ "$status" -eq 2 ]
}

@test "a run directory that is there keeps its mode and owner" {
	chmod 1777 "$T/run"
	chown 12:34 "$T/run"
	groupadd -f weir
	weir_start
	[ "$(stat -c '%a %u %g' "$T/run")" = "1777 12 34" ]
}

@test "recorders that leave without an exchange leave their places to others" {
	weir_start
	local i pids=()
	for i in $(seq 8); do
		edge_spawn "$WEIR" record --socket "$T/run/weir.sock" "$T/$i.csv" --seconds 60 2>/dev/null
		pids+=("${PIDS[-1]}")
	done
	run weir record "$T/9.csv" --seconds 1
	wait_until 5 record_is_full
	for i in "${pids[@]}"; do kill -9 "$i"; wait "$i" 2>/dev/null || true; done
	weir record "$T/10.csv" --seconds 1
	[ -s "$T/10.csv" ]
}
record_is_full() { run weir record "$T/full.csv" --seconds 1; [ "$status" -eq 1 ] && [[ $output == *"record already"* ]]; }

@test "a reload asked for during the start does not end the daemon" {
	edge_spawn "$WEIR" run --config "$T/weir.yaml" >>"$T/weir.log" 2>&1
	WEIR_PID=${PIDS[-1]}
	wait_until 5 test -e "$T/run/weir.lock"
	until grep -qF "is in force" "$T/weir.log"; do
		kill -HUP "$WEIR_PID"
		sleep 0.02
	done
	wait_until 10 weir_is_ready
	wait_until 5 grep -qF "reload: done" "$T/weir.log"
	kill -0 "$WEIR_PID"
}

@test "one pin_dir serves one daemon, and who it is is known" {
	weir_start
	sed "s|run_dir: .*|run_dir: $T/run2|" "$T/weir.yaml" >"$T/second.yaml"
	run edge_run timeout 10 "$WEIR" run --config "$T/second.yaml"
	echo "$output"
	[ "$status" -eq 1 ]
	[[ $output == *"holds pin_dir"* ]]
	run weir_detach
	[ "$status" -ne 0 ]
	[[ $output == *"$WEIR_PID"* ]]
	weir status >/dev/null
}
