/* SPDX-License-Identifier: Apache-2.0 */
/* environment_make() and executable_find() on a small root made in a temporary directory. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "directory.h"
#include "process/environment.h"

struct fixture {
	char path[DIRECTORY_SIZE];
	int root_fd;
	struct arena *arena;
};

static int setup(void **state)
{
	struct fixture *fixture = calloc(1, sizeof(*fixture));

	if (!fixture)
		return -1;
	if (!directory_make(fixture->path))
		return -1;
	fixture->root_fd = open(fixture->path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	fixture->arena = arena_new();
	*state = fixture;
	return fixture->arena ? mkdirat(fixture->root_fd, "etc", 0755) : -1;
}

static int teardown(void **state)
{
	struct fixture *fixture = *state;

	arena_free(&fixture->arena);
	close(fixture->root_fd);
	directory_remove(fixture->path);
	free(fixture);
	return 0;
}

static void put(const struct fixture *fixture, const char *name, const char *text, mode_t mode)
{
	_cleanup_fd_ int fd = openat(fixture->root_fd, name, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write_all(fd, text, strlen(text)), 0);
	assert_int_equal(fchmod(fd, mode), 0);
}

static char **make(struct fixture *fixture, const char *const *env, const char *const *extra)
{
	struct strings strings = { .items = (char **)env };
	struct error *err = NULL;
	char **envp = NULL;

	while (env[strings.count])
		strings.count++;
	assert_int_equal(environment_make(&strings, extra, fixture->root_fd, 1000, fixture->arena,
	                                  &envp, &err),
	                 0);
	return envp;
}

static void assert_environment(char **envp, const char *const *expected)
{
	for (; *expected; envp++, expected++) {
		assert_non_null(*envp);
		assert_string_equal(*envp, *expected);
	}
	assert_null(*envp);
}

static const char *home(struct fixture *fixture)
{
	const char *const env[] = { NULL };

	return environment_get(make(fixture, env, NULL), "HOME");
}

static void of_duplicates_the_last_wins_and_the_order_is_kept(void **state)
{
	const char *const env[] = {
		"B=1", "HOME=/x", "A=1", "B=2", "AB=3", "A=", "C=a=b", "HOME=/y", NULL,
	};
	const char *const expected[] = { "B=2", "AB=3", "A=", "C=a=b", "HOME=/y", NULL };

	assert_environment(make(*state, env, NULL), expected);
}

static void what_the_runtime_adds_wins_and_comes_last(void **state)
{
	const char *const env[] = { "LISTEN_FDS=7", "HOME=/x", "A=1", NULL };
	const char *const extra[] = { "LISTEN_FDS=2", "LISTEN_PID=1", NULL };
	const char *const expected[] = { "HOME=/x", "A=1", "LISTEN_FDS=2", "LISTEN_PID=1", NULL };

	assert_environment(make(*state, env, extra), expected);
}

static void an_empty_environment_still_has_home(void **state)
{
	const char *const env[] = { NULL };
	const char *const expected[] = { "HOME=/", NULL };

	assert_environment(make(*state, env, NULL), expected);
}

static void strings_without_a_key_and_equals_are_refused(void **state)
{
	static const char *const bad[] = { "", "FOO", "=value", "=" };
	struct fixture *fixture = *state;

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		char *items[] = { (char *)"A=1", (char *)bad[i], NULL };
		const struct strings env = { .items = items, .count = 2 };
		_cleanup_error_ struct error *err = NULL;
		char **envp;

		assert_int_equal(environment_make(&env, NULL, fixture->root_fd, 0, fixture->arena,
		                                  &envp, &err),
		                 -1);
		assert_non_null(strstr(err->message, "process.env[1]: "));
	}
}

static void a_million_variables_take_no_quadratic_time(void **state)
{
	struct fixture *fixture = *state;
	size_t count = 1000000;
	char **items = arena_alloc(fixture->arena, (count + 1) * sizeof(char *));
	struct error *err = NULL;
	const struct strings env = { .items = items, .count = count };
	char **envp;

	for (size_t i = 0; i < count; i++)
		items[i] = arena_printf(fixture->arena, "K%zu=", i);
	alarm(60);
	assert_int_equal(
		environment_make(&env, NULL, fixture->root_fd, 0, fixture->arena, &envp, &err), 0);
	alarm(0);
	assert_string_equal(envp[count - 1], items[count - 1]);
}

static void home_unset_or_empty_comes_from_the_password_file(void **state)
{
	const char *const empty[] = { "HOME=", "A=1", NULL };
	const char *const expected[] = { "A=1", "HOME=/home/u", NULL };

	put(*state, "etc/passwd",
	    "root:x:0:0:root:/root:/bin/sh\nu:x:1000:1000:U:/home/u:/bin/sh\n", 0644);
	assert_string_equal(home(*state), "/home/u");
	assert_environment(make(*state, empty, NULL), expected);
}

static void a_home_in_the_environment_stays(void **state)
{
	const char *const env[] = { "HOME=", "HOME=/mine", NULL };
	const char *const expected[] = { "HOME=/mine", NULL };

	put(*state, "etc/passwd", "u:x:1000:1000:U:/home/u:/bin/sh\n", 0644);
	assert_environment(make(*state, env, NULL), expected);
}

static void the_first_sound_entry_of_the_password_file_counts(void **state)
{
	static const struct {
		const char *text, *home;
	} files[] = {
		{ "a:x:1000:0::/first:\nb:x:1000:0::/second:\n", "/first" },
		{ "u:x:1000:0::/no-newline:/bin/sh", "/no-newline" },
		{ "\n#comment\n+\n::::::\n\nu:x:1000:0::/h:\n", "/h" },
		{ "u:x:1000:0:/six:/bin/sh\n", "/" },
		{ "u:x:1000:0::/eight:/bin/sh:\n", "/" },
		{ "u:x:01000a:0::/hex:/bin/sh\n", "/" },
		{ "u:x:-1000:0::/sign:/bin/sh\n", "/" },
		{ "u:x: 1000:0::/space:/bin/sh\n", "/" },
		{ "u:x:4294968296:0::/wraps:/bin/sh\n", "/" },
		{ "u:x:1000:0:::/bin/sh\n", "/" },
		{ "v:x:1001:0::/other:/bin/sh\n", "/" },
		{ "", "/" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		put(*state, "etc/passwd", files[i].text, 0644);
		assert_string_equal(home(*state), files[i].home);
	}
}

static void the_password_file_is_found_inside_the_root_only(void **state)
{
	struct fixture *fixture = *state;

	/* Absolute and climbing links mean the container's root, not the host's. */
	assert_int_equal(unlinkat(fixture->root_fd, "etc", AT_REMOVEDIR), 0);
	assert_int_equal(symlinkat("/../../real", fixture->root_fd, "etc"), 0);
	assert_int_equal(mkdirat(fixture->root_fd, "real", 0755), 0);
	assert_int_equal(symlinkat("/real/inner", fixture->root_fd, "real/passwd"), 0);
	put(fixture, "real/inner", "u:x:1000:1000::/inside:\n", 0644);
	assert_string_equal(home(fixture), "/inside");
}

static void a_password_file_that_is_no_regular_file_is_ignored(void **state)
{
	struct fixture *fixture = *state;

	assert_int_equal(mkfifoat(fixture->root_fd, "etc/passwd", 0644), 0);
	assert_string_equal(home(fixture), "/");
	assert_int_equal(unlinkat(fixture->root_fd, "etc/passwd", 0), 0);
	assert_int_equal(mkdirat(fixture->root_fd, "etc/passwd", 0755), 0);
	assert_string_equal(home(fixture), "/");
}

static void a_huge_password_file_is_ignored(void **state)
{
	struct fixture *fixture = *state;

	put(fixture, "etc/passwd", "u:x:1000:1000::/home/u:\n", 0644);
	assert_int_equal(truncate(arena_printf(fixture->arena, "%s/etc/passwd", fixture->path),
	                          (off_t)1 << 40),
	                 0);
	assert_string_equal(home(fixture), "/");
}

static void get_knows_whole_keys_only(void **state)
{
	char *const envp[] = { (char *)"PATHS=1", (char *)"PATH=/bin", (char *)"E=", NULL };

	(void)state;
	assert_string_equal(environment_get(envp, "PATH"), "/bin");
	assert_string_equal(environment_get(envp, "E"), "");
	assert_null(environment_get(envp, "PAT"));
}

/* executable_find() in a PATH of "first", "second" and "third" below the fixture's directory. */
static int find(struct fixture *fixture, const char *name, char **path, struct error **err)
{
	const char *root = fixture->path;
	char *search = arena_printf(fixture->arena, "PATH=%s/first:%s/second:%s/third", root, root,
	                            root);
	char *const envp[] = { search, NULL };

	return executable_find(name, envp, fixture->arena, path, err);
}

static void make_path(const struct fixture *fixture)
{
	assert_int_equal(mkdirat(fixture->root_fd, "first", 0755), 0);
	assert_int_equal(mkdirat(fixture->root_fd, "second", 0755), 0);
	assert_int_equal(mkdirat(fixture->root_fd, "second/directory", 0755), 0);
	assert_int_equal(mkdirat(fixture->root_fd, "first/both", 0755), 0);
	put(fixture, "second/program", "", 0755);
	put(fixture, "second/both", "", 0755);
	put(fixture, "first/locked", "", 0644);
}

static void assert_found(struct fixture *fixture, const char *name, const char *end)
{
	_cleanup_error_ struct error *err = NULL;
	char *path = NULL;

	assert_int_equal(find(fixture, name, &path, &err), 0);
	assert_string_equal(path, arena_printf(fixture->arena, "%s/%s", fixture->path, end));
}

static void assert_not_found(struct fixture *fixture, const char *name, int status)
{
	_cleanup_error_ struct error *err = NULL;
	char *path = NULL;

	assert_int_equal(find(fixture, name, &path, &err), -1);
	assert_int_equal(err->status, status);
	assert_non_null(strstr(err->message, "process.args[0]: "));
}

static void programs_are_found_in_path(void **state)
{
	make_path(*state);
	assert_found(*state, "program", "second/program");
	assert_found(*state, "both", "second/both");
}

static void a_missing_program_is_127_and_the_path_is_named(void **state)
{
	_cleanup_error_ struct error *err = NULL;
	char *path = NULL;

	make_path(*state);
	assert_not_found(*state, "absent", 127);
	assert_not_found(*state, "", 127);
	assert_int_equal(find(*state, "absent", &path, &err), -1);
	assert_non_null(strstr(err->message, "\"absent\" is not in the container's PATH (/tmp/"));
}

static void what_cannot_be_executed_is_126(void **state)
{
	_cleanup_error_ struct error *err = NULL;
	char *path = NULL;

	make_path(*state);
	assert_not_found(*state, "locked", 126);
	assert_not_found(*state, "directory", 126);
	assert_int_equal(find(*state, "directory", &path, &err), -1);
	assert_non_null(strstr(err->message, "/second/directory: Is a directory"));
}

static void a_name_with_a_slash_is_taken_as_it_is(void **state)
{
	struct fixture *fixture = *state;
	char *program, *path = NULL;

	make_path(fixture);
	program = arena_printf(fixture->arena, "%s/second/program", fixture->path);
	assert_int_equal(find(fixture, program, &path, NULL), 0);
	assert_string_equal(path, program);
	assert_not_found(fixture, "second/program", 127);
	assert_not_found(fixture, arena_printf(fixture->arena, "%s/x", program), 127);
	assert_not_found(fixture, arena_printf(fixture->arena, "%s/first", fixture->path), 126);
	assert_not_found(fixture, arena_printf(fixture->arena, "%s/first/locked", fixture->path),
	                 126);
	assert_not_found(fixture, "/dev/null", 126);
}

static void an_empty_path_element_is_the_working_directory(void **state)
{
	static const char *const paths[] = {
		"PATH=:/nowhere",
		"PATH=/nowhere:",
		"PATH=/nowhere::/nowhere",
	};
	struct fixture *fixture = *state;
	_cleanup_fd_ int before = open(".", O_PATH | O_DIRECTORY | O_CLOEXEC);

	make_path(fixture);
	assert_int_equal(chdir(fixture->path) + chdir("second"), 0);
	for (size_t i = 0; i < ARRAY_SIZE(paths); i++) {
		char *const envp[] = { (char *)paths[i], NULL };
		char *path = NULL;

		assert_int_equal(executable_find("program", envp, fixture->arena, &path, NULL), 0);
		assert_string_equal(path, "./program");
	}
	assert_int_equal(fchdir(before), 0);
}

static void without_a_path_the_usual_directories_are_searched(void **state)
{
	char *const unset[] = { NULL }, *const empty[] = { (char *)"PATH=", NULL };
	struct fixture *fixture = *state;
	char *path = NULL;

	assert_int_equal(executable_find("sh", unset, fixture->arena, &path, NULL), 0);
	assert_non_null(strstr(path, "bin/sh"));
	assert_int_equal(executable_find("sh", empty, fixture->arena, &path, NULL), 0);
	assert_non_null(strstr(path, "bin/sh"));
}

static void exit_statuses_are_those_of_shells(void **state)
{
	static const struct {
		int errnum, status;
	} cases[] = {
		{ ENOENT, 127 },       { ENOTDIR, 127 }, { ELOOP, 127 },
		{ ENAMETOOLONG, 127 }, { EACCES, 126 },  { ENOEXEC, 126 },
		{ EISDIR, 126 },       { E2BIG, 126 },   { ENOMEM, 126 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		assert_int_equal(executable_exit_status(cases[i].errnum), cases[i].status);
}

#define test(function) cmocka_unit_test_setup_teardown(function, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		test(of_duplicates_the_last_wins_and_the_order_is_kept),
		test(what_the_runtime_adds_wins_and_comes_last),
		test(an_empty_environment_still_has_home),
		test(strings_without_a_key_and_equals_are_refused),
		test(a_million_variables_take_no_quadratic_time),
		test(home_unset_or_empty_comes_from_the_password_file),
		test(a_home_in_the_environment_stays),
		test(the_first_sound_entry_of_the_password_file_counts),
		test(the_password_file_is_found_inside_the_root_only),
		test(a_password_file_that_is_no_regular_file_is_ignored),
		test(a_huge_password_file_is_ignored),
		test(get_knows_whole_keys_only),
		test(programs_are_found_in_path),
		test(a_missing_program_is_127_and_the_path_is_named),
		test(what_cannot_be_executed_is_126),
		test(a_name_with_a_slash_is_taken_as_it_is),
		test(an_empty_path_element_is_the_working_directory),
		test(without_a_path_the_usual_directories_are_searched),
		test(exit_statuses_are_those_of_shells),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
