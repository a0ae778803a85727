/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation: the clocks of a time namespace can be set until its first process is in it.
 * clone3(2) would put us there at once, so unshare(2) makes the namespace for our children only,
 * its offsets are written, and setns(2) follows.
 */
#include "init/clocks.h"

#include <fcntl.h>
#include <inttypes.h>
#include <sched.h>
#include <string.h>

#include "base/file.h"
#include "base/syscalls.h"

static int add_clock(char *text, size_t size, const char *name, const struct time_offset *offset)
{
	size_t used = strlen(text);

	if (!offset->set)
		return 0;
	return snprintf(text + used, size - used, "%s %" PRId64 " %" PRIu32 "\n", name,
	                offset->secs, offset->nanosecs);
}

static int set_clocks(const struct time_offsets *offsets, int proc_fd, struct error **err)
{
	char text[128] = "";

	add_clock(text, sizeof(text), "monotonic", &offsets->monotonic);
	add_clock(text, sizeof(text), "boottime", &offsets->boottime);
	if (!*text || file_write_at(proc_fd, "self/timens_offsets", text) == 0)
		return 0;
	error_set(err, errno, "linux.timeOffsets: cannot set the clocks");
	if (errno == ERANGE)
		error_hint(err, "no clock can go back beyond its start, or more than 146 years on");
	return -1;
}

int clocks_enter(const struct time_offsets *offsets, int proc_fd, struct error **err)
{
	_cleanup_fd_ int fd = -1;

	if (unshare(CLONE_NEWTIME) < 0) {
		error_set(err, errno, "linux.namespaces: cannot make a time namespace");
		if (errno == EINVAL)
			error_hint(err, "this kernel is built without CONFIG_TIME_NS");
		return -1;
	}
	if (set_clocks(offsets, proc_fd, err) < 0)
		return -1;
	fd = openat(proc_fd, "self/ns/time_for_children", O_RDONLY | O_CLOEXEC);
	if (fd < 0 || setns(fd, CLONE_NEWTIME) < 0)
		return error_set(err, errno, "linux.namespaces: cannot enter the time namespace");
	return 0;
}
