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

static pid_t clone_child(int flags, int *pidfd)
{
	struct clone_args args = {
		.flags = (uint64_t)(unsigned int)flags | CLONE_PIDFD,
		.pidfd = (uint64_t)(uintptr_t)pidfd,
		/* With CLONE_PARENT the signal is the helper's, which is SIGCHLD as well. */
		.exit_signal = flags & CLONE_PARENT ? 0 : SIGCHLD,
	};

	return sys_clone3(&args, sizeof(args));
}

static pid_t spawn_child(const struct ns_spawn *spawn, int extra_flags, int *pidfd,
                         struct error **err)
{
	pid_t pid = clone_child(spawn->clone_flags | extra_flags, pidfd);

	if (pid == 0) {
		spawn->child(spawn->data);
		_exit(125);
	}
	if (pid < 0)
		return error_set(err, errno, "cannot make the container's namespaces");
	return pid;
}

/* The helper: enter, clone, report, leave. */
static void run_helper(const struct ns_spawn *spawn, int socket)
{
	_cleanup_error_ struct error *error = NULL;
	int pidfd = -1;
	pid_t pid = -1;

	if (spawn->enter(spawn->data, &error) == 0)
		pid = spawn_child(spawn, CLONE_PARENT, &pidfd, &error);
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

pid_t ns_spawn(const struct ns_spawn *spawn, int *pidfd, struct error **err)
{
	int sockets[2];
	pid_t helper, pid;

	if (!spawn->enter)
		return spawn_child(spawn, 0, pidfd, err);
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sockets) < 0)
		return error_set(err, errno, "a socketpair");
	helper = fork();
	if (helper == 0) {
		close(sockets[0]);
		run_helper(spawn, sockets[1]);
	}
	close(sockets[1]);
	if (helper < 0) {
		error_set(err, errno, "cannot start the helper that joins namespaces");
		pid = -1;
	} else {
		pid = receive_child(sockets[0], pidfd, err);
		wait_for(helper);
	}
	close(sockets[0]);
	return pid;
}
