/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation: the first part of a creation, in which nothing exists yet: the bundle is
 * found, config.json read and validated, and every question answered that could be answered with
 * no. What is decided here init finds in its memory.
 */
#include "container/creation.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "base/log.h"
#include "base/number.h"
#include "container/lost.h"
#include "container/network.h"
#include "container/notify.h"
#include "init/entry.h"
#include "net/devices.h"
#include "process/label.h"
#include "process/terminal.h"
#include "rootfs/idmapped.h"

#define LISTEN_FDS_MAX 1024u

static int find_bundle(struct creation *creation, struct error **err)
{
	const char *bundle = creation->options->bundle ? creation->options->bundle : ".";

	creation->bundle = realpath(bundle, NULL);
	if (!creation->bundle)
		return error_set(err, errno, "bundle %s", bundle);
	return 0;
}

static int read_config(struct creation *creation, struct error **err)
{
	const char *path = creation->options->config;
	_cleanup_fd_ int bundle_fd = -1;

	if (path)
		return config_read(AT_FDCWD, path, path, &creation->config, err);
	bundle_fd = open(creation->bundle, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (bundle_fd < 0)
		return error_set(err, errno, "bundle %s", creation->bundle);
	return config_read(bundle_fd, "config.json", "config.json", &creation->config, err);
}

static int check_supported(const struct creation *creation, struct error **err)
{
	const struct config *config = creation->config;
	const struct linux_config *linux_config = &config->linux;
	const struct namespace_config *mount = config_namespace(config, NAMESPACE_MOUNT);

	if (!config->has_process)
		return error_set(err, 0,
		                 "config.json: process is missing; there is nothing to run");
	if (mount && mount->path)
		return error_set(err, 0,
		                 "linux.namespaces: a mount namespace cannot be joined by "
		                 "path; leave the path out");
	if (linux_config->intel_rdt.set)
		return error_set(err, 0,
		                 "linux.intelRdt: not supported by this version of rootlet");
	return 0;
}

/* Somebody meant them; that they are for another platform should not be found out by debugging. */
static void warn_other_platforms(const struct config *config)
{
	const struct {
		const char *name;
		bool there;
	} sections[] = {
		{ "windows", config->has_windows }, { "solaris", config->has_solaris },
		{ "vm", config->has_vm },           { "zos", config->has_zos },
		{ "freebsd", config->has_freebsd },
	};
	char names[64] = "";

	for (size_t i = 0; i < ARRAY_SIZE(sections); i++) {
		size_t length = strlen(names);

		if (sections[i].there)
			snprintf(names + length, sizeof(names) - length, "%s%s",
			         length > 0 ? ", " : "", sections[i].name);
	}
	if (*names)
		log_warning("config.json: %s: ignored, this is Linux", names);
}

static int check_terminal(const struct creation *creation, struct error **err)
{
	const struct rootlet_create_options *options = creation->options;
	struct console_size *size = &creation->config->process.console_size;
	bool detached = creation->start_socket || options->detach;

	if (!detached && terminal_user_size(&size->height, &size->width))
		size->set = true;
	if (creation->config->process.terminal && detached && !options->console_socket)
		return error_set(err, 0,
		                 "process.terminal: a container in the background needs "
		                 "--console-socket for its terminal, or \"terminal\": false");
	if (!creation->config->process.terminal && options->console_socket)
		return error_set(err, 0, "--console-socket: process.terminal is not true");
	return 0;
}

/* Decide about the user namespace: none, a new one, or one to join. */
static int plan_user_namespace(struct creation *creation, struct error **err)
{
	struct config *config = creation->config;
	const struct namespace_config *listed = config_namespace(config, NAMESPACE_USER);
	const struct id_caller *caller = &creation->caller;
	struct init_plan *plan = &creation->plan;

	if (listed && listed->path) {
		plan->joined_user_namespace = true;
		return 0;
	}
	if (!listed && caller->privileged) {
		plan->setgroups_denied = caller->setgroups_denied;
		return 0;
	}
	if (!listed) {
		int owner = join_add_owner(&plan->join, err);

		plan->joined_user_namespace = owner > 0;
		if (owner != 0)
			return owner < 0 ? -1 : 0;
	}
	plan->new_user_namespace = true;
	if (id_plan_make(config, caller, config->arena, &creation->ids, err) < 0)
		return -1;
	plan->setgroups_denied = creation->ids.setgroups_denied;
	return 0;
}

static int plan_namespaces(struct creation *creation, struct error **err)
{
	struct init_plan *plan = &creation->plan;
	const struct config *config = creation->config;

	if (id_caller_load(config->arena, &creation->caller, err) < 0)
		return -1;
	if (join_open(config, &plan->join, err) < 0 || plan_user_namespace(creation, err) < 0)
		return -1;
	for (int type = 0; type < NAMESPACE_COUNT; type++) {
		const struct namespace_config *listed = config_namespace(config,
		                                                         (enum namespace_type)type);
		unsigned int flag = (unsigned int)namespace_clone_flag((enum namespace_type)type);

		bool joined = plan->join.fds[type] >= 0;
		bool added = (type == NAMESPACE_USER && plan->new_user_namespace) ||
		             /* Its mounts are not the host's, even where config.json has no
		              * namespaces at all. */
		             type == NAMESPACE_MOUNT;

		if ((listed && !listed->path) || (added && !joined))
			plan->clone_flags |= (int)flag;
		if (listed || joined || added)
			creation->container.state.namespaces |= flag;
	}
	return 0;
}

/*
 * Socket activation (sd_listen_fds(3)): so many fds from 3 on are for the program. LISTEN_PID says
 * whether the variables are meant for us or were left over by somebody else.
 */
static int listen_fds(uint32_t *count, struct error **err)
{
	const char *fds = getenv("LISTEN_FDS"), *pid = getenv("LISTEN_PID");
	uint32_t wanted;

	*count = 0;
	if (!fds || !*fds)
		return 0;
	if (pid && (!number_parse_u32(pid, &wanted) || wanted != (uint32_t)getpid()))
		return 0;
	if (!number_parse_u32(fds, count) || *count > LISTEN_FDS_MAX)
		return error_set(err, 0, "LISTEN_FDS=%s: expected a number of file descriptors",
		                 fds);
	return 0;
}

static int plan_environment(struct creation *creation, struct error **err)
{
	struct arena *arena = creation->config->arena;
	const char **extra = arena_alloc(arena, 4 * sizeof(*extra));
	size_t count = 0;
	uint32_t fds;

	if (!extra)
		return error_set(err, ENOMEM, "process.env");
	if (listen_fds(&fds, err) < 0)
		return -1;
	creation->plan.preserve_fds = creation->options->preserve_fds + fds;
	if (fds > 0) {
		extra[count++] = arena_printf(arena, "LISTEN_FDS=%u", fds);
		extra[count++] = "LISTEN_PID=1";
	}
	if (notify_host_socket())
		extra[count++] = "NOTIFY_SOCKET=" NOTIFY_SOCKET_INSIDE;
	creation->plan.extra_env = extra;
	/* An fd that is missing would be one of ours later. */
	return entry_check_preserved(creation->plan.preserve_fds, err);
}

/* Root of the host, not of some user namespace (user_namespaces(7)): every id is itself. */
static bool is_host_root(const struct id_caller *caller)
{
	const uint32_t last = UINT32_MAX - 1;

	return caller->privileged && caller->uid == 0 && caller->own_uids.count == 1 &&
	       id_mappings_to_host(&caller->own_uids, 0) == 0 &&
	       id_mappings_to_host(&caller->own_uids, last) == last;
}

static int plan_rootfs(struct creation *creation, struct error **err)
{
	const struct init_plan *plan = &creation->plan;
	const struct id_caller *caller = &creation->caller;
	struct rootfs_plan_options options = {
		.bundle = creation->bundle,
		.new_user_namespace = plan->new_user_namespace,
		.joined_user_namespace = plan->joined_user_namespace,
		.in_initial_user_namespace = is_host_root(caller),
		.privileged = caller->privileged,
		.no_pivot = creation->options->no_pivot,
		.mount_label = creation->config->linux.mount_label,
	};

	if (plan->new_user_namespace) {
		options.uids = &creation->ids.uids;
		options.gids = &creation->ids.gids;
	} else if (!plan->joined_user_namespace) {
		options.uids = &caller->own_uids;
		options.gids = &caller->own_gids;
	}
	return rootfs_plan_make(creation->config, &options, creation->config->arena,
	                        &creation->rootfs, err);
}

/* The user namespace that says how the ids of @mount are mapped. Return: an fd of the caller's. */
static int open_mount_userns(const struct creation *creation, const struct mount_plan *mount,
                             struct error **err)
{
	const int joined = creation->plan.join.fds[NAMESPACE_USER];

	if (mount->uids->count > 0)
		return id_userns_open(mount->uids, mount->gids, err);
	if (joined >= 0)
		return fcntl(joined, F_DUPFD_CLOEXEC, 3);
	return id_userns_open(&creation->ids.uids, &creation->ids.gids, err);
}

static int prepare_idmapped(struct creation *creation, struct error **err)
{
	struct rootfs_plan *plan = &creation->rootfs;

	for (size_t i = 0; i < plan->mount_count; i++) {
		struct mount_plan *mount = &plan->mounts[i];
		_cleanup_fd_ int userns = -1;

		if (!mount->options.idmap)
			continue;
		userns = open_mount_userns(creation, mount, err);
		if (userns < 0 || idmapped_prepare(plan, mount, userns, err) < 0)
			return -1;
	}
	return 0;
}

static int plan_cgroup(struct creation *creation, struct error **err)
{
	static const int managers[] = {
		[ROOTLET_CGROUP_AUTO] = CGROUP_MANAGER_AUTO,
		[ROOTLET_CGROUP_FS] = CGROUP_MANAGER_FS,
		[ROOTLET_CGROUP_SYSTEMD] = CGROUP_MANAGER_SYSTEMD,
		[ROOTLET_CGROUP_DISABLED] = CGROUP_MANAGER_NONE,
	};
	const struct cgroup_request request = {
		.manager = managers[creation->context->cgroup_manager],
		.path = creation->config->linux.cgroups_path,
		.id = creation->id,
		.resources = &creation->config->linux.resources,
		.annotations = &creation->config->annotations,
		.host_root = is_host_root(&creation->caller),
	};

	if (cgroup_plan(&request, creation->config->arena, &creation->cgroup, err) < 0)
		return -1;
	/* What a scope can have is known when it is there. */
	return creation->cgroup.manager == CGROUP_MANAGER_SYSTEMD
	               ? 0
	               : creation_report_lost(creation, err);
}

int creation_report_lost(const struct creation *creation, struct error **err)
{
	/* Root's device rules are enforced; for others the mounts decide. */
	bool devices = is_host_root(&creation->caller) && !creation->plan.new_user_namespace;

	return lost_settings_report(creation->config, &creation->cgroup, creation->context->strict,
	                            devices, err);
}

/* Whether the container's namespace of @type, which config.json has, is the caller's own. */
static bool is_callers_own(const struct creation *creation, int type)
{
	const struct init_plan *plan = &creation->plan;
	struct stat own, joined;
	char path[64];

	if (plan->join.fds[type] < 0)
		return type == NAMESPACE_USER && !plan->new_user_namespace;
	snprintf(path, sizeof(path), "/proc/self/ns/%s",
	         namespace_proc_name((enum namespace_type)type));
	return stat(path, &own) == 0 && fstat(plan->join.fds[type], &joined) == 0 &&
	       own.st_dev == joined.st_dev && own.st_ino == joined.st_ino;
}

/* What would change the namespaces that the caller, perhaps the whole host, lives in. */
static int check_shared_settings(const struct creation *creation, struct error **err)
{
	const struct config *config = creation->config;

	if ((config->hostname || config->domainname) && is_callers_own(creation, NAMESPACE_UTS))
		return error_set(err, 0,
		                 "%s: the uts namespace is the caller's own, which would get the "
		                 "name; leave out one of them",
		                 config->hostname ? "hostname" : "domainname");
	for (size_t i = 0; i < config->linux.sysctl.count; i++) {
		const char *key = config->linux.sysctl.items[i].key;
		int type = sysctl_namespace(key);

		if (type < 0 || !is_callers_own(creation, type))
			continue;
		return error_set(err, 0,
		                 "linux.sysctl[\"%s\"]: needs a %s namespace that is not the "
		                 "caller's own, which it would change",
		                 key, namespace_name((enum namespace_type)type));
	}
	return 0;
}

int creation_decide(struct creation *creation, struct error **err)
{
	if (find_bundle(creation, err) < 0 || read_config(creation, err) < 0)
		return -1;
	if (network_decide(creation, err) < 0)
		return -1;
	if (check_supported(creation, err) < 0 || check_terminal(creation, err) < 0)
		return -1;
	warn_other_platforms(creation->config);
	if (label_check(&creation->config->process, &creation->config->linux, err) < 0)
		return -1;
	if (entry_check_stdio(&creation->config->process, err) < 0)
		return -1;
	if (plan_environment(creation, err) < 0 || plan_namespaces(creation, err) < 0)
		return -1;
	if (check_shared_settings(creation, err) < 0)
		return -1;
	if (net_devices_check(creation->config, creation->caller.privileged, err) < 0)
		return -1;
	if (plan_rootfs(creation, err) < 0 || prepare_idmapped(creation, err) < 0)
		return -1;
	return plan_cgroup(creation, err);
}
