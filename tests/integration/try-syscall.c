/* SPDX-License-Identifier: Apache-2.0 */
/*
 * try-syscall NAME|NUMBER [ARGUMENT...]: make a system call with numbers as arguments and print
 * the errno value that came of it, 0 for none.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

static const struct {
	const char *name;
	long number;
} calls[] = {
	{ "getpriority", SYS_getpriority },
	{ "mkdirat", SYS_mkdirat },
	{ "personality", SYS_personality },
};

static long number_of(const char *name)
{
	for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++)
		if (strcmp(calls[i].name, name) == 0)
			return calls[i].number;
	return strtol(name, NULL, 10);
}

int main(int argc, char **argv)
{
	long arguments[6] = { 0 };
	long result;

	if (argc < 2)
		return 2;
	for (int i = 2; i < argc && i < 8; i++)
		arguments[i - 2] = strtol(argv[i], NULL, 0);
	errno = 0;
	result = syscall(number_of(argv[1]), arguments[0], arguments[1], arguments[2], arguments[3],
	                 arguments[4], arguments[5]);
	printf("%d\n", result < 0 ? errno : 0);
	return 0;
}
