/* SPDX-License-Identifier: Apache-2.0 */
/* A temporary directory for a test, and its end with all that is in it. */
#pragma once

#include <ftw.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#define DIRECTORY_SIZE 64

static inline int directory_remove_entry(const char *path, const struct stat *st, int type,
                                         struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

/* Make it; @path gets its name. */
static inline bool directory_make(char path[DIRECTORY_SIZE])
{
	snprintf(path, DIRECTORY_SIZE, "/tmp/rootlet-test-XXXXXX");
	return mkdtemp(path) != NULL;
}

static inline int directory_remove(const char *path)
{
	return nftw(path, directory_remove_entry, 8, FTW_DEPTH | FTW_PHYS);
}
