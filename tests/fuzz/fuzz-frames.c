/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The network helper's TCP. Input: what happens, one step after the other: frames of the container's
 * (any bytes, or segments that are right but for what the input changes), what the programs on the
 * host do with their sockets, and time. The host's sockets are pairs of local ones.
 *
 * Both sides send a byte that depends on its place in the stream only, so that it can be said of each
 * byte that arrives whether it is the right one. Then: nothing is acknowledged that was not sent,
 * nothing sent beyond the window, nothing behind the end; and what has nothing to do sleeps.
 */
#include <fcntl.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "check.h"
#include "net/bytes.h"
#include "net/destination.h"
#include "net/filter.h"
#include "net/tcp.h"

#define SIDES      4u /* connections of the container's; the last one is of a published port */
#define PUBLISHED  (SIDES - 1)
#define PORT       40000u /* the container's, of the first side */
#define HOST_PORT  80u
#define FLUSHES    128
#define EVENTS_MAX 16
#define ROOM       (FRAME_PREFIX + 65600)

/* Both ends of a connection, as the container's kernel and the host's program have it. */
struct side {
	int host; /* the program's socket */
	uint16_t client_port;
	uint32_t start, helper_start; /* first sequence numbers: the container's, the helper's */
	uint32_t last;                /* sequence number of the segment that was sent last */
	uint32_t sent_end;            /* how far the container has sent, from @start */
	uint32_t acknowledged;        /* how much of that was acknowledged */
	uint32_t heard;               /* how far it has heard, from @helper_start */
	uint32_t edge;                /* how far the helper may send */
	uint8_t scale;                /* the largest that was ever said */
	uint32_t host_sent, host_received;
	bool host_ended;
	bool followed; /* all of it was said by us, so that we know what is right */
};

struct world {
	const uint8_t *data;
	size_t size;
	struct tcp *tcp;
	int tap, helper_tap, epoll, listener;
	int64_t now;
	uint16_t clients;
	bool raw; /* the frame that is being taken is any bytes */
	struct side sides[SIDES];
	uint8_t frame[ROOM];
};

static struct world world;

/* --- the input --- */

static uint8_t next_byte(void)
{
	if (world.size == 0)
		return 0;
	world.size--;
	return *world.data++;
}

static uint16_t next_number(void)
{
	const uint8_t high = next_byte();

	return (uint16_t)(high << 8 | next_byte());
}

/* Mostly small, of both signs. */
static uint32_t next_difference(void)
{
	const uint8_t byte = next_byte();

	return byte == 0x80 ? (uint32_t)next_number() << 16 : (uint32_t)(int8_t)byte;
}

/* --- what the helper asks for: in the place of net/destination.c --- */

static void forget(struct side *side, uint32_t start)
{
	close_fd(&side->host);
	*side = (struct side){ .host = -1,
		               .client_port = side->client_port,
		               .start = start,
		               .scale = side->scale,
		               .followed = !world.raw };
}

static void pair_up(int *host, int *helper)
{
	int sockets[2];

	FUZZ_ASSERT(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, sockets) ==
	            0);
	*host = sockets[0];
	*helper = sockets[1];
}

/* The addresses that are used here: all others are nobody. */
static bool is_ours(const struct tcp_flow *flow)
{
	static const uint8_t container[16] = { 10 }, others[16] = { 192 };

	return flow->family == AF_INET && memcmp(flow->local, container, 16) == 0 &&
	       memcmp(flow->peer, others, 16) == 0;
}

int destination_open(const struct net_plan *plan, const struct tcp_flow *flow, bool *connected)
{
	const unsigned int number = flow->local_port - PORT;
	struct side *side;
	int host, helper;

	(void)plan;
	if (number >= PUBLISHED || flow->peer_port != HOST_PORT || !is_ours(flow))
		return -1;
	side = &world.sides[number];
	forget(side, side->last);
	pair_up(&host, &helper);
	side->host = host;
	side->sent_end = 1;
	*connected = side->last & 1;
	return helper;
}

void source_flow(const struct net_plan *plan, const struct net_port *port,
                 const struct sockaddr_storage *client, struct tcp_flow *flow)
{
	(void)plan;
	(void)client;
	*flow = (struct tcp_flow){ .family = AF_INET,
		                   .local = { 10 },
		                   .peer = { 192 },
		                   .local_port = port->container_port,
		                   .peer_port = world.sides[PUBLISHED].client_port };
}

void source_ethernet(const struct net_plan *plan, struct ethernet_pair *ethernet)
{
	(void)plan;
	memset(ethernet, 0, sizeof(*ethernet));
}

/* --- what the container hears --- */

static uint8_t host_byte(uint32_t at)
{
	return (uint8_t)(at ^ at >> 8 ^ 0x55);
}

static uint8_t container_byte(uint32_t at)
{
	return (uint8_t)(at * 3 ^ at >> 7);
}

static uint16_t local_port_of(unsigned int number)
{
	return number == PUBLISHED ? HOST_PORT : (uint16_t)(PORT + number);
}

static uint16_t peer_port_of(unsigned int number)
{
	return number == PUBLISHED ? world.sides[number].client_port : HOST_PORT;
}

/* @segment was read as if the container had sent it: its local side is the host's. */
static struct side *side_of(const struct segment *segment)
{
	for (unsigned int i = 0; i < SIDES; i++)
		if (segment->flow.peer_port == local_port_of(i) &&
		    segment->flow.local_port == peer_port_of(i))
			return &world.sides[i];
	return NULL;
}

static void hear_data(struct side *side, const struct segment *segment)
{
	const uint32_t at = segment->sequence - side->helper_start;
	const uint32_t end = at + segment->length + !!(segment->flags & TCP_FIN);

	/* A question whether we are there is one behind what is next. */
	FUZZ_ASSERT(at >= 1 || (end == 0 && segment->length == 0));
	FUZZ_ASSERT(segment->length == 0 || at + segment->length <= side->host_sent + 1);
	FUZZ_ASSERT(segment->length == 0 || at + segment->length <= side->edge + 1);
	FUZZ_ASSERT(at <= side->host_sent + 1 + side->host_ended);
	for (uint32_t i = 0; i < segment->length; i++)
		FUZZ_ASSERT(segment->payload[i] == host_byte(at - 1 + i));
	if (segment->flags & TCP_FIN)
		FUZZ_ASSERT(side->host_ended && at + segment->length == side->host_sent + 1);
	if (at <= side->heard && end > side->heard)
		side->heard = end;
}

static void hear_segment(struct side *side, const struct segment *segment)
{
	const uint32_t acknowledged = segment->acknowledged - side->start;

	if (segment->flags & TCP_RST)
		return;
	if (segment->flags & TCP_ACK) {
		FUZZ_ASSERT(acknowledged <= side->sent_end);
		if (acknowledged > side->acknowledged)
			side->acknowledged = acknowledged;
	}
	if (segment->flags & TCP_SYN) {
		FUZZ_ASSERT(side->heard <= 1 && segment->length == 0);
		side->helper_start = segment->sequence;
		side->heard = 1;
	} else {
		hear_data(side, segment);
	}
}

static void hear(void)
{
	struct segment segment;
	struct side *side;
	ssize_t n;

	while ((n = recv(world.tap, world.frame, sizeof(world.frame), MSG_DONTWAIT)) >= 0) {
		FUZZ_ASSERT(n > (ssize_t)FRAME_PREFIX);
		FUZZ_ASSERT(segment_parse(world.frame + FRAME_PREFIX, (size_t)n - FRAME_PREFIX,
		                          &segment));
		side = side_of(&segment);
		if (side && side->followed)
			hear_segment(side, &segment);
	}
}

/* --- the helper's loop --- */

static void take_events(void)
{
	struct epoll_event events[EVENTS_MAX];
	int n = epoll_wait(world.epoll, events, EVENTS_MAX, 0);

	for (int i = 0; i < n; i++)
		tcp_event(world.tcp, (uint32_t)events[i].data.u64, events[i].events);
}

static void turn(void)
{
	int flushes = 0;

	take_events();
	tcp_timers(world.tcp);
	FUZZ_ASSERT(tcp_timeout(world.tcp, world.now) != 0);
	while (tcp_flush(world.tcp)) {
		hear();
		FUZZ_ASSERT(++flushes < FLUSHES);
	}
	hear();
}

/* --- steps --- */

static void take_frame(const uint8_t *frame, size_t length)
{
	if (frame_judge(frame, length) == FRAME_PASS && segment_is_tcp(frame, length))
		tcp_frame(world.tcp, frame, length);
}

/* Bytes, and what becomes of them if they are not TCP. */
static void step_raw(void)
{
	struct virtio_net_hdr prefix = { .flags = next_byte() };
	const size_t wanted = next_number() % 2048u;
	const size_t length = wanted < world.size ? wanted : world.size;
	_cleanup_free_ uint8_t *frame = malloc(length + 1);
	struct segment segment;
	struct udp_flow flow;
	const uint8_t *payload;
	size_t payload_length;

	FUZZ_ASSERT(frame);
	prefix.csum_start = next_byte();
	prefix.csum_offset = next_byte();
	for (size_t i = 0; i < length; i++)
		frame[i] = next_byte();
	for (unsigned int i = 0; segment_parse(frame, length, &segment) && i < SIDES; i++)
		if (segment.flow.local_port == local_port_of(i))
			world.sides[i].followed = false;
	world.raw = true;
	take_frame(frame, length);
	world.raw = false;
	if (frame_judge(frame, length) == FRAME_PASS && frame_complete(&prefix, frame, length)) {
		FUZZ_ASSERT(frame_judge(frame, length) == FRAME_PASS);
		if (frame_udp(frame, length, false, &flow, &payload, &payload_length))
			FUZZ_ASSERT(payload + payload_length <= frame + length);
	}
}

static void put_data(struct side *side, uint32_t from, uint8_t *to, uint32_t length)
{
	for (uint32_t i = 0; i < length; i++)
		to[i] = container_byte(from + i - side->start - 1);
}

/* Written by the helper's own writer, with the sides exchanged. */
static void send_segment(unsigned int number, struct segment *segment)
{
	struct side *side = &world.sides[number];
	uint32_t end = segment->sequence + segment->length + !!(segment->flags & TCP_SYN) +
	               !!(segment->flags & TCP_FIN) - side->start;
	uint8_t *frame = world.frame;
	size_t size;

	segment->flow = (struct tcp_flow){ .family = AF_INET,
		                           .local = { 192 },
		                           .peer = { 10 },
		                           .local_port = peer_port_of(number),
		                           .peer_port = local_port_of(number) };
	size = segment_header(segment, UINT16_MAX, frame);
	put_data(side, segment->sequence, frame + size, segment->length);
	side->last = segment->sequence;
	if ((int32_t)(end - side->sent_end) > 0)
		side->sent_end = end;
	take_frame(frame + FRAME_PREFIX, size + segment->length - FRAME_PREFIX);
	turn();
}

static void note_window(struct side *side, const struct segment *segment)
{
	const uint32_t acknowledged = segment->acknowledged - side->helper_start;
	const uint32_t edge = acknowledged + (segment->window << side->scale);

	/* With an acknowledgement of what was never sent there is no window. */
	if (acknowledged <= side->host_sent + 2 && edge > side->edge)
		side->edge = edge;
}

static void note_scale(struct side *side, int scale)
{
	const uint8_t used = scale > 14 ? 14 : scale < 0 ? 0 : (uint8_t)scale;

	if (used > side->scale)
		side->scale = used;
}

static void step_segment(void)
{
	const unsigned int number = next_byte() % SIDES;
	struct side *side = &world.sides[number];
	struct segment segment = { .flags = next_byte() };

	segment.sequence = side->start + side->acknowledged + next_difference();
	segment.acknowledged = side->helper_start + side->heard + next_difference();
	segment.window = next_number();
	segment.length = next_byte() * (1u + next_byte() % 16u);
	if (segment.flags & TCP_SYN) {
		segment.mss = next_number();
		segment.scale = next_byte() % 32 - 1;
		note_scale(side, segment.scale);
	}
	note_window(side, &segment);
	send_segment(number, &segment);
}

/* What a container's kernel would say. */
static void step_polite(void)
{
	const unsigned int number = next_byte() % SIDES;
	struct side *side = &world.sides[number];
	const bool first = side->acknowledged == 0;
	struct segment segment = {
		.flags = number != PUBLISHED && first ? TCP_SYN
		         : first                      ? TCP_SYN | TCP_ACK
		                                      : TCP_ACK,
		.sequence = side->start + side->acknowledged,
		.acknowledged = side->helper_start + side->heard,
		.window = UINT16_MAX,
		.mss = 1460,
		.scale = first ? 7 : -1,
	};

	if (first)
		note_scale(side, segment.scale);
	else
		segment.length = next_byte();
	note_window(side, &segment);
	send_segment(number, &segment);
}

static void step_host_sends(void)
{
	struct side *side = &world.sides[next_byte() % SIDES];
	const uint32_t length = next_number();
	static uint8_t data[UINT16_MAX];
	ssize_t n;

	for (uint32_t i = 0; i < length; i++)
		data[i] = host_byte(side->host_sent + i);
	n = send(side->host, data, length, MSG_DONTWAIT | MSG_NOSIGNAL);
	side->host_sent += n > 0 ? (uint32_t)n : 0;
	turn();
}

static void step_host_receives(void)
{
	struct side *side = &world.sides[next_byte() % SIDES];
	static uint8_t data[UINT16_MAX];
	ssize_t n = recv(side->host, data, next_number(), MSG_DONTWAIT);

	for (ssize_t i = 0; i < n && side->followed; i++)
		FUZZ_ASSERT(data[i] == container_byte(side->host_received + (uint32_t)i));
	side->host_received += n > 0 ? (uint32_t)n : 0;
	turn();
}

static void step_host_ends(void)
{
	struct side *side = &world.sides[next_byte() % SIDES];

	side->host_ended = true;
	if (next_byte() & 1)
		close_fd(&side->host);
	else if (side->host >= 0)
		shutdown(side->host, SHUT_WR);
	turn();
}

static void step_client(void)
{
	static const struct net_port port = { .family = AF_INET, .container_port = HOST_PORT };
	struct side *side = &world.sides[PUBLISHED];
	struct sockaddr_un address = { 0 };
	socklen_t length = sizeof(address);

	forget(side, 1000);
	side->client_port = (uint16_t)(50000 + world.clients++ % 8);
	/* The connection that had that port is still there, perhaps. */
	side->followed = world.clients <= 8;
	side->host = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	FUZZ_ASSERT(getsockname(world.listener, (struct sockaddr *)&address, &length) == 0);
	FUZZ_ASSERT(connect(side->host, (struct sockaddr *)&address, length) == 0);
	tcp_accept(world.tcp, world.listener, &port);
	turn();
}

static void step_time(void)
{
	world.now += next_byte() * 100;
	tcp_set_time(world.tcp, world.now);
	turn();
}

/* --- all of it --- */

static void make_world(const uint8_t *data, size_t size)
{
	static const struct net_plan plan = { .mtu = 65520 };
	const struct sockaddr_un any = { .sun_family = AF_UNIX };
	int sockets[2];

	world = (struct world){ .data = data, .size = size, .now = 1000 };
	for (unsigned int i = 0; i < SIDES; i++)
		world.sides[i] = (struct side){ .host = -1, .start = 1000 };
	FUZZ_ASSERT(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK, 0, sockets) == 0);
	world.tap = sockets[0];
	world.helper_tap = sockets[1];
	world.epoll = epoll_create1(EPOLL_CLOEXEC);
	world.listener = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	/* An address that the kernel chooses. */
	FUZZ_ASSERT(bind(world.listener, (const struct sockaddr *)&any, sizeof(sa_family_t)) == 0);
	FUZZ_ASSERT(listen(world.listener, 4) == 0);
	world.tcp = tcp_new(&(struct tcp_setup){ .plan = &plan,
	                                         .tap = world.helper_tap,
	                                         .epoll = world.epoll,
	                                         .connections = 6,
	                                         .memory = 128 * 1024 });
	FUZZ_ASSERT(world.tcp);
	tcp_set_time(world.tcp, world.now);
}

static void end_world(void)
{
	tcp_free(world.tcp);
	for (unsigned int i = 0; i < SIDES; i++)
		close_fd(&world.sides[i].host);
	close_fd(&world.tap);
	close_fd(&world.helper_tap);
	close_fd(&world.epoll);
	close_fd(&world.listener);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static void (*const steps[])(void) = {
		step_polite,        step_segment,   step_host_sends, step_time,
		step_host_receives, step_host_ends, step_client,     step_raw,
	};

	make_world(data, size);
	while (world.size > 0)
		steps[next_byte() % ARRAY_SIZE(steps)]();
	end_world();
	return 0;
}
