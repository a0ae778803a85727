/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A container's cgroup through its life:
 *
 *	cgroup_plan()	decide the manager and the place; nothing exists yet
 *	cgroup_make()	make it, with its limits (cgroupfs)
 *	cgroup_enter_*	put init there (systemd), or see that it is there
 *	cgroup_open()	by what the state has recorded, ever after
 *	cgroup_remove()	with what the container made below it
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/arena.h"
#include "base/error.h"
#include "cgroup/resources.h"
#include "cgroup/systemd.h"
#include "cgroup/tree.h"
#include "spec/config.h"
#include "spec/state.h"

struct cgroup_request {
	int manager;      /* enum cgroup_manager: what was asked for */
	const char *path; /* linux.cgroupsPath, NULL: none */
	const char *id;   /* the container's */
	const struct resources *resources;
	const struct string_map *annotations; /* of config.json */
	bool host_root; /* we are root of the host, not of some user namespace */
};

struct cgroup {
	int manager; /* enum cgroup_manager, decided: never AUTO after cgroup_plan() */
	struct cgroup_tree tree;
	bool optional;               /* nothing asks for one: it is there for pause, ps and kill */
	bool disabled;               /* manager NONE, because that was asked for */
	const char *reason, *remedy; /* manager NONE: why, and what would change that */
	struct arena *arena;

	const char *asked; /* linux.cgroupsPath */
	const char *base;  /* manager FS: where we may make cgroups (fs.h); NULL: nowhere */
	const char *path;  /* from the tree's root; with systemd, known when init is in it */
	const char *made;  /* manager FS: the topmost directory that was made, NULL: none */
	struct scope scope;
	/* Those that are to be had, "cpu memory"; NULL: not known yet. */
	const char *controllers;
	struct cgroup_settings settings;
	const struct resources *resources;
	bool host_root;
	int interrupt_fd; /* signalfd that ends waits for systemd; the caller sets it, -1: none */

	int record_fd; /* of cgroup_make(), borrowed */
	int fd;        /* its directory, once it exists */
	uint64_t id;   /* cgroup_id() of it */
};

#define CGROUP_INIT                                                     \
	{                                                               \
		.tree = CGROUP_TREE_INIT, .interrupt_fd = -1, .fd = -1, \
	}

/*
 * cgroup_plan - decide who makes the cgroup, and check all that can be checked without it
 *
 * What was named explicitly and cannot be had is an error. Return: 0, or -1 with *err.
 */
int cgroup_plan(const struct cgroup_request *request, struct arena *arena, struct cgroup *cgroup,
                struct error **err);

/* Whether settings of @controller ("memory"; NULL: of every cgroup) can be in force in @cgroup. */
bool cgroup_has_controller(const struct cgroup *cgroup, const char *controller);

/*
 * cgroup_make - with the cgroupfs manager: make it and write its limits
 * @name:	stands for the container where linux.cgroupsPath does not; no other has it
 * @record_fd:	the container's directory: what is about to be made is noted there first, for
 *		cgroup_recall()
 */
int cgroup_make(struct cgroup *cgroup, const char *name, int record_fd, struct error **err);

/*
 * cgroup_enter_begin - the container's first process exists and waits
 * @cloned:	into the cgroup already
 *
 * cgroup_enter_end() follows before the process goes on; what lies between need not wait. Then
 * the limits are in force, and @cgroup->controllers is known.
 */
int cgroup_enter_begin(struct cgroup *cgroup, pid_t pid, bool cloned, struct error **err);
int cgroup_enter_end(struct cgroup *cgroup, struct error **err);

/* Undo what was made; processes in it are killed. Failures are warnings. */
void cgroup_undo(struct cgroup *cgroup);
void cgroup_close(struct cgroup *cgroup);

/* What of @cgroup the state keeps; its strings are the cgroup's. */
void cgroup_record(const struct cgroup *cgroup, struct state *state);

/* The same from what cgroup_make() noted, for a creation that died before it had a state. */
void cgroup_recall(int record_fd, struct arena *arena, struct state *state);

/*
 * cgroup_enable - have the controllers that @settings need in the cgroup of a container
 *
 * One that was made without limits may lack them. With the cgroupfs manager only: systemd has
 * given its scopes all there are. What cannot be had shows when the settings are written.
 */
int cgroup_enable(const struct state *state, const struct cgroup_settings *settings,
                  struct arena *arena, struct error **err);

/*
 * cgroup_open - the cgroup of a container
 * @fd:		gets its directory, of the caller's; -1: it has none, or it is gone
 *
 * A cgroup that somebody else made under the recorded path meanwhile is not it. Return: 0, or -1
 * with *err.
 */
int cgroup_open(const struct state *state, int *fd, struct error **err);

/*
 * cgroup_join - move process @pid into a container's cgroup
 * @fd:		directory of the cgroup, the container's or one below
 * @below:	its path from the container's cgroup, "" for that itself
 */
int cgroup_join(const struct state *state, int fd, const char *below, pid_t pid,
                struct error **err);

/* Freeze or thaw it, and wait until that is so; what fails, or takes longer, is undone. */
int cgroup_freeze(int fd, bool freeze, int timeout_ms, struct error **err);

/* SIGKILL all its processes, at once where the kernel can; waits for their end. */
int cgroup_kill(int fd, int timeout_ms, struct error **err);

/*
 * cgroup_signal - send @signal to each of its processes, and to those of its sub-cgroups
 *
 * Return: more than 0 when any got it, 0 when there are none, or -1 with *err.
 */
int cgroup_signal(int fd, int signal, struct error **err);

/* The pids in it and below, ascending, in our pid namespace; the caller frees *@pids. */
int cgroup_pids(int fd, pid_t **pids, size_t *count, struct error **err);

/* Remove all cgroups below it; they have no processes any more. */
int cgroup_clear(int fd, int timeout_ms, struct error **err);

/* Kill what is in it and remove it, with what is below, and the scope. Gone already: no error. */
int cgroup_remove(const struct state *state, int timeout_ms, struct error **err);
