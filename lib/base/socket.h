/* SPDX-License-Identifier: Apache-2.0 */
/* AF_UNIX sockets: passing fds, reaching a path that is longer than sun_path. */
#pragma once

#include <stddef.h>
#include <sys/types.h>

/* Send @data with up to SOCKET_MAX_FDS fds. Return: 0, or -1 with errno. No SIGPIPE. */
#define SOCKET_MAX_FDS 10
int socket_send(int socket, const void *data, size_t length, const int *fds, size_t fd_count);

/*
 * socket_receive - one message and the fds with it
 * @fds, @fd_count:	room for *@fd_count fds, which become O_CLOEXEC; set to the number got;
 *			further ones are closed
 *
 * Return: its length, 0 at end-of-file, or -1 with errno.
 */
ssize_t socket_receive(int socket, void *data, size_t size, int *fds, size_t *fd_count);

/* A listening socket of @type (SOCK_*) at @name below directory @dirfd, mode 0600; -1 with errno. */
int socket_listen_at(int dirfd, const char *name, int type);

/*
 * A connection of @type (SOCK_*) to the socket @path below @dirfd (AT_FDCWD: as usual); -1 with
 * errno.
 */
int socket_connect_at(int dirfd, const char *path, int type);
