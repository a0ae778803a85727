/* SPDX-License-Identifier: Apache-2.0 */
/* Errors, arenas, numbers, files, directories, sockets, messages. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "base/arena.h"
#include "base/cleanup.h"
#include "base/dir.h"
#include "base/error.h"
#include "base/file.h"
#include "base/log.h"
#include "base/number.h"
#include "base/socket.h"
#include "base/timestamp.h"
#include "directory.h"

/* A directory for the test's files, by fd and by name. */
struct fixture {
	char path[DIRECTORY_SIZE];
	int fd;
};

static int make_directory(void **state)
{
	static struct fixture fixture;

	if (!directory_make(fixture.path))
		return -1;
	fixture.fd = open(fixture.path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	*state = &fixture;
	return fixture.fd < 0 ? -1 : 0;
}

static int remove_directory(void **state)
{
	struct fixture *fixture = *state;

	close(fixture->fd);
	return directory_remove(fixture->path);
}

static void an_error_ends_with_the_words_of_its_errno(void **state)
{
	_cleanup_error_ struct error *err = NULL;

	(void)state;
	assert_int_equal(error_set(&err, ENOENT, "cannot open %s", "x"), -1);
	assert_string_equal(err->message, "cannot open x: No such file or directory");
	assert_int_equal(err->errnum, ENOENT);
	assert_int_equal(err->status, 0);
}

static void an_error_without_errno_is_just_its_message(void **state)
{
	_cleanup_error_ struct error *err = NULL;

	(void)state;
	error_set(&err, 0, "no");
	assert_string_equal(err->message, "no");
}

static void an_error_takes_context_hint_and_status(void **state)
{
	_cleanup_error_ struct error *err = NULL;

	(void)state;
	error_set(&err, EPERM, "no");
	assert_int_equal(error_prefix(&err, "mounts[%d]", 3), -1);
	assert_int_equal(error_hint(&err, "do %s", "that"), -1);
	assert_int_equal(error_status(&err, 126), -1);
	assert_string_equal(err->message, "mounts[3]: no: Operation not permitted; do that");
	assert_int_equal(err->errnum, EPERM);
	assert_int_equal(err->status, 126);
	assert_int_equal(error_cause(&err, ENOENT), -1);
	assert_int_equal(err->errnum, ENOENT);
	assert_string_equal(err->message, "mounts[3]: no: Operation not permitted; do that");
}

static void an_error_is_one_harmless_line(void **state)
{
	_cleanup_error_ struct error *err = NULL;

	(void)state;
	error_set(&err, ENOENT, "%s", "a\nb");
	error_prefix(&err, "%s", "\033[2J");
	error_hint(&err, "%s", "\xc2\x9b\x7f");
	assert_string_equal(err->message, "\\x1b[2J: a\\nb: No such file or directory; \\x9b\\x7f");
}

static void nobody_needs_to_want_the_error(void **state)
{
	struct error *none = NULL;

	(void)state;
	assert_int_equal(error_set(NULL, EPERM, "no"), -1);
	assert_int_equal(error_prefix(NULL, "x"), -1);
	assert_int_equal(error_hint(&none, "x"), -1);
	assert_int_equal(error_status(&none, 1), -1);
	assert_int_equal(error_cause(&none, ENOENT), -1);
	error_clear(NULL);
	error_clear(&none);
}

static void an_error_moves(void **state)
{
	_cleanup_error_ struct error *from = NULL, *to = NULL;

	(void)state;
	error_set(&from, 0, "no");
	assert_int_equal(error_move(&to, &from), -1);
	assert_null(from);
	assert_string_equal(to->message, "no");
	error_move(NULL, &to);
	assert_null(to);
}

static void arena_memory_is_zeroed_aligned_and_apart(void **state)
{
	static const size_t sizes[] = { 1, 3, 16, 17, 16384, 100000, 1, 8, 16383 };
	_cleanup_arena_ struct arena *arena = arena_new();
	unsigned char *pieces[ARRAY_SIZE(sizes)];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		pieces[i] = arena_alloc(arena, sizes[i]);
		assert_non_null(pieces[i]);
		assert_int_equal((uintptr_t)pieces[i] % _Alignof(max_align_t), 0);
		for (size_t j = 0; j < sizes[i]; j++)
			assert_int_equal(pieces[i][j], 0);
		memset(pieces[i], (int)i + 1, sizes[i]);
	}
	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		assert_int_equal(pieces[i][0], i + 1);
		assert_int_equal(pieces[i][sizes[i] - 1], i + 1);
	}
}

static void an_arena_refuses_absurd_sizes(void **state)
{
	_cleanup_arena_ struct arena *arena = arena_new();

	(void)state;
	assert_null(arena_alloc(arena, SIZE_MAX));
	assert_null(arena_alloc(arena, SIZE_MAX - 20));
	assert_non_null(arena_alloc(arena, 1));
}

static void arena_strings_are_copies(void **state)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	char text[] = "some text";
	char *copy = arena_strdup(arena, text), *part = arena_strndup(arena, text, 4);

	(void)state;
	text[0] = 'X';
	assert_string_equal(copy, "some text");
	assert_string_equal(part, "some");
	assert_string_equal(arena_printf(arena, "%s-%d", copy, 7), "some text-7");
}

static void numbers_are_digits_in_range(void **state)
{
	static const struct {
		const char *text;
		bool u32, u64, i64;
		int64_t value;
	} cases[] = {
		{ "0", true, true, true, 0 },
		{ "007", true, true, true, 7 },
		{ "4294967295", true, true, true, 4294967295 },
		{ "4294967296", false, true, true, 4294967296 },
		{ "9223372036854775807", false, true, true, INT64_MAX },
		{ "9223372036854775808", false, true, false, INT64_MIN },
		{ "18446744073709551615", false, true, false, -1 },
		{ "18446744073709551616", false, false, false, 0 },
		{ "99999999999999999999999", false, false, false, 0 },
		{ "-1", false, false, true, -1 },
		{ "-9223372036854775808", false, false, true, INT64_MIN },
		{ "-9223372036854775809", false, false, false, 0 },
		{ "", false, false, false, 0 },
		{ "-", false, false, false, 0 },
		{ "--1", false, false, false, 0 },
		{ "+1", false, false, false, 0 },
		{ " 1", false, false, false, 0 },
		{ "1 ", false, false, false, 0 },
		{ "1\n", false, false, false, 0 },
		{ "0x10", false, false, false, 0 },
		{ "1e3", false, false, false, 0 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		uint32_t u32 = 0;
		uint64_t u64 = 0;
		int64_t i64 = 0;

		assert_int_equal(number_parse_u32(cases[i].text, &u32), cases[i].u32);
		assert_int_equal(number_parse_u64(cases[i].text, &u64), cases[i].u64);
		assert_int_equal(number_parse_i64(cases[i].text, &i64), cases[i].i64);
		assert_true(!cases[i].u32 || u32 == (uint64_t)cases[i].value);
		assert_true(!cases[i].u64 || u64 == (uint64_t)cases[i].value);
		assert_true(!cases[i].i64 || i64 == cases[i].value);
	}
}

static void put(const struct fixture *fixture, const char *name, const char *text)
{
	assert_int_equal(file_replace_at(fixture->fd, name, text, strlen(text), 0600), 0);
}

static void a_file_reads_back_whole(void **state)
{
	static const size_t sizes[] = { 0, 1, 4095, 4096, 4097, 100000 };
	struct fixture *fixture = *state;

	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		_cleanup_free_ char *text = malloc(sizes[i] + 1), *read = NULL;

		memset(text, 'x', sizes[i]);
		text[sizes[i]] = '\0';
		put(fixture, "file", text);
		assert_int_equal(file_read_at(fixture->fd, "file", 100000, &read), sizes[i]);
		assert_string_equal(read, text);
	}
}

static void what_is_larger_than_the_limit_is_refused(void **state)
{
	struct fixture *fixture = *state;
	char *text = NULL;
	int fds[2];

	put(fixture, "file", "12345678");
	assert_int_equal(file_read_at(fixture->fd, "file", 7, &text), -1);
	assert_int_equal(errno, EFBIG);
	assert_int_equal(file_read_at(fixture->fd, "file", 8, &text), 8);
	free(text);
	text = NULL;
	/* A pipe does not say its size beforehand. */
	assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
	assert_int_equal(write_all(fds[1], "12345678", 8), 0);
	close(fds[1]);
	assert_int_equal(file_read_fd(fds[0], 7, &text), -1);
	assert_int_equal(errno, EFBIG);
	assert_null(text);
	close(fds[0]);
}

static void only_regular_files_are_read(void **state)
{
	struct fixture *fixture = *state;
	char *text = NULL;

	assert_int_equal(mkfifoat(fixture->fd, "fifo", 0600), 0);
	assert_int_equal(file_read_at(fixture->fd, "fifo", 100, &text), -1);
	assert_int_equal(errno, EINVAL);
	assert_int_equal(file_read_at(fixture->fd, ".", 100, &text), -1);
	assert_int_equal(errno, EISDIR);
	assert_int_equal(file_read_at(fixture->fd, "none", 100, &text), -1);
	assert_int_equal(errno, ENOENT);
	assert_null(text);
}

static void write_at_writes_into_a_file_that_is_there(void **state)
{
	struct fixture *fixture = *state;
	_cleanup_free_ char *text = NULL;

	assert_int_equal(file_write_at(fixture->fd, "none", "x"), -1);
	assert_int_equal(errno, ENOENT);
	put(fixture, "file", "abc");
	assert_int_equal(file_write_at(fixture->fd, "file", "X"), 0);
	file_read_at(fixture->fd, "file", 100, &text);
	assert_string_equal(text, "Xbc");
}

static size_t count_entries(const struct fixture *fixture)
{
	_cleanup_dir_ DIR *dir = opendir(fixture->path);
	size_t count = 0;

	while (readdir(dir))
		count++;
	return count - 2; /* . and .. */
}

static void replace_leaves_one_whole_file(void **state)
{
	struct fixture *fixture = *state;
	_cleanup_free_ char *text = NULL;
	struct stat st;

	put(fixture, "file", "old, and longer");
	/* What a predecessor that was killed left behind is in nobody's way. */
	put(fixture, ".file.new", "half");
	umask(022);
	assert_int_equal(file_replace_at(fixture->fd, "file", "new", 3, 0640), 0);
	file_read_at(fixture->fd, "file", 100, &text);
	assert_string_equal(text, "new");
	assert_int_equal(fstatat(fixture->fd, "file", &st, 0), 0);
	assert_int_equal(st.st_mode & 07777, 0640);
	assert_int_equal(count_entries(fixture), 1);
}

static void a_failed_replace_leaves_nothing(void **state)
{
	struct fixture *fixture = *state;

	/* rename(2) onto a directory fails. */
	assert_int_equal(mkdirat(fixture->fd, "directory", 0700), 0);
	assert_int_equal(file_replace_at(fixture->fd, "directory", "x", 1, 0600), -1);
	assert_int_equal(errno, EISDIR);
	assert_int_equal(count_entries(fixture), 1);
	unlinkat(fixture->fd, "directory", AT_REMOVEDIR);
	assert_int_equal(file_replace_at(fixture->fd, "no/file", "x", 1, 0600), -1);
}

static void a_socket_passes_data_and_fds(void **state)
{
	_cleanup_fd_ int file = open("/dev/null", O_RDONLY | O_CLOEXEC);
	int pair[2], fds[SOCKET_MAX_FDS], sent[SOCKET_MAX_FDS];
	size_t count = ARRAY_SIZE(fds);
	struct stat expected, st;
	char data[16];

	(void)state;
	fstat(file, &expected);
	for (size_t i = 0; i < ARRAY_SIZE(sent); i++)
		sent[i] = file;
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
	assert_int_equal(socket_send(pair[0], "hello", 5, sent, ARRAY_SIZE(sent)), 0);
	assert_int_equal(socket_receive(pair[1], data, sizeof(data), fds, &count), 5);
	assert_memory_equal(data, "hello", 5);
	assert_int_equal(count, SOCKET_MAX_FDS);
	for (size_t i = 0; i < count; i++) {
		assert_int_equal(fstat(fds[i], &st), 0);
		assert_int_equal(st.st_rdev, expected.st_rdev);
		assert_int_equal(fcntl(fds[i], F_GETFD), FD_CLOEXEC);
		close(fds[i]);
	}
	close(pair[0]);
	assert_int_equal(socket_receive(pair[1], data, sizeof(data), NULL, NULL), 0);
	close(pair[1]);
}

static void more_fds_than_fit_are_refused(void **state)
{
	int fds[SOCKET_MAX_FDS + 1] = { 0 };
	int pair[2];

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
	assert_int_equal(socket_send(pair[0], "x", 1, fds, ARRAY_SIZE(fds)), -1);
	assert_int_equal(errno, EINVAL);
	close(pair[0]);
	close(pair[1]);
}

static int lowest_free_fd(void)
{
	int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);

	close(fd);
	return fd;
}

static void fds_that_nobody_asked_for_are_closed(void **state)
{
	int pair[2], two[2], one[1], free_before;
	size_t count = ARRAY_SIZE(one);
	char data[4];

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
	free_before = lowest_free_fd();
	two[0] = two[1] = pair[0];
	assert_int_equal(socket_send(pair[0], "x", 1, two, ARRAY_SIZE(two)), 0);
	assert_int_equal(socket_receive(pair[1], data, sizeof(data), one, &count), 1);
	assert_int_equal(count, 1);
	assert_int_equal(one[0], free_before);
	assert_int_equal(lowest_free_fd(), free_before + 1);
	close(one[0]);
	assert_int_equal(socket_send(pair[0], "x", 1, two, ARRAY_SIZE(two)), 0);
	assert_int_equal(socket_receive(pair[1], data, sizeof(data), NULL, NULL), 1);
	assert_int_equal(lowest_free_fd(), free_before);
	close(pair[0]);
	close(pair[1]);
}

static void a_message_that_was_cut_is_an_error(void **state)
{
	int pair[2];
	char data[4];

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
	assert_int_equal(socket_send(pair[0], "too long", 8, NULL, 0), 0);
	assert_int_equal(socket_receive(pair[1], data, sizeof(data), NULL, NULL), -1);
	assert_int_equal(errno, EMSGSIZE);
	close(pair[0]);
	close(pair[1]);
}

static void a_socket_is_reached_below_a_long_path(void **state)
{
	struct fixture *fixture = *state;
	_cleanup_free_ char *path = NULL;
	_cleanup_fd_ int listener = -1, client = -1, server = -1;
	struct stat st;
	char data[8];

	listener = socket_listen_at(fixture->fd, "socket", SOCK_SEQPACKET);
	assert_true(listener >= 0);
	assert_int_equal(fstatat(fixture->fd, "socket", &st, 0), 0);
	assert_int_equal(st.st_mode, S_IFSOCK | 0600);
	/* Longer than the 108 bytes of sun_path. */
	assert_true(asprintf(&path, "%s/%s%s", fixture->path,
	                     "././././././././././././././././././././././././././././././././",
	                     "././././././././././././././././././././socket") > 0);
	client = socket_connect_at(AT_FDCWD, path, SOCK_SEQPACKET);
	assert_true(client >= 0);
	server = accept(listener, NULL, NULL);
	assert_int_equal(socket_send(client, "hello", 5, NULL, 0), 0);
	assert_int_equal(socket_receive(server, data, sizeof(data), NULL, NULL), 5);
}

static void a_socket_that_is_not_there_is_no_connection(void **state)
{
	struct fixture *fixture = *state;

	assert_int_equal(socket_connect_at(fixture->fd, "none", SOCK_STREAM), -1);
	assert_int_equal(errno, ENOENT);
	put(fixture, "file", "");
	assert_int_equal(socket_connect_at(fixture->fd, "file", SOCK_STREAM), -1);
	assert_int_equal(errno, ECONNREFUSED);
}

static void sending_to_nobody_raises_no_signal(void **state)
{
	int pair[2];

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
	close(pair[1]);
	assert_int_equal(socket_send(pair[0], "x", 1, NULL, 0), -1);
	assert_int_equal(errno, EPIPE);
	close(pair[0]);
}

/* Point the messages at a pipe, say @text, and return what came out. */
static char *logged(enum log_format format, enum log_level level, const char *text)
{
	char *output = NULL;
	int fds[2];

	assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
	log_setup(fds[1], format, LOG_LEVEL_WARNING);
	log_message(level, "%s", text);
	log_setup(STDERR_FILENO, LOG_FORMAT_TEXT, LOG_LEVEL_WARNING);
	close(fds[1]);
	assert_true(file_read_fd(fds[0], 65536, &output) >= 0);
	close(fds[0]);
	return output;
}

static void a_text_message_is_one_harmless_line(void **state)
{
	static const struct {
		enum log_level level;
		const char *text, *line;
	} cases[] = {
		{ LOG_LEVEL_ERROR, "no", "rootlet: no\n" },
		{ LOG_LEVEL_WARNING, "hm", "rootlet: warning: hm\n" },
		{ LOG_LEVEL_INFO, "not asked for", "" },
		{ LOG_LEVEL_DEBUG, "not asked for", "" },
		{ LOG_LEVEL_ERROR, "a\nb\033[2J\x7f", "rootlet: a\\nb\\x1b[2J\\x7f\n" },
		{ LOG_LEVEL_ERROR, "\xc3\xa4 100%", "rootlet: \xc3\xa4 100%\n" },
		/* C1, as UTF-8 and as a byte; the same byte within a sequence; no UTF-8. */
		{ LOG_LEVEL_ERROR, "\xc2\x9b|\x9b|\xc3\x9b|\xff|\xc3",
		  "rootlet: \\x9b|\\x9b|\xc3\x9b|\\xff|\\xc3\n" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		_cleanup_free_ char *line = logged(LOG_FORMAT_TEXT, cases[i].level, cases[i].text);

		assert_string_equal(line, cases[i].line);
	}
}

static void a_json_message_is_an_object_in_utf8(void **state)
{
	static const struct {
		const char *text, *line;
	} cases[] = {
		{ "no", "\"no\"" },
		{ "\"\\", "\"\\\"\\\\\"" },
		{ "\n\t", "\"\\u000a\\u0009\"" },
		{ "\xc3\xa4\xe2\x82\xac\xf0\x9f\x90\xa7",
		  "\"\xc3\xa4\xe2\x82\xac\xf0\x9f\x90\xa7\"" },
		{ "\xff", "\"\\ufffd\"" },
		{ "a\x80z", "\"a\\ufffdz\"" },
		{ "\xc3", "\"\\ufffd\"" },
		{ "\xc0\xaf", "\"\\ufffd\\ufffd\"" },
		{ "\xed\xa0\x80", "\"\\ufffd\\ufffd\\ufffd\"" },
		{ "\xf4\x90\x80\x80", "\"\\ufffd\\ufffd\\ufffd\\ufffd\"" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		_cleanup_free_ char *line = logged(LOG_FORMAT_JSON, LOG_LEVEL_ERROR, cases[i].text);
		_cleanup_free_ char *begin = NULL;

		assert_true(asprintf(&begin, "{\"level\":\"error\",\"msg\":%s,\"time\":\"2",
		                     cases[i].line) > 0);
		assert_int_equal(strncmp(line, begin, strlen(begin)), 0);
		assert_string_equal(line + strlen(line) - 4, "Z\"}\n");
	}
}

static void a_message_keeps_errno(void **state)
{
	(void)state;
	log_setup(-1, LOG_FORMAT_TEXT, LOG_LEVEL_WARNING);
	errno = ENOTDIR;
	log_warning("to nowhere");
	assert_int_equal(errno, ENOTDIR);
	log_setup(STDERR_FILENO, LOG_FORMAT_TEXT, LOG_LEVEL_WARNING);
}

static void redirected_messages_keep_their_settings(void **state)
{
	_cleanup_free_ char *line = NULL;
	int fds[2];

	(void)state;
	assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
	log_setup(-1, LOG_FORMAT_TEXT, LOG_LEVEL_INFO);
	log_redirect(fds[1]);
	assert_int_equal(log_fd(), fds[1]);
	log_info("yes");
	log_debug("no");
	log_setup(STDERR_FILENO, LOG_FORMAT_TEXT, LOG_LEVEL_WARNING);
	close(fds[1]);
	assert_true(file_read_fd(fds[0], 100, &line) >= 0);
	close(fds[0]);
	assert_string_equal(line, "rootlet: info: yes\n");
}

static void directories_are_read_to_the_end_or_fail(void **state)
{
	_cleanup_dir_ DIR *none = dir_open(AT_FDCWD, "/proc/self/fd/none"), *dir = NULL;
	const struct dirent *entry;
	bool found = false;

	(void)state;
	assert_null(none);
	assert_int_equal(errno, ENOENT);
	assert_null(dir_open(AT_FDCWD, "/proc/self"));
	dir = dir_open(AT_FDCWD, "/proc/self/");
	assert_non_null(dir);
	errno = EIO;
	while ((entry = dir_read(dir))) {
		found = found || strcmp(entry->d_name, "status") == 0;
		errno = EIO;
	}
	assert_int_equal(errno, 0);
	assert_true(found);
}

#define in_directory(test) cmocka_unit_test_setup_teardown(test, make_directory, remove_directory)

static void a_timestamp_is_what_gmtime_says(void **state)
{
	/* Leap years and the lack of one, ends of months and of years, today; then every 11 days. */
	static const time_t times[] = { 0,          86399,       951782399,   951782400,
		                        951868800,  1709164800,  1709251199,  1709251200,
		                        1795478400, 4107542399,  4107542400,  4133980799,
		                        4133980800, 13574563199, 253402300799 };
	char text[TIMESTAMP_SIZE], expected[TIMESTAMP_SIZE];
	struct timespec now = { .tv_nsec = 7 };
	struct tm tm;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(times) + 20000; i++) {
		now.tv_sec = i < ARRAY_SIZE(times) ? times[i]
		                                   : (time_t)(i - ARRAY_SIZE(times)) * 11 * 86400;
		timestamp_format(&now, text);
		gmtime_r(&now.tv_sec, &tm);
		strftime(expected, sizeof(expected), "%Y-%m-%dT%H:%M:%S.000000007Z", &tm);
		assert_string_equal(text, expected);
	}
}

static void sizes_have_units_of_1024(void **state)
{
	static const struct {
		const char *text;
		int64_t bytes; /* -1: refused */
	} list[] = {
		{ "0", 0 },
		{ "512", 512 },
		{ "512b", 512 },
		{ "1k", 1024 },
		{ "1K", 1024 },
		{ "1kb", 1024 },
		{ "1KiB", 1024 },
		{ "1 kib", 1024 },
		{ "1.5g", INT64_C(1610612736) },
		{ "0.1m", 104857 },
		{ "1.999999999k", 2047 },
		{ "2t", INT64_C(1) << 41 },
		{ "3p", INT64_C(3) << 50 },
		{ "9223372036854775807", INT64_MAX },
		{ "8191p", INT64_C(8191) << 50 },
		{ "8192p", -1 },
		{ "9223372036854775808", -1 },
		{ "18446744073709551616", -1 },
		{ "99999999999999999999p", -1 },
		{ "", -1 },
		{ "-1", -1 },
		{ "+1", -1 },
		{ " 1", -1 },
		{ "1  k", -1 },
		{ "1.", -1 },
		{ ".5k", -1 },
		{ "1.5.5k", -1 },
		{ "k", -1 },
		{ "1kk", -1 },
		{ "1ib", -1 },
		{ "1e3", -1 },
		{ "0x10", -1 },
		{ "1e", -1 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(list); i++) {
		int64_t bytes = -1;
		bool good = number_parse_size(list[i].text, &bytes);

		if (good != (list[i].bytes >= 0) || (good && bytes != list[i].bytes))
			fail_msg("\"%s\": %d, %" PRId64, list[i].text, good, bytes);
	}
}

static void durations_are_those_of_go(void **state)
{
	static const struct {
		const char *text;
		uint64_t nanoseconds; /* UINT64_MAX: refused */
	} list[] = {
		{ "5s", UINT64_C(5000000000) },
		{ "100ms", 100000000 },
		{ "1m30s", UINT64_C(90000000000) },
		{ "1.5h", UINT64_C(5400000000000) },
		{ "1h0.5m", UINT64_C(3630000000000) },
		{ "1us", 1000 },
		{ "7ns", 7 },
		{ "0s", 0 },
		{ "", UINT64_MAX },
		{ "5", UINT64_MAX },
		{ "s", UINT64_MAX },
		{ "5 s", UINT64_MAX },
		{ "-5s", UINT64_MAX },
		{ "5d", UINT64_MAX },
		{ "5sm", UINT64_MAX },
		{ "1s5", UINT64_MAX },
		{ "99999999999999999999h", UINT64_MAX },
		{ "5124096h", UINT64_MAX },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(list); i++) {
		uint64_t nanoseconds = 0;
		bool good = number_parse_duration(list[i].text, &nanoseconds);

		if (good != (list[i].nanoseconds != UINT64_MAX) ||
		    (good && nanoseconds != list[i].nanoseconds))
			fail_msg("\"%s\": %d, %" PRIu64, list[i].text, good, nanoseconds);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(sizes_have_units_of_1024),
		cmocka_unit_test(durations_are_those_of_go),
		cmocka_unit_test(a_timestamp_is_what_gmtime_says),
		cmocka_unit_test(an_error_ends_with_the_words_of_its_errno),
		cmocka_unit_test(an_error_without_errno_is_just_its_message),
		cmocka_unit_test(an_error_takes_context_hint_and_status),
		cmocka_unit_test(an_error_is_one_harmless_line),
		cmocka_unit_test(nobody_needs_to_want_the_error),
		cmocka_unit_test(an_error_moves),
		cmocka_unit_test(arena_memory_is_zeroed_aligned_and_apart),
		cmocka_unit_test(an_arena_refuses_absurd_sizes),
		cmocka_unit_test(arena_strings_are_copies),
		cmocka_unit_test(numbers_are_digits_in_range),
		in_directory(a_file_reads_back_whole),
		in_directory(what_is_larger_than_the_limit_is_refused),
		in_directory(only_regular_files_are_read),
		in_directory(write_at_writes_into_a_file_that_is_there),
		in_directory(replace_leaves_one_whole_file),
		in_directory(a_failed_replace_leaves_nothing),
		cmocka_unit_test(a_socket_passes_data_and_fds),
		cmocka_unit_test(more_fds_than_fit_are_refused),
		cmocka_unit_test(fds_that_nobody_asked_for_are_closed),
		cmocka_unit_test(a_message_that_was_cut_is_an_error),
		in_directory(a_socket_is_reached_below_a_long_path),
		in_directory(a_socket_that_is_not_there_is_no_connection),
		cmocka_unit_test(sending_to_nobody_raises_no_signal),
		cmocka_unit_test(a_text_message_is_one_harmless_line),
		cmocka_unit_test(a_json_message_is_an_object_in_utf8),
		cmocka_unit_test(a_message_keeps_errno),
		cmocka_unit_test(redirected_messages_keep_their_settings),
		cmocka_unit_test(directories_are_read_to_the_end_or_fail),
	};

	return cmocka_run_group_tests_name("base", tests, NULL, NULL);
}
