# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2016,SC2034,SC2154,SC2164
#
# update and events where a part of the v2 tree is delegated to the user, without controllers: files
# that every cgroup has stand for limits. Real limits are in guest-resources.bats.
# guest modes: scope

load helpers

setup_test() {
	make_bundle busybox
	config '.process.args = ["sleep", "1000"]'
}

cgroup_file() { # NAME, of c1
	cat "$(cgroup_directory "$(pid_of c1)")/$1"
}

# assert_json FILTER VALUE: what jq makes of the last output
assert_json() {
	assert_equal "$(jq -c "$1" <<<"$output")" "$2"
}

# --- update ----------------------------------------------------------------------------------

@test "update: without a cgroup there is nothing to change" {
	rootlet --cgroup-manager disabled run --detach c1
	try rootlet update --pids-limit 5 c1
	assert_error 'cannot update container "c1": it has no cgroup'
	try rootlet events --stats c1
	assert_error 'cannot watch container "c1": it has no cgroup'
	rootlet delete --force c1
	assert_nothing_left
}

@test "update: of an unknown container" {
	try rootlet update --pids-limit 5 c1
	assert_error 'c1'
	try rootlet events c1
	assert_error 'c1'
}

@test "update: raw keys from a file and from standard input" {
	skip_unless_delegated
	running c1
	echo '{"unified": {"cgroup.max.depth": "7", "cgroup.max.descendants": "8"}}' >limits
	try rootlet update -r limits c1
	assert_success
	refute_output
	refute_stderr
	assert_equal "$(cgroup_file cgroup.max.depth)" 7
	assert_equal "$(cgroup_file cgroup.max.descendants)" 8
	echo '{"unified": {"cgroup.max.depth": "max"}}' >limits
	TRY_STDIN=limits try rootlet update --resources=- c1
	assert_success
	assert_equal "$(cgroup_file cgroup.max.depth)" max
	assert_equal "$(cgroup_file cgroup.max.descendants)" 8
	rootlet delete --force c1
	assert_nothing_left
}

@test "update: a refused value leaves the old ones, one line says which it was" {
	skip_unless_delegated
	running c1
	echo '{"unified": {"cgroup.max.depth": "7"}}' >limits
	rootlet update -r limits c1
	echo '{"unified": {"cgroup.max.depth": "9", "cgroup.max.descendants": "-5"}}' >limits
	try rootlet update -r limits c1
	assert_error 'linux\.resources\.unified\[cgroup\.max\.descendants\]: the kernel refuses "-5" for cgroup\.max\.descendants: '
	assert_equal "$(cgroup_file cgroup.max.depth)" 7
	assert_equal "$(cgroup_file cgroup.max.descendants)" max
	echo '{"unified": {"cgroup.max.depth": "9", "cgroup.nonsense": "1"}}' >limits
	try rootlet update -r limits c1
	assert_error 'cgroup\.nonsense\]: cgroups of this kernel have no file cgroup\.nonsense'
	assert_equal "$(cgroup_file cgroup.max.depth)" 7
	rootlet delete --force c1
	assert_nothing_left
}

@test "update: a limit whose controller is not there is refused, and what came before it undone" {
	skip_unless_delegated
	running c1
	[ ! -e "$(cgroup_directory "$(pid_of c1)")/pids.max" ] || skip "the controllers are delegated"
	try rootlet update --pids-limit 5 c1
	assert_error 'linux\.resources\.pids\.limit: the controller pids is not enabled for this cgroup'
	# To ask for no limit is another thing.
	try rootlet update --pids-limit -1 --memory -1 --cpu-quota -1 c1
	assert_success
	rootlet delete --force c1
	assert_nothing_left
}

@test "update: values that cannot be are wrong usage, or named with their place" {
	local call
	for call in "--memory -2" "--memory 1x" "--memory 9223372036854775808" "--memory-swap x" "--memory-reservation ." \
		"--cpu-quota x" "--cpu-share -1" "--cpu-period 1.5" "--cpu-burst y" "--cpu-idle yes" \
		"--cpu-rt-period -1" "--cpu-rt-runtime x" "--pids-limit 1k" "--blkio-weight -1"; do
		# shellcheck disable=SC2086
		try rootlet update $call c1
		assert_error "update: option ${call% *}: \"${call#* }\" is not " 2
	done
	for call in "cpu.quota --cpu-quota 5" "cpu.period --cpu-period 999" "cpu.idle --cpu-idle 2" \
		"cpu.cpus --cpuset-cpus a" "cpu.mems --cpuset-mems 3-1" "blockIO.weight --blkio-weight 5" \
		"pids.limit --pids-limit -2" "memory.swap --memory 64m --memory-swap 32m" \
		"cpu.burst --cpu-quota 5000 --cpu-burst 6000"; do
		# shellcheck disable=SC2086
		try rootlet update ${call#* } c1
		assert_error "^rootlet: ${call%% *}: "
	done
	for call in --l3-cache-schema --mem-bw-schema; do
		try rootlet update "$call" x c1
		assert_error "option $call: .*not supported"
	done
	echo '{"pids": {"limit": "9"}}' >limits
	try rootlet update -r limits c1
	assert_error 'limits: pids\.limit: expected a number, got a string'
	echo '{"memory": {"limit": -7}}' >limits
	TRY_STDIN=limits try rootlet update -r - c1
	assert_error 'standard input: memory\.limit: -7 is no limit'
	try rootlet update -r missing c1
	assert_error 'cannot read missing: No such file'
	mkfifo pipe
	try rootlet update -r pipe c1
	assert_error 'cannot read pipe'
}

@test "update: what cgroup v2 cannot express is refused, what engines give for old runc is passed over" {
	skip_unless_delegated
	running c1
	try rootlet update --cpu-rt-runtime 500 c1
	assert_error 'linux\.resources\.cpu\.realtimeRuntime: cgroup v2 has no limits'
	try rootlet update --cpu-rt-runtime 0 --cpu-rt-period 0 --memory '' --cpuset-cpus '' c1
	assert_success
	refute_stderr
	try rootlet update --kernel-memory 5m --kernel-memory-tcp 5m c1
	assert_success
	assert_line_count 2 "$stderr"
	assert_match "$stderr" 'warning: option --kernel-memory has no effect'
	rootlet delete --force c1
	assert_nothing_left
}

@test "update: in a created and in a paused container, not in a stopped one" {
	skip_unless_delegated
	created c1
	echo '{"unified": {"cgroup.max.depth": "5"}}' >limits
	rootlet update -r limits c1
	rootlet start c1
	rootlet pause c1
	echo '{"unified": {"cgroup.max.descendants": "6"}}' >limits
	rootlet update -r limits c1
	rootlet resume c1
	assert_equal "$(cgroup_file cgroup.max.depth) $(cgroup_file cgroup.max.descendants)" "5 6"
	rootlet kill c1 KILL
	wait_until 10 has_status c1 stopped
	try rootlet update -r limits c1
	assert_error 'c1.*stopped'
	try rootlet events --stats c1
	assert_error 'c1.*stopped'
	rootlet delete c1
	assert_nothing_left
}

# --- events ----------------------------------------------------------------------------------

@test "events: statistics once, in runc's shape" {
	skip_unless_delegated
	running c1
	try rootlet events --stats c1
	assert_success
	refute_stderr
	assert_line_count 1 "$output"
	assert_json '[.type, .id]' '["stats","c1"]'
	assert_json '.data | keys - ["rdma"]' '["blkio","cpu","hugetlb","memory","pids"]'
	assert_json '.data.pids.current' 1
	assert_json '.data.cpu.usage | .total > 0 and .total >= .user' true
	if [ -e "$(cgroup_directory "$(pid_of c1)")/cpu.pressure" ]; then
		assert_json '.data.cpu.psi.some | keys' '["avg10","avg300","avg60","total"]'
	fi
	rootlet delete --force c1
	assert_nothing_left
}

@test "events: a line at each interval, the end when the container ends" {
	skip_unless_delegated
	local events
	running c1
	background rootlet events --interval 100ms c1
	events=$!
	lines() { [ "$(wc -l <"$T/background")" -ge 3 ]; }
	wait_until 20 lines
	rootlet kill c1 KILL
	wait "$events"
	assert_equal "$(jq -c '[.type, .id]' "$T/background" | sort -u)" '["stats","c1"]'
	rootlet delete c1
	assert_nothing_left
}

@test "events: the end is not missed while no statistics are due, nor while the container is paused" {
	skip_unless_delegated
	local events
	running c1
	rootlet pause c1
	background "$ROOTLET" events --interval 24h c1
	events=$!
	watching() { ls -l "/proc/$events/fd" | grep -q cgroup.events; }
	wait_until 10 watching
	rootlet delete --force c1
	wait "$events"
	assert_equal "$(cat "$T/background")" ""
	assert_nothing_left
}

@test "events: an interval that is none is wrong usage" {
	local interval
	for interval in 0s 0 5 -5s x 5d ''; do
		try rootlet events --interval "$interval" c1
		assert_error 'interval' 2
	done
}

@test "events: when nobody can read them, it fails" {
	skip_unless_delegated
	running c1
	try bash -c 'rootlet events --stats c1 >/dev/full'
	assert_failure
	rootlet delete --force c1
	assert_nothing_left
}
