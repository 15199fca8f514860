#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
#
# Logs and captures through `weir replay`: the document it prints, what it refuses, and that it says the same twice.

bats_require_minimum_version 1.5.0

WEIR=${WEIR:-$BATS_TEST_DIRNAME/../../build/weir}
HEADER=time_ns,source,server_port,bytes_up,bytes_down,duration_us,syn_sig,ja4,tcp_rtt_us,tls_rtt_us,connection,account
CORPUS=${WEIR_CORPUS:-$BATS_TEST_DIRNAME/../../../shared/corpus}

set -o pipefail # an empty answer is none, whatever jq makes of it

setup() { T=$(mktemp -d /tmp/weir-replay.XXXXXX); }
teardown() { rm -rf "$T"; }

code() {
	local expected=$1
	shift
	run "$@"
	[ "$status" -eq "$expected" ] || { echo "exit $status, not $expected: $output"; return 1; }
}
# `! command` alone fails no test; this does.
not() { ! "$@"; }
says() { [[ $output == *"$1"* ]] || { echo "no '$1' in: $output"; return 1; }; }
need_corpus() { [ -d "$CORPUS" ] || skip "no corpus"; }

# LINES of a log: sources 192.0.2.1 up to .9 in turn, one exchange a minute.
log_make() {
	echo "$HEADER"
	awk -v lines="$1" 'BEGIN { for (i = 0; i < lines; i++)
		printf "%d000000000,192.0.2.%d,443,%d,%d,1000,\"4:64+0:0:1460:65535,7:mss,nop,ws:df,id+:0\",t13d,10000,20000,%d,\n",
			1770000000 + 60 * i, i % 9 + 1, 500 + i % 7, 2000 + i % 11, i / 3 + 1 }'
}

@test "a log gives the document of the design, and nothing else on standard output" {
	log_make 90 >"$T/log.csv"
	"$WEIR" replay -j "$T/log.csv" >"$T/out.json"
	jq -e '.exchanges == 90 and .sources == 9 and .first_ns == 1770000000000000000
		and .last_ns == 1770005340000000000 and (.fleets | type) == "array" and (.rules | type) == "array"' "$T/out.json"
}

@test "standard input, gzip and a file say the same" {
	log_make 90 >"$T/log.csv"
	gzip -k "$T/log.csv"
	"$WEIR" replay -j "$T/log.csv" >"$T/file"
	"$WEIR" replay -j - <"$T/log.csv" >"$T/stdin"
	"$WEIR" replay -j "$T/log.csv.gz" >"$T/gzip"
	cmp "$T/file" "$T/stdin"
	cmp "$T/file" "$T/gzip"
}

@test "an empty log is no error, a missing one and one without a header are" {
	echo "$HEADER" >"$T/empty.csv"
	"$WEIR" replay -j "$T/empty.csv" | jq -e '.exchanges == 0 and .first_ns == null'
	code 2 "$WEIR" replay "$T/none.csv"
	echo "1,2,3" >"$T/bad.csv"
	code 2 "$WEIR" replay "$T/bad.csv"
	says "bad.csv:1"
}

@test "broken rows are named with their line, the others counted, and the code is 2" {
	log_make 10 >"$T/log.csv"
	sed -i '4s/192/392/; 7s/443/never/' "$T/log.csv"
	code 2 "$WEIR" replay -j "$T/log.csv"
	says "log.csv:4:"
	says "log.csv:7:"
	run --separate-stderr "$WEIR" replay -j "$T/log.csv"
	jq -e '.exchanges == 8' <<<"$output"
}

@test "a broken configuration and wrong words end with 2" {
	log_make 10 >"$T/log.csv"
	echo "detect: {tick: never}" >"$T/weir.yaml"
	code 2 "$WEIR" replay --config "$T/weir.yaml" "$T/log.csv"
	says "weir.yaml:1:"
	code 2 "$WEIR" replay --mode sideways "$T/log.csv"
	code 2 "$WEIR" replay --service nowhere "$T/log.csv"
	code 2 "$WEIR" replay
}

@test "a capture runs through the programs: every frame under one reason, the same twice" {
	need_corpus
	local capture=$CORPUS/tls/suricata/tls/tls-subject-zero/input.pcap
	"$WEIR" replay -j "$capture" >"$T/once"
	"$WEIR" replay -j "$capture" >"$T/twice"
	cmp "$T/once" "$T/twice"
	jq -e '.frames.total == 15 and .frames.run == 15 and .exchanges == 1 and .sources == 1
		and .frames.reasons.SYN_RECORDED == 1 and .frames.reasons.FLOW_NEW == 1
		and ([.frames.reasons | to_entries[] | select(.key | IN("PASSED", "EGRESS", "SYN_RECORDED")) | .value] | add) == 15' "$T/once"
}

@test "--service turns a capture around: nothing is protected where nobody serves" {
	need_corpus
	local capture=$CORPUS/tls/suricata/tls/tls-subject-zero/input.pcap
	"$WEIR" replay -j --service 203.0.113.1:443 "$capture" |
		jq -e '.exchanges == 0 and .frames.reasons == {"UNPROTECTED": 15}'
}

# A capture of raw IP (link type 101): a SYN and its SYN-ACK, and a third frame of five bytes.
raw_capture() {
	python3 - "$1" <<-'END'
		import struct, sys
		def packet(src, dst, sport, dport, seq, ack, flags):
		    tcp = struct.pack(">HHIIBBHHH", sport, dport, seq, ack, 0x50, flags, 65535, 0, 0)
		    ip = struct.pack(">BBHHHBBH4s4s", 0x45, 0, 40, 1, 0x4000, 64, 6, 0, bytes(src), bytes(dst))
		    return ip + tcp
		client, server = (192, 0, 2, 7), (198, 51, 100, 1)
		frames = [packet(client, server, 40000, 443, 1, 0, 2), packet(server, client, 443, 40000, 9, 2, 18), b"\x45\0\0\0\0"]
		with open(sys.argv[1], "wb") as out:
		    out.write(struct.pack("<IHHiIII", 0xa1b2c3d4, 2, 4, 0, 0, 65535, 101))
		    for i, data in enumerate(frames):
		        out.write(struct.pack("<IIII", 1770000000 + i, 0, len(data), len(data)) + data)
	END
}

@test "raw IP gets an Ethernet header, and what is too short for a frame is counted" {
	raw_capture "$T/raw.pcap"
	"$WEIR" replay -j "$T/raw.pcap" | jq -e '.frames.total == 3
		and .frames.reasons.SYN_RECORDED == 1 and .frames.reasons.SYNACK_SEEN == 1
		and .frames.run + .frames.not_runnable == 3'
}

@test "a capture that was cut off shows what came before, and ends with 2" {
	raw_capture "$T/raw.pcap"
	head -c 130 "$T/raw.pcap" >"$T/cut.pcap"
	run --separate-stderr "$WEIR" replay -j "$T/cut.pcap"
	[ "$status" -eq 2 ]
	jq -e '.frames.total == 1' <<<"$output"
}

@test "a gzip that was cut off shows what came before, and ends with 2" {
	log_make 20000 | gzip >"$T/log.csv.gz"
	head -c 60000 "$T/log.csv.gz" >"$T/cut.csv.gz"
	run --separate-stderr "$WEIR" replay -j "$T/cut.csv.gz"
	[ "$status" -eq 2 ]
	jq -e '.exchanges > 100 and .exchanges < 20000' <<<"$output"
	[[ $stderr == *"the gzip data end too early"* ]]
}

@test "what is no log and no capture prints no document" {
	head -c 5000 /dev/urandom >"$T/noise"
	run --separate-stderr "$WEIR" replay -j "$T/noise"
	[ "$status" -eq 2 ]
	[ -z "$output" ]
	[[ $stderr == *"noise:1: not an exchange log"* ]]
}

@test "captures of a rotation are one: a connection goes on from one file into the next" {
	raw_capture "$T/raw.pcap"
	# The header and one frame; the header and the rest.
	head -c 80 "$T/raw.pcap" >"$T/one.pcap"
	(head -c 24 "$T/raw.pcap" && tail -c +81 "$T/raw.pcap") >"$T/two.pcap"
	"$WEIR" replay -j "$T/raw.pcap" >"$T/whole"
	"$WEIR" replay -j "$T/one.pcap" "$T/two.pcap" | cmp - "$T/whole"
	jq -e '.frames.total == 3' "$T/whole"
}

@test "logs and captures do not mix in one replay" {
	raw_capture "$T/raw.pcap"
	log_make 10 >"$T/log.csv"
	code 2 "$WEIR" replay "$T/raw.pcap" "$T/log.csv"
	says "do not mix"
}

@test "a log needs no root, a capture without it ends with 5" {
	local nobody=(setpriv --reuid=65534 --regid=65534 --clear-groups --inh-caps=-all --bounding-set=-all)
	raw_capture "$T/raw.pcap"
	log_make 10 >"$T/log.csv"
	cp "$WEIR" "$T/weir"
	chmod -R a+rX "$T"
	code 0 "${nobody[@]}" "$T/weir" replay "$T/log.csv"
	code 5 "${nobody[@]}" "$T/weir" replay "$T/raw.pcap"
}

@test "without -j people read frames, exchanges, sources and times" {
	raw_capture "$T/raw.pcap"
	code 0 "$WEIR" replay "$T/raw.pcap"
	says "3 frames: 3 run, 0 not runnable"
	says "SYN_RECORDED"
	log_make 90 >"$T/log.csv"
	code 0 "$WEIR" replay "$T/log.csv"
	says "90 exchanges of 9 sources, 2026-02-02 02:40:00 to 2026-02-02 04:09:00 UTC"
	says "0 fleets, 0 rules"
}
