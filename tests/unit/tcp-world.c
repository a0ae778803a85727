/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tcp-world.h"

#include <arpa/inet.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "base/cleanup.h"
#include "net/bytes.h"

static void make_listener(struct world *world)
{
	struct sockaddr_in address = { .sin_family = AF_INET,
		                       .sin_addr = { htonl(INADDR_LOOPBACK) } };
	socklen_t length = sizeof(address);

	world->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(world->listener, (struct sockaddr *)&address, length), 0);
	assert_int_equal(listen(world->listener, 16), 0);
	assert_int_equal(getsockname(world->listener, (struct sockaddr *)&address, &length), 0);
	world->port = ntohs(address.sin_port);
}

void make_world(struct world *world, uint32_t connections)
{
	int sockets[2];

	*world = (struct world){
		.server = -1, .our_port = OUR_PORT, .scale = -1, .mss = 1460, .now = 1000
	};
	assert_int_equal(net_plan_parse("slirp:allow-host-loopback", "x", &world->plan, NULL), 0);
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK, 0, sockets), 0);
	world->tap = sockets[0];
	world->helper_tap = sockets[1];
	world->epoll = epoll_create1(EPOLL_CLOEXEC);
	make_listener(world);
	world->tcp = tcp_new(&(struct tcp_setup){ .plan = &world->plan,
	                                          .tap = world->helper_tap,
	                                          .epoll = world->epoll,
	                                          .connections = connections,
	                                          .memory = 1024u * 1024 });
	assert_non_null(world->tcp);
	tcp_set_time(world->tcp, world->now);
}

void end_world(struct world *world)
{
	tcp_free(world->tcp);
	close_fd(&world->tap);
	close_fd(&world->helper_tap);
	close_fd(&world->epoll);
	close_fd(&world->listener);
	close_fd(&world->server);
}

/* What the helper does with news of its sockets, for which it waits some milliseconds. */
static void turn_within(struct world *world, int patience)
{
	struct epoll_event events[16];
	int n = epoll_wait(world->epoll, events, 16, patience);

	for (int i = 0; i < n; i++)
		tcp_event(world->tcp, (uint32_t)events[i].data.u64, events[i].events);
	while (tcp_flush(world->tcp))
		continue;
}

void turn(struct world *world)
{
	turn_within(world, 20);
}

void pass_time(struct world *world, int after)
{
	world->now += after;
	tcp_set_time(world->tcp, world->now);
	tcp_timers(world->tcp);
	turn_within(world, 0);
}

size_t make_frame(const struct world *world, uint16_t port, uint8_t flags, const void *data,
                  uint32_t length, uint8_t *frame)
{
	struct segment segment = {
		.flow = { .family = AF_INET, .local_port = port, .peer_port = world->our_port },
		.sequence = world->sequence,
		.acknowledged = world->acknowledged,
		.window = OUR_WINDOW,
		.flags = flags,
		.mss = world->mss,
		.scale = world->scale,
		.length = length,
	};
	uint8_t header[SEGMENT_HEADER_MAX];
	size_t size;

	memcpy(segment.flow.peer, &world->plan.address, 4);
	memcpy(segment.flow.local, &world->plan.gateway, 4);
	size = segment_header(&segment, UINT16_MAX, header) - FRAME_PREFIX;
	memcpy(frame, header + FRAME_PREFIX, size);
	if (length > 0)
		memcpy(frame + size, data, length);
	return size + length;
}

void say_to(struct world *world, uint16_t port, uint8_t flags, const void *data, uint32_t length)
{
	static uint8_t frame[ROOM];
	size_t size = make_frame(world, port, flags, data, length, frame);

	tcp_frame(world->tcp, frame, size);
	turn(world);
}

void say(struct world *world, uint8_t flags, const char *data)
{
	say_to(world, world->port, flags, data, (uint32_t)strlen(data));
}

bool hear(struct world *world, struct segment *segment)
{
	ssize_t n = recv(world->tap, world->frame, sizeof(world->frame), MSG_DONTWAIT);

	if (n < 0)
		return false;
	assert_true(segment_parse(world->frame + FRAME_PREFIX, (size_t)n - FRAME_PREFIX, segment));
	return true;
}

void hear_flags(struct world *world, uint8_t flags, struct segment *segment)
{
	assert_true(hear(world, segment));
	assert_int_equal(segment->flags & (TCP_SYN | TCP_ACK | TCP_FIN | TCP_RST), flags);
}

void hear_data(struct world *world, const char *data)
{
	struct segment segment;

	hear_flags(world, TCP_ACK, &segment);
	assert_int_equal(segment.length, strlen(data));
	assert_memory_equal(segment.payload, data, segment.length);
	assert_int_equal(segment.sequence, world->acknowledged);
}

void hear_nothing(struct world *world)
{
	struct segment segment;

	assert_false(hear(world, &segment));
}

void open_connection(struct world *world)
{
	struct segment segment;

	world->sequence = OUR_START;
	say(world, TCP_SYN, "");
	hear_flags(world, TCP_SYN | TCP_ACK, &segment);
	assert_int_equal(segment.acknowledged, OUR_START + 1);
	world->sequence++;
	world->acknowledged = segment.sequence + 1;
	say(world, TCP_ACK, "");
	world->server = accept4(world->listener, NULL, NULL, SOCK_CLOEXEC);
	assert_true(world->server >= 0);
	hear_nothing(world);
}

void serve(struct world *world, const char *data)
{
	assert_int_equal(send(world->server, data, strlen(data), MSG_NOSIGNAL), strlen(data));
	turn(world);
}

void expect_at_server(const struct world *world, const char *data)
{
	char text[256];

	assert_int_equal(recv(world->server, text, sizeof(text), MSG_DONTWAIT), strlen(data));
	assert_memory_equal(text, data, strlen(data));
}

void say_window(struct world *world, uint16_t window)
{
	static uint8_t frame[ROOM];
	size_t size = make_frame(world, world->port, TCP_ACK, NULL, 0, frame);

	write_u16(frame + ETH_HLEN + 20 + 14, window);
	tcp_frame(world->tcp, frame, size);
	turn(world);
}
