# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2034,SC2154
# (the helpers' $output and friends)
#
# What a container's /proc says about it, taken apart. A file of tests that needs it begins with
# `load helpers` and `load readback`; the text comes from $output where nothing else is said.

# --- /proc/self/status -----------------------------------------------------------------------

# proc_status FIELD: its value, fields separated by single spaces.
proc_status() {
	sed -n "s/^$1:[[:space:]]*//p" <<<"$output" | xargs
}

# In the order of the kernel's numbers (linux/capability.h).
CAPABILITIES=(CHOWN DAC_OVERRIDE DAC_READ_SEARCH FOWNER FSETID KILL SETGID SETUID SETPCAP
	LINUX_IMMUTABLE NET_BIND_SERVICE NET_BROADCAST NET_ADMIN NET_RAW IPC_LOCK IPC_OWNER SYS_MODULE
	SYS_RAWIO SYS_CHROOT SYS_PTRACE SYS_PACCT SYS_ADMIN SYS_BOOT SYS_NICE SYS_RESOURCE SYS_TIME
	SYS_TTY_CONFIG MKNOD LEASE AUDIT_WRITE AUDIT_CONTROL SETFCAP MAC_OVERRIDE MAC_ADMIN SYSLOG
	WAKE_ALARM BLOCK_SUSPEND AUDIT_READ PERFMON BPF CHECKPOINT_RESTORE)

# caps_mask CAP_NAME…: the set as /proc/self/status has it.
caps_mask() {
	local name number mask=0
	for name in "$@"; do
		for number in "${!CAPABILITIES[@]}"; do
			[ "CAP_${CAPABILITIES[number]}" != "$name" ] || mask=$((mask | 1 << number))
		done
	done
	printf '%016x' "$mask"
}

# --- /proc/self/uid_map ----------------------------------------------------------------------

# Lines of a map, or of several, joined by commas: "0 1000 1,1 100000 65536".
map_lines() {
	awk '{ printf "%s%s %s %s", n++ ? "," : "", $1, $2, $3 }' <<<"${1-$output}"
}

# own_ranges u|g: this user's subordinate ids as START COUNT, in the order of the file.
own_ranges() {
	awk -F : -v name="$(id -un)" -v id="$(id -u)" \
		'$1 == name || $1 == id { print $2, $3 }' "/etc/sub${1}id"
}

# default_map u|g: what container 0 ↔ user, 1… ↔ all subordinate ids looks like.
default_map() {
	local map
	map="0 $(id "-$1") 1"
	map+=$(own_ranges "$1" | awk 'BEGIN { next_id = 1 }
		{ printf ",%d %d %d", next_id, $1, $2; next_id += $2 }')
	echo "$map"
}

# --- /proc/self/mountinfo --------------------------------------------------------------------
# Fields: id parent major:minor root mountpoint options [optional…] - type source superoptions

# mount_field EXPRESSION MOUNTPOINT: an awk expression about the mount that is seen there, which
# is the last one; `after` holds what stands behind the hyphen.
mount_field() {
	awk -v point="$2" '$5 == point { line = $0 }
		END {
			if (line == "") exit 1
			$0 = line
			split(substr(line, index(line, " - ") + 3), after, " ")
			print '"$1"'
		}' <<<"$output"
}

mount_type() {
	mount_field 'after[1]' "$1"
}

# Where in its file system the mount begins.
mount_root() {
	mount_field '$4' "$1"
}

# mount_options MOUNTPOINT: those of the mount itself, sorted and joined by commas.
mount_options() {
	mount_field '$6' "$1" | tr , '\n' | sort | paste -sd ,
}

# Those of the file system, in its own order.
super_options() {
	mount_field 'after[3]' "$1"
}

# "shared:1", "master:2", "unbindable" or nothing.
mount_propagation() {
	mount_field '$7 == "-" ? "" : $7 ($8 == "-" ? "" : " " $8)' "$1"
}

# mounts_at MOUNTPOINT: how many are stacked there.
mounts_at() {
	awk -v point="$1" '$5 == point { count++ } END { print count + 0 }' <<<"$output"
}

assert_mount() { # MOUNTPOINT TYPE OPTION,OPTION (exactly these, in any order)
	assert_equal "$(mount_type "$1")" "$2" &&
		assert_equal "$(mount_options "$1")" "$(tr , '\n' <<<"$3" | sort | paste -sd ,)"
}
