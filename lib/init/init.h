/* SPDX-License-Identifier: Apache-2.0 */
/* The container's init: the child's side of creation, until execve(2). */
#pragma once

#include <stdbool.h>

#include "base/error.h"
#include "idmap/plan.h"
#include "init/join.h"
#include "net/plan.h"
#include "rootfs/plan.h"
#include "spec/config.h"
#include "spec/state.h"

/* All that was decided before init exists; init has it by being forked. */
struct init_plan {
	const struct config *config;
	const struct rootfs_plan *rootfs;
	const struct net_plan *network; /* with a tap; NULL: none */
	bool new_user_namespace, joined_user_namespace;
	bool setgroups_denied;
	struct join_set join;
	int clone_flags;              /* CLONE_NEW*: namespaces that are made */
	struct state *state;          /* for hooks; pid is filled in by init */
	const char *const *extra_env; /* NULL-terminated */
	const char *keyring;          /* name of a new session keyring, NULL: keep the caller's */
	unsigned int preserve_fds;
	bool wait_for_hooks;      /* the runtime has hooks to run when the mounts are made */
	char *const *environment; /* the runtime's, for createContainer hooks without env */

	int sync_fd;     /* init's end of the socketpair */
	int start_fd;    /* listening start socket, -1: the runtime starts us over sync_fd */
	int lock_fd;     /* keeps the container's lock until the state is committed */
	int listener_fd; /* connected to the seccomp agent, -1: none */

	int cgroup_fd; /* directory of the cgroup to be born in, -1: none */
	/* Init is put into its cgroup only before SYNC_GO. init_spawn() may have to decide so. */
	bool cgroup_later;
};

/* What SYNC_ISOLATED tells, with the tap if there is one: inode numbers of namespaces (namespaces(7)). */
struct init_namespaces {
	uint64_t mount, pid;
	uint64_t mount_id; /* 0: not needed, or not to be had */
};

struct init_child {
	pid_t pid;
	int pidfd;
};

/*
 * init_spawn - make init in new user and pid namespaces; it makes the others itself
 *
 * Where namespaces are joined a helper enters them first; its child init is still the caller's
 * child. Return: 0, or -1 with *err.
 */
int init_spawn(struct init_plan *plan, struct init_child *child, struct error **err);
