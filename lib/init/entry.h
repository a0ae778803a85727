/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The last steps of every process of a container, its init or one that exec adds: from inside
 * the container's root to execve(2).
 */
#pragma once

#include <stdbool.h>

#include "base/arena.h"
#include "base/error.h"
#include "process/seccomp-listener.h"
#include "process/seccomp.h"
#include "spec/state.h"
#include "spec/config.h"

struct entry {
	const struct process *process;
	const struct linux_config *linux_config; /* memory policy, personality */
	bool setgroups_denied;
	const struct seccomp_program *program;
	const char *const *extra_env; /* NULL-terminated, may be NULL */
	unsigned int preserve_fds;
	const char *keyring; /* name of a new session keyring, NULL: keep the caller's */
	int proc_fd;         /* procfs from outside the root; entry_prepare() closes it */
	int terminal;        /* slave of the terminal, -1: none */

	int report_fd; /* where a failure of execve(2) is told */

	struct seccomp_listener listener;
	const struct state *state; /* for the listener's message */
	enum container_status status;

	/* Filled by entry_prepare(). */
	struct arena *arena;
	char *path; /* of the program */
	char **envp;
	int cwd_fd; /* working directory, as far as it could be opened before the switch */
};

/*
 * entry_check_preserved - refuse --preserve-fds @count when one of these fds is not the caller's
 *
 * Before anything else is opened: what is open close-on-exec is ours already.
 */
int entry_check_preserved(unsigned int count, struct error **err);

/*
 * entry_check_stdio - refuse a directory as stdin, stdout or stderr
 *
 * The program inherits them, and a directory of the host's is a way out (CVE-2024-21626).
 */
int entry_check_stdio(const struct process *process, struct error **err);

/*
 * entry_begin - what has to be done while we are dumpable: our files in procfs are root's later
 * @proc_fd:	as entry->proc_fd
 */
int entry_begin(const struct process *process, int proc_fd, struct error **err);

/* Become non-dumpable: nobody who shares a namespace with us may look into us until execve. */
int entry_hide(struct error **err);

/* Default handlers, nothing ignored, nothing blocked. */
void entry_reset_signals(void);

/*
 * Close everything but stdio, the preserved fds and @keep; absent fds (-1) in it are ignored.
 * @keep:	with room for one more than @count; will be sorted
 * @proc_fd:	a procfs of the host, for kernels without close_range(2); -1: /proc still is one
 *
 * Return: 0, or -1 with *err.
 */
int entry_close_inherited(unsigned int preserve_fds, int *keep, size_t count, int proc_fd,
                          struct error **err);

/* Log from now on to a copy of the log's fd, which outlives stdio. Return: the copy, or -1. */
int entry_keep_log(void);

/* The ptmx of the devpts at /dev/pts in @root_fd, checked to be one. */
int entry_open_ptmx(int root_fd, struct error **err);

/*
 * entry_prepare - become the process that config.json describes
 *
 * The caller is inside the container's root, in a session of its own. Afterwards it has the
 * process's identity and limits; all that is missing is the filter (with no_new_privileges) and
 * execve(2). Failures of args[0] have status 126 or 127.
 */
int entry_prepare(struct entry *entry, struct error **err);

/*
 * entry_execute - filter, fds, execve(2)
 *
 * Returns only on failure: -1 with *err, whose status is 126 or 127 when execve(2) said no.
 */
int entry_execute(struct entry *entry, struct error **err);

/* Whether the user namespace we are in denies setgroups(2), by /proc/self/setgroups. */
bool entry_setgroups_denied(int proc_fd);

/*
 * entry_become_root - take the ids that rule the user namespace we are in
 *
 * Root where it is mapped; otherwise the caller's own ids where they are; otherwise @fallback.
 */
int entry_become_root(const struct user *fallback, bool setgroups_denied, struct error **err);

/* A pipe that the container's user shall be able to reopen as /dev/stdout becomes his. */
void entry_own_stdio(const struct user *user);
