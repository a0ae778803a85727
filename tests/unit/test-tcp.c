/* SPDX-License-Identifier: Apache-2.0 */
/* The network helper's TCP: we are the container behind its tap, and a server on the host. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <fcntl.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "base/cleanup.h"

#include "net/bytes.h"
#include "net/plan.h"
#include "net/ring.h"
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

/* --- the world ------------------------------------------------------------------------------- */

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

static void make_world(struct world *world, uint32_t connections)
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

static void end_world(struct world *world)
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

static void turn(struct world *world)
{
	turn_within(world, 20);
}

/* @after milliseconds later. */
static void pass_time(struct world *world, int after)
{
	world->now += after;
	tcp_set_time(world->tcp, world->now);
	tcp_timers(world->tcp);
	turn_within(world, 0);
}

/* A segment of the container's: headers by the helper's own writer, with the sides exchanged. */
static size_t make_frame(const struct world *world, uint16_t port, uint8_t flags, const void *data,
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

static void say_to(struct world *world, uint16_t port, uint8_t flags, const void *data,
                   uint32_t length)
{
	static uint8_t frame[ROOM];
	size_t size = make_frame(world, port, flags, data, length, frame);

	tcp_frame(world->tcp, frame, size);
	turn(world);
}

static void say(struct world *world, uint8_t flags, const char *data)
{
	say_to(world, world->port, flags, data, (uint32_t)strlen(data));
}

/*
 * What the helper says next, read as if it came from the container: @local is the server's side.
 * Return: false when it says nothing.
 */
static bool hear(struct world *world, struct segment *segment)
{
	ssize_t n = recv(world->tap, world->frame, sizeof(world->frame), MSG_DONTWAIT);

	if (n < 0)
		return false;
	assert_true(segment_parse(world->frame + FRAME_PREFIX, (size_t)n - FRAME_PREFIX, segment));
	return true;
}

static void hear_flags(struct world *world, uint8_t flags, struct segment *segment)
{
	assert_true(hear(world, segment));
	assert_int_equal(segment->flags & (TCP_SYN | TCP_ACK | TCP_FIN | TCP_RST), flags);
}

static void hear_data(struct world *world, const char *data)
{
	struct segment segment;

	hear_flags(world, TCP_ACK, &segment);
	assert_int_equal(segment.length, strlen(data));
	assert_memory_equal(segment.payload, data, segment.length);
	assert_int_equal(segment.sequence, world->acknowledged);
}

static void hear_nothing(struct world *world)
{
	struct segment segment;

	assert_false(hear(world, &segment));
}

static void open_connection(struct world *world)
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

static void serve(struct world *world, const char *data)
{
	assert_int_equal(send(world->server, data, strlen(data), MSG_NOSIGNAL), strlen(data));
	turn(world);
}

static void expect_at_server(const struct world *world, const char *data)
{
	char text[256];

	assert_int_equal(recv(world->server, text, sizeof(text), MSG_DONTWAIT), strlen(data));
	assert_memory_equal(text, data, strlen(data));
}

/* --- tests ----------------------------------------------------------------------------------- */

static void data_goes_both_ways_and_is_acknowledged(void **state)
{
	struct segment segment;
	struct world world;

	(void)state;
	make_world(&world, 4);
	open_connection(&world);
	say(&world, TCP_ACK, "hello");
	expect_at_server(&world, "hello");
	hear_flags(&world, TCP_ACK, &segment);
	assert_int_equal(segment.acknowledged, world.sequence + 5);
	world.sequence += 5;
	serve(&world, "answer");
	hear_data(&world, "answer");
	end_world(&world);
}

static void what_is_not_acknowledged_is_sent_again(void **state)
{
	struct world world;

	(void)state;
	make_world(&world, 4);
	open_connection(&world);
	serve(&world, "one");
	hear_data(&world, "one");
	pass_time(&world, 100);
	hear_nothing(&world);
	pass_time(&world, 150);
	hear_data(&world, "one");
	world.acknowledged += 3;
	say(&world, TCP_ACK, "");
	pass_time(&world, 10000);
	hear_nothing(&world);
	serve(&world, "two");
	hear_data(&world, "two");
	end_world(&world);
}

static void three_duplicate_acknowledgements_do_not_wait_for_time(void **state)
{
	struct world world;

	(void)state;
	make_world(&world, 4);
	open_connection(&world);
	serve(&world, "one");
	hear_data(&world, "one");
	say(&world, TCP_ACK, "");
	say(&world, TCP_ACK, "");
	hear_nothing(&world);
	say(&world, TCP_ACK, "");
	hear_data(&world, "one");
	/* Those that answer what was sent again say nothing, also when that was not all. */
	for (int i = 0; i < 6; i++)
		say(&world, TCP_ACK, "");
	hear_nothing(&world);
	serve(&world, "two");
	world.acknowledged += 3;
	hear_data(&world, "two");
	for (int i = 0; i < 6; i++)
		say(&world, TCP_ACK, "");
	hear_nothing(&world);
	/* Until something new has come through. */
	world.acknowledged += 3;
	say(&world, TCP_ACK, "");
	serve(&world, "three");
	hear_data(&world, "three");
	for (int i = 0; i < 3; i++)
		say(&world, TCP_ACK, "");
	hear_data(&world, "three");
	end_world(&world);
}

static void what_does_not_come_in_order_is_not_taken_and_overlaps_are_cut(void **state)
{
	struct segment segment;
	struct world world;

	(void)state;
	make_world(&world, 4);
	open_connection(&world);
	world.sequence += 3;
	say(&world, TCP_ACK, "def");
	hear_flags(&world, TCP_ACK, &segment);
	assert_int_equal(segment.acknowledged, OUR_START + 1);
	world.sequence -= 3;
	say(&world, TCP_ACK, "abc");
	hear_flags(&world, TCP_ACK, &segment);
	world.sequence += 1;
	say(&world, TCP_ACK, "bcde");
	hear_flags(&world, TCP_ACK, &segment);
	assert_int_equal(segment.acknowledged, OUR_START + 6);
	expect_at_server(&world, "abcde");
	end_world(&world);
}

/* With the window that the container has. */
static void say_window(struct world *world, uint16_t window)
{
	static uint8_t frame[ROOM];
	size_t size = make_frame(world, world->port, TCP_ACK, NULL, 0, frame);

	write_u16(frame + ETH_HLEN + 20 + 14, window);
	tcp_frame(world->tcp, frame, size);
	turn(world);
}

static void a_closed_window_is_kept_and_asked_about_without_end(void **state)
{
	struct world world;

	(void)state;
	make_world(&world, 4);
	open_connection(&world);
	say_window(&world, 0);
	serve(&world, "waiting");
	hear_nothing(&world);
	for (int i = 0; i < 40; i++) {
		pass_time(&world, 11000);
		hear_data(&world, "w");
		say_window(&world, 0);
		hear_nothing(&world);
	}
	say_window(&world, 100);
	hear_data(&world, "w");
	world.acknowledged++;
	hear_data(&world, "aiting");
	end_world(&world);
}

static void a_window_that_opens_brings_no_second_end(void **state)
{
	struct segment segment;
	struct world world;

	(void)state;
	make_world(&world, 4);
	open_connection(&world);
	shutdown(world.server, SHUT_WR);
	turn(&world);
	hear_flags(&world, TCP_ACK | TCP_FIN, &segment);
	world.acknowledged++;
	say_window(&world, 0);
	say_window(&world, 100);
	hear_nothing(&world);
	/* And the other direction goes on. */
	say(&world, TCP_ACK, "still here");
	expect_at_server(&world, "still here");
	hear_flags(&world, TCP_ACK, &segment);
	assert_int_equal(segment.sequence, world.acknowledged);
	end_world(&world);
}

/* Nothing has been said: there is nothing to answer, and nothing that an answer could be late for. */
static void a_closed_window_alone_does_not_end_a_connection(void **state)
{
	struct world world;

	(void)state;
	make_world(&world, 4);
	open_connection(&world);
	say_window(&world, 4);
	/* As much as there is room for: whether there is more is not known. */
	serve(&world, "abcd");
	hear_data(&world, "abcd");
	world.acknowledged += 4;
	say_window(&world, 0);
	for (int i = 0; i < 40; i++) {
		pass_time(&world, 11000);
		hear_nothing(&world);
	}
	say_window(&world, 100);
	serve(&world, "efgh");
	hear_data(&world, "efgh");
	end_world(&world);
}

/* The container's kernel asks with an old sequence number and no data (RFC 9293, section 3.8.4). */
static void whether_we_are_there_is_answered(void **state)
{
	struct segment segment;
	struct world world;

	(void)state;
	make_world(&world, 4);
	open_connection(&world);
	say(&world, TCP_ACK, "");
	hear_nothing(&world);
	world.sequence--;
	say(&world, TCP_ACK, "");
	hear_flags(&world, TCP_ACK, &segment);
	assert_int_equal(segment.acknowledged, world.sequence + 1);
	assert_int_equal(segment.length, 0);
	end_world(&world);
}

static void no_more_than_the_window_is_sent(void **state)
{
	struct world world;

	(void)state;
	make_world(&world, 4);
	open_connection(&world);
	say_window(&world, 4);
	serve(&world, "abcdefgh");
	hear_data(&world, "abcd");
	hear_nothing(&world);
	world.acknowledged += 4;
	say_window(&world, 4);
	hear_data(&world, "efgh");
	end_world(&world);
}

static void an_end_in_both_directions_frees_the_connection(void **state)
{
	struct segment segment;
	struct world world;
	char byte;

	(void)state;
	make_world(&world, 1);
	for (int i = 0; i < 3; i++) {
		open_connection(&world);
		say(&world, TCP_ACK | TCP_FIN, "bye");
		hear_flags(&world, TCP_ACK, &segment);
		assert_int_equal(segment.acknowledged, world.sequence + 4);
		world.sequence += 4;
		expect_at_server(&world, "bye");
		assert_int_equal(read(world.server, &byte, 1), 0);
		serve(&world, "last words");
		close_fd(&world.server);
		turn(&world);
		hear_data(&world, "last words");
		hear_flags(&world, TCP_ACK | TCP_FIN, &segment);
		world.acknowledged += 11;
		say(&world, TCP_ACK, "");
		hear_nothing(&world);
		assert_int_equal(tcp_timeout(world.tcp, world.now + 100000), 0);
		pass_time(&world, 100);
		assert_int_equal(tcp_timeout(world.tcp, world.now), -1);
	}
	end_world(&world);
}

/* As long as its kernel says that it is there; a server that never ends does not keep it for ever. */
static void a_half_closed_connection_lasts_while_the_container_knows_of_it(void **state)
{
	struct segment segment;
	struct world world;
	char text[16];

	(void)state;
	make_world(&world, 1);
	open_connection(&world);
	say(&world, TCP_ACK | TCP_FIN, "bye");
	hear_flags(&world, TCP_ACK, &segment);
	world.sequence += 4;
	for (int i = 0; i < 20; i++) {
		pass_time(&world, 61000);
		hear_flags(&world, TCP_ACK, &segment);
		assert_int_equal(segment.sequence, world.acknowledged - 1);
		assert_int_equal(segment.length, 0);
		say(&world, TCP_ACK, "");
		hear_nothing(&world);
	}
	serve(&world, "still here");
	hear_data(&world, "still here");
	pass_time(&world, 250);
	hear_data(&world, "still here");
	world.acknowledged += 10;
	say(&world, TCP_ACK, "");
	pass_time(&world, 61000);
	hear_flags(&world, TCP_ACK, &segment);
	say(&world, TCP_RST, "");
	/* What was said before is not lost. */
	assert_int_equal(recv(world.server, text, sizeof(text), 0), 3);
	assert_int_equal(recv(world.server, text, sizeof(text), 0), 0);
	close_fd(&world.server);
	open_connection(&world);
	end_world(&world);
}

/* Memory of queues goes back soon, and after that nothing wakes us until it is time. */
static void what_waits_for_nothing_does_not_wake_us(void **state)
{
	struct segment segment;
	struct world world;

	(void)state;
	make_world(&world, 1);
	assert_int_equal(tcp_timeout(world.tcp, world.now), -1);
	open_connection(&world);
	serve(&world, "data");
	hear_data(&world, "data");
	assert_in_range(tcp_timeout(world.tcp, world.now), 1, 200);
	world.acknowledged += 4;
	say(&world, TCP_ACK, "");
	pass_time(&world, 200);
	assert_int_equal(tcp_timeout(world.tcp, world.now), -1);
	say(&world, TCP_ACK | TCP_FIN, "");
	hear_flags(&world, TCP_ACK, &segment);
	assert_in_range(tcp_timeout(world.tcp, world.now), 10000, 100000);
	end_world(&world);
}

static void the_host_may_end_first(void **state)
{
	struct segment segment;
	struct world world;

	(void)state;
	make_world(&world, 1);
	open_connection(&world);
	shutdown(world.server, SHUT_WR);
	turn(&world);
	hear_flags(&world, TCP_ACK | TCP_FIN, &segment);
	world.acknowledged++;
	/* The container goes on for a while. */
	say(&world, TCP_ACK, "more");
	hear_flags(&world, TCP_ACK, &segment);
	expect_at_server(&world, "more");
	world.sequence += 4;
	pass_time(&world, 100000);
	hear_nothing(&world);
	say(&world, TCP_ACK | TCP_FIN, "");
	hear_flags(&world, TCP_ACK, &segment);
	assert_int_equal(segment.acknowledged, world.sequence + 1);
	/* Its place is free. */
	close_fd(&world.server);
	open_connection(&world);
	end_world(&world);
}

/* Neither has heard of the other one's end when it says its own. */
static void both_may_end_at_once(void **state)
{
	struct segment segment;
	struct world world;

	(void)state;
	make_world(&world, 1);
	open_connection(&world);
	shutdown(world.server, SHUT_WR);
	turn(&world);
	hear_flags(&world, TCP_ACK | TCP_FIN, &segment);
	say(&world, TCP_ACK | TCP_FIN, "");
	hear_flags(&world, TCP_ACK, &segment);
	assert_int_equal(segment.acknowledged, world.sequence + 1);
	world.sequence++;
	world.acknowledged++;
	say(&world, TCP_ACK, "");
	hear_nothing(&world);
	close_fd(&world.server);
	open_connection(&world);
	end_world(&world);
}

static void an_end_before_what_precedes_it_is_not_taken(void **state)
{
	struct segment segment;
	struct world world;

	(void)state;
	make_world(&world, 1);
	open_connection(&world);
	world.sequence += 3;
	say(&world, TCP_ACK | TCP_FIN, "def");
	hear_flags(&world, TCP_ACK, &segment);
	assert_int_equal(segment.acknowledged, OUR_START + 1);
	world.sequence -= 3;
	say(&world, TCP_ACK | TCP_FIN, "abcdef");
	hear_flags(&world, TCP_ACK, &segment);
	assert_int_equal(segment.acknowledged, OUR_START + 8);
	expect_at_server(&world, "abcdef");
	/* Nothing comes behind the end. */
	world.sequence += 7;
	say(&world, TCP_ACK, "ghi");
	hear_flags(&world, TCP_ACK, &segment);
	assert_int_equal(segment.acknowledged, OUR_START + 8);
	assert_int_equal(recv(world.server, world.frame, 1, MSG_DONTWAIT), 0);
	end_world(&world);
}

static void a_syn_with_data_is_taken_without_it(void **state)
{
	struct segment segment;
	struct world world;

	(void)state;
	make_world(&world, 1);
	world.sequence = OUR_START;
	say(&world, TCP_SYN, "data");
	hear_flags(&world, TCP_SYN | TCP_ACK, &segment);
	assert_int_equal(segment.acknowledged, OUR_START + 1);
	world.sequence++;
	world.acknowledged = segment.sequence + 1;
	say(&world, TCP_ACK, "data");
	hear_flags(&world, TCP_ACK, &segment);
	world.server = accept4(world.listener, NULL, NULL, SOCK_CLOEXEC);
	expect_at_server(&world, "data");
	end_world(&world);
}

static void a_syn_that_is_lost_or_comes_late_does_no_harm(void **state)
{
	struct segment first, segment;
	struct world world;

	(void)state;
	make_world(&world, 1);
	world.sequence = OUR_START;
	say(&world, TCP_SYN, "");
	hear_flags(&world, TCP_SYN | TCP_ACK, &first);
	/* The answer was lost: it comes again, for the container's sake or by itself. */
	say(&world, TCP_SYN, "");
	hear_flags(&world, TCP_SYN | TCP_ACK, &segment);
	assert_int_equal(segment.sequence, first.sequence);
	pass_time(&world, 250);
	hear_flags(&world, TCP_SYN | TCP_ACK, &segment);
	/* An answer to something else is none. */
	world.sequence++;
	world.acknowledged = first.sequence + 2;
	say(&world, TCP_ACK, "not yet");
	hear_nothing(&world);
	world.acknowledged = first.sequence + 1;
	say(&world, TCP_ACK, "");
	/* The container, which began anew, finds out that there is a connection. */
	world.sequence = 77777;
	say(&world, TCP_SYN, "");
	hear_flags(&world, TCP_ACK, &segment);
	assert_int_equal(segment.acknowledged, OUR_START + 1);
	world.sequence = OUR_START + 1;
	say(&world, TCP_ACK, "still there");
	world.server = accept4(world.listener, NULL, NULL, SOCK_CLOEXEC);
	expect_at_server(&world, "still there");
	end_world(&world);
}

static void flags_that_make_no_sense_begin_nothing(void **state)
{
	static const uint8_t bad[] = { 0, TCP_FIN, TCP_SYN | TCP_FIN, TCP_SYN | TCP_ACK, 0xc0 };
	struct segment segment;
	struct world world;

	(void)state;
	make_world(&world, 1);
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		say(&world, bad[i], "");
		assert_true(hear(&world, &segment));
		assert_true(segment.flags & TCP_RST);
	}
	say(&world, TCP_SYN | TCP_RST, "");
	hear_nothing(&world);
	fcntl(world.listener, F_SETFL, O_NONBLOCK);
	assert_int_equal(accept4(world.listener, NULL, NULL, SOCK_CLOEXEC), -1);
	end_world(&world);
}

static void what_was_never_sent_cannot_be_acknowledged(void **state)
{
	struct world world;

	(void)state;
	make_world(&world, 1);
	open_connection(&world);
	serve(&world, "abc");
	hear_data(&world, "abc");
	world.acknowledged += 4;
	say(&world, TCP_ACK, "");
	world.acknowledged -= 8;
	say(&world, TCP_ACK, "");
	world.acknowledged += 4;
	pass_time(&world, 250);
	hear_data(&world, "abc");
	end_world(&world);
}

/* How the kernel is to cut what is longer than a segment. */
static void data_is_cut_for_the_container(uint16_t mss, uint16_t expected)
{
	struct virtio_net_hdr prefix;
	struct segment segment;
	struct world world;
	char data[1001];

	memset(data, 'x', sizeof(data) - 1);
	data[sizeof(data) - 1] = '\0';
	make_world(&world, 1);
	world.mss = mss;
	open_connection(&world);
	serve(&world, data);
	hear_flags(&world, TCP_ACK, &segment);
	assert_int_equal(segment.length, 1000);
	memcpy(&prefix, world.frame, sizeof(prefix));
	assert_int_equal(prefix.gso_size, expected);
	assert_int_equal(prefix.gso_type, expected ? VIRTIO_NET_HDR_GSO_TCPV4 : 0);
	end_world(&world);
}

static void segments_are_as_large_as_the_container_says(void **state)
{
	(void)state;
	data_is_cut_for_the_container(500, 500);
	data_is_cut_for_the_container(1000, 0);
	data_is_cut_for_the_container(65535, 0);
	/* Without the option, or with one that would make a packet for each byte. */
	data_is_cut_for_the_container(0, 536);
	data_is_cut_for_the_container(1, 64);
}

static void scales_beyond_the_largest_are_that(void **state)
{
	struct segment segment;
	struct world world;
	uint8_t frame[256];
	size_t size;

	(void)state;
	make_world(&world, 1);
	for (int scale = 0; scale < 256; scale++) {
		world.scale = scale;
		size = make_frame(&world, 80, TCP_SYN, NULL, 0, frame);
		assert_true(segment_parse(frame, size, &segment));
		assert_int_equal(segment.scale, scale < 14 ? scale : 14);
	}
	end_world(&world);
}

/* Beyond the window nothing is taken, and what was taken is not forgotten. */
static void a_server_that_does_not_read_closes_the_window(void **state)
{
	static char data[60000];
	struct segment segment = { .window = 1 };
	uint32_t end = 0, received = 0;
	struct world world;
	ssize_t n;

	(void)state;
	make_world(&world, 1);
	open_connection(&world);
	for (int i = 0; i < 1000 && segment.window > 0; i++) {
		say_to(&world, world.port, TCP_ACK, data, sizeof(data));
		hear_flags(&world, TCP_ACK, &segment);
		world.sequence = segment.acknowledged;
	}
	assert_int_equal(segment.window, 0);
	say_to(&world, world.port, TCP_ACK, data, sizeof(data));
	hear_flags(&world, TCP_ACK, &segment);
	assert_int_equal(segment.acknowledged, world.sequence);
	end = world.sequence - OUR_START - 1;
	for (int i = 0; i < 1000 && received < end; i++) {
		while ((n = recv(world.server, world.frame, sizeof(world.frame), MSG_DONTWAIT)) > 0)
			received += (uint32_t)n;
		turn(&world);
	}
	assert_int_equal(received, end);
	while (hear(&world, &segment))
		continue;
	assert_true(segment.window > 0);
	end_world(&world);
}

static void an_end_that_is_lost_comes_again(void **state)
{
	struct segment segment;
	struct world world;

	(void)state;
	make_world(&world, 1);
	open_connection(&world);
	close_fd(&world.server);
	turn(&world);
	hear_flags(&world, TCP_ACK | TCP_FIN, &segment);
	pass_time(&world, 250);
	hear_flags(&world, TCP_ACK | TCP_FIN, &segment);
	end_world(&world);
}

static void resets_go_through(void **state)
{
	const struct linger at_once = { .l_onoff = 1 };
	struct segment segment;
	struct world world;
	char byte;

	(void)state;
	make_world(&world, 1);
	open_connection(&world);
	say(&world, TCP_RST, "");
	assert_int_equal(read(world.server, &byte, 1), -1);
	assert_int_equal(errno, ECONNRESET);
	close_fd(&world.server);
	open_connection(&world);
	setsockopt(world.server, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
	close_fd(&world.server);
	turn(&world);
	hear_flags(&world, TCP_RST | TCP_ACK, &segment);
	end_world(&world);
}

static void what_has_no_connection_is_refused(void **state)
{
	struct segment segment;
	struct world world;

	(void)state;
	make_world(&world, 1);
	say(&world, TCP_ACK, "data");
	hear_flags(&world, TCP_RST, &segment);
	say(&world, TCP_RST, "");
	hear_nothing(&world);
	/* Nobody listens there. */
	close_fd(&world.listener);
	say(&world, TCP_SYN, "");
	hear_flags(&world, TCP_RST | TCP_ACK, &segment);
	assert_int_equal(segment.acknowledged, world.sequence + 1);
	end_world(&world);
}

static void more_connections_than_there_are_files_for_are_refused(void **state)
{
	struct segment segment;
	struct world world;
	uint8_t frame[256];
	size_t size;

	(void)state;
	make_world(&world, 1);
	open_connection(&world);
	world.our_port++;
	size = make_frame(&world, world.port, TCP_SYN, NULL, 0, frame);
	world.our_port--;
	tcp_frame(world.tcp, frame, size);
	hear_flags(&world, TCP_RST | TCP_ACK, &segment);
	say(&world, TCP_ACK, "still there");
	expect_at_server(&world, "still there");
	end_world(&world);
}

static void the_hosts_loopback_is_out_of_reach_unless_it_is_opened(void **state)
{
	struct segment segment;
	struct world world;

	(void)state;
	make_world(&world, 1);
	world.plan.allow_host_loopback = false;
	say(&world, TCP_SYN, "");
	hear_flags(&world, TCP_RST | TCP_ACK, &segment);
	/* Of the name server nothing but port 53; of the rest of the network nothing. */
	world.plan.allow_host_loopback = true;
	world.plan.gateway = world.plan.nameserver;
	say(&world, TCP_SYN, "");
	hear_flags(&world, TCP_RST | TCP_ACK, &segment);
	inet_pton(AF_INET, "10.0.2.77", &world.plan.gateway);
	world.plan.netmask.s_addr = htonl(0xffffff00);
	say_to(&world, 80, TCP_SYN, "", 0);
	assert_true(hear(&world, &segment));
	end_world(&world);
}

/* A client of port 80, which is published; what the container gets. Return: the client. */
static int connect_client(struct world *world, struct segment *syn)
{
	struct net_port port = { .family = AF_INET, .container_port = 80 };
	struct sockaddr_in address = { .sin_family = AF_INET,
		                       .sin_addr = { htonl(INADDR_LOOPBACK) },
		                       .sin_port = htons(world->port) };
	int client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_int_equal(connect(client, (struct sockaddr *)&address, sizeof(address)), 0);
	fcntl(world->listener, F_SETFL, O_NONBLOCK);
	tcp_accept(world->tcp, world->listener, &port);
	hear_flags(world, TCP_SYN, syn);
	assert_int_equal(syn->flow.peer_port, 80);
	assert_memory_equal(syn->flow.local, &world->plan.gateway, 4);
	/* From now on we are that server, and its peer is the client, which the gateway stands for. */
	world->our_port = 80;
	world->port = syn->flow.local_port;
	world->sequence = OUR_START;
	world->acknowledged = syn->sequence + 1;
	return client;
}

static void a_client_is_connected_when_the_container_answers(void **state)
{
	struct segment segment;
	struct world world;
	char text[16];

	(void)state;
	make_world(&world, 1);
	world.server = connect_client(&world, &segment);
	assert_int_equal(segment.mss, world.plan.mtu - 40);
	assert_true(segment.scale > 0);
	/* What the client sends waits. */
	serve(&world, "early");
	hear_nothing(&world);
	say(&world, TCP_SYN | TCP_ACK, "");
	world.sequence++;
	hear_data(&world, "early");
	world.acknowledged += 5;
	say(&world, TCP_ACK, "hello");
	assert_int_equal(recv(world.server, text, sizeof(text), MSG_DONTWAIT), 5);
	end_world(&world);
}

static void a_client_that_the_container_refuses_is_reset(void **state)
{
	struct segment segment;
	struct world world;
	char byte;

	(void)state;
	make_world(&world, 1);
	world.server = connect_client(&world, &segment);
	say(&world, TCP_RST | TCP_ACK, "");
	hear_nothing(&world);
	assert_int_equal(read(world.server, &byte, 1), -1);
	assert_int_equal(errno, ECONNRESET);
	end_world(&world);
}

static void a_client_that_is_not_answered_is_let_go(void **state)
{
	struct segment segment;
	struct world world;
	int syns = 0;
	char byte;

	(void)state;
	make_world(&world, 1);
	world.server = connect_client(&world, &segment);
	for (int i = 0; i < 40; i++) {
		while (hear(&world, &segment))
			syns += (segment.flags & TCP_SYN) != 0;
		pass_time(&world, 11000);
	}
	assert_true(syns > 5);
	assert_int_equal(read(world.server, &byte, 1), -1);
	assert_int_equal(errno, ECONNRESET);
	end_world(&world);
}

static void what_is_left_of_an_earlier_connection_is_got_rid_of(void **state)
{
	struct segment syn, segment;
	struct world world;

	(void)state;
	make_world(&world, 1);
	world.server = connect_client(&world, &syn);
	world.acknowledged = syn.sequence - 1000;
	say(&world, TCP_ACK, "");
	hear_flags(&world, TCP_RST, &segment);
	assert_int_equal(segment.sequence, world.acknowledged);
	hear_flags(&world, TCP_SYN, &segment);
	assert_int_equal(segment.sequence, syn.sequence);
	/* Once at once: whoever stays with it does not keep us busy. */
	say(&world, TCP_ACK, "");
	hear_flags(&world, TCP_RST, &segment);
	hear_nothing(&world);
	end_world(&world);
}

static void segments_that_are_not_whole_are_none(void **state)
{
	struct world world = { .our_port = OUR_PORT, .scale = -1, .mss = 1460, .sequence = 1 };
	struct segment segment;
	uint8_t frame[256];
	size_t size = make_frame(&world, 80, TCP_SYN, "abcd", 4, frame);

	(void)state;
	assert_true(segment_parse(frame, size, &segment));
	assert_int_equal(segment.length, 4);
	assert_int_equal(segment.mss, 1460);
	assert_int_equal(segment.flow.peer_port, 80);
	for (size_t i = 0; i < size; i++)
		assert_false(segment_parse(frame, i, &segment));
	frame[ETH_HLEN + 20 + 12] = 4 << 4; /* a header shorter than a header */
	assert_false(segment_parse(frame, size, &segment));
	frame[ETH_HLEN + 20 + 12] = 15 << 4; /* and longer than the packet */
	assert_false(segment_parse(frame, size, &segment));
	frame[ETH_HLEN + 20 + 12] = 7 << 4;
	frame[ETH_HLEN + 6] = 0x20; /* more fragments */
	assert_false(segment_parse(frame, size, &segment));
}

static void options_that_lie_about_their_length_are_ignored(void **state)
{
	struct world world = { .our_port = OUR_PORT, .scale = -1, .mss = 1460, .sequence = 1 };
	struct segment segment;
	uint8_t frame[256];
	size_t size = make_frame(&world, 80, TCP_SYN, "", 0, frame);

	(void)state;
	for (int length = 0; length < 256; length++) {
		frame[ETH_HLEN + 20 + 20 + 1] = (uint8_t)length;
		assert_true(segment_parse(frame, size, &segment));
		assert_int_equal(segment.mss, length == 4 ? 1460 : 0);
	}
}

/* The sum over header, data and pseudo header, as a receiver makes it. */
static void checksums_are_completed(void **state)
{
	struct world world = { .our_port = OUR_PORT, .scale = -1, .mss = 1460, .sequence = 1 };
	const struct virtio_net_hdr prefix = { .flags = VIRTIO_NET_HDR_F_NEEDS_CSUM,
		                               .csum_start = ETH_HLEN + 20,
		                               .csum_offset = 16 };
	uint8_t frame[256];
	size_t size = make_frame(&world, 80, TCP_ACK, "abc", 3, frame), tcp = ETH_HLEN + 20;
	uint32_t sum = IPPROTO_TCP + (uint32_t)(size - tcp);

	(void)state;
	assert_true(frame_complete(&prefix, frame, size));
	sum = sum_bytes(frame + ETH_HLEN + 12, 8, sum);
	assert_int_equal(sum_fold(sum_bytes(frame + tcp, size - tcp, sum)), 0xffff);
	assert_int_equal(sum_fold(sum_bytes(frame + ETH_HLEN, 20, 0)), 0xffff);
	assert_false(frame_complete(&prefix, frame, tcp + 17));
	assert_false(frame_complete(&prefix, frame, 3));
}

/* A program with CAP_NET_RAW says where the sum goes, and what it is: it is no way past the filter. */
static void checksums_do_not_change_ip_headers(void **state)
{
	struct world world = { .our_port = OUR_PORT, .scale = -1, .mss = 1460, .sequence = 1 };
	struct virtio_net_hdr prefix = { .flags = VIRTIO_NET_HDR_F_NEEDS_CSUM };
	uint8_t frame[256], before[256];
	size_t size = make_frame(&world, 80, TCP_ACK, "abc", 3, frame);

	(void)state;
	memcpy(before, frame, size);
	for (uint16_t start = 0; start < ETH_HLEN + 20; start++)
		for (uint16_t offset = 0; offset < 40; offset++) {
			prefix.csum_start = start;
			prefix.csum_offset = offset;
			assert_false(frame_complete(&prefix, frame, size));
			assert_memory_equal(frame, before, size);
		}
	write_u16(frame + 12, ETHERTYPE_IPV6);
	prefix.csum_start = ETH_HLEN + 39;
	assert_false(frame_complete(&prefix, frame, size));
	write_u16(frame + 12, ETHERTYPE_ARP);
	assert_false(frame_complete(&prefix, frame, size));
}

static void rings_keep_the_order_of_bytes(void **state)
{
	struct ring ring = { 0 };
	struct iovec parts[2];
	uint8_t in = 0, out = 0;

	(void)state;
	for (uint32_t round = 0; round < 2000; round++) {
		const uint32_t count = round * 37 % 300, drop = round * 53 % 310;

		for (uint32_t i = 0; i < count; i++) {
			assert_int_equal(ring_reserve(&ring, 1), 0);
			ring_append(&ring, &in, 1);
			in++;
		}
		for (uint32_t i = 0; i < drop && ring.length > 0; i++) {
			assert_int_equal(ring_parts(&ring, 0, 1, parts), 1);
			assert_int_equal(*(uint8_t *)parts[0].iov_base, out);
			ring_drop(&ring, 1);
			out++;
		}
	}
	ring_free(&ring);
}

/* The server sends more than a window, bit by bit. Return: how many bytes the helper sends of that. */
static uint32_t fill(struct world *world)
{
	static const uint8_t data[32768];
	struct segment segment;
	uint32_t end = 0;

	for (int i = 0; i < 20; i++) {
		send(world->server, data, sizeof(data), MSG_DONTWAIT | MSG_NOSIGNAL);
		turn(world);
		while (hear(world, &segment))
			end = segment.sequence + segment.length - world->acknowledged;
	}
	return end;
}

/* All but the last byte is acknowledged: the memory is still in use, however little is in it. */
static void connections_that_hold_a_lot_do_not_stop_others(void **state)
{
	int servers[6];
	struct world world;
	uint32_t sent;

	(void)state;
	make_world(&world, 6);
	world.scale = 4;
	for (int i = 0; i < 6; i++) {
		world.our_port = (uint16_t)(OUR_PORT + i);
		open_connection(&world);
		sent = fill(&world);
		assert_in_range(sent, i < 2 ? 400000 : 4096, i < 2 ? 600000 : 4096);
		world.acknowledged += sent - 1;
		say_window(&world, 0);
		servers[i] = world.server;
	}
	for (int i = 0; i < 6; i++)
		close_fd(&servers[i]);
	world.server = -1;
	end_world(&world);
}

/* Whatever the container says, the helper lives. */
static void random_segments_do_no_harm(void **state)
{
	uint8_t frame[256], data[64] = { 0 };
	struct segment segment;
	struct world world;

	(void)state;
	make_world(&world, 4);
	fcntl(world.listener, F_SETFL, O_NONBLOCK);
	srandom(1);
	for (int i = 0; i < 20000; i++) {
		size_t size;

		world.sequence = (uint32_t)random() % 4 ? OUR_START + (uint32_t)random() % 200
		                                        : (uint32_t)random();
		size = make_frame(&world, world.port, (uint8_t)random() & 0x3f, data,
		                  (uint32_t)random() % 64, frame);
		if (i % 8 == 0)
			frame[(uint32_t)random() % size] = (uint8_t)random();
		tcp_frame(world.tcp, frame, size);
		tcp_flush(world.tcp);
		if (i % 16 == 0)
			pass_time(&world, 150);
		while (hear(&world, &segment))
			world.acknowledged = segment.sequence + (uint32_t)random() % 3;
		close(accept4(world.listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC));
	}
	end_world(&world);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(data_goes_both_ways_and_is_acknowledged),
		cmocka_unit_test(what_is_not_acknowledged_is_sent_again),
		cmocka_unit_test(three_duplicate_acknowledgements_do_not_wait_for_time),
		cmocka_unit_test(what_does_not_come_in_order_is_not_taken_and_overlaps_are_cut),
		cmocka_unit_test(a_closed_window_is_kept_and_asked_about_without_end),
		cmocka_unit_test(a_window_that_opens_brings_no_second_end),
		cmocka_unit_test(a_closed_window_alone_does_not_end_a_connection),
		cmocka_unit_test(whether_we_are_there_is_answered),
		cmocka_unit_test(no_more_than_the_window_is_sent),
		cmocka_unit_test(an_end_in_both_directions_frees_the_connection),
		cmocka_unit_test(a_half_closed_connection_lasts_while_the_container_knows_of_it),
		cmocka_unit_test(what_waits_for_nothing_does_not_wake_us),
		cmocka_unit_test(the_host_may_end_first),
		cmocka_unit_test(both_may_end_at_once),
		cmocka_unit_test(an_end_before_what_precedes_it_is_not_taken),
		cmocka_unit_test(a_syn_with_data_is_taken_without_it),
		cmocka_unit_test(a_syn_that_is_lost_or_comes_late_does_no_harm),
		cmocka_unit_test(flags_that_make_no_sense_begin_nothing),
		cmocka_unit_test(what_was_never_sent_cannot_be_acknowledged),
		cmocka_unit_test(segments_are_as_large_as_the_container_says),
		cmocka_unit_test(scales_beyond_the_largest_are_that),
		cmocka_unit_test(a_server_that_does_not_read_closes_the_window),
		cmocka_unit_test(an_end_that_is_lost_comes_again),
		cmocka_unit_test(resets_go_through),
		cmocka_unit_test(what_has_no_connection_is_refused),
		cmocka_unit_test(more_connections_than_there_are_files_for_are_refused),
		cmocka_unit_test(the_hosts_loopback_is_out_of_reach_unless_it_is_opened),
		cmocka_unit_test(a_client_is_connected_when_the_container_answers),
		cmocka_unit_test(a_client_that_the_container_refuses_is_reset),
		cmocka_unit_test(a_client_that_is_not_answered_is_let_go),
		cmocka_unit_test(what_is_left_of_an_earlier_connection_is_got_rid_of),
		cmocka_unit_test(segments_that_are_not_whole_are_none),
		cmocka_unit_test(options_that_lie_about_their_length_are_ignored),
		cmocka_unit_test(checksums_are_completed),
		cmocka_unit_test(checksums_do_not_change_ip_headers),
		cmocka_unit_test(rings_keep_the_order_of_bytes),
		cmocka_unit_test(connections_that_hold_a_lot_do_not_stop_others),
		cmocka_unit_test(random_segments_do_no_harm),
	};

	return cmocka_run_group_tests_name("tcp", tests, NULL, NULL);
}
