/* SPDX-License-Identifier: Apache-2.0 */
/* Mounts of a container that runs already: the child's side of `mounts add` and `mounts remove`. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "init/init.h"
#include "init/join.h"
#include "rootfs/rootfs.h"

struct mounts_plan {
	int init_pidfd;       /* of a running container's init, -1: use @join */
	uint64_t namespaces;  /* CLONE_NEW* that its init has of its own */
	struct join_set join; /* of a created container: its namespaces, from its init */
	const struct user *user;
	const struct rootfs_plan *rootfs; /* its mounts[] are meant, nothing else of it */
	bool remove;
	int proc_fd; /* procfs of the host */
	int sync_fd; /* the child's end of the socketpair */

	struct rootfs work; /* the child's own */
};

/*
 * mounts_spawn - a child that enters the container and adds or removes the mounts, all or none
 *
 * It sends SYNC_ERROR or nothing before end-of-file. Return: 0, or -1 with *err.
 */
int mounts_spawn(struct mounts_plan *plan, struct init_child *child, struct error **err);
