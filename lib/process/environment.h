/* SPDX-License-Identifier: Apache-2.0 */
/* The environment and the executable of the container's process, found inside its root. */
#pragma once

#include <stddef.h>

#include "base/arena.h"
#include "base/error.h"
#include "spec/config.h"

/*
 * environment_make - the envp for execve
 * @env:	"KEY=value" strings; of duplicates the last wins, the order is kept otherwise
 * @root_fd:	the container's root: HOME unset or empty is taken from its etc/passwd (read by
 *		fd within the root, at most 1 MiB, garbage ignored) for @uid, else "/"
 * @extra:	NULL-terminated strings that the runtime adds (LISTEN_FDS=…), may be NULL; they win
 */
int environment_make(const struct strings *env, const char *const *extra, int root_fd, uid_t uid,
                     struct arena *arena, char ***envp, struct error **err);

/* The value of @key in NULL-terminated @envp, NULL when absent. */
const char *environment_get(char *const *envp, const char *key);

/*
 * executable_find - the path that execve will be called with
 * @name:	args[0]: with a slash as it is, else searched in PATH of @envp (default
 *		"/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin")
 *
 * Called inside the container's root, with its credentials and working directory. Return: 0, or
 * -1 with *err whose status is 127 (not found) or 126 (found, not executable).
 */
int executable_find(const char *name, char *const *envp, struct arena *arena, char **path,
                    struct error **err);

/* The exit status that shells give an execve(2) that failed with @errnum: 127 or 126. */
int executable_exit_status(int errnum);
