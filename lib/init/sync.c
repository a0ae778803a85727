/* SPDX-License-Identifier: Apache-2.0 */
/* Theory of operation: a message is one packet, a fixed header and its data. */
#include "init/sync.h"

#include <poll.h>
#include <string.h>

#include "base/socket.h"

struct header {
	uint32_t type;
	uint32_t length;
	int64_t value;
};

int sync_send(int socket, const struct sync_message *message)
{
	const struct header header = {
		.type = message->type,
		.length = (uint32_t)message->length,
		.value = message->value,
	};
	_cleanup_free_ char *packet = NULL;

	if (message->length > SYNC_MAX_DATA) {
		errno = EMSGSIZE;
		return -1;
	}
	packet = malloc(sizeof(header) + message->length);
	if (!packet)
		return -1;
	memcpy(packet, &header, sizeof(header));
	if (message->length > 0)
		memcpy(packet + sizeof(header), message->data, message->length);
	return socket_send(socket, packet, sizeof(header) + message->length, message->fds,
	                   message->fd_count);
}

int sync_send_type(int socket, enum sync_type type)
{
	return sync_send(socket, &(struct sync_message){ .type = type });
}

int sync_send_error(int socket, const struct error *error)
{
	size_t length = strnlen(error->message, SYNC_MAX_DATA - 1);

	return sync_send(socket, &(struct sync_message){
					 .type = SYNC_ERROR,
					 .value = ((int64_t)error->status << 32) | error->errnum,
					 .data = error->message,
					 .length = length,
				 });
}

/* The message already carries the errno's words. */
static int received_error(const struct sync_message *message, struct error **err)
{
	error_set(err, 0, "%s", message->data ? (const char *)message->data : "unknown error");
	error_cause(err, (int)(message->value & 0xffffffff));
	return error_status(err, (int)(message->value >> 32));
}

/*
 * A peer that is gone while a message of ours was unread is ECONNRESET, reported before what it
 * had said itself: so look once more, and keep the reset for when there is nothing.
 */
static ssize_t receive_packet(int socket, void *packet, size_t size, struct sync_message *message)
{
	ssize_t n;

	message->fd_count = SYNC_MAX_FDS;
	n = socket_receive(socket, packet, size, message->fds, &message->fd_count);
	if (n >= 0 || errno != ECONNRESET)
		return n;
	message->fd_count = SYNC_MAX_FDS;
	n = socket_receive(socket, packet, size, message->fds, &message->fd_count);
	if (n == 0) {
		errno = ECONNRESET;
		return -1;
	}
	return n;
}

static int died_unread(struct error **err)
{
	error_set(err, 0, "the other side was killed before it read our message");
	return error_cause(err, ECONNRESET);
}

int sync_receive(int socket, struct sync_message *message, struct error **err)
{
	_cleanup_free_ char *packet = malloc(sizeof(struct header) + SYNC_MAX_DATA + 1);
	struct header header;
	ssize_t n;

	*message = (struct sync_message){ 0 };
	if (!packet)
		return error_set(err, ENOMEM, "a message between runtime and init");
	n = receive_packet(socket, packet, sizeof(header) + SYNC_MAX_DATA, message);
	if (n < 0 && errno == ECONNRESET)
		return died_unread(err);
	if (n < 0)
		return error_set(err, errno, "a message between runtime and init");
	if (n == 0)
		return 0;
	if ((size_t)n < sizeof(header)) {
		sync_message_clear(message);
		return error_set(err, EPROTO, "a message between runtime and init");
	}
	memcpy(&header, packet, sizeof(header));
	message->type = header.type;
	message->value = header.value;
	message->length = (size_t)n - sizeof(header);
	if (message->length > 0) {
		message->data = malloc(message->length + 1);
		if (!message->data) {
			sync_message_clear(message);
			return error_set(err, ENOMEM, "a message between runtime and init");
		}
		memcpy(message->data, packet + sizeof(header), message->length);
		((char *)message->data)[message->length] = '\0';
	}
	if (message->type != SYNC_ERROR)
		return 1;
	received_error(message, err);
	sync_message_clear(message);
	return -1;
}

int sync_wait(int socket, int interrupt_fd, struct error **err)
{
	struct pollfd fds[] = {
		{ .fd = socket, .events = POLLIN },
		{ .fd = interrupt_fd, .events = POLLIN },
	};

	while (poll(fds, ARRAY_SIZE(fds), -1) < 0)
		if (errno != EINTR)
			return error_set(err, errno, "waiting for the other side");
	return fds[1].revents ? error_set(err, EINTR, "given up on a signal") : 0;
}

int sync_expect(int socket, enum sync_type type, struct sync_message *message, struct error **err)
{
	int n = sync_receive(socket, message, err);

	if (n < 0)
		return -1;
	if (n == 0)
		return error_set(err, 0, "the other side ended unexpectedly");
	if (message->type == type)
		return 0;
	sync_message_clear(message);
	return error_set(err, EPROTO, "message %u where %u was expected", message->type, type);
}

void sync_message_clear(struct sync_message *message)
{
	for (size_t i = 0; i < message->fd_count; i++)
		close_fd(&message->fds[i]);
	message->fd_count = 0;
	free(message->data);
	message->data = NULL;
}
