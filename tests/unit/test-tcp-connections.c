/* SPDX-License-Identifier: Apache-2.0 */
/* The network helper's TCP: how connections begin and end, from both sides, and how many there are. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <fcntl.h>
#include <sys/socket.h>

#include "base/cleanup.h"
#include "tcp-world.h"

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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_end_in_both_directions_frees_the_connection),
		cmocka_unit_test(a_half_closed_connection_lasts_while_the_container_knows_of_it),
		cmocka_unit_test(what_waits_for_nothing_does_not_wake_us),
		cmocka_unit_test(the_host_may_end_first),
		cmocka_unit_test(both_may_end_at_once),
		cmocka_unit_test(an_end_before_what_precedes_it_is_not_taken),
		cmocka_unit_test(an_end_that_is_lost_comes_again),
		cmocka_unit_test(resets_go_through),
		cmocka_unit_test(what_has_no_connection_is_refused),
		cmocka_unit_test(more_connections_than_there_are_files_for_are_refused),
		cmocka_unit_test(the_hosts_loopback_is_out_of_reach_unless_it_is_opened),
		cmocka_unit_test(a_client_is_connected_when_the_container_answers),
		cmocka_unit_test(a_client_that_the_container_refuses_is_reset),
		cmocka_unit_test(a_client_that_is_not_answered_is_let_go),
		cmocka_unit_test(what_is_left_of_an_earlier_connection_is_got_rid_of),
		cmocka_unit_test(connections_that_hold_a_lot_do_not_stop_others),
	};

	return cmocka_run_group_tests_name("tcp connections", tests, NULL, NULL);
}
