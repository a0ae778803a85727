/* SPDX-License-Identifier: Apache-2.0 */
/* The little of rtnetlink(7) that network devices need: requests, attributes, answers. */
#pragma once

#include <linux/netlink.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A request: the header, the message of its type, attributes. Lengths are checked, never wrapped. */
struct rtnl_request {
	_Alignas(struct nlmsghdr) char bytes[1024];
	bool overflow; /* an attribute did not fit */
};

/* Begin a request with the fixed part @body (struct ifinfomsg and the like). */
void rtnl_begin(struct rtnl_request *request, uint16_t type, uint16_t flags, const void *body,
                size_t length);

/* Begin the request that raises the interface @index; attributes of it may follow. */
void rtnl_begin_up(struct rtnl_request *request, uint32_t index);

void rtnl_add(struct rtnl_request *request, uint16_t type, const void *data, size_t length);

/* A socket in the caller's network namespace. Return: the fd, or -1 with errno. */
int rtnl_open(void);

/* Send and wait for the answer. Return: 0, or -1 with the errno of the kernel's answer. */
int rtnl_do(int socket, struct rtnl_request *request);

/* What rtnl_dump() calls for each message of the answer. Return: 0 to go on, -1 with errno. */
typedef int rtnl_visit(const struct nlmsghdr *message, void *data);

/* Send a request with NLM_F_DUMP, or one for a single object, and visit what comes. */
int rtnl_dump(int socket, struct rtnl_request *request, rtnl_visit *visit, void *data);

/* Attribute @type behind the fixed part of @fixed bytes; NULL when absent. *@length: its data's. */
const void *rtnl_attribute(const struct nlmsghdr *message, size_t fixed, uint16_t type,
                           size_t *length);
