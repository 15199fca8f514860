#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
#
# What a live daemon records is what it counted, in both formats, and a replay reads it back; anonymised it keeps the
# structure and no address.

bats_require_minimum_version 1.5.0
load ../lib/edge.bash

set -o pipefail

setup() {
	edge_up
	weir_start
}
teardown() { edge_down; }

# record_start OPTIONS.. FILE: a recorder in the background; record_stop ends all of them and waits.
RECORDERS=()
record_start() {
	edge_spawn "$WEIR" record --socket "$T/run/weir.sock" "$@" 2>>"$T/record.err"
	RECORDERS+=("${PIDS[-1]}")
}
record_stop() {
	local pid
	sleep 1.5 # the last exchanges end with their connections, a moment after the client
	for pid in "${RECORDERS[@]}"; do kill -INT "$pid"; done
	for pid in "${RECORDERS[@]}"; do wait "$pid" || { cat "$T/record.err"; return 1; }; done
}

# Forty requests of each of six clients: plain, TLS 1.3 and TLS 1.2, over IPv4 and IPv6.
traffic() {
	local i
	for i in 3 4 5; do
		client_run curl -s --interface 10.77.0.$i -o /dev/null "http://$EDGE4/small?[1-40]"
	done
	client_run curl -sk --http1.1 --interface 10.77.0.6 -o /dev/null "https://$EDGE4:8444/small?[1-40]"
	client_run curl -sk --http1.1 --interface 10.77.0.7 -o /dev/null "https://$EDGE4:8443/small?[1-40]"
	client_run curl -s -o /dev/null "http://[$EDGE6]/small?[1-40]"
}

# "exchanges source bytes_up bytes_down" of each source, from the daemon and from a CSV log.
daemon_facts() {
	weir sources --json | jq -r '.sources[] | select(.exchanges > 0) | "\(.source) \(.exchanges) \(.bytes_up) \(.bytes_down)"' | sort
}
csv_facts() {
	tail -n +2 "$1" | awk -F, '{ n[$2]++; up[$2] += $4; down[$2] += $5 }
		END { for (s in n) print s, n[s], up[s], down[s] }' | sort
}
document() { "$WEIR" replay -j "$1" | jq -c '[.exchanges, .sources, .first_ns, .last_ns]'; }

@test "a CSV log, a .wx and a gzip hold what the daemon counted, and their replays agree with it" {
	record_start "$T/log.csv"
	record_start "$T/log.csv.gz"
	record_start "$T/log.wx"
	record_start --format csv "$T/plain"
	sleep 1
	traffic
	record_stop
	daemon_facts >"$T/daemon"
	[ "$(awk '{ n += $2 } END { print n }' "$T/daemon")" -eq 240 ]
	csv_facts "$T/log.csv" | diff "$T/daemon" -
	cmp "$T/log.csv" "$T/plain"
	[ "$(zcat "$T/log.csv.gz" | wc -l)" -eq 241 ]
	[ "$(grep -c '240 exchanges written, 0 lost' "$T/record.err")" -eq 4 ]
	[ "$(stat -c %a "$T/log.wx")" = 600 ]
	local csv
	csv=$(document "$T/log.csv")
	[ "$(jq -c '.[:2]' <<<"$csv")" = "[240,6]" ]
	[ "$(document "$T/log.wx")" = "$csv" ]
	[ "$(document "$T/log.csv.gz")" = "$csv" ]
}

@test "a row holds the stack in p0f's notation, round trips and a connection for each flow" {
	record_start "$T/log.csv"
	sleep 1
	client_run curl -sk --http1.1 --interface 10.77.0.6 -o /dev/null "https://$EDGE4:8444/small?[1-5]"
	client_run curl -sk --http1.1 --interface 10.77.0.6 -o /dev/null "https://$EDGE4:8444/small?[1-5]"
	record_stop
	python3 - "$T/log.csv" <<-'END'
		import csv, sys
		rows = list(csv.DictReader(open(sys.argv[1])))
		assert len(rows) == 10, len(rows)
		assert len({row["connection"] for row in rows}) == 2
		assert {row["server_port"] for row in rows} == {"8444"}
		for row in rows:
		    assert row["syn_sig"].startswith("4:64+0:0:1460:"), row
		    assert 0 < int(row["tcp_rtt_us"]) < 1000000 and 0 < int(row["tls_rtt_us"]) < 1000000, row
		    assert int(row["bytes_up"]) > 50 and int(row["bytes_down"]) > 1000, row
		    assert row["account"] == ""
	END
}

@test "a .wx that was cut off is read up to there and ends with 2; another ABI's is refused" {
	record_start "$T/log.wx"
	sleep 1
	client_run curl -s --interface 10.77.0.3 -o /dev/null "http://$EDGE4/small?[1-40]"
	record_stop
	head -c $(($(stat -c %s "$T/log.wx") - 100)) "$T/log.wx" >"$T/cut.wx"
	run --separate-stderr "$WEIR" replay -j "$T/cut.wx"
	[ "$status" -eq 2 ]
	jq -e '.exchanges > 30 and .exchanges < 40' <<<"$output"
	[[ $stderr == *"the recording was cut off"* ]]
	cp "$T/log.wx" "$T/other.wx"
	printf '\xff\xff' | dd of="$T/other.wx" bs=1 seek=12 conv=notrunc status=none
	run --separate-stderr "$WEIR" replay -j "$T/other.wx"
	[ "$status" -eq 2 ]
	[ -z "$output" ]
	[[ $stderr == *"another ABI version"* ]]
}

# 10.77.0.x as the records hold it.
holds_address() { python3 -c 'import sys; sys.exit(b"\xff\xff\x0a\x4d\x00" not in open(sys.argv[1], "rb").read())' "$1"; }

@test "--anonymise keeps prefixes, connections and figures, and no address" {
	record_start "$T/log.csv"
	record_start --anonymise "$T/anonymous.csv"
	record_start --anonymise "$T/again.csv"
	record_start "$T/log.wx"
	record_start --anonymise "$T/anonymous.wx"
	sleep 1
	traffic
	record_stop
	# Figures: the same multiset of exchanges, bytes and requests per source and per connection.
	[ "$(wc -l <"$T/anonymous.csv")" -eq 241 ]
	diff <(csv_facts "$T/log.csv" | cut -d' ' -f2- | sort) <(csv_facts "$T/anonymous.csv" | cut -d' ' -f2- | sort)
	python3 - "$T/log.csv" "$T/anonymous.csv" <<-'END'
		import csv, ipaddress, sys
		plain, hidden = (list(csv.DictReader(open(path))) for path in sys.argv[1:3])
		def common(a, b):
		    a, b = (ipaddress.ip_network(x) for x in (a, b))
		    if a.version != b.version: return -1
		    bits = a.max_prefixlen
		    return bits - (int(a.network_address) ^ int(b.network_address)).bit_length()
		names = {}
		for p, h in zip(plain, hidden):
		    assert [p[k] for k in ("time_ns", "server_port", "bytes_up", "bytes_down", "syn_sig")] == \
		           [h[k] for k in ("time_ns", "server_port", "bytes_up", "bytes_down", "syn_sig")]
		    assert names.setdefault(p["source"], h["source"]) == h["source"]
		    assert names.setdefault("c" + p["connection"], h["connection"]) == h["connection"]
		    assert p["connection"] != h["connection"]
		sources = [s for s in names if s[0] != "c"]
		assert len(sources) == len({names[s] for s in sources}) == 6
		for a in sources:
		    for b in sources:
		        assert common(a, b) == common(names[a], names[b]), (a, b)
	END
	! grep -q -e '10\.77\.0\.' -e 'fd77:' "$T/anonymous.csv" || return 1
	# Another key each time, so that two recordings cannot be joined.
	! diff -q <(cut -d, -f2 "$T/anonymous.csv") <(cut -d, -f2 "$T/again.csv") || return 1
	[ "$(document "$T/anonymous.wx")" = "$(document "$T/log.csv")" ]
	holds_address "$T/log.wx"
	! holds_address "$T/anonymous.wx" || return 1
}

@test "a capture of the same traffic replays to the exchanges that the daemon counted" {
	[ -n "$(command -v tcpdump)" ] || skip "no tcpdump"
	edge_spawn tcpdump -q -U -i edge0 -w "$T/traffic.pcap" tcp 2>"$T/tcpdump.err"
	local pid=${PIDS[-1]}
	wait_until 5 grep -q 'listening on' "$T/tcpdump.err"
	traffic
	sleep 1.5
	kill -INT "$pid"
	wait "$pid"
	"$WEIR" replay -j "$T/traffic.pcap" >"$T/out.json"
	jq -e '.exchanges == 240 and .sources == 6 and .frames.not_runnable == 0 and .frames.reasons.FLOW_NEW == 6' "$T/out.json"
	[ "$(daemon_facts | awk '{ n += $2 } END { print n }')" -eq 240 ]
}

@test "record ends by itself after --seconds, says so without a daemon, and refuses what it cannot write" {
	local began=$SECONDS
	edge_run "$WEIR" record --socket "$T/run/weir.sock" --seconds 1 "$T/log.csv"
	[ $((SECONDS - began)) -le 4 ]
	[ "$(wc -l <"$T/log.csv")" -eq 1 ]
	run edge_run "$WEIR" record --socket "$T/run/weir.sock" "$T/no/such/folder.csv"
	[ "$status" -eq 1 ]
	run edge_run "$WEIR" record --socket "$T/run/weir.sock" --format xml "$T/log.xml"
	[ "$status" -eq 2 ]
	weir_stop TERM
	run edge_run "$WEIR" record --socket "$T/run/weir.sock" "$T/log.csv"
	[ "$status" -eq 4 ]
}
