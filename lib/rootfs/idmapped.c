/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation: the kernel maps the ids of a mount that nobody has seen yet, so the copy is
 * made detached, mapped, and later put in its place like any other.
 */
#include "rootfs/idmapped.h"

#include <fcntl.h>
#include <sys/mount.h>

#include "base/syscalls.h"
#include "rootfs/mount.h"
#include "rootfs/resolve.h"

static int clone_source(const struct rootfs_plan *plan, const struct mount_plan *mount)
{
	const int flags = O_PATH | (mount->options.source_nofollow ? O_NOFOLLOW : 0);
	_cleanup_fd_ int root = -1, found = -1;

	if (!mount->in_root)
		return mount_clone_source(&mount->options, AT_FDCWD, mount->source);
	/* Links in the rootfs are the container's. */
	root = open(plan->root, O_PATH | O_DIRECTORY | O_CLOEXEC);
	found = root < 0 ? -1
	                 : resolve_open(root, *mount->in_root ? mount->in_root : "/", flags, 0);
	return found < 0 ? -1 : mount_clone_source(&mount->options, found, "");
}

static const char *remedy(int errnum)
{
	switch (errnum) {
	case EPERM:
		return "ids can be mapped by root of the user namespace that the filesystem was "
		       "mounted in, and not twice";
	case EINVAL:
		return "this filesystem, or this kernel (before 5.12), has no idmapped mounts";
	case ENOSYS:
		return "idmapped mounts need Linux 5.12 or newer";
	default:
		return NULL;
	}
}

int idmapped_prepare(const struct rootfs_plan *plan, struct mount_plan *mount, int userns,
                     struct error **err)
{
	struct mount_attr attributes = { .attr_set = MOUNT_ATTR_IDMAP,
		                         .userns_fd = (uint64_t)userns };
	const unsigned int recursive = mount->options.idmap_recursive ? AT_RECURSIVE : 0;
	_cleanup_fd_ int fd = clone_source(plan, mount);
	const char *hint;

	if (fd < 0)
		return error_set(err, errno, "%s.source: %s", mount->where, mount->source);
	if (sys_mount_setattr(fd, "", AT_EMPTY_PATH | recursive, &attributes, sizeof(attributes)) ==
	    0) {
		mount->idmapped = take_fd(&fd);
		return 0;
	}
	hint = remedy(errno);
	error_set(err, errno, "%s: cannot map the ids of %s", mount->where, mount->source);
	return hint ? error_hint(err, "%s", hint) : -1;
}

void idmapped_close(const struct rootfs_plan *plan)
{
	for (size_t i = 0; i < plan->mount_count; i++)
		close_fd(&plan->mounts[i].idmapped);
}
