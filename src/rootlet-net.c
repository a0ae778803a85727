/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rootlet-net: the network of one container.
 *
 * Theory of operation: frames come from the container's tap. TCP is ours (net/tcp.h); all else (UDP,
 * ICMP, ARP, neighbour discovery, DNS) goes to libslirp, which is a TCP/IP stack that ends at
 * ordinary sockets of ours. One epoll set has the tap, init's pidfd, the control socket, the
 * published ports and all connections; a wake-up takes many frames. libslirp says what it wants of
 * each of its sockets, and only what has changed since is told to the kernel; it is left alone
 * while nothing has come for it. When the pidfd says that init is gone, so are we.
 *
 * What is answered to a published UDP port does not go through libslirp (net/udp.h).
 */
#include <fcntl.h>
#include <glib.h>
#include <libslirp.h>
#include <malloc.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <time.h>

#include "net/filter.h"
#include "net/protocol.h"
#include "net/sandbox.h"
#include "net/segment.h"
#include "net/tcp.h"
#include "net/udp.h"

#define FRAME_SIZE      (65536 + 64)
#define FRAMES_AT_ONCE  128
#define EVENTS          256
#define TIMERS          4
#define FREE_PORT_TRIES 16
#define BACKLOG         4096
#define FILES_RESERVED  32 /* for what is not a connection */
#define QUEUES_MAX      (64u * 1024 * 1024)
#define MMAP_THRESHOLD  (16 * 1024 * 1024)
#define TRIM_THRESHOLD  (1024 * 1024)

/* What we know of an fd, by its number. */
struct watch {
	uint32_t wanted;     /* EPOLL*, by libslirp, in round @round */
	uint32_t registered; /* EPOLL*, as the kernel has it */
	uint32_t ready;      /* EPOLL*, in round @ready_round */
	uint64_t round, ready_round;
	bool known;    /* is in helper->active */
	bool listener; /* of a published TCP port: ours, not libslirp's */
};

struct timer {
	bool used;
	SlirpTimerId id;
	void *data;
	int64_t expires; /* ms, -1: never */
};

struct published {
	struct net_port port;
	int fd; /* of UDP it is libslirp's, so that it is only used, never closed */
};

struct helper {
	struct net_plan plan;
	int tap, init, control, epoll;
	int spare; /* a file to give up for the runtime's connection when there is none left */
	Slirp *slirp;
	struct watch *watches;
	int *active; /* fds that have a watch */
	size_t watch_count, active_count;
	size_t open; /* libslirp's sockets */
	uint64_t round;
	int64_t stack_due; /* ms: when libslirp wants to be asked again; -1: not by itself */
	struct tcp *tcp;
	bool busy; /* some connection has more to send at once */
	struct timer timers[TIMERS];
	struct published *published;
	size_t published_count, udp_count;
	struct udp_flows flows;
	uint8_t frame[FRAME_PREFIX + FRAME_SIZE];
};

/* --- what libslirp calls --------------------------------------------------------------------- */

static int64_t now_ns(void *opaque)
{
	struct timespec now;

	(void)opaque;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static int64_t now_ms(void)
{
	return now_ns(NULL) / 1000000;
}

static int udp_socket_of(const struct helper *helper, const struct udp_flow *flow)
{
	for (size_t i = 0; i < helper->published_count; i++) {
		const struct net_port *port = &helper->published[i].port;

		if (port->protocol == IPPROTO_UDP && port->family == flow->family &&
		    port->container_port == flow->port)
			return helper->published[i].fd;
	}
	return -1;
}

/* A packet to the container may have come in by a published port. */
static void remember_client(struct helper *helper, const uint8_t *frame, size_t length)
{
	struct udp_flow flow;
	int fd;

	if (!udp_from_client(&helper->plan, frame, length, &flow))
		return;
	fd = udp_socket_of(helper, &flow);
	if (fd >= 0)
		udp_remember(&helper->flows, &flow, fd);
}

/* A frame that the kernel does not take is lost, as on a wire. */
static ssize_t send_packet(const void *frame, size_t length, void *opaque)
{
	struct virtio_net_hdr prefix = { 0 };
	struct iovec parts[] = { { &prefix, sizeof(prefix) }, { (void *)frame, length } };
	struct helper *helper = opaque;

	if (helper->udp_count > 0)
		remember_client(helper, frame, length);
	return writev(helper->tap, parts, ARRAY_SIZE(parts)) < 0 ? -1 : (ssize_t)length;
}

static void ignore_guest_error(const char *message, void *opaque)
{
	(void)message;
	(void)opaque;
}

static void *timer_new(SlirpTimerId id, void *data, void *opaque)
{
	struct helper *helper = opaque;

	for (size_t i = 0; i < TIMERS; i++) {
		if (helper->timers[i].used)
			continue;
		helper->timers[i] = (struct timer){ true, id, data, -1 };
		return &helper->timers[i];
	}
	return NULL;
}

static void timer_free(void *timer, void *opaque)
{
	(void)opaque;
	if (timer)
		((struct timer *)timer)->used = false;
}

static void timer_mod(void *timer, int64_t expires, void *opaque)
{
	(void)opaque;
	if (timer)
		((struct timer *)timer)->expires = expires;
}

/* libslirp leaves datagram sockets blocking: a peer that never reads would stop us for good. */
static void register_fd(int fd, void *opaque)
{
	struct helper *helper = opaque;

	helper->open++;
	fcntl(fd, F_SETFL, O_RDWR | O_NONBLOCK);
}

/* Before it is closed: the number may come back for another socket. */
static void unregister_fd(int fd, void *opaque)
{
	struct helper *helper = opaque;

	if (helper->open > 0)
		helper->open--;
	if (fd < 0 || (size_t)fd >= helper->watch_count)
		return;
	if (helper->watches[fd].registered)
		epoll_ctl(helper->epoll, EPOLL_CTL_DEL, fd, NULL);
	helper->watches[fd].registered = helper->watches[fd].ready = 0;
	helper->watches[fd].listener = false;
}

static void notify(void *opaque)
{
	(void)opaque;
}

static const SlirpCb callbacks = {
	.send_packet = send_packet,
	.guest_error = ignore_guest_error,
	.clock_get_ns = now_ns,
	.timer_free = timer_free,
	.timer_mod = timer_mod,
	.register_poll_fd = register_fd,
	.unregister_poll_fd = unregister_fd,
	.notify = notify,
	.timer_new_opaque = timer_new,
};

static int start_slirp(struct helper *helper, struct error **err)
{
	const struct net_plan *plan = &helper->plan;
	struct sockaddr_in outbound = { .sin_family = AF_INET, .sin_addr = plan->outbound };
	struct sockaddr_in6 outbound6 = { .sin6_family = AF_INET6, .sin6_addr = plan->outbound6 };
	const SlirpConfig config = {
		.version = 4,
		.in_enabled = true,
		.vnetwork = plan->network,
		.vnetmask = plan->netmask,
		.vhost = plan->gateway,
		.in6_enabled = plan->ipv6,
		.vprefix_addr6 = plan->network6,
		.vprefix_len = (uint8_t)plan->prefix6,
		.vhost6 = plan->gateway6,
		.vdhcp_start = plan->address,
		.vnameserver = plan->nameserver,
		.vnameserver6 = plan->nameserver6,
		.if_mtu = plan->mtu,
		.if_mru = plan->mtu,
		.disable_host_loopback = !plan->allow_host_loopback,
		.outbound_addr = plan->has_outbound ? &outbound : NULL,
		.outbound_addr6 = plan->has_outbound6 ? &outbound6 : NULL,
		.disable_dns = !plan->dns,
		.disable_dhcp = true,
	};

	helper->slirp = slirp_new(&config, &callbacks, helper);
	return helper->slirp ? 0 : error_set(err, 0, "the network helper: libslirp does not start");
}

/* --- publishing ------------------------------------------------------------------------------ */

/* libslirp keeps its listening sockets to itself, but the number of the next fd is no secret. */
static int next_fd(const struct helper *helper)
{
	int fd = dup(helper->epoll);

	if (fd >= 0)
		close(fd);
	return fd;
}

static uint16_t port_of(const struct sockaddr_storage *address)
{
	return ntohs(address->ss_family == AF_INET
	                     ? ((const struct sockaddr_in *)address)->sin_port
	                     : ((const struct sockaddr_in6 *)address)->sin6_port);
}

/* Port 0: the kernel says which one is free, and libslirp asks for that. */
static int find_free_port(struct net_port *port)
{
	struct sockaddr_storage address;
	socklen_t length = net_port_sockaddr(port, &address);
	_cleanup_fd_ int fd = socket(port->family, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || bind(fd, (struct sockaddr *)&address, length) < 0 ||
	    getsockname(fd, (struct sockaddr *)&address, &length) < 0)
		return -1;
	port->host_port = port_of(&address);
	return 0;
}

static int forward(struct helper *helper, const struct net_port *port)
{
	struct net_port inside = { .family = port->family, .host_port = port->container_port };
	struct sockaddr_storage host, container;
	socklen_t host_length = net_port_sockaddr(port, &host), container_length;

	if (port->family == AF_INET)
		memcpy(inside.address, &helper->plan.address, 4);
	else
		memcpy(inside.address, &helper->plan.address6, 16);
	container_length = net_port_sockaddr(&inside, &container);
	return slirp_add_hostxfwd(helper->slirp, (struct sockaddr *)&host, host_length,
	                          (struct sockaddr *)&container, container_length,
	                          SLIRP_HOSTFWD_UDP | SLIRP_HOSTFWD_V6ONLY);
}

/* Return: libslirp's socket, or -1 with errno. */
static int publish_udp(struct helper *helper, struct net_port *port)
{
	const bool any_port = port->host_port == 0;

	for (int i = 0; i < (any_port ? FREE_PORT_TRIES : 1); i++) {
		int fd = next_fd(helper);

		if (any_port && (port->host_port = 0, find_free_port(port) < 0))
			return -1;
		if (forward(helper, port) == 0) {
			helper->udp_count++;
			return fd;
		}
	}
	return -1;
}

/* Return: a listening socket, in the epoll set, or -1 with errno. */
static int publish_tcp(struct helper *helper, struct net_port *port)
{
	struct epoll_event event = { .events = EPOLLIN };
	struct sockaddr_storage address;
	socklen_t length = net_port_sockaddr(port, &address);
	_cleanup_fd_ int fd = socket(port->family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	const int on = 1;

	if (fd < 0 || (size_t)fd >= helper->watch_count)
		return -1;
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (port->family == AF_INET6)
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on));
	if (bind(fd, (struct sockaddr *)&address, length) < 0 || listen(fd, BACKLOG) < 0 ||
	    getsockname(fd, (struct sockaddr *)&address, &length) < 0)
		return -1;
	event.data.u64 = (uint64_t)fd;
	if (epoll_ctl(helper->epoll, EPOLL_CTL_ADD, fd, &event) < 0)
		return -1;
	port->host_port = port_of(&address);
	helper->watches[fd].listener = true;
	return take_fd(&fd);
}

static int bind_failed(const struct net_port *port, struct error **err)
{
	const int errnum = errno;
	char text[NET_PORT_TEXT_SIZE];

	net_port_format_host(port, text);
	error_set(err, errnum, "cannot publish %s/%s", text,
	          port->protocol == IPPROTO_UDP ? "udp" : "tcp");
	if (errnum == EACCES)
		return error_hint(err,
		                  "lower the first port that users may have with `sudo sysctl "
		                  "net.ipv4.ip_unprivileged_port_start=%u`",
		                  port->host_port);
	if (errnum == EADDRINUSE)
		return error_hint(err, "choose another host port, or 0 for a free one");
	return -1;
}

static int publish(struct helper *helper, struct net_port *port, struct error **err)
{
	int fd;

	if (port->family == AF_INET6 && !helper->plan.ipv6)
		return error_set(err, 0, "cannot publish an IPv6 port: the network has ipv6=off");
	if (helper->published_count == NET_PORTS_MAX)
		return error_set(err, 0, "no more than %u ports can be published", NET_PORTS_MAX);
	fd = port->protocol == IPPROTO_UDP ? publish_udp(helper, port) : publish_tcp(helper, port);
	if (fd < 0)
		return bind_failed(port, err);
	helper->published[helper->published_count++] = (struct published){ *port, fd };
	return 0;
}

static bool same_host_side(const struct net_port *a, const struct net_port *b)
{
	return a->protocol == b->protocol && a->family == b->family &&
	       a->host_port == b->host_port &&
	       memcmp(a->address, b->address, sizeof(a->address)) == 0;
}

static struct published *find_published(struct helper *helper, const struct net_port *port)
{
	for (size_t i = 0; i < helper->published_count; i++)
		if (same_host_side(&helper->published[i].port, port) &&
		    helper->published[i].port.container_port == port->container_port)
			return &helper->published[i];
	return NULL;
}

static void unpublish_udp(struct helper *helper, const struct published *published)
{
	struct sockaddr_storage host;
	socklen_t length = net_port_sockaddr(&published->port, &host);

	helper->udp_count--;
	udp_forget(&helper->flows, published->fd);
	/* It gives back what it never took. */
	helper->open++;
	slirp_remove_hostxfwd(helper->slirp, (struct sockaddr *)&host, length, SLIRP_HOSTFWD_UDP);
}

/* Connections that are there stay. */
static void unpublish(struct helper *helper, struct published *published)
{
	if (published->port.protocol == IPPROTO_UDP) {
		unpublish_udp(helper, published);
	} else {
		helper->watches[published->fd].listener = false;
		close(published->fd);
	}
	*published = helper->published[--helper->published_count];
}

/* All, or none. */
static int publish_all(struct helper *helper, struct net_port *ports, size_t count,
                       struct error **err)
{
	const size_t before = helper->published_count;

	for (size_t i = 0; i < count; i++) {
		if (publish(helper, &ports[i], err) == 0)
			continue;
		while (helper->published_count > before)
			unpublish(helper, &helper->published[helper->published_count - 1]);
		return -1;
	}
	return 0;
}

static int unpublish_all(struct helper *helper, const struct net_port *ports, size_t count,
                         struct error **err)
{
	char text[NET_PORT_TEXT_SIZE];

	for (size_t i = 0; i < count; i++) {
		if (find_published(helper, &ports[i]))
			continue;
		net_port_format(&ports[i], text);
		return error_set(err, 0, "%s is not published", text);
	}
	for (size_t i = 0; i < count; i++) {
		struct published *published = find_published(helper, &ports[i]);

		if (published)
			unpublish(helper, published);
	}
	return 0;
}

/* --- the control socket ---------------------------------------------------------------------- */

static int change_ports(struct helper *helper, struct net_message *message, struct error **err)
{
	if (message->type == NET_ADD)
		return publish_all(helper, message->ports, message->port_count, err);
	if (message->type == NET_REMOVE)
		return unpublish_all(helper, message->ports, message->port_count, err);
	return error_set(err, EPROTO, "the network helper");
}

static void answer(int socket, struct net_message *message, uint32_t type, struct error *error)
{
	message->type = error ? NET_ERROR : type;
	message->text[0] = '\0';
	if (error) {
		message->port_count = 0;
		snprintf(message->text, sizeof(message->text), "%s", error->message);
	}
	net_message_send(socket, message, NULL, 0);
}

/* One request of one connection, with limited patience: the runtime sends at once. */
static void serve_connection(struct helper *helper)
{
	const struct timeval patience = { .tv_sec = 1 };
	_cleanup_fd_ int socket = accept4(helper->control, NULL, NULL, SOCK_CLOEXEC);
	_cleanup_free_ struct net_message *message = malloc(sizeof(*message));
	_cleanup_error_ struct error *error = NULL;

	if (socket < 0 || !message)
		return;
	setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	if (net_message_receive(socket, message, NULL, 0) <= 0)
		return;
	change_ports(helper, message, &error);
	answer(socket, message, NET_DONE, error);
}

/* The container can take all files for UDP: one that waits for an answer would keep us awake. */
static void serve_control(struct helper *helper)
{
	close_fd(&helper->spare);
	serve_connection(helper);
	helper->spare = dup(helper->epoll);
}

/* --- the loop -------------------------------------------------------------------------------- */

static uint32_t to_epoll(int events)
{
	return (events & SLIRP_POLL_IN ? EPOLLIN : 0u) | (events & SLIRP_POLL_OUT ? EPOLLOUT : 0u) |
	       (events & SLIRP_POLL_PRI ? EPOLLPRI : 0u);
}

static int from_epoll(uint32_t events)
{
	return (events & EPOLLIN ? SLIRP_POLL_IN : 0) | (events & EPOLLOUT ? SLIRP_POLL_OUT : 0) |
	       (events & EPOLLPRI ? SLIRP_POLL_PRI : 0) | (events & EPOLLERR ? SLIRP_POLL_ERR : 0) |
	       (events & EPOLLHUP ? SLIRP_POLL_HUP : 0);
}

static int add_poll(int fd, int events, void *opaque)
{
	struct helper *helper = opaque;
	struct watch *watch;

	if (fd < 0 || (size_t)fd >= helper->watch_count)
		return -1;
	watch = &helper->watches[fd];
	watch->wanted = to_epoll(events);
	watch->round = helper->round;
	if (!watch->known) {
		watch->known = true;
		helper->active[helper->active_count++] = fd;
	}
	return fd;
}

static int get_events(int index, void *opaque)
{
	const struct helper *helper = opaque;
	const struct watch *watch;

	if (index < 0 || (size_t)index >= helper->watch_count)
		return 0;
	watch = &helper->watches[index];
	return watch->ready_round == helper->round ? from_epoll(watch->ready) : 0;
}

/* Tell the kernel what has changed. Return: whether the fd is still of interest. */
static bool update_watch(struct helper *helper, int fd)
{
	struct watch *watch = &helper->watches[fd];
	const uint32_t wanted = watch->round == helper->round ? watch->wanted : 0;
	struct epoll_event event = { .events = wanted, .data.u64 = (uint64_t)fd };

	if (wanted == watch->registered)
		return wanted != 0;
	if (wanted == 0)
		epoll_ctl(helper->epoll, EPOLL_CTL_DEL, fd, NULL);
	else if (epoll_ctl(helper->epoll, watch->registered ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, fd,
	                   &event) < 0)
		epoll_ctl(helper->epoll, errno == ENOENT ? EPOLL_CTL_ADD : EPOLL_CTL_MOD, fd,
		          &event);
	watch->registered = wanted;
	return wanted != 0;
}

static void update_watches(struct helper *helper)
{
	size_t kept = 0;

	for (size_t i = 0; i < helper->active_count; i++) {
		const int fd = helper->active[i];

		if (update_watch(helper, fd))
			helper->active[kept++] = fd;
		else
			helper->watches[fd].known = false;
	}
	helper->active_count = kept;
}

/* When libslirp has to be asked again, if nothing comes for it. */
static int64_t stack_deadline(const struct helper *helper, uint32_t timeout)
{
	int64_t deadline = timeout > INT32_MAX ? -1 : now_ms() + timeout;

	for (size_t i = 0; i < TIMERS; i++) {
		const struct timer *timer = &helper->timers[i];

		if (timer->used && timer->expires >= 0 &&
		    (deadline < 0 || timer->expires < deadline))
			deadline = timer->expires;
	}
	return deadline;
}

static void run_timers(struct helper *helper)
{
	const int64_t now = now_ms();

	for (size_t i = 0; i < TIMERS; i++) {
		struct timer *timer = &helper->timers[i];

		if (!timer->used || timer->expires < 0 || timer->expires > now)
			continue;
		timer->expires = -1;
		slirp_handle_timer(helper->slirp, timer->id, timer->data);
	}
}

/* A frame that is not TCP. Return: whether libslirp has got it. */
static bool pass_frame(struct helper *helper, uint8_t *frame, size_t length)
{
	if (!frame_complete((const struct virtio_net_hdr *)helper->frame, frame, length))
		return false;
	if (udp_answer(&helper->flows, &helper->plan, frame, length))
		return false;
	slirp_input(helper->slirp, frame, (int)length);
	return true;
}

/* Return: 1 when there was something for libslirp, 0 when not, -1 when the tap is gone. */
static int read_frames(struct helper *helper)
{
	uint8_t *frame = helper->frame + FRAME_PREFIX;
	bool passed = false;

	for (int i = 0; i < FRAMES_AT_ONCE; i++) {
		ssize_t n = read(helper->tap, helper->frame, sizeof(helper->frame));
		size_t length = n > (ssize_t)FRAME_PREFIX ? (size_t)n - FRAME_PREFIX : 0;

		if (n < 0 && errno != EAGAIN && errno != EINTR)
			return -1;
		if (n < 0)
			break;
		if (frame_judge(frame, length) == FRAME_DROP)
			continue;
		if (segment_is_tcp(frame, length))
			tcp_frame(helper->tcp, frame, length);
		else
			passed |= pass_frame(helper, frame, length);
	}
	return passed;
}

/* Ask libslirp what it wants of its sockets. */
static void fill(struct helper *helper)
{
	uint32_t timeout = UINT32_MAX;

	helper->round++;
	slirp_pollfds_fill(helper->slirp, &timeout, add_poll, helper);
	update_watches(helper);
	helper->stack_due = stack_deadline(helper, timeout);
	tcp_leave_room(helper->tcp, (uint32_t)(helper->open + helper->published_count));
}

/* Something has come for libslirp, or its time has. */
static void serve_stack(struct helper *helper)
{
	slirp_pollfds_poll(helper->slirp, 0, get_events, helper);
	run_timers(helper);
	fill(helper);
}

static int timeout_of(const struct helper *helper)
{
	const int64_t now = now_ms();
	int64_t timeout = helper->busy ? 0 : tcp_timeout(helper->tcp, now);
	int64_t left = helper->stack_due > now ? helper->stack_due - now : 0;

	if (helper->stack_due >= 0 && (timeout < 0 || left < timeout))
		timeout = left;
	return (int)timeout;
}

static void accept_clients(struct helper *helper, int fd)
{
	for (size_t i = 0; i < helper->published_count; i++)
		if (helper->published[i].fd == fd)
			tcp_accept(helper->tcp, fd, &helper->published[i].port);
}

/* What a wake-up has brought. */
struct news {
	bool init, control, frames, stack;
};

static void take_event(struct helper *helper, const struct epoll_event *event, struct news *news)
{
	const int fd = (int)event->data.u64;

	if (event->data.u64 & TCP_EVENT) {
		tcp_event(helper->tcp, (uint32_t)event->data.u64, event->events);
		return;
	}
	news->init |= fd == helper->init;
	news->control |= fd == helper->control;
	news->frames |= fd == helper->tap;
	if (fd == helper->init || fd == helper->control || fd == helper->tap)
		return;
	if (helper->watches[fd].listener) {
		accept_clients(helper, fd);
		return;
	}
	news->stack = true;
	helper->watches[fd].ready = event->events;
	helper->watches[fd].ready_round = helper->round;
}

/* Return: false when it is time to end. */
static bool serve_round(struct helper *helper)
{
	struct epoll_event events[EVENTS];
	struct news news = { 0 };
	int n = epoll_wait(helper->epoll, events, EVENTS, timeout_of(helper));
	int passed = 0;

	if (n < 0 && errno != EINTR)
		return false;
	tcp_set_time(helper->tcp, now_ms());
	/* The events first, as they name connections that the rest may end and whose number it reuses. */
	for (int i = 0; i < n; i++)
		take_event(helper, &events[i], &news);
	if (news.frames)
		passed = read_frames(helper);
	if (news.init || passed < 0)
		return false;
	tcp_timers(helper->tcp);
	helper->busy = tcp_flush(helper->tcp);
	if (news.control)
		serve_control(helper);
	if (news.stack || news.control || passed > 0 ||
	    (helper->stack_due >= 0 && helper->stack_due <= now_ms()))
		serve_stack(helper);
	return true;
}

/* --- start ----------------------------------------------------------------------------------- */

static struct tcp *make_tcp(const struct helper *helper)
{
	const size_t files = helper->watch_count;

	return tcp_new(&(struct tcp_setup){
		.plan = &helper->plan,
		.tap = helper->tap,
		.epoll = helper->epoll,
		.connections = (uint32_t)(files > FILES_RESERVED ? files - FILES_RESERVED : 0),
		.memory = QUEUES_MAX,
	});
}

static int make_tables(struct helper *helper, struct error **err)
{
	const int fds[] = { helper->tap, helper->init, helper->control };
	struct rlimit files = { .rlim_cur = 1024 };

	getrlimit(RLIMIT_NOFILE, &files);
	helper->watch_count = files.rlim_cur;
	helper->watches = calloc(helper->watch_count, sizeof(*helper->watches));
	helper->active = calloc(helper->watch_count, sizeof(*helper->active));
	helper->published = calloc(NET_PORTS_MAX, sizeof(*helper->published));
	helper->epoll = epoll_create1(EPOLL_CLOEXEC);
	helper->spare = dup(helper->epoll);
	helper->tcp = make_tcp(helper);
	if (!helper->watches || !helper->active || !helper->published || helper->epoll < 0 ||
	    !helper->tcp)
		return error_set(err, errno, "the network helper's tables");
	for (size_t i = 0; i < ARRAY_SIZE(fds); i++) {
		struct epoll_event event = { .events = EPOLLIN, .data.u64 = (uint64_t)fds[i] };

		if (epoll_ctl(helper->epoll, EPOLL_CTL_ADD, fds[i], &event) < 0)
			return error_set(err, errno, "the network helper's descriptors");
	}
	return 0;
}

static int set_up(struct helper *helper, struct net_message *message, struct error **err)
{
	if (sandbox_enter(helper->plan.dns_server, err) < 0 || make_tables(helper, err) < 0 ||
	    start_slirp(helper, err) < 0)
		return -1;
	if (publish_all(helper, message->ports, message->port_count, err) < 0)
		return -1;
	return sandbox_lock(err);
}

/* The setup over stdin. Return: -1 when nobody wants us. */
static int receive_setup(struct helper *helper, struct net_message *message)
{
	int fds[NET_FD_COUNT];

	if (net_message_receive(STDIN_FILENO, message, fds, NET_FD_COUNT) <= 0 ||
	    message->type != NET_SETUP)
		return -1;
	helper->plan = message->plan;
	helper->tap = fds[NET_FD_TAP];
	helper->init = fds[NET_FD_INIT];
	helper->control = fds[NET_FD_CONTROL];
	return 0;
}

int main(void)
{
	_cleanup_free_ struct net_message *message = calloc(1, sizeof(*message));
	_cleanup_error_ struct error *error = NULL;
	/* Ends with the process, and is too large for the stack. */
	static struct helper helper = { .epoll = -1, .spare = -1 };

	/* What the user's terminal says is for the container. */
	setsid();
	signal(SIGPIPE, SIG_IGN);
	/* What a connection's queues leave is for the next one's. */
	mallopt(M_MMAP_THRESHOLD, MMAP_THRESHOLD);
	mallopt(M_TRIM_THRESHOLD, TRIM_THRESHOLD);
	if (!message || receive_setup(&helper, message) < 0)
		return EXIT_FAILURE;
	set_up(&helper, message, &error);
	answer(STDIN_FILENO, message, NET_READY, error);
	if (error)
		return EXIT_FAILURE;
	shutdown(STDIN_FILENO, SHUT_RDWR);
	fill(&helper);
	while (serve_round(&helper))
		continue;
	return EXIT_SUCCESS;
}
