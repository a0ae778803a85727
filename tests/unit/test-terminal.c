/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Terminals. Each test is a child of its own with two pseudo-terminals: one stands for the
 * user's terminal (the test types at its master), one is the container's (the test is the
 * program at its slave), and the relay runs between them.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <termios.h>

#include "base/socket.h"
#include "child.h"
#include "process/terminal.h"

/* Milliseconds, for what should happen at once. */
#define PATIENCE 10000
/* Milliseconds, for what should not happen. */
#define QUIET 50

struct pty {
	int master, slave;
};

static struct pty open_pty(void)
{
	_cleanup_fd_ int ptmx = open("/dev/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC);
	struct pty pty = { -1, -1 };
	struct error *err = NULL;

	if (ptmx < 0)
		_exit(CHILD_SKIPPED);
	if (terminal_open(ptmx, &pty.master, &pty.slave, &err) < 0) {
		fprintf(stderr, "%s\n", err->message);
		_exit(CHILD_FAILED);
	}
	return pty;
}

static bool readable(int fd, int milliseconds)
{
	struct pollfd poll_fd = { .fd = fd, .events = POLLIN };

	return poll(&poll_fd, 1, milliseconds) == 1;
}

static void expect(int fd, const char *text)
{
	char buffer[256] = { 0 };
	size_t used = 0;

	while (used < strlen(text)) {
		ssize_t n;

		child_check(readable(fd, PATIENCE));
		n = read(fd, buffer + used, sizeof(buffer) - 1 - used);
		child_check(n > 0);
		used += (size_t)n;
	}
	child_check(strcmp(buffer, text) == 0);
}

static void type(int fd, const char *text)
{
	child_check(write(fd, text, strlen(text)) == (ssize_t)strlen(text));
}

/* The user's terminal becomes stdin and stdout of a session of our own; stderr stays. */
static struct pty become_user(void)
{
	struct pty user = open_pty();

	child_check(setsid() > 0);
	child_check(ioctl(user.slave, TIOCSCTTY, 0) == 0);
	child_check(dup2(user.slave, 0) == 0 && dup2(user.slave, 1) == 1);
	return user;
}

static struct terminal_relay *begin(int master)
{
	struct terminal_relay *relay = NULL;

	signal(SIGPIPE, SIG_IGN);
	child_check(terminal_relay_begin(master, &relay, NULL) == 0);
	return relay;
}

/* Let the relay run until it is idle for a while or at its end. Return: its last step's. */
static int run(struct terminal_relay *relay)
{
	struct pollfd fds[TERMINAL_RELAY_FDS];
	int ret = 1;

	while (ret == 1) {
		int count = terminal_relay_poll(relay, fds);

		child_check(count <= TERMINAL_RELAY_FDS);
		if (poll(fds, (nfds_t)count, QUIET) <= 0)
			break;
		ret = terminal_relay_step(relay, fds, count, NULL);
	}
	return ret;
}

static void get_modes(int fd, struct termios *modes)
{
	memset(modes, 0, sizeof(*modes));
	child_check(tcgetattr(fd, modes) == 0);
}

/* --- making and handing over --- */

static void open_body(void)
{
	struct pty pty = open_pty();
	struct termios modes;

	child_check(fcntl(pty.master, F_GETFD) == FD_CLOEXEC);
	child_check(fcntl(pty.slave, F_GETFD) == FD_CLOEXEC);
	get_modes(pty.slave, &modes);
	child_check((modes.c_oflag & OPOST) && !(modes.c_oflag & ONLCR));
	type(pty.slave, "one\ntwo\n");
	expect(pty.master, "one\ntwo\n");
	type(pty.master, "three\n");
	expect(pty.slave, "three\n");
}

static void a_new_terminal_connects_and_adds_no_carriage_returns(void **state)
{
	(void)state;
	assert_child(open_body);
}

static void only_ptmx_makes_terminals(void **state)
{
	_cleanup_fd_ int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	_cleanup_error_ struct error *err = NULL;
	int master = -1, slave = -1;

	(void)state;
	assert_int_equal(terminal_open(null, &master, &slave, &err), -1);
	assert_non_null(strstr(err->message, "ptmx is not character device 5:2"));
	assert_int_equal(master, -1);
	assert_int_equal(slave, -1);
}

static void size_body(void)
{
	struct pty pty = open_pty();
	struct winsize size;

	child_check(terminal_set_size(pty.master, 31, 97, NULL) == 0);
	child_check(ioctl(pty.slave, TIOCGWINSZ, &size) == 0);
	child_check(size.ws_row == 31 && size.ws_col == 97);
}

static void the_size_is_set_in_rows_and_columns(void **state)
{
	(void)state;
	assert_child(size_body);
}

static void attach_body(void)
{
	struct pty pty = open_pty();

	child_check(setsid() > 0);
	child_check(terminal_attach(pty.slave, NULL) == 0);
	for (int fd = 0; fd < 3; fd++)
		child_check(isatty(fd) && fcntl(fd, F_GETFD) == 0);
	child_check(tcgetsid(0) == getpid());
}

static void attaching_gives_stdio_and_the_controlling_terminal(void **state)
{
	(void)state;
	assert_child(attach_body);
}

static void attach_low_body(void)
{
	struct pty pty = open_pty();

	child_check(setsid() > 0);
	child_check(dup3(pty.slave, 1, O_CLOEXEC) == 1);
	child_check(terminal_attach(1, NULL) == 0);
	for (int fd = 0; fd < 3; fd++)
		child_check(isatty(fd) && fcntl(fd, F_GETFD) == 0);
}

static void a_slave_that_is_stdio_already_stays_open_over_execve(void **state)
{
	(void)state;
	assert_child(attach_low_body);
}

static void send_body(void)
{
	char directory[] = "/tmp/rootlet-terminal-XXXXXX", path[64], text[64] = { 0 };
	struct pty pty = open_pty();
	struct stat sent, received;
	int listener, connection, dirfd, fd = -1;
	size_t count = 1;

	child_check(mkdtemp(directory));
	snprintf(path, sizeof(path), "%s/console", directory);
	dirfd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	listener = socket_listen_at(dirfd, "console", SOCK_STREAM);
	child_check(terminal_send(path, pty.master, "/dev/pts/0", NULL) == 0);
	connection = accept(listener, NULL, NULL);
	child_check(socket_receive(connection, text, sizeof(text) - 1, &fd, &count) == 10);
	child_check(strcmp(text, "/dev/pts/0") == 0);
	child_check(count == 1 && fstat(fd, &received) == 0 && fstat(pty.master, &sent) == 0);
	child_check(sent.st_rdev == received.st_rdev && sent.st_ino == received.st_ino);
	unlink(path);
	rmdir(directory);
}

static void the_master_arrives_at_the_console_socket(void **state)
{
	(void)state;
	assert_child(send_body);
}

static void a_console_socket_that_is_not_there_is_named(void **state)
{
	_cleanup_error_ struct error *err = NULL;

	(void)state;
	assert_int_equal(terminal_send("/nowhere/console", 0, "x", &err), -1);
	assert_non_null(strstr(err->message, "console socket /nowhere/console"));
}

/* --- the relay on a terminal --- */

static void raw_mode_body(void)
{
	struct pty user = become_user(), container = open_pty();
	struct termios before, modes;
	struct terminal_relay *relay;

	get_modes(user.slave, &before);
	relay = begin(container.master);
	get_modes(user.slave, &modes);
	child_check(!(modes.c_lflag & (ICANON | ECHO | ISIG)) && !(modes.c_iflag & (ICRNL | IXON)));
	child_check(modes.c_oflag == before.c_oflag);
	terminal_relay_end(&relay, 0);
	child_check(!relay);
	get_modes(user.slave, &modes);
	child_check(memcmp(&modes, &before, sizeof(modes)) == 0);
	terminal_relay_end(&relay, 0);
}

static void raw_mode_keeps_output_processing_and_is_undone_at_the_end(void **state)
{
	(void)state;
	assert_child(raw_mode_body);
}

static void both_ways_body(void)
{
	struct pty user = become_user(), container = open_pty();
	struct terminal_relay *relay = begin(container.master);
	struct termios raw;

	get_modes(container.slave, &raw);
	cfmakeraw(&raw);
	child_check(tcsetattr(container.slave, TCSANOW, &raw) == 0);

	type(user.master, "typed\x03\x04\x13\x7f\r");
	child_check(run(relay) == 1);
	expect(container.slave, "typed\x03\x04\x13\x7f\r");
	type(container.slave, "printed\n");
	child_check(run(relay) == 1);
	expect(user.master, "printed\n");
	terminal_relay_end(&relay, 0);
}

static void what_is_typed_and_printed_goes_through_unchanged(void **state)
{
	(void)state;
	assert_child(both_ways_body);
}

static void resize_body(void)
{
	struct pty user = become_user(), container = open_pty();
	struct terminal_relay *relay;
	struct winsize size;

	child_check(terminal_set_size(user.master, 20, 60, NULL) == 0);
	relay = begin(container.master);
	child_check(ioctl(container.slave, TIOCGWINSZ, &size) == 0);
	child_check(size.ws_row == 20 && size.ws_col == 60);
	child_check(terminal_set_size(user.master, 50, 132, NULL) == 0);
	terminal_relay_resize(relay);
	child_check(ioctl(container.slave, TIOCGWINSZ, &size) == 0);
	child_check(size.ws_row == 50 && size.ws_col == 132);
	terminal_relay_end(&relay, 0);
}

static void the_size_follows_the_users_terminal(void **state)
{
	(void)state;
	assert_child(resize_body);
}

static void unknown_size_body(void)
{
	struct pty user = become_user(), container = open_pty();
	struct terminal_relay *relay;
	struct winsize size;

	child_check(terminal_set_size(user.master, 0, 0, NULL) == 0);
	child_check(terminal_set_size(container.master, 24, 80, NULL) == 0);
	relay = begin(container.master);
	child_check(ioctl(container.slave, TIOCGWINSZ, &size) == 0);
	child_check(size.ws_row == 24 && size.ws_col == 80);
	terminal_relay_end(&relay, 0);
}

static void an_unknown_size_is_not_passed_on(void **state)
{
	(void)state;
	assert_child(unknown_size_body);
}

static void shared_flags_body(void)
{
	struct pty user = become_user(), container = open_pty();
	struct terminal_relay *relay = begin(container.master);

	child_check(!(fcntl(0, F_GETFL) & O_NONBLOCK) && !(fcntl(1, F_GETFL) & O_NONBLOCK));
	terminal_relay_end(&relay, 0);
	child_check(!(fcntl(user.slave, F_GETFL) & O_NONBLOCK));
}

static void the_users_descriptors_do_not_become_non_blocking(void **state)
{
	(void)state;
	assert_child(shared_flags_body);
}

static void end_body(void)
{
	struct pty user = become_user(), container = open_pty();
	struct terminal_relay *relay = begin(container.master);

	type(container.slave, "last words");
	close(container.slave);
	child_check(run(relay) == 0);
	expect(user.master, "last words");
	terminal_relay_end(&relay, 0);
}

static void the_end_comes_after_all_that_was_printed(void **state)
{
	(void)state;
	assert_child(end_body);
}

static void drain_body(void)
{
	struct pty user = become_user(), container = open_pty();
	struct terminal_relay *relay = begin(container.master);

	type(container.slave, "still there");
	/* The slave stays open, as with a process that outlives the container's init. */
	terminal_relay_end(&relay, QUIET);
	expect(user.master, "still there");
}

static void ending_passes_on_what_is_left_within_the_time(void **state)
{
	(void)state;
	assert_child(drain_body);
}

static void stalled_body(void)
{
	struct pty user = become_user(), container = open_pty();
	struct terminal_relay *relay = begin(container.master);
	char chunk[1000]; /* no divisor of a buffer: one write is bound to fit in part */
	ssize_t written = 0, n;

	/* Nobody reads the user's terminal, as after Ctrl-S: nothing may block, the end least. */
	child_check(fcntl(container.slave, F_SETFL, O_NONBLOCK) == 0);
	memset(chunk, 'x', sizeof(chunk));
	for (int i = 0; i < 100; i++) {
		n = write(container.slave, chunk, sizeof(chunk));
		written += n > 0 ? n : 0;
		child_check(run(relay) == 1);
	}
	/* All buffers on the way are full. */
	child_check(n < 0 && written > 0);
	terminal_relay_end(&relay, QUIET);
	close(user.slave);
}

static void a_terminal_that_takes_nothing_blocks_nothing(void **state)
{
	(void)state;
	assert_child(stalled_body);
}

static void deaf_body(void)
{
	struct pty container = open_pty();
	struct terminal_relay *relay;
	char chunk[1000];
	struct termios raw;
	int in[2];

	get_modes(container.slave, &raw);
	cfmakeraw(&raw);
	child_check(tcsetattr(container.slave, TCSANOW, &raw) == 0);
	child_check(pipe2(in, O_NONBLOCK) == 0 && dup2(in[0], 0) == 0);
	child_check(dup2(open("/dev/null", O_WRONLY), 1) == 1);
	relay = begin(container.master);
	memset(chunk, 'x', sizeof(chunk));
	for (int i = 0; i < 100; i++) {
		child_check(write(in[1], chunk, sizeof(chunk)) > 0 || errno == EAGAIN);
		child_check(run(relay) == 1);
	}
	type(container.slave, "still served");
	child_check(run(relay) == 1);
	terminal_relay_end(&relay, 0);
}

static void a_program_that_reads_nothing_blocks_nothing(void **state)
{
	(void)state;
	assert_child(deaf_body);
}

static void slow_reader_body(void)
{
	struct pty container = open_pty();
	struct terminal_relay *relay;
	char chunk[4096] = { 0 };
	int out[2];

	child_check(pipe(out) == 0 && dup2(out[1], 1) == 1);
	child_check(dup2(open("/dev/null", O_RDONLY), 0) == 0);
	child_check(fcntl(out[1], F_SETPIPE_SZ, 4096) == 4096);
	child_check(write(out[1], chunk, sizeof(chunk)) == sizeof(chunk));
	relay = begin(container.master);
	type(container.slave, "held back");
	close(container.slave);
	child_check(run(relay) == 1);
	child_check(read(out[0], chunk, sizeof(chunk)) == sizeof(chunk));
	child_check(run(relay) == 0);
	expect(out[0], "held back");
	terminal_relay_end(&relay, 0);
}

static void the_relay_is_not_over_while_stdout_has_not_taken_everything(void **state)
{
	(void)state;
	assert_child(slow_reader_body);
}

/* --- job control --- */

static void wait_for_signal(int fd)
{
	char byte;

	child_check(read(fd, &byte, 1) == 1);
}

static void background_job(int from_shell, int to_shell, int master)
{
	struct terminal_relay *relay = begin(master);

	child_check(run(relay) == 1);
	child_check(write(to_shell, "b", 1) == 1);
	wait_for_signal(from_shell);
	child_check(run(relay) == 1);
	terminal_relay_end(&relay, 0);
	_exit(CHILD_OK);
}

/* What a shell does for `rootlet run … &` and `fg`. */
static void job_control_body(void)
{
	struct pty user = become_user(), container = open_pty();
	int to_job[2], to_shell[2], status;
	struct termios before, modes;
	pid_t job;

	get_modes(user.slave, &before);
	child_check(pipe(to_job) == 0 && pipe(to_shell) == 0);
	job = fork();
	if (job == 0) {
		/* A job that was stopped for reading would stay for ever. */
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		child_check(setpgid(0, 0) == 0);
		background_job(to_job[0], to_shell[1], container.master);
	}
	setpgid(job, job);
	wait_for_signal(to_shell[0]);
	get_modes(user.slave, &modes);
	child_check(memcmp(&modes, &before, sizeof(modes)) == 0);

	signal(SIGTTOU, SIG_IGN);
	child_check(tcsetpgrp(user.slave, job) == 0);
	type(user.master, "hello\n");
	child_check(write(to_job[1], "f", 1) == 1);
	expect(container.slave, "hello\n");
	child_check(waitpid(job, &status, 0) == job && status == 0);
	get_modes(user.slave, &modes);
	child_check(memcmp(&modes, &before, sizeof(modes)) == 0);
}

static void in_the_background_the_terminal_is_left_alone_until_it_is_ours(void **state)
{
	(void)state;
	assert_child(job_control_body);
}

/* --- the relay without a terminal --- */

static void pipes_body(void)
{
	struct pty container = open_pty();
	struct terminal_relay *relay;
	int in[2], out[2];

	child_check(pipe(in) == 0 && pipe(out) == 0);
	child_check(dup2(in[0], 0) == 0 && dup2(out[1], 1) == 1);
	relay = begin(container.master);
	child_check(!(fcntl(0, F_GETFL) & O_NONBLOCK) && !(fcntl(1, F_GETFL) & O_NONBLOCK));
	type(in[1], "line\n");
	child_check(run(relay) == 1);
	expect(container.slave, "line\n");
	/* The echo of it. */
	expect(out[0], "line\n");

	close(in[1]);
	close(in[0]);
	child_check(run(relay) == 1);
	type(container.slave, "after\n");
	child_check(run(relay) == 1);
	expect(out[0], "after\n");
	terminal_relay_end(&relay, 0);
}

static void without_a_terminal_pipes_work_and_the_end_of_stdin_ends_only_that_way(void **state)
{
	(void)state;
	assert_child(pipes_body);
}

static void stale_body(void)
{
	struct pty container = open_pty();
	struct pollfd fds[TERMINAL_RELAY_FDS];
	struct terminal_relay *relay;
	int in[2], out[2], count;

	child_check(pipe(in) == 0 && pipe(out) == 0);
	child_check(dup2(in[0], 0) == 0 && dup2(out[1], 1) == 1);
	relay = begin(container.master);
	/* As when another process of the job has read what poll(2) saw. */
	count = terminal_relay_poll(relay, fds);
	child_check(count == 2);
	for (int i = 0; i < count; i++)
		fds[i].revents = POLLIN;
	child_check(terminal_relay_step(relay, fds, count, NULL) == 1);
	type(in[1], "later\n");
	child_check(run(relay) == 1);
	expect(container.slave, "later\n");
	terminal_relay_end(&relay, 0);
}

static void what_was_readable_and_is_no_more_blocks_nothing(void **state)
{
	(void)state;
	assert_child(stale_body);
}

static void eof_idle_body(void)
{
	struct pty container = open_pty();
	struct pollfd fds[TERMINAL_RELAY_FDS];
	struct terminal_relay *relay;
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	child_check(dup2(null, 0) == 0 && dup2(null, 1) == 1);
	relay = begin(container.master);
	child_check(run(relay) == 1);
	/* Only the master is left to wait for, and it has nothing. */
	child_check(terminal_relay_poll(relay, fds) == 1 && poll(fds, 1, QUIET) == 0);
	terminal_relay_end(&relay, 0);
}

static void after_the_end_of_stdin_the_relay_does_not_spin(void **state)
{
	(void)state;
	assert_child(eof_idle_body);
}

static void closed_body(void)
{
	struct pty container = open_pty();
	struct terminal_relay *relay;

	close(0);
	close(1);
	relay = begin(container.master);
	type(container.slave, "to nobody");
	child_check(run(relay) == 1);
	close(container.slave);
	child_check(run(relay) == 0);
	terminal_relay_end(&relay, 0);
}

static void with_stdin_and_stdout_closed_output_goes_nowhere(void **state)
{
	(void)state;
	assert_child(closed_body);
}

static void broken_body(void)
{
	struct pty container = open_pty();
	struct terminal_relay *relay;
	int out[2];

	child_check(pipe(out) == 0 && dup2(out[1], 1) == 1);
	child_check(dup2(open("/dev/null", O_RDONLY), 0) == 0);
	relay = begin(container.master);
	close(out[0]);
	type(container.slave, "unheard");
	child_check(run(relay) == -1);
	terminal_relay_end(&relay, 0);
}

static void a_reader_that_went_away_ends_the_relay(void **state)
{
	(void)state;
	assert_child(broken_body);
}

#define VOLUME 1000000

static void write_volume(int fd)
{
	char chunk[1000];

	memset(chunk, 'v', sizeof(chunk));
	for (int i = 0; i < VOLUME / (int)sizeof(chunk); i++)
		child_check(write_all(fd, chunk, sizeof(chunk)) == 0);
	_exit(CHILD_OK);
}

static void volume_body(void)
{
	struct pty container = open_pty();
	struct terminal_relay *relay;
	int out[2], status;
	_cleanup_free_ char *text = NULL;
	pid_t program, reader;

	child_check(pipe(out) == 0);
	program = fork();
	if (program == 0)
		write_volume(container.slave);
	reader = fork();
	if (reader == 0) {
		close(out[1]);
		close(container.slave);
		_exit(file_read_fd(out[0], VOLUME * 2, &text) == VOLUME ? CHILD_OK : CHILD_FAILED);
	}
	child_check(dup2(out[1], 1) == 1);
	close(out[0]);
	close(out[1]);
	close(container.slave);
	child_check(dup2(open("/dev/null", O_RDONLY), 0) == 0);
	relay = begin(container.master);
	while (run(relay) == 1)
		;
	terminal_relay_end(&relay, 0);
	close(1);
	child_check(waitpid(program, &status, 0) == program && status == 0);
	child_check(waitpid(reader, &status, 0) == reader && status == 0);
}

static void a_megabyte_arrives_whole(void **state)
{
	(void)state;
	assert_child(volume_body);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_new_terminal_connects_and_adds_no_carriage_returns),
		cmocka_unit_test(only_ptmx_makes_terminals),
		cmocka_unit_test(the_size_is_set_in_rows_and_columns),
		cmocka_unit_test(attaching_gives_stdio_and_the_controlling_terminal),
		cmocka_unit_test(a_slave_that_is_stdio_already_stays_open_over_execve),
		cmocka_unit_test(the_master_arrives_at_the_console_socket),
		cmocka_unit_test(a_console_socket_that_is_not_there_is_named),
		cmocka_unit_test(raw_mode_keeps_output_processing_and_is_undone_at_the_end),
		cmocka_unit_test(what_is_typed_and_printed_goes_through_unchanged),
		cmocka_unit_test(the_size_follows_the_users_terminal),
		cmocka_unit_test(an_unknown_size_is_not_passed_on),
		cmocka_unit_test(the_users_descriptors_do_not_become_non_blocking),
		cmocka_unit_test(the_end_comes_after_all_that_was_printed),
		cmocka_unit_test(ending_passes_on_what_is_left_within_the_time),
		cmocka_unit_test(a_terminal_that_takes_nothing_blocks_nothing),
		cmocka_unit_test(a_program_that_reads_nothing_blocks_nothing),
		cmocka_unit_test(the_relay_is_not_over_while_stdout_has_not_taken_everything),
		cmocka_unit_test(in_the_background_the_terminal_is_left_alone_until_it_is_ours),
		cmocka_unit_test(
			without_a_terminal_pipes_work_and_the_end_of_stdin_ends_only_that_way),
		cmocka_unit_test(what_was_readable_and_is_no_more_blocks_nothing),
		cmocka_unit_test(after_the_end_of_stdin_the_relay_does_not_spin),
		cmocka_unit_test(with_stdin_and_stdout_closed_output_goes_nowhere),
		cmocka_unit_test(a_reader_that_went_away_ends_the_relay),
		cmocka_unit_test(a_megabyte_arrives_whole),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
