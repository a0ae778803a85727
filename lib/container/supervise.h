/* SPDX-License-Identifier: Apache-2.0 */
/* Waiting for a process of a container in the foreground: run and exec. */
#pragma once

#include <signal.h>
#include <stdbool.h>
#include <sys/types.h>

#include "base/error.h"

struct supervise {
	pid_t pid; /* our child */
	int pidfd;
	int *master; /* of its terminal, -1: none; the caller's, closed when our stdout is broken */
	int notify_fd; /* -1: none */
	bool reap_all; /* we are a subreaper: reap the container's orphans too */
};

/*
 * supervise_block_signals - keep the signals that will be forwarded until supervise() takes them
 * @old:	gets the mask before
 *
 * Before the child is made, so that none that comes meanwhile is lost. SIGCHLD is among them.
 */
void supervise_block_signals(sigset_t *old);

/*
 * supervise - forward signals and the terminal until the child has ended
 *
 * Return: its exit status, 128 + n when signal n killed it, or -1 with *err. The user's terminal
 * is as it was on every return.
 */
int supervise(const struct supervise *what, struct error **err);

/* The exit status that shells have for a status of waitpid(2). */
int supervise_exit_status(int status);
