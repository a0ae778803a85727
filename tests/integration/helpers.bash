# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2016,SC2034,SC2154,SC2164
# (bats sets BATS_ variables and runs with -e, tests use the others, jq has $ too)
#
# What every integration test has: a private directory $T with a runtime directory of its own, a
# bundle to run, a way to call rootlet that keeps the three streams apart, and a teardown that
# fails the test when it leaves a container, a process, a mount or state behind.
#
# A file begins with `load helpers`, and the tests read like this:
#
#	@test "the container's exit status is ours" {
#		make_bundle
#		config '.process.args = ["sh", "-c", "exit 42"]'
#		try rootlet run c1
#		assert_status 42
#	}
#
# rootlet itself is $ROOTLET; without it, the one in the tree or in build/. A file that needs more
# defines setup_test, which runs at the end of setup, and teardown_test, at the start of teardown.

BATS_TEST_TIMEOUT=${BATS_TEST_TIMEOUT:-120} # seconds; bats before 1.8 has none

TESTS=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)

# --- setup and teardown ----------------------------------------------------------------------

setup() {
	T=$BATS_TEST_TMPDIR
	BUNDLE=$T/bundle
	# In the environment of all that the test starts: teardown finds by it what is left.
	export RL_TEST_ID=$T
	export XDG_RUNTIME_DIR=$T/run XDG_CACHE_HOME=$T/cache HOME=$T/home
	unset LISTEN_FDS LISTEN_PID NOTIFY_SOCKET
	unset "${!ROOTLET_@}"
	find_rootlet
	mkdir -m 700 "$XDG_RUNTIME_DIR" "$XDG_CACHE_HOME" "$HOME"
	mkdir "$BUNDLE"
	cd "$BUNDLE"
	enter_cgroup
	STATE_DIR=$XDG_RUNTIME_DIR/rootlet
	[ "$(id -u)" -ne 0 ] || STATE_DIR=$T/root-state
	if declare -F setup_test >/dev/null; then
		setup_test
	fi
}

teardown() {
	local id leaks failed=0
	# bats does not stop at what fails in a teardown: its status is all that counts.
	if declare -F teardown_test >/dev/null; then
		teardown_test || failed=1
	fi
	cd /
	for id in $(rootlet list --quiet 2>/dev/null); do
		rootlet delete --force "$id" || true
	done
	leaks=$(leftovers)
	# Containers that are being killed need a moment.
	if [ -n "$leaks" ] && ! wait_until 5 no_leftovers; then
		echo "left behind by the test:"
		leftovers
		kill_leftovers
		failed=1
	fi
	leave_cgroup
	return "$failed"
}

# --- cgroups ---------------------------------------------------------------------------------

# Where the v2 tree is mounted; nothing when there is none.
cgroup_tree() {
	local tree
	for tree in /sys/fs/cgroup /sys/fs/cgroup/unified; do
		[ "$(stat -f -c %T "$tree" 2>/dev/null)" != cgroup2fs ] || {
			echo "$tree"
			return
		}
	done
}

# cgroup_directory PID: the directory of the cgroup that it is in.
cgroup_directory() {
	local path
	path=$(sed -n 's/^0:://p' "/proc/$1/cgroup")
	realpath -m -- "$(cgroup_tree)$path"
}

# Where a cgroup is delegated to the user, each test has one of its own: what is left in it is seen.
# It has no controllers, so not in the files that are about those. $CGROUP is its directory, or empty.
enter_cgroup() {
	local own
	CGROUP=
	own=$(cgroup_directory $BASHPID)
	[ "$(id -u)" -ne 0 ] && [ -w "$own" ] && [ -w "$own/cgroup.procs" ] || return 0
	[[ $BATS_TEST_FILENAME != */guest-* ]] || return 0
	mkdir "$own/test-$$"
	CGROUP=$own/test-$$
	echo $BASHPID >"$CGROUP/cgroup.procs"
}

leave_cgroup() {
	[ -n "$CGROUP" ] || return 0
	echo $BASHPID >"${CGROUP%/*}/cgroup.procs"
	wait_until 5 remove_test_cgroup
}

remove_test_cgroup() {
	find "$CGROUP" -depth -type d -exec rmdir {} + 2>/dev/null
}

skip_unless_delegated() {
	[ -n "$CGROUP" ] || skip "no cgroup is delegated to $(id -un)"
}

find_rootlet() {
	local candidate
	# Tests change the directory.
	if [ -n "${ROOTLET:-}" ]; then
		ROOTLET=$(realpath -- "$ROOTLET")
	else
		for candidate in "$TESTS"/../../{,build/}rootlet; do
			[ ! -x "$candidate" ] || ROOTLET=$(realpath -- "$candidate")
		done
	fi
	export ROOTLET
	# The network helper of a build tree, by a name that says whose it is: it has no environment.
	HELPER_NAME=net-$$
	if [ -x "${ROOTLET%/*}/rootlet-net" ]; then
		export ROOTLET_NET=$T/$HELPER_NAME
		ln -s "${ROOTLET%/*}/rootlet-net" "$ROOTLET_NET"
	fi
	[ -x "${ROOTLET:-}" ] || {
		echo "no rootlet to test: build it, or set ROOTLET to its path"
		return 1
	}
}

# --- leftovers -------------------------------------------------------------------------------

# Processes that were started by this test, or whose root or mounts lie in its directory. A
# zombie has neither an environment nor mounts any more and is not found: it is its parent's.
test_processes() (
	# The path as mountinfo has it, whatever file system the directory is on.
	directory=${T#"${BATS_RUN_TMPDIR%/*}"}/
	unset RL_TEST_ID # not of the programs here
	{
		grep -lsxazF "RL_TEST_ID=$T" /proc/[0-9]*/environ
		grep -lsF "$directory" /proc/[0-9]*/mountinfo
		network_helpers
	} | cut -d/ -f3 | sort -un
)

network_helpers() {
	local file
	for file in $(grep -lsx "$HELPER_NAME" /proc/[0-9]*/comm); do
		! grep -qs '^State:.[^ZX]' "${file%/comm}/status" || echo "$file"
	done
}

test_mounts() {
	grep -F " $T/" /proc/self/mountinfo || true
}

# A line for each thing that should not be there.
leftovers() {
	local pid
	for pid in $(test_processes); do
		echo "process $pid: $(tr '\0' ' ' 2>/dev/null <"/proc/$pid/cmdline")"
	done
	test_mounts | sed 's/^/mount: /'
	find "$STATE_DIR" -mindepth 1 -printf 'state: %p\n' 2>/dev/null || true
	[ -z "$CGROUP" ] || find "$CGROUP" -mindepth 1 -type d -not -name rootlet-callers -printf 'cgroup: %p\n'
}

no_leftovers() {
	[ -z "$(leftovers)" ]
}

# So that one failure is not followed by others: by process id, and only this test's own.
kill_leftovers() {
	local pid
	for pid in $(test_processes); do
		kill -KILL "$pid" 2>/dev/null || true
	done
}

# --- rootlet ---------------------------------------------------------------------------------

# Real root's state directory is the machine's: a test has its own.
rootlet() {
	if [ "$(id -u)" -eq 0 ]; then
		"$ROOTLET" --root "$STATE_DIR" "$@"
	else
		"$ROOTLET" "$@"
	fi
}

# try CMD…: run it with $status, $output (stdout) and $stderr set, never failing by itself.
#
# Unlike bats' run it keeps the streams apart, and does not wait for the end of file on them: a
# created container holds on to the streams of create. stdin is empty, or the file $TRY_STDIN.
try() {
	status=0
	"$@" <"${TRY_STDIN:-/dev/null}" >"$T/stdout" 2>"$T/stderr" 3>&- || status=$?
	reread
	echo "\$ $*  → $status"
	[ -z "$output" ] || printf 'stdout: %s\n' "$output"
	[ -z "$stderr" ] || printf 'stderr: %s\n' "$stderr"
}

# Look again at what the last try has written: a container may have written more meanwhile.
reread() {
	output=$(tr -d '\0' <"$T/stdout")
	stderr=$(tr -d '\0' <"$T/stderr")
	lines=()
	[ -z "$output" ] || mapfile -t lines <<<"$output"
}

# background CMD…: run it beside the test; $! is its process. Streams go to $T/background.
background() {
	"$@" </dev/null >"$T/background" 2>&1 3>&- &
}

# --- bundles ---------------------------------------------------------------------------------

# The C programs of this directory, compiled once for a file of tests: static, without sanitizers.
# $TEST_PROGRAMS has them where there is no compiler.
test_program() {
	local program=${TEST_PROGRAMS:-$BATS_RUN_TMPDIR}/$1
	[ -x "$program" ] ||
		"${CC:-cc}" -O1 -static -D_GNU_SOURCE -o "$program" "$TESTS/$1.c" >&2
	echo "$program"
}

# A root file system with busybox and the least that programs expect, made once for a file.
busybox_rootfs() {
	local rootfs=$BATS_RUN_TMPDIR/busybox
	if [ ! -d "$rootfs" ]; then
		mkdir -p "$rootfs"/{bin,dev,etc,proc,root,sys,tmp,var}
		cp -- "$(command -v busybox)" "$rootfs/bin/busybox"
		busybox --list | sed '/^busybox$/d' | (cd "$rootfs/bin" && xargs -n 1 ln -s busybox)
		printf '%s\n' root:x:0:0:root:/root:/bin/sh user:x:1000:1000:User:/home/user:/bin/sh \
			>"$rootfs/etc/passwd"
		printf '%s\n' root:x:0: tty:x:5: user:x:1000: >"$rootfs/etc/group"
		chmod 1777 "$rootfs/tmp"
	fi
	echo "$rootfs"
}

# What `rootlet spec` writes, less the terminal and the network, made once for a file. (In an emulator
# jq alone takes half a second.)
default_config() {
	local directory=$BATS_RUN_TMPDIR/spec
	if [ ! -e "$directory/default.json" ]; then
		mkdir -p "$directory"
		(cd "$directory" && rootlet spec &&
			jq '.process.terminal = false | del(.annotations["org.rootlet.network"])' \
				config.json >new.json && mv new.json default.json)
	fi
	echo "$directory/default.json"
}

# make_bundle [busybox|hello|empty]: a rootfs and a config.json in $BUNDLE, which is the working
# directory already. The config is what `rootlet spec` writes, less the terminal and the network.
make_bundle() {
	case ${1:-busybox} in
	busybox)
		cp -a -- "$(busybox_rootfs)" "$BUNDLE/rootfs"
		;;
	hello)
		mkdir -p "$BUNDLE/rootfs"
		cp -- "$(test_program hello)" "$BUNDLE/rootfs/hello"
		;;
	empty)
		mkdir -p "$BUNDLE/rootfs"
		;;
	esac
	cp -- "$(default_config)" "$BUNDLE/config.json"
	case ${1:-busybox} in
	hello) config '.process.args = ["/hello"]' ;;
	esac
}

# config FILTER [JQ ARGUMENT…]: edit the bundle's config.json with jq.
config() {
	jq "${@:2}" "$1" "$BUNDLE/config.json" >"$BUNDLE/config.new" &&
		mv -- "$BUNDLE/config.new" "$BUNDLE/config.json"
}

# script TEXT: the container's program is sh with this text.
script() {
	config '.process.args = ["sh", "-c", $text]' --arg text "$1"
}

# --- containers ------------------------------------------------------------------------------

# created ID, running ID: a container in that state, whose streams go to $T/ID.out and $T/ID.err.
created() {
	rootlet create "$@" </dev/null >"$T/$1.out" 2>"$T/$1.err" 3>&- || {
		cat "$T/$1.err"
		return 1
	}
}

running() {
	created "$@" && rootlet start "$1" && wait_until 10 has_status "$1" running
}

state_of() { # ID KEY
	rootlet state "$1" | jq -r --arg key "$2" '.[$key]'
}

status_of() {
	state_of "$1" status
}

pid_of() {
	state_of "$1" pid
}

has_status() { # ID STATUS
	[ "$(status_of "$1")" = "$2" ]
}

# wait_until SECONDS CMD…: poll until CMD succeeds.
wait_until() {
	local end=$((SECONDS + $1 + 1))
	shift
	until "$@"; do
		[ "$SECONDS" -lt "$end" ] || {
			echo "waited in vain for: $*"
			return 1
		}
		sleep .02
	done
}

# A zombie does not count as alive: somebody else may have to reap it.
process_lives() {
	grep -qs '^State:[[:space:]]*[^ZX[:space:]]' "/proc/$1/status"
}

process_gone() {
	! process_lives "$1"
}

# --- what this user and host have ------------------------------------------------------------

has_subids() {
	local user
	user="^($(id -un)|$(id -u)):"
	grep -qsE "$user" /etc/subuid && grep -qsE "$user" /etc/subgid &&
		command -v newuidmap >/dev/null && command -v newgidmap >/dev/null
}

skip_unless_subids() {
	has_subids || skip "$(id -un) has no subordinate ids, or newuidmap is missing"
}

# AddressSanitizer maps terabytes, which limits of memory forbid.
has_address_sanitizer() {
	ldd "$ROOTLET" 2>/dev/null | grep -q libasan
}

skip_unless_root() {
	[ "$(id -u)" -eq 0 ] || skip "needs real root"
}

skip_if_root() {
	[ "$(id -u)" -ne 0 ] || skip "is about ordinary users"
}

# kernel_is VERSION: the running kernel is that one or newer.
kernel_is() {
	[ "$(printf '%s\n' "$1" "$(uname -r)" | sort -V | head -n 1)" = "$1" ]
}

skip_if_user_before() { # VERSION WHAT
	[ "$(id -u)" -eq 0 ] || kernel_is "$1" || skip "$2: Linux $1 or newer"
}

has_ipc_sysctls() {
	[ "$(id -u)" -eq 0 ] || kernel_is 6.9
}

skip_unless_ipc_sysctls() {
	has_ipc_sysctls || skip "sysctls of ipc in a user namespace: Linux 6.9 or newer"
}

# need_python MODULE: $PYTHON is a python3 that has it; Debian's own is tried first, since the
# packages install for that.
need_python() {
	for PYTHON in /usr/bin/python3 python3; do
		"$PYTHON" -c "import $1" 2>/dev/null && return 0
	done
	skip "no python3 with module $1"
}

# --- helper programs -------------------------------------------------------------------------

# recvtty SOCKET OUT: in the background, receive a pty's master at SOCKET, write what it says to
# OUT, and to OUT.fd what came with it. Returns when the socket listens.
recvtty() {
	python3 "$TESTS/recvfd.py" tty "$1" "$2" </dev/null >"$T/recvtty.log" 2>&1 3>&- &
	RECV_PID=$!
	wait_until 10 test -S "$1"
}

# recvpidfd SOCKET OUT: the same for a pidfd; OUT gets "pid N" and, when the process ends, "ended".
recvpidfd() {
	python3 "$TESTS/recvfd.py" pidfd "$1" "$2" </dev/null >"$T/recvpidfd.log" 2>&1 3>&- &
	RECV_PID=$!
	wait_until 10 test -S "$1"
}

# on_terminal [STEP…] -- CMD…: run CMD on a terminal of its own, whose output becomes ours; the
# steps (--size, --expect, --send, …) are in pty-run.py.
on_terminal() {
	python3 "$TESTS/pty-run.py" "$@"
}

# with_reaper CMD…: run CMD under a parent that reaps its orphans at once: the machine's own init
# may take seconds for it.
with_reaper() {
	"$(test_program with-reaper)" "$@"
}

# --- assertions ------------------------------------------------------------------------------
# Each ends with a failure status, so that they work where bash ignores -e as well.

fail() {
	printf '%s\n' "$@"
	return 1
}

assert_equal() { # ACTUAL EXPECTED
	[ "$1" = "$2" ] || fail "expected: $2" "actual:   $1"
}

assert_status() {
	[ "$status" -eq "$1" ] || fail "expected status: $1" "actual status:   $status"
}

assert_success() {
	assert_status 0
}

assert_failure() { # [STATUS]
	if [ $# -gt 0 ]; then
		assert_status "$1"
	else
		[ "$status" -ne 0 ] || fail "expected a failure"
	fi
}

assert_output() { # TEXT
	assert_equal "$output" "$1"
}

assert_match() { # TEXT REGEX
	[[ $1 =~ $2 ]] || fail "expected a match of: $2" "actual: $1"
}

refute_match() {
	[[ ! $1 =~ $2 ]] || fail "expected no match of: $2" "actual: $1"
}

assert_line() { # LINE, one of the output's
	grep -qxF -- "$1" <<<"$output" || fail "expected a line: $1" "actual: $output"
}

refute_line() {
	! grep -qxF -- "$1" <<<"$output" || fail "expected no line: $1" "actual: $output"
}

refute_output() {
	[ -z "$output" ] || fail "expected no output" "actual: $output"
}

refute_stderr() {
	[ -z "$stderr" ] || fail "expected nothing on stderr" "actual: $stderr"
}

assert_line_count() { # NUMBER TEXT
	local count=0
	[ -z "$2" ] || count=$(wc -l <<<"$2")
	[ "$count" -eq "$1" ] || fail "expected $1 lines, got $count" "$2"
}

# assert_error REGEX [STATUS]: the command failed, said so in one line on stderr that matches, and
# printed nothing else.
assert_error() {
	assert_failure "${@:2:1}" &&
		assert_line_count 1 "$stderr" &&
		assert_match "$stderr" "$1" &&
		refute_match "$stderr" $'[\x01-\x1f]' && # a message never carries control characters
		refute_output
}

# Nothing of a failed command is left: no container, no process, no mount.
assert_nothing_left() {
	local leaks
	leaks=$(leftovers)
	[ -z "$leaks" ] || fail "left behind:" "$leaks"
}
