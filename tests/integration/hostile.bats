# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2016,SC2034,SC2154,SC2164
# Attacks of kinds that have worked on some runtime, tried on ours: each test is what the attacker
# does, and that he has nothing from it. Where it takes a race he gets many rounds.

load helpers
load readback

ROUNDS=40

setup_test() {
	make_bundle busybox
	mkdir "$T/outside"
	echo "host secret" >"$T/secret"
	attacker=
}

teardown_test() {
	stop_attacker
	# Nobody has made anything where only the host is, or changed what is there.
	assert_equal "$(find "$T/outside" -mindepth 1)" ""
	assert_equal "$(cat "$T/secret")" "host secret"
}

stop_attacker() {
	[ -n "$attacker" ] || return 0
	kill "$attacker" 2>/dev/null || true
	wait "$attacker" 2>/dev/null || true
	attacker=
}

writable_root() {
	config '.root.readonly = false'
}

without_mount() { # DESTINATION…
	local destination
	for destination in "$@"; do
		config 'del(.mounts[] | select(.destination == $destination))' --arg destination "$destination"
	done
}

capable() { # CAPABILITY…
	config '.process.capabilities |= ((.bounding + ($more | split(" "))) |
		{bounding: ., permitted: ., effective: .})' --arg more "$*"
}

# --- the runtime's own executable (CVE-2019-5736) --------------------------------------------

# A copy that the user may write, as a runtime in his home is; with what it takes to run it in
# the container: the attacker's image would have that.
own_runtime() {
	local library
	mkdir "$HOME/bin"
	cp -- "$ROOTLET" "$HOME/bin/rootlet"
	chmod 755 "$HOME/bin/rootlet"
	cp -- "$HOME/bin/rootlet" "$T/original"
	for library in $(ldd "$ROOTLET" 2>/dev/null | grep -o '/[^ ]*'); do
		install -D -- "$library" "rootfs$library"
	done
	ROOTLET=$HOME/bin/rootlet
}

assert_runtime_untouched() {
	cmp "$HOME/bin/rootlet" "$T/original"
}

# Whatever process of the container runs something else than its own programs: get a hold of its
# executable, and write to it as soon as it runs no more.
overwriting='
	while [ ! -e /tmp/stop ]; do
		for process in /proc/[0-9]*; do
			case $(readlink $process/exe) in "" | /bin/busybox) continue ;; esac
			{ exec 3<$process/exe; } 2>/dev/null || continue
			echo >>/tmp/held
			try=0
			while [ $try -lt 30 ]; do
				echo pwned 2>/dev/null >>/proc/self/fd/3 && echo >>/tmp/won
				try=$((try + 1))
			done
			exec 3<&-
		done
	done'

@test "a runtime in the user's home: it runs from a sealed copy" {
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

@test "a runtime in the user's home: exec of /proc/self/exe, while the container waits for it" {
	own_runtime
	writable_root
	capable CAP_DAC_OVERRIDE CAP_SYS_PTRACE
	mkdir -p rootfs/tmp
	script "$overwriting"
	running c1
	local round
	for ((round = 0; round < ROUNDS; round++)); do
		try rootlet exec c1 /proc/self/exe --version
		try rootlet exec c1 /proc/self/exe features
	done
	: >rootfs/tmp/stop
	wait_until 10 has_status c1 stopped
	assert_equal "$(cat "$T/c1.err")" ""
	# He has had it in his hands, or this would prove nothing.
	[ -s rootfs/tmp/held ]
	[ ! -e rootfs/tmp/won ]
	assert_runtime_untouched
}

@test "a runtime in the user's home: /proc/self/exe as the program, and as its interpreter" {
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

# --- processes of the runtime in the container (CVE-2016-9962) -------------------------------

# Look into every process that is none of ours, as its debugger could.
looking='
	for process in /proc/[0-9]*; do
		case $(cat $process/comm) in sh | sleep | cat | ls | true | "") continue ;; esac
		echo found
		readlink $process/exe && echo exe
		readlink $process/cwd && echo cwd
		readlink $process/root && echo root
		ls $process/fd/ | grep . && echo fd
		cat $process/environ | grep . && echo environ
		cat $process/maps | grep . && echo maps
		cat $process/mem && echo mem
	done 2>/dev/null'

@test "an init that waits for its start shows nothing to who shares its namespaces" {
	capable CAP_SYS_PTRACE CAP_DAC_READ_SEARCH CAP_DAC_OVERRIDE
	script 'sleep 1000'
	running c1
	mkdir "$T/second"
	jq '.root.path = $rootfs | .linux.namespaces |= map(if .type == "pid" then .path = $path else . end)' \
		--arg rootfs "$BUNDLE/rootfs" --arg path "/proc/$(pid_of c1)/ns/pid" config.json \
		>"$T/second/config.json"
	created c2 --bundle "$T/second"
	try rootlet exec c1 sh -c "$looking"
	assert_success
	assert_output found
}

@test "exec shows nothing of itself to who waits for it in the container" {
	writable_root
	capable CAP_SYS_PTRACE CAP_DAC_READ_SEARCH CAP_DAC_OVERRIDE
	script "while [ ! -e /tmp/stop ]; do { $looking; } | grep -v found >>/tmp/seen; done"
	running c1
	local round
	exec 8<"$T"
	for ((round = 0; round < ROUNDS; round++)); do
		try rootlet exec c1 true
		assert_success
	done
	exec 8<&-
	: >rootfs/tmp/stop
	wait_until 10 has_status c1 stopped
	# It may become its program between one look and the next; busybox is no secret.
	refute_match "$(sort -u rootfs/tmp/seen)" "rootlet|memfd|RL_TEST_ID|/lib|$T"
}

# --- leaked fds and directories (CVE-2024-21626) ---------------------------------------------

# With directories and files of the host open, as a careless engine may have them.
careless() {
	"$@" 4<"$T" 5<"$T/secret" 6</ 7<"$T/outside" 9<"$T" 20<"$T"
}

@test "no fd of the host reaches the program" {
	script 'ls /proc/self/fd | xargs; ls /proc/1/fd | xargs'
	try careless "$ROOTLET" --root "$STATE_DIR" run c1
	assert_success
	assert_output $'0 1 2 3\n0 1 2'
	script 'sleep 1000'
	running c2
	try careless "$ROOTLET" --root "$STATE_DIR" exec c2 ls /proc/self/fd
	assert_success
	assert_equal "$(xargs <<<"$output")" "0 1 2 3"
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

@test "cwd by an fd of ours is refused, whatever its number" {
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

@test "cwd by an fd of ours is refused by exec" {
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

@test "a link to an fd of ours as cwd is refused" {
	local fd
	for fd in {3..12}; do
		ln -sfn "/proc/self/fd/$fd" rootfs/link
		config '.process.cwd = "/link" | .process.args = ["sh", "-c", "pwd -P; ls"]'
		try careless "$ROOTLET" --root "$STATE_DIR" run c1
		assert_inside
	done
}

@test "a program by an fd of ours is not found" {
	cp rootfs/bin/busybox "$T/sh"
	local fd
	for fd in {3..12}; do
		config '.process.args = [$path, "-c", "echo outside"]' --arg path "/proc/self/fd/$fd/sh"
		try careless "$ROOTLET" --root "$STATE_DIR" run c1
		assert_error "/proc/self/fd/$fd/sh" 127
	done
}

# --- a root file system that changes while it is used ----------------------------------------
# (CVE-2021-30465, CVE-2023-27561, CVE-2024-45310)

# race: rootfs/race is a directory and a link to the outside, in quick succession.
race() {
	mkdir -p rootfs/race
	ln -s "${1:-$T/outside}" rootfs/race-link
	"$(test_program swap)" rootfs/race rootfs/race-link </dev/null 2>"$T/swap.err" 3>&- &
	attacker=$!
}

# Often enough for the race; what comes of each round is the caller's to look at.
rounds() { # CMD…
	local round
	for ((round = 0; round < ROUNDS; round++)); do
		try rootlet run c1
		"$@"
		process_lives "$attacker" || fail "the attacker has given up: $(cat "$T/swap.err")"
	done
	stop_attacker
	assert_nothing_left
}

# Either it worked, or it was refused in words; a host that cannot be worked with is no excuse.
assert_worked_or_refused() {
	[ "$status" -eq 0 ] || assert_error 'mounts\[|process\.cwd|linux\.' 125
}

@test "mount destinations that race are made inside" {
	writable_root
	config '.mounts += [{destination: "/race/one/two", type: "tmpfs", source: "tmpfs"},
		{destination: "/race/file", type: "bind", source: "/dev/null", options: ["bind"]}]'
	config '.process.args = ["true"]'
	race
	rounds assert_worked_or_refused
}

@test "a working directory that races is made inside" {
	writable_root
	config '.process.cwd = "/race/one/two" | .process.args = ["sh", "-c", "pwd -P"]'
	race
	rounds assert_worked_or_refused
}

@test "proc and sysfs on a destination that races are on a directory of the rootfs or nowhere" {
	writable_root
	mkdir -p "rootfs$T/outside"
	config '(.mounts[] | select(.destination == "/proc") | .destination) = "/race" |
		.linux.maskedPaths = [] | .linux.readonlyPaths = [] |
		.process.args = ["sh", "-c", "test ! -e \($out)/self && echo fine"]' --arg out "$T/outside"
	race
	on_directory_or_refused() {
		if [ "$status" -eq 0 ]; then
			assert_output fine
		else
			assert_match "$stderr" 'mounts\[0\]|status 1|'
		fi
	}
	rounds on_directory_or_refused
}

@test "masked and read-only paths that race show nothing of the outside" {
	writable_root
	mkdir "$T/host"
	echo "host secret" >"$T/host/file"
	config '.linux.maskedPaths = ["/race/masked"] | .linux.readonlyPaths = ["/race/file", "/race"]'
	# By the time the program runs there may be a copy of either there.
	script 'cat /race/file /race/*; true'
	mkdir rootfs/race
	echo inside | tee rootfs/race/file >rootfs/race/masked
	race "$T/host"
	shows_nothing() {
		refute_match "$output" 'host secret'
		refute_match "$stderr" 'host secret'
	}
	rounds shows_nothing
	assert_equal "$(ls "$T/host")" file
}

@test "a bind source in the rootfs that races is not an outside directory that can be written" {
	# The engine names the host's path, so its link leads where it leads: but nothing is made.
	writable_root
	config '.mounts += [{destination: "/mnt", type: "bind", source: ($b + "/rootfs/race"),
		options: ["bind", "ro"]}] | .process.args = ["sh", "-c", "touch /mnt/new"]' --arg b "$BUNDLE"
	race
	rounds true
}

# --- a /proc that is none (CVE-2019-16884, CVE-2019-19921, CVE-2025-52881) --------------------

@test "what is written to procfs does not go to a false one" {
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

# --- masks and devices (CVE-2025-31133) ------------------------------------------------------

@test "a false /dev/null in the rootfs masks nothing and is written to by nobody" {
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

@test "a mask that races with a false /dev/null is the null device or nothing" {
	without_mount /dev /dev/pts /dev/shm /dev/mqueue
	writable_root
	echo "masked secret" >rootfs/etc/secret
	config '.linux.maskedPaths = ["/etc/secret"]'
	script 'cat /etc/secret; stat -c %t:%T /etc/secret; echo pwned >/etc/secret'
	: >rootfs/dev/null
	ln -s "$T/secret" rootfs/dev/false
	"$(test_program swap)" rootfs/dev/null rootfs/dev/false </dev/null 2>"$T/swap.err" 3>&- &
	attacker=$!
	null_or_refused() {
		if [ "$status" -eq 0 ]; then
			assert_output 1:3
		else
			assert_error '/dev/null' 125
		fi
	}
	rounds null_or_refused
	assert_equal "$(cat rootfs/etc/secret)" "masked secret"
}

# --- terminals (CVE-2025-52565) --------------------------------------------------------------

@test "/dev/console in the rootfs leads nowhere outside" {
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

@test "a /dev/pts of the rootfs is no source of terminals" {
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

@test "devpts on a link goes where it points, inside" {
	without_mount /dev /dev/shm /dev/mqueue
	writable_root
	ln -s "../../../../../../../..$T/outside" rootfs/dev/pts
	config '.process.args = ["cat", "/proc/self/mountinfo"]'
	try rootlet run c1
	assert_success
	assert_equal "$(mount_type "$T/outside")" devpts
}

# --- what is inherited (CVE-2022-29162, CVE-2022-27650) --------------------------------------

@test "no capability is inheritable unless asked for" {
	config '.process.args = ["cat", "/proc/self/status"]'
	try rootlet run c1
	assert_equal "$(proc_status CapInh) $(proc_status CapAmb)" "$(caps_mask) $(caps_mask)"
	script 'sleep 1000'
	running c2
	try rootlet exec c2 cat /proc/self/status
	assert_equal "$(proc_status CapInh) $(proc_status CapAmb)" "$(caps_mask) $(caps_mask)"
}

# --- users of exec (CVE-2026-30892) ----------------------------------------------------------

@test "exec --user takes ids that are ids, and no others" {
	script 'sleep 1000'
	running c1
	local user
	for user in -1 4294967295 4294967296 18446744073709551616 0x0 "" : 0: :0 0:-1 0:4294967296 " 0" "0 " \
		0:0:0 root 1e3; do
		try rootlet exec "--user=$user" c1 id -u
		if [ "$status" -eq 0 ]; then
			# Where a spelling is accepted, it is for what it says.
			assert_match "$user" '^(root|0:|:0)$'
			assert_output 0
		else
			assert_line_count 1 "$stderr"
			refute_output
		fi
	done
}
