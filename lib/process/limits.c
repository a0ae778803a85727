/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation: one system call per property, each on the calling process, which passes
 * what it gets on to the program by execve. What the kernel refuses is refused here with the
 * reason that users meet; the OOM score alone is softened, because engines ask for it without
 * knowing whether it can be had.
 */
#include "process/limits.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <linux/mempolicy.h>
#include <stdio.h>
#include <string.h>
#include <sys/personality.h>
#include <sys/resource.h>
#include <sys/syscall.h>

#include "base/file.h"
#include "base/log.h"
#include "base/number.h"
#include "spec/names.h"

#define WORD_BITS (sizeof(unsigned long) * CHAR_BIT)

/* More CPUs or NUMA nodes than the kernel can be configured for. */
#define LIST_BITS  8192u
#define LIST_WORDS (LIST_BITS / WORD_BITS)

/* The first 48 bytes of the kernel's struct sched_attr, which glibc 2.31 does not have. */
struct sched_attributes {
	uint32_t size;
	uint32_t policy;
	uint64_t flags;
	int32_t nice;
	uint32_t priority;
	uint64_t runtime, deadline, period;
};

/* As in <linux/ioprio.h>, which kernel headers before 5.15 do not install. */
#define IO_PRIORITY_WHO_PROCESS 1
#define IO_PRIORITY_CLASS_SHIFT 13

static const char *limit_text(uint64_t value, char *buffer, size_t size)
{
	if (value == RLIM_INFINITY)
		return "unlimited";
	snprintf(buffer, size, "%" PRIu64, value);
	return buffer;
}

static int rlimit_refused(const struct rlimit_config *wanted, size_t index, int errnum,
                          struct error **err)
{
	const char *name = name_of(rlimit_names, wanted->resource);
	char wanted_text[24], own_text[24];
	struct rlimit own;

	if (!name)
		name = "this resource";
	if (errnum != EPERM || getrlimit((unsigned int)wanted->resource, &own) < 0 ||
	    wanted->hard <= own.rlim_max)
		return error_set(err, errnum, "process.rlimits[%zu]: %s", index, name);
	error_set(err, 0, "process.rlimits[%zu]: %s hard limit %s is above yours (%s)", index, name,
	          limit_text(wanted->hard, wanted_text, sizeof(wanted_text)),
	          limit_text(own.rlim_max, own_text, sizeof(own_text)));
	return error_hint(err, "lower it, or raise yours in /etc/security/limits.conf");
}

int limits_apply_rlimits(const struct process *process, struct error **err)
{
	for (size_t i = 0; i < process->rlimits.count; i++) {
		const struct rlimit_config *wanted = &process->rlimits.items[i];
		const struct rlimit limit = { .rlim_cur = wanted->soft, .rlim_max = wanted->hard };

		if (setrlimit((unsigned int)wanted->resource, &limit) < 0)
			return rlimit_refused(wanted, i, errno, err);
	}
	return 0;
}

int limits_apply_scheduler(const struct process *process, struct error **err)
{
	const struct scheduler *scheduler = &process->scheduler;
	const struct sched_attributes attributes = {
		.size = sizeof(attributes),
		.policy = (uint32_t)scheduler->policy,
		.flags = scheduler->flags,
		.nice = scheduler->nice,
		.priority = (uint32_t)scheduler->priority,
		.runtime = scheduler->runtime,
		.deadline = scheduler->deadline,
		.period = scheduler->period,
	};
	const char *name = name_of(scheduler_names, scheduler->policy);
	int errnum;

	if (!scheduler->set || syscall(SYS_sched_setattr, 0, &attributes, 0) == 0)
		return 0;
	errnum = errno;
	error_set(err, errnum, "process.scheduler: %s", name ? name : "unknown policy");
	if (errnum == EPERM)
		return error_hint(err, "this needs CAP_SYS_NICE on the host, or a higher "
		                       "RLIMIT_RTPRIO or RLIMIT_NICE of yours");
	return -1;
}

int limits_apply_io_priority(const struct process *process, struct error **err)
{
	const struct io_priority *wanted = &process->io_priority;
	const char *name = name_of(io_class_names, wanted->class);
	int errnum;

	if (!wanted->set ||
	    syscall(SYS_ioprio_set, IO_PRIORITY_WHO_PROCESS, 0,
	            wanted->class << IO_PRIORITY_CLASS_SHIFT | wanted->priority) == 0)
		return 0;
	errnum = errno;
	error_set(err, errnum, "process.ioPriority: %s, priority %d", name ? name : "unknown class",
	          wanted->priority);
	return errnum == EPERM ? error_hint(err, "this class needs CAP_SYS_NICE on the host") : -1;
}

static void list_set(unsigned long *bits, uint32_t first, uint32_t last)
{
	for (uint32_t i = first; i <= last; i++)
		bits[i / WORD_BITS] |= 1UL << (i % WORD_BITS);
}

/* "3" or "0-3", spaces around it. */
static bool range_parse(char *text, uint32_t *first, uint32_t *last)
{
	char *dash, *end;

	text += strspn(text, " ");
	end = text + strlen(text);
	while (end > text && end[-1] == ' ')
		*--end = '\0';
	dash = strchr(text, '-');
	if (dash)
		*dash = '\0';
	return number_parse_u32(text, first) && number_parse_u32(dash ? dash + 1 : text, last) &&
	       *first <= *last && *last < LIST_BITS;
}

/* A list such as "0-3,7" as the bits that it names. */
static int list_parse(const char *list, const char *where, unsigned long bits[static LIST_WORDS],
                      struct error **err)
{
	_cleanup_free_ char *copy = strdup(list);
	char *rest = copy, *item;

	if (!copy)
		return error_set(err, ENOMEM, "%s", where);
	memset(bits, 0, LIST_WORDS * sizeof(*bits));
	while ((item = strsep(&rest, ","))) {
		uint32_t first, last;

		if (!range_parse(item, &first, &last))
			return error_set(err, 0, "%s: \"%s\" is not a list such as \"0-3,7\"",
			                 where, list);
		list_set(bits, first, last);
	}
	return 0;
}

int limits_apply_memory_policy(const struct linux_config *linux_config, struct error **err)
{
	const char *nodes = linux_config->memory_policy.nodes;
	int mode = linux_config->memory_policy.mode | linux_config->memory_policy.flags;
	unsigned long bits[LIST_WORDS], count = 0;
	int errnum;

	if (!linux_config->memory_policy.set)
		return 0;
	if (nodes && nodes[0]) {
		if (list_parse(nodes, "linux.memoryPolicy.nodes", bits, err) < 0)
			return -1;
		/* The kernel takes one bit less than it is told. */
		count = LIST_BITS + 1;
	}
	if (syscall(SYS_set_mempolicy, mode, count ? bits : NULL, count) == 0)
		return 0;
	errnum = errno;
	error_set(err, errnum, "linux.memoryPolicy: nodes \"%s\"", nodes ? nodes : "");
	if (errnum == EINVAL)
		return error_hint(err, "the nodes must exist and suit the mode (set_mempolicy(2))");
	if (errnum == ENOSYS)
		return error_hint(err, "this kernel is built without CONFIG_NUMA");
	return -1;
}

int limits_apply_personality(const struct linux_config *linux_config, struct error **err)
{
	if (!linux_config->personality.set || personality(linux_config->personality.domain) >= 0)
		return 0;
	return error_set(err, errno, "linux.personality.domain");
}

static int write_score(int proc_fd, int64_t score)
{
	char text[24];

	snprintf(text, sizeof(text), "%" PRId64, score);
	return file_write_at(proc_fd, "self/oom_score_adj", text);
}

static bool read_score(int proc_fd, int64_t *score)
{
	_cleanup_free_ char *text = NULL;

	if (file_read_at(proc_fd, "self/oom_score_adj", 64, &text) < 0)
		return false;
	text[strcspn(text, "\n")] = '\0';
	return number_parse_i64(text, score);
}

/*
 * The kernel lets everybody go down to the lowest value that a privileged process has set, and
 * tells nobody which that is. It lies above @refused, and at or below @allowed.
 */
static int64_t lowest_score(int proc_fd, int64_t refused, int64_t allowed)
{
	while (allowed - refused > 1) {
		int64_t middle = refused + (allowed - refused) / 2;

		if (write_score(proc_fd, middle) == 0)
			allowed = middle;
		else
			refused = middle;
	}
	return allowed;
}

int limits_apply_oom_score_adj(const struct process *process, int proc_fd, struct error **err)
{
	int64_t wanted = process->oom_score_adj.value, own;
	int errnum;

	if (!process->oom_score_adj.set || write_score(proc_fd, wanted) == 0)
		return 0;
	errnum = errno;
	if ((errnum != EACCES && errnum != EPERM) || !read_score(proc_fd, &own) || own <= wanted)
		return error_set(err, errnum, "process.oomScoreAdj: %" PRId64, wanted);
	log_warning("process.oomScoreAdj: %" PRId64 " needs CAP_SYS_RESOURCE on the host; it is "
	            "%" PRId64 " instead",
	            wanted, lowest_score(proc_fd, wanted, own));
	return 0;
}

int limits_apply_cpu_affinity(const char *list, const char *where, struct error **err)
{
	unsigned long bits[LIST_WORDS];
	int errnum;

	if (list_parse(list, where, bits, err) < 0)
		return -1;
	if (syscall(SYS_sched_setaffinity, 0, sizeof(bits), bits) == 0)
		return 0;
	errnum = errno;
	error_set(err, errnum, "%s: \"%s\"", where, list);
	return errnum == EINVAL ? error_hint(err, "none of these CPUs can be used here") : -1;
}
