/* SPDX-License-Identifier: Apache-2.0 */
/*
 * config.json as typed structs (runtime-spec 1.3: config.md, config-linux.md). Everything outside
 * spec/ sees these and never JSON.
 *
 * Conventions: a struct decoded from one document lives in that document's arena; strings are
 * NULL when absent; arrays are a pointer and a count, and arrays of strings are NULL-terminated
 * besides; a number whose absence matters is a struct opt_*.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/arena.h"
#include "base/error.h"

/* GNU C predefines this word as a macro; here it is the name of a property. */
#undef linux

/* The version of the runtime-spec that is implemented. */
#define SPEC_VERSION "1.3.0"

struct opt_u32 {
	bool set;
	uint32_t value;
};

struct opt_i64 {
	bool set;
	int64_t value;
};

struct opt_u64 {
	bool set;
	uint64_t value;
};

struct opt_bool {
	bool set;
	bool value;
};

/* The strings of a JSON array; items[count] is NULL. items is NULL when the array is absent. */
struct strings {
	char **items;
	size_t count;
};

struct key_value {
	char *key;
	char *value;
};

/* A JSON object whose values are strings, in the document's order. */
struct string_map {
	struct key_value *items;
	size_t count;
};

struct id_mapping {
	uint32_t container_id;
	uint32_t host_id;
	uint32_t size;
};

struct id_mappings {
	struct id_mapping *items;
	size_t count;
};

struct user {
	uint32_t uid, gid;
	struct opt_u32 umask;
	struct {
		uint32_t *items;
		size_t count;
	} additional_gids;
};

/* Capability sets as masks: bit n is the capability with number n. */
struct capabilities {
	bool set; /* the property is there; absent means no capabilities at all */
	uint64_t bounding, effective, inheritable, permitted, ambient;
};

struct rlimit_config {
	int resource; /* RLIMIT_* */
	uint64_t soft, hard;
};

struct scheduler {
	bool set;
	int policy; /* SCHED_* */
	int32_t nice;
	int32_t priority;
	uint64_t flags;                     /* SCHED_FLAG_* */
	uint64_t runtime, deadline, period; /* nanoseconds */
};

struct io_priority {
	bool set;
	int class; /* IOPRIO_CLASS_* */
	int32_t priority;
};

struct console_size {
	bool set;
	uint16_t height, width; /* characters */
};

struct process {
	bool terminal;
	struct console_size console_size;
	char *cwd;
	struct strings env;
	struct strings args;
	struct user user;
	struct capabilities capabilities;
	struct {
		struct rlimit_config *items;
		size_t count;
	} rlimits;
	bool no_new_privileges;
	char *apparmor_profile;
	char *selinux_label;
	struct opt_i64 oom_score_adj;
	struct scheduler scheduler;
	struct io_priority io_priority;
	struct {
		char *initial, *final; /* CPU lists such as "0-3,7" */
	} exec_cpu_affinity;
};

struct root {
	char *path;
	bool readonly;
};

struct mount {
	char *destination;
	char *type;
	char *source;
	struct strings options;
	struct id_mappings uid_mappings, gid_mappings;
};

struct hook {
	char *path;
	struct strings args;
	struct strings env;
	struct opt_i64 timeout; /* seconds, at least 1 */
};

struct hook_list {
	struct hook *items;
	size_t count;
};

struct hooks {
	struct hook_list prestart, create_runtime, create_container;
	struct hook_list start_container, poststart, poststop;
};

enum namespace_type {
	NAMESPACE_PID,
	NAMESPACE_NETWORK,
	NAMESPACE_MOUNT,
	NAMESPACE_IPC,
	NAMESPACE_UTS,
	NAMESPACE_USER,
	NAMESPACE_CGROUP,
	NAMESPACE_TIME,
	NAMESPACE_COUNT
};

struct namespace_config {
	int type;   /* enum namespace_type */
	char *path; /* NULL: a new one ("" is decoded as NULL) */
};

struct device {
	char *path;
	char *type; /* "c", "u", "b" or "p" */
	struct opt_i64 major, minor;
	struct opt_u32 file_mode;
	struct opt_u32 uid, gid;
};

struct device_rule {
	bool allow;
	char *type; /* "a", "c", "b"; NULL means all */
	struct opt_i64 major, minor;
	char *access;
};

struct block_io_device {
	int64_t major, minor;
	struct opt_u32 weight, leaf_weight;
	struct opt_u64 rate;
};

struct block_io_devices {
	struct block_io_device *items;
	size_t count;
};

struct resources {
	bool set; /* the property is there */
	struct string_map unified;
	struct {
		struct device_rule *items;
		size_t count;
	} devices;
	struct {
		struct opt_i64 limit;
	} pids;
	struct {
		struct opt_u32 weight, leaf_weight;
		struct block_io_devices weight_device;
		struct block_io_devices throttle_read_bps, throttle_write_bps;
		struct block_io_devices throttle_read_iops, throttle_write_iops;
	} block_io;
	struct {
		char *cpus, *mems;
		struct opt_u64 shares, period, burst, realtime_period;
		struct opt_i64 quota, realtime_runtime, idle;
	} cpu;
	struct {
		struct hugepage_limit {
			char *page_size;
			uint64_t limit;
		} * items;
		size_t count;
	} hugepage_limits;
	struct {
		struct opt_i64 limit, reservation, swap, kernel, kernel_tcp;
		struct opt_u64 swappiness;
		struct opt_bool disable_oom_killer, use_hierarchy, check_before_update;
	} memory;
	struct {
		struct opt_u32 class_id;
		struct {
			struct network_priority {
				char *name;
				uint32_t priority;
			} * items;
			size_t count;
		} priorities;
	} network;
	struct {
		struct rdma_limit {
			char *device; /* the key */
			struct opt_u32 hca_handles, hca_objects;
		} * items;
		size_t count;
	} rdma;
};

struct seccomp_arg {
	uint32_t index;
	uint64_t value, value_two;
	int op; /* enum seccomp_operator */
};

enum seccomp_operator {
	SECCOMP_OP_NE,
	SECCOMP_OP_LT,
	SECCOMP_OP_LE,
	SECCOMP_OP_EQ,
	SECCOMP_OP_GE,
	SECCOMP_OP_GT,
	SECCOMP_OP_MASKED_EQ
};

enum seccomp_action {
	SECCOMP_ACTION_KILL_THREAD, /* SCMP_ACT_KILL, SCMP_ACT_KILL_THREAD */
	SECCOMP_ACTION_KILL_PROCESS,
	SECCOMP_ACTION_TRAP,
	SECCOMP_ACTION_ERRNO,
	SECCOMP_ACTION_TRACE,
	SECCOMP_ACTION_ALLOW,
	SECCOMP_ACTION_LOG,
	SECCOMP_ACTION_NOTIFY
};

struct seccomp_rule {
	struct strings names;
	int action; /* enum seccomp_action */
	struct opt_u32 errno_ret;
	struct {
		struct seccomp_arg *items;
		size_t count;
	} args;
};

struct seccomp {
	bool set;           /* the property is there */
	int default_action; /* enum seccomp_action */
	struct opt_u32 default_errno_ret;
	uint32_t flags; /* SECCOMP_FILTER_FLAG_* */
	bool flags_set;
	char *listener_path, *listener_metadata;
	struct strings architectures; /* SCMP_ARCH_* as written, checked to be known */
	struct {
		struct seccomp_rule *items;
		size_t count;
	} syscalls;
};

struct time_offset {
	bool set;
	int64_t secs;
	uint32_t nanosecs;
};

struct linux_config {
	struct {
		struct namespace_config *items;
		size_t count;
	} namespaces;
	struct id_mappings uid_mappings, gid_mappings;
	struct {
		struct device *items;
		size_t count;
	} devices;
	struct {
		struct net_device {
			char *host_name; /* the key */
			char *name;
		} * items;
		size_t count;
	} net_devices;
	char *cgroups_path;
	struct resources resources;
	struct string_map sysctl;
	struct seccomp seccomp;
	char *rootfs_propagation;
	struct strings masked_paths, readonly_paths;
	char *mount_label;
	struct {
		bool set;
		char *clos_id, *l3_cache_schema, *mem_bw_schema;
		struct strings schemata;
		bool enable_monitoring;
	} intel_rdt;
	struct {
		bool set;
		int mode;    /* MPOL_* */
		int flags;   /* MPOL_F_* */
		char *nodes; /* node list such as "0-1,3" */
	} memory_policy;
	struct {
		bool set;
		unsigned long domain; /* PER_* */
		struct strings flags;
	} personality;
	struct time_offsets {
		struct time_offset boottime, monotonic;
	} time_offsets;
};

struct config {
	struct arena *arena; /* holds all that the pointers in here point to */
	const char *text;    /* the document itself, for the copy in the state directory */
	size_t text_length;

	char *oci_version;
	struct root root;
	bool has_process;
	struct process process;
	char *hostname, *domainname;
	struct {
		struct mount *items;
		size_t count;
	} mounts;
	struct hooks hooks;
	struct string_map annotations;
	struct linux_config linux;
	/* Sections for other platforms that the document has, by name; for one warning. */
	bool has_windows, has_solaris, has_vm, has_zos, has_freebsd;
};

/*
 * config_parse - decode and validate a config.json
 * @text, @length:	the document; copied
 * @origin:		name of the document for messages, such as "config.json"
 * @config:		the result; release with config_free()
 *
 * All that can be decided without looking at the host is decided here: syntax, types, required
 * and unknown values, contradictions. Unknown properties are ignored (config.md, Extensibility).
 * Messages name the place: "config.json: mounts[3].options[0]: …".
 *
 * Return: 0, or -1 with *err set.
 */
int config_parse(const char *text, size_t length, const char *origin, struct config **config,
                 struct error **err);

/*
 * config_read - read and decode the file @path below directory @dirfd (AT_FDCWD: as usual)
 *
 * Files that are not regular, or larger than CONFIG_MAX_SIZE, are refused. @origin as above.
 */
int config_read(int dirfd, const char *path, const char *origin, struct config **config,
                struct error **err);

#define CONFIG_MAX_SIZE (16u << 20) /* bytes */

/* The same for a copy of a document: what it gives reason to warn about was said at the first time. */
int config_read_copy(int dirfd, const char *path, const char *origin, struct config **config,
                     struct error **err);

/*
 * config_format - @config as a document again: indented, ended by a newline
 *
 * What is absent or has its default value is left out. The caller frees the text.
 * Return: NULL with *err when a string is not UTF-8 or memory runs out.
 */
char *config_format(const struct config *config, struct error **err);

void config_free(struct config **config);
#define _cleanup_config_ _cleanup_(config_free)

/*
 * mounts_parse - decode mounts by themselves, an array or an object with the member mounts
 * @config:	gets them in place of its own; they live in its arena
 *
 * They are not validated here: that takes all of @config.
 */
int mounts_parse(const char *text, size_t length, const char *origin, struct config *config,
                 struct error **err);

/*
 * process_parse - decode and validate a process object by itself (exec --process)
 *
 * @process and what it points to live in @arena.
 */
int process_parse(const char *text, size_t length, const char *origin, struct arena *arena,
                  struct process **process, struct error **err);

/*
 * process_validate - the checks of config_parse() for a process put together from options (exec)
 * @where:	place of the process for messages, such as "process"; "" for none
 */
int process_validate(const struct process *process, const char *where, struct error **err);

/*
 * resources_parse - decode a resources object by itself (update --resources)
 *
 * Not validated here: what the caller adds may be needed for that. It lives in @arena.
 */
int resources_parse(const char *text, size_t length, const char *origin, struct arena *arena,
                    struct resources *resources, struct error **err);

/*
 * resources_validate - the checks of config_parse() for resources
 * @at:		their place, with a dot behind it, such as "linux.resources."; "" for none
 */
int resources_validate(const struct resources *resources, const char *at, struct error **err);

/* The namespace of @type that @config lists, NULL when it lists none. */
const struct namespace_config *config_namespace(const struct config *config,
                                                enum namespace_type type);

/* CLONE_NEW* for @type, and the name as in config.json ("network") and in /proc/PID/ns ("net"). */
int namespace_clone_flag(enum namespace_type type);
const char *namespace_name(enum namespace_type type);
const char *namespace_proc_name(enum namespace_type type);

/* The type of namespace that has the kernel parameter @key for itself; -1: it is the host's. */
int sysctl_namespace(const char *key);

/* The value of annotation @key, NULL when there is none. */
const char *config_annotation(const struct config *config, const char *key);
