/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation: a masked directory is covered by an empty read-only tmpfs, a masked file
 * by the host's null device, checked when it was opened (CVE-2025-31133). A read-only path is
 * covered by a read-only copy of itself. Missing paths are skipped, as the spec's users expect;
 * a symlink where /proc should be is refused, since the mask would cover something else. Paths on
 * a procfs or sysfs of ours are looked up from its mount, wherever that is by now.
 */
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "base/syscalls.h"
#include "rootfs/mount.h"
#include "rootfs/resolve.h"
#include "rootfs/rootfs.h"

static const struct mount_options no_options;

static bool listed_before(const struct strings *paths, size_t index)
{
	for (size_t i = 0; i < index; i++)
		if (strcmp(paths->items[i], paths->items[index]) == 0)
			return true;
	return false;
}

/*
 * The procfs or sysfs that @path is on, and which part of it leads there from its top; NULL: none
 * that is held.
 */
static int *find_mount(const struct rootfs *rootfs, const char *path, const char **part)
{
	for (size_t i = rootfs->plan->mount_count; i-- > 0;) {
		if (rootfs->ready[i] < 0)
			continue;
		*part = rootfs_part_below(rootfs->plan->mounts[i].destination, path);
		if (*part)
			return &rootfs->ready[i];
	}
	return NULL;
}

static int check_proc(const struct rootfs *rootfs, const char *path, const char *where,
                      struct error **err)
{
	static const char proc[] = "/proc/";
	struct stat st;

	if (strncmp(path, proc, strlen(proc)) == 0 &&
	    fstatat(rootfs->root_fd, "proc", &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISLNK(st.st_mode))
		return error_set(err, 0, "%s: /proc is a symbolic link in the rootfs", where);
	return 0;
}

/* An fd of @path in the root; -2 when it is missing. */
static int open_path(const struct rootfs *rootfs, const char *path, const char *where,
                     struct error **err)
{
	const char *part;
	int *mount = find_mount(rootfs, path, &part), fd;

	/* What covers its top hides it from then on. */
	if (mount && !*part)
		close_fd(mount);
	/* ".." would lead out of it. */
	if (mount && *part && !strstr(part, "..")) {
		fd = resolve_open(*mount, part, O_PATH, 0);
	} else {
		if (check_proc(rootfs, path, where, err) < 0)
			return -1;
		fd = resolve_open(rootfs->root_fd, path, O_PATH, 0);
	}
	if (fd < 0 && (errno == ENOENT || errno == ENOTDIR))
		return -2;
	if (fd < 0)
		return error_set(err, errno, "%s: %s", where, path);
	return fd;
}

/* A mount that shows an empty directory. */
static int empty_directory(struct rootfs *rootfs, struct error **err)
{
	struct strings data = { .items = (char *[]){ (char *)"mode=555", (char *)"size=4k" },
		                .count = 2 };
	const unsigned int attributes = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV |
	                                MOUNT_ATTR_NOEXEC;
	int fd;

	/* Copies of one filesystem are cheaper than one each. */
	if (rootfs->empty_fd >= 0) {
		fd = mount_clone(rootfs->empty_fd, "", false);
		return fd < 0 ? error_set(err, errno, "cannot copy the empty directory") : fd;
	}
	fd = mount_new("tmpfs", "tmpfs", &data, attributes, false, err);
	if (fd >= 0)
		rootfs->empty_fd = fcntl(fd, F_DUPFD_CLOEXEC, 3);
	return fd;
}

static int mask(struct rootfs *rootfs, const char *path, const char *where, struct error **err)
{
	_cleanup_fd_ int target = open_path(rootfs, path, where, err), cover = -1;
	struct stat st;

	if (target < 0)
		return target == -2 ? 0 : -1;
	if (fstat(target, &st) < 0)
		return error_set(err, errno, "%s: %s", where, path);
	if (S_ISDIR(st.st_mode))
		cover = empty_directory(rootfs, err);
	else if ((cover = mount_clone(rootfs->null_fd, "", false)) < 0)
		error_set(err, errno, "cannot copy the null device");
	if (cover < 0)
		return error_prefix(err, "%s: %s", where, path);
	return mount_attach(cover, target, &no_options, where, err);
}

static int make_readonly(struct rootfs *rootfs, const char *path, const char *where,
                         struct error **err)
{
	static const struct mount_options readonly = {
		.tree_flags = { .set = MOUNT_ATTR_RDONLY },
	};
	_cleanup_fd_ int target = open_path(rootfs, path, where, err), copy = -1;

	if (target < 0)
		return target == -2 ? 0 : -1;
	copy = mount_clone(target, "", true);
	if (copy < 0)
		return error_set(err, errno, "%s: %s", where, path);
	return mount_attach(copy, target, &readonly, where, err);
}

static int each_path(struct rootfs *rootfs, const struct strings *paths, const char *property,
                     int (*apply)(struct rootfs *, const char *, const char *, struct error **),
                     struct error **err)
{
	for (size_t i = 0; i < paths->count; i++) {
		char where[64];

		if (listed_before(paths, i))
			continue;
		snprintf(where, sizeof(where), "%s[%zu]", property, i);
		if (apply(rootfs, paths->items[i], where, err) < 0)
			return -1;
	}
	return 0;
}

int paths_mask(struct rootfs *rootfs, struct error **err)
{
	return each_path(rootfs, rootfs->plan->masked_paths, "linux.maskedPaths", mask, err);
}

int paths_make_readonly(struct rootfs *rootfs, struct error **err)
{
	return each_path(rootfs, rootfs->plan->readonly_paths, "linux.readonlyPaths", make_readonly,
	                 err);
}
