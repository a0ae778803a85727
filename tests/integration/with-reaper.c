/* SPDX-License-Identifier: Apache-2.0 */
/*
 * with-reaper CMD [ARG…]: run CMD, reap all that it orphans at once, end with its status.
 *
 * Tests that wait for a process being gone, not just dead, cannot rely on the machine's init:
 * some look for zombies only every few seconds.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	int status, result = 125;
	pid_t child, pid;

	if (argc < 2 || prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0))
		return 125;
	child = fork();
	if (!child) {
		execvp(argv[1], argv + 1);
		fprintf(stderr, "with-reaper: %s: %s\n", argv[1], strerror(errno));
		_exit(127);
	}
	/* Until there is no descendant left: what outlives CMD is reaped too. */
	while ((pid = wait(&status)) > 0 || errno == EINTR) {
		if (pid == child)
			result = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
	}
	return result;
}
