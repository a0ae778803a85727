/* SPDX-License-Identifier: Apache-2.0 */
/*
 * For tests of compiled seccomp filters: a small BPF machine that runs them on made-up system calls,
 * and a cache of the test's own. Whoever includes it has included cmocka.h before.
 */
#pragma once

#include <linux/audit.h>
#include <linux/seccomp.h>
#include <stdint.h>

#include "directory.h"
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

struct fixture {
	char path[DIRECTORY_SIZE];
};

/* Each test has a cache of its own: the fixture. */
#define test(function) cmocka_unit_test_setup_teardown(function, setup, teardown)

uint32_t verdict_on(const struct seccomp_program *program, uint32_t arch, long number,
                    uint64_t arg0, uint64_t arg1);
uint32_t verdict(const struct seccomp_program *program, long number);
void compile(const struct seccomp *seccomp, struct seccomp_program *program);
void assert_refused(const struct seccomp *seccomp, const char *message);
int setup(void **state);
int teardown(void **state);
/* Without the library there is nothing to test: main() ends with 77 then, having said so. */
bool has_libseccomp(void);
