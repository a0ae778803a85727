/* SPDX-License-Identifier: Apache-2.0 */
/* What procfs tells about processes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "base/cleanup.h"
#include "base/proc.h"

static void proc_tells_parent_state_and_start(void **state)
{
	_cleanup_fd_ int proc = proc_open(NULL);
	struct proc_stat first, again;

	(void)state;
	assert_true(proc >= 0);
	assert_int_equal(proc_read_stat(proc, getpid(), &first), 0);
	assert_int_equal(first.state, 'R');
	assert_int_equal(first.parent, getppid());
	assert_true(first.start_time > 0);
	assert_int_equal(proc_read_stat(proc, getpid(), &again), 0);
	assert_int_equal(first.start_time, again.start_time);
}

static void a_confusing_name_does_not_confuse_proc(void **state)
{
	_cleanup_fd_ int proc = proc_open(NULL);
	struct proc_stat plain, confusing;
	char name[16];

	(void)state;
	prctl(PR_GET_NAME, name);
	assert_int_equal(proc_read_stat(proc, getpid(), &plain), 0);
	prctl(PR_SET_NAME, "a) Z 1 (b) S 2");
	assert_int_equal(proc_read_stat(proc, getpid(), &confusing), 0);
	prctl(PR_SET_NAME, name);
	assert_int_equal(confusing.state, 'R');
	assert_int_equal(confusing.parent, getppid());
	assert_int_equal(confusing.start_time, plain.start_time);
}

static void a_process_that_ended_is_a_zombie_then_gone(void **state)
{
	_cleanup_fd_ int proc = proc_open(NULL);
	struct proc_stat stat;
	siginfo_t info;
	pid_t pid = fork();

	(void)state;
	if (pid == 0)
		_exit(0);
	assert_int_equal(waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT), 0);
	assert_int_equal(proc_read_stat(proc, pid, &stat), 0);
	assert_int_equal(stat.state, 'Z');
	assert_int_equal(stat.parent, getpid());
	waitpid(pid, NULL, 0);
	assert_int_equal(proc_read_stat(proc, pid, &stat), -1);
	assert_int_equal(errno, ENOENT);
}

static void proc_names_namespaces_by_inode(void **state)
{
	_cleanup_fd_ int proc = proc_open(NULL);
	struct stat st;

	(void)state;
	assert_int_equal(stat("/proc/self/ns/mnt", &st), 0);
	assert_int_equal(proc_namespace(proc, getpid(), "mnt"), st.st_ino);
	assert_int_equal(proc_namespace(proc, getpid(), "none"), 0);
	assert_int_equal(proc_namespace(proc, getpid(),
	                                "much-too-long-a-name-for-any-namespace-"
	                                "that-the-kernel-could-ever-have"),
	                 0);
}

static void a_mount_namespace_has_a_number_of_its_own(void **state)
{
	_cleanup_fd_ int proc = proc_open(NULL);
	uint64_t ours, parents, again;

	(void)state;
	if (proc_mount_namespace_id(proc, 0, &ours) < 0) {
		assert_int_equal(errno, ENOTTY);
		skip();
	}
	assert_int_equal(proc_mount_namespace_id(proc, getpid(), &again), 0);
	assert_int_equal(again, ours);
	if (unshare(CLONE_NEWUSER | CLONE_NEWNS) < 0)
		skip();
	assert_int_equal(proc_mount_namespace_id(proc, 0, &again), 0);
	assert_true(again != ours);
	if (proc_mount_namespace_id(proc, getppid(), &parents) == 0)
		assert_true(parents != again);
	assert_int_equal(proc_mount_namespace_id(proc, 0x7fffffff, &again), -1);
	assert_int_equal(errno, ENOENT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(proc_tells_parent_state_and_start),
		cmocka_unit_test(a_confusing_name_does_not_confuse_proc),
		cmocka_unit_test(a_process_that_ended_is_a_zombie_then_gone),
		cmocka_unit_test(proc_names_namespaces_by_inode),
		/* Last: it is in other namespaces afterwards. */
		cmocka_unit_test(a_mount_namespace_has_a_number_of_its_own),
	};

	return cmocka_run_group_tests_name("proc", tests, NULL, NULL);
}
