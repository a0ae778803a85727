/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation: a device loses its addresses on the way to another namespace, so they are
 * read before and given back after. A netlink socket belongs to the namespace it was made in: one
 * of the host's moves, one made in a short visit to the container's namespace sets up.
 */
#include "net/devices.h"

#include <fcntl.h>
#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "net/rtnetlink.h"

#define ADDRESSES_MAX 256

struct address {
	struct ifaddrmsg header;
	unsigned char local[16], peer[16]; /* IFA_LOCAL, IFA_ADDRESS */
	size_t local_length, peer_length;
};

struct address_list {
	uint32_t index; /* of the device */
	struct address *items;
	size_t count;
};

/* --- before anything exists ------------------------------------------------------------------ */

static int no_such_device(const struct net_device *device, struct error **err)
{
	return error_set(err, errno, "linux.netDevices[%s]: no such network device",
	                 device->host_name);
}

int net_devices_check(const struct config *config, bool privileged, struct error **err)
{
	if (config->linux.net_devices.count == 0)
		return 0;
	if (!config_namespace(config, NAMESPACE_NETWORK))
		return error_set(err, 0,
		                 "linux.netDevices: the container has the host's network; add { "
		                 "\"type\": \"network\" } to linux.namespaces");
	if (!privileged)
		return error_set(err, 0, "linux.netDevices: only root can move a network device");
	for (size_t i = 0; i < config->linux.net_devices.count; i++)
		if (if_nametoindex(config->linux.net_devices.items[i].host_name) == 0)
			return no_such_device(&config->linux.net_devices.items[i], err);
	return 0;
}

/* --- devices and addresses ------------------------------------------------------------------- */

static int take_index(const struct nlmsghdr *message, void *data)
{
	const struct ifinfomsg *link = NLMSG_DATA(message);

	if (message->nlmsg_type == RTM_NEWLINK)
		*(uint32_t *)data = (uint32_t)link->ifi_index;
	return 0;
}

static int find_device(int socket, const char *name, uint32_t *index)
{
	const struct ifinfomsg link = { .ifi_family = AF_UNSPEC };
	struct rtnl_request request;

	*index = 0;
	rtnl_begin(&request, RTM_GETLINK, 0, &link, sizeof(link));
	rtnl_add(&request, IFLA_IFNAME, name, strlen(name) + 1);
	return rtnl_dump(socket, &request, take_index, index);
}

static size_t copy_attribute(const struct nlmsghdr *message, uint16_t type, unsigned char to[16])
{
	size_t length = 0;
	const void *from = rtnl_attribute(message, sizeof(struct ifaddrmsg), type, &length);

	if (!from || length > 16)
		return 0;
	memcpy(to, from, length);
	return length;
}

static int take_address(const struct nlmsghdr *message, void *data)
{
	const struct ifaddrmsg *header = NLMSG_DATA(message);
	struct address_list *list = data;
	struct address *address;

	if (message->nlmsg_type != RTM_NEWADDR || header->ifa_index != list->index ||
	    header->ifa_scope != RT_SCOPE_UNIVERSE || !(header->ifa_flags & IFA_F_PERMANENT))
		return 0;
	if (list->count == ADDRESSES_MAX) {
		errno = E2BIG;
		return -1;
	}
	address = &list->items[list->count++];
	*address = (struct address){ .header = *header };
	address->local_length = copy_attribute(message, IFA_LOCAL, address->local);
	address->peer_length = copy_attribute(message, IFA_ADDRESS, address->peer);
	return 0;
}

static int read_addresses(int socket, struct address_list *list)
{
	const struct ifaddrmsg all = { .ifa_family = AF_UNSPEC };
	struct rtnl_request request;

	list->items = calloc(ADDRESSES_MAX, sizeof(*list->items));
	if (!list->items)
		return -1;
	rtnl_begin(&request, RTM_GETADDR, NLM_F_DUMP, &all, sizeof(all));
	return rtnl_dump(socket, &request, take_address, list);
}

static int move_device(int socket, uint32_t index, const char *name, int netns)
{
	const struct ifinfomsg link = { .ifi_family = AF_UNSPEC, .ifi_index = (int)index };
	const uint32_t fd = (uint32_t)netns;
	struct rtnl_request request;

	rtnl_begin(&request, RTM_NEWLINK, 0, &link, sizeof(link));
	rtnl_add(&request, IFLA_NET_NS_FD, &fd, sizeof(fd));
	rtnl_add(&request, IFLA_IFNAME, name, strlen(name) + 1);
	return rtnl_do(socket, &request);
}

static int add_address(int socket, uint32_t index, const struct address *address)
{
	struct ifaddrmsg header = {
		.ifa_family = address->header.ifa_family,
		.ifa_prefixlen = address->header.ifa_prefixlen,
		.ifa_scope = address->header.ifa_scope,
		.ifa_index = index,
	};
	struct rtnl_request request;

	rtnl_begin(&request, RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL, &header, sizeof(header));
	if (address->local_length > 0)
		rtnl_add(&request, IFA_LOCAL, address->local, address->local_length);
	if (address->peer_length > 0)
		rtnl_add(&request, IFA_ADDRESS, address->peer, address->peer_length);
	return rtnl_do(socket, &request);
}

static int raise_device(int socket, uint32_t index)
{
	struct rtnl_request request;

	rtnl_begin_up(&request, index);
	return rtnl_do(socket, &request);
}

/* --- the move -------------------------------------------------------------------------------- */

/* A netlink socket in network namespace @netns; afterwards we are where we were. */
static int open_there(int netns)
{
	_cleanup_fd_ int here = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC), fd = -1;

	if (here < 0 || setns(netns, CLONE_NEWNET) < 0)
		return -1;
	fd = rtnl_open();
	/* In the wrong namespace nothing may go on. */
	if (setns(here, CLONE_NEWNET) < 0)
		abort();
	return take_fd(&fd);
}

static int set_up(int socket, const char *name, const struct address_list *addresses)
{
	uint32_t index;

	if (find_device(socket, name, &index) < 0)
		return -1;
	for (size_t i = 0; i < addresses->count; i++)
		if (add_address(socket, index, &addresses->items[i]) < 0)
			return -1;
	return raise_device(socket, index);
}

static int move_one(const struct net_device *device, int here, int there, int netns,
                    struct error **err)
{
	const char *name = device->name && *device->name ? device->name : device->host_name;
	struct address_list addresses = { 0 };
	_cleanup_free_ struct address *items = NULL;
	int result;

	if (find_device(here, device->host_name, &addresses.index) < 0)
		return no_such_device(device, err);
	result = read_addresses(here, &addresses);
	items = addresses.items;
	if (result < 0)
		return error_set(err, errno, "linux.netDevices[%s]: cannot read its addresses",
		                 device->host_name);
	if (move_device(here, addresses.index, name, netns) < 0) {
		error_set(err, errno, "linux.netDevices[%s]: cannot move it", device->host_name);
		if (errno == EEXIST)
			return error_hint(err, "the container has a device %s already", name);
		if (errno == EPERM)
			return error_hint(err, "it takes root of the host's network namespace");
		return -1;
	}
	if (set_up(there, name, &addresses) < 0)
		return error_set(err, errno, "linux.netDevices[%s]: cannot set it up again",
		                 device->host_name);
	return 0;
}

int net_devices_move(const struct linux_config *config, int netns, struct error **err)
{
	_cleanup_fd_ int here = rtnl_open(), there = open_there(netns);

	if (here < 0 || there < 0)
		return error_set(err, errno,
		                 "linux.netDevices: cannot enter the network namespace");
	for (size_t i = 0; i < config->net_devices.count; i++)
		if (move_one(&config->net_devices.items[i], here, there, netns, err) < 0)
			return -1;
	return 0;
}
