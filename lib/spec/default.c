/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation: constants fill a `struct config`, which the tables of config.c turn into
 * JSON. The content is the one that `runc spec` made familiar, so that tutorials and scripts (sed
 * on "terminal": true) work. What varies with the options is an entry of a table with its
 * condition beside it.
 */
#include "spec/default.h"

#include <linux/capability.h>
#include <sys/resource.h>

#include "base/cleanup.h"
#include "spec/config.h"

#define BIT(number) (UINT64_C(1) << (number))

/* When an entry is part of the document: all of its conditions have to be met. */
enum condition {
	ALWAYS = 0,
	NOT_ROOTLESS = 1 << 0,
	FOR_ROOTLESS = 1 << 1,
	WITH_CGROUP2 = 1 << 2,
};

/*
 * A sysfs can only be mounted by the owner of the network namespace, which rootless keeps as it
 * is; and its single id has no group 5 for the terminals.
 */
static const struct {
	const char *destination, *type, *source;
	const char *const options[8];
	unsigned int when;
} mounts[] = {
	{ "/proc", "proc", "proc", { NULL }, ALWAYS },
	{ "/dev", "tmpfs", "tmpfs", { "nosuid", "strictatime", "mode=755", "size=65536k" }, ALWAYS },
	{ "/dev/pts",
	  "devpts",
	  "devpts",
	  { "nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620", "gid=5" },
	  NOT_ROOTLESS },
	{ "/dev/pts",
	  "devpts",
	  "devpts",
	  { "nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620" },
	  FOR_ROOTLESS },
	{ "/dev/shm",
	  "tmpfs",
	  "shm",
	  { "nosuid", "noexec", "nodev", "mode=1777", "size=65536k" },
	  ALWAYS },
	{ "/dev/mqueue", "mqueue", "mqueue", { "nosuid", "noexec", "nodev" }, ALWAYS },
	{ "/sys", "sysfs", "sysfs", { "nosuid", "noexec", "nodev", "ro" }, NOT_ROOTLESS },
	{ "/sys", "none", "/sys", { "rbind", "nosuid", "noexec", "nodev", "ro" }, FOR_ROOTLESS },
	{ "/sys/fs/cgroup",
	  "cgroup",
	  "cgroup",
	  { "nosuid", "noexec", "nodev", "relatime", "ro" },
	  WITH_CGROUP2 },
};

static const struct {
	enum namespace_type type;
	unsigned int when;
} namespaces[] = {
	{ NAMESPACE_PID, ALWAYS },        { NAMESPACE_NETWORK, NOT_ROOTLESS },
	{ NAMESPACE_IPC, ALWAYS },        { NAMESPACE_UTS, ALWAYS },
	{ NAMESPACE_MOUNT, ALWAYS },      { NAMESPACE_CGROUP, WITH_CGROUP2 },
	{ NAMESPACE_USER, FOR_ROOTLESS },
};

static const char *const arguments[] = { "sh", NULL };

static const char *const environment[] = {
	"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
	"TERM=xterm",
	NULL,
};

/* What tells about the host's hardware or timing, or has been a way out (CVE-2017-16539: scsi). */
static const char *const masked_paths[] = {
	"/proc/acpi",
	"/proc/asound",
	"/proc/kcore",
	"/proc/keys",
	"/proc/latency_stats",
	"/proc/timer_list",
	"/proc/timer_stats",
	"/proc/sched_debug",
	"/sys/firmware",
	"/proc/scsi",
	NULL,
};

static const char *const readonly_paths[] = {
	"/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger", NULL,
};

static bool applies(unsigned int when, const struct spec_options *options)
{
	unsigned int met = options->rootless ? FOR_ROOTLESS : NOT_ROOTLESS;

	if (options->cgroup2)
		met |= WITH_CGROUP2;
	return (when & ~met) == 0;
}

/* The structs of a config have no const members, but nothing here writes to the constants. */
static char *constant(const char *text)
{
	return (char *)text;
}

static struct strings constants(const char *const *list)
{
	struct strings strings = { (char **)list, 0 };

	while (list[strings.count])
		strings.count++;
	return strings;
}

static struct process make_process(struct rlimit_config *limit)
{
	const uint64_t capabilities = BIT(CAP_AUDIT_WRITE) | BIT(CAP_KILL) |
	                              BIT(CAP_NET_BIND_SERVICE);

	*limit = (struct rlimit_config){ RLIMIT_NOFILE, 1024, 1024 };
	return (struct process){
		.terminal = true,
		.cwd = constant("/"),
		.args = constants(arguments),
		.env = constants(environment),
		.capabilities = {
			.set = true,
			.bounding = capabilities,
			.effective = capabilities,
			.permitted = capabilities,
		},
		.rlimits = { limit, 1 },
		.no_new_privileges = true,
	};
}

/* Fill @filled with the mounts that apply. Return: how many. */
static size_t make_mounts(const struct spec_options *options, struct mount *filled)
{
	size_t count = 0;

	for (size_t i = 0; i < ARRAY_SIZE(mounts); i++) {
		if (!applies(mounts[i].when, options))
			continue;
		filled[count++] = (struct mount){
			.destination = constant(mounts[i].destination),
			.type = constant(mounts[i].type),
			.source = constant(mounts[i].source),
			.options = constants(mounts[i].options),
		};
	}
	return count;
}

static size_t make_namespaces(const struct spec_options *options, struct namespace_config *filled)
{
	size_t count = 0;

	for (size_t i = 0; i < ARRAY_SIZE(namespaces); i++) {
		if (applies(namespaces[i].when, options))
			filled[count++] =
				(struct namespace_config){ .type = (int)namespaces[i].type };
	}
	return count;
}

char *spec_default(const struct spec_options *options, struct error **err)
{
	struct id_mapping uids = { 0, options->uid, 1 }, gids = { 0, options->gid, 1 };
	struct namespace_config own_namespaces[ARRAY_SIZE(namespaces)];
	struct mount own_mounts[ARRAY_SIZE(mounts)];
	struct rlimit_config limit;
	struct key_value network = { constant("org.rootlet.network"), constant("slirp") };
	struct config config = {
		.oci_version = constant(SPEC_VERSION),
		.has_process = true,
		.process = make_process(&limit),
		.root = { .path = constant("rootfs"), .readonly = true },
		.hostname = constant("rootlet"),
		.mounts = { own_mounts, make_mounts(options, own_mounts) },
		.linux = {
			.namespaces = { own_namespaces, make_namespaces(options, own_namespaces) },
			.masked_paths = constants(masked_paths),
			.readonly_paths = constants(readonly_paths),
		},
	};

	if (options->rootless) {
		config.linux.uid_mappings = (struct id_mappings){ &uids, 1 };
		config.linux.gid_mappings = (struct id_mappings){ &gids, 1 };
	}
	/* With --rootless the container keeps the host's network. */
	if (options->network && !options->rootless)
		config.annotations = (struct string_map){ &network, 1 };
	return config_format(&config, err);
}
