/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation: what clients send to a published port comes in through libslirp. The answers
 * could not go out that way: libslirp would not send to a client on the host's loopback while that
 * is closed to the container. So the flows that came in are remembered, and an answer to one of
 * them leaves from the socket it came in by. A flow has one slot, found by its hash; when two want
 * the same, the older one's answers go through libslirp.
 */
#include "net/udp.h"

#include <string.h>
#include <sys/socket.h>

#include "net/ports.h"

#define TFTP_SERVER_PORT   69
#define DHCPV6_SERVER_PORT 547

static size_t slot_of(const struct udp_flow *flow)
{
	const uint8_t *bytes = (const uint8_t *)flow;
	uint32_t hash = 2166136261u;

	for (size_t i = 0; i < sizeof(*flow); i++)
		hash = (hash ^ bytes[i]) * 16777619u;
	return hash & (UDP_FLOWS - 1);
}

static bool is_gateway(const struct net_plan *plan, const struct udp_flow *flow)
{
	return flow->family == AF_INET ? memcmp(flow->peer, &plan->gateway, 4) == 0
	                               : memcmp(flow->peer, &plan->gateway6, 16) == 0;
}

static bool is_nameserver(const struct net_plan *plan, const struct udp_flow *flow)
{
	return flow->family == AF_INET ? memcmp(flow->peer, &plan->nameserver, 4) == 0
	                               : memcmp(flow->peer, &plan->nameserver6, 16) == 0;
}

bool udp_from_client(const struct net_plan *plan, const uint8_t *frame, size_t length,
                     struct udp_flow *flow)
{
	const uint8_t *payload;
	size_t payload_length;

	return frame_udp(frame, length, true, flow, &payload, &payload_length) &&
	       !is_nameserver(plan, flow);
}

void udp_remember(struct udp_flows *flows, const struct udp_flow *flow, int fd)
{
	const size_t slot = slot_of(flow);

	flows->slots[slot].flow = *flow;
	flows->slots[slot].fd = fd;
}

void udp_forget(struct udp_flows *flows, int fd)
{
	for (size_t i = 0; i < UDP_FLOWS; i++)
		if (flows->slots[i].fd == fd)
			memset(&flows->slots[i], 0, sizeof(flows->slots[i]));
}

/*
 * What libslirp answers by itself has nothing to give here: there are no files, and no addresses to
 * lend. But its answers would be remembered as if a client had sent them, and open the way back.
 */
static bool is_service(const struct net_plan *plan, const struct udp_flow *flow)
{
	const bool multicast6 = flow->family == AF_INET6 && flow->peer[0] == 0xff;

	return (flow->peer_port == DHCPV6_SERVER_PORT && multicast6) ||
	       (flow->peer_port == TFTP_SERVER_PORT && is_gateway(plan, flow));
}

/* The address of the peer on our side, where the gateway stands for the host. */
static socklen_t peer_address(const struct net_plan *plan, const struct udp_flow *flow,
                              struct sockaddr_storage *address)
{
	struct net_port peer = { .family = flow->family, .host_port = flow->peer_port };

	memcpy(peer.address, flow->peer, sizeof(peer.address));
	if (is_gateway(plan, flow) && flow->family == AF_INET)
		memcpy(peer.address, &(struct in_addr){ htonl(INADDR_LOOPBACK) }, 4);
	else if (is_gateway(plan, flow))
		memcpy(peer.address, &in6addr_loopback, 16);
	return net_port_sockaddr(&peer, address);
}

bool udp_answer(const struct udp_flows *flows, const struct net_plan *plan, const uint8_t *frame,
                size_t length)
{
	struct sockaddr_storage address;
	const uint8_t *payload;
	size_t payload_length, slot;
	struct udp_flow flow;
	socklen_t address_length;

	if (!frame_udp(frame, length, false, &flow, &payload, &payload_length))
		return false;
	if (is_service(plan, &flow))
		return true;
	slot = slot_of(&flow);
	if (memcmp(&flows->slots[slot].flow, &flow, sizeof(flow)) != 0)
		return false;
	address_length = peer_address(plan, &flow, &address);
	sendto(flows->slots[slot].fd, payload, payload_length, MSG_DONTWAIT | MSG_NOSIGNAL,
	       (struct sockaddr *)&address, address_length);
	return true;
}
