/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation: connect(2) takes some addresses for the host itself (127/8, 0.0.0.0, ::1, ::,
 * IPv4 in IPv6): the filter drops frames to them (filter.h), so that here only the addresses of the
 * container's own network are to be decided. All but two of them are nobody.
 */
#include "net/destination.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/file.h"

#define RESOLV_CONF      "/etc/resolv.conf"
#define RESOLV_CONF_SIZE (64u * 1024)
#define NAMESERVER       "nameserver"
#define DOMAIN_PORT      53

/* --- out ------------------------------------------------------------------------------------- */

/* The first name server of that family that the host has. */
static bool find_nameserver(int family, uint8_t address[16])
{
	_cleanup_free_ char *text = NULL;
	char *rest = NULL;

	if (file_read_at(AT_FDCWD, RESOLV_CONF, RESOLV_CONF_SIZE, &text) < 0)
		return false;
	for (char *line = strtok_r(text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
		char *word = NULL, *key = strtok_r(line, " \t", &word);
		const char *value = key ? strtok_r(NULL, " \t", &word) : NULL;

		if (value && strcmp(key, NAMESERVER) == 0 && inet_pton(family, value, address) == 1)
			return true;
	}
	return false;
}

static bool in_network(const struct net_plan *plan, const struct tcp_flow *flow)
{
	in_addr_t address;

	if (flow->family == AF_INET6)
		return memcmp(flow->peer, &plan->network6, plan->prefix6 / 8) == 0;
	memcpy(&address, flow->peer, sizeof(address));
	return (address & plan->netmask.s_addr) == plan->network.s_addr;
}

/* Whether the container may connect there; @address becomes the host's idea of it. */
static bool translate(const struct net_plan *plan, const struct tcp_flow *flow, uint8_t address[16])
{
	const bool six = flow->family == AF_INET6;
	const void *gateway = six ? (const void *)&plan->gateway6 : &plan->gateway;
	const void *nameserver = six ? (const void *)&plan->nameserver6 : &plan->nameserver;
	const struct in_addr loopback = { htonl(INADDR_LOOPBACK) };
	const size_t size = six ? 16 : 4;

	memcpy(address, flow->peer, 16);
	if (!in_network(plan, flow))
		return true;
	if (memcmp(address, nameserver, size) == 0)
		return plan->dns && flow->peer_port == DOMAIN_PORT &&
		       find_nameserver(flow->family, address);
	if (memcmp(address, gateway, size) != 0 || !plan->allow_host_loopback)
		return false;
	memcpy(address, six ? (const void *)&in6addr_loopback : &loopback, size);
	return true;
}

static int bind_outbound(const struct net_plan *plan, bool six, int fd)
{
	struct net_port source = { .family = six ? AF_INET6 : AF_INET };
	struct sockaddr_storage address;
	socklen_t length;

	if (six ? !plan->has_outbound6 : !plan->has_outbound)
		return 0;
	memcpy(source.address, six ? (const void *)&plan->outbound6 : &plan->outbound,
	       six ? 16 : 4);
	length = net_port_sockaddr(&source, &address);
	return bind(fd, (struct sockaddr *)&address, length);
}

int destination_open(const struct net_plan *plan, const struct tcp_flow *flow, bool *connected)
{
	struct net_port peer = { .family = (uint8_t)flow->family, .host_port = flow->peer_port };
	struct sockaddr_storage address;
	_cleanup_fd_ int fd = -1;
	socklen_t length;

	if ((flow->family == AF_INET6 && !plan->ipv6) || !translate(plan, flow, peer.address)) {
		errno = EACCES;
		return -1;
	}
	length = net_port_sockaddr(&peer, &address);
	fd = socket(flow->family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0 || bind_outbound(plan, flow->family == AF_INET6, fd) < 0)
		return -1;
	*connected = connect(fd, (struct sockaddr *)&address, length) == 0;
	return *connected || errno == EINPROGRESS ? take_fd(&fd) : -1;
}

/* --- in -------------------------------------------------------------------------------------- */

static void take_client(const struct sockaddr_storage *client, struct tcp_flow *flow)
{
	const struct sockaddr_in *four = (const struct sockaddr_in *)client;
	const struct sockaddr_in6 *six = (const struct sockaddr_in6 *)client;

	if (flow->family == AF_INET) {
		memcpy(flow->peer, &four->sin_addr, 4);
		flow->peer_port = ntohs(four->sin_port);
	} else {
		memcpy(flow->peer, &six->sin6_addr, 16);
		flow->peer_port = ntohs(six->sin6_port);
	}
}

/* Addresses that mean something else to the container than to the host. */
static bool is_local(const struct tcp_flow *flow)
{
	struct in6_addr address;

	memcpy(&address, flow->peer, sizeof(address));
	return flow->family == AF_INET
	               ? flow->peer[0] == IN_LOOPBACKNET
	               : IN6_IS_ADDR_LOOPBACK(&address) || IN6_IS_ADDR_LINKLOCAL(&address);
}

void source_flow(const struct net_plan *plan, const struct net_port *port,
                 const struct sockaddr_storage *client, struct tcp_flow *flow)
{
	const bool six = port->family == AF_INET6;
	const size_t size = six ? 16 : 4;

	/* Flows are compared as bytes. */
	memset(flow, 0, sizeof(*flow));
	flow->family = port->family;
	flow->local_port = port->container_port;
	memcpy(flow->local, six ? (const void *)&plan->address6 : &plan->address, size);
	take_client(client, flow);
	if (is_local(flow))
		memcpy(flow->peer, six ? (const void *)&plan->gateway6 : &plan->gateway, size);
}

void source_ethernet(const struct net_plan *plan, struct ethernet_pair *ethernet)
{
	/* As libslirp makes it from the gateway's address. */
	ethernet->gateway[0] = 0x52;
	ethernet->gateway[1] = 0x55;
	memcpy(ethernet->gateway + 2, &plan->gateway, 4);
	memcpy(ethernet->container, plan->mac, ETH_ALEN);
}
