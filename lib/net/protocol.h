/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The conversation between the runtime and the network helper, one struct in one packet of a
 * SOCK_SEQPACKET socket: first over the helper's stdin (SETUP with fds, answered by READY or
 * ERROR), later over the control socket in the state directory (ADD, REMOVE, answered by DONE or
 * ERROR).
 */
#pragma once

#include "net/plan.h"
#include "net/ports.h"

#define NET_PROTOCOL_VERSION 1u

enum net_message_type { NET_SETUP = 1, NET_READY, NET_ADD, NET_REMOVE, NET_DONE, NET_ERROR };

/* fds of NET_SETUP, in this order. */
enum { NET_FD_TAP, NET_FD_INIT, NET_FD_CONTROL, NET_FD_COUNT };

struct net_message {
	uint32_t version, type;
	uint32_t port_count;
	char text[1024];      /* of an error */
	struct net_plan plan; /* of NET_SETUP */
	/* NET_SETUP, NET_ADD, NET_REMOVE: what is wanted; answers: with the host ports that are. */
	struct net_port ports[NET_PORTS_MAX];
};

/* Send what is filled of @message. Return: 0, or -1 with errno. */
int net_message_send(int socket, struct net_message *message, const int *fds, size_t fd_count);

/*
 * net_message_receive - wait for a message
 * @fds:	room for @fd_count fds, of which so many have to come
 *
 * What comes is checked to be of our version, and whole. Return: 1, 0 at end-of-file, -1 with errno.
 */
int net_message_receive(int socket, struct net_message *message, int *fds, size_t fd_count);
