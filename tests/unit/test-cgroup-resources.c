/* SPDX-License-Identifier: Apache-2.0 */
/*
 * linux.resources as files and values of a cgroup, written to a directory that stands for one. What
 * is planned is compared as lines "FILE=VALUE".
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "cgroup/resources.h"
#include "cgroup-directory.h"

static char *requote(const char *text)
{
	char *copy = strdup(text);

	assert_non_null(copy);
	for (char *c = copy; *c; c++) {
		if (*c == '\'')
			*c = '"';
	}
	return copy;
}

/* The body of a resources object, written with ' for ". */
static struct resources parse(struct arena *arena, const char *body)
{
	_cleanup_free_ char *text = requote(body);
	_cleanup_error_ struct error *err = NULL;
	struct resources resources;

	if (resources_parse(text, strlen(text), "r", arena, &resources, &err) < 0 ||
	    resources_validate(&resources, "", &err) < 0)
		fail_msg("%s\nrefused: %s", body, err->message);
	return resources;
}

static char *lines_of(const struct cgroup_settings *settings)
{
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);

	assert_non_null(out);
	for (size_t i = 0; i < settings->count; i++)
		fprintf(out, "%s=%s\n", settings->items[i].file, settings->items[i].value);
	fclose(out);
	return text;
}

static struct cgroup_settings plan(struct arena *arena, const char *body)
{
	struct resources *resources = arena_alloc(arena, sizeof(*resources));
	_cleanup_error_ struct error *err = NULL;
	struct cgroup_settings settings;

	assert_non_null(resources);
	*resources = parse(arena, body);
	if (cgroup_settings_plan(resources, arena, &settings, &err) < 0)
		fail_msg("%s\nrefused: %s", body, err->message);
	return settings;
}

static void assert_planned(const char *body, const char *expected)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	struct cgroup_settings settings = plan(arena, body);
	_cleanup_free_ char *lines = lines_of(&settings);

	if (strcmp(lines, expected) != 0)
		fail_msg("%s\nplanned:\n%sexpected:\n%s", body, lines, expected);
}

static void assert_refused(const char *body, const char *message)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	struct resources resources = parse(arena, body);
	_cleanup_error_ struct error *err = NULL;
	struct cgroup_settings settings;

	if (cgroup_settings_plan(&resources, arena, &settings, &err) == 0)
		fail_msg("%s\nwas not refused", body);
	if (!strstr(err->message, message))
		fail_msg("%s\nmessage: %s\nexpected: %s", body, err->message, message);
}

/* --- conversions --- */

static void shares_become_weights_as_in_runc(void **state)
{
	/* What runc 1.4 makes of them: ceil(10^((l² + 125 l) / 612 - 7 / 34)), l = log2(shares). */
	static const struct {
		uint64_t shares, weight;
	} list[] = {
		{ 0, 0 },
		{ 1, 1 },
		{ 2, 1 },
		{ 3, 2 },
		{ 4, 2 },
		{ 10, 4 },
		{ 100, 17 },
		{ 256, 35 },
		{ 512, 59 },
		{ 1023, 100 },
		{ 1024, 100 },
		{ 1025, 101 },
		{ 2000, 170 },
		{ 2048, 174 },
		{ 116225, 4938 },
		{ 262143, 10000 },
		{ 262144, 10000 },
		{ 262145, 10000 },
		{ UINT64_MAX, 10000 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(list); i++)
		assert_int_equal(cgroup_cpu_weight(list[i].shares), list[i].weight);
}

static void more_shares_are_never_less_weight(void **state)
{
	uint64_t last = 0;

	(void)state;
	for (uint64_t shares = 1; shares <= 262144; shares += 13) {
		uint64_t weight = cgroup_cpu_weight(shares);

		assert_in_range(weight, last, 10000);
		last = weight;
	}
}

static void io_weights_are_linear(void **state)
{
	static const struct {
		uint32_t weight;
		uint64_t result;
	} list[] = {
		{ 0, 0 },        { 1, 1 },
		{ 10, 1 },       { 11, 11 },
		{ 100, 910 },    { 500, 4950 },
		{ 999, 9989 },   { 1000, 10000 },
		{ 1001, 10000 }, { UINT32_MAX, 10000 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(list); i++)
		assert_int_equal(cgroup_io_weight(list[i].weight), list[i].result);
}

/* --- planning --- */

static void nothing_asked_is_nothing_written(void **state)
{
	(void)state;
	assert_planned("{}", "");
	/* As documents of engines have it for "not set". */
	assert_planned("{ 'memory': { 'limit': 0, 'swap': 0, 'reservation': 0 }, 'cpu': {"
	               " 'shares': 0, 'quota': 0, 'period': 0, 'cpus': '', 'mems': '',"
	               " 'realtimeRuntime': 0, 'realtimePeriod': 0 }, 'blockIO': { 'weight': 0,"
	               " 'leafWeight': 0 }, 'network': {}, 'unified': {} }",
	               "");
	/* These ask for what is so anyway. */
	assert_planned("{ 'memory': { 'kernel': -1, 'kernelTCP': 0, 'disableOOMKiller': false,"
	               " 'useHierarchy': true, 'checkBeforeUpdate': true }, 'cpu': {"
	               " 'realtimeRuntime': -1 }, 'network': { 'classID': 0 } }",
	               "");
	assert_planned("{ 'devices': [{ 'allow': false }] }", "");
}

static void memory_is_limited(void **state)
{
	(void)state;
	assert_planned("{ 'memory': { 'limit': 1 } }", "memory.max=1\n");
	assert_planned("{ 'memory': { 'limit': 9223372036854775807 } }",
	               "memory.max=9223372036854775807\n");
	assert_planned("{ 'memory': { 'reservation': 4096 } }", "memory.low=4096\n");
	assert_planned("{ 'memory': { 'reservation': -1 } }", "memory.low=max\n");
}

static void swap_is_what_the_sum_leaves(void **state)
{
	(void)state;
	assert_planned("{ 'memory': { 'limit': 100, 'swap': 300 } }",
	               "memory.swap.max=200\nmemory.max=100\n");
	assert_planned("{ 'memory': { 'limit': 100, 'swap': 100 } }",
	               "memory.swap.max=0\nmemory.max=100\n");
	assert_planned("{ 'memory': { 'limit': 100, 'swap': -1 } }",
	               "memory.swap.max=max\nmemory.max=100\n");
	assert_planned("{ 'memory': { 'swap': -1 } }", "memory.swap.max=max\n");
	assert_planned("{ 'memory': { 'limit': -1 } }", "memory.swap.max=max\nmemory.max=max\n");
	assert_planned(
		"{ 'memory': { 'limit': 9223372036854775806, 'swap': 9223372036854775807 } }",
		"memory.swap.max=1\nmemory.max=9223372036854775806\n");
	assert_refused("{ 'memory': { 'swap': 300 } }",
	               "linux.resources.memory.swap: limits memory");
	assert_refused("{ 'memory': { 'limit': -1, 'swap': 300 } }", "needs memory.limit");
}

static void cpu_time_is_a_quota_of_a_period(void **state)
{
	(void)state;
	assert_planned("{ 'cpu': { 'quota': 50000, 'period': 200000 } }", "cpu.max=50000 200000\n");
	assert_planned("{ 'cpu': { 'quota': 50000 } }", "cpu.max=50000\n");
	assert_planned("{ 'cpu': { 'period': 200000 } }", "cpu.max=max 200000\n");
	assert_planned("{ 'cpu': { 'quota': -1 } }", "cpu.max=max\n");
	assert_planned("{ 'cpu': { 'quota': -1, 'period': 1000 } }", "cpu.max=max 1000\n");
	assert_planned("{ 'cpu': { 'quota': 50000, 'burst': 10000 } }",
	               "cpu.max.burst=10000\ncpu.max=50000\n");
}

static void an_idle_cgroup_has_no_weight_and_one_that_stops_being_idle_has_it_after(void **state)
{
	(void)state;
	assert_planned("{ 'cpu': { 'shares': 1024, 'idle': 1 } }", "cpu.idle=1\n");
	assert_planned("{ 'cpu': { 'shares': 1024, 'idle': 0 } }", "cpu.idle=0\ncpu.weight=100\n");
}

static void the_cpuset_is_passed_on(void **state)
{
	(void)state;
	assert_planned("{ 'cpu': { 'cpus': '0-1,3', 'mems': '0' } }",
	               "cpuset.cpus=0-1,3\ncpuset.mems=0\n");
}

static void pids_are_limited(void **state)
{
	(void)state;
	assert_planned("{ 'pids': { 'limit': -1 } }", "pids.max=max\n");
	assert_planned("{ 'pids': { 'limit': 0 } }", "pids.max=1\n");
	assert_planned("{ 'pids': { 'limit': 1 } }", "pids.max=1\n");
	assert_planned("{ 'pids': { 'limit': 9223372036854775807 } }",
	               "pids.max=9223372036854775807\n");
}

static void block_devices_have_weights_and_rates(void **state)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	struct cgroup_settings settings;

	(void)state;
	assert_planned("{ 'blockIO': {"
	               " 'throttleReadBpsDevice': [{ 'major': 8, 'minor': 0, 'rate': 600 },"
	               "                           { 'major': 8, 'minor': 16, 'rate': 0 }],"
	               " 'throttleWriteBpsDevice': [{ 'major': 8, 'minor': 0, 'rate':"
	               "   18446744073709551615 }],"
	               " 'throttleReadIOPSDevice': [{ 'major': 259, 'minor': 1048575, 'rate': 1 }],"
	               " 'throttleWriteIOPSDevice': [{ 'major': 8, 'minor': 0, 'rate': 2 }] } }",
	               "io.max=8:0 rbps=600\nio.max=8:16 rbps=max\n"
	               "io.max=8:0 wbps=18446744073709551615\nio.max=259:1048575 riops=1\n"
	               "io.max=8:0 wiops=2\n");
	settings = plan(arena, "{ 'blockIO': { 'weight': 1000, 'weightDevice': ["
	                       " { 'major': 8, 'minor': 0, 'weight': 10 }] } }");
	assert_int_equal(settings.count, 2);
	assert_string_equal(settings.items[0].file, "io.bfq.weight");
	assert_string_equal(settings.items[0].value, "1000");
	assert_string_equal(settings.items[0].other_file, "io.weight");
	assert_string_equal(settings.items[0].other_value, "10000");
	assert_string_equal(settings.items[1].value, "8:0 10");
	assert_string_equal(settings.items[1].other_value, "8:0 1");
}

static void huge_pages_are_limited_as_used_and_as_reserved(void **state)
{
	(void)state;
	assert_planned("{ 'hugepageLimits': [{ 'pageSize': '2MB', 'limit': 0 },"
	               " { 'pageSize': '1GB', 'limit': 18446744073709551615 }] }",
	               "hugetlb.2MB.max=0\nhugetlb.2MB.rsvd.max=0\n"
	               "hugetlb.1GB.max=18446744073709551615\n"
	               "hugetlb.1GB.rsvd.max=18446744073709551615\n");
}

static void rdma_is_limited_by_device(void **state)
{
	(void)state;
	assert_planned("{ 'rdma': { 'mlx5_1': { 'hcaHandles': 3, 'hcaObjects': 4294967295 },"
	               " 'rxe3': { 'hcaObjects': 0 } } }",
	               "rdma.max=mlx5_1 hca_handle=3 hca_object=4294967295\n"
	               "rdma.max=rxe3 hca_object=0\n");
}

static void raw_keys_come_last_a_line_at_a_time(void **state)
{
	_cleanup_arena_ struct arena *arena = arena_new();
	struct cgroup_settings settings;

	(void)state;
	assert_planned("{ 'unified': { 'memory.max': '5', 'io.max': '8:0 rbps=1\\n8:16 rbps=2\\n',"
	               " 'cgroup.max.depth': '3', 'memory.low': '' }, 'memory': { 'limit': 7 } }",
	               "memory.max=7\nmemory.max=5\nio.max=8:0 rbps=1\nio.max=8:16 rbps=2\n"
	               "cgroup.max.depth=3\nmemory.low=\n");
	settings = plan(arena, "{ 'unified': { 'memory.high': '1', 'cgroup.max.depth': '3',"
	                       " 'cpuset.cpus.partition': 'root' } }");
	assert_string_equal(settings.items[0].controller, "memory");
	assert_string_equal(settings.items[0].name, "unified[memory.high]");
	assert_null(settings.items[1].controller);
	assert_string_equal(settings.items[2].controller, "cpuset");
}

static void what_v2_cannot_express_is_refused_in_words(void **state)
{
	static const struct {
		const char *body, *message;
	} list[] = {
		{ "{ 'memory': { 'kernel': 1 } }",
		  "linux.resources.memory.kernel: cgroup v2 has no" },
		{ "{ 'memory': { 'kernelTCP': 1 } }", "memory.kernelTCP: cgroup v2 has no limit" },
		{ "{ 'memory': { 'swappiness': 0 } }", "memory.swappiness: cgroup v2 has none" },
		{ "{ 'memory': { 'disableOOMKiller': true } }", "OOM killer" },
		{ "{ 'memory': { 'useHierarchy': false } }",
		  "memory.useHierarchy: cgroup v2 always" },
		{ "{ 'cpu': { 'realtimeRuntime': 1 } }", "cpu.realtimeRuntime: cgroup v2 has no" },
		{ "{ 'cpu': { 'realtimePeriod': 1 } }", "cpu.realtimePeriod: cgroup v2 has no" },
		{ "{ 'blockIO': { 'leafWeight': 10 } }", "blockIO.leafWeight: cgroup v2 has no" },
		{ "{ 'blockIO': { 'weightDevice': [{ 'major': 8, 'minor': 0, 'weight': 10,"
		  " 'leafWeight': 10 }] } }",
		  "blockIO.weightDevice[].leafWeight: cgroup v2" },
		{ "{ 'network': { 'classID': 1 } }",
		  "network.classID: cgroup v2 marks no packets" },
		{ "{ 'network': { 'priorities': [{ 'name': 'lo', 'priority': 1 }] } }",
		  "network.priorities: cgroup v2" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(list); i++)
		assert_refused(list[i].body, list[i].message);
}

/* --- a directory that stands for a cgroup --- */

/* Cgroup files are no regular ones: what is longer than the new text stays behind it here. */
static void assert_file(const struct fixture *fixture, const char *file, const char *expected)
{
	_cleanup_free_ char *text = NULL;

	assert_true(file_read_at(fixture->fd, file, 4096, &text) >= 0);
	if (strncmp(text, expected, strlen(expected)) != 0)
		fail_msg("%s: \"%s\", expected \"%s\"", file, text, expected);
}

static void settings_are_written(void **state)
{
	struct fixture *fixture = *state;
	struct cgroup_settings settings =
		plan(fixture->arena, "{ 'memory': { 'limit': 4096 }, 'pids': { 'limit': 3 } }");
	_cleanup_error_ struct error *err = NULL;

	put(fixture, "memory.max", "");
	put(fixture, "pids.max", "");
	assert_int_equal(cgroup_settings_apply(fixture->fd, &settings, false, &err), 0);
	assert_file(fixture, "memory.max", "4096");
	assert_file(fixture, "pids.max", "3");
}

static void a_missing_file_is_told_with_its_controller(void **state)
{
	struct fixture *fixture = *state;
	struct cgroup_settings settings = plan(fixture->arena, "{ 'memory': { 'limit': 4096 } }");
	_cleanup_error_ struct error *err = NULL, *other = NULL;

	put(fixture, "cgroup.controllers", "cpu io\n");
	assert_int_equal(cgroup_settings_apply(fixture->fd, &settings, true, &err), -1);
	assert_string_equal(err->message, "linux.resources.memory.limit: the controller memory is "
	                                  "not enabled for this cgroup");
	put(fixture, "cgroup.controllers", "cpu memory\n");
	assert_int_equal(cgroup_settings_apply(fixture->fd, &settings, true, &other), -1);
	assert_string_equal(other->message, "linux.resources.memory.limit: cgroups of this kernel "
	                                    "have no file memory.max");
}

static void a_missing_file_is_passed_over_where_nothing_is_lost(void **state)
{
	struct fixture *fixture = *state;
	struct cgroup_settings none =
		plan(fixture->arena, "{ 'memory': { 'limit': 4096, 'swap': 4096 },"
	                             " 'cpu': { 'idle': 0, 'burst': 0 },"
	                             " 'hugepageLimits': [{ 'pageSize': '2MB', 'limit': 1 }] }");
	struct cgroup_settings some = plan(fixture->arena,
	                                   "{ 'memory': { 'limit': 4096, 'swap': 4097 } }");
	_cleanup_error_ struct error *err = NULL;

	put(fixture, "memory.max", "");
	put(fixture, "hugetlb.2MB.max", "");
	assert_int_equal(cgroup_settings_apply(fixture->fd, &none, false, &err), 0);
	assert_int_equal(cgroup_settings_apply(fixture->fd, &some, false, &err), -1);
	assert_non_null(strstr(err->message, "linux.resources.memory.swap: "));
}

static void no_limit_needs_no_file(void **state)
{
	struct fixture *fixture = *state;
	struct cgroup_settings settings =
		plan(fixture->arena, "{ 'memory': { 'limit': -1, 'swap': -1, 'reservation': -1 },"
	                             " 'cpu': { 'quota': -1, 'period': 5000 },"
	                             " 'pids': { 'limit': -1 } }");
	struct cgroup_settings raw = plan(fixture->arena, "{ 'unified': { 'memory.max': 'max' } }");

	assert_int_equal(settings.count, 5);
	assert_int_equal(cgroup_settings_apply(fixture->fd, &settings, false, NULL), 0);
	/* A raw key must be there, whatever it says. */
	assert_int_equal(cgroup_settings_apply(fixture->fd, &raw, false, NULL), -1);
}

static void the_other_file_is_written_where_the_first_is_missing(void **state)
{
	struct fixture *fixture = *state;
	struct cgroup_settings settings = plan(fixture->arena, "{ 'blockIO': { 'weight': 1000 } }");

	put(fixture, "io.weight", "");
	assert_int_equal(cgroup_settings_apply(fixture->fd, &settings, true, NULL), 0);
	assert_file(fixture, "io.weight", "10000");
	put(fixture, "io.bfq.weight", "");
	assert_int_equal(cgroup_settings_apply(fixture->fd, &settings, true, NULL), 0);
	assert_file(fixture, "io.bfq.weight", "1000");
}

static void a_refused_value_leaves_the_old_ones(void **state)
{
	struct fixture *fixture = *state;
	/* There is no pids.max: what stands before it is undone. */
	struct cgroup_settings settings =
		plan(fixture->arena, "{ 'memory': { 'limit': 8192 }, 'cpu': { 'shares': 2048 },"
	                             " 'pids': { 'limit': 3 } }");
	_cleanup_error_ struct error *err = NULL;

	put(fixture, "memory.max", "4096\n");
	put(fixture, "cpu.weight", "100\n");
	assert_int_equal(cgroup_settings_apply(fixture->fd, &settings, true, &err), -1);
	assert_non_null(strstr(err->message, "linux.resources.pids.limit: "));
	assert_file(fixture, "memory.max", "4096");
	assert_file(fixture, "cpu.weight", "100");
	/* Without undo they stay. */
	assert_int_equal(cgroup_settings_apply(fixture->fd, &settings, false, NULL), -1);
	assert_file(fixture, "memory.max", "8192");
}

static void what_was_there_is_known_by_its_line(void **state)
{
	struct fixture *fixture = *state;
	struct cgroup_settings settings = plan(
		fixture->arena,
		"{ 'blockIO': { 'weight': 500,"
		" 'throttleReadBpsDevice': [{ 'major': 8, 'minor': 0, 'rate': 600 },"
		"                           { 'major': 8, 'minor': 16, 'rate': 5 }] },"
		" 'rdma': { 'mlx5_1': { 'hcaHandles': 3 } }, 'memory': { 'limit': 1 },"
		" 'cpu': { 'quota': 5000, 'cpus': '1' }, 'unified': { 'memory.reclaim': '1' } }");
	struct cgroup_settings previous;
	_cleanup_free_ char *lines = NULL;

	put(fixture, "memory.max", "max\n");
	put(fixture, "cpu.max", "max 100000\n");
	put(fixture, "cpuset.cpus", "\n");
	put(fixture, "io.weight", "default 100\n8:0 50\n");
	put(fixture, "io.max",
	    "8:160 rbps=9 wbps=9 riops=9 wiops=9\n8:0 rbps=1 wbps=max riops=2 wiops=max\n");
	put(fixture, "rdma.max", "mlx5_10 hca_handle=1 hca_object=2\n");
	assert_int_equal(
		cgroup_settings_previous(fixture->fd, &settings, fixture->arena, &previous, NULL),
		0);
	lines = lines_of(&previous);
	assert_string_equal(lines, "rdma.max=mlx5_1 hca_handle=max hca_object=max\n"
	                           "io.max=8:16 rbps=max wbps=max riops=max wiops=max\n"
	                           "io.max=8:0 rbps=1 wbps=max riops=2 wiops=max\n"
	                           "io.weight=default 100\n"
	                           "cpuset.cpus=\n"
	                           "cpu.max=max 100000\n"
	                           "memory.max=max\n");
}

/* --- completing an update --- */

static char *completed(const struct fixture *fixture, const char *body, struct error **err)
{
	struct resources resources = parse(fixture->arena, body);
	struct cgroup_settings settings;

	if (cgroup_resources_complete(fixture->fd, &resources, err) < 0 ||
	    cgroup_settings_plan(&resources, fixture->arena, &settings, err) < 0)
		return NULL;
	return lines_of(&settings);
}

static void assert_completed(const struct fixture *fixture, const char *body, const char *expected)
{
	_cleanup_error_ struct error *err = NULL;
	_cleanup_free_ char *lines = completed(fixture, body, &err);

	if (!lines)
		fail_msg("%s\nrefused: %s", body, err->message);
	assert_string_equal(lines, expected);
}

static void assert_not_completed(const struct fixture *fixture, const char *body,
                                 const char *message)
{
	_cleanup_error_ struct error *err = NULL;
	_cleanup_free_ char *lines = completed(fixture, body, &err);

	if (lines)
		fail_msg("%s\nbecame:\n%s", body, lines);
	if (!strstr(err->message, message))
		fail_msg("%s\nmessage: %s\nexpected: %s", body, err->message, message);
}

static void a_new_limit_keeps_the_sum_with_swap(void **state)
{
	const struct fixture *fixture = *state;

	put(fixture, "memory.max", "100\n");
	put(fixture, "memory.swap.max", "200\n");
	assert_completed(fixture, "{ 'memory': { 'limit': 250 } }",
	                 "memory.swap.max=50\nmemory.max=250\n");
	assert_completed(fixture, "{ 'memory': { 'limit': 300 } }",
	                 "memory.swap.max=0\nmemory.max=300\n");
	assert_not_completed(fixture, "{ 'memory': { 'limit': 301 } }",
	                     "memory.limit: 301 is above the limit of memory and swap together");
	assert_completed(fixture, "{ 'memory': { 'limit': 301, 'swap': 302 } }",
	                 "memory.swap.max=1\nmemory.max=301\n");
	assert_completed(fixture, "{ 'memory': { 'limit': -1 } }",
	                 "memory.swap.max=max\nmemory.max=max\n");
}

static void where_swap_is_unlimited_or_forbidden_it_stays_so(void **state)
{
	const struct fixture *fixture = *state;

	assert_completed(fixture, "{ 'memory': { 'limit': 5 } }", "memory.max=5\n");
	put(fixture, "memory.max", "100\n");
	put(fixture, "memory.swap.max", "max\n");
	assert_completed(fixture, "{ 'memory': { 'limit': 5 } }", "memory.max=5\n");
	put(fixture, "memory.swap.max", "0\n");
	assert_completed(fixture, "{ 'memory': { 'limit': 500 } }", "memory.max=500\n");
}

static void a_new_sum_keeps_the_limit(void **state)
{
	const struct fixture *fixture = *state;

	put(fixture, "memory.max", "100\n");
	assert_completed(fixture, "{ 'memory': { 'swap': 150 } }",
	                 "memory.swap.max=50\nmemory.max=100\n");
	assert_not_completed(fixture, "{ 'memory': { 'swap': 99 } }",
	                     "memory.swap: 99 for memory and swap together is below");
	put(fixture, "memory.max", "max\n");
	assert_not_completed(fixture, "{ 'memory': { 'swap': 150 } }", "needs memory.limit");
}

static void what_the_container_has_closed_is_not_passed_over(void **state)
{
	const struct fixture *fixture = *state;

	if (geteuid() == 0)
		skip(); /* may read it */
	put(fixture, "cpu.max", "20000 50000\n");
	put(fixture, "memory.current", "100\n");
	assert_int_equal(fchmodat(fixture->fd, "cpu.max", 0, 0), 0);
	assert_int_equal(fchmodat(fixture->fd, "memory.current", 0, 0), 0);
	assert_not_completed(fixture, "{ 'cpu': { 'period': 100000 } }",
	                     "linux.resources.cpu: cannot read cpu.max: Permission denied");
	assert_completed(fixture, "{ 'cpu': { 'quota': 10000, 'period': 100000 } }",
	                 "cpu.max=10000 100000\n");
	assert_not_completed(fixture, "{ 'memory': { 'limit': 5, 'checkBeforeUpdate': true } }",
	                     "checkBeforeUpdate: cannot read memory.current: Permission denied");
}

static void a_quota_keeps_the_period_and_the_other_way_round(void **state)
{
	const struct fixture *fixture = *state;

	put(fixture, "cpu.max", "20000 50000\n");
	assert_completed(fixture, "{ 'cpu': { 'quota': 10000 } }", "cpu.max=10000 50000\n");
	assert_completed(fixture, "{ 'cpu': { 'period': 100000 } }", "cpu.max=20000 100000\n");
	assert_completed(fixture, "{ 'cpu': { 'quota': -1 } }", "cpu.max=max 50000\n");
	assert_completed(fixture, "{ 'cpu': { 'shares': 1024 } }", "cpu.weight=100\n");
	put(fixture, "cpu.max", "max 50000\n");
	assert_completed(fixture, "{ 'cpu': { 'period': 100000 } }", "cpu.max=max 100000\n");
}

static void less_than_is_used_is_refused_to_whoever_asks(void **state)
{
	const struct fixture *fixture = *state;

	put(fixture, "memory.current", "1000\n");
	put(fixture, "memory.swap.current", "500\n");
	assert_completed(fixture, "{ 'memory': { 'limit': 999 } }", "memory.max=999\n");
	assert_not_completed(fixture, "{ 'memory': { 'limit': 999, 'checkBeforeUpdate': true } }",
	                     "memory.limit: 999 is below what is used now (1000)");
	assert_completed(fixture,
	                 "{ 'memory': { 'limit': 1000, 'swap': 1500, 'checkBeforeUpdate': true } }",
	                 "memory.swap.max=500\nmemory.max=1000\n");
	assert_not_completed(
		fixture, "{ 'memory': { 'limit': 1000, 'swap': 1499, 'checkBeforeUpdate': true } }",
		"memory.swap: 1499 is below the memory and swap that are used now (1500)");
}

#define WITH_CGROUP(test) cmocka_unit_test_setup_teardown(test, make_cgroup, remove_cgroup)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(shares_become_weights_as_in_runc),
		cmocka_unit_test(more_shares_are_never_less_weight),
		cmocka_unit_test(io_weights_are_linear),
		cmocka_unit_test(nothing_asked_is_nothing_written),
		cmocka_unit_test(memory_is_limited),
		cmocka_unit_test(swap_is_what_the_sum_leaves),
		cmocka_unit_test(cpu_time_is_a_quota_of_a_period),
		cmocka_unit_test(
			an_idle_cgroup_has_no_weight_and_one_that_stops_being_idle_has_it_after),
		cmocka_unit_test(the_cpuset_is_passed_on),
		cmocka_unit_test(pids_are_limited),
		cmocka_unit_test(block_devices_have_weights_and_rates),
		cmocka_unit_test(huge_pages_are_limited_as_used_and_as_reserved),
		cmocka_unit_test(rdma_is_limited_by_device),
		cmocka_unit_test(raw_keys_come_last_a_line_at_a_time),
		cmocka_unit_test(what_v2_cannot_express_is_refused_in_words),
		WITH_CGROUP(settings_are_written),
		WITH_CGROUP(a_missing_file_is_told_with_its_controller),
		WITH_CGROUP(a_missing_file_is_passed_over_where_nothing_is_lost),
		WITH_CGROUP(no_limit_needs_no_file),
		WITH_CGROUP(the_other_file_is_written_where_the_first_is_missing),
		WITH_CGROUP(a_refused_value_leaves_the_old_ones),
		WITH_CGROUP(what_was_there_is_known_by_its_line),
		WITH_CGROUP(a_new_limit_keeps_the_sum_with_swap),
		WITH_CGROUP(where_swap_is_unlimited_or_forbidden_it_stays_so),
		WITH_CGROUP(a_new_sum_keeps_the_limit),
		WITH_CGROUP(a_quota_keeps_the_period_and_the_other_way_round),
		WITH_CGROUP(what_the_container_has_closed_is_not_passed_over),
		WITH_CGROUP(less_than_is_used_is_refused_to_whoever_asks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
