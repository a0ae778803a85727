# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2016,SC2034,SC2154,SC2164
# The mapping plan on hosts that are made otherwise than this one: users with other subordinate
# ids, helpers that are missing, user namespaces that are switched off. Root makes such a host in a
# mount namespace of the test's own, and steps down to an ordinary user in it. The machine's user
# database and its sysctls stay as they are.

load helpers
load readback

STRANGER=54321

setup_test() {
	skip_unless_root
	command -v setpriv >/dev/null || skip "needs setpriv"
	[ -u /usr/bin/newuidmap ] && [ -u /usr/bin/newgidmap ] || skip "needs newuidmap and newgidmap"
	make_bundle busybox
	# Root may have built rootlet where nobody else can go.
	mkdir "$T/bin" "$T/stranger" "$T/etc"
	install -m 755 "$ROOTLET" "$T/bin/rootlet"
	cat /etc/passwd >"$T/etc/passwd"
	cat /etc/group >"$T/etc/group"
	echo "stranger:x:$STRANGER:$STRANGER::$T/stranger:/bin/sh" >>"$T/etc/passwd"
	echo "stranger:x:$STRANGER:" >>"$T/etc/group"
	subids ""
	chmod 700 "$T/stranger"
	chown "$STRANGER:$STRANGER" "$T/stranger"
	chmod 711 "$T" "$BATS_RUN_TMPDIR"
	chmod 755 "$BUNDLE"
	: >"$T/host"
	: >"$T/host.tools"
}

# subids LINES: /etc/subuid, and /etc/subgid with the same ranges 1000000 higher.
subids() {
	printf '%s\n' "$1" >"$T/etc/subuid"
	awk -F : -v OFS=: '$2 ~ /^[0-9]+$/ { $2 += 1000000 } 1' "$T/etc/subuid" >"$T/etc/subgid"
}

# host_has COMMAND: something else that is different on the host, done by root in its mounts.
host_has() {
	printf '%s\n' "$1" >>"$T/host"
}

# stranger [SETPRIV OPTION…] -- ROOTLET ARGUMENT…: rootlet, run by the ordinary user of that host.
stranger() {
	local options=()
	while [ "$1" != -- ]; do
		options+=("$1")
		shift
	done
	shift
	unshare -m bash -e -c '
		mount --make-rprivate /
		for file in "$T"/etc/*; do
			[ -e "/etc/${file##*/}" ] || continue
			mount --bind "$file" "/etc/${file##*/}"
		done
		. "$T/host"
		exec env HOME="$T/stranger" XDG_RUNTIME_DIR="$T/stranger" XDG_CACHE_HOME="$T/stranger" "$@"
	' bash setpriv --reuid "$STRANGER" --regid "$STRANGER" --clear-groups "${options[@]}" \
		"$T/bin/rootlet" "$@"
}

try_stranger() {
	export T
	try stranger "$@"
}

show_maps() {
	script 'cat /proc/self/uid_map; echo --; cat /proc/self/gid_map'
}

assert_maps() { # UIDS GIDS
	assert_equal "$(map_lines "$(sed '/--/,$d' <<<"$output")")" "$1" &&
		assert_equal "$(map_lines "$(sed '1,/--/d' <<<"$output")")" "$2"
}

assert_single_id() {
	assert_maps "0 $STRANGER 1" "0 $STRANGER 1"
}

# --- subordinate ids -------------------------------------------------------------------------

@test "a user without subordinate ids gets the single id, without a word" {
	show_maps
	try_stranger -- run c1
	assert_success
	refute_stderr
	assert_single_id
}

@test "a user without subordinate ids cannot have another user inside: usermod is the remedy" {
	config '.process.user = {uid: 1000, gid: 1000}'
	try_stranger -- run c1
	assert_error 'process\.user\.uid: uid 1000 .*usermod --add-subuids [0-9]+-[0-9]+ stranger' 125
}

@test "a missing /etc/subuid is like an empty one" {
	# It cannot be taken away from just this test's host: a device in its place has no lines.
	host_has 'mount --bind /dev/null /etc/subuid; mount --bind /dev/null /etc/subgid'
	show_maps
	try_stranger -- run c1
	assert_success
	assert_single_id
}

@test "one range, by name" {
	subids "stranger:700000:65536"
	show_maps
	try_stranger -- run c1
	assert_success
	refute_stderr
	assert_maps "0 $STRANGER 1,1 700000 65536" "0 $STRANGER 1,1 1700000 65536"
}

@test "one range, by uid" {
	subids "$STRANGER:700000:65536"
	show_maps
	try_stranger -- run c1
	assert_success
	assert_maps "0 $STRANGER 1,1 700000 65536" "0 $STRANGER 1,1 1700000 65536"
}

@test "several ranges follow one another inside, in the order of the file" {
	subids "stranger:900000:100
other:100000:65536
$STRANGER:700000:2000
stranger:800000:30"
	show_maps
	try_stranger -- run c1
	assert_success
	refute_stderr
	assert_maps "0 $STRANGER 1,1 900000 100,101 700000 2000,2101 800000 30" \
		"0 $STRANGER 1,1 1900000 100,101 1700000 2000,2101 1800000 30"
}

@test "the second range can be used by a process" {
	subids "stranger:900000:100
stranger:700000:2000"
	config '.process.user = {uid: 1000, gid: 1000, additionalGids: [100, 101]}'
	script 'cat /proc/self/status'
	try_stranger -- run c1
	assert_success
	assert_equal "$(proc_status Uid)" "1000 1000 1000 1000"
	assert_equal "$(proc_status Groups | tr ' ' '\n' | sort -n | xargs)" "100 101"
}

@test "a mapping of the config that crosses from one range to the next is split" {
	subids "stranger:700000:1000
stranger:701000:1000"
	config '.linux.namespaces += [{type: "user"}] |
		.linux.uidMappings = [{containerID: 0, hostID: 700500, size: 1000}] |
		.linux.gidMappings = [{containerID: 0, hostID: 1700500, size: 1000}]'
	show_maps
	try_stranger -- run c1
	assert_success
	assert_maps "0 700500 500,500 701000 500" "0 1700500 500,500 1701000 500"
}

@test "ranges of uids only: the gids are the single one" {
	subids "stranger:700000:65536"
	: >"$T/etc/subgid"
	show_maps
	try_stranger -- run c1
	assert_success
	assert_maps "0 $STRANGER 1,1 700000 65536" "0 $STRANGER 1"
}

@test "lines that are none are passed over" {
	subids "# a comment

stranger
stranger:x:65536
stranger:700000
stranger:700000:65536"
	show_maps
	try_stranger -- run c1
	assert_success
	assert_maps "0 $STRANGER 1,1 700000 65536" "0 $STRANGER 1,1 1700000 65536"
}

# --- another source of subordinate ids -------------------------------------------------------

# Where nsswitch.conf names another source, shadow's getsubids knows.
with_getsubids() { # the shell commands of one
	printf '#!/bin/sh\n%s\n' "$1" >"$T/getsubids"
	chmod 755 "$T/getsubids"
	sed '/^subid:/d' /etc/nsswitch.conf >"$T/etc/nsswitch.conf"
	echo "subid: directory" >>"$T/etc/nsswitch.conf"
	if [ -e /usr/bin/getsubids ]; then
		host_has 'mount --bind "$T/getsubids" /usr/bin/getsubids'
	else
		host_has 'mount -t tmpfs tmpfs /usr/local/bin; cp "$T/getsubids" /usr/local/bin/'
	fi
	# newuidmap(1) would ask the source itself, which is none: it falls back to the files. They
	# allow more than getsubids says, which tells apart whom we have asked.
	subids "stranger:700000:65536"
}

@test "getsubids is asked where nsswitch.conf has another source" {
	[ -e /etc/nsswitch.conf ] || skip "needs an /etc/nsswitch.conf"
	with_getsubids '[ "$1" = -g ] && echo "0: stranger 1700010 500" && exit
echo "0: stranger 700010 200"; echo "1: stranger 701000 300"'
	show_maps
	try_stranger -- run c1
	assert_success
	assert_maps "0 $STRANGER 1,1 700010 200,201 701000 300" "0 $STRANGER 1,1 1700010 500"
}

@test "getsubids is asked by name, in a clean environment" {
	[ -e /etc/nsswitch.conf ] || skip "needs an /etc/nsswitch.conf"
	mkdir -m 777 "$T/asked"
	with_getsubids "{ echo \"\$*\"; env | grep -v '^\\(PWD\\|_\\|SHLVL\\)='; } >>$T/asked/log; exit 1"
	show_maps
	try_stranger -- run c1
	assert_success
	assert_single_id
	assert_equal "$(cat "$T/asked/log")" $'stranger\n-g stranger'
}

# --- helpers that are missing, or of no use --------------------------------------------------

@test "newuidmap is missing though there are ranges: the single id, and a warning with the remedy" {
	subids "stranger:700000:65536"
	host_has 'mount --bind /dev/null /usr/bin/newuidmap'
	show_maps
	try_stranger -- run c1
	assert_success
	assert_single_id
	assert_line_count 1 "$stderr"
	assert_match "$stderr" 'newuidmap is not installed.*install the package uidmap'
}

@test "newgidmap is missing: the same" {
	subids "stranger:700000:65536"
	host_has 'mount --bind /dev/null /usr/bin/newgidmap'
	show_maps
	try_stranger -- run c1
	assert_success
	assert_single_id
	assert_match "$stderr" 'newgidmap is not installed.*install the package uidmap'
}

@test "newuidmap is missing and the process needs the ranges: refused with the remedy" {
	subids "stranger:700000:65536"
	host_has 'mount --bind /dev/null /usr/bin/newuidmap'
	config '.process.user = {uid: 1000, gid: 1000}'
	try_stranger -- run c1
	assert_error 'process\.user: .*newuidmap is not installed.*install the package uidmap' 125
}

@test "newuidmap is missing and the config's mappings need it: refused with the remedy" {
	subids "stranger:700000:65536"
	host_has 'mount --bind /dev/null /usr/bin/newuidmap'
	config ".linux.namespaces += [{type: \"user\"}] |
		.linux.uidMappings = [{containerID: 0, hostID: 700000, size: 10}] |
		.linux.gidMappings = [{containerID: 0, hostID: $STRANGER, size: 1}]"
	try_stranger -- run c1
	assert_error 'linux\.uidMappings: newuidmap is not installed.*install the package uidmap' 125
}

@test "newuidmap is not setuid: the single id, and a warning with the remedy" {
	subids "stranger:700000:65536"
	cp /usr/bin/newuidmap "$T/newuidmap"
	chmod 755 "$T/newuidmap"
	host_has 'mount --bind "$T/newuidmap" /usr/bin/newuidmap'
	show_maps
	try_stranger -- run c1
	assert_success
	assert_single_id
	assert_line_count 1 "$stderr"
	assert_match "$stderr" 'newuidmap is neither setuid root nor has file capabilities.*chmod u\+s'
}

@test "newuidmap is on a file system that is mounted nosuid" {
	subids "stranger:700000:65536"
	host_has 'mount --bind /usr/bin /usr/bin; mount -o remount,bind,nosuid /usr/bin'
	config '.process.user = {uid: 1000, gid: 1000}'
	try_stranger -- run c1
	assert_error 'newuidmap is neither setuid .*must not be mounted nosuid' 125
}

@test "newuidmap may not be executed by the user" {
	subids "stranger:700000:65536"
	cp /usr/bin/newuidmap "$T/newuidmap"
	chmod 4750 "$T/newuidmap"
	host_has 'mount --bind "$T/newuidmap" /usr/bin/newuidmap'
	config '.process.user = {uid: 1000, gid: 1000}'
	try_stranger -- run c1
	assert_error 'newuidmap may not be executed by you.*administrator' 125
}

@test "no_new_privs around us makes the helpers useless: the single id, and a warning" {
	subids "stranger:700000:65536"
	show_maps
	try_stranger --no-new-privs -- run c1
	assert_success
	assert_single_id
	assert_match "$stderr" 'gains no privileges because no_new_privs is set'
}

@test "what newuidmap says when it refuses is passed on" {
	[ -e /etc/nsswitch.conf ] || skip "needs an /etc/nsswitch.conf"
	with_getsubids '[ "$1" = -g ] && echo "0: stranger 1700000 10" || echo "0: stranger 5000 10"'
	try_stranger -- run c1
	assert_error 'newuidmap.*/etc/subuid' 125
}

# --- user namespaces switched off ------------------------------------------------------------

# without_user_namespaces CMD…: in a user namespace whose own user.max_user_namespaces is 0. The
# sysctl is that namespace's: the machine's keeps its value.
without_user_namespaces() {
	unshare --user --map-root-user bash -e -c \
		'echo 0 >/proc/sys/user/max_user_namespaces; exec "$@"' bash "$@"
}

# The same with an ordinary user in it, who is 1000 there and not privileged.
ordinary_without_user_namespaces() {
	python3 - "$@" <<-'END'
		import ctypes, os, sys
		libc = ctypes.CDLL(None, use_errno=True)
		ready, go = os.pipe(), os.pipe()
		pid = os.fork()
		if pid == 0:
		    assert libc.unshare(0x10000000) == 0
		    os.write(ready[1], b"r")
		    os.read(go[0], 1)
		    with open("/proc/sys/user/max_user_namespaces", "w") as file:
		        file.write("0")
		    os.setgroups([])
		    os.setresgid(1000, 1000, 1000)
		    os.setresuid(1000, 1000, 1000)
		    os.execvp(sys.argv[1], sys.argv[1:])
		os.read(ready[0], 1)
		for kind in "uid", "gid":
		    with open(f"/proc/{pid}/{kind}_map", "w") as file:
		        file.write("0 0 1\n1000 54321 1\n")
		os.write(go[1], b"g")
		sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
	END
}

@test "user namespaces are switched off: an ordinary user is told which sysctl helps" {
	need_python ctypes
	before=$(cat /proc/sys/user/max_user_namespaces)
	try ordinary_without_user_namespaces env HOME="$T/stranger" XDG_RUNTIME_DIR="$T/stranger" \
		"$T/bin/rootlet" run c1
	assert_error 'user namespaces are switched off; as root: sysctl -w user\.max_user_namespaces=[0-9]+' 125
	assert_equal "$(cat /proc/sys/user/max_user_namespaces)" "$before"
}

@test "user namespaces are switched off: a config that asks for one is told so, too" {
	config '.linux.namespaces += [{type: "user"}] |
		.linux.uidMappings = [{containerID: 0, hostID: 0, size: 1}] |
		.linux.gidMappings = .linux.uidMappings'
	try without_user_namespaces "$ROOTLET" --root "$STATE_DIR" run c1
	assert_error 'user namespaces are switched off; as root: sysctl -w user\.max_user_namespaces=[0-9]+' 125
	assert_nothing_left
}

@test "user namespaces are switched off: root of one runs containers all the same" {
	script 'cat /proc/self/uid_map'
	try without_user_namespaces "$ROOTLET" --root "$STATE_DIR" run c1
	assert_success
	assert_equal "$(map_lines)" "0 0 1"
}
