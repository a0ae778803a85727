#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# Mounts that only real root can have: idmapped ones.

load helpers

setup_test() {
	skip_unless_root
	make_bundle
	mkdir "$T/source"
	touch "$T/source/file"
	chown 1000:1000 "$T/source/file"
}

# idmapped MOUNT: the source at /there, with more of the mount's properties.
idmapped() {
	config '.mounts += [{destination: "/there", source: $source, options: ["rbind"]} + $more]' \
		--arg source "$T/source" --argjson more "$(jq -nc "$1")"
	script 'stat -c %u:%g /there/file'
}

user_namespace() {
	config '.linux.namespaces += [{type: "user"}] |
		.linux.uidMappings = [{containerID: 0, hostID: 100000, size: 65536}] |
		.linux.gidMappings = .linux.uidMappings'
	chown 100000:100000 "$BUNDLE/rootfs"
	chmod 755 "$T"
}

skip_unless_idmapping() {
	kernel_is 5.12 || skip "idmapped mounts: Linux 5.12 or newer"
	[ "$(stat -f -c %T "$T")" != overlayfs ] || skip "the test directory's file system has no idmapped mounts"
}

mapping_of() { # FIRST HOST
	echo "{uidMappings: [{containerID: $1, hostID: $2, size: 10}],
		gidMappings: [{containerID: $1, hostID: $(($2 + 1000)), size: 10}]}"
}

@test "uidMappings and gidMappings of a mount map its owners" {
	skip_unless_idmapping
	idmapped "$(mapping_of 1000 5000)"
	try rootlet run c1
	assert_success
	assert_output 5000:6000
	assert_equal "$(stat -c %u:%g "$T/source/file")" 1000:1000
}

@test "what is made in an idmapped mount is mapped back" {
	skip_unless_idmapping
	idmapped "$(mapping_of 0 0)"
	config '.mounts[-1].uidMappings = [{containerID: 1000, hostID: 0, size: 1}] |
		.mounts[-1].gidMappings = .mounts[-1].uidMappings'
	chown 1000:1000 "$T/source"
	script 'touch /there/new'
	try rootlet run c1
	assert_success
	assert_equal "$(stat -c %u:%g "$T/source/new")" 1000:1000
}

@test "idmap: by the container's own user namespace" {
	skip_unless_idmapping
	user_namespace
	idmapped '{options: ["rbind", "idmap"]}'
	try rootlet run c1
	assert_success
	assert_output 1000:1000
}

@test "without idmap the same file is nobody's" {
	user_namespace
	idmapped '{}'
	try rootlet run c1
	assert_success
	assert_output 65534:65534
}

@test "idmap: by a joined user namespace" {
	skip_unless_idmapping
	user_namespace
	config '.process.args = ["sleep", "1000"]'
	running c1
	config '.linux.namespaces |= map(if .type == "user" then .path = $path else . end) |
		del(.linux.uidMappings, .linux.gidMappings)' --arg path "/proc/$(pid_of c1)/ns/user"
	idmapped '{options: ["rbind", "idmap"]}'
	try rootlet run c2
	assert_success
	assert_output 1000:1000
}

@test "idmap maps the mount alone, ridmap those below too" {
	skip_unless_idmapping
	mkdir "$T/source/below"
	touch "$T/file"
	chown 1000:1000 "$T/file"
	mkdir "$T/other"
	mv "$T/file" "$T/other/"
	local option expected
	for option in idmap ridmap; do
		expected=5000:6000
		[ "$option" = ridmap ] || expected=1000:1000
		config '.mounts |= map(select(.destination != "/there"))'
		idmapped "$(mapping_of 1000 5000) + {options: [\"rbind\", \"$option\"]}"
		script 'stat -c %u:%g /there/file /there/below/file'
		try unshare --mount --propagation private bash -c 'mount --bind "$1" "$2"; shift 2; "$@"' bash \
			"$T/other" "$T/source/below" "$ROOTLET" --root "$STATE_DIR" run c1
		assert_success
		assert_output 5000:6000$'\n'"$expected"
	done
}

@test "idmap without any mapping is refused" {
	idmapped '{options: ["rbind", "idmap"]}'
	try rootlet run c1
	assert_error 'mounts\[[0-9]+\].options: idmap needs uidMappings' 125
	assert_nothing_left
}

@test "a filesystem that cannot be idmapped is an error that says so" {
	idmapped "$(mapping_of 1000 5000)"
	config '.mounts[-1].source = "/proc"'
	try rootlet run c1
	assert_error 'mounts\[[0-9]+\]: cannot map the ids of /proc.*(no idmapped mounts|idmapped mounts need)' 125
	assert_nothing_left
}

@test "only binds can be idmapped" {
	idmapped "$(mapping_of 1000 5000)"
	config '.mounts[-1] |= (.type = "tmpfs" | .options = [])'
	try rootlet run c1
	assert_error 'mounts\[[0-9]+\]: only a bind' 125
}

# --- mounts of a running container -----------------------------------------------------------

@test "mounts add: proc, sysfs and mqueue are those of the container's namespaces, not the host's" {
	script 'sleep 1000'
	config '.root.readonly = false'
	running c1
	echo '[{"destination": "/p", "type": "proc", "source": "proc"},
		{"destination": "/s", "type": "sysfs", "source": "sysfs"},
		{"destination": "/q", "type": "mqueue", "source": "mqueue"}]' >"$T/mounts.json"
	try rootlet mounts add c1 "$T/mounts.json"
	assert_success
	assert_equal "$(rootlet exec c1 cat /p/1/cmdline | tr '\0' ' ')" 'sleep 1000 '
	assert_equal "$(rootlet exec c1 ls /s/class/net)" lo
	# The same filesystem as the container's own has the same device number.
	assert_equal "$(rootlet exec c1 stat -c %d /q)" "$(rootlet exec c1 stat -c %d /dev/mqueue)"
}
