# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2016,SC2034,SC2154,SC2164
# Real root runs the same bundles: with all that the kernel grants it, and without a user
# namespace unless the config asks for one. contrib/test runs this file as root.

load helpers

setup_test() {
	skip_unless_root
	make_bundle busybox
}

@test "the config that spec writes runs for real root" {
	script 'id -u; hostname'
	try rootlet run c1
	assert_success
	assert_line 0
	refute_stderr
	assert_nothing_left
}

@test "no user namespace is added for real root" {
	script 'readlink /proc/self/ns/user'
	try rootlet run c1
	assert_output "$(readlink /proc/self/ns/user)"
}

@test "the capabilities are those of the config, not root's" {
	script 'sed -n "s/^CapEff:[[:space:]]*//p; s/^CapBnd:[[:space:]]*//p" /proc/self/status'
	try rootlet run c1
	# CAP_AUDIT_WRITE, CAP_NET_BIND_SERVICE, CAP_KILL
	assert_output $'0000000020000420\n0000000020000420'
}

@test "a user namespace in the config is made, with its mappings" {
	chmod 711 "$T" "$BATS_RUN_TMPDIR"
	config '.linux.namespaces += [{type: "user"}] |
		.linux.uidMappings = [{containerID: 0, hostID: 200000, size: 1000}] |
		.linux.gidMappings = [{containerID: 0, hostID: 300000, size: 1000}]'
	script 'cat /proc/self/uid_map /proc/self/gid_map; id -u'
	chown -R 200000:300000 rootfs
	try rootlet run c1
	assert_success
	assert_equal "$(xargs <<<"$output")" "0 200000 1000 0 300000 1000 0"
}

@test "sysctls of the user namespace are refused without one: the host would get them" {
	local before
	before=$(cat /proc/sys/user/max_uts_namespaces)
	config '.linux.sysctl = {"user.max_uts_namespaces": "7"}'
	try rootlet run c1
	assert_error 'linux\.sysctl\["user\.max_uts_namespaces"\]: needs a user namespace' 125
	assert_equal "$(cat /proc/sys/user/max_uts_namespaces)" "$before"
	assert_nothing_left
}

@test "another user of the container is that user of the host" {
	config '.process.user = {uid: 1234, gid: 5678, additionalGids: [42]}'
	script 'echo "$(id -u) $(id -g) $(id -G)"; sleep 1000'
	running c1
	assert_equal "$(stat -c %u "/proc/$(pid_of c1)")" 1234
	assert_equal "$(cat "$T/c1.out")" "1234 5678 5678 42"
}

@test "list names root as the owner" {
	created c1
	try rootlet list -f json
	assert_equal "$(jq -r '.[0].owner' <<<"$output")" root
}

@test "a container that is killed leaves nothing" {
	script 'sleep 1000'
	running c1
	rootlet delete --force c1
	assert_nothing_left
}
