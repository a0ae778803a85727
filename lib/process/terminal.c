/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation: a pseudo-terminal is made from a ptmx fd alone, without any path of the
 * container's. The relay of a foreground run then sits between the user's terminal and the
 * master with a bounded buffer each way; its owner polls, and calls terminal_relay_step().
 *
 * Our stdin and stdout are open file descriptions that the shell and other programs share:
 * O_NONBLOCK on them would outlive us and break those. Terminals and pipes can be opened once
 * more by /proc/self/fd, which gives a description of our own that may be non-blocking. Where
 * that fails (a socket, another user's terminal), the shared one is used as it is, with writes
 * of at most PIPE_BUF after poll(2) has promised room.
 *
 * A terminal belongs to one job at a time. While we are not in its foreground process group, we
 * neither change its mode nor read from it, so that `rootlet run … &` disturbs nobody; after `fg`
 * the relay takes it up at the next poll.
 */
#include "process/terminal.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <termios.h>
#include <time.h>

#include "base/log.h"
#include "base/socket.h"

#define RELAY_BUFFER 16384u

/* Linux: Documentation/admin-guide/devices.txt, character device 5:2. */
#define PTMX_MAJOR 5
#define PTMX_MINOR 2

int terminal_open(int ptmx_fd, int *master, int *slave, struct error **err)
{
	_cleanup_fd_ int ours = fcntl(ptmx_fd, F_DUPFD_CLOEXEC, 3);
	_cleanup_fd_ int peer = -1;
	struct termios attributes;
	struct stat st;
	int unlock = 0;

	if (ours < 0 || fstat(ours, &st) < 0)
		return error_set(err, errno, "cannot make a terminal: ptmx");
	if (!S_ISCHR(st.st_mode) || st.st_rdev != makedev(PTMX_MAJOR, PTMX_MINOR))
		return error_set(err, 0,
		                 "cannot make a terminal: ptmx is not character device 5:2");
	if (ioctl(ours, TIOCSPTLCK, &unlock) < 0)
		return error_set(err, errno, "cannot unlock the new terminal");
	peer = ioctl(ours, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (peer < 0)
		return error_set(err, errno, "cannot open the slave of the new terminal");
	if (tcgetattr(peer, &attributes) < 0)
		return error_set(err, errno, "cannot read the modes of the new terminal");
	/* Who reads the master gets what the program wrote; \r\n is up to the user's terminal. */
	attributes.c_oflag &= ~(tcflag_t)ONLCR;
	if (tcsetattr(peer, TCSANOW, &attributes) < 0)
		return error_set(err, errno, "cannot set the modes of the new terminal");
	*master = take_fd(&ours);
	*slave = take_fd(&peer);
	return 0;
}

int terminal_set_size(int fd, uint16_t height, uint16_t width, struct error **err)
{
	const struct winsize size = { .ws_row = height, .ws_col = width };

	if (ioctl(fd, TIOCSWINSZ, &size) < 0)
		return error_set(err, errno, "cannot set the terminal's size to %u x %u", width,
		                 height);
	return 0;
}

int terminal_attach(int slave, struct error **err)
{
	if (ioctl(slave, TIOCSCTTY, 0) < 0)
		return error_set(err, errno, "cannot make the terminal the controlling one");
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
		/* dup2 to itself would leave it close-on-exec. */
		if (slave == fd ? fcntl(fd, F_SETFD, 0) < 0 : dup2(slave, fd) < 0)
			return error_set(err, errno, "cannot make the terminal fd %d", fd);
	}
	return 0;
}

int terminal_send_fd(int socket, int fd, const char *name, struct error **err)
{
	/* A stream carries fds only with at least one byte. */
	size_t length = name[0] ? strlen(name) : 1;

	if (socket_send(socket, name, length, &fd, 1) < 0)
		return error_set(err, errno, "cannot send the terminal to the console socket");
	return 0;
}

int terminal_send(const char *socket_path, int fd, const char *name, struct error **err)
{
	_cleanup_fd_ int socket = socket_connect_at(AT_FDCWD, socket_path, SOCK_STREAM);

	if (socket < 0)
		return error_set(err, errno, "cannot connect to the console socket %s",
		                 socket_path);
	return terminal_send_fd(socket, fd, name, err);
}

struct buffer {
	char bytes[RELAY_BUFFER];
	size_t start, end;
};

struct terminal_relay {
	int master;           /* borrowed; -1 after its end */
	int in, out;          /* ours; -1 when absent */
	bool reading;         /* stdin is not at its end */
	bool mid_line;        /* the last byte of stdin did not end a line */
	bool tty;             /* stdin is a terminal */
	bool raw;             /* in the mode that we gave it */
	struct termios saved; /* with raw */
	struct buffer input, output;
};

static size_t buffer_used(const struct buffer *buffer)
{
	return buffer->end - buffer->start;
}

static bool buffer_full(const struct buffer *buffer)
{
	return buffer->end == sizeof(buffer->bytes);
}

/* A failure that the next poll can cure. */
static bool transient(int errnum)
{
	return errnum == EAGAIN || errnum == EINTR;
}

/* Return: as of read(2), with 1 for a transient failure. */
static ssize_t buffer_fill(struct buffer *buffer, int fd)
{
	ssize_t n = read(fd, buffer->bytes + buffer->end, sizeof(buffer->bytes) - buffer->end);

	if (n < 0)
		return transient(errno) ? 1 : -1;
	buffer->end += (size_t)n;
	return n;
}

/* Return: 0, also when nothing could be written just now, or -1 with errno. */
static int buffer_drain(struct buffer *buffer, int fd)
{
	size_t used = buffer_used(buffer);
	ssize_t n = write(fd, buffer->bytes + buffer->start, used < PIPE_BUF ? used : PIPE_BUF);

	if (n < 0)
		return transient(errno) ? 0 : -1;
	buffer->start += (size_t)n;
	if (buffer->start == buffer->end)
		buffer->start = buffer->end = 0;
	return 0;
}

/* tcsetattr that works while another process group is in the foreground, instead of stopping us. */
static int set_modes(int fd, const struct termios *modes)
{
	sigset_t block, before;
	int ret, saved;

	sigemptyset(&block);
	sigaddset(&block, SIGTTOU);
	sigprocmask(SIG_BLOCK, &block, &before);
	/* TCSANOW: to wait for output, as TCSADRAIN does, may take for ever (Ctrl-S). */
	ret = tcsetattr(fd, TCSANOW, modes);
	saved = errno;
	sigprocmask(SIG_SETMASK, &before, NULL);
	errno = saved;
	return ret;
}

/* A terminal that is not our controlling one has no job control for us: it counts as ours. */
static bool in_foreground(int tty)
{
	pid_t group = tcgetpgrp(tty);

	return group < 0 || group == getpgrp();
}

/* Bytes go through as they are typed. Output processing stays, for others who write there. */
static void enter_raw_mode(struct terminal_relay *relay)
{
	struct termios modes;

	if (tcgetattr(relay->in, &relay->saved) < 0)
		return;
	modes = relay->saved;
	cfmakeraw(&modes);
	modes.c_oflag = relay->saved.c_oflag;
	if (set_modes(relay->in, &modes) < 0)
		log_debug("terminal: no raw mode: %s", strerror(errno));
	else
		relay->raw = true;
}

/* In the background the terminal is another job's by now, with that job's modes. */
static void leave_raw_mode(struct terminal_relay *relay)
{
	if (relay->raw && in_foreground(relay->in) && set_modes(relay->in, &relay->saved) < 0)
		log_debug("terminal: modes not restored: %s", strerror(errno));
	relay->raw = false;
}

/* Whether stdin may be read now; takes the terminal up when it has become ours. */
static bool input_allowed(struct terminal_relay *relay)
{
	if (!relay->tty)
		return true;
	if (!in_foreground(relay->in))
		return false;
	if (!relay->raw)
		enter_raw_mode(relay);
	return true;
}

/* A description of our own for what @fd has open (see above), else a duplicate; -1: closed. */
static int open_private(int fd, int access_mode, int *own, struct error **err)
{
	char path[32];
	struct stat st;

	*own = -1;
	if (fstat(fd, &st) < 0)
		return errno == EBADF ? 0 : error_set(err, errno, "terminal: fd %d", fd);
	if (S_ISFIFO(st.st_mode) || isatty(fd)) {
		snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
		*own = open(path, access_mode | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	}
	if (*own < 0)
		*own = fcntl(fd, F_DUPFD_CLOEXEC, 3);
	return *own < 0 ? error_set(err, errno, "terminal: fd %d", fd) : 0;
}

static void relay_free(struct terminal_relay **relay)
{
	if (!*relay)
		return;
	leave_raw_mode(*relay);
	close_fd(&(*relay)->in);
	close_fd(&(*relay)->out);
	free_pointer(relay);
	*relay = NULL;
}

int terminal_relay_begin(int master, struct terminal_relay **relay, struct error **err)
{
	_cleanup_(relay_free) struct terminal_relay *made = calloc(1, sizeof(*made));
	int flags = fcntl(master, F_GETFL);

	if (!made)
		return error_set(err, ENOMEM, "terminal");
	made->master = master;
	made->in = made->out = -1;
	if (flags < 0 || fcntl(master, F_SETFL, flags | O_NONBLOCK) < 0)
		return error_set(err, errno, "terminal master");
	if (open_private(STDIN_FILENO, O_RDONLY, &made->in, err) < 0 ||
	    open_private(STDOUT_FILENO, O_WRONLY, &made->out, err) < 0)
		return -1;
	made->reading = made->in >= 0;
	made->tty = made->reading && isatty(made->in);
	terminal_relay_resize(made);
	input_allowed(made);
	*relay = take_pointer(made);
	return 0;
}

/* A serial line without a known size says 0 x 0, with which programs can do nothing. */
static bool known_size(int tty, struct winsize *size)
{
	return ioctl(tty, TIOCGWINSZ, size) == 0 && size->ws_row > 0;
}

bool terminal_user_size(uint16_t *height, uint16_t *width)
{
	struct winsize size;

	if (!known_size(STDIN_FILENO, &size))
		return false;
	*height = size.ws_row;
	*width = size.ws_col;
	return true;
}

void terminal_relay_resize(struct terminal_relay *relay)
{
	struct winsize size;

	if (!relay->tty || !known_size(relay->in, &size))
		return;
	if (relay->master >= 0 && ioctl(relay->master, TIOCSWINSZ, &size) < 0)
		log_debug("terminal: size not passed on: %s", strerror(errno));
}

/* An fd without events is left out: poll(2) would report its hang-up over and over again. */
static int add_poll(struct pollfd *fds, int count, int fd, short events)
{
	if (fd < 0 || events == 0)
		return count;
	fds[count] = (struct pollfd){ .fd = fd, .events = events };
	return count + 1;
}

int terminal_relay_poll(struct terminal_relay *relay, struct pollfd *fds)
{
	short in = 0, master = 0, out = 0;
	int count = 0;

	if (relay->reading && relay->master >= 0 && !buffer_full(&relay->input) &&
	    input_allowed(relay))
		in = POLLIN;
	if (!buffer_full(&relay->output))
		master |= POLLIN;
	if (buffer_used(&relay->input) > 0)
		master |= POLLOUT;
	if (buffer_used(&relay->output) > 0)
		out = POLLOUT;
	count = add_poll(fds, count, relay->in, in);
	count = add_poll(fds, count, relay->master, master);
	return add_poll(fds, count, relay->out, out);
}

/* EIO: nobody holds the slave any more. */
static int step_master(struct terminal_relay *relay, short events, struct error **err)
{
	bool readable = events & (POLLIN | POLLHUP | POLLERR);
	ssize_t n = 1;

	if (readable && !buffer_full(&relay->output))
		n = buffer_fill(&relay->output, relay->master);
	if (n < 0 && errno != EIO)
		return error_set(err, errno, "cannot read the container's output");
	if ((events & POLLNVAL) || n <= 0) {
		relay->master = -1;
		return 0;
	}
	if ((events & (POLLOUT | POLLHUP)) && buffer_used(&relay->input) > 0 &&
	    buffer_drain(&relay->input, relay->master) < 0)
		relay->input.start = relay->input.end = 0;
	return 0;
}

static int step_out(struct terminal_relay *relay, struct error **err)
{
	if (buffer_drain(&relay->output, relay->out) == 0)
		return 0;
	return error_set(err, errno, "cannot write the container's output to stdout");
}

/*
 * Stdin from a file or a pipe has ended. A terminal has no end of its own: the container's program
 * sees one when the line discipline gets the character for it, once for the line that is unended
 * and once for nothing (termios(3), VEOF). Without line editing the character would be data.
 */
static void pass_on_end(struct terminal_relay *relay)
{
	struct buffer *input = &relay->input;
	struct termios modes;

	if (relay->tty || relay->master < 0 || tcgetattr(relay->master, &modes) < 0 ||
	    !(modes.c_lflag & ICANON))
		return;
	if (relay->mid_line && !buffer_full(input))
		input->bytes[input->end++] = (char)modes.c_cc[VEOF];
	if (!buffer_full(input))
		input->bytes[input->end++] = (char)modes.c_cc[VEOF];
}

static void step_in(struct terminal_relay *relay)
{
	size_t before = relay->input.end;

	relay->reading = buffer_fill(&relay->input, relay->in) > 0;
	if (!relay->reading)
		pass_on_end(relay);
	else if (relay->input.end > before)
		relay->mid_line = relay->input.bytes[relay->input.end - 1] != '\n';
}

int terminal_relay_step(struct terminal_relay *relay, const struct pollfd *fds, int count,
                        struct error **err)
{
	for (int i = 0; i < count; i++) {
		if (fds[i].revents == 0)
			continue;
		if (fds[i].fd == relay->in)
			step_in(relay);
		else if (fds[i].fd == relay->master && step_master(relay, fds[i].revents, err) < 0)
			return -2;
		else if (fds[i].fd == relay->out && step_out(relay, err) < 0)
			return -1;
	}
	/* With stdout closed, the container writes to nobody; it shall not notice. */
	if (relay->out < 0)
		relay->output.start = relay->output.end = 0;
	return relay->master >= 0 || buffer_used(&relay->output) > 0;
}

static int64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * INT64_C(1000) + now.tv_nsec / 1000000;
}

/* Until nobody holds the slave, or the time is over: another process may keep it open for ever. */
static void drain_master(struct terminal_relay *relay, int milliseconds)
{
	int64_t left, end = now_ms() + milliseconds;
	struct pollfd fds[TERMINAL_RELAY_FDS];

	while ((left = end - now_ms()) > 0) {
		_cleanup_error_ struct error *error = NULL;
		int count = terminal_relay_poll(relay, fds);
		int ready = count > 0 ? poll(fds, (nfds_t)count, (int)left) : 0;

		if (ready == 0)
			return;
		if (ready < 0 && errno == EINTR)
			continue;
		if (ready < 0)
			error_set(&error, errno, "cannot wait for the container's output");
		else if (terminal_relay_step(relay, fds, count, &error) == 1)
			continue;
		/* The container has ended: its status counts, but nobody shall take this for all. */
		if (error && error->errnum != EPIPE)
			log_warning("%s", error->message);
		return;
	}
}

void terminal_relay_end(struct terminal_relay **relay, int milliseconds)
{
	struct terminal_relay *old = *relay;

	if (!old)
		return;
	/* What is typed from now on is for whoever comes after us. */
	old->reading = false;
	old->input.start = old->input.end = 0;
	drain_master(old, milliseconds);
	relay_free(relay);
}
