/* SPDX-License-Identifier: Apache-2.0 */
/*
 * librootlet: the public API. OCI containers for people who have no root.
 *
 * Every function returns 0 or more on success. On failure it returns -1 and fills *error, whose
 * message is one line that names what failed, where and what to do; the caller releases it with
 * rootlet_error_clear(). Options structs start zeroed ("= { 0 }"), which asks for the defaults.
 * Strings given are borrowed for the call; strings returned belong to the caller (free()).
 * Functions are not safe to call from a process with several threads: they fork.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The version of the runtime-spec that this library implements. */
#define ROOTLET_SPEC_VERSION "1.3.0"

#define ROOTLET_PUBLIC       __attribute__((visibility("default")))

struct rootlet_error {
	int errnum;    /* errno value of the cause, 0 for none */
	int status;    /* exit status that suits a program: 1, 2, 125, 126, 127 */
	char *message; /* one line, no newline */
};

ROOTLET_PUBLIC void rootlet_error_clear(struct rootlet_error *error);

/* Where messages that are not results go (warnings): see rootlet_log_setup(). */
enum rootlet_log_format { ROOTLET_LOG_TEXT, ROOTLET_LOG_JSON };
enum rootlet_log_level {
	ROOTLET_LOG_ERROR,
	ROOTLET_LOG_WARNING,
	ROOTLET_LOG_INFO,
	ROOTLET_LOG_DEBUG
};

ROOTLET_PUBLIC void rootlet_log_setup(int fd, enum rootlet_log_format format,
                                      enum rootlet_log_level level);

enum rootlet_tristate { ROOTLET_AUTO, ROOTLET_TRUE, ROOTLET_FALSE };

/* Who makes the cgroups of containers: see rootlet(1), "--cgroup-manager". */
enum rootlet_cgroup_manager {
	ROOTLET_CGROUP_AUTO,
	ROOTLET_CGROUP_FS,
	ROOTLET_CGROUP_SYSTEMD,
	ROOTLET_CGROUP_DISABLED
};

/* How a program wants all calls to behave. */
struct rootlet_context {
	const char *root;               /* state directory; NULL: as rootlet(1), FILES says */
	enum rootlet_tristate rootless; /* whether the default state directory is the user's */
	bool strict;                    /* settings that would be lost with a warning are errors */
	enum rootlet_cgroup_manager cgroup_manager;
};

/* Options of create and run; see rootlet-run(1). */
struct rootlet_create_options {
	const char *bundle;         /* NULL: "." */
	const char *config;         /* path of config.json; NULL: config.json in the bundle */
	const char *console_socket; /* AF_UNIX socket that receives the pty master */
	const char *pidfd_socket;   /* AF_UNIX socket that receives init's pidfd */
	const char *pid_file;       /* init's pid in digits, written whole or not at all */
	unsigned int preserve_fds;  /* so many fds from 3 on are passed on */
	bool no_pivot;              /* MS_MOVE and chroot instead of pivot_root (initramfs) */
	const char *network;  /* none, host or slirp[:OPTION,…]; NULL: what config.json says */
	char *const *publish; /* NULL-terminated: [HOSTIP:]HOSTPORT:PORT[/tcp|udp] */
	bool no_new_keyring;  /* keep the caller's session keyring */
	/* run only */
	bool detach;       /* return when the program runs */
	bool keep;         /* do not delete the container when it has ended */
	bool no_subreaper; /* do not become the reaper of the container's orphans */
};

/*
 * For programs that create containers or exec in them: run from an executable that no container
 * can write. Call it first in main() with main's argv; where the caller could write its own
 * executable, the program starts anew from a sealed copy. Returns 0 when all is well.
 */
ROOTLET_PUBLIC int rootlet_protect_executable(char *const *argv, struct rootlet_error *error);

/* Make container @id; its program does not run yet. */
ROOTLET_PUBLIC int rootlet_create(const struct rootlet_context *context, const char *id,
                                  const struct rootlet_create_options *options,
                                  struct rootlet_error *error);

/*
 * Create, start, wait and delete. Signals and the terminal are forwarded meanwhile.
 * Return: the program's exit status, 128 + n when signal n ended it; 0 at once with @detach.
 */
ROOTLET_PUBLIC int rootlet_run(const struct rootlet_context *context, const char *id,
                               const struct rootlet_create_options *options,
                               struct rootlet_error *error);

/* Run the program of a created container. Fails when execve(2) does. */
ROOTLET_PUBLIC int rootlet_start(const struct rootlet_context *context, const char *id,
                                 struct rootlet_error *error);

/* The state as the spec's JSON, indented, ended by a newline. */
ROOTLET_PUBLIC int rootlet_state(const struct rootlet_context *context, const char *id, char **json,
                                 struct rootlet_error *error);

/*
 * Add mounts to a container that lives, or remove them: all or none.
 * @file:	JSON: the mounts of a config.json, as an array or as the member "mounts" of an object.
 *		To remove, only the destinations count, from the last to the first
 */
ROOTLET_PUBLIC int rootlet_mounts_add(const struct rootlet_context *context, const char *id,
                                      const char *file, struct rootlet_error *error);
ROOTLET_PUBLIC int rootlet_mounts_remove(const struct rootlet_context *context, const char *id,
                                         const char *file, struct rootlet_error *error);

/* A published port. */
struct rootlet_port {
	char host_ip[46]; /* as text, an IPv6 address without brackets */
	bool udp;
	uint16_t host_port, container_port;
};

/* The published ports of a container that lives, *@count of them; the caller frees the array. */
ROOTLET_PUBLIC int rootlet_ports(const struct rootlet_context *context, const char *id,
                                 struct rootlet_port **ports, size_t *count,
                                 struct rootlet_error *error);

/* Publish what @spec says ([HOSTIP:]HOSTPORT:PORT[/tcp|udp]), or end that: all of it or nothing. */
ROOTLET_PUBLIC int rootlet_port_add(const struct rootlet_context *context, const char *id,
                                    const char *spec, struct rootlet_error *error);
ROOTLET_PUBLIC int rootlet_port_remove(const struct rootlet_context *context, const char *id,
                                       const char *spec, struct rootlet_error *error);

/*
 * Send a signal.
 * @signal:	name with or without SIG, or number; NULL: TERM
 * @all:	to all processes of the container, also when init is already gone
 */
ROOTLET_PUBLIC int rootlet_kill(const struct rootlet_context *context, const char *id,
                                const char *signal, bool all, struct rootlet_error *error);

/* Freeze all processes of a container, let them go on. It must have a cgroup. */
ROOTLET_PUBLIC int rootlet_pause(const struct rootlet_context *context, const char *id,
                                 struct rootlet_error *error);
ROOTLET_PUBLIC int rootlet_resume(const struct rootlet_context *context, const char *id,
                                  struct rootlet_error *error);

/* Undo what create did. @force: end the processes first; an unknown id is no error then. */
ROOTLET_PUBLIC int rootlet_delete(const struct rootlet_context *context, const char *id, bool force,
                                  struct rootlet_error *error);

/* One container as `list` shows it. */
struct rootlet_container {
	char *id;
	pid_t pid; /* 0 when stopped */
	const char *status;
	char *bundle;
	char *created;
	char *owner;
};

struct rootlet_list {
	struct rootlet_container *items;
	size_t count;
	void *storage;
};

/* All containers of the state directory, sorted by id. Release with rootlet_list_clear(). */
ROOTLET_PUBLIC int rootlet_list(const struct rootlet_context *context, struct rootlet_list *list,
                                struct rootlet_error *error);
ROOTLET_PUBLIC void rootlet_list_clear(struct rootlet_list *list);

/* The same as a JSON array on one line. */
ROOTLET_PUBLIC int rootlet_list_json(const struct rootlet_context *context, char **json,
                                     struct rootlet_error *error);

/* Options of exec; see rootlet-exec(1). What is NULL or zero is as the container has it. */
struct rootlet_exec_options {
	const char *process_file; /* a process object as JSON; then args stays NULL */
	char *const *args;        /* NULL-terminated program and arguments */
	const char *cwd;
	char *const *env; /* NULL-terminated, "KEY=value"; added to the container's */
	const char *user; /* "UID" or "UID:GID" in digits */
	const uint32_t *additional_gids;
	size_t additional_gids_count;
	char *const *capabilities; /* NULL-terminated names to add */
	const char *process_label, *apparmor_profile;
	const char *cgroup;
	bool no_new_privs;
	bool tty;
	bool detach;
	bool ignore_paused;
	const char *console_socket, *pidfd_socket, *pid_file;
	unsigned int preserve_fds;
};

/* Run one more program in a container. Return as rootlet_run(). */
ROOTLET_PUBLIC int rootlet_exec(const struct rootlet_context *context, const char *id,
                                const struct rootlet_exec_options *options,
                                struct rootlet_error *error);

/* The pids of a container's processes, in the caller's pid namespace, ascending. */
ROOTLET_PUBLIC int rootlet_pids(const struct rootlet_context *context, const char *id, pid_t **pids,
                                size_t *count, struct rootlet_error *error);

/*
 * Options of update; see rootlet-update(1), whose options they are, as texts. What is NULL or ""
 * stays as it is.
 */
struct rootlet_update_options {
	const char *resources_file; /* linux.resources as JSON, "-": stdin; then no other counts */
	const char *memory, *memory_reservation, *memory_swap;
	const char *cpu_share, *cpu_quota, *cpu_period, *cpu_burst, *cpu_idle;
	const char *cpu_rt_period, *cpu_rt_runtime;
	const char *cpuset_cpus, *cpuset_mems;
	const char *pids_limit, *blkio_weight;
	const char *kernel_memory, *kernel_memory_tcp;
	const char *l3_cache_schema, *mem_bw_schema;
};

/* Change the limits of a container that lives: all that is asked for, or nothing. */
ROOTLET_PUBLIC int rootlet_update(const struct rootlet_context *context, const char *id,
                                  const struct rootlet_update_options *options,
                                  struct rootlet_error *error);

/* Options of events; see rootlet-events(1). */
struct rootlet_events_options {
	bool once;         /* statistics once, now */
	uint64_t interval; /* else every so many nanoseconds, not 0 */
};

/* Gets a line with its newline. Return: 0, or -1 to stop with an error. */
typedef int (*rootlet_line_function)(const char *line, void *data);

/* Events of a container as lines of JSON, until it ends. @data is handed to @print. */
ROOTLET_PUBLIC int rootlet_events(const struct rootlet_context *context, const char *id,
                                  const struct rootlet_events_options *options,
                                  rootlet_line_function print, void *data,
                                  struct rootlet_error *error);

/* A config.json. @rootless: with the caller's own ids mapped in it, as runc's --rootless. */
ROOTLET_PUBLIC int rootlet_spec(bool rootless, char **json, struct rootlet_error *error);

/* What this build supports, as the spec's features JSON. */
ROOTLET_PUBLIC int rootlet_features(char **json, struct rootlet_error *error);

#ifdef __cplusplus
}
#endif
