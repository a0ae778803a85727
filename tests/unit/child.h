/* SPDX-License-Identifier: Apache-2.0 */
/*
 * For tests of what changes the calling process for good: they run in a child, which checks with
 * child_check() and whose end tells the test how it went.
 */
#pragma once

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/file.h"
#include "base/log.h"

#define CHILD_OK      0
#define CHILD_FAILED  1
#define CHILD_SKIPPED 77

#define child_check(condition)                                                                 \
	do {                                                                                   \
		if (!(condition)) {                                                            \
			fprintf(stderr, "%s:%d: not so: %s (errno: %s)\n", __FILE__, __LINE__, \
			        #condition, strerror(errno));                                  \
			_exit(CHILD_FAILED);                                                   \
		}                                                                              \
	} while (0)

/* The exit status of a child that runs @body, 128 + the signal that ended it, or -1. */
static inline int child_run(void (*body)(void))
{
	int status;
	pid_t pid;

	fflush(NULL);
	pid = fork();
	if (pid == 0) {
		/* A relay or a filter that hangs must not hang the tests. */
		alarm(30);
		body();
		_exit(CHILD_OK);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		return -1;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static inline bool child_write(const char *path, const char *text)
{
	return file_write_at(AT_FDCWD, path, text) == 0;
}

/* Enter a new user namespace in which @id is the only one, for users and groups. */
static inline bool child_enter_user_namespace(unsigned int id)
{
	uid_t uid = geteuid();
	gid_t gid = getegid();
	char map[64];

	if (unshare(CLONE_NEWUSER) < 0 || !child_write("/proc/self/setgroups", "deny"))
		return false;
	snprintf(map, sizeof(map), "%u %u 1", id, uid);
	if (!child_write("/proc/self/uid_map", map))
		return false;
	snprintf(map, sizeof(map), "%u %u 1", id, gid);
	return child_write("/proc/self/gid_map", map);
}

static inline void child_need_user_namespace(unsigned int id)
{
	if (!child_enter_user_namespace(id))
		_exit(CHILD_SKIPPED);
}

/* From now on the log goes to the fd that is returned. */
static inline int child_capture_log(void)
{
	int fd = memfd_create("log", MFD_CLOEXEC);

	child_check(fd >= 0);
	log_setup(fd, LOG_FORMAT_TEXT, LOG_LEVEL_WARNING);
	return fd;
}

/* What was logged since child_capture_log(). */
static inline char *child_logged(int fd)
{
	char *text = NULL;

	child_check(lseek(fd, 0, SEEK_SET) == 0);
	child_check(file_read_fd(fd, 1 << 20, &text) >= 0);
	return text;
}

/* Run @body in a child; the test is skipped when it says that it cannot run here. */
#define assert_child(body)                                                            \
	do {                                                                          \
		int child_status_ = child_run(body);                                  \
		if (child_status_ == CHILD_SKIPPED) {                                 \
			print_message("skipped: no user namespaces or privileges\n"); \
			skip();                                                       \
		}                                                                     \
		assert_int_equal(child_status_, CHILD_OK);                            \
	} while (0)
