# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2016,SC2034,SC2154,SC2164
# rootlet spec: the config.json to begin with, for whoever runs it (the default), and with the
# caller's ids in it, as other runtimes need it (--rootless).

load helpers

setup_test() {
	need_python jsonschema
}

assert_valid() {
	"$PYTHON" "$TESTS/check-schema.py" config <config.json
}

# assert_json FILTER [EXPECTED]: what the filter yields, as compact JSON; true if not given.
assert_json() {
	assert_equal "$(jq -cS "$1" config.json)" "${2:-true}"
}

@test "spec writes config.json and says nothing" {
	try rootlet spec
	assert_success
	refute_output
	refute_stderr
	[ -f config.json ]
}

@test "spec never overwrites a file" {
	echo mine >config.json
	try rootlet spec
	assert_error 'config\.json' 1
	assert_equal "$(cat config.json)" mine
}

@test "spec does not follow a dangling link to write elsewhere" {
	ln -s "$T/elsewhere" config.json
	try rootlet spec
	assert_error 'config\.json'
	[ ! -e "$T/elsewhere" ]
}

@test "spec --bundle writes there" {
	mkdir one two three
	rootlet spec --bundle one
	rootlet spec --bundle=two
	rootlet spec -b three
	[ -f one/config.json ] && [ -f two/config.json ] && [ -f three/config.json ]
	[ ! -e config.json ]
}

@test "spec into a directory that does not exist names it" {
	try rootlet spec --bundle missing
	assert_error 'missing'
}

@test "spec into a directory that is not writable leaves nothing" {
	skip_if_root
	mkdir -m 555 closed
	try rootlet spec --bundle closed
	assert_error 'closed'
	assert_equal "$(ls closed)" ""
}

@test "the document is valid under the runtime-spec's schema" {
	rootlet spec
	assert_valid
}

@test "the document of --rootless is valid, too" {
	rootlet spec --rootless
	assert_valid
}

@test "the document is portable: no ids of this user, no user namespace" {
	rootlet spec
	assert_json '.linux | has("uidMappings") or has("gidMappings")' false
	assert_json '[.linux.namespaces[].type] | index("user")' null
	assert_json '[.. | strings | select(contains("'"$HOME"'"))]' '[]'
}

@test "the container gets namespaces of its own, but no user namespace is listed" {
	rootlet spec
	assert_json '[.linux.namespaces[].type] | sort' \
		'["cgroup","ipc","mount","network","pid","uts"]'
	assert_json '[.linux.namespaces[] | select(has("path"))]' '[]'
}

@test "the program is sh on a terminal, as root, in /, with a PATH and TERM" {
	rootlet spec
	assert_json '.process.args' '["sh"]'
	assert_json '.process.terminal'
	assert_json '[.process.user.uid, .process.user.gid]' '[0,0]'
	assert_json '.process.cwd' '"/"'
	assert_json '[.process.env[] | sub("=.*"; "")] | sort' '["PATH","TERM"]'
}

@test "the root file system is rootfs, read-only" {
	rootlet spec
	assert_json '.root' '{"path":"rootfs","readonly":true}'
}

@test "privileges are few: no new ones, three capabilities" {
	rootlet spec
	assert_json '.process.noNewPrivileges'
	local set
	for set in bounding effective permitted; do
		assert_json ".process.capabilities.$set | sort" \
			'["CAP_AUDIT_WRITE","CAP_KILL","CAP_NET_BIND_SERVICE"]'
	done
	assert_json '.process.rlimits' '[{"hard":1024,"soft":1024,"type":"RLIMIT_NOFILE"}]'
}

@test "proc, dev, pts, shm, mqueue and sys are mounted, in this order" {
	rootlet spec
	assert_json '[.mounts[].destination] - ["/sys/fs/cgroup"]' \
		'["/proc","/dev","/dev/pts","/dev/shm","/dev/mqueue","/sys"]'
	assert_json '.mounts[] | select(.destination == "/sys") | .options | index("ro") != null'
	assert_json '.mounts[] | select(.destination == "/dev/pts") | .options | index("gid=5") != null'
}

@test "cgroup is mounted where the host has a v2 tree" {
	rootlet spec
	if [ -e /sys/fs/cgroup/cgroup.controllers ]; then
		assert_json 'any(.mounts[]; .destination == "/sys/fs/cgroup" and .type == "cgroup")'
	elif ! grep -q ' - cgroup2 ' /proc/self/mountinfo; then
		assert_json 'any(.mounts[]; .type == "cgroup")' false
	else
		skip "this host has v1 and v2 side by side"
	fi
}

@test "what the kernel shows of the host is masked or read-only" {
	rootlet spec
	local path
	for path in /proc/acpi /proc/asound /proc/kcore /proc/keys /proc/latency_stats \
		/proc/timer_list /proc/timer_stats /proc/sched_debug /proc/scsi /sys/firmware; do
		assert_json ".linux.maskedPaths | index(\"$path\") != null"
	done
	for path in /proc/bus /proc/fs /proc/irq /proc/sys /proc/sysrq-trigger; do
		assert_json ".linux.readonlyPaths | index(\"$path\") != null"
	done
}

@test "--rootless maps root to the caller and nobody else" {
	rootlet spec --rootless
	assert_json '.linux.uidMappings' "[{\"containerID\":0,\"hostID\":$(id -u),\"size\":1}]"
	assert_json '.linux.gidMappings' "[{\"containerID\":0,\"hostID\":$(id -g),\"size\":1}]"
	assert_json '[.linux.namespaces[].type] | index("user") != null'
}

@test "--rootless leaves out what a single id cannot have" {
	rootlet spec --rootless
	assert_json '[.linux.namespaces[].type] | index("network")' null
	assert_json '.mounts[] | select(.destination == "/dev/pts") | .options | map(select(startswith("gid=")))' '[]'
	assert_json '.linux | has("resources")' false
}

@test "--rootless binds the host's /sys, read-only" {
	rootlet spec --rootless
	assert_json '.mounts[] | select(.destination == "/sys") | .source' '"/sys"'
	assert_json '.mounts[] | select(.destination == "/sys") | .options | index("rbind") != null and index("ro") != null'
}

@test "what spec writes runs as it is" {
	rm -f config.json
	cp -a "$(busybox_rootfs)" rootfs
	rootlet spec
	sed -i 's/"sh"/"id", "-u"/' config.json
	try rootlet run c1
	assert_success
	assert_output 0
	refute_stderr
}

@test "what spec --rootless writes runs as it is" {
	skip_if_root
	cp -a "$(busybox_rootfs)" rootfs
	rootlet spec --rootless
	sed -i 's/"sh"/"cat", "\/proc\/self\/uid_map"/' config.json
	try rootlet run c1
	assert_success
	assert_match "$output" "^ +0 +$(id -u) +1$"
	refute_stderr
}

@test "what spec writes runs as it is for the root of a user namespace with one id" {
	unshare -rm true 2>/dev/null || skip "needs a user namespace"
	cp -a "$(busybox_rootfs)" rootfs
	rootlet spec
	sed -i 's/"sh"/"id", "-u"/' config.json
	try unshare -rm "$ROOTLET" --root "$T/nested" run c1
	assert_success
	assert_output 0
	refute_stderr
}
