/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Ownership made visible: a variable that carries one of these attributes is released when it
 * goes out of scope; take() hands what it holds to somebody else.
 */
#pragma once

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define _cleanup_(function) __attribute__((cleanup(function)))

/* Close *fd unless it is absent (-1). Keeps errno, so that it can stand between failure and report. */
static inline void close_fd(int *fd)
{
	int saved = errno;

	if (*fd >= 0)
		close(*fd);
	*fd = -1;
	errno = saved;
}

static inline void free_pointer(void *pointer)
{
	int saved = errno;

	free(*(void **)pointer);
	errno = saved;
}

static inline void close_file(FILE **file)
{
	if (*file)
		fclose(*file);
}

static inline void close_dir(DIR **dir)
{
	int saved = errno;

	if (*dir)
		closedir(*dir);
	errno = saved;
}

#define _cleanup_fd_   _cleanup_(close_fd)
#define _cleanup_free_ _cleanup_(free_pointer)
#define _cleanup_file_ _cleanup_(close_file)
#define _cleanup_dir_  _cleanup_(close_dir)

/* The fd in *fd, which is absent afterwards: its owner is now the caller. */
static inline int take_fd(int *fd)
{
	int taken = *fd;

	*fd = -1;
	return taken;
}

/* Likewise for a pointer variable. */
#define take_pointer(pointer)                           \
	({                                              \
		__typeof__(pointer) taken_ = (pointer); \
		(pointer) = NULL;                       \
		taken_;                                 \
	})

#define ARRAY_SIZE(array) (sizeof(array) / sizeof((array)[0]))
