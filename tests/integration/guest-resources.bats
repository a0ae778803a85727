# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2016,SC2034,SC2154,SC2164
# linux.resources, update and events where the user has all controllers: what is asked for is read
# back from the cgroup that the container's process is in.
# guest modes: scope

load helpers
load guest

setup_test() {
	skip_unless_guest
	use_login
	make_bundle busybox
	script 'sleep 1000'
}

# resources JSON: what the container is limited to
resources() {
	config '.linux.resources = $resources' --argjson resources "$1"
}

# start [JSON]: container c1, with these resources; its process is $pid
start() {
	[ $# -eq 0 ] || resources "$1"
	rootlet run --detach c1
	pid=$(rootlet state c1 | jq .pid)
}

# assert_files FILE=VALUE…: in the cgroup of the container's process
assert_files() {
	local word
	for word; do
		assert_equal "${word%%=*}=$(cgroup_file "$pid" "${word%%=*}")" "$word"
	done
}

# update OPTION…: container c1, without a word
update() {
	try rootlet update "$@" c1
	assert_success
	refute_output
	refute_stderr
}

end() {
	rootlet delete --force c1
	assert_nothing_left
}

# assert_json FILTER VALUE: what jq makes of the last output
assert_json() {
	assert_equal "$(jq -c "$1" <<<"$output")" "$2"
}

# Linux has cpu.max.burst since 5.14, cpu.idle since 5.15.
lacks_burst_and_idle() {
	[ ! -e "/sys/fs/cgroup$(cgroup_of "$pid")/cpu.max.burst" ]
}

# A block device of this machine, MAJOR:MINOR.
disk() {
	cat /sys/block/vda/dev
}

# --- limits of config.json -------------------------------------------------------------------

@test "resources: memory, swap and reservation are in force" {
	start '{"memory": {"limit": 67108864, "swap": 100663296, "reservation": 33554432}}'
	assert_files memory.max=67108864 memory.swap.max=33554432 memory.low=33554432
	end
}

@test "resources: shares, quota and period are in force" {
	start '{"cpu": {"shares": 2048, "quota": 20000, "period": 50000}}'
	assert_files cpu.weight=174 "cpu.max=20000 50000"
	end
}

@test "resources: burst and idle are in force, or refused where the kernel has neither" {
	local key
	start '{"cpu": {"quota": 20000}}'
	if lacks_burst_and_idle; then
		end
		for key in burst idle; do
			resources "{\"cpu\": {\"quota\": 20000, \"$key\": 1}}"
			try rootlet run c1
			assert_error "linux\\.resources\\.cpu\\.$key: cgroups of this kernel have no file cpu\\." 125
			assert_nothing_left
		done
		return
	fi
	end
	start '{"cpu": {"quota": 20000, "period": 50000, "burst": 10000}}'
	assert_files "cpu.max=20000 50000" cpu.max.burst=10000 cpu.idle=0
	end
	start '{"cpu": {"shares": 1024, "idle": 1}}'
	assert_files cpu.idle=1
	end
}

@test "resources: CPUs and memory nodes are in force" {
	start '{"cpu": {"cpus": "1", "mems": "0"}}'
	assert_files cpuset.cpus=1 cpuset.mems=0 cpuset.cpus.effective=1
	assert_equal "$(sed -n 's/^Cpus_allowed_list:[[:space:]]*//p' "/proc/$pid/status")" 1
	end
}

@test "resources: a limit of processes stops a fork bomb" {
	start '{"pids": {"limit": 20}}'
	assert_files pids.max=20
	try rootlet exec c1 sh -c 'i=0; while [ $i -lt 100 ]; do sleep 100 & i=$((i + 1)); done'
	assert_failure
	assert_match "$stderr" "can't fork"
	[ "$(cgroup_file "$pid" pids.current)" -le 20 ]
	[ "$(cgroup_file "$pid" pids.events | sed -n 's/^max //p')" -gt 0 ]
	end
}

@test "resources: rates of block devices and a weight are in force" {
	local disk
	disk=$(disk)
	start '{"blockIO": {"weight": 500,
		"throttleReadBpsDevice": [{"major": '"${disk%:*}"', "minor": '"${disk#*:}"', "rate": 1048576}],
		"throttleWriteBpsDevice": [{"major": '"${disk%:*}"', "minor": '"${disk#*:}"', "rate": 2097152}],
		"throttleReadIOPSDevice": [{"major": '"${disk%:*}"', "minor": '"${disk#*:}"', "rate": 300}],
		"throttleWriteIOPSDevice": [{"major": '"${disk%:*}"', "minor": '"${disk#*:}"', "rate": 400}]}}'
	assert_files "io.max=$disk rbps=1048576 wbps=2097152 riops=300 wiops=400"
	# BFQ's where the kernel has it.
	if [ -e "/sys/fs/cgroup$(cgroup_of "$pid")/io.bfq.weight" ]; then
		grep -qx '\(default \)\?500' <<<"$(cgroup_file "$pid" io.bfq.weight)"
	else
		assert_files "io.weight=default 4950"
	fi
	end
}

@test "resources: raw keys are written as they are, a line at a time, after all others" {
	local disk
	disk=$(disk)
	start '{"memory": {"limit": 67108864}, "unified": {"memory.max": "50331648", "memory.high": "41943040",
		"cgroup.max.depth": "7", "io.max": "'"$disk"' rbps=9\n'"$disk"' wiops=8"}}'
	assert_files memory.max=50331648 memory.high=41943040 cgroup.max.depth=7 \
		"io.max=$disk rbps=9 wbps=max riops=max wiops=8"
	end
}

@test "resources: what the kernel refuses is named, and nothing is left" {
	resources '{"cpu": {"cpus": "4000"}}'
	try rootlet run c1
	assert_error 'linux\.resources\.cpu\.cpus: the kernel refuses "4000" for cpuset\.cpus: ' 125
	resources '{"unified": {"memory.nonsense": "1"}}'
	try rootlet run c1
	assert_error 'linux\.resources\.unified\[memory\.nonsense\]: cgroups of this kernel have no file memory\.nonsense' 125
	resources '{"memory": {"kernel": 1000000}}'
	try rootlet run c1
	assert_error 'linux\.resources\.memory\.kernel: cgroup v2 has no limit for it alone' 125
	assert_nothing_left
}

# --- update ----------------------------------------------------------------------------------

@test "update: every option changes its file and no other" {
	start '{"memory": {"limit": 67108864}}'
	update --memory 96m
	assert_files memory.max=100663296 memory.swap.max=max
	update --memory-swap 128M
	assert_files memory.max=100663296 memory.swap.max=33554432
	update --memory-reservation 1.5m
	assert_files memory.low=1572864
	update --cpu-share 512
	assert_files cpu.weight=59
	update --cpu-quota 30000 --cpu-period 60000
	assert_files "cpu.max=30000 60000"
	update --cpuset-cpus 0 --cpuset-mems 0
	assert_files cpuset.cpus=0 cpuset.mems=0
	update --pids-limit 40
	assert_files pids.max=40
	update --blkio-weight 100
	assert_files memory.max=100663296 cpu.weight=59 "cpu.max=30000 60000" pids.max=40
	end
}

@test "update: burst and idle, or refused where the kernel has neither" {
	local option
	start '{"cpu": {"shares": 512, "quota": 30000, "period": 100000}}'
	if lacks_burst_and_idle; then
		for option in burst idle; do
			try rootlet update "--cpu-$option" 1 --cpu-share 1024 c1
			assert_error "linux\\.resources\\.cpu\\.$option: cgroups of this kernel have no file cpu\\."
			assert_files cpu.weight=59 "cpu.max=30000 100000"
		done
		end
		return
	fi
	update --cpu-burst 5000
	assert_files cpu.max.burst=5000 "cpu.max=30000 100000"
	# Both grow, both shrink: in either order one of them would be refused for a moment.
	update --cpu-quota 80000 --cpu-burst 70000
	assert_files "cpu.max=80000 100000" cpu.max.burst=70000
	update --cpu-quota 8000 --cpu-burst 7000
	assert_files "cpu.max=8000 100000" cpu.max.burst=7000
	update --cpu-idle 1
	assert_files cpu.idle=1
	update --cpu-idle 0 --cpu-share 1024
	assert_files cpu.idle=0 cpu.weight=100
	end
}

@test "update: limits are taken away again" {
	start '{"memory": {"limit": 67108864, "swap": 67108864, "reservation": 1000000},
		"cpu": {"quota": 20000}, "pids": {"limit": 10}}'
	update --memory -1 --memory-reservation -1 --cpu-quota -1 --pids-limit -1
	assert_files memory.max=max memory.swap.max=max memory.low=max "cpu.max=max 100000" pids.max=max
	end
}

@test "update: from a file and from standard input" {
	start '{"pids": {"limit": 10}}'
	echo '{"memory": {"limit": 67108864}, "cpu": {"shares": 256}, "unified": {"memory.high": "60000000"}}' >limits
	update --resources limits
	assert_files memory.max=67108864 cpu.weight=35 memory.high=59998208 pids.max=10
	TRY_STDIN=limits try rootlet update -r - c1
	assert_success
	echo '{"pids": {"limit": 12}}' >limits
	TRY_STDIN=limits try rootlet update -r - c1
	assert_success
	assert_files pids.max=12 memory.max=67108864
	end
}

@test "update: a quota keeps its period, a period its quota" {
	start '{"cpu": {"quota": 20000, "period": 50000}}'
	update --cpu-quota 10000
	assert_files "cpu.max=10000 50000"
	update --cpu-period 100000
	assert_files "cpu.max=10000 100000"
	end
}

@test "update: the limit of memory and swap together stays what it is" {
	start '{"memory": {"limit": 67108864, "swap": 134217728}}'
	update --memory 100663296
	assert_files memory.max=100663296 memory.swap.max=33554432
	try rootlet update --memory 1g c1
	assert_error 'memory\.limit: 1073741824 is above the limit of memory and swap together .* \(134217728\); give'
	assert_files memory.max=100663296 memory.swap.max=33554432
	end
}

@test "update: a refused value leaves all old ones in force" {
	start '{"memory": {"limit": 67108864}, "cpu": {"shares": 1024, "quota": 20000}, "pids": {"limit": 30}}'
	try rootlet update --memory 96m --cpu-share 2048 --cpu-quota 40000 --cpuset-cpus 4000 --pids-limit 9 c1
	assert_error 'linux\.resources\.cpu\.cpus: the kernel refuses "4000" for cpuset\.cpus: '
	assert_files memory.max=67108864 cpu.weight=100 "cpu.max=20000 100000" pids.max=30
	echo '{"memory": {"limit": 96000000}, "unified": {"cpu.weight": "0"}}' >limits
	try rootlet update -r limits c1
	assert_error 'linux\.resources\.unified\[cpu\.weight\]: the kernel refuses "0" for cpu\.weight: '
	assert_files memory.max=67108864 cpu.weight=100
	end
}

@test "update: values that cannot be are one line, and change nothing" {
	local call
	start '{"pids": {"limit": 30}, "memory": {"limit": 67108864}}'
	for call in "--memory -2" "--memory 1x" "--memory 9223372036854775808" "--cpu-quota x" "--cpu-share -1" \
		"--pids-limit 1k" "--cpu-period 1.5" "--blkio-weight -1"; do
		# shellcheck disable=SC2086
		try rootlet update $call c1
		assert_error "update: option ${call% *}: \"${call#* }\" is not " 2
	done
	for call in "--memory 64m --memory-swap 32m" "--cpu-quota 5" "--cpu-period 999" "--cpu-idle 2" \
		"--cpuset-cpus a" "--blkio-weight 5" "--pids-limit -2" "--cpu-rt-runtime 1" "--l3-cache-schema L3:0=f"; do
		# shellcheck disable=SC2086
		try rootlet update $call c1
		assert_failure
		assert_line_count 1 "$stderr"
	done
	echo '{"pids": {"limit": "9"}}' >limits
	try rootlet update -r limits c1
	assert_error 'limits: pids\.limit: expected a number, got a string'
	try rootlet update -r missing c1
	assert_error 'cannot read missing: No such file'
	assert_files pids.max=30 memory.max=67108864
	end
}

@test "update: with checkBeforeUpdate less than is used is refused" {
	start '{"memory": {"limit": 67108864}}'
	echo '{"memory": {"limit": 4096, "checkBeforeUpdate": true}}' >limits
	try rootlet update -r limits c1
	assert_error 'memory\.limit: 4096 is below what is used now \([0-9]+\)'
	assert_files memory.max=67108864
	end
}

@test "update: while all CPUs are busy" {
	start '{"cpu": {"quota": 100000}}'
	rootlet exec --detach c1 sh -c 'while :; do :; done'
	rootlet exec --detach c1 sh -c 'while :; do :; done'
	update --cpu-quota 20000
	assert_files "cpu.max=20000 100000"
	throttled() { [ "$(cgroup_file "$pid" cpu.stat | sed -n 's/^nr_throttled //p')" -gt 3 ]; }
	wait_until 30 throttled
	update --cpuset-cpus 1
	assert_files cpuset.cpus.effective=1
	end
}

@test "update: in a created and in a paused container, not in a stopped one" {
	rootlet create c1
	pid=$(rootlet state c1 | jq .pid)
	update --pids-limit 50
	assert_files pids.max=50
	rootlet start c1
	rootlet pause c1
	update --pids-limit 51
	assert_files pids.max=51
	rootlet kill c1 KILL
	stopped() { [ "$(rootlet state c1 | jq -r .status)" = stopped ]; }
	wait_until 30 stopped
	try rootlet update --pids-limit 52 c1
	assert_error 'cannot update container "c1": it is stopped|container "c1" is stopped'
	end
}

# --- events ----------------------------------------------------------------------------------

@test "events: statistics of a container, once" {
	start '{"memory": {"limit": 67108864, "swap": 67108864}, "pids": {"limit": 30}}'
	try rootlet events --stats c1
	assert_success
	refute_stderr
	assert_line_count 1 "$output"
	assert_json '[.type, .id]' '["stats","c1"]'
	assert_json '.data.pids' '{"current":1,"limit":30}'
	assert_json '.data.memory.usage.limit' 67108864
	assert_json '.data.memory.swap.limit' 67108864
	assert_json '.data.memory.usage.usage > 0 and .data.cpu.usage.total > 0' true
	assert_json '.data.memory.raw | has("anon") and has("file")' true
	assert_json '.data.cpu | has("throttling")' true
	update --memory -1
	try rootlet events --stats c1
	assert_match "$output" '"usage":\{"limit":18446744073709551615,'
	end
}

@test "events: a line at each interval, until the container ends" {
	start '{"pids": {"limit": 30}}'
	background "$ROOTLET" events --interval 200ms c1
	local events=$!
	lines() { [ "$(wc -l <"$T/background")" -ge 3 ]; }
	wait_until 30 lines
	rootlet kill c1 KILL
	wait "$events"
	assert_equal "$(jq -c .type "$T/background" | sort -u)" '"stats"'
	end
}

@test "events: an OOM kill is told at once" {
	start '{"memory": {"limit": 33554432, "swap": 33554432}}'
	background "$ROOTLET" events --interval 1h c1
	local events=$!
	try rootlet exec c1 sh -c 'tail /dev/zero'
	assert_failure
	told() { [ "$(cat "$T/background")" = '{"type":"oom","id":"c1"}' ]; }
	wait_until 30 told
	try rootlet events --stats c1
	assert_json '.data.memory.event_count.oom_kill' 1
	rootlet kill c1 KILL
	wait "$events"
	end
}

@test "events: the OOM kill that ends the container is told before the end" {
	resources '{"memory": {"limit": 33554432, "swap": 33554432}}'
	script 'cat /go; exec tail /dev/zero'
	mkfifo rootfs/go
	rootlet run --detach c1
	background "$ROOTLET" events --interval 1h c1
	local events=$!
	watching() { ls -l "/proc/$events/fd" | grep -q memory.events; }
	wait_until 30 watching
	echo go >rootfs/go
	wait "$events"
	assert_equal "$(cat "$T/background")" '{"type":"oom","id":"c1"}'
	end
}

@test "events: not of a stopped container, nor with an interval that is none" {
	local interval
	start
	for interval in 0s 5 -5s x ''; do
		try rootlet events --interval "$interval" c1
		assert_error 'interval' 2
	done
	rootlet kill c1 KILL
	stopped() { [ "$(rootlet state c1 | jq -r .status)" = stopped ]; }
	wait_until 30 stopped
	try rootlet events --stats c1
	assert_error 'c1.*stopped'
	end
}
