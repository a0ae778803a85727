/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation: only the fixed part of the IP header is looked at, so that options do not
 * change what an address means. Fragments go nowhere: an interface with our MTU makes none but of
 * the very largest datagrams. Everything is bounds-checked: the container is hostile.
 */
#include "net/filter.h"

#include <net/ethernet.h>
#include <netinet/ip.h>
#include <netinet/ip6.h>
#include <string.h>

#include "net/bytes.h"

#define IPV4_MIN      20u
#define IPV6_MIN      40u
#define UDP_MIN       8u
#define FRAGMENT_BITS 0x3fffu /* more fragments, and the offset */

static bool is_host4(const uint8_t address[4])
{
	static const uint8_t broadcast[4] = { 255, 255, 255, 255 };

	return address[0] == 127 || address[0] == 0 || memcmp(address, broadcast, 4) == 0;
}

static bool is_host6(const struct in6_addr *address)
{
	return IN6_IS_ADDR_LOOPBACK(address) || IN6_IS_ADDR_UNSPECIFIED(address) ||
	       IN6_IS_ADDR_V4MAPPED(address) || IN6_IS_ADDR_V4COMPAT(address);
}

/* Others, extension headers of IPv6 among them, have no use here. */
static bool is_known(uint8_t protocol, uint8_t icmp)
{
	return protocol == IPPROTO_TCP || protocol == IPPROTO_UDP || protocol == icmp;
}

enum frame_verdict frame_judge(const uint8_t *frame, size_t length)
{
	const uint8_t *packet = frame + ETH_HLEN;
	struct in6_addr address;

	if (length < ETH_HLEN)
		return FRAME_DROP;
	switch (read_u16(frame + 12)) {
	case ETHERTYPE_ARP:
		return FRAME_PASS;
	case ETHERTYPE_IP:
		if (length < ETH_HLEN + IPV4_MIN || packet[0] >> 4 != 4)
			return FRAME_DROP;
		/* Malformed ones crash libslirp 4.7 (ip_reass). */
		if (read_u16(packet + 6) & FRAGMENT_BITS)
			return FRAME_DROP;
		return is_known(packet[9], IPPROTO_ICMP) && !is_host4(packet + 16) ? FRAME_PASS
		                                                                   : FRAME_DROP;
	case ETHERTYPE_IPV6:
		if (length < ETH_HLEN + IPV6_MIN || packet[0] >> 4 != 6)
			return FRAME_DROP;
		memcpy(&address, packet + 24, sizeof(address));
		return is_known(packet[6], IPPROTO_ICMPV6) && !is_host6(&address) ? FRAME_PASS
		                                                                  : FRAME_DROP;
	default:
		return FRAME_DROP;
	}
}

static bool find_udp4(const uint8_t *packet, size_t length, bool to_container,
                      struct udp_flow *flow, const uint8_t **udp, size_t *udp_length)
{
	size_t header, total;

	if (length < IPV4_MIN)
		return false;
	header = (packet[0] & 15u) * 4u;
	total = read_u16(packet + 2);
	if (packet[0] >> 4 != 4 || header < IPV4_MIN || total < header + UDP_MIN ||
	    total > length || packet[9] != IPPROTO_UDP || (read_u16(packet + 6) & FRAGMENT_BITS))
		return false;
	flow->family = AF_INET;
	memcpy(flow->peer, packet + (to_container ? 12 : 16), 4);
	*udp = packet + header;
	*udp_length = total - header;
	return true;
}

static bool find_udp6(const uint8_t *packet, size_t length, bool to_container,
                      struct udp_flow *flow, const uint8_t **udp, size_t *udp_length)
{
	if (length < IPV6_MIN + UDP_MIN || packet[0] >> 4 != 6 || packet[6] != IPPROTO_UDP)
		return false;
	*udp_length = read_u16(packet + 4);
	if (*udp_length < UDP_MIN || *udp_length > length - IPV6_MIN)
		return false;
	flow->family = AF_INET6;
	memcpy(flow->peer, packet + (to_container ? 8 : 24), 16);
	*udp = packet + IPV6_MIN;
	return true;
}

bool frame_udp(const uint8_t *frame, size_t length, bool to_container, struct udp_flow *flow,
               const uint8_t **payload, size_t *payload_length)
{
	const uint8_t *udp;
	size_t udp_length;
	uint16_t type;

	memset(flow, 0, sizeof(*flow));
	if (length < ETH_HLEN)
		return false;
	type = read_u16(frame + 12);
	if (type == ETHERTYPE_IP
	            ? !find_udp4(frame + ETH_HLEN, length - ETH_HLEN, to_container, flow, &udp,
	                         &udp_length)
	            : type != ETHERTYPE_IPV6 || !find_udp6(frame + ETH_HLEN, length - ETH_HLEN,
	                                                   to_container, flow, &udp, &udp_length))
		return false;
	if (read_u16(udp + 4) < UDP_MIN || read_u16(udp + 4) > udp_length)
		return false;
	flow->peer_port = read_u16(udp + (to_container ? 0 : 2));
	flow->port = read_u16(udp + (to_container ? 2 : 0));
	*payload = udp + UDP_MIN;
	*payload_length = read_u16(udp + 4) - UDP_MIN;
	return true;
}
