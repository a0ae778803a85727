/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation: as in validate.c. @at is "process." or whatever else stands before the names
 * of the members.
 */
#include <inttypes.h>
#include <sched.h>
#include <string.h>

#include "base/cleanup.h"
#include "spec/names.h"
#include "spec/validate.h"

static int check_args(const struct process *process, const char *at, struct error **err)
{
	if (process->args.count == 0)
		return error_set(err, 0, "%sargs: empty; it holds the program to run", at);
	if (process->args.items[0][0] == '\0')
		return error_set(err, 0, "%sargs[0]: empty; it is the program to run", at);
	return 0;
}

int validate_env(const struct strings *env, const char *where, struct error **err)
{
	for (size_t i = 0; i < env->count; i++) {
		/* The entry is not shown: environments hold secrets. */
		if (strcspn(env->items[i], "=") == 0 || !strchr(env->items[i], '='))
			return error_set(err, 0, "%s[%zu]: not of the form NAME=VALUE", where, i);
	}
	return 0;
}

static int check_cwd(const struct process *process, const char *at, struct error **err)
{
	if (!process->cwd || !path_is_absolute(process->cwd))
		return error_set(err, 0, "%scwd: not an absolute path", at);
	return 0;
}

static int check_user(const struct process *process, const char *at, struct error **err)
{
	const struct user *user = &process->user;

	if (user->uid == INVALID_ID)
		return error_set(err, 0, "%suser.uid: %u is not a user id", at, INVALID_ID);
	if (user->gid == INVALID_ID)
		return error_set(err, 0, "%suser.gid: %u is not a group id", at, INVALID_ID);
	for (size_t i = 0; i < user->additional_gids.count; i++) {
		if (user->additional_gids.items[i] == INVALID_ID)
			return error_set(err, 0, "%suser.additionalGids[%zu]: %u is not a group id",
			                 at, i, INVALID_ID);
	}
	if (user->umask.set && user->umask.value > 0777)
		return error_set(err, 0, "%suser.umask: %u is more than 511 (octal 0777)", at,
		                 user->umask.value);
	return 0;
}

static int check_rlimits(const struct process *process, const char *at, struct error **err)
{
	uint64_t seen = 0;

	for (size_t i = 0; i < process->rlimits.count; i++) {
		const struct rlimit_config *limit = &process->rlimits.items[i];

		if (seen & UINT64_C(1) << limit->resource)
			return error_set(err, 0, "%srlimits[%zu].type: %s is listed twice", at, i,
			                 name_of(rlimit_names, limit->resource));
		seen |= UINT64_C(1) << limit->resource;
		if (limit->soft > limit->hard)
			return error_set(err, 0,
			                 "%srlimits[%zu].soft: %" PRIu64
			                 " is more than the hard limit, %" PRIu64,
			                 at, i, limit->soft, limit->hard);
	}
	return 0;
}

static int check_scheduler(const struct process *process, const char *at, struct error **err)
{
	const struct scheduler *scheduler = &process->scheduler;
	bool realtime = scheduler->policy == SCHED_FIFO || scheduler->policy == SCHED_RR;
	bool deadline = scheduler->runtime || scheduler->deadline || scheduler->period;

	if (!scheduler->set)
		return 0;
	if (scheduler->nice < -20 || scheduler->nice > 19)
		return error_set(err, 0, "%sscheduler.nice: %d is not in -20 to 19", at,
		                 scheduler->nice);
	if (realtime && (scheduler->priority < 1 || scheduler->priority > 99))
		return error_set(err, 0,
		                 "%sscheduler.priority: %d is not in 1 to 99, which SCHED_FIFO and "
		                 "SCHED_RR need",
		                 at, scheduler->priority);
	if (!realtime && scheduler->priority != 0)
		return error_set(err, 0,
		                 "%sscheduler.priority: only SCHED_FIFO and SCHED_RR have one; "
		                 "leave it out or use nice",
		                 at);
	if (deadline && scheduler->policy != SCHED_DEADLINE)
		return error_set(err, 0,
		                 "%sscheduler: runtime, deadline and period are for SCHED_DEADLINE",
		                 at);
	return 0;
}

static int check_priorities(const struct process *process, const char *at, struct error **err)
{
	const struct opt_i64 *score = &process->oom_score_adj;
	int32_t priority = process->io_priority.priority;

	if (process->io_priority.set && (priority < 0 || priority > 7))
		return error_set(err, 0, "%sioPriority.priority: %d is not in 0 to 7", at,
		                 priority);
	if (score->set && (score->value < -1000 || score->value > 1000))
		return error_set(err, 0, "%soomScoreAdj: %" PRId64 " is not in -1000 to 1000", at,
		                 score->value);
	return 0;
}

static int check_cpu_list(const char *list, const char *at, const char *name, struct error **err)
{
	if (list && list[strspn(list, "0123456789, -")] != '\0')
		return error_set(err, 0,
		                 "%sexecCPUAffinity.%s: not a list of CPUs such as \"0-3,7\"", at,
		                 name);
	return 0;
}

static int check_affinity(const struct process *process, const char *at, struct error **err)
{
	if (check_cpu_list(process->exec_cpu_affinity.initial, at, "initial", err) < 0)
		return -1;
	return check_cpu_list(process->exec_cpu_affinity.final, at, "final", err);
}

static int check_process_env(const struct process *process, const char *at, struct error **err)
{
	_cleanup_free_ char *where = NULL;

	if (asprintf(&where, "%senv", at) < 0) {
		where = NULL;
		return error_set(err, ENOMEM, "%senv", at);
	}
	return validate_env(&process->env, where, err);
}

static int (*const process_checks[])(const struct process *, const char *, struct error **) = {
	check_args,    check_process_env, check_cwd,        check_user,
	check_rlimits, check_scheduler,   check_priorities, check_affinity,
};

int process_validate(const struct process *process, const char *where, struct error **err)
{
	_cleanup_free_ char *at = NULL;

	if (asprintf(&at, "%s%s", where, *where ? "." : "") < 0) {
		at = NULL;
		return error_set(err, ENOMEM, "%s", where);
	}
	for (size_t i = 0; i < ARRAY_SIZE(process_checks); i++) {
		if (process_checks[i](process, at, err) < 0)
			return -1;
	}
	return 0;
}
