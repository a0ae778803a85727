/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation: the signals are blocked, and a signalfd stands in every poll(2) that could
 * take long, so that a wait ends with an error like any other, and undo follows.
 */
#include "container/interrupt.h"

#include <sys/signalfd.h>

static const int ending[] = { SIGHUP, SIGINT, SIGQUIT, SIGTERM };

bool signal_ignored(int signal)
{
	struct sigaction action;

	return sigaction(signal, NULL, &action) == 0 && action.sa_handler == SIG_IGN;
}

static void ending_signals(sigset_t *signals)
{
	sigemptyset(signals);
	for (size_t i = 0; i < ARRAY_SIZE(ending); i++)
		if (!signal_ignored(ending[i]))
			sigaddset(signals, ending[i]);
}

void signals_block(const sigset_t *signals, sigset_t *old)
{
	/* Ignored, which we may have inherited, it would let no child be waited for. */
	sigaction(SIGCHLD, &(struct sigaction){ .sa_handler = SIG_DFL }, NULL);
	sigprocmask(SIG_BLOCK, signals, old);
}

void interrupt_block(sigset_t *old)
{
	sigset_t signals;

	ending_signals(&signals);
	signals_block(&signals, old);
}

int interrupt_open(struct error **err)
{
	sigset_t signals;
	int fd;

	ending_signals(&signals);
	fd = signalfd(-1, &signals, SFD_CLOEXEC);
	return fd < 0 ? error_set(err, errno, "a signalfd") : fd;
}
