/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The seccomp agent (config-linux.md, "Seccomp": listenerPath, "The Container Process State"):
 * the one who answers the system calls that a filter has SCMP_ACT_NOTIFY for.
 */
#pragma once

#include "base/error.h"
#include "process/seccomp.h"
#include "spec/config.h"

struct seccomp_listener {
	int socket;          /* connected to the agent, -1: the filter has no SCMP_ACT_NOTIFY */
	const char *message; /* the container process state, as JSON */
};

/*
 * seccomp_listener_connect - connect to linux.seccomp.listenerPath, where the filter needs it
 *
 * For the runtime, while it sees the host's paths. Return: the socket (O_CLOEXEC), -2 when there is
 * nothing to listen to, -1 with *err.
 */
int seccomp_listener_connect(const struct seccomp *seccomp, struct error **err);

/*
 * seccomp_listener_install - seccomp_install(), and hand the notify fd to the agent
 *
 * @listener may be NULL where the program has no SCMP_ACT_NOTIFY. Afterwards the socket is closed,
 * and nobody here holds the notify fd. Return: 0, or -1 with *err.
 */
int seccomp_listener_install(const struct seccomp_program *program,
                             struct seccomp_listener *listener, struct error **err);
