/* SPDX-License-Identifier: Apache-2.0 */
/* What `events` prints: the use that a container makes of the host, in runc's shape. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

/* Of a limit: there is none. */
#define STATISTICS_UNLIMITED UINT64_MAX

/* Pressure stall information; the averages are percentages as the kernel writes them, "0.00". */
struct psi_line {
	char *avg10, *avg60, *avg300;
	uint64_t total; /* microseconds */
};

struct psi {
	bool set;
	bool full_set; /* before Linux 5.13 the CPUs have none */
	struct psi_line some, full;
};

struct memory_use {
	uint64_t limit, usage, max, failcnt;
};

/* A name and a number: an entry of memory.stat. */
struct named_number {
	char *key;
	uint64_t value;
};

struct block_io_entry {
	uint64_t major, minor;
	const char *op; /* "Read", "Write", "Discard" */
	uint64_t value;
};

struct block_io_entries {
	struct block_io_entry *items;
	size_t count;
};

struct hugetlb_use {
	char *page_size; /* the key */
	uint64_t usage, failcnt;
};

struct rdma_use {
	char *device;
	uint64_t handles, objects;
};

struct rdma_uses {
	struct rdma_use *items;
	size_t count;
};

/* All strings and arrays live in an arena of whoever filled it in. */
struct statistics {
	struct {
		uint64_t total, kernel, user; /* nanoseconds */
		uint64_t periods, throttled_periods, throttled_time;
		struct psi psi;
	} cpu;
	struct {
		uint64_t cache;
		/* swap: memory and swap together, as with cgroup v1 */
		struct memory_use usage, swap, kernel, kernel_tcp;
		struct {
			struct named_number *items;
			size_t count;
		} raw;
		struct {
			uint64_t low, high, max, oom, oom_kill, oom_group_kill;
		} events;
		struct psi psi;
	} memory;
	struct {
		uint64_t current, limit; /* limit 0: none */
	} pids;
	struct {
		struct block_io_entries bytes, operations;
		struct psi psi;
	} block_io;
	struct {
		struct hugetlb_use *items;
		size_t count;
	} hugetlb;
	struct {
		struct rdma_uses current, limit;
	} rdma;
};

/*
 * The events of container @id, each a JSON object on a line of its own; the caller frees it. NULL
 * with *err.
 */
char *statistics_format(const char *id, const struct statistics *statistics, struct error **err);
char *statistics_format_oom(const char *id, struct error **err);
