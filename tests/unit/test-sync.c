/* SPDX-License-Identifier: Apache-2.0 */
/* The messages between runtime and init. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "init/sync.h"

static int pair[2];

static int make_pair(void **state)
{
	(void)state;
	return socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair);
}

static int close_pair(void **state)
{
	(void)state;
	close_fd(&pair[0]);
	close_fd(&pair[1]);
	return 0;
}

static void a_message_arrives_with_value_data_and_fds(void **state)
{
	const struct sync_message sent = {
		.type = SYNC_FILTER,
		.value = INT64_MIN,
		.data = (void *)"data",
		.length = 4,
		.fds = { STDIN_FILENO, STDOUT_FILENO },
		.fd_count = 2,
	};
	_cleanup_message_ struct sync_message got = { 0 };

	(void)state;
	assert_int_equal(sync_send(pair[0], &sent), 0);
	assert_int_equal(sync_receive(pair[1], &got, NULL), 1);
	assert_int_equal(got.type, SYNC_FILTER);
	assert_true(got.value == INT64_MIN);
	assert_int_equal(got.length, 4);
	assert_string_equal(got.data, "data");
	assert_int_equal(got.fd_count, 2);
	assert_int_equal(fcntl(got.fds[0], F_GETFD), FD_CLOEXEC);
}

static void an_error_arrives_as_an_error(void **state)
{
	_cleanup_error_ struct error *sent = NULL, *got = NULL;
	_cleanup_message_ struct sync_message message = { 0 };

	(void)state;
	error_set(&sent, ENOENT, "process.args[0]: /x");
	error_status(&sent, 127);
	assert_int_equal(sync_send_error(pair[0], sent), 0);
	assert_int_equal(sync_receive(pair[1], &message, &got), -1);
	assert_string_equal(got->message, sent->message);
	assert_int_equal(got->status, 127);
	assert_int_equal(got->errnum, ENOENT);
}

static void end_of_file_is_no_message(void **state)
{
	_cleanup_message_ struct sync_message message = { 0 };
	_cleanup_error_ struct error *err = NULL;

	(void)state;
	close_fd(&pair[0]);
	assert_int_equal(sync_receive(pair[1], &message, NULL), 0);
	assert_int_equal(sync_expect(pair[1], SYNC_GO, &message, &err), -1);
	assert_non_null(err);
}

static void a_peer_that_died_with_our_message_unread_is_an_error(void **state)
{
	_cleanup_message_ struct sync_message message = { 0 };
	_cleanup_error_ struct error *err = NULL;

	(void)state;
	assert_int_equal(sync_send_type(pair[1], SYNC_START), 0);
	close_fd(&pair[0]);
	assert_int_equal(sync_receive(pair[1], &message, &err), -1);
	assert_non_null(strstr(err->message, "killed"));
	/* Nothing that was not received is closed: stdin is still there. */
	sync_message_clear(&message);
	assert_true(fcntl(STDIN_FILENO, F_GETFD) >= 0);
}

static void what_a_peer_said_before_it_died_is_not_lost(void **state)
{
	_cleanup_message_ struct sync_message message = { 0 };
	_cleanup_error_ struct error *sent = NULL, *got = NULL;

	(void)state;
	error_set(&sent, 0, "last words");
	assert_int_equal(sync_send_type(pair[1], SYNC_GO), 0);
	assert_int_equal(sync_send_error(pair[0], sent), 0);
	close_fd(&pair[0]);
	assert_int_equal(sync_receive(pair[1], &message, &got), -1);
	assert_string_equal(got->message, "last words");
}

static void another_message_than_expected_is_an_error(void **state)
{
	_cleanup_message_ struct sync_message message = { 0 };
	_cleanup_error_ struct error *err = NULL;

	(void)state;
	assert_int_equal(sync_send_type(pair[0], SYNC_START), 0);
	assert_int_equal(sync_expect(pair[1], SYNC_GO, &message, &err), -1);
	assert_int_equal(err->errnum, EPROTO);
}

static void a_wait_ends_with_a_message_or_an_interrupt(void **state)
{
	_cleanup_error_ struct error *err = NULL;
	int interrupt[2];

	(void)state;
	assert_int_equal(pipe(interrupt), 0);
	assert_int_equal(sync_send_type(pair[0], SYNC_GO), 0);
	assert_int_equal(sync_wait(pair[1], interrupt[0], &err), 0);
	assert_int_equal(write(interrupt[1], "x", 1), 1);
	assert_int_equal(sync_wait(pair[1], interrupt[0], &err), -1);
	assert_int_equal(err->errnum, EINTR);
	close(interrupt[0]);
	close(interrupt[1]);
}

static void a_message_that_is_too_large_is_refused(void **state)
{
	static char data[SYNC_MAX_DATA + 1];

	(void)state;
	assert_int_equal(sync_send(pair[0], &(struct sync_message){ .type = SYNC_FILTER,
	                                                            .data = data,
	                                                            .length = sizeof(data) }),
	                 -1);
	assert_int_equal(errno, EMSGSIZE);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make_pair, close_pair)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_message_arrives_with_value_data_and_fds),
		TEST(an_error_arrives_as_an_error),
		TEST(end_of_file_is_no_message),
		TEST(a_peer_that_died_with_our_message_unread_is_an_error),
		TEST(what_a_peer_said_before_it_died_is_not_lost),
		TEST(another_message_than_expected_is_an_error),
		TEST(a_wait_ends_with_a_message_or_an_interrupt),
		TEST(a_message_that_is_too_large_is_refused),
	};

	return cmocka_run_group_tests_name("sync", tests, NULL, NULL);
}
