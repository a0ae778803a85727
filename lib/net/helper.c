/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation: the helper is a child of ours that stays when we go. All that it gets comes
 * over its stdin, a socket: the plan as a struct, the tap, init's pidfd and the control socket as
 * fds. It answers there once.
 */
#include "net/helper.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "base/proc.h"
#include "base/spawn.h"
#include "base/syscalls.h"
#include "net/protocol.h"

#define HELPER_NAME    "rootlet-net"
#define HELPER_PATH    LIBEXECDIR "/" HELPER_NAME
#define END_TIMEOUT_MS 5000

/*
 * Where it is installed, or where ROOTLET_NET says: for a build tree. The environment is the
 * user's own, as the process that it starts will be; where it is not (setuid), it does not count.
 */
static const char *helper_path(void)
{
	const char *path = secure_getenv("ROOTLET_NET");

	return path && path[0] == '/' ? path : HELPER_PATH;
}

int net_helper_check(struct error **err)
{
	if (access(helper_path(), X_OK) == 0)
		return 0;
	error_set(err, errno, "the network helper %s", helper_path());
	return error_hint(err, "install all of rootlet, built with libslirp, or use --network none "
	                       "or host");
}

static int send_setup(int socket, const struct net_helper_start *start, struct error **err)
{
	_cleanup_free_ struct net_message *message = calloc(1, sizeof(*message));
	const int fds[NET_FD_COUNT] = {
		[NET_FD_TAP] = start->tap,
		[NET_FD_INIT] = start->init_pidfd,
		[NET_FD_CONTROL] = start->control,
	};

	if (!message)
		return error_set(err, ENOMEM, "the network helper");
	message->type = NET_SETUP;
	message->plan = *start->plan;
	message->port_count = (uint32_t)start->ports->count;
	if (start->ports->count > 0)
		memcpy(message->ports, start->ports->items,
		       start->ports->count * sizeof(*message->ports));
	if (net_message_send(socket, message, fds, NET_FD_COUNT) < 0)
		return error_set(err, errno, "the network helper");
	return 0;
}

static int read_start_time(struct net_helper *helper, struct error **err)
{
	_cleanup_fd_ int proc_fd = proc_open(err);
	struct proc_stat stat;

	if (proc_fd < 0)
		return -1;
	if (proc_read_stat(proc_fd, helper->pid, &stat) < 0)
		return error_set(err, errno, "/proc/%d/stat", helper->pid);
	helper->start_time = stat.start_time;
	return 0;
}

int net_helper_start(const struct net_helper_start *start, struct net_helper *helper,
                     struct error **err)
{
	char *argv[] = { (char *)HELPER_NAME, NULL };
	_cleanup_fd_ int ours = -1, its = -1;
	struct spawn spawn = {
		.path = helper_path(), .argv = argv, .stdout_fd = -1, .stderr_fd = -1
	};
	int sockets[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sockets) < 0)
		return error_set(err, errno, "a socketpair");
	ours = sockets[0];
	its = sockets[1];
	spawn.stdin_fd = its;
	helper->pid = spawn_start(&spawn);
	if (helper->pid < 0) {
		helper->pid = 0;
		return error_set(err, errno, "cannot start the network helper %s", spawn.path);
	}
	if (read_start_time(helper, err) < 0 || send_setup(ours, start, err) < 0)
		return -1;
	helper->socket = take_fd(&ours);
	return 0;
}

/* Return: 1 when there is an answer, 0 when init has ended before, -1 with *err. */
static int wait_for_answer(int socket, int init_pidfd, int interrupt_fd, struct error **err)
{
	struct pollfd fds[] = {
		{ .fd = socket, .events = POLLIN },
		{ .fd = init_pidfd, .events = POLLIN },
		{ .fd = interrupt_fd, .events = POLLIN },
	};

	while (poll(fds, ARRAY_SIZE(fds), -1) < 0)
		if (errno != EINTR)
			return error_set(err, errno, "waiting for the network helper");
	if (fds[0].revents)
		return 1;
	return fds[1].revents ? 0 : error_set(err, EINTR, "given up on a signal");
}

static int receive_answer(int socket, uint32_t type, struct net_message *message,
                          struct net_ports *ports, struct error **err)
{
	int n = net_message_receive(socket, message, NULL, 0);

	if (n < 0)
		return error_set(err, errno, "the network helper");
	if (n == 0)
		return error_set(err, 0, "the network helper died");
	if (message->type == NET_ERROR)
		return error_set(err, 0, "%s", message->text);
	if (message->type != type || message->port_count != ports->count)
		return error_set(err, EPROTO, "the network helper");
	if (ports->count > 0)
		memcpy(ports->items, message->ports, ports->count * sizeof(*ports->items));
	return 0;
}

int net_helper_wait(struct net_helper *helper, struct net_ports *ports, int init_pidfd,
                    int interrupt_fd, struct error **err)
{
	_cleanup_free_ struct net_message *message = malloc(sizeof(*message));
	int result;

	if (!message)
		return error_set(err, ENOMEM, "the network helper");
	result = wait_for_answer(helper->socket, init_pidfd, interrupt_fd, err);
	if (result > 0)
		result = receive_answer(helper->socket, NET_READY, message, ports, err);
	close_fd(&helper->socket);
	return result;
}

int net_helper_change(int socket, bool remove, struct net_ports *ports, struct error **err)
{
	const struct timeval patience = { .tv_sec = 10 };
	_cleanup_free_ struct net_message *message = calloc(1, sizeof(*message));

	if (!message)
		return error_set(err, ENOMEM, "the network helper");
	message->type = remove ? NET_REMOVE : NET_ADD;
	message->port_count = (uint32_t)ports->count;
	memcpy(message->ports, ports->items, ports->count * sizeof(*message->ports));
	setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	if (net_message_send(socket, message, NULL, 0) < 0)
		return error_set(err, errno, "the network helper");
	return receive_answer(socket, NET_DONE, message, ports, err);
}

void net_helper_end(pid_t pid, uint64_t start_time, bool wait)
{
	_cleanup_fd_ int pidfd = pid > 0 ? sys_pidfd_open(pid, 0) : -1;
	_cleanup_fd_ int proc_fd = pidfd < 0 ? -1 : proc_open(NULL);
	struct pollfd end = { .fd = pidfd, .events = POLLIN };
	struct proc_stat stat;

	/* The pidfd first: what is looked at then is what it means. */
	if (proc_fd < 0 || proc_read_stat(proc_fd, pid, &stat) < 0 || stat.start_time != start_time)
		return;
	sys_pidfd_send_signal(pidfd, SIGKILL, NULL, 0);
	while (wait && poll(&end, 1, END_TIMEOUT_MS) < 0 && errno == EINTR)
		continue;
	/* Our child, when it was us who started it; else somebody else reaps it. */
	waitid(P_PID, (id_t)pid, &(siginfo_t){ 0 }, WEXITED | WNOHANG);
}
