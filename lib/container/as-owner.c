/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation: root of a container that may write to its cgroup can make cgroups below it,
 * give them to any of the container's ids and take the permissions from everybody, as systemd does
 * for the users that log in. To the ordinary user outside they are somebody else's then. So what
 * fails is done again by a child that is root of a user namespace with the same ids: over their
 * files it has the capabilities that root has (user_namespaces(7)).
 */
#include "container/as-owner.h"

#include <sched.h>
#include <sys/socket.h>

#include "base/spawn.h"
#include "cgroup/cgroup.h"
#include "idmap/plan.h"
#include "init/spawn.h"
#include "init/sync.h"
#include "spec/config.h"

struct owner {
	const struct cgroup_work *work;
	int cgroup;
	int sockets[2]; /* ours, the child's */
	struct id_plan ids;
};

static void owner_main(void *data)
{
	_cleanup_message_ struct sync_message message = { 0 };
	_cleanup_error_ struct error *error = NULL;
	struct owner *owner = data;
	const int socket = owner->sockets[1];

	close_fd(&owner->sockets[0]);
	if (sync_expect(socket, SYNC_GO, &message, &error) == 0 &&
	    owner->work->function(owner->cgroup, owner->work->data, &error) == 0)
		sync_send_type(socket, SYNC_CREATED);
	else
		sync_send_error(socket, error);
	_exit(0);
}

static int map_and_wait(struct owner *owner, pid_t pid, struct error **err)
{
	_cleanup_message_ struct sync_message message = { 0 };
	struct id_job job = ID_JOB_INIT;

	close_fd(&owner->sockets[1]);
	if (id_map_begin(&owner->ids, pid, &job, err) < 0 || id_map_end(&owner->ids, &job, err) < 0)
		return -1;
	if (sync_send_type(owner->sockets[0], SYNC_GO) < 0)
		return error_set(err, errno, "the process that works on the cgroup");
	return sync_expect(owner->sockets[0], SYNC_CREATED, &message, err);
}

static int run_owner(struct owner *owner, struct error **err)
{
	const struct ns_spawn spawn = {
		.clone_flags = CLONE_NEWUSER,
		.child = owner_main,
		.data = owner,
	};
	_cleanup_fd_ int pidfd = -1;
	int result;
	pid_t pid;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, owner->sockets) < 0)
		return error_set(err, errno, "a socketpair");
	pid = ns_spawn(&spawn, &pidfd, err);
	result = pid < 0 ? -1 : map_and_wait(owner, pid, err);
	/* End-of-file ends it where it still waits. */
	close_fd(&owner->sockets[0]);
	close_fd(&owner->sockets[1]);
	if (pid >= 0)
		wait_for(pid);
	return result;
}

/* With the ids of the container's config.json; where that is lost, with all that we have. */
static int work_as_owner(const struct container *container, struct owner *owner, struct error **err)
{
	_cleanup_config_ struct config *config = NULL;
	_cleanup_arena_ struct arena *arena = arena_new();
	const struct config any = { 0 };
	struct id_caller caller;

	if (!arena)
		return error_set(err, ENOMEM, "the container's cgroup");
	config_read_copy(container->dir_fd, CONTAINER_CONFIG_FILE, "the container's config.json",
	                 &config, NULL);
	if (id_caller_load(arena, &caller, err) < 0 ||
	    id_plan_make(config ? config : &any, &caller, arena, &owner->ids, err) < 0)
		return -1;
	return run_owner(owner, err);
}

int container_on_open_cgroup(const struct container *container, int fd,
                             const struct cgroup_work *work, struct error **err)
{
	_cleanup_error_ struct error *denied = NULL;
	struct owner owner = { .work = work, .cgroup = fd, .sockets = { -1, -1 } };

	if (work->function(fd, work->data, &denied) == 0)
		return 0;
	if ((denied->errnum == EACCES || denied->errnum == EPERM) &&
	    work_as_owner(container, &owner, NULL) == 0)
		return 0;
	return error_move(err, &denied);
}

int container_on_cgroup(const struct container *container, const struct cgroup_work *work,
                        struct error **err)
{
	_cleanup_fd_ int fd = -1;

	if (cgroup_open(&container->state, &fd, err) < 0)
		return -1;
	return fd < 0 ? 1 : container_on_open_cgroup(container, fd, work, err);
}
