/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation: the tables of what runc calls types.Event and types.Stats, which containerd
 * and others decode. What cgroup v2 does not count, such as the use of each CPU, is left out, as
 * runc leaves it out; rdma is ours.
 */
#include "spec/statistics.h"

#include "spec/json.h"

#define FIELDS (const struct json_field[])
#define NUMBER(name, type, member)                                                     \
	{                                                                              \
		name, FIELD_UNSIGNED, JSON_MEMBER(type, member), .flags = FIELD_ALWAYS \
	}

struct event {
	const char *type, *id;
	bool has_data;
	struct statistics data;
};

/* clang-format off */
static const struct json_table psi_line_table = {
	.fields = FIELDS{
		{ "avg10", FIELD_DECIMAL, JSON_MEMBER(struct psi_line, avg10) },
		{ "avg60", FIELD_DECIMAL, JSON_MEMBER(struct psi_line, avg60) },
		{ "avg300", FIELD_DECIMAL, JSON_MEMBER(struct psi_line, avg300) },
		NUMBER("total", struct psi_line, total),
		{ NULL },
	},
};

static const struct json_table psi_table = {
	.fields = FIELDS{
		{ "some", FIELD_OBJECT, JSON_MEMBER(struct psi, some), .table = &psi_line_table },
		{ "full", FIELD_OBJECT, JSON_MEMBER(struct psi, full), .table = &psi_line_table,
		  .present = offsetof(struct psi, full_set) },
		{ NULL },
	},
};

static const struct json_table cpu_usage_table = {
	.fields = FIELDS{
		NUMBER("total", struct statistics, cpu.total),
		NUMBER("kernel", struct statistics, cpu.kernel),
		NUMBER("user", struct statistics, cpu.user),
		{ NULL },
	},
};

static const struct json_table throttling_table = {
	.fields = FIELDS{
		NUMBER("periods", struct statistics, cpu.periods),
		NUMBER("throttledPeriods", struct statistics, cpu.throttled_periods),
		NUMBER("throttledTime", struct statistics, cpu.throttled_time),
		{ NULL },
	},
};

static const struct json_table cpu_table = {
	.fields = FIELDS{
		{ "usage", FIELD_OBJECT, .table = &cpu_usage_table },
		{ "throttling", FIELD_OBJECT, .table = &throttling_table },
		{ "psi", FIELD_OBJECT, JSON_MEMBER(struct statistics, cpu.psi),
		  .table = &psi_table, .present = offsetof(struct statistics, cpu.psi.set) },
		{ NULL },
	},
};

static const struct json_table memory_use_table = {
	.fields = FIELDS{
		NUMBER("limit", struct memory_use, limit),
		NUMBER("usage", struct memory_use, usage),
		{ "max", FIELD_UNSIGNED, JSON_MEMBER(struct memory_use, max) },
		NUMBER("failcnt", struct memory_use, failcnt),
		{ NULL },
	},
};

static const struct json_table memory_events_table = {
	.fields = FIELDS{
		NUMBER("low", struct statistics, memory.events.low),
		NUMBER("high", struct statistics, memory.events.high),
		NUMBER("max", struct statistics, memory.events.max),
		NUMBER("oom", struct statistics, memory.events.oom),
		NUMBER("oom_kill", struct statistics, memory.events.oom_kill),
		NUMBER("oom_group_kill", struct statistics, memory.events.oom_group_kill),
		{ NULL },
	},
};

static const struct json_table memory_table = {
	.fields = FIELDS{
		NUMBER("cache", struct statistics, memory.cache),
		{ "usage", FIELD_OBJECT, JSON_MEMBER(struct statistics, memory.usage),
		  .table = &memory_use_table },
		{ "swap", FIELD_OBJECT, JSON_MEMBER(struct statistics, memory.swap),
		  .table = &memory_use_table },
		{ "kernel", FIELD_OBJECT, JSON_MEMBER(struct statistics, memory.kernel),
		  .table = &memory_use_table },
		{ "kernelTCP", FIELD_OBJECT, JSON_MEMBER(struct statistics, memory.kernel_tcp),
		  .table = &memory_use_table },
		{ "raw", FIELD_NUMBER_MAP, JSON_MEMBER(struct statistics, memory.raw) },
		{ "psi", FIELD_OBJECT, JSON_MEMBER(struct statistics, memory.psi),
		  .table = &psi_table, .present = offsetof(struct statistics, memory.psi.set) },
		{ "event_count", FIELD_OBJECT, .table = &memory_events_table },
		{ NULL },
	},
};

static const struct json_table pids_table = {
	.fields = FIELDS{
		NUMBER("current", struct statistics, pids.current),
		{ "limit", FIELD_UNSIGNED, JSON_MEMBER(struct statistics, pids.limit) },
		{ NULL },
	},
};

static const struct json_table block_io_entry_table = {
	.size = sizeof(struct block_io_entry),
	.fields = FIELDS{
		NUMBER("major", struct block_io_entry, major),
		NUMBER("minor", struct block_io_entry, minor),
		{ "op", FIELD_STRING, JSON_MEMBER(struct block_io_entry, op) },
		NUMBER("value", struct block_io_entry, value),
		{ NULL },
	},
};

static const struct json_table block_io_table = {
	.fields = FIELDS{
		{ "ioServiceBytesRecursive", FIELD_OBJECTS,
		  JSON_MEMBER(struct statistics, block_io.bytes), .table = &block_io_entry_table },
		{ "ioServicedRecursive", FIELD_OBJECTS,
		  JSON_MEMBER(struct statistics, block_io.operations),
		  .table = &block_io_entry_table },
		{ "psi", FIELD_OBJECT, JSON_MEMBER(struct statistics, block_io.psi),
		  .table = &psi_table, .present = offsetof(struct statistics, block_io.psi.set) },
		{ NULL },
	},
};

static const struct json_table hugetlb_table = {
	.size = sizeof(struct hugetlb_use),
	.key = offsetof(struct hugetlb_use, page_size),
	.fields = FIELDS{
		NUMBER("usage", struct hugetlb_use, usage),
		NUMBER("failcnt", struct hugetlb_use, failcnt),
		{ NULL },
	},
};

static const struct json_table rdma_use_table = {
	.size = sizeof(struct rdma_use),
	.fields = FIELDS{
		{ "device", FIELD_STRING, JSON_MEMBER(struct rdma_use, device) },
		NUMBER("hca_handles", struct rdma_use, handles),
		NUMBER("hca_objects", struct rdma_use, objects),
		{ NULL },
	},
};

static const struct json_table rdma_table = {
	.fields = FIELDS{
		{ "rdma_limit", FIELD_OBJECTS, JSON_MEMBER(struct statistics, rdma.limit),
		  .table = &rdma_use_table },
		{ "rdma_current", FIELD_OBJECTS, JSON_MEMBER(struct statistics, rdma.current),
		  .table = &rdma_use_table },
		{ NULL },
	},
};

static const struct json_table statistics_table = {
	.fields = FIELDS{
		{ "cpu", FIELD_OBJECT, .table = &cpu_table, .flags = FIELD_ALWAYS },
		{ "memory", FIELD_OBJECT, .table = &memory_table, .flags = FIELD_ALWAYS },
		{ "pids", FIELD_OBJECT, .table = &pids_table, .flags = FIELD_ALWAYS },
		{ "blkio", FIELD_OBJECT, .table = &block_io_table, .flags = FIELD_ALWAYS },
		{ "hugetlb", FIELD_OBJECT_MAP, JSON_MEMBER(struct statistics, hugetlb),
		  .table = &hugetlb_table, .flags = FIELD_ALWAYS },
		{ "rdma", FIELD_OBJECT, .table = &rdma_table },
		{ NULL },
	},
};

static const struct json_table event_table = {
	.fields = FIELDS{
		{ "type", FIELD_STRING, JSON_MEMBER(struct event, type) },
		{ "id", FIELD_STRING, JSON_MEMBER(struct event, id) },
		{ "data", FIELD_OBJECT, JSON_MEMBER(struct event, data),
		  .table = &statistics_table, .present = offsetof(struct event, has_data) },
		{ NULL },
	},
};
/* clang-format on */

char *statistics_format(const char *id, const struct statistics *statistics, struct error **err)
{
	const struct event event = {
		.type = "stats",
		.id = id,
		.has_data = true,
		.data = *statistics,
	};

	return json_encode(&event_table, &event, JSON_STYLE_COMPACT, err);
}

char *statistics_format_oom(const char *id, struct error **err)
{
	const struct event event = { .type = "oom", .id = id };

	return json_encode(&event_table, &event, JSON_STYLE_COMPACT, err);
}
