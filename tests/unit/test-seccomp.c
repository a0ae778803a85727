/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Compiled filters, run here on made-up system calls (filters.h), so that most tests need no process
 * that is filtered.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#include "child.h"
#include "filters.h"

/* --- the program --- */

static void what_is_not_named_gets_the_default_action(void **state)
{
	static const struct {
		int action;
		struct opt_u32 errno_ret;
		uint32_t expected;
	} cases[] = {
		{ SECCOMP_ACTION_ERRNO, { 0 }, ERRNO(EPERM) },
		{ SECCOMP_ACTION_ERRNO, { true, ENXIO }, ERRNO(ENXIO) },
		{ SECCOMP_ACTION_ERRNO, { true, 0 }, ERRNO(0) },
		{ SECCOMP_ACTION_KILL_THREAD, { 0 }, SECCOMP_RET_KILL_THREAD },
		{ SECCOMP_ACTION_KILL_PROCESS, { 0 }, SECCOMP_RET_KILL_PROCESS },
		{ SECCOMP_ACTION_TRAP, { 0 }, SECCOMP_RET_TRAP },
		{ SECCOMP_ACTION_TRACE, { 0 }, SECCOMP_RET_TRACE | EPERM },
		{ SECCOMP_ACTION_TRACE, { true, 7 }, SECCOMP_RET_TRACE | 7 },
		{ SECCOMP_ACTION_LOG, { 0 }, SECCOMP_RET_LOG },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct seccomp_rule rule = { .names = NAMES("write", "openat2") };
		const struct seccomp seccomp = {
			.default_action = cases[i].action,
			.default_errno_ret = cases[i].errno_ret,
			.syscalls = { .items = &rule, .count = 1 },
		};
		_cleanup_seccomp_ struct seccomp_program program = { 0 };

		rule.action = SECCOMP_ACTION_ALLOW;
		compile(&seccomp, &program);
		assert_int_equal(verdict(&program, SYS_write), ALLOW);
		assert_int_equal(verdict(&program, SYS_read), cases[i].expected);
	}
}

static void each_rule_has_its_action_and_errno(void **state)
{
	const struct seccomp seccomp = {
		.default_action = SECCOMP_ACTION_ALLOW,
		.syscalls = LIST(struct seccomp_rule,
		                 { .names = NAMES("chdir"), .action = SECCOMP_ACTION_ERRNO },
		                 { .names = NAMES("fchdir", "chroot"),
		                   .action = SECCOMP_ACTION_ERRNO,
		                   .errno_ret = { true, ENOSYS } },
		                 { .names = NAMES("sync"), .action = SECCOMP_ACTION_KILL_PROCESS },
		                 { .names = NAMES("acct"), .action = SECCOMP_ACTION_TRAP }),
	};
	_cleanup_seccomp_ struct seccomp_program program = { 0 };

	(void)state;
	compile(&seccomp, &program);
	assert_int_equal(verdict(&program, SYS_chdir), ERRNO(EPERM));
	assert_int_equal(verdict(&program, SYS_fchdir), ERRNO(ENOSYS));
	assert_int_equal(verdict(&program, SYS_chroot), ERRNO(ENOSYS));
	assert_int_equal(verdict(&program, SYS_sync), SECCOMP_RET_KILL_PROCESS);
	assert_int_equal(verdict(&program, SYS_acct), SECCOMP_RET_TRAP);
	assert_int_equal(verdict(&program, SYS_read), ALLOW);
}

static void operators_compare_as_the_spec_says(void **state)
{
	static const struct {
		int op;
		uint64_t value, value_two, matching, other;
	} cases[] = {
		{ SECCOMP_OP_NE, 5, 0, 6, 5 },
		{ SECCOMP_OP_LT, 5, 0, 4, 5 },
		{ SECCOMP_OP_LE, 5, 0, 5, 6 },
		{ SECCOMP_OP_EQ, 0x100000005, 0, 0x100000005, 5 },
		{ SECCOMP_OP_GE, 5, 0, 5, 4 },
		{ SECCOMP_OP_GT, 5, 0, 6, 5 },
		{ SECCOMP_OP_MASKED_EQ, 0xf0, 0x30, 0x3f, 0x43 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct seccomp_arg arg = {
			.index = 1,
			.op = cases[i].op,
			.value = cases[i].value,
			.value_two = cases[i].value_two,
		};
		struct seccomp_rule rule = {
			.names = NAMES("ioctl"),
			.action = SECCOMP_ACTION_ERRNO,
			.args = { .items = &arg, .count = 1 },
		};
		const struct seccomp seccomp = {
			.default_action = SECCOMP_ACTION_ALLOW,
			.syscalls = { .items = &rule, .count = 1 },
		};
		_cleanup_seccomp_ struct seccomp_program program = { 0 };

		compile(&seccomp, &program);
		assert_int_equal(verdict_on(&program, NATIVE, SYS_ioctl, 9, cases[i].matching),
		                 ERRNO(EPERM));
		assert_int_equal(verdict_on(&program, NATIVE, SYS_ioctl, 9, cases[i].other), ALLOW);
	}
}

static void conditions_on_several_arguments_must_all_hold(void **state)
{
	struct seccomp_arg args[] = {
		{ .index = 0, .op = SECCOMP_OP_EQ, .value = 1 },
		{ .index = 1, .op = SECCOMP_OP_EQ, .value = 2 },
	};
	const struct seccomp seccomp = {
		.default_action = SECCOMP_ACTION_ALLOW,
		.syscalls = LIST(struct seccomp_rule, { .names = NAMES("ioctl"),
		                                        .action = SECCOMP_ACTION_ERRNO,
		                                        .args = { .items = args, .count = 2 } }),
	};
	_cleanup_seccomp_ struct seccomp_program program = { 0 };

	(void)state;
	compile(&seccomp, &program);
	assert_int_equal(verdict_on(&program, NATIVE, SYS_ioctl, 1, 2), ERRNO(EPERM));
	assert_int_equal(verdict_on(&program, NATIVE, SYS_ioctl, 1, 3), ALLOW);
	assert_int_equal(verdict_on(&program, NATIVE, SYS_ioctl, 0, 2), ALLOW);
}

static void conditions_on_one_argument_are_alternatives(void **state)
{
	struct seccomp_arg args[] = {
		{ .index = 0, .op = SECCOMP_OP_EQ, .value = 1 },
		{ .index = 0, .op = SECCOMP_OP_EQ, .value = 2 },
		{ .index = 1, .op = SECCOMP_OP_EQ, .value = 3 },
		{ .index = 0, .op = SECCOMP_OP_EQ, .value = 11 },
		{ .index = 0, .op = SECCOMP_OP_EQ, .value = 12 },
		{ .index = 0, .op = SECCOMP_OP_EQ, .value = 13 },
		{ .index = 0, .op = SECCOMP_OP_EQ, .value = 14 },
	};
	const struct seccomp seccomp = {
		.default_action = SECCOMP_ACTION_ALLOW,
		.syscalls = LIST(struct seccomp_rule,
		                 { .names = NAMES("ioctl"),
		                   .action = SECCOMP_ACTION_ERRNO,
		                   .args = { .items = args, .count = ARRAY_SIZE(args) } }),
	};
	_cleanup_seccomp_ struct seccomp_program program = { 0 };

	(void)state;
	compile(&seccomp, &program);
	assert_int_equal(verdict_on(&program, NATIVE, SYS_ioctl, 1, 0), ERRNO(EPERM));
	assert_int_equal(verdict_on(&program, NATIVE, SYS_ioctl, 2, 0), ERRNO(EPERM));
	assert_int_equal(verdict_on(&program, NATIVE, SYS_ioctl, 0, 3), ERRNO(EPERM));
	assert_int_equal(verdict_on(&program, NATIVE, SYS_ioctl, 14, 0), ERRNO(EPERM));
	assert_int_equal(verdict_on(&program, NATIVE, SYS_ioctl, 0, 0), ALLOW);
}

static void unknown_system_calls_are_skipped(void **state)
{
	const struct seccomp seccomp = {
		.default_action = SECCOMP_ACTION_ERRNO,
		.syscalls = LIST(struct seccomp_rule, { .names = NAMES("no_such_call", "write", ""),
		                                        .action = SECCOMP_ACTION_ALLOW }),
	};
	_cleanup_seccomp_ struct seccomp_program program = { 0 };

	(void)state;
	compile(&seccomp, &program);
	assert_int_equal(verdict(&program, SYS_write), ALLOW);
}

static void a_rule_with_the_default_action_changes_nothing(void **state)
{
	const struct seccomp seccomp = {
		.default_action = SECCOMP_ACTION_ERRNO,
		.syscalls = LIST(struct seccomp_rule,
		                 { .names = NAMES("read"), .action = SECCOMP_ACTION_ERRNO },
		                 { .names = NAMES("write"), .action = SECCOMP_ACTION_ALLOW }),
	};
	_cleanup_seccomp_ struct seccomp_program program = { 0 };

	(void)state;
	compile(&seccomp, &program);
	assert_int_equal(verdict(&program, SYS_read), ERRNO(EPERM));
	assert_int_equal(verdict(&program, SYS_write), ALLOW);
}

static void a_profile_without_rules_is_its_default_action(void **state)
{
	const struct seccomp seccomp = { .default_action = SECCOMP_ACTION_ALLOW };
	_cleanup_seccomp_ struct seccomp_program program = { 0 };

	(void)state;
	compile(&seccomp, &program);
	assert_int_equal(verdict(&program, SYS_read), ALLOW);
}

static void many_rules_give_the_same_verdicts_as_few(void **state)
{
	/* More than 32, where the program becomes a tree. */
	const struct seccomp seccomp = {
		.default_action = SECCOMP_ACTION_ERRNO,
		.syscalls =
			LIST(struct seccomp_rule,
		             { .names = NAMES("read", "write", "close", "fstat", "lseek", "mmap",
		                              "mprotect", "munmap", "brk", "ioctl", "pread64",
		                              "pwrite64", "readv", "writev", "madvise", "dup",
		                              "dup3", "nanosleep", "getpid", "socket", "connect",
		                              "accept", "sendto", "recvfrom", "sendmsg", "recvmsg",
		                              "bind", "listen", "clone", "execve", "exit", "wait4",
		                              "kill", "uname", "fcntl", "openat2"),
		               .action = SECCOMP_ACTION_ALLOW }),
	};
	static const long allowed[] = { SYS_read, SYS_exit, SYS_openat2, SYS_kill, SYS_uname };
	static const long denied[] = { SYS_chdir, SYS_mount, SYS_reboot, SYS_openat };
	_cleanup_seccomp_ struct seccomp_program program = { 0 };

	(void)state;
	compile(&seccomp, &program);
	for (size_t i = 0; i < ARRAY_SIZE(allowed); i++)
		assert_int_equal(verdict(&program, allowed[i]), ALLOW);
	for (size_t i = 0; i < ARRAY_SIZE(denied); i++)
		assert_int_equal(verdict(&program, denied[i]), ERRNO(EPERM));
	assert_int_equal(verdict_on(&program, COMPAT, COMPAT_WRITE, 0, 0), KILL);
}

/* --- newer system calls --- */

static void newer_than(int default_action, uint32_t expected)
{
	struct seccomp_rule rules[] = {
		{ .names = NAMES("write"), .action = SECCOMP_ACTION_ALLOW },
		/* Named, if only to be refused: known to the profile all the same. */
		{ .names = NAMES("openat2"), .action = SECCOMP_ACTION_KILL_PROCESS },
	};
	const struct seccomp seccomp = {
		.default_action = default_action,
		.syscalls = { .items = rules, .count = 2 },
	};
	_cleanup_seccomp_ struct seccomp_program program = { 0 };

	if (default_action == SECCOMP_ACTION_ALLOW)
		rules[0].action = SECCOMP_ACTION_ERRNO;
	compile(&seccomp, &program);
	assert_int_equal(verdict(&program, SYS_openat2), SECCOMP_RET_KILL_PROCESS);
	assert_int_equal(verdict(&program, NEWER), expected);
	assert_int_equal(verdict(&program, 0x3fffffff), expected);
}

static void calls_newer_than_the_profile_get_enosys(void **state)
{
	(void)state;
	newer_than(SECCOMP_ACTION_ERRNO, ERRNO(ENOSYS));
	newer_than(SECCOMP_ACTION_KILL_THREAD, ERRNO(ENOSYS));
	newer_than(SECCOMP_ACTION_TRAP, ERRNO(ENOSYS));
}

static void where_unnamed_calls_are_let_through_newer_ones_are_too(void **state)
{
	(void)state;
	newer_than(SECCOMP_ACTION_ALLOW, ALLOW);
	newer_than(SECCOMP_ACTION_LOG, SECCOMP_RET_LOG);
	newer_than(SECCOMP_ACTION_TRACE, SECCOMP_RET_TRACE | EPERM);
}

static void a_default_of_enosys_needs_no_more_of_it(void **state)
{
	struct seccomp_rule rule = { .names = NAMES("write"), .action = SECCOMP_ACTION_ALLOW };
	struct seccomp seccomp = {
		.default_action = SECCOMP_ACTION_ERRNO,
		.default_errno_ret = { true, ENOSYS },
		.syscalls = { .items = &rule, .count = 1 },
	};
	_cleanup_seccomp_ struct seccomp_program program = { 0 }, longer = { 0 };

	(void)state;
	compile(&seccomp, &program);
	seccomp.default_errno_ret.value = EACCES;
	compile(&seccomp, &longer);
	assert_int_equal(verdict(&program, NEWER), ERRNO(ENOSYS));
	assert_true(program.length < longer.length);
}

static void the_largest_number_counts_for_each_architecture(void **state)
{
	const struct seccomp seccomp = {
		.default_action = SECCOMP_ACTION_ERRNO,
		.architectures = NAMES(NATIVE_NAME, COMPAT_NAME),
		.syscalls = LIST(struct seccomp_rule, { .names = NAMES("write", "exit_group"),
		                                        .action = SECCOMP_ACTION_ALLOW }),
	};
	_cleanup_seccomp_ struct seccomp_program program = { 0 };
	const int compat_exit_group = COMPAT == AUDIT_ARCH_I386 ? 252 : 248;

	(void)state;
	compile(&seccomp, &program);
	assert_int_equal(verdict_on(&program, COMPAT, COMPAT_WRITE, 0, 0), ALLOW);
	assert_int_equal(verdict_on(&program, COMPAT, compat_exit_group, 0, 0), ALLOW);
	assert_int_equal(verdict_on(&program, COMPAT, compat_exit_group - 1, 0, 0), ERRNO(EPERM));
	assert_int_equal(verdict_on(&program, COMPAT, compat_exit_group + 1, 0, 0), ERRNO(ENOSYS));
	assert_int_equal(verdict(&program, SYS_exit_group), ALLOW);
	assert_int_equal(verdict(&program, SYS_exit_group - 1), ERRNO(EPERM));
	assert_int_equal(verdict(&program, SYS_exit_group + 1), ERRNO(ENOSYS));
}

static void private_calls_of_arm_do_not_hide_newer_ones(void **state)
{
	const struct seccomp seccomp = {
		.default_action = SECCOMP_ACTION_ERRNO,
		.architectures = NAMES("SCMP_ARCH_ARM"),
		.syscalls = LIST(struct seccomp_rule, { .names = NAMES("write", "set_tls"),
		                                        .action = SECCOMP_ACTION_ALLOW }),
	};
	_cleanup_seccomp_ struct seccomp_program program = { 0 };

	(void)state;
	compile(&seccomp, &program);
	assert_int_equal(verdict_on(&program, AUDIT_ARCH_ARM, 0xf0005, 0, 0), ALLOW);
	assert_int_equal(verdict_on(&program, AUDIT_ARCH_ARM, 0xf0006, 0, 0), ERRNO(EPERM));
	assert_int_equal(verdict_on(&program, AUDIT_ARCH_ARM, 5, 0, 0), ERRNO(ENOSYS));
}

static void x32_has_numbers_of_its_own(void **state)
{
#ifdef __x86_64__
	struct seccomp seccomp = {
		.default_action = SECCOMP_ACTION_ERRNO,
		.architectures = NAMES("SCMP_ARCH_X86_64", "SCMP_ARCH_X32"),
		.syscalls = LIST(struct seccomp_rule, { .names = NAMES("write", "close"),
		                                        .action = SECCOMP_ACTION_ALLOW }),
	};
	_cleanup_seccomp_ struct seccomp_program program = { 0 }, without = { 0 };

	(void)state;
	compile(&seccomp, &program);
	assert_int_equal(verdict(&program, SYS_write), ALLOW);
	assert_int_equal(verdict(&program, SYS_close + 1), ERRNO(ENOSYS));
	assert_int_equal(verdict(&program, X32_BIT + SYS_write), ALLOW);
	assert_int_equal(verdict(&program, X32_BIT + SYS_read), ERRNO(EPERM));
	assert_int_equal(verdict(&program, X32_BIT + SYS_close + 1), ERRNO(ENOSYS));

	/* Not listed, it is no architecture of the filter; ENOSYS is not for those. */
	seccomp.architectures.count = 1;
	compile(&seccomp, &without);
	assert_int_equal(verdict(&without, SYS_close + 1), ERRNO(ENOSYS));
	assert_int_equal(verdict(&without, X32_BIT + SYS_write), KILL);
	assert_int_equal(verdict(&without, X32_BIT + SYS_close + 1), KILL);
#else
	(void)state;
	skip();
#endif
}

/* --- architectures --- */

static void without_a_list_the_filter_is_for_the_machine_alone(void **state)
{
	const struct seccomp seccomp = {
		.default_action = SECCOMP_ACTION_ERRNO,
		.syscalls = LIST(struct seccomp_rule,
		                 { .names = NAMES("write"), .action = SECCOMP_ACTION_ALLOW }),
	};
	_cleanup_seccomp_ struct seccomp_program program = { 0 };

	(void)state;
	compile(&seccomp, &program);
	assert_int_equal(verdict(&program, SYS_write), ALLOW);
	assert_int_equal(verdict_on(&program, COMPAT, COMPAT_WRITE, 0, 0), KILL);
}

static void the_machine_itself_need_not_be_listed_and_may_be_twice(void **state)
{
	const struct seccomp seccomp = {
		.default_action = SECCOMP_ACTION_ERRNO,
		.architectures = NAMES(COMPAT_NAME, COMPAT_NAME),
		.syscalls = LIST(struct seccomp_rule,
		                 { .names = NAMES("write"), .action = SECCOMP_ACTION_ALLOW }),
	};
	_cleanup_seccomp_ struct seccomp_program program = { 0 };

	(void)state;
	compile(&seccomp, &program);
	assert_int_equal(verdict(&program, SYS_write), ALLOW);
	assert_int_equal(verdict_on(&program, COMPAT, COMPAT_WRITE, 0, 0), ALLOW);
}

static void architectures_of_the_other_byte_order_are_left_out(void **state)
{
	const struct seccomp seccomp = {
		.default_action = SECCOMP_ACTION_ERRNO,
		.architectures = NAMES("SCMP_ARCH_S390X", NATIVE_NAME, "SCMP_ARCH_MIPS"),
		.syscalls = LIST(struct seccomp_rule,
		                 { .names = NAMES("write"), .action = SECCOMP_ACTION_ALLOW }),
	};
	_cleanup_seccomp_ struct seccomp_program program = { 0 };

	(void)state;
	compile(&seccomp, &program);
	assert_int_equal(verdict(&program, SYS_write), ALLOW);
}

static void unknown_architectures_are_refused_by_place(void **state)
{
	const struct seccomp seccomp = { .architectures = NAMES(NATIVE_NAME, "SCMP_ARCH_PDP11") };

	(void)state;
	assert_refused(&seccomp,
	               "linux.seccomp.architectures[1]: unknown architecture SCMP_ARCH_PDP11");
}

/* --- contradictions --- */

static void two_actions_for_one_condition_are_refused(void **state)
{
	struct seccomp_arg arg = { .index = 0, .op = SECCOMP_OP_EQ, .value = 1 };
	const struct seccomp seccomp = {
		.default_action = SECCOMP_ACTION_ERRNO,
		.syscalls = LIST(struct seccomp_rule,
		                 { .names = NAMES("write"),
		                   .action = SECCOMP_ACTION_ALLOW,
		                   .args = { .items = &arg, .count = 1 } },
		                 { .names = NAMES("read", "write"),
		                   .action = SECCOMP_ACTION_LOG,
		                   .args = { .items = &arg, .count = 1 } }),
	};

	(void)state;
	assert_refused(&seccomp, "linux.seccomp.syscalls[1]: write has another action");
}

static void an_argument_that_no_call_has_is_refused(void **state)
{
	struct seccomp_arg arg = { .index = 6, .op = SECCOMP_OP_EQ };
	const struct seccomp seccomp = {
		.default_action = SECCOMP_ACTION_ERRNO,
		.syscalls = LIST(struct seccomp_rule, { .names = NAMES("write"),
		                                        .action = SECCOMP_ACTION_ALLOW,
		                                        .args = { .items = &arg, .count = 1 } }),
	};

	(void)state;
	assert_refused(&seccomp, "linux.seccomp.syscalls[0].args[0].index: 6");
}

/* --- flags --- */

static void flags_of_installation(void **state)
{
	static const struct {
		bool set, notify;
		uint32_t flags, expected;
	} cases[] = {
		{ false, false, 0, SECCOMP_FILTER_FLAG_SPEC_ALLOW },
		{ true, false, 0, 0 },
		{ true, false, SECCOMP_FILTER_FLAG_LOG, SECCOMP_FILTER_FLAG_LOG },
		{ true, false, SECCOMP_FILTER_FLAG_TSYNC, 0 },
		{ true, false, 1u << 5, 0 },
		{ true, true, 0, SECCOMP_FILTER_FLAG_NEW_LISTENER },
		{ true, true, 1u << 5 | SECCOMP_FILTER_FLAG_TSYNC,
		  1u << 5 | SECCOMP_FILTER_FLAG_NEW_LISTENER },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct seccomp_rule rule = { .names = NAMES("mkdirat") };
		const struct seccomp seccomp = {
			.default_action = SECCOMP_ACTION_ALLOW,
			.flags_set = cases[i].set,
			.flags = cases[i].flags,
			.syscalls = { .items = &rule, .count = 1 },
		};
		_cleanup_seccomp_ struct seccomp_program program = { 0 };

		rule.action = cases[i].notify ? SECCOMP_ACTION_NOTIFY : SECCOMP_ACTION_ERRNO;
		compile(&seccomp, &program);
		assert_int_equal(program.flags, cases[i].expected);
		assert_int_equal(program.notify, cases[i].notify);
	}
}

/* --- installing --- */

static void install_body(void)
{
	const struct seccomp seccomp = {
		.default_action = SECCOMP_ACTION_ALLOW,
		.syscalls = LIST(struct seccomp_rule, { .names = NAMES("chroot"),
		                                        .action = SECCOMP_ACTION_ERRNO,
		                                        .errno_ret = { true, EXDEV } }),
	};
	struct seccomp_program program;

	child_check(seccomp_compile(&seccomp, &program, NULL) == 0);
	child_check(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0);
	child_check(seccomp_install(&program, NULL) == -2);
	child_check(chroot("/nowhere") < 0 && errno == EXDEV);
	child_check(chdir("/nowhere") < 0 && errno == ENOENT);
	seccomp_program_free(&program);
}

static void an_installed_filter_is_obeyed(void **state)
{
	(void)state;
	assert_child(install_body);
}

static void install_newer_body(void)
{
	const struct seccomp seccomp = {
		.default_action = SECCOMP_ACTION_ERRNO,
		.syscalls = LIST(struct seccomp_rule,
		                 { .names = NAMES("exit_group", "write", "openat2"),
		                   .action = SECCOMP_ACTION_ALLOW }),
	};
	struct seccomp_program program;

	child_check(seccomp_compile(&seccomp, &program, NULL) == 0);
	child_check(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0);
	child_check(seccomp_install(&program, NULL) == -2);
	child_check(syscall(SYS_getpid) < 0 && errno == EPERM);
	child_check(syscall(NEWER + 500) < 0 && errno == ENOSYS);
	child_check(syscall(SYS_write, -1, "", 0) < 0 && errno == EBADF);
	/* The sanitizers' own way out of a process uses calls that the filter refuses. */
	syscall(SYS_exit_group, CHILD_OK);
}

static void the_kernel_takes_the_sections_for_newer_calls(void **state)
{
	(void)state;
	assert_child(install_newer_body);
}

static void unprivileged_body(void)
{
	struct sock_filter allow[] = { BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW) };
	const struct seccomp_program program = { .filter = allow, .length = 1 };
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct none[2] = { 0 };
	struct error *err = NULL;

	child_check(syscall(SYS_capset, &header, none) == 0);
	child_check(seccomp_install(&program, &err) == -1);
	child_check(strstr(err->message, "linux.seccomp: cannot install the filter"));
	child_check(strstr(err->message, "CAP_SYS_ADMIN"));
	error_clear(&err);
}

static void without_privileges_the_error_says_what_is_missing(void **state)
{
	(void)state;
	assert_child(unprivileged_body);
}

static void listener_body(void)
{
	const struct seccomp seccomp = {
		.default_action = SECCOMP_ACTION_ALLOW,
		.syscalls = LIST(struct seccomp_rule,
		                 { .names = NAMES("chroot"), .action = SECCOMP_ACTION_NOTIFY }),
	};
	struct seccomp_program program;
	int listener;

	child_check(seccomp_compile(&seccomp, &program, NULL) == 0);
	child_check(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0);
	listener = seccomp_install(&program, NULL);
	child_check(listener >= 0 && fcntl(listener, F_GETFD) == FD_CLOEXEC);
	seccomp_program_free(&program);
}

static void a_filter_that_notifies_gives_a_listener(void **state)
{
	(void)state;
	assert_child(listener_body);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		test(what_is_not_named_gets_the_default_action),
		test(each_rule_has_its_action_and_errno),
		test(operators_compare_as_the_spec_says),
		test(conditions_on_several_arguments_must_all_hold),
		test(conditions_on_one_argument_are_alternatives),
		test(unknown_system_calls_are_skipped),
		test(a_rule_with_the_default_action_changes_nothing),
		test(a_profile_without_rules_is_its_default_action),
		test(many_rules_give_the_same_verdicts_as_few),
		test(calls_newer_than_the_profile_get_enosys),
		test(where_unnamed_calls_are_let_through_newer_ones_are_too),
		test(a_default_of_enosys_needs_no_more_of_it),
		test(the_largest_number_counts_for_each_architecture),
		test(private_calls_of_arm_do_not_hide_newer_ones),
		test(x32_has_numbers_of_its_own),
		test(without_a_list_the_filter_is_for_the_machine_alone),
		test(the_machine_itself_need_not_be_listed_and_may_be_twice),
		test(architectures_of_the_other_byte_order_are_left_out),
		test(unknown_architectures_are_refused_by_place),
		test(two_actions_for_one_condition_are_refused),
		test(an_argument_that_no_call_has_is_refused),
		test(flags_of_installation),
		test(an_installed_filter_is_obeyed),
		test(the_kernel_takes_the_sections_for_newer_calls),
		test(a_filter_that_notifies_gives_a_listener),
		test(without_privileges_the_error_says_what_is_missing),
	};

	if (!has_libseccomp())
		return 77;
	return cmocka_run_group_tests_name("seccomp", tests, NULL, NULL);
}
