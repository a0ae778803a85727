/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The mapping plan: which ids a container's user namespace has, and how they get there
 * (user_namespaces(7), newuidmap(1)).
 */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

#include "base/arena.h"
#include "base/error.h"
#include "idmap/subid.h"
#include "spec/config.h"

enum id_method {
	ID_METHOD_NONE,   /* no new user namespace */
	ID_METHOD_DIRECT, /* the runtime writes uid_map and gid_map itself */
	ID_METHOD_HELPERS /* newuidmap, newgidmap, or one of them */
};

struct id_plan {
	enum id_method method;
	struct id_mappings uids, gids;
	/*
	 * No process in the namespace can call setgroups(2): "deny" goes to /proc/PID/setgroups
	 * before gid_map, which the kernel demands of somebody who maps just his own gid.
	 */
	bool setgroups_denied;
	/*
	 * With ID_METHOD_HELPERS, absolute paths in static storage. NULL: that map is the caller's
	 * own id alone, which the kernel lets the runtime write, without a helper's cost.
	 */
	const char *newuidmap, *newgidmap;
};

/* Who asks, and what of the host matters; gathered once so that plans can be tested. */
struct id_caller {
	uid_t uid;
	gid_t gid;
	bool privileged; /* CAP_SETUID and CAP_SETGID in its own user namespace */
	/* With privileged: the ids that exist in its user namespace (/proc/self/uid_map). */
	struct id_mappings own_uids, own_gids;
	bool no_new_privs;     /* setuid helpers would not work */
	bool setgroups_denied; /* in its own user namespace, which ours inherits */
};

/* The caller is this process. Return: 0, or -1 with *err. */
int id_caller_load(struct arena *arena, struct id_caller *caller, struct error **err);

/*
 * id_plan_make - decide the mapping of a new user namespace
 * @config:	validated; its mappings when it has any; its process.user must be mapped in the end
 *
 * In this order: what config.json asks for, if the caller may have it; for a privileged caller,
 * every id that it has, as the same number; container 0 ↔ the caller and 1… ↔ all its subordinate
 * ids; container 0 ↔ the caller alone. Extents are split where the kernel or the helpers would not
 * take them in one piece, so there may be more of them than config.json has. Looks at the host
 * (subuid files, helpers) only as far as needed. Every refusal names the property and the remedy.
 *
 * Return: 0, or -1 with *err.
 */
int id_plan_make(const struct config *config, const struct id_caller *caller, struct arena *arena,
                 struct id_plan *plan, struct error **err);

/* The host id of container id @id under @mappings, -1 when it has none. */
int64_t id_mappings_to_host(const struct id_mappings *mappings, uint32_t id);
/* The container id of host id @id, -1 when it has none. */
int64_t id_mappings_to_container(const struct id_mappings *mappings, uint32_t id);

/* A mapping under way: the helpers run while the caller does something else. */
struct id_job {
	pid_t pids[2];  /* -1: none */
	int outputs[2]; /* what the helpers say, -1: none */
};

#define ID_JOB_INIT            \
	{                      \
		{ -1, -1 },    \
		{              \
			-1, -1 \
		}              \
	}

/*
 * id_userns_open - a user namespace with these maps and no process in it, for idmapped mounts
 *
 * For a caller that may write any map: root of its user namespace. Return: an fd, or -1 with *err.
 */
int id_userns_open(const struct id_mappings *uids, const struct id_mappings *gids,
                   struct error **err);

/*
 * id_map_begin - begin to write the maps of process @pid, which waits in its new user namespace
 *
 * @pid must be dumpable: otherwise its /proc files belong to root and the helpers refuse it.
 *
 * Return: 0, then id_map_end() must follow; or -1 with *err, nothing left running.
 */
int id_map_begin(const struct id_plan *plan, pid_t pid, struct id_job *job, struct error **err);
/* Wait for the end. Always reaps the helpers. Return: 0, or -1 with *err. */
int id_map_end(const struct id_plan *plan, struct id_job *job, struct error **err);

/*
 * id_explain_no_userns - add why clone(CLONE_NEWUSER) failed, and the remedy
 * @err:	the error to add to; its errnum decides with user.max_user_namespaces,
 *		kernel.unprivileged_userns_clone and kernel.apparmor_restrict_unprivileged_userns
 *
 * AppArmor lets the clone succeed and refuses the first mount instead: callers ask then, too.
 *
 * Return: -1 always.
 */
int id_explain_no_userns(struct error **err);
