#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
#
# Exchange counts of the kernel against nginx's own access log, at least 5,000 requests each.

load ../lib/edge.bash

setup() {
	edge_up
	weir_start
}
teardown() { edge_down; }

REQUESTS=5000

# How many exchanges weir counted for a source, once nothing is under way any more.
exchanges_of() { weir sources --json | jq --arg s "$1" '[.sources[] | select(.source == $s) | .exchanges] | add // 0'; }
# How many requests nginx logged for an address and port.
logged() { awk -v a="$1" -v p="$2" '$3 == a && $4 == p' "$T/access.log" | wc -l; }

# Compares both and fails when they differ by more than $3 per mille of the log's.
compare() {
	sleep 1.5
	local log counted
	log=$(logged "$1" "$2") counted=$(exchanges_of "$1")
	echo "logged $log, counted $counted" | tee -a "${WEIR_FIGURES:-/dev/null}"
	[ "$log" -ge "$REQUESTS" ]
	local off=$((counted > log ? counted - log : log - counted))
	[ $((off * 1000)) -le $((log * $3)) ]
}

@test "plain HTTP/1.1 with keep-alive is counted exactly" {
	client_run h2load --h1 -n $REQUESTS -c 10 "http://$EDGE4/small" >/dev/null
	compare 10.77.0.2 80 0
}

@test "plain HTTP/1.1 with one connection a request is counted exactly" {
	client_run curl -s --interface 10.77.0.3 -H 'Connection: close' -o /dev/null \
		"http://$EDGE4/small?[1-$REQUESTS]"
	compare 10.77.0.3 80 0
}

@test "uploads with Expect: 100-continue and downloads are counted exactly" {
	head -c 200000 /dev/zero >"$T/upload"
	REQUESTS=100
	client_run curl -s --interface 10.77.0.4 -H 'Expect: 100-continue' --data-binary "@$T/upload" \
		-o /dev/null "http://$EDGE4/post?[1-50]"
	client_run curl -s --interface 10.77.0.4 -o /dev/null "http://$EDGE4/large?[1-50]"
	compare 10.77.0.4 80 0
}

@test "HTTP/1.1 over TLS 1.3 is counted within 1 %" {
	client_run h2load --h1 -n $REQUESTS -c 10 "https://$EDGE4:8444/small" >/dev/null
	compare 10.77.0.2 8444 10
}

@test "HTTP/1.1 over TLS 1.2 is counted within 1 %" {
	client_run h2load --h1 -n $REQUESTS -c 10 "https://$EDGE4:8443/small" >/dev/null
	compare 10.77.0.2 8443 10
}

@test "TLS 1.3 and 1.2 with one connection a request are counted within 1 %" {
	REQUESTS=400
	client_run curl -sk --interface 10.77.0.5 -H 'Connection: close' --http1.1 -o /dev/null \
		"https://$EDGE4:8444/small?[1-200]"
	client_run curl -sk --interface 10.77.0.6 -H 'Connection: close' --http1.1 -o /dev/null \
		"https://$EDGE4:8443/small?[1-400]"
	compare 10.77.0.6 8443 10
	REQUESTS=200
	compare 10.77.0.5 8444 10
}

@test "HTTP/2 with one request at a time is counted within 2 %" {
	client_run h2load -n $REQUESTS -c 10 -m 1 "https://$EDGE4/small" >/dev/null
	compare 10.77.0.2 443 20
}

@test "HTTP/2 downloads with window updates on the way are counted within 2 %" {
	REQUESTS=200
	client_run curl -sk --http2 --interface 10.77.0.7 -o /dev/null "https://$EDGE4/large?[1-$REQUESTS]"
	compare 10.77.0.7 443 20
}

@test "concurrent HTTP/2 streams are a lower bound and are marked so" {
	client_run h2load -n $REQUESTS -c 2 -m 10 "https://$EDGE4/small" >/dev/null
	sleep 1.5
	local log counted
	log=$(logged 10.77.0.2 443) counted=$(exchanges_of 10.77.0.2)
	echo "logged $log, counted $counted"
	[ "$counted" -gt 0 ] && [ "$counted" -le "$log" ]
	weir sources --json | jq -e '.sources[] | select(.source == "10.77.0.2") | .is_lower_bound'
}

@test "IPv6 is counted like IPv4, by its /64" {
	client_run h2load --h1 -n $REQUESTS -c 4 "http://[$EDGE6]/small" >/dev/null
	sleep 1.5
	[ "$(exchanges_of fd77::/64)" -eq "$(awk '$3 ~ /^fd77/' "$T/access.log" | wc -l)" ]
}

@test "a connection older than weir is picked up at its next request" {
	weir_stop TERM
	weir_detach
	# One connection that asks once a quarter second, begun while weir is away.
	cat >"$T/slow.py" <<-'END'
		import http.client, sys, time
		c = http.client.HTTPConnection(sys.argv[1], 80, source_address=("10.77.0.8", 0))
		for i in range(60):
		    c.request("GET", "/small"); c.getresponse().read(); time.sleep(0.25)
	END
	client_spawn python3 "$T/slow.py" "$EDGE4"
	local client=${PIDS[-1]}
	sleep 2
	local before
	before=$(logged 10.77.0.8 80)
	[ "$before" -ge 4 ]
	weir_start
	before=$(logged 10.77.0.8 80)
	wait "$client"
	sleep 1.5
	local after counted
	after=$(logged 10.77.0.8 80) counted=$(exchanges_of 10.77.0.8)
	echo "before $before, after $after, counted $counted"
	[ "$counted" -ge $((after - before - 3)) ] && [ "$counted" -le $((after - before + 1)) ]
	weir flows --json | jq -e '.flows | length >= 0'
}
