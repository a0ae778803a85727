/* SPDX-License-Identifier: Apache-2.0 */
#include <poll.h>
#include <signal.h>

#include "base/log.h"
#include "base/syscalls.h"
#include "cgroup/cgroup.h"
#include "container/as-owner.h"
#include "container/container.h"
#include "container/creation.h"
#include "container/process-set.h"
#include "container/verbs.h"
#include "net/helper.h"

#define KILL_TIMEOUT_MS 10000

/* SIGKILL init and wait for its end; whoever is its parent reaps it. */
static int kill_init(const struct container *container, struct error **err)
{
	_cleanup_fd_ int pidfd = container_pidfd(container);
	struct pollfd wait = { .fd = pidfd, .events = POLLIN };
	int n;

	if (pidfd < 0)
		return 0;
	if (sys_pidfd_send_signal(pidfd, SIGKILL, NULL, 0) < 0 && errno != ESRCH)
		return error_set(err, errno, "cannot kill container \"%s\"", container->id);
	do {
		n = poll(&wait, 1, KILL_TIMEOUT_MS);
	} while (n < 0 && errno == EINTR);
	if (n > 0)
		return 0;
	return error_set(err, 0, "container \"%s\" does not end after SIGKILL", container->id);
}

/* What outlived init: processes of a container without a pid namespace of its own. */
static int end_processes(const struct container *container, struct error **err)
{
	int owned;

	if (!container->has_state)
		return 0;
	if (kill_init(container, err) < 0)
		return -1;
	/* It ends by itself; but whoever takes its ports next shall not find them in use. */
	net_helper_end(container->state.network_helper, container->state.network_helper_start,
	               container->state.ports.count > 0);
	owned = container_owns_processes(container, err);
	return owned > 0 ? process_set_kill(&container->state, KILL_TIMEOUT_MS, err) : owned;
}

static int clear_cgroup(int fd, void *data, struct error **err)
{
	(void)data;
	return cgroup_kill(fd, KILL_TIMEOUT_MS, err) < 0 ? -1
	                                                 : cgroup_clear(fd, KILL_TIMEOUT_MS, err);
}

/* What is in the container's cgroup, and the cgroup. */
static int remove_cgroup(const struct container *container, struct error **err)
{
	const struct cgroup_work work = { .function = clear_cgroup };

	if (container_on_cgroup(container, &work, err) < 0)
		return -1;
	return cgroup_remove(&container->state, KILL_TIMEOUT_MS, err);
}

/*
 * End init without waiting for the lock: who holds it may be waiting for a process that the
 * container keeps from going on.
 */
static void kill_unlocked(const struct rootlet_context *context, const char *id)
{
	_cleanup_container_ struct container container = CONTAINER_INIT;
	_cleanup_error_ struct error *error = NULL;

	if (container_open(context, id, CONTAINER_NO_LOCK, &container, &error) == 0 &&
	    container.has_state && kill_init(&container, &error) == 0)
		return;
	if (error)
		log_debug("%s", error->message);
}

static int may_delete(const struct container *container, struct error **err)
{
	/* One that waits for start runs nobody's program yet: it may go, as with other runtimes. */
	if (container->status == STATUS_STOPPED || container->status == STATUS_CREATED)
		return 0;
	container_wrong_status(container, "delete", err);
	return error_hint(err, "stop it first, or use --force");
}

static bool is_other(const struct container *container, const struct state *same)
{
	return same && (!container->has_state || container->state.pid != same->pid ||
	                container->state.start_time != same->start_time);
}

/* The poststop hooks of @container; its config.json, which has them, goes with it. */
static const struct hooks *find_hooks(const struct container *container, struct config **config)
{
	if (!container->has_state)
		return NULL;
	if (config_read_copy(container->dir_fd, CONTAINER_CONFIG_FILE,
	                     "the container's config.json", config, NULL) == 0)
		return &(*config)->hooks;
	log_debug("container \"%s\" has no config.json any more", container->id);
	return NULL;
}

int container_delete(const struct rootlet_context *context, const char *id, bool force,
                     const struct own_container *own, struct error **err)
{
	_cleanup_container_ struct container container = CONTAINER_INIT;
	_cleanup_config_ struct config *config = NULL;
	_cleanup_error_ struct error *error = NULL;
	const struct hooks *hooks;
	int result;

	if (force && !own)
		kill_unlocked(context, id);
	result = container_open(context, id, CONTAINER_LOCK, &container, &error);
	if (result == 1 && force)
		return 0;
	/* A state that cannot be understood names no process: with --force its files still go. */
	if (result != 0 && !(force && container.locked && container.damaged))
		return error_move(err, &error);
	if (is_other(&container, own ? own->state : NULL))
		return 0;
	if (!force && may_delete(&container, err) < 0)
		return -1;
	if (end_processes(&container, err) < 0 || remove_cgroup(&container, err) < 0)
		return -1;
	hooks = own ? own->hooks : find_hooks(&container, &config);
	if (container_remove(&container, err) < 0)
		return -1;
	if (hooks)
		creation_poststop(&container.state, hooks);
	return 0;
}

int verb_delete(const struct rootlet_context *context, const char *id, bool force,
                struct error **err)
{
	return container_delete(context, id, force, NULL, err);
}
