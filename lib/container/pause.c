/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation: the kernel freezes a cgroup with all below it; that it has is seen in
 * cgroup.events, from which the status "paused" is derived, too.
 */
#include "cgroup/cgroup.h"
#include "container/container.h"
#include "container/verbs.h"

#define FREEZE_TIMEOUT_MS 10000

/* The cgroup of a container that has @status, or the only other one that @verb is good for. */
static int open_cgroup(const struct rootlet_context *context, const char *id, const char *verb,
                       struct container *container, int *fd, struct error **err)
{
	if (container_open(context, id, CONTAINER_LOCK, container, err) != 0)
		return -1;
	if (cgroup_open(&container->state, fd, err) < 0)
		return error_prefix(err, "cannot %s container \"%s\"", verb, id);
	return 0;
}

static int has_no_cgroup(const char *id, const char *verb, struct error **err)
{
	error_set(err, 0, "cannot %s container \"%s\": it has no cgroup of its own", verb, id);
	return error_hint(err, "create it where a cgroup is delegated to you, or with "
	                       "--systemd-cgroup");
}

int verb_pause(const struct rootlet_context *context, const char *id, struct error **err)
{
	_cleanup_container_ struct container container = CONTAINER_INIT;
	_cleanup_fd_ int fd = -1;

	if (open_cgroup(context, id, "pause", &container, &fd, err) < 0)
		return -1;
	if (container.status != STATUS_RUNNING && container.status != STATUS_CREATED)
		return container_wrong_status(&container, "pause", err);
	if (fd < 0)
		return has_no_cgroup(id, "pause", err);
	if (cgroup_freeze(fd, true, FREEZE_TIMEOUT_MS, err) < 0)
		return error_prefix(err, "cannot pause container \"%s\"", id);
	return 0;
}

int verb_resume(const struct rootlet_context *context, const char *id, struct error **err)
{
	_cleanup_container_ struct container container = CONTAINER_INIT;
	_cleanup_fd_ int fd = -1;

	if (open_cgroup(context, id, "resume", &container, &fd, err) < 0)
		return -1;
	if (container.status != STATUS_PAUSED)
		return container_wrong_status(&container, "resume", err);
	if (fd < 0)
		return has_no_cgroup(id, "resume", err);
	if (cgroup_freeze(fd, false, FREEZE_TIMEOUT_MS, err) < 0)
		return error_prefix(err, "cannot resume container \"%s\"", id);
	return 0;
}
