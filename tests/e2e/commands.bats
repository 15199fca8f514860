#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
#
# Every command against a real daemon: what it says, what it refuses, and its exit code.
# One edge and one daemon serve all tests of this file; each uses addresses of its own.

load ../lib/edge.bash

set -o pipefail # an empty answer is none, whatever jq makes of it

setup_file() {
	edge_up
	config_write "shared_sources: [10.77.0.200]
allow: [10.77.0.201]
limits: {flows: 8192, sources: 8192, rules: 65536}"
	weir_start
	declare -p T EDGE_NS CLIENT_NS PIDS WEIR_PID | sed 's/^declare --/declare -g/; s/^declare -a/declare -ga/' \
		>"$BATS_FILE_TMPDIR/edge"
}
setup() { source "$BATS_FILE_TMPDIR/edge"; }
teardown_file() {
	source "$BATS_FILE_TMPDIR/edge"
	edge_down
}

# code EXPECTED COMMAND...: runs it and fails unless it ends with that exit code.
code() {
	local expected=$1
	shift
	run "$@"
	[ "$status" -eq "$expected" ] || { echo "exit $status, not $expected: $output"; return 1; }
}
# `! command` alone fails no test; this does.
not() { ! "$@"; }
says() { [[ $output == *"$1"* ]] || { echo "no '$1' in: $output"; return 1; }; }
without_root() { setpriv --reuid 65534 --regid 65534 --clear-groups "$@"; }

@test "help lists every command and each explains itself" {
	code 0 "$WEIR" help
	local name names
	names=$("$WEIR" help | awk '/^  [a-z]/ { print $1 }')
	[ "$(wc -w <<<"$names")" -ge 23 ]
	for name in $names; do
		code 0 "$WEIR" help "$name"
		says "usage: weir $name"
		code 0 "$WEIR" "$name" --help
	done
}

@test "wrong usage ends with 2 and says what is wrong" {
	code 2 "$WEIR"
	code 2 "$WEIR" frobnicate
	says "unknown command 'frobnicate'"
	code 2 weir status --frobnicate
	says "unknown option --frobnicate"
	code 2 weir block
	code 2 weir block 10.77.0.9 --ttl soon
	says "'soon' is not a duration"
	code 2 weir block 10.77.0.9 --action limit
	code 2 weir block 10.77.0.9 --existing sometimes
	code 2 weir block 10.77.0.9 --action drop --existing keep
	code 2 weir mode sideways
	says "propose, enforce or off"
	code 2 weir rules --origin nobody
	code 2 weir explain not-an-address
	code 2 weir confirm f-none
	code 2 weir dismiss
	code 2 weir top --interval never
}

@test "status names both attachments, every map and no problem" {
	code 0 weir status
	says edge0
	says native
	says "tc egress"
	says "no problems"
	weir status --json | jq -e '.is_well and .mode == "propose" and (.attachments | length) == 2
		and ([.attachments[] | select(.program_id > 0 and .problem == "")] | length) == 2
		and (.maps | map(.map) | index("sources")) != null'
}

@test "metrics are Prometheus text without a label per address" {
	request_from 10.77.0.3
	code 0 weir status --metrics
	says '# TYPE weir_packets_total counter'
	says 'weir_map_entries{map="flows"}'
	[[ $output != *10.77.0.3* ]]
	not grep -Evq '^(#|[a-z_]+(\{[a-z]+="[^"]*"\})? [0-9.e+-]+$)' <<<"$output"
}

@test "sources shows exchanges of who asked and sorts them" {
	for _ in 1 2 3 4 5; do request_from 10.77.0.4; done
	request_from 10.77.0.5
	wait_until 5 eval 'weir sources --json | jq -e ".sources[] | select(.source == \"10.77.0.4\" and .exchanges == 5)"'
	weir sources --json | jq -e '[.sources[] | .exchanges] == ([.sources[] | .exchanges] | sort | reverse)'
	code 0 weir sources --limit 1
	says "1 of "
	code 2 weir sources --sort colour
}

@test "flows shows an open connection with its stack, and only of the net asked for" {
	client_spawn curl -s -o /dev/null --interface 10.77.0.6 -k --limit-rate 10k "https://$EDGE4/large"
	local pid=${PIDS[-1]}
	wait_until 5 eval 'weir flows --json 10.77.0.6 | jq -e ".flows[0].client == \"10.77.0.6\""'
	weir flows --json 10.77.0.6 | jq -e '.flows[0] | .service == "10.77.0.1" and .service_port == 443
		and (.syn_stack | test("^4:64:0:"))'
	weir flows --json 10.77.0.7 | jq -e '.flows == []'
	code 0 weir flows 10.77.0.6
	says "10.77.0.1:443"
	kill "$pid"
}

@test "a ttl over the limit is clamped and told" {
	code 0 weir block 10.77.0.8 --ttl 60d
	says "over the limit"
	weir rules --json | jq -e '.rules[] | select(.target == "10.77.0.8") |
		(.expires_unix_ns - .created_unix_ns) == 2592000000000000'
	weir unblock 10.77.0.8
}

@test "a block that is renewed keeps its id and counts as kept" {
	weir block 10.77.0.9 --ttl 1h
	local id
	id=$(weir rules --json | jq '.rules[] | select(.target == "10.77.0.9") | .id')
	weir block 10.77.0.9 --ttl 2h --json | jq -e '.added == 0 and .kept == 1'
	[ "$(weir rules --json | jq '.rules[] | select(.target == "10.77.0.9") | .id')" = "$id" ]
	weir unblock 10.77.0.9
}

@test "unblock matches exactly and says what still covers the address" {
	weir block 10.77.0.16/28 10.77.0.17
	code 0 weir unblock 10.77.0.17
	says "10.77.0.17 is still under reset of 10.77.0.16/28"
	code 1 weir unblock 10.77.0.17
	says "is covered by 10.77.0.16/28"
	weir unblock 10.77.0.16/28
	code 1 weir unblock 10.77.0.16/28
}

@test "an allow wins over a block and explain says so" {
	weir allow 10.77.0.18 --reason "our monitor"
	code 0 weir block 10.77.0.18
	says "our monitor"
	request_from 10.77.0.18
	code 0 weir explain 10.77.0.18
	says "an allow wins over every block"
	code 2 weir block 10.77.0.18 --strict
	weir unallow 10.77.0.18
	not request_from 10.77.0.18
	weir unblock 10.77.0.18
}

@test "an allow of the configuration cannot be taken back by command" {
	code 1 weir unallow 10.77.0.201
	says "configuration"
}

@test "lock-out: own addresses, everybody, and the load balancer are refused with the reason" {
	local target
	for target in "$EDGE4" "$EDGE6"; do
		code 2 weir block "$target" --force
		says "own address"
	done
	code 2 weir block 0.0.0.0/0 --force
	says "covers everybody"
	code 2 weir block ::/0 --force
	code 2 weir block 10.77.0.200
	says "shared_sources"
	code 2 weir block 10.0.0.0/7
	says "bits are set beyond" || says "wider than /8"
	code 2 weir block 12.0.0.0/7
	says "wider than /8"
	weir rules --json | jq -e '[.rules[] | select(.origin == "operator" and .action != "allow")] == []'
}

@test "lock-out: the gateway is refused, and a net around it leaves it alone" {
	ip -n "$EDGE_NS" route add default via 10.77.0.2
	wait_until 8 eval 'weir rules --all --json | jq -e ".rules[] | select(.reason == \"gateway\")"'
	code 2 weir block 10.77.0.2
	says gateway
	code 0 weir block 10.77.0.0/26
	says "the allowed part stays allowed"
	request_from 10.77.0.2
	not request_from 10.77.0.3
	weir unblock 10.77.0.0/26
	ip -n "$EDGE_NS" route del default
}

@test "lock-out: the peer of an SSH session is refused" {
	edge_spawn python3 -c '
import socket
s = socket.create_server(("10.77.0.1", 22))
while True:
    c = s.accept()[0]; globals().setdefault("kept", []).append(c); c.sendall(b"k" * 2000)'
	local server=${PIDS[-1]}
	wait_until 5 client_run bash -c 'exec 3<>/dev/tcp/10.77.0.1/22'
	client_spawn bash -c 'exec 3<>/dev/tcp/10.77.0.1/22; head -c 2000 /dev/zero >&3; sleep 60'
	local peer=${PIDS[-1]}
	wait_until 8 eval 'weir rules --all --json | jq -e ".rules[] | select(.reason == \"ssh peer\")"'
	code 2 weir block 10.77.0.2
	says "ssh peer"
	kill "$peer" "$server"
}

@test "a list with bad lines names each and applies nothing, --skip-bad applies the rest" {
	printf '10.77.0.30\n300.1.2.3\n# fine\n10.77.0.31/33\n10.77.0.32 ; note\n' >"$T/bad.txt"
	code 2 weir block "$T/bad.txt"
	says "bad.txt:2:"
	says "bad.txt:4:"
	says "nothing changed"
	weir rules --json | jq -e '[.rules[] | select(.target | startswith("10.77.0.3"))] == []'
	code 0 weir block "$T/bad.txt" --skip-bad
	says "added 2"
	weir unblock 10.77.0.30 10.77.0.32
}

@test "a line that the daemon refuses is named with its file and line, too" {
	printf '10.77.0.33\n%s\n' "$EDGE4" >"$T/own.txt"
	code 2 weir block --file "$T/own.txt"
	says "own.txt:2: $EDGE4: it is an own address"
	weir rules --json | jq -e '[.rules[] | select(.target == "10.77.0.33")] == []'
}

@test "duplicates and nets inside wider ones are merged, and said so" {
	printf '10.78.0.0/24\n10.78.0.7\n10.78.0.0/24\n' >"$T/twice.txt"
	code 0 weir block - <"$T/twice.txt"
	says "merged 1 duplicates and 1 nets inside wider ones"
	says "added 1"
	weir unblock 10.78.0.0/24
}

@test "a named list is replaced whole, idempotently, and prints what changed" {
	printf '10.79.0.1\n10.79.0.2\n' >"$T/list.txt"
	weir block --list feed --replace --json "$T/list.txt" | jq -e '.added == 2 and .removed == 0 and .kept == 0 and .refused == []'
	weir block --list feed --replace --json "$T/list.txt" | jq -e '.added == 0 and .kept == 2'
	printf '10.79.0.2\n10.79.0.3\n' >"$T/list.txt"
	weir block --list feed --replace --dry-run --json "$T/list.txt" | jq -e '.added == 1 and .removed == 1 and .kept == 1'
	weir rules --list feed --json | jq -e '[.rules[].target] | sort == ["10.79.0.1", "10.79.0.2"]'
	weir block --list feed --replace --json - <"$T/list.txt" | jq -e '.added == 1 and .removed == 1 and .kept == 1'
	weir rules --list feed --json | jq -e '[.rules[].target] | sort == ["10.79.0.2", "10.79.0.3"]'
	weir block 10.79.0.2
	printf '' | weir block --list feed --replace --json - | jq -e '.removed == 2'
	weir rules --json | jq -e '[.rules[] | select(.target == "10.79.0.2") | .origin] == ["operator"]'
	weir unblock 10.79.0.2
}

@test "a list never blocks a wide prefix" {
	printf '13.0.0.0/7\n12.0.0.0/7\n' >"$T/wide.txt"
	code 2 weir block --list feed --replace --force "$T/wide.txt"
	says "--force is not for lists"
	code 2 weir block --list feed --replace "$T/wide.txt"
	says "wide.txt:1:"
	printf '12.0.0.0/7\n' >"$T/wide.txt"
	code 2 weir block --list feed --replace "$T/wide.txt"
	says "wider than /8"
}

@test "a missing file and a directory are said and nothing changes" {
	code 2 weir block --file "$T/none.txt"
	says "No such file"
	code 2 weir block "$T"
	code 2 weir block nonsense
	says "not an address, a CIDR or a file"
}

@test "rules come out as lists for other tools" {
	weir block 10.79.1.1 2001:db8:79::/48 --existing drop
	code 0 weir rules --export plain
	says 10.79.1.1
	says 2001:db8:79::/48
	weir rules --export nft | grep -q 10.79.1.1
	weir rules --export ipset | grep -q 10.79.1.1
	weir rules --export json | jq -e . >/dev/null
	weir unblock 10.79.1.1 2001:db8:79::/48
}

@test "explain tells an ordinary source why it belongs to no fleet" {
	request_from 10.77.0.10
	wait_until 5 eval 'weir explain 10.77.0.10 | grep -q "belongs to no fleet"'
	weir explain --json 10.77.0.10 | jq -e '.kind == "source" and .figures.exchanges >= 1'
	code 0 weir explain 203.0.113.77
	says "no exchange of it is known"
}

@test "mode is shown, set, kept, and follows a bpftool write" {
	code 0 weir mode
	says propose
	weir mode enforce
	[ "$(weir mode --json | jq -r .mode)" = enforce ]
	bpftool map update pinned "$T/bpf/weir/settings" key 0 0 0 0 value 0 0 0 0 0 0 0 0
	wait_until 3 eval '[ "$(weir mode --json | jq -r .mode)" = propose ]'
}

@test "record writes a log that replay reads" {
	weir record --seconds 4 "$T/live.csv" 3>&- &
	local recorder=$!
	sleep 1
	for _ in 1 2 3; do request_from 10.77.0.11; done
	wait "$recorder"
	head -1 "$T/live.csv" | grep -q ^time_ns,source,server_port
	[ "$(grep -c ,10.77.0.11,80, "$T/live.csv")" -eq 3 ]
	grep -q ',"4:64+' "$T/live.csv"
	code 0 "$WEIR" replay --json "$T/live.csv"
	jq -e '.exchanges >= 3' <<<"$output"
	weir record --seconds 3 --format wx --anonymise "$T/live.wx" 3>&- &
	recorder=$!
	sleep 1
	request_from 10.77.0.11
	wait "$recorder"
	"$WEIR" replay --json "$T/live.wx" | jq -e '.exchanges >= 1'
	not grep -q 10.77.0.11 "$T/live.wx"
}

@test "forget removes a source from the tables and from memory" {
	request_from 10.77.0.12
	wait_until 5 eval 'weir sources --json | jq -e ".sources[] | select(.source == \"10.77.0.12\" and .exchanges > 0)"'
	sleep 1
	weir forget 10.77.0.12 --json | jq -e '.entries >= 1 and .sources == 1'
	weir sources --json | jq -e '[.sources[] | select(.source == "10.77.0.12")] == []'
	code 0 weir explain 10.77.0.12
	says "no exchange of it is known"
}

@test "top prints tables one after the other where there is no terminal" {
	code 0 weir top --times 2 --interval 1s
	[ "$(grep -c "exchanges a second" <<<"$output")" -eq 2 ]
	[[ $output != *$'\033'* ]]
}

@test "without the right nothing is shown and the code is 5" {
	cp "$WEIR" "$T/weir" && chmod 755 "$T/weir"
	chmod 755 "$T" "$T/run"
	code 5 without_root "$T/weir" status --socket "$T/run/weir.sock"
	says "not permitted"
	code 5 without_root "$T/weir" block 10.77.0.3 --socket "$T/run/weir.sock"
}

@test "detach refuses while a daemon runs" {
	code 1 edge_run "$WEIR" detach --config "$T/weir.yaml"
	says "a daemon runs"
}

@test "a second daemon for the same directories does not start and harms nothing" {
	code 1 edge_run "$WEIR" run --config "$T/weir.yaml"
	code 0 weir status
	request_from 10.77.0.3
}

@test "output that cannot be written is no success" {
	code 1 eval 'weir rules --json >/dev/full'
}
