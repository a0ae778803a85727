/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation: new namespaces come with one clone3(2). Entering existing ones changes the
 * process that does it for good, and a pid namespace takes only its next child, so a helper does
 * that and makes the child on behalf of the caller.
 */
#include "init/spawn.h"

#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "base/spawn.h"
#include "base/syscalls.h"
#include "init/sync.h"

static pid_t clone_child(uint64_t flags, int cgroup_fd, int *pidfd)
{
	struct clone_args args = {
		.flags = flags | CLONE_PIDFD,
		.pidfd = (uint64_t)(uintptr_t)pidfd,
		/* With CLONE_PARENT the signal is the helper's, which is SIGCHLD as well. */
		.exit_signal = flags & CLONE_PARENT ? 0 : SIGCHLD,
	};

	if (cgroup_fd >= 0) {
		args.flags |= CLONE_INTO_CGROUP;
		args.cgroup = (uint64_t)cgroup_fd;
	}
	return sys_clone3(&args, sizeof(args));
}

/*
 * As clone_child(), in the cgroup if that is possible. It is not before Linux 5.7, or where the
 * cgroup that both have above them is not ours to write (cgroups(7)).
 */
static pid_t clone_first(const struct ns_spawn *spawn, uint64_t flags, int *pidfd)
{
	if (spawn->outside && spawn->cgroup_fd >= 0) {
		pid_t pid = clone_child(flags, spawn->cgroup_fd, pidfd);

		if (pid >= 0)
			return pid;
		*spawn->outside = true;
	}
	return clone_child(flags, -1, pidfd);
}

static uint64_t flags_of(const struct ns_spawn *spawn)
{
	return (uint64_t)(unsigned int)spawn->clone_flags;
}

/* What clone3(2) returned, @pid, in the child and in its parent. */
static pid_t go_on(const struct ns_spawn *spawn, pid_t pid, struct error **err)
{
	if (pid == 0) {
		spawn->child(spawn->data);
		_exit(125);
	}
	if (pid < 0)
		return error_set(err, errno, "cannot make the container's namespaces");
	return pid;
}

static bool is_to_be_placed(const struct ns_spawn *spawn)
{
	return spawn->place && spawn->outside && *spawn->outside;
}

static int wait_until_placed(const struct ns_spawn *spawn, int socket, struct error **err)
{
	_cleanup_message_ struct sync_message message = { 0 };

	return is_to_be_placed(spawn) ? sync_expect(socket, SYNC_GO, &message, err) : 0;
}

/* The helper: enter, clone, report, leave. */
static void run_helper(const struct ns_spawn *spawn, int socket)
{
	_cleanup_error_ struct error *error = NULL;
	int pidfd = -1;
	pid_t pid = -1;

	if (wait_until_placed(spawn, socket, &error) == 0 && spawn->enter(spawn->data, &error) == 0)
		pid = go_on(spawn, clone_child(flags_of(spawn) | CLONE_PARENT, -1, &pidfd), &error);
	if (pid < 0) {
		sync_send_error(socket, error);
		_exit(1);
	}
	if (sync_send(socket, &(struct sync_message){
				      .type = SYNC_SPAWNED,
				      .value = pid,
				      .fds = { pidfd },
				      .fd_count = 1,
			      }) < 0)
		sys_pidfd_send_signal(pidfd, SIGKILL, NULL, 0);
	_exit(0);
}

static pid_t receive_child(int socket, int *pidfd, struct error **err)
{
	_cleanup_message_ struct sync_message message = { 0 };

	if (sync_expect(socket, SYNC_SPAWNED, &message, err) < 0)
		return -1;
	if (message.fd_count != 1) {
		/* No fd was free for it. The child is ours, so that its pid still means it. */
		kill((pid_t)message.value, SIGKILL);
		wait_for((pid_t)message.value);
		return error_set(err, EMFILE,
		                 "cannot receive the process of the helper that joins "
		                 "namespaces");
	}
	*pidfd = take_fd(&message.fds[0]);
	return (pid_t)message.value;
}

static int place_helper(const struct ns_spawn *spawn, pid_t helper, int socket, struct error **err)
{
	if (!is_to_be_placed(spawn))
		return 0;
	if (spawn->place(spawn->data, helper, err) < 0)
		return -1;
	if (sync_send_type(socket, SYNC_GO) < 0)
		return error_set(err, errno, "the helper that joins namespaces");
	return 0;
}

static pid_t wait_for_child(const struct ns_spawn *spawn, int socket, int *pidfd,
                            struct error **err)
{
	if (spawn->interrupt_fd && sync_wait(socket, *spawn->interrupt_fd, err) < 0)
		return -1;
	return receive_child(socket, pidfd, err);
}

static pid_t spawn_by_helper(const struct ns_spawn *spawn, int sockets[2], int *pidfd,
                             struct error **err)
{
	_cleanup_fd_ int helper_fd = -1;
	pid_t helper = clone_first(spawn, 0, &helper_fd), pid = -1;

	if (helper == 0) {
		close(sockets[0]);
		run_helper(spawn, sockets[1]);
	}
	close_fd(&sockets[1]);
	if (helper < 0)
		return error_set(err, errno, "cannot start the helper that joins namespaces");
	if (place_helper(spawn, helper, sockets[0], err) == 0)
		pid = wait_for_child(spawn, sockets[0], pidfd, err);
	/* A child that it may have made meanwhile sees that nobody is there. */
	if (pid < 0)
		sys_pidfd_send_signal(helper_fd, SIGKILL, NULL, 0);
	wait_for(helper);
	return pid;
}

pid_t ns_spawn(const struct ns_spawn *spawn, int *pidfd, struct error **err)
{
	int sockets[2];
	pid_t pid;

	if (!spawn->enter)
		return go_on(spawn, clone_first(spawn, flags_of(spawn), pidfd), err);
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sockets) < 0)
		return error_set(err, errno, "a socketpair");
	pid = spawn_by_helper(spawn, sockets, pidfd, err);
	close_fd(&sockets[0]);
	close_fd(&sockets[1]);
	return pid;
}
