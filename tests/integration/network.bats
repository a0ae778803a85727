#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2015,SC2016,SC2086,SC2154
#
# The network of a container, in a network namespace that stands for the host's: it has loopback,
# 192.0.2.1 and 2001:db8::1, and no way out. Nothing here reaches the machine's own network.

load helpers

OUTSIDE=192.0.2.1
OUTSIDE6=2001:db8::1

setup_test() {
	[ -r /dev/net/tun ] && [ -w /dev/net/tun ] || skip "/dev/net/tun is not for this user"
	[ -x "${ROOTLET_NET:-}" ] || skip "built without the network helper"
	need_python socket
	unshare --user --map-root-user --net sleep 600 3>&- &
	KEEPER=$!
	wait_until 10 has_own_network
	in_net ip link set lo up
	in_net ip address add $OUTSIDE/32 dev lo
	in_net ip -6 address add $OUTSIDE6/128 dev lo nodad
	make_bundle
}

teardown_test() {
	[ -z "${KEEPER:-}" ] || {
		for id in $(rootlet_net list --quiet 2>/dev/null); do
			rootlet_net delete --force "$id" || true
		done
		[ -z "${SERVERS:-}" ] || kill $SERVERS 2>/dev/null || true
		kill "$KEEPER"
	}
}

has_own_network() {
	[ "$(readlink "/proc/$KEEPER/ns/net")" != "$(readlink /proc/self/ns/net)" ] &&
		grep -qs '^ *0 ' "/proc/$KEEPER/uid_map"
}

# In the namespace that stands for the host.
in_net() {
	nsenter --target "$KEEPER" --user --net --preserve-credentials -- "$@"
}

rootlet_net() {
	in_net "$ROOTLET" --root "$STATE_DIR" "$@"
}

peer() {
	in_net "$PYTHON" "$TESTS/net-peer.py" "$@"
}

# in_background FILE ARGUMENT…: a peer; what it says goes to the file.
in_background() {
	nsenter --target "$KEEPER" --user --net --preserve-credentials -- \
		"$PYTHON" "$TESTS/net-peer.py" "${@:2}" </dev/null >"$1" 2>&1 3>&- &
	SERVERS="${SERVERS:-} $!"
}

# server ARGUMENT…: what it says goes to $T/server.
server() {
	in_background "$T/server" "$@"
	wait_until 10 grep -q ready "$T/server"
}

# detached ID ARGUMENT…: a container in the background.
detached() {
	rootlet_net run --detach "${@:2}" "$1" </dev/null >"$T/$1.out" 2>"$T/$1.err" 3>&- || {
		cat "$T/$1.err"
		return 1
	}
}

annotation_of() { # ID KEY
	rootlet_net state "$1" | jq -r --arg key "org.rootlet.network$2" '.annotations[$key]'
}

helper_of() {
	jq .networkHelper "$STATE_DIR/$1/state.json"
}

sha() {
	sha256sum | cut -d ' ' -f 1
}

make_data() {
	head -c "$1" /dev/urandom >"$T/data"
	SUM=$(sha <"$T/data")
}

# --- the modes -------------------------------------------------------------------------------

@test "slirp: an interface with addresses, default routes, and loopback" {
	script 'ip address show tap0; ip route; ip -6 route; ip link show lo'
	try rootlet_net run --network slirp c1
	assert_success
	refute_stderr
	assert_match "$output" 'inet 10\.0\.2\.100/24'
	assert_match "$output" 'inet6 fd00::100/64'
	assert_match "$output" 'mtu 65520'
	assert_match "$output" 'default via 10\.0\.2\.2 dev tap0'
	assert_match "$output" 'default via fd00::2 dev tap0'
	assert_match "$output" 'lo: <LOOPBACK,UP'
}

@test "none: loopback only, and no helper" {
	script 'ls /sys/class/net'
	try rootlet_net run --network none c1
	assert_success
	assert_output lo
}

@test "host: the host's network" {
	script 'ip address show lo'
	try rootlet_net run --network host c1
	assert_success
	assert_match "$output" 192.0.2.1
}

@test "the annotation asks for a network, the flag wins" {
	config '.annotations["org.rootlet.network"] = "slirp:mtu=1400"'
	script 'ls /sys/class/net; cat /sys/class/net/tap0/mtu'
	try rootlet_net run c1
	assert_success
	assert_line 1400
	script 'ls /sys/class/net'
	try rootlet_net run --network none c2
	assert_success
	assert_output lo
}

@test "what spec writes has a network, where there can be one" {
	rm config.json
	in_net "$ROOTLET" spec
	config '.process.terminal = false'
	script 'ls /sys/class/net'
	try rootlet_net run c1
	assert_line tap0
	rm config.json
	ROOTLET_NET=/nowhere in_net "$ROOTLET" spec
	assert_equal "$(jq .annotations config.json)" null
}

@test "options: cidr, ipv6, mac" {
	script 'ip address show tap0'
	try rootlet_net run --network slirp:cidr=10.9.0.0/16,ipv6=off,mac=52:55:0a:00:02:64 c1
	assert_success
	assert_match "$output" 'inet 10\.9\.0\.100/16'
	assert_match "$output" '52:55:0a:00:02:64'
	refute_match "$output" inet6
}

@test "the default network gives way to the host's, one that was asked for does not" {
	in_net ip address add 10.0.2.15/24 dev lo
	script 'ip address show tap0'
	try rootlet_net run --network slirp c1
	assert_success
	refute_match "$output" 'inet 10\.0\.2\.'
	try rootlet_net run --network slirp:cidr=10.0.2.0/24 c1
	assert_error 'cidr=10\.0\.2\.0/24: clashes .* lo'
}

# --- bad input -------------------------------------------------------------------------------

@test "what cannot be had is refused before anything exists" {
	local bad
	for bad in bridge slirp:foo slirp:mtu=9 slirp:mtu=70000 slirp:mtu=1000 slirp:mtu slirp: \
		slirp:cidr=10.0.2.0/30 slirp:cidr=10.0.2.1/24 slirp:cidr=127.0.0.0/8 slirp:cidr=x \
		slirp:ipv6=maybe slirp:dns=here slirp:no-dns=1 slirp:mac=01:00:00:00:00:00 \
		slirp:outbound=nowhere0 slirp:dns=192.0.2.9,no-dns none:mtu=1500 ''; do
		try rootlet_net run --network "$bad" c1
		assert_error '--network' 125
	done
	assert_nothing_left_of c1
}

assert_nothing_left_of() {
	[ ! -e "$STATE_DIR/$1" ]
}

@test "publish specs that are wrong are refused" {
	local bad
	for bad in 80 70000:80 80:70000 80:0 8000-8010:80-85 8010-8000:80-90 ::1:80:80 \
		'[::1]8080:80' 1.2.3:80:80 80:80/sctp 0-3:80-83 8080:80: a:b '[fe80::1]:80:80'; do
		try rootlet_net run --network slirp -p "$bad" c1
		assert_error "publish" 125
	done
	try rootlet_net run --network slirp -p 8000-8010:80-90 -p 0.0.0.0:8005:1 c1
	assert_error 'overlaps with 127\.0\.0\.1:8005:85/tcp'
	try rootlet_net run -p 8080:80 c1
	assert_error 'add --network slirp'
	assert_nothing_left_of c1
}

@test "without a network namespace, or with a joined one" {
	config '.linux.namespaces |= map(select(.type != "network"))'
	try rootlet_net run --network slirp c1
	assert_error 'add \{ "type": "network" \} to linux.namespaces'
	config '.linux.namespaces += [{ type: "network", path: "/proc/self/ns/net" }]'
	try rootlet_net run --network slirp c1
	assert_error 'joins the network namespace'
}

@test "without the helper, or with one that fails" {
	ROOTLET_NET=/nowhere/rootlet-net try rootlet_net run --network slirp c1
	assert_error 'network helper /nowhere/rootlet-net: .*--network none'
	script 'sleep 100'
	ROOTLET_NET=/bin/false try rootlet_net create --network slirp c1
	assert_error 'network helper'
	ROOTLET_NET=/bin/false try rootlet_net run --network slirp c1
	assert_error 'network helper' 125
	ROOTLET_NET=/bin/false try rootlet_net run --detach --network slirp -p 8080:80 c1
	assert_error 'network helper' 125
	assert_nothing_left_of c1
}

@test "without /dev/net/tun, or without permission on it" {
	try in_net unshare --mount sh -c 'mount -t tmpfs tmpfs /dev/net && exec "$@"' sh \
		"$ROOTLET" --root "$STATE_DIR" run --network slirp c1
	assert_error '/dev/net/tun: No such file or directory; .*modprobe tun' 125
	try in_net unshare --mount sh -c 'mount -t tmpfs tmpfs /dev/net && mkdir /dev/net/tun -m 0 &&
		exec setpriv --bounding-set=-all --inh-caps=-all "$@"' sh \
		"$ROOTLET" --root "$STATE_DIR" run --network slirp c1
	assert_error '/dev/net/tun' 125
	assert_nothing_left_of c1
}

@test "a port in use is named, and nothing is left" {
	make_data 10
	server serve 127.0.0.1 8081 "$T/data"
	try rootlet_net create --network slirp -p 8080:80 -p 8081:81 c1
	assert_error 'cannot publish 127\.0\.0\.1:8081/tcp: Address already in use'
	assert_nothing_left_of c1
	try peer fetch 127.0.0.1 8081
	assert_output "$SUM"
}

@test "a privileged port names the sysctl" {
	# Root of a user namespace may not give it to the helper, which has no capabilities.
	try rootlet_net create --network slirp -p 80:80 c1
	assert_error 'net\.ipv4\.ip_unprivileged_port_start=80'
}

# --- traffic ---------------------------------------------------------------------------------

@test "TCP: 32 MiB each way, over IPv4 and IPv6" {
	local address
	make_data 33554432
	for address in $OUTSIDE $OUTSIDE6; do
		server serve $address 9000 "$T/data"
		script "nc $address 9000 </data | sha256sum"
		cp "$T/data" "$BUNDLE/rootfs/data"
		try rootlet_net run --network slirp c1
		assert_success
		assert_output "$SUM  -"
		wait_until 10 grep -qx "$SUM" "$T/server"
	done
}

@test "UDP: there and back" {
	server udp-echo $OUTSIDE 9001
	cp "$(test_program udp)" "$BUNDLE/rootfs/bin/udp"
	script "udp send $OUTSIDE 9001 hello"
	try rootlet_net run --network slirp c1
	assert_output hello
}

@test "names are resolved by the host's name server, though it is on loopback" {
	in_net sh -c 'echo 0 >/proc/sys/net/ipv4/ip_unprivileged_port_start'
	server dns 127.0.0.1 53 web.test 192.0.2.7
	script 'nslookup web.test 2>&1; cat /etc/resolv.conf; grep rootlet /etc/hosts'
	try rootlet_net run --network slirp:dns=127.0.0.1 c1
	assert_success
	assert_match "$output" '192\.0\.2\.7'
	assert_line 'nameserver 10.0.2.3'
	assert_match "$output" $'10.0.2.100\trootlet'
}

@test "a resolv.conf of the host that is not there or out of reach is a network without name servers" {
	local host
	# create waits for the network, however short the program.
	for host in true 'ln -s resolv.conf /etc/resolv.conf' 'ln -s passwd/x /etc/resolv.conf'; do
		try in_net unshare --mount sh -ec 'mkdir -p "$1"; cp /etc/passwd /etc/group "$1"
			mount --bind "$1" /etc; rm -f /etc/resolv.conf; eval "$2"; shift 2; exec "$@"' sh \
			"$T/etc" "$host" "$ROOTLET" --root "$STATE_DIR" create --network slirp c1
		assert_success
		rootlet_net delete c1
	done
}

@test "resolv.conf and hosts of the bundle's own stay, no-dns leaves resolv.conf alone" {
	echo 'nameserver 192.0.2.99' >"$T/mine"
	mkdir -p "$BUNDLE/rootfs/etc"
	echo old >"$BUNDLE/rootfs/etc/resolv.conf"
	script 'cat /etc/resolv.conf; echo x >/etc/hosts || echo read-only'
	try rootlet_net run --network slirp:no-dns c1
	assert_line old
	assert_line read-only
	config '.mounts += [{ destination: "/etc/resolv.conf", source: $s, options: ["bind"] }]' --arg s "$T/mine"
	try rootlet_net run --network slirp c1
	assert_line 'nameserver 192.0.2.99'
	assert_equal "$(cat "$BUNDLE/rootfs/etc/resolv.conf")" old
}

@test "resolv.conf and hosts of a hostile rootfs: links stay inside, the rootfs is not written" {
	local target
	mkdir -p "$BUNDLE/rootfs/etc" "$T/host"
	echo precious >"$T/host/resolv.conf"
	script 'cat /etc/resolv.conf'
	for target in ../run/systemd/resolve/stub-resolv.conf "$T/host/resolv.conf" ../../../../../etc/x \
		/proc/self/root/x /nowhere/x; do
		ln -sfn "$target" "$BUNDLE/rootfs/etc/resolv.conf"
		try rootlet_net run --network slirp c1
		[ "$status" -ne 0 ] || assert_line 'nameserver 10.0.2.3'
		[ "$status" -eq 0 ] || assert_match "$stderr" /etc/resolv.conf
		assert_equal "$(readlink "$BUNDLE/rootfs/etc/resolv.conf")" "$target"
		assert_equal "$(cat "$T/host/resolv.conf")" precious
	done
	rm -r "$BUNDLE/rootfs/etc"
	ln -s "$T/host" "$BUNDLE/rootfs/etc"
	try rootlet_net run --network slirp c1
	assert_equal "$(ls "$T/host")" resolv.conf
	assert_equal "$(cat "$T/host/resolv.conf")" precious
	rm "$BUNDLE/rootfs/etc"
	mkdir -p "$BUNDLE/rootfs/etc/resolv.conf"
	try rootlet_net run --network slirp c1
	assert_error /etc/resolv.conf 125
	assert_nothing_left_of c1
}

@test "the host's loopback is closed, unless it is opened" {
	make_data 100
	server serve 127.0.0.1 9002 "$T/data"
	script 'timeout 2 nc 10.0.2.2 9002 </dev/null | wc -c; timeout 2 nc fd00::2 9002 </dev/null | wc -c'
	try rootlet_net run --network slirp c1
	assert_output $'0\n0'
	script 'nc 10.0.2.2 9002 </dev/null | wc -c'
	try rootlet_net run --network slirp:allow-host-loopback c1
	assert_output 100
}

# --- published ports -------------------------------------------------------------------------

@test "published TCP: 32 MiB each way, loopback only" {
	make_data 33554432
	cp "$T/data" "$BUNDLE/rootfs/data"
	script 'nc -l -p 80 </data; nc -l -p 81 | sha256sum >/out; nc -l -p 82 </out; sleep 100'
	config '.root.readonly = false'
	detached c1 --network slirp -p 8080:80 -p 8081-8082:81-82
	try peer fetch 127.0.0.1 8080
	assert_output "$SUM"
	in_net sh -c '! nc -z -w 1 192.0.2.1 8080' || ! command -v nc
	in_net "$PYTHON" -c "
import socket
s = socket.create_connection(('127.0.0.1', 8081)); s.sendall(open('$T/data', 'rb').read()); s.close()
try: socket.create_connection(('$OUTSIDE', 8080), 2); raise SystemExit('reached')
except ConnectionRefusedError: pass"
	wait_until 20 test -s "$BUNDLE/rootfs/out"
	assert_equal "$(cat "$BUNDLE/rootfs/out")" "$SUM  -"
}

@test "published TCP over IPv6, and on all addresses" {
	make_data 1000
	cp "$T/data" "$BUNDLE/rootfs/data"
	script 'while :; do nc -l -p 80 </data; done'
	detached c1 --network slirp -p '[::1]:8080:80' -p 0.0.0.0:8081:80
	try peer fetch ::1 8080
	assert_output "$SUM"
	try peer fetch $OUTSIDE 8081
	assert_output "$SUM"
}

@test "published UDP answers clients on loopback and elsewhere, though loopback is closed" {
	cp "$(test_program udp)" "$BUNDLE/rootfs/bin/udp"
	script 'udp echo 53 & udp echo 54'
	detached c1 --network slirp -p 5353:53/udp -p 0.0.0.0:5454:54/udp -p '[::1]:5353:53/udp'
	try peer udp 127.0.0.1 5353 hello
	assert_output hello
	try peer udp ::1 5353 six
	assert_output six
	try peer udp $OUTSIDE 5454 there
	assert_output there
	try peer udp 127.0.0.1 5454 here
	assert_output here
}

@test "host port 0 is a free one" {
	make_data 1000
	cp "$T/data" "$BUNDLE/rootfs/data"
	script 'while :; do nc -l -p 80 </data; done'
	detached c1 --network slirp -p 0:80
	ports=$(annotation_of c1 .ports)
	assert_match "$ports" '^127\.0\.0\.1:[1-9][0-9]*:80/tcp$'
	ports=${ports#127.0.0.1:}
	try peer fetch 127.0.0.1 "${ports%:80/tcp}"
	assert_output "$SUM"
}

@test "port lists, adds and removes ports of a running container" {
	make_data 1000
	cp "$T/data" "$BUNDLE/rootfs/data"
	script 'while :; do nc -l -p 80 </data; done'
	detached c1 --network slirp -p 8080:80
	try rootlet_net port c1
	assert_output '127.0.0.1:8080:80/tcp'
	try rootlet_net port add c1 8081-8082:80-81
	assert_success
	try peer fetch 127.0.0.1 8081
	assert_output "$SUM"
	try rootlet_net port remove c1 8080:80
	assert_success
	try rootlet_net port --format json c1
	assert_output '[{"protocol":"tcp","hostIP":"127.0.0.1","hostPort":8081,"containerPort":80},{"protocol":"tcp","hostIP":"127.0.0.1","hostPort":8082,"containerPort":81}]'
	in_net "$PYTHON" -c "
import socket
try: socket.create_connection(('127.0.0.1', 8080), 2); raise SystemExit('reached')
except ConnectionRefusedError: pass"
	try rootlet_net port add c1 127.0.0.1:8080:80
	assert_success
	try peer fetch 127.0.0.1 8080
	assert_output "$SUM"
}

@test "port: what cannot be added or removed" {
	script 'sleep 100'
	make_data 10
	server serve 127.0.0.1 9005 "$T/data"
	detached c1 --network slirp -p 8080:80
	try rootlet_net port add c1 8080:81
	assert_error 'overlaps with 127\.0\.0\.1:8080:80/tcp' 1
	try rootlet_net port add c1 9004-9005:90-91
	assert_error 'cannot publish 127\.0\.0\.1:9005/tcp: Address already in use' 1
	try rootlet_net port remove c1 9004:90
	assert_error 'not published' 1
	try rootlet_net port c1
	assert_output '127.0.0.1:8080:80/tcp'
	detached c2
	try rootlet_net port add c2 8081:80
	assert_error 'no network to publish from' 1
	try rootlet_net port c2
	assert_success
	refute_output
	kill -KILL "$(helper_of c1)"
	wait_until 5 helper_dead
	try rootlet_net port add c1 8082:80
	assert_error 'network helper .* gone' 1
}

@test "state says mode, ports and helper" {
	script 'sleep 100'
	detached c1 --network slirp -p 8080:80 -p '[::1]:8081:81/udp'
	assert_equal "$(annotation_of c1 '')" slirp
	assert_equal "$(annotation_of c1 .helper)" running
	assert_equal "$(annotation_of c1 .ports)" '127.0.0.1:8080:80/tcp,[::1]:8081:81/udp'
}

# --- the helper ------------------------------------------------------------------------------

@test "the helper has an empty root, no capabilities, a filter, and a user namespace" {
	local helper
	script 'sleep 100'
	detached c1 --network slirp
	helper=$(helper_of c1)
	# Root of its user namespace's owner may look.
	in_net grep -E '^(CapEff|CapPrm|CapBnd|CapInh|CapAmb):.*[1-9a-f]' "/proc/$helper/status" &&
		fail "it has capabilities"
	grep -q '^NoNewPrivs:.*1' "/proc/$helper/status"
	grep -q '^Seccomp:.*2' "/proc/$helper/status"
}

@test "the helper is gone with the container, however that ends" {
	local helper
	script 'sleep 100'
	detached c1 --network slirp -p 8080:80
	helper=$(helper_of c1)
	kill -KILL "$(rootlet_net state c1 | jq .pid)"
	wait_until 5 process_gone "$helper"
	rootlet_net delete --force c1
	detached c1 --network slirp -p 8080:80
	helper=$(helper_of c1)
	kill -STOP "$helper"
	rootlet_net delete --force c1
	process_gone "$helper"
	detached c1 --network slirp -p 8080:80
}

@test "a helper that dies is seen in state; the container goes on" {
	script 'sleep 100'
	detached c1 --network slirp
	kill -KILL "$(helper_of c1)"
	wait_until 5 helper_dead
	assert_equal "$(rootlet_net state c1 | jq -r .status)" running
}

helper_dead() {
	[ "$(annotation_of c1 .helper)" = dead ]
}

@test "a failed create leaves no helper" {
	config '.process.args = ["/nothing"]'
	try rootlet_net create --network slirp -p 8080:80 c1
	assert_error nothing 127
	assert_nothing_left_of c1
	script 'sleep 100'
	detached c1 --network slirp -p 8080:80
}

@test "hostile frames: the helper lives, and they do not reach the host's loopback" {
	local program
	make_data 10
	server serve 127.0.0.1 9003 "$T/data"
	in_net sh -c 'echo 0 >/proc/sys/net/ipv4/ip_unprivileged_port_start'
	in_background "$T/udp-server" udp-echo 127.0.0.1 9003
	in_background "$T/tftp-server" udp-echo 127.0.0.1 69
	wait_until 10 grep -q ready "$T/udp-server"
	wait_until 10 grep -q ready "$T/tftp-server"
	program=$(test_program hostile-frames)
	cp "$program" "$BUNDLE/rootfs/bin/hostile-frames"
	config '.process.capabilities |= with_entries(.value += ["CAP_NET_RAW"])'
	script "hostile-frames 9003; sleep 100"
	detached c1 --network slirp -p 5353:53/udp
	wait_until 60 grep -q sent "$T/c1.out"
	assert_equal "$(annotation_of c1 .helper)" running
	# The servers have had no client.
	assert_equal "$(cat "$T/server" "$T/udp-server" "$T/tftp-server")" $'ready\nready\nready'
	rootlet_net exec c1 true
}

# A connection of the container's has said SYN and has no answer (proc_net_tcp).
connection_waits() {
	awk '$4 == "02" { found = 1 } END { exit !found }' \
		"/proc/$(rootlet_net state c1 | jq .pid)/net/tcp"
}

@test "a stopped and continued helper goes on" {
	make_data 1000000
	server serve $OUTSIDE 9004 "$T/data"
	script "until [ -e /dev/shm/go ]; do sleep .1; done; nc $OUTSIDE 9004 </dev/null | sha256sum; sleep 100"
	detached c1 --network slirp
	kill -STOP "$(helper_of c1)"
	rootlet_net exec c1 touch /dev/shm/go
	wait_until 20 connection_waits
	kill -CONT "$(helper_of c1)"
	wait_until 20 grep -q "$SUM" "$T/c1.out"
}

# --- under load ------------------------------------------------------------------------------

# echo_container OPTION…: programs in $BUNDLE, an echo service behind port 8080.
echo_container() {
	cp "$(test_program udp)" "$BUNDLE/rootfs/bin/udp"
	script "${SCRIPT:-udp tcp 80}"
	config '.process.rlimits = []'
	detached c1 --network slirp -p 8080:80 "$@"
}

assert_small_helper() {
	has_address_sanitizer ||
		[ "$(awk '$1 == "VmRSS:" { print $2 }' "/proc/$(helper_of c1)/status")" -lt 16384 ]
}

@test "1000 connections at once to a published port" {
	[ "$(ulimit -H -n)" -ge 4096 ] || skip "too few files for this user"
	echo_container
	try peer many 127.0.0.1 8080 1000
	assert_output 1000
	assert_small_helper
}

@test "with no file left new connections fail, and old ones live" {
	(ulimit -n 80 && echo_container)
	try peer exhaust 127.0.0.1 8080 100
	assert_output $'some\nfirst lives\nroom again'
}

helper_ticks() {
	awk '{ print $14 + $15 }' "/proc/$(helper_of c1)/stat"
}

@test "with every file taken by UDP, ports are answered for, and the helper sleeps" {
	local before
	(ulimit -n 80 && SCRIPT="udp flood $OUTSIDE 2000; sleep 100" echo_container)
	wait_until 20 grep -q flooded "$T/c1.out"
	try rootlet_net port add c1 8090:90
	assert_error 'cannot publish 127\.0\.0\.1:8090/tcp: Too many open files' 1
	before=$(helper_ticks)
	sleep 1
	[ $(($(helper_ticks) - before)) -lt 50 ]
}

@test "peers that never read stop only themselves" {
	make_data 1000000
	server serve $OUTSIDE 9004 "$T/data"
	server sink $OUTSIDE 9006
	cp "$T/data" "$BUNDLE/rootfs/data"
	SCRIPT="udp hold $OUTSIDE 9006 & udp deaf 80 & nc -l -p 81 </data & sleep 100" \
		echo_container -p 8081:81
	in_background "$T/fill" fill 127.0.0.1 8080
	wait_until 30 grep -q stuck "$T/c1.out"
	wait_until 30 grep -q stuck "$T/fill"
	try peer fetch 127.0.0.1 8081
	assert_output "$SUM"
	try rootlet_net exec c1 sh -c "nc $OUTSIDE 9004 </dev/null | sha256sum"
	assert_output "$SUM  -"
	assert_small_helper
}

@test "a flood of SYN, and one of UDP, pass by" {
	make_data 1000
	server serve $OUTSIDE 9004 "$T/data"
	cp "$(test_program hostile-frames)" "$BUNDLE/rootfs/bin/hostile-frames"
	cp "$(test_program udp)" "$BUNDLE/rootfs/bin/udp"
	config '.process.capabilities |= with_entries(.value += ["CAP_NET_RAW"])'
	script "hostile-frames 9 $OUTSIDE 20000; hostile-frames 9004 $OUTSIDE 20000
		udp flood $OUTSIDE 20000; nc $OUTSIDE 9004 </dev/null | sha256sum; sleep 100"
	detached c1 --network slirp
	wait_until 60 grep -q "$SUM" "$T/c1.out"
	assert_equal "$(annotation_of c1 .helper)" running
}

@test "ports come and go while another one is busy" {
	local i
	make_data 100000000
	cp "$T/data" "$BUNDLE/rootfs/data"
	SCRIPT="nc -l -p 80 </data; sleep 100" echo_container
	in_background "$T/fetched" fetch 127.0.0.1 8080
	for i in 1 2 3 4 5 6 7 8 9 10; do
		try rootlet_net port add c1 8100-8109:90-99
		assert_success
		try rootlet_net port remove c1 8100-8109:90-99
		assert_success
	done
	wait_until 30 test -s "$T/fetched"
	assert_equal "$(cat "$T/fetched")" "$SUM"
}

@test "small packets: all bytes arrive, both ways" {
	make_data 10000000
	server serve $OUTSIDE 9000 "$T/data"
	script "nc $OUTSIDE 9000 </data | sha256sum"
	cp "$T/data" "$BUNDLE/rootfs/data"
	try rootlet_net run --network slirp:mtu=1500 c1
	assert_output "$SUM  -"
	wait_until 10 grep -qx "$SUM" "$T/server"
}

@test "killed in the middle of a transfer: helper and port are gone" {
	local helper
	SCRIPT="nc -l -p 80 </dev/zero" echo_container
	helper=$(helper_of c1)
	in_background "$T/fetched" fetch 127.0.0.1 8080
	wait_until 10 is_connected
	rootlet_net kill c1 KILL
	wait_until 5 process_gone "$helper"
	rootlet_net delete --force c1
	in_net "$PYTHON" -c 'import socket; socket.create_server(("127.0.0.1", 8080))'
}

is_connected() {
	in_net ss -Htn | grep -q 'ESTAB.*127\.0\.0\.1:8080'
}
