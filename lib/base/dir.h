/* SPDX-License-Identifier: Apache-2.0 */
/* Directories that are read: an error while reading is not taken for the end. */
#pragma once

#include <dirent.h>

#include "base/cleanup.h"

/*
 * dir_open - open the directory @path below @dirfd to read it; a symbolic link is refused
 *
 * Return: a stream for _cleanup_dir_ of its own, or NULL with errno.
 */
DIR *dir_open(int dirfd, const char *path);

/*
 * dir_read - the next entry, as readdir(3)
 *
 * Return: an entry, valid until the next call; NULL: the end (errno is 0), or an error (errno).
 */
struct dirent *dir_read(DIR *dir);
