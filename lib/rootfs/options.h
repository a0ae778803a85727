/* SPDX-License-Identifier: Apache-2.0 */
/* Mount options of config.json, as words and as what the kernel wants (config.md "Mounts", mount(8)). */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/error.h"
#include "spec/config.h"

/* Changes to the flags of a mount, as mount_setattr(2) takes them. */
struct mount_flags {
	uint64_t set, clear; /* MOUNT_ATTR_* */
};

/* Room that the parser leaves in mount_options.data for what is added: mode=, context=. */
#define MOUNT_DATA_SPARE 2u

struct mount_options {
	bool bind;      /* bind or rbind */
	bool recursive; /* rbind */
	bool remount;
	bool copy_up;                  /* tmpcopyup: a tmpfs gets what it covers */
	bool idmap, idmap_recursive;   /* idmap, ridmap */
	bool copy_symlink;             /* a source that is a link is copied, not mounted */
	bool source_nofollow;          /* … is mounted itself */
	bool destination_nofollow;     /* a destination that is a link is covered itself */
	struct mount_flags flags;      /* of the mount itself */
	struct mount_flags tree_flags; /* of it and all mounts below (rro, rnosuid, …) */
	unsigned long propagation; /* MS_PRIVATE, MS_SHARED, MS_SLAVE, MS_UNBINDABLE; 0: none asked */
	bool propagation_recursive;
	/* Flags and key=value pairs for the filesystem itself, in the order given. */
	struct strings data;
};

/*
 * mount_options_parse - sort the words of an options array
 * @type:	filesystem type, NULL for none
 * @where:	place for messages, such as "mounts[3].options"
 *
 * Words that the table does not know are data for the filesystem; a bind mount has none, so
 * there each is warned about.
 */
int mount_options_parse(const struct strings *words, const char *type, const char *where,
                        struct arena *arena, struct mount_options *options, struct error **err);

/* The value of the last "key=value" in @data, NULL when there is none. */
const char *mount_data_value(const struct strings *data, const char *key);

/* Names of all options that are understood, NULL-terminated; for features. */
const char *const *mount_option_names(void);
