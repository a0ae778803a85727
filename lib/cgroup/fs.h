/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The cgroupfs manager: cgroups as directories that we make ourselves, where the host lets us.
 * Private to cgroup/.
 */
#pragma once

#include "cgroup/cgroup.h"

/* Below the base: where processes go that are in the way of enabling controllers. */
#define CGROUP_FS_LEAF "rootlet-callers"

/*
 * cgroup_fs_find_base - the cgroup below which this process may make others
 *
 * For root of the host /rootlet. Otherwise our own cgroup when its directory and its cgroup.procs
 * can be written, or the one above where a rootlet moved us to its leaf.
 *
 * Return: 0 with cgroup->base; 1: there is none; -1 with *err.
 */
int cgroup_fs_find_base(struct cgroup *cgroup, struct error **err);

/* Check the place and find out which controllers are to be had there. Makes nothing. */
int cgroup_fs_plan(struct cgroup *cgroup, struct error **err);

/*
 * cgroup_fs_intrudes - whether the settings take moving processes in a cgroup that is the user's,
 * but that systemd has not given out of its hands
 */
bool cgroup_fs_intrudes(const struct cgroup *cgroup);

/* Decide cgroup->path; @name stands for the container where linux.cgroupsPath does not. */
int cgroup_fs_name(struct cgroup *cgroup, const char *name, struct error **err);

/* Make the directories and enable the controllers that the settings need. */
int cgroup_fs_make(struct cgroup *cgroup, struct error **err);

/* Enable the controllers that the settings need where cgroup->path exists already. */
int cgroup_fs_enable(struct cgroup *cgroup, struct error **err);

/*
 * cgroup_fs_remove - remove the cgroup that @state has recorded, and what is below it
 * @fd:		its directory; -1: it is gone; or, without an id in @state, it is not known to be
 *		ours and goes only if it is empty
 */
int cgroup_fs_remove(const struct cgroup_tree *tree, const struct state *state, int fd,
                     int timeout_ms, struct error **err);
