/* SPDX-License-Identifier: Apache-2.0 */
/*
 * swap ONE TWO: exchange two names over and over, as fast as it goes, until somebody ends it: the
 * attacker who changes a root file system while it is walked.
 */
#include <fcntl.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef RENAME_EXCHANGE
#define RENAME_EXCHANGE 2
#endif

int main(int argc, char **argv)
{
	if (argc != 3)
		return 2;
	for (;;) {
		if (syscall(SYS_renameat2, AT_FDCWD, argv[1], AT_FDCWD, argv[2], RENAME_EXCHANGE)) {
			perror("swap");
			return 1;
		}
	}
}
