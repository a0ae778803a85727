/* SPDX-License-Identifier: Apache-2.0 */
/* Subordinate ids: the files, getsubids, nsswitch.conf, the user's name. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <pwd.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/spawn.h"
#include "idmap/helpers.h"
#include "idmap/subid.h"

#define RANGES_MAX 4

struct expected {
	const char *text;
	const char *user;
	uid_t uid;
	struct id_range ranges[RANGES_MAX]; /* ended by a count of 0 */
};

static void expect_ranges(const struct id_ranges *ranges, const struct id_range *expected)
{
	size_t count = 0;

	while (count < RANGES_MAX && expected[count].count > 0)
		count++;
	assert_int_equal(ranges->count, count);
	for (size_t i = 0; i < count; i++) {
		assert_int_equal(ranges->items[i].start, expected[i].start);
		assert_int_equal(ranges->items[i].count, expected[i].count);
	}
}

static void expect_parse(const struct expected *cases, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		_cleanup_arena_ struct arena *arena = arena_new();
		struct id_ranges ranges;

		assert_int_equal(subid_parse(cases[i].text, cases[i].user, cases[i].uid, arena,
		                             &ranges, NULL),
		                 0);
		expect_ranges(&ranges, cases[i].ranges);
	}
}

static void lines_name_the_user_by_name_or_number(void **state)
{
	static const struct expected cases[] = {
		{ "alice:100000:65536\n", "alice", 1000, { { 100000, 65536 } } },
		{ "1000:100000:65536\n", "alice", 1000, { { 100000, 65536 } } },
		{ "1000:100000:65536\n", NULL, 1000, { { 100000, 65536 } } },
		{ "alice:100000:65536", "alice", 1000, { { 100000, 65536 } } },
		{ "bob:100000:65536\n", "alice", 1000, { { 0 } } },
		{ "alice2:1:1\nalic:2:1\n", "alice", 1000, { { 0 } } },
		{ "10001:1:1\n100:2:1\n", "alice", 1000, { { 0 } } },
		{ "Alice:1:1\n", "alice", 1000, { { 0 } } },
		{ "", "alice", 1000, { { 0 } } },
	};

	(void)state;
	expect_parse(cases, ARRAY_SIZE(cases));
}

static void a_user_may_have_several_ranges(void **state)
{
	static const struct expected cases[] = {
		{ "alice:300000:10\nbob:1:1\n1000:100000:20\nalice:200000:30\n",
		  "alice",
		  1000,
		  { { 300000, 10 }, { 100000, 20 }, { 200000, 30 } } },
		{ "alice:10:20\nalice:15:20\n", "alice", 1000, { { 10, 20 }, { 15, 20 } } },
	};

	(void)state;
	expect_parse(cases, ARRAY_SIZE(cases));
}

static void malformed_lines_are_skipped(void **state)
{
	static const char *const bad[] = {
		"alice",
		"alice:",
		"alice:1",
		"alice:1:",
		"alice::1",
		"alice:1:0",
		"alice:x:1",
		"alice:1:x",
		"alice:-1:1",
		"alice:1:-1",
		"alice:1:1:",
		"alice:1:1 ",
		"alice: 1:1",
		"#alice:1:1",
		":1:1",
		"alice:1:1\r",
		"alice:1:99999999999999999999",
		"alice:4294967295:1",
		"alice:4294967296:1",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		_cleanup_free_ char *text = NULL;
		struct expected expected = { NULL, "alice", 1000, { { 7, 8 } } };

		assert_true(asprintf(&text, "%s\nalice:7:8\n", bad[i]) > 0);
		expected.text = text;
		expect_parse(&expected, 1);
	}
}

static void an_endless_line_is_skipped(void **state)
{
	_cleanup_free_ char *text = malloc(100000);
	struct expected expected = { text, "alice", 1000, { { 7, 8 } } };

	(void)state;
	/* Cut off at the 512 bytes that a line may have, it would look like a good one. */
	strcpy(text, "alice:5:");
	memset(text + 8, '0', 90000);
	text[505] = '1';
	strcpy(text + 90008, "x\nalice:7:8\n");
	expect_parse(&expected, 1);
}

static void a_range_ends_at_the_last_id(void **state)
{
	static const struct expected cases[] = {
		{ "a:4294967294:1\n", "a", 1, { { 4294967294, 1 } } },
		{ "a:4294967290:100\n", "a", 1, { { 4294967290, 5 } } },
		{ "a:0:4294967296\n", "a", 1, { { 0, 4294967295 } } },
	};

	(void)state;
	expect_parse(cases, ARRAY_SIZE(cases));
}

static void many_ranges_are_no_problem(void **state)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	_cleanup_free_ char *text = calloc(5000, 32);
	struct id_ranges ranges;
	size_t used = 0;

	(void)state;
	for (int i = 0; i < 5000; i++)
		used += (size_t)sprintf(text + used, "alice:%d:1\n", 100000 + 2 * i);
	assert_int_equal(subid_parse(text, "alice", 1000, arena, &ranges, NULL), 0);
	assert_int_equal(ranges.count, 5000);
	for (uint32_t i = 0; i < 5000; i++)
		assert_int_equal(ranges.items[i].start, 100000 + 2 * i);
}

static void getsubids_output_is_understood(void **state)
{
	static const struct expected cases[] = {
		{ "0: alice 100000 65536\n", NULL, 0, { { 100000, 65536 } } },
		{ "0: alice 100000 65536\n1: alice 300000 5\n",
		  NULL,
		  0,
		  { { 100000, 65536 }, { 300000, 5 } } },
		{ "", NULL, 0, { { 0 } } },
		{ "Error fetching ranges\n", NULL, 0, { { 0 } } },
		{ "0 alice 1 1\n0: alice 1\n0: alice x 1\n0: alice 1 1 1\n", NULL, 0, { { 0 } } },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		_cleanup_arena_ struct arena *arena = arena_new();
		struct id_ranges ranges;

		assert_int_equal(subid_parse_getsubids(cases[i].text, arena, &ranges, NULL), 0);
		expect_ranges(&ranges, cases[i].ranges);
	}
}

static void nsswitch_tells_who_has_the_subordinate_ids(void **state)
{
	static const struct {
		const char *text;
		bool foreign;
	} cases[] = {
		{ "", false },
		{ "passwd: files sss\n", false },
		{ "subid: files\n", false },
		{ "subid: files", false },
		{ "subid:\tfiles # local\n", false },
		{ "subid: files sss\n", false },
		{ "subid:\n", false },
		{ "#subid: sss\n", false },
		{ "subid: sss\n", true },
		{ "passwd: files\nsubid:   sss\n", true },
		{ "subid:sss files", true },
		{ "subid: filesystem\n", true },
		{ "subid: file\n", true },
		{ "subid: #nothing\nsubid: sss\n", true },
		{ "subids: sss\n", false },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		assert_int_equal(subid_nsswitch_foreign(cases[i].text), cases[i].foreign);
}

static void passwd_gives_the_first_name_of_a_uid(void **state)
{
	static const char text[] = "root:x:0:0:root:/root:/bin/sh\n"
				   "broken:x\n"
				   ":x:1000:1:::\n"
				   "alice:x:1000:1000::/home/alice:/bin/sh\n"
				   "alias:x:1000:1000::/home/alice:/bin/sh\n"
				   "bob:x:10000:1000::/:\n";
	static const struct {
		uid_t uid;
		const char *name;
	} cases[] = {
		{ 0, "root" }, { 1000, "alice" }, { 10000, "bob" }, { 1, NULL }, { 100, NULL }
	};
	_cleanup_arena_ struct arena *arena = arena_new();

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const char *name = subid_passwd_name(text, cases[i].uid, arena);

		if (cases[i].name)
			assert_string_equal(name, cases[i].name);
		else
			assert_null(name);
	}
}

static void our_own_name_is_that_of_getpwuid(void **state)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	const struct passwd *entry = getpwuid(getuid());
	const char *name = subid_user_name(getuid(), arena);

	(void)state;
	if (!entry) {
		assert_null(name);
		return;
	}
	assert_string_equal(name, entry->pw_name);
}

static void a_user_without_ranges_is_no_error(void **state)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	struct id_ranges uids, gids;

	(void)state;
	assert_int_equal(subid_load(4294967294, arena, &uids, &gids, NULL), 0);
	assert_int_equal(uids.count, 0);
	assert_int_equal(gids.count, 0);
}

static void loaded_ranges_are_those_of_getsubids(void **state)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	_cleanup_free_ char *output = NULL;
	const char *path, *name = subid_user_name(getuid(), arena);
	char *argv[] = { (char *)"getsubids", (char *)name, NULL };
	struct spawn spawn = { NULL, argv, NULL, -1, -1, -1, true };
	struct id_ranges uids, gids, expected;
	struct spawn_result result;

	(void)state;
	helper_find(HELPER_GETSUBIDS, &path);
	if (!path || !name) {
		print_message("getsubids is not installed, or this user has no name\n");
		skip();
	}
	spawn.path = path;
	assert_int_equal(spawn_run(&spawn, NULL, SPAWN_STDOUT, 0, -1, &result), 0);
	output = result.output;
	assert_int_equal(subid_parse_getsubids(output, arena, &expected, NULL), 0);
	assert_int_equal(subid_load(getuid(), arena, &uids, &gids, NULL), 0);
	assert_int_equal(uids.count, expected.count);
	if (uids.count > 0)
		assert_memory_equal(uids.items, expected.items, uids.count * sizeof(*uids.items));
}

static void a_helper_needs_its_privileges(void **state)
{
	char path[] = "/tmp/rootlet-test-subid-XXXXXX";
	_cleanup_fd_ int fd = mkostemp(path, O_CLOEXEC);

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(helper_check("/does/not/exist"), HELPER_MISSING);
	assert_int_equal(helper_check("/tmp"), HELPER_MISSING);
	assert_int_equal(helper_check(path), HELPER_FORBIDDEN);
	assert_int_equal(fchmod(fd, 0755), 0);
	assert_int_equal(helper_check(path), HELPER_UNPRIVILEGED);
	/* setuid, but to somebody who is not root, is worth nothing. */
	assert_int_equal(fchmod(fd, 04755), 0);
	if (getuid() != 0)
		assert_int_equal(helper_check(path), HELPER_UNPRIVILEGED);
	unlink(path);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(lines_name_the_user_by_name_or_number),
		cmocka_unit_test(a_user_may_have_several_ranges),
		cmocka_unit_test(malformed_lines_are_skipped),
		cmocka_unit_test(an_endless_line_is_skipped),
		cmocka_unit_test(a_range_ends_at_the_last_id),
		cmocka_unit_test(many_ranges_are_no_problem),
		cmocka_unit_test(getsubids_output_is_understood),
		cmocka_unit_test(nsswitch_tells_who_has_the_subordinate_ids),
		cmocka_unit_test(passwd_gives_the_first_name_of_a_uid),
		cmocka_unit_test(our_own_name_is_that_of_getpwuid),
		cmocka_unit_test(a_user_without_ranges_is_no_error),
		cmocka_unit_test(loaded_ranges_are_those_of_getsubids),
		cmocka_unit_test(a_helper_needs_its_privileges),
	};

	return cmocka_run_group_tests_name("subid", tests, NULL, NULL);
}
