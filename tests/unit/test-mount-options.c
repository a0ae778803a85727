/* SPDX-License-Identifier: Apache-2.0 */
/* Mount options as words and as flags. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/mount.h>

#include <cmocka.h>

#include "base/syscalls.h"
#include "rootfs/options.h"

/* Parse words that are separated by commas. */
static int parse(const char *text, const char *type, struct arena *arena,
                 struct mount_options *options, struct error **err)
{
	struct strings words = { .items = arena_alloc(arena, 32 * sizeof(char *)) };
	char *rest = arena_strdup(arena, text);

	for (char *word = strtok_r(rest, ",", &rest); word; word = strtok_r(NULL, ",", &rest))
		words.items[words.count++] = word;
	return mount_options_parse(&words, type, "mounts[0].options", arena, options, err);
}

static void words_set_and_clear_flags(void **state)
{
	static const struct {
		const char *text;
		uint64_t set, clear;
	} cases[] = {
		{ "", 0, 0 },
		{ "ro", MOUNT_ATTR_RDONLY, 0 },
		{ "ro,rw", 0, MOUNT_ATTR_RDONLY },
		{ "rw,ro", MOUNT_ATTR_RDONLY, 0 },
		{ "nosuid,nodev,noexec", MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC,
		  0 },
		{ "noatime", MOUNT_ATTR_NOATIME,
		  MOUNT_ATTR__ATIME & ~(uint64_t)MOUNT_ATTR_NOATIME },
		{ "noatime,strictatime", MOUNT_ATTR_STRICTATIME,
		  MOUNT_ATTR__ATIME & ~(uint64_t)MOUNT_ATTR_STRICTATIME },
		{ "strictatime,relatime", 0, MOUNT_ATTR__ATIME },
		{ "nosymfollow", MOUNT_ATTR_NOSYMFOLLOW, 0 },
	};
	_cleanup_arena_ struct arena *arena = arena_new();

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct mount_options options;

		assert_int_equal(parse(cases[i].text, "tmpfs", arena, &options, NULL), 0);
		assert_int_equal(options.flags.set, cases[i].set);
		/* One bit cannot be set and cleared, but for the access time, which is one field. */
		assert_int_equal(options.flags.clear & ~options.flags.set, cases[i].clear);
		assert_int_equal(options.tree_flags.set | options.tree_flags.clear, 0);
	}
}

static void words_with_r_undo_earlier_ones_of_the_top(void **state)
{
	static const struct {
		const char *text;
		uint64_t set, clear, tree_set, tree_clear;
	} cases[] = {
		{ "rw,rro", 0, 0, MOUNT_ATTR_RDONLY, 0 },
		{ "rro,rw", 0, MOUNT_ATTR_RDONLY, MOUNT_ATTR_RDONLY, 0 },
		{ "ro,nosuid,rrw", MOUNT_ATTR_NOSUID, 0, 0, MOUNT_ATTR_RDONLY },
		{ "noatime,rrelatime", 0, 0, 0, MOUNT_ATTR__ATIME },
	};
	_cleanup_arena_ struct arena *arena = arena_new();

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct mount_options options;

		assert_int_equal(parse(cases[i].text, "bind", arena, &options, NULL), 0);
		assert_int_equal(options.flags.set, cases[i].set);
		assert_int_equal(options.flags.clear, cases[i].clear);
		assert_int_equal(options.tree_flags.set, cases[i].tree_set);
		assert_int_equal(options.tree_flags.clear, cases[i].tree_clear);
	}
}

static void words_with_r_count_for_the_tree(void **state)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	struct mount_options options;

	(void)state;
	assert_int_equal(parse("rbind,rro,rnosuid,nodev", "bind", arena, &options, NULL), 0);
	assert_int_equal(options.tree_flags.set, MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID);
	assert_int_equal(options.flags.set, MOUNT_ATTR_NODEV);
	assert_true(options.bind && options.recursive);
}

static void propagation_is_one_of_four_for_one_mount_or_the_tree(void **state)
{
	static const struct {
		const char *word;
		unsigned long flag;
		bool recursive;
	} cases[] = {
		{ "private", MS_PRIVATE, false },       { "rprivate", MS_PRIVATE, true },
		{ "shared", MS_SHARED, false },         { "rshared", MS_SHARED, true },
		{ "slave", MS_SLAVE, false },           { "rslave", MS_SLAVE, true },
		{ "unbindable", MS_UNBINDABLE, false }, { "runbindable", MS_UNBINDABLE, true },
	};
	_cleanup_arena_ struct arena *arena = arena_new();

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct mount_options options;

		assert_int_equal(parse(cases[i].word, "bind", arena, &options, NULL), 0);
		assert_int_equal(options.propagation, cases[i].flag);
		assert_int_equal(options.propagation_recursive, cases[i].recursive);
	}
}

static void other_words_are_data_of_the_filesystem(void **state)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	struct mount_options options;

	(void)state;
	assert_int_equal(parse("mode=755,sync,size=1m,mode=700", "tmpfs", arena, &options, NULL),
	                 0);
	assert_int_equal(options.data.count, 4);
	assert_string_equal(options.data.items[0], "mode=755");
	assert_string_equal(options.data.items[1], "sync");
	assert_string_equal(mount_data_value(&options.data, "mode"), "700");
	assert_null(mount_data_value(&options.data, "siz"));
}

static void tmpcopyup_and_remount_are_understood(void **state)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	struct mount_options options;

	(void)state;
	assert_int_equal(parse("tmpcopyup", "tmpfs", arena, &options, NULL), 0);
	assert_true(options.copy_up);
	assert_int_equal(options.data.count, 0);
	assert_int_equal(parse("remount,ro", NULL, arena, &options, NULL), 0);
	assert_true(options.remount);
}

static void words_for_links_and_ids_are_known(void **state)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	struct mount_options options;

	(void)state;
	assert_int_equal(
		parse("rbind,copy-symlink,src-nofollow,dest-nofollow", NULL, arena, &options, NULL),
		0);
	assert_true(options.copy_symlink && options.source_nofollow &&
	            options.destination_nofollow);
	assert_false(options.idmap);
	assert_int_equal(parse("bind,idmap", NULL, arena, &options, NULL), 0);
	assert_true(options.idmap && !options.idmap_recursive);
	assert_int_equal(parse("bind,idmap,ridmap", NULL, arena, &options, NULL), 0);
	assert_true(options.idmap && options.idmap_recursive);
	assert_int_equal(options.data.count, 0);
}

static void a_mapping_in_the_option_is_refused_by_place(void **state)
{
	static const char *const cases[] = { "ro,idmap=uids=0-1-2", "ro,ridmap=" };
	_cleanup_arena_ struct arena *arena = arena_new();

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		_cleanup_error_ struct error *err = NULL;
		struct mount_options options;

		assert_int_equal(parse(cases[i], "bind", arena, &options, &err), -1);
		assert_non_null(strstr(err->message, "mounts[0].options[1]"));
		assert_non_null(strstr(err->message, "uidMappings"));
	}
}

static void every_name_that_features_lists_is_understood(void **state)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	const char *const *names = mount_option_names();
	size_t count = 0;

	(void)state;
	for (; names[count]; count++) {
		struct mount_options options;

		assert_int_equal(parse(names[count], "tmpfs", arena, &options, NULL), 0);
		/* At most the flags of the superblock are passed on. */
		assert_true(options.data.count == 0 || strchr(options.data.items[0], '=') == NULL);
	}
	assert_true(count > 50);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(words_set_and_clear_flags),
		cmocka_unit_test(words_with_r_count_for_the_tree),
		cmocka_unit_test(words_with_r_undo_earlier_ones_of_the_top),
		cmocka_unit_test(propagation_is_one_of_four_for_one_mount_or_the_tree),
		cmocka_unit_test(other_words_are_data_of_the_filesystem),
		cmocka_unit_test(tmpcopyup_and_remount_are_understood),
		cmocka_unit_test(words_for_links_and_ids_are_known),
		cmocka_unit_test(a_mapping_in_the_option_is_refused_by_place),
		cmocka_unit_test(every_name_that_features_lists_is_understood),
	};

	return cmocka_run_group_tests_name("mount-options", tests, NULL, NULL);
}
