/* SPDX-License-Identifier: Apache-2.0 */
/* Theory of operation: see the header. Only the ports that are there travel. */
#include "net/protocol.h"

#include <stddef.h>

#include "base/socket.h"

static size_t length_of(size_t port_count)
{
	return offsetof(struct net_message, ports) + port_count * sizeof(struct net_port);
}

int net_message_send(int socket, struct net_message *message, const int *fds, size_t fd_count)
{
	message->version = NET_PROTOCOL_VERSION;
	return socket_send(socket, message, length_of(message->port_count), fds, fd_count);
}

int net_message_receive(int socket, struct net_message *message, int *fds, size_t fd_count)
{
	size_t received = fd_count;
	ssize_t n = socket_receive(socket, message, sizeof(*message), fds, &received);

	if (n == 0 || (n < 0 && errno == ECONNRESET))
		return 0;
	if (n >= (ssize_t)length_of(0) && message->version == NET_PROTOCOL_VERSION &&
	    message->port_count <= NET_PORTS_MAX && (size_t)n == length_of(message->port_count) &&
	    received == fd_count) {
		message->text[sizeof(message->text) - 1] = '\0';
		return 1;
	}
	for (size_t i = 0; n >= 0 && i < received; i++)
		close_fd(&fds[i]);
	if (n >= 0)
		errno = EPROTO;
	return -1;
}
