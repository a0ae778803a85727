/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation: sun_path holds 108 bytes, less than many a path. A socket is therefore
 * reached as /proc/self/fd/N of an O_PATH fd (connect) or as /proc/self/fd/DIR/name (bind).
 */
#include "base/socket.h"

#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "base/cleanup.h"

int socket_send(int socket, const void *data, size_t length, const int *fds, size_t fd_count)
{
	_Alignas(struct cmsghdr) char control[CMSG_SPACE(sizeof(int) * SOCKET_MAX_FDS)] = { 0 };
	struct iovec iov = { .iov_base = (void *)data, .iov_len = length };
	struct msghdr message = { .msg_iov = &iov, .msg_iovlen = 1 };
	ssize_t n;

	if (fd_count > SOCKET_MAX_FDS) {
		errno = EINVAL;
		return -1;
	}
	if (fd_count > 0) {
		struct cmsghdr *header = (struct cmsghdr *)control;

		message.msg_control = control;
		message.msg_controllen = CMSG_SPACE(sizeof(int) * fd_count);
		header->cmsg_level = SOL_SOCKET;
		header->cmsg_type = SCM_RIGHTS;
		header->cmsg_len = CMSG_LEN(sizeof(int) * fd_count);
		memcpy(CMSG_DATA(header), fds, sizeof(int) * fd_count);
	}
	do {
		n = sendmsg(socket, &message, MSG_NOSIGNAL);
	} while (n < 0 && errno == EINTR);
	if (n < 0)
		return -1;
	if ((size_t)n != length) {
		errno = EMSGSIZE;
		return -1;
	}
	return 0;
}

static void keep_fds(const struct cmsghdr *header, int *fds, size_t room, size_t *kept)
{
	size_t count = (header->cmsg_len - CMSG_LEN(0)) / sizeof(int);

	for (size_t i = 0; i < count; i++) {
		int fd;

		memcpy(&fd, CMSG_DATA(header) + i * sizeof(int), sizeof(int));
		if (*kept < room)
			fds[(*kept)++] = fd;
		else
			close(fd);
	}
}

ssize_t socket_receive(int socket, void *data, size_t size, int *fds, size_t *fd_count)
{
	_Alignas(struct cmsghdr) char control[CMSG_SPACE(sizeof(int) * SOCKET_MAX_FDS)];
	struct iovec iov = { .iov_base = data, .iov_len = size };
	struct msghdr message = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control,
		.msg_controllen = sizeof(control),
	};
	size_t room = fd_count ? *fd_count : 0, kept = 0;
	ssize_t n;

	if (fd_count)
		*fd_count = 0;
	do {
		n = recvmsg(socket, &message, MSG_CMSG_CLOEXEC);
	} while (n < 0 && errno == EINTR);
	if (n < 0)
		return -1;
	for (struct cmsghdr *header = CMSG_FIRSTHDR(&message); header;
	     header = CMSG_NXTHDR(&message, header)) {
		if (header->cmsg_level == SOL_SOCKET && header->cmsg_type == SCM_RIGHTS)
			keep_fds(header, fds, room, &kept);
	}
	if (message.msg_flags & MSG_TRUNC) {
		while (kept > 0)
			close(fds[--kept]);
		errno = EMSGSIZE;
		n = -1;
	}
	if (fd_count)
		*fd_count = kept;
	return n;
}

int socket_listen_at(int dirfd, const char *name, int type)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	_cleanup_fd_ int fd = -1;
	int n;

	n = snprintf(address.sun_path, sizeof(address.sun_path), "/proc/self/fd/%d/%s", dirfd,
	             name);
	if (n < 0 || (size_t)n >= sizeof(address.sun_path)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	fd = socket(AF_UNIX, type | SOCK_CLOEXEC, 0);
	if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0)
		return -1;
	if (fchmodat(dirfd, name, 0600, 0) < 0 || listen(fd, 16) < 0) {
		int saved = errno;

		unlinkat(dirfd, name, 0);
		errno = saved;
		return -1;
	}
	return take_fd(&fd);
}

int socket_connect_at(int dirfd, const char *path, int type)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	_cleanup_fd_ int fd = -1, node = openat(dirfd, path, O_PATH | O_CLOEXEC);
	int ret;

	if (node < 0)
		return -1;
	fd = socket(AF_UNIX, type | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -1;
	snprintf(address.sun_path, sizeof(address.sun_path), "/proc/self/fd/%d", node);
	/* It waits where the other side has many that it has not accepted yet. */
	do {
		ret = connect(fd, (struct sockaddr *)&address, sizeof(address));
	} while (ret < 0 && errno == EINTR);
	return ret < 0 ? -1 : take_fd(&fd);
}
