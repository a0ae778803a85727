/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Mounts by fd: a mount is made detached, given its flags, and put on a target fd. No path of
 * the container is used as a string. The kernel's mount API of Linux 5.2 is needed;
 * mount_setattr(2) (5.12) is replaced by remounting where it is missing.
 */
#pragma once

#include "base/error.h"
#include "rootfs/options.h"
#include "spec/config.h"

/* A copy of the mount (or with @recursive: tree of mounts) at @path; a detached mount's fd. */
int mount_clone(int dirfd, const char *path, bool recursive);

/* The same of the source of a bind, as its options say: all of the tree, a link itself. */
int mount_clone_source(const struct mount_options *options, int dirfd, const char *path);

/*
 * mount_new - a new filesystem, detached
 * @type, @source:	@source may be NULL
 * @data:		flags and key=value pairs
 * @attributes:		MOUNT_ATTR_* of the mount
 * @read_only:		also make the filesystem itself read-only
 *
 * Return: the mount's fd, or -1 with *err, whose message has what the filesystem said.
 */
int mount_new(const char *type, const char *source, const struct strings *data,
              unsigned int attributes, bool read_only, struct error **err);

/*
 * mount_attach - put detached mount @fd on @target (an fd: O_PATH is enough)
 *
 * With @options their flags and propagation are applied too: before the mount can be seen where
 * the kernel has mount_setattr(2), else right after. Without propagation asked for, @detached
 * clones become private. @where names the mount in messages.
 */
int mount_attach(int fd, int target, const struct mount_options *options, const char *where,
                 struct error **err);

/*
 * mount_attach_new - the same for what mount_new() made with @options->flags.set already: it is
 * private, and nothing is left to be set unless @options has more
 */
int mount_attach_new(int fd, int target, const struct mount_options *options, const char *where,
                     struct error **err);

/*
 * mount_change - flags and propagation of the attached mount that @fd is in
 *
 * Flags that are locked (mount_namespaces(7)) cannot be cleared: they are kept.
 */
int mount_change(int fd, const struct mount_options *options, const char *where,
                 struct error **err);
