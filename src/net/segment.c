/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation: headers are read and written byte by byte at their offsets, so that nothing
 * depends on alignment. Everything that is read is bounds-checked: the container is hostile.
 */
#include "net/segment.h"

#include <netinet/ip.h>
#include <netinet/ip6.h>
#include <string.h>

#include "net/bytes.h"

#define IPV4_MIN      20u
#define IPV6_MIN      40u
#define TCP_MIN       20u
#define TCP_CHECKSUM  16u /* its offset */
#define UDP_CHECKSUM  6u
#define FRAGMENT_BITS 0x3fffu /* more fragments, and the offset */
#define DONT_FRAGMENT 0x4000u
#define TTL           64u
#define OPTION_END    0u
#define OPTION_NOP    1u
#define OPTION_MSS    2u
#define OPTION_SCALE  3u
#define SCALE_MAX     14 /* RFC 7323, section 2.3 */
#define SYN_OPTIONS   8u /* MSS, NOP, window scale */

bool segment_is_tcp(const uint8_t *frame, size_t length)
{
	if (length < ETH_HLEN + IPV4_MIN)
		return false;
	switch (read_u16(frame + 12)) {
	case ETHERTYPE_IP:
		return frame[ETH_HLEN + 9] == IPPROTO_TCP;
	case ETHERTYPE_IPV6:
		return frame[ETH_HLEN + 6] == IPPROTO_TCP;
	default:
		return false;
	}
}

static bool parse_ipv4(const uint8_t *packet, size_t length, struct tcp_flow *flow, size_t *header,
                       size_t *total)
{
	if (length < IPV4_MIN || packet[0] >> 4 != 4)
		return false;
	*header = (packet[0] & 15u) * 4u;
	*total = read_u16(packet + 2);
	if (*header < IPV4_MIN || *total < *header || *total > length ||
	    (read_u16(packet + 6) & FRAGMENT_BITS))
		return false;
	flow->family = AF_INET;
	memcpy(flow->local, packet + 12, 4);
	memcpy(flow->peer, packet + 16, 4);
	return true;
}

static bool parse_ipv6(const uint8_t *packet, size_t length, struct tcp_flow *flow, size_t *header,
                       size_t *total)
{
	if (length < IPV6_MIN || packet[0] >> 4 != 6)
		return false;
	*header = IPV6_MIN;
	*total = IPV6_MIN + read_u16(packet + 4);
	if (*total > length)
		return false;
	flow->family = AF_INET6;
	memcpy(flow->local, packet + 8, 16);
	memcpy(flow->peer, packet + 24, 16);
	return true;
}

static void parse_options(const uint8_t *options, size_t length, struct segment *segment)
{
	size_t at = 0;

	segment->scale = -1;
	while (at < length && options[at] != OPTION_END) {
		size_t size = options[at] == OPTION_NOP ? 1 : at + 1 < length ? options[at + 1] : 0;

		if (size == 0 || (size == 1 && options[at] != OPTION_NOP) || at + size > length)
			return;
		if (options[at] == OPTION_MSS && size == 4)
			segment->mss = read_u16(options + at + 2);
		if (options[at] == OPTION_SCALE && size == 3)
			segment->scale = options[at + 2] > SCALE_MAX ? SCALE_MAX : options[at + 2];
		at += size;
	}
}

static bool parse_tcp(const uint8_t *tcp, size_t length, struct segment *segment)
{
	size_t header;

	if (length < TCP_MIN)
		return false;
	header = (tcp[12] >> 4) * 4u;
	if (header < TCP_MIN || header > length)
		return false;
	segment->flow.local_port = read_u16(tcp);
	segment->flow.peer_port = read_u16(tcp + 2);
	segment->sequence = read_u32(tcp + 4);
	segment->acknowledged = read_u32(tcp + 8);
	segment->flags = tcp[13];
	segment->window = read_u16(tcp + 14);
	parse_options(tcp + TCP_MIN, header - TCP_MIN, segment);
	segment->payload = tcp + header;
	segment->length = (uint32_t)(length - header);
	return segment->flow.local_port != 0 && segment->flow.peer_port != 0;
}

bool segment_parse(const uint8_t *frame, size_t length, struct segment *segment)
{
	const uint8_t *packet = frame + ETH_HLEN;
	size_t header, total;

	memset(segment, 0, sizeof(*segment));
	if (!segment_is_tcp(frame, length))
		return false;
	memcpy(segment->ethernet.gateway, frame, ETH_ALEN);
	memcpy(segment->ethernet.container, frame + ETH_ALEN, ETH_ALEN);
	length -= ETH_HLEN;
	if (read_u16(frame + 12) == ETHERTYPE_IP
	            ? !parse_ipv4(packet, length, &segment->flow, &header, &total)
	            : !parse_ipv6(packet, length, &segment->flow, &header, &total))
		return false;
	return parse_tcp(packet + header, total - header, segment);
}

/* --- writing --------------------------------------------------------------------------------- */

static size_t write_ip(const struct segment *segment, size_t tcp_length, uint8_t *packet)
{
	const struct tcp_flow *flow = &segment->flow;

	if (flow->family == AF_INET6) {
		memset(packet, 0, IPV6_MIN);
		packet[0] = 6 << 4;
		write_u16(packet + 4, (uint16_t)tcp_length);
		packet[6] = IPPROTO_TCP;
		packet[7] = TTL;
		memcpy(packet + 8, flow->peer, 16);
		memcpy(packet + 24, flow->local, 16);
		return IPV6_MIN;
	}
	memset(packet, 0, IPV4_MIN);
	packet[0] = 4 << 4 | IPV4_MIN / 4;
	write_u16(packet + 2, (uint16_t)(IPV4_MIN + tcp_length));
	write_u16(packet + 6, DONT_FRAGMENT);
	packet[8] = TTL;
	packet[9] = IPPROTO_TCP;
	memcpy(packet + 12, flow->peer, 4);
	memcpy(packet + 16, flow->local, 4);
	write_u16(packet + 10, (uint16_t)~sum_fold(sum_bytes(packet, IPV4_MIN, 0)));
	return IPV4_MIN;
}

/* Both have their address pair at the end of the header, and so has the pseudo header. */
static uint16_t pseudo_sum(const uint8_t *packet, size_t ip_length, size_t tcp_length)
{
	const size_t addresses = ip_length == IPV4_MIN ? 8 : 32;
	uint32_t sum = IPPROTO_TCP + (uint32_t)tcp_length;

	return sum_fold(sum_bytes(packet + ip_length - addresses, addresses, sum));
}

static size_t write_tcp(const struct segment *segment, uint8_t *tcp)
{
	const size_t options = segment->flags & TCP_SYN ? SYN_OPTIONS : 0;

	memset(tcp, 0, TCP_MIN + options);
	write_u16(tcp, segment->flow.peer_port);
	write_u16(tcp + 2, segment->flow.local_port);
	write_u32(tcp + 4, segment->sequence);
	write_u32(tcp + 8, segment->acknowledged);
	tcp[12] = (uint8_t)((TCP_MIN + options) / 4 << 4);
	tcp[13] = segment->flags;
	write_u16(tcp + 14, (uint16_t)segment->window);
	if (options == 0)
		return TCP_MIN;
	tcp[TCP_MIN] = OPTION_MSS;
	tcp[TCP_MIN + 1] = 4;
	write_u16(tcp + TCP_MIN + 2, segment->mss);
	tcp[TCP_MIN + 4] = OPTION_NOP;
	if (segment->scale < 0) {
		memset(tcp + TCP_MIN + 5, OPTION_NOP, 3);
	} else {
		tcp[TCP_MIN + 5] = OPTION_SCALE;
		tcp[TCP_MIN + 6] = 3;
		tcp[TCP_MIN + 7] = (uint8_t)segment->scale;
	}
	return TCP_MIN + SYN_OPTIONS;
}

size_t segment_header(const struct segment *segment, uint16_t mss,
                      uint8_t header[SEGMENT_HEADER_MAX])
{
	struct virtio_net_hdr prefix = { .flags = VIRTIO_NET_HDR_F_NEEDS_CSUM };
	const bool six = segment->flow.family == AF_INET6;
	const size_t ip_length = six ? IPV6_MIN : IPV4_MIN;
	uint8_t *ethernet = header + FRAME_PREFIX, *ip = ethernet + ETH_HLEN, *tcp = ip + ip_length;
	const size_t tcp_length = write_tcp(segment, tcp);

	memcpy(ethernet, segment->ethernet.container, ETH_ALEN);
	memcpy(ethernet + ETH_ALEN, segment->ethernet.gateway, ETH_ALEN);
	write_u16(ethernet + 12, six ? ETHERTYPE_IPV6 : ETHERTYPE_IP);
	write_ip(segment, tcp_length + segment->length, ip);
	write_u16(tcp + TCP_CHECKSUM, pseudo_sum(ip, ip_length, tcp_length + segment->length));
	prefix.csum_start = (uint16_t)(ETH_HLEN + ip_length);
	prefix.csum_offset = TCP_CHECKSUM;
	if (segment->length > mss) {
		prefix.gso_type = six ? VIRTIO_NET_HDR_GSO_TCPV6 : VIRTIO_NET_HDR_GSO_TCPV4;
		prefix.gso_size = mss;
		prefix.hdr_len = (uint16_t)(ETH_HLEN + ip_length + tcp_length);
	}
	memcpy(header, &prefix, sizeof(prefix));
	return FRAME_PREFIX + ETH_HLEN + ip_length + tcp_length;
}

/* Where what an IP header carries begins at the earliest; 0: it is no IP. */
static size_t payload_offset(const uint8_t *frame)
{
	switch (read_u16(frame + 12)) {
	case ETHERTYPE_IP:
		return ETH_HLEN + IPV4_MIN;
	case ETHERTYPE_IPV6:
		return ETH_HLEN + IPV6_MIN;
	default:
		return 0;
	}
}

bool frame_complete(const struct virtio_net_hdr *prefix, uint8_t *frame, size_t length)
{
	const size_t start = prefix->csum_start, at = start + prefix->csum_offset;
	uint16_t sum;

	if (prefix->gso_type != VIRTIO_NET_HDR_GSO_NONE)
		return false;
	if (!(prefix->flags & VIRTIO_NET_HDR_F_NEEDS_CSUM))
		return true;
	if (length < ETH_HLEN || start > length || at + 2 > length)
		return false;
	/* The container chooses offset and sum (PACKET_VNET_HDR): addresses have been judged. */
	if (payload_offset(frame) == 0 || start < payload_offset(frame))
		return false;
	/* With IPv4 UDP needs none (RFC 768), and libslirp would only check it. */
	if (read_u16(frame + 12) == ETHERTYPE_IP && prefix->csum_offset == UDP_CHECKSUM) {
		write_u16(frame + at, 0);
		return true;
	}
	/* The pseudo header's sum is there already. */
	sum = (uint16_t)~sum_fold(sum_bytes(frame + start, length - start, 0));
	write_u16(frame + at, sum ? sum : 0xffff);
	return true;
}
