/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A container's cgroup as a transient scope of systemd: of the user's manager, or for root of the
 * system's. Waits are bounded (bus.h); errors say what is missing.
 *
 *	scope_plan()		its names
 *	scope_limit()		its properties
 *	scope_connect()		a connection to systemd (perhaps earlier than it is needed)
 *	scope_start_begin()	ask for it, with a process in it
 *	scope_start_end()	it is there, its limits are in force, the process is in it
 *	scope_close()		in any case
 *
 * Where scope_start_begin() was reached and scope_start_end() was not, or has failed, scope_stop()
 * with the name of the container leaves nothing.
 */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

#include "base/arena.h"
#include "base/error.h"
#include "cgroup/bus.h"
#include "cgroup/properties.h"
#include "cgroup/resources.h"
#include "spec/config.h"

/* What `systemctl status` calls it, for the name of the container. */
#define SCOPE_DESCRIPTION "OCI container %s"

struct scope {
	const char *name;  /* of the container; no other has it */
	const char *unit;  /* "libpod-c1.scope" */
	const char *slice; /* "a-b.slice"; NULL: the one that the manager has for scopes */
	bool user;         /* of the user's manager, else of the system's */
	struct unit_properties properties;
	struct bus *bus;
	pid_t pid; /* what scope_start_begin() asked for; 0: not yet */
};

/* Is @cgroups_path (NULL: none) of the form that means systemd: slice:prefix:name? */
bool scope_is_path(const char *cgroups_path);

/*
 * scope_manager_length - how much of a unit's cgroup @path is that of the manager whose unit it is
 *
 * Up to user@1000.service; 0: it is the system's, whose cgroup is the root.
 */
size_t scope_manager_length(const char *path);

/*
 * scope_plan - the names of a container's unit; keeps its properties and its connection
 * @cgroups_path:	linux.cgroupsPath, slice:prefix:name; NULL or "": the unit is @name.scope
 * @name:		of the container, which no other has
 * @user:		of the user's manager
 *
 * prefix-name.scope, or name.scope with an empty prefix; an empty slice is the manager's default.
 * What a unit's name cannot hold is escaped as systemd-escape(1) does it, except for what cannot
 * have been meant ('/', control characters), which is refused. Strings live in @arena.
 */
int scope_plan(const char *cgroups_path, const char *name, bool user, struct arena *arena,
               struct scope *scope, struct error **err);

/*
 * scope_limit - the properties of a container's unit
 * @settings:		what will be written to the files, too
 * @devices:		rules for the system's manager, NULL: none
 * @annotations:	of config.json: org.systemd.property.NAME
 */
int scope_limit(struct scope *scope, const struct cgroup_settings *settings,
                const struct resources *devices, const struct string_map *annotations,
                struct arena *arena, struct error **err);

/* Whether there is a systemd to ask: cheap, without a library or a connection. */
bool scope_available(bool user);

/* The error that there is none. Returns -1. */
int scope_explain_absence(bool user, struct error **err);

/* Connect; @interrupt_fd (signalfd, -1: none) ends every wait of this scope. */
int scope_connect(struct scope *scope, int interrupt_fd, struct error **err);
void scope_close(struct scope *scope);

/* Ask for the scope with process @pid in it; does not wait, but for a connection without one. */
int scope_start_begin(struct scope *scope, pid_t pid, struct error **err);

/*
 * scope_start_end - wait until the process is in the scope
 * @path:	gets the cgroup, from the root of the tree; in @arena
 */
int scope_start_end(struct scope *scope, struct arena *arena, const char **path,
                    struct error **err);

/* Change the limits of a scope, as properties, all or none; the files are the caller's. */
int scope_update(const char *unit, bool user, const struct cgroup_settings *settings,
                 struct arena *arena, struct error **err);

/*
 * scope_attach - have systemd move @pid into the scope: across places that are not delegated
 * @subcgroup:	below the scope, "" for itself
 *
 * The process must still have the caller's uid.
 */
int scope_attach(const char *unit, bool user, const char *subcgroup, pid_t pid, struct error **err);

/*
 * scope_stop - end what is in the scope and have systemd forget it
 * @name:	of the container, as of scope_plan(): a unit that is not of this container stays.
 *		NULL: the caller knows that it is. Names of units can be taken by others
 *
 * One that is not there is no error.
 */
int scope_stop(const char *unit, bool user, const char *name, int timeout_ms, struct error **err);
