/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kill-after MICROSECONDS CMD [ARG…]: run CMD, and SIGKILL it after that time if it still runs.
 * The status is CMD's, or 137 when it was killed.
 */
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	struct timespec time = { 0 };
	struct pollfd end = { .events = POLLIN };
	long microseconds;
	pid_t child;
	int status;

	if (argc < 3)
		return 125;
	microseconds = atol(argv[1]);
	time.tv_sec = microseconds / 1000000;
	time.tv_nsec = microseconds % 1000000 * 1000;
	child = fork();
	if (!child) {
		execvp(argv[2], argv + 2);
		_exit(127);
	}
	end.fd = (int)syscall(SYS_pidfd_open, child, 0);
	if (child < 0 || end.fd < 0)
		return 125;
	if (ppoll(&end, 1, &time, NULL) == 0)
		kill(child, SIGKILL);
	waitpid(child, &status, 0);
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}
