# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2016,SC2034,SC2154,SC2164
# Real root runs the same bundles: with all that the kernel grants it, and without a user
# namespace unless the config asks for one. contrib/test runs this file as root.

load helpers
load readback

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
	assert_error 'linux\.sysctl\["user\.max_uts_namespaces"\]: needs a user namespace that is not' 125
	assert_equal "$(cat /proc/sys/user/max_uts_namespaces)" "$before"
	assert_nothing_left
}

@test "joining one's own namespaces changes nothing in them: names and sysctls are refused" {
	local name forward
	name=$(hostname)
	forward=$(cat /proc/sys/net/ipv4/ip_forward)
	config '.linux.namespaces |= map(if .type == "uts" then .path = "/proc/self/ns/uts" elif .type == "network"
		then .path = "/proc/self/ns/net" else . end)'
	try rootlet run c1
	assert_error 'hostname: the uts namespace is the caller.s own' 125
	config 'del(.hostname) | .linux.sysctl = {"kernel.hostname": "other"}'
	try rootlet run c1
	assert_error 'linux\.sysctl\["kernel\.hostname"\]: needs a uts namespace that is not' 125
	config '.linux.sysctl = {"net.ipv4.ip_forward": "1"}'
	try rootlet run c1
	assert_error 'linux\.sysctl\["net\.ipv4\.ip_forward"\]: needs a network namespace that is not' 125
	assert_equal "$(hostname) $(cat /proc/sys/net/ipv4/ip_forward)" "$name $forward"
	# By itself there is nothing wrong with it.
	config 'del(.linux.sysctl)'
	script 'hostname'
	try rootlet run c1
	assert_success
	assert_output "$name"
	assert_nothing_left
}

@test "linux.devices: real root makes them, with mode and owner, in /dev and elsewhere" {
	config '.linux.devices = [
		{path: "/dev/c", type: "c", major: 1, minor: 5, fileMode: 384, uid: 1000, gid: 1001},
		{path: "/dev/u", type: "u", major: 1, minor: 3},
		{path: "/dev/b", type: "b", major: 7, minor: 200, fileMode: 432},
		{path: "/dev/p", type: "p", fileMode: 511, uid: 7},
		{path: "/opt/deep/zero", type: "c", major: 1, minor: 5, fileMode: 292},
		{path: "/dev/full", type: "c", major: 1, minor: 7, fileMode: 256}] | .root.readonly = false'
	script 'stat -c "%n %F %a %u:%g %t:%T" /dev/[cubp] /opt/deep/zero /dev/full
		head -c 2 /opt/deep/zero | od -An -tx1 | xargs'
	try rootlet run c1
	assert_success
	assert_output "/dev/b block special file 660 0:0 7:c8
/dev/c character special file 600 1000:1001 1:5
/dev/p fifo 777 7:0 0:0
/dev/u character special file 666 0:0 1:3
/opt/deep/zero character special file 444 0:0 1:5
/dev/full character special file 400 0:0 1:7
00 00"
	# Of another kind than what is there already.
	config '.linux.devices = [{path: "/opt/deep/zero", type: "c", major: 1, minor: 3}]'
	try rootlet run c1
	assert_error 'linux\.devices\[0\]: /opt/deep/zero: something else is in the way' 125
}

@test "bind: access times of a file system of the host" {
	local word
	mkdir "$T/directory" rootfs/mnt
	config '.process.args = ["cat", "/proc/self/mountinfo"]'
	for word in noatime nodiratime strictatime; do
		config 'del(.mounts[] | select(.destination == "/mnt")) | .mounts += [{destination: "/mnt",
			type: "bind", source: $source, options: ["bind", $word]}]' --arg source "$T/directory" --arg word "$word"
		try rootlet run c1
		assert_success
		case $word in
		strictatime) refute_match "$(mount_options /mnt)" '(no|rel)atime' ;;
		*) assert_match "$word $(mount_options /mnt)" "(,| )$word(,|\$)" ;;
		esac
	done
}

@test "scheduler: real time, deadline and a lower nice value" {
	command -v chrt >/dev/null || skip "needs chrt"
	config '.process.args = ["sleep", "1000"]'
	local policy
	for policy in FIFO RR; do
		config '.process.scheduler = {policy: $policy, priority: 10, flags: ["SCHED_FLAG_RESET_ON_FORK"]}' \
			--arg policy "SCHED_$policy"
		chrt "--${policy,,}" 1 true 2>/dev/null || skip "this root may not use real time"
		running c1
		try chrt -p "$(pid_of c1)"
		assert_match "$output" "SCHED_$policy.SCHED_RESET_ON_FORK"
		assert_match "$output" 'priority: 10'
		rootlet delete --force c1
	done
	config '.process.scheduler = {policy: "SCHED_DEADLINE", runtime: 1000000, deadline: 5000000, period: 10000000}'
	running c1
	try chrt -p "$(pid_of c1)"
	assert_match "$output" 'SCHED_DEADLINE'
	assert_match "$output" '1000000/5000000/10000000'
	rootlet delete --force c1
	config '.process.scheduler = {policy: "SCHED_OTHER", nice: -5}'
	running c1
	assert_equal "$(awk '{ print $19 }' "/proc/$(pid_of c1)/stat")" -5
	rootlet delete --force c1
	config 'del(.process.scheduler) | .process.ioPriority = {class: "IOPRIO_CLASS_RT", priority: 2}'
	running c1
	try ionice -p "$(pid_of c1)"
	assert_output "realtime: prio 2"
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
