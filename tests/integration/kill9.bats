# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2016,SC2034,SC2154,SC2164
# The runtime killed with SIGKILL at random moments of its commands: whatever is left, one
# `delete --force` removes. A seed of the randomness is printed, and $KILL9_SEED repeats it.

load helpers

setup_test() {
	make_bundle busybox
	config '.process.args = ["sleep", "1000"]'
	KILLER=$(test_program kill-after)
	RANDOM=${KILL9_SEED:-$$}
	echo "KILL9_SEED=${KILL9_SEED:-$$}"
}

# Killed at COUNT moments between nothing and MICROSECONDS, which is about how long CMD takes. Where
# it has always been faster, as when the machine was busy while it was timed, at earlier ones, too.
kill_at_random() { # COUNT MICROSECONDS CMD…
	local round moment killed=0 limit=$2
	for ((round = 0; round < $1 || (killed == 0 && limit > 100); round++)); do
		[ "$round" -lt "$1" ] || limit=$((limit * 2 / 3))
		moment=$((RANDOM % limit))
		declare -F before >/dev/null && before
		status=0
		"$KILLER" "$moment" "$ROOTLET" --root "$STATE_DIR" "${@:3}" \
			</dev/null >"$T/out" 2>"$T/err" 3>&- || status=$?
		killed=$((killed + (status == 137)))
		try rootlet delete --force c1
		assert_success || return
		no_leftovers || wait_until 5 no_leftovers || {
			echo "killed after $moment µs"
			leftovers
			return 1
		}
	done
	echo "$killed of $round were killed in the middle"
	# A test in which nothing was hit shows nothing.
	[ "$killed" -gt 0 ]
}

# How long a command takes here, in microseconds.
duration() {
	local start=${EPOCHREALTIME/[.,]/}
	"$@" >/dev/null 2>&1 3>&- </dev/null || true
	echo $((${EPOCHREALTIME/[.,]/} - start))
}

@test "create, killed at 20 random moments" {
	local time
	time=$(duration rootlet create c1)
	rootlet delete --force c1
	kill_at_random 20 "$time" create c1
}

@test "run, killed at 20 random moments" {
	config '.process.args = ["true"]'
	local time
	time=$(duration rootlet run c1)
	config '.process.args = ["sleep", "1000"]'
	kill_at_random 20 "$time" run c1
}

@test "exec, killed at 10 random moments" {
	local time
	running c1
	time=$(duration rootlet exec c1 true)
	rootlet delete --force c1
	before() {
		running c1
	}
	kill_at_random 10 "$time" exec c1 sleep 1000
}

@test "delete, killed at 10 random moments" {
	local time
	running c1
	time=$(duration rootlet delete --force c1)
	before() {
		running c1
	}
	kill_at_random 10 "$time" delete --force c1
}

@test "a create that is killed while a hook runs takes the hook along" {
	local hook=$T/hook
	printf '#!/bin/sh\necho $$ >"%s/pid"\nexec sleep 1000\n' "$T" >"$hook"
	chmod +x "$hook"
	config '.hooks.createRuntime = [{path: $hook}]' --arg hook "$hook"
	"$ROOTLET" --root "$STATE_DIR" create c1 </dev/null >/dev/null 2>&1 3>&- &
	local creator=$!
	wait_until 10 test -s "$T/pid"
	kill -KILL "$creator"
	wait_until 10 process_gone "$(cat "$T/pid")"
	try rootlet delete --force c1
	assert_success
	assert_nothing_left
}

# --- with a network --------------------------------------------------------------------------

need_network() {
	[ -r /dev/net/tun ] && [ -w /dev/net/tun ] || skip "/dev/net/tun is not for this user"
	[ -x "${ROOTLET_NET:-}" ] || skip "built without the network helper"
}

@test "run with a network, killed at 20 random moments: the helper goes, too" {
	need_network
	config '.process.args = ["true"]'
	local time
	time=$(duration rootlet run --network slirp c1)
	config '.process.args = ["sleep", "1000"]'
	kill_at_random 20 "$time" run --network slirp c1
}

@test "create with published ports, killed at 20 random moments" {
	need_network
	local time
	time=$(duration rootlet create --network slirp -p 0:80 c1)
	rootlet delete --force c1
	kill_at_random 20 "$time" create --network slirp -p 0:80 c1
}

@test "delete of a container with a network, killed at 10 random moments" {
	need_network
	local time
	before() {
		rootlet run --detach --network slirp -p 0:80 c1 </dev/null >/dev/null 2>&1 3>&-
	}
	before
	time=$(duration rootlet delete --force c1)
	kill_at_random 10 "$time" delete --force c1
}
