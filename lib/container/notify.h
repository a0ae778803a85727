/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Readiness notification (sd_notify(3)): a socket of ours stands for the host's NOTIFY_SOCKET in
 * the container, and only the message that the program is ready is passed on.
 */
#pragma once

#include <sys/types.h>

#include "base/arena.h"
#include "base/error.h"
#include "container/container.h"

#define NOTIFY_DIRECTORY_INSIDE "/run/notify"
#define NOTIFY_SOCKET_INSIDE    NOTIFY_DIRECTORY_INSIDE "/notify.sock"

/* $NOTIFY_SOCKET when it names a socket, else NULL. */
const char *notify_host_socket(void);

/*
 * notify_make - make the directory that is bound into the container
 *
 * Return: its absolute path in @arena, or NULL with *err.
 */
const char *notify_make(const struct container *container, struct arena *arena, struct error **err);

/* Bind the socket in it; -1 with *err. */
int notify_listen(const struct container *container, struct error **err);

/*
 * notify_forward - read one message, and pass it on when it says READY=1
 * @pid:	sent along as MAINPID; 0: not
 *
 * Return: 1 when it was that message, 0 when another, -1 with *err.
 */
int notify_forward(int fd, pid_t pid, struct error **err);

/* Wait until the program has said that it is ready, or process @pidfd has ended. */
int notify_wait(int fd, int pidfd, pid_t pid, struct error **err);
