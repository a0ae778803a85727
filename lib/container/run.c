/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation: run is create, start, wait and delete in one process. Init is started over
 * the socketpair, so that there is no start socket; it is our child, so that its exit status is
 * ours to know.
 */
#include <string.h>
#include <sys/prctl.h>

#include "base/log.h"
#include "base/syscalls.h"
#include "container/creation.h"
#include "container/network.h"
#include "container/notify.h"
#include "container/process-set.h"
#include "container/supervise.h"
#include "container/verbs.h"
#include "init/sync.h"

#define KILL_TIMEOUT_MS 10000

/* End-of-file means that the program runs; a message, why it does not. */
static int start_program(struct creation *creation, struct error **err)
{
	_cleanup_message_ struct sync_message message = { 0 };
	_cleanup_error_ struct error *error = NULL;

	if (!creation->started && sync_send_type(creation->sync_fd, SYNC_START) < 0 &&
	    errno != EPIPE)
		return error_set(err, errno, "a message to the container's init");
	if (sync_wait(creation->sync_fd, creation->interrupt_fd, err) < 0)
		return -1;
	if (sync_receive(creation->sync_fd, &message, &error) >= 0)
		return 0;
	return error->errnum == ECONNRESET ? creation_init_died(creation, err)
	                                   : error_move(err, &error);
}

static int run_poststart(struct creation *creation, struct error **err)
{
	return creation_hooks(&creation->container.state, STATUS_RUNNING,
	                      &creation->config->hooks.poststart, "poststart",
	                      creation->interrupt_fd, err);
}

/* In the background: wait until the program has said that it is ready, when somebody asks. */
static void wait_until_ready(const struct creation *creation, int notify_fd)
{
	_cleanup_error_ struct error *error = NULL;

	if (notify_fd >= 0 &&
	    notify_wait(notify_fd, creation->init.pidfd, creation->init.pid, &error) < 0)
		log_warning("%s", error->message);
}

static int wait_for_end(struct creation *creation, int notify_fd, struct error **err)
{
	const struct supervise what = {
		.pid = creation->init.pid,
		.pidfd = creation->init.pidfd,
		.master = &creation->master,
		.notify_fd = notify_fd,
		.reap_all = !creation->options->no_subreaper,
	};

	return supervise(&what, err);
}

/* Without a pid namespace of its own others may have outlived init. */
static void end_others(const struct container *container)
{
	_cleanup_error_ struct error *error = NULL;
	_cleanup_fd_ int cgroup = -1;
	int owned;

	if (cgroup_open(&container->state, &cgroup, &error) < 0 ||
	    (cgroup >= 0 && cgroup_kill(cgroup, KILL_TIMEOUT_MS, &error) < 0))
		log_warning("%s", error->message);
	error_clear(&error);
	owned = container_owns_processes(container, &error);
	if (owned < 0 ||
	    (owned > 0 && process_set_kill(&container->state, KILL_TIMEOUT_MS, &error) < 0))
		log_warning("%s", error->message);
}

/* The container has ended: what it left goes, unless it is to be kept. */
static void clean_up(struct creation *creation)
{
	const struct container *container = &creation->container;
	const struct own_container own = { &container->state, &creation->config->hooks };
	_cleanup_error_ struct error *error = NULL;

	if (creation->options->keep) {
		end_others(container);
		return;
	}
	/* As anybody would: `delete --force` from elsewhere may have been faster. */
	if (container_delete(creation->context, container->id, true, &own, &error) < 0)
		log_warning("%s", error->message);
}

/* From "created" to the end. */
static int run_container(struct creation *creation, struct error **err)
{
	_cleanup_fd_ int notify_fd = -1;
	int status;

	if (notify_host_socket()) {
		notify_fd = notify_listen(&creation->container, err);
		if (notify_fd < 0)
			return -1;
	}
	if (creation_commit(creation, err) < 0 || start_program(creation, err) < 0 ||
	    network_wait(creation, err) < 0)
		return -1;
	if (run_poststart(creation, err) < 0)
		return -1;
	/* Committed: other commands may work on the container now. */
	container_unlock(&creation->container);
	if (creation->options->detach) {
		wait_until_ready(creation, notify_fd);
		return 0;
	}
	status = wait_for_end(creation, notify_fd, err);
	if (status >= 0)
		clean_up(creation);
	return status;
}

int verb_run(const struct rootlet_context *context, const char *id,
             const struct rootlet_create_options *options, struct error **err)
{
	struct creation creation = CREATION_INIT;
	sigset_t old;
	int result;

	creation.context = context;
	creation.options = options;
	supervise_block_signals(&old);
	if (!options->detach && !options->no_subreaper)
		prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
	result = creation_begin(&creation, id, err);
	if (result == 0)
		result = run_container(&creation, err);
	if (result < 0)
		creation_undo(&creation);
	creation_close(&creation);
	sigprocmask(SIG_SETMASK, &old, NULL);
	return result;
}
