/* SPDX-License-Identifier: Apache-2.0 */
/*
 * inject -d DIR [-f PROCESS:SYSCALL:NTH:ERRNO] [-t] CMD [ARG…] [';;' CMD [ARG…]]…
 *
 * Run the commands one after the other under ptrace(2), until one fails, and make one system call
 * of one process fail, or kill the process instead (ERRNO is KILL). strace(1) counts the calls of
 * each process for itself and cannot be told to leave the others alone, so that a call of init could
 * not be had without failing the same call of the runtime before.
 *
 * Processes are numbered from 1 in the order in which they come. The calls of a command count from
 * its first fcntl(2), which the loader does not use and main() begins with; those of a process that
 * was cloned from its beginning. As the kernel has it, a close(2) that fails closes all the same,
 * and a brk(2) that fails returns the old break; since malloc(3) then tries mmap(2), that too.
 *
 * A process that executes a program is let go, but for a command that executes itself anew (from a
 * sealed copy), and rootlet-net, to whose number 1000 is added, and which counts from its setsid(2).
 * So are those that are left when the last command has ended; if we are killed, so
 * are they.
 *
 * The file N.out and N.err in DIR are the streams of command N (from 0); "result" has a line for
 * each end ("exit 0 1" or "signal 0 11"; a command is "command 0 exit 1") and "injected" for the
 * fault; with -t "trace" has a line for each call: command, process, name, count, third argument,
 * result, and behind # what it is about.
 */
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

/* Made from the headers by the script "faults". */
static const struct {
	const char *name;
	int number;
} names[] = {
#include "syscall-names.h"
};

/* No errno: the process is killed instead of its call. */
#define KILL (-1)

static const struct {
	const char *name;
	int number;
} errnos[] = {
	{ "ENOMEM", ENOMEM }, { "EPERM", EPERM },   { "EINTR", EINTR },   { "ENOSPC", ENOSPC },
	{ "EIO", EIO },       { "EAGAIN", EAGAIN }, { "EMFILE", EMFILE }, { "EACCES", EACCES },
	{ "EINVAL", EINVAL }, { "KILL", KILL },
};

#define SYSCALLS_MAX  1024
#define PROCESSES_MAX 256
#define EXECUTED      1000 /* added to the number of a process that has become rootlet-net */

struct process {
	pid_t pid; /* 0: has gone */
	int number;
	bool is_command, counts;
	int call; /* under way, counted; -1: none */
	unsigned long flags;
	long argument; /* the first, when it was changed */
	char note[256];
	bool fails, no_memory;
	unsigned int count[SYSCALLS_MAX];
};

static struct process processes[PROCESSES_MAX];
static int process_count;
static struct {
	int process, call, errnum;
	unsigned int nth;
} fault;
static const char *directory;
static FILE *result, *trace;
static int command_index;
static bool detaching;

static void die(const char *what)
{
	perror(what);
	exit(125);
}

/* --- names ----------------------------------------------------------------------------------- */

static const char *name_of(int number)
{
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (names[i].number == number)
			return names[i].name;
	return "unknown";
}

static int number_of(const char *name)
{
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strcmp(names[i].name, name) == 0)
			return names[i].number;
	fprintf(stderr, "inject: no system call %s\n", name);
	exit(2);
}

static void parse_fault(const char *text)
{
	char name[64], errname[16];

	if (sscanf(text, "%d:%63[^:]:%u:%15s", &fault.process, name, &fault.nth, errname) != 4) {
		fprintf(stderr, "inject: what is %s?\n", text);
		exit(2);
	}
	fault.call = number_of(name);
	for (size_t i = 0; i < sizeof(errnos) / sizeof(errnos[0]); i++)
		if (strcmp(errnos[i].name, errname) == 0)
			fault.errnum = errnos[i].number;
	if (!fault.errnum) {
		fprintf(stderr, "inject: no errno %s\n", errname);
		exit(2);
	}
}

/* --- registers ------------------------------------------------------------------------------- */

#if defined(__x86_64__)
static void skip_call(pid_t pid)
{
	ptrace(PTRACE_POKEUSER, pid, offsetof(struct user_regs_struct, orig_rax), -1L);
}

static void set_result(pid_t pid, long value)
{
	ptrace(PTRACE_POKEUSER, pid, offsetof(struct user_regs_struct, rax), value);
}

static void set_argument(pid_t pid, long value)
{
	ptrace(PTRACE_POKEUSER, pid, offsetof(struct user_regs_struct, rdi), value);
}
#elif defined(__aarch64__)
static void skip_call(pid_t pid)
{
	int number = -1;
	struct iovec iov = { &number, sizeof(number) };

	ptrace(PTRACE_SETREGSET, pid, NT_ARM_SYSTEM_CALL, &iov);
}

/* The first argument and the result are in the same register. */
static void set_result(pid_t pid, long value)
{
	struct user_regs_struct regs;
	struct iovec iov = { &regs, sizeof(regs) };

	ptrace(PTRACE_GETREGSET, pid, NT_PRSTATUS, &iov);
	regs.regs[0] = (unsigned long)value;
	ptrace(PTRACE_SETREGSET, pid, NT_PRSTATUS, &iov);
}

static void set_argument(pid_t pid, long value)
{
	set_result(pid, value);
}
#else
#error "inject: not for this machine yet"
#endif

/* --- processes ------------------------------------------------------------------------------- */

static struct process *find(pid_t pid)
{
	for (int i = 0; i < process_count; i++)
		if (processes[i].pid == pid)
			return &processes[i];
	return NULL;
}

/* A child may stop before its parent tells of it, or after. */
static struct process *find_or_add(pid_t pid)
{
	struct process *process = find(pid);

	if (process)
		return process;
	if (process_count == PROCESSES_MAX) {
		fprintf(stderr, "inject: too many processes\n");
		exit(125);
	}
	process = &processes[process_count++];
	process->pid = pid;
	process->number = process_count;
	process->call = -1;
	process->counts = true;
	return process;
}

static void let_go(struct process *process)
{
	ptrace(PTRACE_DETACH, process->pid, 0, 0);
	process->pid = 0;
}

static bool is_to_fail(struct process *process, int call)
{
	if (process->no_memory && call == SYS_mmap) {
		process->no_memory = false;
		return true;
	}
	return process->number == fault.process && call == fault.call &&
	       process->count[call] == fault.nth;
}

/* What the first fd argument is open for, and the path behind it or in its place; for people. */
static void describe(struct process *process, const unsigned long long *args)
{
	char link[64], text[128] = "";
	struct iovec here = { text, sizeof(text) - 1 },
		     there = { (void *)args[0], sizeof(text) - 1 };
	size_t used = 0;
	ssize_t n;

	if (args[0] < 1024) {
		snprintf(link, sizeof(link), "/proc/%d/fd/%d", process->pid, (int)args[0]);
		n = readlink(link, process->note, sizeof(process->note) / 2);
		used = n > 0 ? (size_t)n : 0;
		process->note[used++] = ' ';
	}
	if (args[0] < 1024 || (int)args[0] == AT_FDCWD)
		there.iov_base = (void *)args[1];
	/* Not over the end of a page, behind which there may be nothing. */
	if ((unsigned long)there.iov_base % 4096 > 4096 - sizeof(text))
		there.iov_len = 4096 - (unsigned long)there.iov_base % 4096;
	if (process_vm_readv(process->pid, &here, 1, &there, 1, 0) > 0)
		for (char *c = text; *c >= ' ' && *c < 0x7f && used < sizeof(process->note) - 1;
		     c++)
			process->note[used++] = *c;
	process->note[used] = '\0';
}

static void enter_call(struct process *process, int call, const unsigned long long *args)
{
	process->call = -1;
	if (!process->counts && call == (process->is_command ? SYS_fcntl : SYS_setsid))
		process->counts = true;
	if (!process->counts || call < 0 || call >= SYSCALLS_MAX)
		return;
	process->call = call;
	process->flags = (unsigned long)args[2];
	if (trace)
		describe(process, args);
	process->count[call]++;
	process->fails = is_to_fail(process, call);
	if (!process->fails)
		return;
	fprintf(result, "injected %d %llu\n", command_index, args[0]);
	if (fault.errnum == KILL) {
		kill(process->pid, SIGKILL);
	} else if (call == SYS_brk) {
		process->argument = (long)args[0];
		set_argument(process->pid, 0);
		process->no_memory = true;
	} else if (call != SYS_close) {
		skip_call(process->pid);
	}
}

static void leave_call(struct process *process, long value)
{
	if (process->call < 0)
		return;
#if defined(__x86_64__)
	/* A system call leaves its arguments as they were. */
	if (process->fails && process->call == SYS_brk)
		set_argument(process->pid, process->argument);
#endif
	if (process->fails && process->call != SYS_brk) {
		set_result(process->pid, -fault.errnum);
		value = -fault.errnum;
	}
	if (trace)
		fprintf(trace, "%d %d %s %u %#lx %ld%s # %s\n", command_index, process->number,
		        name_of(process->call), process->count[process->call], process->flags,
		        value, process->fails ? " INJECTED" : "", process->note);
	process->fails = false;
	process->call = -1;
}

static void syscall_stop(struct process *process)
{
	struct __ptrace_syscall_info info;

	if (ptrace(PTRACE_GET_SYSCALL_INFO, process->pid, sizeof(info), &info) <= 0)
		return;
	if (info.op == PTRACE_SYSCALL_INFO_ENTRY)
		enter_call(process, (int)info.entry.nr, (void *)info.entry.args);
	else if (info.op == PTRACE_SYSCALL_INFO_EXIT)
		leave_call(process, (long)info.exit.rval);
}

static bool executes(const struct process *process, const char *name)
{
	char link[64], path[4096];
	ssize_t n;

	snprintf(link, sizeof(link), "/proc/%d/exe", process->pid);
	n = readlink(link, path, sizeof(path) - 1);
	path[n > 0 ? n : 0] = '\0';
	return strlen(path) > strlen(name) && strcmp(path + strlen(path) - strlen(name), name) == 0;
}

static void become_another(struct process *process)
{
	*process = (struct process){ .pid = process->pid,
		                     .number = process->number + EXECUTED,
		                     .call = -1 };
}

/* Return: the signal to go on with, -1 when the process was let go, -2 when it stays stopped. */
static int event_stop(struct process *process, int event, int signal)
{
	unsigned long message = 0;

	switch (event) {
	case PTRACE_EVENT_FORK:
	case PTRACE_EVENT_VFORK:
	case PTRACE_EVENT_CLONE:
		ptrace(PTRACE_GETEVENTMSG, process->pid, 0, &message);
		find_or_add((pid_t)message);
		return 0;
	case PTRACE_EVENT_EXEC:
		if (process->is_command) {
			process->counts = false;
			return 0;
		}
		if (trace)
			fprintf(trace, "%d %d executed\n", command_index, process->number);
		if (executes(process, "/rootlet-net")) {
			become_another(process);
			return 0;
		}
		let_go(process);
		return -1;
	case PTRACE_EVENT_STOP:
		if (detaching) {
			let_go(process);
			return -1;
		}
		return signal == SIGTRAP ? 0 : -2;
	}
	return 0;
}

static void stopped(struct process *process, int status)
{
	int signal = WSTOPSIG(status), event = status >> 16;

	if (signal == (SIGTRAP | 0x80)) {
		syscall_stop(process);
		signal = 0;
	} else if (event) {
		signal = event_stop(process, event, signal);
	}
	if (signal == -1)
		return;
	if (detaching && signal >= 0) {
		ptrace(PTRACE_DETACH, process->pid, 0, signal);
		process->pid = 0;
	} else if (signal == -2) {
		ptrace(PTRACE_LISTEN, process->pid, 0, 0);
	} else {
		ptrace(PTRACE_SYSCALL, process->pid, 0, signal);
	}
}

static void ended(struct process *process, int status)
{
	fprintf(result, "%s %d %d\n", WIFSIGNALED(status) ? "signal" : "exit", process->number,
	        WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
	process->pid = 0;
}

/* Until process @until ends, or all have when it is 0. Return: its status. */
static int serve(pid_t until)
{
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, __WALL)) > 0 || errno == EINTR) {
		if (pid <= 0)
			continue;
		if (WIFSTOPPED(status)) {
			stopped(find_or_add(pid), status);
			continue;
		}
		if (find(pid))
			ended(find(pid), status);
		if (pid == until)
			return status;
	}
	return -1;
}

/* --- commands -------------------------------------------------------------------------------- */

static void redirect(const char *suffix, int fd)
{
	char path[4096];

	snprintf(path, sizeof(path), "%s/%d.%s", directory, command_index, suffix);
	dup2(open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600), fd);
}

static pid_t start(char **argv)
{
	int go[2];
	pid_t pid;

	if (pipe2(go, O_CLOEXEC) < 0)
		die("pipe2");
	pid = fork();
	if (pid < 0)
		die("fork");
	if (pid == 0) {
		char c;

		redirect("out", STDOUT_FILENO);
		redirect("err", STDERR_FILENO);
		close(go[1]);
		if (read(go[0], &c, 1) != 1)
			_exit(125);
		execvp(argv[0], argv);
		_exit(127);
	}
	if (ptrace(PTRACE_SEIZE, pid, 0,
	           PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK |
	                   PTRACE_O_TRACECLONE | PTRACE_O_TRACEEXEC | PTRACE_O_EXITKILL) < 0)
		die("PTRACE_SEIZE");
	close(go[0]);
	if (write(go[1], "", 1) != 1)
		die("write");
	close(go[1]);
	return pid;
}

/* Return: whether it succeeded. */
static bool run(char **argv)
{
	pid_t pid = start(argv);
	struct process *process = find_or_add(pid);
	int status;

	process->is_command = true;
	process->counts = false;
	status = serve(pid);
	fprintf(result, "command %d %s %d\n", command_index,
	        WIFSIGNALED(status) ? "signal" : "exit",
	        WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
	return status == 0;
}

static void let_all_go(void)
{
	detaching = true;
	for (int i = 0; i < process_count; i++)
		if (processes[i].pid)
			ptrace(PTRACE_INTERRUPT, processes[i].pid, 0, 0);
	for (int i = 0; i < process_count; i++)
		while (processes[i].pid) {
			int status;
			pid_t pid = waitpid(-1, &status, __WALL);

			if (pid < 0)
				return;
			if (WIFSTOPPED(status))
				stopped(find_or_add(pid), status);
			else if (find(pid))
				ended(find(pid), status);
		}
}

static FILE *open_file(const char *name)
{
	char path[4096];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", directory, name);
	file = fopen(path, "we");
	if (!file)
		die(path);
	return file;
}

int main(int argc, char **argv)
{
	bool traces = false;
	int option;

	while ((option = getopt(argc, argv, "+d:f:t")) != -1) {
		if (option == 'd')
			directory = optarg;
		else if (option == 'f')
			parse_fault(optarg);
		else if (option == 't')
			traces = true;
		else
			return 2;
	}
	if (!directory || optind >= argc)
		return 2;
	result = open_file("result");
	trace = traces ? open_file("trace") : NULL;
	for (char **next = argv + optind; *next; command_index++) {
		char **command = next;

		while (*next && strcmp(*next, ";;") != 0)
			next++;
		if (*next)
			*next++ = NULL;
		if (!run(command))
			break;
	}
	let_all_go();
	return fclose(result) == 0 ? 0 : 125;
}
