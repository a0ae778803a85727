/* SPDX-License-Identifier: Apache-2.0 */
/* What procfs tells about processes, read through a procfs that is known to be one. */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"

/* An O_PATH fd of /proc, checked by statfs(2) to be procfs; -1 with *err. */
int proc_open(struct error **err);

struct proc_stat {
	char state; /* 'R', 'S', 'Z', … */
	pid_t parent;
	uint64_t start_time; /* clock ticks since boot */
};

/* Fields of PID/stat below @proc_fd (proc(5)). Return: 0, or -1 with errno (ENOENT: gone). */
int proc_read_stat(int proc_fd, pid_t pid, struct proc_stat *stat);

/*
 * proc_mount_namespace_id - the number of a mount namespace, which no other one ever gets
 * @pid:	whose it is; 0: the caller's own
 *
 * Since Linux 6.11 (ioctl_ns(2), NS_GET_MNTNS_ID). Return: 0, or -1 with errno; ENOTTY: this kernel
 * has no such numbers.
 */
int proc_mount_namespace_id(int proc_fd, pid_t pid, uint64_t *id);

/* st_ino of PID/ns/@name, 0 when it cannot be seen. @pid 0: the caller's own. */
uint64_t proc_namespace(int proc_fd, pid_t pid, const char *name);
