/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation: the mounts are decided like those of a new container, with what is known of
 * the one that runs; a child enters it and does the work (init/mounts.c).
 */
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>

#include "base/file.h"
#include "base/proc.h"
#include "base/spawn.h"
#include "base/syscalls.h"
#include "container/container.h"
#include "container/verbs.h"
#include "init/mounts.h"
#include "init/sync.h"
#include "spec/validate.h"

struct change {
	struct container container;
	struct config *config; /* the container's, with the mounts that are meant */
	struct rootfs_plan rootfs;
	struct mounts_plan plan;
	int sync_fd; /* our end */
};

/* The file: mounts[] of a config.json, alone or as its member. */
static int read_mounts(struct change *change, const char *path, struct error **err)
{
	_cleanup_free_ char *text = NULL;
	ssize_t length = file_read_at(AT_FDCWD, path, CONFIG_MAX_SIZE, &text);

	if (length < 0)
		return error_set(err, errno, "%s", path);
	if (mounts_parse(text, (size_t)length, path, change->config, err) < 0)
		return -1;
	if (change->config->mounts.count == 0)
		return error_set(err, 0, "%s: no mounts in it", path);
	if (config_validate(change->config, err) < 0)
		return error_prefix(err, "%s", path);
	return 0;
}

/* Neither can be done from outside, or undone. */
static int check_kinds(const struct change *change, struct error **err)
{
	for (size_t i = 0; i < change->rootfs.mount_count; i++) {
		const struct mount_plan *mount = &change->rootfs.mounts[i];

		if (mount->options.idmap)
			return error_set(err, 0,
			                 "%s: a running container can get no idmapped mounts",
			                 mount->where);
		if (mount->kind == MOUNT_KIND_REMOUNT)
			return error_set(err, 0, "%s: remount is not adding", mount->where);
	}
	return 0;
}

/* To remove, where they are is enough: sources may be gone by now. */
static int plan_removal(struct change *change, struct error **err)
{
	struct arena *arena = change->config->arena;
	const size_t count = change->config->mounts.count;
	struct rootfs_plan *rootfs = &change->rootfs;

	rootfs->mounts = arena_alloc(arena, count * sizeof(*rootfs->mounts));
	if (!rootfs->mounts)
		return error_set(err, ENOMEM, "mounts");
	for (size_t i = 0; i < count; i++) {
		rootfs->mounts[i] = (struct mount_plan){
			.where = arena_printf(arena, "mounts[%zu]", i),
			.destination = change->config->mounts.items[i].destination,
			.idmapped = -1,
		};
		if (!rootfs->mounts[i].where)
			return error_set(err, ENOMEM, "mounts");
	}
	rootfs->mount_count = count;
	return 0;
}

static int plan_addition(struct change *change, struct error **err)
{
	const struct state *state = &change->container.state;
	const bool user_namespace = state->namespaces & CLONE_NEWUSER;
	const struct rootfs_plan_options options = {
		.bundle = state->bundle,
		.joined_user_namespace = user_namespace,
		.in_initial_user_namespace = !user_namespace,
		.mount_label = change->config->linux.mount_label,
	};

	change->config->root.path = state->rootfs;
	if (rootfs_plan_mounts(change->config, &options, change->config->arena, &change->rootfs,
	                       err) < 0)
		return -1;
	return check_kinds(change, err);
}

static int make_plan(struct change *change, struct error **err)
{
	struct mounts_plan *plan = &change->plan;
	int sockets[2];

	plan->user = &change->config->process.user;
	plan->namespaces = change->container.state.namespaces;
	plan->rootfs = &change->rootfs;
	plan->proc_fd = proc_open(err);
	if (plan->proc_fd < 0)
		return -1;
	if (container_way_in(&change->container, &plan->init_pidfd, &plan->join, err) < 0)
		return -1;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sockets) < 0)
		return error_set(err, errno, "a socketpair");
	change->sync_fd = sockets[0];
	plan->sync_fd = sockets[1];
	return 0;
}

static int run_child(struct change *change, struct error **err)
{
	_cleanup_message_ struct sync_message message = { 0 };
	struct init_child child = { .pid = -1, .pidfd = -1 };
	int result, status;

	if (mounts_spawn(&change->plan, &child, err) < 0)
		return -1;
	close_fd(&change->plan.sync_fd);
	result = sync_receive(change->sync_fd, &message, err);
	status = wait_for(child.pid);
	close_fd(&child.pidfd);
	if (result == 0 && status != 0)
		return error_set(err, 0, "the process in the container died");
	return result < 0 ? -1 : 0;
}

static int change_mounts(struct change *change, const struct rootlet_context *context,
                         const char *id, const char *path, struct error **err)
{
	struct container *container = &change->container;

	if (container_open(context, id, CONTAINER_LOCK, container, err) != 0)
		return -1;
	if (container->status == STATUS_STOPPED || container->status == STATUS_CREATING)
		return container_wrong_status(container, "change the mounts of", err);
	if (config_read_copy(container->dir_fd, CONTAINER_CONFIG_FILE,
	                     "the container's config.json", &change->config, err) < 0)
		return -1;
	if (read_mounts(change, path, err) < 0)
		return -1;
	if ((change->plan.remove ? plan_removal : plan_addition)(change, err) < 0)
		return -1;
	if (make_plan(change, err) < 0)
		return -1;
	return run_child(change, err);
}

int verb_mounts(const struct rootlet_context *context, const char *id, const char *path,
                bool remove, struct error **err)
{
	struct change change = {
		.container = CONTAINER_INIT,
		.plan = { .init_pidfd = -1,
		          .join = JOIN_SET_INIT,
		          .proc_fd = -1,
		          .sync_fd = -1,
		          .remove = remove,
		          .work = ROOTFS_INIT },
		.sync_fd = -1,
	};
	int result = change_mounts(&change, context, id, path, err);

	close_fd(&change.sync_fd);
	close_fd(&change.plan.sync_fd);
	close_fd(&change.plan.proc_fd);
	close_fd(&change.plan.init_pidfd);
	join_close(&change.plan.join);
	config_free(&change.config);
	container_close(&change.container);
	return result;
}
