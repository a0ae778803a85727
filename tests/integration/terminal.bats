# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2016,SC2034,SC2154,SC2164
# Containers with a terminal: the pty inside, the user's terminal outside, and the sockets over
# which engines get hold of either end.

load helpers

setup_test() {
	make_bundle busybox
	config '.process.terminal = true'
}

# run_on_terminal [STEP…] [-- OPTION…]: rootlet run on a terminal of its own.
run_on_terminal() {
	local steps=()
	while [ $# -gt 0 ] && [ "$1" != -- ]; do
		steps+=("$1")
		shift
	done
	try on_terminal "${steps[@]}" -- "$ROOTLET" --root "$STATE_DIR" run "${@:2}" c1
	shown=$(tr -d '\r' <<<"$output")
}

# --- the terminal inside ---------------------------------------------------------------------

@test "stdin, stdout and stderr are the terminal, and it is the controlling one" {
	script '[ -t 0 ] && [ -t 1 ] && [ -t 2 ] && echo terminals; tty; echo through >/dev/tty'
	run_on_terminal
	assert_success
	assert_equal "$shown" $'terminals\n/dev/pts/0\nthrough'
}

@test "/dev/console is the terminal" {
	script 'stat -c %t:%T /dev/console "$(tty)"; echo through >/dev/console'
	run_on_terminal
	assert_success
	assert_equal "$shown" $'88:0\n88:0\nthrough' # major 136: Unix98 ptys
}

@test "the terminal belongs to the program's user" {
	skip_unless_subids
	config '.process.user = {uid: 1000, gid: 1000}'
	script 'stat -c %u "$(tty)"; echo through >/dev/console && echo and >/dev/tty'
	run_on_terminal
	assert_success
	assert_equal "$shown" $'1000\nthrough\nand'
}

@test "without a terminal in the config there is none, whatever ours is" {
	config '.process.terminal = false'
	script '[ -c /dev/console ] || echo no console; : >/dev/tty'
	run_on_terminal
	assert_failure
	assert_match "$shown" '^no console'
	assert_match "$shown" '/dev/tty'
}

@test "output has plain newlines inside, and one carriage return for each outside" {
	script "printf 'one\ntwo\n'"
	run_on_terminal
	assert_equal "$(od -An -c <"$T/stdout" | tr -d ' \n')" 'one\r\ntwo\r\n'
	# Where our output is no terminal, nobody adds them.
	try rootlet run c1
	assert_equal "$(od -An -c <"$T/stdout" | tr -d ' \n')" 'one\ntwo\n'
}

@test "all output arrives, however much" {
	script 'seq 1 20000'
	run_on_terminal
	assert_success
	assert_equal "$shown" "$(seq 1 20000)"
}

# --- typing ----------------------------------------------------------------------------------

@test "what is typed reaches the program" {
	script 'echo ready; read line; echo "got $line"'
	run_on_terminal --expect ready --send 'hello\n'
	assert_success
	assert_match "$shown" 'got hello'
}

@test "Ctrl-C is the program's SIGINT, not ours" {
	script 'trap "echo interrupted; exit 3" INT; echo ready; sleep 1000 & wait'
	run_on_terminal --expect ready --send '\x03'
	assert_status 3
	assert_match "$shown" 'interrupted'
	assert_equal "$stderr" "terminal restored"
	assert_nothing_left
}

@test "Ctrl-D ends the program's input" {
	script 'echo ready; cat; echo "end of input"'
	run_on_terminal --expect ready --send '\x04'
	assert_success
	assert_match "$shown" 'end of input'
}

@test "typed text is echoed once" {
	script 'echo ready; read line; echo "<$line>"'
	run_on_terminal --expect ready --send 'hello\n'
	assert_equal "$(grep -c '^hello$' <<<"$shown")" 1
}

# --- the user's terminal ---------------------------------------------------------------------

@test "the user's terminal is restored when the program ends" {
	script 'exit 4'
	run_on_terminal
	assert_status 4
	assert_equal "$stderr" "terminal restored"
}

@test "the user's terminal is restored when the program has changed its own" {
	script 'stty raw -echo; echo changed'
	run_on_terminal
	assert_success
	assert_equal "$stderr" "terminal restored"
}

@test "the user's terminal is raw meanwhile" {
	script 'echo ready; sleep 1000'
	# Nobody restores it when rootlet is gone at once: what is seen then is how it was.
	run_on_terminal --expect ready --signal SIGKILL
	assert_status $((128 + 9))
	assert_equal "$stderr" "terminal changed"
	rootlet delete --force c1
	assert_nothing_left
}

@test "the user's terminal is restored when the container is killed" {
	script 'echo ready; sleep 1000'
	on_terminal --expect ready -- "$ROOTLET" --root "$STATE_DIR" run c1 \
		</dev/null >"$T/shown" 2>"$T/verdict" 3>&- &
	local terminal=$! code=0
	wait_until 10 grep -q ready "$T/shown"
	rootlet kill c1 KILL
	wait "$terminal" || code=$?
	assert_equal "$code" 137
	assert_equal "$(cat "$T/verdict")" "terminal restored"
	assert_nothing_left
}

@test "the user's terminal is restored when rootlet gets a signal" {
	script 'trap "exit 6" TERM; echo ready; sleep 1000 & wait'
	run_on_terminal --expect ready --signal SIGTERM
	assert_status 6
	assert_equal "$stderr" "terminal restored"
	assert_nothing_left
}

@test "the user's terminal is restored when the program cannot be executed" {
	printf '#!/no/interpreter\n' >rootfs/bin/script
	chmod 755 rootfs/bin/script
	config '.process.args = ["script"]'
	run_on_terminal
	assert_status 127
	assert_match "$shown" '/bin/script'
	assert_equal "$stderr" "terminal restored"
	assert_nothing_left
}

@test "when the user's terminal is closed, the container gets SIGHUP, and rootlet ends with it" {
	script 'trap "exit 8" HUP; echo ready; sleep 1000 & wait'
	run_on_terminal --expect ready --hangup
	assert_status 8
	assert_nothing_left
}

# --- the window ------------------------------------------------------------------------------

@test "the window has the size of the user's terminal from the start" {
	script 'stty size'
	# Which keeps rootlet from setting it while the program looks.
	config '.hooks.poststart = [{path: "/bin/sleep", args: ["sleep", "0.5"]}]'
	run_on_terminal --size 33x77
	assert_equal "$shown" '33 77'
}

@test "only the programs in the foreground are told of a change of the window's size" {
	# The one that says ready is in the foreground by then, and the shell is not.
	script 'trap "echo told" WINCH; set -m; (echo ready; exec sleep 1); echo end'
	run_on_terminal --size 10x20 --expect ready --size 44x99 --expect end
	assert_success
	refute_match "$shown" told
}

@test "when the user's window changes its size, the container's does, and the program is told" {
	script 'trap "stty size; exit 0" WINCH; echo ready; while :; do sleep 1000 & wait; done'
	run_on_terminal --size 10x20 --expect ready --size 44x99 --expect '44 99'
	assert_success
}

@test "consoleSize: the size where we have no terminal" {
	config '.process.consoleSize = {height: 11, width: 22}'
	script 'stty size'
	try rootlet run c1
	assert_success
	assert_output '11 22'
}

# --- without a terminal of ours --------------------------------------------------------------

@test "the terminal exists where ours does not" {
	script '[ -t 0 ] && [ -t 1 ] && [ -t 2 ] && echo terminals'
	try rootlet run c1
	assert_success
	assert_output terminals
	refute_stderr
}

@test "what comes on stdin reaches the program, and its end ends nothing else" {
	printf 'one\ntwo\n' >"$T/stdin"
	config '.process.args = ["sh", "-c", $text]' --arg text \
		'stty -echo; read a; read b; echo "$a-$b"; for i in 1 2 3; do echo $i; done'
	TRY_STDIN=$T/stdin try rootlet run c1
	assert_success
	assert_match "$output" $'one-two\n1\n2\n3$'
}

@test "a program that reads to the end of its input sees ours" {
	printf 'one\ntwo\n' >"$T/stdin"
	script 'stty -echo; cat; echo end'
	TRY_STDIN=$T/stdin try timeout 20 "$ROOTLET" --root "$STATE_DIR" run c1
	assert_success
	assert_match "$output" $'one\ntwo\nend$'
}

@test "our output closed: the program's end is still seen" {
	script 'seq 1 100000; exit 7'
	try bash -c '"$@" | head -n 1; exit ${PIPESTATUS[0]}' bash "$ROOTLET" --root "$STATE_DIR" run c1
	# The shell gets an error from seq, or SIGHUP; pid 1 of a pid namespace ignores that.
	[ "$status" -eq 7 ] || [ "$status" -eq $((128 + 1)) ]
	assert_match "$output" '^1'
	assert_nothing_left
}

@test "our output closed: a program that writes for ever ends" {
	script 'yes; exit 7'
	try bash -c '"$@" | head -n 1; exit ${PIPESTATUS[0]}' bash "$ROOTLET" --root "$STATE_DIR" run c1
	[ "$status" -eq 7 ] || [ "$status" -eq $((128 + 1)) ]
	assert_match "$output" '^y'
	refute_stderr
	assert_nothing_left
}

@test "our output closed: last words of a program that has ended do not change the status" {
	local run code=0
	script 'read -r line </fifo; echo last words; exit 7'
	mkfifo "$BUNDLE/rootfs/fifo" "$T/out"
	exec 7<>"$T/out"
	"$ROOTLET" --root "$STATE_DIR" run c1 </dev/null >"$T/out" 2>"$T/err" 3>&- 7>&- &
	run=$!
	wait_until 10 has_status c1 running
	exec 7>&-
	# So that rootlet finds the words and the end at once.
	kill -STOP "$run"
	echo go >"$BUNDLE/rootfs/fifo"
	wait_until 10 has_status c1 stopped
	kill -CONT "$run"
	wait "$run" || code=$?
	assert_equal "$code" 7
	assert_equal "$(cat "$T/err")" ""
	assert_nothing_left
}

# --- sockets for engines ---------------------------------------------------------------------

@test "create --console-socket: the master arrives, with a name" {
	script '[ -t 0 ] && echo terminal'
	recvtty "$T/console" "$T/shown"
	try rootlet create --console-socket "$T/console" c1
	assert_success
	refute_stderr
	wait_until 10 test -s "$T/shown.name"
	assert_equal "$(cat "$T/shown.name")" /dev/ptmx
	rootlet start c1
	wait_until 10 grep -qx terminal "$T/shown"
}

@test "run --detach --console-socket: the master arrives" {
	script '[ -t 0 ] && echo terminal; sleep 1000'
	recvtty "$T/console" "$T/shown"
	try rootlet run --detach --console-socket "$T/console" c1
	assert_success
	wait_until 10 grep -qx terminal "$T/shown"
	has_status c1 running
}

@test "run --console-socket: in the foreground too, it is the receiver's terminal" {
	script 'echo hello; exit 4'
	recvtty "$T/console" "$T/shown"
	try rootlet run --console-socket "$T/console" c1
	assert_status 4
	refute_output
	wait_until 10 grep -qx hello "$T/shown"
}

@test "a container in the background without --console-socket is refused" {
	try rootlet run --detach c1
	assert_error 'process.terminal.*--console-socket' 125
	try rootlet create c1
	assert_error 'process.terminal.*--console-socket' 1
	assert_nothing_left
}

@test "--console-socket without a terminal is refused" {
	config '.process.terminal = false'
	try rootlet create --console-socket "$T/none" c1
	assert_error '--console-socket.*process.terminal' 1
	assert_nothing_left
}

@test "--console-socket: nobody there, or no socket, is an error" {
	local socket
	for socket in "$T/none" "$BUNDLE/config.json" "$T"; do
		try rootlet create --console-socket "$socket" c1
		assert_error "--console-socket.*$socket" 1
	done
	assert_nothing_left
}

@test "--console-socket: a path longer than a socket's address" {
	local directory=$T/$(printf '%0100d' 0)
	mkdir "$directory"
	(cd "$directory" && recvtty console "$T/shown")
	script 'echo hello'
	try rootlet create --console-socket "$directory/console" c1
	[ "$status" -eq 0 ] || assert_error "--console-socket.*too long" 1
	rootlet delete --force c1
	test_processes | xargs -r kill 2>/dev/null || true
}

@test "--pidfd-socket: a pidfd of the init arrives" {
	config '.process.terminal = false'
	script 'sleep 1000'
	recvpidfd "$T/pidfd" "$T/report"
	try rootlet create --pidfd-socket "$T/pidfd" c1
	assert_success
	wait_until 10 test -s "$T/report"
	assert_equal "$(cat "$T/report")" "pid $(pid_of c1)"
	rootlet delete --force c1
	wait_until 10 grep -qx ended "$T/report"
}

@test "run --pidfd-socket: a pidfd of the init arrives" {
	config '.process.terminal = false'
	script 'sleep 1000'
	recvpidfd "$T/pidfd" "$T/report"
	try rootlet run -d --pidfd-socket "$T/pidfd" c1
	assert_success
	wait_until 10 test -s "$T/report"
	assert_equal "$(cat "$T/report")" "pid $(pid_of c1)"
}
