# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2016,SC2034,SC2154,SC2164
# Hooks: when, where and with what they run, and what a failing one stops (runtime.md, Lifecycle;
# config.md, POSIX-platform Hooks).

load helpers

KINDS=(prestart createRuntime createContainer startContainer poststart poststop)

# The hook of these tests and what it writes are under one path outside and inside.
setup_test() {
	make_bundle busybox
	LOG=$T/log
	mkdir "$LOG"
	cat >"$LOG/hook" <<-END
		#!/bin/sh
		# hook NAME [SHELL COMMANDS]
		cat >"$LOG/\$1.state"
		echo "\$1" >>"$LOG/order"
		for ns in cgroup ipc mnt net pid user uts; do readlink /proc/self/ns/\$ns; done >"$LOG/\$1.ns"
		pwd -P >"$LOG/\$1.cwd"
		[ -e "$T/only-outside" ] && echo outside >"$LOG/\$1.root" || echo inside >"$LOG/\$1.root"
		eval "\$2"
	END
	chmod +x "$LOG/hook"
	: >"$T/only-outside"
	config '.mounts += [{destination: $log, source: $log, options: ["bind"]}]' --arg log "$LOG"
	config '.linux.namespaces |= (. + [{type: "cgroup"}] | unique_by(.type))'
	config '.root.readonly = false'
	script "cd /proc/self/ns; for ns in cgroup ipc mnt net pid user uts; do readlink \$ns; done
		cat $LOG/order >$LOG/program"
}

# hook KIND NAME [SHELL COMMANDS]: one more hook of that kind.
hook() {
	config '.hooks[$kind] += [{path: ($log + "/hook"), args: ["hook", $name, $commands]}]' \
		--arg kind "$1" --arg log "$LOG" --arg name "$2" --arg commands "${3:-}"
}

# One of each kind, which have the names of their kinds.
all_hooks() {
	local kind
	for kind in "${KINDS[@]}"; do
		hook "$kind" "$kind"
	done
}

order() {
	xargs <"$LOG/order"
}

own_namespaces() {
	local link
	for link in cgroup ipc mnt net pid user uts; do
		readlink "/proc/self/ns/$link"
	done
}

# --- when and where --------------------------------------------------------------------------

@test "all six kinds run, each at its time" {
	all_hooks
	created c1
	assert_equal "$(order)" "prestart createRuntime createContainer"
	rootlet start c1
	assert_equal "$(order)" "prestart createRuntime createContainer startContainer poststart"
	wait_until 10 has_status c1 stopped
	rootlet delete c1
	assert_equal "$(order)" "${KINDS[*]}"
	# What had run before the program did, poststart may be late.
	assert_match "$(xargs <"$LOG/program")" '^prestart createRuntime createContainer startContainer( poststart)?$'
}

@test "run is the same" {
	all_hooks
	try rootlet run c1
	assert_success
	refute_stderr
	assert_equal "$(order)" "${KINDS[*]}"
	assert_nothing_left
}

@test "run --detach leaves poststop to delete" {
	all_hooks
	try rootlet run --detach c1
	assert_success
	wait_until 10 has_status c1 stopped
	assert_equal "$(order)" "${KINDS[*]:0:5}"
	rootlet delete c1
	assert_equal "$(order)" "${KINDS[*]}"
}

@test "delete --force of a running container runs poststop, once" {
	all_hooks
	script 'sleep 1000'
	running c1
	rootlet delete --force c1
	rootlet delete --force c1
	assert_equal "$(order)" "${KINDS[*]}"
}

@test "hooks of one kind run in the order of the document, one after the other" {
	local kind
	for kind in "${KINDS[@]}"; do
		hook "$kind" "$kind-1" "usleep 30000 2>/dev/null; echo end >>$LOG/order"
		hook "$kind" "$kind-2" "echo end >>$LOG/order"
	done
	try rootlet run c1
	assert_success
	local expected=()
	for kind in "${KINDS[@]}"; do
		expected+=("$kind-1" end "$kind-2" end)
	done
	assert_equal "$(order)" "${expected[*]}"
}

@test "the runtime's hooks run in our namespaces, the container's in its own" {
	local kind
	all_hooks
	try rootlet run c1
	assert_success
	for kind in prestart createRuntime poststart poststop; do
		assert_equal "$kind $(cat "$LOG/$kind.ns")" "$kind $(own_namespaces)"
	done
	for kind in createContainer startContainer; do
		assert_equal "$kind $(cat "$LOG/$kind.ns")" "$kind $output"
	done
}

@test "createContainer hooks have our root still, startContainer hooks the container's" {
	local kind
	all_hooks
	try rootlet run c1
	assert_success
	for kind in prestart createRuntime createContainer poststart poststop; do
		assert_equal "$kind $(cat "$LOG/$kind.root")" "$kind outside"
	done
	assert_equal "$(cat "$LOG/startContainer.root")" inside
	assert_equal "$(cat "$LOG/startContainer.cwd")" /
}

@test "createRuntime hooks find the container's mounts made and its root not entered" {
	hook createRuntime createRuntime "sed -n 's/^\"pid\": //p' /dev/null; \
		pid=\$(sed -n 's/.*\"pid\": *\\([0-9]*\\).*/\\1/p' $LOG/createRuntime.state); \
		grep -c ' $BUNDLE/rootfs/dev/pts ' /proc/\$pid/mountinfo >$LOG/mounted"
	try rootlet run c1
	assert_success
	assert_equal "$(cat "$LOG/mounted")" 1
}

@test "a mount that a createContainer hook makes is the container's" {
	echo text >"$T/file"
	: >rootfs/etc/from-hook
	hook createContainer mounting "mount --bind $T/file $BUNDLE/rootfs/etc/from-hook"
	script 'cat /etc/from-hook'
	try rootlet run c1
	assert_success
	assert_output text
}

# --- with what -------------------------------------------------------------------------------

@test "the state on stdin: id, status, pid, bundle, version, annotations" {
	all_hooks
	config '.annotations = {"org.example.key": "va\"lue"}'
	script 'sleep 1000'
	running c1
	local pid kind status
	pid=$(pid_of c1)
	rootlet delete --force c1
	for kind in "${KINDS[@]}"; do
		case $kind in
		startContainer) status=created ;;
		poststart) status=running ;;
		poststop) status=stopped ;;
		*) status=creating ;;
		esac
		assert_equal "$kind $(jq -r '[.id, .status, .bundle, .annotations["org.example.key"]] | join(" ")' \
			"$LOG/$kind.state")" "$kind c1 $status $BUNDLE va\"lue"
		assert_match "$(jq -r .ociVersion "$LOG/$kind.state")" '^1\.'
		[ "$kind" = poststop ] ||
			assert_equal "$kind $(jq .pid "$LOG/$kind.state")" "$kind $pid"
	done
	assert_match "$(jq .pid "$LOG/poststop.state")" '^(null|0)$'
}

@test "the state on stdin is valid under the runtime-spec's schema" {
	need_python jsonschema
	all_hooks
	try rootlet run c1
	assert_success
	local kind
	for kind in "${KINDS[@]}"; do
		"$PYTHON" "$TESTS/check-schema.py" state <"$LOG/$kind.state"
	done
}

@test "a hook need not read its stdin, however long the state is" {
	config '.annotations = {"org.example.key": ("x" * 300000)} |
		.hooks.createRuntime = [{path: "/bin/true"}]'
	script 'echo done'
	try timeout 30 "$ROOTLET" --root "$STATE_DIR" run c1
	assert_success
	assert_output done
}

# showing_hook JSON: a createRuntime hook with these properties, which writes its arguments and its
# environment to $LOG/shown.
showing_hook() {
	cat >"$LOG/show" <<-END
		#!/bin/sh
		exec 3</proc/self/environ 4</proc/self/cmdline
		{ tr '\\0' '\\n' <&4; echo --; tr '\\0' '\\n' <&3; } >$LOG/shown
	END
	chmod +x "$LOG/show"
	script true
	config '.hooks.createRuntime = [{path: $path} + $more]' --arg path "$LOG/show" --argjson more "$1"
}

@test "args: all but the first are the hook's arguments" {
	showing_hook '{"args": ["name", "one", "two words", "", "$HOME"]}'
	try rootlet run c1
	assert_success
	assert_equal "$(sed '/^--$/,$d' "$LOG/shown")" "/bin/sh
$LOG/show
one
two words

\$HOME"
}

@test "env: exactly the given one" {
	showing_hook '{"env": ["A=1", "B=x y", "PATH=/bin:/usr/bin"]}'
	try rootlet run c1
	assert_success
	assert_equal "$(sed '1,/^--$/d' "$LOG/shown")" $'A=1\nB=x y\nPATH=/bin:/usr/bin'
}

@test "env: without one a hook of the runtime has ours" {
	showing_hook '{}'
	MARK=here try rootlet run c1
	assert_success
	grep -qxF "MARK=here" "$LOG/shown"
}

@test "env and args are each kind's own; without env it is ours, or the program's" {
	local kind
	cat >"$LOG/show" <<-END
		#!/bin/sh
		for word; do echo "\$word"; done >>$LOG/shown-\$1
		echo "MARK=\$MARK" >>$LOG/shown-\$1
	END
	chmod +x "$LOG/show"
	script true
	config '.process.env += ["MARK=program"]'
	for kind in "${KINDS[@]}"; do
		config '.hooks[$kind] = [
				{path: $path, args: ["show", $kind, "two words"], env: ["MARK=hook", "PATH=/bin:/usr/bin"]},
				{path: $path, args: ["show", $kind]}]' \
			--arg path "$LOG/show" --arg kind "$kind"
	done
	MARK=ours try rootlet run c1
	assert_success
	for kind in "${KINDS[@]}"; do
		assert_equal "$(xargs <"$LOG/shown-$kind")" \
			"$kind two words MARK=hook $kind MARK=$([ "$kind" = startContainer ] && echo program || echo ours)"
	done
}

@test "hooks have no other file descriptors than their own three" {
	hook createRuntime createRuntime "ls -l /proc/self/fd | sed 's/.* -> //' >$LOG/fds"
	exec 8<"$T/only-outside"
	try rootlet run c1
	exec 8<&-
	assert_success
	# Three, what ls opens itself, and the script that sh reads.
	refute_match "$(cat "$LOG/fds")" 'only-outside|socket|memfd'
}

# --- failing ---------------------------------------------------------------------------------

# The container cannot be created: nothing of it is left, later hooks do not run, but poststop.
creation_fails() { # KIND
	local before=()
	all_hooks
	hook "$1" failing 'echo "went wrong" >&2; echo "second line" >&2; exit 3'
	hook "$1" after
	local kind
	for kind in "${KINDS[@]}"; do
		before+=("$kind")
		[ "$kind" != "$1" ] || break
	done
	try rootlet create c1
	assert_error "hooks\\.$1\\[1\\] \\($LOG/hook\\): exit status 3; it said: went wrong.*second line" 1
	assert_equal "$(order)" "${before[*]} failing poststop"
	assert_nothing_left
	rm "$LOG/order"
	try rootlet run c1
	assert_error "hooks\\.$1\\[1\\]" 125
	assert_equal "$(order)" "${before[*]} failing poststop"
	[ ! -e "$LOG/program" ]
	assert_nothing_left
}

@test "a failing prestart hook fails the creation" {
	creation_fails prestart
}

@test "a failing createRuntime hook fails the creation" {
	creation_fails createRuntime
}

@test "a failing createContainer hook fails the creation" {
	creation_fails createContainer
}

@test "a failing startContainer hook fails the start: the program does not run" {
	all_hooks
	hook startContainer failing 'echo "went wrong" >&2; exit 3'
	hook startContainer after
	created c1
	try rootlet start c1
	assert_error "hooks\\.startContainer\\[1\\] \\($LOG/hook\\): exit status 3; it said: went wrong" 1
	[ ! -e "$LOG/program" ]
	assert_equal "$(order)" "prestart createRuntime createContainer startContainer failing"
	wait_until 10 has_status c1 stopped
	rootlet delete c1
	assert_equal "$(tail -n 1 "$LOG/order")" poststop
	assert_nothing_left
}

@test "a failing startContainer hook fails run" {
	all_hooks
	hook startContainer failing 'exit 3'
	try rootlet run c1
	assert_error 'hooks\.startContainer\[1\]' 125
	[ ! -e "$LOG/program" ]
	assert_equal "$(tail -n 1 "$LOG/order")" poststop
	assert_nothing_left
}

@test "a failing poststart hook fails the start and stops the container" {
	all_hooks
	hook poststart failing 'echo "went wrong" >&2; exit 3'
	hook poststart after
	script 'sleep 1000'
	created c1
	try rootlet start c1
	assert_error "hooks\\.poststart\\[1\\] \\($LOG/hook\\): exit status 3; it said: went wrong" 1
	wait_until 10 has_status c1 stopped
	assert_equal "$(order)" "prestart createRuntime createContainer startContainer poststart failing"
	rootlet delete c1
	assert_equal "$(tail -n 1 "$LOG/order")" poststop
	assert_nothing_left
}

@test "a failing poststart hook fails run, and stops the container" {
	all_hooks
	hook poststart failing 'exit 3'
	script 'sleep 1000'
	try rootlet run c1
	assert_error 'hooks\.poststart\[1\]' 125
	assert_equal "$(tail -n 1 "$LOG/order")" poststop
	assert_nothing_left
}

@test "a failing poststop hook is a warning, the others run all the same" {
	hook poststop first
	hook poststop failing 'echo "went wrong" >&2; exit 3'
	hook poststop last
	script true
	created c1
	try rootlet delete c1
	assert_success
	assert_line_count 1 "$stderr"
	assert_match "$stderr" "hooks\\.poststop\\[1\\] \\($LOG/hook\\): exit status 3; it said: went wrong"
	assert_equal "$(order)" "first failing last"
	assert_nothing_left
	rm "$LOG/order"
	try rootlet run c1
	assert_success
	assert_match "$stderr" 'hooks\.poststop\[1\]'
	assert_equal "$(order)" "first failing last"
	assert_nothing_left
}

@test "a hook that a signal ends is named with the signal" {
	hook createRuntime failing 'kill -SEGV $$'
	try rootlet run c1
	assert_error 'hooks\.createRuntime\[0\] .*: killed by signal 11' 125
	assert_nothing_left
}

@test "a hook that does not exist, or is no program, is named with its place" {
	config '.hooks.createRuntime = [{path: "/no/such/hook"}]'
	try rootlet run c1
	assert_error 'hooks\.createRuntime\[0\] \(/no/such/hook\): cannot be run: No such file' 125
	: >"$LOG/text"
	config '.hooks = {startContainer: [{path: $path}]}' --arg path "$LOG/text"
	try rootlet run c1
	assert_error "hooks\\.startContainer\\[0\\] \\($LOG/text\\): cannot be run: Permission denied" 125
	config '.hooks = {poststart: [{path: "relative"}]}'
	try rootlet run c1
	assert_error 'hooks\.poststart\[0\]\.path: not an absolute path' 125
	config '.hooks = {poststart: [{path: "/bin/true", timeout: 0}]}'
	try rootlet run c1
	assert_error 'hooks\.poststart\[0\]\.timeout: 0' 125
	assert_nothing_left
}

@test "what a hook says is shown in one line without control characters" {
	hook createRuntime failing 'printf "a\tb\033[31m\r\nc\n" >&2; echo on stdout; exit 1'
	try rootlet run c1
	assert_error 'hooks\.createRuntime\[0\].*a b .*\[31m.*c.*on stdout' 125
}

@test "what a hook says that succeeds is not shown" {
	hook createRuntime talking 'echo nothing special; echo nothing special >&2'
	script 'echo program'
	try rootlet run c1
	assert_success
	assert_output program
	refute_stderr
}

# --- timeouts and signals --------------------------------------------------------------------

@test "a timeout ends the hook, whichever it is" {
	local kind
	for kind in createRuntime createContainer startContainer poststart; do
		config '.hooks = {}'
		hook "$kind" "$kind" "echo \$\$ >$LOG/pid; exec sleep 1000"
		config '.hooks[$kind][0].timeout = 1 | .process.args = ["sleep", "1000"]' --arg kind "$kind"
		try rootlet run c1
		assert_error "hooks\\.$kind\\[0\\] .*: no end within its timeout of 1 s" 125
		[ "$kind" = createContainer ] || [ "$kind" = startContainer ] ||
			process_gone "$(cat "$LOG/pid")"
		assert_nothing_left
	done
}

@test "a timeout ends prestart and poststop hooks as well" {
	hook prestart prestart "echo \$\$ >$LOG/pid; exec sleep 1000"
	config '.hooks.prestart[0].timeout = 1'
	try rootlet run c1
	assert_error 'hooks\.prestart\[0\] .*: no end within its timeout of 1 s' 125
	process_gone "$(cat "$LOG/pid")"
	config '.hooks = {}'
	hook poststop poststop "echo \$\$ >$LOG/pid; exec sleep 1000"
	config '.hooks.poststop[0].timeout = 1'
	try rootlet run c1
	assert_success
	assert_match "$stderr" 'hooks\.poststop\[0\] .*: no end within its timeout of 1 s'
	process_gone "$(cat "$LOG/pid")"
	assert_nothing_left
}

@test "a hook that takes less than its timeout is left alone" {
	hook createRuntime createRuntime 'sleep .2'
	config '.hooks.createRuntime[0].timeout = 60'
	try rootlet run c1
	assert_success
	refute_stderr
}

@test "a signal to create ends a hook that hangs, and all of the creation" {
	hook createRuntime hanging "echo \$\$ >$LOG/pid; exec sleep 1000"
	hook poststop poststop
	background "$ROOTLET" --root "$STATE_DIR" create c1
	local creator=$!
	wait_until 10 test -s "$LOG/pid"
	kill -TERM "$creator"
	try wait "$creator"
	# Having cleaned up, it ends of the signal.
	assert_status $((128 + 15))
	process_gone "$(cat "$LOG/pid")"
	assert_equal "$(tail -n 1 "$LOG/order")" poststop
	assert_nothing_left
}

@test "a hook's children do not hold up the container" {
	hook createRuntime createRuntime 'sleep 3 & echo started'
	script 'echo done'
	try timeout 2 "$ROOTLET" --root "$STATE_DIR" run c1
	assert_success
	assert_output done
}
