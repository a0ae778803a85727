# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2016,SC2034,SC2154,SC2164
# The life of a container: what each command does in each status, in order and out of order; what
# the exit status says.

load helpers

setup_test() {
	make_bundle busybox
	# A program that lasts, and that ends when it is told: pid 1 has no default for signals.
	script 'trap "exit 7" TERM; echo started; sleep 1000 & wait'
}

# stopped ID: a container whose program has ended.
stopped() {
	running "$@"
	rootlet kill "$1" KILL
	wait_until 10 has_status "$1" stopped
}

# A program of another architecture: hello with another e_machine (elf(5)).
foreign_program() {
	cp "$(test_program hello)" "$1"
	printf '\xff\xfe' | dd of="$1" bs=1 seek=18 conv=notrunc status=none
}

# --- in order --------------------------------------------------------------------------------

@test "create, start, kill, delete: the status goes from created over running to stopped" {
	created c1
	has_status c1 created
	rootlet start c1
	has_status c1 running
	rootlet kill c1 TERM
	wait_until 10 has_status c1 stopped
	rootlet delete c1
	try rootlet state c1
	assert_error '"c1" does not exist' 1
	assert_nothing_left
}

@test "the program runs at start, not at create" {
	created c1
	assert_equal "$(cat "$T/c1.out")" ""
	rootlet start c1
	wait_until 10 grep -qx started "$T/c1.out"
}

@test "the pid stays the same from create to the end, then it is 0" {
	created c1
	local pid
	pid=$(pid_of c1)
	process_lives "$pid"
	rootlet start c1
	assert_equal "$(pid_of c1)" "$pid"
	rootlet kill c1 KILL
	wait_until 10 has_status c1 stopped
	assert_equal "$(pid_of c1)" 0
}

@test "start returns when the program has been executed" {
	created c1
	rootlet start c1
	assert_equal "$(tr '\0' ' ' <"/proc/$(pid_of c1)/cmdline" | cut -c -5)" "sh -c"
}

@test "create, start, kill and delete say nothing" {
	try rootlet create c1
	assert_success
	refute_output
	refute_stderr
	try rootlet start c1
	assert_success
	refute_stderr
	try rootlet kill c1 KILL
	assert_success
	refute_output
	refute_stderr
	wait_until 10 has_status c1 stopped
	try rootlet delete c1
	assert_success
	refute_output
	refute_stderr
}

@test "an id can be used again after delete" {
	local _
	for _ in 1 2 3; do
		created c1
		rootlet delete c1
	done
	assert_nothing_left
}

@test "containers do not know of each other" {
	running c1
	running c2
	rootlet delete --force c1
	has_status c2 running
	try rootlet list -q
	assert_output c2
}

# --- a container that is created -------------------------------------------------------------

@test "created: its id is taken, and it stays as it is" {
	created c1
	local pid
	pid=$(pid_of c1)
	try rootlet create c1
	assert_error '"c1" exists already' 1
	try rootlet run c1
	assert_error '"c1" exists already' 125
	has_status c1 created
	assert_equal "$(pid_of c1)" "$pid"
}

@test "created: kill ends it, and then it cannot be started" {
	created c1
	try rootlet kill c1 KILL
	assert_success
	wait_until 10 has_status c1 stopped
	try rootlet start c1
	assert_error 'cannot start container "c1": it is stopped' 1
}

@test "created: delete needs no --force" {
	created c1
	local pid
	pid=$(pid_of c1)
	try rootlet delete c1
	assert_success
	refute_stderr
	process_gone "$pid"
	assert_nothing_left
}

@test "created: exec works, and it stays created" {
	created c1
	try rootlet exec c1 echo hello
	assert_success
	assert_output hello
	has_status c1 created
	rootlet start c1
	wait_until 10 grep -qx started "$T/c1.out"
}

# --- a container that runs -------------------------------------------------------------------

@test "running: a second start is refused, and nothing runs twice" {
	running c1
	wait_until 10 grep -qx started "$T/c1.out"
	try rootlet start c1
	assert_error 'cannot start container "c1": it is running' 1
	has_status c1 running
	assert_equal "$(cat "$T/c1.out")" started
}

@test "running: its id is taken" {
	running c1
	try rootlet create c1
	assert_error '"c1" exists already' 1
	has_status c1 running
}

@test "running: delete is refused, --force ends it" {
	running c1
	local pid
	pid=$(pid_of c1)
	try rootlet delete c1
	assert_error 'cannot delete container "c1": it is running.*--force' 1
	process_lives "$pid"
	try rootlet delete --force c1
	assert_success
	refute_stderr
	process_gone "$pid"
	assert_nothing_left
}

@test "running: delete --force ends programs that ignore signals" {
	script 'trap "" TERM INT HUP QUIT; echo ready; while :; do sleep 1000; done'
	running c1
	wait_until 10 grep -qx ready "$T/c1.out"
	rootlet delete --force c1
	assert_nothing_left
}

@test "running: delete --force ends all processes of the container" {
	script 'sleep 1000 & sleep 1001 & setsid sleep 1002 & echo ready; wait'
	running c1
	wait_until 10 grep -qx ready "$T/c1.out"
	rootlet delete --force c1
	wait_until 5 no_leftovers
}

@test "running: exec" {
	running c1
	try rootlet exec c1 echo hello
	assert_success
	assert_output hello
}

# --- a container that has stopped ------------------------------------------------------------

@test "stopped: start, kill, exec and ps are refused, each naming the status" {
	stopped c1
	try rootlet start c1
	assert_error 'cannot start container "c1": it is stopped' 1
	try rootlet kill c1
	assert_error 'cannot kill container "c1": it is stopped' 1
	try rootlet kill c1 KILL
	assert_error 'cannot kill container "c1": it is stopped' 1
	try rootlet kill --all c1 KILL
	assert_error 'cannot kill container "c1"' 1
	try rootlet exec c1 true
	assert_error 'cannot exec in container "c1": it is stopped' 125
	try rootlet ps c1
	assert_error 'container "c1": it is stopped' 1
	has_status c1 stopped
}

@test "stopped: its id is taken until delete" {
	stopped c1
	try rootlet create c1
	assert_error '"c1" exists already' 1
	rootlet delete c1
	created c1
}

@test "stopped: delete, with and without --force" {
	stopped c1
	stopped c2
	try rootlet delete c1
	assert_success
	try rootlet delete --force c2
	assert_success
	assert_nothing_left
}

@test "a container that is gone: delete fails, delete --force does not" {
	stopped c1
	rootlet delete c1
	try rootlet delete c1
	assert_error '"c1" does not exist' 1
	try rootlet delete --force c1
	assert_success
	refute_output
	refute_stderr
}

@test "delete --force of an id that cannot be one is an error all the same" {
	try rootlet delete --force ../x
	assert_error 'id' 1
}

@test "an init that nobody has reaped is stopped" {
	# The parent of the container's orphaned init never waits for it.
	background python3 -c 'if True:
		import ctypes, signal, subprocess, sys
		ctypes.CDLL(None).prctl(36, 1, 0, 0, 0)  # PR_SET_CHILD_SUBREAPER
		subprocess.run(sys.argv[1:], check=True)
		signal.pause()' "$ROOTLET" --root "$STATE_DIR" run -d c1
	local keeper=$! pid
	wait_until 10 has_status c1 running
	pid=$(pid_of c1)
	rootlet kill c1 KILL
	wait_until 10 grep -q '^State:.*Z' "/proc/$pid/status"
	has_status c1 stopped
	assert_equal "$(pid_of c1)" 0
	try rootlet kill c1 KILL
	assert_error 'stopped' 1
	try rootlet delete c1
	assert_success
	# It is still one: what was asserted was asserted of a zombie.
	grep -q '^State:.*Z' "/proc/$pid/status"
	kill "$keeper"
}

@test "an init that was reaped is stopped" {
	with_reaper "$ROOTLET" --root "$STATE_DIR" run -d c1 </dev/null >"$T/c1.out" 2>&1 3>&- &
	local reaper=$! pid
	wait_until 10 has_status c1 running
	pid=$(pid_of c1)
	rootlet kill c1 KILL
	wait "$reaper"
	[ ! -e "/proc/$pid" ]
	has_status c1 stopped
	try rootlet delete c1
	assert_success
}

@test "a program that ends by itself is stopped" {
	script 'exit 3'
	created c1
	rootlet start c1
	wait_until 10 has_status c1 stopped
}

# --- a container that is being created -------------------------------------------------------

@test "creating: list says so without waiting, no verb takes it for more than it is" {
	mkfifo "$T/gate"
	config '.hooks.createRuntime = [{path: "/bin/sh", args: ["sh", "-c", $text]}]' \
		--arg text "echo waiting >$T/hook; read x <$T/gate"
	background "$ROOTLET" --root "$STATE_DIR" create c1
	local creator=$!
	wait_until 10 test -s "$T/hook"
	try rootlet list -f json
	assert_equal "$(jq -r '.[0].status' <<<"$output")" creating
	try rootlet state c1
	assert_error '"c1" is being created' 1
	try rootlet kill c1 KILL
	assert_error 'creating' 1
	try rootlet create c1
	assert_error '"c1" exists already' 1
	# Start waits for its turn.
	"$ROOTLET" --root "$STATE_DIR" start c1 </dev/null >"$T/start" 2>&1 3>&- &
	local starter=$!
	echo go >"$T/gate"
	wait "$creator"
	wait "$starter"
	has_status c1 running
}

# --- at the same time ------------------------------------------------------------------------

@test "of several starts at once exactly one wins" {
	created c1
	local pids=() pid i won=0
	for i in 1 2 3 4 5; do
		rootlet start c1 </dev/null >"$T/start.$i" 2>&1 3>&- &
		pids+=($!)
	done
	for pid in "${pids[@]}"; do
		! wait "$pid" || won=$((won + 1))
	done
	assert_equal "$won" 1
	has_status c1 running
	wait_until 10 grep -qx started "$T/c1.out"
	assert_equal "$(cat "$T/c1.out")" started
}

@test "of several deletes at once exactly one wins, none breaks" {
	created c1
	local pids=() pid i won=0
	for i in 1 2 3 4 5; do
		rootlet delete c1 </dev/null >"$T/delete.$i" 2>&1 3>&- &
		pids+=($!)
	done
	for pid in "${pids[@]}"; do
		! wait "$pid" || won=$((won + 1))
	done
	assert_equal "$won" 1
	assert_equal "$(cat "$T"/delete.* | sort -u)" 'rootlet: container "c1" does not exist'
	assert_nothing_left
}

# --- kill ------------------------------------------------------------------------------------

@test "kill sends SIGTERM unless another signal is named" {
	script 'for s in TERM USR1 HUP; do trap "echo got $s" $s; done; echo ready; while :; do
		sleep 1000 & wait; done'
	running c1
	wait_until 10 grep -qx ready "$T/c1.out"
	rootlet kill c1
	wait_until 10 grep -qx 'got TERM' "$T/c1.out"
	rootlet kill c1 USR1
	wait_until 10 grep -qx 'got USR1' "$T/c1.out"
	has_status c1 running
}

@test "kill takes names with and without SIG, and numbers" {
	script 'trap "echo got HUP" HUP; echo ready; while :; do sleep 1000 & wait; done'
	running c1
	wait_until 10 grep -qx ready "$T/c1.out"
	local signal count=0
	for signal in HUP SIGHUP 1; do
		rootlet kill c1 "$signal"
		count=$((count + 1))
		wait_until 10 eval '[ "$(grep -cx "got HUP" "$T/c1.out")" -eq '$count' ]'
	done
}

@test "kill --all reaches every process of the container" {
	script 'sh -c "trap \"echo child\" USR1; echo ready; while :; do sleep 1000 & wait; done" &
		trap "echo init" USR1; while :; do wait; done'
	running c1
	wait_until 10 grep -qx ready "$T/c1.out"
	rootlet kill --all c1 USR1
	wait_until 10 grep -qx child "$T/c1.out"
	wait_until 10 grep -qx init "$T/c1.out"
}

@test "kill without --all reaches the container's init only" {
	script 'sh -c "trap \"echo child\" USR1; echo ready; while :; do sleep 1000 & wait; done" &
		trap "echo init" USR1; while :; do wait; done'
	running c1
	wait_until 10 grep -qx ready "$T/c1.out"
	rootlet kill c1 USR1
	wait_until 10 grep -qx init "$T/c1.out"
	rootlet kill c1 USR1
	! grep -qx child "$T/c1.out"
}

# --- run -------------------------------------------------------------------------------------

@test "run: the exit status is the program's" {
	local code
	for code in 0 1 42 125 255; do
		script "exit $code"
		try rootlet run c1
		assert_status "$code"
		refute_stderr
	done
	assert_nothing_left
}

@test "run: 128 + n when a signal ended the program" {
	background "$ROOTLET" --root "$STATE_DIR" run c1
	local run=$! code=0
	wait_until 10 has_status c1 running
	rootlet kill c1 KILL
	wait "$run" || code=$?
	assert_equal "$code" 137
	assert_nothing_left
}

@test "run: 128 + n of a signal that the program sent itself" {
	# As pid 1 it could not.
	config '.linux.namespaces |= map(select(.type != "pid"))'
	local number
	for number in 15 10 11; do
		script "kill -$number \$\$; sleep 1000"
		try rootlet run c1
		assert_status $((128 + number))
	done
	assert_nothing_left
}

@test "run: 125 when it is rootlet that fails, 126 and 127 for the program" {
	try rootlet run --bundle "$T/none" c1
	assert_error "$T/none" 125
	config '.process.args = ["/etc/passwd"]'
	try rootlet run c1
	assert_error '/etc/passwd' 126
	config '.process.args = ["/none"]'
	try rootlet run c1
	assert_error '/none' 127
	assert_nothing_left
}

@test "run: deletes the container when its program ends" {
	script true
	try rootlet run c1
	assert_success
	try rootlet state c1
	assert_error 'does not exist' 1
	assert_nothing_left
}

@test "run --keep: the container stays, stopped, with the program's exit status as ours" {
	script 'exit 3'
	try rootlet run --keep c1
	assert_status 3
	has_status c1 stopped
	assert_equal "$(pid_of c1)" 0
	try rootlet delete c1
	assert_success
	assert_nothing_left
}

@test "run: ends when the program does, not when its orphans do" {
	script 'sleep 1000 & exit 5'
	try timeout 20 "$ROOTLET" --root "$STATE_DIR" run c1
	assert_status 5
	assert_nothing_left
}

@test "run: delete --force from elsewhere ends it without a word" {
	background "$ROOTLET" --root "$STATE_DIR" run c1
	local run=$! code=0
	wait_until 10 grep -qx started "$T/background"
	rootlet delete --force c1
	wait "$run" || code=$?
	assert_equal "$code" 137
	assert_equal "$(cat "$T/background")" started
	assert_nothing_left
}

@test "run --detach: returns while the program runs, with status 0" {
	try rootlet run --detach c1
	assert_success
	refute_stderr
	has_status c1 running
	wait_until 10 grep -qx started "$T/stdout"
}

@test "run --detach: the container stays when the program has ended" {
	script 'exit 9'
	try rootlet run --detach c1
	assert_success
	wait_until 10 has_status c1 stopped
	rootlet delete c1
	assert_nothing_left
}

@test "run --detach: nothing of rootlet stays" {
	try rootlet run --detach c1
	assert_success
	local pid
	for pid in $(test_processes); do
		refute_match "$(readlink "/proc/$pid/exe")" rootlet
	done
}

@test "run --detach: the program's absence is its failure" {
	config '.process.args = ["/none"]'
	try rootlet run --detach c1
	assert_error '/none' 127
	assert_nothing_left
}

# --- --pid-file ------------------------------------------------------------------------------

@test "--pid-file: the init's pid in digits, nothing else" {
	try rootlet create --pid-file "$T/pid" c1
	assert_success
	assert_equal "$(od -An -c "$T/pid" | tr -d ' \n')" "$(pid_of c1)"
	rootlet delete c1
	try rootlet run -d --pid-file "$T/pid" c1
	assert_success
	assert_equal "$(cat "$T/pid")" "$(pid_of c1)"
}

@test "--pid-file: a relative name is relative to the working directory" {
	mkdir "$T/here"
	cd "$T/here"
	try rootlet create --bundle "$BUNDLE" --pid-file pid c1
	assert_success
	assert_equal "$(cat "$T/here/pid")" "$(pid_of c1)"
	[ ! -e "$BUNDLE/pid" ]
}

@test "--pid-file: what was there is replaced, not written into" {
	echo precious >"$T/target"
	ln -s "$T/target" "$T/pid"
	try rootlet create --pid-file "$T/pid" c1
	assert_success
	assert_equal "$(cat "$T/pid")" "$(pid_of c1)"
	assert_equal "$(cat "$T/target")" precious
}

@test "--pid-file: where none can be written, there is no container" {
	try rootlet create --pid-file "$T/none/pid" c1
	assert_error "$T/none/pid" 1
	try rootlet run --pid-file "$T/none/pid" c1
	assert_error "$T/none/pid" 125
	assert_nothing_left
}

# --- the program cannot be executed ----------------------------------------------------------

# At create nobody has seen the program yet, so these are create's to tell.
@test "create: the program does not exist" {
	local program
	for program in /none none /etc/none /etc/passwd/none; do
		config '.process.args = [$text]' --arg text "$program"
		try rootlet create c1
		assert_error "$program" 127
	done
	assert_nothing_left
}

@test "create: the program is not executable" {
	local program
	for program in /etc/passwd /etc /dev/null; do
		config '.process.args = [$text]' --arg text "$program"
		try rootlet create c1
		assert_error "$program" 126
	done
	assert_nothing_left
}

@test "create: a name without a slash is looked for in the container's PATH" {
	mkdir rootfs/opt
	printf '#!/bin/sh\necho opt\n' >rootfs/opt/tool
	chmod 755 rootfs/opt/tool
	config '.process.args = ["tool"] | .process.env = ["PATH=/none:/opt"]'
	try rootlet run c1
	assert_success
	assert_output opt
	config '.process.env = ["PATH=/bin"]'
	try rootlet create c1
	assert_error '"tool" is not in the container.s PATH' 127
}

@test "start: the program is for another architecture" {
	foreign_program rootfs/bin/foreign
	config '.process.args = ["/bin/foreign"]'
	created c1
	try rootlet start c1
	assert_error '/bin/foreign: Exec format error' 126
	wait_until 10 has_status c1 stopped
	try rootlet run c2
	assert_error '/bin/foreign: Exec format error' 126
	rootlet delete c1
	assert_nothing_left
}

@test "start: the program's interpreter does not exist" {
	printf '#!/no/interpreter\n' >rootfs/bin/script
	chmod 755 rootfs/bin/script
	config '.process.args = ["script"]'
	created c1
	try rootlet start c1
	assert_error '/bin/script: No such file.*interpreter' 127
	wait_until 10 has_status c1 stopped
	try rootlet run c2
	assert_error '/bin/script: No such file.*interpreter' 127
	rootlet delete c1
	assert_nothing_left
}

@test "start: the program has gone since create" {
	cp rootfs/bin/busybox rootfs/bin/soon
	config '.process.args = ["/bin/soon"]'
	created c1
	rm rootfs/bin/soon
	try rootlet start c1
	assert_error '/bin/soon: No such file' 127
	wait_until 10 has_status c1 stopped
}
