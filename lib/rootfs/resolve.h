/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Paths inside a root directory that may be hostile. Symbolic links are followed, but as the
 * container would follow them: an absolute one starts at the root, and ".." stops there.
 */
#pragma once

#include <sys/types.h>

#include "base/error.h"

/*
 * resolve_open - open an existing @path inside @root_fd
 * @flags:	for openat2(2), O_CLOEXEC is added
 * @resolve:	RESOLVE_* besides RESOLVE_IN_ROOT and RESOLVE_NO_MAGICLINKS, usually 0
 *
 * Return: the fd, or -1 with errno.
 */
int resolve_open(int root_fd, const char *path, int flags, unsigned int resolve);

enum resolve_kind { RESOLVE_DIRECTORY, RESOLVE_FILE };

/*
 * resolve_create - likewise with O_PATH; what is missing is made first
 * @kind:	of what is made last: a directory (0755) or an empty file (0644); directories above
 *		it are 0755. A dangling link leads to a file made where it points, in the root.
 *
 * Return: the fd, or -1 with errno. What exists is returned as it is, of whatever kind.
 */
int resolve_create(int root_fd, const char *path, enum resolve_kind kind);

/* The same, but a link in the place of the last component is returned itself. */
int resolve_create_nofollow(int root_fd, const char *path, enum resolve_kind kind);

/*
 * resolve_parent - the directory that holds the last component of @path, made when missing
 * @name:	set to that component, a pointer into @path
 *
 * Return: an O_PATH fd, or -1 with errno (EINVAL when the last component is none or "..").
 */
int resolve_parent(int root_fd, const char *path, const char **name);

/* The same where nothing is made. */
int resolve_existing_parent(int root_fd, const char *path, const char **name);
