/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the kernel lets the container's process have besides its identity: rlimits, scheduling,
 * I/O priority, memory policy, personality, OOM score.
 */
#pragma once

#include "base/error.h"
#include "spec/config.h"

/* setrlimit(2) for each of process.rlimits. */
int limits_apply_rlimits(const struct process *process, struct error **err);

/* process.scheduler by sched_setattr(2); nothing when not set. */
int limits_apply_scheduler(const struct process *process, struct error **err);

/* process.ioPriority by ioprio_set(2); nothing when not set. */
int limits_apply_io_priority(const struct process *process, struct error **err);

/* linux.memoryPolicy by set_mempolicy(2); nothing when not set. */
int limits_apply_memory_policy(const struct linux_config *linux_config, struct error **err);

/* linux.personality by personality(2); nothing when not set. */
int limits_apply_personality(const struct linux_config *linux_config, struct error **err);

/*
 * process.oomScoreAdj
 * @proc_fd:	a verified procfs of the caller's pid namespace
 *
 * To be called while the caller is still dumpable: the file belongs to the host's root otherwise.
 * Lowering it needs CAP_SYS_RESOURCE in the initial user namespace: without, one warning and the
 * lowest value that is allowed, as the engines expect.
 */
int limits_apply_oom_score_adj(const struct process *process, int proc_fd, struct error **err);

/* Parse a CPU list such as "0-3,7" and set the caller's affinity to it (sched_setaffinity(2)). */
int limits_apply_cpu_affinity(const char *list, const char *where, struct error **err);
