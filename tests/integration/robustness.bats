# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2016,SC2034,SC2154,SC2164
# What a review by a hostile reader found once: each of these lost a container, a lock or a word.

load helpers

setup_test() {
	make_bundle busybox
}

sleeper() {
	config '.process.args = ["sleep", "1000"]'
}

@test "delete --force does not forget a container whose lock somebody holds" {
	sleeper
	running c1
	flock --no-fork "$STATE_DIR/c1" sleep 30 3>&- &
	local holder=$!
	wait_until 5 sh -c '! flock --nonblock "$1" true' sh "$STATE_DIR/c1"
	try rootlet delete --force c1
	assert_error 'container "c1" is busy'
	# Its process was ended before the wait for the lock, and its state is there to be removed.
	assert_equal "$(status_of c1)" stopped
	kill "$holder"
	wait "$holder" || true
	wait_until 5 flock --nonblock "$STATE_DIR/c1" true
	try rootlet delete --force c1
	assert_success
}

@test "a container that keeps exec waiting cannot keep delete --force from its end" {
	config '.process.capabilities.bounding += ["CAP_KILL"] | .process.args = ["sleep", "1000"]'
	running c1
	mkfifo rootfs/tmp/fifo
	# The program never starts: its open of the FIFO waits for a writer.
	try timeout 1 rootlet exec c1 sh -c 'cat </tmp/fifo'
	background rootlet exec c1 sh -c 'cat </tmp/fifo'
	try rootlet delete --force c1
	assert_success
}

@test "the end of a run leaves another container alone that got its id meanwhile" {
	sleeper
	background rootlet run c1
	local first=$!
	wait_until 10 has_status c1 running
	kill -STOP "$first"
	rootlet delete --force c1
	running c1
	kill -CONT "$first"
	wait "$first" || true
	assert_equal "$(status_of c1)" running
}

@test "not being able to look is not taken for the end of a container" {
	sleeper
	running c1
	try sh -c 'ulimit -n 6 && exec "$ROOTLET" --root "$1" delete c1' sh "$STATE_DIR"
	assert_failure
	assert_equal "$(status_of c1)" running
}

@test "annotations of more than a megabyte are no obstacle later" {
	config '.annotations = {big: ("x" * 2000000)}'
	created c1
	try rootlet start c1
	assert_success
	try rootlet delete --force c1
	assert_success
}

@test "a start that is killed before it gave the word ends the container" {
	command -v strace >/dev/null || skip "needs strace"
	config '.process.args = ["sleep", "1000"]'
	created c1
	# The second message is the word; the first one prepares for it.
	try strace -o /dev/null -e inject=sendmsg:signal=KILL:when=2 "$ROOTLET" --root "$STATE_DIR" start c1
	assert_failure
	wait_until 10 has_status c1 stopped
}

@test "start reports that init was killed before it read the word" {
	created c1
	local init
	init=$(pid_of c1)
	kill -STOP "$init"
	background rootlet start c1
	local starter=$! result=0
	wait_until 10 test ! -e "$STATE_DIR/c1/start"
	kill -KILL "$init"
	wait "$starter" || result=$?
	[ "$result" -ne 0 ]
	assert_match "$(cat "$T/background")" killed
}

@test "a bind source below the rootfs follows its links as the container would" {
	mkdir "$T/secret"
	echo secret >"$T/secret/file"
	mkdir -p "rootfs$T/secret"
	echo own >"rootfs$T/secret/file"
	ln -s "$T/secret" rootfs/data
	config '.mounts += [{destination: "/mnt", type: "bind", source: "rootfs/data", options: ["rbind"]}] |
		.process.args = ["cat", "/mnt/file"]'
	try rootlet run c1
	assert_output own
}

@test "a raised OOM score can be had in a joined user namespace too" {
	sleeper
	running c1
	config '.process.oomScoreAdj = 300 | .process.args = ["cat", "/proc/self/oom_score_adj"] |
		.linux.namespaces = (.linux.namespaces | map(if .type == "network"
			then .path = $path else . end))' --arg path "/proc/$(pid_of c1)/ns/net"
	try rootlet run c2
	assert_success
	assert_output 300
}

@test "exec runs on the CPUs of execCPUAffinity" {
	config '.process.execCPUAffinity = {initial: "0", final: "0"} | .process.args = ["sleep", "1000"]'
	running c1
	try rootlet exec c1 sed -n 's/^Cpus_allowed_list:[[:space:]]*//p' /proc/self/status
	assert_output 0
}

@test "execCPUAffinity: final counts in the end, and neither for the container's first process" {
	[ "$(nproc --all)" -gt 1 ] && [ "$(nproc)" -gt 1 ] || skip "needs two CPUs"
	local all
	all=$(sed -n 's/^Cpus_allowed_list:[[:space:]]*//p' /proc/self/status)
	config '.process.execCPUAffinity = {initial: "0", final: "1"} | .process.args = ["sleep", "1000"]'
	running c1
	assert_equal "$(sed -n 's/^Cpus_allowed_list:[[:space:]]*//p' "/proc/$(pid_of c1)/status")" "$all"
	try rootlet exec c1 sed -n 's/^Cpus_allowed_list:[[:space:]]*//p' /proc/self/status
	assert_output 1
	jq '.process | .execCPUAffinity = {final: "0-1"} |
		.args = ["sed", "-n", "s/^Cpus_allowed_list:[[:space:]]*//p", "/proc/self/status"]' config.json >"$T/process"
	try rootlet exec --process "$T/process" c1
	assert_output 0-1
	jq '.execCPUAffinity = {final: "4000"}' "$T/process" >"$T/other"
	try rootlet exec --process "$T/other" c1
	assert_error 'execCPUAffinity\.final: "4000": .*none of these CPUs' 125
}

@test "exec has a session keyring of its own" {
	sleeper
	running c1
	[ -r /proc/keys ] || skip "no keyrings"
	try rootlet exec c1 sh -c 'cat /proc/keys'
	assert_success
	refute_match "$output" '_uid_ses|_ses: '
}

@test "messages on stderr carry no control characters with --log either" {
	config '.process.args = ["/x\u001b[31m\nfake"]'
	try rootlet --log "$T/log" run c1
	assert_error 'process.args' 127
}

@test "a name that is too long is refused, not cut" {
	config '.mounts += [{destination: ("/nn/" + ("a" * 300)), type: "tmpfs"}]'
	try rootlet run c1
	assert_error 'mounts\[[0-9]+\].destination: .*File name too long'
	[ "$(find rootfs -name 'aaa*' | wc -l)" -eq 0 ]
}

@test "remount refuses what it cannot change" {
	config '.mounts += [{destination: "/dev", options: ["remount", "size=1m"]}]'
	try rootlet run c1
	assert_error 'mounts\[[0-9]+\].options: "size=1m"'
}

@test "the pid file goes when the run fails after all" {
	printf 'no program' >rootfs/bin/broken
	chmod +x rootfs/bin/broken
	config '.process.args = ["broken"]'
	try rootlet run --pid-file "$T/pid" c1
	assert_error 'process.args' 126
	[ ! -e "$T/pid" ]
}

@test "nohup is respected: the container does not get the SIGHUP that is ignored" {
	script 'trap "echo hup; exit 3" HUP; echo ready; sleep 1; echo end'
	background sh -c 'trap "" HUP; exec "$ROOTLET" --root "$1" run c1' sh "$STATE_DIR"
	local runner=$!
	wait_until 10 grep -q ready "$T/background"
	kill -HUP "$runner"
	wait "$runner"
	assert_equal "$(cat "$T/background")" $'ready\nend'
}

@test "SIGTERM ends a run that waits for a startContainer hook" {
	printf '#!/bin/sh\necho hook >/tmp/hook\nexec sleep 1000\n' >rootfs/hook
	chmod +x rootfs/hook
	config '.hooks.startContainer = [{path: "/hook"}] | .root.readonly = false'
	background sh -c 'exec "$ROOTLET" --root "$1" run c1' sh "$STATE_DIR"
	local runner=$! result=0
	wait_until 10 test -e rootfs/tmp/hook
	kill -TERM "$runner"
	wait "$runner" || result=$?
	assert_equal "$result" $((128 + 15))
	assert_nothing_left
}
