/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The runtime's side of the network helper, rootlet-net: finding it, starting it, asking it for
 * ports, ending it.
 */
#pragma once

#include <sys/types.h>

#include "base/error.h"
#include "net/plan.h"
#include "net/ports.h"

struct net_helper {
	pid_t pid;
	uint64_t start_time; /* of that process */
	int socket;          /* to it, until it is ready; -1: none */
};

#define NET_HELPER_INIT       \
	{                     \
		.socket = -1, \
	}

/* What it is given: fds are borrowed. */
struct net_helper_start {
	const struct net_plan *plan;
	const struct net_ports *ports;
	int tap, init_pidfd;
	int control; /* listening socket */
};

/* Whether it is installed. Return: 0, or -1 with *err. */
int net_helper_check(struct error **err);

/* Start it. Does not wait for what it has to say about that: net_helper_wait() does. */
int net_helper_start(const struct net_helper_start *start, struct net_helper *helper,
                     struct error **err);

/*
 * net_helper_wait - wait until it serves the container
 * @ports:	get the host ports that were found free
 * @init_pidfd:	when that process ends, nobody needs the helper any more
 * @interrupt_fd:	readable: give up
 */
int net_helper_wait(struct net_helper *helper, struct net_ports *ports, int init_pidfd,
                    int interrupt_fd, struct error **err);

/*
 * net_helper_change - publish ports, or take them back: all or none
 * @socket:	connected to its control socket
 * @ports:	get the host ports that were found free
 */
int net_helper_change(int socket, bool remove, struct net_ports *ports, struct error **err);

/*
 * net_helper_end - end the process of that pid and start time, if it is there
 * @wait:	until it is gone, for the sake of what it holds
 */
void net_helper_end(pid_t pid, uint64_t start_time, bool wait);
