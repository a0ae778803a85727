/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation: a device is made by mknod(2) where that works in a useful way, which is
 * the initial user namespace. Elsewhere the host's node is bound onto an empty file: its fd is
 * opened in the host's tree and checked to be that device before it is used.
 */
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "rootfs/mount.h"
#include "rootfs/resolve.h"
#include "rootfs/rootfs.h"

static const struct {
	const char *path, *target;
} links[] = {
	{ "/dev/fd", "/proc/self/fd" },       { "/dev/stdin", "/proc/self/fd/0" },
	{ "/dev/stdout", "/proc/self/fd/1" }, { "/dev/stderr", "/proc/self/fd/2" },
	{ "/dev/core", "/proc/kcore" },       { "/dev/ptmx", "pts/ptmx" },
};

static const struct mount_options no_options;

static int device_error(const struct device_plan *device, int errnum, const char *what,
                        struct error **err)
{
	return error_set(err, errnum, "%s%s%s: %s", device->where ? device->where : "",
	                 device->where ? ": " : "", device->path, what);
}

static bool same_device(const struct stat *st, const struct device_plan *device)
{
	return (st->st_mode & S_IFMT) == device->type &&
	       (device->type == S_IFIFO || st->st_rdev == device->number);
}

/*
 * What to do about something that is there already.
 * Return: 1 the device is there, 0 an empty file that can be bound over, -1 something in the way.
 */
static int look_at_existing(int dir, const char *name, const struct device_plan *device,
                            struct error **err)
{
	struct stat st;

	if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return device_error(device, errno, "cannot be looked at", err);
	if (same_device(&st, device))
		return 1;
	if (S_ISREG(st.st_mode) && st.st_size == 0)
		return 0;
	return device_error(device, EEXIST, "something else is in the way", err);
}

static int set_owner(int dir, const char *name, const struct device_plan *device,
                     struct error **err)
{
	if (fchownat(dir, name, device->uid, device->gid, AT_SYMLINK_NOFOLLOW) < 0)
		return device_error(device, errno, "cannot set the owner", err);
	return 0;
}

static int bind_node(const struct rootfs *rootfs, int dir, const char *name,
                     const struct device_plan *device, struct error **err)
{
	_cleanup_fd_ int mount = -1, target = -1;
	struct stat st;
	int there;

	target = openat(dir, name, O_RDONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0666);
	if (target < 0) {
		if (errno != EEXIST)
			return device_error(device, errno, "cannot be made", err);
		there = look_at_existing(dir, name, device, err);
		if (there != 0)
			return there < 0 ? -1 : 0;
		target = openat(dir, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
		if (target < 0)
			return device_error(device, errno, "cannot be opened", err);
	}
	if (strcmp(device->path, "/dev/null") == 0)
		mount = mount_clone(rootfs->null_fd, "", false);
	else
		mount = mount_clone(AT_FDCWD, device->path, false);
	if (mount < 0 || fstat(mount, &st) < 0)
		return device_error(device, errno, "cannot be copied from the host", err);
	if (!same_device(&st, device))
		return device_error(device, 0, "the host has another device there", err);
	return mount_attach(mount, target, &no_options, device->path, err);
}

static int make_node(const struct rootfs *rootfs, int dir, const char *name,
                     const struct device_plan *device, struct error **err)
{
	int there;

	/* The umask is 0 here, so that the mode is the one asked for. */
	if (mknodat(dir, name, device->type | device->mode, device->number) == 0)
		return set_owner(dir, name, device, err);
	/* A device cgroup or a filter around us: the host's node will do. */
	if (errno == EPERM && device->type != S_IFIFO)
		return bind_node(rootfs, dir, name, device, err);
	if (errno != EEXIST)
		return device_error(device, errno, "cannot be made", err);
	there = look_at_existing(dir, name, device, err);
	if (there == 0)
		return device_error(device, EEXIST, "a file is in the way", err);
	return there < 0 ? -1 : 0;
}

static int make_device(const struct rootfs *rootfs, int dev_fd, const struct device_plan *device,
                       struct error **err)
{
	_cleanup_fd_ int parent = -1;
	const char *name = device->path + strlen("/dev/");
	int dir = dev_fd;

	/* Nearly all are right in /dev, which is open. */
	if (strncmp(device->path, "/dev/", strlen("/dev/")) != 0 || strchr(name, '/')) {
		parent = resolve_parent(rootfs->root_fd, device->path, &name);
		if (parent < 0)
			return device_error(device, errno, "cannot make its directory", err);
		dir = parent;
	}
	if (rootfs->plan->bind_devices && device->type != S_IFIFO)
		return bind_node(rootfs, dir, name, device, err);
	return make_node(rootfs, dir, name, device, err);
}

static int make_links(int dev_fd, struct error **err)
{
	for (size_t i = 0; i < ARRAY_SIZE(links); i++) {
		const char *name = links[i].path + strlen("/dev/");

		/* One that the rootfs brings is its own affair. */
		if (symlinkat(links[i].target, dev_fd, name) < 0 && errno != EEXIST)
			return error_set(err, errno, "%s: cannot make the link", links[i].path);
	}
	return 0;
}

int devices_make(struct rootfs *rootfs, struct error **err)
{
	const struct rootfs_plan *plan = rootfs->plan;
	_cleanup_fd_ int dev_fd = resolve_create(rootfs->root_fd, "/dev", RESOLVE_DIRECTORY);

	if (dev_fd < 0)
		return error_set(err, errno, "cannot make /dev");
	for (size_t i = 0; i < plan->device_count; i++)
		if (make_device(rootfs, dev_fd, &plan->devices[i], err) < 0)
			return -1;
	return make_links(dev_fd, err);
}
