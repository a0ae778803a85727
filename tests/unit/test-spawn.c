/* SPDX-License-Identifier: Apache-2.0 */
/* Starting programs: what they inherit, and how running them ends. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/spawn.h"
#include "base/syscalls.h"

#define LONG_MS 20000 /* nothing here takes so long unless it is broken */

static struct spawn shell(char *script, char **argv)
{
	argv[0] = (char *)"sh";
	argv[1] = (char *)"-c";
	argv[2] = script;
	argv[3] = NULL;
	return (struct spawn){
		.path = "/bin/sh",
		.argv = argv,
		.stdin_fd = -1,
		.stdout_fd = -1,
		.stderr_fd = -1,
	};
}

static int run_shell(const char *script, const char *input, int capture,
                     struct spawn_result *result)
{
	char *argv[4];
	struct spawn spawn = shell((char *)script, argv);

	return spawn_run(&spawn, input, capture, LONG_MS, -1, result);
}

static int64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void start_reports_why_a_program_cannot_be_executed(void **state)
{
	static const struct {
		const char *path;
		int errnum;
	} cases[] = {
		{ "/does/not/exist", ENOENT },
		{ "/", EACCES },
		{ "/dev/null", EACCES },
		{ "/dev/null/below", ENOTDIR },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		char *argv[] = { (char *)"x", NULL };
		struct spawn spawn = { cases[i].path, argv, NULL, -1, -1, -1, false };

		errno = 0;
		assert_int_equal(spawn_start(&spawn), -1);
		assert_int_equal(errno, cases[i].errnum);
		/* And no zombie is left. */
		assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
		assert_int_equal(errno, ECHILD);
	}
}

static void wait_for_gives_the_status(void **state)
{
	char *argv[4];
	struct spawn ends = shell((char *)"exit 7", argv);
	int status = wait_for(spawn_start(&ends));
	struct spawn dies = shell((char *)"kill -TERM $$", argv);

	(void)state;
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 7);
	status = wait_for(spawn_start(&dies));
	assert_true(WIFSIGNALED(status));
	assert_int_equal(WTERMSIG(status), SIGTERM);
}

static void a_program_has_no_fds_but_stdio(void **state)
{
	_cleanup_fd_ int stray = open("/dev/null", O_RDONLY); /* not close-on-exec */
	_cleanup_free_ char *script = NULL;
	struct spawn_result result;

	(void)state;
	assert_true(asprintf(&script,
	                     "test -e /proc/self/fd/0 && test -e /proc/self/fd/2 && "
	                     "! test -e /proc/$$/fd/%d && ! test -e /proc/$$/fd/3",
	                     stray) > 0);
	assert_int_equal(run_shell(script, NULL, 0, &result), 0);
	assert_int_equal(result.status, 0);
}

static void a_program_without_fds_gets_dev_null(void **state)
{
	struct spawn_result result;

	(void)state;
	assert_int_equal(run_shell("test /proc/self/fd/0 -ef /dev/null && "
	                           "test /proc/self/fd/1 -ef /dev/null && "
	                           "test /proc/self/fd/2 -ef /dev/null",
	                           NULL, 0, &result),
	                 0);
	assert_int_equal(result.status, 0);
}

static void a_program_has_the_environment_that_is_given(void **state)
{
	char *const environment[] = { (char *)"A=1", (char *)"B=two words", NULL };
	char *argv[4];
	struct spawn spawn = shell((char *)"echo \"$A,$B,$HOME\"", argv);
	struct spawn_result result;

	(void)state;
	spawn.envp = environment;
	assert_int_equal(spawn_run(&spawn, NULL, SPAWN_STDOUT, LONG_MS, -1, &result), 0);
	assert_string_equal(result.output, "1,two words,\n");
	free(result.output);
	spawn.envp = NULL;
	assert_int_equal(spawn_run(&spawn, NULL, SPAWN_STDOUT, LONG_MS, -1, &result), 0);
	assert_string_equal(result.output, ",,\n");
	free(result.output);
}

/* A file of its own for each of the program's fds, so that a mix-up shows. */
static int marked_file(const char *mark)
{
	char path[] = "/tmp/rootlet-test-spawn-XXXXXX";
	int fd = mkostemp(path, O_CLOEXEC);

	assert_true(fd >= 0);
	unlink(path);
	assert_int_equal(write_all(fd, mark, strlen(mark)), 0);
	return fd;
}

static void expect_stdio_swapped(const int order[3])
{
	static const char *const marks[] = { "a", "b", "c" };
	char *argv[4];
	struct spawn spawn = shell((char *)"read x; echo \"out$x\"; echo \"err$x\" >&2", argv);
	int saved[3];
	pid_t pid;

	for (int i = 0; i < 3; i++) {
		_cleanup_fd_ int file = marked_file(marks[i]);

		saved[i] = fcntl(i, F_DUPFD_CLOEXEC, 10);
		dup2(file, i);
	}
	spawn.stdin_fd = order[0];
	spawn.stdout_fd = order[1];
	spawn.stderr_fd = order[2];
	for (int i = 0; i < 3; i++)
		lseek(i, 0, SEEK_SET);
	pid = spawn_start(&spawn);
	if (pid > 0)
		wait_for(pid);
	/* The file behind order[1] now begins with "out" and that behind order[2] with "err". */
	for (int i = 1; i < 3; i++) {
		char text[8] = "";

		if (pread(order[i], text, 3, 0) != 3 || strcmp(text, i == 1 ? "out" : "err") != 0)
			pid = -1;
	}
	for (int i = 0; i < 3; i++) {
		dup2(saved[i], i);
		close(saved[i]);
	}
	assert_true(pid > 0);
}

static void stdio_may_be_given_in_any_order(void **state)
{
	static const int orders[][3] = {
		{ 0, 1, 2 }, { 0, 2, 1 }, { 1, 0, 2 }, { 1, 2, 0 }, { 2, 0, 1 }, { 2, 1, 0 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(orders); i++)
		expect_stdio_swapped(orders[i]);
}

static void a_program_starts_with_our_stdio_closed(void **state)
{
	int saved[3];
	struct spawn_result result = { 0 };
	int run;

	(void)state;
	for (int i = 0; i < 3; i++) {
		saved[i] = fcntl(i, F_DUPFD_CLOEXEC, 10);
		close(i);
	}
	run = run_shell("read x; echo \"<$x>\"; echo err >&2", "text\n",
	                SPAWN_STDOUT | SPAWN_STDERR, &result);
	for (int i = 0; i < 3; i++) {
		dup2(saved[i], i);
		close(saved[i]);
	}
	assert_int_equal(run, 0);
	assert_string_equal(result.output, "<text>\nerr\n");
	free(result.output);
}

/* The mask that /proc/self/status shows in its line @name. */
static unsigned long long status_mask(const char *status, const char *name)
{
	const char *line = strstr(status, name);
	unsigned long long mask = ~0ull;

	assert_non_null(line);
	assert_int_equal(sscanf(line + strlen(name), "%llx", &mask), 1);
	return mask;
}

/* 32 and 33 are glibc's own: sigaction(3) does not let them be changed, whoever ignored them. */
#define GLIBC_SIGNALS (UINT64_C(3) << 31)

static void a_program_starts_with_default_signals(void **state)
{
	char *argv[] = { (char *)"cat", (char *)"/proc/self/status", NULL };
	const struct spawn spawn = { "/bin/cat", argv, NULL, -1, -1, -1, false };
	_cleanup_free_ char *output = NULL;
	struct spawn_result result;
	sigset_t blocked, old;

	(void)state;
	signal(SIGUSR2, SIG_IGN);
	sigemptyset(&blocked);
	sigaddset(&blocked, SIGUSR1);
	sigprocmask(SIG_BLOCK, &blocked, &old);
	assert_int_equal(spawn_run(&spawn, NULL, SPAWN_STDOUT, LONG_MS, -1, &result), 0);
	sigprocmask(SIG_SETMASK, &old, NULL);
	signal(SIGUSR2, SIG_DFL);
	output = result.output;
	assert_int_equal(status_mask(output, "SigBlk:"), 0);
	assert_int_equal(status_mask(output, "SigIgn:") & ~GLIBC_SIGNALS, 0);
}

static void starting_leaves_our_own_signals_alone(void **state)
{
	char *argv[4];
	struct spawn spawn = shell((char *)"exit 0", argv);
	struct sigaction action;
	sigset_t before, after;

	(void)state;
	signal(SIGUSR2, SIG_IGN);
	sigemptyset(&before);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	assert_int_equal(wait_for(spawn_start(&spawn)), 0);
	pthread_sigmask(SIG_SETMASK, NULL, &after);
	sigaction(SIGUSR2, NULL, &action);
	signal(SIGUSR2, SIG_DFL);
	for (int sig = 1; sig < SIGRTMIN; sig++)
		assert_int_equal(sigismember(&before, sig), sigismember(&after, sig));
	assert_true(action.sa_handler == SIG_IGN);
}

static void a_program_tied_to_its_parent_dies_with_it(void **state)
{
	_cleanup_fd_ int read_end = -1, pidfd = -1;
	char *argv[] = { (char *)"sleep", (char *)"60", NULL };
	const struct spawn spawn = { "/bin/sleep", argv, NULL, -1, -1, -1, true };
	struct pollfd poll_fd = { .events = POLLIN };
	pid_t parent, pid = -1;
	int fds[2];

	(void)state;
	assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
	read_end = fds[0];
	parent = fork();
	if (parent == 0) {
		pid = spawn_start(&spawn);
		write_all(fds[1], &pid, sizeof(pid));
		for (;;)
			pause();
	}
	close(fds[1]);
	assert_int_equal(read(read_end, &pid, sizeof(pid)), sizeof(pid));
	pidfd = sys_pidfd_open(pid, 0);
	kill(parent, SIGKILL);
	wait_for(parent);
	poll_fd.fd = pidfd;
	assert_int_equal(poll(&poll_fd, 1, LONG_MS), 1);
}

static void run_feeds_and_captures(void **state)
{
	struct spawn_result result;

	(void)state;
	assert_int_equal(
		run_shell("cat; echo err >&2", "in\n", SPAWN_STDOUT | SPAWN_STDERR, &result), 0);
	assert_int_equal(result.status, 0);
	assert_false(result.timed_out || result.aborted);
	assert_string_equal(result.output, "in\nerr\n");
	free(result.output);
}

static void run_captures_just_what_is_asked_for(void **state)
{
	static const struct {
		int capture;
		const char *output;
	} cases[] = { { SPAWN_STDOUT, "out\n" }, { SPAWN_STDERR, "err\n" }, { 0, NULL } };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct spawn_result result;

		assert_int_equal(
			run_shell("echo out; echo err >&2", NULL, cases[i].capture, &result), 0);
		if (cases[i].output)
			assert_string_equal(result.output, cases[i].output);
		else
			assert_null(result.output);
		free(result.output);
	}
}

static void run_feeds_more_than_a_pipe_holds(void **state)
{
	const size_t size = 1 << 20;
	_cleanup_free_ char *input = malloc(size + 1);
	struct spawn_result result;

	(void)state;
	memset(input, 'x', size);
	input[size] = '\0';
	assert_int_equal(run_shell("wc -c", input, SPAWN_STDOUT, &result), 0);
	assert_int_equal(atoi(result.output), size);
	free(result.output);
}

static void run_survives_a_program_that_does_not_read(void **state)
{
	const size_t size = 1 << 20;
	_cleanup_free_ char *input = malloc(size + 1);
	struct spawn_result result;
	sigset_t pending;

	(void)state;
	memset(input, 'x', size);
	input[size] = '\0';
	assert_int_equal(run_shell("exec <&-; sleep 0.2; exit 3", input, 0, &result), 0);
	assert_int_equal(WEXITSTATUS(result.status), 3);
	sigpending(&pending);
	assert_false(sigismember(&pending, SIGPIPE));
}

static void run_keeps_64_kib_and_drops_the_rest(void **state)
{
	struct spawn_result result;

	(void)state;
	assert_int_equal(run_shell("head -c 1000000 /dev/zero | tr '\\0' y; echo end >&2", NULL,
	                           SPAWN_STDOUT, &result),
	                 0);
	assert_int_equal(result.status, 0);
	assert_int_equal(strlen(result.output), 65536);
	free(result.output);
}

static void run_kills_after_the_timeout(void **state)
{
	char *argv[4];
	struct spawn spawn = shell((char *)"echo early; exec sleep 60", argv);
	struct spawn_result result;
	int64_t begin = now_ms();

	(void)state;
	assert_int_equal(spawn_run(&spawn, NULL, SPAWN_STDOUT, 300, -1, &result), 0);
	assert_true(now_ms() - begin >= 300);
	assert_true(now_ms() - begin < LONG_MS);
	assert_true(result.timed_out);
	assert_false(result.aborted);
	assert_int_equal(WTERMSIG(result.status), SIGKILL);
	assert_string_equal(result.output, "early\n");
	free(result.output);
}

static void run_kills_on_abort(void **state)
{
	char *argv[4];
	struct spawn spawn = shell((char *)"exec sleep 60", argv);
	struct spawn_result result;

	(void)state;
	/* Once by something to read, once by end-of-file. */
	for (int i = 0; i < 2; i++) {
		_cleanup_fd_ int read_end = -1;
		int fds[2];

		assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
		read_end = fds[0];
		if (i == 0)
			assert_int_equal(write(fds[1], "x", 1), 1);
		close(fds[1]);
		assert_int_equal(spawn_run(&spawn, NULL, 0, LONG_MS, read_end, &result), 0);
		assert_true(result.aborted);
		assert_false(result.timed_out);
		assert_int_equal(WTERMSIG(result.status), SIGKILL);
	}
}

static void run_does_not_wait_for_children_left_behind(void **state)
{
	/* The second one would keep an unbounded reader busy for ever. */
	static const char *const scripts[] = {
		"echo mine; sleep 5 & exit 0",
		"echo mine; (timeout 5 yes) & exit 0",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(scripts); i++) {
		struct spawn_result result;
		int64_t begin = now_ms();

		assert_int_equal(run_shell(scripts[i], NULL, SPAWN_STDOUT, &result), 0);
		assert_true(now_ms() - begin < 4000);
		assert_int_equal(strncmp(result.output, "mine\n", 5), 0);
		free(result.output);
	}
}

static void the_timeout_holds_while_output_floods(void **state)
{
	char *argv[4];
	struct spawn spawn = shell((char *)"exec yes", argv);
	struct spawn_result result;

	(void)state;
	assert_int_equal(spawn_run(&spawn, NULL, SPAWN_STDOUT, 300, -1, &result), 0);
	assert_true(result.timed_out);
	free(result.output);
}

static void run_reports_what_cannot_be_executed(void **state)
{
	char *argv[] = { (char *)"x", NULL };
	const struct spawn spawn = { "/does/not/exist", argv, NULL, -1, -1, -1, false };
	struct spawn_result result;

	(void)state;
	assert_int_equal(spawn_run(&spawn, "input", SPAWN_STDOUT, 0, -1, &result), -1);
	assert_int_equal(errno, ENOENT);
	assert_null(result.output);
}

/* The lowest fd that is free: it moves when one leaks. */
static int lowest_free(void)
{
	int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);

	close(fd);
	return fd;
}

static void run_leaks_no_fds(void **state)
{
	char *argv[] = { (char *)"x", NULL };
	const struct spawn missing = { "/does/not/exist", argv, NULL, -1, -1, -1, false };
	int before = lowest_free();
	struct spawn_result result;

	(void)state;
	assert_int_equal(run_shell("cat", "x", SPAWN_STDOUT | SPAWN_STDERR, &result), 0);
	free(result.output);
	spawn_run(&missing, "x", SPAWN_STDOUT, 0, -1, &result);
	assert_int_equal(lowest_free(), before);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(start_reports_why_a_program_cannot_be_executed),
		cmocka_unit_test(wait_for_gives_the_status),
		cmocka_unit_test(a_program_has_no_fds_but_stdio),
		cmocka_unit_test(a_program_without_fds_gets_dev_null),
		cmocka_unit_test(a_program_has_the_environment_that_is_given),
		cmocka_unit_test(stdio_may_be_given_in_any_order),
		cmocka_unit_test(a_program_starts_with_our_stdio_closed),
		cmocka_unit_test(a_program_starts_with_default_signals),
		cmocka_unit_test(starting_leaves_our_own_signals_alone),
		cmocka_unit_test(a_program_tied_to_its_parent_dies_with_it),
		cmocka_unit_test(run_feeds_and_captures),
		cmocka_unit_test(run_captures_just_what_is_asked_for),
		cmocka_unit_test(run_feeds_more_than_a_pipe_holds),
		cmocka_unit_test(run_survives_a_program_that_does_not_read),
		cmocka_unit_test(run_keeps_64_kib_and_drops_the_rest),
		cmocka_unit_test(run_kills_after_the_timeout),
		cmocka_unit_test(run_kills_on_abort),
		cmocka_unit_test(run_does_not_wait_for_children_left_behind),
		cmocka_unit_test(the_timeout_holds_while_output_floods),
		cmocka_unit_test(run_reports_what_cannot_be_executed),
		cmocka_unit_test(run_leaks_no_fds),
	};

	return cmocka_run_group_tests_name("spawn", tests, NULL, NULL);
}
