/* SPDX-License-Identifier: Apache-2.0 */
/* linux.resources as values for the files of a cgroup v2. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/error.h"
#include "spec/config.h"

struct cgroup_setting {
	const char *file;       /* "memory.max" */
	const char *value;      /* what is written, without newline */
	const char *name;       /* for messages, below linux.resources: "memory.limit" */
	const char *controller; /* "memory"; NULL: a file that every cgroup has */
	/* Where @file does not exist, or not for this device: these instead. NULL: nothing else. */
	const char *other_file, *other_value;
	bool optional; /* without the file, what is asked for is so already */
	bool later; /* may have to wait for another setting: when it is refused, the last again */
};

/* In the order in which they are written; raw keys (unified) last. */
struct cgroup_settings {
	struct cgroup_setting *items;
	size_t count;
};

/*
 * cgroup_settings_plan - what to write; values that v2 cannot express are refused in words
 *
 * What the settings point to lives in @arena and in @resources, which must have been validated.
 */
int cgroup_settings_plan(const struct resources *resources, struct arena *arena,
                         struct cgroup_settings *settings, struct error **err);

/*
 * cgroup_settings_apply - write them to the cgroup whose directory is @fd
 * @undo:	when one is refused, put back what the files before it had
 */
int cgroup_settings_apply(int fd, const struct cgroup_settings *settings, bool undo,
                          struct error **err);

/*
 * cgroup_settings_previous - the settings that would undo @settings, with the files as they are
 *
 * What cannot be read is left out.
 */
int cgroup_settings_previous(int fd, const struct cgroup_settings *settings, struct arena *arena,
                             struct cgroup_settings *previous, struct error **err);

/*
 * cgroup_resources_complete - for an update: add to @resources what they leave as it is and what
 * they cannot be planned without (the quota for a new period, the limit for new swap)
 *
 * With memory.checkBeforeUpdate a limit that is below the present use is refused.
 */
int cgroup_resources_complete(int fd, struct resources *resources, struct error **err);

/* cpu.weight for @shares, 0 for 0. */
uint64_t cgroup_cpu_weight(uint64_t shares);
/* io.weight for blockIO.weight, 0 for 0. */
uint64_t cgroup_io_weight(uint32_t weight);
