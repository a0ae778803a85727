/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The conversation between the runtime and the container's init: messages over a SOCK_SEQPACKET
 * socket, first a socketpair, after `create` the start socket. End-of-file means that the other
 * side is gone; from an init that was told to start it means that execve(2) succeeded.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"

enum sync_type {
	SYNC_GO = 1,   /* runtime: ids are mapped; value: init's pid as the runtime sees it; fd: the
			    cgroup to be given to the container's user, if it is */
	SYNC_FILTER,   /* runtime: the seccomp program, as data */
	SYNC_ISOLATED, /* init: all its namespaces exist; data: struct init_namespaces, fd: tap */
	SYNC_MOUNTED,  /* init: mounts are made, runtime's hooks may run */
	SYNC_HOOKS_DONE, /* runtime: they have run */
	SYNC_CREATED,    /* init: ready; fds: terminal's master */
	SYNC_COMMIT,     /* runtime: the state is on disk; wait at the start socket */
	SYNC_PREPARE,    /* start: the word is about to come; end-of-file before it ends init */
	SYNC_START,      /* runtime: run the program */
	SYNC_NAMESPACES, /* exec: asks for the namespaces; init: fds, value: mask of their types */
	SYNC_SPAWNED,    /* helper that joins namespaces: value: pid, fd: pidfd */
	SYNC_ERROR,      /* init: value: status and errno, data: message */
};

#define SYNC_MAX_DATA 65536
#define SYNC_MAX_FDS  9

struct sync_message {
	uint32_t type;
	int64_t value;
	void *data; /* received: malloc'ed, NUL-terminated; NULL when there is none */
	size_t length;
	int fds[SYNC_MAX_FDS];
	size_t fd_count;
};

/* Send @message. Return: 0, or -1 with errno (EPIPE: the other side is gone). */
int sync_send(int socket, const struct sync_message *message);

/* Send a message that is only its type. */
int sync_send_type(int socket, enum sync_type type);

/* Send *err as SYNC_ERROR. */
int sync_send_error(int socket, const struct error *error);

/*
 * sync_receive - wait for a message
 *
 * Return: 1 and *message (release with sync_message_clear()), 0 at end-of-file, -1 with *err: a
 * broken socket (errnum ECONNRESET: the other side died and had not read everything), or the error
 * that the other side sent.
 */
int sync_receive(int socket, struct sync_message *message, struct error **err);

/* Wait until something can be received; a signal to @interrupt_fd (signalfd, -1: none) is an error. */
int sync_wait(int socket, int interrupt_fd, struct error **err);

/* As sync_receive(), but anything other than @type is an error, end-of-file included. */
int sync_expect(int socket, enum sync_type type, struct sync_message *message, struct error **err);

void sync_message_clear(struct sync_message *message);
#define _cleanup_message_ _cleanup_(sync_message_clear)
