/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation: the root is a private copy of the tree at root.path, put over that very
 * path so that it can be pivoted into. Everything else is mounted onto fds resolved in it
 * (resolve.h), in the order of mounts[], while the host's root is still ours; pivot_root(2) comes
 * last. The rootfs is hostile all the while: its links lead nowhere outside, and procfs and sysfs
 * go onto ordinary directories only (CVE-2023-27561).
 */
#include "rootfs/rootfs.h"

#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "base/log.h"
#include "base/syscalls.h"
#include "rootfs/copyup.h"
#include "rootfs/mount.h"
#include "rootfs/resolve.h"

static const struct mount_options no_options;

const char *rootfs_part_below(const char *directory, const char *path)
{
	for (;;) {
		size_t length;

		directory += strspn(directory, "/");
		path += strspn(path, "/");
		length = strcspn(directory, "/");
		if (length == 0)
			return path;
		if (strcspn(path, "/") != length || memcmp(path, directory, length) != 0)
			return NULL;
		directory += length;
		path += length;
	}
}

static int open_null(struct rootfs *rootfs, struct error **err)
{
	struct stat st;

	rootfs->null_fd = open("/dev/null", O_PATH | O_NOFOLLOW | O_CLOEXEC);
	if (rootfs->null_fd < 0 || fstat(rootfs->null_fd, &st) < 0)
		return error_set(err, errno, "/dev/null");
	/* What masks files must be the null device and nothing else (CVE-2025-31133). */
	if (!S_ISCHR(st.st_mode) || st.st_rdev != makedev(1, 3))
		return error_set(err, 0, "/dev/null of the host is not the null device");
	return 0;
}

static int open_root(struct rootfs *rootfs, struct error **err)
{
	/* Once private, a copy receives nothing of what the host mounts below the root later. */
	const struct mount_options options = {
		.propagation = rootfs->plan->propagation & MS_SLAVE,
		.propagation_recursive = true,
	};
	const char *path = rootfs->plan->root;
	_cleanup_fd_ int below = -1;

	rootfs->root_fd = mount_clone(AT_FDCWD, path, true);
	if (rootfs->root_fd < 0)
		return error_set(err, errno, "root.path: cannot copy the mount of %s", path);
	below = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (below < 0)
		return error_set(err, errno, "root.path: %s", path);
	return mount_attach(rootfs->root_fd, below, &options, "root.path", err);
}

/* Read-only disks are not to be written to at all; other filesystems are made for this mount. */
static int make_filesystem(const struct mount_plan *mount, const struct strings *data,
                           struct error **err)
{
	const unsigned int attributes = (unsigned int)mount->options.flags.set;

	return mount_new(mount->type, mount->source, data, attributes,
	                 mount->kind == MOUNT_KIND_OTHER && (attributes & MOUNT_ATTR_RDONLY), err);
}

/* Whether a filesystem can be made before ids are mapped, and before its place is known. */
static bool can_be_early(const struct rootfs *rootfs, const struct mount_plan *mount)
{
	const struct rootfs_plan *plan = rootfs->plan;
	const struct strings *data = &mount->options.data;

	/* The root directory of a devpts belongs to id 0, or to nobody as long as that has no map. */
	if (!plan->owns_root || !mount->type || mount->kind == MOUNT_KIND_OTHER ||
	    mount->kind == MOUNT_KIND_DEVPTS)
		return false;
	if (mount->kind == MOUNT_KIND_CGROUP && rootfs->cgroup_later)
		return false;
	if (mount_data_value(data, "uid") || mount_data_value(data, "gid"))
		return false;
	return mount->kind != MOUNT_KIND_TMPFS || mount_data_value(data, "mode");
}

/* Detached copies of the bind sources that are the host's. */
int rootfs_take_sources(struct rootfs *rootfs, const struct rootfs_plan *plan, struct error **err)
{
	rootfs->plan = plan;
	rootfs->ready = malloc(sizeof(int) * (plan->mount_count + 1));
	if (!rootfs->ready)
		return error_set(err, ENOMEM, "mounts");
	for (size_t i = 0; i < plan->mount_count; i++)
		rootfs->ready[i] = -1;
	for (size_t i = 0; i < plan->mount_count; i++) {
		const struct mount_plan *mount = &plan->mounts[i];

		if (mount->kind != MOUNT_KIND_BIND || mount->in_root || mount->idmapped >= 0)
			continue;
		rootfs->ready[i] = mount_clone_source(&mount->options, AT_FDCWD, mount->source);
		if (rootfs->ready[i] < 0)
			return error_set(err, errno, "%s.source: %s", mount->where, mount->source);
	}
	return 0;
}

/* What fails now is tried again in its turn, where the failure is explained. */
static void make_early(struct rootfs *rootfs)
{
	for (size_t i = 0; i < rootfs->plan->mount_count; i++) {
		const struct mount_plan *mount = &rootfs->plan->mounts[i];

		if (can_be_early(rootfs, mount))
			rootfs->ready[i] = make_filesystem(mount, &mount->options.data, NULL);
	}
}

int rootfs_open(struct rootfs *rootfs, const struct rootfs_plan *plan, struct error **err)
{
	/*
	 * A mount namespace that belongs to a new user namespace gets slaves of the host's mounts
	 * (mount_namespaces(7)); without one our mounts would reach the host.
	 */
	if (!plan->own_user_namespace && mount(NULL, "/", NULL, MS_REC | MS_SLAVE, NULL) < 0)
		return error_set(err, errno, "cannot separate the mounts from the host's");
	if (open_null(rootfs, err) < 0 || rootfs_take_sources(rootfs, plan, err) < 0)
		return -1;
	make_early(rootfs);
	return open_root(rootfs, err);
}

/* The directory that procfs or sysfs is mounted on. */
static int open_ordinary_directory(const struct rootfs *rootfs, const struct mount_plan *mount,
                                   struct error **err)
{
	const unsigned int no_links = RESOLVE_NO_SYMLINKS;
	int fd = resolve_open(rootfs->root_fd, mount->destination, O_PATH | O_DIRECTORY, no_links);

	if (fd < 0 && errno == ENOENT) {
		close_fd(&(int){
			resolve_create(rootfs->root_fd, mount->destination, RESOLVE_DIRECTORY) });
		fd = resolve_open(rootfs->root_fd, mount->destination, O_PATH | O_DIRECTORY,
		                  no_links);
	}
	if (fd < 0 && (errno == ELOOP || errno == ENOTDIR))
		return error_set(err, 0,
		                 "%s.destination: %s is not an ordinary directory in the rootfs; "
		                 "%s is mounted on nothing else",
		                 mount->where, mount->destination, mount->type);
	if (fd < 0)
		return error_set(err, errno, "%s.destination: %s", mount->where,
		                 mount->destination);
	return fd;
}

static int open_destination(const struct rootfs *rootfs, const struct mount_plan *mount,
                            enum resolve_kind kind, struct error **err)
{
	_cleanup_fd_ int fd = -1;
	struct stat st, root;

	if (mount->kind == MOUNT_KIND_PROC || mount->kind == MOUNT_KIND_SYSFS)
		return open_ordinary_directory(rootfs, mount, err);
	fd = (mount->options.destination_nofollow ? resolve_create_nofollow : resolve_create)(
		rootfs->root_fd, mount->destination, kind);
	if (fd < 0)
		return error_set(err, errno, "%s.destination: %s", mount->where,
		                 mount->destination);
	if (fstat(fd, &st) < 0 || fstat(rootfs->root_fd, &root) < 0)
		return error_set(err, errno, "%s.destination: %s", mount->where,
		                 mount->destination);
	if (st.st_dev == root.st_dev && st.st_ino == root.st_ino)
		return error_set(err, 0, "%s.destination: %s is the container's root itself",
		                 mount->where, mount->destination);
	return take_fd(&fd);
}

/* The kernel's word for it would be EINVAL. */
static int check_same_kind(const struct mount_plan *mount, const struct stat *source, int target,
                           struct error **err)
{
	struct stat st;

	if (fstat(target, &st) < 0)
		return error_set(err, errno, "%s.destination", mount->where);
	if (S_ISDIR(st.st_mode) == S_ISDIR(source->st_mode))
		return 0;
	return error_set(err, 0, "%s.destination: %s is %s directory, unlike %s", mount->where,
	                 mount->destination, S_ISDIR(st.st_mode) ? "a" : "no", mount->source);
}

static int bind_onto(const struct rootfs *rootfs, const struct mount_plan *mount, int source,
                     struct error **err)
{
	_cleanup_fd_ int target = -1;
	struct stat st;

	if (fstat(source, &st) < 0)
		return error_set(err, errno, "%s.source", mount->where);
	target = open_destination(rootfs, mount,
	                          S_ISDIR(st.st_mode) ? RESOLVE_DIRECTORY : RESOLVE_FILE, err);
	if (target < 0 || check_same_kind(mount, &st, target, err) < 0)
		return -1;
	return mount_attach(source, target, &mount->options, mount->where, err);
}

/* copy-symlink. What is there already has to be the same link. */
static int make_link(const struct rootfs *rootfs, const struct mount_plan *mount, const char *text,
                     struct error **err)
{
	char there[PATH_MAX];
	const char *name;
	_cleanup_fd_ int dir = resolve_parent(rootfs->root_fd, mount->destination, &name);
	ssize_t n;

	if (dir >= 0 && symlinkat(text, dir, name) == 0)
		return 0;
	if (dir < 0 || errno != EEXIST)
		return error_set(err, errno, "%s.destination: %s", mount->where,
		                 mount->destination);
	n = readlinkat(dir, name, there, sizeof(there));
	if (n == (ssize_t)strlen(text) && memcmp(there, text, (size_t)n) == 0)
		return 0;
	return error_set(err, EEXIST, "%s.destination: copy-symlink: %s is something else",
	                 mount->where, mount->destination);
}

/*
 * A source in the root: earlier mounts may have covered or made it, and links in it are the
 * container's.
 */
static int bind_from_root(const struct rootfs *rootfs, const struct mount_plan *mount,
                          struct error **err)
{
	const bool nofollow = mount->options.source_nofollow || mount->options.copy_symlink;
	_cleanup_fd_ int found = resolve_open(rootfs->root_fd,
	                                      *mount->in_root ? mount->in_root : "/",
	                                      O_PATH | (nofollow ? O_NOFOLLOW : 0), 0);
	_cleanup_fd_ int source = -1;
	char text[PATH_MAX];
	ssize_t n;

	if (found >= 0 && mount->options.copy_symlink &&
	    (n = readlinkat(found, "", text, sizeof(text) - 1)) >= 0) {
		text[n] = '\0';
		return make_link(rootfs, mount, text, err);
	}
	source = found < 0 ? -1 : mount_clone_source(&mount->options, found, "");
	if (source < 0)
		return error_set(err, errno, "%s.source: %s", mount->where, mount->source);
	return bind_onto(rootfs, mount, source, err);
}

static int mount_bind(const struct rootfs *rootfs, size_t index, struct error **err)
{
	const struct mount_plan *mount = &rootfs->plan->mounts[index];

	if (mount->idmapped >= 0)
		return bind_onto(rootfs, mount, mount->idmapped, err);
	if (mount->in_root)
		return bind_from_root(rootfs, mount, err);
	return bind_onto(rootfs, mount, rootfs->ready[index], err);
}

/*
 * What the kernel refuses to a user namespace because the namespace it shows is the host's, can
 * be had as a copy of the host's mount.
 */
static const char *host_mount(const struct rootfs_plan *plan, enum mount_kind kind)
{
	switch (kind) {
	case MOUNT_KIND_PROC:
		return plan->host_pid ? "/proc" : NULL;
	case MOUNT_KIND_SYSFS:
		return plan->host_network ? "/sys" : NULL;
	case MOUNT_KIND_MQUEUE:
		return plan->host_ipc ? "/dev/mqueue" : NULL;
	case MOUNT_KIND_CGROUP:
		return plan->host_cgroup ? "/sys/fs/cgroup" : NULL;
	default:
		return NULL;
	}
}

static int explain_refusal(const struct mount_plan *mount, struct error **err)
{
	if ((*err)->errnum != EPERM)
		return -1;
	if (mount->kind == MOUNT_KIND_PROC || mount->kind == MOUNT_KIND_SYSFS)
		return error_hint(err,
		                  "parts of the %s around us are masked, as in another container; "
		                  "start that one unmasked (docker, podman: --security-opt "
		                  "systempaths=unmasked)",
		                  mount->destination);
	return error_hint(err, "a user namespace may not mount this type; bind it from the host");
}

/* The data of @mount, with the mode of the covered directory where none is given (tmpfs). */
static int filesystem_data(const struct mount_plan *mount, int target, char **mode,
                           struct strings *data, struct error **err)
{
	struct stat st;

	*data = mount->options.data;
	if (mount->kind != MOUNT_KIND_TMPFS || mount_data_value(data, "mode"))
		return 0;
	/* The plan's array has room for it (MOUNT_DATA_SPARE). */
	if (fstat(target, &st) < 0)
		return error_set(err, errno, "%s.destination", mount->where);
	if (asprintf(mode, "mode=%o", st.st_mode & 07777) < 0) {
		*mode = NULL;
		return error_set(err, ENOMEM, "%s", mount->where);
	}
	data->items[data->count++] = *mode;
	return 0;
}

static int refused(const struct mount_plan *mount, struct error **refusal, struct error **err)
{
	error_move(err, refusal);
	error_prefix(err, "%s: cannot mount %s on %s", mount->where, mount->type,
	             mount->destination);
	return explain_refusal(mount, err);
}

/* Put a filesystem that is made where it belongs. */
static int attach_filesystem(const struct mount_plan *mount, int fd, int target, struct error **err)
{
	if (mount->options.copy_up && copyup_tree(target, fd, err) < 0)
		return error_prefix(err, "%s: tmpcopyup of %s", mount->where, mount->destination);
	return mount_attach_new(fd, target, &mount->options, mount->where, err);
}

static int mount_filesystem(const struct rootfs *rootfs, size_t index, struct error **err)
{
	const struct mount_plan *mount = &rootfs->plan->mounts[index];
	const char *fallback = host_mount(rootfs->plan, mount->kind);
	_cleanup_fd_ int target = open_destination(rootfs, mount, RESOLVE_DIRECTORY, err);
	_cleanup_fd_ int fd = -1;
	_cleanup_free_ char *mode = NULL;
	_cleanup_error_ struct error *refusal = NULL;
	struct strings data;

	if (target < 0)
		return -1;
	if (rootfs->ready[index] >= 0)
		return attach_filesystem(mount, rootfs->ready[index], target, err);
	if (filesystem_data(mount, target, &mode, &data, err) < 0)
		return -1;
	fd = make_filesystem(mount, &data, &refusal);
	if (fd >= 0) {
		rootfs->ready[index] = take_fd(&fd);
		return attach_filesystem(mount, rootfs->ready[index], target, err);
	}
	if (refusal->errnum == EPERM && fallback)
		fd = mount_clone(AT_FDCWD, fallback, true);
	if (fd < 0)
		return refused(mount, &refusal, err);
	rootfs->ready[index] = take_fd(&fd);
	return mount_attach(rootfs->ready[index], target, &mount->options, mount->where, err);
}

static int remount(const struct rootfs *rootfs, const struct mount_plan *mount, struct error **err)
{
	_cleanup_fd_ int fd = resolve_open(rootfs->root_fd, mount->destination, O_PATH, 0);

	if (fd < 0)
		return error_set(err, errno, "%s.destination: %s", mount->where,
		                 mount->destination);
	return mount_change(fd, &mount->options, mount->where, err);
}

int rootfs_mount_one(struct rootfs *rootfs, size_t index, struct error **err)
{
	const struct mount_plan *mount = &rootfs->plan->mounts[index];

	if (mount->kind == MOUNT_KIND_BIND)
		return mount_bind(rootfs, index, err);
	if (mount->kind == MOUNT_KIND_REMOUNT)
		return remount(rootfs, mount, err);
	if (mount->kind == MOUNT_KIND_SYMLINK)
		return make_link(rootfs, mount, mount->link, err);
	return mount_filesystem(rootfs, index, err);
}

/*
 * Masks and read-only paths below procfs and sysfs are found from these mounts, not from the root:
 * somebody who has the rootfs in another mount namespace can rename the directory that they are
 * mounted on, and the masks would miss them (CVE-2023-27561).
 */
static void keep_or_close(struct rootfs *rootfs, size_t index)
{
	const struct mount_plan *mounts = rootfs->plan->mounts;

	if (mounts[index].kind != MOUNT_KIND_PROC && mounts[index].kind != MOUNT_KIND_SYSFS)
		close_fd(&rootfs->ready[index]);
	for (size_t i = 0; i < index && mounts[index].kind != MOUNT_KIND_REMOUNT; i++)
		if (rootfs_part_below(mounts[index].destination, mounts[i].destination))
			close_fd(&rootfs->ready[i]);
}

int rootfs_mount_all(struct rootfs *rootfs, struct error **err)
{
	for (size_t i = 0; i < rootfs->plan->mount_count; i++) {
		if (rootfs_mount_one(rootfs, i, err) < 0)
			return -1;
		keep_or_close(rootfs, i);
	}
	return 0;
}

int rootfs_make_devices(struct rootfs *rootfs, struct error **err)
{
	return rootfs->plan->make_devices ? devices_make(rootfs, err) : 0;
}

int rootfs_bind_console(struct rootfs *rootfs, int slave, struct error **err)
{
	_cleanup_fd_ int target = resolve_create(rootfs->root_fd, "/dev/console", RESOLVE_FILE);
	_cleanup_fd_ int fd = -1;

	if (target < 0)
		return error_set(err, errno, "cannot make /dev/console");
	/* By fd: whatever /dev/pts/N means by now, this is the terminal (CVE-2025-52565). */
	fd = mount_clone(slave, "", false);
	if (fd < 0)
		return error_set(err, errno, "cannot copy the terminal for /dev/console");
	return mount_attach(fd, target, &no_options, "/dev/console", err);
}

int rootfs_finish(struct rootfs *rootfs, struct error **err)
{
	static const struct mount_options readonly = { .flags = { .set = MOUNT_ATTR_RDONLY } };

	if (paths_make_readonly(rootfs, err) < 0)
		return -1;
	if (paths_mask(rootfs, err) < 0)
		return -1;
	if (rootfs->plan->readonly)
		return mount_change(rootfs->root_fd, &readonly, "root.readonly", err);
	return 0;
}

static int enter_by_chroot(struct error **err)
{
	if (mount(".", "/", NULL, MS_MOVE, NULL) < 0 || chroot(".") < 0)
		return error_set(err, errno, "cannot enter the root by --no-pivot");
	return 0;
}

static int enter_by_pivot(struct error **err)
{
	/* The old root ends up stacked on the new one, where it can be taken off: pivot_root(2). */
	if (sys_pivot_root(".", ".") < 0) {
		error_set(err, errno, "cannot enter the root by pivot_root(2)");
		if (errno == EINVAL)
			error_hint(err, "on a host that runs from an initramfs use --no-pivot");
		return -1;
	}
	if (umount2(".", MNT_DETACH) < 0)
		return error_set(err, errno, "cannot leave the host's root");
	return 0;
}

int rootfs_enter(struct rootfs *rootfs, struct error **err)
{
	unsigned long propagation = rootfs->plan->propagation;

	if (fchdir(rootfs->root_fd) < 0)
		return error_set(err, errno, "root.path");
	if ((rootfs->plan->no_pivot ? enter_by_chroot(err) : enter_by_pivot(err)) < 0)
		return -1;
	if (chdir("/") < 0)
		return error_set(err, errno, "root.path");
	if (propagation && mount(NULL, "/", NULL, propagation, NULL) < 0)
		return error_set(err, errno, "linux.rootfsPropagation");
	return 0;
}

void rootfs_close(struct rootfs *rootfs)
{
	for (size_t i = 0; rootfs->ready && i < rootfs->plan->mount_count; i++)
		close_fd(&rootfs->ready[i]);
	free(rootfs->ready);
	rootfs->ready = NULL;
	close_fd(&rootfs->root_fd);
	close_fd(&rootfs->null_fd);
	close_fd(&rootfs->empty_fd);
}
