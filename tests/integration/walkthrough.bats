# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2016,SC2034,SC2154,SC2164
# The walkthrough that the project began with: each step as somebody types it who has read how it
# is done with runc.

load helpers

# Steps 1 and 2: a directory with a root file system that holds one static program.
setup_test() {
	mkdir "$T/container"
	cd "$T/container"
	BUNDLE=$T/container
	mkdir rootfs
	cp "$(test_program hello)" rootfs/hello
}

spec_for_hello() {
	rootlet spec
	sed -i 's/"sh"/"\/hello"/' config.json
}

spec_without_terminal() {
	spec_for_hello
	sed -i 's/"terminal": true/"terminal": false/' config.json
}

# list_field NAME: the field of container "container" in the output of list.
list_field() {
	awk -v name="$1" '
		NR == 1 { for (i = 1; i <= NF; i++) if ($i == name) column = i }
		$1 == "container" { print $column }' <<<"$output"
}

@test "the sed commands of the walkthrough change what spec has written" {
	rootlet spec
	assert_equal "$(grep -c '"sh"' config.json)" 1
	assert_equal "$(grep -c '"terminal": true' config.json)" 1
	sed -i 's/"sh"/"\/hello"/; s/"terminal": true/"terminal": false/' config.json
	assert_equal "$(jq -c '[.process.args, .process.terminal]' config.json)" '[["/hello"],false]'
}

@test "run shows the program's output and removes the container" {
	spec_for_hello
	try rootlet run container
	assert_success
	assert_match "$output" '^Hello from a container!'
	refute_stderr
	try rootlet list -q
	refute_output
	assert_nothing_left
}

@test "run on a terminal shows the program's output and restores the terminal" {
	spec_for_hello
	try on_terminal -- "$ROOTLET" --root "$STATE_DIR" run container
	assert_success
	assert_match "$output" 'Hello from a container!'
	assert_equal "$stderr" "terminal restored"
}

@test "create, list, start, list, delete: each step says what it should" {
	spec_without_terminal

	rootlet create container </dev/null >"$T/terminal" 2>&1 3>&-
	assert_equal "$(cat "$T/terminal")" ""

	try rootlet list
	assert_success
	assert_match "${lines[0]}" '^ID +PID +STATUS +BUNDLE +CREATED +OWNER *$'
	assert_line_count 2 "$output"
	assert_equal "$(list_field STATUS)" created
	assert_equal "$(list_field BUNDLE)" "$T/container"
	assert_equal "$(list_field OWNER)" "$(id -un)"
	assert_match "$(list_field CREATED)" '^20[0-9]{2}-[0-9]{2}-[0-9]{2}T[0-9:]{8}\.[0-9]+Z$'
	local pid
	pid=$(list_field PID)
	process_lives "$pid"

	try rootlet start container
	assert_success
	refute_output
	refute_stderr
	# The output appears where create ran.
	wait_until 10 grep -q . "$T/terminal"
	assert_equal "$(cat "$T/terminal")" "Hello from a container!"

	wait_until 10 has_status container stopped
	try rootlet list
	assert_equal "$(list_field STATUS)" stopped
	assert_equal "$(list_field PID)" 0

	try rootlet delete container
	assert_success
	refute_output
	refute_stderr
	try rootlet list
	assert_line_count 1 "$output"
	assert_nothing_left
}

@test "create with a terminal and no console socket is refused" {
	spec_for_hello
	try rootlet create container
	assert_error 'console-socket'
	assert_nothing_left
}

@test "run --detach with a terminal and no console socket is refused" {
	spec_for_hello
	try rootlet run --detach container
	assert_error 'console-socket' 125
	assert_nothing_left
}

@test "a console socket without a terminal is refused" {
	spec_without_terminal
	try rootlet create --console-socket "$T/nobody" container
	assert_error 'console-socket'
	assert_nothing_left
}

@test "create with a terminal sends its master to the console socket" {
	spec_for_hello
	recvtty "$T/console" "$T/shown"
	try rootlet create --console-socket "$T/console" container
	assert_success
	refute_stderr
	try rootlet start container
	assert_success
	wait_until 10 grep -q Hello "$T/shown"
	# ONLCR is off: engines that log the output want plain newlines.
	assert_equal "$(cat "$T/shown")" "Hello from a container!"
	refute_match "$(cat "$T/shown")" $'\r'
	wait_until 10 has_status container stopped
	rootlet delete container
	wait_until 10 process_gone "$RECV_PID"
}

@test "run --detach with a terminal sends its master to the console socket" {
	spec_for_hello
	recvtty "$T/console" "$T/shown"
	try rootlet run --detach --console-socket "$T/console" container
	assert_success
	wait_until 10 grep -q 'Hello from a container!' "$T/shown"
	wait_until 10 has_status container stopped
	rootlet delete container
}

@test "a console socket that nobody listens on fails the create" {
	spec_for_hello
	try rootlet create --console-socket "$T/nobody" container
	assert_error "$T/nobody"
	assert_nothing_left
}

@test "the walkthrough can be repeated in the same directory" {
	spec_without_terminal
	for _ in 1 2; do
		try rootlet run container
		assert_success
		assert_output "Hello from a container!"
	done
}
