/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation: without a cgroup no limit of linux.resources can be in force. A table says
 * which member means which property; those that are set are named in one line. With a cgroup it
 * is those of a controller that nobody has given to us. Device rules are no loss in a user
 * namespace: the mounts decide there which devices can be opened, and no new ones can be made.
 */
#include "container/lost.h"

#include <string.h>

#include "base/log.h"

struct limit {
	const char *name;
	bool set;
};

static int name_limits(const struct limit *limits, size_t count, char **names)
{
	size_t size = 0;
	FILE *out = open_memstream(names, &size);
	int found = 0;

	if (!out)
		return -1;
	for (size_t i = 0; i < count; i++)
		if (limits[i].set)
			fprintf(out, "%s%s", found++ ? ", " : "", limits[i].name);
	return fclose(out) == 0 ? found : -1;
}

/* Negative numbers are words for "unlimited" (config-linux.md), which is what there is. */
static bool limits(const struct opt_i64 *number)
{
	return number->set && number->value >= 0;
}

/* All that is set, when there is no cgroup. Return: how many, or -1. */
static int name_all(const struct resources *resources, bool devices, char **names)
{
	const struct limit settings[] = {
		{ "unified", resources->unified.count > 0 },
		{ "devices", devices && resources->devices.count > 0 },
		{ "pids.limit", limits(&resources->pids.limit) },
		{ "memory.limit", limits(&resources->memory.limit) },
		{ "memory.reservation", limits(&resources->memory.reservation) },
		{ "memory.swap", limits(&resources->memory.swap) },
		{ "memory.kernel", limits(&resources->memory.kernel) },
		{ "memory.kernelTCP", limits(&resources->memory.kernel_tcp) },
		{ "memory.swappiness", resources->memory.swappiness.set },
		{ "memory.disableOOMKiller", resources->memory.disable_oom_killer.value },
		{ "cpu.shares", resources->cpu.shares.set },
		{ "cpu.quota", limits(&resources->cpu.quota) },
		{ "cpu.period", resources->cpu.period.set },
		{ "cpu.burst", resources->cpu.burst.set },
		{ "cpu.idle", resources->cpu.idle.set },
		{ "cpu.realtimePeriod", resources->cpu.realtime_period.set },
		{ "cpu.realtimeRuntime", resources->cpu.realtime_runtime.set },
		{ "cpu.cpus", resources->cpu.cpus && *resources->cpu.cpus },
		{ "cpu.mems", resources->cpu.mems && *resources->cpu.mems },
		{ "blockIO.weight", resources->block_io.weight.set },
		{ "blockIO.leafWeight", resources->block_io.leaf_weight.set },
		{ "blockIO.weightDevice", resources->block_io.weight_device.count > 0 },
		{ "blockIO.throttleReadBpsDevice",
		  resources->block_io.throttle_read_bps.count > 0 },
		{ "blockIO.throttleWriteBpsDevice",
		  resources->block_io.throttle_write_bps.count > 0 },
		{ "blockIO.throttleReadIOPSDevice",
		  resources->block_io.throttle_read_iops.count > 0 },
		{ "blockIO.throttleWriteIOPSDevice",
		  resources->block_io.throttle_write_iops.count > 0 },
		{ "hugepageLimits", resources->hugepage_limits.count > 0 },
		{ "network",
		  resources->network.class_id.set || resources->network.priorities.count > 0 },
		{ "rdma", resources->rdma.count > 0 },
	};

	return name_limits(settings, ARRAY_SIZE(settings), names);
}

/* What is set and has no controller. Return: how many, or -1. */
static int name_missing(const struct cgroup *cgroup, char **names)
{
	const struct cgroup_settings *settings = &cgroup->settings;
	_cleanup_free_ struct limit *limits = calloc(settings->count + 1, sizeof(*limits));
	size_t count = 0;

	if (!limits)
		return -1;
	for (size_t i = 0; i < settings->count; i++) {
		const struct cgroup_setting *setting = &settings->items[i];

		/* Several files can be of one name; no limit is no loss. */
		if (setting->optional)
			continue;
		if (count > 0 && strcmp(limits[count - 1].name, setting->name) == 0)
			continue;
		if (!cgroup_has_controller(cgroup, setting->controller))
			limits[count++] = (struct limit){ setting->name, true };
	}
	return name_limits(limits, count, names);
}

/* The cause, as a clause, and what would change it. */
static void explain(const struct cgroup *cgroup, const char **reason, const char **remedy)
{
	*reason = cgroup->reason;
	*remedy = cgroup->remedy;
	if (cgroup->manager == CGROUP_MANAGER_NONE)
		return;
	*reason = cgroup->tree.hybrid ? "this host has its controllers in cgroup v1"
	                              : "their controllers are not delegated to us";
	*remedy = cgroup->tree.hybrid ? "boot it with systemd.unified_cgroup_hierarchy=1"
	                              : "have root set Delegate= for user@.service, see "
	                                "rootlet-config(5)";
}

int lost_settings_report(const struct config *config, const struct cgroup *cgroup, bool strict,
                         bool devices, struct error **err)
{
	const bool relied_on = config->linux.cgroups_path && !cgroup->disabled;
	const char *reason, *remedy;
	_cleanup_free_ char *names = NULL;
	int found = cgroup->manager == CGROUP_MANAGER_NONE
	                    ? name_all(&config->linux.resources, devices, &names)
	                    : name_missing(cgroup, &names);

	if (found < 0)
		return error_set(err, ENOMEM, "linux.resources");
	if (found == 0)
		return 0;
	explain(cgroup, &reason, &remedy);
	if (!strict && !relied_on) {
		log_warning("linux.resources: not in force: %s: %s; %s", names, reason, remedy);
		return 0;
	}
	error_set(err, 0, "linux.resources: cannot apply %s: %s", names, reason);
	return error_hint(err, "%s, or remove them%s", remedy,
	                  strict ? "" : ", or linux.cgroupsPath to go without");
}
