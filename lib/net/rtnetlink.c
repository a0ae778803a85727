/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation: one request at a time, and its answer read to the end: an error message,
 * whose number 0 is an acknowledgement, or the objects that were asked for.
 */
#include "net/rtnetlink.h"

#include <linux/rtnetlink.h>
#include <net/if.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/cleanup.h"

#define ANSWER_SIZE 32768u

static struct nlmsghdr *header_of(struct rtnl_request *request)
{
	return (struct nlmsghdr *)request->bytes;
}

void rtnl_begin(struct rtnl_request *request, uint16_t type, uint16_t flags, const void *body,
                size_t length)
{
	struct nlmsghdr *header = header_of(request);

	memset(request, 0, sizeof(*request));
	header->nlmsg_len = (uint32_t)NLMSG_LENGTH(length);
	header->nlmsg_type = type;
	header->nlmsg_flags = NLM_F_REQUEST | flags;
	header->nlmsg_seq = 1;
	memcpy(NLMSG_DATA(header), body, length);
}

void rtnl_begin_up(struct rtnl_request *request, uint32_t index)
{
	const struct ifinfomsg link = {
		.ifi_family = AF_UNSPEC,
		.ifi_index = (int)index,
		.ifi_flags = IFF_UP,
		.ifi_change = IFF_UP,
	};

	rtnl_begin(request, RTM_NEWLINK, 0, &link, sizeof(link));
}

void rtnl_add(struct rtnl_request *request, uint16_t type, const void *data, size_t length)
{
	struct nlmsghdr *header = header_of(request);
	size_t start = NLMSG_ALIGN(header->nlmsg_len), size = RTA_LENGTH(length);
	struct rtattr *attribute = (struct rtattr *)(request->bytes + start);

	/* A length that does not fit would be read back as another one (CVE-2021-43784). */
	if (length > UINT16_MAX - RTA_LENGTH(0) ||
	    start + RTA_ALIGN(size) > sizeof(request->bytes)) {
		request->overflow = true;
		return;
	}
	attribute->rta_type = type;
	attribute->rta_len = (uint16_t)size;
	memcpy(RTA_DATA(attribute), data, length);
	header->nlmsg_len = (uint32_t)(start + RTA_ALIGN(size));
}

int rtnl_open(void)
{
	const int strict = 1;
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);

	/* So that dumps are filtered by the kernel, where it can. */
	if (fd >= 0)
		setsockopt(fd, SOL_NETLINK, NETLINK_GET_STRICT_CHK, &strict, sizeof(strict));
	return fd;
}

static int send_request(int socket, struct rtnl_request *request)
{
	const struct nlmsghdr *header = header_of(request);
	ssize_t n;

	if (request->overflow) {
		errno = EMSGSIZE;
		return -1;
	}
	do {
		n = send(socket, request->bytes, header->nlmsg_len, 0);
	} while (n < 0 && errno == EINTR);
	return n == (ssize_t)header->nlmsg_len ? 0 : -1;
}

/* Return: 1 when the answer is complete, 0 when more is to come, -1 with errno. */
static int handle(const struct nlmsghdr *message, rtnl_visit *visit, void *data)
{
	if (message->nlmsg_type == NLMSG_ERROR) {
		const struct nlmsgerr *error = NLMSG_DATA(message);

		errno = -error->error;
		return error->error == 0 ? 1 : -1;
	}
	if (message->nlmsg_type == NLMSG_DONE)
		return 1;
	return visit && visit(message, data) < 0 ? -1 : 0;
}

static int receive_answer(int socket, rtnl_visit *visit, void *data)
{
	_cleanup_free_ char *buffer = malloc(ANSWER_SIZE);

	if (!buffer)
		return -1;
	for (;;) {
		ssize_t n = recv(socket, buffer, ANSWER_SIZE, MSG_TRUNC);
		const struct nlmsghdr *message = (const struct nlmsghdr *)buffer;
		size_t left = n < 0 ? 0 : (size_t)n;

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -1;
		if (left > ANSWER_SIZE) {
			errno = EMSGSIZE;
			return -1;
		}
		for (; NLMSG_OK(message, left); message = NLMSG_NEXT(message, left)) {
			int result = handle(message, visit, data);

			if (result != 0)
				return result < 0 ? -1 : 0;
		}
	}
}

int rtnl_do(int socket, struct rtnl_request *request)
{
	header_of(request)->nlmsg_flags |= NLM_F_ACK;
	return send_request(socket, request) < 0 ? -1 : receive_answer(socket, NULL, NULL);
}

int rtnl_dump(int socket, struct rtnl_request *request, rtnl_visit *visit, void *data)
{
	struct nlmsghdr *header = header_of(request);

	/* A single object is followed by the acknowledgement, a dump by NLMSG_DONE. */
	if (!(header->nlmsg_flags & NLM_F_DUMP))
		header->nlmsg_flags |= NLM_F_ACK;
	return send_request(socket, request) < 0 ? -1 : receive_answer(socket, visit, data);
}

const void *rtnl_attribute(const struct nlmsghdr *message, size_t fixed, uint16_t type,
                           size_t *length)
{
	const size_t start = NLMSG_LENGTH(NLMSG_ALIGN(fixed));
	const struct rtattr *attribute;
	size_t left;

	if (message->nlmsg_len < start)
		return NULL;
	left = message->nlmsg_len - start;
	attribute = (const struct rtattr *)((const char *)message + start);
	for (; RTA_OK(attribute, left); attribute = RTA_NEXT(attribute, left)) {
		if ((attribute->rta_type & NLA_TYPE_MASK) != type)
			continue;
		*length = RTA_PAYLOAD(attribute);
		return RTA_DATA(attribute);
	}
	return NULL;
}
