/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation: one small function per part of the document, called from a table. Each
 * looks at the typed structs only, never at the host, and stops at the first thing that is wrong.
 * The kernel's own limits are checked here as well where the kernel's answer would be an EINVAL
 * that does not tell which of many numbers it means.
 */
#include "spec/validate.h"

#include <ctype.h>
#include <inttypes.h>
#include <linux/if.h>
#include <sched.h>
#include <string.h>
#include <sys/utsname.h>

#include "base/cleanup.h"
#include "spec/json.h"
#include "spec/names.h"

/* user_namespaces(7): lines of uid_map. */
#define MAPPINGS_MAX 340
/* errno values are below this (MAX_ERRNO in the kernel). */
#define ERRNO_MAX 4095
/* (uid_t)-1 means "no id" to the kernel. */
#define INVALID_ID       UINT32_MAX
#define HOST_NAME_LENGTH (sizeof(((struct utsname *)NULL)->nodename) - 1)

static bool is_absolute(const char *path)
{
	return path[0] == '/';
}

static bool is_one_of(const char *text, const char *const *words, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (strcmp(text, words[i]) == 0)
			return true;
	}
	return false;
}

/* --- ociVersion, root --- */

/* A number without leading zeros. Return: the text behind it, NULL when there is none. */
static const char *skip_number(const char *text)
{
	size_t length = strspn(text, "0123456789");

	return length == 0 || (length > 1 && text[0] == '0') ? NULL : text + length;
}

/* "-rc.1", "+build.5" of semver.org; what the parts between dots may be does not matter here. */
static bool is_version_suffix(const char *text)
{
	const char *allowed = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.-";

	for (const char *mark = "-+"; *mark; mark++) {
		size_t length = *text == *mark ? strspn(text + 1, allowed) : 0;

		if (length > 0)
			text += 1 + length;
	}
	return *text == '\0';
}

static bool is_semantic_version(const char *text)
{
	for (int part = 0; part < 3; part++) {
		if (part > 0 && *text++ != '.')
			return false;
		text = skip_number(text);
		if (!text)
			return false;
	}
	return is_version_suffix(text);
}

static int check_version(const struct config *config, struct error **err)
{
	const char *version = config->oci_version;
	_cleanup_free_ char *quoted = json_quote(version);

	if (!is_semantic_version(version))
		return error_set(err, 0, "ociVersion: %s is not a version such as \"1.3.0\"",
		                 quoted ? quoted : "");
	/* Versions before 1.0 are what 1.0 became; runc takes them too. */
	if (strncmp(version, "0.", 2) != 0 && strncmp(version, "1.", 2) != 0)
		return error_set(err, 0, "ociVersion: %s is not supported; versions 1.x are",
		                 quoted ? quoted : "");
	return 0;
}

static int check_root(const struct config *config, struct error **err)
{
	if (config->root.path[0] == '\0')
		return error_set(err, 0, "root.path: empty");
	return 0;
}

/* --- process; @at is "process." or whatever else stands before the names of its members --- */

static int check_args(const struct process *process, const char *at, struct error **err)
{
	if (process->args.count == 0)
		return error_set(err, 0, "%sargs: empty; it holds the program to run", at);
	if (process->args.items[0][0] == '\0')
		return error_set(err, 0, "%sargs[0]: empty; it is the program to run", at);
	return 0;
}

static int check_env(const struct strings *env, const char *where, struct error **err)
{
	for (size_t i = 0; i < env->count; i++) {
		/* The entry is not shown: environments hold secrets. */
		if (strcspn(env->items[i], "=") == 0 || !strchr(env->items[i], '='))
			return error_set(err, 0, "%s[%zu]: not of the form NAME=VALUE", where, i);
	}
	return 0;
}

static int check_cwd(const struct process *process, const char *at, struct error **err)
{
	if (!process->cwd || !is_absolute(process->cwd))
		return error_set(err, 0, "%scwd: not an absolute path", at);
	return 0;
}

static int check_user(const struct process *process, const char *at, struct error **err)
{
	const struct user *user = &process->user;

	if (user->uid == INVALID_ID)
		return error_set(err, 0, "%suser.uid: %u is not a user id", at, INVALID_ID);
	if (user->gid == INVALID_ID)
		return error_set(err, 0, "%suser.gid: %u is not a group id", at, INVALID_ID);
	for (size_t i = 0; i < user->additional_gids.count; i++) {
		if (user->additional_gids.items[i] == INVALID_ID)
			return error_set(err, 0, "%suser.additionalGids[%zu]: %u is not a group id",
			                 at, i, INVALID_ID);
	}
	if (user->umask.set && user->umask.value > 0777)
		return error_set(err, 0, "%suser.umask: %u is more than 511 (octal 0777)", at,
		                 user->umask.value);
	return 0;
}

static int check_rlimits(const struct process *process, const char *at, struct error **err)
{
	uint64_t seen = 0;

	for (size_t i = 0; i < process->rlimits.count; i++) {
		const struct rlimit_config *limit = &process->rlimits.items[i];

		if (seen & UINT64_C(1) << limit->resource)
			return error_set(err, 0, "%srlimits[%zu].type: %s is listed twice", at, i,
			                 name_of(rlimit_names, limit->resource));
		seen |= UINT64_C(1) << limit->resource;
		if (limit->soft > limit->hard)
			return error_set(err, 0,
			                 "%srlimits[%zu].soft: %" PRIu64
			                 " is more than the hard limit, %" PRIu64,
			                 at, i, limit->soft, limit->hard);
	}
	return 0;
}

static int check_scheduler(const struct process *process, const char *at, struct error **err)
{
	const struct scheduler *scheduler = &process->scheduler;
	bool realtime = scheduler->policy == SCHED_FIFO || scheduler->policy == SCHED_RR;
	bool deadline = scheduler->runtime || scheduler->deadline || scheduler->period;

	if (!scheduler->set)
		return 0;
	if (scheduler->nice < -20 || scheduler->nice > 19)
		return error_set(err, 0, "%sscheduler.nice: %d is not in -20 to 19", at,
		                 scheduler->nice);
	if (realtime && (scheduler->priority < 1 || scheduler->priority > 99))
		return error_set(err, 0,
		                 "%sscheduler.priority: %d is not in 1 to 99, which SCHED_FIFO and "
		                 "SCHED_RR need",
		                 at, scheduler->priority);
	if (!realtime && scheduler->priority != 0)
		return error_set(err, 0,
		                 "%sscheduler.priority: only SCHED_FIFO and SCHED_RR have one; "
		                 "leave it out or use nice",
		                 at);
	if (deadline && scheduler->policy != SCHED_DEADLINE)
		return error_set(err, 0,
		                 "%sscheduler: runtime, deadline and period are for SCHED_DEADLINE",
		                 at);
	return 0;
}

static int check_priorities(const struct process *process, const char *at, struct error **err)
{
	const struct opt_i64 *score = &process->oom_score_adj;
	int32_t priority = process->io_priority.priority;

	if (process->io_priority.set && (priority < 0 || priority > 7))
		return error_set(err, 0, "%sioPriority.priority: %d is not in 0 to 7", at,
		                 priority);
	if (score->set && (score->value < -1000 || score->value > 1000))
		return error_set(err, 0, "%soomScoreAdj: %" PRId64 " is not in -1000 to 1000", at,
		                 score->value);
	return 0;
}

static int check_cpu_list(const char *list, const char *at, const char *name, struct error **err)
{
	if (list && list[strspn(list, "0123456789, -")] != '\0')
		return error_set(err, 0,
		                 "%sexecCPUAffinity.%s: not a list of CPUs such as \"0-3,7\"", at,
		                 name);
	return 0;
}

static int check_affinity(const struct process *process, const char *at, struct error **err)
{
	if (check_cpu_list(process->exec_cpu_affinity.initial, at, "initial", err) < 0)
		return -1;
	return check_cpu_list(process->exec_cpu_affinity.final, at, "final", err);
}

static int check_process_env(const struct process *process, const char *at, struct error **err)
{
	_cleanup_free_ char *where = NULL;

	if (asprintf(&where, "%senv", at) < 0) {
		where = NULL;
		return error_set(err, ENOMEM, "%senv", at);
	}
	return check_env(&process->env, where, err);
}

static int (*const process_checks[])(const struct process *, const char *, struct error **) = {
	check_args,    check_process_env, check_cwd,        check_user,
	check_rlimits, check_scheduler,   check_priorities, check_affinity,
};

int process_validate(const struct process *process, const char *where, struct error **err)
{
	_cleanup_free_ char *at = NULL;

	if (asprintf(&at, "%s%s", where, *where ? "." : "") < 0) {
		at = NULL;
		return error_set(err, ENOMEM, "%s", where);
	}
	for (size_t i = 0; i < ARRAY_SIZE(process_checks); i++) {
		if (process_checks[i](process, at, err) < 0)
			return -1;
	}
	return 0;
}

static int check_process(const struct config *config, struct error **err)
{
	return config->has_process ? process_validate(&config->process, "process", err) : 0;
}

/* --- ids --- */

/* The kernel wants first + size not to wrap around 32 bits; the last id is no id at all. */
static bool is_id_range(uint32_t first, uint32_t size)
{
	return size <= UINT32_MAX - first;
}

static bool ranges_overlap(uint32_t one, uint32_t one_size, uint32_t two, uint32_t two_size)
{
	return one < (uint64_t)two + two_size && two < (uint64_t)one + one_size;
}

static int check_mapping(const struct id_mapping *mapping, const char *where, size_t i,
                         struct error **err)
{
	if (mapping->size == 0)
		return error_set(err, 0, "%s[%zu].size: 0; a mapping holds at least one id", where,
		                 i);
	if (!is_id_range(mapping->container_id, mapping->size))
		return error_set(err, 0, "%s[%zu]: containerID + size goes beyond the last id",
		                 where, i);
	if (!is_id_range(mapping->host_id, mapping->size))
		return error_set(err, 0, "%s[%zu]: hostID + size goes beyond the last id", where,
		                 i);
	return 0;
}

static int check_overlap(const struct id_mappings *mappings, const char *where, size_t i, size_t j,
                         struct error **err)
{
	const struct id_mapping *one = &mappings->items[i], *two = &mappings->items[j];
	const char *what = NULL;

	if (ranges_overlap(one->container_id, one->size, two->container_id, two->size))
		what = "container";
	else if (ranges_overlap(one->host_id, one->size, two->host_id, two->size))
		what = "host";
	if (!what)
		return 0;
	return error_set(err, 0, "%s[%zu]: its %s ids overlap with those of %s[%zu]", where, j,
	                 what, where, i);
}

static int check_mappings(const struct id_mappings *mappings, const char *where, struct error **err)
{
	if (mappings->count > MAPPINGS_MAX)
		return error_set(err, 0,
		                 "%s: %zu mappings are more than the %d that the kernel takes",
		                 where, mappings->count, MAPPINGS_MAX);
	for (size_t j = 0; j < mappings->count; j++) {
		if (check_mapping(&mappings->items[j], where, j, err) < 0)
			return -1;
		for (size_t i = 0; i < j; i++) {
			if (check_overlap(mappings, where, i, j, err) < 0)
				return -1;
		}
	}
	return 0;
}

/* Mappings come in pairs. @prefix: "linux." or "mounts[3]." */
static int check_mapping_pair(const struct id_mappings *uids, const struct id_mappings *gids,
                              const char *prefix, struct error **err)
{
	_cleanup_free_ char *uid_place = NULL, *gid_place = NULL;

	if (asprintf(&uid_place, "%suidMappings", prefix) < 0)
		uid_place = NULL;
	if (asprintf(&gid_place, "%sgidMappings", prefix) < 0)
		gid_place = NULL;
	if (!uid_place || !gid_place)
		return error_set(err, ENOMEM, "%suidMappings", prefix);
	if (uids->count > 0 && gids->count == 0)
		return error_set(err, 0, "%s: missing, while there is %s", gid_place, uid_place);
	if (gids->count > 0 && uids->count == 0)
		return error_set(err, 0, "%s: missing, while there is %s", uid_place, gid_place);
	if (check_mappings(uids, uid_place, err) < 0)
		return -1;
	return check_mappings(gids, gid_place, err);
}

static int check_user_namespace(const struct config *config, struct error **err)
{
	const struct namespace_config *user = config_namespace(config, NAMESPACE_USER);
	const struct id_mappings *uids = &config->linux.uid_mappings;
	const struct id_mappings *gids = &config->linux.gid_mappings;

	if (uids->count == 0 && gids->count == 0)
		return 0;
	if (!user)
		return error_set(err, 0,
		                 "linux.%s: needs a user namespace; add { \"type\": \"user\" } to "
		                 "linux.namespaces",
		                 uids->count > 0 ? "uidMappings" : "gidMappings");
	if (user->path)
		return error_set(err, 0,
		                 "linux.%s: the user namespace that is joined by path has its "
		                 "mappings already; leave out the mappings or the path",
		                 uids->count > 0 ? "uidMappings" : "gidMappings");
	return check_mapping_pair(uids, gids, "linux.", err);
}

/* --- namespaces and what needs them --- */

static int check_namespaces(const struct config *config, struct error **err)
{
	unsigned int seen = 0;

	for (size_t i = 0; i < config->linux.namespaces.count; i++) {
		const struct namespace_config *namespace = &config->linux.namespaces.items[i];

		if (seen & 1u << namespace->type)
			return error_set(err, 0, "linux.namespaces[%zu]: \"%s\" is listed twice", i,
			                 namespace_name((enum namespace_type) namespace->type));
		seen |= 1u << namespace->type;
		if (namespace->path && !is_absolute(namespace->path))
			return error_set(err, 0, "linux.namespaces[%zu].path: not an absolute path",
			                 i);
	}
	return 0;
}

static int check_uts_name(const struct config *config, const char *name, const char *key,
                          struct error **err)
{
	if (!name)
		return 0;
	if (strlen(name) > HOST_NAME_LENGTH)
		return error_set(err, 0, "%s: longer than %zu bytes", key, HOST_NAME_LENGTH);
	/* Else it would be the host that gets a new name. */
	if (!config_namespace(config, NAMESPACE_UTS))
		return error_set(err, 0,
		                 "%s: needs a uts namespace; add { \"type\": \"uts\" } to "
		                 "linux.namespaces",
		                 key);
	return 0;
}

static int check_names(const struct config *config, struct error **err)
{
	if (check_uts_name(config, config->hostname, "hostname", err) < 0)
		return -1;
	return check_uts_name(config, config->domainname, "domainname", err);
}

static int check_time_offsets(const struct config *config, struct error **err)
{
	const struct namespace_config *time = config_namespace(config, NAMESPACE_TIME);

	if (!config->linux.time_offsets.boottime.set && !config->linux.time_offsets.monotonic.set)
		return 0;
	if (!time)
		return error_set(
			err, 0,
			"linux.timeOffsets: needs a time namespace; add { \"type\": \"time\" } "
			"to linux.namespaces");
	if (time->path)
		return error_set(err, 0,
		                 "linux.timeOffsets: the time namespace that is joined by path has "
		                 "its offsets already; leave out the offsets or the path");
	return 0;
}

/* What the kernel keeps per namespace of /proc/sys; all else is the host's. */
static const struct sysctl_rule {
	const char *path;
	bool tree; /* all that is below, too */
	enum namespace_type type;
} sysctl_rules[] = {
	{ "net", true, NAMESPACE_NETWORK },
	{ "user", true, NAMESPACE_USER },
	{ "fs/mqueue", true, NAMESPACE_IPC },
	{ "kernel/msgmax", false, NAMESPACE_IPC },
	{ "kernel/msgmnb", false, NAMESPACE_IPC },
	{ "kernel/msgmni", false, NAMESPACE_IPC },
	{ "kernel/sem", false, NAMESPACE_IPC },
	{ "kernel/shmall", false, NAMESPACE_IPC },
	{ "kernel/shmmax", false, NAMESPACE_IPC },
	{ "kernel/shmmni", false, NAMESPACE_IPC },
	{ "kernel/shm_rmid_forced", false, NAMESPACE_IPC },
	{ "kernel/domainname", false, NAMESPACE_UTS },
	{ "kernel/hostname", false, NAMESPACE_UTS },
};

static const struct sysctl_rule *find_sysctl_rule(const char *path)
{
	for (size_t i = 0; i < ARRAY_SIZE(sysctl_rules); i++) {
		const struct sysctl_rule *rule = &sysctl_rules[i];
		size_t length = strlen(rule->path);

		if (strncmp(path, rule->path, length) == 0 &&
		    path[length] == (rule->tree ? '/' : '\0'))
			return rule;
	}
	return NULL;
}

int sysctl_namespace(const char *key)
{
	const struct sysctl_rule *rule;
	char path[256];

	rule = sysctl_path(key, path, sizeof(path)) ? find_sysctl_rule(path) : NULL;
	return rule ? (int)rule->type : -1;
}

static int check_sysctl_key(const struct config *config, const char *key, const char *quoted,
                            struct error **err)
{
	const struct sysctl_rule *rule;
	const char *name;
	char path[256];

	if (!sysctl_path(key, path, sizeof(path)))
		return error_set(err, 0, "linux.sysctl[%s]: not the name of a kernel parameter",
		                 quoted);
	rule = find_sysctl_rule(path);
	if (!rule)
		return error_set(
			err, 0,
			"linux.sysctl[%s]: belongs to no namespace; it would change the host",
			quoted);
	if (config->hostname && strcmp(path, "kernel/hostname") == 0)
		return error_set(err, 0, "linux.sysctl[%s]: contradicts hostname; leave out one",
		                 quoted);
	/* An ordinary user's container gets a user namespace that is not in the document. */
	if (rule->type == NAMESPACE_USER || config_namespace(config, rule->type))
		return 0;
	name = namespace_name(rule->type);
	return error_set(err, 0,
	                 "linux.sysctl[%s]: needs a namespace; add { \"type\": \"%s\" } to "
	                 "linux.namespaces",
	                 quoted, name);
}

static int check_sysctl(const struct config *config, struct error **err)
{
	for (size_t i = 0; i < config->linux.sysctl.count; i++) {
		const char *key = config->linux.sysctl.items[i].key;
		_cleanup_free_ char *quoted = json_quote(key);

		if (check_sysctl_key(config, key, quoted ? quoted : "", err) < 0)
			return -1;
	}
	return 0;
}

/* --- mounts, paths, devices --- */

static int check_mount(const struct mount *mount, size_t i, struct error **err)
{
	char prefix[48];

	if (mount->destination[0] == '\0')
		return error_set(err, 0, "mounts[%zu].destination: empty", i);
	for (size_t j = 0; j < mount->options.count; j++) {
		if (mount->options.items[j][0] == '\0')
			return error_set(err, 0, "mounts[%zu].options[%zu]: empty", i, j);
	}
	if (mount->uid_mappings.count == 0 && mount->gid_mappings.count == 0)
		return 0;
	snprintf(prefix, sizeof(prefix), "mounts[%zu].", i);
	return check_mapping_pair(&mount->uid_mappings, &mount->gid_mappings, prefix, err);
}

static int check_mounts(const struct config *config, struct error **err)
{
	for (size_t i = 0; i < config->mounts.count; i++) {
		if (check_mount(&config->mounts.items[i], i, err) < 0)
			return -1;
	}
	return 0;
}

static int check_paths(const struct strings *paths, const char *where, struct error **err)
{
	for (size_t i = 0; i < paths->count; i++) {
		if (!is_absolute(paths->items[i]))
			return error_set(err, 0, "%s[%zu]: not an absolute path", where, i);
	}
	return 0;
}

static int check_hidden_paths(const struct config *config, struct error **err)
{
	if (check_paths(&config->linux.masked_paths, "linux.maskedPaths", err) < 0)
		return -1;
	return check_paths(&config->linux.readonly_paths, "linux.readonlyPaths", err);
}

static int check_propagation(const struct config *config, struct error **err)
{
	static const char *const words[] = { "private", "rprivate", "shared",     "rshared",
		                             "slave",   "rslave",   "unbindable", "runbindable" };
	const char *propagation = config->linux.rootfs_propagation;
	_cleanup_free_ char *quoted = NULL;

	if (!propagation || is_one_of(propagation, words, ARRAY_SIZE(words)))
		return 0;
	quoted = json_quote(propagation);
	return error_set(err, 0,
	                 "linux.rootfsPropagation: unknown value %s; known are: private, shared, "
	                 "slave, unbindable, and each with an r before it",
	                 quoted ? quoted : "");
}

static bool is_device_number(const struct opt_i64 *number)
{
	return number->set && number->value >= 0 && number->value <= UINT32_MAX;
}

static int check_device(const struct device *device, size_t i, struct error **err)
{
	static const char *const types[] = { "c", "u", "b", "p" };

	if (!is_one_of(device->type, types, ARRAY_SIZE(types)))
		return error_set(err, 0, "linux.devices[%zu].type: unknown; known are: c, u, b, p",
		                 i);
	if (!is_absolute(device->path))
		return error_set(err, 0, "linux.devices[%zu].path: not an absolute path", i);
	if (device->type[0] != 'p' && !is_device_number(&device->major))
		return error_set(err, 0, "linux.devices[%zu].major: %s", i,
		                 device->major.set ? "not a device number"
		                                   : "missing, but required");
	if (device->type[0] != 'p' && !is_device_number(&device->minor))
		return error_set(err, 0, "linux.devices[%zu].minor: %s", i,
		                 device->minor.set ? "not a device number"
		                                   : "missing, but required");
	if (device->uid.set && device->uid.value == INVALID_ID)
		return error_set(err, 0, "linux.devices[%zu].uid: %u is not a user id", i,
		                 INVALID_ID);
	if (device->gid.set && device->gid.value == INVALID_ID)
		return error_set(err, 0, "linux.devices[%zu].gid: %u is not a group id", i,
		                 INVALID_ID);
	return 0;
}

static int check_devices(const struct config *config, struct error **err)
{
	for (size_t i = 0; i < config->linux.devices.count; i++) {
		if (check_device(&config->linux.devices.items[i], i, err) < 0)
			return -1;
	}
	return 0;
}

/* dev_valid_name() of the kernel. */
static bool is_interface_name(const char *name)
{
	if (!*name || strlen(name) >= IFNAMSIZ || strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
		return false;
	for (; *name; name++) {
		if (*name == '/' || *name == ':' || isspace((unsigned char)*name))
			return false;
	}
	return true;
}

static int check_net_devices(const struct config *config, struct error **err)
{
	for (size_t i = 0; i < config->linux.net_devices.count; i++) {
		const struct net_device *device = &config->linux.net_devices.items[i];
		_cleanup_free_ char *quoted = json_quote(device->host_name);

		if (!is_interface_name(device->host_name))
			return error_set(
				err, 0, "linux.netDevices[%s]: not the name of a network interface",
				quoted ? quoted : "");
		if (device->name && !is_interface_name(device->name))
			return error_set(err, 0,
			                 "linux.netDevices[%s].name: not the name of a network "
			                 "interface",
			                 quoted ? quoted : "");
	}
	return 0;
}

/* --- hooks, annotations --- */

static int check_hook(const struct hook *hook, const char *list, size_t i, struct error **err)
{
	char where[64];

	if (!is_absolute(hook->path))
		return error_set(err, 0, "hooks.%s[%zu].path: not an absolute path", list, i);
	if (hook->timeout.set && hook->timeout.value < 1)
		return error_set(err, 0,
		                 "hooks.%s[%zu].timeout: %" PRId64
		                 " is not a number of seconds from 1 on",
		                 list, i, hook->timeout.value);
	snprintf(where, sizeof(where), "hooks.%s[%zu].env", list, i);
	return check_env(&hook->env, where, err);
}

static int check_hooks(const struct config *config, struct error **err)
{
	const struct {
		const char *name;
		const struct hook_list *list;
	} lists[] = {
		{ "prestart", &config->hooks.prestart },
		{ "createRuntime", &config->hooks.create_runtime },
		{ "createContainer", &config->hooks.create_container },
		{ "startContainer", &config->hooks.start_container },
		{ "poststart", &config->hooks.poststart },
		{ "poststop", &config->hooks.poststop },
	};

	for (size_t i = 0; i < ARRAY_SIZE(lists); i++) {
		for (size_t j = 0; j < lists[i].list->count; j++) {
			if (check_hook(&lists[i].list->items[j], lists[i].name, j, err) < 0)
				return -1;
		}
	}
	return 0;
}

static int check_annotations(const struct config *config, struct error **err)
{
	for (size_t i = 0; i < config->annotations.count; i++) {
		if (config->annotations.items[i].key[0] == '\0')
			return error_set(err, 0, "annotations: a key is empty");
	}
	return 0;
}

/* --- resources and other settings of linux --- */

/* The file names of a cgroup; a slash would lead to another cgroup. */
static int check_unified(const struct config *config, struct error **err)
{
	const struct string_map *unified = &config->linux.resources.unified;

	for (size_t i = 0; i < unified->count; i++) {
		const char *key = unified->items[i].key;
		_cleanup_free_ char *quoted = NULL;

		if (*key && *key != '.' && !strchr(key, '/'))
			continue;
		quoted = json_quote(key);
		return error_set(err, 0,
		                 "linux.resources.unified[%s]: not the name of a cgroup file",
		                 quoted ? quoted : "");
	}
	return 0;
}

/* "2MB": what the kernel's directory names are made of. */
static bool is_page_size(const char *text)
{
	size_t digits = strspn(text, "0123456789");

	return digits > 0 && text[0] != '0' && text[digits] && strchr("KMG", text[digits]) &&
	       strcmp(text + digits + 1, "B") == 0;
}

static int check_hugepages(const struct config *config, struct error **err)
{
	for (size_t i = 0; i < config->linux.resources.hugepage_limits.count; i++) {
		if (!is_page_size(config->linux.resources.hugepage_limits.items[i].page_size))
			return error_set(err, 0,
			                 "linux.resources.hugepageLimits[%zu].pageSize: not a size "
			                 "such as \"64KB\", \"2MB\" or \"1GB\"",
			                 i);
	}
	return 0;
}

static int check_device_rules(const struct config *config, struct error **err)
{
	static const char *const types[] = { "a", "c", "b" };

	for (size_t i = 0; i < config->linux.resources.devices.count; i++) {
		const struct device_rule *rule = &config->linux.resources.devices.items[i];

		if (rule->type && !is_one_of(rule->type, types, ARRAY_SIZE(types)))
			return error_set(
				err, 0,
				"linux.resources.devices[%zu].type: unknown; known are: a, c, b",
				i);
		if (rule->access && rule->access[strspn(rule->access, "rwm")] != '\0')
			return error_set(
				err, 0,
				"linux.resources.devices[%zu].access: not made of r, w and m", i);
	}
	return 0;
}

static int check_intel_rdt(const struct config *config, struct error **err)
{
	const char *id = config->linux.intel_rdt.clos_id;

	/* The name of a directory in /sys/fs/resctrl. */
	if (id && (strchr(id, '/') || strcmp(id, ".") == 0 || strcmp(id, "..") == 0))
		return error_set(err, 0, "linux.intelRdt.closID: not a name without slashes");
	return 0;
}

static int check_personality(const struct config *config, struct error **err)
{
	if (config->linux.personality.flags.count > 0)
		return error_set(err, 0, "linux.personality.flags: the spec knows no flags yet");
	return 0;
}

/* --- seccomp --- */

static bool takes_errno(int action)
{
	return action == SECCOMP_ACTION_ERRNO || action == SECCOMP_ACTION_TRACE;
}

static int check_errno(const struct opt_u32 *number, int action, const char *where,
                       struct error **err)
{
	if (!number->set)
		return 0;
	if (!takes_errno(action))
		return error_set(err, 0, "%s: only SCMP_ACT_ERRNO and SCMP_ACT_TRACE take a number",
		                 where);
	if (number->value > ERRNO_MAX)
		return error_set(err, 0, "%s: %u is more than %d", where, number->value, ERRNO_MAX);
	return 0;
}

static int check_seccomp_names(const struct seccomp_rule *rule, size_t i, struct error **err)
{
	if (rule->names.count == 0)
		return error_set(err, 0, "linux.seccomp.syscalls[%zu].names: empty", i);
	for (size_t j = 0; j < rule->names.count; j++)
		if (rule->names.items[j][0] == '\0')
			return error_set(err, 0, "linux.seccomp.syscalls[%zu].names[%zu]: empty", i,
			                 j);
	return 0;
}

static int check_seccomp_rule(const struct seccomp *seccomp, size_t i, struct error **err)
{
	const struct seccomp_rule *rule = &seccomp->syscalls.items[i];
	char where[64];

	if (check_seccomp_names(rule, i, err) < 0)
		return -1;
	if (rule->action == SECCOMP_ACTION_NOTIFY && !seccomp->listener_path)
		return error_set(err, 0,
		                 "linux.seccomp.syscalls[%zu].action: SCMP_ACT_NOTIFY needs "
		                 "linux.seccomp.listenerPath",
		                 i);
	for (size_t j = 0; j < rule->args.count; j++) {
		if (rule->args.items[j].index > 5)
			return error_set(
				err, 0,
				"linux.seccomp.syscalls[%zu].args[%zu].index: %u is not in "
				"0 to 5",
				i, j, rule->args.items[j].index);
	}
	snprintf(where, sizeof(where), "linux.seccomp.syscalls[%zu].errnoRet", i);
	return check_errno(&rule->errno_ret, rule->action, where, err);
}

static int check_seccomp(const struct config *config, struct error **err)
{
	const struct seccomp *seccomp = &config->linux.seccomp;

	if (!seccomp->set)
		return 0;
	if (seccomp->default_action == SECCOMP_ACTION_NOTIFY)
		return error_set(
			err, 0,
			"linux.seccomp.defaultAction: SCMP_ACT_NOTIFY would deadlock; name "
			"the system calls in linux.seccomp.syscalls");
	if (check_errno(&seccomp->default_errno_ret, seccomp->default_action,
	                "linux.seccomp.defaultErrnoRet", err) < 0)
		return -1;
	if (seccomp->listener_metadata && !seccomp->listener_path)
		return error_set(
			err, 0, "linux.seccomp.listenerMetadata: needs linux.seccomp.listenerPath");
	for (size_t i = 0; i < seccomp->syscalls.count; i++) {
		if (check_seccomp_rule(seccomp, i, err) < 0)
			return -1;
	}
	return 0;
}

static int (*const config_checks[])(const struct config *, struct error **) = {
	check_version,        check_root,         check_process,      check_names,
	check_mounts,         check_hooks,        check_annotations,  check_namespaces,
	check_user_namespace, check_sysctl,       check_time_offsets, check_devices,
	check_net_devices,    check_hidden_paths, check_propagation,  check_unified,
	check_hugepages,      check_device_rules, check_intel_rdt,    check_personality,
	check_seccomp,
};

int config_validate(const struct config *config, struct error **err)
{
	for (size_t i = 0; i < ARRAY_SIZE(config_checks); i++) {
		if (config_checks[i](config, err) < 0)
			return -1;
	}
	return 0;
}
