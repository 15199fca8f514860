#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
#
# Broken files, damaged state, missing rights and malformed frames: a clear error each, its exit code, nothing lost.

load ../lib/edge.bash

setup() { edge_up; }
teardown() {
	umount -l "$T/state" 2>/dev/null || true
	edge_down
}

code() { # EXPECTED COMMAND...
	local expected=$1
	shift
	run "$@"
	[ "$status" -eq "$expected" ] || { echo "exit $status, not $expected: $output"; return 1; }
}
# `! command` alone fails no test; this does.
not() { ! "$@"; }
says() { [[ $output == *"$1"* ]] || { echo "no '$1' in: $output"; return 1; }; }
logs() { grep -qF "$1" "$T/weir.log" || { echo "no '$1' in:"; cat "$T/weir.log"; return 1; }; }
run_once() { edge_run timeout 20 "$@" "$WEIR" run --config "$T/weir.yaml"; }
blocked() { weir rules --json | jq -r '[.rules[] | select(.action != "allow") | .target] | sort | join(" ")'; }
# Fails unless no rule but allows is there.
nothing_blocked() { [ -z "$(blocked)" ] || { blocked; return 1; }; }

@test "check names the line and the remedy of whatever is wrong with a configuration" {
	local text want
	while IFS='|' read -r text want; do
		printf 'interfaces: [eth0]\nservices: ["192.0.2.1:443"]\n%b\n' "$text" >"$T/c.yaml"
		code 2 "$WEIR" check "$T/c.yaml"
		says "$T/c.yaml:$want"
	done <<-'END'
		persistt: yes|3: unknown key 'persistt' (did you mean 'persist'?)
		limits:\n  flow: 4096|4: unknown key 'flow' in 'limits' (did you mean 'flows'?)
		persist: maybe|3: persist: 'maybe' is not what it takes: yes or no
		ssh_port: 70000|3: ssh_port: 70000 is out of range: it takes 0 to 65535
		silence: 5 parsecs|3: silence: '5 parsecs' is not what it takes: 100ms to 1h
		mode: sideways|3: mode: 'sideways' is not what it takes: one of propose, enforce, off
		limits: {syns: 1000}|3: limits.syns: 1000 is out of range: it takes a power of two
		limits: 5|3: 'limits' is a group: put its keys below it, indented
		persist: yes\npersist: no|4: persist is set twice, first in line 3: keep one
		allow: [10.0.0.0/8, 10.0.0.0/8]|3: allow: '10.0.0.0/8' is there already
		allow: [10.0.0.1/8]|3: allow: 10.0.0.1/8 has bits beyond its length: write 10.0.0.0/8
		persist: [yes]|3: persist takes one value
		pin_dir: here|3: pin_dir: 'here' is not what it takes: an absolute path
		plan: {holdout_share: nan}|3: plan.holdout_share: 'nan' is not what it takes: 0 to 1
		limits:\n\tflows: 4096|4: not YAML: found character that cannot start any token, while scanning for the next token (a tab? indent with spaces)
		mode: "off|4: not YAML: found unexpected end of stream, while scanning a quoted scalar
		mode: off\n\001\002|4: not YAML: control characters are not allowed
		mode: off\n\377|4: not YAML: invalid leading UTF-8 octet
		---\nmode: off|3: a second document: put all keys into the first
		rules: {ttl: 40d}| rules.ttl is longer than rules.ttl_max
	END
	# Several at once: each has its line.
	printf 'mode: up\nservces: [a]\nlimits: {rules: 1}\nservices: [b]\n' >"$T/c.yaml"
	code 2 "$WEIR" check "$T/c.yaml"
	[ "$(wc -l <<<"$output")" -eq 4 ]
	for text in 1 2 3 4; do says "c.yaml:$text: "; done
	head -c 65536 /dev/urandom >"$T/c.yaml"
	code 2 "$WEIR" check "$T/c.yaml"
	code 2 "$WEIR" check "$T"
	says "Is a directory"
	code 2 "$WEIR" check "$T/none.yaml"
	says "No such file"
}

@test "a list of a stranger's bytes: every bad line is named by file and line, nothing is applied" {
	weir_start
	printf '192.0.2.1\r\n192.0.2.300\r\n; note\r\n192.0.2.0/33\n192.0.2.9/24\na \033[31mb\nnet\0work\n2001:db8::g\n192.0.2.7:80\n' >"$T/bad"
	code 2 weir block "$T/bad"
	local line
	for line in 2 4 5 6 7 8 9; do says "$T/bad:$line: "; done
	says "192.0.2.0/24 is meant?"
	says "nothing changed: 7 bad entries (--skip-bad applies the rest)"
	[[ $output != *$'\033'* ]]
	nothing_blocked
	code 2 weir block - <"$T/bad"
	says "-:2: "
	gzip -c "$T/bad" >"$T/bad.gz"
	code 2 weir block "$T/bad.gz"
	says "$T/bad.gz:1: the file is compressed: unpack it first"
	iconv -t UTF-16 <<<192.0.2.1 >"$T/bad.16"
	code 2 weir block --list feed --replace "$T/bad.16"
	says "the file is UTF-16"
	echo '[{"cidr": "192.0.2.1"}, {"cidr": "nowhere"}' >"$T/bad.json"
	code 2 weir block --list feed --replace "$T/bad.json"
	says "$T/bad.json:"
	nothing_blocked
	code 0 weir block --list feed --replace --skip-bad --json "$T/bad"
	[ "$(blocked)" = 192.0.2.1 ]
}

@test "what is refused of a list takes nothing else along, and overlaps are merged and said" {
	config_write "shared_sources: [10.78.0.0/24]
allow: [10.79.0.7]"
	weir_start
	printf '0.0.0.0/0\n10.78.0.0/16\n10.79.0.0/24\n10.79.0.4\n10.80.0.1\n' >"$T/a"
	printf '10.79.0.0/24\n10.80.0.0/24\n10.81.0.1\n10.81.0.1\n' >"$T/b"
	code 2 weir block --list feed --replace "$T/a" "$T/b"
	says "$T/a:1: 0.0.0.0/0: it covers everybody"
	says "$T/a:2: 10.78.0.0/16: it overlaps shared_sources"
	nothing_blocked
	code 0 weir block --list feed --replace --skip-bad "$T/a" "$T/b"
	[ "$(blocked)" = "10.79.0.0/24 10.80.0.0/24 10.81.0.1" ]
	says "merged 2 duplicates and 2 nets inside wider ones"
	says "10.79.0.0/24: it overlaps 10.79.0.7, which is allowed (configuration): the allowed part stays allowed"
	says "refused 2"
	code 2 weir block --list feed --replace --strict "$T/b"
	says "$T/b:1: 10.79.0.0/24: it overlaps 10.79.0.7, which is allowed"
	[ "$(blocked)" = "10.79.0.0/24 10.80.0.0/24 10.81.0.1" ]
}

@test "a named list: a dry run changes nothing, a repeat refreshes the ttl, other origins stay" {
	weir_start
	printf '10.79.0.1\r\n10.79.0.2\r\n' >"$T/list"
	weir block 10.79.0.2 --reason mine
	weir block --list other --replace "$T/list"
	expiry() { weir rules --list feed --json | jq '.rules[] | select(.target == "10.79.0.1") | .expires_unix_ns'; }
	replace() { weir block --list feed --replace --json "$@" | jq -c '[.added, .removed, .kept, (.refused | length)]'; }
	[ "$(replace --ttl 1h "$T/list")" = "[2,0,0,0]" ]
	local first second
	first=$(expiry)
	[ "$(replace --dry-run --ttl 2h "$T/list")" = "[0,0,2,0]" ]
	[ "$(expiry)" = "$first" ]
	[ "$(replace --ttl 2h "$T/list")" = "[0,0,2,0]" ]
	second=$(expiry)
	[ $((second - first)) -gt 3500000000000 ]
	echo 10.79.0.3 >"$T/list"
	[ "$(replace --dry-run "$T/list")" = "[1,2,0,0]" ]
	[ "$(replace - <"$T/list")" = "[1,2,0,0]" ]
	weir rules --json | jq -e '[.rules[] | select(.target == "10.79.0.2") | .origin] | sort == ["list", "operator"]'
	echo nonsense >>"$T/list"
	code 2 weir block --list feed --replace "$T/list"
	[ "$(weir rules --list feed --json | jq -r '.rules[].target')" = 10.79.0.3 ]
}

# Damages the ledger in one of several ways.
ledger_damage() {
	case $1 in
	garbage) head -c 8192 /dev/urandom >"$T/state/ledger.db" ;;
	text) echo "this was a ledger" >"$T/state/ledger.db" ;;
	cut) truncate -s 5000 "$T/state/ledger.db" ;;
	page) head -c 4096 /dev/urandom | dd of="$T/state/ledger.db" bs=4096 seek=1 conv=notrunc status=none ;;
	esac
}

@test "a damaged ledger is set aside byte by byte, the fresh one proposes only, words are kept" {
	weir_start
	weir allow 10.77.0.5 --reason "kept in words"
	weir mode enforce
	weir_stop
	local how count=0
	for how in garbage text cut page; do
		ledger_damage $how
		cp "$T/state/ledger.db" "$T/damaged"
		: >"$T/weir.log"
		weir_start
		logs "ledger $T/state/ledger.db is damaged: it is kept as $T/state/ledger.db.corrupt-"
		count=$((count + 1))
		[ "$(ls "$T"/state/ledger.db.corrupt-* | grep -vc -e '-wal$' -e '-shm$')" -eq $count ]
		cmp "$T/damaged" "$(ls -t "$T"/state/ledger.db.corrupt-*Z* | grep -v -e '-wal$' -e '-shm$' | head -1)"
		code 3 weir status
		says "the ledger was corrupt and set aside: mode is propose"
		[ "$(weir mode --json | jq -r .mode)" = propose ]
		weir rules --json | jq -e '.rules[] | select(.target == "10.77.0.5" and .action == "allow")'
		weir block 10.77.0.4
		not request_from 10.77.0.4
		weir mode enforce
		code 0 weir status
		weir_stop
	done
	sqlite3 "$T/state/ledger.db" "PRAGMA user_version = 99"
	cp "$T/state/ledger.db" "$T/newer"
	code 1 run_once env
	says "has schema 99"
	says "run the newer weir"
	cmp "$T/newer" "$T/state/ledger.db"
}

@test "a full or read-only disk at the start is an error that names the file, or does not matter" {
	mount -t tmpfs -o size=256k tmpfs "$T/state"
	head -c 256k /dev/zero >"$T/state/fill" 2>/dev/null || true
	code 1 run_once env
	says "$T/state/"
	says "No space left on device"
	rm "$T/state/fill"
	weir_start
	weir block 10.77.0.3
	weir_stop
	head -c 256k /dev/zero >"$T/state/fill" 2>/dev/null || true
	: >"$T/weir.log"
	weir_start
	not request_from 10.77.0.3
	weir_stop
	rm "$T/state/fill"
	mount -o remount,ro "$T/state"
	code 1 run_once env
	says "$T/state/"
	says "Read-only file system"
	mount -o remount,rw "$T/state"
	weir_start
	not request_from 10.77.0.3
	weir_stop
	umount "$T/state"
}

@test "without bpffs, BTF or a capability the daemon says what is missing and changes nothing" {
	mkdir "$T/plain"
	sed -i "s|^pin_dir: .*|pin_dir: $T/plain/weir|" "$T/weir.yaml"
	code 1 run_once env
	says "pin_dir $T/plain/weir is not on a bpf file system; run: mount -t bpf -o mode=0700 bpf $T/plain"
	[ ! -e "$T/plain/weir" ]
	sed -i "s|^pin_dir: .*|pin_dir: $T/bpf/weir|" "$T/weir.yaml"
	local capability
	# CAP_SYS_ADMIN stands for CAP_BPF and CAP_PERFMON, so it goes with them.
	for capability in bpf,-sys_admin net_admin perfmon,-sys_admin; do
		code 5 run_once setpriv --bounding-set "-$capability" --inh-caps "-$capability"
		says "CAP_$(tr a-z A-Z <<<"${capability%%,*}") is missing"
	done
	mkdir "$T/no-btf"
	code 1 edge_run timeout 20 unshare -m sh -c 'mount --bind "$1" /sys/kernel/btf && exec "$2" run --config "$3"' \
		sh "$T/no-btf" "$WEIR" "$T/weir.yaml"
	says "has no BTF (/sys/kernel/btf/vmlinux): it must be built with CONFIG_DEBUG_INFO_BTF"
	[ -z "$(ip -n "$EDGE_NS" -d link show edge0 | grep prog/)" ]
	not weir status
}

@test "another program on the interface is named and stays, and a second daemon is sent away" {
	cat >"$T/pass.c" <<-'END'
		__attribute__((section("xdp"), used)) int foreign(void *ctx) { return 2; }
		char _license[] __attribute__((section("license"), used)) = "GPL";
	END
	clang -O2 -target bpf -c "$T/pass.c" -o "$T/pass.o"
	ip -n "$EDGE_NS" link set edge0 xdp obj "$T/pass.o" sec xdp
	local id
	id=$(ip -n "$EDGE_NS" -d -j link show edge0 | jq '.[0].xdp.prog.id')
	weir_start
	weir status --json | jq -e --arg id "$id" '.attachments[] | select(.hook == "tc ingress") | .problem | contains("XDP is held by program") and contains($id)'
	code 0 weir status
	says "$id"
	weir block 10.77.0.3
	not request_from 10.77.0.3
	request_from 10.77.0.4
	local holder
	holder=$(cat "$T/run/weir.lock")
	code 1 run_once env
	says "another weir (pid $holder) runs with run_dir $T/run; stop it first"
	# Nor may one with other directories take the pins away.
	sed "s|^run_dir: .*|run_dir: $T/run2|; s|^state_dir: .*|state_dir: $T/state2|" "$T/weir.yaml" >"$T/second.yaml"
	code 1 edge_run timeout 20 "$WEIR" run --config "$T/second.yaml"
	says "another weir"
	says "$T/bpf/weir"
	not request_from 10.77.0.3
	weir_stop
	weir_detach
	[ "$(ip -n "$EDGE_NS" -d -j link show edge0 | jq '.[0].xdp.prog.id')" = "$id" ]
}

@test "with the daemon gone every command says so and ends with 4, and its rules wait for the next" {
	weir_start
	weir block 10.77.0.3
	weir_stop KILL
	local command
	for command in status sources flows fleets "explain 10.77.0.3" plan "confirm f1" "dismiss f1" mode rules \
		"block 10.77.0.4" "unblock 10.77.0.3" "allow 10.77.0.5" "unallow 10.77.0.5" "forget 10.77.0.3"; do
		code 4 weir $command
		says "$T/run/weir.sock"
	done
	weir_start
	not request_from 10.77.0.3
	[ "$(blocked)" = 10.77.0.3 ]
}

@test "malformed frames from the wire pass and are counted, each under its reason" {
	weir_start
	cat >"$T/frames.py" <<-'END'
		import socket, struct, sys
		wire = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
		wire.bind(("client0", 0))
		mac = bytes.fromhex(sys.argv[1].replace(":", ""))
		ether = lambda kind: mac + b"\2\0\0\0\0\1" + struct.pack("!H", kind)
		def ip4(first=0x45, length=None, fragment=0, protocol=6, payload=b""):
		    return struct.pack("!BBHHHBBH4s4s", first, 0, 20 + len(payload) if length is None else length, 1,
		        fragment, 64, protocol, 0, socket.inet_aton("10.77.0.3"), socket.inet_aton("10.77.0.1")) + payload
		def ip6(first=0x60, length=None, following=6, payload=b""):
		    return struct.pack("!BBHHBB16s16s", first, 0, 0, len(payload) if length is None else length, following, 64,
		        socket.inet_pton(socket.AF_INET6, "fd77::3"), socket.inet_pton(socket.AF_INET6, "fd77::1")) + payload
		def tcp(offset=5, flags=2):
		    return struct.pack("!HHIIBBHHH", 4000, 80, 1, 0, offset << 4, flags, 1000, 0, 0)
		v4, v6 = ether(0x0800), ether(0x86dd)
		frames = {
		    "BROKEN_VLAN_DEPTH": ether(0x8100) + b"\0\1\x81\0\0\2\x81\0\0\3\x08\0" + ip4(payload=tcp()),
		    "BROKEN_IP4_HEADER": v4 + ip4(first=0x44, payload=tcp()),
		    "BROKEN_IP4_LENGTH": v4 + ip4(length=4000, payload=tcp()),
		    "BROKEN_IP6_HEADER": v6 + ip6(first=0x50, payload=tcp()),
		    "BROKEN_IP6_LENGTH": v6 + ip6(length=4000, payload=tcp()),
		    "BROKEN_IP6_EXTENSION": v6 + ip6(following=60, payload=b"\6\377" + bytes(6)),
		    "FRAGMENT": v4 + ip4(fragment=0x2000, payload=tcp()),
		    "BROKEN_TCP_HEADER": v4 + ip4(payload=tcp(offset=15)),
		    "BROKEN_TCP_FLAGS": v4 + ip4(payload=tcp(flags=3)),
		    "BROKEN_UDP_HEADER": v4 + ip4(protocol=17, payload=b"\0\1\0\x50"),
		    "NOT_TCP_UDP": v4 + ip4(protocol=132, payload=bytes(20)),
		}
		for name, frame in frames.items():
		    for _ in range(3): wire.send(frame)
		    print(name)
	END
	local mac received
	mac=$(ip -n "$EDGE_NS" -j link show edge0 | jq -r '.[0].address')
	received() { ip -n "$EDGE_NS" -s -j link show edge0 | jq '.[0].stats64.rx.packets'; }
	client_run python3 "$T/frames.py" "$mac" >"$T/names"
	[ "$(wc -l <"$T/names")" -eq 11 ]
	counted() { weir status --json | jq -e --rawfile names "$T/names" \
		'[.reasons[] | select(.packets == 3) | .name] as $seen | ($names | split("\n") | map(select(. != ""))) - $seen == []'; }
	wait_until 3 counted || { weir status --json | jq -c '.reasons[] | [.name, .packets]'; return 1; }
	weir status --json | jq -e '[.reasons[] | select(.kind == "DROP")] == []'
	request_from 10.77.0.3
	# A host rule holds for what can be read of them, whatever is broken behind.
	weir block 10.77.0.3
	client_run python3 "$T/frames.py" "$mac" >/dev/null
	dropped() { weir status --json | jq -e '.reasons[] | select(.name == "DROP_RESET" or .name == "DROP_HOST") | .packets >= 3'; }
	wait_until 3 dropped
}
