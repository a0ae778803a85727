/* SPDX-License-Identifier: Apache-2.0 */
/* Answers of the container's to clients of a published UDP port. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <string.h>
#include <sys/socket.h>

#include "base/cleanup.h"
#include "net/bytes.h"
#include "net/udp.h"

#define SERVICE 5353u /* the container's port */

static const char *const container[] = { "10.0.2.100", "fd00::100" };
static const char *const gateway[] = { "10.0.2.2", "fd00::2" };
static const char *const nameserver[] = { "10.0.2.3", "fd00::3" };
static const char *const loopback[] = { "127.0.0.1", "::1" };

static struct udp_flows flows;
static uint8_t frame[256];

static struct net_plan make_plan(void)
{
	struct net_plan plan = { .ipv6 = true };

	inet_pton(AF_INET, gateway[0], &plan.gateway);
	inet_pton(AF_INET6, gateway[1], &plan.gateway6);
	inet_pton(AF_INET, nameserver[0], &plan.nameserver);
	inet_pton(AF_INET6, nameserver[1], &plan.nameserver6);
	return plan;
}

static bool is_ipv6(const char *address)
{
	return strchr(address, ':') != NULL;
}

/* A UDP packet in @frame. Return: its length. */
static size_t make_frame(const char *from, uint16_t from_port, const char *to, uint16_t to_port,
                         const char *payload)
{
	const size_t header = is_ipv6(from) ? 40 : 20, udp = 8 + strlen(payload);
	uint8_t *packet = frame + 14;

	memset(frame, 0, sizeof(frame));
	write_u16(frame + 12, is_ipv6(from) ? 0x86dd : 0x0800);
	if (is_ipv6(from)) {
		packet[0] = 0x60;
		write_u16(packet + 4, (uint16_t)udp);
		packet[6] = IPPROTO_UDP;
		inet_pton(AF_INET6, from, packet + 8);
		inet_pton(AF_INET6, to, packet + 24);
	} else {
		packet[0] = 0x45;
		write_u16(packet + 2, (uint16_t)(header + udp));
		packet[9] = IPPROTO_UDP;
		inet_pton(AF_INET, from, packet + 12);
		inet_pton(AF_INET, to, packet + 16);
	}
	write_u16(packet + header, from_port);
	write_u16(packet + header + 2, to_port);
	write_u16(packet + header + 4, (uint16_t)udp);
	memcpy(packet + header + 8, payload, udp - 8);
	return 14 + header + udp;
}

/* A socket at a free port of the host's loopback. */
static int make_socket(int family, uint16_t *port)
{
	struct sockaddr_in6 in6 = { .sin6_family = AF_INET6, .sin6_addr = in6addr_loopback };
	struct sockaddr_in in = { .sin_family = AF_INET, .sin_addr = { htonl(INADDR_LOOPBACK) } };
	struct sockaddr *address = family == AF_INET ? (void *)&in : (void *)&in6;
	socklen_t length = family == AF_INET ? sizeof(in) : sizeof(in6);
	_cleanup_fd_ int fd = socket(family, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0 || bind(fd, address, length) < 0 || getsockname(fd, address, &length) < 0)
		return -1;
	*port = ntohs(family == AF_INET ? in.sin_port : in6.sin6_port);
	return take_fd(&fd);
}

/* What has come to @fd is @text, from @port; NULL: nothing has. */
static void expect_received(int fd, const char *text, uint16_t port)
{
	struct sockaddr_storage from = { 0 };
	socklen_t length = sizeof(from);
	char buffer[64] = "";
	ssize_t n = recvfrom(fd, buffer, sizeof(buffer) - 1, 0, (struct sockaddr *)&from, &length);

	if (!text) {
		assert_int_equal(n, -1);
		assert_int_equal(errno, EAGAIN);
		return;
	}
	assert_string_equal(buffer, text);
	/* The port has the same place in both kinds of address. */
	assert_int_equal(ntohs(((struct sockaddr_in *)&from)->sin_port), port);
}

static void try_answer(size_t kind)
{
	const struct net_plan plan = make_plan();
	uint16_t client_port, server_port;
	const int family = is_ipv6(gateway[kind]) ? AF_INET6 : AF_INET;
	_cleanup_fd_ int client = make_socket(family, &client_port);
	_cleanup_fd_ int server = make_socket(family, &server_port);
	struct udp_flow flow;
	size_t length;

	if (client < 0 || server < 0)
		skip();
	memset(&flows, 0, sizeof(flows));
	/* Nobody has asked. */
	length = make_frame(container[kind], SERVICE, gateway[kind], client_port, "early");
	assert_false(udp_answer(&flows, &plan, frame, length));
	/* The client on the host's loopback is the gateway to the container. */
	length = make_frame(gateway[kind], client_port, container[kind], SERVICE, "question");
	assert_true(udp_from_client(&plan, frame, length, &flow));
	assert_int_equal(flow.port, SERVICE);
	assert_int_equal(flow.peer_port, client_port);
	udp_remember(&flows, &flow, server);
	length = make_frame(container[kind], SERVICE, gateway[kind], client_port, "answer");
	assert_true(udp_answer(&flows, &plan, frame, length));
	expect_received(client, "answer", server_port);
	/* By another port, or to another peer, it is no answer. */
	length = make_frame(container[kind], SERVICE + 1, gateway[kind], client_port, "x");
	assert_false(udp_answer(&flows, &plan, frame, length));
	length = make_frame(container[kind], SERVICE, loopback[kind], client_port, "x");
	assert_false(udp_answer(&flows, &plan, frame, length));
	/* Of other sockets nothing is forgotten, of this one all. */
	length = make_frame(container[kind], SERVICE, gateway[kind], client_port, "again");
	udp_forget(&flows, client);
	assert_true(udp_answer(&flows, &plan, frame, length));
	expect_received(client, "again", server_port);
	udp_forget(&flows, server);
	assert_false(udp_answer(&flows, &plan, frame, length));
	expect_received(client, NULL, 0);
}

static void answers_leave_from_the_published_port(void **state)
{
	(void)state;
	try_answer(0);
}

static void answers_leave_from_the_published_port_over_ipv6(void **state)
{
	(void)state;
	try_answer(1);
}

static void names_are_no_clients(void **state)
{
	const struct net_plan plan = make_plan();
	struct udp_flow flow;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(container); i++) {
		size_t length = make_frame(nameserver[i], 53, container[i], SERVICE, "x");

		assert_false(udp_from_client(&plan, frame, length, &flow));
		assert_false(udp_from_client(&plan, frame, length - 2, &flow));
		length = make_frame(gateway[i], 53, container[i], SERVICE, "x");
		assert_true(udp_from_client(&plan, frame, length, &flow));
	}
}

/* They would open a way to a port of the host's that the container chooses. */
static void services_of_libslirp_are_not_asked(void **state)
{
	static const struct {
		const char *to;
		uint16_t port;
		bool taken;
	} cases[] = {
		{ "10.0.2.2", 69, true },      { "fd00::2", 69, true },
		{ "ff02::1:2", 547, true },    { "10.0.2.2", 68, false },
		{ "192.0.2.1", 69, false },    { "2001:db8::1", 69, false },
		{ "2001:db8::1", 547, false }, { "10.0.2.2", 547, false },
	};
	const struct net_plan plan = make_plan();

	(void)state;
	memset(&flows, 0, sizeof(flows));
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		size_t length = make_frame(container[is_ipv6(cases[i].to)], SERVICE, cases[i].to,
		                           cases[i].port, "x");

		assert_int_equal(udp_answer(&flows, &plan, frame, length), cases[i].taken);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(answers_leave_from_the_published_port),
		cmocka_unit_test(answers_leave_from_the_published_port_over_ipv6),
		cmocka_unit_test(names_are_no_clients),
		cmocka_unit_test(services_of_libslirp_are_not_asked),
	};

	return cmocka_run_group_tests_name("udp", tests, NULL, NULL);
}
