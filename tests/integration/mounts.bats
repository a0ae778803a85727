#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# rootlet mounts add|remove: mounts of a container that runs already.

load helpers

setup_test() {
	make_bundle
	config '.root.readonly = false'
	script 'sleep 1000'
	mkdir "$T/source"
	echo hello >"$T/source/file"
}

# mounts_file JSON: $T/mounts.json, in which $source is the source directory.
mounts_file() {
	jq -n --arg source "$T/source" "$1" >"$T/mounts.json"
}

bind_to() { # DESTINATION
	mounts_file "[{destination: \"$1\", source: \$source, options: [\"rbind\", \"ro\"]}]"
}

mountinfo() {
	rootlet exec c1 cat /proc/self/mountinfo
}

host_mounts() {
	cat /proc/self/mountinfo
}

@test "add: a bind of the host's, with its options; the host does not see it" {
	running c1
	local before
	before=$(host_mounts)
	bind_to /data
	try rootlet mounts add c1 "$T/mounts.json"
	assert_success
	refute_stderr
	refute_output
	try rootlet exec c1 sh -c 'cat /data/file; touch /data/x 2>&1'
	assert_line hello
	assert_match "$output" 'Read-only file system'
	assert_equal "$(host_mounts)" "$before"
}

@test "remove: the mount goes, what it covered is back" {
	mkdir "$BUNDLE/rootfs/data"
	echo below >"$BUNDLE/rootfs/data/file"
	running c1
	bind_to /data
	rootlet mounts add c1 "$T/mounts.json"
	assert_equal "$(rootlet exec c1 cat /data/file)" hello
	try rootlet mounts remove c1 "$T/mounts.json"
	assert_success
	refute_stderr
	assert_equal "$(rootlet exec c1 cat /data/file)" below
}

@test "an object with the member mounts is understood, too" {
	running c1
	mounts_file '{mounts: [{destination: "/data", source: $source, options: ["bind"]}]}'
	try rootlet mounts add c1 "$T/mounts.json"
	assert_success
	assert_equal "$(rootlet exec c1 cat /data/file)" hello
}

@test "filesystems of the container's own: tmpfs, proc, mqueue" {
	running c1
	mounts_file '[{destination: "/t", type: "tmpfs", source: "t", options: ["size=64k", "nosuid", "mode=700"]},
		{destination: "/p", type: "proc", source: "proc"},
		{destination: "/q", type: "mqueue", source: "mqueue"}]'
	try rootlet mounts add c1 "$T/mounts.json"
	assert_success
	assert_match "$(mountinfo)" ' /t [^-]*nosuid.* - tmpfs t .*size=64k,mode=700'
	assert_match "$(rootlet exec c1 cat /p/1/cmdline | tr '\0' ' ')" '^sleep 1000'
	assert_match "$(mountinfo)" ' /q .* - mqueue '
	# Owned by the container's root.
	assert_equal "$(rootlet exec c1 stat -c %u:%g /t)" 0:0
	rootlet mounts remove c1 "$T/mounts.json"
	refute_match "$(mountinfo)" ' /(t|p|q) '
}

@test "a file, and a source relative to the bundle" {
	echo from the bundle >"$BUNDLE/extra"
	running c1
	mounts_file '[{destination: "/etc/extra", source: "extra", options: ["bind"]}]'
	cd /
	try rootlet mounts add c1 "$T/mounts.json"
	assert_success
	assert_equal "$(rootlet exec c1 cat /etc/extra)" 'from the bundle'
}

@test "a created container gets them, too, before it starts" {
	script 'cat /data/file'
	created c1
	bind_to /data
	try rootlet mounts add c1 "$T/mounts.json"
	assert_success
	rootlet start c1
	wait_until 10 has_status c1 stopped
	assert_equal "$(cat "$T/c1.out")" hello
}

@test "all or none: when one fails, those before it go again" {
	running c1
	mounts_file '[{destination: "/data", source: $source, options: ["bind"]},
		{destination: "/more", type: "tmpfs", source: "t", options: ["size=many"]}]'
	try rootlet mounts add c1 "$T/mounts.json"
	assert_error 'mounts\[1\].*size'
	refute_match "$(mountinfo)" ' /(data|more) '
	assert_equal "$(status_of c1)" running
}

@test "destinations are resolved as the container sees them, links included" {
	ln -s /elsewhere "$BUNDLE/rootfs/link"
	ln -s ../../../.. "$BUNDLE/rootfs/up"
	running c1
	bind_to /link/data
	rootlet mounts add c1 "$T/mounts.json"
	assert_equal "$(rootlet exec c1 cat /elsewhere/data/file)" hello
	bind_to /up/up/there
	rootlet mounts add c1 "$T/mounts.json"
	assert_equal "$(rootlet exec c1 cat /there/file)" hello
	[ ! -e /there ]
}

@test "remove does not follow a link that takes the place of the mount" {
	running c1
	bind_to /tmp
	mounts_file '[{destination: "/data", source: $source, options: ["bind"]}]'
	rootlet mounts add c1 "$T/mounts.json"
	rootlet exec c1 ln -s /data /link
	mounts_file '[{destination: "/link"}]'
	try rootlet mounts remove c1 "$T/mounts.json"
	assert_error 'mounts\[0\].destination: cannot unmount /link.*nothing is mounted there'
	assert_equal "$(rootlet exec c1 cat /data/file)" hello
}

@test "what a user may not read he cannot add" {
	skip_if_root
	running c1
	mounts_file '[{destination: "/data", source: "/root/.", options: ["bind"]}]'
	try rootlet mounts add c1 "$T/mounts.json"
	assert_error 'mounts\[0\].source'
}

@test "where nothing is mounted there is nothing to remove" {
	running c1
	mounts_file '[{destination: "/nowhere"}]'
	try rootlet mounts remove c1 "$T/mounts.json"
	assert_error 'mounts\[0\].destination'
	mounts_file '[{destination: "/tmp"}]'
	try rootlet mounts remove c1 "$T/mounts.json"
	assert_error 'mounts\[0\].destination: cannot unmount /tmp'
}

@test "bad input: each is refused with its place" {
	running c1
	local filter error
	while IFS='|' read -r filter error; do
		jq -n "$filter" >"$T/mounts.json"
		try rootlet mounts add c1 "$T/mounts.json"
		assert_error "$error"
	done <<-'END'
		[]|no mounts in it
		{}|mounts
		{mounts: 7}|mounts
		7|mounts.json
		[{source: "/tmp"}]|mounts\[0\].destination
		[{destination: "/data", source: "/none/at/all", options: ["bind"]}]|mounts\[0\].source.*/none/at/all
		[{destination: "/data", options: ["bind"]}]|mounts\[0\].source
		[{destination: "/data", type: "nosuchfs", source: "x"}]|mounts\[0\].*nosuchfs
		[{destination: "/", type: "tmpfs", source: "x"}]|mounts\[0\].destination
		[{destination: "/tmp", options: ["remount", "ro"]}]|mounts\[0\]: remount
		[{destination: "/data", source: "/tmp", options: ["bind", "idmap"]}]|mounts\[0\].*(idmap|ids)
	END
	echo '[{' >"$T/mounts.json"
	try rootlet mounts add c1 "$T/mounts.json"
	assert_error 'mounts.json'
	try rootlet mounts add c1 "$T/none.json"
	assert_error 'none.json'
	assert_equal "$(status_of c1)" running
}

@test "a container that does not exist, or has stopped" {
	bind_to /data
	try rootlet mounts add c1 "$T/mounts.json"
	assert_error c1
	script true
	created c1
	rootlet start c1
	wait_until 10 has_status c1 stopped
	try rootlet mounts add c1 "$T/mounts.json"
	assert_error 'c1.*stopped'
	try rootlet mounts remove c1 "$T/mounts.json"
	assert_error 'c1.*stopped'
}

@test "neither add nor remove is wrong usage" {
	try rootlet mounts list c1 x
	assert_error 'list' 2
	try rootlet mounts add c1
	assert_failure 2
}

@test "the process that adds leaves nothing in the container" {
	running c1
	bind_to /data
	rootlet mounts add c1 "$T/mounts.json"
	assert_equal "$(rootlet ps --format json c1 | jq length)" 1
}
