/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation: the kernel freezes and kills whole subtrees with one write. Where it does
 * not know cgroup.kill yet (before 5.14), and for other signals, the processes are found cgroup by
 * cgroup. Between the list and the signal a pid could change hands: so processes are pinned by
 * pidfds, and signalled when a second list still has them.
 */
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <time.h>

#include "base/file.h"
#include "base/number.h"
#include "base/syscalls.h"
#include "cgroup/cgroup.h"
#include "cgroup/walk.h"

#define LIST_TIMEOUT_MS 10000
#define KILL_POLL_MS    2
#define KILL_GRACE_MS   100
#define STATUS_LIMIT    16384

/* --- waiting --------------------------------------------------------------------------------- */

static int64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static int open_events(int fd)
{
	return openat(fd, "cgroup.events", O_RDONLY | O_CLOEXEC);
}

/*
 * Wait until @key of @events, which is cgroup.events, is @wanted. Return: 1; 0: not in time; -1 with
 * errno.
 *
 * The kernel says with POLLPRI that the file has changed since it was read through the same fd.
 */
static int wait_for_event(int events, const char *key, bool wanted, int timeout_ms)
{
	const int64_t end = now_ms() + timeout_ms;

	for (;;) {
		struct pollfd change = { .fd = events, .events = POLLPRI };
		char text[256] = "", line[32];
		int64_t left = end - now_ms();

		if (pread(events, text, sizeof(text) - 1, 0) < 0)
			return -1;
		snprintf(line, sizeof(line), "%s %d\n", key, wanted);
		if (strstr(text, line))
			return 1;
		if (left <= 0)
			return 0;
		if (poll(&change, 1, (int)left) < 0 && errno != EINTR)
			return -1;
	}
}

/* --- freeze ---------------------------------------------------------------------------------- */

int cgroup_freeze(int fd, bool freeze, int timeout_ms, struct error **err)
{
	_cleanup_fd_ int events = open_events(fd);
	_cleanup_free_ char *previous = NULL;
	int done;

	/* Before anything is changed. */
	if (events < 0)
		return error_set(err, errno, "cgroup.events");
	if (cgroup_read(fd, "cgroup.freeze", &previous) < 0)
		return error_set(err, errno, "cgroup.freeze");
	if (cgroup_write(fd, "cgroup.freeze", freeze ? "1" : "0") < 0)
		return error_set(err, errno, "cgroup.freeze");
	done = wait_for_event(events, "frozen", freeze, timeout_ms);
	if (done > 0)
		return 0;
	if (done < 0)
		error_set(err, errno, "cgroup.events");
	else if (freeze)
		error_set(err, 0, "not all of its processes could be frozen in %d ms", timeout_ms);
	else
		error_set(err, 0, "a cgroup above it is frozen");
	/* It may have been frozen only by a cgroup above it. */
	cgroup_write(fd, "cgroup.freeze", previous);
	return -1;
}

/* --- lists ----------------------------------------------------------------------------------- */

struct pid_list {
	pid_t *items;
	size_t count, room;
};

static void pid_list_clear(struct pid_list *list)
{
	free_pointer(&list->items);
}

static int pid_list_add(struct pid_list *list, pid_t pid)
{
	if (list->count == list->room) {
		size_t room = list->room ? list->room * 2 : 64;
		pid_t *larger = realloc(list->items, room * sizeof(*larger));

		if (!larger)
			return -1;
		list->items = larger;
		list->room = room;
	}
	list->items[list->count++] = pid;
	return 0;
}

/* The process of a thread; 0 when it is gone. */
static uint32_t process_of(uint32_t thread)
{
	static const char key[] = "\nTgid:\t";
	_cleanup_free_ char *text = NULL;
	uint32_t pid = 0;
	char path[32], *line;

	snprintf(path, sizeof(path), "/proc/%u/status", thread);
	if (file_read_at(AT_FDCWD, path, STATUS_LIMIT, &text) < 0 || !(line = strstr(text, key)))
		return 0;
	line += sizeof(key) - 1;
	line[strcspn(line, "\n")] = '\0';
	return number_parse_u32(line, &pid) ? pid : 0;
}

/*
 * The pids in the cgroup @fd itself. A threaded cgroup has no list of processes, but of threads, and
 * the first thread of a process may have ended: a process may then be listed more than once.
 */
static int read_pids(int fd, struct pid_list *list)
{
	_cleanup_free_ char *text = NULL;
	bool threads = false;
	char *rest, *line;

	if (cgroup_read(fd, "cgroup.procs", &text) < 0) {
		threads = errno == EOPNOTSUPP;
		if (!threads || cgroup_read(fd, "cgroup.threads", &text) < 0)
			return errno == ENODEV || errno == ENOENT ? 0 : -1;
	}
	rest = text;
	while ((line = strsep(&rest, "\n"))) {
		uint32_t pid;

		/* 0: a process that our pid namespace does not have. */
		if (!number_parse_u32(line, &pid) || pid == 0)
			continue;
		if (threads)
			pid = process_of(pid);
		if (pid > 0 && pid_list_add(list, (pid_t)pid) < 0)
			return -1;
	}
	return 0;
}

static int enter_list(int fd, void *data)
{
	return read_pids(fd, data);
}

static int compare_pids(const void *a, const void *b)
{
	pid_t x = *(const pid_t *)a, y = *(const pid_t *)b;

	return (x > y) - (x < y);
}

/* Of a sorted list. */
static void remove_repeated(struct pid_list *list)
{
	size_t kept = 0;

	for (size_t i = 0; i < list->count; i++)
		if (kept == 0 || list->items[kept - 1] != list->items[i])
			list->items[kept++] = list->items[i];
	list->count = kept;
}

int cgroup_pids(int fd, pid_t **pids, size_t *count, struct error **err)
{
	_cleanup_(pid_list_clear) struct pid_list list = { 0 };
	const struct cgroup_walk walk = {
		.enter = enter_list,
		.data = &list,
		.timeout_ms = LIST_TIMEOUT_MS,
	};

	/* So that there is something to free, as with other lists. */
	if (pid_list_add(&list, 0) < 0)
		return error_set(err, ENOMEM, "the list of processes");
	list.count = 0;
	if (cgroup_walk(fd, &walk) < 0)
		return error_set(err, errno, "cannot list the processes of the cgroup");
	qsort(list.items, list.count, sizeof(*list.items), compare_pids);
	remove_repeated(&list);
	*count = list.count;
	*pids = take_pointer(list.items);
	return 0;
}

/* --- signals --------------------------------------------------------------------------------- */

struct signalling {
	int signal;
	size_t there; /* pids that were listed */
	int reached;
};

#define BATCH 64

static bool pid_list_has(const struct pid_list *list, pid_t pid)
{
	return list->count > 0 &&
	       bsearch(&pid, list->items, list->count, sizeof(pid), compare_pids);
}

/* Signal those of @pids that are still in the cgroup @fd once they have been pinned. */
static int signal_batch(int fd, const pid_t *pids, size_t count, struct signalling *signalling)
{
	_cleanup_(pid_list_clear) struct pid_list now = { 0 };
	int pidfds[BATCH], result;

	for (size_t i = 0; i < count; i++)
		pidfds[i] = sys_pidfd_open(pids[i], 0);
	result = read_pids(fd, &now);
	if (now.count > 0)
		qsort(now.items, now.count, sizeof(*now.items), compare_pids);
	for (size_t i = 0; i < count; i++) {
		if (pidfds[i] >= 0 && pid_list_has(&now, pids[i]) &&
		    sys_pidfd_send_signal(pidfds[i], signalling->signal, NULL, 0) == 0)
			signalling->reached++;
		close_fd(&pidfds[i]);
	}
	return result;
}

static int enter_signal(int fd, void *data)
{
	_cleanup_(pid_list_clear) struct pid_list list = { 0 };
	struct signalling *signalling = data;

	if (read_pids(fd, &list) < 0)
		return -1;
	signalling->there += list.count;
	for (size_t i = 0; i < list.count; i += BATCH) {
		size_t left = list.count - i;

		if (signal_batch(fd, list.items + i, left < BATCH ? left : BATCH, signalling) < 0)
			return -1;
	}
	return 0;
}

static int signal_all(int fd, struct signalling *signalling, struct error **err)
{
	const struct cgroup_walk walk = {
		.enter = enter_signal,
		.data = signalling,
		.timeout_ms = LIST_TIMEOUT_MS,
	};

	if (cgroup_walk(fd, &walk) < 0)
		return error_set(err, errno, "cannot signal the processes of the cgroup");
	return 0;
}

int cgroup_signal(int fd, int signal, struct error **err)
{
	struct signalling signalling = { .signal = signal };
	int populated = cgroup_is_populated(fd);

	if (populated == 0)
		return 0;
	/* The others are those that cgroup.kill passes over: see cgroup_kill(). */
	if (signal == SIGKILL && populated > 0 && cgroup_write(fd, "cgroup.kill", "1") == 0) {
		signal_all(fd, &signalling, NULL);
		return 1;
	}
	return signal_all(fd, &signalling, err) < 0 ? -1 : signalling.reached;
}

/* --- kill ------------------------------------------------------------------------------------ */

/*
 * Without cgroup.kill: one by one, frozen so that they cannot multiply faster than they are
 * killed; a frozen process can be killed.
 */
static int kill_each(int fd, int timeout_ms, struct error **err)
{
	for (int waited = 0;; waited += KILL_POLL_MS) {
		struct signalling signalling = { .signal = SIGKILL };
		int result;

		cgroup_write(fd, "cgroup.freeze", "1");
		result = signal_all(fd, &signalling, err);
		cgroup_write(fd, "cgroup.freeze", "0");
		if (result < 0)
			return -1;
		if (signalling.there == 0 || waited >= timeout_ms)
			return 0;
		poll(NULL, 0, KILL_POLL_MS);
	}
}

/* Return: as wait_for_event(). */
static int wait_until_empty(int fd, int timeout_ms)
{
	_cleanup_fd_ int events = open_events(fd);

	return events < 0 ? -1 : wait_for_event(events, "populated", false, timeout_ms);
}

int cgroup_kill(int fd, int timeout_ms, struct error **err)
{
	int empty;

	if (cgroup_is_populated(fd) == 0)
		return 0;
	/* A threaded cgroup cannot be killed as one. */
	if (cgroup_write(fd, "cgroup.kill", "1") < 0) {
		if (kill_each(fd, timeout_ms, err) < 0)
			return -1;
	} else if (wait_until_empty(fd, KILL_GRACE_MS) == 0) {
		/* It passes over processes whose first thread has ended before the others. */
		kill_each(fd, timeout_ms, NULL);
	}
	empty = wait_until_empty(fd, timeout_ms);
	/* Somebody else has removed it: then it was empty. */
	if (empty > 0 || (empty < 0 && (errno == ENODEV || errno == ENOENT)))
		return 0;
	if (empty < 0)
		return error_set(err, errno, "cgroup.events");
	return error_set(err, 0, "processes in the container's cgroup do not end after SIGKILL");
}
