/* SPDX-License-Identifier: Apache-2.0 */
/* What the container answers to clients of a published UDP port. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "net/filter.h"
#include "net/plan.h"

#define UDP_FLOWS 4096u /* a power of two */

/* Zeroed at first. */
struct udp_flows {
	struct {
		struct udp_flow flow;
		int fd; /* borrowed: what the client sent to */
	} slots[UDP_FLOWS];
};

/*
 * udp_from_client - whether a frame to the container may be from a client of a published port
 * @flow:	gets who and what for
 */
bool udp_from_client(const struct net_plan *plan, const uint8_t *frame, size_t length,
                     struct udp_flow *flow);

/* What @flow has came by @fd: answers go that way. Another flow may be forgotten for it. */
void udp_remember(struct udp_flows *flows, const struct udp_flow *flow, int fd);

/* No answers go by @fd any more. */
void udp_forget(struct udp_flows *flows, int fd);

/*
 * udp_answer - send a frame of the container's to its client, if it is for one
 *
 * Return: whether nobody else is to get the frame: it was sent, or is for a service of libslirp's that
 * containers do not have.
 */
bool udp_answer(const struct udp_flows *flows, const struct net_plan *plan, const uint8_t *frame,
                size_t length);
