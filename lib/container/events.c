/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation: one poll(2) waits for all there is to tell: the timer, the end of init, and
 * the kernel's word (POLLPRI) that memory.events or cgroup.events has changed. The files are read
 * again by the same fd, which is what resets that. The end is looked for last, so that a container
 * which the OOM killer has ended does not take the news of it along.
 */
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/timerfd.h>

#include "base/number.h"
#include "cgroup/cgroup.h"
#include "cgroup/statistics.h"
#include "container/container.h"
#include "container/verbs.h"
#include "spec/statistics.h"

#define NS_PER_SECOND UINT64_C(1000000000)

struct watch {
	struct container container;
	rootlet_line_function print;
	void *data;
	int cgroup_fd, pidfd, timer_fd;
	int memory_fd;      /* memory.events; -1: not to be had */
	int events_fd;      /* cgroup.events */
	uint64_t oom_kills; /* how many have been told */
};

/* Hand over a line and free it. */
static int print_line(const struct watch *watch, char *line, struct error **err)
{
	_cleanup_free_ char *mine = line;

	errno = 0;
	return watch->print(mine, watch->data) < 0 ? error_set(err, errno, "cannot print an event")
	                                           : 0;
}

static int print_statistics(const struct watch *watch, struct error **err)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	struct statistics statistics;
	char *line;

	if (!arena)
		return error_set(err, ENOMEM, "events");
	if (cgroup_statistics_read(watch->cgroup_fd, arena, &statistics, err) < 0)
		return -1;
	line = statistics_format(watch->container.id, &statistics, err);
	if (!line)
		return -1;
	return print_line(watch, line, err);
}

/* The number of @key in a file of lines "KEY VALUE" that is open; @otherwise when it is gone. */
static uint64_t read_key(int fd, const char *key, uint64_t otherwise)
{
	char text[1024], *rest = text, *line;
	ssize_t length = fd < 0 ? -1 : pread(fd, text, sizeof(text) - 1, 0);
	uint64_t value;

	if (length < 0)
		return otherwise;
	text[length] = '\0';
	while ((line = strsep(&rest, "\n"))) {
		const char *word = strsep(&line, " ");

		if (line && strcmp(word, key) == 0 && number_parse_u64(line, &value))
			return value;
	}
	return otherwise;
}

static int print_oom_kills(struct watch *watch, struct error **err)
{
	uint64_t now = read_key(watch->memory_fd, "oom_kill", watch->oom_kills);

	for (; watch->oom_kills < now; watch->oom_kills++) {
		char *line = statistics_format_oom(watch->container.id, err);

		if (!line)
			return -1;
		if (print_line(watch, line, err) < 0)
			return -1;
	}
	return 0;
}

static int start_timer(struct watch *watch, uint64_t interval, struct error **err)
{
	const struct timespec time = { .tv_sec = (time_t)(interval / NS_PER_SECOND),
		                       .tv_nsec = (long)(interval % NS_PER_SECOND) };
	const struct itimerspec timer = { .it_interval = time, .it_value = time };

	watch->timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	if (watch->timer_fd < 0 || timerfd_settime(watch->timer_fd, 0, &timer, NULL) < 0)
		return error_set(err, errno, "events: a timer");
	return 0;
}

enum { WATCH_TIMER, WATCH_INIT, WATCH_MEMORY, WATCH_CGROUP, WATCH_COUNT };

/* One turn. Return: 1 when the container has ended, 0, or -1 with *err. */
static int wait_and_print(struct watch *watch, struct error **err)
{
	struct pollfd fds[WATCH_COUNT] = {
		[WATCH_TIMER] = { .fd = watch->timer_fd, .events = POLLIN },
		[WATCH_INIT] = { .fd = watch->pidfd, .events = POLLIN },
		[WATCH_MEMORY] = { .fd = watch->memory_fd, .events = POLLPRI },
		[WATCH_CGROUP] = { .fd = watch->events_fd, .events = POLLPRI },
	};
	uint64_t expirations;

	if (poll(fds, WATCH_COUNT, -1) < 0)
		return errno == EINTR ? 0 : error_set(err, errno, "events: poll");
	if (print_oom_kills(watch, err) < 0)
		return -1;
	if (fds[WATCH_INIT].revents || read_key(watch->events_fd, "populated", 0) == 0)
		return 1;
	if (fds[WATCH_TIMER].revents &&
	    read(watch->timer_fd, &expirations, sizeof(expirations)) > 0)
		return print_statistics(watch, err);
	return 0;
}

static int open_cgroup(struct watch *watch, struct error **err)
{
	const struct container *container = &watch->container;

	if (container->status == STATUS_STOPPED || container->status == STATUS_CREATING)
		return container_wrong_status(container, "watch", err);
	if (cgroup_open(&container->state, &watch->cgroup_fd, err) < 0)
		return error_prefix(err, "cannot watch container \"%s\"", container->id);
	if (watch->cgroup_fd < 0)
		return error_set(err, 0,
		                 "cannot watch container \"%s\": it has no cgroup that would count",
		                 container->id);
	return 0;
}

static int watch_until_end(struct watch *watch, uint64_t interval, struct error **err)
{
	int ended;

	watch->pidfd = container_pidfd(&watch->container);
	if (watch->pidfd < 0)
		return container_wrong_status(&watch->container, "watch", err);
	watch->memory_fd = openat(watch->cgroup_fd, "memory.events", O_RDONLY | O_CLOEXEC);
	watch->events_fd = openat(watch->cgroup_fd, "cgroup.events", O_RDONLY | O_CLOEXEC);
	if (watch->events_fd < 0)
		return error_set(err, errno, "events: cgroup.events");
	watch->oom_kills = read_key(watch->memory_fd, "oom_kill", 0);
	if (start_timer(watch, interval, err) < 0)
		return -1;
	do {
		ended = wait_and_print(watch, err);
	} while (ended == 0);
	return ended < 0 ? -1 : 0;
}

static int events(struct watch *watch, const struct rootlet_context *context, const char *id,
                  const struct rootlet_events_options *options, struct error **err)
{
	if (container_open(context, id, CONTAINER_NO_LOCK, &watch->container, err) != 0 ||
	    open_cgroup(watch, err) < 0)
		return -1;
	if (options->once)
		return print_statistics(watch, err);
	return watch_until_end(watch, options->interval, err);
}

int verb_events(const struct rootlet_context *context, const char *id,
                const struct rootlet_events_options *options, rootlet_line_function print,
                void *data, struct error **err)
{
	struct watch watch = {
		.container = CONTAINER_INIT,
		.print = print,
		.data = data,
		.cgroup_fd = -1,
		.pidfd = -1,
		.timer_fd = -1,
		.memory_fd = -1,
		.events_fd = -1,
	};
	int result = events(&watch, context, id, options, err);

	close_fd(&watch.events_fd);
	close_fd(&watch.memory_fd);
	close_fd(&watch.timer_fd);
	close_fd(&watch.pidfd);
	close_fd(&watch.cgroup_fd);
	container_close(&watch.container);
	return result;
}
