/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The runtime's side of the root filesystem: everything about mounts and devices that can be
 * decided, and refused, before anything exists.
 */
#pragma once

#include <stdbool.h>

#include "base/arena.h"
#include "base/error.h"
#include "idmap/plan.h"
#include "rootfs/options.h"
#include "spec/config.h"

enum mount_kind {
	MOUNT_KIND_BIND,
	MOUNT_KIND_REMOUNT,
	MOUNT_KIND_SYMLINK,
	MOUNT_KIND_PROC,
	MOUNT_KIND_SYSFS,
	MOUNT_KIND_CGROUP,
	MOUNT_KIND_MQUEUE,
	MOUNT_KIND_DEVPTS,
	MOUNT_KIND_TMPFS,
	MOUNT_KIND_OTHER,
};

struct mount_plan {
	const char *where; /* "mounts[3]" */
	const char *destination;
	const char *type;   /* as the kernel calls it; NULL for a bind */
	const char *source; /* absolute path of a bind source, else a name or NULL */
	enum mount_kind kind;
	struct mount_options options;
	const char *in_root; /* of a bind source: the part below the root, NULL: elsewhere */
	const char *link;    /* text of the link to make (MOUNT_KIND_SYMLINK) */
	/* Of an idmapped bind, empty: those of the container's user namespace. */
	const struct id_mappings *uids, *gids;
	int idmapped; /* detached mount that the runtime has made (idmapped.h), -1: none */
};

struct device_plan {
	const char *where; /* "linux.devices[1]", NULL for the default devices */
	const char *path;
	mode_t type; /* S_IFCHR, S_IFBLK or S_IFIFO */
	dev_t number;
	mode_t mode;
	uid_t uid;
	gid_t gid;
};

struct rootfs_plan {
	const char *root;   /* absolute path of root.path, links resolved */
	const char *bundle; /* absolute path */
	bool readonly;
	struct mount_plan *mounts;
	size_t mount_count;
	struct device_plan *devices; /* with the default ones */
	size_t device_count;
	bool own_user_namespace; /* another one than ours owns the new mount namespace */
	bool owns_root; /* the caller's own ids are the container's root, before they are mapped */
	bool make_devices; /* /dev is the container's own: false when one is bound there */
	bool bind_devices; /* device nodes are the host's, bound: mknod(2) is not for us */
	bool host_ipc, host_network, host_cgroup, host_pid; /* that namespace is not its own */
	const struct strings *masked_paths, *readonly_paths;
	unsigned long propagation; /* of the root, MS_* with MS_REC; 0: private */
	bool no_pivot;
};

struct rootfs_plan_options {
	const char *bundle; /* absolute */
	bool new_user_namespace, joined_user_namespace;
	bool in_initial_user_namespace; /* the runtime runs there as root */
	bool privileged;                /* the runtime is root of its user namespace */
	/* The ids that the container's user namespace has; NULL: not known (a joined one). */
	const struct id_mappings *uids, *gids;
	bool no_pivot;
	const char *mount_label; /* linux.mountLabel, NULL: none */
};

/*
 * Add a bind mount of the runtime's own, read-only, behind those of the document. There is room
 * for ROOTFS_OWN_BINDS. The strings must live as long as the plan.
 */
#define ROOTFS_OWN_BINDS 3
void rootfs_plan_add_bind(struct rootfs_plan *plan, const char *source, const char *destination);

/* The part of the plan that is about root.path and mounts[]. */
int rootfs_plan_mounts(const struct config *config, const struct rootfs_plan_options *options,
                       struct arena *arena, struct rootfs_plan *plan, struct error **err);

/* Make the plan in @arena. Return: 0, or -1 with *err that names the place in config.json. */
int rootfs_plan_make(const struct config *config, const struct rootfs_plan_options *options,
                     struct arena *arena, struct rootfs_plan *plan, struct error **err);
