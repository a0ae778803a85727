/* SPDX-License-Identifier: Apache-2.0 */
/* Making a child in other namespaces: new ones, joined ones, or both. */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

#include "base/error.h"

struct ns_spawn {
	int clone_flags;                              /* CLONE_NEW* to make */
	int (*enter)(void *data, struct error **err); /* joins namespaces; NULL: none to join */
	void (*child)(void *data);                    /* runs in the child; does not return */
	void *data;

	/*
	 * The cgroup that the first process we make is born in, -1: ours. Where the kernel does not
	 * let us, *outside becomes true before there is a process. NULL: no matter.
	 */
	int cgroup_fd;
	bool *outside;
	/* Then called for a helper, which has not entered anything yet. NULL: not needed. */
	int (*place)(void *data, pid_t helper, struct error **err);
	/* A signalfd that ends the wait for a helper, which a paused cgroup can hold. NULL: none. */
	const int *interrupt_fd;
};

/*
 * ns_spawn - clone3(2) with a pidfd
 *
 * With @enter a helper process calls it and clones the child with CLONE_PARENT, so that the child
 * is the caller's and the helper leaves nothing but its exit. The caller must have a single
 * thread. Return: the child's pid and *pidfd, or -1 with *err.
 */
pid_t ns_spawn(const struct ns_spawn *spawn, int *pidfd, struct error **err);
