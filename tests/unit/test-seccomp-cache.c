/* SPDX-License-Identifier: Apache-2.0 */
/* The cache of compiled filters, in a directory of the test's own. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "base/file.h"
#include "filters.h"
#include "process/seccomp-cache.h"

static struct sock_filter sample[] = {
	BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 0),
	BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | 77),
};

static const char library[] = "/proc/self/exe";

static void make_key(struct seccomp_cache_key *key)
{
	const struct seccomp seccomp = {
		.default_action = SECCOMP_ACTION_ERRNO,
		.syscalls = LIST(struct seccomp_rule,
		                 { .names = NAMES("write"), .action = SECCOMP_ACTION_ALLOW }),
	};

	assert_int_equal(seccomp_cache_key_make(&seccomp, key), 0);
}

static bool is_cached(int cache_fd, const struct seccomp_cache_key *key)
{
	_cleanup_free_ struct sock_filter *filter = NULL;
	unsigned short count = 0;

	if (!seccomp_cache_load(cache_fd, key, &filter, &count))
		return false;
	assert_int_equal(count, ARRAY_SIZE(sample));
	assert_memory_equal(filter, sample, sizeof(sample));
	return true;
}

static void store_sample(int cache_fd, const struct seccomp_cache_key *key)
{
	seccomp_cache_store(cache_fd, key, library, sample, ARRAY_SIZE(sample));
}

static void what_was_stored_is_found_again(void **state)
{
	_cleanup_cache_key_ struct seccomp_cache_key key = { 0 };
	_cleanup_fd_ int cache_fd = seccomp_cache_open();

	(void)state;
	make_key(&key);
	assert_true(cache_fd >= 0);
	assert_false(is_cached(cache_fd, &key));
	store_sample(cache_fd, &key);
	assert_true(is_cached(cache_fd, &key));
}

static void compiling_takes_the_program_from_the_cache(void **state)
{
	const struct seccomp seccomp = {
		.default_action = SECCOMP_ACTION_ERRNO,
		.syscalls = LIST(struct seccomp_rule,
		                 { .names = NAMES("write"), .action = SECCOMP_ACTION_ALLOW }),
	};
	_cleanup_seccomp_ struct seccomp_program first = { 0 }, again = { 0 }, cached = { 0 };
	_cleanup_cache_key_ struct seccomp_cache_key key = { 0 };
	_cleanup_fd_ int cache_fd = seccomp_cache_open();

	(void)state;
	compile(&seccomp, &first);
	compile(&seccomp, &again);
	assert_int_equal(first.length, again.length);
	assert_memory_equal(first.filter, again.filter, first.length * sizeof(*first.filter));

	assert_int_equal(seccomp_cache_key_make(&seccomp, &key), 0);
	assert_int_equal(faccessat(cache_fd, key.name, R_OK, 0), 0);
	store_sample(cache_fd, &key);
	compile(&seccomp, &cached);
	assert_int_equal(verdict(&cached, SYS_write), ERRNO(77));
}

/* A description of every member that the program depends on: none may be forgotten. */
static void filters_that_differ_have_keys_that_differ(void **state)
{
	struct seccomp_arg args[] = {
		{ .index = 0, .op = SECCOMP_OP_EQ, .value = 1, .value_two = 1 },
		{ .index = 1, .op = SECCOMP_OP_EQ, .value = 1, .value_two = 1 },
		{ .index = 0, .op = SECCOMP_OP_NE, .value = 1, .value_two = 1 },
		{ .index = 0, .op = SECCOMP_OP_EQ, .value = 2, .value_two = 1 },
		{ .index = 0, .op = SECCOMP_OP_EQ, .value = 1, .value_two = 2 },
	};
	const struct seccomp_rule rules[] = {
		{ .names = NAMES("a", "b") },
		{ .names = NAMES("a 1:b") },
		{ .names = NAMES("a") },
		{ .names = NAMES("a", "b"), .action = SECCOMP_ACTION_LOG },
		{ .names = NAMES("a", "b"), .errno_ret = { true, 0 } },
		{ .names = NAMES("a", "b"), .errno_ret = { true, 1 } },
		{ .names = NAMES("a", "b"), .args = { &args[0], 1 } },
		{ .names = NAMES("a", "b"), .args = { &args[1], 1 } },
		{ .names = NAMES("a", "b"), .args = { &args[2], 1 } },
		{ .names = NAMES("a", "b"), .args = { &args[3], 1 } },
		{ .names = NAMES("a", "b"), .args = { &args[4], 1 } },
		{ .names = NAMES("a", "b"), .args = { &args[0], 2 } },
	};
	struct seccomp filters[ARRAY_SIZE(rules) + 7] = { 0 };
	struct seccomp_cache_key keys[ARRAY_SIZE(filters)] = { 0 };
	size_t count = ARRAY_SIZE(rules);

	(void)state;
	for (size_t i = 0; i < count; i++) {
		filters[i].syscalls.items = (struct seccomp_rule *)&rules[i];
		filters[i].syscalls.count = 1;
	}
	filters[count].default_action = SECCOMP_ACTION_TRAP;
	filters[count + 1].default_errno_ret = (struct opt_u32){ true, 0 };
	filters[count + 2].default_errno_ret = (struct opt_u32){ true, 5 };
	filters[count + 3].architectures = (struct strings)NAMES("SCMP_ARCH_X86");
	filters[count + 4].architectures = (struct strings)NAMES("SCMP_ARCH_X86", "SCMP_ARCH_X32");
	filters[count + 5].syscalls.items = (struct seccomp_rule *)rules;
	filters[count + 5].syscalls.count = 2;
	filters[count + 6].architectures = (struct strings)NAMES("SCMP_ARCH_ARM");

	for (size_t i = 0; i < ARRAY_SIZE(filters); i++) {
		assert_int_equal(seccomp_cache_key_make(&filters[i], &keys[i]), 0);
		for (size_t k = 0; k < i; k++) {
			assert_string_not_equal(keys[i].text, keys[k].text);
			assert_string_not_equal(keys[i].name, keys[k].name);
		}
	}
	for (size_t i = 0; i < ARRAY_SIZE(filters); i++)
		seccomp_cache_key_free(&keys[i]);
}

static void another_key_with_the_same_name_misses(void **state)
{
	_cleanup_cache_key_ struct seccomp_cache_key key = { 0 }, other = { 0 };
	_cleanup_fd_ int cache_fd = seccomp_cache_open();

	(void)state;
	make_key(&key);
	make_key(&other);
	other.text[other.length - 2] ^= 1;
	store_sample(cache_fd, &key);
	assert_false(is_cached(cache_fd, &other));
}

static void a_changed_or_cut_file_is_no_entry(void **state)
{
	_cleanup_cache_key_ struct seccomp_cache_key key = { 0 };
	_cleanup_fd_ int cache_fd = seccomp_cache_open();
	_cleanup_free_ char *file = NULL;
	ssize_t length;

	(void)state;
	make_key(&key);
	store_sample(cache_fd, &key);
	length = file_read_at(cache_fd, key.name, 1 << 20, &file);
	assert_true(length > 0);
	for (ssize_t i = 0; i < length; i++) {
		file[i] ^= 1;
		assert_int_equal(file_replace_at(cache_fd, key.name, file, (size_t)length, 0600),
		                 0);
		assert_false(is_cached(cache_fd, &key));
		file[i] ^= 1;
		assert_int_equal(file_replace_at(cache_fd, key.name, file, (size_t)i, 0600), 0);
		assert_false(is_cached(cache_fd, &key));
	}
	assert_int_equal(file_replace_at(cache_fd, key.name, file, (size_t)length, 0600), 0);
	assert_true(is_cached(cache_fd, &key));
}

static void a_file_that_others_can_write_is_no_entry(void **state)
{
	static const mode_t modes[] = { 0620, 0602, 0666 };
	_cleanup_cache_key_ struct seccomp_cache_key key = { 0 };
	_cleanup_fd_ int cache_fd = seccomp_cache_open();

	(void)state;
	make_key(&key);
	store_sample(cache_fd, &key);
	for (size_t i = 0; i < ARRAY_SIZE(modes); i++) {
		assert_int_equal(fchmodat(cache_fd, key.name, modes[i], 0), 0);
		assert_false(is_cached(cache_fd, &key));
	}
	assert_int_equal(fchmodat(cache_fd, key.name, 0644, 0), 0);
	assert_true(is_cached(cache_fd, &key));
}

static void links_and_fifos_are_no_entries(void **state)
{
	_cleanup_cache_key_ struct seccomp_cache_key key = { 0 };
	_cleanup_fd_ int cache_fd = seccomp_cache_open();

	(void)state;
	make_key(&key);
	store_sample(cache_fd, &key);
	assert_int_equal(renameat(cache_fd, key.name, cache_fd, "elsewhere"), 0);
	assert_int_equal(symlinkat("elsewhere", cache_fd, key.name), 0);
	assert_false(is_cached(cache_fd, &key));
	assert_int_equal(unlinkat(cache_fd, key.name, 0), 0);
	assert_int_equal(mkfifoat(cache_fd, key.name, 0600), 0);
	assert_false(is_cached(cache_fd, &key));
}

static void a_library_that_was_replaced_makes_the_entry_stale(void **state)
{
	const struct fixture *fixture = *state;
	_cleanup_cache_key_ struct seccomp_cache_key key = { 0 };
	_cleanup_fd_ int cache_fd = seccomp_cache_open();
	char path[128];

	make_key(&key);
	assert_int_equal(file_replace_at(cache_fd, "library", "one", 3, 0644), 0);
	snprintf(path, sizeof(path), "%s/rootlet/seccomp/library", fixture->path);
	seccomp_cache_store(cache_fd, &key, path, sample, ARRAY_SIZE(sample));
	assert_true(is_cached(cache_fd, &key));
	assert_int_equal(file_replace_at(cache_fd, "library", "two", 3, 0644), 0);
	assert_false(is_cached(cache_fd, &key));
	assert_int_equal(unlinkat(cache_fd, "library", 0), 0);
	assert_false(is_cached(cache_fd, &key));
}

static void a_library_without_an_absolute_path_is_not_stored_for(void **state)
{
	_cleanup_cache_key_ struct seccomp_cache_key key = { 0 };
	_cleanup_fd_ int cache_fd = seccomp_cache_open();

	(void)state;
	make_key(&key);
	seccomp_cache_store(cache_fd, &key, "", sample, ARRAY_SIZE(sample));
	assert_false(is_cached(cache_fd, &key));
	seccomp_cache_store(cache_fd, &key, ".", sample, ARRAY_SIZE(sample));
	assert_false(is_cached(cache_fd, &key));
}

static size_t files_in(const char *path)
{
	_cleanup_dir_ DIR *dir = opendir(path);
	size_t count = 0;

	assert_non_null(dir);
	while (readdir(dir))
		count++;
	return count - 2;
}

static void the_cache_stays_bounded(void **state)
{
	const struct fixture *fixture = *state;
	_cleanup_cache_key_ struct seccomp_cache_key key = { 0 };
	_cleanup_fd_ int cache_fd = seccomp_cache_open();
	char path[128];

	make_key(&key);
	for (int i = 0; i < 200; i++) {
		snprintf(key.name, sizeof(key.name), "%016x", i);
		store_sample(cache_fd, &key);
		assert_true(is_cached(cache_fd, &key));
	}
	snprintf(path, sizeof(path), "%s/rootlet/seccomp", fixture->path);
	assert_in_range(files_in(path), 1, 64);
}

static void a_directory_that_is_not_ours_alone_is_no_cache(void **state)
{
	static const char *const directories[] = { "rootlet", "rootlet/seccomp" };
	const struct fixture *fixture = *state;
	_cleanup_fd_ int base = open(fixture->path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	int cache_fd = seccomp_cache_open();

	assert_true(cache_fd >= 0);
	close(cache_fd);
	for (size_t i = 0; i < ARRAY_SIZE(directories); i++) {
		assert_int_equal(fchmodat(base, directories[i], 0770, 0), 0);
		assert_int_equal(seccomp_cache_open(), -1);
		assert_int_equal(fchmodat(base, directories[i], 0700, 0), 0);
	}
	assert_int_equal(renameat(base, "rootlet", base, "moved"), 0);
	assert_int_equal(symlinkat("moved", base, "rootlet"), 0);
	assert_int_equal(seccomp_cache_open(), -1);
}

static void another_users_directory_is_no_cache(void **state)
{
	const struct fixture *fixture = *state;

	if (geteuid() != 0) {
		print_message("skipped: chown needs root\n");
		skip();
	}
	assert_int_equal(chown(fixture->path, 12345, (gid_t)-1), 0);
	assert_int_equal(seccomp_cache_open(), -1);
	assert_int_equal(files_in(fixture->path), 0);
}

static void what_another_user_owns_is_not_believed(void **state)
{
	const struct fixture *fixture = *state;
	_cleanup_cache_key_ struct seccomp_cache_key key = { 0 };
	_cleanup_fd_ int cache_fd = seccomp_cache_open();
	char path[128];

	if (geteuid() != 0) {
		print_message("skipped: chown needs root\n");
		skip();
	}
	make_key(&key);
	store_sample(cache_fd, &key);
	assert_int_equal(fchownat(cache_fd, key.name, 12345, (gid_t)-1, 0), 0);
	assert_false(is_cached(cache_fd, &key));
	snprintf(path, sizeof(path), "%s/rootlet", fixture->path);
	assert_int_equal(chown(path, 12345, (gid_t)-1), 0);
	assert_int_equal(seccomp_cache_open(), -1);
}

static void without_xdg_cache_home_it_is_dot_cache_in_home(void **state)
{
	static const char *const values[] = { NULL, "", "relative" };
	const struct fixture *fixture = *state;
	_cleanup_free_ char *home = strdup(getenv("HOME") ? getenv("HOME") : "");
	char path[128];
	struct stat st;

	for (size_t i = 0; i < ARRAY_SIZE(values); i++) {
		_cleanup_fd_ int cache_fd = -1;

		unsetenv("XDG_CACHE_HOME");
		if (values[i])
			setenv("XDG_CACHE_HOME", values[i], 1);
		setenv("HOME", fixture->path, 1);
		cache_fd = seccomp_cache_open();
		assert_true(cache_fd >= 0);
	}
	snprintf(path, sizeof(path), "%s/.cache", fixture->path);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0700);

	unsetenv("HOME");
	assert_int_equal(seccomp_cache_open(), -1);
	setenv("HOME", home, 1);
}

static void without_a_cache_filters_are_compiled(void **state)
{
	const struct seccomp seccomp = {
		.default_action = SECCOMP_ACTION_ERRNO,
		.syscalls = LIST(struct seccomp_rule,
		                 { .names = NAMES("write"), .action = SECCOMP_ACTION_ALLOW }),
	};
	_cleanup_seccomp_ struct seccomp_program program = { 0 };

	(void)state;
	setenv("XDG_CACHE_HOME", "/nowhere/at/all", 1);
	compile(&seccomp, &program);
	assert_int_equal(verdict(&program, SYS_write), ALLOW);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		test(what_was_stored_is_found_again),
		test(compiling_takes_the_program_from_the_cache),
		test(filters_that_differ_have_keys_that_differ),
		test(another_key_with_the_same_name_misses),
		test(a_changed_or_cut_file_is_no_entry),
		test(a_file_that_others_can_write_is_no_entry),
		test(links_and_fifos_are_no_entries),
		test(a_library_that_was_replaced_makes_the_entry_stale),
		test(a_library_without_an_absolute_path_is_not_stored_for),
		test(the_cache_stays_bounded),
		test(a_directory_that_is_not_ours_alone_is_no_cache),
		test(another_users_directory_is_no_cache),
		test(what_another_user_owns_is_not_believed),
		test(without_xdg_cache_home_it_is_dot_cache_in_home),
		test(without_a_cache_filters_are_compiled),
	};

	if (!has_libseccomp())
		return 77;
	return cmocka_run_group_tests_name("seccomp cache", tests, NULL, NULL);
}
