# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2016,SC2034,SC2154,SC2164
# Who the container's users are: the mapping plan of an ordinary user, read back inside, and what
# is said when it cannot be had.

load helpers
load readback

setup_test() {
	skip_if_root
	make_bundle busybox
	uid=$(id -u)
	gid=$(id -g)
}

# The first range of subordinate uids, and of gids.
first_ranges() {
	read -r uid_start uid_count < <(own_ranges u)
	read -r gid_start gid_count < <(own_ranges g)
	[ "$uid_count" -ge 10000 ] && [ "$gid_count" -ge 10000 ] ||
		skip "needs 10000 subordinate ids in one piece"
}

# user_namespace UID-MAPPINGS GID-MAPPINGS: each "CONTAINER HOST SIZE,…".
user_namespace() {
	config '
		def mappings: split(",") | map(split(" ") | map(tonumber) |
			{containerID: .[0], hostID: .[1], size: .[2]});
		.linux.namespaces += [{type: "user"}] |
		.linux.uidMappings = ($uids | mappings) | .linux.gidMappings = ($gids | mappings)' \
		--arg uids "$1" --arg gids "$2"
}

become() { # UID GID
	config '.process.user = {uid: $uid, gid: $gid}' --argjson uid "$1" --argjson gid "$2"
}

show_maps() {
	script 'cat /proc/self/uid_map; echo --; cat /proc/self/gid_map; echo --; cat /proc/self/setgroups'
}

assert_maps() { # UIDS GIDS SETGROUPS
	assert_equal "$(map_lines "$(sed '/--/,$d' <<<"$output")")" "$1" &&
		assert_equal "$(map_lines "$(sed '1,/--/d; /--/,$d' <<<"$output")")" "$2" &&
		assert_equal "${lines[-1]}" "$3"
}

# --- no user namespace in the config ---------------------------------------------------------

@test "root is the user, the other ids are all subordinate ones" {
	skip_unless_subids
	show_maps
	try rootlet run c1
	assert_success
	refute_stderr
	assert_maps "$(default_map u)" "$(default_map g)" allow
}

@test "inside the process is root, without the user's groups" {
	script 'cat /proc/self/status'
	try rootlet run c1
	assert_success
	assert_equal "$(proc_status Uid)" "0 0 0 0"
	assert_equal "$(proc_status Gid)" "0 0 0 0"
	# Where the kernel denies setgroups they stay, as the overflow id.
	if has_subids; then
		assert_equal "$(proc_status Groups)" ""
	fi
}

@test "what root makes in a bind mount is the user's, what others make is a subordinate id's" {
	skip_unless_subids
	first_ranges
	mkdir "$T/shared"
	chmod 777 "$T/shared"
	config '.mounts += [{destination: "/shared", source: $source, options: ["bind"]}]' \
		--arg source "$T/shared"
	script 'echo >/shared/root; chown 1000:1001 /shared/root; echo >/shared/own'
	config '.process.capabilities = (["CAP_CHOWN"] | {bounding: ., effective: ., permitted: .})'
	try rootlet run c1
	assert_success
	assert_equal "$(stat -c %u:%g "$T/shared/own")" "$uid:$gid"
	assert_equal "$(stat -c %u:%g "$T/shared/root")" "$((uid_start + 999)):$((gid_start + 1000))"
}

@test "another user of the config is one of the subordinate ids on the host" {
	skip_unless_subids
	first_ranges
	become 1000 1001
	script 'id -u; id -g; sleep 1000'
	running c1
	wait_until 10 grep -q 1001 "$T/c1.out"
	assert_equal "$(xargs <"$T/c1.out")" "1000 1001"
	assert_equal "$(stat -c %u:%g "/proc/$(pid_of c1)")" \
		"$((uid_start + 999)):$((gid_start + 1000))"
}

@test "additional groups are the process's" {
	skip_unless_subids
	config '.process.user = {uid: 1000, gid: 1000, additionalGids: [5, 1234, 42]}'
	script 'cat /proc/self/status'
	try rootlet run c1
	assert_success
	assert_equal "$(proc_status Gid)" "1000 1000 1000 1000"
	assert_equal "$(proc_status Groups | tr ' ' '\n' | sort -n | xargs)" "5 42 1234"
}

@test "with ranges /dev/pts belongs to the tty group" {
	skip_unless_subids
	script 'cat /proc/self/mountinfo'
	try rootlet run c1
	assert_success
	assert_match "$(super_options /dev/pts)" "gid=$(own_ranges g | awk '{ print $1 + 4; exit }')|gid=5"
}

# --- a single id -----------------------------------------------------------------------------

@test "a single id in the config: root is the user, and nobody else exists" {
	user_namespace "0 $uid 1" "0 $gid 1"
	show_maps
	try rootlet run c1
	assert_success
	refute_stderr
	assert_maps "0 $uid 1" "0 $gid 1" deny
}

@test "a single id: /dev/pts goes without its group" {
	user_namespace "0 $uid 1" "0 $gid 1"
	script 'cat /proc/self/mountinfo'
	try rootlet run c1
	assert_success
	assert_equal "$(mount_type /dev/pts)" devpts
	refute_match "$(super_options /dev/pts)" 'gid='
}

@test "a single id: another user is refused, with the remedy" {
	user_namespace "0 $uid 1" "0 $gid 1"
	become 1000 0
	try rootlet run c1
	assert_error 'process\.user\.uid: uid 1000 is not mapped.*map uid 1000 in linux\.uidMappings' 125
	become 0 1000
	try rootlet run c1
	assert_error 'process\.user\.gid: gid 1000 is not mapped.*map gid 1000 in linux\.gidMappings' 125
	assert_nothing_left
}

@test "a single id: additional groups are refused, since the kernel denies setgroups" {
	user_namespace "0 $uid 1" "0 $gid 1"
	config '.process.user.additionalGids = [0]'
	try rootlet run c1
	assert_error 'process\.user\.additionalGids: the kernel denies setgroups' 125
	assert_nothing_left
}

# --- identity: the user stays himself --------------------------------------------------------

@test "identity mapping with one id: the process has the user's own ids, there is no root" {
	user_namespace "$uid $uid 1" "$gid $gid 1"
	become "$uid" "$gid"
	script 'cat /proc/self/status; cat /proc/self/uid_map; cat /proc/self/gid_map'
	try rootlet run c1
	assert_success
	refute_stderr
	assert_equal "$(proc_status Uid)" "$uid $uid $uid $uid"
	assert_equal "$(proc_status Gid)" "$gid $gid $gid $gid"
	assert_equal "$(map_lines "$(tail -n 2 <<<"$output")")" "$uid $uid 1,$gid $gid 1"
	# No ambient capabilities were asked for: an ordinary user has none.
	assert_equal "$(proc_status CapEff)" "$(caps_mask)"
}

@test "identity mapping with one id: all mounts, devices and paths of the default config are there" {
	user_namespace "$uid $uid 1" "$gid $gid 1"
	become "$uid" "$gid"
	script 'cat /proc/self/mountinfo; echo x >/dev/null; hostname'
	try rootlet run c1
	assert_success
	assert_equal "$(mount_type /proc) $(mount_type /dev) $(mount_type /dev/pts) $(mount_type /sys)" \
		"proc tmpfs devpts sysfs"
	assert_match "$(mount_options /)" '(^|,)ro(,|$)'
	assert_line rootlet
}

@test "identity mapping with ranges: the user and his subordinate ids are themselves" {
	skip_unless_subids
	first_ranges
	user_namespace "$uid $uid 1,$uid_start $uid_start 1000" "$gid $gid 1,$gid_start $gid_start 1000"
	become "$uid" "$gid"
	show_maps
	try rootlet run c1
	assert_success
	assert_maps "$uid $uid 1,$uid_start $uid_start 1000" \
		"$gid $gid 1,$gid_start $gid_start 1000" allow
	become $((uid_start + 7)) $((gid_start + 8))
	script 'id -u; id -g; sleep 1000'
	running c2
	wait_until 10 grep -q "$((gid_start + 8))" "$T/c2.out"
	assert_equal "$(stat -c %u:%g "/proc/$(pid_of c2)")" "$((uid_start + 7)):$((gid_start + 8))"
}

@test "the user is himself amid his subordinate ids, as with podman --userns=keep-id" {
	skip_unless_subids
	first_ranges
	[ "$uid" -lt 9000 ] && [ "$gid" -lt 9000 ] || skip "the ids of $(id -un) are too large for it"
	local uids="0 $uid_start $uid,$uid $uid 1,$((uid + 1)) $((uid_start + uid)) $((9999 - uid))"
	local gids="0 $gid_start $gid,$gid $gid 1,$((gid + 1)) $((gid_start + gid)) $((9999 - gid))"
	user_namespace "$uids" "$gids"
	become "$uid" "$gid"
	show_maps
	try rootlet run c1
	assert_success
	assert_maps "$uids" "$gids" allow
	# The files of the bundle are the user's on both sides.
	script 'stat -c %u:%g /bin'
	try rootlet run c2
	assert_output "$uid:$gid"
}

# --- mappings of the config ------------------------------------------------------------------

@test "a mapping over the user's whole range is his to have" {
	skip_unless_subids
	first_ranges
	user_namespace "0 $uid_start $uid_count" "0 $gid_start $gid_count"
	chmod -R a+rX "$T"
	show_maps
	try rootlet run c1
	assert_success
	assert_maps "0 $uid_start $uid_count" "0 $gid_start $gid_count" allow
}

@test "a foreign host uid is refused, with the line of /etc/subuid that would allow it" {
	user_namespace "0 $uid 1,1 7 3" "0 $gid 1"
	try rootlet run c1
	assert_error "linux\\.uidMappings\\[1\\]: host uids .* not yours.*\"$(id -un):7:3\" to /etc/subuid" 125
	assert_nothing_left
}

@test "a foreign host gid is refused, with the line of /etc/subgid that would allow it" {
	user_namespace "0 $uid 1" "0 $gid 1,1 7 3"
	try rootlet run c1
	assert_error "linux\\.gidMappings\\[1\\]: host gids .* not yours.*\"$(id -un):7:3\" to /etc/subgid" 125
	assert_nothing_left
}

@test "the host's root is a foreign id" {
	user_namespace "0 0 1" "0 0 1"
	try rootlet run c1
	assert_error 'linux\.uidMappings\[0\]: host uids .* not yours' 125
	assert_nothing_left
}

@test "one id more than the user has is refused" {
	skip_unless_subids
	local start=0 end
	# The end of the range that ends last: nothing of his comes after it.
	while read -r first count; do
		[ $((first + count)) -le "$start" ] || start=$((first + count)) end=$count
	done < <(own_ranges u)
	user_namespace "0 $((start - end)) $((end + 1))" "0 $gid 1"
	try rootlet run c1
	assert_error 'linux\.uidMappings\[0\].*/etc/subuid' 125
	assert_nothing_left
}

@test "a user beyond all ranges is refused, with the remedy" {
	become 4000000000 0
	try rootlet run c1
	assert_error 'process\.user\.uid: uid 4000000000 is not mapped.*usermod --add-subuids' 125
	become 0 4000000000
	try rootlet run c1
	assert_error 'process\.user\.gid: gid 4000000000 is not mapped.*usermod --add-subgids' 125
	assert_nothing_left
}

@test "an additional group beyond all ranges is refused, with its place" {
	skip_unless_subids
	config '.process.user.additionalGids = [5, 4000000000]'
	try rootlet run c1
	assert_error 'process\.user\.additionalGids\[1\]: gid 4000000000 is not mapped' 125
	assert_nothing_left
}

# --- as root of a user namespace -------------------------------------------------------------
# As podman runs us for an ordinary user: euid 0 in a user namespace that it has made before.

# One session of an engine with the adjusted config: $T/session.* hold what it saw.
podman_session() {
	cat >"$T/session" <<-'END'
		rootlet() { timeout 60 "$ROOTLET" --root "$STATE_DIR" "$@"; }
		cat /proc/self/uid_map >"$T/session.uid_map"
		cat /proc/self/gid_map >"$T/session.gid_map"
		rootlet create --bundle "$BUNDLE" --pid-file "$T/session.pid" $CONSOLE c1 \
			</dev/null >"$T/session.out" 2>"$T/session.err" || exit
		rootlet state c1 | jq -r .status >"$T/session.status"
		rootlet start c1 2>>"$T/session.err" || exit
		timeout 30 sh -c 'while kill -0 "$1" 2>/dev/null &&
			! grep -qs "^State:[[:space:]]*Z" "/proc/$1/status"; do sleep .02; done' \
			sh "$(cat "$T/session.pid")"
		rootlet state c1 | jq -r .status >>"$T/session.status"
		rootlet delete c1
	END
	skip_unless_subids
	need_python ctypes
	local CONSOLE=
	[ "$(jq .process.terminal config.json)" != true ] || CONSOLE="--console-socket $T/console"
	export T BUNDLE STATE_DIR CONSOLE
	"$PYTHON" "$TESTS/userns.py" bash "$T/session" 3>&- || {
		cat "$T/session.err"
		return 1
	}
	assert_equal "$(cat "$T/session.err")" ""
	assert_equal "$(xargs <"$T/session.status")" "created stopped"
	output=$(cat "$T/session.out")
}

# podman_config NAME: a config.json that podman wrote, with this test's paths and a program that
# shows what came of it.
podman_config() {
	local source kept=()
	mkdir -p "$T/podman/shm" rootfs/run
	echo 127.0.0.1 >"$T/podman/hosts"
	echo podman >"$T/podman/hostname"
	: >"$T/podman/.containerenv"
	# Which devices there are is the machine's affair.
	for source in $(jq -r '.mounts[].source | select(startswith("/dev/"))' "$TESTS/data/real/$1.json"); do
		[ ! -e "$source" ] || kept+=("$source")
	done
	jq '
		.root.path = $bundle + "/rootfs" |
		.process.args = ["sh", "-c", "cat /proc/self/status
			for file in uid_map gid_map mountinfo limits; do echo \"-- $file\"
			cat /proc/self/$file; done; echo --; hostname; cat /etc/hosts"] |
		.mounts |= map(
			select((.source | startswith("/dev/") | not) or (.source | IN($ARGS.positional[]))) |
			if .source | test("^/(run|home)/")
			then .source = $podman + "/" + (.source | split("/") | last) else . end)' \
		--arg bundle "$BUNDLE" --arg podman "$T/podman" \
		"$TESTS/data/real/$1.json" --args "${kept[@]}" >config.json
}

# section NAME: a part of what the program of podman_config shows.
section() {
	awk -v name="$1" '/^-- / { shown = $2; next } /^--$/ { shown = "" } shown == name' <<<"$output"
}

assert_like_session() { # the namespace is podman's own: nothing was mapped anew
	assert_equal "$(map_lines "$(section uid_map)")" "$(map_lines "$(cat "$T/session.uid_map")")" &&
		assert_equal "$(map_lines "$(section gid_map)")" "$(map_lines "$(cat "$T/session.gid_map")")"
}

# What the eight have in common, compared with the config.
assert_podman() {
	local user capabilities
	user=$(jq -r '.process.user | "\(.uid) \(.gid)"' config.json)
	assert_equal "$(proc_status Uid)" "$(yes "${user% *}" | head -n 4 | xargs)"
	assert_equal "$(proc_status Gid)" "$(yes "${user#* }" | head -n 4 | xargs)"
	assert_equal "$(proc_status Groups | tr ' ' '\n' | sort -n | xargs)" \
		"$(jq -r '.process.user.additionalGids // [] | sort | join(" ")' config.json)"
	assert_equal "$(proc_status Umask)" 0022
	mapfile -t capabilities < <(jq -r '.process.capabilities.bounding // [] | .[]' config.json)
	assert_equal "$(proc_status CapBnd)" "$(caps_mask "${capabilities[@]}")"
	mapfile -t capabilities < <(jq -r '.process.capabilities.effective // [] | .[]' config.json)
	assert_equal "$(proc_status CapEff)" "$(caps_mask "${capabilities[@]}")"
	assert_equal "$(proc_status Seccomp)" "$(jq '.linux.seccomp | if . then 2 else 0 end' config.json)"
	assert_match "$(section limits)" 'Max open files +20000 +20000'
	assert_line "$(jq -r .hostname config.json)"
	assert_line 127.0.0.1
	local -a destinations
	mapfile -t destinations < <(jq -r '.mounts[].destination' config.json)
	for destination in "${destinations[@]}"; do
		section mountinfo | awk -v point="$destination" '$5 == point { found = 1 } END { exit !found }' ||
			fail "no mount on $destination"
	done
}

@test "podman: a plain container" {
	podman_config podman-plain
	podman_session
	assert_podman
	assert_like_session
	assert_match "$(mount_options /sys)" '(^|,)ro(,|$)'
	assert_match "$(mount_options /proc/sys)" '(^|,)ro(,|$)'
}

@test "podman: on a terminal" {
	podman_config podman-tty
	recvtty "$T/console" "$T/shown"
	podman_session
	wait_until 10 grep -q 127.0.0.1 "$T/shown"
	output=$(tr -d '\r' <"$T/shown")
	assert_podman
	assert_like_session
	assert_equal "$(mount_type /dev/console)" devpts
}

@test "podman: --userns=keep-id" {
	[ "$(own_ranges u | awk '{ sum += $2 } END { print sum + 0 }')" -ge 65536 ] || skip "needs 65536 ids"
	podman_config podman-keepid
	podman_session
	assert_podman
	assert_equal "$(map_lines "$(section uid_map)")" "0 1 1001,1001 0 1,1002 1002 64535"
	assert_equal "$(map_lines "$(section gid_map)")" "0 1 1001,1001 0 1,1002 1002 64535"
}

@test "podman: --read-only" {
	podman_config podman-readonly
	podman_session
	assert_podman
	assert_like_session
	assert_match "$(mount_options /)" '(^|,)ro(,|$)'
	assert_equal "$(mount_type /tmp) $(mount_type /var/tmp) $(mount_type /run)" "tmpfs tmpfs tmpfs"
}

@test "podman: a user and one capability" {
	podman_config podman-caps
	podman_session
	assert_podman
	assert_like_session
	assert_equal "$(proc_status CapAmb)" "$(caps_mask CAP_NET_BIND_SERVICE)"
	assert_equal "$(proc_status NoNewPrivs)" 1
}

@test "podman: --pid=host" {
	podman_config podman-pidhost
	podman_session
	assert_podman
	assert_equal "$(mount_type /proc)" proc
}

@test "podman: sysctls" {
	podman_config podman-sysctl
	config '.process.args[2] += "; cat /proc/sys/net/ipv4/ip_unprivileged_port_start"'
	podman_session
	assert_podman
	assert_equal "$(tail -n 1 <<<"$output")" 80
}

@test "podman: --privileged" {
	podman_config podman-privileged
	podman_session
	assert_podman
	assert_like_session
	assert_equal "$(mount_root /dev/zero)" /zero
	assert_match "$(mount_options /sys)" '(^|,)rw(,|$)'
}

@test "root of a user namespace is root for us: none is added" {
	skip_unless_subids
	need_python ctypes
	show_maps
	try "$PYTHON" "$TESTS/userns.py" sh -c 'readlink /proc/self/ns/user; exec "$@"' sh \
		"$ROOTLET" --root "$STATE_DIR" run c1
	assert_success
	assert_match "${lines[0]}" '^user:'
	local outer=${lines[0]}
	script 'readlink /proc/self/ns/user'
	try "$PYTHON" "$TESTS/userns.py" sh -c 'readlink /proc/self/ns/user; exec "$@"' sh \
		"$ROOTLET" --root "$STATE_DIR" run c1
	assert_success
	assert_equal "${lines[0]}" "${lines[1]}"
	[ -n "$outer" ]
}

@test "an id that the user namespace around us lacks is refused, with where to look" {
	skip_unless_subids
	need_python ctypes
	user_namespace "0 4000000000 1" "0 0 1"
	try "$PYTHON" "$TESTS/userns.py" "$ROOTLET" --root "$STATE_DIR" run c1
	assert_error 'linux\.uidMappings\[0\]: host uids .* do not exist.*/proc/self/uid_map' 125
}
