/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation: one table says for each word which flags it sets and which it clears. A
 * later word undoes an earlier one, so "ro", "rw" ends up read-write. What the table does not
 * know goes to the filesystem, which refuses what it does not know either.
 */
#include "rootfs/options.h"

#include <string.h>
#include <sys/mount.h>

#include "base/log.h"
#include "base/syscalls.h"

enum option_kind {
	OPTION_FLAG,        /* of the mount */
	OPTION_TREE_FLAG,   /* of the mount and those below */
	OPTION_PROPAGATION, /* of the mount */
	OPTION_TREE_PROPAGATION,
	OPTION_BIND,
	OPTION_RBIND,
	OPTION_REMOUNT,
	OPTION_COPY_UP,
	OPTION_IDMAP,
	OPTION_TREE_IDMAP,
	OPTION_COPY_SYMLINK,
	OPTION_SOURCE_NOFOLLOW,
	OPTION_DESTINATION_NOFOLLOW,
	OPTION_SUPERBLOCK, /* passed to the filesystem under the name in `superblock` */
	OPTION_NOTHING,    /* what happens anyway */
};

struct option {
	const char *name;
	enum option_kind kind;
	uint64_t set, clear; /* MOUNT_ATTR_*, or MS_* for propagation */
	const char *superblock;
};

/* clang-format off */
#define FLAG(name, set, clear) { name, OPTION_FLAG, set, clear, NULL }
#define TREE(name, set, clear) { name, OPTION_TREE_FLAG, set, clear, NULL }
#define BOTH(name, set, clear) FLAG(name, set, clear), TREE("r" name, set, clear)
#define SUPER(name, superblock) { name, OPTION_SUPERBLOCK, 0, 0, superblock }
#define SPREAD(name, ms)                           \
	{ name, OPTION_PROPAGATION, ms, 0, NULL }, \
	{ "r" name, OPTION_TREE_PROPAGATION, ms, 0, NULL }
/* clang-format on */

/* In groups for the reader; the lookup is linear over some 70 words. */
static const struct option options_table[] = {
	{ "bind", OPTION_BIND, 0, 0, NULL },
	{ "rbind", OPTION_RBIND, 0, 0, NULL },
	{ "remount", OPTION_REMOUNT, 0, 0, NULL },
	{ "tmpcopyup", OPTION_COPY_UP, 0, 0, NULL },
	{ "idmap", OPTION_IDMAP, 0, 0, NULL },
	{ "ridmap", OPTION_TREE_IDMAP, 0, 0, NULL },
	{ "copy-symlink", OPTION_COPY_SYMLINK, 0, 0, NULL },
	{ "src-nofollow", OPTION_SOURCE_NOFOLLOW, 0, 0, NULL },
	{ "dest-nofollow", OPTION_DESTINATION_NOFOLLOW, 0, 0, NULL },
	{ "defaults", OPTION_NOTHING, 0, 0, NULL },

	BOTH("ro", MOUNT_ATTR_RDONLY, 0),
	BOTH("rw", 0, MOUNT_ATTR_RDONLY),
	BOTH("suid", 0, MOUNT_ATTR_NOSUID),
	BOTH("nosuid", MOUNT_ATTR_NOSUID, 0),
	BOTH("dev", 0, MOUNT_ATTR_NODEV),
	BOTH("nodev", MOUNT_ATTR_NODEV, 0),
	BOTH("exec", 0, MOUNT_ATTR_NOEXEC),
	BOTH("noexec", MOUNT_ATTR_NOEXEC, 0),
	BOTH("diratime", 0, MOUNT_ATTR_NODIRATIME),
	BOTH("nodiratime", MOUNT_ATTR_NODIRATIME, 0),
	/* The access time has one mode of three, so that each word replaces what was there. */
	BOTH("relatime", 0, MOUNT_ATTR__ATIME),
	BOTH("norelatime", 0, MOUNT_ATTR__ATIME),
	BOTH("atime", 0, MOUNT_ATTR__ATIME),
	BOTH("nostrictatime", 0, MOUNT_ATTR__ATIME),
	BOTH("noatime", MOUNT_ATTR_NOATIME, MOUNT_ATTR__ATIME),
	BOTH("strictatime", MOUNT_ATTR_STRICTATIME, MOUNT_ATTR__ATIME),
	BOTH("symfollow", 0, MOUNT_ATTR_NOSYMFOLLOW),
	BOTH("nosymfollow", MOUNT_ATTR_NOSYMFOLLOW, 0),

	SPREAD("private", MS_PRIVATE),
	SPREAD("shared", MS_SHARED),
	SPREAD("slave", MS_SLAVE),
	SPREAD("unbindable", MS_UNBINDABLE),

	SUPER("sync", "sync"),
	SUPER("async", "async"),
	SUPER("dirsync", "dirsync"),
	SUPER("lazytime", "lazytime"),
	SUPER("nolazytime", "nolazytime"),
	SUPER("mand", "mand"),
	SUPER("nomand", "nomand"),
	/*
	 * Flags of mount(2) that fsconfig(2) does not have. What the kernel says goes to whoever made
	 * the mount, and a file system that can count changes does so without being asked.
	 */
	{ "silent", OPTION_NOTHING, 0, 0, NULL },
	{ "loud", OPTION_NOTHING, 0, 0, NULL },
	{ "iversion", OPTION_NOTHING, 0, 0, NULL },
	{ "noiversion", OPTION_NOTHING, 0, 0, NULL },
	/* /etc/fstab's words for other programs. */
	{ "auto", OPTION_NOTHING, 0, 0, NULL },
	{ "noauto", OPTION_NOTHING, 0, 0, NULL },
};

static const struct option *option_find(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(options_table); i++)
		if (strcmp(options_table[i].name, name) == 0)
			return &options_table[i];
	return NULL;
}

static void flags_add(struct mount_flags *flags, const struct option *option)
{
	flags->set = (flags->set & ~option->clear) | option->set;
	flags->clear = (flags->clear & ~option->set) | option->clear;
}

/* The top is part of the tree: what an earlier word says about its flags is void. */
static void tree_flags_add(struct mount_options *options, const struct option *option)
{
	const uint64_t bits = option->set | option->clear;

	flags_add(&options->tree_flags, option);
	options->flags.set &= ~bits;
	options->flags.clear &= ~bits;
}

static void option_apply(const struct option *option, struct mount_options *options)
{
	switch (option->kind) {
	case OPTION_FLAG:
		flags_add(&options->flags, option);
		break;
	case OPTION_TREE_FLAG:
		tree_flags_add(options, option);
		break;
	case OPTION_PROPAGATION:
	case OPTION_TREE_PROPAGATION:
		options->propagation = option->set;
		options->propagation_recursive = option->kind == OPTION_TREE_PROPAGATION;
		break;
	case OPTION_BIND:
	case OPTION_RBIND:
		options->bind = true;
		options->recursive |= option->kind == OPTION_RBIND;
		break;
	case OPTION_REMOUNT:
		options->remount = true;
		break;
	case OPTION_COPY_UP:
		options->copy_up = true;
		break;
	case OPTION_IDMAP:
	case OPTION_TREE_IDMAP:
		options->idmap = true;
		options->idmap_recursive = option->kind == OPTION_TREE_IDMAP;
		break;
	case OPTION_COPY_SYMLINK:
		options->copy_symlink = true;
		break;
	case OPTION_SOURCE_NOFOLLOW:
		options->source_nofollow = true;
		break;
	case OPTION_DESTINATION_NOFOLLOW:
		options->destination_nofollow = true;
		break;
	case OPTION_SUPERBLOCK:
		options->data.items[options->data.count++] = (char *)option->superblock;
		break;
	case OPTION_NOTHING:
		break;
	}
}

static void warn_lost_data(const struct mount_options *options, const char *where)
{
	for (size_t i = 0; i < options->data.count; i++)
		log_warning("%s: \"%s\" has no effect on a bind mount", where,
		            options->data.items[i]);
}

int mount_options_parse(const struct strings *words, const char *type, const char *where,
                        struct arena *arena, struct mount_options *options, struct error **err)
{
	*options = (struct mount_options){ 0 };
	options->data.items = arena_alloc(arena,
	                                  (words->count + MOUNT_DATA_SPARE) * sizeof(char *));
	if (!options->data.items)
		return error_set(err, ENOMEM, "%s", where);
	options->bind = type && strcmp(type, "bind") == 0;

	for (size_t i = 0; i < words->count; i++) {
		const struct option *option = option_find(words->items[i]);

		if (option) {
			option_apply(option, options);
			continue;
		}
		if (strncmp(words->items[i], "idmap=", 6) == 0 ||
		    strncmp(words->items[i], "ridmap=", 7) == 0)
			return error_set(err, 0,
			                 "%s[%zu]: write the mapping as uidMappings and "
			                 "gidMappings of the mount, and \"%.*s\" alone here",
			                 where, i, (int)strcspn(words->items[i], "="),
			                 words->items[i]);
		options->data.items[options->data.count++] = words->items[i];
	}
	if (options->bind && !options->remount)
		warn_lost_data(options, where);
	return 0;
}

const char *mount_data_value(const struct strings *data, const char *key)
{
	size_t length = strlen(key);

	for (size_t i = data->count; i-- > 0;) {
		if (strncmp(data->items[i], key, length) == 0 && data->items[i][length] == '=')
			return data->items[i] + length + 1;
	}
	return NULL;
}

const char *const *mount_option_names(void)
{
	static const char *names[ARRAY_SIZE(options_table) + 1];

	for (size_t i = 0; i < ARRAY_SIZE(options_table); i++)
		names[i] = options_table[i].name;
	return names;
}
