/* SPDX-License-Identifier: Apache-2.0 */
/*
 * For tests of the network helper's TCP: we are the container behind its tap, and a server on the
 * host. Whoever includes it has included cmocka.h before.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "net/plan.h"
#include "net/segment.h"
#include "net/tcp.h"

#define ROOM       (FRAME_PREFIX + 65600)
#define OUR_PORT   40000
#define OUR_START  1000u /* our first sequence number */
#define OUR_WINDOW 65535u

struct world {
	struct net_plan plan;
	struct tcp *tcp;
	int tap, epoll; /* tap: our end */
	int helper_tap;
	int listener, server; /* server: the accepted connection */
	uint16_t port;
	uint16_t our_port;
	int scale; /* of our window; -1: the option is not there */
	uint16_t mss;
	int64_t now;
	uint32_t sequence, acknowledged; /* ours; what we have seen of the helper's */
	uint8_t frame[ROOM];             /* what came last */
};

void make_world(struct world *world, uint32_t connections);
void end_world(struct world *world);
void turn(struct world *world);
/* @after milliseconds later. */
void pass_time(struct world *world, int after);
/* A segment of the container's: headers by the helper's own writer, with the sides exchanged. */
size_t make_frame(const struct world *world, uint16_t port, uint8_t flags, const void *data,
                  uint32_t length, uint8_t *frame);
void say_to(struct world *world, uint16_t port, uint8_t flags, const void *data, uint32_t length);
void say(struct world *world, uint8_t flags, const char *data);
/*
 * What the helper says next, read as if it came from the container: @local is the server's side.
 * Return: false when it says nothing.
 */
bool hear(struct world *world, struct segment *segment);
void hear_flags(struct world *world, uint8_t flags, struct segment *segment);
void hear_data(struct world *world, const char *data);
void hear_nothing(struct world *world);
void open_connection(struct world *world);
void serve(struct world *world, const char *data);
void expect_at_server(const struct world *world, const char *data);
/* With the window that the container has. */
void say_window(struct world *world, uint16_t window);
