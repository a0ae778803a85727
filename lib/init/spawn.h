/* SPDX-License-Identifier: Apache-2.0 */
/* Making a child in other namespaces: new ones, joined ones, or both. */
#pragma once

#include <sys/types.h>

#include "base/error.h"

struct ns_spawn {
	int clone_flags;                              /* CLONE_NEW* to make */
	int (*enter)(void *data, struct error **err); /* joins namespaces; NULL: none to join */
	void (*child)(void *data);                    /* runs in the child; does not return */
	void *data;
};

/*
 * ns_spawn - clone3(2) with a pidfd
 *
 * With @enter a helper process calls it and clones the child with CLONE_PARENT, so that the child
 * is the caller's and the helper leaves nothing but its exit. The caller must have a single
 * thread. Return: the child's pid and *pidfd, or -1 with *err.
 */
pid_t ns_spawn(const struct ns_spawn *spawn, int *pidfd, struct error **err);
