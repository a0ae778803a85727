/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation: namespaces are told apart by the inode of their nsfs file, recorded at
 * create. /proc is read for those that are in it. Between look and signal a pid could change
 * hands, so a process is pinned by a pidfd first and looked at again.
 */
#include "container/process-set.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

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
 * Dead but not reaped is not there. A zombie shows no namespaces but keeps its pid namespace's
 * file; init in it may wait for it.
 */
static bool belongs(int proc_fd, pid_t pid, const struct membership *membership)
{
	struct proc_stat stat;

	/* 0 is the answer for what cannot be looked at, which may be anybody's. */
	if (!membership->inode ||
	    proc_namespace(proc_fd, pid, membership->name) != membership->inode)
		return false;
	return proc_read_stat(proc_fd, pid, &stat) == 0 && stat.state != 'Z' && stat.state != 'X';
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

/* Init before its execve cannot be looked into; it is known by pid and start time. */
static bool is_init(int proc_fd, pid_t pid, const struct state *state)
{
	struct proc_stat stat;

	return pid == state->pid && proc_read_stat(proc_fd, pid, &stat) == 0 &&
	       stat.start_time == state->start_time && stat.state != 'Z' && stat.state != 'X';
}

int process_set_load(const struct state *state, struct process_set *set, struct error **err)
{
	const struct membership membership = membership_of(state);
	_cleanup_fd_ int proc_fd = proc_open(err), listing = -1;
	_cleanup_dir_ DIR *dir = NULL;
	struct dirent *entry;
	size_t room = 0;

	*set = (struct process_set){ 0 };
	if (proc_fd < 0)
		return -1;
	listing = openat(proc_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	dir = listing < 0 ? NULL : fdopendir(listing);
	if (!dir)
		return error_set(err, errno, "/proc");
	listing = -1; /* the stream's now */
	while ((entry = readdir(dir))) {
		uint32_t pid;

		if (!number_parse_u32(entry->d_name, &pid))
			continue;
		if (!is_init(proc_fd, (pid_t)pid, state) &&
		    (membership.inode == 0 || !belongs(proc_fd, (pid_t)pid, &membership)))
			continue;
		if (add(set, &room, (pid_t)pid) < 0) {
			process_set_clear(set);
			return error_set(err, ENOMEM, "the list of processes");
		}
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

/* Return: true when the process was still a member and got the signal. */
static bool signal_member(int proc_fd, pid_t pid, const struct state *state, int signal)
{
	const struct membership membership = membership_of(state);
	_cleanup_fd_ int pidfd = sys_pidfd_open(pid, 0);

	if (pidfd < 0)
		return false;
	if (!is_init(proc_fd, pid, state) && !belongs(proc_fd, pid, &membership))
		return false;
	return sys_pidfd_send_signal(pidfd, signal, NULL, 0) == 0;
}

/* Signal what is there. Return: how many got the signal; *there: how many there were. */
static int signal_all(const struct state *state, int signal, size_t *there, struct error **err)
{
	_cleanup_process_set_ struct process_set set = { 0 };
	_cleanup_fd_ int proc_fd = proc_open(err);
	int reached = 0;

	if (proc_fd < 0 || process_set_load(state, &set, err) < 0)
		return -1;
	for (size_t i = 0; i < set.count; i++)
		reached += signal_member(proc_fd, set.pids[i], state, signal);
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
