# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2016,SC2034,SC2154,SC2164
# linux.resources.devices for real root: the kernel is asked for each access. contrib/test runs this
# file as root.

load helpers

setup_test() {
	skip_unless_root
	[ -e /sys/fs/cgroup/cgroup.procs ] || [ -e /sys/fs/cgroup/unified/cgroup.procs ] ||
		skip "this host has no cgroup v2"
	make_bundle busybox
	config '.process.capabilities |= map_values(. + ["CAP_MKNOD", "CAP_SYSLOG"])'
	script 'for device; do
			IFS=: read -r name kind major minor <<-END
				$device
			END
			mknod -m 666 /tmp/$name $kind $major $minor || { echo "$name: no node"; continue; }
			answer=
			(: </tmp/$name) 2>/dev/null && answer=r
			(: >>/tmp/$name) 2>/dev/null && answer=${answer}w
			(: <>/tmp/$name) 2>/dev/null && answer=${answer}b
			echo "$name: ${answer:-none}"
		done'
}

# rules JSON DEVICE…: what may be done with each DEVICE, NAME:KIND:MAJOR:MINOR; r, w, b: both at once
rules() {
	config '.linux.resources.devices = $rules | .process.args = .process.args[:3] + ["sh"] + $devices' \
		--argjson rules "$1" --argjson devices "$(printf '%s\n' "${@:2}" | jq -R . | jq -s .)"
	try rootlet run c1
	assert_success
	refute_stderr
}

@test "device rules: without any, every device may be used" {
	config '.mounts += [{destination: "/tmp", type: "tmpfs", options: ["mode=1777"]}]'
	rules '[]' zero:c:1:5 kmsg:c:1:11
	assert_output $'zero: rwb\nkmsg: rwb'
	assert_nothing_left
}

@test "device rules: what is denied cannot be opened, the default devices can" {
	config '.mounts += [{destination: "/tmp", type: "tmpfs", options: ["mode=1777"]}]'
	rules '[{"allow": false, "access": "rwm"}]' null:c:1:3 zero:c:1:5 full:c:1:7 urandom:c:1:9 kmsg:c:1:11
	assert_output $'null: rwb\nzero: rwb\nfull: rwb\nurandom: rwb\nkmsg: none'
	assert_nothing_left
}

@test "device rules: an allowed access is that access and no other" {
	config '.mounts += [{destination: "/tmp", type: "tmpfs", options: ["mode=1777"]}]'
	rules '[{"allow": false, "access": "rwm"},
		{"allow": true, "type": "c", "major": 1, "minor": 11, "access": "w"}]' kmsg:c:1:11
	assert_output 'kmsg: w'
	rules '[{"allow": false, "access": "rwm"},
		{"allow": true, "type": "c", "major": 1, "minor": 11, "access": "w"},
		{"allow": true, "type": "c", "major": 1, "access": "r"}]' kmsg:c:1:11
	assert_output 'kmsg: rwb'
	rules '[{"allow": true, "access": "rwm"}, {"allow": false, "type": "c", "major": 1, "access": "w"}]' kmsg:c:1:11
	assert_output 'kmsg: r'
	assert_nothing_left
}

@test "device rules: those of block devices are not those of character devices" {
	local disk
	disk=$(lsblk -rno MAJ:MIN 2>/dev/null | head -n 1)
	[ "$disk" ] || skip "this host has no block device"
	config '.mounts += [{destination: "/tmp", type: "tmpfs", options: ["mode=1777"]}]'
	rules '[{"allow": false, "access": "rwm"},
		{"allow": true, "type": "c", "major": '"${disk%:*}"', "access": "r"}]' "disk:b:$disk"
	assert_output 'disk: none'
	assert_nothing_left
}

@test "device rules: exec is under them, too" {
	script 'sleep 1000'
	config '.linux.resources.devices = [{"allow": false, "access": "rwm"}] |
		.mounts += [{destination: "/tmp", type: "tmpfs", options: ["mode=1777"]}]'
	rootlet run --detach c1
	try rootlet exec --cap CAP_MKNOD --cap CAP_SYSLOG c1 sh -c 'mknod -m 666 /tmp/kmsg c 1 11 && : </tmp/kmsg'
	assert_failure
	assert_match "$stderr" 'Operation not permitted'
	rootlet delete --force c1
	assert_nothing_left
}

@test "device rules: what denies is not passed over where bpf(2) is not allowed" {
	config '.linux.resources.devices = [{allow: false, access: "rwm"}] | .process.args = ["true"]'
	try "$(test_program without-syscall)" bpf "$ROOTLET" --root "$STATE_DIR" run c1
	assert_error 'linux\.resources\.devices: the kernel takes no device program: .*; allow bpf\(2\), or leave' 125
	assert_nothing_left
	config '.linux.resources.devices = [{allow: true, access: "rwm"}]'
	try "$(test_program without-syscall)" bpf "$ROOTLET" --root "$STATE_DIR" run c1
	assert_success
	assert_match "$stderr" 'the kernel takes no device program'
}
