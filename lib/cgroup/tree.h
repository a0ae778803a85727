/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The host's cgroup v2 tree (cgroups(7)) by directory fds: where it is mounted, who is where in
 * it, and the files of a cgroup. Paths are those of /proc/PID/cgroup: from the root of the tree,
 * which is the root of our cgroup namespace, with a leading slash.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/arena.h"
#include "base/error.h"

struct cgroup_tree {
	int fd;      /* its root directory; -1: this host has no v2 tree that we can see */
	bool hybrid; /* the controllers are in v1 trees: no limits here */
};

#define CGROUP_TREE_INIT  \
	{                 \
		.fd = -1, \
	}

/*
 * cgroup_tree_open - find the tree: /sys/fs/cgroup, or /sys/fs/cgroup/unified on hybrid hosts
 *
 * Each is checked to be a cgroup2 file system. Return: 0, or -1 with *err (errnum ENOENT: none).
 */
int cgroup_tree_open(struct cgroup_tree *tree, struct error **err);
void cgroup_tree_close(struct cgroup_tree *tree);
#define _cleanup_cgroup_tree_ _cleanup_(cgroup_tree_close)

/* Whether the tree's root is that of a cgroup namespace, in a container, and not the kernel's. */
bool cgroup_tree_is_namespaced(const struct cgroup_tree *tree);

/*
 * cgroup_path_of - the cgroup of process @pid; 0: our own
 * @proc_fd:	a checked procfs
 *
 * NULL with *err; errnum ENOENT: it has none, or one outside of our cgroup namespace.
 */
char *cgroup_path_of(int proc_fd, pid_t pid, struct arena *arena, struct error **err);

/*
 * cgroup_path_check - refuse what is no plain path: "..", ".", empty or overlong components
 * @what:	its place, for the message
 */
int cgroup_path_check(const char *path, const char *what, struct error **err);

/*
 * cgroup_open_at - the directory of the cgroup @path below @dir_fd; leading slashes mean nothing
 *
 * Through nothing but directories of the same file system. Return: an fd, or -1 with errno.
 */
int cgroup_open_at(int dir_fd, const char *path);

/*
 * As cgroup_open_at(); of a cgroup that has no permissions for us the fd is an O_PATH, with which only
 * who has capabilities over it gets to its files.
 */
int cgroup_open_closed_at(int dir_fd, const char *path);

/* The kernel's id of a cgroup, which no other one ever gets; 0 with errno. */
uint64_t cgroup_id(int fd);

/* --- files of the cgroup whose directory is @fd; errno tells why not ------------------------- */

/* All of @file, freed by the caller. Return: its length, or -1. */
ssize_t cgroup_read(int fd, const char *file, char **text);
/* With one write(2), which the kernel takes whole or not at all. */
int cgroup_write(int fd, const char *file, const char *text);

/* Whether the list of words @text ("cpu io memory\n") has @word. */
bool cgroup_has_word(const char *text, const char *word);

/* The value of @key in a file of lines "KEY VALUE", such as cgroup.events. Return: 0, or -1. */
int cgroup_read_key(int fd, const char *file, const char *key, uint64_t *value);

/*
 * cgroup_give - make it @uid's: the directory, and the files that come with a delegation
 *
 * As config-linux.md has it ("Cgroup ownership"). Return: 0, or -1 with errno.
 */
int cgroup_give(int fd, uid_t uid);

/* 1: it or one of its descendants has processes; 0: none; -1. */
int cgroup_is_populated(int fd);
/* Whether it has given controllers to those below it, and so cannot have processes itself. */
bool cgroup_is_inner(int fd);
/* 1: all its processes are frozen; 0: not; -1. */
int cgroup_is_frozen(int fd);
