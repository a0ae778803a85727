/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation: each map has one writer, a helper or we. The helpers are started first, so
 * that they work while we write what is ours to write; their words come through a pipe each, which
 * ends with them.
 *
 * A helper is setuid: it gets its absolute path, an empty environment and no fd but stdio.
 */
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/spawn.h"
#include "base/syscalls.h"
#include "idmap/extents.h"
#include "idmap/helpers.h"

#define HELPER_WORDS_MAX 4096

/* The two maps of a plan, as data. */
struct map {
	const char *file;
	const char *helper;
	const struct id_mappings *mappings;
};

static struct map map_of(const struct id_plan *plan, int index)
{
	const struct map maps[] = {
		{ "uid_map", plan->newuidmap, &plan->uids },
		{ "gid_map", plan->newgidmap, &plan->gids },
	};

	return maps[index];
}

/* newuidmap PID CONTAINER HOST SIZE [CONTAINER HOST SIZE]... */
static char **helper_argv(const struct map *map, pid_t pid, struct arena *arena)
{
	const struct id_mappings *mappings = map->mappings;
	size_t count = 2 + 3 * mappings->count;
	char **argv = arena_alloc(arena, (count + 1) * sizeof(*argv)), **next = argv;

	if (!argv)
		return NULL;
	*next++ = arena_strdup(arena, strrchr(map->helper, '/') + 1);
	*next++ = arena_printf(arena, "%d", pid);
	for (size_t i = 0; i < mappings->count; i++) {
		*next++ = arena_printf(arena, "%u", mappings->items[i].container_id);
		*next++ = arena_printf(arena, "%u", mappings->items[i].host_id);
		*next++ = arena_printf(arena, "%u", mappings->items[i].size);
	}
	for (size_t i = 0; i < count; i++) {
		if (!argv[i])
			return NULL;
	}
	return argv;
}

/* A helper that is about to be started. */
struct start {
	struct spawn spawn;
	int stderr_fd; /* ours to close afterwards */
	pid_t pid;
	int errnum;
};

static int prepare_helper(const struct map *map, pid_t pid, struct arena *arena, int *output,
                          struct start *start, struct error **err)
{
	int fds[2];

	start->spawn = (struct spawn){
		.path = map->helper,
		.argv = helper_argv(map, pid, arena),
		.stdin_fd = -1,
		.stdout_fd = -1,
	};
	if (!start->spawn.argv)
		return error_set(err, ENOMEM, "cannot run %s", map->helper);
	if (pipe2(fds, O_CLOEXEC) < 0)
		return error_set(err, errno, "cannot make a pipe");
	*output = fds[0];
	start->spawn.stderr_fd = start->stderr_fd = fds[1];
	return 0;
}

static void *start_helper(void *data)
{
	struct start *start = data;

	start->pid = spawn_start(&start->spawn);
	start->errnum = errno;
	return NULL;
}

/*
 * Whoever starts a program stands still until it has been loaded, which for a setuid one takes
 * longer than making a thread; so two are started by two.
 */
static void start_both(struct start starts[2])
{
	pthread_t thread;

	if (pthread_create(&thread, NULL, start_helper, &starts[0]) != 0) {
		start_helper(&starts[0]);
		start_helper(&starts[1]);
		return;
	}
	start_helper(&starts[1]);
	pthread_join(thread, NULL);
}

static int start_helpers(const struct id_plan *plan, pid_t pid, struct arena *arena,
                         struct id_job *job, struct error **err)
{
	struct start starts[2] = { { .stderr_fd = -1, .pid = -1 }, { .stderr_fd = -1, .pid = -1 } };
	int result = 0;

	for (int i = 0; i < 2 && result == 0; i++) {
		const struct map map = map_of(plan, i);

		if (map.helper)
			result = prepare_helper(&map, pid, arena, &job->outputs[i], &starts[i],
			                        err);
	}
	if (result == 0 && plan->newuidmap && plan->newgidmap)
		start_both(starts);
	else if (result == 0)
		start_helper(&starts[plan->newuidmap ? 0 : 1]);
	for (int i = 0; i < 2; i++) {
		close_fd(&starts[i].stderr_fd);
		job->pids[i] = starts[i].pid;
	}
	for (int i = 0; i < 2 && result == 0; i++) {
		const struct map map = map_of(plan, i);

		if (map.helper && starts[i].pid < 0)
			result = error_set(err, starts[i].errnum, "cannot run %s", map.helper);
	}
	return result;
}

static int write_file(int dir, pid_t pid, const char *name, const char *text, struct error **err)
{
	int errnum;

	if (!text)
		return error_set(err, ENOMEM, "cannot write /proc/%d/%s", pid, name);
	if (file_write_at(dir, name, text) == 0)
		return 0;
	errnum = errno;
	error_set(err, errnum, "cannot write /proc/%d/%s", pid, name);
	if (errnum != EPERM && errnum != EACCES)
		return -1;
	return error_hint(err, "the kernel lets us map root only with CAP_SETFCAP, and other ids "
	                       "than our own only with CAP_SETUID and CAP_SETGID");
}

/* A child that is there for its user namespace. */
static pid_t start_holder(int *pidfd)
{
	struct clone_args args = {
		.flags = CLONE_NEWUSER | CLONE_PIDFD,
		.pidfd = (uint64_t)(uintptr_t)pidfd,
		.exit_signal = SIGCHLD,
	};
	pid_t parent = getpid(), pid = sys_clone3(&args, sizeof(args));

	if (pid != 0)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
	while (getppid() == parent || getppid() == 0)
		pause();
	_exit(0);
}

static int map_holder(pid_t pid, const struct id_mappings *uids, const struct id_mappings *gids,
                      struct error **err)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	_cleanup_fd_ int dir = -1;
	char path[32];
	int fd;

	snprintf(path, sizeof(path), "/proc/%d", pid);
	dir = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (!arena || dir < 0)
		return error_set(err, errno, "cannot open %s", path);
	if (write_file(dir, pid, "uid_map", extents_format(uids, arena), err) < 0 ||
	    write_file(dir, pid, "gid_map", extents_format(gids, arena), err) < 0)
		return -1;
	fd = openat(dir, "ns/user", O_RDONLY | O_CLOEXEC);
	return fd < 0 ? error_set(err, errno, "%s/ns/user", path) : fd;
}

int id_userns_open(const struct id_mappings *uids, const struct id_mappings *gids,
                   struct error **err)
{
	_cleanup_fd_ int pidfd = -1;
	pid_t pid = start_holder(&pidfd);
	int fd;

	if (pid < 0)
		return error_set(err, errno, "cannot make a user namespace");
	fd = map_holder(pid, uids, gids, err);
	sys_pidfd_send_signal(pidfd, SIGKILL, NULL, 0);
	wait_for(pid);
	return fd;
}

static int begin(const struct id_plan *plan, pid_t pid, struct arena *arena, struct id_job *job,
                 struct error **err)
{
	_cleanup_fd_ int dir = -1;
	char path[32];

	snprintf(path, sizeof(path), "/proc/%d", pid);
	dir = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0)
		return error_set(err, errno, "cannot open %s", path);
	if (plan->setgroups_denied && write_file(dir, pid, "setgroups", "deny", err) < 0)
		return -1;
	if ((plan->newuidmap || plan->newgidmap) && start_helpers(plan, pid, arena, job, err) < 0)
		return -1;
	for (int i = 0; i < 2; i++) {
		struct map map = map_of(plan, i);

		if (!map.helper &&
		    write_file(dir, pid, map.file, extents_format(map.mappings, arena), err) < 0)
			return -1;
	}
	return 0;
}

/* What the helpers say (in the C locale), and what helps; the first row that fits counts. */
static const struct {
	const char *words, *hint;
} known_failures[] = {
	{ "owned by a different user",
	  "the helpers want the group of the user database: leave newgrp or sg, or set "
	  "GRANT_AUX_GROUP_SUBIDS yes in /etc/login.defs" },
	{ "not allowed", "see /etc/subuid and /etc/subgid for what you may map" },
	{ "Operation not permitted",
	  "something takes the helper's privileges away: a container around us, or file "
	  "capabilities where it needs setuid root" },
};

static int refused(const struct map *map, int status, const char *words, struct error **err)
{
	if (WIFSIGNALED(status))
		return error_set(err, 0, "%s was killed by signal %d", map->helper,
		                 WTERMSIG(status));
	/* Its words begin with its own name. */
	if (!*words)
		return error_set(err, 0, "%s failed with status %d", map->helper,
		                 WEXITSTATUS(status));
	error_set(err, 0, "cannot map ids: %s", words);
	for (size_t i = 0; i < ARRAY_SIZE(known_failures); i++) {
		if (strstr(words, known_failures[i].words))
			return error_hint(err, "%s", known_failures[i].hint);
	}
	return -1;
}

/* Why it failed comes last: libraries of name services may have complained before. */
static const char *last_line(char *words)
{
	size_t length = strlen(words);
	const char *newline;

	while (length > 0 && words[length - 1] == '\n')
		words[--length] = '\0';
	newline = strrchr(words, '\n');
	return newline ? newline + 1 : words;
}

/* Reap helper @index; a job that is over already is no failure. */
static int finish_helper(const struct id_plan *plan, struct id_job *job, int index,
                         struct error **err)
{
	struct map map = map_of(plan, index);
	_cleanup_free_ char *words = NULL;
	int status;

	if (job->outputs[index] >= 0)
		file_read_fd(job->outputs[index], HELPER_WORDS_MAX, &words);
	/* One that goes on talking gets SIGPIPE now, so waiting ends. */
	close_fd(&job->outputs[index]);
	if (job->pids[index] < 0)
		return 0;
	status = wait_for(job->pids[index]);
	job->pids[index] = -1;
	if (status < 0)
		return error_set(err, errno, "cannot wait for %s", map.helper);
	if (status == 0)
		return 0;
	return refused(&map, status, words ? last_line(words) : "", err);
}

int id_map_end(const struct id_plan *plan, struct id_job *job, struct error **err)
{
	int uids = finish_helper(plan, job, 0, err);
	int gids = finish_helper(plan, job, 1, uids < 0 ? NULL : err);

	return uids < 0 || gids < 0 ? -1 : 0;
}

int id_map_begin(const struct id_plan *plan, pid_t pid, struct id_job *job, struct error **err)
{
	_cleanup_arena_ struct arena *arena = NULL;

	*job = (struct id_job)ID_JOB_INIT;
	if (plan->method == ID_METHOD_NONE)
		return 0;
	arena = arena_new();
	if (!arena)
		return error_set(err, ENOMEM, "cannot map ids");
	if (begin(plan, pid, arena, job, err) == 0)
		return 0;
	id_map_end(plan, job, NULL);
	return -1;
}
