/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation: the kernel freezes a cgroup with all below it; that it has is seen in
 * cgroup.events, from which the status "paused" is derived, too.
 */
#include "cgroup/cgroup.h"
#include "container/as-owner.h"
#include "container/verbs.h"

#define FREEZE_TIMEOUT_MS 10000

struct freezing {
	bool freeze;
};

static int freeze(int fd, void *data, struct error **err)
{
	const struct freezing *freezing = data;

	return cgroup_freeze(fd, freezing->freeze, FREEZE_TIMEOUT_MS, err);
}

static int change(const struct container *container, bool freeze_it, const char *verb,
                  struct error **err)
{
	struct freezing freezing = { .freeze = freeze_it };
	const struct cgroup_work work = { .function = freeze, .data = &freezing };

	switch (container_on_cgroup(container, &work, err)) {
	case 0:
		return 0;
	case 1:
		error_set(err, 0, "cannot %s container \"%s\": it has no cgroup of its own", verb,
		          container->id);
		return error_hint(err, "create it where a cgroup is delegated to you, or with "
		                       "--systemd-cgroup");
	default:
		return error_prefix(err, "cannot %s container \"%s\"", verb, container->id);
	}
}

int verb_pause(const struct rootlet_context *context, const char *id, struct error **err)
{
	_cleanup_container_ struct container container = CONTAINER_INIT;

	if (container_open(context, id, CONTAINER_LOCK, &container, err) != 0)
		return -1;
	if (container.status != STATUS_RUNNING && container.status != STATUS_CREATED)
		return container_wrong_status(&container, "pause", err);
	return change(&container, true, "pause", err);
}

int verb_resume(const struct rootlet_context *context, const char *id, struct error **err)
{
	_cleanup_container_ struct container container = CONTAINER_INIT;

	if (container_open(context, id, CONTAINER_LOCK, &container, err) != 0)
		return -1;
	if (container.status != STATUS_PAUSED)
		return container_wrong_status(&container, "resume", err);
	return change(&container, false, "resume", err);
}
