#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
#
# Captures of other projects through `weir replay`: every frame is accounted for, and the exchanges of a few that were
# counted by hand (captures.tsv) come out.

bats_require_minimum_version 1.5.0

WEIR=${WEIR:-$BATS_TEST_DIRNAME/../../build/weir}
CORPUS=${WEIR_CORPUS:-$BATS_TEST_DIRNAME/../../../shared/corpus}
REASONS=$BATS_TEST_DIRNAME/../../include/weir/reasons.h

set -o pipefail

setup() {
	[ -d "$CORPUS" ] || skip "no corpus"
	T=$(mktemp -d /tmp/weir-replay.XXXXXX)
}
teardown() { [ -z "${T:-}" ] || rm -rf "$T"; }

# The names of reasons that end a packet, as a JSON array: events are counted beside them.
ends() { sed -n 's/^\tX(\([A-Z0-9_]*\), *\([A-Z]*\),.*/\1 \2/p' "$REASONS" | awk '$2 != "EVENT" { print $1 }' | jq -Rn '[inputs]'; }

# Each frame ran or did not, and each that ran ended under exactly one reason.
accounted() {
	jq -e --argjson ends "$(ends)" '.frames | .run + .not_runnable == .total
		and ([.reasons | to_entries[] | select(.key | IN($ends[])) | .value] | add // 0) == .run' "$1"
}

@test "every frame of every whole capture is accounted for under one reason" {
	awk -F '\t' 'NR > 1 && $5 ~ /^[0-9]+$/ { print $1 }' "$CORPUS/manifest.tsv" >"$T/files"
	[ "$(wc -l <"$T/files")" -gt 400 ]
	(cd "$CORPUS" && xargs "$WEIR" replay -j <"$T/files" >"$T/all.json")
	accounted "$T/all.json"
	local frames
	frames=$(awk -F '\t' 'NR > 1 && $5 ~ /^[0-9]+$/ { n += $5 } END { print n }' "$CORPUS/manifest.tsv")
	jq -e --argjson n "$frames" '.frames | .total == $n and .not_runnable < .total / 200' "$T/all.json"
}

@test "captures that break off are run up to there, named, and end with 2" {
	local file frames
	while read -r file frames; do
		run --separate-stderr "$WEIR" replay -j "$CORPUS/$file"
		[ "$status" -eq 2 ]
		echo "$output" >"$T/out.json"
		accounted "$T/out.json"
		jq -e --argjson n "$frames" '.frames.total == $n' "$T/out.json"
		[[ $stderr == *"$file: broken after frame $frames: "* ]] || { echo "$stderr"; return 1; }
	done <<-'END'
		packets/suricata/bug-1450-05/tls_DER-incomplete-content.pcap 6
		packets/suricata/bug-6875-01/fuzz.pcap 1
	END
}

@test "requests that were counted by hand are the exchanges that come out" {
	local capture frames not_runnable flows exchanges sources how wrong=0 got
	while IFS=$'\t' read -r capture frames not_runnable flows exchanges sources how; do
		"$WEIR" replay -j "$CORPUS/$capture" >"$T/out.json"
		accounted "$T/out.json" >/dev/null || wrong=1
		got=$(jq -r '[.frames.total, .frames.not_runnable, .frames.reasons.FLOW_NEW // 0, .exchanges, .sources] | @tsv' "$T/out.json")
		[ "$got" = "$frames"$'\t'"$not_runnable"$'\t'"$flows"$'\t'"$exchanges"$'\t'"$sources" ] ||
			{ echo "$capture ($how): $got"; wrong=1; }
	done < <(tail -n +2 "$BATS_TEST_DIRNAME/captures.tsv")
	[ "$wrong" -eq 0 ]
}

@test "a capture with many flows and sweeps says the same twice" {
	local capture=$CORPUS/tls/suricata/tls/tls-subjectaltname/input.pcap
	"$WEIR" replay -j "$capture" >"$T/once"
	"$WEIR" replay -j "$capture" >"$T/twice"
	jq -e '.exchanges > 50' "$T/once"
	cmp "$T/once" "$T/twice"
}

@test "interfaces of a pcapng with different snapshot lengths are all read" {
	"$WEIR" replay -j "$CORPUS/packets/pcapplusplus/gtpv2.pcap" | jq -e '.frames.total == 6'
}
