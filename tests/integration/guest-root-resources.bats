# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2016,SC2034,SC2154,SC2164
# linux.resources for real root, who has the controllers that systemd delegates to no user.
# guest modes: root

load helpers
load guest

setup_test() {
	skip_unless_guest
	make_bundle busybox
	config '.mounts += [{destination: "/tmp", type: "tmpfs"}]'
	script 'sleep 1000'
}

start() { # JSON
	config '.linux.resources = $resources' --argjson resources "$1"
	rootlet run --detach c1
	pid=$(rootlet state c1 | jq .pid)
}

# assert_json FILTER VALUE: what jq makes of the last output
assert_json() {
	assert_equal "$(jq -c "$1" <<<"$output")" "$2"
}

end() {
	rootlet delete --force c1
	assert_nothing_left
}

@test "resources: huge pages are limited" {
	[ -d /sys/kernel/mm/hugepages/hugepages-2048kB ] || skip "this machine has no huge pages of 2 MB"
	start '{"hugepageLimits": [{"pageSize": "2MB", "limit": 4194304}]}'
	assert_equal "$(cgroup_file "$pid" hugetlb.2MB.max)" 4194304
	assert_equal "$(cgroup_file "$pid" hugetlb.2MB.rsvd.max)" 4194304
	try rootlet events --stats c1
	assert_json '.data.hugetlb."2MB"' '{"usage":0,"failcnt":0}'
	end
}

@test "resources: weights of block devices are in force where the scheduler knows them" {
	local disk scheduler=/sys/block/vda/queue/scheduler before
	modprobe bfq 2>/dev/null || :
	grep -q bfq "$scheduler" || skip "this machine has no BFQ scheduler"
	before=$(sed 's/.*\[\(.*\)\].*/\1/' "$scheduler")
	disk=$(cat /sys/block/vda/dev)
	echo bfq >"$scheduler"
	start '{"blockIO": {"weight": 200,
		"weightDevice": [{"major": '"${disk%:*}"', "minor": '"${disk#*:}"', "weight": 100}]}}'
	assert_match "$(cgroup_file "$pid" io.bfq.weight)" "200.*$disk 100"
	end
	echo "$before" >"$scheduler"
	try rootlet run c1
	assert_error 'linux\.resources\.blockIO\.weightDevice\[0\]: the kernel refuses .*; the device has a scheduler without weights' 125
}

@test "resources: the limits of an RDMA device are handed to the kernel, which must know it" {
	config '.linux.resources = {rdma: {nodev0: {hcaHandles: 3, hcaObjects: 4}}}'
	try rootlet run c1
	assert_error 'linux\.resources\.rdma\[nodev0\]: the kernel refuses "nodev0 hca_handle=3 hca_object=4" for rdma\.max: ' 125
	assert_nothing_left
}

@test "resources: real root's container has its limits, and its device rules beside them" {
	start '{"memory": {"limit": 67108864}, "pids": {"limit": 20}, "cpu": {"cpus": "0"},
		"devices": [{"allow": false, "access": "rwm"}]}'
	assert_equal "$(cgroup_file "$pid" memory.max)" 67108864
	assert_equal "$(cgroup_file "$pid" pids.max)" 20
	assert_equal "$(cgroup_file "$pid" cpuset.cpus)" 0
	try rootlet exec --cap CAP_MKNOD --cap CAP_SYSLOG c1 sh -c 'mknod /tmp/kmsg c 1 11 && (: </tmp/kmsg)'
	assert_failure
	assert_match "$stderr" 'Operation not permitted'
	end
}
