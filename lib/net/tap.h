/* SPDX-License-Identifier: Apache-2.0 */
/* Init's side of the network: the interface of the container. */
#pragma once

#include "base/error.h"
#include "net/plan.h"

/*
 * net_tap_make - make interface tap0 in the network namespace we are in, and configure it
 * @proc_fd:	procfs, for sysctls of the namespace
 *
 * Needs CAP_NET_ADMIN there. The interface lives as long as the fd. Return: the fd that its frames
 * are read from, non-blocking; -1 with *err.
 */
int net_tap_make(const struct net_plan *plan, int proc_fd, struct error **err);
