/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>

#include "filters.h"

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

uint32_t verdict_on(const struct seccomp_program *program, uint32_t arch, long number,
                    uint64_t arg0, uint64_t arg1)
{
	const struct seccomp_data data = {
		.nr = (int)number,
		.arch = arch,
		.args = { arg0, arg1 },
	};

	return evaluate(program, &data);
}

uint32_t verdict(const struct seccomp_program *program, long number)
{
	return verdict_on(program, NATIVE, number, 0, 0);
}

void compile(const struct seccomp *seccomp, struct seccomp_program *program)
{
	struct error *err = NULL;

	if (seccomp_compile(seccomp, program, &err) < 0)
		fail_msg("refused: %s", err->message);
}

void assert_refused(const struct seccomp *seccomp, const char *message)
{
	_cleanup_seccomp_ struct seccomp_program program = { 0 };
	_cleanup_error_ struct error *err = NULL;

	assert_int_equal(seccomp_compile(seccomp, &program, &err), -1);
	if (!strstr(err->message, message))
		fail_msg("unexpected message: %s", err->message);
}

int setup(void **state)
{
	struct fixture *fixture = calloc(1, sizeof(*fixture));

	if (!fixture)
		return -1;
	if (!directory_make(fixture->path) || setenv("XDG_CACHE_HOME", fixture->path, 1) < 0)
		return -1;
	*state = fixture;
	return 0;
}

int teardown(void **state)
{
	struct fixture *fixture = *state;

	directory_remove(fixture->path);
	free(fixture);
	return 0;
}

bool has_libseccomp(void)
{
	void *handle = dlopen("libseccomp.so.2", RTLD_NOW);

	if (!handle) {
		printf("skipped: libseccomp.so.2 is not installed\n");
		return false;
	}
	dlclose(handle);
	return true;
}
