/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation: config.json as tables, one per kind of object, in the order in which a
 * document is written. json.c decodes and encodes along them. A table for a struct that has no name
 * of its own (struct resources' memory, for one) has offsets from the named struct around it, and
 * is entered with offset 0.
 */
#include "spec/config.h"
#include "spec/json.h"
#include "spec/names.h"
#include "spec/tables.h"

#define FIELDS (const struct json_field[])

/* clang-format off */
/* --- process --- */

static const struct json_table console_size_table = {
	.fields = FIELDS{
		{ "height", FIELD_UNSIGNED, JSON_MEMBER(struct process, console_size.height),
		  .flags = FIELD_REQUIRED },
		{ "width", FIELD_UNSIGNED, JSON_MEMBER(struct process, console_size.width),
		  .flags = FIELD_REQUIRED },
		{ NULL },
	},
};

static const struct json_table user_table = {
	.fields = FIELDS{
		{ "uid", FIELD_UNSIGNED, JSON_MEMBER(struct user, uid), .flags = FIELD_ALWAYS },
		{ "gid", FIELD_UNSIGNED, JSON_MEMBER(struct user, gid), .flags = FIELD_ALWAYS },
		{ "umask", FIELD_OPT_U32, JSON_MEMBER(struct user, umask) },
		{ "additionalGids", FIELD_NUMBERS, JSON_MEMBER(struct user, additional_gids) },
		{ NULL },
	},
};

static const struct json_table capabilities_table = {
	.fields = FIELDS{
		{ "bounding", FIELD_CAPABILITIES, JSON_MEMBER(struct capabilities, bounding) },
		{ "effective", FIELD_CAPABILITIES, JSON_MEMBER(struct capabilities, effective) },
		{ "inheritable", FIELD_CAPABILITIES,
		  JSON_MEMBER(struct capabilities, inheritable) },
		{ "permitted", FIELD_CAPABILITIES, JSON_MEMBER(struct capabilities, permitted) },
		{ "ambient", FIELD_CAPABILITIES, JSON_MEMBER(struct capabilities, ambient) },
		{ NULL },
	},
};

static const struct json_table rlimit_table = {
	.size = sizeof(struct rlimit_config),
	.fields = FIELDS{
		{ "type", FIELD_ENUM, JSON_MEMBER(struct rlimit_config, resource),
		  .names = rlimit_names, .flags = FIELD_REQUIRED },
		{ "hard", FIELD_UNSIGNED, JSON_MEMBER(struct rlimit_config, hard),
		  .flags = FIELD_REQUIRED },
		{ "soft", FIELD_UNSIGNED, JSON_MEMBER(struct rlimit_config, soft),
		  .flags = FIELD_REQUIRED },
		{ NULL },
	},
};

static const struct json_table scheduler_table = {
	.fields = FIELDS{
		{ "policy", FIELD_ENUM, JSON_MEMBER(struct scheduler, policy),
		  .names = scheduler_names, .flags = FIELD_REQUIRED },
		{ "nice", FIELD_SIGNED, JSON_MEMBER(struct scheduler, nice) },
		{ "priority", FIELD_SIGNED, JSON_MEMBER(struct scheduler, priority) },
		{ "flags", FIELD_FLAGS, JSON_MEMBER(struct scheduler, flags),
		  .names = scheduler_flag_names },
		{ "runtime", FIELD_UNSIGNED, JSON_MEMBER(struct scheduler, runtime) },
		{ "deadline", FIELD_UNSIGNED, JSON_MEMBER(struct scheduler, deadline) },
		{ "period", FIELD_UNSIGNED, JSON_MEMBER(struct scheduler, period) },
		{ NULL },
	},
};

static const struct json_table io_priority_table = {
	.fields = FIELDS{
		{ "class", FIELD_ENUM, JSON_MEMBER(struct io_priority, class),
		  .names = io_class_names, .flags = FIELD_REQUIRED },
		{ "priority", FIELD_SIGNED, JSON_MEMBER(struct io_priority, priority) },
		{ NULL },
	},
};

static const struct json_table exec_cpu_affinity_table = {
	.fields = FIELDS{
		{ "initial", FIELD_STRING, JSON_MEMBER(struct process, exec_cpu_affinity.initial) },
		{ "final", FIELD_STRING, JSON_MEMBER(struct process, exec_cpu_affinity.final) },
		{ NULL },
	},
};

const struct json_table process_table = {
	.fields = FIELDS{
		{ "terminal", FIELD_BOOL, JSON_MEMBER(struct process, terminal) },
		{ "consoleSize", FIELD_OBJECT, .table = &console_size_table,
		  .present = offsetof(struct process, console_size.set) },
		{ "user", FIELD_OBJECT, JSON_MEMBER(struct process, user), .table = &user_table },
		{ "args", FIELD_STRINGS, JSON_MEMBER(struct process, args),
		  .flags = FIELD_REQUIRED },
		{ "env", FIELD_STRINGS, JSON_MEMBER(struct process, env) },
		{ "cwd", FIELD_STRING, JSON_MEMBER(struct process, cwd), .flags = FIELD_REQUIRED },
		{ "capabilities", FIELD_OBJECT, JSON_MEMBER(struct process, capabilities),
		  .table = &capabilities_table,
		  .present = offsetof(struct process, capabilities.set) },
		{ "rlimits", FIELD_OBJECTS, JSON_MEMBER(struct process, rlimits),
		  .table = &rlimit_table },
		{ "noNewPrivileges", FIELD_BOOL, JSON_MEMBER(struct process, no_new_privileges) },
		{ "apparmorProfile", FIELD_STRING, JSON_MEMBER(struct process, apparmor_profile),
		  .flags = FIELD_EMPTY_IS_ABSENT },
		{ "oomScoreAdj", FIELD_OPT_I64, JSON_MEMBER(struct process, oom_score_adj) },
		{ "scheduler", FIELD_OBJECT, JSON_MEMBER(struct process, scheduler),
		  .table = &scheduler_table, .present = offsetof(struct process, scheduler.set) },
		{ "selinuxLabel", FIELD_STRING, JSON_MEMBER(struct process, selinux_label),
		  .flags = FIELD_EMPTY_IS_ABSENT },
		{ "ioPriority", FIELD_OBJECT, JSON_MEMBER(struct process, io_priority),
		  .table = &io_priority_table,
		  .present = offsetof(struct process, io_priority.set) },
		{ "execCPUAffinity", FIELD_OBJECT, .table = &exec_cpu_affinity_table },
		{ NULL },
	},
};

/* --- root, mounts, hooks --- */

static const struct json_table root_table = {
	.fields = FIELDS{
		{ "path", FIELD_STRING, JSON_MEMBER(struct root, path), .flags = FIELD_REQUIRED },
		{ "readonly", FIELD_BOOL, JSON_MEMBER(struct root, readonly) },
		{ NULL },
	},
};

static const struct json_table id_mapping_table = {
	.size = sizeof(struct id_mapping),
	.fields = FIELDS{
		{ "containerID", FIELD_UNSIGNED, JSON_MEMBER(struct id_mapping, container_id),
		  .flags = FIELD_REQUIRED },
		{ "hostID", FIELD_UNSIGNED, JSON_MEMBER(struct id_mapping, host_id),
		  .flags = FIELD_REQUIRED },
		{ "size", FIELD_UNSIGNED, JSON_MEMBER(struct id_mapping, size),
		  .flags = FIELD_REQUIRED },
		{ NULL },
	},
};

static const struct json_table mount_table = {
	.size = sizeof(struct mount),
	.fields = FIELDS{
		{ "destination", FIELD_STRING, JSON_MEMBER(struct mount, destination),
		  .flags = FIELD_REQUIRED },
		{ "type", FIELD_STRING, JSON_MEMBER(struct mount, type),
		  .flags = FIELD_EMPTY_IS_ABSENT },
		{ "source", FIELD_STRING, JSON_MEMBER(struct mount, source),
		  .flags = FIELD_EMPTY_IS_ABSENT },
		{ "options", FIELD_STRINGS, JSON_MEMBER(struct mount, options) },
		{ "uidMappings", FIELD_OBJECTS, JSON_MEMBER(struct mount, uid_mappings),
		  .table = &id_mapping_table },
		{ "gidMappings", FIELD_OBJECTS, JSON_MEMBER(struct mount, gid_mappings),
		  .table = &id_mapping_table },
		{ NULL },
	},
};

static const struct json_table hook_table = {
	.size = sizeof(struct hook),
	.fields = FIELDS{
		{ "path", FIELD_STRING, JSON_MEMBER(struct hook, path), .flags = FIELD_REQUIRED },
		{ "args", FIELD_STRINGS, JSON_MEMBER(struct hook, args) },
		{ "env", FIELD_STRINGS, JSON_MEMBER(struct hook, env) },
		{ "timeout", FIELD_OPT_I64, JSON_MEMBER(struct hook, timeout) },
		{ NULL },
	},
};

static const struct json_table hooks_table = {
	.fields = FIELDS{
		{ "prestart", FIELD_OBJECTS, JSON_MEMBER(struct hooks, prestart),
		  .table = &hook_table },
		{ "createRuntime", FIELD_OBJECTS, JSON_MEMBER(struct hooks, create_runtime),
		  .table = &hook_table },
		{ "createContainer", FIELD_OBJECTS, JSON_MEMBER(struct hooks, create_container),
		  .table = &hook_table },
		{ "startContainer", FIELD_OBJECTS, JSON_MEMBER(struct hooks, start_container),
		  .table = &hook_table },
		{ "poststart", FIELD_OBJECTS, JSON_MEMBER(struct hooks, poststart),
		  .table = &hook_table },
		{ "poststop", FIELD_OBJECTS, JSON_MEMBER(struct hooks, poststop),
		  .table = &hook_table },
		{ NULL },
	},
};

/* --- linux.resources --- */

static const struct json_table device_rule_table = {
	.size = sizeof(struct device_rule),
	.fields = FIELDS{
		{ "allow", FIELD_BOOL, JSON_MEMBER(struct device_rule, allow),
		  .flags = FIELD_REQUIRED },
		{ "type", FIELD_STRING, JSON_MEMBER(struct device_rule, type),
		  .flags = FIELD_EMPTY_IS_ABSENT },
		{ "major", FIELD_OPT_I64, JSON_MEMBER(struct device_rule, major) },
		{ "minor", FIELD_OPT_I64, JSON_MEMBER(struct device_rule, minor) },
		{ "access", FIELD_STRING, JSON_MEMBER(struct device_rule, access) },
		{ NULL },
	},
};

static const struct json_table pids_table = {
	.fields = FIELDS{
		{ "limit", FIELD_OPT_I64, JSON_MEMBER(struct resources, pids.limit),
		  .flags = FIELD_REQUIRED },
		{ NULL },
	},
};

static const struct json_table block_io_device_table = {
	.size = sizeof(struct block_io_device),
	.fields = FIELDS{
		{ "major", FIELD_SIGNED, JSON_MEMBER(struct block_io_device, major),
		  .flags = FIELD_REQUIRED },
		{ "minor", FIELD_SIGNED, JSON_MEMBER(struct block_io_device, minor),
		  .flags = FIELD_REQUIRED },
		{ "weight", FIELD_OPT_U32, JSON_MEMBER(struct block_io_device, weight),
		  .maximum = UINT16_MAX },
		{ "leafWeight", FIELD_OPT_U32, JSON_MEMBER(struct block_io_device, leaf_weight),
		  .maximum = UINT16_MAX },
		{ "rate", FIELD_OPT_U64, JSON_MEMBER(struct block_io_device, rate) },
		{ NULL },
	},
};

static const struct json_table block_io_table = {
	.fields = FIELDS{
		{ "weight", FIELD_OPT_U32, JSON_MEMBER(struct resources, block_io.weight),
		  .maximum = UINT16_MAX },
		{ "leafWeight", FIELD_OPT_U32, JSON_MEMBER(struct resources, block_io.leaf_weight),
		  .maximum = UINT16_MAX },
		{ "weightDevice", FIELD_OBJECTS,
		  JSON_MEMBER(struct resources, block_io.weight_device),
		  .table = &block_io_device_table },
		{ "throttleReadBpsDevice", FIELD_OBJECTS,
		  JSON_MEMBER(struct resources, block_io.throttle_read_bps),
		  .table = &block_io_device_table },
		{ "throttleWriteBpsDevice", FIELD_OBJECTS,
		  JSON_MEMBER(struct resources, block_io.throttle_write_bps),
		  .table = &block_io_device_table },
		{ "throttleReadIOPSDevice", FIELD_OBJECTS,
		  JSON_MEMBER(struct resources, block_io.throttle_read_iops),
		  .table = &block_io_device_table },
		{ "throttleWriteIOPSDevice", FIELD_OBJECTS,
		  JSON_MEMBER(struct resources, block_io.throttle_write_iops),
		  .table = &block_io_device_table },
		{ NULL },
	},
};

static const struct json_table cpu_table = {
	.fields = FIELDS{
		{ "shares", FIELD_OPT_U64, JSON_MEMBER(struct resources, cpu.shares) },
		{ "quota", FIELD_OPT_I64, JSON_MEMBER(struct resources, cpu.quota) },
		{ "burst", FIELD_OPT_U64, JSON_MEMBER(struct resources, cpu.burst) },
		{ "period", FIELD_OPT_U64, JSON_MEMBER(struct resources, cpu.period) },
		{ "realtimeRuntime", FIELD_OPT_I64,
		  JSON_MEMBER(struct resources, cpu.realtime_runtime) },
		{ "realtimePeriod", FIELD_OPT_U64,
		  JSON_MEMBER(struct resources, cpu.realtime_period) },
		{ "cpus", FIELD_STRING, JSON_MEMBER(struct resources, cpu.cpus),
		  .flags = FIELD_EMPTY_IS_ABSENT },
		{ "mems", FIELD_STRING, JSON_MEMBER(struct resources, cpu.mems),
		  .flags = FIELD_EMPTY_IS_ABSENT },
		{ "idle", FIELD_OPT_I64, JSON_MEMBER(struct resources, cpu.idle) },
		{ NULL },
	},
};

static const struct json_table hugepage_limit_table = {
	.size = sizeof(struct hugepage_limit),
	.fields = FIELDS{
		{ "pageSize", FIELD_STRING, JSON_MEMBER(struct hugepage_limit, page_size),
		  .flags = FIELD_REQUIRED },
		{ "limit", FIELD_UNSIGNED, JSON_MEMBER(struct hugepage_limit, limit),
		  .flags = FIELD_REQUIRED },
		{ NULL },
	},
};

static const struct json_table memory_table = {
	.fields = FIELDS{
		{ "limit", FIELD_OPT_I64, JSON_MEMBER(struct resources, memory.limit) },
		{ "reservation", FIELD_OPT_I64, JSON_MEMBER(struct resources, memory.reservation) },
		{ "swap", FIELD_OPT_I64, JSON_MEMBER(struct resources, memory.swap) },
		{ "kernel", FIELD_OPT_I64, JSON_MEMBER(struct resources, memory.kernel) },
		{ "kernelTCP", FIELD_OPT_I64, JSON_MEMBER(struct resources, memory.kernel_tcp) },
		{ "swappiness", FIELD_OPT_U64, JSON_MEMBER(struct resources, memory.swappiness) },
		{ "disableOOMKiller", FIELD_OPT_BOOL,
		  JSON_MEMBER(struct resources, memory.disable_oom_killer) },
		{ "useHierarchy", FIELD_OPT_BOOL,
		  JSON_MEMBER(struct resources, memory.use_hierarchy) },
		{ "checkBeforeUpdate", FIELD_OPT_BOOL,
		  JSON_MEMBER(struct resources, memory.check_before_update) },
		{ NULL },
	},
};

static const struct json_table network_priority_table = {
	.size = sizeof(struct network_priority),
	.fields = FIELDS{
		{ "name", FIELD_STRING, JSON_MEMBER(struct network_priority, name),
		  .flags = FIELD_REQUIRED },
		{ "priority", FIELD_UNSIGNED, JSON_MEMBER(struct network_priority, priority),
		  .flags = FIELD_REQUIRED },
		{ NULL },
	},
};

static const struct json_table network_table = {
	.fields = FIELDS{
		{ "classID", FIELD_OPT_U32, JSON_MEMBER(struct resources, network.class_id) },
		{ "priorities", FIELD_OBJECTS, JSON_MEMBER(struct resources, network.priorities),
		  .table = &network_priority_table },
		{ NULL },
	},
};

static const struct json_table rdma_limit_table = {
	.size = sizeof(struct rdma_limit),
	.key = offsetof(struct rdma_limit, device),
	.fields = FIELDS{
		{ "hcaHandles", FIELD_OPT_U32, JSON_MEMBER(struct rdma_limit, hca_handles) },
		{ "hcaObjects", FIELD_OPT_U32, JSON_MEMBER(struct rdma_limit, hca_objects) },
		{ NULL },
	},
};

const struct json_table resources_table = {
	.fields = FIELDS{
		{ "unified", FIELD_STRING_MAP, JSON_MEMBER(struct resources, unified) },
		{ "devices", FIELD_OBJECTS, JSON_MEMBER(struct resources, devices),
		  .table = &device_rule_table },
		{ "pids", FIELD_OBJECT, .table = &pids_table },
		{ "blockIO", FIELD_OBJECT, .table = &block_io_table },
		{ "cpu", FIELD_OBJECT, .table = &cpu_table },
		{ "hugepageLimits", FIELD_OBJECTS, JSON_MEMBER(struct resources, hugepage_limits),
		  .table = &hugepage_limit_table },
		{ "memory", FIELD_OBJECT, .table = &memory_table },
		{ "network", FIELD_OBJECT, .table = &network_table },
		{ "rdma", FIELD_OBJECT_MAP, JSON_MEMBER(struct resources, rdma),
		  .table = &rdma_limit_table },
		{ NULL },
	},
};

/* --- linux.seccomp --- */

static const struct json_table seccomp_arg_table = {
	.size = sizeof(struct seccomp_arg),
	.fields = FIELDS{
		{ "index", FIELD_UNSIGNED, JSON_MEMBER(struct seccomp_arg, index),
		  .flags = FIELD_REQUIRED },
		{ "value", FIELD_UNSIGNED, JSON_MEMBER(struct seccomp_arg, value),
		  .flags = FIELD_REQUIRED },
		{ "valueTwo", FIELD_UNSIGNED, JSON_MEMBER(struct seccomp_arg, value_two) },
		{ "op", FIELD_ENUM, JSON_MEMBER(struct seccomp_arg, op),
		  .names = seccomp_operator_names, .flags = FIELD_REQUIRED },
		{ NULL },
	},
};

static const struct json_table seccomp_rule_table = {
	.size = sizeof(struct seccomp_rule),
	.fields = FIELDS{
		{ "names", FIELD_STRINGS, JSON_MEMBER(struct seccomp_rule, names),
		  .flags = FIELD_REQUIRED },
		{ "action", FIELD_ENUM, JSON_MEMBER(struct seccomp_rule, action),
		  .names = seccomp_action_names, .flags = FIELD_REQUIRED },
		{ "errnoRet", FIELD_OPT_U32, JSON_MEMBER(struct seccomp_rule, errno_ret) },
		{ "args", FIELD_OBJECTS, JSON_MEMBER(struct seccomp_rule, args),
		  .table = &seccomp_arg_table },
		{ NULL },
	},
};

static const struct json_table seccomp_table = {
	.fields = FIELDS{
		{ "defaultAction", FIELD_ENUM, JSON_MEMBER(struct seccomp, default_action),
		  .names = seccomp_action_names, .flags = FIELD_REQUIRED },
		{ "defaultErrnoRet", FIELD_OPT_U32,
		  JSON_MEMBER(struct seccomp, default_errno_ret) },
		{ "architectures", FIELD_STRINGS, JSON_MEMBER(struct seccomp, architectures),
		  .names = seccomp_arch_names },
		{ "flags", FIELD_FLAGS, JSON_MEMBER(struct seccomp, flags),
		  .names = seccomp_flag_names, .present = offsetof(struct seccomp, flags_set) },
		{ "listenerPath", FIELD_STRING, JSON_MEMBER(struct seccomp, listener_path),
		  .flags = FIELD_EMPTY_IS_ABSENT },
		{ "listenerMetadata", FIELD_STRING, JSON_MEMBER(struct seccomp, listener_metadata),
		  .flags = FIELD_EMPTY_IS_ABSENT },
		{ "syscalls", FIELD_OBJECTS, JSON_MEMBER(struct seccomp, syscalls),
		  .table = &seccomp_rule_table },
		{ NULL },
	},
};

/* --- linux --- */

static const struct json_table namespace_table = {
	.size = sizeof(struct namespace_config),
	.fields = FIELDS{
		{ "type", FIELD_ENUM, JSON_MEMBER(struct namespace_config, type),
		  .names = namespace_names, .flags = FIELD_REQUIRED },
		{ "path", FIELD_STRING, JSON_MEMBER(struct namespace_config, path),
		  .flags = FIELD_EMPTY_IS_ABSENT },
		{ NULL },
	},
};

static const struct json_table device_table = {
	.size = sizeof(struct device),
	.fields = FIELDS{
		{ "path", FIELD_STRING, JSON_MEMBER(struct device, path),
		  .flags = FIELD_REQUIRED },
		{ "type", FIELD_STRING, JSON_MEMBER(struct device, type),
		  .flags = FIELD_REQUIRED },
		{ "major", FIELD_OPT_I64, JSON_MEMBER(struct device, major) },
		{ "minor", FIELD_OPT_I64, JSON_MEMBER(struct device, minor) },
		{ "fileMode", FIELD_OPT_U32, JSON_MEMBER(struct device, file_mode) },
		{ "uid", FIELD_OPT_U32, JSON_MEMBER(struct device, uid) },
		{ "gid", FIELD_OPT_U32, JSON_MEMBER(struct device, gid) },
		{ NULL },
	},
};

static const struct json_table net_device_table = {
	.size = sizeof(struct net_device),
	.key = offsetof(struct net_device, host_name),
	.fields = FIELDS{
		{ "name", FIELD_STRING, JSON_MEMBER(struct net_device, name),
		  .flags = FIELD_EMPTY_IS_ABSENT },
		{ NULL },
	},
};

static const struct json_table intel_rdt_table = {
	.fields = FIELDS{
		{ "closID", FIELD_STRING, JSON_MEMBER(struct linux_config, intel_rdt.clos_id),
		  .flags = FIELD_EMPTY_IS_ABSENT },
		{ "schemata", FIELD_STRINGS, JSON_MEMBER(struct linux_config, intel_rdt.schemata) },
		{ "l3CacheSchema", FIELD_STRING,
		  JSON_MEMBER(struct linux_config, intel_rdt.l3_cache_schema),
		  .flags = FIELD_EMPTY_IS_ABSENT },
		{ "memBwSchema", FIELD_STRING,
		  JSON_MEMBER(struct linux_config, intel_rdt.mem_bw_schema),
		  .flags = FIELD_EMPTY_IS_ABSENT },
		{ "enableMonitoring", FIELD_BOOL,
		  JSON_MEMBER(struct linux_config, intel_rdt.enable_monitoring) },
		{ NULL },
	},
};

static const struct json_table memory_policy_table = {
	.fields = FIELDS{
		{ "mode", FIELD_ENUM, JSON_MEMBER(struct linux_config, memory_policy.mode),
		  .names = memory_policy_names, .flags = FIELD_REQUIRED },
		{ "nodes", FIELD_STRING, JSON_MEMBER(struct linux_config, memory_policy.nodes),
		  .flags = FIELD_EMPTY_IS_ABSENT },
		{ "flags", FIELD_FLAGS, JSON_MEMBER(struct linux_config, memory_policy.flags),
		  .names = memory_policy_flag_names },
		{ NULL },
	},
};

static const struct json_table personality_table = {
	.fields = FIELDS{
		{ "domain", FIELD_ENUM, JSON_MEMBER(struct linux_config, personality.domain),
		  .names = personality_names, .flags = FIELD_REQUIRED },
		{ "flags", FIELD_STRINGS, JSON_MEMBER(struct linux_config, personality.flags) },
		{ NULL },
	},
};

static const struct json_table time_offset_table = {
	.fields = FIELDS{
		{ "secs", FIELD_SIGNED, JSON_MEMBER(struct time_offset, secs) },
		{ "nanosecs", FIELD_UNSIGNED, JSON_MEMBER(struct time_offset, nanosecs),
		  .maximum = 999999999 },
		{ NULL },
	},
};

static const struct json_table time_offsets_table = {
	.fields = FIELDS{
		{ "boottime", FIELD_OBJECT,
		  JSON_MEMBER(struct linux_config, time_offsets.boottime),
		  .table = &time_offset_table,
		  .present = offsetof(struct linux_config, time_offsets.boottime.set) },
		{ "monotonic", FIELD_OBJECT,
		  JSON_MEMBER(struct linux_config, time_offsets.monotonic),
		  .table = &time_offset_table,
		  .present = offsetof(struct linux_config, time_offsets.monotonic.set) },
		{ NULL },
	},
};

static const struct json_table linux_table = {
	.fields = FIELDS{
		{ "uidMappings", FIELD_OBJECTS, JSON_MEMBER(struct linux_config, uid_mappings),
		  .table = &id_mapping_table },
		{ "gidMappings", FIELD_OBJECTS, JSON_MEMBER(struct linux_config, gid_mappings),
		  .table = &id_mapping_table },
		{ "sysctl", FIELD_STRING_MAP, JSON_MEMBER(struct linux_config, sysctl) },
		{ "resources", FIELD_OBJECT, JSON_MEMBER(struct linux_config, resources),
		  .table = &resources_table,
		  .present = offsetof(struct linux_config, resources.set) },
		{ "cgroupsPath", FIELD_STRING, JSON_MEMBER(struct linux_config, cgroups_path),
		  .flags = FIELD_EMPTY_IS_ABSENT },
		{ "namespaces", FIELD_OBJECTS, JSON_MEMBER(struct linux_config, namespaces),
		  .table = &namespace_table },
		{ "devices", FIELD_OBJECTS, JSON_MEMBER(struct linux_config, devices),
		  .table = &device_table },
		{ "netDevices", FIELD_OBJECT_MAP, JSON_MEMBER(struct linux_config, net_devices),
		  .table = &net_device_table },
		{ "seccomp", FIELD_OBJECT, JSON_MEMBER(struct linux_config, seccomp),
		  .table = &seccomp_table,
		  .present = offsetof(struct linux_config, seccomp.set) },
		{ "rootfsPropagation", FIELD_STRING,
		  JSON_MEMBER(struct linux_config, rootfs_propagation),
		  .flags = FIELD_EMPTY_IS_ABSENT },
		{ "maskedPaths", FIELD_STRINGS, JSON_MEMBER(struct linux_config, masked_paths) },
		{ "readonlyPaths", FIELD_STRINGS,
		  JSON_MEMBER(struct linux_config, readonly_paths) },
		{ "mountLabel", FIELD_STRING, JSON_MEMBER(struct linux_config, mount_label),
		  .flags = FIELD_EMPTY_IS_ABSENT },
		{ "intelRdt", FIELD_OBJECT, .table = &intel_rdt_table,
		  .present = offsetof(struct linux_config, intel_rdt.set) },
		{ "memoryPolicy", FIELD_OBJECT, .table = &memory_policy_table,
		  .present = offsetof(struct linux_config, memory_policy.set) },
		{ "personality", FIELD_OBJECT, .table = &personality_table,
		  .present = offsetof(struct linux_config, personality.set) },
		{ "timeOffsets", FIELD_OBJECT, .table = &time_offsets_table },
		{ NULL },
	},
};

const struct json_table config_table = {
	.fields = FIELDS{
		{ "ociVersion", FIELD_STRING, JSON_MEMBER(struct config, oci_version),
		  .flags = FIELD_REQUIRED },
		{ "process", FIELD_OBJECT, JSON_MEMBER(struct config, process),
		  .table = &process_table, .present = offsetof(struct config, has_process) },
		{ "root", FIELD_OBJECT, JSON_MEMBER(struct config, root), .table = &root_table,
		  .flags = FIELD_REQUIRED },
		{ "hostname", FIELD_STRING, JSON_MEMBER(struct config, hostname),
		  .flags = FIELD_EMPTY_IS_ABSENT },
		{ "domainname", FIELD_STRING, JSON_MEMBER(struct config, domainname),
		  .flags = FIELD_EMPTY_IS_ABSENT },
		{ "mounts", FIELD_OBJECTS, JSON_MEMBER(struct config, mounts),
		  .table = &mount_table },
		{ "hooks", FIELD_OBJECT, JSON_MEMBER(struct config, hooks), .table = &hooks_table },
		{ "annotations", FIELD_STRING_MAP, JSON_MEMBER(struct config, annotations) },
		{ "linux", FIELD_OBJECT, JSON_MEMBER(struct config, linux),
		  .table = &linux_table },
		{ "windows", FIELD_PRESENCE, JSON_MEMBER(struct config, has_windows) },
		{ "solaris", FIELD_PRESENCE, JSON_MEMBER(struct config, has_solaris) },
		{ "vm", FIELD_PRESENCE, JSON_MEMBER(struct config, has_vm) },
		{ "zos", FIELD_PRESENCE, JSON_MEMBER(struct config, has_zos) },
		{ "freebsd", FIELD_PRESENCE, JSON_MEMBER(struct config, has_freebsd) },
		{ NULL },
	},
};

/* What `mounts add` and `mounts remove` read. */
const struct json_table mounts_table = {
	.fields = FIELDS{
		{ "mounts", FIELD_OBJECTS, JSON_MEMBER(struct config, mounts),
		  .table = &mount_table, .flags = FIELD_REQUIRED },
		{ NULL },
	},
};
/* clang-format on */
