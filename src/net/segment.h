/* SPDX-License-Identifier: Apache-2.0 */
/* TCP segments in Ethernet frames, as the container's tap gives and takes them. */
#pragma once

#include <linux/virtio_net.h>
#include <net/ethernet.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* In front of every frame: what is left to do about checksums and segmentation. */
#define FRAME_PREFIX sizeof(struct virtio_net_hdr)

/* The most that is in front of a payload of ours: prefix, Ethernet, IPv6, TCP with options. */
#define SEGMENT_HEADER_MAX 128u

enum {
	TCP_FIN = 0x01,
	TCP_SYN = 0x02,
	TCP_RST = 0x04,
	TCP_PSH = 0x08,
	TCP_ACK = 0x10,
};

/* A connection, as the frames name it. Addresses are in network order, ports in ours; no padding. */
struct tcp_flow {
	uint16_t family; /* AF_INET or AF_INET6 */
	uint8_t local[16], peer[16];
	uint16_t local_port, peer_port; /* local: the container's */
};

struct ethernet_pair {
	uint8_t container[ETH_ALEN], gateway[ETH_ALEN];
};

struct segment {
	struct tcp_flow flow;
	struct ethernet_pair ethernet;
	uint32_t sequence, acknowledged;
	uint32_t window; /* as written: not scaled */
	uint8_t flags;
	uint16_t mss; /* of the options; 0: none */
	int scale;    /* of the options; -1: none */
	const uint8_t *payload;
	uint32_t length;
};

/* Whether a frame is TCP, directly behind its IP header. */
bool segment_is_tcp(const uint8_t *frame, size_t length);

/*
 * segment_parse - read a frame of the container's
 *
 * Only whole, unfragmented packets. Checksums are not looked at: there is no wire between us and the
 * kernel that made it. Return: whether it is a segment.
 */
bool segment_parse(const uint8_t *frame, size_t length, struct segment *segment);

/*
 * segment_header - write all that is in front of the payload, prefix included
 * @segment:	goes to the container; @payload is not looked at, only @length
 * @mss:	longer payloads are segmented by the kernel, for programs with smaller interfaces
 *
 * The kernel is asked to complete the checksum where it leaves the machine. Return: its length.
 */
size_t segment_header(const struct segment *segment, uint16_t mss,
                      uint8_t header[SEGMENT_HEADER_MAX]);

/*
 * frame_complete - what the container's kernel has left to its device: the checksum
 * @prefix:	of the frame
 *
 * For frames that do not stay with us. Headers up to that of IP stay as they are. Return: false when the
 * frame is not what the prefix says.
 */
bool frame_complete(const struct virtio_net_hdr *prefix, uint8_t *frame, size_t length);
