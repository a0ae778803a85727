/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation: one poll(2) over a signalfd, the child's pidfd and the fds of the terminal
 * relay. All signals that can be forwarded are blocked and read from the signalfd, so that none
 * ends us before the terminal is restored and the container is deleted.
 */
#include "container/supervise.h"

#include <poll.h>
#include <stdbool.h>
#include <sys/signalfd.h>
#include <sys/wait.h>

#include "base/log.h"
#include "base/spawn.h"
#include "base/syscalls.h"
#include "container/interrupt.h"
#include "container/notify.h"
#include "process/terminal.h"

/* After the end of the child, what its terminal still holds is passed on for at most so long. */
#define DRAIN_MS 200

/* Left alone: they mean us, or a fault of ours. SIGKILL and SIGSTOP cannot be had at all. */
static const int own_signals[] = { SIGSEGV, SIGBUS, SIGFPE, SIGILL,  SIGTRAP,
	                           SIGABRT, SIGSYS, SIGURG, SIGTTIN, SIGTTOU };

static void forwarded_signals(sigset_t *signals)
{
	sigfillset(signals);
	for (size_t i = 0; i < ARRAY_SIZE(own_signals); i++)
		sigdelset(signals, own_signals[i]);
	/* What our caller has us ignore (nohup(1)) is not for the container either. */
	for (int signal = 1; signal < SIGSYS; signal++)
		if (signal_ignored(signal))
			sigdelset(signals, signal);
	/* Broken pipes are seen by who writes. */
	sigaddset(signals, SIGPIPE);
}

void supervise_block_signals(sigset_t *old)
{
	sigset_t signals;

	forwarded_signals(&signals);
	signals_block(&signals, old);
}

int supervise_exit_status(int status)
{
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

struct loop {
	const struct supervise *what;
	struct terminal_relay *relay;
	int signal_fd;
	int notify_fd;
};

static void reap_orphans(const struct loop *loop)
{
	siginfo_t info;

	while (loop->what->reap_all) {
		info.si_pid = 0;
		if (waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) < 0 || info.si_pid == 0)
			return;
		/* The child itself is reaped where its status is wanted. */
		if (info.si_pid == loop->what->pid)
			return;
		waitpid(info.si_pid, NULL, WNOHANG);
	}
}

static void handle_signal(struct loop *loop)
{
	struct signalfd_siginfo info;

	if (read(loop->signal_fd, &info, sizeof(info)) != sizeof(info))
		return;
	if (info.ssi_signo == SIGCHLD) {
		reap_orphans(loop);
		return;
	}
	/* Whoever read our output is gone: the relay sees that for itself. */
	if (info.ssi_signo == SIGPIPE)
		return;
	/* The kernel tells the programs at the terminal whose size was changed. */
	if (info.ssi_signo == SIGWINCH && loop->relay) {
		terminal_relay_resize(loop->relay);
		return;
	}
	if (sys_pidfd_send_signal(loop->what->pidfd, (int)info.ssi_signo, NULL, 0) < 0)
		log_debug("signal %u could not be forwarded", info.ssi_signo);
}

static void handle_notify(struct loop *loop)
{
	_cleanup_error_ struct error *error = NULL;

	if (notify_forward(loop->notify_fd, 0, &error) == 0)
		return;
	if (error)
		log_warning("%s", error->message);
	loop->notify_fd = -1;
}

enum { POLL_SIGNALS, POLL_CHILD, POLL_NOTIFY, POLL_RELAY };

/*
 * What has come since the child's end has nobody to go to any more. Left pending, a broken pipe of
 * the relay would end us before the container is deleted and its status is told.
 */
static void drop_signals(int signal_fd)
{
	struct signalfd_siginfo info;

	while (read(signal_fd, &info, sizeof(info)) > 0)
		continue;
}

/*
 * Stdout takes no more: for the container it is as if its terminal had been unplugged. Its
 * programs get SIGHUP and EIO, so that one that writes for ever ends as it does in a pipe.
 */
static void hang_up(struct loop *loop, const struct error *error)
{
	if (error->errnum != EPIPE)
		log_warning("%s", error->message);
	terminal_relay_end(&loop->relay, 0);
	close_fd(loop->what->master);
}

/* Until the child has ended. */
static int run_loop(struct loop *loop, struct error **err)
{
	struct pollfd fds[POLL_RELAY + TERMINAL_RELAY_FDS];

	for (;;) {
		_cleanup_error_ struct error *broken = NULL;
		int relay_fds = 0, step = 0;

		fds[POLL_SIGNALS] = (struct pollfd){ .fd = loop->signal_fd, .events = POLLIN };
		fds[POLL_CHILD] = (struct pollfd){ .fd = loop->what->pidfd, .events = POLLIN };
		fds[POLL_NOTIFY] = (struct pollfd){ .fd = loop->notify_fd, .events = POLLIN };
		if (loop->relay)
			relay_fds = terminal_relay_poll(loop->relay, fds + POLL_RELAY);
		if (poll(fds, (nfds_t)(POLL_RELAY + relay_fds), -1) < 0) {
			if (errno == EINTR)
				continue;
			return error_set(err, errno, "waiting for the container");
		}
		if (fds[POLL_SIGNALS].revents)
			handle_signal(loop);
		if (fds[POLL_NOTIFY].revents)
			handle_notify(loop);
		if (relay_fds > 0)
			step = terminal_relay_step(loop->relay, fds + POLL_RELAY, relay_fds,
			                           &broken);
		if (step == -2)
			return error_move(err, &broken);
		if (step == -1)
			hang_up(loop, broken);
		if (fds[POLL_CHILD].revents)
			return 0;
	}
}

int supervise(const struct supervise *what, struct error **err)
{
	struct loop loop = { .what = what, .notify_fd = what->notify_fd };
	_cleanup_fd_ int signal_fd = -1;
	sigset_t signals;
	int result, status;

	forwarded_signals(&signals);
	signal_fd = signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK);
	if (signal_fd < 0)
		return error_set(err, errno, "a signalfd");
	loop.signal_fd = signal_fd;
	if (*what->master >= 0 && terminal_relay_begin(*what->master, &loop.relay, err) < 0)
		return -1;
	result = run_loop(&loop, err);
	if (loop.relay)
		terminal_relay_end(&loop.relay, DRAIN_MS);
	drop_signals(signal_fd);
	if (result < 0)
		return -1;
	status = wait_for(what->pid);
	return status < 0 ? error_set(err, errno, "waiting for the container")
	                  : supervise_exit_status(status);
}
