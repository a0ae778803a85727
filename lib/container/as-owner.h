/* SPDX-License-Identifier: Apache-2.0 */
/* Working on a container's cgroup in spite of what the container did to its owners and modes. */
#pragma once

#include "container/container.h"

struct cgroup_work {
	int (*function)(int fd, void *data, struct error **err);
	void *data;
};

/*
 * container_on_cgroup - call @work with the directory of the container's cgroup
 *
 * First as we are; when that fails for want of permission, again with power over all ids of the
 * container. Where it has no cgroup nothing is called. Return: 0; 1: no cgroup; -1 with *err.
 */
int container_on_cgroup(const struct container *container, const struct cgroup_work *work,
                        struct error **err);

/* The same for the container's cgroup, or one below it, whose directory is @fd. */
int container_on_open_cgroup(const struct container *container, int fd,
                             const struct cgroup_work *work, struct error **err);
