/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation: a helper enters the namespaces of the container's init, all at once by its
 * pidfd where it runs already, and makes the process there. From the moment it has entered, the
 * container could look at it, so it is non-dumpable before.
 */
#include "init/exec.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/stat.h>

#include "base/log.h"
#include "init/spawn.h"
#include "init/sync.h"
#include "process/limits.h"
#include "process/terminal.h"

static int exec_enter(void *data, struct error **err)
{
	struct exec_plan *plan = data;
	const struct process *process = plan->entry.process;

	if (entry_begin(plan->entry.process, plan->proc_fd, err) < 0)
		return -1;
	if (process->exec_cpu_affinity.initial &&
	    limits_apply_cpu_affinity(process->exec_cpu_affinity.initial,
	                              "process.execCPUAffinity.initial", err) < 0)
		return -1;
	if (entry_hide(err) < 0)
		return -1;
	if (plan->init_pidfd < 0)
		return join_enter(&plan->join, err);
	if (plan->namespaces && setns(plan->init_pidfd, (int)plan->namespaces) < 0)
		return error_set(err, errno, "cannot join the container's namespaces");
	return 0;
}

static int make_terminal(struct exec_plan *plan, int *master, struct error **err)
{
	const struct process *process = plan->entry.process;
	_cleanup_fd_ int root_fd = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC), ptmx = -1;

	if (root_fd < 0)
		return error_set(err, errno, "the container's root");
	ptmx = entry_open_ptmx(root_fd, err);
	if (ptmx < 0 || terminal_open(ptmx, master, &plan->entry.terminal, err) < 0)
		return -1;
	if (!process->console_size.set)
		return 0;
	return terminal_set_size(*master, process->console_size.height, process->console_size.width,
	                         err);
}

static int prepare(struct exec_plan *plan, struct error **err)
{
	struct sync_message created = { .type = SYNC_CREATED };
	const struct process *process = plan->entry.process;
	_cleanup_fd_ int master = -1;

	if (setsid() < 0)
		return error_set(err, errno, "cannot make a session of its own");
	plan->entry.setgroups_denied = entry_setgroups_denied(plan->entry.proc_fd);
	if (plan->joins_user_namespace &&
	    entry_become_root(&plan->entry.process->user, plan->entry.setgroups_denied, err) < 0)
		return -1;
	if (entry_hide(err) < 0)
		return -1;
	if (process->exec_cpu_affinity.final &&
	    limits_apply_cpu_affinity(process->exec_cpu_affinity.final,
	                              "process.execCPUAffinity.final", err) < 0)
		return -1;
	if (process->terminal && make_terminal(plan, &master, err) < 0)
		return -1;
	if (entry_prepare(&plan->entry, err) < 0)
		return -1;
	close_fd(&plan->entry.terminal);
	if (master >= 0)
		created.fds[created.fd_count++] = master;
	if (sync_send(plan->sync_fd, &created) < 0)
		return error_set(err, errno, "the runtime is gone");
	return 0;
}

static void exec_main(void *data)
{
	_cleanup_error_ struct error *error = NULL;
	struct exec_plan *plan = data;
	int keep[] = { plan->sync_fd, plan->proc_fd, plan->entry.listener.socket, entry_keep_log(),
		       -1 };

	entry_reset_signals();
	plan->entry.report_fd = plan->sync_fd;
	umask(0);
	plan->entry.proc_fd = take_fd(&plan->proc_fd);
	if (entry_close_inherited(plan->entry.preserve_fds, keep, ARRAY_SIZE(keep) - 1,
	                          plan->entry.proc_fd, &error) == 0 &&
	    prepare(plan, &error) == 0)
		entry_execute(&plan->entry, &error);
	sync_send_error(plan->sync_fd, error);
	_exit(error->status ? error->status : 125);
}

static int place(void *data, pid_t pid, struct error **err)
{
	struct exec_plan *plan = data;

	return plan->place(plan, pid, err);
}

int exec_spawn(struct exec_plan *plan, struct init_child *child, struct error **err)
{
	const struct ns_spawn spawn = {
		.enter = exec_enter,
		.child = exec_main,
		.data = plan,
		.cgroup_fd = plan->cgroup_fd,
		.outside = &plan->outside,
		.interrupt_fd = &plan->interrupt_fd,
		.place = plan->cgroup_fd >= 0 && plan->place ? place : NULL,
	};

	child->pid = ns_spawn(&spawn, &child->pidfd, err);
	return child->pid < 0 ? -1 : 0;
}
