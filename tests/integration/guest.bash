# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2034,SC2154
#
# What the tests have in common that need a guest (tests/vm), which `contrib/test --vm` boots: a
# machine with systemd and all of cgroup v2, where they are an ordinary user. Such a file is called
# guest-NAME.bats and says where it runs, once in each of these places:
#
#	# guest modes: session scope service cron
#
# $GUEST_MODE is the one that it is in: the scope of a login session, a scope that is delegated to
# the user, a service of the user's service manager, or a system service without any session.

skip_unless_guest() {
	[ -n "${GUEST_MODE:-}" ] || skip "needs the guest of contrib/test --vm"
}

# The tests' own runtime directory is no place where systemd could be found.
use_login() {
	export XDG_RUNTIME_DIR=/run/user/$(id -u)
	export DBUS_SESSION_BUS_ADDRESS=unix:path=$XDG_RUNTIME_DIR/bus
}

# cgroup_of PID|self: its path in the v2 tree; cgroup_file PID|self NAME: what is in that file.
cgroup_of() {
	sed -n 's/^0:://p' "/proc/$1/cgroup"
}

cgroup_file() {
	cat "/sys/fs/cgroup$(cgroup_of "$1")/$2"
}

# A root file system with this machine's /usr, and the least of /etc that systemd expects.
systemd_bundle() {
	local root=$BUNDLE/rootfs name
	rm -rf "$root"
	mkdir -p "$root"/{usr,etc/systemd/system,proc,sys,dev,run,tmp,var,root,home}
	for name in bin sbin lib lib64; do
		ln -s "usr/$name" "$root/$name"
	done
	cp /etc/passwd /etc/group /etc/os-release /etc/ld.so.cache "$root/etc/"
	: >"$root/etc/machine-id"
	config '.process.args = ["/lib/systemd/systemd"] | .process.env += ["container=oci"] |
		.process.noNewPrivileges = false |
		(["CHOWN", "DAC_OVERRIDE", "FOWNER", "FSETID", "KILL", "NET_BIND_SERVICE", "SETFCAP",
			"SETGID", "SETPCAP", "SETUID", "SYS_CHROOT"] | map("CAP_" + .)) as $caps |
		.process.capabilities = { bounding: $caps, effective: $caps, permitted: $caps } |
		.mounts |= map(if .destination == "/sys/fs/cgroup" then .options -= ["ro"] else . end) |
		.mounts += [{ destination: "/usr", type: "bind", source: "/usr",
			options: ["rbind", "ro"] }] |
		.mounts += [("/run", "/run/lock", "/tmp", "/var") | { destination: ., type: "tmpfs",
			source: "tmpfs", options: ["nosuid", "nodev", "mode=755"] }] |
		.linux.namespaces |= (. + [{ type: "cgroup" }] | unique)'
}

system_state() {
	rootlet exec c1 systemctl is-system-running 2>/dev/null || true
}
