/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation: the sources are the host's and the destinations the container's, and no
 * process sees both. So the helper becomes root of the container's user namespace first, with a
 * mount namespace of its own that still shows the host: there it makes detached copies of the
 * sources. Then it enters the container's namespaces, and its child, who is in the container's pid
 * namespace, puts them in their places.
 */
#include "init/mounts.h"

#include <fcntl.h>
#include <sched.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include "init/entry.h"
#include "init/spawn.h"
#include "init/sync.h"
#include "rootfs/resolve.h"

static int enter_user_namespace(const struct mounts_plan *plan)
{
	if (!(plan->namespaces & CLONE_NEWUSER))
		return 0;
	return setns(plan->init_pidfd >= 0 ? plan->init_pidfd : plan->join.fds[NAMESPACE_USER],
	             CLONE_NEWUSER);
}

static int enter_the_others(struct mounts_plan *plan, struct error **err)
{
	const int others = (int)(plan->namespaces & ~(uint64_t)CLONE_NEWUSER);

	if (plan->init_pidfd >= 0)
		return setns(plan->init_pidfd, others) == 0
		               ? 0
		               : error_set(err, errno, "cannot join the container's namespaces");
	close_fd(&plan->join.fds[NAMESPACE_USER]);
	return join_enter(&plan->join, err);
}

static int enter(void *data, struct error **err)
{
	struct mounts_plan *plan = data;

	/* From here on the container could look at us. */
	if (entry_hide(err) < 0)
		return -1;
	if (enter_user_namespace(plan) < 0)
		return error_set(err, errno, "cannot join the container's user namespace");
	if (!plan->remove) {
		if (unshare(CLONE_NEWNS) < 0)
			return error_set(err, errno, "cannot look at the sources");
		if (rootfs_take_sources(&plan->work, plan->rootfs, err) < 0)
			return -1;
	}
	return enter_the_others(plan, err);
}

static int remove_mount(int root_fd, const struct mount_plan *mount, struct error **err)
{
	const char *name;
	_cleanup_fd_ int dir = resolve_existing_parent(root_fd, mount->destination, &name);

	if (dir < 0 || fchdir(dir) < 0)
		return error_set(err, errno, "%s.destination: %s", mount->where,
		                 mount->destination);
	if (umount2(name, MNT_DETACH | UMOUNT_NOFOLLOW) == 0)
		return 0;
	error_set(err, errno, "%s.destination: cannot unmount %s", mount->where,
	          mount->destination);
	return errno == EINVAL ? error_hint(err, "nothing is mounted there, or it came with the "
	                                         "container from outside")
	                       : -1;
}

static int remove_all(const struct mounts_plan *plan, struct error **err)
{
	for (size_t i = plan->rootfs->mount_count; i-- > 0;)
		if (remove_mount(plan->work.root_fd, &plan->rootfs->mounts[i], err) < 0)
			return -1;
	return 0;
}

/* What was added before the failure goes again. */
static void undo(const struct mounts_plan *plan, size_t added)
{
	while (added-- > 0)
		remove_mount(plan->work.root_fd, &plan->rootfs->mounts[added], NULL);
}

static int add_all(struct mounts_plan *plan, struct error **err)
{
	for (size_t i = 0; i < plan->rootfs->mount_count; i++) {
		if (rootfs_mount_one(&plan->work, i, err) < 0) {
			undo(plan, i);
			return -1;
		}
	}
	return 0;
}

static int work(struct mounts_plan *plan, struct error **err)
{
	umask(0);
	if ((plan->namespaces & CLONE_NEWUSER) &&
	    entry_become_root(plan->user, entry_setgroups_denied(plan->proc_fd), err) < 0)
		return -1;
	if (entry_hide(err) < 0)
		return -1;
	plan->work.root_fd = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (plan->work.root_fd < 0)
		return error_set(err, errno, "the container's root");
	return plan->remove ? remove_all(plan, err) : add_all(plan, err);
}

static void child_main(void *data)
{
	_cleanup_error_ struct error *error = NULL;
	struct mounts_plan *plan = data;

	if (work(plan, &error) == 0)
		_exit(0);
	sync_send_error(plan->sync_fd, error);
	_exit(1);
}

int mounts_spawn(struct mounts_plan *plan, struct init_child *child, struct error **err)
{
	const struct ns_spawn spawn = { .enter = enter, .child = child_main, .data = plan };

	child->pid = ns_spawn(&spawn, &child->pidfd, err);
	return child->pid < 0 ? -1 : 0;
}
