/* SPDX-License-Identifier: Apache-2.0 */
/* The statistics of a cgroup v2, from its files. */
#pragma once

#include "base/arena.h"
#include "base/error.h"
#include "spec/statistics.h"

/*
 * cgroup_statistics_read - what the cgroup whose directory is @fd says
 * @statistics:	result; its strings and arrays live in @arena
 *
 * A file that is not there (its controller is not enabled, or the kernel is older) leaves its
 * numbers 0; one that is damaged is an error. Return: 0, or -1 with *err.
 */
int cgroup_statistics_read(int fd, struct arena *arena, struct statistics *statistics,
                           struct error **err);
