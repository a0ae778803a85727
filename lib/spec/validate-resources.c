/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation: as in validate.c, for linux.resources, which `update` reads by itself as
 * well: @at is the place of the object with a dot behind it, or nothing. Checked is what is wrong
 * whatever the host is; whether the host has a CPU, a device or a controller shows when the value
 * is written.
 */
#include <inttypes.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/number.h"
#include "spec/json.h"
#include "spec/validate.h"

/* Of the kernel: 12 and 20 bits of a dev_t. */
#define MAJOR_MAX 4095
#define MINOR_MAX 1048575
/* Microseconds that the scheduler of the kernel takes (tg_set_cfs_bandwidth). */
#define CPU_PERIOD_MIN 1000
#define CPU_PERIOD_MAX 1000000
#define CPU_QUOTA_MIN  1000
#define IO_WEIGHT_MIN  10
#define IO_WEIGHT_MAX  1000
#define SWAPPINESS_MAX 100

struct limit {
	const char *name;
	const struct opt_i64 *number;
};

static int check_limits(const struct limit *limits, size_t count, const char *at,
                        struct error **err)
{
	for (size_t i = 0; i < count; i++) {
		if (limits[i].number->set && limits[i].number->value < -1)
			return error_set(err, 0,
			                 "%s%s: %" PRId64 " is no limit; -1 stands for none", at,
			                 limits[i].name, limits[i].number->value);
	}
	return 0;
}

static int check_memory(const struct resources *resources, const char *at, struct error **err)
{
	const struct opt_i64 *limit = &resources->memory.limit, *swap = &resources->memory.swap;
	const struct limit limits[] = {
		{ "memory.limit", limit },
		{ "memory.reservation", &resources->memory.reservation },
		{ "memory.swap", swap },
		{ "memory.kernel", &resources->memory.kernel },
		{ "memory.kernelTCP", &resources->memory.kernel_tcp },
	};

	if (check_limits(limits, ARRAY_SIZE(limits), at, err) < 0)
		return -1;
	if (swap->value > 0 && limit->value > 0 && swap->value < limit->value)
		return error_set(err, 0,
		                 "%smemory.swap: %" PRId64 " for memory and swap together is "
		                 "below memory.limit (%" PRId64 ")",
		                 at, swap->value, limit->value);
	if (resources->memory.swappiness.value > SWAPPINESS_MAX)
		return error_set(err, 0, "%smemory.swappiness: %" PRIu64 " is not in 0 to %d", at,
		                 resources->memory.swappiness.value, SWAPPINESS_MAX);
	return 0;
}

/* 0 asks for nothing. */
static int check_cpu_time(const struct resources *resources, const char *at, struct error **err)
{
	const int64_t quota = resources->cpu.quota.value;
	const uint64_t period = resources->cpu.period.value, burst = resources->cpu.burst.value;

	if (quota > 0 && quota < CPU_QUOTA_MIN)
		return error_set(err, 0,
		                 "%scpu.quota: %" PRId64 " is below what the kernel takes (%d "
		                 "microseconds)",
		                 at, quota, CPU_QUOTA_MIN);
	if (period != 0 && (period < CPU_PERIOD_MIN || period > CPU_PERIOD_MAX))
		return error_set(err, 0,
		                 "%scpu.period: %" PRIu64 " is not in %d to %d (microseconds)", at,
		                 period, CPU_PERIOD_MIN, CPU_PERIOD_MAX);
	if (quota > 0 && burst > (uint64_t)quota)
		return error_set(err, 0,
		                 "%scpu.burst: %" PRIu64 " is above cpu.quota (%" PRId64 ")", at,
		                 burst, quota);
	return 0;
}

/* "3", "0-3", "0-31:2/16" (bitmap_parselist of the kernel): one element of a list. */
static bool is_range(const char *text)
{
	uint32_t numbers[4] = { 0 };
	size_t count = 0;

	for (const char *separators = "-:/";; separators++) {
		size_t digits = strspn(text, "0123456789");
		char number[16];

		if (digits == 0 || digits >= sizeof(number))
			return false;
		memcpy(number, text, digits);
		number[digits] = '\0';
		if (!number_parse_u32(number, &numbers[count++]))
			return false;
		text += digits;
		if (*text == '\0')
			break;
		if (*separators == '\0' || *text++ != *separators)
			return false;
	}
	/* A group without its size, or a range from the end to the beginning. */
	return count != 3 && (count == 1 || numbers[0] <= numbers[1]) &&
	       (count < 4 || (numbers[3] > 0 && numbers[2] <= numbers[3]));
}

static int check_list(const char *list, const char *what, const char *at, const char *name,
                      struct error **err)
{
	_cleanup_free_ char *copy = list ? strdup(list) : NULL;
	char *rest = copy, *element;

	if (list && !copy)
		return error_set(err, ENOMEM, "%s%s", at, name);
	while (rest && (element = strsep(&rest, ", \t"))) {
		if (*element && !is_range(element))
			return error_set(err, 0,
			                 "%s%s: \"%s\" is not a list of %s such as \"0-3,7\"", at,
			                 name, list, what);
	}
	return 0;
}

static int check_cpu(const struct resources *resources, const char *at, struct error **err)
{
	const struct limit limits[] = {
		{ "cpu.quota", &resources->cpu.quota },
		{ "cpu.realtimeRuntime", &resources->cpu.realtime_runtime },
	};
	const int64_t idle = resources->cpu.idle.value;

	if (check_limits(limits, ARRAY_SIZE(limits), at, err) < 0 ||
	    check_cpu_time(resources, at, err) < 0)
		return -1;
	if (idle != 0 && idle != 1)
		return error_set(err, 0, "%scpu.idle: %" PRId64 " is neither 0 nor 1", at, idle);
	if (check_list(resources->cpu.cpus, "CPUs", at, "cpu.cpus", err) < 0)
		return -1;
	return check_list(resources->cpu.mems, "memory nodes", at, "cpu.mems", err);
}

static int check_pids(const struct resources *resources, const char *at, struct error **err)
{
	const struct limit limit = { "pids.limit", &resources->pids.limit };

	return check_limits(&limit, 1, at, err);
}

static int check_weight(const struct opt_u32 *weight, const char *where, const char *name,
                        struct error **err)
{
	if (weight->value == 0 ||
	    (weight->value >= IO_WEIGHT_MIN && weight->value <= IO_WEIGHT_MAX))
		return 0;
	return error_set(err, 0, "%s%s: %u is not in %d to %d", where, name, weight->value,
	                 IO_WEIGHT_MIN, IO_WEIGHT_MAX);
}

static int check_numbers(const struct block_io_device *device, const char *where,
                         struct error **err)
{
	if (device->major < 0 || device->major > MAJOR_MAX)
		return error_set(err, 0, "%s.major: %" PRId64 " is not in 0 to %d", where,
		                 device->major, MAJOR_MAX);
	if (device->minor < 0 || device->minor > MINOR_MAX)
		return error_set(err, 0, "%s.minor: %" PRId64 " is not in 0 to %d", where,
		                 device->minor, MINOR_MAX);
	return 0;
}

static int check_device_weights(const struct resources *resources, const char *at,
                                struct error **err)
{
	const struct block_io_devices *devices = &resources->block_io.weight_device;

	for (size_t i = 0; i < devices->count; i++) {
		const struct block_io_device *device = &devices->items[i];
		char where[96];

		snprintf(where, sizeof(where), "%sblockIO.weightDevice[%zu]", at, i);
		if (check_numbers(device, where, err) < 0 ||
		    check_weight(&device->weight, where, ".weight", err) < 0 ||
		    check_weight(&device->leaf_weight, where, ".leafWeight", err) < 0)
			return -1;
		if (!device->weight.set && !device->leaf_weight.set)
			return error_set(err, 0, "%s: neither weight nor leafWeight", where);
	}
	return 0;
}

static int check_rates(const struct block_io_devices *devices, const char *at, const char *name,
                       struct error **err)
{
	for (size_t i = 0; i < devices->count; i++) {
		char where[96];

		snprintf(where, sizeof(where), "%sblockIO.%s[%zu]", at, name, i);
		if (check_numbers(&devices->items[i], where, err) < 0)
			return -1;
		if (!devices->items[i].rate.set)
			return error_set(err, 0, "%s.rate: missing", where);
	}
	return 0;
}

static int check_block_io(const struct resources *resources, const char *at, struct error **err)
{
	const struct {
		const char *name;
		const struct block_io_devices *devices;
	} rates[] = {
		{ "throttleReadBpsDevice", &resources->block_io.throttle_read_bps },
		{ "throttleWriteBpsDevice", &resources->block_io.throttle_write_bps },
		{ "throttleReadIOPSDevice", &resources->block_io.throttle_read_iops },
		{ "throttleWriteIOPSDevice", &resources->block_io.throttle_write_iops },
	};

	if (check_weight(&resources->block_io.weight, at, "blockIO.weight", err) < 0 ||
	    check_weight(&resources->block_io.leaf_weight, at, "blockIO.leafWeight", err) < 0 ||
	    check_device_weights(resources, at, err) < 0)
		return -1;
	for (size_t i = 0; i < ARRAY_SIZE(rates); i++) {
		if (check_rates(rates[i].devices, at, rates[i].name, err) < 0)
			return -1;
	}
	return 0;
}

/* "2MB": what the kernel's file names are made of. */
static bool is_page_size(const char *text)
{
	size_t digits = strspn(text, "0123456789");

	return digits > 0 && text[0] != '0' && text[digits] && strchr("KMG", text[digits]) &&
	       strcmp(text + digits + 1, "B") == 0;
}

static int check_hugepages(const struct resources *resources, const char *at, struct error **err)
{
	for (size_t i = 0; i < resources->hugepage_limits.count; i++) {
		if (!is_page_size(resources->hugepage_limits.items[i].page_size))
			return error_set(err, 0,
			                 "%shugepageLimits[%zu].pageSize: not a size such as "
			                 "\"64KB\", \"2MB\" or \"1GB\"",
			                 at, i);
	}
	return 0;
}

/* A name with blanks in it would be read by the kernel as something else. */
static int check_rdma(const struct resources *resources, const char *at, struct error **err)
{
	for (size_t i = 0; i < resources->rdma.count; i++) {
		const struct rdma_limit *limit = &resources->rdma.items[i];
		_cleanup_free_ char *quoted = json_quote(limit->device);
		const char *name = quoted ? quoted : "";

		if (!*limit->device || limit->device[strcspn(limit->device, " \t\n")])
			return error_set(err, 0, "%srdma[%s]: not the name of a device", at, name);
		if (!limit->hca_handles.set && !limit->hca_objects.set)
			return error_set(err, 0, "%srdma[%s]: neither hcaHandles nor hcaObjects",
			                 at, name);
	}
	return 0;
}

/* Writing to these does something, to the runtime too, and limits nothing. */
static bool is_action(const char *key)
{
	static const char *const actions[] = { "cgroup.procs",  "cgroup.threads",
		                               "cgroup.freeze", "cgroup.kill",
		                               "cgroup.type",   "cgroup.subtree_control" };

	for (size_t i = 0; i < ARRAY_SIZE(actions); i++)
		if (strcmp(key, actions[i]) == 0)
			return true;
	return false;
}

/* The file names of a cgroup; a slash would lead to another cgroup. */
static int check_unified(const struct resources *resources, const char *at, struct error **err)
{
	for (size_t i = 0; i < resources->unified.count; i++) {
		const char *key = resources->unified.items[i].key;
		_cleanup_free_ char *quoted = NULL;

		if (is_action(key))
			return error_set(err, 0, "%sunified[\"%s\"]: is no limit", at, key);
		if (*key && *key != '.' && !strchr(key, '/'))
			continue;
		quoted = json_quote(key);
		return error_set(err, 0, "%sunified[%s]: not the name of a cgroup file", at,
		                 quoted ? quoted : "");
	}
	return 0;
}

/* -1 stands for all, as in the documents of engines that cannot leave a number out. */
static bool is_device_number(const struct opt_i64 *number, int64_t maximum)
{
	return !number->set || (number->value >= -1 && number->value <= maximum);
}

static int check_device_rule(const struct device_rule *rule, const char *where, struct error **err)
{
	if (rule->type && !(strlen(rule->type) == 1 && strchr("acb", *rule->type)))
		return error_set(err, 0, "%s.type: unknown; known are: a, c, b", where);
	if (rule->access && rule->access[strspn(rule->access, "rwm")] != '\0')
		return error_set(err, 0, "%s.access: not made of r, w and m", where);
	if (!is_device_number(&rule->major, MAJOR_MAX))
		return error_set(err, 0, "%s.major: %" PRId64 " is not in 0 to %d", where,
		                 rule->major.value, MAJOR_MAX);
	if (!is_device_number(&rule->minor, MINOR_MAX))
		return error_set(err, 0, "%s.minor: %" PRId64 " is not in 0 to %d", where,
		                 rule->minor.value, MINOR_MAX);
	return 0;
}

static int check_device_rules(const struct resources *resources, const char *at, struct error **err)
{
	for (size_t i = 0; i < resources->devices.count; i++) {
		char where[96];

		snprintf(where, sizeof(where), "%sdevices[%zu]", at, i);
		if (check_device_rule(&resources->devices.items[i], where, err) < 0)
			return -1;
	}
	return 0;
}

static int (*const checks[])(const struct resources *, const char *, struct error **) = {
	check_memory,    check_cpu,  check_pids,    check_block_io,
	check_hugepages, check_rdma, check_unified, check_device_rules,
};

int resources_validate(const struct resources *resources, const char *at, struct error **err)
{
	for (size_t i = 0; i < ARRAY_SIZE(checks); i++) {
		if (checks[i](resources, at, err) < 0)
			return -1;
	}
	return 0;
}
