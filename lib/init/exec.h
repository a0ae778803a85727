/* SPDX-License-Identifier: Apache-2.0 */
/* One more process in a container: the child's side of exec. */
#pragma once

#include <stdbool.h>

#include "base/error.h"
#include "init/entry.h"
#include "init/init.h"
#include "init/join.h"

struct exec_plan {
	int init_pidfd;       /* of a running container's init, -1: use @join */
	uint64_t namespaces;  /* CLONE_NEW* that its init has of its own */
	struct join_set join; /* of a created container: its namespaces, from its init */
	bool joins_user_namespace;
	int proc_fd; /* procfs of the host */
	int sync_fd; /* the child's end of the socketpair */

	int interrupt_fd; /* signalfd: asks to give up, -1: none */
	int cgroup_fd;    /* directory of the cgroup to be in, -1: the caller's */
	bool outside;     /* exec_spawn(): the kernel refused it at birth */
	/* Then called for a process that is to be put there; its children will be there, too. */
	int (*place)(struct exec_plan *plan, pid_t pid, struct error **err);
	struct entry entry; /* process, filter, environment, fds */
};

/*
 * exec_spawn - make the process
 *
 * It sends SYNC_CREATED with the terminal's master, when it has one, then SYNC_ERROR or nothing:
 * end-of-file means that its program runs.
 */
int exec_spawn(struct exec_plan *plan, struct init_child *child, struct error **err);
