/* SPDX-License-Identifier: Apache-2.0 */
/* The network helper's TCP: sequence numbers, windows, and what is sent again. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>

#include "base/cleanup.h"
#include "tcp-world.h"

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
		cmocka_unit_test(a_syn_with_data_is_taken_without_it),
		cmocka_unit_test(a_syn_that_is_lost_or_comes_late_does_no_harm),
		cmocka_unit_test(flags_that_make_no_sense_begin_nothing),
		cmocka_unit_test(what_was_never_sent_cannot_be_acknowledged),
		cmocka_unit_test(segments_are_as_large_as_the_container_says),
		cmocka_unit_test(scales_beyond_the_largest_are_that),
		cmocka_unit_test(a_server_that_does_not_read_closes_the_window),
		cmocka_unit_test(random_segments_do_no_harm),
	};

	return cmocka_run_group_tests_name("tcp", tests, NULL, NULL);
}
