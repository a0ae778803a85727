# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2016,SC2034,SC2154,SC2164
# Attacks of kinds that have worked on some runtime, tried on ours: each test is what the attacker
# does, and that he has nothing from it. Those that take a race are in hostile-races.bats.

load helpers
load readback
load hostile

# --- the runtime's own executable ----------------------------------------------------------------

@test "CVE-2019-5736: a runtime in the user's home runs from a sealed copy" {
	own_runtime
	script 'sleep 1000'
	background "$ROOTLET" --root "$STATE_DIR" run c1
	wait_until 10 has_status c1 running
	assert_match "$(readlink "/proc/$!/exe")" '^/memfd:rootlet'
	# It cannot be written there either, by nobody.
	if (echo pwned >>"/proc/$!/exe") 2>"$T/why"; then
		fail "the copy can be written"
	fi
	rootlet kill c1 KILL
	wait_until 10 process_gone $!
	assert_runtime_untouched
}

@test "CVE-2019-5736: a runtime that belongs to a subordinate id runs from a sealed copy" {
	# The container's root can write the files of all ids that are mapped there.
	skip_unless_subids
	own_runtime
	writable_root
	capable CAP_CHOWN CAP_FOWNER CAP_DAC_OVERRIDE
	cp config.json "$T/config.json"
	config '.mounts += [{destination: "/mnt", type: "bind", source: ($home + "/bin"), options: ["bind"]}]' \
		--arg home "$HOME"
	script 'cp /mnt/rootlet /mnt/new && chown 5:5 /mnt/new && chmod 755 /mnt/new && mv /mnt/new /mnt/rootlet'
	try rootlet run c0
	assert_success
	cp "$T/config.json" config.json
	script 'sleep 1000'
	background "$ROOTLET" --root "$STATE_DIR" run c1
	wait_until 10 has_status c1 running
	assert_match "$(readlink "/proc/$!/exe")" '^/memfd:rootlet'
	rootlet kill c1 KILL
	wait_until 10 process_gone $!
	assert_runtime_untouched
}

@test "CVE-2019-5736: /proc/self/exe as the program, and as its interpreter" {
	own_runtime
	config '.process.args = ["/proc/self/exe", "--version"]'
	try rootlet run c1
	assert_runtime_untouched
	printf '#!/proc/self/exe\n' >rootfs/bin/program
	chmod +x rootfs/bin/program
	config '.process.args = ["program"]'
	try rootlet run c1
	assert_runtime_untouched
}

# --- processes of the runtime in the container ---------------------------------------------------

@test "CVE-2016-9962: an init that waits for its start shows nothing to who shares its namespaces" {
	with_looker
	config '.process.args = ["/look", "/tmp/stop", "/bin/", "/look"]'
	running c1
	mkdir "$T/second"
	jq '.root.path = $rootfs | .linux.namespaces |= map(if .type == "pid" then .path = $path else . end) |
		.process.args = ["true"]' --arg rootfs "$BUNDLE/rootfs" --arg path "/proc/$(pid_of c1)/ns/pid" \
		config.json >"$T/second/config.json"
	created c2 --bundle "$T/second"
	# Time for some more looks.
	try rootlet exec c1 sleep 1
	assert_success
	: >rootfs/tmp/stop
	wait_until 10 has_status c1 stopped
	assert_seen_nothing "$T/c1.out"
}

# --- leaked fds and directories ------------------------------------------------------------------

# With directories and files of the host open, as a careless engine may have them.
careless() {
	"$@" 4<"$T" 5<"$T/secret" 6</ 7<"$T/outside" 9<"$T" 20<"$T"
}

@test "CVE-2024-21626: no fd of the host reaches the program" {
	# Without a pipe or a file, of which the shell would hold an end.
	script 'ls /proc/1/fd; echo and; ls /proc/self/fd'
	try careless "$ROOTLET" --root "$STATE_DIR" run c1
	assert_success
	assert_equal "$(xargs <<<"$output")" '0 1 2 and 0 1 2 3'
	script 'sleep 1000'
	running c2
	try careless "$ROOTLET" --root "$STATE_DIR" exec c2 ls /proc/self/fd
	assert_success
	assert_equal "$(xargs <<<"$output")" "0 1 2 3"
}

@test "CVE-2024-21626: a directory of the host as stdin, stdout or stderr is refused" {
	local fd verb
	script 'cat /proc/self/fd/[012]/secret'
	for fd in 0 1 2; do
		for verb in run create; do
			try sh -c "exec \"\$@\" $fd<'$T'" sh "$ROOTLET" --root "$STATE_DIR" "$verb" c1
			assert_failure
			refute_match "$output$stderr" 'host secret'
			# Where the message can be read.
			[ "$fd" -eq 2 ] || assert_match "$stderr" 'std(in|out) is a directory'
		done
	done
	assert_nothing_left
	script 'sleep 1000'
	running c2
	for fd in 0 1 2; do
		try sh -c "exec \"\$@\" $fd<'$T'" sh "$ROOTLET" --root "$STATE_DIR" exec c2 \
			sh -c 'cat /proc/self/fd/[012]/secret'
		assert_failure 125
		refute_match "$output$stderr" 'host secret'
	done
}

# on_socket CMD…: with one end of a socket pair as stdin, stdout and stderr.
on_socket() {
	need_python socket
	"$PYTHON" -c 'if True:
		import socket, subprocess, sys
		ours, its = socket.socketpair()
		child = subprocess.Popen(sys.argv[1:], stdin=its, stdout=its, stderr=its)
		its.close()
		ours.sendall(b"hello\n")
		ours.shutdown(socket.SHUT_WR)
		while data := ours.recv(4096):
			sys.stdout.buffer.write(data)
		sys.exit(child.wait())' "$@"
}

@test "CVE-2024-21626: a socket as stdin, stdout and stderr leads to its peer and nowhere else" {
	local text='read -r line; echo "got $line"; echo failed >&2
		cat </proc/self/fd/0; cat /proc/self/fd/0/../secret; ls -d /proc/self/fd/0/..; pwd'
	script "$text"
	try on_socket "$ROOTLET" --root "$STATE_DIR" run c1
	assert_success
	assert_line 'got hello'
	assert_line failed
	assert_line /
	refute_match "$output" 'host secret'
	refute_line /proc/self/fd/0/..
	script 'sleep 1000'
	running c2
	try on_socket "$ROOTLET" --root "$STATE_DIR" exec c2 sh -c "$text"
	assert_success
	assert_line 'got hello'
	assert_line failed
	assert_line /
	refute_match "$output" 'host secret'
	refute_line /proc/self/fd/0/..
}

# The working directory is inside, or there is no program.
assert_inside() {
	refute_match "$output" 'secret|outside'
	if [ "$status" -eq 0 ]; then
		assert_match "${lines[0]}" '^/'
	else
		assert_match "$stderr" 'cwd'
	fi
}

@test "CVE-2024-21626: cwd by an fd of ours is refused, whatever its number" {
	local fd path
	for fd in {3..24}; do
		for path in "/proc/self/fd/$fd" "/proc/self/fd/$fd/../.." "/proc/1/fd/$fd" "/proc/thread-self/fd/$fd"; do
			config '.process.cwd = $path | .process.args = ["sh", "-c", "pwd -P; ls"]' --arg path "$path"
			try careless "$ROOTLET" --root "$STATE_DIR" run c1
			assert_inside
		done
	done
	assert_nothing_left
}

@test "CVE-2024-21626: cwd by an fd of ours is refused by exec" {
	script 'sleep 1000'
	running c1
	local fd
	for fd in {3..24}; do
		try careless "$ROOTLET" --root "$STATE_DIR" exec --cwd "/proc/self/fd/$fd" c1 sh -c 'pwd -P; ls'
		assert_inside
		try careless "$ROOTLET" --root "$STATE_DIR" exec --cwd "/proc/self/fd/$fd/../" c1 sh -c 'pwd -P; ls'
		assert_inside
	done
}

@test "CVE-2024-21626: a link to an fd of ours as cwd is refused" {
	local fd
	for fd in {3..12}; do
		ln -sfn "/proc/self/fd/$fd" rootfs/link
		config '.process.cwd = "/link" | .process.args = ["sh", "-c", "pwd -P; ls"]'
		try careless "$ROOTLET" --root "$STATE_DIR" run c1
		assert_inside
	done
}

@test "CVE-2024-21626: a program, or an interpreter, by an fd of ours is not found" {
	cp rootfs/bin/busybox "$T/sh"
	# Through ".." of whatever directory it is, the host's root can be reached if it is of the host.
	local fd path
	for fd in {3..12}; do
		for path in "sh" "..$T/sh" "../../../../../../../../..$T/sh"; do
			path=/proc/self/fd/$fd/$path
			config '.process.args = [$path, "-c", "echo outside"]' --arg path "$path"
			try careless "$ROOTLET" --root "$STATE_DIR" run c1
			assert_error "/proc/self/fd/$fd/.*" 127
			printf '#!%s\n' "$path" >rootfs/bin/program
			chmod +x rootfs/bin/program
			config '.process.args = ["program"]'
			try careless "$ROOTLET" --root "$STATE_DIR" run c1
			assert_error 'cannot execute /bin/program' 127
		done
	done
}

@test "CVE-2024-21626: a program, or an interpreter, by an fd of ours is not found by exec" {
	cp rootfs/bin/busybox "$T/sh"
	script 'sleep 1000'
	running c1
	local fd path
	for fd in {3..20}; do
		for path in "sh" "..$T/sh" "../../../../../../../../..$T/sh"; do
			path=/proc/self/fd/$fd/$path
			try careless "$ROOTLET" --root "$STATE_DIR" exec c1 "$path" -c 'echo outside'
			assert_error "/proc/self/fd/$fd/.*" 127
			printf '#!%s\n' "$path" >rootfs/bin/program
			chmod +x rootfs/bin/program
			try careless "$ROOTLET" --root "$STATE_DIR" exec c1 program
			assert_error 'cannot execute /bin/program' 127
		done
	done
}

# --- a /proc that is none ------------------------------------------------------------------------

@test "CVE-2019-16884, CVE-2019-19921: what is written to procfs does not go to a false one" {
	skip_if_root
	mkdir -p "$T/proc/self/attr" "$T/proc/sys/net/ipv4" rootfs/real
	echo false | tee "$T/proc/self/oom_score_adj" "$T/proc/self/attr/exec" \
		>"$T/proc/sys/net/ipv4/ip_forward"
	without_mount /proc
	config '.mounts = [{destination: "/proc", type: "bind", source: $proc, options: ["rbind"]},
			{destination: "/real", type: "proc", source: "proc"}] + .mounts |
		.linux.maskedPaths = [] | .linux.readonlyPaths = [] |
		.linux.sysctl = {"net.ipv4.ip_forward": "1"} | .process.oomScoreAdj = 567' \
		--arg proc "$T/proc"
	script 'cat /real/sys/net/ipv4/ip_forward /real/self/oom_score_adj /proc/self/oom_score_adj'
	try rootlet run c1
	assert_success
	assert_output $'1\n567\nfalse'
	assert_equal "$(cat "$T"/proc/self/oom_score_adj "$T"/proc/self/attr/exec \
		"$T"/proc/sys/net/ipv4/ip_forward | sort -u)" false
}

@test "CVE-2019-16884, CVE-2019-19921: procfs and sysfs go on ordinary directories only" {
	mkdir rootfs/other
	local name target
	for name in proc sys; do
		rmdir "rootfs/$name"
		for target in /other "$T/outside" "../../../../../../../..$T/outside" other/missing /; do
			ln -sfn "$target" "rootfs/$name"
			try rootlet run c1
			assert_error "mounts\[[0-9]+\].destination: /$name is not an ordinary directory" 125
		done
		rm "rootfs/$name"
		: >"rootfs/$name"
		try rootlet run c1
		assert_error "mounts\[[0-9]+\].destination: /$name is not an ordinary directory" 125
		rm "rootfs/$name"
		mkdir "rootfs/$name"
	done
	# Masks need /proc to be what they are for, too.
	without_mount /proc
	rmdir rootfs/proc
	ln -s /other rootfs/proc
	try rootlet run c1
	assert_error 'linux\..*Paths\[[0-9]+\]: /proc is a symbolic link' 125
	assert_nothing_left
}

@test "CVE-2025-52881: sysctls and scores are not redirected by mounts on procfs" {
	skip_if_root
	mkdir -p "$T/false" rootfs/hostproc rootfs/link
	rmdir rootfs/link
	echo false | tee "$T/false/ip_forward" "$T/false/oom_score_adj" >/dev/null
	# Onto the container's procfs by links of the rootfs, and onto a copy of the host's that passes
	# its mounts on.
	ln -s proc/sys/net/ipv4/ip_forward rootfs/link
	ln -s proc/self/oom_score_adj rootfs/score
	config '.linux.maskedPaths = [] | .linux.readonlyPaths = [] |
		.linux.sysctl = {"net.ipv4.ip_forward": "1"} | .process.oomScoreAdj = 567 |
		.mounts += [
			{destination: "/hostproc", type: "bind", source: "/proc", options: ["rbind", "rshared"]},
			{destination: "/hostproc/sys/net/ipv4/ip_forward", type: "bind",
				source: ($false + "/ip_forward"), options: ["bind"]},
			{destination: "/link", type: "bind", source: ($false + "/ip_forward"), options: ["bind"]},
			{destination: "/score", type: "bind", source: ($false + "/oom_score_adj"), options: ["bind"]}]' \
		--arg false "$T/false"
	mkdir rootfs/real
	config '.mounts += [{destination: "/real", type: "proc", source: "proc"}]'
	script 'cat /proc/sys/net/ipv4/ip_forward /real/sys/net/ipv4/ip_forward /real/self/oom_score_adj'
	try rootlet run c1
	assert_success
	assert_output $'false\n1\n567'
	assert_equal "$(sort -u "$T"/false/*)" false
}

@test "CVE-2025-52881: exec writes to no false procfs" {
	skip_if_root
	without_mount /proc
	mkdir rootfs/real
	writable_root
	config '.mounts += [{destination: "/real", type: "proc", source: "proc"}] |
		.linux.maskedPaths = [] | .linux.readonlyPaths = []'
	script 'mkdir -p /proc/self/attr /proc/1/ns; cd /proc/self
		echo false | tee oom_score_adj attr/exec timens_offsets >setgroups; echo ready; sleep 1000'
	running c1
	wait_until 10 grep -q ready "$T/c1.out"
	jq '.process | .oomScoreAdj = 567 | .args = ["cat", "/real/self/oom_score_adj",
		"/proc/self/oom_score_adj", "/proc/self/attr/exec"]' config.json >"$T/process.json"
	try rootlet exec --process "$T/process.json" c1
	assert_success
	assert_output $'567\nfalse\nfalse'
}

@test "CVE-2025-52881: a sysctl names a file below /proc/sys and no other" {
	local key
	for key in net/../../self/oom_score_adj net.ipv4./../../../self/oom_score_adj ../self/oom_score_adj \
		/proc/self/oom_score_adj net.ipv4.....self.comm net/ipv4/../../../self/comm .. . ""; do
		config '.linux.sysctl = {($key): "567"} | .process.args = ["cat", "/proc/self/oom_score_adj"]' \
			--arg key "$key"
		try rootlet run c1
		assert_error 'linux.sysctl' 125
	done
	assert_nothing_left
}

@test "CVE-2025-31133: masks are on what is seen, also where a mount or a copy covers /proc" {
	# The whole of /proc read-only: masks go on the copy, not below it.
	config '.linux.readonlyPaths = ["/proc"] | .linux.maskedPaths = ["/proc/version", "/proc/../etc/passwd"] |
		.process.args = ["cat", "/proc/version", "/etc/passwd"]'
	try rootlet run c1
	assert_success
	refute_output
	# A second procfs on the first.
	config '.linux.readonlyPaths = [] | .mounts += [{destination: "//proc/", type: "proc", source: "proc"}]'
	try rootlet run c1
	assert_success
	refute_output
	# And a volume, with a directory of that name.
	mkdir "$T/volume"
	echo "masked secret" >"$T/volume/version"
	config '.mounts[-1] |= {destination: "/proc", type: "bind", source: $volume, options: ["bind"]}' \
		--arg volume "$T/volume"
	try rootlet run c1
	assert_success
	refute_output
}

# --- a root file system that is full of links ----------------------------------------------------

# What a runtime makes or removes in /dev, in a directory of the host's.
host_directory() {
	mkdir -p "$T/host/pts" "$T/host/shm"
	echo "host secret" | tee "$T"/host/{ptmx,fd,core} >/dev/null
	(cd "$T/host" && find . -printf '%p %y %i %m %s\n' | sort) >"$T/listing"
}

assert_host_untouched() {
	assert_equal "$(cd "$T/host" && find . -printf '%p %y %i %m %s\n' | sort)" "$(cat "$T/listing")"
}

# A link of the rootfs may lead somewhere inside, where it is made; or it is refused in words.
assert_inside_or_refused() {
	[ "$status" -eq 0 ] || assert_error 'mounts\[|process\.cwd|linux\.|/dev' 125
	assert_host_untouched
	refute_match "$output" 'host secret'
}

@test "CVE-2023-28642, CVE-2026-41579, CVE-2026-47766: /dev, /proc, /sys, cwd that are links lead nowhere outside" {
	writable_root
	host_directory
	# Where the links lead when they are followed inside.
	mkdir -p "rootfs$T/host"
	config '.process.cwd = "/work" | .process.args = ["sh", "-c", "cat /dev/core ./core ./ptmx ./fd; true"]'
	cp config.json "$T/with.json"
	without_mount /dev /dev/pts /dev/shm /dev/mqueue /proc /sys
	cp config.json "$T/without.json"
	local name target mounts
	for name in dev dev/pts dev/shm proc sys work; do
		for target in "$T/host" "../../../../../../../../..$T/host" /proc/1/root; do
			rm -rf "rootfs/${name%%/*}"
			mkdir -p "rootfs/$(dirname "$name")"
			ln -s "$target" "rootfs/$name"
			for mounts in with without; do
				cp "$T/$mounts.json" config.json
				try rootlet run c1
				assert_inside_or_refused
			done
		done
		rm "rootfs/$name"
		mkdir -p "rootfs/${name%%/*}"
	done
	assert_nothing_left
}

@test "CVE-2024-45310: nothing is made outside for mounts whose destinations are links" {
	writable_root
	host_directory
	ln -s "$T/outside" rootfs/absolute
	ln -s "../../../../../../../../..$T/outside" rootfs/relative
	ln -s absolute rootfs/chain
	ln -s loop rootfs/loop
	ln -s /proc/1/root rootfs/magic
	ln -s /proc/self/fd rootfs/fds
	ln -s "$T/host/new" rootfs/dangling
	config '.process.args = ["true"]'
	cp config.json "$T/config.json"
	local directory name
	for directory in absolute relative chain loop "magic$T/outside" fds/4 fds/7 dangling \
		"../..$T/outside" "absolute/../../../..$T/outside" "missing/../..$T/outside"; do
		for name in "" /new/below; do
			cp "$T/config.json" config.json
			config '.mounts += [{destination: ("/" + $path), type: "tmpfs"},
				{destination: ("/" + $path + "-file"), type: "bind", source: "/dev/null", options: ["bind"]},
				{destination: ("/" + $path + "/file"), type: "bind", source: "/dev/null", options: ["bind"]}]' \
				--arg path "$directory$name"
			try careless "$ROOTLET" --root "$STATE_DIR" run c1
			assert_inside_or_refused
		done
	done
	assert_nothing_left
}

# --- masks and devices ---------------------------------------------------------------------------

@test "CVE-2025-31133: a false /dev/null in the rootfs masks nothing and is written to by nobody" {
	without_mount /dev /dev/pts /dev/shm /dev/mqueue
	writable_root
	echo "masked secret" >rootfs/etc/secret
	config '.linux.maskedPaths = ["/etc/secret"]'
	script 'cat /etc/secret; stat -c %t:%T /etc/secret; echo pwned >/etc/secret'
	local false_null
	for false_null in "ln -s $T/secret" "ln -s ../../../../../..$T/secret" "ln -s /proc/sysrq-trigger" \
		"ln -s /etc/secret" "ln rootfs/etc/secret" mkdir; do
		rm -rf rootfs/dev/null
		$false_null rootfs/dev/null
		try rootlet run c1
		assert_error '/dev/null' 125
	done
	rm -rf rootfs/dev/null
	# An empty file is where the real one goes.
	: >rootfs/dev/null
	try rootlet run c1
	assert_success
	assert_output 1:3
	assert_equal "$(cat rootfs/etc/secret)" "masked secret"
}

@test "CVE-2025-31133: a false /dev/null in a volume masks nothing either" {
	echo "masked secret" >rootfs/etc/secret
	writable_root
	without_mount /dev /dev/pts /dev/shm /dev/mqueue
	mkdir "$T/volume"
	config '.linux.maskedPaths = ["/etc/secret"] |
		.mounts += [{destination: "/dev", type: "bind", source: $volume, options: ["bind"]}]' \
		--arg volume "$T/volume"
	script 'cat /etc/secret; stat -c %t:%T /etc/secret; echo pwned >/etc/secret'
	local false_null
	for false_null in "ln -s $T/secret" "ln -s /proc/sysrq-trigger" "ln -s /etc/secret" \
		"ln rootfs/etc/secret" mkdir touch; do
		rm -rf "$T/volume/null"
		$false_null "$T/volume/null"
		try rootlet run c1
		assert_success
		assert_output 1:3
		assert_equal "$(cat rootfs/etc/secret)" "masked secret"
	done
}

# --- terminals -----------------------------------------------------------------------------------

@test "CVE-2025-52565: /dev/console in the rootfs leads nowhere outside" {
	without_mount /dev /dev/pts /dev/shm /dev/mqueue
	writable_root
	config '.process.terminal = true'
	script 'tty; echo pwned >/dev/console'
	local target
	for target in "$T/secret" "../../../../../../../..$T/secret" "$T/outside/new"; do
		ln -sfn "$target" rootfs/dev/console
		try on_terminal -- "$ROOTLET" --root "$STATE_DIR" run c1
		assert_equal "$(cat "$T/secret")" "host secret"
		rm -rf "rootfs$T"
	done
	assert_nothing_left
}

@test "CVE-2025-52565: a /dev/pts of the rootfs is no source of terminals" {
	without_mount /dev /dev/pts /dev/shm /dev/mqueue
	config '.process.terminal = true | .process.args = ["true"]'
	mkdir -p rootfs/dev/pts
	: >rootfs/dev/pts/ptmx
	try on_terminal -- "$ROOTLET" --root "$STATE_DIR" run c1
	assert_failure 125
	assert_match "$output$stderr" '/dev/pts in the container is no devpts'
	rm -r rootfs/dev/pts
	mkdir "$T/pts"
	: >"$T/pts/ptmx"
	ln -s "$T/pts" rootfs/dev/pts
	# Inside, the link leads to nothing: the terminal is one of the host's, as without devpts.
	try on_terminal -- "$ROOTLET" --root "$STATE_DIR" run c1
	assert_success
	assert_equal "$(stat -c %s "$T/pts/ptmx")" 0
}

@test "CVE-2025-52565: devpts on a link goes where it points, inside" {
	without_mount /dev /dev/shm /dev/mqueue
	writable_root
	ln -s "../../../../../../../..$T/outside" rootfs/dev/pts
	config '.process.args = ["cat", "/proc/self/mountinfo"]'
	try rootlet run c1
	assert_success
	assert_equal "$(mount_type "$T/outside")" devpts
}

# --- what is inherited ---------------------------------------------------------------------------

@test "CVE-2022-29162, CVE-2022-27650: no capability is inheritable unless asked for" {
	config '.process.args = ["cat", "/proc/self/status"]'
	try rootlet run c1
	assert_equal "$(proc_status CapInh) $(proc_status CapAmb)" "$(caps_mask) $(caps_mask)"
	script 'sleep 1000'
	running c2
	try rootlet exec c2 cat /proc/self/status
	assert_equal "$(proc_status CapInh) $(proc_status CapAmb)" "$(caps_mask) $(caps_mask)"
}

@test "CVE-2022-29162, CVE-2022-27650: exec --cap gives root nothing inheritable" {
	script 'sleep 1000'
	running c1
	try rootlet exec --cap CAP_NET_RAW c1 cat /proc/self/status
	assert_success
	assert_equal "$(proc_status CapInh) $(proc_status CapAmb)" "$(caps_mask) $(caps_mask)"
	# It has been given, or this would prove nothing.
	assert_equal $((0x$(proc_status CapEff) & 0x$(caps_mask CAP_NET_RAW))) $((0x$(caps_mask CAP_NET_RAW)))
}

# --- users of exec -------------------------------------------------------------------------------

@test "CVE-2026-30892: exec --user takes ids that are ids, exactly, and no others" {
	script 'sleep 1000'
	running c1
	local user
	for user in -1 4294967295 4294967296 18446744073709551615 18446744073709551616 0x0 : 0: :0 0:-1 \
		0:4294967295 0:4294967296 -0 +0 " 0" "0 " $'0\n' $'\t0' 0:0:0 0,0 0.0 root root:root user 1e3 \
		1000:user "1000 :0" 1000:; do
		try rootlet exec "--user=$user" c1 id -u
		assert_error 'user' 125
		try rootlet exec -u "$user" c1 id -u
		assert_error 'user' 125
	done
	try rootlet exec --user= c1 id -u
	assert_error 'user: the value is empty' 2
	local ids="0 0:0 00:00"
	has_subids && ids+=" 7:9 1000:1000 65534:1 0007:0"
	for user in $ids; do
		try rootlet exec "--user=$user" c1 sh -c 'echo "$(id -u):$(id -g)"'
		assert_success
		assert_output "$((10#${user%:*})):$((10#${user##*:}))"
	done
	# An id that is none of the container's is refused by the kernel.
	try rootlet exec --user=4294967294 c1 id -u
	assert_error 'process.user.uid: 4294967294 is not mapped' 125
}

@test "CVE-2026-30892: process.user takes ids that are ids, and no others" {
	local id key
	for key in uid gid; do
		for id in -1 4294967295 4294967296 18446744073709551616 1.5 1e3 '"0"' '"root"' true '[]'; do
			sed "s/\"$key\": 0/\"$key\": $id/" config.json >"$T/config.json"
			cmp -s config.json "$T/config.json" && fail "nothing changed"
			try rootlet run --config "$T/config.json" c1
			assert_failure
			refute_output
		done
	done
}

# --- lengths -------------------------------------------------------------------------------------

@test "CVE-2021-43784: id mappings are exact or refused, however many and however long" {
	skip_unless_subids
	local start count ids
	read -r start count < <(own_ranges u | head -n 1)
	config '.process.args = ["cat", "/proc/self/uid_map"] | .linux.namespaces += [{type: "user"}] |
		.linux.gidMappings = [{containerID: 0, hostID: $gid, size: 1}]' --argjson gid "$(id -g)"
	cp config.json "$T/config.json"
	# Backwards, so that no two of them can be taken for one. The kernel has room for 340, and for
	# a page of text.
	for ids in 200 340 341 5000; do
		jq '.linux.uidMappings = [{containerID: 0, hostID: $uid, size: 1}] +
			[range(1; $n) | {containerID: ., hostID: ($start + $n - .), size: 1}]' \
			--argjson uid "$(id -u)" --argjson n "$ids" --argjson start "$start" "$T/config.json" >config.json
		try rootlet run c1
		if [ "$ids" -eq 200 ] || [ "$status" -eq 0 ]; then
			assert_success
			assert_equal "$(map_lines | tr , '\n' | sort -n | tail -n 1)" "$((ids - 1)) $((start + 1)) 1"
			assert_line_count "$ids" "$output"
		else
			assert_error 'linux.uidMappings|map' 125
		fi
	done
	local mapping
	for mapping in '0 U 4294967296' '0 U 18446744073709551617' '4294967295 U 1' '4294967296 U 1' '0 U 0' \
		'0 0 1' '1 S 4294967295' '4294967290 S 10' '0 4294967295 1'; do
		mapping=${mapping/U/$(id -u)}
		set -- ${mapping/S/$start}
		jq '.linux.uidMappings = [{containerID: 1, hostID: $s, size: 1}]' --argjson s "$start" \
			"$T/config.json" | sed "s/\"containerID\": 1\b/\"containerID\": $1/; \
			s/\"hostID\": $start\b/\"hostID\": $2/; /\"hostID\": $2/,/}/s/\"size\": 1\b/\"size\": $3/" >config.json
		try rootlet run c1
		assert_error 'linux.uidMappings|map' 125
	done
	assert_nothing_left
}

@test "CVE-2021-43784: arguments, variables and annotations are exact or refused, however long" {
	local length
	for length in 65535 65536 131000; do
		config '.process.args = ["sh", "-c", "echo ${#0} ${#LONG}", $text] | .process.env += ["LONG=" + $text] |
			.annotations = {long: $text}' --rawfile text <(head -c "$length" /dev/zero | tr '\0' x)
		try rootlet run c1
		assert_success
		assert_output "$length $length"
	done
	# Longer than one string may be (execve(2)).
	config '.process.args[3] += .process.args[3]'
	try rootlet run c1
	assert_error 'process.args' 126
	config '.process.args = ["sh", "-c", "env | grep -c ^V; echo $#", "sh"] + [range(20000) | "a"] |
		.process.env = [.process.env[0]] + [range(20000) | "V\(.)=\(.)"]'
	try rootlet run c1
	assert_success
	assert_output $'20000\n20000'
	config '.process.args = ["sleep", "1000"] | .process.env = [.process.env[0]] |
		.annotations = ([range(70000) | {key: "a.\(.)", value: "\(.)"}] | from_entries)'
	running c2
	assert_equal "$(rootlet state c2 | jq -c '.annotations | [length, ."a.0", ."a.65536", ."a.69999"]')" \
		'[70000,"0","65536","69999"]'
}

@test "CVE-2021-43784: mounts are all there or refused, however many" {
	writable_root
	local count
	cp config.json "$T/config.json"
	for count in 255 257 2000; do
		jq '.mounts += [range($n) | {destination: "/m/\(.)", type: "bind", source: "/dev/null", options: ["bind"]}] |
			.process.args = ["sh", "-c", "grep -c \" /m/\" /proc/self/mountinfo"]' \
			--argjson n "$count" "$T/config.json" >config.json
		try rootlet run c1
		if [ "$status" -eq 0 ]; then
			assert_output "$count"
		else
			assert_error 'mounts\[' 125
		fi
	done
	assert_nothing_left
}

# --- names and paths -----------------------------------------------------------------------------

@test "an id is a name and leads nowhere" {
	local id
	script 'sleep 1000'
	mkdir -p "$STATE_DIR"
	chmod 700 "$STATE_DIR"
	mkdir "$T/victim"
	: >"$T/victim/file"
	ln -s "$T/victim" "$STATE_DIR/link"
	for id in .. . ../outside "../../outside/new" "$T/outside/new" a/b "a/../../../outside/new" "" "-f" \
		$'a\nb' "$(printf 'x%.0s' {1..256})"; do
		try rootlet create -- "$id"
		assert_error 'container id'
		try rootlet delete --force -- "$id"
		assert_error 'container id'
	done
	for id in create "delete --force" start state "kill" "exec"; do
		# shellcheck disable=SC2086
		case $id in
		exec) try rootlet exec link true ;;
		*) try rootlet $id link ;;
		esac
		assert_failure
	done
	[ -e "$T/victim/file" ]
	rm "$STATE_DIR/link"
	assert_nothing_left
}

@test "hooks of the container are programs of the container" {
	printf '#!/bin/sh\ntouch %s/outside/hook\n' "$T" >"$T/hook"
	chmod +x "$T/hook"
	writable_root
	config '.process.args = ["true"]'
	local path
	ln -s "$T/hook" rootfs/hook
	for path in "$T/hook" "/../../../../../../../..$T/hook" /hook /proc/self/fd/3/hook /proc/1/root/hook hook \
		../hook ""; do
		config '.hooks.startContainer = [{path: $path}]' --arg path "$path"
		try careless "$ROOTLET" --root "$STATE_DIR" run c1
		assert_error 'hooks.startContainer\[0\]' 125
	done
	for path in hook ../hook ./hook ""; do
		config '.hooks = {createRuntime: [{path: $path}]}' --arg path "$path"
		try rootlet run c1
		assert_error 'hooks.createRuntime\[0\]' 125
	done
	assert_nothing_left
}

@test "cgroupsPath makes nothing outside of the cgroups" {
	local path
	config '.process.args = ["true"]'
	for path in "../../../../../../../..$T/outside/new" "$T/outside/new" "/../../$T/outside/new" ../../../../tmp; do
		config '.linux.cgroupsPath = $path' --arg path "$path"
		try rootlet run c1
		[ "$status" -eq 0 ] || assert_error 'cgroupsPath' 125
	done
	assert_nothing_left
}

@test "a pid file that is a link replaces the link, and not what it leads to" {
	config '.process.args = ["sleep", "1000"]'
	ln -s "$T/secret" "$T/pid"
	ln -s "$T/secret" "$T/.pid.new"
	created c1 --pid-file "$T/pid"
	assert_equal "$(cat "$T/pid")" "$(pid_of c1)"
	[ ! -L "$T/pid" ]
	assert_equal "$(cat "$T/secret")" "host secret"
	# Nor does what a failed run takes back.
	ln -sf "$T/outside" "$T/directory"
	config '.process.args = ["/missing"]'
	ln -sf "$T/secret" "$T/pid2"
	try rootlet run --pid-file "$T/pid2" c2
	assert_failure 127
	assert_equal "$(cat "$T/secret")" "host secret"
}

@test "a state directory that is not the user's own alone is refused, by links and .. as well" {
	skip_if_root
	local directory
	mkdir -m 777 "$T/open"
	chmod 777 "$T/open"
	ln -s "$T/open" "$T/link"
	ln -s /etc "$T/etc"
	for directory in "$T/open" "$T/link" "$T/outside/../open" "$T/etc" /tmp /; do
		try "$ROOTLET" --root "$directory" create c1
		assert_error 'belongs to uid|written by others'
	done
	# Without --root it may not even be a link.
	rm -rf "$STATE_DIR"
	ln -s "$T/outside" "$STATE_DIR"
	try rootlet create c1
	assert_error 'state directory'
	rm "$STATE_DIR"
	[ -z "$(ls -A "$T/open")" ]
}

# --- what the program finds of us ----------------------------------------------------------------

@test "what is in rootlet's environment is not in the program's, nor in init's" {
	export ROOTLET_TEST_SECRET=host-secret AWS_SECRET_ACCESS_KEY=host-secret LD_PRELOAD_TEST=host-secret
	script 'env; tr "\0" "\n" </proc/1/environ; tr "\0" "\n" </proc/self/environ'
	try rootlet run c1
	assert_success
	assert_line 'TERM=xterm'
	refute_match "$output" 'host-secret|RL_TEST_ID|XDG_'
	script 'sleep 1000'
	created c2
	try rootlet exec c2 sh -c 'env; cat /proc/1/environ /proc/self/environ | tr "\0" "\n"'
	refute_match "$output" 'host-secret|RL_TEST_ID|XDG_'
	rootlet start c2
	try rootlet exec c2 sh -c 'env; cat /proc/1/environ /proc/self/environ | tr "\0" "\n"'
	assert_success
	refute_match "$output" 'host-secret|RL_TEST_ID|XDG_'
	# A hook in the container is the container's, too.
	writable_root
	printf '#!/bin/sh\nenv >/environment\n' >rootfs/hook
	chmod +x rootfs/hook
	config '.hooks.startContainer = [{path: "/hook"}] | .process.args = ["cat", "/environment"]'
	try rootlet run c3
	assert_success
	refute_match "$output" 'host-secret|RL_TEST_ID|XDG_'
}

@test "keys of the user's session are none of the container's" {
	local keys
	keys=$(test_program keys)
	cp "$keys" rootfs/keys
	config '.process.args = ["/keys", "find", "rootlet-test"]'
	try "$keys" add rootlet-test "$ROOTLET" --root "$STATE_DIR" run --no-new-keyring c1
	[ "$status" -ne 77 ] || skip "no keyrings here"
	assert_success
	# Shared when that is asked for, or this would prove nothing.
	assert_output 'found: host secret'
	try "$keys" add rootlet-test "$ROOTLET" --root "$STATE_DIR" run c1
	assert_success
	assert_match "$output" '^none: '
	script 'sleep 1000'
	running c2
	try "$keys" add rootlet-test "$ROOTLET" --root "$STATE_DIR" exec c2 /keys find rootlet-test
	assert_success
	assert_match "$output" '^none: '
}

@test "a program on the user's terminal cannot type there (TIOCSTI)" {
	cp "$(test_program push-input)" rootfs/push-input
	config '.process.args = ["/push-input"]'
	capable CAP_SYS_ADMIN CAP_SYS_TTY_CONFIG
	try on_terminal -- "$ROOTLET" --root "$STATE_DIR" run c1
	assert_success
	assert_equal "$(tr -d '\r' <<<"$output")" tried
	script 'sleep 1000'
	running c2
	try on_terminal -- "$ROOTLET" --root "$STATE_DIR" exec c2 /push-input
	assert_success
	assert_equal "$(tr -d '\r' <<<"$output")" tried
}
