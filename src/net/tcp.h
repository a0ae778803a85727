/* SPDX-License-Identifier: Apache-2.0 */
/* The container's TCP connections, each of them ended here and gone on with by a socket of the host's. */
#pragma once

#include "net/ports.h"
#include "net/segment.h"

struct tcp;

/* Events of connections have this bit in their data, and the connection's number below it. */
#define TCP_EVENT (UINT64_C(1) << 32)

struct tcp_setup {
	const struct net_plan *plan; /* borrowed */
	int tap, epoll;
	uint32_t connections; /* at most so many */
	uint64_t memory; /* for the queues of all, beyond the least that each of them can have */
};

/* Return: NULL with errno. */
struct tcp *tcp_new(const struct tcp_setup *setup);

void tcp_free(struct tcp *tcp);

/* Whether more connections may be had beside @other sockets. */
void tcp_leave_room(struct tcp *tcp, uint32_t other);

/* A frame of the container's for which segment_is_tcp(). What it asks for may wait for tcp_flush(). */
void tcp_frame(struct tcp *tcp, const uint8_t *frame, size_t length);

/* What epoll(7) says about a connection's socket. */
void tcp_event(struct tcp *tcp, uint32_t number, uint32_t events);

/* Take the connections that wait at a published port. */
void tcp_accept(struct tcp *tcp, int listener, const struct net_port *port);

/* Send what is due. Return: whether there is more to do at once. */
bool tcp_flush(struct tcp *tcp);

/* What time it is, in milliseconds, for the calls above. */
void tcp_set_time(struct tcp *tcp, int64_t now);

/* Milliseconds until tcp_timers() has to be called; -1: nothing waits for time. */
int tcp_timeout(const struct tcp *tcp, int64_t now);

/* What was not answered in time. By then all that has come should have been taken. */
void tcp_timers(struct tcp *tcp);
