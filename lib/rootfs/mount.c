/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation: open_tree(2) or fsopen(2) make a mount that is nowhere yet; its flags are
 * set there; move_mount(2) shows it. Linux before 5.12 cannot change a detached mount: there it
 * is shown first and remounted (remount.c), which is safe because no process of the container
 * runs yet and we still live in the host's root with the host's procfs.
 */
#include "rootfs/mount.h"

#include <fcntl.h>
#include <string.h>
#include <sys/mount.h>

#include "base/log.h"
#include "base/syscalls.h"
#include "rootfs/remount.h"

static int clone_tree(int dirfd, const char *path, bool recursive, unsigned int flags)
{
	return sys_open_tree(dirfd, path,
	                     OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH | flags |
	                             (recursive ? AT_RECURSIVE : 0u));
}

int mount_clone(int dirfd, const char *path, bool recursive)
{
	return clone_tree(dirfd, path, recursive, 0);
}

int mount_clone_source(const struct mount_options *options, int dirfd, const char *path)
{
	return clone_tree(dirfd, path, options->recursive,
	                  options->source_nofollow ? AT_SYMLINK_NOFOLLOW : 0);
}

/* What the filesystem said last: messages are "e text", "w text" or "i text" (fsopen(2)). */
static void add_fs_message(int fs, struct error **err)
{
	char text[512];
	ssize_t n = read(fs, text, sizeof(text) - 1);

	if (n <= 2)
		return;
	text[n] = '\0';
	text[strcspn(text, "\n")] = '\0';
	error_hint(err, "the kernel says: %s", text + 2);
}

static int configure(int fs, const char *key_value)
{
	const char *equals = strchr(key_value, '=');
	_cleanup_free_ char *key = NULL;

	if (!equals)
		return sys_fsconfig(fs, FSCONFIG_SET_FLAG, key_value, NULL, 0);
	key = strndup(key_value, (size_t)(equals - key_value));
	if (!key)
		return -1;
	return sys_fsconfig(fs, FSCONFIG_SET_STRING, key, equals + 1, 0);
}

static int fs_error(int fs, struct error **err, const char *what, const char *detail)
{
	error_set(err, errno, "%s%s%s", what, detail ? " " : "", detail ? detail : "");
	add_fs_message(fs, err);
	return -1;
}

int mount_new(const char *type, const char *source, const struct strings *data,
              unsigned int attributes, bool read_only, struct error **err)
{
	_cleanup_fd_ int fs = sys_fsopen(type, FSOPEN_CLOEXEC);
	int fd;

	if (fs < 0)
		return error_set(err, errno, "filesystem type \"%s\"", type);
	if (source && sys_fsconfig(fs, FSCONFIG_SET_STRING, "source", source, 0) < 0)
		return fs_error(fs, err, "source", source);
	for (size_t i = 0; data && i < data->count; i++)
		if (configure(fs, data->items[i]) < 0)
			return fs_error(fs, err, "option", data->items[i]);
	if (read_only && sys_fsconfig(fs, FSCONFIG_SET_FLAG, "ro", NULL, 0) < 0)
		return fs_error(fs, err, "option", "ro");
	if (sys_fsconfig(fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0) < 0)
		return fs_error(fs, err, "cannot make the filesystem", NULL);
	fd = sys_fsmount(fs, FSMOUNT_CLOEXEC, attributes);
	/* Linux before 5.14 has it by remounting only, which mount_attach_new() does. */
	if (fd < 0 && errno == EINVAL && (attributes & MOUNT_ATTR_NOSYMFOLLOW))
		fd = sys_fsmount(fs, FSMOUNT_CLOEXEC, attributes & ~MOUNT_ATTR_NOSYMFOLLOW);
	if (fd < 0)
		return fs_error(fs, err, "cannot make the mount", NULL);
	return fd;
}

static bool flags_empty(const struct mount_flags *flags)
{
	return flags->set == 0 && flags->clear == 0;
}

static int set_attributes(int fd, struct mount_attr *attributes, unsigned int recursive)
{
	if (sys_mount_setattr(fd, "", AT_EMPTY_PATH | recursive, attributes, sizeof(*attributes)) ==
	    0)
		return 0;
	/* A locked flag may not be cleared; what else was asked for still can be had. */
	if (errno != EPERM || attributes->attr_clr == 0)
		return -1;
	attributes->attr_clr &= attributes->attr_set & MOUNT_ATTR__ATIME ? MOUNT_ATTR__ATIME : 0u;
	return sys_mount_setattr(fd, "", AT_EMPTY_PATH | recursive, attributes,
	                         sizeof(*attributes));
}

/* All of @options by mount_setattr(2). @propagation: MS_*, 0 for none. */
static int change_by_setattr(int fd, const struct mount_options *options, unsigned long propagation,
                             bool propagation_recursive)
{
	struct mount_attr tree = {
		.attr_set = options->tree_flags.set,
		.attr_clr = options->tree_flags.clear,
		.propagation = propagation_recursive ? propagation : 0,
	};
	struct mount_attr top = {
		.attr_set = options->flags.set,
		.attr_clr = options->flags.clear,
		.propagation = propagation_recursive ? 0 : propagation,
	};

	if ((!flags_empty(&options->tree_flags) || tree.propagation) &&
	    set_attributes(fd, &tree, AT_RECURSIVE) < 0)
		return -1;
	if ((!flags_empty(&options->flags) || top.propagation) && set_attributes(fd, &top, 0) < 0)
		return -1;
	return 0;
}

static bool has_nosymfollow(const struct mount_options *options)
{
	return (options->flags.set | options->flags.clear | options->tree_flags.set |
	        options->tree_flags.clear) &
	       MOUNT_ATTR_NOSYMFOLLOW;
}

/* Whether change_by_setattr() has failed because the kernel is too old for it. */
static bool is_too_old(const struct mount_options *options)
{
	return errno == ENOSYS || (errno == EINVAL && has_nosymfollow(options));
}

static int change_error(const struct mount_options *options, const char *where, struct error **err)
{
	const uint64_t atime = MOUNT_ATTR__ATIME | MOUNT_ATTR_NODIRATIME;

	error_set(err, errno, "%s: cannot set the mount's options", where);
	if (errno == EPERM && ((options->flags.set | options->flags.clear |
	                        options->tree_flags.set | options->tree_flags.clear) &
	                       atime))
		return error_hint(err, "how a mount of the host's treats access times cannot be "
		                       "changed in a user namespace; leave out the atime options");
	return -1;
}

int mount_change(int fd, const struct mount_options *options, const char *where, struct error **err)
{
	if (change_by_setattr(fd, options, options->propagation, options->propagation_recursive) ==
	    0)
		return 0;
	if (is_too_old(options) &&
	    remount(fd, options, options->propagation, options->propagation_recursive) == 0)
		return 0;
	return change_error(options, where, err);
}

static int move(int fd, int target, const char *where, struct error **err)
{
	const unsigned int flags = MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH;

	if (sys_move_mount(fd, "", target, "", flags) < 0)
		return error_set(err, errno, "%s: cannot mount", where);
	return 0;
}

int mount_attach_new(int fd, int target, const struct mount_options *options, const char *where,
                     struct error **err)
{
	/* (mount_new() may have been refused nosymfollow.) */
	if (options->propagation || !flags_empty(&options->tree_flags) || has_nosymfollow(options))
		return mount_attach(fd, target, options, where, err);
	return move(fd, target, where, err);
}

int mount_attach(int fd, int target, const struct mount_options *options, const char *where,
                 struct error **err)
{
	unsigned long propagation = options->propagation;
	bool recursive = options->propagation_recursive, late = false;

	/* A copy of a shared mount would pass the container's mounts on to the host's tree. */
	if (!propagation) {
		propagation = MS_PRIVATE;
		recursive = true;
	}
	if (change_by_setattr(fd, options, propagation, recursive) < 0) {
		if (!is_too_old(options))
			return change_error(options, where, err);
		late = true;
	}
	if (move(fd, target, where, err) < 0)
		return -1;
	if (late && remount(fd, options, propagation, recursive) < 0)
		return change_error(options, where, err);
	return 0;
}
