/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The 32-bit system call getpriority(PRIO_PROCESS, 0) from a 64-bit program of x86_64: prints the
 * errno value that came of it, 0 for none.
 */
#include <stdio.h>

#define GETPRIORITY_32 96

int main(void)
{
	long result = GETPRIORITY_32;

#ifdef __x86_64__
	__asm__ volatile("int $0x80" : "+a"(result) : "b"(0L), "c"(0L) : "memory");
#endif
	/* The kernel itself returns 20 minus the nice value, from 1 to 40. */
	printf("%d\n", (int)result < 0 ? -(int)result : 0);
	return 0;
}
