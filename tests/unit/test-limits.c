/* SPDX-License-Identifier: Apache-2.0 */
/* limits_apply_*(): asked for in a child and read back from the kernel. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <sched.h>
#include <stdlib.h>
#include <sys/personality.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/utsname.h>

#include "child.h"
#include "base/number.h"
#include "process/limits.h"

#define IO_CLASS_BEST_EFFORT 2
#define IO_CLASS_REAL_TIME   1
#define POLICY_BIND          2

static void check_message(struct error *err, const char *part)
{
	child_check(err);
	if (!strstr(err->message, part)) {
		fprintf(stderr, "unexpected message: %s\n", err->message);
		_exit(CHILD_FAILED);
	}
}

static void rlimits_body(void)
{
	struct rlimit_config limits[] = {
		{ .resource = RLIMIT_NOFILE, .soft = 20, .hard = 30 },
		{ .resource = RLIMIT_CORE, .soft = 0, .hard = 0 },
	};
	const struct process process = { .rlimits = { .items = limits, .count = 2 } };
	struct rlimit now;

	child_check(limits_apply_rlimits(&process, NULL) == 0);
	child_check(getrlimit(RLIMIT_NOFILE, &now) == 0 && now.rlim_cur == 20 &&
	            now.rlim_max == 30);
	child_check(getrlimit(RLIMIT_CORE, &now) == 0 && now.rlim_cur == 0 && now.rlim_max == 0);
}

static void every_rlimit_is_set(void **state)
{
	(void)state;
	assert_child(rlimits_body);
}

/* In a user namespace of its own even root lacks the host's CAP_SYS_RESOURCE. */
static void rlimit_above_body(void)
{
	const struct rlimit lower = { .rlim_cur = 25, .rlim_max = 25 };
	struct rlimit_config limits[] = {
		{ .resource = RLIMIT_CORE, .soft = 0, .hard = 0 },
		{ .resource = RLIMIT_NOFILE, .soft = 20, .hard = 1048576 },
	};
	const struct process process = { .rlimits = { .items = limits, .count = 2 } };
	struct error *err = NULL;

	child_need_user_namespace(0);
	child_check(setrlimit(RLIMIT_NOFILE, &lower) == 0);
	child_check(limits_apply_rlimits(&process, &err) == -1);
	check_message(err,
	              "process.rlimits[1]: RLIMIT_NOFILE hard limit 1048576 is above yours (25)");
	check_message(err, "/etc/security/limits.conf");
	error_clear(&err);
	limits[1].hard = RLIM_INFINITY;
	child_check(limits_apply_rlimits(&process, &err) == -1);
	check_message(err, "hard limit unlimited is above");
}

static void an_rlimit_above_ours_is_refused_with_both_values(void **state)
{
	(void)state;
	assert_child(rlimit_above_body);
}

static void scheduler_body(void)
{
	const struct process process = {
		.scheduler = { .set = true, .policy = SCHED_BATCH, .nice = 19 },
	};

	child_check(limits_apply_scheduler(&process, NULL) == 0);
	child_check(sched_getscheduler(0) == SCHED_BATCH);
	child_check(getpriority(PRIO_PROCESS, 0) == 19);
}

static void scheduler_policy_and_nice_are_set(void **state)
{
	(void)state;
	assert_child(scheduler_body);
}

static void real_time_body(void)
{
	const struct process process = {
		.scheduler = { .set = true, .policy = SCHED_FIFO, .priority = 10 },
	};
	const struct rlimit none = { 0 };
	struct error *err = NULL;

	child_need_user_namespace(0);
	child_check(setrlimit(RLIMIT_RTPRIO, &none) == 0);
	child_check(limits_apply_scheduler(&process, &err) == -1);
	check_message(err, "process.scheduler: SCHED_FIFO");
	check_message(err, "CAP_SYS_NICE");
}

static void a_refused_policy_says_what_it_needs(void **state)
{
	(void)state;
	assert_child(real_time_body);
}

static void io_priority_body(void)
{
	const struct process process = {
		.io_priority = { .set = true, .class = IO_CLASS_BEST_EFFORT, .priority = 6 },
	};

	child_check(limits_apply_io_priority(&process, NULL) == 0);
	child_check(syscall(SYS_ioprio_get, 1, 0) == (IO_CLASS_BEST_EFFORT << 13 | 6));
}

static void io_class_and_priority_are_set(void **state)
{
	(void)state;
	assert_child(io_priority_body);
}

static void io_real_time_body(void)
{
	const struct process process = {
		.io_priority = { .set = true, .class = IO_CLASS_REAL_TIME, .priority = 0 },
	};
	struct error *err = NULL;

	child_need_user_namespace(0);
	child_check(limits_apply_io_priority(&process, &err) == -1);
	check_message(err, "process.ioPriority: IOPRIO_CLASS_RT");
}

static void a_refused_io_class_is_named(void **state)
{
	(void)state;
	assert_child(io_real_time_body);
}

static void memory_policy_body(void)
{
	char nodes[] = "0";
	const struct linux_config config = {
		.memory_policy = { .set = true, .mode = POLICY_BIND, .nodes = nodes },
	};
	unsigned long mask[128] = { 0 };
	int mode = -1;

	if (syscall(SYS_get_mempolicy, NULL, NULL, 0, NULL, 0) < 0)
		_exit(CHILD_SKIPPED);
	child_check(limits_apply_memory_policy(&config, NULL) == 0);
	child_check(syscall(SYS_get_mempolicy, &mode, mask, sizeof(mask) * 8, NULL, 0) == 0);
	child_check(mode == POLICY_BIND && mask[0] == 1);
}

static void memory_policy_is_set_for_the_nodes(void **state)
{
	(void)state;
	assert_child(memory_policy_body);
}

static void memory_nodes_body(void)
{
	char bad[] = "0-", absent[] = "1000";
	struct linux_config config = {
		.memory_policy = { .set = true, .mode = POLICY_BIND, .nodes = bad },
	};
	struct error *err = NULL;

	child_check(limits_apply_memory_policy(&config, &err) == -1);
	check_message(err, "linux.memoryPolicy.nodes: \"0-\" is not a list");
	error_clear(&err);
	config.memory_policy.nodes = absent;
	child_check(limits_apply_memory_policy(&config, &err) == -1);
	check_message(err, "linux.memoryPolicy: nodes \"1000\"");
}

static void memory_nodes_that_are_bad_or_absent_are_refused(void **state)
{
	(void)state;
	assert_child(memory_nodes_body);
}

static void personality_body(void)
{
	const struct linux_config config = {
		.personality = { .set = true, .domain = PER_LINUX32 },
	};

	child_check(limits_apply_personality(&config, NULL) == 0);
	child_check(personality(0xffffffff) == PER_LINUX32);
}

static void personality_is_set(void **state)
{
	(void)state;
	assert_child(personality_body);
}

static void unset_body(void)
{
	const struct process process = { 0 };
	const struct linux_config config = { 0 };
	int policy = sched_getscheduler(0), domain = personality(0xffffffff);
	long io_priority = syscall(SYS_ioprio_get, 1, 0);

	child_check(limits_apply_rlimits(&process, NULL) == 0);
	child_check(limits_apply_scheduler(&process, NULL) == 0);
	child_check(limits_apply_io_priority(&process, NULL) == 0);
	child_check(limits_apply_memory_policy(&config, NULL) == 0);
	child_check(limits_apply_personality(&config, NULL) == 0);
	child_check(limits_apply_oom_score_adj(&process, -1, NULL) == 0);
	child_check(sched_getscheduler(0) == policy);
	child_check(personality(0xffffffff) == domain);
	child_check(syscall(SYS_ioprio_get, 1, 0) == io_priority);
}

static void what_is_not_set_is_left_alone(void **state)
{
	(void)state;
	assert_child(unset_body);
}

static int64_t own_score(int proc_fd)
{
	char *text = NULL;
	int64_t score;

	child_check(file_read_at(proc_fd, "self/oom_score_adj", 64, &text) > 0);
	text[strcspn(text, "\n")] = '\0';
	child_check(number_parse_i64(text, &score));
	free(text);
	return score;
}

static void oom_score_body(void)
{
	const struct process process = { .oom_score_adj = { .set = true, .value = 1000 } };
	int proc_fd = open("/proc", O_PATH | O_CLOEXEC);

	child_check(limits_apply_oom_score_adj(&process, proc_fd, NULL) == 0);
	child_check(own_score(proc_fd) == 1000);
}

static void oom_score_is_set(void **state)
{
	(void)state;
	assert_child(oom_score_body);
}

static void oom_score_lower_body(void)
{
	struct process process = { .oom_score_adj = { .set = true, .value = 1000 } };
	int proc_fd = open("/proc", O_PATH | O_CLOEXEC), log = child_capture_log();
	int64_t before = own_score(proc_fd), after;
	char expected[64];

	if (before <= -1000)
		_exit(CHILD_SKIPPED);
	child_need_user_namespace(0);
	child_check(limits_apply_oom_score_adj(&process, proc_fd, NULL) == 0);
	process.oom_score_adj.value = -1000;
	child_check(limits_apply_oom_score_adj(&process, proc_fd, NULL) == 0);
	after = own_score(proc_fd);
	/* Going back to where we came from is allowed, perhaps more. */
	child_check(after <= before && after > -1000);
	snprintf(expected, sizeof(expected), "it is %d instead", (int)after);
	child_check(strstr(child_logged(log), expected));
}

static void oom_score_that_is_too_low_becomes_the_lowest_allowed_with_a_warning(void **state)
{
	(void)state;
	assert_child(oom_score_lower_body);
}

static void oom_score_bad_body(void)
{
	const struct process process = { .oom_score_adj = { .set = true, .value = 1001 } };
	int proc_fd = open("/proc", O_PATH | O_CLOEXEC);
	struct error *err = NULL;

	child_check(limits_apply_oom_score_adj(&process, proc_fd, &err) == -1);
	check_message(err, "process.oomScoreAdj: 1001");
}

static void oom_score_out_of_range_is_an_error(void **state)
{
	(void)state;
	assert_child(oom_score_bad_body);
}

static void affinity_body(void)
{
	unsigned long before[128] = { 0 }, after[128] = { 0 };
	unsigned int cpu = 0;
	char list[32];

	child_check(syscall(SYS_sched_getaffinity, 0, sizeof(before), before) > 0);
	while (!(before[cpu / 64] & 1UL << cpu % 64))
		cpu++;
	snprintf(list, sizeof(list), " %u-%u , %u", cpu, cpu, cpu);
	child_check(limits_apply_cpu_affinity(list, "here", NULL) == 0);
	child_check(syscall(SYS_sched_getaffinity, 0, sizeof(after), after) > 0);
	for (unsigned int i = 0; i < 128; i++)
		child_check(after[i] == (i == cpu / 64 ? 1UL << cpu % 64 : 0));
}

static void cpu_affinity_is_set(void **state)
{
	(void)state;
	assert_child(affinity_body);
}

static void affinity_range_body(void)
{
	unsigned long before[128] = { 0 }, after[128] = { 0 };

	child_check(syscall(SYS_sched_getaffinity, 0, sizeof(before), before) > 0);
	child_check(limits_apply_cpu_affinity("0-8191", "here", NULL) == 0);
	child_check(syscall(SYS_sched_getaffinity, 0, sizeof(after), after) > 0);
	child_check(memcmp(before, after, sizeof(before)) == 0);
}

static void a_range_has_both_its_ends_and_all_between(void **state)
{
	(void)state;
	assert_child(affinity_range_body);
}

static void bad_cpu_lists_are_refused(void **state)
{
	static const char *const bad[] = {
		"",   "a",     "-1",  "1-",  "-",    "3-1",    "0,,1",       "0,",
		",0", "0-1-2", "0x1", "1 2", "8192", "0-8192", "4294967296", "0;1",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		_cleanup_error_ struct error *err = NULL;

		assert_int_equal(limits_apply_cpu_affinity(bad[i], "process.here", &err), -1);
		assert_non_null(strstr(err->message, "process.here: \""));
		assert_non_null(strstr(err->message, "is not a list"));
	}
}

static void cpus_that_do_not_exist_are_refused(void **state)
{
	_cleanup_error_ struct error *err = NULL;

	(void)state;
	assert_int_equal(limits_apply_cpu_affinity("8000-8191", "here", &err), -1);
	assert_non_null(strstr(err->message, "none of these CPUs"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_rlimit_is_set),
		cmocka_unit_test(an_rlimit_above_ours_is_refused_with_both_values),
		cmocka_unit_test(scheduler_policy_and_nice_are_set),
		cmocka_unit_test(a_refused_policy_says_what_it_needs),
		cmocka_unit_test(io_class_and_priority_are_set),
		cmocka_unit_test(a_refused_io_class_is_named),
		cmocka_unit_test(memory_policy_is_set_for_the_nodes),
		cmocka_unit_test(memory_nodes_that_are_bad_or_absent_are_refused),
		cmocka_unit_test(personality_is_set),
		cmocka_unit_test(what_is_not_set_is_left_alone),
		cmocka_unit_test(oom_score_is_set),
		cmocka_unit_test(
			oom_score_that_is_too_low_becomes_the_lowest_allowed_with_a_warning),
		cmocka_unit_test(oom_score_out_of_range_is_an_error),
		cmocka_unit_test(cpu_affinity_is_set),
		cmocka_unit_test(a_range_has_both_its_ends_and_all_between),
		cmocka_unit_test(bad_cpu_lists_are_refused),
		cmocka_unit_test(cpus_that_do_not_exist_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
