# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2016,SC2034,SC2154,SC2164
# The root file system: mounts with their options, devices, masked and read-only paths, read back
# from /proc/self/mountinfo and by trying. Whatever the rootfs has in it, nothing happens outside.

load helpers
load readback

setup_test() {
	make_bundle busybox
	mkdir "$T/outside"
}

teardown_test() {
	# Wherever links in a rootfs pointed.
	assert_equal "$(find "$T/outside" -mindepth 1)" ""
}

# mount_on DESTINATION JSON: one more entry of mounts[].
mount_on() {
	config '.mounts += [{destination: $destination} + $mount]' \
		--arg destination "$1" --argjson mount "$2"
}

# bind_on DESTINATION SOURCE [OPTION…]
bind_on() {
	mount_on "$1" "$(jq -n '{type: "bind", source: $source, options: (["bind"] + ($words | split(" ")))}' \
		--arg source "$2" --arg words "${*:3}")"
}

tmpfs_on() { # DESTINATION [OPTION…]
	mount_on "$1" "$(jq -n '{type: "tmpfs", source: "tmpfs", options: ($words | split(" "))}' \
		--arg words "${*:2}")"
}

without_mount() { # DESTINATION…
	local destination
	for destination in "$@"; do
		config 'del(.mounts[] | select(.destination == $destination))' --arg destination "$destination"
	done
}

# The index of the last entry of mounts[].
last_mount() {
	jq '.mounts | length - 1' config.json
}

writable_root() {
	config '.root.readonly = false'
}

# Run with mountinfo as the output.
mounts() {
	config '.process.args = ["cat", "/proc/self/mountinfo"]'
	try rootlet run c1
	assert_success
}

single_id() {
	skip_if_root
	config '.linux.namespaces += [{type: "user"}] |
		.linux.uidMappings = [{containerID: 0, hostID: $uid, size: 1}] |
		.linux.gidMappings = [{containerID: 0, hostID: $gid, size: 1}]' \
		--argjson uid "$(id -u)" --argjson gid "$(id -g)"
}

# --- what the default config mounts ----------------------------------------------------------

@test "the default mounts, with their options" {
	mounts
	refute_stderr
	assert_mount /proc proc rw,relatime
	# strictatime is the absence of another mode.
	assert_mount /dev tmpfs rw,nosuid
	assert_match "$(super_options /dev)" '(^|,)size=65536k,.*mode=755'
	assert_mount /dev/pts devpts rw,nosuid,noexec,relatime
	assert_match "$(super_options /dev/pts)" 'mode=620,ptmxmode=666'
	assert_mount /dev/shm tmpfs rw,nosuid,noexec,nodev,relatime
	assert_match "$(super_options /dev/shm)" '(^|,)size=65536k'
	assert_mount /dev/mqueue mqueue rw,nosuid,noexec,nodev,relatime
	assert_mount /sys sysfs ro,nosuid,noexec,nodev,relatime
}

@test "the cgroup tree of a v2 host is mounted, read-only" {
	[ -e /sys/fs/cgroup/cgroup.controllers ] || skip "no v2 tree at /sys/fs/cgroup"
	mounts
	assert_mount /sys/fs/cgroup cgroup2 ro,nosuid,noexec,nodev,relatime
}

@test "nothing of the host's mounts is left" {
	mounts
	local point
	while read -r _ _ _ _ point _; do
		case $point in
		/ | /proc | /proc/* | /dev | /dev/* | /sys | /sys/*) ;;
		*) fail "mounted: $point" ;;
		esac
	done <<<"$output"
	script 'ls / | xargs'
	try rootlet run c1
	assert_output "bin dev etc proc root sys tmp var"
}

@test "every mount is private" {
	mounts
	assert_equal "$(awk '$7 != "-"' <<<"$output")" ""
}

@test "the modes of the directories in /dev" {
	script 'stat -c "%a %n" /dev /dev/shm /dev/mqueue /dev/pts'
	try rootlet run c1
	assert_output $'755 /dev\n1777 /dev/shm\n1777 /dev/mqueue\n755 /dev/pts'
}

@test "the rootfs on the host is as it was" {
	find rootfs -printf '%p %m %u %s %T@\n' | sort >"$T/before"
	mounts
	find rootfs -printf '%p %m %u %s %T@\n' | sort >"$T/after"
	diff "$T/before" "$T/after"
}

@test "mount points that the rootfs lacks are made in it, 0755, whatever our umask is" {
	rm -r rootfs config.json
	make_bundle hello
	umask 077
	try rootlet run c1
	assert_success
	assert_equal "$(find rootfs -mindepth 1 -type d -printf '%p %m\n' | sort | xargs)" \
		"rootfs/dev 755 rootfs/proc 755 rootfs/sys 755"
}

# --- the root --------------------------------------------------------------------------------

@test "root.readonly: nothing can be written, mounts of their own aside" {
	script 'echo x >/etc/new || echo refused; echo x >/dev/shm/new && echo fine'
	try rootlet run c1
	assert_output $'refused\nfine'
	[ ! -e rootfs/etc/new ]
	mounts
	assert_match "$(mount_options /)" '(^|,)ro(,|$)'
}

@test "a writable root is the directory on the host" {
	writable_root
	script 'echo text >/etc/new'
	try rootlet run c1
	assert_success
	assert_equal "$(cat rootfs/etc/new)" text
}

@test "root.path: absolute, and through a link" {
	mv rootfs "$T/elsewhere"
	config '.root.path = $path' --arg path "$T/elsewhere"
	script 'echo absolute'
	try rootlet run c1
	assert_output absolute
	ln -s "$T/elsewhere" link
	config '.root.path = "link"'
	try rootlet run c1
	assert_output absolute
}

@test "mounts below the rootfs on the host are part of it" {
	skip_unless_subids
	need_python ctypes
	config '.process.args = ["cat", "/var/inner"]'
	try "$PYTHON" "$TESTS/userns.py" sh -ec 'mount -t tmpfs tmpfs rootfs/var; echo seen >rootfs/var/inner
		exec "$@"' sh "$ROOTLET" --root "$STATE_DIR" run c1
	assert_success
	assert_output seen
}

@test "--no-pivot enters the root otherwise" {
	script 'ls / | xargs; cat /proc/self/mountinfo >/dev/shm/x; grep -c . /dev/shm/x >/dev/null && echo ok'
	try rootlet run --no-pivot c1
	assert_success
	assert_output $'bin dev etc proc root sys tmp var\nok'
}

@test "rootfsPropagation: what the root says of itself" {
	local word
	for word in shared rshared; do
		config '.linux.rootfsPropagation = $word' --arg word "$word"
		mounts
		assert_match "$(mount_propagation /)" '^shared:[0-9]+$'
	done
	config '.linux.rootfsPropagation = "unbindable"'
	mounts
	assert_equal "$(mount_propagation /)" unbindable
	for word in private rprivate; do
		config '.linux.rootfsPropagation = $word' --arg word "$word"
		mounts
		assert_equal "$(mount_propagation /)" ""
	done
	# Of the host's mount, if that is shared.
	for word in slave rslave; do
		config '.linux.rootfsPropagation = $word' --arg word "$word"
		mounts
		assert_match "$(mount_propagation /)" '^(master:[0-9]+)?$'
	done
}

# with_host_mounts SCRIPT: run it as root of a user namespace, which can mount and share mounts of
# a host's own around the container. rl is rootlet; with a user namespace of the container's own, and
# without one.
with_host_mounts() {
	skip_unless_subids
	need_python ctypes
	local edit
	for edit in 'del((.linux.namespaces[] | select(.type == "user")), .linux.uidMappings, .linux.gidMappings)' \
		'.linux.namespaces += [{type: "user"}] |
		.linux.uidMappings = [{containerID: 0, hostID: 0, size: 1}] | .linux.gidMappings = .linux.uidMappings'; do
		config "$edit"
		try "$PYTHON" "$TESTS/userns.py" bash -ec "rl() { \"\$ROOTLET\" --root '$STATE_DIR' \"\$@\"; }
			$1"
		assert_success
	done
}

@test "rootfsPropagation: a slave sees what the host mounts below the root later" {
	local word later
	config '.process.args = ["sleep", "1000"]'
	for word in slave rslave private rprivate shared; do
		case $word in
		*slave) later=tmpfs ;;
		*) later=none ;;
		esac
		config '.linux.rootfsPropagation = $word' --arg word "$word"
		with_host_mounts 'mount --bind rootfs rootfs
			mount --make-shared rootfs
			rl create c1 </dev/null >/dev/null 2>"$RL_TEST_ID/create" || cat "$RL_TEST_ID/create"
			rl start c1
			mount -t tmpfs tmpfs rootfs/var
			rl exec c1 awk "\$5 == \"/var\" { found = 1 } END { print found ? \"tmpfs\" : \"none\" }" /proc/self/mountinfo
			rl delete --force c1'
		assert_equal "$word $output" "$word $later"
	done
}

# --- masked and read-only paths --------------------------------------------------------------

@test "masked: a file is the null device, a directory is empty and read-only" {
	echo secret >rootfs/etc/secret
	mkdir rootfs/private
	echo secret >rootfs/private/file
	config '.linux.maskedPaths = ["/etc/secret", "/private"]'
	writable_root
	script 'cat /etc/secret; stat -c "%F %t:%T" /etc/secret; ls -A /private; touch /private/x 2>&1; stat -c %a /private'
	try rootlet run c1
	assert_success
	assert_match "$output" '^character special file 1:3
.*Read-only file system
555$'
	mounts
	assert_equal "$(mount_root /etc/secret)" /null
	assert_mount /private tmpfs ro,nosuid,nodev,noexec,relatime
}

@test "masked: missing paths are skipped, what is listed twice is masked once" {
	echo secret >rootfs/etc/secret
	mkdir rootfs/private
	config '.linux.maskedPaths = ["/no/where", "/etc/secret", "/private", "/etc/secret", "/private",
		"/etc/passwd/below"]'
	mounts
	refute_stderr
	assert_equal "$(mounts_at /etc/secret) $(mounts_at /private)" "1 1"
	[ ! -e rootfs/no ]
}

@test "masked: through a link it is the target" {
	echo secret >rootfs/etc/secret
	ln -s ../../../../etc/secret rootfs/link
	config '.linux.maskedPaths = ["/link"]'
	script 'cat /etc/secret /link'
	try rootlet run c1
	assert_success
	refute_output
}

@test "masked: what the default config names and the kernel has" {
	local path masked=()
	mapfile -t masked < <(jq -r '.linux.maskedPaths[]' config.json)
	mounts
	for path in "${masked[@]}"; do
		[ -e "$path" ] || continue
		assert_equal "$path $(mounts_at "$path")" "$path 1"
	done
}

@test "read-only: a file and a directory with what is mounted below it" {
	writable_root
	mkdir -p rootfs/data
	tmpfs_on /data/inner
	config '.linux.readonlyPaths = ["/etc/passwd", "/data", "/no/where", "/data"]'
	script 'for file in /etc/passwd /data/x /data/inner/x /etc/group; do
		(echo "#" >>$file) 2>/dev/null && echo "written $file"; done; true'
	try rootlet run c1
	assert_success
	refute_stderr
	assert_output "written /etc/group"
	mounts
	assert_match "$(mount_options /data/inner)" '(^|,)ro(,|$)'
	assert_equal "$(mounts_at /data)" 1
}

@test "read-only: those of the default config" {
	mounts
	local path
	for path in $(jq -r '.linux.readonlyPaths[]' config.json); do
		[ -e "$path" ] || continue
		assert_match "$path $(mount_options "$path")" ' (.*,)?ro(,|$)'
	done
	script 'echo 1 >/proc/sys/net/ipv4/ip_forward'
	try rootlet run c1
	assert_failure
	assert_match "$stderr" 'Read-only file system'
}

@test "masked and read-only paths in a /proc that is a link are refused" {
	rmdir rootfs/proc
	mkdir rootfs/false-proc
	: >rootfs/false-proc/kcore
	ln -s false-proc rootfs/proc
	without_mount /proc
	config '.linux.readonlyPaths = [] | .linux.maskedPaths = ["/proc/kcore"]'
	try rootlet run c1
	assert_error 'linux\.maskedPaths\[0\]: /proc is a symbolic link' 125
	config '.linux.readonlyPaths = ["/proc/kcore"] | .linux.maskedPaths = []'
	try rootlet run c1
	assert_error 'linux\.readonlyPaths\[0\]: /proc is a symbolic link' 125
	assert_nothing_left
}

# --- devices ---------------------------------------------------------------------------------

@test "the devices that every container has, by number" {
	script 'cd /dev; stat -c "%F %t:%T %n" full null random tty urandom zero'
	try rootlet run c1
	assert_success
	assert_output "character special file 1:7 full
character special file 1:3 null
character special file 1:8 random
character special file 5:0 tty
character special file 1:9 urandom
character special file 1:5 zero"
}

@test "/dev has these names and no others; a console only with a terminal" {
	script 'ls /dev | xargs'
	try rootlet run c1
	assert_output "core fd full mqueue null ptmx pts random shm stderr stdin stdout tty urandom zero"
}

@test "the devices work" {
	script 'echo x >/dev/null && head -c 4 /dev/zero | od -An -tx1 | xargs; head -c 8 /dev/urandom | wc -c
		echo x >/dev/full || echo full'
	try rootlet run c1
	assert_output $'00 00 00 00\n8\nfull'
}

@test "the links in /dev" {
	script '{ cd /dev; for link in fd stdin stdout stderr core ptmx; do readlink $link; done
		echo out >/dev/stdout; } | cat'
	try rootlet run c1
	assert_output "/proc/self/fd
/proc/self/fd/0
/proc/self/fd/1
/proc/self/fd/2
/proc/kcore
pts/ptmx
out"
}

@test "/dev/ptmx gives terminals of the container's own" {
	script 'exec 3<>/dev/ptmx; ls /dev/pts | xargs'
	try rootlet run c1
	assert_success
	assert_output "0 ptmx"
}

# A character device of the host that is none of the default ones.
host_device() {
	local candidate
	for candidate in /dev/fuse /dev/kmsg /dev/net/tun; do
		[ ! -c "$candidate" ] || device=$candidate
	done
	[ -n "${device:-}" ] || skip "this host has no other devices"
	major=$((0x$(stat -c %t "$device")))
	minor=$((0x$(stat -c %T "$device")))
}

list_device() { # PATH TYPE MAJOR MINOR
	config '.linux.devices += [{path: $path, type: $type, major: $major, minor: $minor}]' \
		--arg path "$1" --arg type "$2" --argjson major "$3" --argjson minor "$4"
}

@test "linux.devices: the host's own device at that path" {
	host_device
	list_device "$device" c "$major" "$minor"
	script "stat -c '%F %t:%T' $device"
	try rootlet run c1
	assert_success
	assert_output "character special file $(printf %x:%x "$major" "$minor")"
}

@test "linux.devices: in a user namespace the host's node keeps its mode and owner" {
	skip_if_root
	host_device
	config '.linux.devices = [{path: $path, type: "c", major: $major, minor: $minor, fileMode: 256, uid: 0, gid: 0}]' \
		--arg path "$device" --argjson major "$major" --argjson minor "$minor"
	script "stat -c %a $device"
	try rootlet run c1
	assert_success
	refute_stderr
	assert_output "$(stat -c %a "$device")"
}

@test "linux.devices: a default device may be listed too" {
	list_device /dev/zero c 1 5
	list_device /dev/null u 1 3
	mounts
	assert_match "$(mounts_at /dev/zero) $(mounts_at /dev/null)" '^[01] [01]$'
}

@test "linux.devices: another device than the host's is refused, since nobody but root makes one" {
	skip_if_root
	list_device /dev/zero c 1 3
	try rootlet run c1
	assert_error "linux\\.devices\\[0\\]: the host's /dev/zero is another device \\(1:5, wanted 1:3\\)" 125
	config 'del(.linux.devices)'
	list_device /dev/zero b 1 5
	try rootlet run c1
	assert_error 'linux\.devices\[0\]: .*another device' 125
	config 'del(.linux.devices)'
	list_device /dev/no-such-device c 1 3
	try rootlet run c1
	assert_error 'linux\.devices\[0\]: the host has no /dev/no-such-device' 125
	assert_nothing_left
}

@test "linux.devices: a fifo is made" {
	config '.linux.devices = [{path: "/dev/deep/pipe", type: "p", fileMode: 384}]'
	script 'stat -c "%F %a" /dev/deep/pipe'
	try rootlet run c1
	assert_success
	assert_output "fifo 600"
}

@test "a file in the way of a device is refused" {
	without_mount /dev /dev/pts /dev/shm /dev/mqueue
	echo text >rootfs/dev/null
	try rootlet run c1
	assert_error '/dev/null: something else is in the way' 125
	assert_equal "$(cat rootfs/dev/null)" text
	rm rootfs/dev/null
	ln -s "$T/outside/null" rootfs/dev/null
	try rootlet run c1
	assert_error '/dev/null: something else is in the way' 125
	assert_nothing_left
}

@test "without a mount on /dev the devices are made in the rootfs" {
	without_mount /dev /dev/pts /dev/shm /dev/mqueue
	script 'stat -c %t:%T /dev/null; echo x >/dev/null'
	try rootlet run c1
	assert_success
	assert_output 1:3
	# Once more, over what the first run has left.
	try rootlet run c1
	assert_success
	assert_output 1:3
}

@test "a bound /dev is taken as it is: no devices are made in it" {
	without_mount /dev /dev/pts /dev/shm /dev/mqueue
	mkdir "$T/dev"
	echo mine >"$T/dev/mine"
	bind_on /dev "$T/dev"
	script 'ls /dev'
	try rootlet run c1
	assert_success
	assert_output mine
	assert_equal "$(ls "$T/dev")" mine
}

# --- bind mounts -----------------------------------------------------------------------------

@test "bind: a file, a directory, a socket, each on a destination that is made for it" {
	echo text >"$T/file"
	mkdir "$T/directory"
	echo inner >"$T/directory/inner"
	python3 -c 'import socket, sys; socket.socket(socket.AF_UNIX).bind(sys.argv[1])' "$T/socket"
	writable_root
	bind_on /in/file "$T/file"
	bind_on /in/directory "$T/directory"
	bind_on /in/socket "$T/socket"
	script 'cat /in/file /in/directory/inner; stat -c "%F %n" /in/socket; echo back >/in/directory/new'
	umask 077
	try rootlet run c1
	assert_success
	assert_output $'text\ninner\nsocket /in/socket'
	assert_equal "$(cat "$T/directory/new")" back
	assert_equal "$(stat -c '%F %a %s' rootfs/in/file rootfs/in/directory rootfs/in)" \
		$'regular empty file 644 0\ndirectory 755 '"$(stat -c %s rootfs/in/directory)"$'\ndirectory 755 '"$(stat -c %s rootfs/in)"
}

@test "bind: a relative source is in the bundle, wherever rootlet was started" {
	mkdir data
	echo text >data/file
	bind_on /mnt data
	mkdir rootfs/mnt
	script 'cat /mnt/file'
	cd /
	try rootlet run --bundle "$BUNDLE" c1
	assert_success
	assert_output text
}

@test "bind: a source that is a link is what it points to" {
	mkdir "$T/directory" rootfs/mnt
	echo text >"$T/directory/file"
	ln -s "$T/directory" "$T/link"
	bind_on /mnt "$T/link"
	script 'cat /mnt/file'
	try rootlet run c1
	assert_output text
}

@test "bind: the type may be missing or none, when the option says it" {
	echo text >"$T/file"
	: >rootfs/mnt
	mount_on /mnt "$(jq -nc '{source: $source, options: ["rbind"]}' --arg source "$T/file")"
	script 'cat /mnt'
	try rootlet run c1
	assert_output text
}

@test "bind: options are those of the mount" {
	mkdir "$T/directory" rootfs/mnt
	cp rootfs/bin/busybox "$T/directory/program"
	bind_on /mnt "$T/directory" ro nosuid nodev noexec
	mounts
	assert_match "$(mount_options /mnt)" '^(nodiratime,)?nodev,noexec,nosuid,(relatime,)?ro$'
	script '/mnt/program true; touch /mnt/new'
	try rootlet run c1
	assert_failure
	assert_match "$stderr" 'Permission denied.*Read-only file system'
	: >"$T/directory/still-writable"
}

@test "bind: each option by itself" {
	writable_root
	tmpfs_on /tree
	local case
	for case in ro:ro nosuid:nosuid nodev:nodev noexec:noexec noatime:noatime \
		nodiratime:nodiratime nosymfollow:nosymfollow relatime:relatime; do
		without_mount /mnt
		bind_on /mnt "$BUNDLE/rootfs/tree" "${case%:*}"
		mounts
		assert_match "$case $(mount_options /mnt)" "(,| )${case#*:}(,|\$)"
	done
	without_mount /mnt
	bind_on /mnt "$BUNDLE/rootfs/tree" strictatime
	mounts
	refute_match "$(mount_options /mnt)" 'atime'
}

@test "bind: the contrary of each option takes it back" {
	writable_root
	tmpfs_on /tree ro nosuid nodev noexec noatime nodiratime nosymfollow
	bind_on /mnt "$BUNDLE/rootfs/tree" rw suid dev exec atime diratime symfollow
	mkdir -p rootfs/mnt
	mounts
	assert_equal "$(mount_options /tree)" noatime,nodev,nodiratime,noexec,nosuid,nosymfollow,ro
	assert_equal "$(mount_options /mnt)" relatime,rw
	local word
	for word in relatime norelatime nostrictatime; do
		without_mount /mnt
		bind_on /mnt "$BUNDLE/rootfs/tree" "$word"
		mounts
		assert_match "$word $(mount_options /mnt)" '(,| )relatime(,|$)'
		refute_match "$word $(mount_options /mnt)" '(,| )noatime(,|$)'
	done
}

@test "bind: a fifo, a device, and a file by a relative source" {
	writable_root
	mkfifo "$T/fifo"
	echo text >file
	bind_on /in/fifo "$T/fifo"
	bind_on /in/zero /dev/zero
	bind_on /in/file file
	script 'stat -c "%F %n" /in/fifo; head -c 2 /in/zero | od -An -tx1 | xargs; cat /in/file'
	try rootlet run c1
	assert_success
	assert_output $'fifo /in/fifo\n00 00\ntext'
}

@test "bind: words for a file system as a whole are ignored, with a warning each" {
	mkdir "$T/directory" rootfs/mnt
	local -a words=(sync async dirsync lazytime nolazytime mand nomand size=1m)
	bind_on /mnt "$T/directory" "${words[@]}"
	mounts
	local word
	for word in "${words[@]}"; do
		grep -qF "\"$word\" has no effect on a bind mount" <<<"$stderr" || fail "no warning for $word"
	done
	assert_line_count "${#words[@]}" "$stderr"
	without_mount /mnt
	bind_on /mnt "$T/directory" silent loud iversion noiversion defaults auto noauto
	mounts
	refute_stderr
}

@test "nodev, noexec and nosymfollow have their effect" {
	writable_root
	tmpfs_on /plain
	tmpfs_on /strict noexec nosymfollow
	bind_on /in/zero /dev/zero nodev
	script 'for d in /plain /strict; do
		cp /bin/busybox $d/; echo text >$d/file; ln -s file $d/link
		$d/busybox echo runs; cat $d/link
	done
	cat </in/zero || echo closed'
	try rootlet run c1
	assert_output $'runs\ntext\nclosed'
	assert_line_count 3 "$stderr"
	assert_match "$stderr" "/strict/busybox: Permission denied
.*/strict/link': Too many levels of symbolic links
.*/in/zero: Permission denied"
}

@test "bind: other access times than the host's are refused to a user namespace, with the reason" {
	skip_if_root
	mkdir "$T/directory" rootfs/mnt
	refute_match "$(findmnt -no OPTIONS -T "$T/directory")" noatime || skip "noatime is the host's"
	local option
	for option in noatime rnoatime; do
		without_mount /mnt
		bind_on /mnt "$T/directory" "$option"
		try rootlet run c1
		assert_error "mounts\\[$(last_mount)\\]: .*leave out the atime options" 125
	done
	# What the host has already is no change.
	without_mount /mnt
	bind_on /mnt "$T/directory" relatime
	mounts
	assert_nothing_left
}

@test "bind: of contrary options the last wins" {
	mkdir "$T/directory" rootfs/mnt
	bind_on /mnt "$T/directory" ro nosuid rw
	mounts
	assert_match "$(mount_options /mnt)" '(^|,)nosuid,.*rw(,|$)'
	without_mount /mnt
	bind_on /mnt "$T/directory" rw noatime relatime ro
	mounts
	assert_match "$(mount_options /mnt)" '(^|,)ro(,|$)'
	refute_match "$(mount_options /mnt)" 'noatime'
}

# A tree of two mounts in the container, bound to /copy.
nested_bind() { # OPTION…
	writable_root
	tmpfs_on /tree
	tmpfs_on /tree/inner
	bind_on /copy "$BUNDLE/rootfs/tree" "$@"
	mounts
}

@test "bind: alone it takes no mounts along, rbind takes them" {
	nested_bind
	assert_equal "$(mounts_at /copy) $(mounts_at /copy/inner)" "1 0"
	without_mount /copy /tree /tree/inner
	nested_bind rbind
	assert_equal "$(mounts_at /copy) $(mounts_at /copy/inner)" "1 1"
}

@test "rbind: ro is of the top alone, rro of all below it" {
	nested_bind rbind ro
	assert_match "$(mount_options /copy)" '(^|,)ro(,|$)'
	assert_match "$(mount_options /copy/inner)" '(^|,)rw(,|$)'
	without_mount /copy /tree /tree/inner
	nested_bind rbind rro rnosuid
	assert_match "$(mount_options /copy)" '(^|,)nosuid,.*ro(,|$)'
	assert_match "$(mount_options /copy/inner)" '(^|,)nosuid,.*ro(,|$)'
	assert_match "$(mount_options /tree/inner)" '(^|,)rw(,|$)'
}

@test "rbind: each option with an r is for the mounts below, too" {
	writable_root
	local word has
	for word in ro nosuid nodev noexec noatime nodiratime nosymfollow; do
		without_mount /copy /tree /tree/inner
		nested_bind rbind "r$word"
		assert_match "$word $(mount_options /copy)" "(,| )$word(,|\$)"
		assert_match "$word $(mount_options /copy/inner)" "(,| )$word(,|\$)"
	done
	without_mount /copy /tree /tree/inner
	nested_bind rbind rstrictatime
	refute_match "$(mount_options /copy) $(mount_options /copy/inner)" atime
	# And each contrary takes it back below, too.
	without_mount /copy /tree /tree/inner
	tmpfs_on /tree
	tmpfs_on /tree/inner ro nosuid nodev noexec noatime nodiratime nosymfollow
	bind_on /copy "$BUNDLE/rootfs/tree" rbind
	for word in rrw:ro rsuid:nosuid rdev:nodev rexec:noexec ratime:noatime rrelatime:noatime \
		rnorelatime:noatime rnostrictatime:noatime rdiratime:nodiratime rsymfollow:nosymfollow; do
		without_mount /copy
		bind_on /copy "$BUNDLE/rootfs/tree" rbind
		mounts
		assert_match "$word $(mount_options /copy/inner)" "(,| )${word#*:}(,|\$)"
		without_mount /copy
		bind_on /copy "$BUNDLE/rootfs/tree" rbind "${word%:*}"
		mounts
		refute_match "$word $(mount_options /copy/inner)" "(,| )${word#*:}(,|\$)"
	done
}

@test "rbind: a word with an r after its contrary without one counts for the top as well" {
	nested_bind rbind rw suid rro rnosuid
	assert_match "$(mount_options /copy)" '(^|,)nosuid,.*ro(,|$)'
	assert_match "$(mount_options /copy/inner)" '(^|,)nosuid,.*ro(,|$)'
	without_mount /copy /tree /tree/inner
	nested_bind rbind rro rw
	assert_match "$(mount_options /copy)" '(^|,)rw(,|$)'
	assert_match "$(mount_options /copy/inner)" '(^|,)ro(,|$)'
	without_mount /copy /tree /tree/inner
	nested_bind rbind noatime rrelatime
	assert_match "$(mount_options /copy)" '(^|,)relatime(,|$)'
}

@test "rbind: propagation words with an r are for the mounts below, too, others are not" {
	local word
	for word in shared unbindable; do
		without_mount /copy /tree /tree/inner
		nested_bind rbind "r$word"
		assert_match "$(mount_propagation /copy)" "^$word"
		assert_match "$(mount_propagation /copy/inner)" "^$word"
		without_mount /copy /tree /tree/inner
		nested_bind rbind "$word"
		assert_match "$(mount_propagation /copy)" "^$word"
		assert_equal "$(mount_propagation /copy/inner)" ""
	done
}

@test "bind: a source in the rootfs is seen as earlier mounts left it" {
	writable_root
	tmpfs_on /first mode=711
	bind_on /second "$BUNDLE/rootfs/first"
	mounts
	assert_equal "$(mount_type /second)" tmpfs
	script 'echo text >/first/file; cat /second/file'
	try rootlet run c1
	assert_output text
}

@test "bind: propagation is private, or what the options say" {
	writable_root
	mkdir "$T/directory"
	local word
	for word in private rprivate slave rslave shared rshared unbindable runbindable; do
		bind_on "/$word" "$T/directory" "$word"
	done
	bind_on /default "$T/directory"
	mounts
	for word in private rprivate default; do
		assert_equal "$word $(mount_propagation "/$word")" "$word "
	done
	for word in shared rshared; do
		assert_match "$word $(mount_propagation "/$word")" ' shared:[0-9]+'
	done
	for word in unbindable runbindable; do
		assert_equal "$word $(mount_propagation "/$word")" "$word unbindable"
	done
	for word in slave rslave; do
		refute_match "$word $(mount_propagation "/$word")" 'shared'
	done
}

@test "bind: a slave receives the mounts of the host, a private one does not, neither passes any on" {
	writable_root
	mkdir "$T/tree"
	local word
	for word in private rprivate slave rslave shared rshared unbindable runbindable; do
		bind_on "/$word" "$T/tree" rbind "$word"
	done
	config '.process.capabilities |= map_values(. + ["CAP_SYS_ADMIN"])'
	config '.process.args = ["sleep", "1000"]'
	with_host_mounts 'mount -t tmpfs tmpfs "$RL_TEST_ID/tree"
		mount --make-shared "$RL_TEST_ID/tree"
		mkdir "$RL_TEST_ID/tree/sub" "$RL_TEST_ID/tree/back"
		rl create c1 </dev/null >/dev/null 2>"$RL_TEST_ID/create" || cat "$RL_TEST_ID/create"
		rl start c1
		mount -t tmpfs tmpfs "$RL_TEST_ID/tree/sub"
		for word in private slave shared unbindable; do
			rl exec c1 mount -t tmpfs tmpfs "/r$word/back"
		done
		rl exec c1 cat /proc/self/mountinfo
		echo "host: $(grep -c "tree/back" /proc/self/mountinfo || true)"
		rl delete --force c1'
	for word in private unbindable; do
		assert_equal "$word $(mounts_at "/$word/sub") $(mounts_at "/r$word/sub")" "$word 0 0"
	done
	for word in slave rslave; do
		assert_equal "$word $(mounts_at "/$word/sub")" "$word 1"
		assert_match "$word $(mount_propagation "/$word")" ' master:[0-9]+$'
	done
	assert_line "host: 0"
}

@test "bind: flags that are locked are kept, not an error" {
	skip_if_root
	skip_unless_subids
	need_python ctypes
	mkdir "$T/locked" rootfs/mnt
	config '.linux.namespaces += [{type: "user"}] |
		.linux.uidMappings = [{containerID: 0, hostID: 0, size: 1}] |
		.linux.gidMappings = .linux.uidMappings | .process.args = ["cat", "/proc/self/mountinfo"]'
	local options
	for options in "" ro "rw suid dev exec" "rrw rsuid"; do
		without_mount /mnt
		# shellcheck disable=SC2086
		bind_on /mnt "$T/locked" $options
		try "$PYTHON" "$TESTS/userns.py" sh -ec \
			'mount -t tmpfs -o nosuid,nodev,noexec tmpfs "$1"; shift; exec "$@"' sh "$T/locked" \
			"$ROOTLET" --root "$STATE_DIR" run c1
		assert_success
		assert_match "$options: $(mount_options /mnt)" 'nodev,noexec,nosuid'
	done
}

@test "bind: a missing source is named with its place, before anything exists" {
	bind_on /mnt "$T/missing"
	try rootlet run c1
	assert_error "mounts\\[$(last_mount)\\]\\.source: $T/missing: No such file" 125
	without_mount /mnt
	mount_on /mnt '{"options": ["bind"]}'
	try rootlet run c1
	assert_error "mounts\\[$(last_mount)\\]\\.source: a bind mount needs a source" 125
	assert_nothing_left
	[ ! -e rootfs/mnt ]
}

@test "bind: a directory on a file, and a file on a directory, are refused in words" {
	mkdir "$T/directory"
	bind_on /etc/passwd "$T/directory"
	try rootlet run c1
	assert_error "mounts\\[$(last_mount)\\]\\.destination: /etc/passwd is no directory, unlike" 125
	without_mount /etc/passwd
	: >"$T/file"
	bind_on /etc "$T/file"
	try rootlet run c1
	assert_error "mounts\\[$(last_mount)\\]\\.destination: /etc is a directory, unlike" 125
	assert_nothing_left
}

# --- tmpfs and other file systems ------------------------------------------------------------

@test "tmpfs: without a mode it has that of the directory it covers" {
	chmod 1711 rootfs/var
	tmpfs_on /var
	tmpfs_on /tmp mode=0700 size=1m
	script 'stat -c "%a %n" /var /tmp; cat /proc/self/mountinfo'
	try rootlet run c1
	assert_success
	assert_equal "${lines[0]} ${lines[1]}" "1711 /var 700 /tmp"
	assert_match "$(super_options /tmp)" '(^|,)size=1024k(,|$)'
}

@test "tmpfs: each flag of the mount" {
	local case
	for case in ro nosuid nodev noexec noatime nodiratime nosymfollow relatime; do
		without_mount /tmp
		tmpfs_on /tmp "$case"
		mounts
		assert_match "$case $(mount_options /tmp)" "(,| )$case(,|\$)"
		case $case in relatime) continue ;; esac
		# The file system itself is not read-only: the flag is the mount's.
		assert_match "$case $(super_options /tmp)" ' rw,'
	done
	without_mount /tmp
	tmpfs_on /tmp strictatime
	mounts
	refute_match "$(mount_options /tmp)" atime
}

@test "tmpfs: words for the file system as a whole" {
	local case
	for case in sync:sync dirsync:dirsync lazytime:lazytime mand:mand; do
		# A kernel that still knows mandatory locks leaves them to root.
		[ "$case" != mand:mand ] || kernel_is 5.15 || continue
		without_mount /tmp
		tmpfs_on /tmp "${case%:*}"
		mounts
		assert_match "$case $(super_options /tmp)" "(,| )${case#*:}(,|\$)"
		# And the contrary word takes it back.
		without_mount /tmp
		case $case in
		sync:*) tmpfs_on /tmp sync async ;;
		dirsync:*) continue ;; # has none
		*) tmpfs_on /tmp "${case%:*}" "no${case%:*}" ;;
		esac
		mounts
		refute_match "$case $(super_options /tmp)" ",${case#*:}(,|\$)"
	done
}

@test "tmpfs: words that ask for nothing change nothing" {
	local plain word
	tmpfs_on /tmp mode=755
	mounts
	plain="$(mount_options /tmp) $(super_options /tmp)"
	for word in silent loud iversion noiversion defaults auto noauto async nomand nolazytime \
		suid dev exec rw atime diratime symfollow relatime norelatime nostrictatime; do
		without_mount /tmp
		tmpfs_on /tmp mode=755 "$word"
		mounts
		refute_stderr
		assert_equal "$word $(mount_options /tmp) $(super_options /tmp)" "$word $plain"
	done
}

@test "tmpfs: owner and group" {
	tmpfs_on /tmp uid=0 gid=0 mode=0750
	script 'stat -c %u:%g:%a /tmp'
	try rootlet run c1
	assert_success
	assert_output 0:0:750
}

@test "tmpfs: owner, group, size and inodes, in ids of the container" {
	skip_unless_subids
	tmpfs_on /tmp uid=5 gid=7 mode=0750 size=2m nr_inodes=100
	script 'stat -c %u:%g:%a /tmp; df -k /tmp | awk "END { print \$2 }"; df -i /tmp | awk "END { print \$2 }"'
	try rootlet run c1
	assert_success
	assert_output $'5:7:750\n2048\n100'
}

@test "tmpfs: a gid that is not mapped is refused, with the place" {
	single_id
	tmpfs_on /tmp gid=5
	try rootlet run c1
	assert_error "mounts\\[$(last_mount)\\]\\.options: gid=5: this id is not mapped" 125
	without_mount /tmp
	tmpfs_on /tmp uid=1000
	try rootlet run c1
	assert_error "mounts\\[$(last_mount)\\]\\.options: uid=1000: this id is not mapped" 125
	assert_nothing_left
}

@test "tmpfs: tmpcopyup brings along what it covers" {
	mkdir -p rootfs/var/deep/er
	echo text >rootfs/var/deep/er/file
	chmod 2750 rootfs/var/deep
	chmod 640 rootfs/var/deep/er/file
	touch -d '2001-02-03 04:05:06 UTC' rootfs/var/deep/er/file
	ln -s deep/er/file rootfs/var/link
	ln -s /no/where rootfs/var/dangling
	mkfifo rootfs/var/fifo
	tmpfs_on /var tmpcopyup
	script 'cd /var; find . | sort | xargs; cat link; readlink dangling; stat -c %a deep deep/er/file
		stat -c %Y deep/er/file; test -p fifo && echo fifo; echo new >deep/er/file'
	try rootlet run c1
	assert_success
	assert_output ". ./dangling ./deep ./deep/er ./deep/er/file ./fifo ./link
text
/no/where
2750
640
981173106
fifo"
	assert_equal "$(cat rootfs/var/deep/er/file)" text
}

@test "tmpfs: tmpcopyup into a read-only mount, of an empty directory" {
	tmpfs_on /tmp ro tmpcopyup
	mounts
	assert_match "$(mount_options /tmp)" '(^|,)ro(,|$)'
	assert_equal "$(mount_type /tmp)" tmpfs
}

@test "overlay, with its options passed on" {
	skip_if_user_before 5.11 "overlay in a user namespace"
	[ "$(stat -f -c %T "$T")" != overlayfs ] || skip "no overlay on an overlay"
	mkdir "$T/lower" "$T/upper" "$T/work" rootfs/mnt
	echo lower >"$T/lower/file"
	mount_on /mnt "$(jq -nc '{type: "overlay", source: "overlay", options: [
		"lowerdir=\($t)/lower", "upperdir=\($t)/upper", "workdir=\($t)/work", "userxattr"]}' --arg t "$T")"
	script 'cat /mnt/file; echo upper >/mnt/file'
	try rootlet run c1
	chmod 700 "$T/work/work" 2>/dev/null || true
	assert_success
	assert_output lower
	assert_equal "$(cat "$T/lower/file" "$T/upper/file")" $'lower\nupper'
}

@test "an unknown file system type names the place" {
	mount_on /tmp '{"type": "nofs", "source": "nofs"}'
	try rootlet run c1
	assert_error "mounts\\[$(last_mount)\\]: cannot mount nofs on /tmp.*No such device" 125
	without_mount /tmp
	mount_on /tmp '{"source": "tmpfs"}'
	try rootlet run c1
	assert_error "mounts\\[$(last_mount)\\]\\.type: missing" 125
	assert_nothing_left
}

@test "an unknown option names the place and the option" {
	tmpfs_on /tmp colour=red
	try rootlet run c1
	assert_error "mounts\\[$(last_mount)\\].*colour" 125
	without_mount /tmp
	tmpfs_on /tmp size=many
	try rootlet run c1
	assert_error "mounts\\[$(last_mount)\\].*size" 125
	assert_nothing_left
}

@test "remount changes an earlier mount" {
	tmpfs_on /tmp
	mount_on /tmp '{"options": ["remount", "ro", "noexec", "noatime"]}'
	mounts
	assert_equal "$(mounts_at /tmp)" 1
	assert_equal "$(mount_options /tmp)" noatime,noexec,ro
}

@test "remount of what is no mount names the place" {
	mount_on /etc '{"options": ["remount", "ro"]}'
	try rootlet run c1
	assert_error "mounts\\[$(last_mount)\\]: " 125
	without_mount /etc
	mount_on /no/where '{"options": ["remount", "ro"]}'
	try rootlet run c1
	assert_error "mounts\\[$(last_mount)\\]\\.destination: /no/where: No such file" 125
	assert_nothing_left
}

@test "mounts happen strictly in the order of the document" {
	writable_root
	echo one >"$T/one"
	tmpfs_on /data
	bind_on /data/one "$T/one"
	tmpfs_on /other
	bind_on /other/one "$T/one"
	tmpfs_on /other
	script 'cat /data/one; ls /other'
	try rootlet run c1
	assert_success
	assert_output one
	mounts
	assert_equal "$(mounts_at /other)" 2
}

# --- destinations ----------------------------------------------------------------------------

@test "a destination through links stays inside: absolute, with .., dangling" {
	writable_root
	ln -s "$T/outside/absolute" rootfs/absolute
	ln -s "../../../../../../../../../..$T/outside/relative" rootfs/relative
	mkdir "rootfs/directory"
	ln -s "$T/outside" rootfs/directory/link
	: >"$T/file"
	bind_on /absolute "$T/file"
	bind_on /relative "$T/file"
	tmpfs_on /directory/link/below
	tmpfs_on "/../../..$T/outside/dots"
	mounts
	assert_equal "$(mounts_at "$T/outside/absolute") $(mounts_at "$T/outside/relative")" "1 1"
	assert_equal "$(mount_type "$T/outside/below") $(mount_type "$T/outside/dots")" "tmpfs tmpfs"
	assert_equal "$(find "rootfs$T/outside" -mindepth 1 -printf '%f %y\n' | sort | xargs)" \
		"absolute f below d dots d relative f"
}

@test "a destination through links that go round is refused" {
	ln -s loop rootfs/loop
	tmpfs_on /loop/below
	try rootlet run c1
	assert_error "mounts\\[$(last_mount)\\]\\.destination: /loop/below: Too many levels" 125
	assert_nothing_left
}

@test "a destination below a file is refused" {
	tmpfs_on /etc/passwd/below
	try rootlet run c1
	assert_error "mounts\\[$(last_mount)\\]\\.destination: /etc/passwd/below: Not a directory" 125
	assert_nothing_left
}

@test "a relative destination is taken from /, with one warning" {
	tmpfs_on tmp
	mounts
	assert_equal "$(mount_type /tmp)" tmpfs
	assert_line_count 1 "$stderr"
	assert_match "$stderr" "mounts\\[$(last_mount)\\]\\.destination: relative path, taken from /"
}

@test "the container's root itself is no destination" {
	local destination
	ln -s / rootfs/itself
	for destination in / /.. /etc/.. /itself; do
		tmpfs_on "$destination"
		try rootlet run c1
		assert_error "mounts\\[$(last_mount)\\]\\.destination: .*root itself" 125
		without_mount "$destination"
	done
	assert_nothing_left
}

@test "directories made for a destination are 0755 and inherit setgid" {
	writable_root
	mkdir rootfs/group
	chmod 2775 rootfs/group
	tmpfs_on /group/one/two
	tmpfs_on /plain/one
	umask 077
	mounts
	assert_equal "$(stat -c %a rootfs/group/one rootfs/group/one/two rootfs/plain rootfs/plain/one | xargs)" \
		"2755 2755 755 755"
}

@test "proc and sysfs go on ordinary directories only" {
	local name
	for name in proc sys; do
		rmdir "rootfs/$name"
		mkdir rootfs/false
		ln -s false "rootfs/$name"
		try rootlet run c1
		assert_error "mounts\\[[0-9]\\]\\.destination: /$name is not an ordinary directory" 125
		rm "rootfs/$name"
		: >"rootfs/$name"
		try rootlet run c1
		assert_error "mounts\\[[0-9]\\]\\.destination: /$name is not an ordinary directory" 125
		rm "rootfs/$name"
		rmdir rootfs/false
		mkdir "rootfs/$name"
	done
	assert_nothing_left
}

@test "a /dev that is a link is where it points, inside" {
	rmdir rootfs/dev
	ln -s "$T/outside/dev" rootfs/dev
	mkdir -p "rootfs$T/outside"
	mounts
	assert_equal "$(mount_type "$T/outside/dev")" tmpfs
}

@test "the same mount twice is two mounts" {
	tmpfs_on /tmp
	tmpfs_on /tmp
	mounts
	assert_equal "$(mounts_at /tmp)" 2
}

@test "tmpcopyup: a tmpfs begins with what it covers, modes, links and owners included" {
	mkdir -p rootfs/seed/sub
	echo content >rootfs/seed/sub/file
	chmod 640 rootfs/seed/sub/file
	chmod 750 rootfs/seed/sub
	ln -s /nowhere rootfs/seed/link
	mkfifo rootfs/seed/fifo
	config '.mounts += [{destination: "/seed", type: "tmpfs", options: ["tmpcopyup"]}]'
	script 'cd /seed && cat sub/file && stat -c "%a %u %F" sub sub/file fifo && readlink link &&
		echo more >sub/new'
	try rootlet run c1
	assert_success
	assert_output $'content\n750 0 directory\n640 0 regular file\n644 0 fifo\n/nowhere'
	[ ! -e rootfs/seed/sub/new ]
}

@test "tmpcopyup is for tmpfs" {
	config '.mounts += [{destination: "/seed", type: "proc", options: ["tmpcopyup"]}]'
	try rootlet run c1
	assert_error 'mounts\[[0-9]+\].options: tmpcopyup'
}

# --- links -----------------------------------------------------------------------------------

# bind_link OPTION…: $T/link → real is bound to /there, which is a link to /elsewhere.
bind_link() {
	echo real >"$T/real"
	ln -s real "$T/link"
	config '.root.readonly = false |
		.mounts += [{destination: "/there", source: $source, options: (["rbind"] + $options)}]' \
		--arg source "$T/link" --argjson options "$(jq -nc '$ARGS.positional' --args "$@")"
}

@test "copy-symlink: a source that is a link is copied as a link" {
	bind_link copy-symlink
	script 'readlink /there; cat /there 2>&1'
	try rootlet run c1
	assert_line real
	assert_match "$output" "/there.*No such file"
	refute_match "$(cat /proc/self/mountinfo)" ' /there '
}

@test "copy-symlink: a link in the rootfs is copied, too" {
	bind_link copy-symlink
	ln -s ../etc/passwd "$BUNDLE/rootfs/tmp/link"
	config '.mounts[-1].source = $source' --arg source "$BUNDLE/rootfs/tmp/link"
	script 'readlink /there; grep -c " /there " /proc/self/mountinfo'
	try rootlet run c1
	assert_output $'../etc/passwd\n0'
	config '.mounts[-1].source = $source' --arg source "$BUNDLE/rootfs/etc/passwd"
	config '.mounts[-1].destination = "/here"'
	script 'grep -c root: /here'
	try rootlet run c1
	assert_success
	assert_output 1
}

@test "copy-symlink: a source that is no link is mounted" {
	bind_link copy-symlink
	config '.mounts[-1].source = $source' --arg source "$T/real"
	script 'cat /there'
	try rootlet run c1
	assert_success
	assert_output real
}

@test "copy-symlink: the same link may be there, something else not" {
	bind_link copy-symlink
	ln -s real "$BUNDLE/rootfs/there"
	script 'readlink /there'
	try rootlet run c1
	assert_output real
	ln -sfn other "$BUNDLE/rootfs/there"
	try rootlet run c1
	assert_error 'mounts\[[0-9]+\].destination: copy-symlink: /there is something else' 125
	assert_nothing_left
}

@test "copy-symlink: the parent of the link stays in the root" {
	ln -s / "$BUNDLE/rootfs/up"
	bind_link copy-symlink
	config '.mounts[-1].destination = "/up/../../canary"'
	script 'readlink /canary'
	try rootlet run c1
	assert_output real
	[ ! -e /canary ] && [ ! -L /canary ]
}

@test "src-nofollow: the link itself is mounted" {
	bind_link src-nofollow
	script 'readlink /there; grep -c " /there " /proc/self/mountinfo'
	try rootlet run c1
	assert_success
	assert_output $'real\n1'
}

@test "dest-nofollow: a link in the rootfs is covered, not followed" {
	bind_link dest-nofollow
	ln -s /elsewhere "$BUNDLE/rootfs/there"
	script 'test -L /there || echo covered; cat /there; ls /elsewhere 2>&1'
	try rootlet run c1
	assert_line covered
	assert_line real
	assert_match "$output" '/elsewhere: No such file'
}

@test "without dest-nofollow the link in the rootfs is followed" {
	bind_link
	ln -s /elsewhere "$BUNDLE/rootfs/there"
	script 'cat /elsewhere; readlink /there'
	try rootlet run c1
	assert_success
	assert_output $'real\n/elsewhere'
}

# --- idmapped mounts (as root: root-mounts.bats) ---------------------------------------------

@test "idmapped mounts are refused to who is not root, with the reason" {
	local option
	mkdir "$T/source"
	for option in '{options: ["rbind", "idmap"]}' '{options: ["rbind", "ridmap"]}' \
		'{options: ["rbind"], uidMappings: [{containerID: 0, hostID: 1, size: 1}],
			gidMappings: [{containerID: 0, hostID: 1, size: 1}]}'; do
		config '.mounts = [.mounts[] | select(.destination != "/there")] |
			.mounts += [{destination: "/there", source: $source} + $option]' \
			--arg source "$T/source" --argjson option "$(jq -nc "$option")"
		try rootlet run c1
		assert_error 'mounts\[[0-9]+\].*only root' 125
	done
	assert_nothing_left
}

@test "the mapping as part of the option is refused with what to write" {
	config '.mounts += [{destination: "/there", source: "/tmp", options: ["bind", "idmap=uids=0-1-1"]}]'
	try rootlet run c1
	assert_error 'mounts\[[0-9]+\].options\[1\]: .*uidMappings' 125
}

@test "what is bound on /dev is left as it is, however /dev is written" {
	local destination
	mkdir "$T/devices"
	touch "$T/devices/mine"
	for destination in /dev /dev/ /./dev //dev/. /etc/../dev /dev/x/..; do
		config '.mounts |= (map(select(.destination | startswith("/dev") | not)) |
			map(select(.source != $source)) +
			[{destination: $destination, source: $source, options: ["bind"]}])' \
			--arg destination "$destination" --arg source "$T/devices"
		script 'ls -A /dev'
		try rootlet run c1
		assert_success
		assert_output mine
	done
	assert_equal "$(ls -A "$T/devices")" mine
}
