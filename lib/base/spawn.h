/* SPDX-License-Identifier: Apache-2.0 */
/* Running another program: the id helpers, hooks, ps(1), getsubids(1). */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "base/error.h"

struct spawn {
	const char *path;     /* absolute */
	char *const *argv;    /* NULL-terminated */
	char *const *envp;    /* NULL-terminated; NULL: an empty environment */
	int stdin_fd;         /* -1: /dev/null */
	int stdout_fd;        /* -1: /dev/null */
	int stderr_fd;        /* -1: /dev/null */
	bool die_with_parent; /* PR_SET_PDEATHSIG SIGKILL: not for setuid programs */
};

/*
 * spawn_start - start a program
 *
 * The child shares our memory until its execve (CLONE_VM | CLONE_VFORK), so that starting costs
 * no page tables, and an execve that fails is reported here. It has no fds but 0, 1 and 2, no
 * blocked signals, default handlers.
 *
 * Return: its pid, or -1 with errno.
 */
pid_t spawn_start(const struct spawn *spawn);

struct spawn_result {
	int status;     /* as of waitpid(2) */
	bool timed_out; /* and was killed */
	bool aborted;   /* @abort_fd became readable or hung up: was killed */
	char *output;   /* what it wrote, at most 64 KiB of it; with capture only. Owned */
};

/*
 * spawn_run - start a program, feed it, wait for it
 * @input:	text for its stdin, NULL for none (then @spawn->stdin_fd counts)
 * @capture:	0: nothing; otherwise an or of SPAWN_STDOUT, SPAWN_STDERR
 * @timeout_ms:	it is killed after so many milliseconds; 0 or less: never
 * @abort_fd:	it is killed when this fd becomes readable or hangs up; -1: none
 *
 * A program that closes its stdin early, or leaves children behind that keep its output open, is
 * no failure and is not waited for beyond its own end. Return: 0 when it was started and has
 * been reaped, or -1 with errno.
 */
#define SPAWN_STDOUT 1
#define SPAWN_STDERR 2
int spawn_run(const struct spawn *spawn, const char *input, int capture, int timeout_ms,
              int abort_fd, struct spawn_result *result);

/* Wait for @pid through EINTR. Return: its wait status, or -1 with errno. */
int wait_for(pid_t pid);
