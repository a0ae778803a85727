/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation: this version makes no cgroup, so no limit of linux.resources can be in
 * force. A table says which member means which property; those that are set are named in one
 * line. Device rules are no loss in a user namespace: the mounts decide there which devices can
 * be opened, and no new ones can be made.
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

int lost_settings_report(const struct config *config, bool strict, bool privileged,
                         struct error **err)
{
	const struct resources *resources = &config->linux.resources;
	const struct limit settings[] = {
		{ "unified", resources->unified.count > 0 },
		{ "devices", privileged && resources->devices.count > 0 },
		{ "pids.limit", resources->pids.limit.set && resources->pids.limit.value > 0 },
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
	_cleanup_free_ char *names = NULL;
	int found = name_limits(settings, ARRAY_SIZE(settings), &names);

	if (found < 0)
		return error_set(err, ENOMEM, "linux.resources");
	if (found == 0)
		return 0;
	if (strict || config->linux.cgroups_path)
		return error_set(err, 0,
		                 "linux.resources: this version of rootlet makes no cgroup and "
		                 "cannot apply %s; remove them%s",
		                 names, strict ? "" : ", or linux.cgroupsPath to go without");
	log_warning("linux.resources: this version of rootlet makes no cgroup; not in force: %s",
	            names);
	return 0;
}
