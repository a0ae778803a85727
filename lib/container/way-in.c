/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation: the namespaces of a process that runs are reached by its pidfd. A created
 * container's init is non-dumpable, so that nobody may look into it; it hands them out itself.
 */
#include <sys/socket.h>

#include "base/socket.h"
#include "container/container.h"
#include "init/sync.h"

static int ask_for_namespaces(const struct container *container, struct join_set *join,
                              struct error **err)
{
	_cleanup_message_ struct sync_message message = { 0 };
	_cleanup_fd_ int socket = socket_connect_at(container->dir_fd, CONTAINER_START,
	                                            SOCK_SEQPACKET);
	size_t next = 0;

	if (socket < 0 || sync_send_type(socket, SYNC_NAMESPACES) < 0)
		return error_set(err, errno, "container \"%s\": its init does not answer",
		                 container->id);
	if (sync_expect(socket, SYNC_NAMESPACES, &message, err) < 0)
		return -1;
	for (int type = 0; type < NAMESPACE_COUNT; type++)
		if ((message.value & (1 << type)) && next < message.fd_count)
			join->fds[type] = take_fd(&message.fds[next++]);
	return 0;
}

int container_way_in(const struct container *container, int *init_pidfd, struct join_set *join,
                     struct error **err)
{
	if (container->waits && container->status == STATUS_PAUSED)
		return error_set(err, 0,
		                 "cannot enter container \"%s\": its init waits for start and is "
		                 "paused",
		                 container->id);
	if (container->status == STATUS_CREATED)
		return ask_for_namespaces(container, join, err);
	*init_pidfd = container_pidfd(container);
	return *init_pidfd < 0 ? error_set(err, 0, "cannot enter container \"%s\": it is stopped",
	                                   container->id)
	                       : 0;
}
