#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
#
# The test runner itself: what fails, crashes, hangs or never ran must not look like success.

setup() {
	ROOT=$(cd "$BATS_TEST_DIRNAME/../.." && pwd)
	T=$(mktemp -d /tmp/weir-test.XXXXXX)
	mkdir -p "$T/tests/unit" "$T/build/tests/unit"
	cp "$ROOT/tests/run" "$T/tests/run"
}
teardown() { rm -rf "$T"; }

program() { # NAME: a test of that name which does what standard input says
	touch "$T/tests/unit/test_$1.c"
	{ echo '#!/bin/bash' && cat; } >"$T/build/tests/unit/test_$1"
	chmod +x "$T/build/tests/unit/test_$1"
}
run_unit() { run env -u SUITES BUILT="${1:-0}" BUILD="$T/build" SUITES=unit "$T/tests/run"; }
last_line() { echo "${lines[-1]}"; }

@test "the runner counts what passed, failed and was skipped in its last line" {
	program a <<<'printf "1..3\nok 1 - x\nok 2 - y # SKIP none here\nnot ok 3 - z\n"; exit 1'
	run_unit
	[ "$status" -eq 1 ]
	[ "$(last_line)" = "1 passed, 1 failed, 1 skipped" ]
}

@test "the runner succeeds where everything passed" {
	program a <<<'printf "1..2\nok 1 - x\nok 2 - y\n"'
	run_unit
	[ "$status" -eq 0 ]
	[ "$(last_line)" = "2 passed, 0 failed" ]
}

@test "a program that ends before its plan is a failure" {
	program a <<<'printf "1..2\nok 1 - x\n"'
	run_unit
	[ "$status" -eq 1 ]
	[ "$(last_line)" = "1 passed, 1 failed" ]
}

@test "a program that crashes after its tests is a failure" {
	program a <<<'printf "1..1\nok 1 - x\n"; kill -SEGV $$'
	run_unit
	[ "$status" -eq 1 ]
	[ "$(last_line)" = "1 passed, 1 failed" ]
}

@test "a program that prints nothing is a failure" {
	program a <<<'exit 0'
	run_unit
	[ "$status" -eq 1 ]
	[ "$(last_line)" = "0 passed, 1 failed" ]
}

@test "a test that was not built is a failure" {
	program a <<<'printf "1..1\nok 1 - x\n"'
	touch "$T/tests/unit/test_b.c"
	run_unit
	[ "$status" -eq 1 ]
	[ "$(last_line)" = "1 passed, 1 failed" ]
}

@test "a build that failed is a failure even where all tests pass" {
	program a <<<'printf "1..1\nok 1 - x\n"'
	run_unit 2
	[ "$status" -eq 1 ]
	[ "$(last_line)" = "1 passed, 1 failed" ]
}

@test "no test at all is a failure" {
	run_unit
	[ "$status" -eq 1 ]
	[ "$(last_line)" = "0 passed, 0 failed" ]
}
