/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation: connections are numbered slots of a table that is as large as there may be
 * connections (the kernel gives memory to those that were used), found by a hash of their addresses
 * and chained by number, as the free ones are. A slot that was released may be listed as pending
 * for a while: the list is as long as the table, and who walks it skips what is free.
 *
 * Memory goes to queues. Beyond a common limit each has the least that lets it go on, so that no
 * connection gets more than its two queues, and none is starved by others.
 */
#include "net/connection.h"

#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "base/cleanup.h"

#define NONE    UINT32_MAX
#define TICK_MS 100

uint32_t tcp_random(void)
{
	uint32_t number = 0;

	return getrandom(&number, sizeof(number), GRND_NONBLOCK) < 0 ? 1 : number;
}

struct tcp *tcp_new(const struct tcp_setup *setup)
{
	struct tcp *tcp = calloc(1, sizeof(*tcp));

	if (!tcp)
		return NULL;
	tcp->setup = *setup;
	tcp->limit = setup->connections;
	tcp->free = NONE;
	tcp->spare = dup(setup->epoll);
	tcp->seed = tcp_random();
	tcp->next_tick = INT64_MAX;
	memset(tcp->buckets, 0xff, sizeof(tcp->buckets));
	/* Pages that are not touched are not there. */
	tcp->connections = calloc(setup->connections, sizeof(*tcp->connections));
	tcp->pending = calloc(setup->connections, sizeof(*tcp->pending));
	if (tcp->connections && tcp->pending)
		return tcp;
	tcp_free(tcp);
	return NULL;
}

void tcp_leave_room(struct tcp *tcp, uint32_t other)
{
	tcp->limit = tcp->setup.connections > other ? tcp->setup.connections - other : 0;
}

uint32_t connection_number(const struct tcp *tcp, const struct connection *connection)
{
	return (uint32_t)(connection - tcp->connections);
}

static uint32_t *bucket_of(struct tcp *tcp, const struct tcp_flow *flow)
{
	const uint8_t *bytes = (const uint8_t *)flow;
	uint32_t hash = tcp->seed;

	for (size_t i = 0; i < sizeof(*flow); i++)
		hash = (hash ^ bytes[i]) * 16777619u;
	return &tcp->buckets[(hash ^ hash >> 16) & (TCP_BUCKETS - 1)];
}

struct connection *connection_find(struct tcp *tcp, const struct tcp_flow *flow)
{
	uint32_t number = *bucket_of(tcp, flow);

	while (number != NONE && memcmp(&tcp->connections[number].flow, flow, sizeof(*flow)) != 0)
		number = tcp->connections[number].next;
	return number == NONE ? NULL : &tcp->connections[number];
}

struct connection *connection_add(struct tcp *tcp, const struct tcp_flow *flow, int fd)
{
	struct connection *connection;
	uint32_t number = tcp->free, *bucket = bucket_of(tcp, flow);

	if (tcp->count >= tcp->limit)
		return NULL;
	if (number != NONE)
		tcp->free = tcp->connections[number].next;
	else
		number = tcp->used++;
	connection = &tcp->connections[number];
	*connection = (struct connection){
		.next = *bucket, .fd = fd, .flow = *flow, .pending = connection->pending
	};
	*bucket = number;
	tcp->count++;
	return connection;
}

void tcp_look_at(struct tcp *tcp, int64_t when)
{
	if (when < tcp->last_tick + TICK_MS)
		when = tcp->last_tick + TICK_MS;
	if (when < tcp->next_tick)
		tcp->next_tick = when;
}

void connection_set_deadline(struct tcp *tcp, struct connection *connection, int64_t deadline)
{
	connection->deadline = deadline;
	if (deadline)
		tcp_look_at(tcp, deadline);
}

void queue_free(struct tcp *tcp, struct ring *queue)
{
	tcp->held -= queue->size;
	ring_free(queue);
}

uint32_t queue_reserve(struct tcp *tcp, struct ring *queue, uint32_t wanted)
{
	const uint32_t before = queue->size;
	const bool enough = tcp->held < tcp->setup.memory;

	if (enough || before == 0)
		ring_reserve(queue, enough ? wanted : smaller(wanted, RING_SIZE_MIN));
	tcp->held += queue->size - before;
	tcp_look_at(tcp, tcp->now + TICK_MS);
	return smaller(wanted, queue->size - queue->length);
}

void queue_drop(struct tcp *tcp, struct ring *queue, uint32_t count)
{
	ring_drop(queue, count);
	if (queue->length == 0)
		tcp_look_at(tcp, tcp->now + TICK_MS);
}

/* The slot may be in tcp->pending: it stays there, free. */
void connection_release(struct tcp *tcp, struct connection *connection)
{
	uint32_t *link = bucket_of(tcp, &connection->flow);
	const uint32_t number = connection_number(tcp, connection);

	while (*link != number)
		link = &tcp->connections[*link].next;
	*link = connection->next;
	queue_free(tcp, &connection->unsent);
	queue_free(tcp, &connection->unacknowledged);
	close_fd(&connection->fd);
	connection->state = FREE;
	connection->next = tcp->free;
	tcp->free = number;
	tcp->count--;
}

void tcp_free(struct tcp *tcp)
{
	for (uint32_t i = 0; i < tcp->used; i++)
		if (tcp->connections[i].state != FREE)
			connection_release(tcp, &tcp->connections[i]);
	close_fd(&tcp->spare);
	free(tcp->connections);
	free(tcp->pending);
	free(tcp);
}

void connection_make_pending(struct tcp *tcp, struct connection *connection)
{
	if (connection->pending)
		return;
	connection->pending = true;
	tcp->pending[tcp->pending_count++] = connection_number(tcp, connection);
}
