# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2016,SC2034,SC2154,SC2164
# Cgroups as directories, where the user has all controllers: who moves, what is in force, what is
# left, and systemd as a container's init.
# guest modes: scope service

load helpers
load guest

setup_test() {
	skip_unless_guest
	use_login
	make_bundle busybox
	config '.process.args = ["sleep", "1000"] | .root.readonly = false'
}

# Our own cgroup, or the one above when a test before this one made us move.
base() {
	local path
	path=$(cgroup_of $BASHPID)
	echo "/sys/fs/cgroup${path%/rootlet-callers}"
}

container_cgroups() {
	find "$(base)" -mindepth 1 -maxdepth 1 -type d -name 'rootlet-*' -not -name rootlet-callers
}

no_container_cgroups() {
	[ -z "$(container_cgroups)" ]
}

# A service is the user's, but systemd has not delegated it.
skip_unless_scope() {
	[ "$GUEST_MODE" = scope ] || skip "is about a delegated scope"
}

teardown_test() {
	[ -n "${GUEST_MODE:-}" ] || return 0
	local id
	for id in $(rootlet list --quiet); do
		rootlet delete --force "$id" || return
	done
	wait_until 10 no_container_cgroups || {
		container_cgroups
		return 1
	}
}

limit() { # ID FILE
	cgroup_file "$(pid_of "$1")" "$2"
}

@test "nobody is moved for a container without limits" {
	local before
	before=$(cgroup_of $BASHPID)
	running c1
	assert_equal "$(cgroup_of $BASHPID)" "$before"
	assert_match "/sys/fs/cgroup$(cgroup_of "$(pid_of c1)")" "^$(base)/rootlet-c1-"
}

@test "for limits the callers move to a leaf, and stay there" {
	skip_unless_scope
	local base
	base=$(base)
	# Said explicitly: this systemd does not mark what it has delegated.
	rootlet() {
		"$ROOTLET" --cgroup-manager cgroupfs "$@"
	}
	config '.linux.resources = {memory: {limit: 67108864}, pids: {limit: 30}}'
	running c1
	assert_equal "$(limit c1 memory.max) $(limit c1 pids.max)" "67108864 30"
	assert_equal "/sys/fs/cgroup$(cgroup_of $BASHPID)" "$base/rootlet-callers"
	assert_equal "$(cat "$base/cgroup.procs")" ""
	# The next one is beside it, not below the leaf.
	running c2
	assert_match "/sys/fs/cgroup$(cgroup_of "$(pid_of c2)")" "^$base/rootlet-c2-"
	assert_equal "$(limit c2 memory.max)" 67108864
}

@test "every cgroup on the way to the container's gives its controllers" {
	skip_unless_scope
	config '.linux.resources.memory.limit = 67108864 | .linux.cgroupsPath = "rootlet-pod/a/c1"'
	running c1
	assert_equal "/sys/fs/cgroup$(cgroup_of "$(pid_of c1)")" "$(base)/rootlet-pod/a/c1"
	assert_equal "$(limit c1 memory.max)" 67108864
	rootlet delete --force c1
	[ ! -e "$(base)/rootlet-pod" ]
}

@test "limits are in force before the container's hooks and its first instruction" {
	skip_unless_scope
	config '.linux.resources.pids.limit = 17 | .hooks.createContainer =
		[{path: "/bin/sh", args: ["sh", "-c", "cat /sys/fs/cgroup$(sed s/0::// /proc/self/cgroup)/pids.max >$0", $out]}]' \
		--arg out "$T/hook"
	config '.linux.namespaces |= map(select(.type != "cgroup"))'
	script 'cat /sys/fs/cgroup$(sed s/0::// /proc/self/cgroup)/pids.max'
	try rootlet run c1
	assert_success
	assert_output 17
	assert_equal "$(cat "$T/hook")" 17
}

@test "a fork bomb ends at pids.max, and with its container" {
	skip_unless_scope
	config '.linux.resources.pids.limit = 40'
	script 'bomb() { bomb | bomb & }; bomb; sleep 1000'
	running c1
	wait_until 60 eval '[ "$(sed -n "s/^max //p" <<<"$(limit c1 pids.events)")" -gt 0 ]'
	[ "$(limit c1 pids.current)" -le 40 ]
	rootlet delete --force c1
}

@test "a program that takes more memory than it may is killed, and it is counted" {
	skip_unless_scope
	config '.linux.resources.memory = {limit: 33554432, swap: 33554432}'
	script 'sh -c "dd if=/dev/zero of=/dev/null bs=200M count=1"; echo "$?"; sleep 1000'
	running c1
	wait_until 60 grep -qx 137 "$T/c1.out"
	assert_match "$(limit c1 memory.events)" 'oom_kill 1'
	has_status c1 running
}

@test "what systemd has not delegated is not rearranged: the container with limits is a scope" {
	[ "$GUEST_MODE" = service ] || skip "is about a service that is not delegated"
	local before
	before=$(cgroup_of $BASHPID)
	config '.linux.resources = {memory: {limit: 67108864}, cpu: {cpus: "0"}}'
	running c1
	assert_equal "$(limit c1 memory.max) $(limit c1 cpuset.cpus)" "67108864 0"
	assert_match "$(cgroup_of "$(pid_of c1)")" '/rootlet-c1-[^/]*\.scope$'
	assert_equal "$(cgroup_of $BASHPID)" "$before"
	[ ! -e "/sys/fs/cgroup$before/rootlet-callers" ]
}

@test "exec is in the cgroup of the first process where the container's own can have none" {
	skip_unless_scope
	config '.linux.resources.memory.limit = 67108864'
	config '(.mounts[] | select(.destination == "/sys/fs/cgroup") | .options) -= ["ro"]'
	script 'cd /sys/fs/cgroup && mkdir -p my/init && echo $$ >my/init/cgroup.procs &&
		echo +memory >cgroup.subtree_control && touch /tmp/ready && exec sleep 1000'
	running c1
	wait_until 20 test -e "$BUNDLE/rootfs/tmp/ready"
	try rootlet exec c1 sed s/0::// /proc/self/cgroup
	assert_success
	assert_output /my/init
}

@test "100 containers at once, each with its limit, and none is left" {
	skip_unless_scope
	local i pids=() pid
	config '.process.args = ["sleep", "1000"] | .linux.resources = {memory: {limit: 67108864}, pids: {limit: 30}}'
	for ((i = 0; i < 100; i++)); do
		{ rootlet create "c$i" && rootlet start "c$i" && rootlet delete --force "c$i"; } \
			</dev/null >"$T/out.$i" 2>&1 3>&- &
		pids+=($!)
		((i % 10 != 9)) || wait_until 120 eval '[ "$(jobs -rp | wc -l)" -le 10 ]'
	done
	for pid in "${pids[@]}"; do
		wait "$pid" || {
			cat "$T"/out.*
			return 1
		}
	done
	wait_until 10 no_container_cgroups
	assert_nothing_left
}

# --- systemd in a container ------------------------------------------------------------------

has_started() {
	case $(system_state) in
	running | degraded) ;;
	*) return 1 ;;
	esac
}

@test "systemd is pid 1 in a container: it starts, gives its services cgroups, and shuts down" {
	systemd_bundle
	running c1
	wait_until 240 has_started
	try rootlet exec c1 systemctl --failed --no-pager --no-legend
	refute_output
	# It has made cgroups below the container's, in which exec is beside it.
	local top
	top=/sys/fs/cgroup$(cgroup_of "$(pid_of c1)")
	assert_equal "$(basename "$top")" init.scope
	[ -d "${top%/*}/system.slice" ]
	# A service in which a process lingers, and that has a limit where there are controllers.
	try rootlet exec c1 systemd-run --unit lingering -p KillMode=none -p TasksMax=9 sleep 1000
	assert_success
	[ -d "${top%/*}/system.slice/lingering.service" ]
	rootlet pause c1
	has_status c1 paused
	rootlet resume c1
	# SIGRTMIN+3 is what systemd takes for a request to halt.
	rootlet kill c1 37
	wait_until 120 has_status c1 stopped
	rootlet delete c1
	assert_nothing_left
}

@test "systemd in a container that is killed leaves no cgroup" {
	systemd_bundle
	running c1
	wait_until 240 has_started
	rootlet delete --force c1
	assert_nothing_left
}
