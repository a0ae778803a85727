/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation: the container cannot have the host's socket itself: what it says would
 * come from a process that the service manager does not know, and it could say more than that it
 * is ready. It gets a datagram socket in a directory of the state, and we repeat what matters.
 */
#include "container/notify.h"

#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#define SOCKET_NAME "notify.sock"

const char *notify_host_socket(void)
{
	const char *path = getenv("NOTIFY_SOCKET");

	/* A path, or with "@" a name in the abstract namespace (sd_notify(3)). */
	return path && (path[0] == '/' || path[0] == '@') && path[1] ? path : NULL;
}

const char *notify_make(const struct container *container, struct arena *arena, struct error **err)
{
	char link[64], path[PATH_MAX];
	const char *copy;
	ssize_t n;

	if (mkdirat(container->dir_fd, CONTAINER_NOTIFY_DIR, 0755) < 0) {
		error_set(err, errno, "NOTIFY_SOCKET: cannot make its directory");
		return NULL;
	}
	/* The state directory may be relative to where we are (--root). */
	snprintf(link, sizeof(link), "/proc/self/fd/%d", container->dir_fd);
	n = readlink(link, path, sizeof(path) - 1);
	if (n < 0) {
		error_set(err, errno, "%s", link);
		return NULL;
	}
	path[n] = '\0';
	copy = arena_printf(arena, "%s/" CONTAINER_NOTIFY_DIR, path);
	if (!copy)
		error_set(err, ENOMEM, "NOTIFY_SOCKET");
	return copy;
}

int notify_listen(const struct container *container, struct error **err)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	_cleanup_fd_ int dir = openat(container->dir_fd, CONTAINER_NOTIFY_DIR,
	                              O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	_cleanup_fd_ int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (dir < 0 || fd < 0)
		return error_set(err, errno, "NOTIFY_SOCKET: cannot make the container's socket");
	unlinkat(dir, SOCKET_NAME, 0);
	snprintf(address.sun_path, sizeof(address.sun_path), "/proc/self/fd/%d/" SOCKET_NAME, dir);
	/* Any user in the container may say that its program is ready. */
	if (bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0 ||
	    fchmodat(dir, SOCKET_NAME, 0777, 0) < 0)
		return error_set(err, errno, "NOTIFY_SOCKET: cannot bind the container's socket");
	return take_fd(&fd);
}

static int send_to_host(const char *text, struct error **err)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	const char *path = notify_host_socket();
	_cleanup_fd_ int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	socklen_t length;

	if (!path || strlen(path) >= sizeof(address.sun_path))
		return error_set(err, ENAMETOOLONG, "NOTIFY_SOCKET");
	memcpy(address.sun_path, path, strlen(path));
	length = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(path));
	if (address.sun_path[0] == '@')
		address.sun_path[0] = '\0';
	else
		length++;
	if (fd < 0 ||
	    sendto(fd, text, strlen(text), MSG_NOSIGNAL, (struct sockaddr *)&address, length) < 0)
		return error_set(err, errno, "NOTIFY_SOCKET %s", path);
	return 0;
}

int notify_forward(int fd, pid_t pid, struct error **err)
{
	char text[4096], message[64];
	ssize_t n = recv(fd, text, sizeof(text) - 1, MSG_DONTWAIT);
	char *rest = NULL;

	if (n < 0)
		return errno == EAGAIN || errno == EINTR ? 0
		                                         : error_set(err, errno, "NOTIFY_SOCKET");
	text[n] = '\0';
	for (char *line = strtok_r(text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
		if (strcmp(line, "READY=1") != 0)
			continue;
		snprintf(message, sizeof(message), pid ? "READY=1\nMAINPID=%d\n" : "READY=1\n",
		         pid);
		return send_to_host(message, err) < 0 ? -1 : 1;
	}
	return 0;
}

int notify_wait(int fd, int pidfd, pid_t pid, struct error **err)
{
	for (;;) {
		struct pollfd fds[] = {
			{ .fd = fd, .events = POLLIN },
			{ .fd = pidfd, .events = POLLIN },
		};
		int result = 0;

		if (poll(fds, ARRAY_SIZE(fds), -1) < 0 && errno != EINTR)
			return error_set(err, errno, "NOTIFY_SOCKET");
		/* A program can be ready and gone: its message counts first. */
		if (fds[0].revents)
			result = notify_forward(fd, pid, err);
		if (result != 0)
			return result < 0 ? -1 : 0;
		if (fds[1].revents)
			return 0;
	}
}
