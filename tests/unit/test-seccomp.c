/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Compiled filters, run here on made-up system calls by a small BPF machine, so that most tests
 * need no process that is filtered; and the cache of them, in a directory of the test's own.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <dlfcn.h>
#include <linux/audit.h>
#include <linux/capability.h>
#include <linux/seccomp.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "child.h"
#include "directory.h"
#include "process/seccomp-cache.h"
#include "process/seccomp.h"

#ifdef __x86_64__
#define NATIVE       AUDIT_ARCH_X86_64
#define NATIVE_NAME  "SCMP_ARCH_X86_64"
#define COMPAT       AUDIT_ARCH_I386
#define COMPAT_NAME  "SCMP_ARCH_X86"
#define COMPAT_WRITE 4
#else
#define NATIVE       AUDIT_ARCH_AARCH64
#define NATIVE_NAME  "SCMP_ARCH_AARCH64"
#define COMPAT       AUDIT_ARCH_ARM
#define COMPAT_NAME  "SCMP_ARCH_ARM"
#define COMPAT_WRITE 4
#endif

#define X32_BIT  0x40000000
#define NEWER    (SYS_openat2 + 1)
#define ERRNO(n) (SECCOMP_RET_ERRNO | (n))
#define KILL     SECCOMP_RET_KILL_THREAD
#define ALLOW    SECCOMP_RET_ALLOW
#define NAMES(...)                                                                 \
	{                                                                          \
		.items = (char **)(const char *[]){ __VA_ARGS__, NULL },           \
		.count = sizeof((const char *[]){ __VA_ARGS__ }) / sizeof(char *), \
	}
#define LIST(type, ...)                                                  \
	{                                                                \
		.items = (type[]){ __VA_ARGS__ },                        \
		.count = sizeof((type[]){ __VA_ARGS__ }) / sizeof(type), \
	}

/* What BPF says of the whole program: the subset that seccomp filters are made of. */
static uint32_t evaluate(const struct seccomp_program *program, const struct seccomp_data *data)
{
	uint32_t a = 0, memory[BPF_MEMWORDS] = { 0 };

	for (size_t pc = 0; pc < program->length; pc++) {
		const struct sock_filter *now = &program->filter[pc];
		bool taken;

		switch (now->code) {
		case BPF_LD | BPF_W | BPF_ABS:
			memcpy(&a, (const char *)data + now->k, sizeof(a));
			continue;
		case BPF_LD | BPF_MEM:
			a = memory[now->k];
			continue;
		case BPF_ST:
			memory[now->k] = a;
			continue;
		case BPF_ALU | BPF_AND | BPF_K:
			a &= now->k;
			continue;
		case BPF_RET | BPF_K:
			return now->k;
		case BPF_JMP | BPF_JA:
			pc += now->k;
			continue;
		case BPF_JMP | BPF_JEQ | BPF_K:
			taken = a == now->k;
			break;
		case BPF_JMP | BPF_JGT | BPF_K:
			taken = a > now->k;
			break;
		case BPF_JMP | BPF_JGE | BPF_K:
			taken = a >= now->k;
			break;
		case BPF_JMP | BPF_JSET | BPF_K:
			taken = a & now->k;
			break;
		default:
			fail_msg("instruction %#x is not known here", now->code);
			return 0;
		}
		pc += taken ? now->jt : now->jf;
	}
	fail_msg("the program has no end");
	return 0;
}

static uint32_t verdict_on(const struct seccomp_program *program, uint32_t arch, long number,
                           uint64_t arg0, uint64_t arg1)
{
	const struct seccomp_data data = {
		.nr = (int)number,
		.arch = arch,
		.args = { arg0, arg1 },
	};

	return evaluate(program, &data);
}

static uint32_t verdict(const struct seccomp_program *program, long number)
{
	return verdict_on(program, NATIVE, number, 0, 0);
}

static void compile(const struct seccomp *seccomp, struct seccomp_program *program)
{
	struct error *err = NULL;

	if (seccomp_compile(seccomp, program, &err) < 0)
		fail_msg("refused: %s", err->message);
}

static void assert_refused(const struct seccomp *seccomp, const char *message)
{
	_cleanup_seccomp_ struct seccomp_program program = { 0 };
	_cleanup_error_ struct error *err = NULL;

	assert_int_equal(seccomp_compile(seccomp, &program, &err), -1);
	if (!strstr(err->message, message))
		fail_msg("unexpected message: %s", err->message);
}

/* --- fixture: a cache of its own --- */

struct fixture {
	char path[DIRECTORY_SIZE];
};

static int setup(void **state)
{
	struct fixture *fixture = calloc(1, sizeof(*fixture));

	if (!fixture)
		return -1;
	if (!directory_make(fixture->path) || setenv("XDG_CACHE_HOME", fixture->path, 1) < 0)
		return -1;
	*state = fixture;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *fixture = *state;

	directory_remove(fixture->path);
	free(fixture);
	return 0;
}

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

/* --- the cache --- */

static struct sock_filter sample[] = {
	BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 0),
	BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | 77),
};

static const char library[] = "/proc/self/exe";

static void make_key(struct seccomp_cache_key *key)
{
	const struct seccomp seccomp = {
		.default_action = SECCOMP_ACTION_ERRNO,
		.syscalls = LIST(struct seccomp_rule,
		                 { .names = NAMES("write"), .action = SECCOMP_ACTION_ALLOW }),
	};

	assert_int_equal(seccomp_cache_key_make(&seccomp, key), 0);
}

static bool is_cached(int cache_fd, const struct seccomp_cache_key *key)
{
	_cleanup_free_ struct sock_filter *filter = NULL;
	unsigned short count = 0;

	if (!seccomp_cache_load(cache_fd, key, &filter, &count))
		return false;
	assert_int_equal(count, ARRAY_SIZE(sample));
	assert_memory_equal(filter, sample, sizeof(sample));
	return true;
}

static void store_sample(int cache_fd, const struct seccomp_cache_key *key)
{
	seccomp_cache_store(cache_fd, key, library, sample, ARRAY_SIZE(sample));
}

static void what_was_stored_is_found_again(void **state)
{
	_cleanup_cache_key_ struct seccomp_cache_key key = { 0 };
	_cleanup_fd_ int cache_fd = seccomp_cache_open();

	(void)state;
	make_key(&key);
	assert_true(cache_fd >= 0);
	assert_false(is_cached(cache_fd, &key));
	store_sample(cache_fd, &key);
	assert_true(is_cached(cache_fd, &key));
}

static void compiling_takes_the_program_from_the_cache(void **state)
{
	const struct seccomp seccomp = {
		.default_action = SECCOMP_ACTION_ERRNO,
		.syscalls = LIST(struct seccomp_rule,
		                 { .names = NAMES("write"), .action = SECCOMP_ACTION_ALLOW }),
	};
	_cleanup_seccomp_ struct seccomp_program first = { 0 }, again = { 0 }, cached = { 0 };
	_cleanup_cache_key_ struct seccomp_cache_key key = { 0 };
	_cleanup_fd_ int cache_fd = seccomp_cache_open();

	(void)state;
	compile(&seccomp, &first);
	compile(&seccomp, &again);
	assert_int_equal(first.length, again.length);
	assert_memory_equal(first.filter, again.filter, first.length * sizeof(*first.filter));

	assert_int_equal(seccomp_cache_key_make(&seccomp, &key), 0);
	assert_int_equal(faccessat(cache_fd, key.name, R_OK, 0), 0);
	store_sample(cache_fd, &key);
	compile(&seccomp, &cached);
	assert_int_equal(verdict(&cached, SYS_write), ERRNO(77));
}

/* A description of every member that the program depends on: none may be forgotten. */
static void filters_that_differ_have_keys_that_differ(void **state)
{
	struct seccomp_arg args[] = {
		{ .index = 0, .op = SECCOMP_OP_EQ, .value = 1, .value_two = 1 },
		{ .index = 1, .op = SECCOMP_OP_EQ, .value = 1, .value_two = 1 },
		{ .index = 0, .op = SECCOMP_OP_NE, .value = 1, .value_two = 1 },
		{ .index = 0, .op = SECCOMP_OP_EQ, .value = 2, .value_two = 1 },
		{ .index = 0, .op = SECCOMP_OP_EQ, .value = 1, .value_two = 2 },
	};
	const struct seccomp_rule rules[] = {
		{ .names = NAMES("a", "b") },
		{ .names = NAMES("a 1:b") },
		{ .names = NAMES("a") },
		{ .names = NAMES("a", "b"), .action = SECCOMP_ACTION_LOG },
		{ .names = NAMES("a", "b"), .errno_ret = { true, 0 } },
		{ .names = NAMES("a", "b"), .errno_ret = { true, 1 } },
		{ .names = NAMES("a", "b"), .args = { &args[0], 1 } },
		{ .names = NAMES("a", "b"), .args = { &args[1], 1 } },
		{ .names = NAMES("a", "b"), .args = { &args[2], 1 } },
		{ .names = NAMES("a", "b"), .args = { &args[3], 1 } },
		{ .names = NAMES("a", "b"), .args = { &args[4], 1 } },
		{ .names = NAMES("a", "b"), .args = { &args[0], 2 } },
	};
	struct seccomp filters[ARRAY_SIZE(rules) + 7] = { 0 };
	struct seccomp_cache_key keys[ARRAY_SIZE(filters)] = { 0 };
	size_t count = ARRAY_SIZE(rules);

	(void)state;
	for (size_t i = 0; i < count; i++) {
		filters[i].syscalls.items = (struct seccomp_rule *)&rules[i];
		filters[i].syscalls.count = 1;
	}
	filters[count].default_action = SECCOMP_ACTION_TRAP;
	filters[count + 1].default_errno_ret = (struct opt_u32){ true, 0 };
	filters[count + 2].default_errno_ret = (struct opt_u32){ true, 5 };
	filters[count + 3].architectures = (struct strings)NAMES("SCMP_ARCH_X86");
	filters[count + 4].architectures = (struct strings)NAMES("SCMP_ARCH_X86", "SCMP_ARCH_X32");
	filters[count + 5].syscalls.items = (struct seccomp_rule *)rules;
	filters[count + 5].syscalls.count = 2;
	filters[count + 6].architectures = (struct strings)NAMES("SCMP_ARCH_ARM");

	for (size_t i = 0; i < ARRAY_SIZE(filters); i++) {
		assert_int_equal(seccomp_cache_key_make(&filters[i], &keys[i]), 0);
		for (size_t k = 0; k < i; k++) {
			assert_string_not_equal(keys[i].text, keys[k].text);
			assert_string_not_equal(keys[i].name, keys[k].name);
		}
	}
	for (size_t i = 0; i < ARRAY_SIZE(filters); i++)
		seccomp_cache_key_free(&keys[i]);
}

static void another_key_with_the_same_name_misses(void **state)
{
	_cleanup_cache_key_ struct seccomp_cache_key key = { 0 }, other = { 0 };
	_cleanup_fd_ int cache_fd = seccomp_cache_open();

	(void)state;
	make_key(&key);
	make_key(&other);
	other.text[other.length - 2] ^= 1;
	store_sample(cache_fd, &key);
	assert_false(is_cached(cache_fd, &other));
}

static void a_changed_or_cut_file_is_no_entry(void **state)
{
	_cleanup_cache_key_ struct seccomp_cache_key key = { 0 };
	_cleanup_fd_ int cache_fd = seccomp_cache_open();
	_cleanup_free_ char *file = NULL;
	ssize_t length;

	(void)state;
	make_key(&key);
	store_sample(cache_fd, &key);
	length = file_read_at(cache_fd, key.name, 1 << 20, &file);
	assert_true(length > 0);
	for (ssize_t i = 0; i < length; i++) {
		file[i] ^= 1;
		assert_int_equal(file_replace_at(cache_fd, key.name, file, (size_t)length, 0600),
		                 0);
		assert_false(is_cached(cache_fd, &key));
		file[i] ^= 1;
		assert_int_equal(file_replace_at(cache_fd, key.name, file, (size_t)i, 0600), 0);
		assert_false(is_cached(cache_fd, &key));
	}
	assert_int_equal(file_replace_at(cache_fd, key.name, file, (size_t)length, 0600), 0);
	assert_true(is_cached(cache_fd, &key));
}

static void a_file_that_others_can_write_is_no_entry(void **state)
{
	static const mode_t modes[] = { 0620, 0602, 0666 };
	_cleanup_cache_key_ struct seccomp_cache_key key = { 0 };
	_cleanup_fd_ int cache_fd = seccomp_cache_open();

	(void)state;
	make_key(&key);
	store_sample(cache_fd, &key);
	for (size_t i = 0; i < ARRAY_SIZE(modes); i++) {
		assert_int_equal(fchmodat(cache_fd, key.name, modes[i], 0), 0);
		assert_false(is_cached(cache_fd, &key));
	}
	assert_int_equal(fchmodat(cache_fd, key.name, 0644, 0), 0);
	assert_true(is_cached(cache_fd, &key));
}

static void links_and_fifos_are_no_entries(void **state)
{
	_cleanup_cache_key_ struct seccomp_cache_key key = { 0 };
	_cleanup_fd_ int cache_fd = seccomp_cache_open();

	(void)state;
	make_key(&key);
	store_sample(cache_fd, &key);
	assert_int_equal(renameat(cache_fd, key.name, cache_fd, "elsewhere"), 0);
	assert_int_equal(symlinkat("elsewhere", cache_fd, key.name), 0);
	assert_false(is_cached(cache_fd, &key));
	assert_int_equal(unlinkat(cache_fd, key.name, 0), 0);
	assert_int_equal(mkfifoat(cache_fd, key.name, 0600), 0);
	assert_false(is_cached(cache_fd, &key));
}

static void a_library_that_was_replaced_makes_the_entry_stale(void **state)
{
	const struct fixture *fixture = *state;
	_cleanup_cache_key_ struct seccomp_cache_key key = { 0 };
	_cleanup_fd_ int cache_fd = seccomp_cache_open();
	char path[128];

	make_key(&key);
	assert_int_equal(file_replace_at(cache_fd, "library", "one", 3, 0644), 0);
	snprintf(path, sizeof(path), "%s/rootlet/seccomp/library", fixture->path);
	seccomp_cache_store(cache_fd, &key, path, sample, ARRAY_SIZE(sample));
	assert_true(is_cached(cache_fd, &key));
	assert_int_equal(file_replace_at(cache_fd, "library", "two", 3, 0644), 0);
	assert_false(is_cached(cache_fd, &key));
	assert_int_equal(unlinkat(cache_fd, "library", 0), 0);
	assert_false(is_cached(cache_fd, &key));
}

static void a_library_without_an_absolute_path_is_not_stored_for(void **state)
{
	_cleanup_cache_key_ struct seccomp_cache_key key = { 0 };
	_cleanup_fd_ int cache_fd = seccomp_cache_open();

	(void)state;
	make_key(&key);
	seccomp_cache_store(cache_fd, &key, "", sample, ARRAY_SIZE(sample));
	assert_false(is_cached(cache_fd, &key));
	seccomp_cache_store(cache_fd, &key, ".", sample, ARRAY_SIZE(sample));
	assert_false(is_cached(cache_fd, &key));
}

static size_t files_in(const char *path)
{
	_cleanup_dir_ DIR *dir = opendir(path);
	size_t count = 0;

	assert_non_null(dir);
	while (readdir(dir))
		count++;
	return count - 2;
}

static void the_cache_stays_bounded(void **state)
{
	const struct fixture *fixture = *state;
	_cleanup_cache_key_ struct seccomp_cache_key key = { 0 };
	_cleanup_fd_ int cache_fd = seccomp_cache_open();
	char path[128];

	make_key(&key);
	for (int i = 0; i < 200; i++) {
		snprintf(key.name, sizeof(key.name), "%016x", i);
		store_sample(cache_fd, &key);
		assert_true(is_cached(cache_fd, &key));
	}
	snprintf(path, sizeof(path), "%s/rootlet/seccomp", fixture->path);
	assert_in_range(files_in(path), 1, 64);
}

static void a_directory_that_is_not_ours_alone_is_no_cache(void **state)
{
	static const char *const directories[] = { "rootlet", "rootlet/seccomp" };
	const struct fixture *fixture = *state;
	_cleanup_fd_ int base = open(fixture->path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	int cache_fd = seccomp_cache_open();

	assert_true(cache_fd >= 0);
	close(cache_fd);
	for (size_t i = 0; i < ARRAY_SIZE(directories); i++) {
		assert_int_equal(fchmodat(base, directories[i], 0770, 0), 0);
		assert_int_equal(seccomp_cache_open(), -1);
		assert_int_equal(fchmodat(base, directories[i], 0700, 0), 0);
	}
	assert_int_equal(renameat(base, "rootlet", base, "moved"), 0);
	assert_int_equal(symlinkat("moved", base, "rootlet"), 0);
	assert_int_equal(seccomp_cache_open(), -1);
}

static void another_users_directory_is_no_cache(void **state)
{
	const struct fixture *fixture = *state;

	if (geteuid() != 0) {
		print_message("skipped: chown needs root\n");
		skip();
	}
	assert_int_equal(chown(fixture->path, 12345, (gid_t)-1), 0);
	assert_int_equal(seccomp_cache_open(), -1);
	assert_int_equal(files_in(fixture->path), 0);
}

static void what_another_user_owns_is_not_believed(void **state)
{
	const struct fixture *fixture = *state;
	_cleanup_cache_key_ struct seccomp_cache_key key = { 0 };
	_cleanup_fd_ int cache_fd = seccomp_cache_open();
	char path[128];

	if (geteuid() != 0) {
		print_message("skipped: chown needs root\n");
		skip();
	}
	make_key(&key);
	store_sample(cache_fd, &key);
	assert_int_equal(fchownat(cache_fd, key.name, 12345, (gid_t)-1, 0), 0);
	assert_false(is_cached(cache_fd, &key));
	snprintf(path, sizeof(path), "%s/rootlet", fixture->path);
	assert_int_equal(chown(path, 12345, (gid_t)-1), 0);
	assert_int_equal(seccomp_cache_open(), -1);
}

static void without_xdg_cache_home_it_is_dot_cache_in_home(void **state)
{
	static const char *const values[] = { NULL, "", "relative" };
	const struct fixture *fixture = *state;
	_cleanup_free_ char *home = strdup(getenv("HOME") ? getenv("HOME") : "");
	char path[128];
	struct stat st;

	for (size_t i = 0; i < ARRAY_SIZE(values); i++) {
		_cleanup_fd_ int cache_fd = -1;

		unsetenv("XDG_CACHE_HOME");
		if (values[i])
			setenv("XDG_CACHE_HOME", values[i], 1);
		setenv("HOME", fixture->path, 1);
		cache_fd = seccomp_cache_open();
		assert_true(cache_fd >= 0);
	}
	snprintf(path, sizeof(path), "%s/.cache", fixture->path);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0700);

	unsetenv("HOME");
	assert_int_equal(seccomp_cache_open(), -1);
	setenv("HOME", home, 1);
}

static void without_a_cache_filters_are_compiled(void **state)
{
	const struct seccomp seccomp = {
		.default_action = SECCOMP_ACTION_ERRNO,
		.syscalls = LIST(struct seccomp_rule,
		                 { .names = NAMES("write"), .action = SECCOMP_ACTION_ALLOW }),
	};
	_cleanup_seccomp_ struct seccomp_program program = { 0 };

	(void)state;
	setenv("XDG_CACHE_HOME", "/nowhere/at/all", 1);
	compile(&seccomp, &program);
	assert_int_equal(verdict(&program, SYS_write), ALLOW);
}

#define test(function) cmocka_unit_test_setup_teardown(function, setup, teardown)

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
		test(what_was_stored_is_found_again),
		test(compiling_takes_the_program_from_the_cache),
		test(filters_that_differ_have_keys_that_differ),
		test(another_key_with_the_same_name_misses),
		test(a_changed_or_cut_file_is_no_entry),
		test(a_file_that_others_can_write_is_no_entry),
		test(links_and_fifos_are_no_entries),
		test(a_library_that_was_replaced_makes_the_entry_stale),
		test(a_library_without_an_absolute_path_is_not_stored_for),
		test(the_cache_stays_bounded),
		test(a_directory_that_is_not_ours_alone_is_no_cache),
		test(another_users_directory_is_no_cache),
		test(what_another_user_owns_is_not_believed),
		test(without_xdg_cache_home_it_is_dot_cache_in_home),
		test(without_a_cache_filters_are_compiled),
	};
	void *handle = dlopen("libseccomp.so.2", RTLD_NOW);

	if (!handle) {
		printf("skipped: libseccomp.so.2 is not installed\n");
		return 77;
	}
	dlclose(handle);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
