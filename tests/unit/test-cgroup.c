/* SPDX-License-Identifier: Apache-2.0 */
/* What of cgroups can be tried on ordinary directories and files. */
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
#include "base/file.h"
#include "cgroup/cgroup.h"
#include "cgroup/tree.h"
#include "cgroup/walk.h"
#include "directory.h"

static char directory[DIRECTORY_SIZE];
static int dir_fd = -1;

static int set_up(void **test_state)
{
	(void)test_state;
	if (!directory_make(directory))
		return -1;
	dir_fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return dir_fd < 0 ? -1 : 0;
}

static int tear_down(void **test_state)
{
	(void)test_state;
	close_fd(&dir_fd);
	return directory_remove(directory);
}

static void make(const char *path)
{
	assert_int_equal(mkdirat(dir_fd, path, 0755), 0);
}

static void fill(const char *file, const char *text)
{
	assert_int_equal(file_create_at(dir_fd, file, text, strlen(text), 0644), 0);
}

/* --- paths and words ------------------------------------------------------------------------- */

static void plain_paths_are_taken(void **test_state)
{
	static const char *const good[] = { "a",     "/a",      "a/b/c", "//a//b/", "...",
		                            "/a.b/", "..a/b..", "a b",   "a:b" };

	(void)test_state;
	for (size_t i = 0; i < ARRAY_SIZE(good); i++)
		assert_int_equal(cgroup_path_check(good[i], "it", NULL), 0);
}

static void paths_that_lead_up_or_nowhere_are_refused(void **test_state)
{
	static const char *const bad[] = { "",       "/",   "///",    "..",  "/..", "a/../b",
		                           "a/b/..", "../", "/a/./b", "./a", ".",   "a/." };
	char name[300];

	(void)test_state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		_cleanup_error_ struct error *error = NULL;

		assert_int_equal(cgroup_path_check(bad[i], "it", &error), -1);
		assert_memory_equal(error->message, "it: ", 4);
	}
	memset(name, 'x', sizeof(name));
	name[256] = '\0';
	assert_int_equal(cgroup_path_check(name, "it", NULL), -1);
	name[255] = '\0';
	assert_int_equal(cgroup_path_check(name, "it", NULL), 0);
}

static void words_are_whole_words(void **test_state)
{
	(void)test_state;
	assert_true(cgroup_has_word("cpuset cpu io\n", "cpu"));
	assert_true(cgroup_has_word("cpuset cpu io\n", "cpuset"));
	assert_true(cgroup_has_word("cpuset cpu io\n", "io"));
	assert_true(cgroup_has_word("io", "io"));
	assert_false(cgroup_has_word("cpuset io\n", "cpu"));
	assert_false(cgroup_has_word("cpu\n", "cpuset"));
	assert_false(cgroup_has_word("", "cpu"));
	assert_false(cgroup_has_word("\n", "cpu"));
}

static void opening_goes_through_directories_only_and_never_up(void **test_state)
{
	_cleanup_fd_ int fd = -1;

	(void)test_state;
	make("a");
	make("a/b");
	assert_int_equal(symlinkat("a", dir_fd, "link"), 0);
	fd = cgroup_open_at(dir_fd, "//a/b");
	assert_true(fd >= 0);
	close_fd(&fd);
	fd = cgroup_open_at(dir_fd, "/");
	assert_true(fd >= 0);
	assert_int_equal(cgroup_open_at(dir_fd, ".."), -1);
	assert_int_equal(cgroup_open_at(dir_fd, "a/../.."), -1);
	assert_int_equal(cgroup_open_at(dir_fd, "link"), -1);
	assert_int_equal(cgroup_open_at(dir_fd, "link/b"), -1);
	assert_int_equal(cgroup_open_at(dir_fd, "c"), -1);
	assert_int_equal(errno, ENOENT);
}

static void values_are_found_by_their_whole_key(void **test_state)
{
	uint64_t value;

	(void)test_state;
	fill("cgroup.events", "populated 1\nfrozen 0\n");
	assert_int_equal(cgroup_is_populated(dir_fd), 1);
	assert_int_equal(cgroup_is_frozen(dir_fd), 0);
	fill("memory.events", "oom_kill_more 5\noom_kill 7\n");
	assert_int_equal(cgroup_read_key(dir_fd, "memory.events", "oom_kill", &value), 0);
	assert_int_equal(value, 7);
	assert_int_equal(cgroup_read_key(dir_fd, "memory.events", "oom", &value), -1);
	assert_int_equal(cgroup_read_key(dir_fd, "nothing", "oom", &value), -1);
}

/* --- walking --------------------------------------------------------------------------------- */

struct trace {
	char text[4096];
	const char *pass_over;
};

static void trace(struct trace *trace, const char *what, const char *name)
{
	size_t length = strlen(trace->text);

	snprintf(trace->text + length, sizeof(trace->text) - length, "%s%s ", what, name);
}

static int found(int parent_fd, const char *name, void *data)
{
	struct trace *to = data;

	(void)parent_fd;
	trace(to, "?", name);
	return to->pass_over && strcmp(to->pass_over, name) == 0;
}

static int leave(int parent_fd, const char *name, void *data)
{
	(void)parent_fd;
	trace(data, "<", name);
	return 0;
}

static int count(int fd, void *data)
{
	(void)fd;
	++*(size_t *)data;
	return 0;
}

static void a_walk_ends_what_is_below_before_what_is_above(void **test_state)
{
	struct trace seen = { .text = "" };
	const struct cgroup_walk walk = {
		.found = found, .leave = leave, .data = &seen, .timeout_ms = 10000
	};

	(void)test_state;
	make("a");
	make("a/b");
	make("a/b/c");
	fill("a/b/file", "");
	assert_int_equal(symlinkat("..", dir_fd, "a/b/c/link"), 0);
	assert_int_equal(cgroup_walk(dir_fd, &walk), 0);
	assert_string_equal(seen.text, "?a ?b ?c <c <b <a ");
	seen = (struct trace){ .pass_over = "b" };
	assert_int_equal(cgroup_walk(dir_fd, &walk), 0);
	assert_string_equal(seen.text, "?a ?b <a ");
}

static void a_walk_visits_each_of_many(void **test_state)
{
	size_t seen = 0;
	const struct cgroup_walk walk = { .enter = count, .data = &seen, .timeout_ms = 60000 };

	(void)test_state;
	for (int i = 0; i < 500; i++) {
		char name[32];

		snprintf(name, sizeof(name), "%d", i);
		make(name);
		snprintf(name, sizeof(name), "%d/x", i);
		make(name);
	}
	assert_int_equal(cgroup_walk(dir_fd, &walk), 0);
	assert_int_equal(seen, 1001);
}

static int remove_it(int parent_fd, const char *name, void *data)
{
	(void)data;
	return unlinkat(parent_fd, name, AT_REMOVEDIR);
}

/* Deeper than a path can say, and than there are file descriptors. */
static void a_walk_goes_as_deep_as_it_takes(void **test_state)
{
	const struct cgroup_walk walk = { .leave = remove_it, .timeout_ms = 60000 };
	_cleanup_fd_ int here = dup(dir_fd);

	(void)test_state;
	for (int i = 0; i < 3000; i++) {
		int below;

		assert_int_equal(mkdirat(here, "down", 0755), 0);
		below = openat(here, "down", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		assert_true(below >= 0);
		close_fd(&here);
		here = below;
	}
	assert_int_equal(cgroup_walk(dir_fd, &walk), 0);
	assert_int_equal(faccessat(dir_fd, "down", F_OK, 0), -1);
}

static void a_walk_takes_no_longer_than_it_may(void **test_state)
{
	const struct cgroup_walk walk = { .timeout_ms = -1 };

	(void)test_state;
	assert_int_equal(cgroup_walk(dir_fd, &walk), -1);
	assert_int_equal(errno, ETIMEDOUT);
}

static void clearing_removes_all_below_and_nothing_else(void **test_state)
{
	(void)test_state;
	make("a");
	make("a/b");
	make("c");
	fill("file", "");
	assert_int_equal(cgroup_clear(dir_fd, 10000, NULL), 0);
	assert_int_equal(faccessat(dir_fd, "a", F_OK, 0), -1);
	assert_int_equal(faccessat(dir_fd, "c", F_OK, 0), -1);
	assert_int_equal(faccessat(dir_fd, "file", F_OK, 0), 0);
}

/* --- processes ------------------------------------------------------------------------------- */

static void pids_are_those_of_all_cgroups_in_order(void **test_state)
{
	_cleanup_free_ pid_t *pids = NULL;
	size_t number = 0;

	(void)test_state;
	make("a");
	make("a/b");
	fill("cgroup.procs", "30\n0\n7\n");
	fill("a/cgroup.procs", "");
	fill("a/b/cgroup.procs", "12\n");
	assert_int_equal(cgroup_pids(dir_fd, &pids, &number, NULL), 0);
	assert_int_equal(number, 3);
	assert_int_equal(pids[0], 7);
	assert_int_equal(pids[1], 12);
	assert_int_equal(pids[2], 30);
}

/* --- notes ----------------------------------------------------------------------------------- */

static void note(const char *name, const char *text)
{
	unlinkat(dir_fd, name, 0);
	assert_int_equal(symlinkat(text, dir_fd, name), 0);
}

static void what_was_noted_is_recalled(void **test_state)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	struct state state = { 0 };

	(void)test_state;
	cgroup_recall(dir_fd, arena, &state);
	assert_null(state.cgroup);
	assert_int_equal(state.cgroup_manager, CGROUP_MANAGER_NONE);

	note("cgroup", "fs:4:/pod/a:1");
	cgroup_recall(dir_fd, arena, &state);
	assert_string_equal(state.cgroup, "/pod/a:1");
	assert_string_equal(state.cgroup_made, "/pod");
	assert_int_equal(state.cgroup_manager, CGROUP_MANAGER_FS);
	assert_int_equal(state.cgroup_id, 0);
	note("cgroup-id", "77:/pod/a:1");
	cgroup_recall(dir_fd, arena, &state);
	assert_int_equal(state.cgroup_id, 77);

	state = (struct state){ 0 };
	note("cgroup", "user:c1-1:a.scope");
	note("cgroup-id", "78:/user.slice/a.scope");
	cgroup_recall(dir_fd, arena, &state);
	assert_string_equal(state.cgroup_name, "c1-1");
	assert_string_equal(state.cgroup_unit, "a.scope");
	assert_string_equal(state.cgroup, "/user.slice/a.scope");
	assert_true(state.cgroup_of_user);
	assert_int_equal(state.cgroup_manager, CGROUP_MANAGER_SYSTEMD);
	assert_int_equal(state.cgroup_id, 78);
}

static void damaged_notes_name_nothing(void **test_state)
{
	static const char *const damaged[] = { "fs",           "fs:",      "fs:x",     "fs:12",
		                               "fs:12:/short", "nonsense", "user:unit" };
	_cleanup_arena_ struct arena *arena = arena_new();

	(void)test_state;
	for (size_t i = 0; i < ARRAY_SIZE(damaged); i++) {
		struct state state = { 0 };

		note("cgroup", damaged[i]);
		cgroup_recall(dir_fd, arena, &state);
		assert_null(state.cgroup);
		assert_int_equal(state.cgroup_manager, CGROUP_MANAGER_NONE);
	}
}

#define on_directory(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(plain_paths_are_taken),
		cmocka_unit_test(paths_that_lead_up_or_nowhere_are_refused),
		cmocka_unit_test(words_are_whole_words),
		on_directory(opening_goes_through_directories_only_and_never_up),
		on_directory(values_are_found_by_their_whole_key),
		on_directory(a_walk_ends_what_is_below_before_what_is_above),
		on_directory(a_walk_visits_each_of_many),
		on_directory(a_walk_goes_as_deep_as_it_takes),
		on_directory(a_walk_takes_no_longer_than_it_may),
		on_directory(clearing_removes_all_below_and_nothing_else),
		on_directory(pids_are_those_of_all_cgroups_in_order),
		on_directory(what_was_noted_is_recalled),
		on_directory(damaged_notes_name_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
