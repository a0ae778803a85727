/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation: each entry of mounts[] becomes a struct mount_plan with its options
 * parsed, its kind known and a bind source looked at. What the container's user namespace cannot
 * give is dropped when the container does not need it (gid=5 of devpts), refused otherwise.
 */
#include "rootfs/plan.h"

#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "base/number.h"
#include "base/syscalls.h"

static const struct {
	const char *type;
	enum mount_kind kind;
} kinds[] = {
	{ "proc", MOUNT_KIND_PROC },     { "sysfs", MOUNT_KIND_SYSFS },
	{ "cgroup", MOUNT_KIND_CGROUP }, { "cgroup2", MOUNT_KIND_CGROUP },
	{ "mqueue", MOUNT_KIND_MQUEUE }, { "devpts", MOUNT_KIND_DEVPTS },
	{ "tmpfs", MOUNT_KIND_TMPFS },
};

/* Devices that every container has (config-linux.md, "Default Devices"). */
static const struct {
	const char *path;
	unsigned int major, minor;
} default_devices[] = {
	{ "/dev/null", 1, 3 },   { "/dev/zero", 1, 5 },    { "/dev/full", 1, 7 },
	{ "/dev/random", 1, 8 }, { "/dev/urandom", 1, 9 }, { "/dev/tty", 5, 0 },
};

static enum mount_kind kind_of(const char *type)
{
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
		if (strcmp(kinds[i].type, type) == 0)
			return kinds[i].kind;
	return MOUNT_KIND_OTHER;
}

/*
 * The part of bind source @path that lies below the root, NULL when none does.
 *
 * Whatever way leads there, by links or not: from the root on it is the container's tree, whose
 * links must not be followed on the host.
 */
static const char *part_in_root(const char *path, const struct rootfs_plan *root)
{
	_cleanup_free_ char *prefix = strdup(path);
	struct stat top, st;

	if (!prefix || stat(root->root, &top) < 0)
		return NULL;
	for (char *slash = strchr(prefix + 1, '/');; slash = strchr(slash + 1, '/')) {
		size_t length = slash ? (size_t)(slash - prefix) : strlen(path);

		if (slash)
			*slash = '\0';
		if (stat(prefix, &st) == 0 && st.st_dev == top.st_dev && st.st_ino == top.st_ino)
			return path + length;
		if (!slash)
			return NULL;
		*slash = '/';
	}
}

static int plan_link(struct mount_plan *plan, struct arena *arena, struct error **err)
{
	char text[PATH_MAX];
	ssize_t n = readlink(plan->source, text, sizeof(text) - 1);

	if (n < 0)
		return error_set(err, errno, "%s.source: %s", plan->where, plan->source);
	text[n] = '\0';
	plan->kind = MOUNT_KIND_SYMLINK;
	plan->link = arena_strdup(arena, text);
	return plan->link ? 0 : error_set(err, ENOMEM, "%s", plan->where);
}

static int plan_bind_source(const struct mount *mount, const struct rootfs_plan *root,
                            struct arena *arena, struct mount_plan *plan, struct error **err)
{
	const bool nofollow = plan->options.source_nofollow || plan->options.copy_symlink;
	struct stat st;

	if (!mount->source || !*mount->source)
		return error_set(err, 0, "%s.source: a bind mount needs a source", plan->where);
	plan->source = mount->source[0] == '/'
	                       ? mount->source
	                       : arena_printf(arena, "%s/%s", root->bundle, mount->source);
	if (!plan->source)
		return error_set(err, ENOMEM, "%s", plan->where);
	plan->in_root = part_in_root(plan->source, root);
	if (plan->in_root)
		return 0;
	if ((nofollow ? lstat : stat)(plan->source, &st) < 0)
		return error_set(err, errno, "%s.source: %s", plan->where, plan->source);
	return plan->options.copy_symlink && S_ISLNK(st.st_mode) ? plan_link(plan, arena, err) : 0;
}

/* Which ids an idmapped mount has, and whether it can be had (config.md, "idmap"). */
static int plan_idmap(const struct mount *mount, const struct rootfs_plan_options *options,
                      struct mount_plan *plan, struct error **err)
{
	const bool own_mappings = mount->uid_mappings.count > 0;

	plan->options.idmap |= own_mappings;
	if (!plan->options.idmap)
		return 0;
	if (plan->kind != MOUNT_KIND_BIND)
		return error_set(err, 0, "%s: only a bind mount can be idmapped", plan->where);
	if (!own_mappings && !options->new_user_namespace && !options->joined_user_namespace)
		return error_set(
			err, 0,
			"%s.options: idmap needs uidMappings and gidMappings here, because "
			"the container has no user namespace",
			plan->where);
	if (!options->privileged)
		return error_set(
			err, 0,
			"%s: the kernel lets only root, or root of the user namespace that "
			"a filesystem was mounted in, map the ids of a mount",
			plan->where);
	plan->uids = &mount->uid_mappings;
	plan->gids = &mount->gid_mappings;
	return 0;
}

/* Take "gid=5" and the like out of @data when the user namespace has no such id. */
static void drop_unmapped_gid(struct strings *data, const struct id_mappings *gids)
{
	size_t kept = 0;

	for (size_t i = 0; i < data->count; i++) {
		uint32_t id;

		if (strncmp(data->items[i], "gid=", 4) == 0 &&
		    number_parse_u32(data->items[i] + 4, &id) && id_mappings_to_host(gids, id) < 0)
			continue;
		data->items[kept++] = data->items[i];
	}
	data->items[kept] = NULL;
	data->count = kept;
}

static int refuse_unmapped(const struct mount_plan *plan, const char *key,
                           const struct id_mappings *ids, struct error **err)
{
	const char *text = mount_data_value(&plan->options.data, key);
	uint32_t id;

	if (!text || !number_parse_u32(text, &id) || id_mappings_to_host(ids, id) >= 0)
		return 0;
	return error_set(err, 0,
	                 "%s.options: %s=%s: this id is not mapped in the container's user "
	                 "namespace; use one that is, or remove the option",
	                 plan->where, key, text);
}

static int plan_ids(struct mount_plan *plan, const struct rootfs_plan_options *options,
                    struct error **err)
{
	if (!options->uids || !options->gids)
		return 0;
	if (plan->kind == MOUNT_KIND_DEVPTS)
		drop_unmapped_gid(&plan->options.data, options->gids);
	if (plan->kind != MOUNT_KIND_DEVPTS && plan->kind != MOUNT_KIND_TMPFS)
		return 0;
	if (refuse_unmapped(plan, "uid", options->uids, err) < 0)
		return -1;
	return refuse_unmapped(plan, "gid", options->gids, err);
}

/* linux.mountLabel, for filesystems whose files have no labels of their own. */
static int plan_label(const char *label, struct arena *arena, struct mount_plan *plan,
                      struct error **err)
{
	struct strings *data = &plan->options.data;

	if (!label || !*label || mount_data_value(data, "context") ||
	    (plan->kind != MOUNT_KIND_TMPFS && plan->kind != MOUNT_KIND_DEVPTS &&
	     plan->kind != MOUNT_KIND_OTHER))
		return 0;
	data->items[data->count] = arena_printf(arena, "context=%s", label);
	if (!data->items[data->count])
		return error_set(err, ENOMEM, "linux.mountLabel");
	data->count++;
	return 0;
}

static int plan_mount(const struct mount *mount, size_t index,
                      const struct rootfs_plan_options *options, const struct rootfs_plan *root,
                      struct arena *arena, struct mount_plan *plan, struct error **err)
{
	_cleanup_free_ char *where = NULL;

	*plan = (struct mount_plan){
		.where = arena_printf(arena, "mounts[%zu]", index),
		.idmapped = -1,
	};
	if (!plan->where || asprintf(&where, "mounts[%zu].options", index) < 0) {
		where = NULL;
		return error_set(err, ENOMEM, "mounts[%zu]", index);
	}
	plan->destination = mount->destination;
	if (mount_options_parse(&mount->options, mount->type, where, arena, &plan->options, err) <
	    0)
		return -1;
	if (plan->options.remount) {
		if (plan->options.data.count > 0)
			return error_set(
				err, 0,
				"%s: \"%s\" cannot be changed by remount, only the flags of "
				"the mount",
				where, plan->options.data.items[0]);
		plan->kind = MOUNT_KIND_REMOUNT;
		return 0;
	}
	if (plan->options.bind) {
		plan->kind = MOUNT_KIND_BIND;
		if (plan_bind_source(mount, root, arena, plan, err) < 0)
			return -1;
		return plan_idmap(mount, options, plan, err);
	}
	if (!mount->type || !*mount->type || strcmp(mount->type, "none") == 0)
		return error_set(err, 0,
		                 "%s.type: missing; name a filesystem type, or give the "
		                 "option \"bind\"",
		                 plan->where);
	plan->kind = kind_of(mount->type);
	if (plan->options.copy_up && plan->kind != MOUNT_KIND_TMPFS)
		return error_set(err, 0, "%s.options: tmpcopyup is for tmpfs, not for %s",
		                 plan->where, mount->type);
	if (plan_idmap(mount, options, plan, err) < 0)
		return -1;
	plan->type = plan->kind == MOUNT_KIND_CGROUP ? "cgroup2" : mount->type;
	plan->source = mount->source ? mount->source : mount->type;
	if (plan_label(options->mount_label, arena, plan, err) < 0)
		return -1;
	return plan_ids(plan, options, err);
}

/* "/dev", however it is written. */
static bool is_dev(const char *path)
{
	bool below_dev = false;
	size_t depth = 0;

	for (path += strspn(path, "/"); *path; path += strspn(path, "/")) {
		const size_t length = strcspn(path, "/");

		if (length == 2 && strncmp(path, "..", 2) == 0)
			depth -= depth > 0;
		else if (length != 1 || *path != '.')
			if (++depth == 1)
				below_dev = length == 3 && strncmp(path, "dev", 3) == 0;
		path += length;
	}
	return depth == 1 && below_dev;
}

static int plan_mounts(const struct config *config, const struct rootfs_plan_options *options,
                       struct arena *arena, struct rootfs_plan *plan, struct error **err)
{
	plan->mount_count = config->mounts.count;
	plan->mounts = arena_alloc(arena,
	                           (plan->mount_count + ROOTFS_OWN_BINDS) * sizeof(*plan->mounts));
	if (!plan->mounts)
		return error_set(err, ENOMEM, "mounts");
	plan->make_devices = true;
	for (size_t i = 0; i < plan->mount_count; i++) {
		struct mount_plan *entry = &plan->mounts[i];

		if (plan_mount(&config->mounts.items[i], i, options, plan, arena, entry, err) < 0)
			return -1;
		if (entry->kind == MOUNT_KIND_BIND && is_dev(entry->destination))
			plan->make_devices = false;
	}
	return 0;
}

static mode_t device_file_type(char letter)
{
	return letter == 'b' ? S_IFBLK : letter == 'p' ? S_IFIFO : S_IFCHR;
}

/* Without mknod(2) a device can only be the host's own node at the same path. */
static int check_host_device(const struct device_plan *device, struct error **err)
{
	struct stat st;

	if (stat(device->path, &st) < 0)
		return error_set(err, errno,
		                 "%s: the host has no %s to bind, and only root can make it",
		                 device->where, device->path);
	if ((st.st_mode & S_IFMT) == device->type && st.st_rdev == device->number)
		return 0;
	return error_set(err, 0,
	                 "%s: the host's %s is another device (%u:%u, wanted %u:%u), and only "
	                 "root can make one",
	                 device->where, device->path, major(st.st_rdev), minor(st.st_rdev),
	                 major(device->number), minor(device->number));
}

static int plan_device(const struct device *device, size_t index, const struct rootfs_plan *root,
                       struct arena *arena, struct device_plan *plan, struct error **err)
{
	*plan = (struct device_plan){
		.where = arena_printf(arena, "linux.devices[%zu]", index),
		.path = device->path,
		.type = device_file_type(device->type[0]),
		.mode = device->file_mode.set ? device->file_mode.value : 0666,
		.uid = device->uid.value,
		.gid = device->gid.value,
	};
	if (!plan->where)
		return error_set(err, ENOMEM, "linux.devices");
	if (plan->type != S_IFIFO)
		plan->number = makedev((unsigned int)device->major.value,
		                       (unsigned int)device->minor.value);
	if (root->bind_devices && plan->type != S_IFIFO)
		return check_host_device(plan, err);
	return 0;
}

static bool device_listed(const struct config *config, const char *path)
{
	for (size_t i = 0; i < config->linux.devices.count; i++)
		if (strcmp(config->linux.devices.items[i].path, path) == 0)
			return true;
	return false;
}

static int plan_devices(const struct config *config, struct arena *arena, struct rootfs_plan *plan,
                        struct error **err)
{
	size_t listed = config->linux.devices.count;

	plan->devices =
		arena_alloc(arena, (listed + ARRAY_SIZE(default_devices)) * sizeof(*plan->devices));
	if (!plan->devices)
		return error_set(err, ENOMEM, "linux.devices");
	for (size_t i = 0; i < ARRAY_SIZE(default_devices); i++) {
		if (device_listed(config, default_devices[i].path))
			continue;
		plan->devices[plan->device_count++] = (struct device_plan){
			.path = default_devices[i].path,
			.type = S_IFCHR,
			.number = makedev(default_devices[i].major, default_devices[i].minor),
			.mode = 0666,
		};
	}
	for (size_t i = 0; i < listed; i++) {
		if (plan_device(&config->linux.devices.items[i], i, plan, arena,
		                &plan->devices[plan->device_count], err) < 0)
			return -1;
		plan->device_count++;
	}
	return 0;
}

static int plan_root(const struct config *config, struct arena *arena, struct rootfs_plan *plan,
                     struct error **err)
{
	char resolved[PATH_MAX];
	const char *path = config->root.path;
	struct stat st;

	if (path[0] != '/')
		path = arena_printf(arena, "%s/%s", plan->bundle, path);
	if (!path)
		return error_set(err, ENOMEM, "root.path");
	if (!realpath(path, resolved) || stat(resolved, &st) < 0)
		return error_set(err, errno, "root.path: %s", path);
	if (!S_ISDIR(st.st_mode))
		return error_set(err, 0, "root.path: %s is not a directory", path);
	if (strcmp(resolved, "/") == 0)
		return error_set(err, 0, "root.path: the host's own root cannot be a container's");
	plan->root = arena_strdup(arena, resolved);
	if (!plan->root)
		return error_set(err, ENOMEM, "root.path");
	return 0;
}

static unsigned long parse_propagation(const char *word)
{
	static const struct {
		const char *word;
		unsigned long flags;
	} table[] = {
		{ "private", MS_PRIVATE },       { "rprivate", MS_PRIVATE | MS_REC },
		{ "shared", MS_SHARED },         { "rshared", MS_SHARED | MS_REC },
		{ "slave", MS_SLAVE },           { "rslave", MS_SLAVE | MS_REC },
		{ "unbindable", MS_UNBINDABLE }, { "runbindable", MS_UNBINDABLE | MS_REC },
	};

	for (size_t i = 0; word && i < ARRAY_SIZE(table); i++)
		if (strcmp(table[i].word, word) == 0)
			return table[i].flags;
	return 0;
}

/*
 * Whether what the caller makes before its ids are mapped belongs to the container's root after:
 * either nothing is mapped, or the caller is mapped to root.
 */
static bool owns_root(const struct rootfs_plan_options *options)
{
	if (options->joined_user_namespace)
		return false;
	return !options->new_user_namespace ||
	       (id_mappings_to_host(options->uids, 0) == (int64_t)geteuid() &&
	        id_mappings_to_host(options->gids, 0) == (int64_t)getegid());
}

int rootfs_plan_mounts(const struct config *config, const struct rootfs_plan_options *options,
                       struct arena *arena, struct rootfs_plan *plan, struct error **err)
{
	*plan = (struct rootfs_plan){
		.bundle = options->bundle,
		.readonly = config->root.readonly,
		.owns_root = owns_root(options),
		.own_user_namespace = options->new_user_namespace || options->joined_user_namespace,
		.bind_devices = options->new_user_namespace || options->joined_user_namespace ||
		                !options->in_initial_user_namespace,
		.host_ipc = !config_namespace(config, NAMESPACE_IPC),
		.host_network = !config_namespace(config, NAMESPACE_NETWORK),
		.host_cgroup = !config_namespace(config, NAMESPACE_CGROUP),
		.host_pid = !config_namespace(config, NAMESPACE_PID),
		.masked_paths = &config->linux.masked_paths,
		.readonly_paths = &config->linux.readonly_paths,
		.propagation = parse_propagation(config->linux.rootfs_propagation),
		.no_pivot = options->no_pivot,
	};
	if (plan_root(config, arena, plan, err) < 0)
		return -1;
	return plan_mounts(config, options, arena, plan, err);
}

int rootfs_plan_make(const struct config *config, const struct rootfs_plan_options *options,
                     struct arena *arena, struct rootfs_plan *plan, struct error **err)
{
	if (rootfs_plan_mounts(config, options, arena, plan, err) < 0)
		return -1;
	return plan_devices(config, arena, plan, err);
}

void rootfs_plan_add_bind(struct rootfs_plan *plan, const char *source, const char *destination)
{
	plan->mounts[plan->mount_count++] = (struct mount_plan){
		.where = destination,
		.destination = destination,
		.source = source,
		.kind = MOUNT_KIND_BIND,
		.idmapped = -1,
		.options = {
			.bind = true,
			.flags = { .set = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV |
					  MOUNT_ATTR_NOEXEC },
		},
	};
}
