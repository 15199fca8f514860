# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
#
# The lab (scripts/lab) for bats tests: a whole population instead of edge.bash's two hosts.
#
#   lab_up [ARGS]        a lab of the test's own, its directory in $LAB
#   lab CMD..            scripts/lab for it           lab_exec PLACE CMD..  in one of its namespaces
#   lab_log CMD..        figures from nginx's log     lab_members, lab_others  addresses by role
#   lab_down             ends and removes it

LAB_ROOT=$(cd "$BATS_TEST_DIRNAME/../.." && pwd)

lab() { WEIR_LAB_NAME=$LAB_NAME WEIR_LAB_DIR=$LAB "$LAB_ROOT/scripts/lab" "$@"; }
lab_exec() { lab exec "$@"; }
lab_log() { lab log "$@"; }

lab_up() {
	LAB=$(mktemp -d /tmp/weir-lab.XXXXXX)
	LAB_NAME=lab-${LAB##*.}
	lab up "$@"
}

lab_down() { [ -z "${LAB:-}" ] || lab down; }

lab_members() { awk -F'\t' '$2 == "fleet" {print $1}' "$LAB/truth.tsv"; }
lab_others() { awk -F'\t' 'NR > 1 && $2 != "fleet" {print $1}' "$LAB/truth.tsv" | sort -u; }

# Addresses of a role that nginx answered at least $2 times (1).
lab_answered() {
	awk -F'\t' -v role="$1" '$2 == role {print $1}' "$LAB/truth.tsv" | sort -u >"$LAB/role"
	jq -r 'select(.status == 200) | .addr' "$LAB/access.log" | sort | uniq -c |
		awk -v least="${2:-1}" 'NR == FNR {role[$1]; next} ($2 in role) && $1 >= least {print $2}' \
			"$LAB/role" -
}
