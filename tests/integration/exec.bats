# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2016,SC2034,SC2154,SC2164
# One more program in a container: as what, where, with what and with whom it runs.

load helpers

setup_test() {
	make_bundle busybox
	script 'echo ready; sleep 1000'
}

# ready ID: a container whose program has begun.
ready() {
	running "$@"
	wait_until 10 grep -qx ready "$T/$1.out"
}

# proc_status FIELD: a command for the container that prints a field of its own /proc/self/status.
proc_status() {
	echo "sed -n 's/^$1:[[:space:]]*//p' /proc/self/status"
}

# --- exit status -----------------------------------------------------------------------------

@test "the exit status is the program's" {
	ready c1
	local code
	for code in 0 1 42 125 255; do
		try rootlet exec c1 sh -c "exit $code"
		assert_status "$code"
		refute_stderr
	done
}

@test "128 + n when a signal ended the program" {
	ready c1
	local signal
	for signal in KILL:137 TERM:143 USR1:138; do
		try rootlet exec c1 sh -c "kill -${signal%:*} \$\$; sleep 1000"
		assert_status "${signal#*:}"
	done
}

@test "127 when there is no such program, 126 when it cannot be executed" {
	ready c1
	local program
	for program in /none none /etc/passwd/none; do
		try rootlet exec c1 "$program"
		assert_error "$program" 127
	done
	for program in /etc/passwd /etc /dev/null; do
		try rootlet exec c1 "$program"
		assert_error "$program" 126
	done
	has_status c1 running
}

@test "127 and 126 of what only execve can say" {
	printf '#!/no/interpreter\n' >rootfs/bin/script
	cp "$(test_program hello)" rootfs/bin/foreign
	printf '\xff\xfe' | dd of=rootfs/bin/foreign bs=1 seek=18 conv=notrunc status=none
	chmod 755 rootfs/bin/script rootfs/bin/foreign
	ready c1
	try rootlet exec c1 script
	assert_error '/bin/script: No such file' 127
	try rootlet exec c1 foreign
	assert_error '/bin/foreign: Exec format error' 126
}

@test "125 when it is rootlet that fails" {
	ready c1
	try rootlet exec --process "$T/none" c1
	assert_error "$T/none" 125
	try rootlet exec nobody true
	assert_error nobody 125
}

@test "stdin, stdout and stderr are the caller's" {
	ready c1
	echo 'from outside' >"$T/stdin"
	TRY_STDIN=$T/stdin try rootlet exec c1 sh -c 'cat; echo oops >&2'
	assert_success
	assert_output 'from outside'
	assert_equal "$stderr" oops
}

# --- the command line ------------------------------------------------------------------------

@test "options after the id belong to the program" {
	ready c1
	try rootlet exec c1 echo -e --user 0 -t --help
	assert_success
	assert_output '--user 0 -t --help'
	try rootlet exec c1 --help
	assert_error '"--help" is not in the container' 127
}

@test "-- before the id, and between it and the program" {
	ready c1
	try rootlet exec -- c1 echo one -- two
	assert_output 'one -- two'
	try rootlet exec c1 -- echo one -- two
	assert_output 'one -- two'
	try rootlet exec -- c1 -- echo --
	assert_output --
}

# --- env, cwd --------------------------------------------------------------------------------

@test "the environment is the container's, --env adds to it, and the last one counts" {
	config '.process.env += ["A=container", "B=container"]'
	ready c1
	try rootlet exec --env B=first -e B=second -e C= -e 'D=a b=c' c1 env
	assert_success
	assert_line A=container
	assert_line B=second
	assert_line C=
	assert_line 'D=a b=c'
	assert_equal "$(grep -c ^B= <<<"$output")" 1
}

@test "the environment of the caller does not come along" {
	ready c1
	SECRET=value try rootlet exec c1 env
	refute_match "$output" SECRET
}

@test "the program is looked for in the PATH that it gets" {
	mkdir rootfs/opt
	printf '#!/bin/sh\necho opt\n' >rootfs/opt/tool
	chmod 755 rootfs/opt/tool
	ready c1
	try rootlet exec c1 tool
	assert_failure 127
	try rootlet exec --env PATH=/none:/opt c1 tool
	assert_success
	assert_output opt
}

@test "a variable without = is refused" {
	ready c1
	try rootlet exec --env NAME c1 true
	assert_error 'NAME' 125
}

@test "HOME is that of the user whom the program runs as" {
	skip_unless_subids
	ready c1
	try rootlet exec --user 1000 c1 sh -c 'echo $HOME'
	assert_output /home/user
	try rootlet exec --user 1234 c1 sh -c 'echo $HOME'
	assert_output /
	try rootlet exec --user 1000 --env HOME=/here c1 sh -c 'echo $HOME'
	assert_output /here
}

@test "--cwd: the working directory; the container's without it" {
	config '.process.cwd = "/var"'
	ready c1
	try rootlet exec c1 pwd
	assert_output /var
	try rootlet exec --cwd /etc c1 pwd
	assert_output /etc
	try rootlet exec --cwd etc c1 pwd
	assert_error 'cwd' 125
	try rootlet exec --cwd /etc/passwd c1 pwd
	assert_error '/etc/passwd' 125
}

@test "--cwd: one that does not exist is made" {
	config '.root.readonly = false'
	ready c1
	try rootlet exec --cwd /new/directory c1 pwd
	assert_success
	assert_output /new/directory
}

@test "--cwd: links lead nowhere but into the container" {
	mkdir rootfs/inside
	ln -s /inside rootfs/absolute
	ln -s ../../../../inside rootfs/relative
	touch rootfs/marker
	ready c1
	try rootlet exec --cwd /absolute c1 pwd
	assert_output /inside
	try rootlet exec --cwd /relative c1 pwd
	assert_output /inside
	# What rootlet has open on its way in is no way out (CVE-2024-21626).
	local link
	for link in fd/{3..15} cwd root; do
		try rootlet exec --cwd "/proc/self/$link" c1 \
			sh -c 'ls ../../../../../../../../../marker'
		if [ "$status" -eq 0 ]; then
			assert_output ../../../../../../../../../marker
		else
			assert_error 'process.cwd' 125
		fi
	done
}

# --- user and groups -------------------------------------------------------------------------

@test "--user: UID and UID:GID; the container's without it" {
	skip_unless_subids
	config '.process.user = {uid: 5, gid: 6}'
	ready c1
	try rootlet exec c1 sh -c 'echo $(id -u):$(id -g)'
	assert_output 5:6
	try rootlet exec --user 1000 c1 sh -c 'echo $(id -u):$(id -g)'
	assert_output 1000:6
	try rootlet exec -u 1000:1001 c1 sh -c 'echo $(id -u):$(id -g)'
	assert_output 1000:1001
	try rootlet exec -u 0:0 c1 sh -c 'echo $(id -u):$(id -g)'
	assert_output 0:0
}

@test "--user: all ids of the process are that user's" {
	skip_unless_subids
	ready c1
	try rootlet exec -u 1000:1001 c1 sh -c "$(proc_status Uid); $(proc_status Gid)"
	assert_output "$(printf '1000\t1000\t1000\t1000\n1001\t1001\t1001\t1001')"
}

@test "--user: anything but digits is refused" {
	ready c1
	local user
	for user in 1000: :5 : , +5 -1 -0 ' 5' '5 ' 0x5 5a root user root:root 0:root 0:-1 0:+0 0:0:0 \
		4294967295 0:4294967295 4294967296 99999999999999999999; do
		try rootlet exec --user "$user" c1 true
		assert_error '--user' 125
	done
	try rootlet exec --user= c1 true
	assert_error 'user' 2
}

@test "--user: an id that the container does not have is refused" {
	ready c1
	try rootlet exec --user 4000000000 c1 true
	assert_error 'user.*4000000000' 125
}

@test "--additional-gids: added to the container's" {
	skip_unless_subids
	config '.process.user.additionalGids = [7, 8]'
	ready c1
	try rootlet exec c1 sh -c "$(proc_status Groups)"
	assert_equal "$(xargs <<<"$output")" "7 8"
	try rootlet exec --additional-gids 9 -g 10 c1 sh -c "$(proc_status Groups)"
	assert_equal "$(xargs <<<"$output")" "7 8 9 10"
}

@test "--additional-gids: digits only" {
	ready c1
	local gid
	for gid in root -1 +1 1: '' 4294967296; do
		try rootlet exec --additional-gids="$gid" c1 true
		assert_error 'additional-gids' 2
	done
}

@test "a container whose program runs as another user" {
	skip_unless_subids
	config '.process.user = {uid: 1000, gid: 1000}'
	ready c1
	try rootlet exec c1 sh -c "id -u; id -g; $(proc_status CapEff)"
	assert_success
	assert_output $'1000\n1000\n0000000000000000'
	try rootlet exec --user 0 c1 sh -c 'id -u; kill -0 1 && echo may signal init'
	assert_output $'0\nmay signal init'
}

# --- privileges ------------------------------------------------------------------------------

sets='for set in CapInh CapPrm CapEff CapBnd CapAmb; do
	sed -n "s/^$set:[[:space:]]*//p" /proc/self/status; done'

# capabilities ARRAY: what the container's program has in all sets.
capabilities() {
	config '.process.capabilities = {bounding: $all, effective: $all, inheritable: $all,
		permitted: $all, ambient: $all}' --argjson all "$1"
}

@test "capabilities are those of the container" {
	script "$sets; echo ready; sleep 1000"
	ready c1
	try rootlet exec c1 sh -c "$sets"
	assert_success
	assert_equal "$output" "$(grep -v ready "$T/c1.out")"
	# CAP_AUDIT_WRITE, CAP_NET_BIND_SERVICE, CAP_KILL, as spec writes them.
	assert_equal "$(sed -n 4p <<<"$output")" 0000000020000420
}

@test "--cap: added to the sets that root needs" {
	capabilities '["CAP_KILL"]'
	ready c1
	try rootlet exec --cap CAP_CHOWN -c CAP_SETUID c1 sh -c "$sets"
	assert_success
	# CAP_CHOWN 0, CAP_KILL 5, CAP_SETUID 7; not to the inheritable and ambient ones
	local all=00000000000000a1 before=0000000000000020
	assert_equal "$(xargs <<<"$output")" "$before $all $all $all $before"
}

@test "--cap: kept by another user than root, too" {
	skip_unless_subids
	capabilities '[]'
	ready c1
	try rootlet exec --user 1000 --cap CAP_CHOWN c1 sh -c "id -u; $sets"
	assert_success
	assert_equal "$(sort -u <<<"$output")" $'0000000000000001\n1000'
}

@test "--cap: an unknown name is refused" {
	ready c1
	try rootlet exec --cap CAP_NOTHING c1 true
	assert_error 'CAP_NOTHING' 125
}

@test "--no-new-privs: set, and only when it is asked for" {
	config '.process.noNewPrivileges = false'
	ready c1
	try rootlet exec c1 sh -c "$(proc_status NoNewPrivs)"
	assert_output 0
	try rootlet exec --no-new-privs c1 sh -c "$(proc_status NoNewPrivs)"
	assert_output 1
}

@test "no_new_privs of the container is the program's as well" {
	config '.process.noNewPrivileges = true'
	ready c1
	try rootlet exec c1 sh -c "$(proc_status NoNewPrivs)"
	assert_output 1
}

@test "seccomp is the container's" {
	config '.linux.seccomp = {defaultAction: "SCMP_ACT_ALLOW",
		syscalls: [{names: ["mkdir", "mkdirat"], action: "SCMP_ACT_ERRNO", errnoRet: 100}]}'
	ready c1
	try rootlet exec c1 sh -c "$(proc_status Seccomp); mkdir /tmp/directory"
	assert_failure 1
	assert_output 2
	assert_match "$stderr" 'Network is down' # errno 100
}

@test "rlimits, oom_score_adj and nice are the container's" {
	config '.process.rlimits = [{type: "RLIMIT_NOFILE", soft: 77, hard: 88}] |
		.process.oomScoreAdj = 555'
	ready c1
	try rootlet exec c1 sh -c 'ulimit -Sn; ulimit -Hn; cat /proc/self/oom_score_adj'
	assert_success
	assert_output $'77\n88\n555'
}

@test "a program in the container cannot look into exec while it enters" {
	ready c1
	# What it sees of the entered process is the program that it runs, never rootlet.
	try rootlet exec c1 sh -c 'readlink /proc/self/exe; cat /proc/[0-9]*/comm | sort -u'
	assert_success
	assert_equal "$(head -n 1 <<<"$output")" /bin/busybox
	refute_match "$output" rootlet
}

# --- namespaces ------------------------------------------------------------------------------

namespaces='for type in cgroup ipc mnt net pid user uts; do readlink /proc/self/ns/$type; done'

@test "all namespaces are those of the container's program" {
	script "$namespaces; echo ready; sleep 1000"
	ready c1
	try rootlet exec c1 sh -c "$namespaces"
	assert_success
	assert_line_count 7 "$output"
	assert_equal "$output" "$(grep -v ready "$T/c1.out")"
	assert_equal "$output" "$(for type in cgroup ipc mnt net pid user uts; do
		readlink "/proc/$(pid_of c1)/ns/$type"; done)"
	local own
	for own in ipc mnt net pid uts; do
		refute_match "$output" "$(readlink "/proc/self/ns/$own" | tr '[]' '..')"
	done
}

@test "the root and the hostname are the container's" {
	config '.hostname = "inside"'
	touch rootfs/marker
	ready c1
	try rootlet exec c1 sh -c 'ls /marker; hostname; echo $PPID'
	assert_output $'/marker\ninside\n0'
}

@test "a namespace that the container shares with the host is the host's" {
	config '.linux.namespaces |= map(select(.type != "uts")) | del(.hostname)'
	ready c1
	try rootlet exec c1 readlink /proc/self/ns/uts
	assert_output "$(readlink /proc/self/ns/uts)"
}

@test "in a created container: the namespaces are those that its program will have" {
	script "$namespaces; echo ready; sleep 1000"
	created c1
	try rootlet exec c1 sh -c "$namespaces"
	assert_success
	local before=$output
	rootlet start c1
	wait_until 10 grep -qx ready "$T/c1.out"
	assert_equal "$before" "$(grep -v ready "$T/c1.out")"
}

@test "in a created container: several, one after the other, and detached" {
	created c1
	local i
	for i in 1 2 3; do
		try rootlet exec c1 echo "$i"
		assert_output "$i"
	done
	try rootlet exec -d c1 sleep 1000
	assert_success
	has_status c1 created
	rootlet start c1
	wait_until 10 grep -qx ready "$T/c1.out"
	assert_equal "$(rootlet ps c1 -o pid,args | grep -c 'sleep 1000$')" 2
}

@test "in a stopped container: refused" {
	running c1
	rootlet kill c1 KILL
	wait_until 10 has_status c1 stopped
	try rootlet exec c1 true
	assert_error 'cannot exec in container "c1": it is stopped' 125
}

@test "several at once" {
	ready c1
	local pids=() i
	for i in 1 2 3 4 5; do
		rootlet exec c1 sh -c "echo $i; exit $i" </dev/null >"$T/exec.$i" 2>&1 3>&- &
		pids+=($!)
	done
	for i in 1 2 3 4 5; do
		local code=0
		wait "${pids[i - 1]}" || code=$?
		assert_equal "$code" "$i"
		assert_equal "$(cat "$T/exec.$i")" "$i"
	done
}

@test "a program ends with the container, and exec says how" {
	ready c1
	background "$ROOTLET" --root "$STATE_DIR" exec c1 sh -c 'echo there; sleep 1000'
	local exec=$! code=0
	wait_until 10 grep -qx there "$T/background"
	rootlet delete --force c1
	wait "$exec" || code=$?
	assert_equal "$code" 137
	assert_equal "$(cat "$T/background")" there
}

@test "while a program runs in it, the container can be worked with" {
	ready c1
	background "$ROOTLET" --root "$STATE_DIR" exec c1 sh -c 'echo there; sleep 1000'
	wait_until 10 grep -qx there "$T/background"
	try rootlet exec c1 echo hello
	assert_output hello
	try rootlet kill c1 KILL
	assert_success
	wait_until 10 has_status c1 stopped
	try rootlet delete c1
	assert_success
}

@test "signals are forwarded" {
	ready c1
	background "$ROOTLET" --root "$STATE_DIR" exec c1 sh -c \
		'trap "echo got TERM; exit 9" TERM; echo there; sleep 1000 & wait'
	local exec=$! code=0
	wait_until 10 grep -qx there "$T/background"
	kill -TERM "$exec"
	wait "$exec" || code=$?
	assert_equal "$code" 9
	assert_equal "$(cat "$T/background")" $'there\ngot TERM'
}

# --- --detach, --pid-file, --preserve-fds ----------------------------------------------------

@test "--detach: returns while the program runs; --pid-file has its pid" {
	ready c1
	cd "$T"
	try rootlet exec --detach --pid-file exec.pid c1 sh -c 'exec sleep 1234'
	assert_success
	refute_stderr
	local pid
	pid=$(cat "$T/exec.pid")
	assert_match "$pid" '^[0-9]+$'
	assert_equal "$(tr '\0' ' ' <"/proc/$pid/cmdline")" 'sleep 1234 '
	assert_equal "$(readlink "/proc/$pid/ns/pid")" "$(readlink "/proc/$(pid_of c1)/ns/pid")"
}

@test "--detach: a program that cannot be executed is an error" {
	ready c1
	try rootlet exec --detach c1 /none
	assert_error '/none' 127
}

@test "--pid-file: where none can be written, nothing runs" {
	ready c1
	try rootlet exec --detach --pid-file "$T/none/pid" c1 sleep 1234
	assert_error "$T/none/pid" 125
	refute_match "$(rootlet ps c1)" 'sleep 1234'
}

@test "--preserve-fds: those and no others arrive" {
	ready c1
	exec 5<"$BUNDLE/config.json" 6<"$BUNDLE/config.json"
	echo three >"$T/three"
	echo four >"$T/four"
	T3=$T/three T4=$T/four try bash -c 'exec 3<"$T3" 4<"$T4"; exec "$@"' bash \
		"$ROOTLET" --root "$STATE_DIR" exec --preserve-fds 2 c1 \
		sh -c 'cat <&3; cat <&4; ls /proc/$$/fd; true'
	exec 5<&- 6<&-
	assert_success
	assert_output $'three\nfour\n0\n1\n2\n3\n4'
}

@test "--preserve-fds: one that is not open is an error" {
	ready c1
	try rootlet exec --preserve-fds 1 c1 true
	assert_error 'fd 3 is not open' 125
}

@test "no other fd arrives" {
	ready c1
	exec 5<"$BUNDLE/config.json" 6<"$BUNDLE" 17<"$BUNDLE/config.json"
	try rootlet exec c1 sh -c 'ls /proc/$$/fd; true'
	exec 5<&- 6<&- 17<&-
	assert_output $'0\n1\n2'
}

# --- --process -------------------------------------------------------------------------------

@test "--process: the program, its arguments, environment and directory come from the file" {
	ready c1
	jq -n '{args: ["sh", "-c", "echo $A; pwd; id -u"], env: ["PATH=/bin", "A=b"], cwd: "/etc",
		user: {uid: 0, gid: 0}}' >"$T/process.json"
	cd "$T"
	try rootlet exec --process process.json c1
	assert_success
	assert_output $'b\n/etc\n0'
}

@test "--process: what the file leaves open is as the container has it" {
	config '.process.rlimits = [{type: "RLIMIT_NOFILE", soft: 77, hard: 88}] |
		.process.oomScoreAdj = 555'
	ready c1
	jq -n '{args: ["sh", "-c", "ulimit -Sn; cat /proc/self/oom_score_adj"], env: ["PATH=/bin"],
		cwd: "/", user: {uid: 0, gid: 0}}' >"$T/process.json"
	try rootlet exec --process "$T/process.json" c1
	assert_success
	assert_output $'77\n555'
}

@test "--process: options change what the file says" {
	ready c1
	jq -n '{args: ["sh", "-c", "echo $A; pwd"], env: ["PATH=/bin", "A=b"], cwd: "/etc",
		user: {uid: 0, gid: 0}}' >"$T/process.json"
	try rootlet exec --process "$T/process.json" --env A=c --cwd /bin c1
	assert_success
	assert_output $'c\n/bin'
}

@test "--process: a bad file is an error that names it" {
	ready c1
	try rootlet exec --process "$T/none" c1
	assert_error "$T/none" 125
	echo garbage >"$T/process.json"
	try rootlet exec --process "$T/process.json" c1
	assert_error "$T/process.json" 125
	echo '{"args": "sh", "cwd": "/", "user": {"uid": 0, "gid": 0}}' >"$T/process.json"
	try rootlet exec --process "$T/process.json" c1
	assert_error "args" 125
	echo '{"args": ["sh"], "cwd": "etc", "user": {"uid": 0, "gid": 0}}' >"$T/process.json"
	try rootlet exec --process "$T/process.json" c1
	assert_error "cwd" 125
	try rootlet exec --process "$T/process.json" c1 true
	assert_error 'process' 2
}

# --- terminals -------------------------------------------------------------------------------

@test "--tty: stdio is a terminal" {
	ready c1
	try on_terminal -- "$ROOTLET" --root "$STATE_DIR" exec --tty c1 \
		sh -c '[ -t 0 ] && [ -t 1 ] && [ -t 2 ] && tty'
	assert_success
	assert_match "$output" '^/dev/pts/[0-9]+'
	assert_equal "$stderr" "terminal restored"
}

@test "--tty: the window has our size" {
	ready c1
	try on_terminal --size 33x77 -- "$ROOTLET" --root "$STATE_DIR" exec -t c1 stty size
	assert_success
	assert_equal "$(tr -d '\r' <<<"$output")" '33 77'
}

@test "--tty: what is typed reaches the program, Ctrl-C as a signal" {
	ready c1
	try on_terminal --expect there --send 'hello\n' --expect 'got hello' --send '\x03' -- \
		"$ROOTLET" --root "$STATE_DIR" exec -t c1 \
		sh -c 'trap "exit 5" INT; echo there; read x; echo got $x; sleep 1000 & wait'
	assert_status 5
	assert_equal "$stderr" "terminal restored"
}

@test "--tty: without a terminal of our own it is one all the same" {
	ready c1
	try rootlet exec --tty c1 sh -c '[ -t 0 ] && echo terminal'
	assert_success
	assert_output terminal
}

@test "without --tty there is no terminal, also in a container that has one" {
	config '.process.terminal = true'
	recvtty "$T/console" "$T/shown"
	rootlet create --console-socket "$T/console" c1 </dev/null >/dev/null 2>&1 3>&-
	rootlet start c1
	wait_until 10 grep -q ready "$T/shown"
	try rootlet exec c1 sh -c '[ -t 0 ] || echo none'
	assert_success
	assert_output none
}

@test "--tty --detach: needs --console-socket, which gets the terminal" {
	ready c1
	try rootlet exec --tty --detach c1 sh
	assert_error 'console-socket' 125
	recvtty "$T/console" "$T/shown"
	try rootlet exec -t -d --console-socket "$T/console" c1 sh -c 'tty; echo hello; sleep 1000'
	assert_success
	wait_until 10 grep -qx hello "$T/shown"
	assert_match "$(head -n 1 "$T/shown")" '^/dev/pts/[0-9]+$'
}

@test "--console-socket: without --tty it is refused" {
	ready c1
	try rootlet exec --console-socket "$T/none" c1 true
	assert_error '--tty' 125
}

@test "--console-socket: where nobody listens, nothing runs" {
	ready c1
	try rootlet exec -t --console-socket "$T/none" c1 sleep 1234
	assert_error "$T/none" 125
	refute_match "$(rootlet ps c1)" 'sleep 1234'
}

@test "--pidfd-socket: gets a pidfd of the program" {
	ready c1
	recvpidfd "$T/pidfd" "$T/report"
	try rootlet exec --detach --pidfd-socket "$T/pidfd" --pid-file "$T/pid" c1 sleep 1234
	assert_success
	wait_until 10 test -s "$T/report"
	assert_equal "$(cat "$T/report")" "pid $(cat "$T/pid")"
	kill -KILL "$(cat "$T/pid")"
	wait_until 10 grep -qx ended "$T/report"
}
