/* SPDX-License-Identifier: Apache-2.0 */
/*
 * push-input: try to type on the terminal that stdin is, so that who reads there next, the shell
 * of the user, takes it for his. Prints what has worked.
 */
#include <fcntl.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <unistd.h>

int main(void)
{
	if (!isatty(0))
		puts("no terminal");
	if (open("/dev/tty", O_RDWR) >= 0)
		puts("it is our controlling one");
	if (ioctl(0, TIOCSTI, "x") == 0)
		puts("pushed");
	for (long steal = 0; steal < 2; steal++)
		if (ioctl(0, TIOCSCTTY, steal) == 0)
			puts("taken");
	if (ioctl(0, TIOCSTI, "x") == 0)
		puts("pushed");
	puts("tried");
	return 0;
}
