# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2016,SC2034,SC2154,SC2164
# What works on the oldest kernels that we support (Linux 5.10), where some system calls are
# missing: without-syscall makes the running kernel one of them.

load helpers
load readback

setup_test() {
	make_bundle busybox
	without=$(test_program without-syscall)
	"$without" mount_setattr true || skip "no seccomp filters here"
	# The filter costs the id helpers their privileges: a single id.
	[ "$(id -u)" -eq 0 ] || config '.linux.namespaces += [{type: "user"}] |
		.linux.uidMappings = [{containerID: 0, hostID: $uid, size: 1}] |
		.linux.gidMappings = [{containerID: 0, hostID: $gid, size: 1}]' \
		--argjson uid "$(id -u)" --argjson gid "$(id -g)"
}

# old_kernel CALL[,CALL…] ARGUMENT…: rootlet without these calls.
old_kernel() {
	"$without" "$1" "$ROOTLET" --root "$STATE_DIR" "${@:2}"
}

bind_on() { # DESTINATION SOURCE [OPTION…]
	config '.mounts += [{destination: $destination, type: "bind", source: $source,
		options: (["bind"] + ($words | split(" ")))}]' \
		--arg destination "$1" --arg source "$2" --arg words "${*:3}"
}

tmpfs_on() {
	config '.mounts += [{destination: $destination, type: "tmpfs", source: "tmpfs",
		options: ($words | split(" "))}]' --arg destination "$1" --arg words "${*:2}"
}

# assert_same_mounts [CALL,…]: with and without mount_setattr (or these) the container has the same
# mounts, with the same options and propagation.
assert_same_mounts() {
	config '.process.args = ["cat", "/proc/self/mountinfo"]'
	local how
	for how in new old; do
		if [ "$how" = new ]; then
			try rootlet run c1
		else
			try old_kernel "${1:-mount_setattr}" run c1
		fi
		assert_success
		refute_stderr
		# Identifiers and device numbers differ from run to run.
		awk '{ $1 = $2 = $3 = ""; for (i = 7; i <= NF; i++) sub(/:[0-9]+$/, "", $i); print }' \
			<<<"$output" >"$T/$how"
	done
	diff "$T/new" "$T/old"
}

# --- mount_setattr (Linux 5.12) --------------------------------------------------------------

@test "without mount_setattr the default bundle runs" {
	script 'echo fine; touch /x 2>/dev/null || echo read-only; cat /proc/kcore | wc -c
		echo 1 2>/dev/null >/proc/sys/net/ipv4/ip_forward || echo read-only'
	try old_kernel mount_setattr run c1
	assert_success
	assert_output $'fine\nread-only\n0\nread-only'
}

@test "without mount_setattr the mounts of the default bundle are the same" {
	assert_same_mounts
}

@test "without mount_setattr the options of bind mounts are the same" {
	config '.root.readonly = false'
	mkdir "$T/directory"
	: >"$T/file"
	bind_on /plain "$T/directory"
	bind_on /ro "$T/directory" ro
	bind_on /all "$T/directory" ro nosuid nodev noexec
	bind_on /file "$T/file" ro noexec
	bind_on /again "$T/directory" ro nosuid rw
	tmpfs_on /tmpfs ro noatime nosuid mode=700
	tmpfs_on /own
	bind_on /noatime "$BUNDLE/rootfs/own" noatime nodiratime
	bind_on /strict "$BUNDLE/rootfs/own" strictatime ro
	assert_same_mounts
}

@test "without mount_setattr propagation is the same" {
	config '.root.readonly = false | .linux.rootfsPropagation = "shared"'
	mkdir "$T/directory"
	local word
	for word in private rprivate slave rslave shared rshared unbindable; do
		bind_on "/$word" "$T/directory" "$word" nosuid
	done
	assert_same_mounts
}

@test "without mount_setattr remount is the same" {
	tmpfs_on /tmp
	config '.mounts += [{destination: "/tmp", options: ["remount", "ro", "noexec", "noatime"]}]'
	assert_same_mounts
}

@test "without mount_setattr masked and read-only paths are the same" {
	echo secret >rootfs/etc/secret
	mkdir rootfs/private rootfs/data
	config '.root.readonly = false | .linux.maskedPaths += ["/etc/secret", "/private"] |
		.linux.readonlyPaths += ["/etc/passwd", "/data"]'
	assert_same_mounts
	script 'cat /etc/secret; ls /private; touch /data/x /etc/x'
	try old_kernel mount_setattr run c1
	assert_failure
	assert_match "$stderr" '/data/x: Read-only'
	refute_match "$stderr" '/etc/x'
	refute_output
}

@test "without mount_setattr locked flags are kept" {
	skip_if_root
	skip_unless_subids
	need_python ctypes
	mkdir "$T/locked" rootfs/mnt
	bind_on /mnt "$T/locked" rw suid
	config '.linux.uidMappings[0].hostID = 0 | .linux.gidMappings[0].hostID = 0 |
		.process.args = ["cat", "/proc/self/mountinfo"]'
	try "$PYTHON" "$TESTS/userns.py" sh -ec \
		'mount -t tmpfs -o nosuid,nodev,noexec,ro tmpfs "$1"; shift; exec "$@"' sh "$T/locked" \
		"$without" mount_setattr "$ROOTLET" --root "$STATE_DIR" run c1
	assert_success
	assert_equal "$(mount_options /mnt)" nodev,noexec,nosuid,relatime,ro
}

@test "without mount_setattr recursive flags are the same" {
	config '.root.readonly = false'
	mkdir -p "rootfs/a b"
	tmpfs_on /tree
	tmpfs_on "/tree/a b" mode=700
	tmpfs_on "/tree/a b/inner" nosuid
	local word
	for word in rro rnosuid rnodev rnoexec rnoatime rnodiratime rnosymfollow rstrictatime; do
		bind_on "/$word" "$BUNDLE/rootfs/tree" rbind "$word"
	done
	bind_on /top "$BUNDLE/rootfs/tree" rbind ro rrw rnosuid suid
	assert_same_mounts
}

@test "without mount_setattr recursive flags are for what can be seen of covered mounts" {
	config '.root.readonly = false'
	tmpfs_on /tree
	tmpfs_on /tree/covered
	tmpfs_on /tree/covered
	bind_on /copy "$BUNDLE/rootfs/tree" rbind rro
	script 'touch /copy/covered/x; touch /tree/covered/x && echo written'
	try old_kernel mount_setattr run c1
	assert_output written
	assert_match "$stderr" '/copy/covered/x: Read-only'
}

@test "without mount_setattr nosymfollow is the same" {
	config '.root.readonly = false'
	mkdir "$T/directory"
	tmpfs_on /own nosymfollow
	bind_on /bound "$T/directory" nosymfollow
	bind_on /back "$BUNDLE/rootfs/own" symfollow
	bind_on /other "$BUNDLE/rootfs/own" noexec
	assert_same_mounts mount_setattr,fsmount_nosymfollow
}

@test "without mount_setattr what is mounted below a read-only path is read-only" {
	config '.root.readonly = false | .linux.readonlyPaths = ["/data"]'
	tmpfs_on /data/inner
	assert_same_mounts
	script 'touch /data/x /data/inner/x'
	try old_kernel mount_setattr run c1
	assert_failure
	assert_match "$stderr" '/data/x: Read-only'
	assert_match "$stderr" '/data/inner/x: Read-only'
}

# --- close_range (its flag: Linux 5.11) ------------------------------------------------------

# Neither low nor high fds of ours reach the program, whose limit is lower than the highest.
assert_no_leak() { # CALL
	echo secret >"$T/secret"
	config '.process.rlimits = [{type: "RLIMIT_NOFILE", soft: 64, hard: 64}]'
	config '.process.args = ["ls", "/proc/self/fd"]'
	try with_open_fds old_kernel "$1" run c1
	assert_success
	assert_output "$own_fds"
	try with_open_fds old_kernel "$1" create c2
	assert_success
	rootlet start c2
	wait_until 10 has_status c2 stopped
	reread
	assert_output "$own_fds"
	rootlet delete c2
}

# Its three streams, and what ls opens to look.
own_fds=$'0\n1\n2\n3'

# with_open_fds CMD…: with a file and a directory of ours open, as a careless caller may have them.
with_open_fds() {
	"$@" 7<"$T/secret" 63<"$T/secret" 64<"$T" 200<"$T"
}

@test "without the flag of close_range no fd of ours reaches the program" {
	assert_no_leak close_range_cloexec
}

@test "without close_range no fd of ours reaches the program" {
	assert_no_leak close_range
}

@test "without close_range exec hands over no fd either" {
	echo secret >"$T/secret"
	script 'sleep 1000'
	old_kernel close_range create c1 </dev/null >"$T/c1.out" 2>&1 3>&-
	rootlet start c1
	try with_open_fds old_kernel close_range exec c1 ls /proc/self/fd
	assert_success
	assert_output "$own_fds"
}

@test "without close_range preserved fds are preserved" {
	echo three >"$T/three"
	script 'cat <&3'
	try with_fd_3 old_kernel close_range run --preserve-fds 1 c1
	assert_success
	assert_output three
}

with_fd_3() {
	"$@" 3<"$T/three"
}

# --- all of it -------------------------------------------------------------------------------

@test "without any of them a container goes through its life" {
	script 'sleep 1000'
	old_kernel mount_setattr,close_range create c1 </dev/null >"$T/c1.out" 2>&1 3>&-
	try old_kernel mount_setattr,close_range start c1
	assert_success
	try old_kernel mount_setattr,close_range exec c1 echo inside
	assert_output inside
	try old_kernel mount_setattr,close_range delete --force c1
	assert_success
	assert_nothing_left
}
