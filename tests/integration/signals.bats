#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# Signals, readiness (NOTIFY_SOCKET), socket activation (LISTEN_FDS) and file descriptors: what a
# service manager or a shell has to do with a container in the foreground.

load helpers

setup_test() {
	make_bundle
}

# run_beside ARGUMENT…: rootlet run beside the test, with its pid in $RUN. What the shell starts in
# the background has SIGINT and SIGQUIT ignored.
run_beside() {
	background env --default-signal=INT,QUIT "$ROOTLET" --root "$STATE_DIR" run "$@"
	RUN=$!
}

# The exit status of what run_beside started.
run_status() {
	code=0
	wait "$RUN" || code=$?
}

said() {
	grep -qx -- "$1" "$T/background"
}

# --- signals ---------------------------------------------------------------------------------

@test "signals that programs handle are forwarded, each as itself" {
	local signal
	script 'for s in HUP INT QUIT USR1 USR2 TERM CONT WINCH; do trap "echo got $s" $s; done
		trap "exit 3" ALRM; echo there; while :; do sleep 1000 & wait; done'
	run_beside c1
	wait_until 10 said there
	for signal in HUP INT QUIT USR1 USR2 TERM CONT WINCH; do
		kill -"$signal" "$RUN"
		wait_until 10 said "got $signal"
	done
	kill -ALRM "$RUN"
	run_status
	assert_equal "$code" 3
	assert_nothing_left
}

@test "a real-time signal is forwarded" {
	script 'trap "exit 4" RTMIN; echo there; while :; do sleep 1000 & wait; done'
	# The shell of busybox knows only the number.
	config '.process.args[2] |= sub("RTMIN"; "34")'
	run_beside c1
	wait_until 10 said there
	kill -34 "$RUN"
	run_status
	assert_equal "$code" 4
}

@test "a signal that pid 1 does not handle changes nothing" {
	script 'echo there; read -r line < /fifo; exit 5'
	mkfifo "$BUNDLE/rootfs/fifo"
	run_beside c1
	wait_until 10 said there
	kill -TERM "$RUN"
	sleep .2
	assert_equal "$(status_of c1)" running
	echo go >"$BUNDLE/rootfs/fifo"
	run_status
	assert_equal "$code" 5
}

@test "without a pid namespace, a signal ends the program: 128 + n" {
	config '.linux.namespaces |= map(select(.type != "pid"))'
	config '.mounts |= map(select(.type != "proc"))'
	config 'del(.linux.maskedPaths, .linux.readonlyPaths)'
	config '.process.args = ["sh", "-c", "echo there; exec sleep 1000"]'
	run_beside c1
	wait_until 10 said there
	kill -TERM "$RUN"
	run_status
	assert_equal "$code" $((128 + 15))
	assert_nothing_left
}

@test "nohup: what our caller has us ignore does not end the container" {
	script 'trap "exit 6" HUP; echo there; sleep 1000 & wait'
	background bash -c 'trap "" HUP; exec "$@"' bash "$ROOTLET" --root "$STATE_DIR" run c1
	RUN=$!
	wait_until 10 said there
	kill -HUP "$RUN"
	sleep .2
	assert_equal "$(status_of c1)" running
	rootlet kill c1 KILL
	run_status
	assert_equal "$code" $((128 + 9))
}

@test "SIGTERM while a hook keeps create waiting: everything is undone" {
	config '.hooks.createRuntime = [{path: "/bin/sh", args: ["sh", "-c", $text]}]' \
		--arg text "touch $T/hook; exec sleep 1000"
	local code=0
	background "$ROOTLET" --root "$STATE_DIR" create c1
	RUN=$!
	wait_until 10 test -e "$T/hook"
	kill -TERM "$RUN"
	run_status
	assert_equal "$code" $((128 + 15))
	wait_until 5 no_leftovers
}

@test "SIGTERM while a hook keeps run waiting: everything is undone" {
	config '.hooks.createRuntime = [{path: "/bin/sh", args: ["sh", "-c", $text]}]' \
		--arg text "touch $T/hook; exec sleep 1000"
	run_beside c1
	wait_until 10 test -e "$T/hook"
	kill -TERM "$RUN"
	run_status
	assert_equal "$code" $((128 + 15))
	wait_until 5 no_leftovers
}

@test "run: the program's orphans are reaped and do not end it" {
	script '(sh -c "exit 1" & ) ; sleep .3; exit 7'
	try rootlet run c1
	assert_status 7
	refute_stderr
}

# --- readiness -------------------------------------------------------------------------------

notify_bundle() { # TEXT…
	cp -- "$(test_program notify)" "$BUNDLE/rootfs/notify"
	local text
	config '.process.args = ["/notify"]'
	for text; do
		config '.process.args += [$text]' --arg text "$text"
	done
}

manager() { # PATH: a service manager that listens there
	python3 "$TESTS/recvnotify.py" "$1" "$T/said" </dev/null >"$T/manager.log" 2>&1 3>&- &
	MANAGER=$!
	wait_until 10 grep -qx listening "$T/said"
}

teardown_test() {
	[ -z "${MANAGER:-}" ] || kill "$MANAGER" 2>/dev/null || true
}

@test "NOTIFY_SOCKET: run passes on that the program is ready, and nothing else it says" {
	notify_bundle 'STATUS=up to no good' $'FDSTORE=1\nREADY=1\nWATCHDOG=1'
	manager "$T/notify"
	NOTIFY_SOCKET=$T/notify run_beside c1
	wait_until 10 grep -q READY=1 "$T/said"
	assert_equal "$(cat "$T/said")" $'listening\nREADY=1'
	rootlet kill c1 KILL
	run_status
	assert_equal "$code" $((128 + 9))
	kill "$MANAGER"
	wait_until 5 no_leftovers
}

@test "NOTIFY_SOCKET: a program that says something else is not ready" {
	notify_bundle STATUS=starting XREADY=1 $'READY=0\nREADY=12'
	manager "$T/notify"
	NOTIFY_SOCKET=$T/notify run_beside c1
	wait_until 10 has_status c1 running
	# Its words come in order: when this one is there, the others have been heard.
	wait_until 10 rootlet exec c1 sh -c '[ "$(cat /proc/1/comm)" = notify ]'
	sleep .3
	assert_equal "$(cat "$T/said")" listening
	rootlet kill c1 KILL
	run_status
}

@test "NOTIFY_SOCKET in the abstract namespace" {
	notify_bundle READY=1
	manager "@rootlet-test-$$"
	NOTIFY_SOCKET=@rootlet-test-$$ run_beside c1
	wait_until 10 grep -q READY=1 "$T/said"
	rootlet kill c1 KILL
	run_status
}

@test "NOTIFY_SOCKET: run --detach waits for the program and names its pid" {
	notify_bundle READY=1
	manager "$T/notify"
	NOTIFY_SOCKET=$T/notify try rootlet run --detach c1
	assert_success
	refute_stderr
	wait_until 10 grep -q READY=1 "$T/said"
	assert_line_count 2 "$(cat "$T/said")"
	assert_equal "$(tail -n 1 "$T/said")" "READY=1|MAINPID=$(pid_of c1)"
}

@test "NOTIFY_SOCKET: start waits for the program and names its pid" {
	notify_bundle READY=1
	manager "$T/notify"
	NOTIFY_SOCKET=$T/notify created c1
	assert_equal "$(cat "$T/said")" listening
	NOTIFY_SOCKET=$T/notify try rootlet start c1
	assert_success
	wait_until 10 grep -q READY=1 "$T/said"
	assert_equal "$(tail -n 1 "$T/said")" "READY=1|MAINPID=$(pid_of c1)"
}

@test "NOTIFY_SOCKET: start returns when the program ends without a word" {
	script 'echo "$NOTIFY_SOCKET"; exit 0'
	manager "$T/notify"
	NOTIFY_SOCKET=$T/notify created c1
	NOTIFY_SOCKET=$T/notify try rootlet start c1
	assert_success
	assert_match "$(cat "$T/c1.out")" '^/.*sock'
	assert_equal "$(cat "$T/said")" listening
}

@test "NOTIFY_SOCKET: the host's own socket is not in the container" {
	script 'echo "$NOTIFY_SOCKET"; ls -l "$(dirname "$NOTIFY_SOCKET")" >/dev/null && echo seen
		test -e "$1" || echo none'
	config '.process.args += ["sh", $path]' --arg path "$T/notify"
	manager "$T/notify"
	NOTIFY_SOCKET=$T/notify try rootlet run c1
	assert_success
	refute_line "$T/notify"
	assert_line seen
	assert_line none
}

@test "without NOTIFY_SOCKET the program has none" {
	script 'echo "${NOTIFY_SOCKET-unset}"'
	try rootlet run c1
	assert_output unset
}

# --- socket activation, file descriptors -----------------------------------------------------

# with_fds CMD…: with files that say so at fds 3, 4 and 9; LISTEN_PID becomes CMD's own when it is
# "self".
with_fds() {
	echo three >"$T/three"
	echo four >"$T/four"
	T=$T bash -c '[ "${LISTEN_PID:-}" != self ] || export LISTEN_PID=$$
		exec 3<"$T/three" 4<"$T/four" 9<"$T/four"; exec "$@"' bash "$@"
}

@test "LISTEN_FDS: the sockets are at 3 and on, for pid 1 of the container" {
	script 'cat <&3; cat <&4; echo "$LISTEN_FDS $LISTEN_PID"; ls /proc/$$/fd; true'
	LISTEN_FDS=2 LISTEN_PID=self try with_fds "$ROOTLET" --root "$STATE_DIR" run c1
	assert_success
	assert_output $'three\nfour\n2 1\n0\n1\n2\n3\n4'
}

@test "LISTEN_FDS with another's LISTEN_PID is not for us" {
	script 'echo "${LISTEN_FDS-unset}"; ls /proc/$$/fd; true'
	LISTEN_FDS=2 LISTEN_PID=1 try with_fds "$ROOTLET" --root "$STATE_DIR" run c1
	assert_success
	assert_output $'unset\n0\n1\n2'
}

@test "LISTEN_FDS that is no number, or counts fds that are not open, is an error" {
	script true
	LISTEN_FDS=many try rootlet run c1
	assert_error 'LISTEN_FDS=many' 125
	LISTEN_FDS=1 try rootlet run c1
	assert_error 'fd 3 is not open' 125
	assert_nothing_left
}

@test "--preserve-fds: those and no others arrive, also after LISTEN_FDS" {
	script 'cat <&3; cat <&4; ls /proc/$$/fd; true'
	try with_fds "$ROOTLET" --root "$STATE_DIR" run --preserve-fds 2 c1
	assert_success
	assert_output $'three\nfour\n0\n1\n2\n3\n4'
	LISTEN_FDS=1 try with_fds "$ROOTLET" --root "$STATE_DIR" run --preserve-fds 1 c1
	assert_success
	assert_output $'three\nfour\n0\n1\n2\n3\n4'
}

@test "no fd of ours or our caller's reaches the program" {
	script 'ls /proc/$$/fd; true'
	try with_fds "$ROOTLET" --root "$STATE_DIR" run c1
	assert_success
	assert_output $'0\n1\n2'
}

@test "created containers hold no fd of ours or our caller's" {
	script 'sleep 1000'
	try with_fds "$ROOTLET" --root "$STATE_DIR" create c1
	assert_success
	rootlet start c1
	local pid
	pid=$(pid_of c1)
	wait_until 10 grep -q sleep "/proc/$pid/cmdline"
	assert_equal "$(ls "/proc/$pid/fd")" $'0\n1\n2'
}

@test "stdin, stdout and stderr closed: no other file takes their place" {
	local closed
	script 'for fd in /proc/$$/fd/*; do readlink $fd; done >/out; exit 7'
	config '.root.readonly = false'
	for closed in '<&-' '>&-' '2>&-' '<&- >&- 2>&-'; do
		: >"$BUNDLE/rootfs/out"
		code=0
		eval 'rootlet run c1 '"$closed" || code=$?
		assert_equal "$code" 7
		assert_match "$(cat "$BUNDLE/rootfs/out")" /out
		refute_match "$(cat "$BUNDLE/rootfs/out")" "$T/run|memfd|ns:|pidfd"
	done
	assert_nothing_left
}
