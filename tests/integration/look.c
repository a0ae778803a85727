/* SPDX-License-Identifier: Apache-2.0 */
/*
 * look STOP [PREFIX...]: the debugger who waits in a container for processes of the runtime. It
 * tries every way into every process that is none of the container's own, over and over until the
 * file STOP exists, and prints each way that opened; at the end the number of processes that were
 * closed to it. The container's own programs are those whose path begins with a PREFIX.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static char **prefixes;
static unsigned long closed;

static int is_own(const char *path)
{
	for (char **prefix = prefixes; *prefix; prefix++)
		if (strncmp(path, *prefix, strlen(*prefix)) == 0)
			return 1;
	return 0;
}

/* Of the link @name of process @pid; 0 when it cannot be read. */
static int read_link(int pid, const char *name, char *text, size_t size)
{
	char path[64];
	ssize_t n;

	snprintf(path, sizeof(path), "/proc/%d/%s", pid, name);
	n = readlink(path, text, size - 1);
	if (n < 0)
		return 0;
	text[n] = '\0';
	return 1;
}

/* It may become one of the container's programs while we look: what is open still tells. */
static void look_at_executable(int pid)
{
	char path[64], text[512] = "";
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/exe", pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return;
	if (read_link(getpid(), (snprintf(path, sizeof(path), "fd/%d", fd), path), text,
	              sizeof(text)) &&
	    !is_own(text))
		printf("exe %s\n", text);
	close(fd);
}

/* None of ours has fds above stdio, and a program of the container's has none of these words. */
static void look_at_fds(int pid)
{
	for (int fd = 3; fd < 16; fd++) {
		char name[32], text[512];

		snprintf(name, sizeof(name), "fd/%d", fd);
		if (read_link(pid, name, text, sizeof(text)))
			printf("fd %d %s\n", fd, text);
	}
}

static void look_at_text(int pid, const char *name, const char *word)
{
	static char text[1 << 16];
	char path[64];
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/%s", pid, name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return;
	n = read(fd, text, sizeof(text) - 1);
	if (n > 0 && memmem(text, (size_t)n, word, strlen(word)))
		printf("%s with %s\n", name, word);
	close(fd);
}

/* Without the SIGSTOP of PTRACE_ATTACH, which could be left behind. */
static void attach(int pid)
{
	char text[512] = "";

	if (ptrace(PTRACE_SEIZE, pid, NULL, NULL) < 0)
		return;
	if (!read_link(pid, "exe", text, sizeof(text)) ? errno == EACCES : !is_own(text))
		printf("ptrace %s\n", text);
	if (ptrace(PTRACE_INTERRUPT, pid, NULL, NULL) == 0)
		waitpid(pid, NULL, __WALL);
	ptrace(PTRACE_DETACH, pid, NULL, NULL);
}

/* An fd of a process that has no others than stdio once it is a program of the container's. */
static void steal_fds(int pid)
{
	int pidfd = (int)syscall(SYS_pidfd_open, pid, 0);

	for (int fd = 3; pidfd >= 0 && fd < 16; fd++) {
		int stolen = (int)syscall(SYS_pidfd_getfd, pidfd, fd, 0);

		if (stolen >= 0)
			printf("stolen fd %d\n", fd);
		close(stolen);
	}
	close(pidfd);
}

/* A process that is closed now was so before: it turns into an open one, never back. */
static int is_closed(int pid)
{
	char text[512];

	return !read_link(pid, "exe", text, sizeof(text)) && errno == EACCES;
}

static void open_while_closed(int pid, const char *name, int flags)
{
	char path[64];
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/%s", pid, name);
	fd = open(path, flags | O_CLOEXEC);
	if (fd < 0)
		return;
	if (is_closed(pid))
		printf("%s\n", name);
	close(fd);
}

static void look(int pid)
{
	char text[512];

	if (read_link(pid, "exe", text, sizeof(text)) && is_own(text))
		return;
	look_at_executable(pid);
	look_at_fds(pid);
	look_at_text(pid, "environ", "RL_TEST_ID");
	look_at_text(pid, "maps", "rootlet");
	steal_fds(pid);
	attach(pid);
	open_while_closed(pid, "mem", O_RDONLY);
	open_while_closed(pid, "mem", O_WRONLY);
	open_while_closed(pid, "root", O_PATH | O_DIRECTORY);
	open_while_closed(pid, "cwd", O_PATH | O_DIRECTORY);
	closed += is_closed(pid);
}

int main(int argc, char **argv)
{
	if (argc < 2)
		return 2;
	prefixes = argv + 2;
	setlinebuf(stdout);
	while (access(argv[1], F_OK) < 0) {
		DIR *proc = opendir("/proc");
		struct dirent *entry;

		while (proc && (entry = readdir(proc))) {
			int pid = atoi(entry->d_name);

			if (pid > 0 && pid != getpid())
				look(pid);
		}
		if (proc)
			closedir(proc);
	}
	printf("closed %s\n", closed ? "some" : "none");
	return 0;
}
