/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation: spawn_start() clones a child that borrows our memory, on a stack of its
 * own, while we stand still until it has called execve(2) or _exit(2). Nothing is copied, and the
 * child reports a failure by writing its errno into our memory. In return the child must not run
 * anything of ours by accident: all signals are blocked from before the clone until the child has
 * set every handler to its default.
 *
 * Sanitizers keep books about stacks and cannot have two programs in one memory. Built with one,
 * the child gets a copy of our memory instead, and the errno goes through a shared page; we stand
 * still all the same.
 *
 * spawn_run() is a poll(2) loop over the pipes, the child's pidfd and the caller's abort fd.
 * Writing to a child that reads no more raises SIGPIPE, which must not end us nor leave a trace:
 * it is blocked for this thread meanwhile, and taken from the queue before it is unblocked.
 */
#include "base/spawn.h"

#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>

#include "base/cleanup.h"
#include "base/syscalls.h"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(memory_sanitizer) || \
	__has_feature(thread_sanitizer)
#define SANITIZED 1
#endif
#endif

#define STACK_SIZE   (64u * 1024)
#define OUTPUT_MAX   (64u * 1024)
#define SURPLUS_SIZE 4096u
#define FD_LIMIT     (1u << 20) /* the kernel's default of fs.nr_open */
#define FIRST_FREE   3          /* the first fd behind stdio */

/* What the child needs to know, and its answer. */
struct launch {
	const struct spawn *spawn;
	sigset_t no_signals;
	pid_t parent;
	int *errnum; /* set when execve was not reached */
};

static void reset_signals(const sigset_t *no_signals)
{
	const struct sigaction by_default = { .sa_handler = SIG_DFL };

	/* SIGKILL, SIGSTOP and libc's own refuse, as they should. */
	for (int sig = 1; sig <= SIGRTMAX; sig++)
		sigaction(sig, &by_default, NULL);
	sigprocmask(SIG_SETMASK, no_signals, NULL);
}

/* @fd, or a duplicate of it that the dup2(2) calls to come cannot overwrite; absent: @null. */
static int out_of_the_way(int fd, int null)
{
	if (fd < 0)
		fd = null;
	return fd >= FIRST_FREE ? fd : fcntl(fd, F_DUPFD_CLOEXEC, FIRST_FREE);
}

static bool install_stdio(const struct spawn *spawn)
{
	const int wanted[] = { spawn->stdin_fd, spawn->stdout_fd, spawn->stderr_fd };
	int sources[ARRAY_SIZE(wanted)], null = -1;

	if (wanted[0] < 0 || wanted[1] < 0 || wanted[2] < 0) {
		null = open("/dev/null", O_RDWR | O_CLOEXEC);
		if (null < 0)
			return false;
	}
	for (size_t i = 0; i < ARRAY_SIZE(wanted); i++) {
		sources[i] = out_of_the_way(wanted[i], null);
		if (sources[i] < 0)
			return false;
	}
	for (size_t i = 0; i < ARRAY_SIZE(wanted); i++) {
		if (dup2(sources[i], (int)i) < 0)
			return false;
	}
	return true;
}

static void close_the_rest(void)
{
	struct rlimit limit = { .rlim_cur = FD_LIMIT };

	if (sys_close_range(FIRST_FREE, UINT_MAX, 0) == 0)
		return;
	/* A seccomp filter around us may not know close_range(2). */
	getrlimit(RLIMIT_NOFILE, &limit);
	if (limit.rlim_cur > FD_LIMIT)
		limit.rlim_cur = FD_LIMIT;
	for (int fd = FIRST_FREE; fd < (int)limit.rlim_cur; fd++)
		close(fd);
}

/* Ask for death with the parent, which may have died before it was asked for. */
static bool tie_to_parent(pid_t parent)
{
	if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0)
		return false;
	if (getppid() != parent)
		_exit(EXIT_FAILURE);
	return true;
}

static int child_main(void *data)
{
	static char *const empty[] = { NULL };
	const struct launch *launch = data;
	const struct spawn *spawn = launch->spawn;

	reset_signals(&launch->no_signals);
	if ((!spawn->die_with_parent || tie_to_parent(launch->parent)) && install_stdio(spawn)) {
		close_the_rest();
		execve(spawn->path, spawn->argv, spawn->envp ? spawn->envp : empty);
	}
	*launch->errnum = errno;
	_exit(EXIT_FAILURE);
}

#ifdef SANITIZED
static pid_t clone_child(struct launch *launch)
{
	pid_t pid;
	int *shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE,
	                   MAP_SHARED | MAP_ANONYMOUS, -1, 0),
	    *private = launch->errnum;

	if (shared == MAP_FAILED)
		return -1;
	launch->errnum = shared;
	pid = (pid_t)syscall(SYS_clone, CLONE_VFORK | SIGCHLD, 0, 0, 0, 0);
	if (pid == 0)
		child_main(launch);
	*private = *shared;
	munmap(shared, sizeof(*shared));
	return pid;
}
#else
static pid_t clone_child(struct launch *launch)
{
	char *stack = mmap(NULL, STACK_SIZE, PROT_READ | PROT_WRITE,
	                   MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
	int saved;
	pid_t pid;

	if (stack == MAP_FAILED)
		return -1;
	pid = clone(child_main, stack + STACK_SIZE, CLONE_VM | CLONE_VFORK | SIGCHLD, launch);
	saved = errno;
	munmap(stack, STACK_SIZE);
	errno = saved;
	return pid;
}
#endif

pid_t spawn_start(const struct spawn *spawn)
{
	int errnum = 0, saved;
	struct launch launch = { .spawn = spawn, .parent = getpid(), .errnum = &errnum };
	sigset_t all, old;
	pid_t pid;

	sigemptyset(&launch.no_signals);
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	pid = clone_child(&launch);
	saved = errno;
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	errno = saved;
	if (pid < 0 || errnum == 0)
		return pid;
	wait_for(pid);
	errno = errnum;
	return -1;
}

int wait_for(pid_t pid)
{
	int status;

	while (waitpid(pid, &status, 0) < 0) {
		if (errno != EINTR)
			return -1;
	}
	return status;
}

struct run {
	pid_t pid;
	int pidfd;
	int input_fd, output_fd; /* our ends of the pipes, -1: none or done */
	const char *input;       /* what is left of it */
	size_t input_length;
	char *output;
	size_t output_length;
	int64_t deadline; /* milliseconds of CLOCK_MONOTONIC, -1: none */
};

static void run_release(struct run *run)
{
	close_fd(&run->pidfd);
	close_fd(&run->input_fd);
	close_fd(&run->output_fd);
	free_pointer(&run->output);
}

static int64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* A pipe from us to the child or back: our end does not block, the child's has to. */
static int make_pipe(int *ours, int *childs, bool to_child)
{
	int fds[2];

	if (pipe2(fds, O_CLOEXEC) < 0)
		return -1;
	*ours = fds[to_child];
	*childs = fds[!to_child];
	return fcntl(*ours, F_SETFL, O_NONBLOCK);
}

static int run_start(struct run *run, const struct spawn *spawn, int capture)
{
	_cleanup_fd_ int child_input = -1, child_output = -1;
	struct spawn redirected = *spawn;

	if (run->input) {
		if (make_pipe(&run->input_fd, &child_input, true) < 0)
			return -1;
		redirected.stdin_fd = child_input;
	}
	if (capture) {
		run->output = malloc(OUTPUT_MAX + 1);
		if (!run->output || make_pipe(&run->output_fd, &child_output, false) < 0)
			return -1;
	}
	if (capture & SPAWN_STDOUT)
		redirected.stdout_fd = child_output;
	if (capture & SPAWN_STDERR)
		redirected.stderr_fd = child_output;
	run->pid = spawn_start(&redirected);
	return run->pid < 0 ? -1 : 0;
}

static void feed(struct run *run)
{
	ssize_t n = write(run->input_fd, run->input, run->input_length);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n > 0) {
		run->input += n;
		run->input_length -= (size_t)n;
	}
	if (n < 0 || run->input_length == 0)
		close_fd(&run->input_fd);
}

/* Take what the pipe holds, what does not fit for nothing. Return: whether there was any. */
static bool take_output(struct run *run)
{
	char surplus[SURPLUS_SIZE];
	size_t room = OUTPUT_MAX - run->output_length;
	ssize_t n;

	if (run->output_fd < 0)
		return false;
	if (room > 0)
		n = read(run->output_fd, run->output + run->output_length, room);
	else
		n = read(run->output_fd, surplus, sizeof(surplus));
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return false;
	if (n <= 0) {
		close_fd(&run->output_fd);
		return false;
	}
	if (room > 0)
		run->output_length += (size_t)n;
	return true;
}

/* How long poll(2) may wait: -1 without a limit. */
static int time_left(const struct run *run)
{
	int64_t left;

	if (run->deadline < 0)
		return -1;
	left = run->deadline - now_ms();
	if (left < 0)
		return 0;
	return left > INT_MAX ? INT_MAX : (int)left;
}

/* Serve the child until it ends or has to be killed. */
static int run_serve(struct run *run, int abort_fd, struct spawn_result *result)
{
	for (;;) {
		struct pollfd fds[] = {
			{ .fd = run->pidfd, .events = POLLIN },
			{ .fd = abort_fd, .events = POLLIN },
			{ .fd = run->input_fd, .events = POLLOUT },
			{ .fd = run->output_fd, .events = POLLIN },
		};

		if (poll(fds, ARRAY_SIZE(fds), time_left(run)) < 0 && errno != EINTR)
			return -1;
		if (fds[0].revents)
			return 0;
		result->aborted = fds[1].revents != 0;
		result->timed_out = !result->aborted && time_left(run) == 0;
		if (result->aborted || result->timed_out)
			return sys_pidfd_send_signal(run->pidfd, SIGKILL, NULL, 0);
		if (fds[2].revents)
			feed(run);
		if (fds[3].revents)
			take_output(run);
	}
}

/* Serve the child, reap it whatever happens, and take its last words. */
static int run_finish(struct run *run, int abort_fd, struct spawn_result *result)
{
	int served, saved;

	run->pidfd = sys_pidfd_open(run->pid, 0);
	served = run->pidfd < 0 ? -1 : run_serve(run, abort_fd, result);
	saved = errno;
	if (served < 0)
		kill(run->pid, SIGKILL);
	result->status = wait_for(run->pid);
	if (served < 0)
		errno = saved;
	if (served < 0 || result->status < 0)
		return -1;
	if (run->output) {
		/* Bounded: children that it left behind may go on writing for ever. */
		for (size_t i = 0; i < OUTPUT_MAX / SURPLUS_SIZE && take_output(run); i++)
			continue;
		run->output[run->output_length] = '\0';
		result->output = take_pointer(run->output);
	}
	return 0;
}

static bool sigpipe_pending(void)
{
	sigset_t pending;

	return sigpending(&pending) == 0 && sigismember(&pending, SIGPIPE) == 1;
}

int spawn_run(const struct spawn *spawn, const char *input, int capture, int timeout_ms,
              int abort_fd, struct spawn_result *result)
{
	_cleanup_(run_release) struct run run = {
		.pidfd = -1,
		.input_fd = -1,
		.output_fd = -1,
		.input = input,
		.input_length = input ? strlen(input) : 0,
		.deadline = timeout_ms > 0 ? now_ms() + timeout_ms : -1,
	};
	const struct timespec at_once = { 0 };
	sigset_t sigpipe, old;
	bool was_pending;
	int done, saved;

	*result = (struct spawn_result){ 0 };
	sigemptyset(&sigpipe);
	sigaddset(&sigpipe, SIGPIPE);
	pthread_sigmask(SIG_BLOCK, &sigpipe, &old);
	was_pending = sigpipe_pending();

	done = run_start(&run, spawn, capture);
	if (done == 0)
		done = run_finish(&run, abort_fd, result);

	saved = errno;
	if (!was_pending)
		sigtimedwait(&sigpipe, NULL, &at_once);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	errno = saved;
	return done;
}
