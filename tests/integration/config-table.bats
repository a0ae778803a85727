# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2034,SC2154,SC2164
# rootlet-config(5) says what becomes of each property of config.json: it must not have a gap when
# the specification or rootlet gets something new.

load helpers

PAGE=$TESTS/../../src/man/rootlet-config.5

table() { # CHECK
	rootlet features >"$T/features"
	TRY_STDIN=$T/features try python3 "$TESTS/config-table.py" "$1"
	refute_output
	assert_success
}

@test "every property of the specification has its entry, and no other has" {
	table properties
}

@test "every entry ends with what becomes of the property" {
	table outcomes
}

@test "the mount options of the page are those of features" {
	table options
}

@test "the hooks, namespaces and words of seccomp that features has are in the page" {
	table values
}

@test "every property that works has a test that reads it back" {
	table tests
}

@test "the page is formatted without complaint, all entries in it" {
	command -v man >/dev/null || skip "needs man"
	MANWIDTH=100 LC_ALL=C.UTF-8 try man --warnings -l "$PAGE"
	assert_success
	refute_stderr
	# A macro that was not understood would have taken its head away.
	assert_equal "$(sed -n 's/^\.It Li //p' "$PAGE" | sort |
		comm -23 - <(col -b <<<"$output" | awk '{ print $1 }' | sort -u))" ""
}
