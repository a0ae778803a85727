/* SPDX-License-Identifier: Apache-2.0 */
/* Going through the cgroups below one, whoever made them and however many there are. */
#pragma once

struct cgroup_walk {
	/*
	 * A cgroup was found, as @name in the directory @parent_fd; may be NULL. Return: 0 to go
	 * into it, 1 to pass over it, -1 with errno to give up.
	 */
	int (*found)(int parent_fd, const char *name, void *data);
	/* We are in one, its directory is @fd; may be NULL. Return: 0, or -1 with errno. */
	int (*enter)(int fd, void *data);
	/* All below @name is done; we are in its parent again; may be NULL. Return: 0, or -1. */
	int (*leave)(int parent_fd, const char *name, void *data);
	void *data;
	int timeout_ms; /* for all of it (ETIMEDOUT) */
};

/*
 * cgroup_walk - visit the cgroup whose directory is @fd, and all below it
 *
 * enter() is called for it too, found() and leave() are not. Cgroups that come or go meanwhile
 * may be seen or not. Return: 0, or -1 with errno.
 */
int cgroup_walk(int fd, const struct cgroup_walk *walk);
