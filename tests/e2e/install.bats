#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
#
# make install, uninstall and package into a directory of the test's own.

setup() {
	ROOT=$(cd "$BATS_TEST_DIRNAME/../.." && pwd)
	BUILD=${BUILD:-$ROOT/build}
	T=$(mktemp -d /tmp/weir-test.XXXXXX)
}
teardown() { rm -rf "$T"; }

make_quietly() { make -s -C "$ROOT" BUILD="$BUILD" "$@"; }

@test "make install installs what it names below DESTDIR, and uninstall leaves no file" {
	make_quietly install DESTDIR="$T" PREFIX=/usr
	"$T/usr/bin/weir" version
	[ -s "$T/usr/share/man/man8/weir.8" ]
	[ -s "$T/usr/share/doc/weir/weir.yaml" ]
	[ -s "$T/usr/share/bash-completion/completions/weir" ]
	grep -q '^ExecStart=/usr/bin/weir run' "$T/usr/lib/systemd/system/weir.service"
	make_quietly uninstall DESTDIR="$T" PREFIX=/usr
	[ -z "$(find "$T" -type f)" ]
}

@test "systemd finds nothing wrong with the installed unit" {
	command -v systemd-analyze >/dev/null || skip "no systemd-analyze here"
	make_quietly install DESTDIR="$T" PREFIX=/usr
	sed "s|/usr/bin/weir|$T/usr/bin/weir|; /^Documentation=/d" "$T/usr/lib/systemd/system/weir.service" \
		>"$T/weir.service"
	run systemd-analyze verify "$T/weir.service"
	[ "$status" -eq 0 ]
	[ -z "$output" ]
}

@test "the manual page names every command and every key of the configuration" {
	make_quietly install DESTDIR="$T" PREFIX=/usr
	local page=$T/usr/share/man/man8/weir.8 word
	for word in $("$BUILD/weir" help | awk '/^  [a-z]/ { print $1 }'); do
		grep -q "^.SS weir $word\$" "$page"
	done
	grep -q 'pin_dir' "$page"
}

@test "the installed example configuration is a valid file once it has an interface and a service" {
	make_quietly install DESTDIR="$T" PREFIX=/usr
	{
		cat "$T/usr/share/doc/weir/weir.yaml"
		echo 'interfaces: [lo]'
		echo 'services: ["192.0.2.1:443"]'
	} >"$T/weir.yaml"
	"$BUILD/weir" check "$T/weir.yaml"
}

@test "bash completes commands and options" {
	make_quietly install DESTDIR="$T" PREFIX=/usr
	run env PATH="$T/usr/bin:$PATH" bash -c '
		source "$1/usr/share/bash-completion/completions/weir"
		COMP_WORDS=(weir unb) COMP_CWORD=1 && _weir && echo "${COMPREPLY[*]}"
		COMP_WORDS=(weir block --js) COMP_CWORD=2 && _weir && echo "${COMPREPLY[*]}"' - "$T"
	[ "${lines[0]}" = unblock ]
	[ "${lines[1]}" = --json ]
}

@test "make package makes a package that depends on the libraries weir is linked to" {
	make_quietly package
	local deb=("$BUILD"/weir_*.deb)
	dpkg-deb --contents "${deb[0]}" | grep -q './usr/bin/weir$'
	dpkg-deb --field "${deb[0]}" Depends | grep -q libbpf1
}
