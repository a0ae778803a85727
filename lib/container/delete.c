/* SPDX-License-Identifier: Apache-2.0 */
#include <poll.h>
#include <signal.h>

#include "base/log.h"
#include "base/syscalls.h"
#include "container/container.h"
#include "container/creation.h"
#include "container/process-set.h"
#include "container/verbs.h"

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
	if (!container->has_state)
		return 0;
	if (kill_init(container, err) < 0)
		return -1;
	if (container->state.pid_namespace)
		return 0;
	return process_set_kill(&container->state, KILL_TIMEOUT_MS, err);
}

/* A poststop hook that fails is worth a warning, no more (runtime.md, Lifecycle). */
static void run_poststop(const struct container *container, const struct config *config)
{
	_cleanup_error_ struct error *error = NULL;

	if (creation_hooks(&container->state, STATUS_STOPPED, &config->hooks.poststop, "poststop",
	                   -1, &error) < 0)
		log_warning("%s", error->message);
}

static int may_delete(const struct container *container, struct error **err)
{
	/* One that waits for start runs nobody's program yet: it may go, as with other runtimes. */
	if (container->status == STATUS_STOPPED || container->status == STATUS_CREATED)
		return 0;
	container_wrong_status(container, "delete", err);
	return error_hint(err, "stop it first, or use --force");
}

int verb_delete(const struct rootlet_context *context, const char *id, bool force,
                struct error **err)
{
	_cleanup_container_ struct container container = CONTAINER_INIT;
	_cleanup_config_ struct config *config = NULL;
	_cleanup_error_ struct error *error = NULL;
	int result = container_open(context, id, CONTAINER_LOCK, &container, &error);

	if (result == 1 && force)
		return 0;
	/* A state that cannot be read names no process: with --force its files still go. */
	if (result != 0 && !(result < 0 && force && container.dir_fd >= 0 && !container.has_state))
		return error_move(err, &error);
	if (!force && may_delete(&container, err) < 0)
		return -1;
	if (end_processes(&container, err) < 0)
		return -1;
	/* The hooks are in the files that go now. */
	if (container.has_state && config_read(container.dir_fd, CONTAINER_CONFIG_FILE,
	                                       "the container's config.json", &config, NULL) < 0)
		log_debug("container \"%s\" has no config.json any more", id);
	if (container_remove(&container, err) < 0)
		return -1;
	if (config)
		run_poststop(&container, config);
	return 0;
}
