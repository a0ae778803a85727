/* SPDX-License-Identifier: Apache-2.0 */
/* The table of TCP connections, and the memory of their queues: what net/tcp.c works on. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "net/ring.h"
#include "net/segment.h"
#include "net/tcp.h"

#define TCP_BUCKETS 16384u /* a power of two */

enum connection_state {
	FREE,
	CONNECTING,   /* the socket does, for a SYN of the container's */
	SYN_RECEIVED, /* connected, and the container has our SYN and ACK */
	SYN_SENT,     /* accepted from a published port */
	ESTABLISHED,
};

struct connection {
	uint32_t next; /* in its bucket, or of the free ones */
	int fd;
	struct tcp_flow flow;
	struct ethernet_pair ethernet;
	enum connection_state state;

	/* To the container. */
	struct ring unacknowledged;     /* from byte @first on */
	uint32_t appetite;              /* how much is read at once: more while there is more */
	uint32_t first, sent, furthest; /* sequence numbers: @sent goes back to send again */
	uint32_t recover;               /* @furthest when duplicates made us do that */
	uint32_t window;
	uint8_t scale; /* of @window */
	uint16_t mss;

	/* From the container. */
	struct ring unsent;
	uint32_t expected, acknowledged; /* sequence numbers; @acknowledged is what we said last */

	int64_t deadline; /* ms: something is to be acknowledged until then; 0: nothing */
	uint8_t tries, duplicates;

	bool scaled;   /* the container knows window scaling */
	bool readable; /* as far as we know */
	bool hung_up;  /* no event will say that there is more */
	bool host_ended, container_ended;
	bool fin_sent, fin_acknowledged;
	bool ack_due;
	bool recovering; /* duplicates mean what is sent again, and not that something was lost */
	bool pending;    /* in tcp->pending */
};

struct tcp {
	struct tcp_setup setup;
	struct connection *connections;
	uint32_t count, used; /* open; ever used */
	uint32_t limit, free;
	uint64_t held; /* memory in the queues of all */
	int spare;     /* a file to give up when there is none left */
	uint32_t *pending;
	uint32_t pending_count;
	int64_t now;
	int64_t last_tick, next_tick; /* when all were looked at, and when they are to be again */
	uint32_t seed; /* of the hash: the container chooses addresses, not buckets */
	uint32_t buckets[TCP_BUCKETS];
};

static inline uint32_t smaller(uint32_t a, uint32_t b)
{
	return a < b ? a : b;
}

/* What the container cannot foresee, where that does not matter much. */
uint32_t tcp_random(void);

/* Return: NULL when there is none of that flow. */
struct connection *connection_find(struct tcp *tcp, const struct tcp_flow *flow);

/* Return: NULL when there are too many; otherwise @fd is the connection's. */
struct connection *connection_add(struct tcp *tcp, const struct tcp_flow *flow, int fd);

/* Close its socket and give its memory back. */
void connection_release(struct tcp *tcp, struct connection *connection);

uint32_t connection_number(const struct tcp *tcp, const struct connection *connection);

/* tcp_flush() is to look at it. */
void connection_make_pending(struct tcp *tcp, struct connection *connection);

/* @deadline in milliseconds of tcp->now; 0: none. */
void connection_set_deadline(struct tcp *tcp, struct connection *connection, int64_t deadline);

/*
 * All connections are to be looked at, at @when in milliseconds: there are so many that this is not
 * done more often than once in a tick.
 */
void tcp_look_at(struct tcp *tcp, int64_t when);

/*
 * Room for @wanted more bytes in a queue, or for as many as it gets: the least that a queue can be
 * it gets in any case, so that no connections, by having a lot, keep others from having anything.
 * Return: how many.
 */
uint32_t queue_reserve(struct tcp *tcp, struct ring *queue, uint32_t wanted);

/* Forget the first @count bytes of a queue; when it is empty, its memory may go soon. */
void queue_drop(struct tcp *tcp, struct ring *queue, uint32_t count);

/* Give the memory of a queue back at once. */
void queue_free(struct tcp *tcp, struct ring *queue);
