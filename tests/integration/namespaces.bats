# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2016,SC2034,SC2046,SC2154,SC2164
# Namespaces: each one new, shared with the host, or joined by path; told apart by the links in
# /proc/self/ns, and by what is seen in them.

load helpers
load readback

setup_test() {
	make_bundle busybox
	# The default config has a cgroup namespace only where there is a v2 tree.
	config '.linux.namespaces |= (. + [{type: "cgroup"}] | unique_by(.type))'
}

# without TYPE…: the container shares these namespaces with us.
without() {
	local type
	for type in "$@"; do
		config 'del(.linux.namespaces[] | select(.type == $type))' --arg type "$type"
		case $type in
		uts) config 'del(.hostname)' ;;
		# The host may have none to be shown instead.
		ipc) [ -d /dev/mqueue ] || config 'del(.mounts[] | select(.type == "mqueue"))' ;;
		esac
	done
}

# joins TYPE PATH
joins() {
	without "$1"
	config '.linux.namespaces += [{type: $type, path: $path}]' --arg type "$1" --arg path "$2"
}

# The name in /proc/PID/ns of a namespace of config.json.
link_name() {
	case $1 in
	network) echo net ;;
	mount) echo mnt ;;
	*) echo "$1" ;;
	esac
}

show_namespaces() {
	script 'cd /proc/self/ns; for ns in cgroup ipc mnt net pid user uts; do readlink $ns; done'
}

# assert_shared TYPE…: exactly these of what show_namespaces has printed are those of process
# $other, or else of this shell.
assert_shared() {
	local link shared=()
	for link in cgroup ipc mnt net pid user uts; do
		! grep -qxF "$(readlink "/proc/${other:-self}/ns/$link")" <<<"$output" || shared+=("$link")
	done
	assert_equal "${shared[*]}" "$*"
}

# with_user LINK…: real root shares its user namespace besides.
with_user() {
	[ "$(id -u)" -ne 0 ] || set -- "$@" user
	tr ' ' '\n' <<<"$*" | sort | xargs
}

# other_container [FILTER]: another container that runs, in $other its process.
other_container() {
	mkdir "$T/other"
	jq '.process.args = ["sleep", "1000"] | .hostname = "other" | .root.path = $rootfs |
		'"${1:-.}" --arg rootfs "$BUNDLE/rootfs" config.json >"$T/other/config.json"
	running other --bundle "$T/other"
	other=$(pid_of other)
}

# --- new and shared --------------------------------------------------------------------------

@test "every namespace of the config is a new one" {
	show_namespaces
	try rootlet run c1
	assert_success
	assert_line_count 7 "$output"
	assert_shared $(with_user)
}

@test "each namespace that is not in the config is the host's" {
	local type
	for type in network ipc uts pid cgroup; do
		cp config.json "$T/all.json"
		without "$type"
		show_namespaces
		try rootlet run c1
		assert_success
		refute_stderr
		assert_shared $(with_user "$(link_name "$type")")
		cp "$T/all.json" config.json
	done
}

@test "a config without any namespaces: mounts and ids are the container's own all the same" {
	skip_if_root
	without network ipc uts pid cgroup mount
	show_namespaces
	awk '$5 == "/"' /proc/self/mountinfo >"$T/before"
	[ -s "$T/before" ]
	try rootlet run c1
	assert_success
	assert_shared cgroup ipc net pid uts
	awk '$5 == "/"' /proc/self/mountinfo | diff "$T/before" -
	script 'cat /proc/self/uid_map'
	try rootlet run c1
	assert_match "$(map_lines)" "^0 $(id -u) 1"
}

@test "an empty path is the same as none" {
	config '.linux.namespaces[].path = ""'
	show_namespaces
	try rootlet run c1
	assert_success
	assert_shared $(with_user)
}

@test "a new network namespace has its loopback interface up, and nothing else" {
	script 'ls /sys/class/net; cat /sys/class/net/lo/flags'
	try rootlet run c1
	assert_success
	assert_output $'lo\n0x9'
}

@test "the host's network: /sys shows the host's interfaces, read-only" {
	without network
	script 'ls /sys/class/net; cat /proc/self/mountinfo'
	try rootlet run c1
	assert_success
	refute_stderr
	assert_equal "$(sed '/ - /d' <<<"$output" | sort)" "$(basename -a /sys/class/net/* | sort)"
	assert_equal "$(mount_type /sys)" sysfs
	assert_match "$(mount_options /sys)" '(^|,)ro(,|$)'
}

@test "a new pid namespace: the program is process 1 and sees its own alone" {
	script 'echo $$; ls -d /proc/[0-9]* | wc -l'
	try rootlet run c1
	assert_success
	assert_equal "${lines[0]}" 1
	[ "${lines[1]}" -le 4 ]
}

@test "the host's pid namespace: /proc shows the host's processes" {
	without pid
	script "cat /proc/$$/comm"
	try rootlet run c1
	assert_success
	assert_output "$(cat /proc/$$/comm)"
}

@test "a new cgroup namespace begins at the container" {
	config '.process.args = ["cat", "/proc/self/cgroup"]'
	try rootlet run c1
	assert_success
	assert_equal "$(cut -d : -f 3 <<<"$output" | sort -u)" /
}

@test "the host's cgroup namespace shows where we are" {
	without cgroup
	config 'del(.mounts[] | select(.type == "cgroup")) | .process.args = ["cat", "/proc/self/cgroup"]'
	try rootlet --cgroup-manager disabled run c1
	assert_success
	assert_output "$(cat /proc/self/cgroup)"
}

@test "a new uts namespace: the host keeps its name" {
	local before
	before=$(uname -n)
	config '.hostname = "inside"'
	script 'uname -n'
	try rootlet run c1
	assert_output inside
	assert_equal "$(uname -n)" "$before"
}

# --- time ------------------------------------------------------------------------------------

# In whole seconds; the container's is in its /proc/uptime too, which shows boot time.
host_uptime() {
	cut -d. -f1 /proc/uptime
}

@test "a new time namespace has its clocks set off" {
	config '.linux.namespaces += [{type: "time"}] |
		.linux.timeOffsets = {boottime: {secs: 86400, nanosecs: 5}, monotonic: {secs: 172800}}'
	script 'cat /proc/uptime; cat /proc/self/timens_offsets; readlink /proc/self/ns/time'
	try rootlet run c1
	assert_success
	local ahead=$((${output%%.*} - $(host_uptime)))
	[ "$ahead" -ge 86390 ] && [ "$ahead" -le 86401 ]
	assert_match "$output" 'monotonic +172800 +0'
	assert_match "$output" 'boottime +86400 +5'
	refute_line "$(readlink /proc/self/ns/time)"
}

@test "a new time namespace without offsets goes on as the host's" {
	config '.linux.namespaces += [{type: "time"}]'
	script 'cat /proc/self/timens_offsets; readlink /proc/self/ns/time'
	try rootlet run c1
	assert_success
	assert_match "$output" 'boottime +0 +0'
	refute_line "$(readlink /proc/self/ns/time)"
}

@test "exec is in the container's time namespace, also before start" {
	config '.linux.namespaces += [{type: "time"}] | .linux.timeOffsets = {boottime: {secs: 86400}}'
	script 'readlink /proc/self/ns/time; sleep 1000'
	created c1
	try rootlet exec c1 sh -c 'readlink /proc/self/ns/time; cat /proc/uptime'
	assert_success
	local before=${lines[0]} ahead
	ahead=$((${lines[1]%%.*} - $(host_uptime)))
	[ "$ahead" -ge 86390 ] && [ "$ahead" -le 86401 ]
	rootlet start c1
	wait_until 10 grep -q time: "$T/c1.out"
	assert_equal "$(cat "$T/c1.out")" "$before"
	try rootlet exec c1 readlink /proc/self/ns/time
	assert_output "$before"
}

@test "join the time namespace of another container" {
	config '.linux.namespaces += [{type: "time"}] | .linux.timeOffsets = {boottime: {secs: 86400}}'
	script 'sleep 1000'
	running c1
	config "del(.linux.timeOffsets) |
		(.linux.namespaces[] | select(.type == \"time\")).path = \"/proc/$(pid_of c1)/ns/time\""
	script 'cat /proc/uptime'
	try rootlet run c2
	assert_success
	local ahead=$((${output%%.*} - $(host_uptime)))
	[ "$ahead" -ge 86390 ] && [ "$ahead" -le 86401 ]
}

@test "clocks that would go back beyond their start are refused" {
	config '.linux.namespaces += [{type: "time"}] | .linux.timeOffsets = {boottime: {secs: -2000000000}}'
	try rootlet run c1
	assert_error 'linux.timeOffsets.*beyond its start' 125
	assert_nothing_left
}

# --- without a pid namespace -----------------------------------------------------------------

# A container in the host's pid namespace with three processes, one of them in another session.
three_processes() {
	without pid
	script 'setsid sleep 1000 & sleep 1000 & wait'
	running c1
	wait_until 10 has_processes 3
}

has_processes() {
	local pids
	pids=$(test_processes)
	[ "$(wc -w <<<"$pids")" -eq "$1" ]
}

@test "without a pid namespace kill KILL ends all processes" {
	three_processes
	rootlet kill c1 KILL
	wait_until 10 has_processes 0
	wait_until 10 has_status c1 stopped
	rootlet delete c1
	assert_nothing_left
}

@test "without a pid namespace kill --all reaches all processes" {
	three_processes
	rootlet kill --all c1 TERM
	# The shell, which is init, outlives a TERM that it waits through no longer than its children.
	wait_until 10 has_processes 0
	rootlet delete --force c1
	assert_nothing_left
}

@test "without a pid namespace kill of another signal is for init alone" {
	three_processes
	rootlet kill c1 TERM
	wait_until 10 has_status c1 stopped
	has_processes 2
	rootlet kill c1 KILL
	wait_until 10 has_processes 0
	rootlet delete c1
}

@test "without a pid namespace delete ends what has outlived init" {
	three_processes
	kill -KILL "$(pid_of c1)"
	wait_until 10 has_status c1 stopped
	has_processes 2
	rootlet delete c1
	has_processes 0
	assert_nothing_left
}

@test "without a pid namespace delete --force ends all processes" {
	three_processes
	rootlet delete --force c1
	has_processes 0
	assert_nothing_left
}

@test "without a pid namespace run ends what its program leaves behind" {
	without pid
	script 'setsid sleep 1000 </dev/null >/dev/null 2>&1 & echo done'
	try rootlet run c1
	assert_success
	assert_output done
	has_processes 0
	assert_nothing_left
}

# --- joined by path --------------------------------------------------------------------------

@test "join the network of another container" {
	other_container
	joins network "/proc/$other/ns/net"
	show_namespaces
	try rootlet run c1
	assert_success
	refute_stderr
	grep -qxF "$(readlink "/proc/$other/ns/net")" <<<"$output"
	refute_line "$(readlink "/proc/$other/ns/pid")"
	script 'cat /sys/class/net/lo/flags'
	try rootlet run c1
	assert_output 0x9
}

@test "join the ipc of another container: its limits are seen" {
	skip_unless_ipc_sysctls
	other_container '.linux.sysctl = {"kernel.msgmax": "9999"}'
	joins ipc "/proc/$other/ns/ipc"
	script 'readlink /proc/self/ns/ipc; cat /proc/sys/kernel/msgmax'
	try rootlet run c1
	assert_success
	assert_output "$(readlink "/proc/$other/ns/ipc")"$'\n9999'
}

@test "join the uts of another container: its name is seen" {
	other_container
	joins uts "/proc/$other/ns/uts"
	script 'readlink /proc/self/ns/uts; hostname'
	try rootlet run c1
	assert_success
	assert_output "$(readlink "/proc/$other/ns/uts")"$'\nother'
}

@test "join the pids of another container: its processes are seen, and it survives us" {
	other_container
	joins pid "/proc/$other/ns/pid"
	script 'readlink /proc/self/ns/pid; cat /proc/1/cmdline; echo; exec sleep 1000'
	running c1
	wait_until 10 grep -q sleep "$T/c1.out"
	assert_equal "$(tr '\0' ' ' <"$T/c1.out")" "$(readlink "/proc/$other/ns/pid")"$'\nsleep 1000 '
	assert_equal "$(readlink "/proc/$(pid_of c1)/ns/pid_for_children")" "$(readlink "/proc/$other/ns/pid")"
	rootlet kill c1 KILL
	wait_until 10 has_status c1 stopped
	rootlet delete c1
	has_status other running
}

@test "join the pids of another container: we end with it" {
	other_container
	joins pid "/proc/$other/ns/pid"
	script 'exec sleep 1000'
	running c1
	rootlet kill other KILL
	wait_until 10 has_status c1 stopped
	rootlet delete c1
	wait_until 10 has_status other stopped
	rootlet delete other
	assert_nothing_left
}

@test "join the users of another container" {
	skip_if_root
	other_container
	joins user "/proc/$other/ns/user"
	script 'readlink /proc/self/ns/user; cat /proc/self/uid_map; id -u'
	try rootlet run c1
	assert_success
	assert_equal "${lines[0]}" "$(readlink "/proc/$other/ns/user")"
	assert_equal "$(map_lines "$(sed '1d; $d' <<<"$output")")" "$(map_lines "$(cat "/proc/$other/uid_map")")"
	assert_equal "${lines[-1]}" 0
}

@test "join the cgroup namespace of another container" {
	other_container
	joins cgroup "/proc/$other/ns/cgroup"
	script 'readlink /proc/self/ns/cgroup'
	try rootlet run c1
	assert_success
	assert_output "$(readlink "/proc/$other/ns/cgroup")"
}

# As containers of a pod are run.
join_all() {
	local type
	for type in network ipc uts pid cgroup; do
		joins "$type" "/proc/$other/ns/$(link_name "$type")"
	done
}

@test "join all at once, the user namespace among them" {
	skip_if_root
	other_container
	join_all
	joins user "/proc/$other/ns/user"
	show_namespaces
	try rootlet run c1
	assert_success
	refute_stderr
	assert_shared cgroup ipc net pid user uts
}

@test "join all at once, the user namespace unsaid" {
	skip_if_root
	other_container
	join_all
	show_namespaces
	try rootlet run c1
	assert_success
	refute_stderr
	assert_shared cgroup ipc net pid user uts
}

@test "exec in a container that has joined others is in the same namespaces" {
	other_container
	join_all
	script 'sleep 1000'
	running c1
	try rootlet exec c1 sh -c 'cd /proc/self/ns; for ns in cgroup ipc mnt net pid user uts; do readlink $ns; done'
	assert_success
	assert_equal "$output" "$(for link in cgroup ipc mnt net pid user uts; do
		readlink "/proc/$(pid_of c1)/ns/$link"
	done)"
}

@test "a joined network namespace may be a file that it is bound to" {
	skip_if_root
	skip_unless_subids
	need_python ctypes
	other_container
	: >"$T/netns"
	joins network "$T/netns"
	script 'readlink /proc/self/ns/net'
	# Bound in a mount namespace of ours, whose user namespace is no owner of the other's.
	try "$PYTHON" "$TESTS/userns.py" sh -ec 'unshare -n sh -c "mount --bind /proc/self/ns/net \"$1\"
		readlink /proc/self/ns/net"; shift; exec "$@"' sh "$T/netns" "$ROOTLET" --root "$STATE_DIR" run c1
	assert_success
	assert_equal "${lines[1]}" "${lines[0]}"
}

# --- refused ---------------------------------------------------------------------------------

# refused TYPE PATH REGEX: with the place of the entry, before anything exists.
refused() {
	cp config.json "$T/saved.json"
	joins "$1" "$2"
	local index
	index=$(jq '.linux.namespaces | length - 1' config.json)
	try rootlet run c1
	assert_error "linux\\.namespaces\\[$index\\]\\.path: $3" 125
	cp "$T/saved.json" config.json
}

@test "a namespace of another type is refused" {
	refused network /proc/self/ns/uts '/proc/self/ns/uts is not a namespace of type network'
	refused pid /proc/self/ns/net '/proc/self/ns/net is not a namespace of type pid'
	refused user /proc/self/ns/mnt '/proc/self/ns/mnt is not a namespace of type user'
	assert_nothing_left
}

@test "what is not a namespace is refused" {
	echo text >"$T/file"
	mkfifo "$T/fifo"
	refused network "$T/file" "$T/file is not a namespace"
	refused network "$T" "$T is not a namespace"
	refused ipc /dev/null '/dev/null is not a namespace'
	refused uts "$T/fifo" "$T/fifo is not a namespace"
	assert_nothing_left
}

@test "a path that does not exist is refused" {
	refused network "$T/none" "$T/none: No such file"
	refused network relative/path 'not an absolute path'
	assert_nothing_left
}

@test "a mount namespace by path is refused" {
	other_container
	joins mount "/proc/$other/ns/mnt"
	try rootlet run c1
	assert_error 'linux\.namespaces: a mount namespace cannot be joined' 125
}

@test "a namespace of somebody else is refused, with the reason" {
	skip_if_root
	# Process 1 is root's and lets nobody look.
	refused network /proc/1/ns/net '/proc/1/ns/net: Permission denied'
	# Our own belongs to the host's user namespace, which the container has left.
	joins network /proc/self/ns/net
	try rootlet run c1
	assert_error 'linux\.namespaces: cannot join the network namespace: .*belongs to another user namespace' 125
	assert_nothing_left
}

@test "mappings together with a joined user namespace are refused" {
	skip_if_root
	other_container
	joins user "/proc/$other/ns/user"
	config '.linux.uidMappings = [{containerID: 0, hostID: 0, size: 1}] |
		.linux.gidMappings = .linux.uidMappings'
	try rootlet run c1
	assert_error 'linux\.uidMappings: .*joined by path' 125
}

@test "network devices are refused to who is not root" {
	config '.linux.netDevices = {lo: {}}'
	try rootlet run c1
	assert_error 'linux.netDevices: only root can move a network device' 125
	assert_nothing_left
}
