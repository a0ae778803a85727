/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "container/statedir.h"
#include "directory.h"

static char directory[DIRECTORY_SIZE];

static int set_up(void **test_state)
{
	(void)test_state;
	return directory_make(directory) ? 0 : -1;
}

static int tear_down(void **test_state)
{
	(void)test_state;
	return directory_remove(directory);
}

static void ids_of_letters_digits_and_some_marks_are_allowed(void **test_state)
{
	static const char *const good[] = { "a", "7", "_", "+", "a.b", "c-1", "A_b+c.d-9", "a..b" };
	char longest[256];

	(void)test_state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		assert_int_equal(container_id_check(good[i], NULL), 0);
	memset(longest, 'x', 255);
	longest[255] = '\0';
	assert_int_equal(container_id_check(longest, NULL), 0);
}

static void other_ids_are_refused(void **test_state)
{
	static const char *const bad[] = { "",    ".",    "..",   ".a",  "-a",       "a/b", "/",
		                           "a b", "a\nb", "a\tb", "a:b", "\xc3\xa9", "a~",  "%s" };
	char too_long[257];

	(void)test_state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		_cleanup_error_ struct error *error = NULL;

		assert_int_equal(container_id_check(bad[i], &error), -1);
		assert_non_null(strstr(error->message, "container id"));
	}
	memset(too_long, 'x', 256);
	too_long[256] = '\0';
	assert_int_equal(container_id_check(too_long, NULL), -1);
}

static void assert_path(const struct rootlet_context *context, const char *expected)
{
	_cleanup_free_ char *path = statedir_path(context, NULL);

	assert_string_equal(path, expected);
}

static void the_path_asked_for_goes_before_all_others(void **test_state)
{
	struct rootlet_context context = { .root = "some/where", .rootless = ROOTLET_FALSE };

	(void)test_state;
	setenv("XDG_RUNTIME_DIR", "/run/x", 1);
	assert_path(&context, "some/where");
}

static void rootless_decides_for_users_and_root(void **test_state)
{
	struct rootlet_context context = { .rootless = ROOTLET_TRUE };

	(void)test_state;
	setenv("XDG_RUNTIME_DIR", "/run/x", 1);
	assert_path(&context, "/run/x/rootlet");
	context.rootless = ROOTLET_FALSE;
	assert_path(&context, "/run/rootlet");
}

static void a_relative_runtime_directory_is_refused(void **test_state)
{
	struct rootlet_context context = { .rootless = ROOTLET_TRUE };
	_cleanup_error_ struct error *error = NULL;

	(void)test_state;
	setenv("XDG_RUNTIME_DIR", "run", 1);
	assert_null(statedir_path(&context, &error));
	assert_non_null(strstr(error->message, "XDG_RUNTIME_DIR"));
}

static void a_missing_directory_is_made_only_when_asked(void **test_state)
{
	_cleanup_free_ char *path = NULL;
	struct rootlet_context context = { 0 };
	struct stat st;
	int fd;

	(void)test_state;
	assert_true(asprintf(&path, "%s/state", directory) > 0);
	context.root = path;
	assert_int_equal(statedir_open(&context, false, NULL), -2);
	fd = statedir_open(&context, true, NULL);
	assert_true(fd >= 0);
	assert_int_equal(fstat(fd, &st), 0);
	assert_int_equal(st.st_mode & 07777, 01700);
	assert_int_equal(fcntl(fd, F_GETFD), FD_CLOEXEC);
	close(fd);
	assert_int_equal(rmdir(path), 0);
}

static void a_directory_that_others_can_write_is_refused(void **test_state)
{
	_cleanup_free_ char *path = NULL;
	_cleanup_error_ struct error *error = NULL;
	struct rootlet_context context = { 0 };

	(void)test_state;
	assert_true(asprintf(&path, "%s/shared", directory) > 0);
	context.root = path;
	assert_int_equal(mkdir(path, 0700), 0);
	assert_int_equal(chmod(path, 0720), 0);
	assert_int_equal(statedir_open(&context, true, &error), -1);
	assert_non_null(strstr(error->message, path));
	assert_int_equal(rmdir(path), 0);
}

static void a_link_in_place_of_our_directory_is_not_followed(void **test_state)
{
	_cleanup_free_ char *link = NULL;
	struct rootlet_context context = { .rootless = ROOTLET_TRUE };

	(void)test_state;
	assert_true(asprintf(&link, "%s/rootlet", directory) > 0);
	assert_int_equal(symlink(".", link), 0);
	setenv("XDG_RUNTIME_DIR", directory, 1);
	assert_int_equal(chmod(directory, 0700), 0);
	assert_int_equal(statedir_open(&context, true, NULL), -1);
	assert_int_equal(unlink(link), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ids_of_letters_digits_and_some_marks_are_allowed),
		cmocka_unit_test(other_ids_are_refused),
		cmocka_unit_test(the_path_asked_for_goes_before_all_others),
		cmocka_unit_test(rootless_decides_for_users_and_root),
		cmocka_unit_test(a_relative_runtime_directory_is_refused),
		cmocka_unit_test(a_missing_directory_is_made_only_when_asked),
		cmocka_unit_test(a_directory_that_others_can_write_is_refused),
		cmocka_unit_test(a_link_in_place_of_our_directory_is_not_followed),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
