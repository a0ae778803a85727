/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation: which of two orders is right depends on who owns the namespaces. One that
 * belongs to our own user namespace can be entered only before we leave it, one that belongs to
 * the container's only after. So each is tried before, and those that were refused again after.
 */
#include "init/join.h"

#include <fcntl.h>
#include <linux/nsfs.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/stat.h>

#include "base/syscalls.h"

static int open_namespace(const struct namespace_config *wanted, size_t index, struct error **err)
{
	const char *name = namespace_name((enum namespace_type)wanted->type);
	_cleanup_fd_ int fd = open(wanted->path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	int type;

	if (fd < 0)
		return error_set(err, errno, "linux.namespaces[%zu].path: %s", index, wanted->path);
	type = ioctl(fd, NS_GET_NSTYPE);
	if (type < 0)
		return error_set(err, 0, "linux.namespaces[%zu].path: %s is not a namespace", index,
		                 wanted->path);
	if (type != namespace_clone_flag((enum namespace_type)wanted->type))
		return error_set(err, 0,
		                 "linux.namespaces[%zu].path: %s is not a namespace of type %s",
		                 index, wanted->path, name);
	return take_fd(&fd);
}

int join_open(const struct config *config, struct join_set *set, struct error **err)
{
	for (size_t i = 0; i < config->linux.namespaces.count; i++) {
		const struct namespace_config *wanted = &config->linux.namespaces.items[i];

		if (!wanted->path)
			continue;
		set->fds[wanted->type] = open_namespace(wanted, i, err);
		if (set->fds[wanted->type] < 0)
			return -1;
	}
	return 0;
}

int join_add_owner(struct join_set *set, struct error **err)
{
	for (int type = 0; type < NAMESPACE_COUNT; type++) {
		_cleanup_fd_ int owner = -1;
		struct stat ours, theirs;

		if (type == NAMESPACE_USER || set->fds[type] < 0)
			continue;
		owner = ioctl(set->fds[type], NS_GET_USERNS);
		/* EPERM: it belongs to somebody above us, whose it will stay. */
		if (owner < 0)
			continue;
		if (stat("/proc/self/ns/user", &ours) < 0 || fstat(owner, &theirs) < 0)
			return error_set(err, errno, "/proc/self/ns/user");
		if (ours.st_ino == theirs.st_ino)
			continue;
		set->fds[NAMESPACE_USER] = take_fd(&owner);
		return 1;
	}
	return 0;
}

bool join_any(const struct join_set *set)
{
	for (int type = 0; type < NAMESPACE_COUNT; type++)
		if (set->fds[type] >= 0)
			return true;
	return false;
}

static int enter(const struct join_set *set, int type, struct error **err)
{
	const char *name = namespace_name((enum namespace_type)type);

	if (setns(set->fds[type], namespace_clone_flag((enum namespace_type)type)) == 0)
		return 0;
	error_set(err, errno, "linux.namespaces: cannot join the %s namespace", name);
	if (errno == EPERM)
		error_hint(err, "it belongs to another user namespace; join that one too, by path");
	return -1;
}

int join_enter(const struct join_set *set, struct error **err)
{
	bool refused[NAMESPACE_COUNT] = { false };
	const bool user = set->fds[NAMESPACE_USER] >= 0;

	for (int type = 0; user && type < NAMESPACE_COUNT; type++) {
		if (type == NAMESPACE_USER || set->fds[type] < 0)
			continue;
		refused[type] = setns(set->fds[type],
		                      namespace_clone_flag((enum namespace_type)type)) < 0;
	}
	if (user && enter(set, NAMESPACE_USER, err) < 0)
		return -1;
	for (int type = 0; type < NAMESPACE_COUNT; type++) {
		if (type == NAMESPACE_USER || set->fds[type] < 0 || (user && !refused[type]))
			continue;
		if (enter(set, type, err) < 0)
			return -1;
	}
	return 0;
}

void join_close(struct join_set *set)
{
	for (int type = 0; type < NAMESPACE_COUNT; type++)
		close_fd(&set->fds[type]);
}
