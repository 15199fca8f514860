# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
#
# An edge host with nginx and a host full of clients, as two network namespaces, for the bats tests.
#
#   edge_up          makes both, starts nginx, mounts a bpffs of the test's own
#   edge_run CMD..   in the edge host's network     client_run CMD..  in the clients'
#   weir_start       starts the daemon there and waits until it is ready
#   weir CMD..       a command to that daemon
#   edge_down        ends what was started (by process id) and removes all of it
#
# Addresses: edge 10.77.0.1 and fd77::1; clients 10.77.0.2 up to .250 and fd77::2 up to ::20. Ports: 80 plain,
# 443 TLS 1.3 and 1.2 with HTTP/2, 8443 TLS 1.2 only, 8080 plain with a small window of keep-alive.

EDGE4=10.77.0.1
EDGE6=fd77::1
WEIR=${WEIR:-$BATS_TEST_DIRNAME/../../build/weir}

edge_run() { nsenter --net="/run/netns/$EDGE_NS" "$@"; }
client_run() { nsenter --net="/run/netns/$CLIENT_NS" "$@"; }
# The same in the background, as processes of their own id (a function in the background is a shell): $! is theirs.
edge_spawn() { (exec nsenter --net="/run/netns/$EDGE_NS" "$@") 3>&- & PIDS+=($!); }
client_spawn() { (exec nsenter --net="/run/netns/$CLIENT_NS" "$@") 3>&- & PIDS+=($!); }
weir() { edge_run "$WEIR" "$1" --socket "$T/run/weir.sock" "${@:2}"; }

edge_up() {
	T=$(mktemp -d /tmp/weir-test.XXXXXX)
	local tag=${T##*.}
	EDGE_NS=weir-e-$tag CLIENT_NS=weir-c-$tag
	PIDS=() WEIR_PID=
	ip netns add "$EDGE_NS"
	ip netns add "$CLIENT_NS"
	ip -n "$EDGE_NS" link add edge0 type veth peer name client0 netns "$CLIENT_NS"
	ip -n "$EDGE_NS" link set lo up
	ip -n "$CLIENT_NS" link set lo up
	ip -n "$EDGE_NS" addr add "$EDGE4/24" dev edge0
	ip -n "$EDGE_NS" addr add "$EDGE6/64" dev edge0 nodad
	ip -n "$CLIENT_NS" addr add 10.77.0.2/24 dev client0
	ip -n "$CLIENT_NS" addr add fd77::2/64 dev client0 nodad
	ip -n "$EDGE_NS" link set edge0 up
	ip -n "$CLIENT_NS" link set client0 up
	local i
	for i in $(seq 3 "${CLIENT_ADDRESSES:-20}"); do
		echo "addr add 10.77.0.$i/24 dev client0"
		echo "addr add fd77::$(printf %x "$i")/64 dev client0 nodad"
	done | ip -n "$CLIENT_NS" -batch -
	mkdir -p "$T/bpf" "$T/run" "$T/state" "$T/www"
	mount -t bpf -o mode=0700 bpf "$T/bpf"
	nginx_start
	config_write
}

nginx_start() {
	openssl req -x509 -newkey rsa:2048 -nodes -keyout "$T/key.pem" -out "$T/cert.pem" -days 2 \
		-subj /CN=edge.test -addext "subjectAltName=IP:$EDGE4,DNS:edge.test" 2>/dev/null
	head -c 1000 /dev/zero | tr '\0' a >"$T/www/small"
	head -c 3000000 /dev/zero | tr '\0' a >"$T/www/large"
	chmod 755 "$T"
	cat >"$T/nginx.conf" <<-END
		worker_processes 1;
		pid $T/nginx.pid;
		error_log $T/nginx.err;
		user root;
		events { worker_connections 4096; }
		http {
			log_format facts '\$connection \$connection_requests \$remote_addr \$server_port \$server_protocol \$status \$request_length \$bytes_sent';
			access_log $T/access.log facts;
			client_body_temp_path $T/body; proxy_temp_path $T/proxy; fastcgi_temp_path $T/fcgi;
			uwsgi_temp_path $T/uwsgi; scgi_temp_path $T/scgi;
			keepalive_requests 1000000; keepalive_timeout 600s; http2_max_concurrent_streams 128;
			ssl_certificate $T/cert.pem; ssl_certificate_key $T/key.pem;
			root $T/www;
			client_max_body_size 64m;
			server {
				listen 80; listen [::]:80;
				listen 443 ssl http2; listen [::]:443 ssl http2;
				ssl_protocols TLSv1.2 TLSv1.3;
				location /slow { limit_rate 200k; alias $T/www/large; }
				location /post { return 200 "done\n"; }
			}
			server {
				listen 8443 ssl; listen [::]:8443 ssl;
				ssl_protocols TLSv1.2;
			}
			server { listen 8444 ssl; ssl_protocols TLSv1.3; }
		}
	END
	edge_spawn nginx -c "$T/nginx.conf" -e "$T/nginx.err" -g 'daemon off;'
	wait_until 5 client_run curl -s -o /dev/null "http://$EDGE4/small"
	: >"$T/access.log"
}

# Writes the configuration; extra YAML lines come on standard input or as $1.
config_write() {
	cat >"$T/weir.yaml" <<-END
		interfaces: [edge0]
		services: ["$EDGE4:80", "[$EDGE6]:80", "$EDGE4:443", "[$EDGE6]:443", "$EDGE4:8443", "$EDGE4:8444"]
		pin_dir: $T/bpf/weir
		run_dir: $T/run
		state_dir: $T/state
		${1:-}
	END
}

weir_start() {
	edge_spawn "$WEIR" run --config "$T/weir.yaml" "$@" >>"$T/weir.log" 2>&1
	WEIR_PID=${PIDS[-1]}
	wait_until 15 weir_is_ready || { cat "$T/weir.log" >&2; return 1; }
}

weir_is_ready() {
	kill -0 "$WEIR_PID" 2>/dev/null && weir status >/dev/null 2>&1 || [ $? -eq 3 ]
}

# Ends the daemon with a signal (TERM) and waits for it.
weir_stop() {
	kill "-${1:-TERM}" "$WEIR_PID"
	wait "$WEIR_PID" 2>/dev/null || true
}

# Tries a command until it succeeds, SECONDS at most.
wait_until() {
	local end=$((SECONDS + $1))
	shift
	until "$@"; do
		[ $SECONDS -lt $end ] || return 1
		sleep 0.1
	done
}

# A request from client address $1: 0 when it was answered.
request_from() {
	client_run curl -s -o /dev/null --interface "$1" --connect-timeout 1 -m 2 "http://$EDGE4/small"
}

edge_down() {
	local pid
	for pid in "${PIDS[@]}"; do kill "$pid" 2>/dev/null || true; done
	for pid in "${PIDS[@]}"; do wait "$pid" 2>/dev/null || true; done
	[ ! -d "$T/bpf/weir" ] || edge_run "$WEIR" detach --config "$T/weir.yaml" --force >/dev/null 2>&1 || true
	umount "$T/bpf" 2>/dev/null || true
	ip netns del "$EDGE_NS" 2>/dev/null || true
	ip netns del "$CLIENT_NS" 2>/dev/null || true
	rm -rf "$T"
}

# Takes the programs and maps of this test away; the daemon must have ended.
weir_detach() { edge_run "$WEIR" detach --config "$T/weir.yaml"; }
