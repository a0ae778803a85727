# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2016,SC2034,SC2154,SC2164
# The command line itself: usage, help, spellings of options, where messages go, closed streams.

load helpers

commands=(spec run create start state list kill mounts update events port delete exec ps features)

sleeping_bundle() {
	make_bundle busybox
	script 'sleep 1000'
}

# --- wrong usage -----------------------------------------------------------------------------

@test "no command is wrong usage" {
	try rootlet
	assert_error 'command' 2
}

@test "an unknown command is wrong usage, and named" {
	try rootlet frobnicate
	assert_error 'frobnicate' 2
}

@test "an unknown option is wrong usage, and named" {
	try rootlet --frobnicate list
	assert_error 'frobnicate' 2
	local command
	for command in "${commands[@]}"; do
		try rootlet "$command" --frobnicate
		assert_error "$command.*frobnicate" 2
	done
}

@test "an option without its value is wrong usage" {
	try rootlet run --bundle
	assert_error 'bundle' 2
	try rootlet --root
	assert_error 'root' 2
}

@test "a flag with a value that is not true or false is wrong usage" {
	try rootlet delete --force=maybe c1
	assert_error 'force' 2
}

@test "a missing argument is wrong usage" {
	local command
	for command in run create start state kill update events delete exec ps; do
		try rootlet "$command"
		assert_error "$command" 2
	done
	try rootlet exec c1
	assert_error 'exec' 2
}

@test "an argument too many is wrong usage" {
	local call
	for call in "spec x" "create a b" "start a b" "state a b" "update a b" "events a b" "list x" "kill a TERM b" "delete a b" \
		"features x"; do
		# shellcheck disable=SC2086
		try rootlet $call
		assert_error "${call%% *}" 2
	done
}

@test "values of options that cannot be are wrong usage" {
	local call
	for call in "list --format xml" "run --preserve-fds many c1" "run --preserve-fds -1 c1" \
		"exec --additional-gids x c1 true"; do
		# shellcheck disable=SC2086
		try rootlet $call
		assert_error "${call%% *}" 2
	done
	try rootlet --log-format xml list
	assert_error 'log-format' 2
	try rootlet --log-level loud list
	assert_error 'log-level' 2
}

# --- help and version ------------------------------------------------------------------------

@test "help lists every command" {
	local spelling command
	for spelling in --help -h help; do
		try rootlet "$spelling"
		assert_success
		refute_stderr
		for command in "${commands[@]}"; do
			assert_match "$output" "[[:space:]]${command}[[:space:]]"
		done
	done
}

@test "every command has a help text of its own" {
	local command
	for command in "${commands[@]}"; do
		try rootlet "$command" --help
		assert_success
		assert_match "$output" "rootlet.* $command"
		refute_stderr
		try rootlet "$command" -h
		assert_success
		try rootlet help "$command"
		assert_success
	done
	assert_nothing_left
}

@test "the version says what specification it is for" {
	local spelling
	for spelling in --version -v; do
		try rootlet "$spelling"
		assert_success
		assert_match "${lines[0]}" '^rootlet version [0-9]+\.[0-9]+\.[0-9]+'
		assert_line "spec: 1.3.0"
		refute_stderr
	done
}

# --- spellings -------------------------------------------------------------------------------

@test "values follow an option after a space or an equals sign" {
	make_bundle hello
	cd "$T"
	local words
	for words in "--bundle $BUNDLE" "--bundle=$BUNDLE" "-b $BUNDLE" "-b=$BUNDLE"; do
		# shellcheck disable=SC2086
		try rootlet run $words c1
		assert_success
		assert_output "Hello from a container!"
	done
}

@test "short options combine" {
	make_bundle hello
	cd "$T"
	try rootlet run -db "$BUNDLE" c1
	assert_success
	wait_until 10 has_status c1 stopped
	rootlet delete c1
}

@test "options may follow the container's id, where no command does" {
	created_bundle=$BUNDLE
	make_bundle hello
	cd "$T"
	try rootlet create c1 --bundle "$created_bundle"
	assert_success
	try rootlet delete c1 --force
	assert_success
}

@test "an option after the id belongs to the command that exec runs" {
	sleeping_bundle
	running c1
	try rootlet exec c1 echo -e '--user\t-t'
	assert_success
	assert_output $'--user\t-t'
}

@test "-- ends the options" {
	sleeping_bundle
	running c1
	try rootlet exec -- c1 echo -n one
	assert_output one
	try rootlet exec c1 -- echo -n two
	assert_output two
}

@test "global options stand before the command" {
	try rootlet --root "$T/other" list -q
	assert_success
	refute_output
	try rootlet list --root "$T/other"
	assert_error 'root' 2
}

@test "--root keeps the state elsewhere" {
	make_bundle hello
	rootlet --root "$T/other" create c1 </dev/null >"$T/c1.out" 2>&1 3>&-
	try rootlet --root "$T/other" list -q
	assert_output c1
	try rootlet list -q
	refute_output
	rootlet --root "$T/other" delete --force c1
	assert_equal "$(find "$T/other" -mindepth 1)" ""
}

@test "the command lines of engines are understood" {
	make_bundle hello
	cd "$T"
	try rootlet --log="$T/log" --log-format=json --cgroup-manager disabled --rootless=auto \
		create --bundle "$BUNDLE" --pid-file "$T/pid" --no-pivot --no-new-keyring --no-subreaper \
		--preserve-fds 0 c1
	assert_success
	refute_stderr
	assert_equal "$(cat "$T/pid")" "$(pid_of c1)"
	try rootlet --cgroup-manager disabled start c1
	assert_success
	wait_until 10 has_status c1 stopped
	try rootlet --cgroup-manager=cgroupfs --debug --log "$T/log" delete --force c1
	assert_success
}

# --- paths -----------------------------------------------------------------------------------

@test "paths in options are relative to the caller's directory, not the bundle" {
	make_bundle hello
	config '.process.terminal = true'
	mkdir "$T/caller"
	cd "$T/caller"
	recvtty "$T/caller/console" "$T/shown"
	try rootlet --log log --debug create --bundle ../bundle --pid-file pid --console-socket console c1
	assert_success
	assert_equal "$(cat pid)" "$(pid_of c1)"
	[ -s log ]
	[ ! -e "$BUNDLE/pid" ] && [ ! -e "$BUNDLE/log" ]
	rootlet delete --force c1
}

@test "--config is another document for the same bundle" {
	make_bundle hello
	jq '.process.args = ["/nothing"]' config.json >"$T/other.json"
	try rootlet run --config "$T/other.json" c1
	assert_error '/nothing' 127
}

# --- messages --------------------------------------------------------------------------------

@test "--log-format json: an object of level, msg and time for each message" {
	try rootlet --log-format json state nobody
	assert_failure 1
	assert_line_count 1 "$stderr"
	assert_equal "$(jq -r 'keys | sort | join(" ")' <<<"$stderr")" "level msg time"
	assert_equal "$(jq -r .level <<<"$stderr")" error
	assert_match "$(jq -r .msg <<<"$stderr")" nobody
	assert_match "$(jq -r .time <<<"$stderr")" '^20[0-9]{2}-[0-9]{2}-[0-9]{2}T[0-9:]{8}(\.[0-9]+)?(Z|[+-])'
}

@test "JSON messages survive what is in an id or a path" {
	try rootlet --log-format json run --bundle $'quo"te\\back\nline\x01' c1
	assert_failure 125
	assert_line_count 1 "$stderr"
	assert_match "$(jq -r .msg <<<"$stderr")" 'quo"te'
}

@test "--log: engines find the message in the file, people on stderr" {
	try rootlet --log "$T/log" --log-format json state nobody
	assert_failure 1
	assert_match "$stderr" nobody
	assert_match "$(jq -r .msg "$T/log")" nobody
}

@test "--log appends" {
	echo before >"$T/log"
	try rootlet --log "$T/log" state nobody
	assert_equal "$(head -n 1 "$T/log")" before
	assert_match "$(tail -n 1 "$T/log")" nobody
}

@test "--log to where nothing can be written is an error" {
	try rootlet --log "$T/none/log" list
	assert_error "$T/none/log" 1
}

@test "--debug tells what is done, on stderr, and the result stays on stdout" {
	make_bundle hello
	try rootlet --debug run c1
	assert_success
	assert_output "Hello from a container!"
	[ -n "$stderr" ]
}

@test "warnings and errors carry no control characters from paths" {
	try rootlet run --bundle $'a\tb\x1b[31m' c1
	assert_failure 125
	assert_line_count 1 "$stderr"
	refute_match "$stderr" $'[\x01-\x1f]'
}

# --- streams ---------------------------------------------------------------------------------

@test "each of the streams may be closed" {
	make_bundle busybox
	script 'for fd in /proc/self/fd/*; do echo "${fd##*/}"; done >>/dev/shm/fds; cat /dev/shm/fds'
	try bash -c '"$@" <&-' bash "$ROOTLET" --root "$STATE_DIR" run c1
	assert_success
	assert_match "$output" '0'
	try bash -c '"$@" >&-' bash "$ROOTLET" --root "$STATE_DIR" run c1
	assert_success
	try bash -c '"$@" 2>&-' bash "$ROOTLET" --root "$STATE_DIR" run c1
	assert_success
	try bash -c '"$@" <&- >&- 2>&-' bash "$ROOTLET" --root "$STATE_DIR" run c1
	assert_success
}

@test "a closed stream is /dev/null in the container, not a file of ours" {
	make_bundle busybox
	script 'readlink /proc/self/fd/0'
	try bash -c '"$@" <&-' bash "$ROOTLET" --root "$STATE_DIR" run c1
	assert_success
	assert_output /dev/null
}

@test "a result that cannot be printed is a failure" {
	make_bundle hello
	local command
	created c1
	for command in list "state c1" features "ps c1" help --version; do
		# shellcheck disable=SC2086
		try bash -c '"$@" >&-' bash "$ROOTLET" --root "$STATE_DIR" $command
		assert_error . 1
		# shellcheck disable=SC2086
		try bash -c '"$@" >/dev/full' bash "$ROOTLET" --root "$STATE_DIR" $command
		assert_error . 1
	done
}

@test "a failure with stderr closed still has its status" {
	try bash -c '"$@" 2>&-' bash "$ROOTLET" state nobody
	assert_failure 1
	refute_output
}

# --- what commands print ---------------------------------------------------------------------

@test "list of nothing is the header, nothing, an empty array" {
	try rootlet list
	assert_success
	assert_match "$output" '^ID +PID +STATUS +BUNDLE +CREATED +OWNER *$'
	try rootlet list --quiet
	refute_output
	try rootlet list --format json
	assert_equal "$(jq -c . <<<"$output")" '[]'
}

@test "list --format json has what the table has" {
	make_bundle hello
	created c2
	created c1
	try rootlet list -f json
	assert_success
	assert_equal "$(jq -c 'map(.id)' <<<"$output")" '["c1","c2"]'
	assert_equal "$(jq -r '.[0] | [.pid, .status, .bundle, .owner] | map(tostring) | join(" ")' <<<"$output")" \
		"$(pid_of c1) created $BUNDLE $(id -un)"
}

@test "state is valid under the runtime-spec's schema, with what engines look for" {
	need_python jsonschema
	make_bundle hello
	config '.annotations = {"org.example.key": "value"}'
	created c1
	try rootlet state c1
	assert_success
	"$PYTHON" "$TESTS/check-schema.py" state <<<"$output"
	assert_equal "$(jq -r '[.id, .status, .bundle, .rootfs, .owner] | join(" ")' <<<"$output")" \
		"c1 created $BUNDLE $BUNDLE/rootfs $(id -un)"
	assert_equal "$(jq -r '.annotations["org.example.key"]' <<<"$output")" value
	assert_match "$(jq -r .created <<<"$output")" '^20[0-9]{2}-.*Z$'
	process_lives "$(jq -r .pid <<<"$output")"
	rootlet start c1
	wait_until 10 has_status c1 stopped
	assert_equal "$(state_of c1 pid)" 0
}

@test "features is valid under the runtime-spec's schema" {
	need_python jsonschema
	try rootlet features
	assert_success
	"$PYTHON" "$TESTS/check-schema.py" features <<<"$output"
	assert_equal "$(jq -r .ociVersionMax <<<"$output")" 1.3.0
	assert_equal "$(jq -c '.linux.namespaces | sort' <<<"$output")" \
		'["cgroup","ipc","mount","network","pid","time","user","uts"]'
	assert_equal "$(jq -c '.linux.cgroup | [.v1, .v2, .systemd, .systemdUser, .rdma]' <<<"$output")" \
		'[false,true,true,true,true]'
}

@test "what features lists is accepted in a config.json" {
	make_bundle hello
	rootlet features >"$T/features"
	config '.linux.seccomp = {defaultAction: "SCMP_ACT_ALLOW",
			architectures: $features[0].linux.seccomp.archs, flags: $features[0].linux.seccomp.supportedFlags,
			syscalls: [$features[0].linux.seccomp.operators[] as $operator |
				{names: ["getpriority"], action: "SCMP_ACT_ERRNO",
				 args: [{index: 0, value: 77, valueTwo: 78, op: $operator}]}]} |
		.process.capabilities.bounding = $features[0].linux.capabilities |
		.hooks = ([$features[0].hooks[] | {key: ., value: []}] | from_entries) |
		.linux.namespaces = [$features[0].linux.namespaces[] | {type: .}]' --slurpfile features "$T/features"
	local version
	for version in ociVersionMin ociVersionMax; do
		config '.ociVersion = $features[0][$version]' --slurpfile features "$T/features" --arg version "$version"
		try rootlet run c1
		assert_success
		refute_match "$stderr" unknown
	done
	# Which annotations could do harm: none, as rootlet looks at none.
	assert_equal "$(jq -c .potentiallyUnsafeConfigAnnotations "$T/features")" '[]'
}

@test "ps shows the container's processes, as a table and as pids" {
	sleeping_bundle
	running c1
	try rootlet ps c1
	assert_success
	assert_match "${lines[0]}" 'PID'
	assert_match "$output" 'sleep 1000'
	try rootlet ps --format json c1
	assert_equal "$(jq "index($(pid_of c1)) != null" <<<"$output")" true
	try rootlet ps c1 -o pid,comm
	assert_success
	assert_match "${lines[0]}" 'PID +COMMAND'
}
