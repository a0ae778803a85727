/* SPDX-License-Identifier: Apache-2.0 */
/* Whole files by directory fd, and lines of small system files. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "base/error.h"

/*
 * file_read_fd - all of what can be read from @fd
 * @limit:	more than so many bytes are an error (EFBIG)
 * @text:	result, NUL-terminated (the NUL is not counted), freed by the caller
 *
 * Return: number of bytes, or -1 with errno.
 */
ssize_t file_read_fd(int fd, size_t limit, char **text);

/*
 * file_read_at - likewise for the regular file @path below @dirfd
 *
 * O_NONBLOCK, so that a FIFO is refused (EINVAL) instead of waited for. Return as above.
 */
ssize_t file_read_at(int dirfd, const char *path, size_t limit, char **text);

/* Write all of @data to @fd, through short writes and EINTR. Return: 0, or -1 with errno. */
int write_all(int fd, const void *data, size_t length);

/*
 * file_write_at - write the existing file @path (procfs, cgroupfs) with one write(2)
 *
 * Return: 0, or -1 with errno (EIO for a short write).
 */
int file_write_at(int dirfd, const char *path, const char *text);

/*
 * file_create_at - write @text to the new file @name, mode @mode
 *
 * What has that name already is removed first; it is not written to. Return: 0, or -1 with errno,
 * when part of it may have been written.
 */
int file_create_at(int dirfd, const char *name, const void *text, size_t length, mode_t mode);

/*
 * file_replace_at - put @text at @name below @dirfd, whole or not at all
 *
 * A temporary file beside it, then rename(2). Mode @mode. Return: 0, or -1 with errno; no
 * temporary file is left.
 */
int file_replace_at(int dirfd, const char *name, const void *text, size_t length, mode_t mode);
