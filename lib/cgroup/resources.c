/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation: planning is pure: linux.resources becomes a list of files and values, in an
 * order in which the kernel takes them, with what to do where a file is missing. The specification
 * thinks in cgroup v1; what v2 has no file for is refused. A number that is 0 in memory, cpu.shares,
 * cpu.quota or cpu.period means "not set", as runc reads it, whose documents hold such zeros.
 */
#include "cgroup/resources.h"

#include <inttypes.h>
#include <string.h>

/* Ranges of cpu.shares and cpu.weight (kernel: MIN_SHARES, MAX_SHARES; CGROUP_WEIGHT_*). */
#define SHARES_MIN 2
#define SHARES_MAX 262144
#define WEIGHT_MIN 1
#define WEIGHT_MAX 10000
/* That of blockIO.weight (blkio.weight of v1, and io.bfq.weight). */
#define IO_WEIGHT_MIN 10
#define IO_WEIGHT_MAX 1000

/* --- conversions --- */

/* log2(3) without libm, which no start of a container shall load. */
static double log2_of(double number)
{
	double result = 0, step = 1;

	for (; number >= 2; number /= 2)
		result++;
	for (int bit = 0; bit < 52; bit++) {
		step /= 2;
		number *= number;
		if (number >= 2) {
			number /= 2;
			result += step;
		}
	}
	return result;
}

/*
 * Two conversions are about. The older one is linear, weight = 1 + (shares - 2) * 9999 / 262142: it
 * takes the ends of one range to those of the other, but the default of 1024 shares to 39, so that a
 * container with the default shares gets much less than a process outside with the default weight of
 * 100. The newer one, of Kubernetes (issue 131216), runc since 1.3.2 and crun since 1.23, takes both
 * ends and the default to their counterparts: weight = 10^((l² + 125 l) / 612 - 7 / 34), where l is
 * log2(shares), rounded up. It is the one that is used here, for the defaults to agree and for the
 * same config.json to mean the same under each runtime.
 */
uint64_t cgroup_cpu_weight(uint64_t shares)
{
	uint64_t low = WEIGHT_MIN, high = WEIGHT_MAX;
	double l, exponent;

	if (shares == 0)
		return 0;
	if (shares <= SHARES_MIN)
		return WEIGHT_MIN;
	if (shares >= SHARES_MAX)
		return WEIGHT_MAX;
	l = log2_of((double)shares);
	/* Of 2 instead of 10, so that a search among the weights needs log2() alone. */
	exponent = ((l * l + 125 * l) / 612 - 7.0 / 34) * log2_of(10);
	while (low < high) {
		uint64_t middle = (low + high) / 2;

		/* 1024 shares are 100 exactly; no other result is this close to a whole number. */
		if (log2_of((double)middle) >= exponent - 1e-12)
			high = middle;
		else
			low = middle + 1;
	}
	return low;
}

/* Linear, from 10..1000 to 1..10000, as runc and crun. */
uint64_t cgroup_io_weight(uint32_t weight)
{
	if (weight == 0)
		return 0;
	if (weight <= IO_WEIGHT_MIN)
		return WEIGHT_MIN;
	if (weight >= IO_WEIGHT_MAX)
		return WEIGHT_MAX;
	return WEIGHT_MIN + (uint64_t)(weight - IO_WEIGHT_MIN) * (WEIGHT_MAX - WEIGHT_MIN) /
	                            (IO_WEIGHT_MAX - IO_WEIGHT_MIN);
}

/* --- planning --- */

struct plan {
	const struct resources *resources;
	struct arena *arena;
	struct cgroup_settings *settings;
	bool no_memory;
};

static bool is_set(const struct opt_i64 *number)
{
	return number->set && number->value != 0;
}

/* Settings whose texts could not be made are counted as missing memory. */
static void add(struct plan *plan, struct cgroup_setting setting)
{
	if (!setting.file || !setting.value || !setting.name ||
	    (setting.other_file && !setting.other_value))
		plan->no_memory = true;
	else
		plan->settings->items[plan->settings->count++] = setting;
}

/* "max" for what is unlimited. */
static const char *limit_text(struct plan *plan, int64_t limit)
{
	return limit < 0 ? "max" : arena_printf(plan->arena, "%" PRId64, limit);
}

/*
 * memory.swap counts memory and swap together, memory.swap.max swap alone. Without a limit of
 * memory nothing is left of the swap's either (as with cgroup v1, and in runc).
 */
static const char *swap_text(struct plan *plan)
{
	const struct opt_i64 *limit = &plan->resources->memory.limit;
	const struct opt_i64 *swap = &plan->resources->memory.swap;

	if (!is_set(swap))
		return limit->set && limit->value < 0 ? "max" : NULL;
	return limit_text(plan, swap->value < 0 ? -1 : swap->value - limit->value);
}

/*
 * The swap first: where it grows, lowering the memory can make use of it. A kernel that does not
 * count swap has no file for it, and neither a limit nor anything to be forbidden.
 */
static void plan_memory(struct plan *plan)
{
	const struct opt_i64 *limit = &plan->resources->memory.limit;
	const struct opt_i64 *swap = &plan->resources->memory.swap;
	const struct opt_i64 *reservation = &plan->resources->memory.reservation;
	const char *text = swap_text(plan);

	if (is_set(swap) || text)
		add(plan, (struct cgroup_setting){
				  .file = "memory.swap.max",
				  .value = text,
				  .name = is_set(swap) ? "memory.swap" : "memory.limit",
				  .controller = "memory",
				  .optional = text &&
		                              (strcmp(text, "max") == 0 || strcmp(text, "0") == 0),
			  });
	if (is_set(limit))
		add(plan, (struct cgroup_setting){ .file = "memory.max",
		                                   .value = limit_text(plan, limit->value),
		                                   .name = "memory.limit",
		                                   .controller = "memory",
		                                   .optional = limit->value < 0 });
	if (is_set(reservation))
		add(plan, (struct cgroup_setting){ .file = "memory.low",
		                                   .value = limit_text(plan, reservation->value),
		                                   .name = "memory.reservation",
		                                   .controller = "memory",
		                                   .optional = reservation->value < 0 });
}

static void plan_cpu_idle(struct plan *plan)
{
	const bool idle = plan->resources->cpu.idle.value != 0;

	/* Before Linux 5.15 no cgroup is idle. */
	add(plan, (struct cgroup_setting){ .file = "cpu.idle",
	                                   .value = idle ? "1" : "0",
	                                   .name = "cpu.idle",
	                                   .controller = "cpu",
	                                   .optional = !idle });
}

/* "QUOTA PERIOD"; the period in force stays where none is given. */
static const char *cpu_max_text(struct plan *plan)
{
	const struct opt_i64 *quota = &plan->resources->cpu.quota;
	const struct opt_u64 *period = &plan->resources->cpu.period;
	const char *limit = limit_text(plan, is_set(quota) ? quota->value : -1);

	if (!limit || !period->set || period->value == 0)
		return limit;
	return arena_printf(plan->arena, "%s %" PRIu64, limit, period->value);
}

/* The burst may not be above the quota, neither the old one nor the new one. */
static void plan_cpu_max(struct plan *plan)
{
	const struct opt_i64 *quota = &plan->resources->cpu.quota;
	const struct opt_u64 *period = &plan->resources->cpu.period;
	const struct opt_u64 *burst = &plan->resources->cpu.burst;

	if (burst->set)
		add(plan, (struct cgroup_setting){
				  .file = "cpu.max.burst",
				  .value = arena_printf(plan->arena, "%" PRIu64, burst->value),
				  .name = "cpu.burst",
				  .controller = "cpu",
				  .optional = burst->value == 0,
				  .later = true,
			  });
	if (is_set(quota) || (period->set && period->value != 0))
		add(plan,
		    (struct cgroup_setting){ .file = "cpu.max",
		                             .value = cpu_max_text(plan),
		                             .name = is_set(quota) ? "cpu.quota" : "cpu.period",
		                             .controller = "cpu",
		                             .optional = quota->value < 0 });
}

/*
 * The kernel takes no weight for an idle cgroup, and forgets the one from before: when it stops being
 * idle it has the default. So a weight beside idle would be refused or lost.
 */
static void plan_cpu(struct plan *plan)
{
	const struct opt_i64 *idle = &plan->resources->cpu.idle;
	const uint64_t weight = cgroup_cpu_weight(plan->resources->cpu.shares.value);

	if (idle->set)
		plan_cpu_idle(plan);
	if (weight > 0 && idle->value == 0)
		add(plan,
		    (struct cgroup_setting){ .file = "cpu.weight",
		                             .value = arena_printf(plan->arena, "%" PRIu64, weight),
		                             .name = "cpu.shares",
		                             .controller = "cpu" });
	plan_cpu_max(plan);
	if (plan->resources->cpu.cpus)
		add(plan, (struct cgroup_setting){ .file = "cpuset.cpus",
		                                   .value = plan->resources->cpu.cpus,
		                                   .name = "cpu.cpus",
		                                   .controller = "cpuset" });
	if (plan->resources->cpu.mems)
		add(plan, (struct cgroup_setting){ .file = "cpuset.mems",
		                                   .value = plan->resources->cpu.mems,
		                                   .name = "cpu.mems",
		                                   .controller = "cpuset" });
}

/*
 * 0 is a limit since version 1.3 of the specification. systemd knows none below 1, which is no
 * other to the container, whose first process counts; a cgroup with 0 lets no process be cloned
 * into it.
 */
static void plan_pids(struct plan *plan)
{
	const struct opt_i64 *limit = &plan->resources->pids.limit;

	if (limit->set)
		add(plan, (struct cgroup_setting){
				  .file = "pids.max",
				  .value = limit->value == 0 ? "1" : limit_text(plan, limit->value),
				  .name = "pids.limit",
				  .controller = "pids",
				  .optional = limit->value < 0,
			  });
}

/* The weight of the BFQ scheduler where there is that one, else that of io.cost. */
static void plan_io_weight(struct plan *plan, const struct opt_u32 *weight, const char *device,
                           const char *name)
{
	if (!weight->set || weight->value == 0)
		return;
	add(plan, (struct cgroup_setting){
			  .file = "io.bfq.weight",
			  .value = arena_printf(plan->arena, "%s%u", device, weight->value),
			  .name = name,
			  .controller = "io",
			  .other_file = "io.weight",
			  .other_value = arena_printf(plan->arena, "%s%" PRIu64, device,
	                                              cgroup_io_weight(weight->value)),
		  });
}

static void plan_io_device_weights(struct plan *plan)
{
	const struct block_io_devices *devices = &plan->resources->block_io.weight_device;

	for (size_t i = 0; i < devices->count; i++) {
		const struct block_io_device *device = &devices->items[i];
		const char *prefix = arena_printf(plan->arena, "%" PRId64 ":%" PRId64 " ",
		                                  device->major, device->minor);
		const char *name = arena_printf(plan->arena, "blockIO.weightDevice[%zu]", i);

		if (prefix)
			plan_io_weight(plan, &device->weight, prefix, name);
		else
			plan->no_memory = true;
	}
}

/* A rate of 0 takes the limit away. */
static void plan_io_max(struct plan *plan, const struct block_io_devices *devices, const char *key,
                        const char *property)
{
	for (size_t i = 0; i < devices->count; i++) {
		const struct block_io_device *device = &devices->items[i];
		const char *rate = device->rate.value == 0 ? "max"
		                                           : arena_printf(plan->arena, "%" PRIu64,
		                                                          device->rate.value);

		if (!rate) {
			plan->no_memory = true;
			return;
		}
		add(plan,
		    (struct cgroup_setting){
			    .file = "io.max",
			    .value = arena_printf(plan->arena, "%" PRId64 ":%" PRId64 " %s=%s",
		                                  device->major, device->minor, key, rate),
			    .name = arena_printf(plan->arena, "blockIO.%s[%zu]", property, i),
			    .controller = "io",
		    });
	}
}

static void plan_io(struct plan *plan)
{
	const struct resources *resources = plan->resources;

	plan_io_weight(plan, &resources->block_io.weight, "", "blockIO.weight");
	plan_io_device_weights(plan);
	plan_io_max(plan, &resources->block_io.throttle_read_bps, "rbps", "throttleReadBpsDevice");
	plan_io_max(plan, &resources->block_io.throttle_write_bps, "wbps",
	            "throttleWriteBpsDevice");
	plan_io_max(plan, &resources->block_io.throttle_read_iops, "riops",
	            "throttleReadIOPSDevice");
	plan_io_max(plan, &resources->block_io.throttle_write_iops, "wiops",
	            "throttleWriteIOPSDevice");
}

/* Both what is used and, since Linux 5.7, what is reserved. */
static void plan_hugetlb(struct plan *plan)
{
	for (size_t i = 0; i < plan->resources->hugepage_limits.count; i++) {
		const struct hugepage_limit *limit = &plan->resources->hugepage_limits.items[i];
		struct cgroup_setting setting = {
			.file = arena_printf(plan->arena, "hugetlb.%s.max", limit->page_size),
			.value = arena_printf(plan->arena, "%" PRIu64, limit->limit),
			.name = arena_printf(plan->arena, "hugepageLimits[%zu]", i),
			.controller = "hugetlb",
		};

		add(plan, setting);
		setting.file = arena_printf(plan->arena, "hugetlb.%s.rsvd.max", limit->page_size);
		setting.optional = true;
		add(plan, setting);
	}
}

static const char *rdma_part(struct plan *plan, const char *key, const struct opt_u32 *limit)
{
	return limit->set ? arena_printf(plan->arena, " %s=%u", key, limit->value) : "";
}

static void plan_rdma(struct plan *plan)
{
	for (size_t i = 0; i < plan->resources->rdma.count; i++) {
		const struct rdma_limit *limit = &plan->resources->rdma.items[i];
		const char *handles = rdma_part(plan, "hca_handle", &limit->hca_handles);
		const char *objects = rdma_part(plan, "hca_object", &limit->hca_objects);

		if (!handles || !objects) {
			plan->no_memory = true;
			return;
		}
		add(plan, (struct cgroup_setting){
				  .file = "rdma.max",
				  .value = arena_printf(plan->arena, "%s%s%s", limit->device,
		                                        handles, objects),
				  .name = arena_printf(plan->arena, "rdma[%s]", limit->device),
				  .controller = "rdma",
			  });
	}
}

/* The controller that has @file, NULL for cgroup.* and for what says none. */
static const char *controller_of(struct plan *plan, const char *file)
{
	size_t length = strcspn(file, ".");

	if (file[length] == '\0' ||
	    (length == strlen("cgroup") && strncmp(file, "cgroup", length) == 0))
		return NULL;
	return arena_strndup(plan->arena, file, length);
}

/* The kernel takes one line at a time ("8:0 rbps=1\n8:16 rbps=1"). */
static void plan_unified(struct plan *plan)
{
	for (size_t i = 0; i < plan->resources->unified.count; i++) {
		const struct key_value *pair = &plan->resources->unified.items[i];
		struct cgroup_setting setting = {
			.file = pair->key,
			.name = arena_printf(plan->arena, "unified[%s]", pair->key),
			.controller = controller_of(plan, pair->key),
		};
		const char *line = pair->value;

		do {
			size_t length = strcspn(line, "\n");

			setting.value = arena_strndup(plan->arena, line, length);
			add(plan, setting);
			line += length;
			line += *line == '\n';
		} while (*line);
	}
}

static size_t count_unified(const struct string_map *unified)
{
	size_t count = unified->count;

	for (size_t i = 0; i < unified->count; i++) {
		for (const char *c = unified->items[i].value; *c; c++)
			count += *c == '\n';
	}
	return count;
}

/* At most so many settings. */
static size_t count_settings(const struct resources *resources)
{
	/* memory: 3; cpu: 5; cpuset: 2; pids: 1; io: 1 */
	return 12 + resources->block_io.weight_device.count +
	       resources->block_io.throttle_read_bps.count +
	       resources->block_io.throttle_write_bps.count +
	       resources->block_io.throttle_read_iops.count +
	       resources->block_io.throttle_write_iops.count +
	       2 * resources->hugepage_limits.count + resources->rdma.count +
	       count_unified(&resources->unified);
}

/* --- what cgroup v2 has no file for --- */

static bool is_positive(const struct opt_i64 *number)
{
	return number->set && number->value > 0;
}

static bool has_leaf_weight(const struct block_io_devices *devices)
{
	for (size_t i = 0; i < devices->count; i++) {
		if (devices->items[i].leaf_weight.value != 0)
			return true;
	}
	return false;
}

static int check_expressible(const struct resources *resources, struct error **err)
{
	const struct {
		const char *name;
		bool asked;
		const char *why;
	} properties[] = {
		{ "memory.kernel", is_positive(&resources->memory.kernel),
		  "has no limit for it alone; memory.limit counts it" },
		{ "memory.kernelTCP", is_positive(&resources->memory.kernel_tcp),
		  "has no limit for it alone; memory.limit counts it" },
		{ "memory.swappiness", resources->memory.swappiness.set,
		  "has none for a cgroup; the host's is the sysctl vm.swappiness" },
		{ "memory.disableOOMKiller", resources->memory.disable_oom_killer.value,
		  "cannot go without the OOM killer" },
		{ "memory.useHierarchy",
		  resources->memory.use_hierarchy.set && !resources->memory.use_hierarchy.value,
		  "always counts what is below" },
		{ "cpu.realtimeRuntime", is_positive(&resources->cpu.realtime_runtime),
		  "has no limits for real-time processes" },
		{ "cpu.realtimePeriod", resources->cpu.realtime_period.value != 0,
		  "has no limits for real-time processes" },
		{ "blockIO.leafWeight", resources->block_io.leaf_weight.value != 0,
		  "has no weight for a cgroup's own processes" },
		{ "blockIO.weightDevice[].leafWeight",
		  has_leaf_weight(&resources->block_io.weight_device),
		  "has no weight for a cgroup's own processes" },
		{ "network.classID", resources->network.class_id.value != 0,
		  "marks no packets; a firewall can match the cgroup's path" },
		{ "network.priorities", resources->network.priorities.count > 0,
		  "sets no priorities; a firewall can match the cgroup's path" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(properties); i++) {
		if (properties[i].asked)
			return error_set(err, 0, "linux.resources.%s: cgroup v2 %s",
			                 properties[i].name, properties[i].why);
	}
	return 0;
}

/* A sum without its other part says nothing about swap. */
static int check_swap(const struct resources *resources, struct error **err)
{
	if (is_positive(&resources->memory.swap) && !is_positive(&resources->memory.limit))
		return error_set(err, 0,
		                 "linux.resources.memory.swap: limits memory and swap together, "
		                 "and needs memory.limit to tell how much of it is swap");
	return 0;
}

int cgroup_settings_plan(const struct resources *resources, struct arena *arena,
                         struct cgroup_settings *settings, struct error **err)
{
	struct plan plan = { .resources = resources, .arena = arena, .settings = settings };

	*settings = (struct cgroup_settings){ 0 };
	if (check_expressible(resources, err) < 0 || check_swap(resources, err) < 0)
		return -1;
	settings->items = arena_alloc(arena, count_settings(resources) * sizeof(*settings->items));
	if (!settings->items)
		return error_set(err, ENOMEM, "linux.resources");
	plan_memory(&plan);
	plan_cpu(&plan);
	plan_pids(&plan);
	plan_io(&plan);
	plan_hugetlb(&plan);
	plan_rdma(&plan);
	plan_unified(&plan);
	return plan.no_memory ? error_set(err, ENOMEM, "linux.resources") : 0;
}
