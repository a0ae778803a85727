/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The state of a container as JSON: state.json in the state directory, and what `state`, `list`
 * and the hooks get to see (runtime-spec, runtime.md, "State").
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/arena.h"
#include "base/error.h"
#include "spec/config.h"

enum container_status {
	STATUS_CREATING,
	STATUS_CREATED,
	STATUS_RUNNING,
	STATUS_PAUSED,
	STATUS_STOPPED
};

/* The word that the spec has for @status. */
const char *container_status_name(enum container_status status);

/* Who makes a container's cgroup. */
enum cgroup_manager {
	CGROUP_MANAGER_NONE,
	CGROUP_MANAGER_AUTO,    /* asked for: by circumstance */
	CGROUP_MANAGER_FS,      /* we do, as directories */
	CGROUP_MANAGER_SYSTEMD, /* systemd does, as a scope */
};

struct state {
	char *id;
	char *oci_version;   /* of the bundle's config.json */
	pid_t pid;           /* of init in the runtime's pid namespace; 0: none */
	uint64_t start_time; /* of that process, clock ticks since boot: /proc/PID/stat field 22 */
	char *bundle;        /* absolute path */
	char *rootfs;        /* absolute path */
	char *created;       /* RFC 3339, UTC, nanoseconds */
	char *owner;         /* user name, or the uid in digits */
	uint32_t owner_uid;
	struct string_map annotations;
	/* The namespaces that init has of its own (not the runtime's): CLONE_NEW* bits. */
	uint64_t namespaces;
	/* st_ino of its mount and pid namespace in nsfs, 0 when it has none of its own. */
	uint64_t mount_namespace, pid_namespace;
	/*
	 * The mount namespace's number, which the kernel gives to no other one (base/proc.h). 0: not to
	 * be had, or not needed because there is a pid namespace of its own.
	 */
	uint64_t mount_namespace_id;
	bool terminal;
	/* What --network or the annotation asked for: "none", "host", "slirp"; NULL: nothing. */
	char *network;
	pid_t network_helper; /* 0: none */
	uint64_t network_helper_start;
	struct strings ports; /* "127.0.0.1:8080:80/tcp" */
	/* The container's cgroup, from the root of the v2 tree (cgroup/tree.h); NULL: none. */
	char *cgroup;
	uint64_t cgroup_id;  /* its inode number: another one under that path is not it */
	char *cgroup_made;   /* the topmost directory that was made for it, NULL: itself */
	int cgroup_manager;  /* enum cgroup_manager */
	char *cgroup_unit;   /* its scope, with systemd */
	char *cgroup_name;   /* what that says it is the scope of; only known before it is made */
	bool cgroup_of_user; /* which is of the user's systemd, not of the system's */
};

/* state.json as a document; the caller frees it. NULL when out of memory. */
char *state_format(const struct state *state, struct error **err);

/* Decode state.json; strings live in @arena. A damaged document is an error, not a crash. */
int state_parse(const char *text, size_t length, struct arena *arena, struct state *state,
                struct error **err);

/*
 * state_format_oci - the state as the spec has it, with runc's additions (pid, rootfs, created,
 * owner): indented, ended by a newline. `pid` is 0 when @status is stopped. The caller frees it.
 */
char *state_format_oci(const struct state *state, enum container_status status, struct error **err);

/*
 * state_format_process - the container process state for a seccomp agent (config-linux.md)
 * @pid:	of the process with the filter, in the runtime's pid namespace
 * @metadata:	listenerMetadata, may be NULL
 *
 * With one fd, "seccompFd". The caller frees it.
 */
char *state_format_process(const struct state *state, enum container_status status, pid_t pid,
                           const char *metadata, struct error **err);

/* The same document on one line, ended by a newline: what the hooks get on their stdin. */
char *state_format_hook(const struct state *state, enum container_status status,
                        struct error **err);

/*
 * state_format_list - the JSON array that `list --format json` prints: one line with its newline
 * @states, @statuses:	@count of each
 */
char *state_format_list(const struct state *states, const enum container_status *statuses,
                        size_t count, struct error **err);
