/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The runtime's side of making a container, shared by create and run:
 *
 *	creation_begin()   everything up to "created": init is ready and waits
 *	creation_commit()  the state is on disk; init belongs to the state directory now
 *	creation_undo()	   instead of commit, or after a failure in it: nothing is left
 */
#pragma once

#include <signal.h>

#include "cgroup/cgroup.h"
#include "container/container.h"
#include "idmap/plan.h"
#include "init/init.h"
#include "net/helper.h"
#include "rootlet.h"

struct creation {
	const struct rootlet_context *context;
	const struct rootlet_create_options *options;
	bool start_socket; /* create: somebody else will start it */

	const char *id;
	struct config *config;
	struct id_caller caller;
	struct container container;
	char *bundle; /* absolute */
	struct id_plan ids;
	struct rootfs_plan rootfs;
	struct net_plan network;
	struct net_ports ports;
	struct net_helper helper;
	struct init_plan plan;
	struct cgroup cgroup;
	struct init_child init;
	int sync_fd;      /* our end */
	int interrupt_fd; /* signalfd: asks us to give up */
	int tap;          /* from init, for the network helper; -1: none, or handed over */
	int master;       /* of the terminal; -1: none, or handed over */
	bool started;     /* init has the word already */
	bool pid_file_written;
	bool poststop_due; /* what undoes the creation is the end of a container */
};

#define CREATION_INIT                                                                             \
	{                                                                                         \
		.container = CONTAINER_INIT,                                                      \
		.plan = { .join = JOIN_SET_INIT,                                                  \
			  .sync_fd = -1,                                                          \
			  .start_fd = -1,                                                         \
			  .lock_fd = -1,                                                          \
			  .listener_fd = -1,                                                      \
			  .cgroup_fd = -1 },                                                      \
		.cgroup = CGROUP_INIT, .helper = NET_HELPER_INIT,                                 \
		.init = { .pid = -1, .pidfd = -1 }, .sync_fd = -1, .interrupt_fd = -1, .tap = -1, \
		.master = -1,                                                                     \
	}

/* Within creation: what can be decided before anything exists (decide.c). */
int creation_decide(struct creation *creation, struct error **err);

/* Name, or refuse, what linux.resources asks for and cannot have: once it is known. */
int creation_report_lost(const struct creation *creation, struct error **err);

int creation_begin(struct creation *creation, const char *id, struct error **err);
int creation_commit(struct creation *creation, struct error **err);
void creation_undo(struct creation *creation);

/* Init is gone without a word: the error says how. Returns -1. */
int creation_init_died(const struct creation *creation, struct error **err);

void creation_close(struct creation *creation);

/*
 * creation_hooks - run hooks of the runtime's side with the container's state on their stdin
 * @abort_fd:	-1: cannot be interrupted
 */
int creation_hooks(const struct state *state, enum container_status status,
                   const struct hook_list *hooks, const char *name, int abort_fd,
                   struct error **err);

/* The poststop hooks: all of them, a failing one is worth a warning (runtime.md, Lifecycle). */
void creation_poststop(const struct state *state, const struct hooks *hooks);
