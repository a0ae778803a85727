# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2016,SC2034,SC2154,SC2164
# Attacks that win by being quick: an attacker changes the root file system, or looks, while the
# runtime works. Each gets many rounds, and in none of them may he have something from it.

load helpers
load readback
load hostile

ROUNDS=${RACE_ROUNDS:-100}

# --- the runtime's own executable ----------------------------------------------------------------

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

@test "CVE-2019-5736: /proc/self/exe by exec, while the container waits to overwrite it" {
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

# --- processes of the runtime in the container ---------------------------------------------------

@test "CVE-2016-9962: exec shows nothing of itself to who waits for it in the container" {
	with_looker
	config '.process.args = ["/look", "/tmp/stop", "/bin/", "/look"]'
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
	assert_seen_nothing "$T/c1.out"
}

@test "CVE-2016-9962: exec shows nothing of itself, nor init, in a container before its start" {
	with_looker
	config '.process.args = ["true"]'
	created c1
	background "$ROOTLET" --root "$STATE_DIR" exec c1 /look /tmp/stop /bin/ /look
	local looker=$! round
	for ((round = 0; round < ROUNDS; round++)); do
		try rootlet exec c1 true
		assert_success
	done
	: >rootfs/tmp/stop
	wait "$looker"
	assert_seen_nothing "$T/background"
}

# --- a root file system that changes while it is used --------------------------------------------

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

@test "CVE-2021-30465, CVE-2024-45310: mount destinations that race are made inside" {
	writable_root
	config '.mounts += [{destination: "/race/one/two", type: "tmpfs", source: "tmpfs"},
		{destination: "/race/file", type: "bind", source: "/dev/null", options: ["bind"]}]'
	config '.process.args = ["true"]'
	race
	rounds assert_worked_or_refused
}

@test "CVE-2024-45310: a working directory that races is made inside" {
	writable_root
	config '.process.cwd = "/race/one/two" | .process.args = ["sh", "-c", "pwd -P"]'
	race
	rounds assert_worked_or_refused
}

@test "CVE-2023-27561: procfs on a destination that races is on a directory of the rootfs or nowhere" {
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

@test "CVE-2025-31133: masked and read-only paths that race show nothing of the outside" {
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

@test "CVE-2021-30465: a bind source that races is no outside directory that can be written" {
	# The engine names the host's path, so its link leads where it leads: but nothing is made.
	writable_root
	config '.mounts += [{destination: "/mnt", type: "bind", source: ($b + "/rootfs/race"),
		options: ["bind", "ro"]}] | .process.args = ["sh", "-c", "touch /mnt/new"]' --arg b "$BUNDLE"
	race
	rounds true
}

# Two containers share a volume, and one of them changes it while the other's mounts are made.
@test "CVE-2021-30465, CVE-2024-45310: mount destinations in a shared volume that races are made inside" {
	writable_root
	mkdir -p "$T/volume/race" "$T/host"
	ln -s "$T/outside" "$T/volume/link"
	config '.mounts += [{destination: "/volume", type: "bind", source: $volume, options: ["rbind"]},
			{destination: "/volume/race/one/two", type: "tmpfs"},
			{destination: "/volume/race/host", type: "bind", source: $host, options: ["bind"]},
			{destination: "/volume/race/file", type: "bind", source: "/dev/null", options: ["bind"]}] |
		.process.args = ["true"]' \
		--arg volume "$T/volume" --arg host "$T/host"
	"$(test_program swap)" "$T/volume/race" "$T/volume/link" </dev/null 2>"$T/swap.err" 3>&- &
	attacker=$!
	nothing_outside() {
		assert_worked_or_refused
		assert_equal "$(ls "$T/outside")$(ls "$T/host")" ""
	}
	rounds nothing_outside
}

@test "CVE-2024-45310: tmpcopyup of a directory that races copies nothing from outside" {
	mkdir -p rootfs/race/below "$T/host/below"
	echo "host secret" | tee "$T/host/file" >"$T/host/below/file"
	config '.mounts += [{destination: "/race", type: "tmpfs", options: ["tmpcopyup"]}] |
		.process.args = ["sh", "-c", "cat /race/file /race/below/file 2>/dev/null; true"]'
	race "$T/host"
	copies_nothing() {
		refute_match "$output" 'host secret'
	}
	rounds copies_nothing
}

@test "CVE-2024-45310: tmpcopyup copies no directory and no file from outside that it meets by a race" {
	mkdir -p rootfs/copied/race "$T/host"
	echo "host secret" >"$T/host/file"
	echo inside >rootfs/copied/file
	ln -s "$T/host" rootfs/copied/race-link
	ln -s "$T/host/file" rootfs/copied/file-link
	config '.mounts += [{destination: "/copied", type: "tmpfs", options: ["tmpcopyup"]}] |
		.process.args = ["sh", "-c", "cat /copied/*/file /copied/file* 2>/dev/null; true"]'
	copies_nothing() {
		refute_match "$output" 'host secret'
	}
	local name ROUNDS=$((ROUNDS / 2))
	for name in race file; do
		"$(test_program swap)" "rootfs/copied/$name" "rootfs/copied/$name-link" </dev/null 2>"$T/swap.err" 3>&- &
		attacker=$!
		rounds copies_nothing
	done
}

# --- masks ---------------------------------------------------------------------------------------

@test "CVE-2025-31133: a mask that races with a false /dev/null is the null device or nothing" {
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

# Somebody who has the rootfs too (a volume, a container that shares it) renames what we mount on:
# in his mount namespace it is an ordinary directory, and the mount goes where it goes.
@test "CVE-2023-27561, CVE-2025-31133: a /proc that races away after its mount is masked all the same" {
	writable_root
	mkdir -p rootfs/other
	config '.linux.maskedPaths = ["/proc/version"] | .linux.readonlyPaths = ["/proc/sys"]'
	# Wherever the procfs is by now.
	script 'for proc in /proc /other; do
			[ -e $proc/self/stat ] || continue
			cat $proc/version
			{ echo pwned >$proc/sys/kernel/domainname; } 2>/dev/null && echo written
		done; true'
	"$(test_program swap)" rootfs/proc rootfs/other </dev/null 2>"$T/swap.err" 3>&- &
	attacker=$!
	masked_or_refused() {
		refute_output
	}
	rounds masked_or_refused
}

# --- terminals -----------------------------------------------------------------------------------

# terminal_race ONE TWO: these names are exchanged while a program with a terminal is started, which
# writes to all that could be its console.
terminal_race() {
	config '.process.terminal = true'
	script 'tty; for file in /dev/console /dev/other /dev/pts/0 /dev/other/0; do
		[ ! -e $file ] || echo pwned >$file; done; exit 0'
	"$(test_program swap)" "$1" "$2" </dev/null 2>"$T/swap.err" 3>&- &
	attacker=$!
	local round
	# pty-run.py takes longer than all of it.
	for ((round = 0; round < ROUNDS / 3; round++)); do
		try on_terminal -- "$ROOTLET" --root "$STATE_DIR" run c1
		[ "$status" -eq 0 ] || assert_match "$output$stderr" '/dev/'
		assert_equal "$(cat "$T/secret")" "host secret"
		process_lives "$attacker" || fail "the attacker has given up: $(cat "$T/swap.err")"
	done
	stop_attacker
	assert_nothing_left
}

@test "CVE-2025-52565: a /dev/console that races is the terminal or nothing" {
	without_mount /dev /dev/pts /dev/shm /dev/mqueue
	writable_root
	: >rootfs/dev/console
	ln -s "$T/secret" rootfs/dev/other
	terminal_race rootfs/dev/console rootfs/dev/other
}

@test "CVE-2025-52565: a /dev/pts that races gives no other terminal than its own" {
	without_mount /dev /dev/shm /dev/mqueue
	writable_root
	mkdir -p rootfs/dev/pts "$T/pts"
	ln -s "$T/secret" "$T/pts/ptmx"
	ln -s "$T/secret" "$T/pts/0"
	ln -s "$T/pts" rootfs/dev/other
	terminal_race rootfs/dev/pts rootfs/dev/other
	assert_equal "$(find "$T/pts" -type l | wc -l)" 2
}
