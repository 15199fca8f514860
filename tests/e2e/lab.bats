#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
#
# The lab itself: what the demo and the other tests believe of it has to be true.

load ../lib/lab.bash

setup_file() {
	lab_up >&2
	export LAB LAB_NAME
	links_before=$(ip -br link | sort)
	export links_before
	lab traffic start --seconds 40
	sleep 32
}

teardown_file() { lab_down; }

# A request from a client's own address; prints what nginx saw.
ask() { # ADDRESS URL CURL-ARGUMENTS
	local before
	before=$(wc -l <"$LAB/access.log")
	lab_exec clients curl -sSfk -o /dev/null --interface "$1" --connect-to "api.weir.test::$2" "${@:3}"
	tail -n "+$((before + 1))" "$LAB/access.log" | jq -r --arg a "$1" \
		'select(.addr == $a and (.agent | startswith("curl"))) | "\(.tls) \(.http) \(.service_port)"' | tail -1
}

@test "nginx serves plain, TLS 1.2 and TLS 1.3, HTTP/1.1 and HTTP/2, on both address families" {
	local client4 client6
	client4=$(grep -v : "$LAB/addresses.clients" | sed -n 3p)
	client6=$(grep : "$LAB/addresses.clients" | sed -n 3p)
	[ "$(ask "$client4" 192.0.2.10:80 http://api.weir.test/ok)" = " HTTP/1.1 80" ]
	[ "$(ask "$client4" 192.0.2.10:443 https://api.weir.test/ok)" = "TLSv1.3 HTTP/2.0 443" ]
	[ "$(ask "$client6" '[2001:db8:e::10]:443' --http1.1 --tls-max 1.2 https://api.weir.test/ok)" = "TLSv1.2 HTTP/1.1 443" ]
	[ "$(ask "$client6" '[2001:db8:e::10]:80' http://api.weir.test/ok)" = " HTTP/1.1 80" ]
}

@test "the population has 60 members, 200 ordinary users and every negative control" {
	run awk -F'\t' 'NR > 1 {n[$2]++} END {print n["fleet"], n["ordinary"], n["worker"], n["relayed"], n["shared"]}' \
		"$LAB/truth.tsv"
	[ "$output" = "60 200 30 10 6" ]
	# One address is shared; nobody else has the address of another.
	[ "$(awk -F'\t' 'NR > 1 && $2 != "shared" {print $1}' "$LAB/truth.tsv" | sort | uniq -d | wc -l)" = 0 ]
	[ "$(awk -F'\t' '$2 == "shared" {print $1}' "$LAB/truth.tsv" | sort -u | wc -l)" = 1 ]
}

@test "every IPv6 user has a /64 of its own" {
	local prefixes
	prefixes=$(cat "$LAB"/addresses.* | grep : | cut -d: -f1-4)
	[ "$(wc -l <<<"$prefixes")" -gt 80 ]
	[ "$(sort -u <<<"$prefixes" | wc -l)" = "$(wc -l <<<"$prefixes")" ]
}

@test "members are fed evenly, ordinary users are not" {
	[ "$(lab_answered fleet 5 | wc -l)" -ge 57 ]
	[ "$(lab_answered worker 3 | wc -l)" -ge 27 ]
	[ "$(lab_answered ordinary | wc -l)" -ge 150 ]
	# The largest tenth of the ordinary makes at least four times what the median does; of the members it cannot.
	spread() {
		jq -r '.addr' "$LAB/access.log" | grep -Fxf <(awk -F'\t' -v r="$1" '$2 == r {print $1}' "$LAB/truth.tsv") |
			sort | uniq -c | sort -n | awk '{n[NR] = $1} END {print int(10 * n[int(NR * .9)] / n[int((NR + 1) / 2)])}'
	}
	[ "$(spread ordinary)" -ge 30 ]
	[ "$(spread fleet)" -le 20 ]
}

@test "real clients of every kind were answered" {
	local agents
	agents=$(jq -r '.agent | split("/")[0]' "$LAB/access.log" | sort -u)
	for agent in curl sdk py-default py-tls12 py-legacy py-curves plain; do
		grep -qx "$agent" <<<"$agents"
	done
	[ "$(lab_answered heavy | wc -l)" = 1 ]
	# Node.js names no agent: its users are known by their addresses.
	jq -r '.addr' "$LAB/access.log" | sort -u >"$LAB/answered"
	awk -F'\t' '$3 ~ /^node/ {print $1}' "$LAB/truth.tsv" | sort -u | comm -12 - "$LAB/answered" | grep -q .
}

@test "no request failed and nothing but 200 was answered" {
	[ -z "$(cat "$LAB"/failures.*)" ]
	[ "$(jq -r 'select(.status != 200) | .status' "$LAB/access.log" | wc -l)" = 0 ]
}

@test "a relay answers the handshake itself and fetches the TLS answer from afar" {
	local box port exit_address host edge_port delay_us rest connect tls
	read -r box port exit_address host edge_port delay_us rest <"$LAB/relay.routes"
	read -r connect tls < <(lab_exec backend curl -sk -o /dev/null --connect-to "api.weir.test:443:$box:$port" \
		-w '%{time_connect} %{time_appconnect}\n' https://api.weir.test/ok)
	awk -v c="$connect" -v t="$tls" -v d="$delay_us" 'BEGIN {exit !(c < 0.02 && t - c >= 2 * d / 1e6)}'
	jq -r '.addr' "$LAB/access.log" | grep -Fqx "$exit_address"
}

@test "the traffic costs less than one processor" {
	local ticks
	ticks=$(for file in "$LAB"/pids/*; do
		cat /proc/"$(cat "$file")"/stat
	done 2>/dev/null | awk '{sub(/.*\) /, ""); sum += $12 + $13 + $14 + $15} END {print sum + 0}')
	[ "$ticks" -gt 0 ]
	[ "$ticks" -lt $((40 * $(getconf CLK_TCK))) ]
}

@test "the machine's own interfaces are as they were" {
	[ "$(ip -br link | sort)" = "$links_before" ]
	[ "$(ip -br link | grep -c veth)" = "$(grep -c veth <<<"$links_before")" ]
}

@test "a second lab stands beside the first, without a fleet if so told, and down leaves nothing" {
	local first=$LAB first_name=$LAB_NAME pids
	lab_up --seed 2
	[ "$LAB" != "$first" ]
	lab traffic start --seconds 8 --no-fleet
	sleep 7
	[ "$(lab_answered fleet | wc -l)" = 0 ]
	[ "$(lab_answered relayed | wc -l)" -ge 1 ]
	pids=$(cat "$LAB"/pids/*)
	lab_down
	for pid in $pids; do
		run ps -o stat= -p "$pid"
		[[ -z $output || $output == Z* ]]
	done
	[ ! -e "$LAB" ]
	! ip netns list | grep -q "$LAB_NAME"
	LAB=$first LAB_NAME=$first_name
	lab_exec edge curl -sf http://192.0.2.10/ok
}

@test "a lab that cannot start cleans up behind itself" {
	local name=lab-broken-$$
	WEIR_LAB_NAME=$name CC=/bin/false BUILD=/nonexistent run "$LAB_ROOT/scripts/lab" up
	[ "$status" != 0 ]
	! ip netns list | grep -q "$name"
	[ ! -e "/run/weir-lab.$name" ]
}
