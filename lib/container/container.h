/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One container's directory below the state directory: its lock, its files, its derived status.
 *
 *	state.json	what create decided (spec/state.h); put there whole, last of all
 *	config.json	the bundle's, as it was at create; exec needs it
 *	start		socket at which init waits for `start`; gone when it was told
 *	network		control socket of the network helper
 *	resolv.conf, hosts	bound into the container
 *	notify/		socket that stands for NOTIFY_SOCKET
 */
#pragma once

#include <stdbool.h>

#include "base/arena.h"
#include "base/error.h"
#include "init/join.h"
#include "rootlet.h"
#include "spec/state.h"

#define CONTAINER_STATE_FILE  "state.json"
#define CONTAINER_CONFIG_FILE "config.json"
#define CONTAINER_START       "start"
#define CONTAINER_NOTIFY_DIR  "notify"
#define CONTAINER_NETWORK     "network"
#define CONTAINER_RESOLV_CONF "resolv.conf"
#define CONTAINER_HOSTS       "hosts"

struct container {
	const char *id;      /* the caller's string */
	int root_fd;         /* the state directory */
	int dir_fd;          /* the container's; its flock(2) is the container's lock */
	struct arena *arena; /* of the state's strings */
	bool arena_borrowed;
	bool locked;
	bool damaged;   /* state.json is there and cannot be understood */
	bool has_state; /* false: create is under way, or died */
	struct state state;
	enum container_status status;
	bool waits; /* for start: also when it is paused */
};

#define CONTAINER_INIT                      \
	{                                   \
		.root_fd = -1, .dir_fd = -1 \
	}

enum container_lock {
	CONTAINER_NO_LOCK, /* only look */
	CONTAINER_LOCK,    /* exclude other verbs; waits for them, but not for ever */
};

/*
 * container_open - find container @id and read its state
 *
 * Return: 0; 1 when there is no such container (*err is set as well); -1 with *err.
 */
int container_open(const struct rootlet_context *context, const char *id, enum container_lock lock,
                   struct container *container, struct error **err);

/*
 * As container_open(), in state directory @root_fd, which stays the caller's, without a lock; the
 * state's strings live in @arena.
 */
int container_open_at(int root_fd, const char *id, struct arena *arena, struct container *container,
                      struct error **err);

/*
 * container_claim - make the directory of a new container and take its lock
 *
 * Exactly one of several callers succeeds.
 */
int container_claim(const struct rootlet_context *context, const char *id,
                    struct container *container, struct error **err);

/* Remove the directory and what is in it. The lock must be held. */
int container_remove(struct container *container, struct error **err);

/* Let other verbs work on it. The fd stays. */
void container_unlock(struct container *container);

/*
 * Derive container->status from the process and the files as they are now. Fails when that cannot
 * be known, which is not to be taken for "stopped".
 */
int container_refresh(struct container *container, struct error **err);

/*
 * container_way_in - how to get into the namespaces of a container that lives
 * @init_pidfd:	gets its init's pidfd; untouched for a created container, whose namespaces come in
 *		@join instead
 */
int container_way_in(const struct container *container, int *init_pidfd, struct join_set *join,
                     struct error **err);

/* A pidfd of init, -1 when it is gone. */
int container_pidfd(const struct container *container);

/*
 * Whether the processes that are found by the recorded namespaces are this container's: once its
 * init is gone the kernel may give the inode of a namespace to another one.
 *
 * Return: 1, 0, or -1 with *err when that cannot be known.
 */
int container_owns_processes(const struct container *container, struct error **err);

/* Error for a verb that the status does not permit: "container \"x\" is stopped; …". */
int container_wrong_status(const struct container *container, const char *verb, struct error **err);

void container_close(struct container *container);
#define _cleanup_container_ _cleanup_(container_close)
