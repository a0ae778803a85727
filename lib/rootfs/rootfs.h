/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The container's side of the root filesystem: runs in init, in the new mount namespace, in the
 * order of the functions below.
 */
#pragma once

#include "base/error.h"
#include "rootfs/plan.h"

struct rootfs {
	const struct rootfs_plan *plan;
	int root_fd;  /* top of the container's tree */
	int null_fd;  /* the host's /dev/null, checked to be it */
	int empty_fd; /* an empty read-only tmpfs that masks directories, once there is one */
	/*
	 * By mount index, -1: none. Detached mounts that wait for their turn; procfs and sysfs also
	 * when they are mounted, for as long as nothing covers them.
	 */
	int *ready;
	bool cgroup_later; /* set before rootfs_open(): the cgroup namespace is not made yet then */
};

#define ROOTFS_INIT                                          \
	{                                                    \
		.root_fd = -1, .null_fd = -1, .empty_fd = -1 \
	}

/*
 * rootfs_open - before the ids are mapped: take hold of the root and of the bind sources, and
 * make the filesystems that do not depend on ids
 *
 * With the caller's own identity: root of a user namespace into which the user is not mapped
 * could not reach them. And early, since the maps take their time.
 */
int rootfs_open(struct rootfs *rootfs, const struct rootfs_plan *plan, struct error **err);

/* The first part of it, for mounts that are added to a container that has its root already. */
int rootfs_take_sources(struct rootfs *rootfs, const struct rootfs_plan *plan, struct error **err);

/* One of mounts[]. */
int rootfs_mount_one(struct rootfs *rootfs, size_t index, struct error **err);

/* All of mounts[], in the order of the document. */
int rootfs_mount_all(struct rootfs *rootfs, struct error **err);

/* Device nodes and the links in /dev. */
int rootfs_make_devices(struct rootfs *rootfs, struct error **err);

/* Bind the terminal @slave as /dev/console. @slave: checked to be a pty by who opened it. */
int rootfs_bind_console(struct rootfs *rootfs, int slave, struct error **err);

/*
 * rootfs_finish - masked and read-only paths, the root's flags
 */
int rootfs_finish(struct rootfs *rootfs, struct error **err);

/* Make the container's tree the root of the mount namespace; nothing of the host's remains. */
int rootfs_enter(struct rootfs *rootfs, struct error **err);

/* Close what is held. */
void rootfs_close(struct rootfs *rootfs);

/* Within rootfs/: device nodes (devices.c), masked and read-only paths (paths.c). */
int devices_make(struct rootfs *rootfs, struct error **err);
int paths_mask(struct rootfs *rootfs, struct error **err);
int paths_make_readonly(struct rootfs *rootfs, struct error **err);

/*
 * rootfs_part_below - what of @path lies below @directory, both as written
 *
 * Return: the part without a leading slash, "" for the directory itself, NULL when it does not.
 */
const char *rootfs_part_below(const char *directory, const char *path);
