/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who the container's process is: bounding set, user and groups, capability sets, no_new_privs
 * and the seccomp filter, in the order that lets each step still be permitted.
 */
#pragma once

#include <stdbool.h>

#include "base/error.h"
#include "process/seccomp-listener.h"
#include "process/seccomp.h"
#include "spec/config.h"

/*
 * credentials_apply - become @process->user with @process->capabilities
 * @setgroups_denied:	the user namespace denies setgroups(2): additional groups are refused
 *			when there are any, dropped silently when there are none
 * @program:		filter to install; with no_new_privileges it is left to the caller, who
 *			installs it last of all
 * @listener:		for a program with SCMP_ACT_NOTIFY, otherwise NULL will do
 *
 * Order: bounding set while CAP_SETPCAP is there; PR_SET_KEEPCAPS; setgroups, setresgid,
 * setresuid; without no_new_privileges the filter while CAP_SYS_ADMIN is still effective;
 * capset; ambient set; no_new_privs. Capabilities that the caller does not have itself are left
 * out with one warning that names them. Sets that contradict capabilities(7) (ambient without
 * inheritable) are cut to what it allows, with a warning; none is ever widened. The umask becomes
 * @process->user.umask, 0022 when that is not set. The process is non-dumpable afterwards.
 */
int credentials_apply(const struct process *process, bool setgroups_denied,
                      const struct seccomp_program *program, struct seccomp_listener *listener,
                      struct error **err);
