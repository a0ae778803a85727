/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation: the notify fd comes into being together with the filter, and whatever system
 * call the installing thread makes next may already have to be answered by the agent, who does not
 * have the fd yet. So another thread hands it over: a filter without SECCOMP_FILTER_FLAG_TSYNC is
 * on the thread alone that installs it. The two wait for each other without system calls. A thread
 * leaves nothing behind, since execve(2) ends it; to join it would be a system call.
 */
#include "process/seccomp-listener.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#include "base/cleanup.h"
#include "base/socket.h"

#define POLL_NS (50 * 1000)

/* An agent that takes nothing must not stop us for ever. */
#define SEND_TIMEOUT_S 10

enum { NOT_YET = -1, NONE = -2 };

struct handover {
	struct seccomp_listener *listener;
	_Atomic int notify_fd; /* NOT_YET, NONE: there will be none */
	_Atomic int errnum;    /* of the handing over, NOT_YET, 0: done */
};

static bool has_notify(const struct seccomp *seccomp)
{
	for (size_t i = 0; i < seccomp->syscalls.count; i++)
		if (seccomp->syscalls.items[i].action == SECCOMP_ACTION_NOTIFY)
			return true;
	return false;
}

int seccomp_listener_connect(const struct seccomp *seccomp, struct error **err)
{
	const struct timeval timeout = { .tv_sec = SEND_TIMEOUT_S };
	int fd;

	/* listenerPath alone means nothing (config-linux.md). */
	if (!seccomp->set || !has_notify(seccomp))
		return -2;
	fd = socket_connect_at(AT_FDCWD, seccomp->listener_path, SOCK_STREAM);
	if (fd < 0) {
		error_set(err, errno, "linux.seccomp.listenerPath: %s", seccomp->listener_path);
		return error_hint(err, "a seccomp agent has to listen there first");
	}
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof(timeout));
	return fd;
}

static void *hand_over(void *data)
{
	struct handover *handover = data;
	struct seccomp_listener *listener = handover->listener;
	const char *message = listener->message;
	int fd, errnum = 0;

	while ((fd = atomic_load(&handover->notify_fd)) == NOT_YET)
		nanosleep(&(struct timespec){ .tv_nsec = POLL_NS }, NULL);
	if (fd == NONE)
		return NULL;
	if (socket_send(listener->socket, message, strlen(message), &fd, 1) < 0)
		errnum = errno;
	/* Without the fd all calls that would wait for an answer fail with ENOSYS. */
	close(fd);
	close_fd(&listener->socket);
	atomic_store(&handover->errnum, errnum);
	return NULL;
}

static int install_and_wait(const struct seccomp_program *program, struct handover *handover,
                            struct error **err)
{
	int fd = seccomp_install(program, err);
	int errnum;

	atomic_store(&handover->notify_fd, fd < 0 ? NONE : fd);
	if (fd < 0)
		return -1;
	while ((errnum = atomic_load(&handover->errnum)) == NOT_YET)
		continue;
	if (errnum != 0)
		return error_set(err, errnum,
		                 "linux.seccomp.listenerPath: cannot hand over the listener");
	return 0;
}

int seccomp_listener_install(const struct seccomp_program *program,
                             struct seccomp_listener *listener, struct error **err)
{
	struct handover handover = {
		.listener = listener,
		.notify_fd = NOT_YET,
		.errnum = NOT_YET,
	};
	pthread_t thread;
	int errnum;

	if (!program->notify)
		return seccomp_install(program, err) == -1 ? -1 : 0;
	errnum = pthread_create(&thread, NULL, hand_over, &handover);
	if (errnum != 0)
		return error_set(err, errnum, "linux.seccomp.listenerPath: cannot make a thread");
	if (install_and_wait(program, &handover, err) == 0)
		return 0;
	if (atomic_load(&handover.notify_fd) == NONE)
		pthread_join(thread, NULL);
	return -1;
}
