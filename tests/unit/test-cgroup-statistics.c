/* SPDX-License-Identifier: Apache-2.0 */
/* What events prints, from directories that stand for cgroups. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"
#include "cgroup/statistics.h"
#include "cgroup-directory.h"

static struct statistics read_all(const struct fixture *fixture)
{
	_cleanup_error_ struct error *err = NULL;
	struct statistics statistics;

	if (cgroup_statistics_read(fixture->fd, fixture->arena, &statistics, &err) < 0)
		fail_msg("refused: %s", err->message);
	return statistics;
}

/* The document, written with ' for ", holds @part. */
static void assert_printed(const struct fixture *fixture, const char *part)
{
	struct statistics statistics = read_all(fixture);
	_cleanup_free_ char *text = statistics_format("c1", &statistics, NULL);

	assert_non_null(text);
	for (char *c = text; *c; c++) {
		if (*c == '"')
			*c = '\'';
	}
	if (!strstr(text, part))
		fail_msg("%s\nhas no\n%s", text, part);
}

static void a_cgroup_without_controllers_has_zeros(void **state)
{
	const struct fixture *fixture = *state;

	assert_printed(fixture,
	               "{'type':'stats','id':'c1','data':{'cpu':{'usage':{'total':0,'kernel':0,"
	               "'user':0},'throttling':{'periods':0,'throttledPeriods':0,"
	               "'throttledTime':0}},'memory':{'cache':0,'usage':{'limit':0,'usage':0,"
	               "'failcnt':0},");
	assert_printed(fixture, "'pids':{'current':0},'blkio':{},'hugetlb':{}}}\n");
}

static void cpu_time_is_in_nanoseconds(void **state)
{
	const struct fixture *fixture = *state;

	put(fixture, "cpu.stat",
	    "usage_usec 1234567\nuser_usec 1000000\nsystem_usec 234567\nnew_key 5\n"
	    "nr_periods 7\nnr_throttled 3\nthrottled_usec 250\nnr_bursts 0\n");
	put(fixture, "cpu.pressure",
	    "some avg10=0.12 avg60=100.00 avg300=0.00 total=18446744073709551615\n"
	    "full avg10=1.10 avg60=0.01 avg300=99.99 total=2\n");
	assert_printed(fixture,
	               "'cpu':{'usage':{'total':1234567000,'kernel':234567000,'user':1000000000},"
	               "'throttling':{'periods':7,'throttledPeriods':3,'throttledTime':250000},"
	               "'psi':{'some':{'avg10':0.12,'avg60':100.00,'avg300':0.00,"
	               "'total':18446744073709551615},'full':{'avg10':1.10,'avg60':0.01,"
	               "'avg300':99.99,'total':2}}}");
}

static void pressure_may_have_no_line_for_full(void **state)
{
	const struct fixture *fixture = *state;

	put(fixture, "io.pressure", "some avg10=0.00 avg60=0.00 avg300=0.00 total=1\n");
	assert_printed(fixture, "'blkio':{'psi':{'some':{'avg10':0.00,'avg60':0.00,'avg300':0.00,"
	                        "'total':1}}}");
}

static void memory_has_limits_events_and_raw_numbers(void **state)
{
	const struct fixture *fixture = *state;

	put(fixture, "memory.current", "1000\n");
	put(fixture, "memory.max", "4096\n");
	put(fixture, "memory.peak", "2000\n");
	put(fixture, "memory.swap.current", "50\n");
	put(fixture, "memory.swap.max", "100\n");
	put(fixture, "memory.stat", "anon 18446744073709551615\nfile 300\nkernel 40\nsock 5\n");
	put(fixture, "memory.events",
	    "low 1\nhigh 2\nmax 3\noom 4\noom_kill 5\noom_group_kill 6\n");
	put(fixture, "memory.swap.events", "high 0\nmax 7\nfail 8\n");
	assert_printed(fixture,
	               "'memory':{'cache':300,'usage':{'limit':4096,'usage':1000,'max':2000,"
	               "'failcnt':3},'swap':{'limit':4196,'usage':1050,'failcnt':7},"
	               "'kernel':{'limit':0,'usage':40,'failcnt':0},"
	               "'kernelTCP':{'limit':0,'usage':5,'failcnt':0},"
	               "'raw':{'anon':18446744073709551615,'file':300,'kernel':40,'sock':5},"
	               "'event_count':{'low':1,'high':2,'max':3,'oom':4,'oom_kill':5,"
	               "'oom_group_kill':6}}");
}

static void no_limit_of_memory_is_the_largest_number(void **state)
{
	const struct fixture *fixture = *state;

	put(fixture, "memory.current", "1000\n");
	put(fixture, "memory.max", "max\n");
	put(fixture, "memory.swap.max", "100\n");
	assert_printed(fixture, "'usage':{'limit':18446744073709551615,'usage':1000,");
	assert_printed(fixture, "'swap':{'limit':18446744073709551615,'usage':1000,");
}

static void pids_are_counted_with_and_without_their_controller(void **state)
{
	const struct fixture *fixture = *state;

	put(fixture, "cgroup.procs", "1\n23\n456\n");
	assert_printed(fixture, "'pids':{'current':3}");
	put(fixture, "pids.current", "5\n");
	put(fixture, "pids.max", "max\n");
	assert_printed(fixture, "'pids':{'current':5}");
	put(fixture, "pids.max", "12\n");
	assert_printed(fixture, "'pids':{'current':5,'limit':12}");
}

static void block_devices_are_told_apart(void **state)
{
	const struct fixture *fixture = *state;

	put(fixture, "io.stat",
	    "8:0 rbytes=1 wbytes=2 rios=3 wios=4 dbytes=5 dios=6 cost.usage=9\n259:17 \n"
	    "259:16 rbytes=7 wbytes=0 rios=18446744073709551615 wios=0 dbytes=0 dios=0\n");
	assert_printed(fixture,
	               "'ioServiceBytesRecursive':[{'major':8,'minor':0,'op':'Read','value':1},"
	               "{'major':8,'minor':0,'op':'Write','value':2},"
	               "{'major':8,'minor':0,'op':'Discard','value':5},"
	               "{'major':259,'minor':16,'op':'Read','value':7},");
	assert_printed(fixture,
	               "'ioServicedRecursive':[{'major':8,'minor':0,'op':'Read','value':3},");
	assert_printed(fixture, "'op':'Read','value':18446744073709551615}");
}

static void huge_pages_are_listed_by_size(void **state)
{
	const struct fixture *fixture = *state;

	put(fixture, "hugetlb.2MB.current", "2097152\n");
	put(fixture, "hugetlb.2MB.rsvd.current", "4194304\n");
	put(fixture, "hugetlb.2MB.events", "max 3\n");
	put(fixture, "hugetlb.2MB.max", "max\n");
	assert_printed(fixture, "'hugetlb':{'2MB':{'usage':4194304,'failcnt':3}}");
	put(fixture, "hugetlb.1GB.current", "5\n");
	assert_printed(fixture, "'1GB':{'usage':5,'failcnt':0}");
}

static void rdma_is_there_where_the_host_has_it(void **state)
{
	const struct fixture *fixture = *state;

	put(fixture, "rdma.current", "mlx5_0 hca_handle=1 hca_object=20\n");
	put(fixture, "rdma.max", "mlx5_0 hca_handle=2 hca_object=max\n");
	assert_printed(fixture,
	               "'rdma':{'rdma_limit':[{'device':'mlx5_0','hca_handles':2,"
	               "'hca_objects':18446744073709551615}],'rdma_current':[{'device':'mlx5_0',"
	               "'hca_handles':1,'hca_objects':20}]}");
}

static void damaged_files_are_errors(void **state)
{
	static const struct {
		const char *file, *text;
	} list[] = {
		{ "cpu.stat", "usage_usec x\n" },
		{ "cpu.stat", "usage_usec\n" },
		{ "cpu.pressure", "some avg10=x avg60=0.00 avg300=0.00 total=1\n" },
		{ "cpu.pressure", "some avg10=1e5 avg60=0.00 avg300=0.00 total=1\n" },
		{ "cpu.pressure", "some avg10=0.1,1 avg60=0.00 avg300=0.00 total=1\n" },
		{ "cpu.pressure", "full avg10=0.00 avg60=0.00 avg300=0.00 total=-1\n" },
		{ "cpu.pressure", "some avg10\n" },
		{ "memory.max", "-1\n" },
		{ "memory.current", "18446744073709551616\n" },
		{ "memory.stat", "anon 1 2\n" },
		{ "memory.events", "oom_kill many\n" },
		{ "pids.max", "\n" },
		{ "io.stat", "8 rbytes=1\n" },
		{ "io.stat", "8:x rbytes=1\n" },
		{ "io.stat", "8:0 rbytes=\n" },
		{ "rdma.max", "m hca_handle=x\n" },
	};
	const struct fixture *fixture = *state;

	for (size_t i = 0; i < ARRAY_SIZE(list); i++) {
		_cleanup_error_ struct error *err = NULL;
		struct statistics statistics;

		put(fixture, list[i].file, list[i].text);
		if (cgroup_statistics_read(fixture->fd, fixture->arena, &statistics, &err) == 0)
			fail_msg("%s: \"%s\" was taken", list[i].file, list[i].text);
		assert_non_null(strstr(err->message, list[i].file));
		assert_int_equal(unlinkat(fixture->fd, list[i].file, 0), 0);
	}
}

static void an_oom_kill_is_an_event_without_data(void **state)
{
	_cleanup_free_ char *text = statistics_format_oom("c1", NULL);

	(void)state;
	assert_string_equal(text, "{\"type\":\"oom\",\"id\":\"c1\"}\n");
}

#define WITH_CGROUP(test) cmocka_unit_test_setup_teardown(test, make_cgroup, remove_cgroup)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_CGROUP(a_cgroup_without_controllers_has_zeros),
		WITH_CGROUP(cpu_time_is_in_nanoseconds),
		WITH_CGROUP(pressure_may_have_no_line_for_full),
		WITH_CGROUP(memory_has_limits_events_and_raw_numbers),
		WITH_CGROUP(no_limit_of_memory_is_the_largest_number),
		WITH_CGROUP(pids_are_counted_with_and_without_their_controller),
		WITH_CGROUP(block_devices_are_told_apart),
		WITH_CGROUP(huge_pages_are_listed_by_size),
		WITH_CGROUP(rdma_is_there_where_the_host_has_it),
		WITH_CGROUP(damaged_files_are_errors),
		cmocka_unit_test(an_oom_kill_is_an_event_without_data),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
