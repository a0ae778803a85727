#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# rootlet ps: which processes belong to a container, and how they are shown.

load helpers

setup_test() {
	make_bundle
	script 'sleep 1234 & sleep 2345 & wait'
}

# The pids of all processes in the container's pid namespace, as the host sees them.
namespace_pids() {
	local pid namespace
	namespace=$(readlink "/proc/$(pid_of "$1")/ns/pid")
	for pid in /proc/[0-9]*; do
		[ "$(readlink "$pid/ns/pid" 2>/dev/null)" != "$namespace" ] || echo "${pid#/proc/}"
	done | sort -n
}

three_processes() {
	[ "$(rootlet ps --format json c1 | jq length)" -eq 3 ]
}

@test "all processes of the container, and no others" {
	running c1
	wait_until 10 three_processes
	try rootlet ps --format json c1
	assert_success
	assert_equal "$(jq -r '.[]' <<<"$output" | sort -n)" "$(namespace_pids c1)"
}

@test "as a table: ps's own, with its header" {
	running c1
	wait_until 10 three_processes
	try rootlet ps c1
	assert_success
	refute_stderr
	assert_line_count 4 "$output"
	assert_match "${lines[0]}" '^UID +PID '
	assert_match "$output" 'sleep 1234'
	assert_match "$output" 'sleep 2345'
}

@test "options of ps are passed on" {
	running c1
	wait_until 10 three_processes
	try rootlet ps c1 -o pid,args
	assert_success
	assert_line_count 4 "$output"
	assert_match "${lines[0]}" '^ *PID COMMAND$'
	assert_match "$output" $'\n *[0-9]+ sleep 1234'
}

@test "options without a PID column are an error" {
	running c1
	try rootlet ps c1 -o args
	assert_error 'PID'
}

@test "options that ps does not know are an error" {
	running c1
	try rootlet ps c1 --no-such-option
	assert_failure
	refute_output
}

@test "programs that exec started are among them" {
	running c1
	wait_until 10 three_processes
	rootlet exec --detach c1 sleep 3456
	try rootlet ps c1
	assert_match "$output" 'sleep 3456'
}

@test "a created container has its init" {
	created c1
	try rootlet ps --format json c1
	assert_success
	assert_output "[$(pid_of c1)]"
}

@test "a stopped container has no processes to show, and that is said" {
	script true
	created c1
	rootlet start c1
	wait_until 10 has_status c1 stopped
	try rootlet ps --format json c1
	assert_error 'c1.*stopped'
}

@test "a container that does not exist is an error" {
	try rootlet ps c1
	assert_error 'c1'
}

@test "an unknown format is an error that names those there are" {
	running c1
	try rootlet ps --format xml c1
	assert_error 'xml.*table.*json'
}

@test "without a pid namespace: what it started, not the host's others" {
	config '.linux.namespaces |= map(select(.type != "pid"))'
	config '.mounts |= map(select(.type != "proc"))'
	config 'del(.linux.maskedPaths, .linux.readonlyPaths)'
	running c1
	wait_until 10 three_processes
	try rootlet ps c1 -o pid,args
	assert_line_count 4 "$output"
	assert_match "$output" 'sleep 1234'
	assert_match "$output" 'sleep 2345'
}
