/* SPDX-License-Identifier: Apache-2.0 */
/* Paths in a hostile root: wherever its links point, the walk stays inside. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "directory.h"
#include "rootfs/resolve.h"

/* DIR/outside and DIR/root; the working directory is DIR. */
struct tree {
	char path[64];
	int root;
};

static int make_tree(void **state)
{
	struct tree *tree = calloc(1, sizeof(*tree));

	if (!tree || !directory_make(tree->path) || chdir(tree->path) < 0)
		return -1;
	if (mkdir("root", 0755) < 0 || mkdir("outside", 0755) < 0 || mkdir("root/etc", 0755) < 0)
		return -1;
	tree->root = open("root", O_PATH | O_DIRECTORY | O_CLOEXEC);
	*state = tree;
	return 0;
}

static int remove_tree(void **state)
{
	struct tree *tree = *state;

	close(tree->root);
	if (chdir("/") < 0 || directory_remove(tree->path) < 0)
		return -1;
	free(tree);
	return 0;
}

/* The path of @fd below the root, "" for the root itself; fails when it is elsewhere. */
static const char *inside(const struct tree *tree, int fd)
{
	static char path[4096];
	char link[64], prefix[128];
	ssize_t n;

	assert_true(fd >= 0);
	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	n = readlink(link, path, sizeof(path) - 1);
	assert_true(n > 0);
	path[n] = '\0';
	snprintf(prefix, sizeof(prefix), "%s/root", tree->path);
	assert_memory_equal(path, prefix, strlen(prefix));
	return path + strlen(prefix);
}

static void missing_directories_are_made_with_mode_0755(void **state)
{
	const struct tree *tree = *state;
	mode_t mask = umask(0);
	_cleanup_fd_ int fd = resolve_create(tree->root, "/a/b/c", RESOLVE_DIRECTORY);
	struct stat st;

	umask(mask);
	assert_string_equal(inside(tree, fd), "/a/b/c");
	assert_int_equal(stat("root/a/b", &st), 0);
	assert_int_equal(st.st_mode, S_IFDIR | 0755);
}

static void a_missing_file_is_made_empty(void **state)
{
	const struct tree *tree = *state;
	_cleanup_fd_ int fd = resolve_create(tree->root, "x/file", RESOLVE_FILE);
	struct stat st;

	assert_string_equal(inside(tree, fd), "/x/file");
	assert_int_equal(fstat(fd, &st), 0);
	assert_true(S_ISREG(st.st_mode) && st.st_size == 0);
}

static void links_and_dots_end_inside(void **state)
{
	static const struct {
		const char *link, *path, *end;
	} cases[] = {
		{ "/outside/deep", "/link/new", "/outside/deep/new" },
		{ "../outside", "/link/new", "/outside/new" },
		{ "../../../../../../outside", "/link", "/outside" },
		{ "etc", "/link/new", "/etc/new" },
		{ ".", "/link/link/etc", "/etc" },
		{ "/", "/link/../etc", "/etc" },
		{ "a/b/../c", "/link", "/a/c" },
		{ "/etc/../../..", "/link/etc/sub", "/etc/sub" },
	};
	const struct tree *tree = *state;

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		_cleanup_fd_ int fd = -1;

		unlink("root/link");
		assert_int_equal(symlink(cases[i].link, "root/link"), 0);
		fd = resolve_create(tree->root, cases[i].path, RESOLVE_DIRECTORY);
		assert_string_equal(inside(tree, fd), cases[i].end);
	}
	/* Nothing of it has appeared beside the root. */
	assert_int_equal(rmdir("outside"), 0);
}

static void a_dangling_link_leads_to_a_file_inside(void **state)
{
	const struct tree *tree = *state;
	_cleanup_fd_ int fd = -1;

	assert_int_equal(symlink("/outside/file", "root/link"), 0);
	fd = resolve_create(tree->root, "/link", RESOLVE_FILE);
	assert_string_equal(inside(tree, fd), "/outside/file");
	assert_int_equal(access("outside/file", F_OK), -1);
}

static void bad_paths_are_refused(void **state)
{
	static const struct {
		const char *path;
		int errnum;
	} cases[] = {
		{ "/loop/x", ELOOP },
		{ "/file/x", ENOTDIR },
	};
	const struct tree *tree = *state;
	char name[300];

	assert_int_equal(symlink("loop", "root/loop"), 0);
	close(open("root/file", O_CREAT | O_WRONLY | O_CLOEXEC, 0644));
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		assert_int_equal(resolve_create(tree->root, cases[i].path, RESOLVE_DIRECTORY), -1);
		assert_int_equal(errno, cases[i].errnum);
	}
	memset(name, 'n', sizeof(name));
	name[sizeof(name) - 1] = '\0';
	assert_int_equal(resolve_create(tree->root, name, RESOLVE_DIRECTORY), -1);
	assert_int_equal(errno, ENAMETOOLONG);
}

static void opening_does_not_create(void **state)
{
	const struct tree *tree = *state;

	assert_int_equal(resolve_open(tree->root, "/new", O_PATH, 0), -1);
	assert_int_equal(errno, ENOENT);
	assert_int_equal(access("root/new", F_OK), -1);
}

static void magic_links_are_not_followed(void **state)
{
	_cleanup_fd_ int proc = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);

	(void)state;
	assert_int_equal(resolve_open(proc, "self/root", O_PATH, 0), -1);
	assert_int_equal(errno, ELOOP);
}

static void the_parent_of_a_path_and_its_name_are_told(void **state)
{
	const struct tree *tree = *state;
	const char *name;
	_cleanup_fd_ int fd = resolve_parent(tree->root, "/dev/net/tun", &name);

	assert_string_equal(inside(tree, fd), "/dev/net");
	assert_string_equal(name, "tun");
	assert_int_equal(resolve_parent(tree->root, "/dev/..", &name), -1);
	assert_int_equal(resolve_parent(tree->root, "/", &name), -1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make_tree, remove_tree)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(missing_directories_are_made_with_mode_0755),
		TEST(a_missing_file_is_made_empty),
		TEST(links_and_dots_end_inside),
		TEST(a_dangling_link_leads_to_a_file_inside),
		TEST(bad_paths_are_refused),
		TEST(opening_does_not_create),
		TEST(magic_links_are_not_followed),
		TEST(the_parent_of_a_path_and_its_name_are_told),
	};

	return cmocka_run_group_tests_name("resolve", tests, NULL, NULL);
}
