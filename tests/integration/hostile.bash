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
	assert_equal "$(find "$T/outside" -mindepth 1)" "" &&
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

# --- processes of the runtime in the container -----------------------------------------------

# with_looker: the rootfs gets look.c, which is to run as /look /tmp/stop /bin/ /look.
with_looker() {
	cp "$(test_program look)" rootfs/look
	writable_root
	mkdir -p rootfs/tmp
	without_mount /tmp
	capable CAP_SYS_PTRACE CAP_DAC_READ_SEARCH CAP_DAC_OVERRIDE CAP_KILL
}

# What it has seen, given in FILE, is nothing; but there was something to see.
assert_seen_nothing() { # FILE
	assert_equal "$(sort "$1" | uniq -c | xargs)" '1 closed some'
}
