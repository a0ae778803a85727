/* SPDX-License-Identifier: Apache-2.0 */
/* What the network helper gives up before it looks at the container's first frame. */
#pragma once

#include "base/error.h"

/*
 * sandbox_enter - an empty root, no capabilities, limits
 * @dns_server:	what /etc/resolv.conf in that root says; "": what the host's says
 *
 * The network namespace stays the host's, the user who he is. Return: 0, or -1 with *err.
 */
int sandbox_enter(const char *dns_server, struct error **err);

/* The filter: from here on only the calls of the loop. Return: 0, or -1 with *err. */
int sandbox_lock(struct error **err);
