/* SPDX-License-Identifier: Apache-2.0 */
/* What mount_setattr(2) does, by remounting: for Linux before 5.12 (5.14 for nosymfollow). */
#pragma once

#include "rootfs/options.h"

/*
 * remount - flags and propagation of the attached mount @fd is the root of, and of those below it
 * @propagation:	MS_*, 0 for none
 *
 * No process of the container may run yet, and the root must still be the host's: /proc is used.
 * A mount that another one covers wholly is left as it is. Return: 0, or -1 with errno.
 */
int remount(int fd, const struct mount_options *options, unsigned long propagation,
            bool propagation_recursive);
