# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2016,SC2034,SC2154,SC2164
#
# What the attacks of hostile.bats and hostile-races.bats have in common: a bundle whose rootfs is
# the attacker's, and a canary on the host that must be as it was when the test ends.

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

# --- the runtime's own executable ----------------------------------------------------------------

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

# --- processes of the runtime in the container ---------------------------------------------------

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
