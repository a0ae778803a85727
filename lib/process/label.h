/* SPDX-License-Identifier: Apache-2.0 */
/* LSM labels for the next execve: AppArmor profile, SELinux context. */
#pragma once

#include "base/error.h"
#include "spec/config.h"

/*
 * label_check - refuse, before anything exists, labels that this host has no LSM for
 *
 * Looks at /sys/module/apparmor/parameters/enabled and /sys/fs/selinux; only when a label is set.
 */
int label_check(const struct process *process, const struct linux_config *linux_config,
                struct error **err);

/*
 * label_apply - ask for the labels at the next execve
 * @proc_fd:	a verified procfs of the caller's pid namespace: the write goes to
 *		self/attr/apparmor/exec (or self/attr/exec) below it, never to the container's /proc
 */
int label_apply(const struct process *process, int proc_fd, struct error **err);
