#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
#
# A restart, a kill -9 and an upgrade with another ABI are not felt: no failed request, no packet of a blocked source
# passed, no rule lost.

load ../lib/edge.bash

setup() {
	edge_up
	weir_start
	weir block 10.77.0.3 --reason "before"
	weir allow 10.77.0.4
	traffic_start
}
teardown() { edge_down; }

# A client that asks ten times a second and notes each failure; and a blocked one that notes each success.
traffic_start() {
	cat >"$T/client1.py" <<-'END'
		import http.client, sys, time
		edge, t, source = sys.argv[1:4]
		asked = failed = 0
		while True:
		    asked += 1
		    try:
		        c = http.client.HTTPConnection(edge, 80, source_address=(source, 0), timeout=3)
		        c.request("GET", "/small"); assert c.getresponse().status == 200; c.close()
		    except Exception as e:
		        failed += 1
		        print(e, file=sys.stderr)
		    with open(t + "/good", "w") as f: f.write(f"{asked} {failed}\n")
		    time.sleep(0.1)
	END
	client_spawn python3 "$T/client1.py" "$EDGE4" "$T" 10.77.0.2
	cat >"$T/client2.py" <<-'END'
		import socket, sys, time
		edge, t = sys.argv[1:3]
		while True:
		    s = socket.socket(); s.settimeout(0.2); s.bind(("10.77.0.3", 0))
		    try:
		        s.connect((edge, 80))
		        open(t + "/leaked", "a").write("connected\n")
		    except OSError: pass
		    s.close()
	END
	client_spawn python3 "$T/client2.py" "$EDGE4" "$T"
	sleep 1
}

nothing_was_felt() {
	sleep 1
	local asked failed
	read -r asked failed <"$T/good"
	echo "asked $asked, failed $failed, blocked source connected $(cat "$T/leaked" 2>/dev/null | wc -l) times"
	[ "$asked" -gt 10 ] && [ "$failed" -eq 0 ] && [ ! -e "$T/leaked" ]
	weir rules --json | jq -e '.rules[] | select(.target == "10.77.0.3" and .reason == "before")'
	weir rules --json | jq -e '.rules[] | select(.target == "10.77.0.4" and .action == "allow")'
}

@test "a restart under traffic is not felt and exchange counts go on" {
	local before after
	before=$(weir sources --json | jq '.sources[] | select(.source == "10.77.0.2") | .exchanges')
	weir_stop TERM
	sleep 1
	weir_start
	nothing_was_felt
	after=$(weir sources --json | jq '.sources[] | select(.source == "10.77.0.2") | .exchanges')
	echo "exchanges before $before, after $after"
	[ "$after" -gt "$before" ]
}

@test "a kill -9 under traffic is not felt" {
	weir_stop KILL
	sleep 1
	weir_start
	nothing_was_felt
}

@test "an upgrade with another ABI under traffic is not felt" {
	weir_stop TERM
	# What a build of another ABI version leaves behind: the same pins with another number in meta.
	local meta
	meta=$(bpftool map lookup pinned "$T/bpf/weir/meta" key 0 0 0 0 --json | jq -r '.value | map(.[2:]) | join(" ")')
	bpftool map update pinned "$T/bpf/weir/meta" key 0 0 0 0 value hex 63 ${meta#* }
	bpftool map lookup pinned "$T/bpf/weir/meta" key 0 0 0 0
	weir_start
	grep -q "map meta in .* has another layout or size" "$T/weir.log"
	nothing_was_felt
	[ "$(bpftool map lookup pinned "$T/bpf/weir/meta" key 0 0 0 0 --json | jq -r '.formatted.value.abi_version')" -eq 1 ]
}

@test "another size of the tables is switched to without being felt" {
	weir_stop TERM
	config_write $'limits:\n  flows: 4096\n  sources: 4096'
	weir_start
	nothing_was_felt
	[ "$(bpftool map show pinned "$T/bpf/weir/flows" --json | jq .max_entries)" -eq 4096 ]
}
