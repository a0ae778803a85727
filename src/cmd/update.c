/* SPDX-License-Identifier: Apache-2.0 */
/* rootlet update: change the limits of a container. */
#include "command.h"

#define AT(member) offsetof(struct rootlet_update_options, member)

/* The values are texts: what they mean the library knows, and "" is as if they were not there. */
static const struct option_spec options[] = {
	{ "resources", 'r', OPTION_PATH, AT(resources_file), "FILE",
	  "read all limits from FILE, - for standard input" },
	{ "memory", 0, OPTION_STRING, AT(memory), "BYTES", "limit of memory" },
	{ "memory-reservation", 0, OPTION_STRING, AT(memory_reservation), "BYTES",
	  "memory that is taken away last" },
	{ "memory-swap", 0, OPTION_STRING, AT(memory_swap), "BYTES",
	  "limit of memory and swap together" },
	{ "cpu-share", 0, OPTION_STRING, AT(cpu_share), "N", "weight against other containers" },
	{ "cpu-quota", 0, OPTION_STRING, AT(cpu_quota), "USEC", "time on CPUs in each period" },
	{ "cpu-period", 0, OPTION_STRING, AT(cpu_period), "USEC", "length of a period" },
	{ "cpu-burst", 0, OPTION_STRING, AT(cpu_burst), "USEC",
	  "time that may be saved for later periods" },
	{ "cpu-idle", 0, OPTION_STRING, AT(cpu_idle), "0|1",
	  "1: only while nothing else wants the CPUs" },
	{ "cpuset-cpus", 0, OPTION_STRING, AT(cpuset_cpus), "LIST", "the CPUs to use" },
	{ "cpuset-mems", 0, OPTION_STRING, AT(cpuset_mems), "LIST", "the memory nodes to use" },
	{ "pids-limit", 0, OPTION_STRING, AT(pids_limit), "N", "limit of processes" },
	{ "blkio-weight", 0, OPTION_STRING, AT(blkio_weight), "N",
	  "weight for block devices, 10 to 1000" },
	{ "cpu-rt-period", 0, OPTION_STRING, AT(cpu_rt_period), "USEC", "0, or refused" },
	{ "cpu-rt-runtime", 0, OPTION_STRING, AT(cpu_rt_runtime), "USEC", "0, or refused" },
	{ "kernel-memory", 0, OPTION_STRING, AT(kernel_memory), "BYTES",
	  "accepted, has no effect" },
	{ "kernel-memory-tcp", 0, OPTION_STRING, AT(kernel_memory_tcp), "BYTES",
	  "accepted, has no effect" },
	{ "l3-cache-schema", 0, OPTION_STRING, AT(l3_cache_schema), "TEXT", "refused" },
	{ "mem-bw-schema", 0, OPTION_STRING, AT(mem_bw_schema), "TEXT", "refused" },
	{ NULL },
};

#undef AT

static int run(const struct invocation *invocation, struct error **err)
{
	struct rootlet_error error = { 0 };

	if (rootlet_update(&invocation->context, invocation->operands.items[0], invocation->values,
	                   &error) < 0)
		return command_failed(err, &error);
	return 0;
}

const struct command command_update = {
	.name = "update",
	.summary = "change the limits of a container",
	.operands = "ID",
	.operands_min = 1,
	.operands_max = 1,
	.options = options,
	.values_size = sizeof(struct rootlet_update_options),
	.run = run,
};
