# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2016,SC2034,SC2154,SC2164
# What `process` and the settings beside it say about the container's program, as the program
# itself finds it.

load helpers
load readback

setup_test() {
	make_bundle busybox
}

# as_user: the process is the test's own user, the only one that exists. Needs no ranges.
as_user() {
	skip_if_root
	config '
		.process.user = {uid: $uid, gid: $gid} |
		.linux.namespaces += [{type: "user"}] |
		.linux.uidMappings = [{containerID: $uid, hostID: $uid, size: 1}] |
		.linux.gidMappings = [{containerID: $gid, hostID: $gid, size: 1}]' \
		--argjson uid "$(id -u)" --argjson gid "$(id -g)"
}

writable_root() {
	config '.root.readonly = false'
}

# --- args and env ----------------------------------------------------------------------------

@test "arguments arrive as they are, whatever characters they have" {
	config '.process.args = ["printf", "<%s>", "", " ", "a b", "$HOME", "`id`", "\"", "'"'"'", "\\",
		"*", "\n", "\t", "é", "-n", "--", "\u0001"]'
	try rootlet run c1
	assert_success
	assert_output $'<>< ><a b><$HOME><`id`><"><\'><\\><*><\n><\t><é><-n><--><\x01>'
}

@test "a long argument and many arguments arrive" {
	config '.process.args = ["sh", "-c", "echo ${#1} $#", "sh", "x" * 100000] + [range(2000) | tostring]'
	try rootlet run c1
	assert_success
	assert_output "100000 2001"
}

@test "args[0] is found in the PATH of the container, and stays args[0]" {
	mkdir rootfs/opt
	ln -s ../bin/busybox rootfs/opt/cat
	config '.process.args = ["cat", "/proc/self/cmdline"] | .process.env = ["PATH=/nowhere:/opt"]'
	rm rootfs/bin/cat
	try rootlet run c1
	assert_success
	assert_output cat/proc/self/cmdline
}

@test "without PATH the usual directories are searched" {
	config '.process.env = []'
	script 'echo found'
	try rootlet run c1
	assert_success
	assert_output found
}

@test "a relative args[0] with a slash is looked up from the working directory" {
	config '.process.args = ["./busybox", "echo", "here"] | .process.cwd = "/bin"'
	try rootlet run c1
	assert_success
	assert_output here
}

environment() {
	script 'cat /proc/1/environ | tr "\0" "\n"'
}

@test "env: of duplicates the last wins, the order is kept otherwise" {
	config '.process.env = ["PATH=/bin", "A=1", "B=2", "A=3", "HOME=/h", "C=", "D=a=b"]'
	environment
	try rootlet run c1
	assert_success
	assert_output $'PATH=/bin\nB=2\nA=3\nHOME=/h\nC=\nD=a=b'
}

@test "env: values arrive as they are" {
	config '.process.env += ["X= a  \"b\" $c é"]'
	script 'printf "%s" "$X"'
	try rootlet run c1
	assert_output ' a  "b" $c é'
}

@test "env: nothing of rootlet's own environment is in it" {
	export SECRET=42
	config '.process.env = ["PATH=/bin"]'
	environment
	try rootlet run c1
	assert_success
	assert_output $'PATH=/bin\nHOME=/root'
}

@test "HOME: from the container's passwd when it is not set" {
	script 'echo "$HOME"'
	try rootlet run c1
	assert_output /root
}

@test "HOME: from the container's passwd when it is empty" {
	config '.process.env += ["HOME=/first", "HOME="]'
	script 'echo "$HOME"'
	try rootlet run c1
	assert_output /root
}

@test "HOME: the config's own" {
	config '.process.env += ["HOME=", "HOME=/given"]'
	script 'echo "$HOME"'
	try rootlet run c1
	assert_output /given
}

@test "HOME: of the user of the process" {
	as_user
	# Alone: another there may have our id.
	echo "me:x:$(id -u):$(id -g):Me:/home/me:/bin/sh" >rootfs/etc/passwd
	script 'echo "$HOME"'
	try rootlet run c1
	assert_output /home/me
}

@test "HOME: / without a passwd, and when it is a way out" {
	rm rootfs/etc/passwd
	script 'echo "$HOME"'
	try rootlet run c1
	assert_success
	assert_output /
	echo 'root:x:0:0::/from/the/host:/bin/sh' >"$T/passwd"
	ln -s "$T/passwd" rootfs/etc/passwd
	try rootlet run c1
	assert_success
	assert_output /
}

# --- cwd -------------------------------------------------------------------------------------

@test "cwd: the program starts there" {
	config '.process.cwd = "/etc"'
	script 'pwd -P'
	try rootlet run c1
	assert_output /etc
}

@test "cwd: made when it is missing, 0755, whatever our umask is" {
	writable_root
	config '.process.cwd = "/srv/deep/er"'
	script 'pwd -P; stat -c %a /srv /srv/deep /srv/deep/er'
	umask 077
	try rootlet run c1
	assert_success
	assert_output $'/srv/deep/er\n755\n755\n755'
	[ -d rootfs/srv/deep/er ]
}

@test "cwd: made also in a root that will be read-only" {
	config '.process.cwd = "/srv/deep"'
	script 'pwd -P; touch x 2>&1'
	try rootlet run c1
	assert_failure
	assert_line /srv/deep
	assert_match "$output" '[Rr]ead-only'
}

@test "cwd: cannot be made in a read-only mount" {
	config '.process.cwd = "/tmp/missing" |
		.mounts += [{destination: "/tmp", type: "tmpfs", source: "t", options: ["ro"]}]'
	try rootlet run c1
	assert_error 'process\.cwd: /tmp/missing: [Rr]ead-only' 125
	assert_nothing_left
}

@test "cwd: not a directory" {
	config '.process.cwd = "/etc/passwd"'
	try rootlet run c1
	assert_error 'process\.cwd: /etc/passwd: Not a directory' 125
	assert_nothing_left
}

@test "cwd: a directory that the process may not enter" {
	as_user
	mkdir -m 000 rootfs/closed
	config '.process.cwd = "/closed"'
	try rootlet run c1
	chmod 700 rootfs/closed
	assert_error 'process\.cwd: /closed: Permission denied' 125
	assert_nothing_left
}

@test "cwd: a link out of the root stays inside" {
	mkdir -p "$T/outside" "rootfs$T/outside"
	ln -s "$T/outside" rootfs/absolute
	ln -s ../../../../../../../etc rootfs/relative
	config '.process.cwd = "/absolute"'
	script 'pwd -P; ls'
	: >"$T/outside/secret"
	try rootlet run c1
	assert_success
	assert_output "$T/outside"
	config '.process.cwd = "/relative"'
	script 'pwd -P; ls passwd'
	try rootlet run c1
	assert_success
	assert_output $'/etc\npasswd'
}

@test "cwd: with .. in it stays inside" {
	config '.process.cwd = "/../../../etc/../bin"'
	script 'pwd -P'
	try rootlet run c1
	assert_success
	assert_output /bin
}

# --- umask, signals, rlimits -----------------------------------------------------------------

@test "umask: 0022 by default, whatever ours is" {
	script umask
	umask 077
	try rootlet run c1
	assert_output 0022
}

@test "umask: the config's" {
	config '.process.user.umask = 63'
	script umask
	try rootlet run c1
	assert_output 0077
}

@test "signals that our caller ignores or blocks are not the program's affair" {
	config '.process.args = ["cat", "/proc/self/status"]'
	try bash -c 'trap "" INT QUIT USR1 CHLD; exec "$@"' bash "$ROOTLET" --root "$STATE_DIR" run c1
	assert_success
	assert_equal "$(proc_status SigIgn)" 0000000000000000
	assert_equal "$(proc_status SigBlk)" 0000000000000000
}

@test "the program leads a session and a process group of its own" {
	config '.process.args = ["cat", "/proc/self/stat"]'
	try rootlet run c1
	# pid, …, ppid, process group, session
	assert_equal "$(awk '{ print $1, $4, $5, $6 }' <<<"$output")" "1 0 1 1"
}

limit_of() { # WORDS OF /proc/self/limits
	sed -n "s/^$1  *\\([^ ]*\\)  *\\([^ ]*\\).*/\\1 \\2/p" <<<"$output"
}

@test "rlimits: soft and hard ones, read back from /proc/self/limits" {
	config '.process.rlimits = [
		{type: "RLIMIT_NOFILE", soft: 100, hard: 200},
		{type: "RLIMIT_CORE", soft: 0, hard: 4096},
		{type: "RLIMIT_NPROC", soft: 500, hard: 501},
		{type: "RLIMIT_FSIZE", soft: 1000000, hard: 2000000},
		{type: "RLIMIT_MSGQUEUE", soft: 1000, hard: 2000}]'
	config '.process.args = ["cat", "/proc/self/limits"]'
	try rootlet run c1
	assert_success
	assert_equal "$(limit_of 'Max open files')" "100 200"
	assert_equal "$(limit_of 'Max core file size')" "0 4096"
	assert_equal "$(limit_of 'Max processes')" "500 501"
	assert_equal "$(limit_of 'Max file size')" "1000000 2000000"
	assert_equal "$(limit_of 'Max msgqueue size')" "1000 2000"
}

@test "rlimits: each of the sixteen, read back" {
	local name soft hard own
	local -A words_of=([AS]="Max address space" [CORE]="Max core file size" [CPU]="Max cpu time"
		[DATA]="Max data size" [FSIZE]="Max file size" [LOCKS]="Max file locks"
		[MEMLOCK]="Max locked memory" [MSGQUEUE]="Max msgqueue size" [NICE]="Max nice priority"
		[NOFILE]="Max open files" [NPROC]="Max processes" [RSS]="Max resident set"
		[RTPRIO]="Max realtime priority" [RTTIME]="Max realtime timeout"
		[SIGPENDING]="Max pending signals" [STACK]="Max stack size")
	config '.process.args = ["cat", "/proc/self/limits"]'
	own=$(cat /proc/self/limits)
	if has_address_sanitizer; then
		unset "words_of[AS]" "words_of[DATA]"
	fi
	for name in "${!words_of[@]}"; do
		# What we may have ourselves, the soft limit a little less where it can be.
		output=$own
		read -r _ hard <<<"$(limit_of "${words_of[$name]}")"
		[ "$hard" != unlimited ] || hard=9000000000
		soft=$((hard > 4096 ? hard - 4096 : hard))
		config '.process.rlimits = [{type: $type, soft: $soft, hard: $hard}]' \
			--arg type "RLIMIT_$name" --argjson soft "$soft" --argjson hard "$hard"
		try rootlet run c1
		assert_success
		assert_equal "$name $(limit_of "${words_of[$name]}")" "$name $soft $hard"
	done
}

@test "rlimits: those that are not in the config stay ours" {
	config '.process.rlimits = []'
	config '.process.args = ["cat", "/proc/self/limits"]'
	try bash -c 'ulimit -S -n 123 && exec "$@"' bash "$ROOTLET" --root "$STATE_DIR" run c1
	assert_success
	assert_match "$(limit_of 'Max open files')" '^123 '
}

@test "rlimits: unlimited is the largest number" {
	[ "$(ulimit -H -c)" = unlimited ] || skip "core files are limited here"
	config '.process.args = ["cat", "/proc/self/limits"] |
		.process.rlimits = [{type: "RLIMIT_CORE", soft: 1, hard: 7777777}]'
	# Not by jq, which may have no integers of this size.
	sed -i 's/7777777/18446744073709551615/' config.json
	try rootlet run c1
	assert_success
	assert_equal "$(limit_of 'Max core file size')" "1 unlimited"
}

@test "rlimits: above our own hard limit is refused, with both numbers and the remedy" {
	skip_if_root
	config '.process.rlimits = [{type: "RLIMIT_NOFILE", soft: 10, hard: 777}]'
	try bash -c 'ulimit -n 500 && exec "$@"' bash "$ROOTLET" run c1
	assert_error 'process\.rlimits\[0\]: RLIMIT_NOFILE hard limit 777 is above yours \(500\).*limits\.conf' 125
	assert_nothing_left
}

# --- capabilities ----------------------------------------------------------------------------

status_of_program() {
	config '.process.args = ["cat", "/proc/self/status"]'
	try rootlet run c1
	assert_success
}

capabilities() { # JSON
	config '.process.capabilities = $set' --argjson set "$1"
}

@test "capabilities: all five sets of root" {
	capabilities '{
		"bounding": ["CAP_CHOWN", "CAP_KILL", "CAP_NET_BIND_SERVICE"],
		"permitted": ["CAP_CHOWN", "CAP_KILL"],
		"effective": ["CAP_KILL"],
		"inheritable": ["CAP_CHOWN"],
		"ambient": ["CAP_CHOWN"]}'
	status_of_program
	assert_equal "$(proc_status CapBnd)" "$(caps_mask CAP_CHOWN CAP_KILL CAP_NET_BIND_SERVICE)"
	assert_equal "$(proc_status CapInh)" "$(caps_mask CAP_CHOWN)"
	assert_equal "$(proc_status CapAmb)" "$(caps_mask CAP_CHOWN)"
	# Root's execve makes effective what is permitted (capabilities(7)).
	assert_equal "$(proc_status CapPrm)" "$(caps_mask CAP_CHOWN CAP_KILL)"
	assert_equal "$(proc_status CapEff)" "$(caps_mask CAP_CHOWN CAP_KILL)"
	# Without no_new_privs it permits what is in the bounding set.
	config '.process.noNewPrivileges = false'
	status_of_program
	assert_equal "$(proc_status CapPrm)" "$(caps_mask CAP_CHOWN CAP_KILL CAP_NET_BIND_SERVICE)"
	assert_equal "$(proc_status CapEff)" "$(caps_mask CAP_CHOWN CAP_KILL CAP_NET_BIND_SERVICE)"
}

@test "capabilities: the ambient ones survive the switch to another user" {
	as_user
	capabilities '{
		"bounding": ["CAP_CHOWN", "CAP_KILL", "CAP_NET_BIND_SERVICE"],
		"permitted": ["CAP_CHOWN", "CAP_KILL", "CAP_NET_BIND_SERVICE"],
		"effective": ["CAP_KILL", "CAP_NET_BIND_SERVICE"],
		"inheritable": ["CAP_CHOWN", "CAP_NET_BIND_SERVICE"],
		"ambient": ["CAP_NET_BIND_SERVICE"]}'
	status_of_program
	assert_equal "$(proc_status Uid)" "$(printf "%s " "$(id -u)"{,,,} | xargs)"
	assert_equal "$(proc_status CapBnd)" "$(caps_mask CAP_CHOWN CAP_KILL CAP_NET_BIND_SERVICE)"
	assert_equal "$(proc_status CapInh)" "$(caps_mask CAP_CHOWN CAP_NET_BIND_SERVICE)"
	assert_equal "$(proc_status CapAmb)" "$(caps_mask CAP_NET_BIND_SERVICE)"
	assert_equal "$(proc_status CapPrm)" "$(caps_mask CAP_NET_BIND_SERVICE)"
	assert_equal "$(proc_status CapEff)" "$(caps_mask CAP_NET_BIND_SERVICE)"
}

@test "capabilities: an ambient one works" {
	as_user
	capabilities "$(jq -nc '["CAP_SYS_CHROOT"] |
		{bounding: ., permitted: ., effective: ., inheritable: ., ambient: .}')"
	script 'chroot / echo yes'
	try rootlet run c1
	assert_output yes
	config 'del(.process.capabilities.ambient)'
	try rootlet run c1
	assert_failure 1
	assert_match "$stderr" 'not permitted'
}

@test "capabilities: another user without ambient ones has none" {
	as_user
	status_of_program
	assert_equal "$(proc_status CapPrm) $(proc_status CapEff)" "$(caps_mask) $(caps_mask)"
	assert_equal "$(proc_status CapBnd)" \
		"$(caps_mask CAP_AUDIT_WRITE CAP_KILL CAP_NET_BIND_SERVICE)"
}

@test "capabilities: absent or empty, root has none" {
	local edit set
	for edit in 'del(.process.capabilities)' '.process.capabilities = {}'; do
		config "$edit"
		status_of_program
		for set in CapInh CapPrm CapEff CapBnd CapAmb; do
			assert_equal "$set $(proc_status $set)" "$set $(caps_mask)"
		done
	done
}

@test "capabilities: those that cannot be had are left out with one warning" {
	skip_if_root
	skip_unless_subids
	need_python ctypes
	capabilities "$(jq -nc '["CAP_KILL", "CAP_SYS_TIME", "CAP_CHOWN", "CAP_MKNOD"] |
		{bounding: ., permitted: ., effective: .}')"
	config '.process.args = ["cat", "/proc/self/status"]'
	try "$PYTHON" "$TESTS/userns.py" setpriv --bounding-set -sys_time,-mknod \
		"$ROOTLET" --root "$STATE_DIR" run c1
	assert_success
	assert_line_count 1 "$stderr"
	assert_match "$stderr" 'process\.capabilities: CAP_SYS_TIME, CAP_MKNOD left out'
	assert_equal "$(proc_status CapEff)" "$(caps_mask CAP_KILL CAP_CHOWN)"
	assert_equal "$(proc_status CapBnd)" "$(caps_mask CAP_KILL CAP_CHOWN)"
}

@test "capabilities: one that only a newer kernel may know is left out with a warning" {
	capabilities '{"bounding": ["CAP_KILL", "CAP_FLY"], "permitted": ["CAP_KILL"]}'
	status_of_program
	assert_line_count 1 "$stderr"
	assert_match "$stderr" 'process\.capabilities\.bounding\[1\]: unknown capability "CAP_FLY", left out'
	assert_equal "$(proc_status CapBnd)" "$(caps_mask CAP_KILL)"
}

@test "noNewPrivileges: true, false and absent" {
	status_of_program
	assert_equal "$(proc_status NoNewPrivs)" 1
	config '.process.noNewPrivileges = false'
	status_of_program
	assert_equal "$(proc_status NoNewPrivs)" 0
	config 'del(.process.noNewPrivileges)'
	status_of_program
	assert_equal "$(proc_status NoNewPrivs)" 0
}

# --- seccomp ---------------------------------------------------------------------------------

seccomp() { # JSON
	config '.linux.seccomp = $profile' --argjson profile "$1"
}

# try_call NAME|NUMBER ARGUMENT…: the errno of a system call in the container is the output.
try_call() {
	cp "$(test_program try-syscall)" rootfs/try-syscall
	config '.process.args = ["/try-syscall"] + ($words | split(" "))' --arg words "$*"
	try rootlet run c1
}

# An engine's profile for the native architecture, with one call that it does not name.
engine_profile() {
	jq -c '.linux.seccomp | del(.architectures, .defaultErrnoRet) |
		.syscalls |= [.[] | select(.action == "SCMP_ACT_ALLOW" and .args == null)] |
		.syscalls[].names -= ["getpriority"]' "$TESTS/data/real/podman-plain.json"
}

@test "seccomp: a rule's errno is what the program gets, EPERM without errnoRet" {
	seccomp '{"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [
		{"names": ["getpriority"], "action": "SCMP_ACT_ERRNO", "errnoRet": 99},
		{"names": ["mkdirat"], "action": "SCMP_ACT_ERRNO"}]}'
	try_call getpriority
	assert_success
	refute_stderr
	assert_output 99
	try_call mkdirat
	assert_output 1
	try_call personality 0xffffffff
	assert_output 0
}

@test "seccomp: the mode is filter, with and without no_new_privs" {
	seccomp '{"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [
		{"names": ["getpriority"], "action": "SCMP_ACT_ERRNO"}]}'
	status_of_program
	assert_equal "$(proc_status Seccomp)" 2
	config '.process.noNewPrivileges = false'
	status_of_program
	assert_equal "$(proc_status Seccomp)" 2
	assert_equal "$(proc_status NoNewPrivs)" 0
}

@test "seccomp: without no_new_privs, for a user without capabilities" {
	as_user
	config '.process.noNewPrivileges = false | del(.process.capabilities)'
	seccomp '{"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [
		{"names": ["getpriority"], "action": "SCMP_ACT_ERRNO", "errnoRet": 99}]}'
	try_call getpriority
	assert_success
	assert_output 99
}

@test "seccomp: rules look at arguments" {
	seccomp '{"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [
		{"names": ["getpriority"], "action": "SCMP_ACT_ERRNO", "errnoRet": 91,
		 "args": [{"index": 0, "value": 1, "op": "SCMP_CMP_EQ"}]},
		{"names": ["getpriority"], "action": "SCMP_ACT_ERRNO", "errnoRet": 92,
		 "args": [{"index": 1, "value": 7, "valueTwo": 5, "op": "SCMP_CMP_MASKED_EQ"}]}]}'
	try_call getpriority 1 0
	assert_output 91
	try_call getpriority 0 5
	assert_output 92
	try_call getpriority 0 0
	assert_output 0
}

@test "seccomp: each operator, on numbers of 64 bits" {
	local case op verdict value
	# With 0x100000005: what the operator says of a smaller number, of this one, of a larger one.
	for case in NE:yny LT:ynn LE:yyn EQ:nyn GE:nyy GT:nny; do
		op=${case%:*} verdict=${case#*:}
		seccomp "{\"defaultAction\": \"SCMP_ACT_ALLOW\", \"syscalls\": [
			{\"names\": [\"getpriority\"], \"action\": \"SCMP_ACT_ERRNO\", \"errnoRet\": 91,
			 \"args\": [{\"index\": 2, \"value\": 4294967301, \"op\": \"SCMP_CMP_$op\"}]}]}"
		for value in 5 4294967301 4294967302; do
			try_call getpriority 0 0 "$value"
			case ${verdict:0:1} in
			y) assert_equal "$op $value $output" "$op $value 91" ;;
			n) assert_equal "$op $value $output" "$op $value 0" ;;
			esac
			verdict=${verdict:1}
		done
	done
	seccomp '{"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [
		{"names": ["getpriority"], "action": "SCMP_ACT_ERRNO", "errnoRet": 91,
		 "args": [{"index": 2, "value": 4294967296, "valueTwo": 4294967296, "op": "SCMP_CMP_MASKED_EQ"}]}]}'
	try_call getpriority 0 0 4294967303
	assert_output 91
	try_call getpriority 0 0 7
	assert_output 0
}

@test "seccomp: conditions on several arguments must all hold, of those on one argument any" {
	seccomp '{"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [
		{"names": ["getpriority"], "action": "SCMP_ACT_ERRNO", "errnoRet": 91, "args": [
			{"index": 0, "value": 0, "op": "SCMP_CMP_EQ"}, {"index": 5, "value": 7, "op": "SCMP_CMP_EQ"}]},
		{"names": ["getpriority"], "action": "SCMP_ACT_ERRNO", "errnoRet": 92, "args": [
			{"index": 2, "value": 1, "op": "SCMP_CMP_EQ"}, {"index": 2, "value": 3, "op": "SCMP_CMP_EQ"}]}]}'
	try_call getpriority 0 0 0 0 0 7
	assert_output 91
	try_call getpriority 0 0 0 0 0 8
	assert_output 0
	local value
	for value in 1 3; do
		try_call getpriority 0 0 "$value"
		assert_output 92
	done
	try_call getpriority 0 0 2
	assert_output 0
}

@test "seccomp: trap is SIGSYS, log lets go on, trace without a tracer is ENOSYS" {
	local action
	local -A result=([SCMP_ACT_LOG]=0 [SCMP_ACT_ALLOW]=0 [SCMP_ACT_TRACE]=38)
	for action in "${!result[@]}"; do
		# With another default action, so that a rule that was lost would be seen.
		seccomp "$(engine_profile)"
		config '.linux.seccomp.syscalls += [{names: ["getpriority"], action: $action}]' --arg action "$action"
		try_call getpriority
		assert_success
		assert_equal "$action $output" "$action ${result[$action]}"
	done
	seccomp '{"defaultAction": "SCMP_ACT_LOG", "syscalls": [{"names": ["getpriority"], "action": "SCMP_ACT_TRAP"}]}'
	try_call getpriority
	assert_failure $((128 + 31))
	# As the default action, which everything else must be let off from.
	seccomp "$(engine_profile | jq -c '.defaultAction = "SCMP_ACT_TRAP"')"
	try_call getpriority
	assert_failure $((128 + 31))
}

@test "seccomp: architectures: the filter is for those that are listed, no others can call" {
	[ "$(uname -m)" = x86_64 ] || skip "is about x86_64"
	local calls32
	calls32=$(test_program call32)
	[ "$("$calls32" 2>&1)" = "0" ] || skip "this kernel has no 32-bit system calls"
	cp "$calls32" rootfs/call32
	seccomp '{"defaultAction": "SCMP_ACT_ALLOW", "architectures": ["SCMP_ARCH_X86_64", "SCMP_ARCH_X86"],
		"syscalls": [{"names": ["getpriority"], "action": "SCMP_ACT_ERRNO", "errnoRet": 99}]}'
	try_call getpriority
	assert_output 99
	config '.process.args = ["/call32"]'
	try rootlet run c1
	assert_success
	assert_output 99
	config '.linux.seccomp.architectures = ["SCMP_ARCH_X86_64"]'
	try rootlet run c1
	assert_failure $((128 + 31))
	refute_output
}

@test "seccomp: filters with each flag, with all and with none of them are installed" {
	local flags
	for flags in '[]' '["SECCOMP_FILTER_FLAG_TSYNC"]' '["SECCOMP_FILTER_FLAG_LOG"]' \
		'["SECCOMP_FILTER_FLAG_SPEC_ALLOW"]' '["SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV"]' \
		'["SECCOMP_FILTER_FLAG_TSYNC", "SECCOMP_FILTER_FLAG_LOG", "SECCOMP_FILTER_FLAG_SPEC_ALLOW"]'; do
		seccomp '{"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [
			{"names": ["getpriority"], "action": "SCMP_ACT_ERRNO", "errnoRet": 99}]}'
		config '.linux.seccomp.flags = $flags' --argjson flags "$flags"
		try_call getpriority
		assert_success
		assert_equal "$flags $output" "$flags 99"
	done
}

@test "seccomp: kill ends the program with SIGSYS" {
	local action
	for action in SCMP_ACT_KILL SCMP_ACT_KILL_THREAD SCMP_ACT_KILL_PROCESS; do
		seccomp "{\"defaultAction\": \"SCMP_ACT_ALLOW\", \"syscalls\": [
			{\"names\": [\"getpriority\"], \"action\": \"$action\"}]}"
		try_call getpriority
		assert_failure $((128 + 31))
	done
}

@test "seccomp: what a profile does not name gets its default action, what is newer gets ENOSYS" {
	seccomp "$(engine_profile)"
	try_call getpriority
	assert_success
	assert_output 1
	try_call 4000
	assert_output 38
}

@test "seccomp: defaultErrnoRet" {
	seccomp "$(engine_profile | jq -c '.defaultErrnoRet = 77')"
	try_call getpriority
	assert_output 77
}

@test "seccomp: system calls that nobody knows are skipped" {
	seccomp '{"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [
		{"names": ["not_a_call", "getpriority"], "action": "SCMP_ACT_ERRNO", "errnoRet": 99}]}'
	try_call getpriority
	assert_success
	assert_output 99
}

@test "seccomp: profiles with NOTIFY that would deadlock, or have no listener, are refused" {
	seccomp '{"defaultAction": "SCMP_ACT_NOTIFY", "listenerPath": "/run/listener"}'
	try rootlet run c1
	assert_error 'linux\.seccomp\.defaultAction: SCMP_ACT_NOTIFY would deadlock' 125
	seccomp '{"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [
		{"names": ["mkdirat"], "action": "SCMP_ACT_NOTIFY"}]}'
	try rootlet run c1
	assert_error 'linux\.seccomp\.syscalls\[0\]\.action: SCMP_ACT_NOTIFY needs linux\.seccomp\.listenerPath' 125
	assert_nothing_left
}

# --- the cache of compiled filters -----------------------------------------------------------

# Run with the filter, which must work, and look whether libseccomp was needed to have it.
assert_filter() { # compiled|cached
	local how=cached
	rm -f "$T"/loader.*
	LD_DEBUG=files LD_DEBUG_OUTPUT=$T/loader try_call getpriority
	assert_success
	assert_output 99
	! grep -q 'init: .*libseccomp' "$T"/loader.* || how=compiled
	assert_equal "$how" "$1"
}

cached_filter() {
	seccomp '{"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [
		{"names": ["getpriority"], "action": "SCMP_ACT_ERRNO", "errnoRet": 99}]}'
	assert_filter compiled
	cache=$XDG_CACHE_HOME/rootlet/seccomp
	assert_equal "$(find "$cache" -type f | wc -l)" 1
	entry=$(find "$cache" -type f)
	assert_filter cached
}

@test "the cache: a filter is compiled once, kept for us alone, and used the next time" {
	cached_filter
	assert_equal "$(stat -c %a "$cache")" 700
	assert_match "$(stat -c %a "$entry")" '^[46]00$'
}

@test "the cache: another filter is another entry" {
	cached_filter
	config '.linux.seccomp.syscalls[0].names += ["mkdirat"]'
	assert_filter compiled
	assert_filter cached
	assert_equal "$(find "$cache" -type f | wc -l)" 2
}

@test "the cache: an entry that was tampered with is not used" {
	cached_filter
	# The last instruction but one byte: whatever it is, it becomes another.
	local size
	size=$(stat -c %s "$entry")
	chmod u+w "$entry"
	printf '\xaa' | dd of="$entry" bs=1 seek=$((size - 4)) conv=notrunc status=none
	assert_filter compiled
}

@test "the cache: an entry that is cut off, or empty, is not used" {
	cached_filter
	chmod u+w "$entry"
	truncate -s -8 "$entry"
	assert_filter compiled
	: >"$(find "$cache" -type f)"
	assert_filter compiled
}

@test "the cache: an entry that others can write is not used" {
	cached_filter
	chmod g+w "$entry"
	assert_filter compiled
	entry=$(find "$cache" -type f)
	chmod 602 "$entry"
	assert_filter compiled
}

@test "the cache: a directory that others can write is not used" {
	cached_filter
	chmod g+w "$cache"
	assert_filter compiled
	assert_filter compiled
	chmod 700 "$cache"
	chmod o+w "${cache%/*}"
	assert_filter compiled
	assert_filter compiled
}

@test "the cache: links are not followed" {
	cached_filter
	mv "$entry" "$T/elsewhere"
	ln -s "$T/elsewhere" "$entry"
	assert_filter compiled
	rm -r "$cache"
	mkdir -m 700 "$T/other"
	ln -s "$T/other" "$cache"
	assert_filter compiled
	assert_equal "$(ls "$T/other")" ""
}

@test "the cache: a home that cannot be written to is no hindrance" {
	skip_if_root
	chmod 500 "$XDG_CACHE_HOME"
	seccomp '{"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [
		{"names": ["getpriority"], "action": "SCMP_ACT_ERRNO", "errnoRet": 99}]}'
	assert_filter compiled
	refute_stderr
	chmod 700 "$XDG_CACHE_HOME"
}

# --- scheduling and the like -----------------------------------------------------------------

# Field 41 of /proc/self/stat is the policy, 19 the nice value; the name has no space here.
show_schedule() {
	config '.process.args = ["awk", "{ print $41, $19 }", "/proc/self/stat"]'
}

@test "scheduler: policy and nice value" {
	show_schedule
	config '.process.scheduler = {policy: "SCHED_BATCH", nice: 7}'
	try rootlet run c1
	assert_success
	assert_output "3 7"
	config '.process.scheduler = {policy: "SCHED_IDLE"}'
	try rootlet run c1
	assert_success
	assert_match "$output" '^5 '
}

@test "scheduler: SCHED_FLAG_RESET_ON_FORK" {
	command -v chrt >/dev/null || skip "needs chrt"
	config '.process.scheduler = {policy: "SCHED_BATCH", flags: ["SCHED_FLAG_RESET_ON_FORK"]} |
		.process.args = ["sleep", "1000"]'
	running c1
	try chrt -p "$(pid_of c1)"
	assert_match "$output" 'SCHED_BATCH.SCHED_RESET_ON_FORK'
	rootlet delete --force c1
	config 'del(.process.scheduler.flags)'
	running c1
	try chrt -p "$(pid_of c1)"
	assert_match "$output" 'SCHED_BATCH'
	refute_match "$output" 'RESET_ON_FORK'
}

@test "scheduler: what the kernel has not is refused with the policy's name" {
	config '.process.scheduler = {policy: "SCHED_ISO"}'
	try rootlet run c1
	assert_error 'process\.scheduler: SCHED_ISO: Invalid argument' 125
	# The specification has no property for the values that these flags say are there.
	config '.process.scheduler = {policy: "SCHED_OTHER", flags: ["SCHED_FLAG_UTIL_CLAMP_MIN"]}'
	try rootlet run c1
	assert_error 'process\.scheduler: SCHED_OTHER: ' 125
	assert_nothing_left
}

@test "scheduler: a lower nice value without the privilege is refused, with what it takes" {
	skip_if_root
	[ "$(ulimit -H -e)" = 0 ] || skip "this user may lower nice values"
	config '.process.scheduler = {policy: "SCHED_OTHER", nice: -5}'
	try rootlet run c1
	assert_error 'process\.scheduler: SCHED_OTHER: .*RLIMIT_NICE' 125
	assert_nothing_left
}

@test "scheduler: real time without the privilege is refused, with what it takes" {
	skip_if_root
	[ "$(ulimit -H -r)" = 0 ] || skip "this user may use real time"
	config '.process.scheduler = {policy: "SCHED_FIFO", priority: 10}'
	try rootlet run c1
	assert_error 'process\.scheduler: SCHED_FIFO: .*RLIMIT_RTPRIO' 125
	assert_nothing_left
}

@test "ioPriority: class and level" {
	config '.process.args = ["ionice"] |
		.process.ioPriority = {class: "IOPRIO_CLASS_BE", priority: 6}'
	try rootlet run c1
	assert_success
	assert_match "$output" 'best-effort: prio 6'
	config '.process.ioPriority = {class: "IOPRIO_CLASS_IDLE", priority: 0}'
	try rootlet run c1
	assert_success
	assert_match "$output" '^idle'
}

@test "ioPriority: each level, and real time is refused without the privilege" {
	local level
	config '.process.args = ["ionice"]'
	for level in 0 3 7; do
		config '.process.ioPriority = {class: "IOPRIO_CLASS_BE", priority: $level}' --argjson level "$level"
		try rootlet run c1
		assert_match "$output" "best-effort: prio $level"
	done
	skip_if_root
	config '.process.ioPriority = {class: "IOPRIO_CLASS_RT", priority: 0}'
	try rootlet run c1
	assert_error 'process\.ioPriority: IOPRIO_CLASS_RT, priority 0: .*CAP_SYS_NICE' 125
	assert_nothing_left
}

@test "memoryPolicy: mode, nodes and flags, read back from /proc/self/numa_maps" {
	[ -r /proc/self/numa_maps ] || skip "this kernel has no NUMA"
	config '.process.args = ["head", "-n", "1", "/proc/self/numa_maps"]'
	local policy shown
	while read -r shown policy; do
		config '.linux.memoryPolicy = $policy' --argjson policy "$policy"
		try rootlet run c1
		assert_success
		assert_equal "$policy: $(cut -d ' ' -f 2 <<<"$output")" "$policy: $shown"
	done <<-'END'
		bind:0	{"mode": "MPOL_BIND", "nodes": "0"}
		prefer:0	{"mode": "MPOL_PREFERRED", "nodes": "0"}
		interleave:0	{"mode": "MPOL_INTERLEAVE", "nodes": "0"}
		bind=static:0	{"mode": "MPOL_BIND", "nodes": "0", "flags": ["MPOL_F_STATIC_NODES"]}
		bind=relative:0	{"mode": "MPOL_BIND", "nodes": "0", "flags": ["MPOL_F_RELATIVE_NODES"]}
		local	{"mode": "MPOL_LOCAL"}
		default	{"mode": "MPOL_DEFAULT"}
	END
	config '.linux.memoryPolicy = {mode: "MPOL_BIND", nodes: "1000"}'
	try rootlet run c1
	assert_error 'linux\.memoryPolicy: nodes "1000": .*must exist' 125
	assert_nothing_left
}

@test "oomScoreAdj: raised" {
	config '.process.args = ["cat", "/proc/self/oom_score_adj"] | .process.oomScoreAdj = 500'
	try rootlet run c1
	assert_success
	refute_stderr
	assert_output 500
}

@test "oomScoreAdj: lower than we may go is a warning, and the lowest that we may" {
	skip_if_root
	local own
	own=$(cat /proc/self/oom_score_adj)
	[ "$own" -gt -1000 ] || skip "this process has the lowest score already"
	config '.process.args = ["cat", "/proc/self/oom_score_adj"] | .process.oomScoreAdj = -1000'
	try rootlet run c1
	assert_success
	assert_line_count 1 "$stderr"
	assert_match "$stderr" 'process\.oomScoreAdj: -1000 needs CAP_SYS_RESOURCE'
	[ "$output" -le "$own" ] && [ "$output" -gt -1000 ]
}

@test "personality: LINUX32 shows a 32-bit machine" {
	case $(uname -m) in
	x86_64) machine=i686 ;;
	aarch64) machine=armv8l ;;
	*) skip "not known for $(uname -m)" ;;
	esac
	config '.process.args = ["uname", "-m"] | .linux.personality = {domain: "LINUX32"}'
	try rootlet run c1
	assert_success
	assert_output "$machine"
	config '.linux.personality = {domain: "LINUX"}'
	try rootlet run c1
	assert_output "$(uname -m)"
}

@test "personality: flags are refused, an empty list of them is none" {
	config '.linux.personality = {domain: "LINUX", flags: []}'
	script 'echo runs'
	try rootlet run c1
	assert_output runs
	config '.linux.personality.flags = ["ADDR_NO_RANDOMIZE"]'
	try rootlet run c1
	assert_error 'linux\.personality\.flags: ' 125
}

# --- labels and limits ------------------------------------------------------------------------

@test "labels are refused where the host's kernel has no such module, unconfined is no label" {
	local case
	script 'echo runs'
	config '.process.apparmorProfile = "unconfined"'
	try rootlet run c1
	assert_success
	assert_output runs
	if [ "$(cat /sys/module/apparmor/parameters/enabled 2>/dev/null)" != Y ]; then
		config '.process.apparmorProfile = "docker-default"'
		try rootlet run c1
		assert_error 'process\.apparmorProfile: this host has no AppArmor.*"docker-default"' 125
		config 'del(.process.apparmorProfile)'
	fi
	[ ! -e /sys/fs/selinux/enforce ] || skip "this host has SELinux"
	config '.process.selinuxLabel = "a:b:c:s0" | del(.process.apparmorProfile)'
	try rootlet run c1
	assert_error 'process\.selinuxLabel: this host has no SELinux' 125
	config 'del(.process.selinuxLabel) | .linux.mountLabel = "a:b:c:s0"'
	try rootlet run c1
	assert_error 'linux\.mountLabel: ' 125
	assert_nothing_left
}

# Each property of linux.resources that would be a limit, and a value for it.
resources() {
	config '.linux.resources = {
		unified: {"memory.high": "1000000"},
		devices: [{allow: false, access: "rwm"}, {allow: true, type: "c", major: 1, minor: 3, access: "r"}],
		pids: {limit: 10},
		memory: {limit: 100000000, reservation: 10000000, swap: 200000000, useHierarchy: true, checkBeforeUpdate: true},
		cpu: {shares: 100, quota: 50000, period: 100000, burst: 1000, idle: 1, cpus: "0", mems: "0"},
		blockIO: {weight: 100, weightDevice: [{major: 8, minor: 0, weight: 100}],
			throttleReadBpsDevice: [{major: 8, minor: 0, rate: 1000}],
			throttleWriteBpsDevice: [{major: 8, minor: 0, rate: 1000}],
			throttleReadIOPSDevice: [{major: 8, minor: 0, rate: 1000}],
			throttleWriteIOPSDevice: [{major: 8, minor: 0, rate: 1000}]},
		hugepageLimits: [{pageSize: "2MB", limit: 1000}],
		rdma: {mlx5_1: {hcaHandles: 1, hcaObjects: 1}}}'
}

LOST="unified, pids.limit, memory.limit, memory.reservation, memory.swap, cpu.shares, cpu.quota, cpu.period, \
cpu.burst, cpu.idle, cpu.cpus, cpu.mems, blockIO.weight, blockIO.weightDevice, blockIO.throttleReadBpsDevice, \
blockIO.throttleWriteBpsDevice, blockIO.throttleReadIOPSDevice, blockIO.throttleWriteIOPSDevice, hugepageLimits, rdma"

@test "resources: what is not in force is named in one warning, device rules are no loss for users" {
	skip_if_root
	resources
	script 'echo runs'
	try rootlet --cgroup-manager disabled run c1
	assert_success
	assert_output runs
	assert_line_count 1 "$stderr"
	assert_match "$stderr" "linux\.resources: not in force: ${LOST//./\\.}: "
}

@test "resources: refused with --strict, which does no harm by itself" {
	skip_if_root
	script 'echo runs'
	config '.linux.cgroupsPath = "/somewhere" | .linux.resources = {devices: [{allow: false, access: "rwm"}]}'
	try rootlet --strict --cgroup-manager disabled run c1
	assert_success
	refute_stderr
	assert_output runs
	resources
	try rootlet --strict --cgroup-manager disabled run c1
	assert_error "linux\.resources: cannot apply ${LOST//./\\.}: .* or remove them\$" 125
	assert_nothing_left
}

@test "resources: what cgroup v2 cannot express is refused, cgroup or not" {
	local property
	for property in '{memory: {kernel: 10000000}}' '{memory: {kernelTCP: 10000000}}' '{memory: {swappiness: 50}}' \
		'{memory: {disableOOMKiller: true}}' '{memory: {useHierarchy: false}}' '{cpu: {realtimeRuntime: 500}}' \
		'{cpu: {realtimePeriod: 1000}}' '{blockIO: {leafWeight: 100}}' '{network: {classID: 1}}' \
		'{network: {priorities: [{name: "lo", priority: 1}]}}'; do
		config ".linux.resources = $property"
		try rootlet run c1
		property=$(jq -r 'path(..) | select(length == 2) | join(".")' <<<"$(jq -n "$property")")
		assert_error "linux\.resources\.${property/./\\.}: cgroup v2 " 125
	done
	assert_nothing_left
}

@test "resources: limits that are none are no loss" {
	config '.linux.resources = {pids: {limit: -1}, unified: {}, cpu: {quota: -1},
		memory: {limit: -1, swap: -1, reservation: -1, disableOOMKiller: false}} | .linux.cgroupsPath = "/somewhere"'
	script 'echo runs'
	try rootlet --strict --cgroup-manager disabled run c1
	assert_success
	refute_stderr
	assert_output runs
}

# --- names and sysctls -----------------------------------------------------------------------

@test "hostname and domainname" {
	config '.hostname = "host-1" | .domainname = "example.org"'
	script 'hostname; cat /proc/sys/kernel/domainname'
	try rootlet run c1
	assert_success
	assert_output $'host-1\nexample.org'
}

@test "hostname without a uts namespace is refused" {
	config 'del(.linux.namespaces[] | select(.type == "uts"))'
	try rootlet run c1
	assert_error 'hostname: needs a uts namespace' 125
}

@test "sysctls of the network namespace" {
	config '.linux.sysctl = {
		"net.ipv4.ip_unprivileged_port_start": "80",
		"net.ipv4.ping_group_range": "0 0",
		"net/ipv4/ip_forward": "1",
		"net.ipv4.conf.lo.forwarding": "1"}'
	script 'cd /proc/sys; cat net/ipv4/ip_unprivileged_port_start net/ipv4/ping_group_range \
		net/ipv4/ip_forward net/ipv4/conf/lo/forwarding'
	try rootlet run c1
	assert_success
	assert_equal "$(xargs <<<"$output")" "80 0 0 1 1"
}

@test "sysctls of the ipc namespace" {
	skip_unless_ipc_sysctls
	config '.linux.sysctl = {
		"kernel.msgmax": "9000",
		"kernel.shmmni": "100",
		"fs.mqueue.msg_max": "20"}'
	script 'cd /proc/sys; cat kernel/msgmax kernel/shmmni fs/mqueue/msg_max'
	local before
	before=$(cat /proc/sys/kernel/msgmax)
	try rootlet run c1
	assert_success
	assert_equal "$(xargs <<<"$output")" "9000 100 20"
	assert_equal "$(cat /proc/sys/kernel/msgmax)" "$before"
}

@test "sysctls of the ipc namespace are refused where the kernel does, with the reason" {
	! has_ipc_sysctls || skip "this kernel has them"
	local key
	for key in kernel.msgmax fs.mqueue.msg_max; do
		config '.linux.sysctl = {($key): "9"}' --arg key "$key"
		try rootlet run c1
		assert_error "linux.sysctl: $key = 9: Permission denied; .* since Linux 6\.9" 125
	done
	assert_nothing_left
}

@test "a sysctl of no namespace is refused before anything exists" {
	local key
	for key in kernel.panic vm.swappiness fs.file-max user/max_user_namespaces/../../kernel/panic; do
		config '.linux.sysctl = {($key): "1"}' --arg key "$key"
		try rootlet run c1
		assert_error 'linux\.sysctl\[' 125
	done
	assert_nothing_left
}

@test "a sysctl of a namespace that the container shares with the host is refused" {
	config '.linux.sysctl = {"net.ipv4.ip_forward": "1"} |
		del(.linux.namespaces[] | select(.type == "network"))'
	try rootlet run c1
	assert_error 'linux\.sysctl\[.*net\.ipv4\.ip_forward.*needs a namespace.*"network"' 125
}

@test "sysctls of the user namespace: of the container's own, or refused" {
	config '.linux.sysctl = {"user.max_uts_namespaces": "7"} |
		.process.args = ["cat", "/proc/sys/user/max_uts_namespaces"]'
	try rootlet run c1
	assert_success
	assert_output 7
	skip_unless_subids
	need_python ctypes
	try "$PYTHON" "$TESTS/userns.py" "$ROOTLET" --root "$STATE_DIR" run c1
	assert_error 'linux\.sysctl\["user\.max_uts_namespaces"\]: needs a user namespace that is not' 125
}

@test "a sysctl of the uts namespace, and its contradiction" {
	config 'del(.hostname) |
		.linux.sysctl = {"kernel.hostname": "host-2", "kernel/domainname": "example.org"}'
	script 'cd /proc/sys/kernel; cat hostname domainname'
	try rootlet run c1
	assert_success
	assert_output $'host-2\nexample.org'
	config '.linux.sysctl = {"kernel.domainname": ("x" * 65)}'
	try rootlet run c1
	assert_error 'linux\.sysctl: kernel\.domainname = x+: Invalid argument' 125
	config '.linux.sysctl = {"kernel.hostname": "other"} | .hostname = "host-1"'
	try rootlet run c1
	assert_error 'linux\.sysctl\["kernel\.hostname"\]: contradicts hostname' 125
}

@test "a sysctl value that the kernel refuses is an error with its name" {
	config '.linux.sysctl = {"net.ipv4.ip_unprivileged_port_start": "many"}'
	try rootlet run c1
	assert_error 'linux\.sysctl: net\.ipv4\.ip_unprivileged_port_start = many: Invalid argument' 125
	assert_nothing_left
}
