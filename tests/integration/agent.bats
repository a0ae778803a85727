#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# linux.seccomp with SCMP_ACT_NOTIFY: the agent at listenerPath gets the listener and the container
# process state, and answers system calls.

load helpers

setup_test() {
	make_bundle
	config '.linux.seccomp = {defaultAction: "SCMP_ACT_ALLOW",
		listenerPath: $path, listenerMetadata: "about me",
		syscalls: [{names: ["mkdir", "mkdirat"], action: "SCMP_ACT_NOTIFY"}]}' --arg path "$T/agent"
}

teardown_test() {
	[ -z "${AGENT:-}" ] || kill "$AGENT" 2>/dev/null || true
}

# agent ANSWER [CONNECTIONS]: in the background.
agent() {
	python3 "$TESTS/agent.py" "$T/agent" "$T/report" "$@" </dev/null >"$T/agent.log" 2>&1 3>&- &
	AGENT=$!
	wait_until 10 test -S "$T/agent"
}

reported() { # JQ FILTER
	head -n 1 "$T/report" | jq -r "$1"
}

without_new_privileges() {
	config '.process.noNewPrivileges = '"$1"
}

@test "system calls are answered by the agent, with and without noNewPrivileges" {
	local value
	for value in true false; do
		rm -f "$T/agent"
		without_new_privileges "$value"
		script 'mkdir /tmp/x; echo $?; test -d /tmp/x || echo missing'
		agent 0
		try rootlet run c1
		assert_success
		assert_output $'0\nmissing'
		wait "$AGENT"
		assert_match "$(cat "$T/report")" $'fds 1 eof\ncall [0-9]+'
	done
}

@test "an errno of the agent's is the call's" {
	script 'mkdir /tmp/x'
	agent -28
	try rootlet run c1
	assert_failure 1
	assert_match "$stderr" 'No space left'
}

@test "the agent may let the kernel go on" {
	config '.root.readonly = false'
	script 'mkdir /tmp/x && test -d /tmp/x && echo made'
	agent continue
	try rootlet run c1
	assert_success
	assert_output made
}

@test "the container process state: one for each process, with pid, metadata and state" {
	config '.annotations = {"a.b": "c"}'
	script 'sleep 1000'
	agent 0 2
	running c1
	wait_until 10 test -s "$T/report"
	assert_equal "$(reported '.fds | join(" ")')" seccompFd
	assert_equal "$(reported .pid)" "$(pid_of c1)"
	assert_equal "$(reported .metadata)" 'about me'
	assert_equal "$(reported .state.id)" c1
	assert_equal "$(reported .state.pid)" "$(pid_of c1)"
	assert_equal "$(reported .state.bundle)" "$BUNDLE"
	assert_equal "$(reported '.state.annotations["a.b"]')" c
	assert_match "$(reported .ociVersion)" '^1\.'
	assert_match "$(reported .state.status)" '^creat(ing|ed)$'
	rootlet exec c1 sh -c 'mkdir /tmp/x; echo $?; sleep 1000' >"$T/exec.out" 2>&1 </dev/null 3>&- &
	wait_until 10 grep -qx 0 "$T/exec.out"
	local second
	second=$(grep '^{' "$T/report" | tail -n 1)
	assert_equal "$(jq -r .state.status <<<"$second")" running
	assert_equal "$(jq -r .metadata <<<"$second")" 'about me'
	assert_match "$(rootlet ps --format json c1)" "[[,]$(jq -r .pid <<<"$second")[],]"
	refute_match "$(jq -r .pid <<<"$second")" "^$(pid_of c1)\$"
}

@test "every system call after the filter may be the agent's, execve and close among them" {
	config '.linux.seccomp.syscalls[0].names =
		["execve", "close", "write", "sendmsg", "futex", "sched_yield", "mkdir"]'
	script 'echo through'
	agent continue
	try rootlet run c1
	assert_success
	assert_output through
}

@test "no listener and no socket reach the program" {
	script 'ls /proc/$$/fd; true'
	agent 0
	try rootlet run c1
	assert_success
	assert_output $'0\n1\n2'
}

@test "the connection is closed when the listener is handed over, not when the program starts" {
	without_new_privileges false
	script true
	agent 0
	created c1
	wait_until 10 grep -qx 'fds 1 eof' "$T/report"
	assert_equal "$(status_of c1)" created
}

@test "where no agent listens, nothing runs" {
	script 'echo here'
	try rootlet run c1
	assert_error "linux.seccomp.listenerPath: $T/agent.*a seccomp agent has to listen" 125
	assert_nothing_left
}

@test "an agent that goes away before it has the listener is an error" {
	script 'echo here'
	python3 -c 'import socket, sys
listener = socket.socket(socket.AF_UNIX)
listener.bind(sys.argv[1])
listener.listen()
listener.accept()[0].close()' "$T/agent" </dev/null 3>&- &
	wait_until 10 test -S "$T/agent"
	try rootlet run c1
	assert_error 'linux.seccomp.listenerPath: cannot hand over the listener' 125
	assert_nothing_left
}

@test "listenerPath without SCMP_ACT_NOTIFY is not looked at" {
	config '.linux.seccomp.syscalls[0].action = "SCMP_ACT_ERRNO"'
	script 'mkdir /tmp/x || echo refused'
	try rootlet run c1
	assert_success
	assert_output refused
}
