/* SPDX-License-Identifier: Apache-2.0 */
/* Theory of operation: as in validate.c, for the section linux and the names that need it. */
#include <ctype.h>
#include <linux/if.h>
#include <string.h>
#include <sys/utsname.h>

#include "base/cleanup.h"
#include "spec/json.h"
#include "spec/names.h"
#include "spec/validate.h"

/* errno values are below this (MAX_ERRNO in the kernel). */
#define ERRNO_MAX        4095
#define HOST_NAME_LENGTH (sizeof(((struct utsname *)NULL)->nodename) - 1)

static bool is_one_of(const char *text, const char *const *words, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (strcmp(text, words[i]) == 0)
			return true;
	}
	return false;
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
		if (namespace->path && !path_is_absolute(namespace->path))
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

/* --- paths, devices --- */

static int check_paths(const struct strings *paths, const char *where, struct error **err)
{
	for (size_t i = 0; i < paths->count; i++) {
		if (!path_is_absolute(paths->items[i]))
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
	if (!path_is_absolute(device->path))
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

/* --- resources and other settings of linux --- */

static int check_resources(const struct config *config, struct error **err)
{
	return resources_validate(&config->linux.resources, "linux.resources.", err);
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

static int (*const linux_checks[])(const struct config *, struct error **) = {
	check_names,     check_namespaces,  check_sysctl,       check_time_offsets,
	check_devices,   check_net_devices, check_hidden_paths, check_propagation,
	check_resources, check_intel_rdt,   check_personality,  check_seccomp,
};

int validate_linux(const struct config *config, struct error **err)
{
	for (size_t i = 0; i < ARRAY_SIZE(linux_checks); i++) {
		if (linux_checks[i](config, err) < 0)
			return -1;
	}
	return 0;
}
