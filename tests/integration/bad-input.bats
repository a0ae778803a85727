# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2016,SC2034,SC2154,SC2164
# Whatever is wrong with what we are given: one line on stderr that names the place, a non-zero
# status, and nothing left behind.

load helpers

setup_test() {
	make_bundle hello
	cp config.json "$T/good.json"
}

# regex TEXT: a regular expression that matches just this text.
regex() {
	sed 's/[][\\.*^$+?(){}|]/\\&/g' <<<"$1"
}

# refused REGEX: the bundle as it is now cannot be run, and the message says why.
refused() {
	try rootlet run bad
	assert_error "$1" 125
}

# A table on stdin, a line for each case: PLACE TAB JQ-FILTER. The filter breaks the good config,
# the message must have the place. A line without a filter needs none.
all_refused() {
	local place filter
	while IFS=$'\t' read -r place filter; do
		[ -n "$place" ] || continue
		jq "$filter" "$T/good.json" >config.json
		refused "$(regex "$place")" || fail "case: $place, $filter"
	done
	assert_nothing_left
}

# The same, where the filter sets what is at the place to a JSON value: PLACE TAB VALUE.
all_values_refused() {
	local place value
	while IFS=$'\t' read -r place value; do
		[ -z "$place" ] || printf '%s\t.%s = %s\n' "$place" "$place" "$value"
	done >"$T/table"
	all_refused <"$T/table"
}

# --- the file --------------------------------------------------------------------------------

@test "config.json is missing" {
	rm config.json
	refused 'config\.json'
	try rootlet create bad
	assert_error 'config\.json' 1
	assert_nothing_left
}

@test "config.json is not readable" {
	skip_if_root
	chmod 000 config.json
	refused 'config\.json'
	assert_nothing_left
}

@test "config.json is a directory" {
	rm config.json
	mkdir config.json
	refused 'config\.json'
	assert_nothing_left
}

@test "config.json is a pipe that nobody writes to" {
	rm config.json
	mkfifo config.json
	refused 'config\.json'
	assert_nothing_left
}

@test "config.json is empty" {
	: >config.json
	refused 'config\.json'
	assert_nothing_left
}

@test "config.json is truncated, wherever it is" {
	local size
	size=$(stat -c %s "$T/good.json")
	local cut
	for cut in 1 2 100 $((size / 3)) $((size / 2)) $((size - 20)) $((size - 3)); do
		head -c "$cut" "$T/good.json" >config.json
		refused 'config\.json'
	done
	assert_nothing_left
}

@test "config.json has something behind its end" {
	echo '}' >>config.json
	refused 'config\.json'
	assert_nothing_left
}

@test "config.json is not UTF-8" {
	sed 's/"hostname": "[^"]*"/"hostname": "caf\xe9"/' "$T/good.json" >config.json
	refused 'config\.json'
	assert_nothing_left
}

@test "config.json has NUL bytes" {
	printf '\0' >>config.json
	refused 'config\.json'
	jq '.process.args = ["/hello", "a\u0000b"]' "$T/good.json" >config.json
	refused 'config\.json'
	assert_nothing_left
}

@test "config.json is nested without end" {
	head -c 1000000 /dev/zero | tr '\0' '[' >config.json
	refused 'config\.json'
	assert_nothing_left
}

@test "config.json has 100 MB" {
	head -c 100000000 /dev/zero | tr '\0' ' ' >>config.json
	refused 'config\.json'
	assert_nothing_left
}

@test "config.json is an array, a string, a number, null" {
	local document
	for document in '[]' '"config"' 1 null; do
		echo "$document" >config.json
		refused 'config\.json'
	done
	assert_nothing_left
}

@test "the bundle does not exist, or is a file" {
	try rootlet run --bundle "$T/nowhere" bad
	assert_error "$T/nowhere" 125
	try rootlet run --bundle "$T/good.json" bad
	assert_error "$T/good.json" 125
	assert_nothing_left
}

@test "the spec's own samples of bad documents" {
	local sample
	for sample in "$TESTS"/data/bad-configs/*.json; do
		cp "$sample" config.json
		refused 'config\.json'
	done
	assert_nothing_left
}

# --- its content -----------------------------------------------------------------------------

@test "fields of process have the wrong type" {
	all_values_refused <<-'END'
		ociVersion	1
		process	"sh"
		process.args	"sh"
		process.args[0]	7
		process.args[0]	null
		process.env	{"PATH": "/bin"}
		process.env[1]	7
		process.cwd	7
		process.terminal	"no"
		process.consoleSize	80
		process.consoleSize.height	"25"
		process.user	[]
		process.user.uid	"0"
		process.user.uid	-1
		process.user.uid	1.5
		process.user.gid	true
		process.user.umask	"022"
		process.user.additionalGids	5
		process.user.additionalGids[0]	"tty"
		process.capabilities	[]
		process.capabilities.bounding	"CAP_KILL"
		process.capabilities.ambient[0]	5
		process.rlimits	{}
		process.rlimits[0]	"RLIMIT_NOFILE"
		process.rlimits[0].type	7
		process.rlimits[0].soft	"1024"
		process.rlimits[0].hard	-1
		process.noNewPrivileges	"true"
		process.oomScoreAdj	"0"
		process.apparmorProfile	1
		process.selinuxLabel	1
		process.scheduler	"SCHED_OTHER"
		process.ioPriority	4
	END
}

@test "fields of root, mounts, hooks and annotations have the wrong type" {
	all_values_refused <<-'END'
		root	"rootfs"
		root.path	1
		root.readonly	"true"
		hostname	1
		domainname	[]
		mounts	{}
		mounts[0]	"/proc"
		mounts[0].destination	1
		mounts[1].type	1
		mounts[1].source	{}
		mounts[1].options	"ro"
		mounts[1].options[0]	1
		hooks	[]
		hooks.prestart	{}
		hooks.createRuntime[0]	"/bin/true"
		hooks.createContainer[0].path	1
		hooks.poststart[0]	{"path": "/bin/true", "args": "true"}
		hooks.poststop[0]	{"path": "/bin/true", "timeout": "1"}
		annotations	[]
		annotations["key"]	1
	END
}

@test "fields of linux have the wrong type" {
	all_values_refused <<-'END'
		linux	[]
		linux.namespaces	{}
		linux.namespaces[0]	"pid"
		linux.namespaces[0].type	1
		linux.namespaces[0].path	1
		linux.uidMappings	{}
		linux.uidMappings[0]	{"containerID": "0", "hostID": 0, "size": 1}
		linux.gidMappings[0]	{"containerID": 0, "hostID": [], "size": 1}
		linux.devices	{}
		linux.devices[0]	{"path": 1, "type": "c", "major": 1, "minor": 3}
		linux.cgroupsPath	1
		linux.resources	[]
		linux.resources.memory	[]
		linux.resources.memory.limit	"1"
		linux.resources.pids.limit	"1"
		linux.resources.cpu.shares	-1
		linux.sysctl	[]
		linux.sysctl["net.ipv4.ip_forward"]	1
		linux.seccomp	[]
		linux.seccomp	{"defaultAction": 1}
		linux.rootfsPropagation	1
		linux.maskedPaths	"/proc/kcore"
		linux.maskedPaths[0]	1
		linux.readonlyPaths	{}
		linux.mountLabel	1
		linux.personality	1
		linux.timeOffsets	1
	END
}

@test "a required field is missing" {
	all_refused <<-'END'
		ociVersion	del(.ociVersion)
		root	del(.root)
		root.path	del(.root.path)
		process	del(.process)
		process.args	del(.process.args)
		process.cwd	del(.process.cwd)
		process.rlimits[0].type	del(.process.rlimits[0].type)
		mounts[0].destination	del(.mounts[0].destination)
		linux.namespaces[0].type	del(.linux.namespaces[0].type)
		hooks.prestart[0].path	.hooks.prestart = [{}]
	END
}

@test "a version that we do not know" {
	all_values_refused <<-'END'
		ociVersion	"2.0.0"
		ociVersion	"2.0"
		ociVersion	"garbage"
		ociVersion	""
		ociVersion	"1"
		ociVersion	"1.0.0.0"
		ociVersion	"-1.0.0"
	END
}

@test "values that cannot be" {
	all_values_refused <<-'END'
		process.args	[]
		process.args[0]	""
		process.cwd	""
		process.cwd	"tmp"
		process.cwd	"./tmp"
		process.env[0]	"PATH"
		process.env[1]	""
		root.path	""
		mounts[0].destination	""
		process.user.umask	4096
		process.rlimits[0].soft	2048
	END
}

@test "names that nobody knows" {
	all_values_refused <<-'END'
		process.capabilities.bounding[0]	"CAP_"
		process.capabilities.effective[1]	"kill"
		process.capabilities.ambient[0]	""
		process.rlimits[0].type	"RLIMIT_FUN"
		process.rlimits[0].type	"NOFILE"
		linux.namespaces[0].type	"mnt"
		linux.namespaces[0].type	"PID"
		linux.namespaces[0].type	""
		linux.rootfsPropagation	"none"
		linux.seccomp	{"defaultAction": "SCMP_ACT_DANCE"}
	END
}

@test "something twice" {
	all_refused <<-'END'
		linux.namespaces[6]	.linux.namespaces += [{"type": "pid"}]
		process.rlimits[1]	.process.rlimits += [.process.rlimits[0]]
	END
}

@test "ids that do not fit into 32 bits" {
	all_values_refused <<-'END'
		process.user.uid	4294967296
		process.user.gid	4294967296
		process.user.additionalGids[0]	4294967296
		linux.uidMappings[0]	{"containerID": 4294967296, "hostID": 0, "size": 1}
		linux.uidMappings[0]	{"containerID": 0, "hostID": 4294967296, "size": 1}
		linux.gidMappings[0]	{"containerID": 0, "hostID": 0, "size": 4294967296}
	END
}

@test "mappings that cannot be" {
	config '.linux.namespaces += [{type: "user"}] |
		.linux.uidMappings = [{containerID: 0, hostID: 1, size: 1}] |
		.linux.gidMappings = .linux.uidMappings'
	cp config.json "$T/good.json"
	all_values_refused <<-'END'
		linux.gidMappings[0]	{"containerID": 0, "hostID": 1, "size": 0}
		linux.uidMappings[0]	{"containerID": 4294967295, "hostID": 1, "size": 2}
		linux.uidMappings[1]	{"containerID": 0, "hostID": 2, "size": 1}
		linux.uidMappings[1]	{"containerID": 1, "hostID": 1, "size": 1}
	END
}

@test "unknown properties are ignored, as the spec demands" {
	config '.frobnicate = {"a": [1]} | .process.colour = "red" | .linux.namespaces[0].x = null'
	try rootlet run good
	assert_success
	assert_output "Hello from a container!"
	refute_stderr
}

# --- the root file system --------------------------------------------------------------------

@test "sections for other platforms are ignored, with one warning" {
	config '. + {windows: {layerFolders: ["a"]}, vm: {kernel: {path: "/k"}}, solaris: {}, zos: {}, freebsd: {}} |
		.process.commandLine = "cmd" | .process.user.username = "somebody"'
	try rootlet run c1
	assert_success
	assert_equal "$stderr" \
		"rootlet: warning: config.json: windows, solaris, vm, zos, freebsd: ignored, this is Linux"
}

@test "rootfs is missing" {
	rm -r rootfs
	refused 'rootfs'
	assert_nothing_left
}

@test "rootfs is a file" {
	rm -r rootfs
	echo text >rootfs
	refused 'rootfs'
	assert_nothing_left
}

@test "the program does not exist" {
	config '.process.args = ["/nothing"]'
	try rootlet run bad
	assert_error '/nothing' 127
	try rootlet create bad
	assert_error '/nothing' 127
	assert_nothing_left
}

@test "the program is not in the PATH" {
	config '.process.args = ["nothing"]'
	try rootlet run bad
	assert_error 'nothing' 127
	assert_nothing_left
}

@test "the program is not executable" {
	chmod 644 rootfs/hello
	try rootlet run bad
	assert_error '/hello' 126
	try rootlet create bad
	assert_error '/hello' 126
	assert_nothing_left
}

@test "the program is a directory" {
	mkdir rootfs/directory
	config '.process.args = ["/directory"]'
	try rootlet run bad
	assert_error '/directory' 126
	assert_nothing_left
}

@test "the program is in no format that the kernel knows: start says so" {
	head -c 100 "$ROOTLET" >rootfs/hello
	try rootlet run bad
	assert_error '/hello' 126
	try rootlet create bad
	assert_success
	try rootlet start bad
	assert_error '/hello' 126
	rootlet delete --force bad
	assert_nothing_left
}

@test "the program's interpreter does not exist: start says so" {
	printf '#!/no/interpreter\n' >rootfs/hello
	try rootlet run bad
	assert_error '/hello' 127
	assert_nothing_left
}

# --- ids of containers -----------------------------------------------------------------------

@test "ids that are none" {
	local id
	for id in "" . .. .hidden -dash a/b /a ../a "a b" $'a\nb' 'a*' 'é' '$x' \
		"$(printf '%0256d' 0)" "$(printf '%01000d' 0)"; do
		try rootlet run -- "$id"
		assert_failure
		assert_line_count 1 "$stderr"
		refute_output
	done
	assert_nothing_left
}

@test "ids with all that they may have" {
	local id
	for id in a 0 A_+.-z _x +x a..b; do
		try rootlet run -- "$id"
		assert_success
		assert_output "Hello from a container!"
	done
	assert_nothing_left
}

@test "an id whose socket would not fit is refused, not cut off" {
	try rootlet run "$(printf '%0200d' 0)"
	if [ "$status" -ne 0 ]; then
		assert_error 'id' 125
	fi
	assert_nothing_left
}

@test "a container that does not exist" {
	local command
	for command in start state kill delete ps; do
		try rootlet "$command" nobody
		assert_error 'nobody' 1
	done
	try rootlet exec nobody true
	assert_error 'nobody' 125
	try rootlet delete --force nobody
	assert_success
	refute_stderr
	assert_nothing_left
}

@test "a container that exists already" {
	created c1
	try rootlet create c1
	assert_error 'c1' 1
	try rootlet run c1
	assert_error 'c1' 125
	has_status c1 created
	rootlet delete --force c1
}

# --- states ----------------------------------------------------------------------------------

busybox_sleeping() {
	rm -rf config.json rootfs
	make_bundle busybox
	script 'sleep 1000'
}

@test "start of a running container" {
	busybox_sleeping
	running c1
	try rootlet start c1
	assert_error 'c1.*running' 1
	has_status c1 running
}

@test "start of a stopped container" {
	created c1
	rootlet start c1
	wait_until 10 has_status c1 stopped
	try rootlet start c1
	assert_error 'c1.*stopped' 1
}

@test "delete of a running container" {
	busybox_sleeping
	running c1
	try rootlet delete c1
	assert_error 'c1.*running' 1
	has_status c1 running
}

@test "delete of a created container" {
	created c1
	try rootlet delete c1
	if [ "$status" -ne 0 ]; then
		assert_error 'c1.*created' 1
		has_status c1 created
	fi
}

@test "exec in a stopped container" {
	created c1
	rootlet start c1
	wait_until 10 has_status c1 stopped
	try rootlet exec c1 /hello
	assert_error 'c1.*stopped' 125
}

@test "kill of a stopped container" {
	created c1
	rootlet start c1
	wait_until 10 has_status c1 stopped
	try rootlet kill c1
	assert_error 'c1.*stopped' 1
}

@test "a signal that nobody knows" {
	busybox_sleeping
	running c1
	local signal
	for signal in SIGNOTHING NOTHING "" 0x9 -1 65 99999999999 9x; do
		try rootlet kill -- c1 "$signal"
		assert_failure
		assert_line_count 1 "$stderr"
		assert_match "$stderr" 'signal'
	done
	has_status c1 running
}

# --- the runtime directory -------------------------------------------------------------------

@test "the runtime directory is not writable" {
	skip_if_root
	chmod 555 "$XDG_RUNTIME_DIR"
	try rootlet run bad
	chmod 700 "$XDG_RUNTIME_DIR"
	assert_error "$XDG_RUNTIME_DIR" 125
	assert_nothing_left
}

@test "the runtime directory is a file" {
	echo text >"$T/file"
	try "$ROOTLET" --root "$T/file" run bad
	assert_error "$T/file" 125
	assert_nothing_left
}

# on_tmpfs OPTIONS TEXT: run the shell commands on a tmpfs of ours at $T/full.
on_tmpfs() {
	mkdir -p "$T/full"
	unshare -rm true 2>/dev/null || skip "needs a user namespace"
	try unshare -rm sh -c "mount -t tmpfs -o $1 tmpfs \"\$0\" && cd \"\$0\" && $2" "$T/full" "$ROOTLET" \
		"$BUNDLE"
}

@test "the runtime directory's file system is read-only" {
	on_tmpfs ro '"$1" --root "$0/state" run --bundle "$2" bad'
	assert_error "$T/full" 125
}

@test "the runtime directory's file system has no inode left" {
	on_tmpfs nr_inodes=1 '"$1" --root "$0/state" run --bundle "$2" bad'
	assert_error "$T/full" 125
}

@test "the runtime directory's file system has no space left" {
	config '.linux.namespaces += [{type: "user"}] |
		.linux.uidMappings = [{containerID: 0, hostID: 0, size: 1}] |
		.linux.gidMappings = .linux.uidMappings'
	on_tmpfs size=4k 'echo full >file && "$1" --root "$0/state" run --bundle "$2" bad; status=$?
		find state -mindepth 1; exit $status'
	assert_error '[Nn]o space left' 125
}
