/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation: a tap device is bound to the network namespace in which its file was opened.
 * Addresses are put on it without duplicate address detection and without router advertisements:
 * all that there is on the link is the helper, and what it knows is decided already.
 */
#include "net/tap.h"

#include <fcntl.h>
#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/if_tun.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "base/file.h"
#include "net/rtnetlink.h"

#define TAP_NAME "tap0"

/* What the helper does not need to be done: checksums, and TCP data cut to the size of packets. */
#define OFFLOADS ((unsigned long)(TUN_F_CSUM | TUN_F_TSO4 | TUN_F_TSO6))

static int open_tap(struct error **err)
{
	struct ifreq request = { .ifr_name = TAP_NAME,
		                 .ifr_flags = IFF_TAP | IFF_NO_PI | IFF_VNET_HDR };
	_cleanup_fd_ int fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);

	if (fd < 0)
		return error_set(err, errno, "/dev/net/tun");
	if (ioctl(fd, TUNSETIFF, &request) < 0 || ioctl(fd, TUNSETOFFLOAD, OFFLOADS) < 0)
		return error_set(err, errno, "cannot make the network interface " TAP_NAME);
	return take_fd(&fd);
}

static int add_address(int socket, uint32_t index, uint8_t family, uint32_t prefix,
                       const void *address, size_t length)
{
	const struct ifaddrmsg header = {
		.ifa_family = family,
		.ifa_prefixlen = (uint8_t)prefix,
		.ifa_flags = IFA_F_PERMANENT | IFA_F_NODAD,
		.ifa_scope = RT_SCOPE_UNIVERSE,
		.ifa_index = index,
	};
	struct rtnl_request request;

	rtnl_begin(&request, RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL, &header, sizeof(header));
	rtnl_add(&request, IFA_LOCAL, address, length);
	rtnl_add(&request, IFA_ADDRESS, address, length);
	return rtnl_do(socket, &request);
}

static int add_default_route(int socket, uint32_t index, uint8_t family, const void *gateway,
                             size_t length)
{
	const struct rtmsg header = {
		.rtm_family = family,
		.rtm_table = RT_TABLE_MAIN,
		.rtm_protocol = RTPROT_BOOT,
		.rtm_scope = RT_SCOPE_UNIVERSE,
		.rtm_type = RTN_UNICAST,
	};
	struct rtnl_request request;

	rtnl_begin(&request, RTM_NEWROUTE, NLM_F_CREATE | NLM_F_EXCL, &header, sizeof(header));
	rtnl_add(&request, RTA_GATEWAY, gateway, length);
	rtnl_add(&request, RTA_OIF, &index, sizeof(index));
	return rtnl_do(socket, &request);
}

static int raise_link(int socket, uint32_t index, const struct net_plan *plan)
{
	struct rtnl_request request;

	rtnl_begin_up(&request, index);
	rtnl_add(&request, IFLA_MTU, &plan->mtu, sizeof(plan->mtu));
	rtnl_add(&request, IFLA_ADDRESS, plan->mac, sizeof(plan->mac));
	return rtnl_do(socket, &request);
}

static int configure4(int socket, uint32_t index, const struct net_plan *plan)
{
	if (add_address(socket, index, AF_INET, plan->prefix, &plan->address,
	                sizeof(plan->address)) < 0)
		return -1;
	return add_default_route(socket, index, AF_INET, &plan->gateway, sizeof(plan->gateway));
}

static int configure6(int socket, uint32_t index, const struct net_plan *plan)
{
	if (add_address(socket, index, AF_INET6, plan->prefix6, &plan->address6,
	                sizeof(plan->address6)) < 0)
		return -1;
	return add_default_route(socket, index, AF_INET6, &plan->gateway6, sizeof(plan->gateway6));
}

/* A kernel without IPv6, or with disable_ipv6 set for new interfaces, is no failure. */
static bool without_ipv6(int errnum)
{
	return errnum == EOPNOTSUPP || errnum == EAFNOSUPPORT || errnum == EACCES ||
	       errnum == EPERM;
}

int net_tap_make(const struct net_plan *plan, int proc_fd, struct error **err)
{
	_cleanup_fd_ int fd = open_tap(err), socket = -1;
	uint32_t index;

	if (fd < 0)
		return -1;
	socket = rtnl_open();
	index = if_nametoindex(TAP_NAME);
	if (socket < 0 || index == 0)
		return error_set(err, errno, "the network interface " TAP_NAME);
	/* Not there without IPv6. */
	file_write_at(proc_fd, "sys/net/ipv6/conf/" TAP_NAME "/accept_ra", "0");
	if (!plan->ipv6)
		file_write_at(proc_fd, "sys/net/ipv6/conf/" TAP_NAME "/disable_ipv6", "1");
	if (raise_link(socket, index, plan) < 0 || configure4(socket, index, plan) < 0)
		return error_set(err, errno, "cannot set up the network interface " TAP_NAME);
	if (plan->ipv6 && configure6(socket, index, plan) < 0 && !without_ipv6(errno))
		return error_set(err, errno, "cannot set up IPv6 on " TAP_NAME);
	return take_fd(&fd);
}
