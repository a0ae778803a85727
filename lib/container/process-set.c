/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation: namespaces are told apart by the inode of their nsfs file, recorded at
 * create, and where the kernel has one by a number that is never used again. /proc is read for those
 * that are in it. Between look and signal a pid could change hands, so a process is pinned by a pidfd
 * first and looked at again.
 */
#include "container/process-set.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "base/dir.h"
#include "base/number.h"
#include "base/proc.h"
#include "base/syscalls.h"

#define KILL_POLL_MS 2

struct membership {
	const char *name; /* of the namespace's file in /proc/PID/ns */
	uint64_t inode;
};

static struct membership membership_of(const struct state *state)
{
	if (state->pid_namespace)
		return (struct membership){ "pid", state->pid_namespace };
	return (struct membership){ "mnt", state->mount_namespace };
}

/*
 * Gone (for which links in ns/ have EACCES, too), or not ours to look into. Other failures must not
 * hide a process from a kill.
 */
static bool is_out_of_sight(int errnum)
{
	return errnum == ENOENT || errnum == ESRCH || errnum == EACCES || errnum == EPERM;
}

/*
 * Dead but not reaped is not there. A zombie shows no namespaces but keeps its pid namespace's
 * file; init in it may wait for it. Return: 1, 0, or -1 with errno.
 */
static int lives(int proc_fd, pid_t pid, uint64_t *start_time)
{
	struct proc_stat stat;

	if (proc_read_stat(proc_fd, pid, &stat) < 0)
		return errno == ENOENT ? 0 : -1;
	*start_time = stat.start_time;
	return stat.state != 'Z' && stat.state != 'X';
}

/* Init before its execve cannot be looked into; it is known by pid and start time. */
static int is_init(int proc_fd, pid_t pid, const struct state *state)
{
	uint64_t start_time;
	int result = pid == state->pid ? lives(proc_fd, pid, &start_time) : 0;

	return result > 0 ? start_time == state->start_time : result;
}

/*
 * The inode number of a namespace that is gone can be another's. Return: 1, also where there is
 * nothing else to go by; 0; -1 with errno.
 */
static int has_namespace_id(int proc_fd, pid_t pid, const struct state *state)
{
	uint64_t id;

	if (state->pid_namespace || !state->mount_namespace_id)
		return 1;
	if (proc_mount_namespace_id(proc_fd, pid, &id) < 0)
		return errno == ENOENT || errno == ESRCH || errno == EACCES ? 0 : -1;
	return id == state->mount_namespace_id;
}

/* Return: 1, 0, or -1 with errno. */
static int belongs(int proc_fd, pid_t pid, const struct state *state)
{
	const struct membership membership = membership_of(state);
	uint64_t inode, start_time;
	int result = is_init(proc_fd, pid, state);

	/* 0 is the answer for what cannot be looked at, which may be anybody's. */
	if (result != 0 || membership.inode == 0)
		return result;
	inode = proc_namespace(proc_fd, pid, membership.name);
	if (inode != membership.inode)
		return inode || is_out_of_sight(errno) ? 0 : -1;
	result = has_namespace_id(proc_fd, pid, state);
	return result > 0 ? lives(proc_fd, pid, &start_time) : result;
}

static int add(struct process_set *set, size_t *room, pid_t pid)
{
	if (set->count == *room) {
		size_t larger = *room ? *room * 2 : 16;
		pid_t *pids = realloc(set->pids, larger * sizeof(*pids));

		if (!pids)
			return -1;
		set->pids = pids;
		*room = larger;
	}
	set->pids[set->count++] = pid;
	return 0;
}

static int compare_pids(const void *a, const void *b)
{
	pid_t x = *(const pid_t *)a, y = *(const pid_t *)b;

	return (x > y) - (x < y);
}

/* Return: 0, or -1 with errno. */
static int load(int proc_fd, const struct state *state, struct process_set *set)
{
	_cleanup_dir_ DIR *dir = dir_open(proc_fd, ".");
	struct dirent *entry;
	size_t room = 0;

	if (!dir)
		return -1;
	while ((entry = dir_read(dir))) {
		uint32_t pid;
		int result;

		if (!number_parse_u32(entry->d_name, &pid))
			continue;
		result = belongs(proc_fd, (pid_t)pid, state);
		if (result < 0 || (result > 0 && add(set, &room, (pid_t)pid) < 0))
			return -1;
	}
	return errno ? -1 : 0;
}

int process_set_load(const struct state *state, struct process_set *set, struct error **err)
{
	_cleanup_fd_ int proc_fd = proc_open(err);

	*set = (struct process_set){ 0 };
	if (proc_fd < 0)
		return -1;
	if (load(proc_fd, state, set) < 0) {
		error_set(err, errno, "cannot look for the container's processes");
		process_set_clear(set);
		return -1;
	}
	if (set->count > 0)
		qsort(set->pids, set->count, sizeof(*set->pids), compare_pids);
	return 0;
}

void process_set_clear(struct process_set *set)
{
	free(set->pids);
	*set = (struct process_set){ 0 };
}

/* Return: 1 when the process was still a member and got the signal; 0; -1 with errno. */
static int signal_member(int proc_fd, pid_t pid, const struct state *state, int signal)
{
	_cleanup_fd_ int pidfd = sys_pidfd_open(pid, 0);
	int result;

	if (pidfd < 0)
		return errno == ESRCH || errno == EINVAL ? 0 : -1;
	result = belongs(proc_fd, pid, state);
	return result > 0 ? sys_pidfd_send_signal(pidfd, signal, NULL, 0) == 0 : result;
}

/* Signal what is there. Return: how many got the signal; *there: how many there were. */
static int signal_all(const struct state *state, int signal, size_t *there, struct error **err)
{
	_cleanup_process_set_ struct process_set set = { 0 };
	_cleanup_fd_ int proc_fd = proc_open(err);
	_cleanup_error_ struct error *error = NULL;
	int reached = 0, failed = 0;

	if (proc_fd < 0 || process_set_load(state, &set, err) < 0)
		return -1;
	for (size_t i = 0; i < set.count; i++) {
		int result = signal_member(proc_fd, set.pids[i], state, signal);

		/* The others get it all the same. */
		if (result < 0 && !failed)
			failed = error_set(&error, errno, "cannot signal process %d", set.pids[i]);
		reached += result > 0;
	}
	if (failed)
		return error_move(err, &error);
	*there = set.count;
	return reached;
}

int process_set_signal(const struct state *state, int signal, struct error **err)
{
	size_t there;

	return signal_all(state, signal, &there, err);
}

int process_set_kill(const struct state *state, int timeout_ms, struct error **err)
{
	for (int waited = 0;; waited += KILL_POLL_MS) {
		size_t there;

		if (signal_all(state, SIGKILL, &there, err) < 0)
			return -1;
		if (there == 0)
			return 0;
		if (waited >= timeout_ms)
			return error_set(err, 0, "%zu processes do not end after SIGKILL", there);
		poll(NULL, 0, KILL_POLL_MS);
	}
}
