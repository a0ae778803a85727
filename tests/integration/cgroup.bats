#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2016,SC2034,SC2154,SC2164
#
# Containers in cgroups of their own, where a part of the tree is delegated to the user: no
# controllers are needed for it. Limits are in guest-cgroup.bats.
# guest modes: scope

load helpers

setup_test() {
	skip_unless_delegated
	make_bundle busybox
	config '.process.args = ["sleep", "1000"] | .root.readonly = false'
}

# The directory of container ID's cgroup.
container_cgroup() {
	cgroup_directory "$(pid_of "$1")"
}

# The file system root as the container needs it to write to its cgroups.
writable_cgroups() {
	config '(.mounts[] | select(.destination == "/sys/fs/cgroup") | .options) -= ["ro"]'
}

pids_in() { # DIRECTORY
	find "$1" -name cgroup.procs -exec cat {} + | sort -n
}

has_no_processes() { # DIRECTORY
	[ ! -d "$1" ] || grep -qx 'populated 0' "$1/cgroup.events"
}

is_frozen() { # DIRECTORY
	grep -qx 'frozen 1' "$1/cgroup.events"
}

# --- place -----------------------------------------------------------------------------------

@test "a container has a cgroup of its own below the caller's" {
	running c1
	local cgroup
	cgroup=$(container_cgroup c1)
	assert_match "$cgroup" "^$CGROUP/rootlet-c1-[0-9a-f]{8}\$"
	assert_equal "$(cgroup_directory $BASHPID)" "$CGROUP"
	assert_equal "$(jq -r .cgroupManager "$STATE_DIR/c1/state.json")" cgroupfs
	rootlet delete --force c1
	[ ! -e "$cgroup" ]
}

@test "its cgroup namespace is rooted at it" {
	script 'sed -n "s/^0:://p" /proc/self/cgroup; ls /sys/fs/cgroup'
	try rootlet run c1
	assert_success
	assert_equal "${lines[0]}" /
	assert_line cgroup.procs
	[[ $output != *rootlet-c1* ]]
}

@test "containers of one id in two state directories have two cgroups" {
	running c1
	rootlet --root "$T/other" run -d c1
	refute_match "$(cgroup_directory "$(rootlet --root "$T/other" state c1 | jq .pid)")" \
		"^$(container_cgroup c1)\$"
	rootlet --root "$T/other" delete --force c1
	has_status c1 running
}

@test "a long id still gets a cgroup" {
	local id
	id=$(printf 'x%.0s' {1..90})
	# The state directory has to fit a socket's path, not the cgroup.
	rootlet --root /tmp/rl-$$ run -d "$id"
	[ -d "$(cgroup_directory "$(rootlet --root /tmp/rl-$$ state "$id" | jq .pid)")" ]
	rootlet --root /tmp/rl-$$ delete --force "$id"
	rmdir /tmp/rl-$$
}

@test "a relative cgroupsPath is below the caller's cgroup, and goes with what was made for it" {
	config '.linux.cgroupsPath = "pod/a/c1"'
	running c1
	assert_equal "$(container_cgroup c1)" "$CGROUP/pod/a/c1"
	rootlet delete --force c1
	[ ! -e "$CGROUP/pod" ]
}

@test "directories that were there before stay" {
	mkdir "$CGROUP/pod"
	config '.linux.cgroupsPath = "pod/a/c1"'
	running c1
	rootlet delete --force c1
	[ -d "$CGROUP/pod" ]
	[ ! -e "$CGROUP/pod/a" ]
	rmdir "$CGROUP/pod"
}

@test "what was made for several containers goes with the last of them" {
	mkdir "$CGROUP/given"
	config '.linux.cgroupsPath = "given/pod/a/c1"'
	created c1
	config '.linux.cgroupsPath = "given/pod/b/c2"'
	created c2
	rootlet delete c1
	[ ! -e "$CGROUP/given/pod/a" ]
	rootlet delete c2
	[ ! -e "$CGROUP/given/pod" ]
	[ -d "$CGROUP/given" ]
	rmdir "$CGROUP/given"
}

@test "an absolute cgroupsPath is from the root of the tree" {
	config '.linux.cgroupsPath = $path' --arg path "${CGROUP#"$(cgroup_tree)"}//mine/"
	running c1
	assert_equal "$(container_cgroup c1)" "$CGROUP/mine"
	rootlet delete --force c1
}

@test "a cgroupsPath where the user may not write is one line, and leaves nothing" {
	config '.linux.cgroupsPath = "/rootlet-test-forbidden"'
	try rootlet create c1
	assert_error 'cannot make cgroup /rootlet-test-forbidden: Permission denied; '
	assert_nothing_left
	[ ! -e "$(cgroup_tree)/rootlet-test-forbidden" ]
}

@test "a cgroupsPath with .. is refused" {
	local path
	for path in ../up a/../../up .. /a/../b ./a /. //; do
		config '.linux.cgroupsPath = $path' --arg path "$path"
		try rootlet create c1
		assert_error 'linux.cgroupsPath: '
		assert_nothing_left
	done
}

@test "overlong names and paths are refused" {
	config '.linux.cgroupsPath = $path' --arg path "$(printf 'x%.0s' {1..256})"
	try rootlet create c1
	assert_error 'linux.cgroupsPath: File name too long'
	config '.linux.cgroupsPath = $path' --arg path "$(printf 'abc/%.0s' {1..1100})"
	try rootlet create c1
	assert_error 'linux.cgroupsPath: File name too long'
}

@test "a cgroup that has processes is refused, and they are left alone" {
	mkdir "$CGROUP/taken"
	sleep 1000 3>&- &
	local pid=$!
	echo "$pid" >"$CGROUP/taken/cgroup.procs"
	config '.linux.cgroupsPath = "taken"'
	try rootlet create c1
	assert_error 'taken has processes already'
	process_lives "$pid"
	kill "$pid"
	wait_until 5 has_no_processes "$CGROUP/taken"
	rmdir "$CGROUP/taken"
}

@test "a frozen cgroup is refused: its processes would not start" {
	mkdir "$CGROUP/cold"
	echo 1 >"$CGROUP/cold/cgroup.freeze"
	config '.linux.cgroupsPath = "cold"'
	try timeout 10 "$ROOTLET" create c1
	assert_error 'cold is frozen'
	assert_equal "$(cat "$CGROUP/cold/cgroup.freeze")" 1
	rmdir "$CGROUP/cold"
	# Also when it is one above.
	mkdir "$CGROUP/cold"
	echo 1 >"$CGROUP/cold/cgroup.freeze"
	config '.linux.cgroupsPath = "cold/c1"'
	try timeout 10 "$ROOTLET" create c1
	assert_error 'cold/c1 is frozen'
	[ ! -e "$CGROUP/cold/c1" ]
	rmdir "$CGROUP/cold"
}

@test "a cgroup that another creation has found unused is refused" {
	config '.linux.cgroupsPath = "mine"'
	mkdir "$CGROUP/mine"
	try flock "$CGROUP/mine" "$ROOTLET" --root "$STATE_DIR" create c1
	assert_error 'cgroup .*/mine is being used for another container'
	[ -d "$CGROUP/mine" ]
	running c1
	rootlet delete --force c1
	assert_nothing_left
}

@test "an empty cgroup that is there already is used" {
	mkdir "$CGROUP/ready"
	config '.linux.cgroupsPath = "ready"'
	running c1
	assert_equal "$(container_cgroup c1)" "$CGROUP/ready"
	rootlet delete --force c1
}

# --- no cgroup -------------------------------------------------------------------------------

@test "--cgroup-manager disabled makes none" {
	rootlet --cgroup-manager disabled run -d c1
	assert_equal "$(container_cgroup c1)" "$CGROUP"
	try rootlet pause c1
	assert_error 'cannot pause container "c1": it has no cgroup of its own; '
	try rootlet resume c1
	assert_error 'cannot resume container "c1": it is running'
	try rootlet exec --cgroup / c1 true
	assert_error '--cgroup: the container has no cgroup of its own' 125
	assert_equal "$(rootlet ps -f json c1 | jq length)" 1
}

@test "where nothing is delegated there is none, and limits that are lost are named" {
	[ -z "${GUEST_MODE:-}" ] || skip "there is a systemd that can be asked"
	config '.linux.resources.memory.limit = 100000000 | .linux.resources.pids.limit = 5'
	chmod a-w "$CGROUP/cgroup.procs"
	try rootlet run -d c1
	chmod u+w "$CGROUP/cgroup.procs"
	assert_success
	assert_match "$stderr" 'linux.resources: not in force: .*memory.limit'
	assert_match "$stderr" 'pids.limit'
	assert_line_count 1 "$stderr"
	assert_equal "$(container_cgroup c1)" "$CGROUP"
	# What a login elsewhere has left in the environment is no systemd.
	chmod a-w "$CGROUP/cgroup.procs"
	DBUS_SESSION_BUS_ADDRESS=unix:path=$T/nowhere,guid=0 try rootlet run -d c2
	chmod u+w "$CGROUP/cgroup.procs"
	assert_success
	assert_match "$stderr" 'linux.resources: not in force: .*memory.limit'
}

@test "a cgroup that nothing asks for and that cannot be made is no failure" {
	echo 0 >"$CGROUP/cgroup.max.descendants"
	try rootlet run -d c1
	assert_success
	refute_stderr
	assert_equal "$(container_cgroup c1)" "$CGROUP"
	try rootlet --cgroup-manager cgroupfs create c2
	assert_error 'cannot make cgroup .*/rootlet-c2-'
	config '.linux.cgroupsPath = "mine"'
	try rootlet create c2
	assert_error 'cannot make cgroup .*/mine: '
	echo max >"$CGROUP/cgroup.max.descendants"
}

@test "cgroupfs that was asked for and cannot be had is an error" {
	chmod a-w "$CGROUP/cgroup.procs"
	try rootlet --cgroup-manager cgroupfs create c1
	chmod u+w "$CGROUP/cgroup.procs"
	assert_error 'is not delegated to this user; '
	assert_nothing_left
}

@test "limits without their controllers are lost with a warning, or refused" {
	[ -z "${GUEST_MODE:-}" ] || skip "there is a systemd that can be asked"
	config '.linux.resources.memory.limit = 100000000'
	try rootlet run -d c1
	assert_success
	assert_match "$stderr" 'linux.resources: not in force: memory.limit: '
	rootlet delete --force c1
	try rootlet --strict create c1
	assert_error 'linux.resources: cannot apply memory.limit: '
	config '.linux.cgroupsPath = "mine"'
	try rootlet create c1
	assert_error 'linux.resources: cannot apply memory.limit: '
	assert_nothing_left
}

@test "a raw key that every cgroup has is written" {
	config '.linux.resources.unified = {"cgroup.max.descendants": "7"}'
	running c1
	assert_equal "$(cat "$(container_cgroup c1)/cgroup.max.descendants")" 7
}

@test "update changes raw keys, and says that rules for devices stay" {
	running c1
	echo '{"unified": {"cgroup.max.depth": "6"}, "devices": [{"allow": true, "access": "rwm"}]}' >limits
	TRY_STDIN=limits try rootlet update -r - c1
	assert_success
	assert_equal "$stderr" "rootlet: warning: standard input: devices: their rules stay as they were at create"
	assert_equal "$(cat "$(container_cgroup c1)/cgroup.max.depth")" 6
}

@test "a scope of systemd is refused by the cgroupfs manager" {
	config '.linux.cgroupsPath = "user.slice:rootlet:c1"'
	try rootlet --cgroup-manager cgroupfs create c1
	assert_error 'names a scope of systemd'
	assert_nothing_left
}

# --- pause -----------------------------------------------------------------------------------

@test "pause freezes every process, resume lets them go on" {
	script 'trap "echo got it >/tmp/signal" USR1; touch /tmp/ready; while :; do sleep .05; done'
	running c1
	wait_until 10 test -e "$BUNDLE/rootfs/tmp/ready"
	rootlet pause c1
	has_status c1 paused
	assert_equal "$(rootlet list --format json | jq -r '.[0].status')" paused
	is_frozen "$(container_cgroup c1)"
	rootlet kill c1 USR1
	[ ! -e "$BUNDLE/rootfs/tmp/signal" ]
	rootlet resume c1
	has_status c1 running
	wait_until 10 test -e "$BUNDLE/rootfs/tmp/signal"
}

@test "pause and resume in the wrong state are refused" {
	running c1
	try rootlet resume c1
	assert_error 'cannot resume container "c1": it is running'
	rootlet pause c1
	try rootlet pause c1
	assert_error 'cannot pause container "c1": it is paused'
	rootlet resume c1
	rootlet kill c1 KILL
	wait_until 10 has_status c1 stopped
	try rootlet pause c1
	assert_error 'cannot pause container "c1": it is stopped'
}

@test "a created container can be paused, and cannot be started then" {
	created c1
	rootlet pause c1
	has_status c1 paused
	try rootlet start c1
	assert_error 'cannot start container "c1": it is paused'
	try timeout 10 "$ROOTLET" exec --ignore-paused c1 true
	assert_error 'waits for start and is paused' 125
	rootlet resume c1
	has_status c1 created
	rootlet start c1
}

@test "a resume that fails below a frozen cgroup leaves the container's own state" {
	config '.linux.cgroupsPath = "pod/c1"'
	running c1
	echo 1 >"$CGROUP/pod/cgroup.freeze"
	wait_until 10 has_status c1 paused
	try rootlet resume c1
	assert_error 'a cgroup above it is frozen'
	assert_equal "$(cat "$CGROUP/pod/c1/cgroup.freeze")" 0
	echo 0 >"$CGROUP/pod/cgroup.freeze"
	wait_until 10 has_status c1 running
}

@test "exec in a paused container is refused, unless --ignore-paused" {
	running c1
	rootlet pause c1
	try timeout 10 "$ROOTLET" exec c1 true
	assert_error 'cannot exec in container "c1": it is paused' 125
	"$ROOTLET" exec --ignore-paused c1 touch /tmp/done </dev/null >"$T/exec" 2>&1 3>&- &
	local pid=$!
	wait_until 10 eval '[ "$(pids_in "$(container_cgroup c1)" | wc -l)" -ge 2 ]'
	[ ! -e "$BUNDLE/rootfs/tmp/done" ]
	rootlet resume c1
	wait "$pid"
	[ -e "$BUNDLE/rootfs/tmp/done" ]
}

@test "an exec that waits in a paused container can be ended" {
	running c1
	rootlet pause c1
	"$ROOTLET" exec --ignore-paused c1 true </dev/null >"$T/exec" 2>&1 3>&- &
	local pid=$!
	wait_until 10 eval '[ "$(pids_in "$(container_cgroup c1)" | wc -l)" -ge 2 ]'
	kill -TERM "$pid"
	wait_until 10 process_gone "$pid"
}

@test "a paused container can be killed and deleted" {
	running c1
	rootlet pause c1
	try rootlet delete c1
	assert_error 'cannot delete container "c1": it is paused'
	rootlet kill c1 KILL
	wait_until 10 has_status c1 stopped
	rootlet delete c1
	running c1
	rootlet pause c1
	rootlet delete --force c1
}

# --- ps, kill, exec --------------------------------------------------------------------------

@test "ps shows who is in the cgroup, foreign processes too, and kill --all ends them" {
	running c1
	local cgroup
	cgroup=$(container_cgroup c1)
	sleep 1000 3>&- &
	local pid=$!
	echo "$pid" >"$cgroup/cgroup.procs"
	mkdir "$cgroup/below"
	try rootlet ps -f json c1
	assert_output "$(jq -cn '$ARGS.positional | map(tonumber) | sort' --args "$(pid_of c1)" "$pid")"
	echo "$pid" >"$cgroup/below/cgroup.procs"
	assert_equal "$(rootlet ps -f json c1)" "$output"
	rootlet kill --all c1 KILL
	wait_until 10 process_gone "$pid"
	rootlet delete --force c1
}

@test "kill --all sends other signals to all of them" {
	running c1
	local cgroup
	cgroup=$(container_cgroup c1)
	sleep 1000 3>&- &
	local pid=$!
	echo "$pid" >"$cgroup/cgroup.procs"
	rootlet kill --all c1 TERM
	wait_until 10 process_gone "$pid"
}

@test "without a pid namespace, everything ends with the container" {
	config '.linux.namespaces |= map(select(.type != "pid"))'
	script 'sleep 1000 & sleep 1001 & touch /tmp/ready; exec sleep 1002'
	running c1
	wait_until 10 test -e "$BUNDLE/rootfs/tmp/ready"
	assert_equal "$(rootlet ps -f json c1 | jq length)" 3
	local cgroup
	cgroup=$(container_cgroup c1)
	kill -KILL "$(pid_of c1)"
	wait_until 10 has_status c1 stopped
	[ "$(pids_in "$cgroup" | wc -l)" -eq 2 ]
	# Whoever is left, by the cgroup, although its init is gone.
	rootlet kill c1 KILL
	wait_until 10 has_no_processes "$cgroup"
	rootlet delete c1
}

@test "without a cgroup either, others that got its namespace's number are spared" {
	local left
	config '.linux.namespaces |= map(select(.type != "pid"))'
	script 'sleep 1000 & echo $! >/tmp/pid; exec sleep 1001'
	rootlet --cgroup-manager disabled run -d c1
	wait_until 10 test -s "$BUNDLE/rootfs/tmp/pid"
	left=$(pgrep -g "$(pid_of c1)" | grep -vx "$(pid_of c1)")
	process_lives "$left"
	cd "$STATE_DIR/c1"
	jq -e '.mountNamespaceId > 0' state.json || skip "mount namespaces have no numbers on this kernel"
	# As if it were another's by now.
	jq '.mountNamespaceId += 1' state.json >"$T/new"
	cp state.json "$T/old"
	kill -KILL "$(pid_of c1)"
	wait_until 10 has_status c1 stopped
	cp "$T/new" state.json
	cp -r . "$T/copy"
	cd "$BUNDLE"
	rootlet delete c1
	process_lives "$left"
	cp -r "$T/copy" "$STATE_DIR/c1"
	cp "$T/old" "$STATE_DIR/c1/state.json"
	rootlet delete c1
	wait_until 10 process_gone "$left"
}

@test "delete ends what lingers in the cgroup" {
	config '.linux.namespaces |= map(select(.type != "pid"))'
	script 'sleep 1000 & touch /tmp/ready; exec sleep 1001'
	running c1
	wait_until 10 test -e "$BUNDLE/rootfs/tmp/ready"
	kill -KILL "$(pid_of c1)"
	wait_until 10 has_status c1 stopped
	rootlet delete c1
}

@test "exec is in the container's cgroup from its beginning" {
	running c1
	try rootlet exec c1 sed -n 's/^0:://p' /proc/self/cgroup
	assert_success
	assert_output /
	rootlet exec -d c1 sleep 1001
	assert_equal "$(pids_in "$(container_cgroup c1)")" "$(rootlet ps -f json c1 | jq '.[]')"
}

@test "exec --cgroup: a cgroup below the container's, that is there" {
	running c1
	local cgroup
	cgroup=$(container_cgroup c1)
	mkdir -p "$cgroup/a/b"
	rootlet exec --cgroup a/b -d c1 sleep 1001
	assert_equal "$(wc -l <"$cgroup/a/b/cgroup.procs")" 1
	rootlet exec --cgroup / -d c1 sleep 1002
	assert_equal "$(wc -l <"$cgroup/cgroup.procs")" 2
	try rootlet exec --cgroup nowhere c1 true
	assert_error '--cgroup nowhere: no cgroup of the container: No such file' 125
	echo 1 >"$cgroup/a/cgroup.freeze"
	try rootlet exec --cgroup a/b c1 true
	assert_error 'cgroup a/b of the container is frozen' 125
	echo 0 >"$cgroup/a/cgroup.freeze"
	local path
	for path in .. a/../.. ../..; do
		try rootlet exec --cgroup "$path" c1 true
		assert_error '--cgroup: ' 125
	done
}

@test "run leaves no cgroup, however it ends" {
	config '.process.args = ["true"]'
	try rootlet run c1
	assert_success
	assert_nothing_left
	config '.process.args = ["/no/such/program"]'
	try rootlet run c1
	assert_failure 127
	assert_nothing_left
	config '.process.args = ["true"] | .hooks.createRuntime = [{path: "/bin/false"}]'
	try rootlet create c1
	assert_failure
	assert_nothing_left
}

# --- what containers do ----------------------------------------------------------------------

@test "a container can manage its cgroups where they are mounted to be written" {
	writable_cgroups
	script 'mkdir /sys/fs/cgroup/mine && echo $$ >/sys/fs/cgroup/mine/cgroup.procs &&
		sed -n "s/^0:://p" /proc/self/cgroup'
	try rootlet run c1
	assert_success
	assert_output /mine
	assert_nothing_left
}

@test "a thousand cgroups, and names of all kinds, are removed" {
	writable_cgroups
	script 'cd /sys/fs/cgroup && for i in $(seq 1000); do mkdir "$i" || exit; done
		mkdir -- -rf "a b" "*" "$(printf "\377\001")" ... " (deleted)" || exit
		mkdir "$(printf "x%.0s" $(seq 255))" 7/8 7/8/9 || exit
		touch /tmp/ready; sleep 1000'
	running c1
	wait_until 60 test -e "$BUNDLE/rootfs/tmp/ready"
	rootlet delete --force c1
	assert_nothing_left
}

@test "a nest of cgroups deeper than any path is removed" {
	writable_cgroups
	script 'cd /sys/fs/cgroup; name=$(printf "x%.0s" $(seq 200))
		for i in $(seq 100); do mkdir $name && cd -P $name || exit; done
		echo $$ >cgroup.procs; touch /tmp/ready; sleep 1000'
	running c1
	wait_until 60 test -e "$BUNDLE/rootfs/tmp/ready"
	assert_equal "$(rootlet ps -f json c1 | jq length)" 1
	rootlet delete --force c1
	assert_nothing_left
}

@test "a container that freezes its own cgroups is killed and removed" {
	writable_cgroups
	script 'cd /sys/fs/cgroup; mkdir -p cold/er; sleep 1001 & echo $! >cold/er/cgroup.procs
		echo 1 >cold/cgroup.freeze; echo 0 >cgroup.max.depth; echo 0 >cgroup.max.descendants
		touch /tmp/ready; sleep 1000'
	running c1
	wait_until 10 test -e "$BUNDLE/rootfs/tmp/ready"
	has_status c1 running
	rootlet delete --force c1
	assert_nothing_left
}

@test "cgroups that were given to other ids or closed to everybody are removed all the same" {
	skip_unless_subids
	writable_cgroups
	script 'cd /sys/fs/cgroup; mkdir -p a/b closed/c; sleep 1001 & echo $! >a/b/cgroup.procs
		chown -R 1000:1000 a; chmod 0 a; chown 1000 closed; chmod 0 closed
		touch /tmp/ready; sleep 1000'
	# Without a pid namespace the processes do not end by themselves.
	config '.linux.namespaces |= map(select(.type != "pid"))'
	config '(.process.capabilities | .bounding, .permitted, .effective) += ["CAP_CHOWN"]'
	running c1
	wait_until 10 test -e "$BUNDLE/rootfs/tmp/ready"
	rootlet delete --force c1
	assert_nothing_left
}

@test "a container that closes its own cgroup is still paused, shown and killed" {
	skip_unless_subids
	writable_cgroups
	config '.linux.namespaces |= map(select(.type != "pid"))'
	config '(.process.capabilities | .bounding, .permitted, .effective) += ["CAP_CHOWN"]'
	script 'cd /sys/fs/cgroup; for file in cgroup.procs cgroup.kill cgroup.freeze cgroup.threads; do
			chown 1000:1000 $file; chmod 0 $file; done
		sleep 1001 & touch /tmp/ready; exec sleep 1000'
	running c1
	wait_until 10 test -e "$BUNDLE/rootfs/tmp/ready"
	rootlet pause c1
	has_status c1 paused
	rootlet resume c1
	rootlet exec c1 true
	kill -KILL "$(pid_of c1)"
	rootlet kill --all c1 KILL
	rootlet delete --force c1
	assert_nothing_left
}

@test "a container that closes all of its cgroup is shown, killed and removed" {
	skip_unless_subids
	local closing
	writable_cgroups
	config '.linux.namespaces |= map(select(.type != "pid"))'
	config '(.process.capabilities | .bounding, .permitted, .effective) += ["CAP_CHOWN"]'
	for closing in 'chmod 0 .' 'mkdir a; chmod 0 a' 'chown 5:5 cgroup.events; chmod 0 cgroup.events'; do
		script "cd /sys/fs/cgroup; $closing; sleep 1001 & touch /tmp/ready; exec sleep 1000"
		running c1
		wait_until 10 test -e "$BUNDLE/rootfs/tmp/ready"
		try rootlet ps c1
		assert_success
		assert_line_count 3 "$output"
		kill -KILL "$(pid_of c1)"
		rootlet delete --force c1
		assert_nothing_left
		rm "$BUNDLE/rootfs/tmp/ready"
	done
}

@test "processes whose first thread has ended are killed, also in a threaded cgroup" {
	local how
	writable_cgroups
	cp -- "$(test_program leaderless)" "$BUNDLE/rootfs/leaderless"
	config '.linux.namespaces |= map(select(.type != "pid"))'
	for how in kill delete threaded; do
		[ "$how" != threaded ] ||
			script 'echo threaded >/sys/fs/cgroup/cgroup.type; exec /leaderless /tmp/ready'
		[ "$how" = threaded ] || config '.process.args = ["/leaderless", "/tmp/ready"]'
		running c1
		wait_until 10 test -e "$BUNDLE/rootfs/tmp/ready"
		[ "$how" != kill ] || {
			local cgroup
			cgroup=$(container_cgroup c1)
			rootlet kill --all c1 KILL
			wait_until 5 has_no_processes "$cgroup"
		}
		rootlet delete --force c1
		assert_nothing_left
		rm "$BUNDLE/rootfs/tmp/ready"
	done
}

@test "the cgroup belongs to the container's user when he can write to it, and only then" {
	skip_unless_subids
	local subuid
	subuid=$(awk -F: -v name="$(id -un)" '$1 == name { print $2; exit }' /etc/subuid)
	config '.process.user = {uid: 7, gid: 7}'
	running c1
	assert_equal "$(stat -c %u "$(container_cgroup c1)")" "$(id -u)"
	rootlet delete --force c1
	writable_cgroups
	script 'mkdir /sys/fs/cgroup/mine && echo $$ >/sys/fs/cgroup/mine/cgroup.procs && sleep 1000'
	running c1
	local cgroup=$CGROUP file
	wait_until 10 test -d "$(echo "$CGROUP"/rootlet-c1-*)/mine"
	cgroup=$(echo "$CGROUP"/rootlet-c1-*)
	for file in . $(cat /sys/kernel/cgroup/delegate); do
		[ ! -e "$cgroup/$file" ] || assert_equal "$(stat -c %u "$cgroup/$file")" $((subuid + 6))
	done
	for file in cgroup.freeze cgroup.kill cgroup.max.depth; do
		[ ! -e "$cgroup/$file" ] || assert_equal "$(stat -c %u "$cgroup/$file")" "$(id -u)"
	done
	try rootlet exec --user 0 c1 sed -n 's/^0:://p' /proc/self/cgroup
	assert_success
	assert_output /
	rootlet delete --force c1
	assert_nothing_left
}

# --- what others do --------------------------------------------------------------------------

@test "a cgroup that somebody else made under the container's path is not touched" {
	config '.linux.cgroupsPath = "mine"'
	running c1
	rootlet kill c1 KILL
	wait_until 10 has_status c1 stopped
	rmdir "$CGROUP/mine"
	mkdir "$CGROUP/mine"
	sleep 1000 3>&- &
	local pid=$!
	echo "$pid" >"$CGROUP/mine/cgroup.procs"
	try rootlet kill --all c1 KILL
	assert_failure
	rootlet delete --force c1
	process_lives "$pid"
	[ -d "$CGROUP/mine" ]
	kill "$pid"
	wait_until 5 has_no_processes "$CGROUP/mine"
	rmdir "$CGROUP/mine"
	# Nor when nothing is in it.
	running c1
	rootlet kill c1 KILL
	wait_until 10 has_status c1 stopped
	rmdir "$CGROUP/mine"
	mkdir "$CGROUP/mine"
	rootlet delete c1
	rmdir "$CGROUP/mine"
}

@test "a cgroup that is gone already is no hindrance" {
	running c1
	local cgroup
	cgroup=$(container_cgroup c1)
	rootlet kill c1 KILL
	wait_until 10 has_status c1 stopped
	rmdir "$cgroup"
	rootlet delete c1
	running c1
	cgroup=$(container_cgroup c1)
	# Moved away by force: it goes on without.
	echo "$(pid_of c1)" >"$CGROUP/cgroup.procs"
	rmdir "$cgroup"
	has_status c1 running
	rootlet delete --force c1
}

@test "a damaged state still tells of the cgroup" {
	config '.linux.namespaces |= map(select(.type != "pid"))'
	running c1
	echo '{' >"$STATE_DIR/c1/state.json"
	rootlet delete --force c1
	assert_nothing_left
}

@test "many containers at once leave no cgroup" {
	local i pids=() pid
	config '.process.args = ["true"]'
	config '.linux.cgroupsPath = "shared/pod/x"'
	for ((i = 0; i < 20; i++)); do
		jq --arg path "shared/pod/c$i" '.linux.cgroupsPath = $path' config.json >"config.$i"
		rootlet run --config "config.$i" "c$i" </dev/null >"$T/out.$i" 2>&1 3>&- &
		pids+=($!)
	done
	for pid in "${pids[@]}"; do
		wait "$pid"
	done
	[ ! -e "$CGROUP/shared" ]
	assert_nothing_left
}
