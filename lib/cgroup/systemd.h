/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A container's cgroup as a transient scope of systemd: of the user's manager, or for root of the
 * system's.
 */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

#include "base/arena.h"
#include "base/error.h"
#include "spec/config.h"

struct scope_job; /* a request that was sent; systemd.c's own */

struct scope {
	const char *unit;  /* "rootlet-c1.scope" */
	const char *slice; /* "user.slice" */
	bool user;         /* of the user's manager */
	struct scope_job *job;
};

/*
 * scope_plan - decide the names
 * @cgroups_path:	"slice:prefix:name", each of which may be empty; NULL: the defaults
 * @name:		stands for the container where @cgroups_path does not name it
 * @user:		ask the user's manager
 */
int scope_plan(const char *cgroups_path, const char *name, bool user, struct arena *arena,
               struct scope *scope, struct error **err);

/* Whether there is a bus to ask: cheap, without a library or a connection. */
bool scope_available(bool user);

/*
 * scope_start_begin - ask for the scope with process @pid in it; does not wait
 *
 * On success scope_start_end() must follow.
 */
int scope_start_begin(struct scope *scope, pid_t pid, const struct resources *resources,
                      struct error **err);

/*
 * scope_start_end - wait, for a limited time, until the process is in the scope
 * @path:	gets the cgroup, from the root of the tree; in @arena
 */
int scope_start_end(struct scope *scope, struct arena *arena, const char **path,
                    struct error **err);

/* Forget a request that is not waited for any more. */
void scope_start_abort(struct scope *scope);

/* Change the limits of a scope, as properties. */
int scope_update(const char *unit, bool user, const struct resources *resources,
                 struct error **err);

/*
 * scope_attach - have systemd move @pid into the scope: across places that are not delegated
 * @subcgroup:	below the scope, "" for itself
 */
int scope_attach(const char *unit, bool user, const char *subcgroup, pid_t pid, struct error **err);

/* Stop the scope, and forget that it failed. One that is not there is no error. */
int scope_stop(const char *unit, bool user, struct error **err);
