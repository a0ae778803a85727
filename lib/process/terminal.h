/* SPDX-License-Identifier: Apache-2.0 */
/* Pseudo-terminals: the container's side, the relay of a foreground run, and sockets for engines. */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"

/*
 * terminal_open - a new pseudo-terminal
 * @ptmx_fd:	ptmx of a devpts checked to be one, opened O_RDWR | O_NOCTTY: that open file is the
 *		master already, *master becomes a duplicate of it
 * @master, @slave: the two ends, O_CLOEXEC and O_NOCTTY. The slave is opened by TIOCGPTPEER, so
 *		that no path is trusted. ONLCR is cleared on it.
 */
int terminal_open(int ptmx_fd, int *master, int *slave, struct error **err);

/* Window size in characters on either end. */
int terminal_set_size(int fd, uint16_t height, uint16_t width, struct error **err);

/* Make @slave the controlling terminal and stdio (0, 1, 2) of the caller, a session leader. */
int terminal_attach(int slave, struct error **err);

/* Send @fd with SCM_RIGHTS, the data being @name, to the AF_UNIX stream socket at @path. */
int terminal_send(const char *socket_path, int fd, const char *name, struct error **err);

/* As terminal_send(), to a socket that is connected already. */
int terminal_send_fd(int socket, int fd, const char *name, struct error **err);

/*
 * The user's side: copies between our stdin/stdout and the master.
 *
 * terminal_relay_begin() puts our terminal into raw mode (output processing kept) when stdin is
 * one, copies its size to the master, and makes the fds it works on non-blocking only for
 * itself. @master stays the caller's and must outlive the relay. While we are not in the
 * terminal's foreground process group, it is left alone; the caller should wake its poll loop upon
 * SIGCONT, so that terminal_relay_poll() can take it up after `fg`. SIGPIPE must be ignored or
 * blocked. terminal_relay_end() restores everything; it is safe to call twice and from atexit.
 */
struct terminal_relay;

int terminal_relay_begin(int master, struct terminal_relay **relay, struct error **err);

/*
 * The relay is driven by its owner's poll loop: the fds and events that it waits for, and what
 * to do when poll(2) has returned. Data flows both ways with a bounded buffer; end-of-file on
 * stdin is passed on as the terminal's, where lines are edited; EIO from the master means that
 * nobody holds the slave.
 *
 * terminal_relay_poll() fills up to TERMINAL_RELAY_FDS entries and returns their number.
 * terminal_relay_step() returns 1 while there is more to come from the container, 0 at the end,
 * -1 when stdout takes no more, -2 on another failure; both end the relay.
 */
struct pollfd;
#define TERMINAL_RELAY_FDS 4
int terminal_relay_poll(struct terminal_relay *relay, struct pollfd *fds);
int terminal_relay_step(struct terminal_relay *relay, const struct pollfd *fds, int count,
                        struct error **err);

/*
 * The window size of the terminal that is our stdin, for a program that shall find it from its
 * first moment. Return: false when stdin is none, or has no known size.
 */
bool terminal_user_size(uint16_t *height, uint16_t *width);

/* Copy our window size to the master (after SIGWINCH). */
void terminal_relay_resize(struct terminal_relay *relay);

/* Pass on what the master still holds, for at most @milliseconds, then restore our terminal. */
void terminal_relay_end(struct terminal_relay **relay, int milliseconds);
