/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <sys/socket.h>

#include "base/file.h"
#include "base/log.h"
#include "base/socket.h"
#include "base/syscalls.h"
#include "container/container.h"
#include "container/creation.h"
#include "container/notify.h"
#include "container/verbs.h"
#include "init/sync.h"

/* The config.json that the container was created from. */
static int read_config(const struct container *container, struct config **config,
                       struct error **err)
{
	return config_read_copy(container->dir_fd, CONTAINER_CONFIG_FILE,
	                        "the container's config.json", config, err);
}

/*
 * The socket's name goes before the word is given: whatever happens then, the container is no
 * longer one that waits. Init, once it is prepared, ends when the connection does without the word.
 */
static int give_the_word(const struct container *container, struct error **err)
{
	_cleanup_message_ struct sync_message message = { 0 };
	_cleanup_fd_ int socket = socket_connect_at(container->dir_fd, CONTAINER_START,
	                                            SOCK_SEQPACKET);

	if (socket < 0)
		return error_set(err, errno, "container \"%s\": its init does not answer",
		                 container->id);
	if (sync_send_type(socket, SYNC_PREPARE) < 0)
		return error_set(err, errno, "container \"%s\": its init is gone", container->id);
	if (unlinkat(container->dir_fd, CONTAINER_START, 0) < 0)
		return error_set(err, errno, "container \"%s\": the start socket", container->id);
	if (sync_send_type(socket, SYNC_START) < 0)
		return error_set(err, errno, "container \"%s\": its init is gone", container->id);
	/* End-of-file means that the program runs; a message, why it does not. */
	return sync_receive(socket, &message, err) < 0 ? -1 : 0;
}

/* A failed poststart hook stops the container (runtime.md, Lifecycle). */
static int run_poststart(const struct container *container, const struct config *config,
                         struct error **err)
{
	_cleanup_fd_ int pidfd = -1;

	if (creation_hooks(&container->state, STATUS_RUNNING, &config->hooks.poststart, "poststart",
	                   -1, err) == 0)
		return 0;
	pidfd = container_pidfd(container);
	if (pidfd >= 0)
		sys_pidfd_send_signal(pidfd, SIGKILL, NULL, 0);
	return -1;
}

int verb_start(const struct rootlet_context *context, const char *id, struct error **err)
{
	_cleanup_container_ struct container container = CONTAINER_INIT;
	_cleanup_config_ struct config *config = NULL;
	_cleanup_fd_ int notify_fd = -1, pidfd = -1;

	if (container_open(context, id, CONTAINER_LOCK, &container, err) != 0)
		return -1;
	if (container.status != STATUS_CREATED)
		return container_wrong_status(&container, "start", err);
	if (read_config(&container, &config, err) < 0)
		return -1;
	pidfd = container_pidfd(&container);
	if (notify_host_socket() &&
	    faccessat(container.dir_fd, CONTAINER_NOTIFY_DIR, F_OK, 0) == 0) {
		notify_fd = notify_listen(&container, err);
		if (notify_fd < 0)
			return -1;
		/* Whether it gets ready could not be waited for. */
		if (pidfd < 0)
			return error_set(err, 0, "container \"%s\": its init cannot be watched",
			                 id);
	}
	if (give_the_word(&container, err) < 0)
		return -1;
	if (run_poststart(&container, config, err) < 0)
		return -1;
	container_unlock(&container);
	if (notify_fd >= 0)
		return notify_wait(notify_fd, pidfd, container.state.pid, err);
	return 0;
}
