/* SPDX-License-Identifier: Apache-2.0 */
#include <signal.h>

#include "base/syscalls.h"
#include "cgroup/cgroup.h"
#include "container/as-owner.h"
#include "container/process-set.h"
#include "container/verbs.h"
#include "spec/names.h"

static int kill_init(const struct container *container, int signal, struct error **err)
{
	_cleanup_fd_ int pidfd = container_pidfd(container);

	if (pidfd >= 0 && sys_pidfd_send_signal(pidfd, signal, NULL, 0) == 0)
		return 0;
	if (pidfd < 0 || errno == ESRCH)
		return error_set(err, 0, "cannot kill container \"%s\": it is stopped",
		                 container->id);
	return error_set(err, errno, "cannot kill container \"%s\"", container->id);
}

struct signalling {
	int signal;
	int reached;
};

static int signal_cgroup(int fd, void *data, struct error **err)
{
	struct signalling *signalling = data;

	signalling->reached = cgroup_signal(fd, signalling->signal, err);
	return signalling->reached < 0 ? -1 : 0;
}

/* By cgroup; without one, by namespace. */
static int signal_all(const struct container *container, int signal, struct error **err)
{
	/* What another process does for us leaves no count here. */
	struct signalling signalling = { .signal = signal, .reached = 1 };
	const struct cgroup_work work = { .function = signal_cgroup, .data = &signalling };
	int result = container_on_cgroup(container, &work, err);

	if (result <= 0)
		return result < 0 ? -1 : signalling.reached != 0;
	result = container_owns_processes(container, err);
	return result > 0 ? process_set_signal(&container->state, signal, err) : result;
}

static int kill_all(const struct container *container, int signal, struct error **err)
{
	int reached = signal_all(container, signal, err);

	if (reached < 0)
		return -1;
	if (reached == 0)
		return error_set(err, 0, "cannot kill container \"%s\": it has no processes",
		                 container->id);
	return 0;
}

int verb_kill(const struct rootlet_context *context, const char *id, const char *signal_name,
              bool all, struct error **err)
{
	_cleanup_container_ struct container container = CONTAINER_INIT;
	int signal = signal_parse(signal_name ? signal_name : "TERM");

	if (signal < 0)
		return error_set(err, 0, "unknown signal \"%s\"; see `kill -l` for their names",
		                 signal_name);
	if (container_open(context, id, CONTAINER_NO_LOCK, &container, err) != 0)
		return -1;
	/* Without a pid namespace of its own, nothing else ends with init. */
	if (all || (signal == SIGKILL && container.has_state && !container.state.pid_namespace))
		return kill_all(&container, signal, err);
	if (container.status != STATUS_CREATED && container.status != STATUS_RUNNING &&
	    container.status != STATUS_PAUSED)
		return container_wrong_status(&container, "kill", err);
	return kill_init(&container, signal, err);
}
