#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# linux.netDevices: network devices that become the container's, as real root. Each test is in a
# network namespace of its own, with a veth pair: host0 to move, host1 to stay.

load helpers

setup_test() {
	skip_unless_root
	command -v ip >/dev/null || skip "no ip (package iproute2)"
	make_bundle
	config '.linux.netDevices = {host0: {}}'
	script 'ip addr show'
}

# with_devices [SETUP] -- CMD…: CMD in the network namespace, after SETUP (shell) there.
with_devices() {
	local setup=:
	if [ "$1" != -- ]; then
		setup=$1
		shift
	fi
	unshare --net bash -ec 'ip link add host0 type veth peer name host1
		eval "$1"; shift; "$@"' bash "$setup" "${@:2}"
}

run_with_devices() {
	try with_devices "$@" -- "$ROOTLET" --root "$STATE_DIR" run c1
}

@test "a device keeps its name and its addresses, and is up" {
	run_with_devices 'ip addr add 192.0.2.5/24 dev host0; ip addr add 2001:db8::5/64 dev host0 nodad'
	assert_success
	refute_stderr
	assert_match "$output" ': host0[@:].*<[A-Z,_-]*UP'
	assert_match "$output" 'inet 192\.0\.2\.5/24 '
	assert_match "$output" 'inet6 2001:db8::5/64 scope global'
	refute_match "$output" host1:
}

@test "a device gets the name that is asked for" {
	config '.linux.netDevices.host0.name = "eth0"'
	run_with_devices 'ip addr add 192.0.2.5/24 dev host0'
	assert_success
	assert_match "$output" ': eth0[@:]'
	assert_match "$output" 'inet 192\.0\.2\.5/24 .*eth0'
	refute_match "$output" host0
}

@test "a point-to-point address keeps its peer" {
	run_with_devices 'ip addr add 192.0.2.5 peer 192.0.2.9/32 dev host0'
	assert_success
	assert_match "$output" 'inet 192\.0\.2\.5 peer 192\.0\.2\.9/32'
}

@test "createContainer hooks find the device there" {
	printf '#!/bin/sh\nip link show host0 >"%s/seen" 2>&1\n' "$T" >"$T/hook"
	chmod +x "$T/hook"
	config '.hooks.createContainer = [{path: $hook, env: ["PATH=/usr/sbin:/sbin:/usr/bin:/bin"]}]' \
		--arg hook "$T/hook"
	run_with_devices
	assert_success
	assert_match "$(cat "$T/seen")" ': host0[@:]'
}

@test "several devices, into a user namespace's network" {
	config '.linux.netDevices.host1 = {name: "other"} | .linux.namespaces += [{type: "user"}] |
		.linux.uidMappings = [{containerID: 0, hostID: 100000, size: 65536}] |
		.linux.gidMappings = .linux.uidMappings'
	chmod 755 "$T"
	run_with_devices 'ip addr add 192.0.2.5/24 dev host0'
	assert_success
	assert_match "$output" ': host0[@:]'
	assert_match "$output" ': other[@:]'
}

@test "a joined network gets the device, too" {
	try with_devices -- bash -c 'unshare --net sleep 1000 & until
			[ "$(readlink /proc/$!/ns/net)" != "$(readlink /proc/self/ns/net)" ]; do sleep .02; done
		jq --arg path "/proc/$!/ns/net" ".linux.namespaces |=
			map(if .type == \"network\" then .path = \$path else . end)" config.json >joined.json
		"$@"; status=$?; kill $!; exit $status' bash \
		"$ROOTLET" --root "$STATE_DIR" run --config joined.json c1
	assert_success
	assert_match "$output" ': host0[@:]'
}

@test "a device that does not exist is refused, and the others stay" {
	config '.linux.netDevices = {host0: {}, none0: {}}'
	try with_devices -- bash -c '"$@"; status=$?; ip link show host0 >/dev/null || exit 99; exit $status' \
		bash "$ROOTLET" --root "$STATE_DIR" run c1
	assert_error 'linux.netDevices\[none0\]: no such network device' 125
	assert_nothing_left
}

@test "two devices of one name are refused" {
	config '.linux.netDevices = {host0: {name: "same"}, host1: {name: "same"}}'
	run_with_devices
	assert_error 'linux.netDevices\[host[01]\]: .*already' 125
	assert_nothing_left
}

@test "the host's network cannot be moved into" {
	config '.linux.namespaces |= map(select(.type != "network"))'
	run_with_devices
	assert_error 'linux.netDevices: .*"type": "network"' 125
	assert_nothing_left
}
