#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
#
# Made-up populations of known truth through `weir replay`: the fleet behind relays is found, workers of a customer,
# relayed and ordinary users are left alone, and a replay says the same twice.

WEIR=${WEIR:-$BATS_TEST_DIRNAME/../../build/weir}
MAKER=$(dirname "$WEIR")/tests/population_log

set -o pipefail

setup() { T=$(mktemp -d /tmp/weir-replay.XXXXXX); }
teardown() { rm -rf "$T"; }

# population KIND SEED SPAN ORDINARY WORKERS RELAYED FLEET, and its replay into out.json
population() {
	"$MAKER" "$@" "$T/log.csv" "$T/truth" "$T/weir.yaml"
	sort -o "$T/truth" "$T/truth"
	"$WEIR" replay --config "$T/weir.yaml" -j "${LOG:-$T/log.csv}" >"$T/out.json"
}

# How many sources of role $1 are among those that jq expression $2 names.
role_count() { jq -r "$2" "$T/out.json" | sort -u | join - "$T/truth" | awk -v role="$1" '$2 == role' | wc -l; }
CONFIRMED='.fleets[] | select(.level == "confirmed") | .sources[].source'
RULED='.rules[].source'

others_in() {
	local role n=0
	for role in ordinary worker relayed; do n=$((n + $(role_count $role "$1"))); done
	echo $n
}

@test "a fleet through relays is confirmed: nine members in ten have a rule, at most one other in two hundred" {
	local seed members others all_members=0 all_others=0
	for seed in 1 2 3 4 5; do
		population minutes $seed 3 200 30 10 60
		members=$(role_count fleet "$RULED") others=$(others_in "$RULED")
		echo "seed $seed: $members of 60 members, $others others"
		[ "$members" -ge 48 ]
		all_members=$((all_members + members)) all_others=$((all_others + others))
	done
	[ "$all_members" -ge 270 ]
	[ "$all_others" -le 6 ] # of 5 * 240
}

@test "without a fleet nobody has a rule and no fleet is confirmed" {
	local seed
	for seed in 1 2 3 4 5; do
		population minutes $seed 3 200 30 10 0
		jq -e '.rules == [] and ([.fleets[] | select(.level == "confirmed")] == [])' "$T/out.json"
	done
}

@test "a customer's workers are seen as coordinated at most, never confirmed" {
	population minutes 1 3 200 60 0 0
	jq -e '.rules == [] and ([.fleets[] | select(.level == "confirmed")] == [])' "$T/out.json"
	[ "$(role_count ordinary '.fleets[] | select(.level == "suspect") | .sources[].source')" -eq 0 ]
}

@test "a log says the same twice, also in another time zone and from standard input" {
	population minutes 1 3 200 30 10 60
	cp "$T/out.json" "$T/once"
	TZ=Asia/Tokyo LC_ALL=C.UTF-8 "$WEIR" replay --config "$T/weir.yaml" -j - <"$T/log.csv" >"$T/twice"
	cmp "$T/once" "$T/twice"
}

@test "the document names for each fleet its level, score, times, evidence and members, for each rule its reason to be" {
	population minutes 1 3 200 30 10 60
	jq -e '
		([.fleets[] | select(.level == "confirmed")] | length) == 1
		and (.fleets | all(
			(.id | type) == "string" and (.level | IN("watch", "suspect", "confirmed"))
			and (.score_db | type) == "number" and (.first_suspected_ns | type) == "number"
			and (.first_confirmed_ns | type) == (if .level == "confirmed" then "number" else "null" end)
			and (.evidence | length) > 0 and (.evidence | all((.test | type) == "string"
				and (.db | type) == "number" and (.why | length) > 10))
			and (.sources | all((.source | type) == "string" and (.since_ns | type) == "number"))))
		and ([.fleets[].id] as $ids | .rules | all((.fleet | IN($ids[])) and (.action | type) == "string"
			and has("stack") and (.since_ns | type) == "number"))
		and .first_ns <= ([.fleets[].first_suspected_ns] | min) and ([.rules[].since_ns] | max) <= .last_ns' "$T/out.json"
}

@test "propose only observes, off has no rules, enforce blocks once there is a day of history" {
	population minutes 1 3 200 30 10 60
	jq -e '[.rules[].action] | unique == ["observe"]' "$T/out.json"
	printf 'plan:\n  history_min: 0s\n  holdout_share: 0\n' >>"$T/weir.yaml"
	"$WEIR" replay --config "$T/weir.yaml" -j "$T/log.csv" | jq -e '[.rules[].action] | unique == ["reset"]'
	"$WEIR" replay --config "$T/weir.yaml" --mode propose -j "$T/log.csv" | jq -e '[.rules[].action] | unique == ["observe"]'
	"$WEIR" replay --config "$T/weir.yaml" --mode off -j "$T/log.csv" | jq -e '[.rules[].action] | unique | IN([], ["observe"])'
}

@test "an allow in the configuration keeps a member out of the rules" {
	population minutes 1 3 200 30 10 60
	local member
	member=$(jq -r '.rules[0].source' "$T/out.json")
	echo "allow: [\"$member\"]" >>"$T/weir.yaml"
	"$WEIR" replay --config "$T/weir.yaml" -j "$T/log.csv" | jq -e --arg m "$member" '[.rules[].source] | (index($m) | not) and length > 40'
}

@test "a log cut in two files is the log" {
	population minutes 1 3 200 30 10 60
	head -n 5000 "$T/log.csv" >"$T/one.csv"
	(head -n 1 "$T/log.csv" && tail -n +5001 "$T/log.csv") | gzip >"$T/two.csv.gz"
	"$WEIR" replay --config "$T/weir.yaml" -j "$T/one.csv" "$T/two.csv.gz" | cmp - "$T/out.json"
}

@test "real horizons: three days of a fleet at 18 exchanges a day each" {
	population days 1 3 1000 100 50 300
	echo "ruled: $(role_count fleet "$RULED") of 300 members, $(others_in "$RULED") others"
	[ "$(role_count fleet "$RULED")" -ge 240 ]
	[ "$(others_in "$RULED")" -le 3 ]
}
