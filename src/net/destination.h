/* SPDX-License-Identifier: Apache-2.0 */
/* The container's addresses and the host's: where a connection goes to, and where it comes from. */
#pragma once

#include <sys/socket.h>

#include "net/plan.h"
#include "net/ports.h"
#include "net/segment.h"

/*
 * destination_open - connect to whom the container means
 * @connected:	gets whether the connection is there already, or will be told by epoll(7)
 *
 * What means the host itself is refused, but for the gateway with allow-host-loopback, and the name
 * server's port 53. Return: a non-blocking socket, or -1 with errno.
 */
int destination_open(const struct net_plan *plan, const struct tcp_flow *flow, bool *connected);

/* How the container is to see a client at a published port: clients on loopback are the gateway. */
void source_flow(const struct net_plan *plan, const struct net_port *port,
                 const struct sockaddr_storage *client, struct tcp_flow *flow);

/* The hardware addresses of a connection that does not begin with a frame of the container's. */
void source_ethernet(const struct net_plan *plan, struct ethernet_pair *ethernet);
