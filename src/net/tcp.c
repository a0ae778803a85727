/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation: between two kernels that both speak TCP little is left to do. Data of the
 * container's goes from its frame to the socket at once, and is acknowledged when the socket or a
 * queue has taken it; data of the socket's is read when the container's window has room for it, and
 * kept until it is acknowledged. So a peer that does not read stops the other one, and no more than
 * a window is kept for either. The link loses frames only when a queue of the kernel's overflows:
 * what is not acknowledged in time is sent again from the last acknowledged byte on.
 *
 * The container decides what it sends: nothing of a frame is trusted.
 *
 * libslirp has TCP, too, but keeps to windows of 64 KiB, computes checksums that nobody needs, and
 * looks at all connections whenever one has something to say.
 */
#include "net/tcp.h"

#include <errno.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "base/cleanup.h"
#include "net/connection.h"
#include "net/destination.h"

#define SCALE           4 /* of our window */
#define WINDOW          (512u * 1024)
#define PORT_TRIES      16
#define PORT_FIRST      32768u /* of those that clients have, as with the kernel */
#define PORT_COUNT      28232u
#define ACK_DISTANCE    (WINDOW / 4)
#define IN_FLIGHT_MAX   (512u * 1024)
#define PAYLOAD_MAX     65400u /* of a frame that the kernel may have to segment */
#define READ_MIN        4096u
#define SEGMENTS_A_TURN 8
#define ACCEPTS_A_TURN  64
#define MSS_DEFAULT     536u /* RFC 9293, section 3.7.1 */
#define TIMEOUT_MS      200
#define TIMEOUT_MAX_MS  10000
#define TRIES_MAX       12
#define HALF_CLOSED_MS  60000

/* --- frames to the container ----------------------------------------------------------------- */

static uint16_t our_mss(const struct tcp *tcp, int family)
{
	return (uint16_t)(tcp->setup.plan->mtu - (family == AF_INET6 ? 60 : 40));
}

/* What we are ready to take. It is never less than was said before. */
static uint32_t our_window(const struct connection *connection)
{
	const uint32_t room = WINDOW - connection->unsent.length;

	if (connection->scaled)
		return room >> SCALE;
	return room < UINT16_MAX ? room : UINT16_MAX;
}

/* A frame that the kernel does not take is lost, as on a wire. */
static void write_frame(const struct tcp *tcp, const struct segment *segment, uint16_t mss,
                        struct iovec parts[3], int count)
{
	uint8_t header[SEGMENT_HEADER_MAX];

	parts[0] = (struct iovec){ header, segment_header(segment, mss, header) };
	while (writev(tcp->setup.tap, parts, count) < 0 && errno == EINTR)
		continue;
}

static void send_segment(struct tcp *tcp, struct connection *connection, uint8_t flags,
                         uint32_t offset, uint32_t length)
{
	const bool syn = flags & TCP_SYN;
	const struct segment segment = {
		.flow = connection->flow,
		.ethernet = connection->ethernet,
		.sequence = connection->first + offset,
		.acknowledged = flags & TCP_ACK ? connection->expected : 0,
		/* That of a SYN is not scaled. */
		.window = syn ? UINT16_MAX : our_window(connection),
		.flags = flags,
		.mss = our_mss(tcp, connection->flow.family),
		.scale = connection->scaled ? SCALE : -1,
		.length = length,
	};
	struct iovec parts[3];
	int count = 1 + ring_parts(&connection->unacknowledged, offset, length, parts + 1);

	write_frame(tcp, &segment, connection->mss, parts, count);
	connection->acknowledged = connection->expected;
	connection->ack_due = false;
}

static void send_ack(struct tcp *tcp, struct connection *connection)
{
	send_segment(tcp, connection, TCP_ACK, connection->sent - connection->first, 0);
}

/* The answer to a segment of no connection (RFC 9293, section 3.10.7.1). */
static void refuse(struct tcp *tcp, const struct segment *to)
{
	struct segment segment = { .flow = to->flow, .ethernet = to->ethernet, .flags = TCP_RST };
	struct iovec parts[3];

	if (to->flags & TCP_RST)
		return;
	if (to->flags & TCP_ACK) {
		segment.sequence = to->acknowledged;
	} else {
		segment.flags |= TCP_ACK;
		segment.acknowledged = to->sequence + to->length + !!(to->flags & TCP_SYN) +
		                       !!(to->flags & TCP_FIN);
	}
	write_frame(tcp, &segment, UINT16_MAX, parts, 1);
}

/* Something is on its way; @connection->tries says how often it was. */
static void expect_answer(struct tcp *tcp, struct connection *connection)
{
	int64_t patience = (int64_t)TIMEOUT_MS << connection->tries;

	connection_set_deadline(tcp, connection,
	                        tcp->now + (patience < TIMEOUT_MAX_MS ? patience : TIMEOUT_MAX_MS));
}

static void send_syn(struct tcp *tcp, struct connection *connection)
{
	send_segment(tcp, connection, connection->state == SYN_SENT ? TCP_SYN : TCP_SYN | TCP_ACK,
	             0, 0);
	connection->sent = connection->furthest = connection->first + 1;
	expect_answer(tcp, connection);
}

/* --- ends ------------------------------------------------------------------------------------ */

/* Both sides are to know that it went wrong. */
static void reset(struct tcp *tcp, struct connection *connection)
{
	const struct linger at_once = { .l_onoff = 1 };

	if (connection->state != SYN_SENT)
		send_segment(tcp, connection, TCP_RST | TCP_ACK,
		             connection->sent - connection->first, 0);
	setsockopt(connection->fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
	connection_release(tcp, connection);
}

/* The container has said all that it has to say, and the socket has it. */
static bool is_half_closed(const struct connection *connection)
{
	return connection->container_ended && connection->unsent.length == 0;
}

/* The container does not want it any more. After its end that is no reason to lose what it said. */
static void take_reset(struct tcp *tcp, struct connection *connection)
{
	const struct linger at_once = { .l_onoff = 1 };

	if (!is_half_closed(connection))
		setsockopt(connection->fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
	connection_release(tcp, connection);
}

/* Return: whether it was released, all being said on both sides. */
static bool release_if_done(struct tcp *tcp, struct connection *connection)
{
	if (!is_half_closed(connection) || !connection->fin_acknowledged)
		return false;
	if (connection->ack_due)
		send_ack(tcp, connection);
	connection_release(tcp, connection);
	return true;
}

/* --- from the socket to the container -------------------------------------------------------- */

static uint32_t in_flight(const struct connection *connection)
{
	return connection->sent - connection->first;
}

static uint32_t window_left(const struct connection *connection)
{
	const uint32_t window = smaller(connection->window, IN_FLIGHT_MAX);
	const uint32_t used = in_flight(connection);

	return window > used ? window - used : 0;
}

/* More data behind what there is. Return: -1 when the connection is gone. */
static int read_socket(struct tcp *tcp, struct connection *connection, uint32_t most)
{
	struct iovec parts[2];
	uint32_t wanted;
	ssize_t n;

	if (!connection->readable || connection->host_ended)
		return 0;
	wanted = queue_reserve(tcp, &connection->unacknowledged,
	                       smaller(most, connection->appetite));
	if (wanted == 0)
		return 0;
	n = readv(connection->fd, parts,
	          ring_free_parts(&connection->unacknowledged, wanted, parts));
	if (n < 0 && errno != EAGAIN && errno != EINTR) {
		reset(tcp, connection);
		return -1;
	}
	connection->host_ended = n == 0;
	if (n > 0)
		connection->unacknowledged.length += (uint32_t)n;
	if (n < (ssize_t)wanted)
		connection->readable = connection->hung_up;
	else if (wanted == connection->appetite)
		connection->appetite = smaller(2 * wanted, PAYLOAD_MAX);
	return 0;
}

static void note_sent(struct tcp *tcp, struct connection *connection, uint32_t count)
{
	const bool first = in_flight(connection) == 0;

	connection->sent += count;
	if ((int32_t)(connection->sent - connection->furthest) > 0)
		connection->furthest = connection->sent;
	if (first || !connection->deadline)
		expect_answer(tcp, connection);
}

static void send_fin(struct tcp *tcp, struct connection *connection)
{
	send_segment(tcp, connection, TCP_FIN | TCP_ACK, in_flight(connection), 0);
	connection->fin_sent = true;
	note_sent(tcp, connection, 1);
}

/* One segment. Return: whether there may be another. The connection may be gone when there is none. */
static bool pump_segment(struct tcp *tcp, struct connection *connection)
{
	const uint32_t most = smaller(window_left(connection), PAYLOAD_MAX);
	uint32_t ready = connection->unacknowledged.length - in_flight(connection);

	if (connection->fin_sent)
		return false;
	if (ready == 0 && most > 0 && read_socket(tcp, connection, most) < 0)
		return false;
	ready = smaller(connection->unacknowledged.length - in_flight(connection), most);
	if (ready > 0) {
		send_segment(tcp, connection, TCP_ACK | TCP_PSH, in_flight(connection), ready);
		note_sent(tcp, connection, ready);
		return true;
	}
	if (connection->host_ended && connection->unacknowledged.length == in_flight(connection))
		send_fin(tcp, connection);
	return false;
}

/* With a window that is closed somebody has to ask now and then whether it is open again. */
static void watch_window(struct tcp *tcp, struct connection *connection)
{
	if (connection->window == 0 && connection->readable && !connection->deadline)
		expect_answer(tcp, connection);
}

/* Return: whether there is more to do. */
static bool pump(struct tcp *tcp, struct connection *connection)
{
	for (int i = 0; i < SEGMENTS_A_TURN; i++)
		if (!pump_segment(tcp, connection)) {
			if (connection->state == ESTABLISHED)
				watch_window(tcp, connection);
			return false;
		}
	return true;
}

/* --- from the container to the socket -------------------------------------------------------- */

static void end_sending(struct tcp *tcp, struct connection *connection)
{
	if (connection->container_ended && connection->unsent.length == 0) {
		shutdown(connection->fd, SHUT_WR);
		connection_make_pending(tcp, connection);
	}
}

/* Return: how much the socket has taken, or -1 when it is broken. */
static ssize_t write_socket(const struct connection *connection, struct iovec *parts, int count)
{
	const struct msghdr message = { .msg_iov = parts, .msg_iovlen = (size_t)count };
	ssize_t n = sendmsg(connection->fd, &message, MSG_DONTWAIT | MSG_NOSIGNAL);

	return n < 0 && (errno == EAGAIN || errno == EINTR || errno == ENOBUFS) ? 0 : n;
}

static void flush_unsent(struct tcp *tcp, struct connection *connection)
{
	struct ring *unsent = &connection->unsent;
	const uint32_t before = our_window(connection);
	struct iovec parts[2];
	ssize_t n;

	if (unsent->length == 0)
		return;
	n = write_socket(connection, parts, ring_parts(unsent, 0, unsent->length, parts));
	if (n < 0) {
		reset(tcp, connection);
		return;
	}
	queue_drop(tcp, unsent, (uint32_t)n);
	/* The container may wait for a window that is worth its while. */
	if (before < our_window(connection)) {
		connection->ack_due = true;
		connection_make_pending(tcp, connection);
	}
	end_sending(tcp, connection);
}

/* Return: how much was taken, or -1 when the connection is gone. */
static int64_t take_data(struct tcp *tcp, struct connection *connection, const uint8_t *data,
                         uint32_t length)
{
	struct iovec part = { (void *)data, length };
	struct ring *unsent = &connection->unsent;
	ssize_t n = 0;

	if (unsent->length == 0)
		n = write_socket(connection, &part, 1);
	if (n < 0) {
		reset(tcp, connection);
		return -1;
	}
	data += n;
	length = smaller(length - (uint32_t)n, WINDOW - unsent->length);
	if (length == 0)
		return n;
	length = queue_reserve(tcp, unsent, length);
	ring_append(unsent, data, length);
	return n + length;
}

/* Data and FIN of a segment. What does not come in order comes again. */
static void take_payload(struct tcp *tcp, struct connection *connection,
                         const struct segment *segment)
{
	const uint32_t old = connection->expected - segment->sequence;
	const bool fin = segment->flags & TCP_FIN;
	int64_t taken;

	/* Also to one without data that is not where we are: the container asks whether we live. */
	if (segment->length == 0 && !fin && old == 0)
		return;
	connection->ack_due = true;
	if (connection->container_ended || old > segment->length)
		return;
	taken = take_data(tcp, connection, segment->payload + old, segment->length - old);
	if (taken < 0)
		return;
	connection->expected += (uint32_t)taken;
	if (fin && (uint32_t)taken == segment->length - old) {
		connection->expected++;
		connection->container_ended = true;
		end_sending(tcp, connection);
	}
	/* So that the container has not to wait for us while we read its frames. */
	if (connection->expected - connection->acknowledged >= ACK_DISTANCE)
		send_ack(tcp, connection);
}

/* --- segments -------------------------------------------------------------------------------- */

/* Go back to the first byte that is not acknowledged. */
static void send_again(struct tcp *tcp, struct connection *connection)
{
	connection->sent = connection->first;
	connection->fin_sent = connection->fin_acknowledged;
	connection->duplicates = 0;
	connection_make_pending(tcp, connection);
}

/* What comes behind something lost makes duplicates; so does what is sent again (RFC 6582). */
static void take_duplicate(struct tcp *tcp, struct connection *connection)
{
	if (connection->recovering || ++connection->duplicates < 3)
		return;
	connection->recovering = true;
	connection->recover = connection->furthest;
	send_again(tcp, connection);
}

static void take_acknowledgement(struct tcp *tcp, struct connection *connection,
                                 const struct segment *segment)
{
	const uint32_t count = segment->acknowledged - connection->first;
	const uint32_t window = segment->window << connection->scale;

	if (count > connection->furthest - connection->first)
		return;
	if (count == 0 && segment->length == 0 && connection->furthest != connection->first &&
	    window == connection->window)
		take_duplicate(tcp, connection);
	if (connection->window == 0 && window > 0) {
		/* What asked for that was not taken, and has waited long enough. */
		connection->tries = 0;
		send_again(tcp, connection);
	}
	connection->window = window;
	if (count == 0)
		return;
	if (count > connection->unacknowledged.length)
		connection->fin_sent = connection->fin_acknowledged = true;
	queue_drop(tcp, &connection->unacknowledged,
	           smaller(count, connection->unacknowledged.length));
	connection->first += count;
	if ((int32_t)(connection->sent - connection->first) < 0)
		connection->sent = connection->first;
	if ((int32_t)(connection->first - connection->recover) > 0)
		connection->recovering = false;
	connection->tries = connection->duplicates = 0;
	connection_set_deadline(tcp, connection, 0);
	if (connection->first != connection->furthest)
		expect_answer(tcp, connection);
}

static void take_syn_options(struct connection *connection, const struct segment *segment)
{
	const uint16_t mss = segment->mss ? segment->mss : MSS_DEFAULT;

	if (mss < connection->mss)
		connection->mss = mss < 64 ? 64 : mss;
	connection->scaled = segment->scale >= 0;
	connection->scale = connection->scaled ? (uint8_t)segment->scale : 0;
	connection->expected = segment->sequence + 1;
	connection->window = segment->window;
}

static void become_established(struct tcp *tcp, struct connection *connection)
{
	connection->state = ESTABLISHED;
	connection->first = connection->sent;
	connection->tries = 0;
	connection->readable = true;
	connection_set_deadline(tcp, connection, 0);
	connection_make_pending(tcp, connection);
}

/* The segment that answers our SYN. Return: whether the connection is established. */
static bool take_answer(struct tcp *tcp, struct connection *connection,
                        const struct segment *segment)
{
	const bool acknowledged = (segment->flags & TCP_ACK) &&
	                          segment->acknowledged == connection->furthest;

	if (connection->state == SYN_RECEIVED) {
		if (segment->flags & TCP_SYN)
			send_syn(tcp, connection);
		else if (acknowledged)
			become_established(tcp, connection);
		return connection->state == ESTABLISHED;
	}
	if (connection->state != SYN_SENT)
		return false;
	/* What is left in the container of an earlier connection: gone with the refusal. */
	if (!acknowledged) {
		refuse(tcp, segment);
		if (connection->tries == 0) {
			connection->tries = 1;
			send_syn(tcp, connection);
		}
		return false;
	}
	if (!(segment->flags & TCP_SYN))
		return false;
	take_syn_options(connection, segment);
	connection->ethernet = segment->ethernet;
	become_established(tcp, connection);
	connection->ack_due = true;
	return false;
}

static void take_segment(struct tcp *tcp, struct connection *connection,
                         const struct segment *segment)
{
	if (segment->flags & TCP_RST) {
		take_reset(tcp, connection);
		return;
	}
	if (connection->state != ESTABLISHED && !take_answer(tcp, connection, segment))
		return;
	/* A SYN that is none of ours: the container finds out by our answer. */
	if (segment->flags & TCP_SYN) {
		send_ack(tcp, connection);
		return;
	}
	if (!(segment->flags & TCP_ACK))
		return;
	take_acknowledgement(tcp, connection, segment);
	connection_make_pending(tcp, connection);
	take_payload(tcp, connection, segment);
}

/* --- beginnings ------------------------------------------------------------------------------ */

/* Its events come once, when something changes. */
static int watch(const struct tcp *tcp, const struct connection *connection)
{
	struct epoll_event event = {
		.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET,
		.data.u64 = TCP_EVENT | connection_number(tcp, connection),
	};
	const int on = 1;

	/* The container's own TCP has decided when to send. */
	setsockopt(connection->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	return epoll_ctl(tcp->setup.epoll, EPOLL_CTL_ADD, connection->fd, &event);
}

static struct connection *begin(struct tcp *tcp, const struct tcp_flow *flow,
                                const struct ethernet_pair *ethernet, enum connection_state state,
                                int fd)
{
	struct connection *connection = connection_add(tcp, flow, fd);

	if (!connection)
		return NULL;
	connection->state = state;
	connection->ethernet = *ethernet;
	connection->mss = our_mss(tcp, flow->family);
	connection->first = connection->sent = connection->furthest = tcp_random();
	connection->appetite = READ_MIN;
	connection->scaled = true;
	if (watch(tcp, connection) == 0)
		return connection;
	connection->fd = -1;
	connection_release(tcp, connection);
	return NULL;
}

/* The socket has got through: so may the container. */
static void answer_syn(struct tcp *tcp, struct connection *connection)
{
	connection->state = SYN_RECEIVED;
	send_syn(tcp, connection);
}

static void open_connection(struct tcp *tcp, const struct segment *segment)
{
	bool connected = false;
	_cleanup_fd_ int fd = tcp->count < tcp->limit ? destination_open(tcp->setup.plan,
	                                                                 &segment->flow, &connected)
	                                              : -1;
	struct connection *connection = NULL;

	if (fd >= 0)
		connection = begin(tcp, &segment->flow, &segment->ethernet, CONNECTING, fd);
	if (!connection) {
		refuse(tcp, segment);
		return;
	}
	fd = -1;
	take_syn_options(connection, segment);
	if (connected)
		answer_syn(tcp, connection);
}

void tcp_frame(struct tcp *tcp, const uint8_t *frame, size_t length)
{
	struct connection *connection;
	struct segment segment;

	if (!segment_parse(frame, length, &segment))
		return;
	connection = connection_find(tcp, &segment.flow);
	if (connection)
		take_segment(tcp, connection, &segment);
	else if ((segment.flags & (TCP_SYN | TCP_ACK | TCP_RST | TCP_FIN)) == TCP_SYN)
		open_connection(tcp, &segment);
	else
		refuse(tcp, &segment);
}

/* With no file left, a client that waits would keep us awake: it is taken by the one kept for that. */
static void turn_away(struct tcp *tcp, int listener)
{
	close_fd(&tcp->spare);
	tcp->spare = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
	close_fd(&tcp->spare);
	tcp->spare = dup(tcp->setup.epoll);
}

static void take_client(struct tcp *tcp, int fd, const struct sockaddr_storage *address,
                        const struct net_port *port)
{
	_cleanup_fd_ int client = fd;
	struct ethernet_pair ethernet;
	struct connection *connection;
	struct tcp_flow flow;

	source_flow(tcp->setup.plan, port, address, &flow);
	source_ethernet(tcp->setup.plan, &ethernet);
	/* Two clients may differ in what the container does not see. */
	for (int i = 0; i < PORT_TRIES && connection_find(tcp, &flow); i++)
		flow.peer_port = (uint16_t)(PORT_FIRST + tcp_random() % PORT_COUNT);
	if (connection_find(tcp, &flow))
		return;
	connection = begin(tcp, &flow, &ethernet, SYN_SENT, client);
	if (!connection)
		return;
	client = -1;
	send_syn(tcp, connection);
}

void tcp_accept(struct tcp *tcp, int listener, const struct net_port *port)
{
	for (int i = 0; i < ACCEPTS_A_TURN; i++) {
		struct sockaddr_storage address = { 0 };
		socklen_t length = sizeof(address);
		int fd = accept4(listener, (struct sockaddr *)&address, &length,
		                 SOCK_NONBLOCK | SOCK_CLOEXEC);

		if (fd < 0 && (errno == EMFILE || errno == ENFILE))
			turn_away(tcp, listener);
		if (fd < 0)
			return;
		take_client(tcp, fd, &address, port);
	}
}

/* --- events ---------------------------------------------------------------------------------- */

static int socket_error(const struct connection *connection)
{
	socklen_t length = sizeof(int);
	int error = 0;

	return getsockopt(connection->fd, SOL_SOCKET, SO_ERROR, &error, &length) < 0 ? errno
	                                                                             : error;
}

static void finish_connect(struct tcp *tcp, struct connection *connection, uint32_t events)
{
	if (!(events & (EPOLLOUT | EPOLLERR | EPOLLHUP)))
		return;
	if (socket_error(connection) != 0)
		reset(tcp, connection);
	else if (events & EPOLLOUT)
		answer_syn(tcp, connection);
}

void tcp_event(struct tcp *tcp, uint32_t number, uint32_t events)
{
	struct connection *connection = &tcp->connections[number];

	if (number >= tcp->used || connection->state == FREE)
		return;
	if (connection->state == CONNECTING) {
		finish_connect(tcp, connection, events);
		return;
	}
	if ((events & EPOLLERR) && socket_error(connection) != 0) {
		reset(tcp, connection);
		return;
	}
	if (events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP)) {
		connection->readable = true;
		connection->hung_up |= (events & (EPOLLRDHUP | EPOLLHUP)) != 0;
		connection_make_pending(tcp, connection);
	}
	if ((events & EPOLLOUT) && connection->state == ESTABLISHED)
		flush_unsent(tcp, connection);
}

/* Ask now and then whether the container still knows of it. */
static void watch_half_closed(struct tcp *tcp, struct connection *connection)
{
	if (is_half_closed(connection) && !connection->deadline)
		connection_set_deadline(tcp, connection, tcp->now + HALF_CLOSED_MS);
}

/* Return: whether there is more to do for it. */
static bool serve(struct tcp *tcp, struct connection *connection)
{
	bool more;

	if (connection->state != ESTABLISHED)
		return false;
	more = pump(tcp, connection);
	if (connection->state != ESTABLISHED || release_if_done(tcp, connection))
		return false;
	if (connection->ack_due)
		send_ack(tcp, connection);
	watch_half_closed(tcp, connection);
	return more;
}

bool tcp_flush(struct tcp *tcp)
{
	const uint32_t count = tcp->pending_count;
	uint32_t kept = 0;

	for (uint32_t i = 0; i < count; i++) {
		const uint32_t number = tcp->pending[i];
		struct connection *connection = &tcp->connections[number];

		connection->pending = serve(tcp, connection);
		if (connection->pending)
			tcp->pending[kept++] = number;
	}
	tcp->pending_count = kept;
	return kept > 0;
}

/* --- time ------------------------------------------------------------------------------------ */

/* A byte more than the window allows makes the container say what it is. */
static void probe_window(struct tcp *tcp, struct connection *connection)
{
	connection->window = 1;
	send_again(tcp, connection);
	expect_answer(tcp, connection);
}

/*
 * Nothing is under way: the window was asked for in vain, or the container has ended its side. Then
 * its program may be gone, and its kernel have forgotten the connection, while the host's peer
 * never ends. An old sequence number makes the kernel say so.
 */
static void stay_idle(struct tcp *tcp, struct connection *connection)
{
	connection->tries = 0;
	connection_set_deadline(tcp, connection, 0);
	if (!is_half_closed(connection))
		return;
	send_segment(tcp, connection, TCP_ACK, UINT32_MAX, 0);
	watch_half_closed(tcp, connection);
}

/* There was no answer in time. */
static void run_out(struct tcp *tcp, struct connection *connection)
{
	/* A container may keep its window closed for as long as it likes. */
	const bool closed = connection->state == ESTABLISHED && connection->window == 0;

	if (!closed && connection->furthest == connection->first) {
		stay_idle(tcp, connection);
		return;
	}
	if (connection->tries < TRIES_MAX)
		connection->tries++;
	else if (!closed) {
		reset(tcp, connection);
		return;
	}
	if (closed) {
		probe_window(tcp, connection);
	} else if (connection->state == ESTABLISHED) {
		send_again(tcp, connection);
		expect_answer(tcp, connection);
	} else {
		send_syn(tcp, connection);
	}
}

void tcp_set_time(struct tcp *tcp, int64_t now)
{
	tcp->now = now;
}

int tcp_timeout(const struct tcp *tcp, int64_t now)
{
	if (tcp->next_tick == INT64_MAX)
		return -1;
	return tcp->next_tick > now ? (int)(tcp->next_tick - now) : 0;
}

/* Give back what an empty queue has. */
static void cool_down(struct tcp *tcp, struct connection *connection)
{
	if (connection->unacknowledged.length == 0)
		queue_free(tcp, &connection->unacknowledged);
	if (connection->unsent.length == 0)
		queue_free(tcp, &connection->unsent);
}

void tcp_timers(struct tcp *tcp)
{
	if (tcp->now < tcp->next_tick)
		return;
	tcp->last_tick = tcp->now;
	tcp->next_tick = INT64_MAX;
	for (uint32_t i = 0; i < tcp->used; i++) {
		struct connection *connection = &tcp->connections[i];

		if (connection->state == FREE)
			continue;
		cool_down(tcp, connection);
		if (connection->deadline && connection->deadline <= tcp->now)
			run_out(tcp, connection);
		else if (connection->deadline)
			tcp_look_at(tcp, connection->deadline);
	}
}
