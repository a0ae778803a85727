/* SPDX-License-Identifier: Apache-2.0 */
/* Which frames of the container's reach libslirp, and which are answers to published UDP ports. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "net/plan.h"

/* A UDP packet between the container and somebody who uses a published port; no padding. */
struct udp_flow {
	uint16_t family;
	uint8_t peer[16];         /* as the container sees it; network order */
	uint16_t peer_port, port; /* port: the container's */
};

enum frame_verdict {
	FRAME_PASS,
	FRAME_DROP,
};

/*
 * frame_judge - whether libslirp may see a frame from the container
 *
 * It connects to whatever address a packet is for. Addresses that mean the host itself to connect(2)
 * (127/8, 0.0.0.0, ::1, ::, and IPv4 in IPv6) are no way to the host's loopback. Fragments are dropped.
 */
enum frame_verdict frame_judge(const uint8_t *frame, size_t length);

/*
 * frame_udp - take a UDP packet apart
 * @to_container:	whose addresses are the peer's: those it comes from, else those it goes to
 * @payload:	gets where its data begins; @payload_length how much it is
 *
 * Return: false when it is no whole, unfragmented UDP packet.
 */
bool frame_udp(const uint8_t *frame, size_t length, bool to_container, struct udp_flow *flow,
               const uint8_t **payload, size_t *payload_length);
