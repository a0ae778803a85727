# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2016,SC2034,SC2154,SC2164
# Cgroups of root's containers, and what hosts look like that have another cgroup tree than this
# one, or none: in mount and cgroup namespaces of the test's own.

load helpers

setup_test() {
	skip_unless_root
	TREE=$(cgroup_tree)
	[ -n "$TREE" ] && [ -w "$TREE/cgroup.procs" ] || skip "no cgroup v2 tree to write to"
	make_bundle busybox
	config '.process.args = ["sleep", "1000"] | .root.readonly = false'
}

teardown_test() {
	# Of a test that failed.
	[ ! -d "$TREE/rltest-$$" ] || find "$TREE/rltest-$$" -depth -type d -exec rmdir {} + || true
}

# with_tree COMMANDS: sh runs them where /sys/fs/cgroup is as the variable TREE_IS says.
in_namespace() { # UNSHARE-OPTIONS COMMANDS
	# shellcheck disable=SC2086
	try unshare --mount --propagation private $1 sh -euc "$2" sh "$ROOTLET" "$STATE_DIR" "$TREE"
}

@test "root's containers are below /rootlet, which goes with the last" {
	running c1
	rootlet run -d c2
	local path
	path=$(sed -n 's/^0:://p' "/proc/$(pid_of c1)/cgroup")
	assert_match "$path" '^/rootlet/rootlet-c1-[0-9a-f]{8}$'
	rootlet pause c1
	has_status c1 paused
	rootlet delete --force c1
	[ ! -e "$TREE$path" ]
	rootlet delete --force c2
	# Unless somebody else has containers at this moment.
	[ ! -e "$TREE/rootlet" ] || [ -n "$(find "$TREE/rootlet" -mindepth 1 -type d)" ]
}

@test "an absolute cgroupsPath of root's is from the root of the tree" {
	config '.linux.cgroupsPath = $path' --arg path "/rltest-$$/a"
	running c1
	assert_equal "$(cgroup_directory "$(pid_of c1)")" "$TREE/rltest-$$/a"
	rootlet delete --force c1
	[ ! -e "$TREE/rltest-$$" ]
}

@test "the tree is found where it is the only one" {
	in_namespace "" 'mount --bind "$3" /sys/fs/cgroup
		"$1" --root "$2" run -d c1
		"$1" --root "$2" pause c1
		"$1" --root "$2" state c1'
	assert_success
	assert_equal "$(jq -r .status <<<"$output")" paused
	# From outside it is the same cgroup.
	has_status c1 paused
	rootlet delete --force c1
}

@test "without any tree a container runs, and what is lost is said" {
	in_namespace "" 'umount -l /sys/fs/cgroup || :; mount -t tmpfs none /sys/fs/cgroup
		"$1" --root "$2" run -d c1
		"$1" --root "$2" ps -f json c1
		"$1" --root "$2" delete --force c1'
	assert_success
	refute_stderr
	assert_equal "$(jq length <<<"$output")" 1
	config '.linux.resources.pids.limit = 5'
	in_namespace "" 'mount -t tmpfs none /sys/fs/cgroup
		"$1" --root "$2" run -d c1
		"$1" --root "$2" delete --force c1'
	assert_success
	assert_match "$stderr" 'linux.resources: not in force: .*pids.limit.*: this host has no cgroup v2; '
	config '.linux.cgroupsPath = "mine"'
	in_namespace "" 'mount -t tmpfs none /sys/fs/cgroup
		"$1" --root "$2" create c1'
	assert_error 'no cgroup v2 is mounted at /sys/fs/cgroup'
	assert_nothing_left
}

@test "in a container that has no /sys/fs/cgroup, or a file in its place" {
	in_namespace "" 'mount -t tmpfs none /sys/fs
		"$1" --root "$2" run -d c1
		"$1" --root "$2" delete --force c1
		: >/sys/fs/cgroup
		"$1" --root "$2" run -d c1
		"$1" --root "$2" delete --force c1'
	assert_success
	refute_stderr
}

@test "in a container that may not write to its tree there are no cgroups" {
	in_namespace "" 'mount --bind "$3" /sys/fs/cgroup
		mount -o remount,bind,ro /sys/fs/cgroup
		"$1" --root "$2" run -d c1
		cat /proc/self/cgroup /proc/$("$1" --root "$2" state c1 | jq .pid)/cgroup | sed -n s/^0:://p
		"$1" --root "$2" delete --force c1'
	assert_success
	refute_stderr
	assert_equal "${lines[0]}" "${lines[1]}"
}

@test "in a cgroup namespace the containers are below the cgroup that we are in" {
	mkdir "$TREE/rltest-$$"
	in_namespace --fork 'echo $$ >"$3/rltest-'$$'/cgroup.procs"
		exec unshare --cgroup sh -euc "mount -t tmpfs none /sys/fs/cgroup
			mount -t cgroup2 none /sys/fs/cgroup
			\"\$1\" --root \"\$2\" run -d c1; \"\$1\" --root \"\$2\" state c1" sh "$1" "$2"'
	assert_success
	assert_match "$(cgroup_directory "$(pid_of c1)")" "^$TREE/rltest-$$/rootlet-c1-"
	rootlet kill c1 KILL
	wait_until 10 has_status c1 stopped
	# From outside the recorded path leads elsewhere: nothing is touched there.
	rootlet delete c1
	find "$TREE/rltest-$$" -mindepth 1 -depth -type d -exec rmdir {} +
	rmdir "$TREE/rltest-$$"
}
