# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2016,SC2034,SC2154,SC2164
# The guest is what the other guest-*.bats take it for, and containers run in each of its places.
# guest modes: session scope service cron

load helpers
load guest

setup_test() {
	skip_unless_guest
}

# --- what the guest is -----------------------------------------------------------------------

@test "all of cgroup v2 is there, and nothing of v1" {
	assert_equal "$(stat -f -c %T /sys/fs/cgroup)" cgroup2fs
	assert_equal "$(wc -l </proc/self/cgroup)" 1
	local controller
	for controller in cpu cpuset io memory pids; do
		assert_match " $(</sys/fs/cgroup/cgroup.controllers) " " $controller "
	done
}

@test "the user is an ordinary one with subordinate ids" {
	assert_equal "$(id -u)" 1000
	assert_equal "$(sed -n 's/^CapEff:[[:space:]]*//p' /proc/self/status)" 0000000000000000
	has_subids
}

@test "we are in the cgroup that the mode says" {
	local user=/user.slice/user-1000.slice own
	own=$(cgroup_of self)
	case $GUEST_MODE in
	session) assert_match "$own" "^$user/session-[^/]*\.scope$" ;;
	scope) assert_match "$own" "^$user/user@1000\.service/app\.slice/[^/]*\.scope$" ;;
	service) assert_match "$own" "^$user/user@1000\.service/app\.slice/[^/]*\.service$" ;;
	cron) assert_match "$own" '^/system\.slice/[^/]*\.service$' ;;
	*) fail "unknown mode $GUEST_MODE" ;;
	esac
}

@test "the user may make cgroups where they are delegated, and only there" {
	local own=/sys/fs/cgroup$(cgroup_of self)
	case $GUEST_MODE in
	scope)
		mkdir "$own/test"
		rmdir "$own/test"
		assert_match " $(cgroup_file self cgroup.controllers) " ' memory .*pids '
		;;
	session | cron)
		try mkdir "$own/test"
		assert_failure
		;;
	esac
}

@test "logind has a session for us where there was a login" {
	try loginctl show-session --property=Name --value "${XDG_SESSION_ID:-none}"
	case $GUEST_MODE in
	session | scope) assert_output alice ;;
	*) assert_failure ;;
	esac
}

@test "the user's service manager answers and delegates" {
	use_login
	try systemd-run --user --quiet --scope --collect --property=Delegate=yes \
		sh -c 'cat /proc/self/cgroup; mkdir "/sys/fs/cgroup$(sed s/^0::// /proc/self/cgroup)/test"'
	assert_success
	assert_match "$output" '^0::/user\.slice/user-1000\.slice/user@1000\.service/'
}

# --- what a container is there -----------------------------------------------------------------

@test "a container runs, with all the ids that the user has" {
	make_bundle
	script 'id -u; cat /proc/self/uid_map'
	try rootlet run c1
	assert_success
	assert_line 0
	assert_equal "$(awk 'NF == 3 { print $1, $2, $3 }' <<<"$output")" $'0 1000 1\n1 100000 65536'
	assert_nothing_left
}

@test "a container goes through its life" {
	make_bundle
	script 'sleep 1000'
	running c1
	try rootlet exec c1 echo inside
	assert_output inside
	try rootlet ps c1
	assert_match "$output" 'sleep 1000'
	try rootlet delete --force c1
	assert_success
	assert_nothing_left
}
