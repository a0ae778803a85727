# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2016,SC2034,SC2154,SC2164
# System calls of rootlet that fail: a sample of what `make faults` tries.

BATS_TEST_TIMEOUT=300 # it takes about 40 seconds, where nothing else is going on
load helpers

setup_test() {
	skip_if_root
	need_python ctypes
}

@test "a system call that fails is made up for or told, and leaves nothing behind" {
	try "$PYTHON" "$TESTS/../faults/faults" --sample "${FAULTS_SAMPLE:-900}"
	[ "$status" -ne 77 ] || skip "${stderr#faults: }"
	assert_success
}
