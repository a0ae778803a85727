/* SPDX-License-Identifier: Apache-2.0 */
/* The clocks of a new time namespace (config-linux.md, "Offset for Time Namespace"). */
#pragma once

#include "base/error.h"
#include "spec/config.h"

/*
 * clocks_enter - make a time namespace, set its clocks, and enter it
 * @offsets:	linux.timeOffsets; clocks that are not set there go on as they are
 * @proc_fd:	a verified procfs
 *
 * Needs CAP_SYS_ADMIN and CAP_SYS_TIME in the caller's user namespace, and a single thread
 * (time_namespaces(7)). Return: 0, or -1 with *err.
 */
int clocks_enter(const struct time_offsets *offsets, int proc_fd, struct error **err);
