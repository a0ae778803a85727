# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2016,SC2034,SC2154,SC2164
# Containers in scopes of systemd: of the user's from a login session's scope, from a service, from
# cron; of the system's as root. Limits are read back from the unit's properties and from the files
# of the cgroup that the container's process is in.
# guest modes: session root

load helpers
load guest

setup_test() {
	skip_unless_guest
	[ "$(id -u)" -eq 0 ] || use_login
	make_bundle
	config '.process.args = ["sleep", "1000"] | .linux.cgroupsPath = $path' --arg path "::$(unit_name)"
}

teardown_test() {
	[ -n "${GUEST_MODE:-}" ] || return 0
	wait_until 20 no_scopes || {
		rootlet list
		scopes
		return 1
	}
}

# What does not depend on where we are is shown in one place: the guest is slow.
only_in_session() {
	[ "$GUEST_MODE" = session ] || skip "is shown in a login session"
}

# Names of units are the machine's, so each test has some of its own.
unit_name() {
	echo "rltest-$BATS_TEST_NUMBER${1:+-$1}"
}

# The state is the test's own; systemd is found by XDG_RUNTIME_DIR.
rootlet() {
	"$ROOTLET" --root "$STATE_DIR" --systemd-cgroup "$@"
}

sysd() {
	if [ "$(id -u)" -eq 0 ]; then
		systemctl "$@"
	else
		systemctl --user "$@"
	fi
}

# The units of this test that systemd knows, whatever their state.
scopes() {
	sysd list-units --all --no-legend --plain "$(unit_name)*" | awk '{ print $1 }'
}

# Those of containers that still run are the test's to end.
no_scopes() {
	local id
	for id in $(rootlet list --quiet); do
		rootlet delete --force "$id"
	done
	[ -z "$(scopes)" ]
}

property() { # UNIT NAME
	sysd show --property="$2" --value "$1"
}

scope_of() { # ID
	basename "$(cgroup_of "$(pid_of "$1")")"
}

# The value in a file of the container's cgroup.
limit() { # ID FILE
	cgroup_file "$(pid_of "$1")" "$2"
}

LIMITS='{
	memory: { limit: 67108864, swap: 100663296, reservation: 33554432 },
	cpu: { shares: 512, quota: 25000, period: 50000, cpus: "0", mems: "0" },
	pids: { limit: 42 },
	blockIO: { weight: 300 },
	unified: { "memory.high": "60000000", "memory.min": "4096", "cgroup.max.depth": "7" }
}'

assert_limits_in_files() { # ID
	assert_equal "$(limit "$1" memory.max)" 67108864
	assert_equal "$(limit "$1" memory.swap.max)" 33554432
	assert_equal "$(limit "$1" memory.low)" 33554432
	assert_equal "$(limit "$1" memory.min)" 4096
	assert_equal "$(limit "$1" memory.high)" 59998208
	assert_equal "$(limit "$1" cpu.max)" "25000 50000"
	assert_equal "$(limit "$1" cpu.weight)" 59
	assert_equal "$(limit "$1" cpuset.cpus)" 0
	assert_equal "$(limit "$1" cpuset.mems)" 0
	assert_equal "$(limit "$1" pids.max)" 42
	assert_equal "$(limit "$1" cgroup.max.depth)" 7
	if [ -e "/sys/fs/cgroup$(cgroup_of "$(pid_of "$1")")/io.bfq.weight" ]; then
		assert_equal "$(limit "$1" io.bfq.weight)" "default 300"
	fi
}

# --- a scope with limits ---------------------------------------------------------------------

@test "limits are properties of the scope, and in the files of its cgroup" {
	config ".linux.resources = $LIMITS"
	running c1
	local unit
	unit=$(scope_of c1)
	assert_equal "$unit" "$(unit_name).scope"
	assert_limits_in_files c1
	assert_equal "$(property "$unit" MemoryMax)" 67108864
	assert_equal "$(property "$unit" MemorySwapMax)" 33554432
	assert_equal "$(property "$unit" MemoryLow)" 33554432
	assert_equal "$(property "$unit" MemoryHigh)" 60000000
	assert_equal "$(property "$unit" MemoryMin)" 4096
	assert_equal "$(property "$unit" CPUQuotaPerSecUSec)" 500ms
	assert_equal "$(property "$unit" CPUQuotaPeriodUSec)" 50ms
	assert_equal "$(property "$unit" CPUWeight)" 59
	assert_equal "$(property "$unit" AllowedCPUs)" 0
	assert_equal "$(property "$unit" AllowedMemoryNodes)" 0
	assert_equal "$(property "$unit" TasksMax)" 42
	assert_match "$(property "$unit" Delegate)" yes
	assert_equal "$(property "$unit" ActiveState)" active
}

@test "a daemon-reload of systemd changes nothing" {
	config ".linux.resources = $LIMITS"
	running c1
	sysd daemon-reload
	assert_limits_in_files c1
	# It writes all files of a unit again when one of its properties changes.
	sysd set-property --runtime "$(scope_of c1)" MemoryMax=60M
	assert_equal "$(limit c1 memory.max)" 62914560
	assert_equal "$(limit c1 memory.low)" 33554432
	assert_equal "$(limit c1 pids.max)" 42
	assert_equal "$(limit c1 cgroup.max.depth)" 7
}

# A container of one name after the other; its cpuset goes to stdout.
come_and_go() { # NAME
	local i
	jq --arg path "::$(unit_name "$1")" '.linux.cgroupsPath = $path' config.json >"config.$1"
	for i in 1 2 3 4 5 6 7 8; do
		rootlet create --config "config.$1" "$1" </dev/null >/dev/null || continue
		limit "$1" cpuset.cpus
		rootlet delete "$1"
	done
}

# When the last scope of a slice goes, systemd takes controllers from the slice; if another comes at
# that moment, from that too, for a moment.
@test "scopes that come and go beside each other have all their limits" {
	only_in_session
	config '.linux.resources = { cpu: { cpus: "0" }, pids: { limit: 9 } }'
	local name pids=()
	for name in a b c; do
		come_and_go $name >"$T/$name.out" 2>"$T/$name.err" 3>&- &
		pids+=($!)
	done
	wait "${pids[@]}"
	assert_equal "$(cat "$T"/[abc].err)" ""
	assert_equal "$(cat "$T"/[abc].out | sort | uniq -c | tr -s ' ')" " 24 0"
}

@test "per-device throttles are properties and in the files" {
	only_in_session
	local disk
	disk=$(cat /sys/block/vda/dev)
	config '.linux.resources.blockIO = {
		throttleReadBpsDevice: [{ major: $major, minor: $minor, rate: 1048576 }],
		throttleWriteIOPSDevice: [{ major: $major, minor: $minor, rate: 100 }] }' \
		--argjson major "${disk%:*}" --argjson minor "${disk#*:}"
	running c1
	assert_equal "$(limit c1 io.max)" "$disk rbps=1048576 wbps=max riops=max wiops=100"
	assert_match "$(property "$(scope_of c1)" IOReadBandwidthMax)" ' 1048576$'
	assert_match "$(property "$(scope_of c1)" IOWriteIOPSMax)" ' 100$'
	sysd daemon-reload
	assert_equal "$(limit c1 io.max)" "$disk rbps=1048576 wbps=max riops=max wiops=100"
}

@test "limits are in force before the hooks of createContainer and the first instruction" {
	config '.linux.resources = { memory: { limit: 67108864 }, pids: { limit: 42 } } |
		.hooks.createRuntime = [{ path: "/bin/sh", args: ["sh", "-c",
			"pid=$(jq .pid); cat /sys/fs/cgroup$(sed s/^0::// /proc/$pid/cgroup)/memory.max >$1",
			"sh", $file] }]' --arg file "$T/seen"
	script 'cat /sys/fs/cgroup/pids.max'
	config '.linux.namespaces |= (. + [{ type: "cgroup" }] | unique)'
	try rootlet run c1
	assert_success
	assert_output 42
	assert_equal "$(cat "$T/seen")" 67108864
}

@test "annotations are properties of the unit" {
	only_in_session
	config '.annotations["org.systemd.property.TimeoutStopSec"] = "7" |
		.annotations["org.systemd.property.Description"] = "'"'a test'"'"'
	running c1
	assert_equal "$(property "$(scope_of c1)" TimeoutStopUSec)" 7s
	assert_equal "$(property "$(scope_of c1)" Description)" "a test"
}

@test "an annotation that systemd refuses is said in one line, and nothing is left" {
	only_in_session
	config '.annotations["org.systemd.property.NoSuchProperty"] = "7"'
	try rootlet create c1
	assert_error NoSuchProperty
	config '.annotations = { "org.systemd.property.KillMode": "mixed" }'
	try rootlet create c1
	assert_error 'annotations\[org\.systemd\.property\.KillMode\].*is not understood'
	assert_nothing_left
}

# --- names -----------------------------------------------------------------------------------

@test "slices are nested as their names say" {
	only_in_session
	local name
	name=$(unit_name)
	config '.linux.cgroupsPath = $path' --arg path "rltest-a-b.slice:$name:x+y"
	running c1
	assert_match "$(cgroup_of "$(pid_of c1)")" \
		'/rltest\.slice/rltest-a\.slice/rltest-a-b\.slice/'"$name"'-x\\x2by\.scope$'
	assert_equal "$(property "$name-x\\x2by.scope" Slice)" rltest-a-b.slice
}

@test "without a slice it is in systemd's own for such units, without a path named for the id" {
	running c1
	if [ "$GUEST_MODE" = root ]; then
		assert_equal "$(property "$(scope_of c1)" Slice)" system.slice
	else
		assert_equal "$(property "$(scope_of c1)" Slice)" app.slice
	fi
	config 'del(.linux.cgroupsPath)'
	running "$(unit_name)"
	assert_match "$(scope_of "$(unit_name)")" "^rootlet-$(unit_name)-[0-9a-f]*\.scope$"
	rootlet delete --force "$(unit_name)"
}

@test "a path of another form is refused in one line, and nothing is left" {
	only_in_session
	local path
	for path in a/b /a/b a:b a:b:c a.slice:b:c:d a.slice:b: -a.slice:b:c a--b.slice:b:c \
		../a.slice:b:c a.slice:b:../c a.slice:b:c.slice; do
		config '.linux.cgroupsPath = $path' --arg path "$path"
		try rootlet create c1
		assert_error 'linux\.cgroupsPath'
	done
	assert_nothing_left
}

@test "the name of a unit that is there is refused, and that one lives on" {
	only_in_session
	running c1
	try rootlet create c2
	assert_error "there is a unit $(unit_name)\.scope already"
	has_status c1 running
	assert_equal "$(property "$(scope_of c1)" ActiveState)" active
	try rootlet exec c1 true
	assert_success
}

@test "deleting a container does not stop another's scope that has the name by now" {
	only_in_session
	running c1
	rootlet kill c1 KILL
	wait_until 20 has_status c1 stopped
	wait_until 20 eval '[ -z "$(scopes)" ]'
	running c2
	try rootlet delete c1
	assert_success
	has_status c2 running
	assert_equal "$(property "$(scope_of c2)" ActiveState)" active
}

# --- verbs -----------------------------------------------------------------------------------

@test "update changes files and properties, and a daemon-reload keeps it" {
	config ".linux.resources = $LIMITS"
	running c1
	try rootlet update --memory 50331648 --memory-swap 50331648 --cpu-quota 10000 --cpu-share 1024 \
		--pids-limit 24 --cpuset-cpus 0-1 c1
	assert_success
	local unit round
	unit=$(scope_of c1)
	for round in before after; do
		assert_equal "$(limit c1 memory.max)" 50331648
		assert_equal "$(limit c1 memory.swap.max)" 0
		assert_equal "$(limit c1 cpu.max)" "10000 50000"
		assert_equal "$(limit c1 cpu.weight)" 100
		assert_equal "$(limit c1 pids.max)" 24
		assert_equal "$(limit c1 cpuset.cpus)" 0-1
		[ "$round" = after ] || sysd daemon-reload
	done
	assert_equal "$(property "$unit" MemoryMax)" 50331648
	assert_equal "$(property "$unit" CPUQuotaPerSecUSec)" 200ms
	assert_equal "$(property "$unit" TasksMax)" 24
}

@test "a container that is idle no more stays so when other limits change" {
	only_in_session
	config '.linux.resources = {cpu: {idle: 1}}'
	running c1
	[ -e "/sys/fs/cgroup$(cgroup_of "$(pid_of c1)")/cpu.idle" ] || skip "cpu.idle: Linux 5.15 or newer"
	assert_equal "$(limit c1 cpu.idle)" 1
	rootlet update --cpu-idle 0 c1
	assert_equal "$(limit c1 cpu.idle)" 0
	rootlet update --cpu-quota 20000 c1
	sysd daemon-reload
	assert_equal "$(limit c1 cpu.idle)" 0
	assert_equal "$(limit c1 cpu.weight)" 100
}

@test "an update that is refused leaves the old limits, in the properties too" {
	only_in_session
	config '.linux.resources = { memory: { limit: 67108864 }, pids: { limit: 42 } }'
	running c1
	try rootlet update --pids-limit 24 --cpuset-cpus 4000 c1
	assert_error .
	sysd daemon-reload
	assert_equal "$(limit c1 pids.max)" 42
	assert_equal "$(property "$(scope_of c1)" TasksMax)" 42
}

@test "pause and resume" {
	running c1
	rootlet pause c1
	has_status c1 paused
	assert_equal "$(limit c1 cgroup.freeze)" 1
	try rootlet exec c1 true
	assert_error paused
	rootlet resume c1
	has_status c1 running
	rootlet pause c1
	try rootlet delete --force c1
	assert_success
}

@test "exec lands in the scope, also from another one" {
	running c1
	try rootlet exec --detach --pid-file "$T/pid" c1 sleep 1000
	assert_success
	assert_equal "$(cgroup_of "$(<"$T/pid")")" "$(cgroup_of "$(pid_of c1)")"
	local run=(systemd-run --scope --quiet --collect)
	[ "$(id -u)" -eq 0 ] || run+=(--user)
	"${run[@]}" "$ROOTLET" --root "$STATE_DIR" exec --detach --pid-file "$T/other" c1 sleep 1000 \
		</dev/null >/dev/null 2>&1 3>&-
	assert_equal "$(cgroup_of "$(<"$T/other")")" "$(cgroup_of "$(pid_of c1)")"
	assert_line_count 3 "$(limit c1 cgroup.procs)"
}

@test "what systemd stops is stopped, and deleted like any other" {
	only_in_session
	running c1
	sysd stop "$(scope_of c1)"
	has_status c1 stopped
	try rootlet delete c1
	assert_success
	assert_nothing_left
}

@test "a process that the OOM killer takes does not end the container" {
	only_in_session
	config '.linux.resources.memory = { limit: 33554432, swap: 33554432 }'
	script 'while :; do sleep 1; done'
	running c1
	try rootlet exec c1 sh -c 'a=x; while :; do a=$a$a; done'
	assert_failure 137
	has_status c1 running
	assert_match "$(limit c1 memory.events)" 'oom_kill 1'
	assert_equal "$(property "$(scope_of c1)" ActiveState)" active
}

# --- nothing is left -------------------------------------------------------------------------

@test "delete leaves no scope and no cgroup" {
	running c1
	local cgroup
	cgroup=/sys/fs/cgroup$(cgroup_of "$(pid_of c1)")
	[ -d "$cgroup" ]
	rootlet delete --force c1
	[ ! -e "$cgroup" ]
	wait_until 5 eval '[ -z "$(scopes)" ]'
}

@test "a container that ends by itself leaves no scope, before it is deleted" {
	config '.process.args = ["true"]'
	created c1
	rootlet start c1
	wait_until 20 eval '[ -z "$(scopes)" ]'
	try rootlet delete c1
	assert_success
}

@test "processes that linger are ended, and cgroups that the container has made go" {
	config '.linux.namespaces |= map(select(.type != "pid") | select(.type != "cgroup")) |
		.linux.namespaces += [{ type: "cgroup" }] |
		.mounts |= map(if .destination == "/sys/fs/cgroup" then .options -= ["ro"] else . end)'
	script 'mkdir -p /sys/fs/cgroup/a/b && sleep 1000 & echo $$ >/sys/fs/cgroup/a/b/cgroup.procs; exit 0'
	created c1
	local cgroup
	cgroup=/sys/fs/cgroup$(cgroup_of "$(pid_of c1)")
	rootlet start c1
	wait_until 20 has_status c1 stopped
	assert_equal "$(scopes)" "$(unit_name).scope"
	try rootlet delete c1
	assert_success
	[ ! -e "$cgroup" ]
	wait_until 5 eval '[ -z "$(scopes)" ]'
}

@test "create, killed at 12 random moments, leaves no scope" {
	only_in_session
	local killer round moment time start
	killer=$(test_program kill-after)
	RANDOM=${KILL9_SEED:-$$}
	echo "KILL9_SEED=${KILL9_SEED:-$$}"
	start=${EPOCHREALTIME/[.,]/}
	created c1
	time=$((${EPOCHREALTIME/[.,]/} - start))
	rootlet delete --force c1
	for ((round = 0; round < 12; round++)); do
		moment=$((RANDOM * 32768 + RANDOM))
		"$killer" $((moment % time)) "$ROOTLET" --root "$STATE_DIR" --systemd-cgroup create c1 \
			</dev/null >/dev/null 2>&1 3>&- || true
		try rootlet delete --force c1
		assert_success
		wait_until 20 eval '[ -z "$(scopes)" ]'
		assert_nothing_left
	done
}

@test "100 containers at once, each with its limit, and none is left" {
	only_in_session
	local i failed=0 jobs=()
	config 'del(.linux.cgroupsPath) | .linux.resources.memory.limit = 67108864'
	for ((i = 0; i < 100; i++)); do
		(
			id=$(unit_name "$i")
			rootlet create "$id" && rootlet start "$id" &&
				[ "$(limit "$id" memory.max)" = 67108864 ] && rootlet delete --force "$id"
		) </dev/null >"$T/out.$i" 2>&1 3>&- &
		jobs+=($!)
	done
	for i in "${!jobs[@]}"; do
		wait "${jobs[i]}" || {
			echo "container $i: $(cat "$T/out.$i")"
			failed=$((failed + 1))
		}
	done
	assert_equal "$failed" 0
	assert_nothing_left
	wait_until 20 eval '[ -z "$(sysd list-units --all --no-legend --plain "rootlet-$(unit_name)*")" ]'
	[ -z "$(find /sys/fs/cgroup -name "rootlet-$(unit_name)*")" ]
}

# --- no systemd, or one that does not answer -----------------------------------------------------

@test "a bus that does not answer is waited for 30 seconds, and nothing is left" {
	only_in_session
	mkdir "$T/silent"
	perl -MIO::Socket::UNIX -e 'my $s = IO::Socket::UNIX->new(Local => $ARGV[0], Listen => 5) or die;
		my @c; while (my $c = $s->accept) { push @c, $c }' "$T/silent/bus" </dev/null >/dev/null 3>&- &
	local server=$! start=$SECONDS
	wait_until 10 test -S "$T/silent/bus"
	XDG_RUNTIME_DIR=$T/silent try rootlet create c1
	kill "$server"
	assert_error "did not answer within 30 s"
	[ $((SECONDS - start)) -lt 60 ]
	assert_nothing_left
}

@test "waiting for a bus ends with a signal, and nothing is left" {
	only_in_session
	mkdir "$T/silent"
	perl -MIO::Socket::UNIX -e 'my $s = IO::Socket::UNIX->new(Local => $ARGV[0], Listen => 5) or die;
		my $c = $s->accept; open(my $f, ">", $ARGV[1]); close($f); sleep 100' "$T/silent/bus" "$T/accepted" \
		</dev/null >/dev/null 3>&- &
	local server=$! client
	wait_until 10 test -S "$T/silent/bus"
	XDG_RUNTIME_DIR=$T/silent "$ROOTLET" --root "$STATE_DIR" --systemd-cgroup create c1 \
		</dev/null >/dev/null 2>"$T/err" 3>&- &
	client=$!
	wait_until 20 test -e "$T/accepted"
	kill -TERM "$client"
	status=0
	wait "$client" || status=$?
	kill "$server"
	assert_status 143
	assert_nothing_left
}

@test "without a service manager of the user's it says how to get one" {
	skip_if_root
	export XDG_RUNTIME_DIR=$T/empty DBUS_SESSION_BUS_ADDRESS=
	mkdir "$XDG_RUNTIME_DIR"
	try rootlet create c1
	assert_error 'no connection to the user.s systemd: .*loginctl enable-linger'
	assert_nothing_left
	export XDG_RUNTIME_DIR=/run/user/$(id -u)
}

@test "XDG_RUNTIME_DIR need not be set" {
	skip_if_root
	unset XDG_RUNTIME_DIR DBUS_SESSION_BUS_ADDRESS
	running c1
	use_login
	assert_equal "$(scope_of c1)" "$(unit_name).scope"
}

@test "systemd's own socket does where there is no bus" {
	only_in_session
	mkdir -p "$T/nobus/systemd"
	ln -s "$XDG_RUNTIME_DIR/systemd/private" "$T/nobus/systemd/private"
	config ".linux.resources = $LIMITS"
	XDG_RUNTIME_DIR=$T/nobus DBUS_SESSION_BUS_ADDRESS= running c1
	assert_limits_in_files c1
	XDG_RUNTIME_DIR=$T/nobus DBUS_SESSION_BUS_ADDRESS= rootlet delete --force c1
	wait_until 5 eval '[ -z "$(scopes)" ]'
}

# --- the manager by circumstance -------------------------------------------------------------

@test "without --systemd-cgroup a path of three parts means systemd" {
	try "$ROOTLET" --root "$STATE_DIR" run --detach c1
	assert_success
	assert_equal "$(scope_of c1)" "$(unit_name).scope"
}

@test "without --systemd-cgroup a session's limits are a scope's" {
	only_in_session
	config 'del(.linux.cgroupsPath) | .linux.resources.pids.limit = 42'
	try "$ROOTLET" --root "$STATE_DIR" run --detach "$(unit_name)"
	assert_success
	refute_stderr
	assert_match "$(cgroup_of "$(pid_of "$(unit_name)")")" '/app\.slice/rootlet-[^/]*\.scope$'
	assert_equal "$(limit "$(unit_name)" pids.max)" 42
}

# --- root ------------------------------------------------------------------------------------

@test "root's device rules are in the unit, too" {
	skip_unless_root
	local disk
	disk=$(cat /sys/block/vda/dev)
	config '.linux.devices = [
		{ path: "/dev/loop-control", type: "c", major: 10, minor: 237 },
		{ path: "/dev/disk", type: "b", major: $major, minor: $minor }] |
		.linux.resources.devices = [
		{ allow: false, access: "rwm" },
		{ allow: true, type: "c", major: 10, minor: 237, access: "r" },
		{ allow: true, type: "c", major: 188, access: "rwm" }]' \
		--argjson major "${disk%:*}" --argjson minor "${disk#*:}"
	running c1
	local unit round
	unit=$(scope_of c1)
	assert_equal "$(property "$unit" DevicePolicy)" strict
	assert_match "$(property "$unit" DeviceAllow)" '/dev/char/10:237 r'
	assert_match "$(property "$unit" DeviceAllow)" 'char-188 rwm'
	for round in before after; do
		try rootlet exec c1 sh -c ': </dev/loop-control && : >/dev/null'
		assert_success
		try rootlet exec c1 sh -c ': </dev/disk'
		assert_failure
		assert_match "$stderr" 'Operation not permitted'
		[ "$round" = after ] || sysd daemon-reload
	done
}

# --- systemd in a container ------------------------------------------------------------------

@test "systemd is pid 1 in a container: it starts all, and shuts down" {
	systemd_bundle
	running c1
	wait_until 120 eval 'case $(system_state) in running | degraded) ;; *) false ;; esac'
	rootlet exec c1 systemctl --failed --no-pager --no-legend
	assert_equal "$(system_state)" running
	try rootlet exec c1 systemctl is-active multi-user.target
	assert_output active
	# It has made cgroups below the scope, with controllers, which are its own.
	local top=/sys/fs/cgroup
	top+=$(cgroup_of "$(pid_of c1)")
	[ "$(basename "$top")" = init.scope ]
	[ -d "${top%/*}/system.slice" ]
	assert_match " $(cat "${top%/*}/cgroup.subtree_control") " ' memory '
	# SIGRTMIN+3 is what systemd takes for a request to power off.
	rootlet kill c1 37
	wait_until 60 has_status c1 stopped
	try rootlet delete c1
	assert_success
	assert_nothing_left
}
