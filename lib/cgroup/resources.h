/* SPDX-License-Identifier: Apache-2.0 */
/* linux.resources as values for the files of a cgroup v2. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/error.h"
#include "spec/config.h"

struct cgroup_setting {
	const char *file;       /* "memory.max" */
	const char *value;      /* what is written, without newline */
	const char *name;       /* for messages, below linux.resources: "memory.limit" */
	const char *controller; /* "memory"; NULL: a file that every cgroup has */
};

/* In the order in which they are written; raw keys (unified) last. */
struct cgroup_settings {
	struct cgroup_setting *items;
	size_t count;
	bool check_memory; /* memory.checkBeforeUpdate */
};

/* cgroup_settings_plan - what to write; values that v2 cannot express are refused in words */
int cgroup_settings_plan(const struct resources *resources, struct arena *arena,
                         struct cgroup_settings *settings, struct error **err);

/*
 * cgroup_settings_apply - write them to the cgroup whose directory is @fd
 * @undo:	when one is refused, put back what the files before it had
 */
int cgroup_settings_apply(int fd, const struct cgroup_settings *settings, bool undo,
                          struct error **err);
