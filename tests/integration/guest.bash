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
