/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation: /proc is whatever somebody mounted there, so its type is checked once and
 * everything else goes through that fd. A process can be gone at any moment; that is ENOENT,
 * whichever of open(2) and read(2) noticed.
 */
#include "base/proc.h"

#include <fcntl.h>
#include <inttypes.h>
#include <linux/magic.h>
#include <linux/nsfs.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include "base/cleanup.h"
#include "base/file.h"

/* linux/nsfs.h has it since 6.11. */
#ifndef NS_GET_MNTNS_ID
#define NS_GET_MNTNS_ID _IOR(0xb7, 0x5, uint64_t)
#endif

int proc_open(struct error **err)
{
	_cleanup_fd_ int fd = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);
	struct statfs fs;

	if (fd < 0 || fstatfs(fd, &fs) < 0)
		return error_set(err, errno, "cannot open /proc");
	if (fs.f_type != PROC_SUPER_MAGIC) {
		error_set(err, 0, "/proc is not a procfs");
		return error_hint(err, "mount one: mount -t proc proc /proc");
	}
	return take_fd(&fd);
}

/* Field 2, the program's name, may hold spaces and parentheses: the last ')' ends it. */
static bool parse_stat(const char *text, struct proc_stat *stat)
{
	const char *rest = strrchr(text, ')');

	/* Fields 3 and 4, then 22; see proc_pid_stat(5). */
	return rest && sscanf(rest + 1,
	                      " %c %d %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s"
	                      " %*s %*s %" SCNu64,
	                      &stat->state, &stat->parent, &stat->start_time) == 3;
}

int proc_read_stat(int proc_fd, pid_t pid, struct proc_stat *stat)
{
	_cleanup_free_ char *text = NULL;
	char path[32];

	snprintf(path, sizeof(path), "%d/stat", pid);
	if (file_read_at(proc_fd, path, 4096, &text) < 0) {
		if (errno == ESRCH)
			errno = ENOENT;
		return -1;
	}
	if (!parse_stat(text, stat)) {
		errno = EINVAL;
		return -1;
	}
	return 0;
}

/* "123/ns/mnt" */
static void namespace_path(pid_t pid, const char *name, char path[64])
{
	if (pid > 0)
		snprintf(path, 64, "%d/ns/%s", pid, name);
	else
		snprintf(path, 64, "self/ns/%s", name);
}

uint64_t proc_namespace(int proc_fd, pid_t pid, const char *name)
{
	char path[64];
	struct stat st;

	namespace_path(pid, name, path);
	return fstatat(proc_fd, path, &st, 0) < 0 ? 0 : st.st_ino;
}

int proc_mount_namespace_id(int proc_fd, pid_t pid, uint64_t *id)
{
	_cleanup_fd_ int fd = -1;
	char path[64];

	namespace_path(pid, "mnt", path);
	fd = openat(proc_fd, path, O_RDONLY | O_CLOEXEC);
	return fd < 0 ? -1 : ioctl(fd, NS_GET_MNTNS_ID, id);
}
