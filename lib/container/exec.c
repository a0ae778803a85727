/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation: the process object is the container's own with what the options change, or
 * the one of --process; limits, filter and labels are the container's unless it says otherwise.
 * The child (init/exec.h) is made in the namespaces of init and is ours to wait for.
 */
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>

#include "base/file.h"
#include "base/log.h"
#include "base/number.h"
#include "base/proc.h"
#include "base/socket.h"
#include "base/spawn.h"
#include "base/syscalls.h"
#include "cgroup/cgroup.h"
#include "container/as-owner.h"
#include "container/container.h"
#include "container/interrupt.h"
#include "container/pid-file.h"
#include "container/supervise.h"
#include "container/verbs.h"
#include "init/exec.h"
#include "init/sync.h"
#include "process/label.h"
#include "process/seccomp.h"
#include "process/terminal.h"
#include "spec/names.h"

struct exec {
	const struct rootlet_exec_options *options;
	struct container container;
	struct config *config; /* the container's */
	struct process *process;
	struct seccomp_program program;
	struct exec_plan plan;
	struct init_child child;
	const char *cgroup; /* where it goes, below the container's; "": there */
	int sync_fd;        /* our end */
	int interrupt_fd;   /* signalfd: asks us to give up */
	int master;
};

/* --- the process object ---------------------------------------------------------------------- */

static int parse_user(const char *text, struct user *user, struct error **err)
{
	_cleanup_free_ char *copy = strdup(text);
	char *colon = copy ? strchr(copy, ':') : NULL;

	if (!copy)
		return error_set(err, ENOMEM, "--user");
	if (colon)
		*colon++ = '\0';
	/* Digits only: a name has no meaning outside the container (CVE-2026-30892). */
	if (!number_parse_u32(copy, &user->uid) || user->uid == UINT32_MAX ||
	    (colon && (!number_parse_u32(colon, &user->gid) || user->gid == UINT32_MAX)))
		return error_set(err, 0, "--user \"%s\": expected UID or UID:GID in digits", text);
	return 0;
}

static char **append(struct arena *arena, const struct strings *first, char *const *second,
                     size_t *count)
{
	size_t more = 0;
	char **items;

	while (second[more])
		more++;
	items = arena_alloc(arena, (first->count + more + 1) * sizeof(*items));
	if (!items)
		return NULL;
	if (first->count > 0)
		memcpy(items, first->items, first->count * sizeof(*items));
	memcpy(items + first->count, second, more * sizeof(*items));
	*count = first->count + more;
	return items;
}

/*
 * Root needs no inheritable capabilities to keep his over execve(2); given to him they would
 * outlive a change to another user, who would gain them by files that allow it (CVE-2022-29162,
 * CVE-2022-27650). Another user has nothing of his without the ambient ones, which must be
 * inheritable: for him that is what was asked for.
 */
static int add_capabilities(char *const *names, bool root, struct capabilities *capabilities,
                            struct error **err)
{
	for (; *names; names++) {
		int number = capability_parse(*names);
		uint64_t bit;

		if (number < 0)
			return error_set(err, 0, "--cap: unknown capability \"%s\"", *names);
		bit = UINT64_C(1) << number;
		capabilities->set = true;
		capabilities->bounding |= bit;
		capabilities->effective |= bit;
		capabilities->permitted |= bit;
		if (root)
			continue;
		capabilities->inheritable |= bit;
		capabilities->ambient |= bit;
	}
	return 0;
}

static int add_groups(const struct rootlet_exec_options *options, struct user *user,
                      struct arena *arena, struct error **err)
{
	size_t before = user->additional_gids.count, more = options->additional_gids_count;
	uint32_t *items;

	if (more == 0)
		return 0;
	items = arena_alloc(arena, (before + more) * sizeof(*items));
	if (!items)
		return error_set(err, ENOMEM, "--additional-gids");
	if (before > 0)
		memcpy(items, user->additional_gids.items, before * sizeof(*items));
	memcpy(items + before, options->additional_gids, more * sizeof(*items));
	user->additional_gids.items = items;
	user->additional_gids.count = before + more;
	return 0;
}

static int apply_options(struct exec *exec, struct error **err)
{
	const struct rootlet_exec_options *options = exec->options;
	struct arena *arena = exec->config->arena;
	struct process *process = exec->process;

	if (options->args)
		process->args.items = append(arena, &(struct strings){ 0 }, options->args,
		                             &process->args.count);
	if (options->env)
		process->env.items = append(arena, &process->env, options->env,
		                            &process->env.count);
	if (!process->args.items || (options->env && !process->env.items))
		return error_set(err, ENOMEM, "exec");
	if (options->cwd)
		process->cwd = (char *)options->cwd;
	if (options->user && parse_user(options->user, &process->user, err) < 0)
		return -1;
	if (add_groups(options, &process->user, arena, err) < 0)
		return -1;
	if (options->capabilities && add_capabilities(options->capabilities, process->user.uid == 0,
	                                              &process->capabilities, err) < 0)
		return -1;
	if (options->process_label)
		process->selinux_label = (char *)options->process_label;
	if (options->apparmor_profile)
		process->apparmor_profile = (char *)options->apparmor_profile;
	process->no_new_privileges |= options->no_new_privs;
	process->terminal |= options->tty;
	return 0;
}

/* What a process object of --process leaves open is as the container has it. */
static void inherit(struct process *process, const struct process *container)
{
	if (process->rlimits.count == 0)
		process->rlimits = container->rlimits;
	if (!process->oom_score_adj.set)
		process->oom_score_adj = container->oom_score_adj;
	if (!process->scheduler.set)
		process->scheduler = container->scheduler;
	if (!process->io_priority.set)
		process->io_priority = container->io_priority;
	if (!process->apparmor_profile)
		process->apparmor_profile = container->apparmor_profile;
	if (!process->selinux_label)
		process->selinux_label = container->selinux_label;
}

static int read_process_file(struct exec *exec, struct error **err)
{
	const char *path = exec->options->process_file;
	_cleanup_free_ char *text = NULL;
	ssize_t length = file_read_at(AT_FDCWD, path, CONFIG_MAX_SIZE, &text);

	if (length < 0)
		return error_set(err, errno, "--process %s", path);
	if (process_parse(text, (size_t)length, path, exec->config->arena, &exec->process, err) < 0)
		return -1;
	inherit(exec->process, &exec->config->process);
	return 0;
}

static int make_process(struct exec *exec, struct error **err)
{
	if (config_read_copy(exec->container.dir_fd, CONTAINER_CONFIG_FILE,
	                     "the container's config.json", &exec->config, err) < 0)
		return -1;
	if (exec->options->process_file) {
		if (read_process_file(exec, err) < 0)
			return -1;
	} else {
		exec->process = &exec->config->process;
		/* The terminal and its size are a matter of this process alone. */
		exec->process->terminal = false;
		exec->process->console_size.set = false;
	}
	if (apply_options(exec, err) < 0)
		return -1;
	if (process_validate(exec->process, "exec", err) < 0)
		return -1;
	return label_check(exec->process, &exec->config->linux, err);
}

/* --- checks ---------------------------------------------------------------------------------- */

static int check_options(const struct rootlet_exec_options *options, struct error **err)
{
	if (options->process_file && options->args)
		return error_set(err, 0, "--process and a command cannot both be given");
	if (!options->process_file && (!options->args || !options->args[0]))
		return error_status(err, (error_set(err, 0, "exec: no command given"), 2));
	return entry_check_preserved(options->preserve_fds, err);
}

static int check_status(const struct exec *exec, struct error **err)
{
	const enum container_status status = exec->container.status;

	if (status == STATUS_CREATED || status == STATUS_RUNNING)
		return 0;
	if (status == STATUS_PAUSED && exec->options->ignore_paused)
		return 0;
	return container_wrong_status(&exec->container, "exec in", err);
}

static int check_terminal(const struct exec *exec, struct error **err)
{
	const struct rootlet_exec_options *options = exec->options;
	struct console_size *size = &exec->process->console_size;

	if (!options->detach && terminal_user_size(&size->height, &size->width))
		size->set = true;
	if (exec->process->terminal && options->detach && !options->console_socket)
		return error_set(err, 0,
		                 "--tty --detach: a process in the background needs "
		                 "--console-socket for its terminal");
	if (!exec->process->terminal && options->console_socket)
		return error_set(err, 0,
		                 "--console-socket: the process has no terminal; add --tty");
	return entry_check_stdio(exec->process, err);
}

/* --- the plan -------------------------------------------------------------------------------- */

/*
 * The cgroup that init is in, where processes cannot be in the container's own any more because it
 * has given controllers to cgroups below (systemd as init does so). It must be below: @top.
 */
static int open_init_cgroup(struct exec *exec, int top, struct error **err)
{
	const struct state *state = &exec->container.state;
	const char *path = cgroup_path_of(exec->plan.proc_fd, state->pid, exec->config->arena, err);
	const size_t length = strlen(state->cgroup);
	int fd;

	if (!path)
		return -1;
	if (strncmp(path, state->cgroup, length) != 0 || path[length] != '/')
		return fcntl(top, F_DUPFD_CLOEXEC, 3);
	exec->cgroup = path + length;
	fd = cgroup_open_at(top, path + length);
	return fd < 0 ? error_set(err, errno, "cgroup %s", path) : fd;
}

static int open_sub_cgroup(struct exec *exec, int top, struct error **err)
{
	const char *path = exec->options->cgroup;
	int fd;

	if (path[strspn(path, "/")] == '\0')
		return fcntl(top, F_DUPFD_CLOEXEC, 3);
	if (cgroup_path_check(path, "--cgroup", err) < 0)
		return -1;
	exec->cgroup = path;
	fd = cgroup_open_at(top, path);
	return fd < 0 ? error_set(err, errno, "--cgroup %s: no cgroup of the container", path) : fd;
}

/* Where the process goes: the container's cgroup, or one below it. */
static int plan_cgroup(struct exec *exec, struct error **err)
{
	_cleanup_fd_ int top = -1;

	if (cgroup_open(&exec->container.state, &top, err) < 0)
		return -1;
	if (top < 0 && exec->options->cgroup)
		return error_set(err, 0, "--cgroup: the container has no cgroup of its own");
	if (top < 0)
		return 0;
	if (exec->options->cgroup)
		exec->plan.cgroup_fd = open_sub_cgroup(exec, top, err);
	else if (cgroup_is_inner(top))
		exec->plan.cgroup_fd = open_init_cgroup(exec, top, err);
	else
		exec->plan.cgroup_fd = take_fd(&top);
	if (exec->plan.cgroup_fd < 0)
		return -1;
	/* One that the container has frozen by itself: the process would not begin. */
	if (exec->cgroup && !exec->options->ignore_paused &&
	    cgroup_is_frozen(exec->plan.cgroup_fd) > 0)
		return error_set(err, 0, "cgroup %s of the container is frozen", exec->cgroup);
	return 0;
}

struct joining {
	const struct exec *exec;
	pid_t pid;
};

static int join_cgroup(int fd, void *data, struct error **err)
{
	const struct joining *joining = data;

	return cgroup_join(&joining->exec->container.state, fd, joining->exec->cgroup, joining->pid,
	                   err);
}

/* The kernel did not let the process be born in its cgroup. */
static int place_process(struct exec_plan *plan, pid_t pid, struct error **err)
{
	const struct exec *exec = (struct exec *)((char *)plan - offsetof(struct exec, plan));
	struct joining joining = { exec, pid };
	const struct cgroup_work work = { .function = join_cgroup, .data = &joining };

	return container_on_open_cgroup(&exec->container, plan->cgroup_fd, &work, err);
}

static int make_plan(struct exec *exec, struct error **err)
{
	const struct state *state = &exec->container.state;
	struct exec_plan *plan = &exec->plan;
	int sockets[2], listener;

	plan->proc_fd = proc_open(err);
	if (plan->proc_fd < 0)
		return -1;
	plan->namespaces = state->namespaces;
	plan->joins_user_namespace = state->namespaces & CLONE_NEWUSER;
	plan->place = place_process;
	if (container_way_in(&exec->container, &plan->init_pidfd, &plan->join, err) < 0 ||
	    plan_cgroup(exec, err) < 0)
		return -1;
	if (exec->config->linux.seccomp.set &&
	    seccomp_compile(&exec->config->linux.seccomp, &exec->program, err) < 0)
		return -1;
	plan->entry = (struct entry){
		.process = exec->process,
		.linux_config = &exec->config->linux,
		.program = &exec->program,
		.preserve_fds = exec->options->preserve_fds,
		.keyring = arena_printf(exec->config->arena, "_ses.%s", state->id),
		.proc_fd = -1,
		.terminal = -1,
		.arena = exec->config->arena,
		.listener = { .socket = -1 },
		.state = state,
		.status = exec->container.status,
		.cwd_fd = -1,
	};
	listener = seccomp_listener_connect(&exec->config->linux.seccomp, err);
	if (listener == -1)
		return -1;
	plan->entry.listener.socket = listener < 0 ? -1 : listener;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sockets) < 0)
		return error_set(err, errno, "a socketpair");
	exec->sync_fd = sockets[0];
	plan->sync_fd = sockets[1];
	return 0;
}

/* --- the life of the process ----------------------------------------------------------------- */

/* Until its program runs. */
static int start_process(struct exec *exec, struct error **err)
{
	_cleanup_message_ struct sync_message message = { 0 };

	if (exec_spawn(&exec->plan, &exec->child, err) < 0)
		return -1;
	close_fd(&exec->plan.sync_fd);
	close_fd(&exec->plan.entry.listener.socket);
	if (sync_wait(exec->sync_fd, exec->interrupt_fd, err) < 0 ||
	    sync_expect(exec->sync_fd, SYNC_CREATED, &message, err) < 0)
		return -1;
	if (message.fd_count > 0)
		exec->master = take_fd(&message.fds[0]);
	sync_message_clear(&message);
	if (sync_wait(exec->sync_fd, exec->interrupt_fd, err) < 0)
		return -1;
	return sync_receive(exec->sync_fd, &message, err) < 0 ? -1 : 0;
}

static int hand_out(struct exec *exec, struct error **err)
{
	const struct rootlet_exec_options *options = exec->options;

	if (options->console_socket) {
		if (terminal_send(options->console_socket, exec->master, "/dev/ptmx", err) < 0)
			return error_prefix(err, "--console-socket");
		close_fd(&exec->master);
	}
	if (options->pidfd_socket &&
	    terminal_send(options->pidfd_socket, exec->child.pidfd, "pidfd", err) < 0)
		return error_prefix(err, "--pidfd-socket");
	return options->pid_file ? pid_file_write(options->pid_file, exec->child.pid, err) : 0;
}

static void kill_child(const struct exec *exec)
{
	if (exec->child.pidfd < 0)
		return;
	sys_pidfd_send_signal(exec->child.pidfd, SIGKILL, NULL, 0);
	wait_for(exec->child.pid);
}

static int run_exec(struct exec *exec, const struct rootlet_context *context, const char *id,
                    struct error **err)
{
	const struct rootlet_exec_options *options = exec->options;
	int status;

	if (check_options(options, err) < 0)
		return -1;
	if (container_open(context, id, CONTAINER_LOCK, &exec->container, err) != 0)
		return -1;
	if (check_status(exec, err) < 0 || make_process(exec, err) < 0)
		return -1;
	if (check_terminal(exec, err) < 0 || make_plan(exec, err) < 0)
		return -1;
	exec->interrupt_fd = interrupt_open(err);
	if (exec->interrupt_fd < 0)
		return -1;
	exec->plan.interrupt_fd = exec->interrupt_fd;
	/* The fds of the plan name the container now. What comes next may take as long as the
	 * container likes, and must not keep others from ending it. */
	container_unlock(&exec->container);
	if (start_process(exec, err) < 0 || hand_out(exec, err) < 0) {
		kill_child(exec);
		return -1;
	}
	if (options->detach)
		return 0;
	status = supervise(&(struct supervise){ .pid = exec->child.pid,
	                                        .pidfd = exec->child.pidfd,
	                                        .master = &exec->master,
	                                        .notify_fd = -1 },
	                   err);
	/* Said to have failed, it must not go on out of sight. */
	if (status < 0)
		kill_child(exec);
	return status;
}

int verb_exec(const struct rootlet_context *context, const char *id,
              const struct rootlet_exec_options *options, struct error **err)
{
	struct exec exec = {
		.options = options,
		.container = CONTAINER_INIT,
		.plan = { .init_pidfd = -1,
		          .join = JOIN_SET_INIT,
		          .proc_fd = -1,
		          .sync_fd = -1,
		          .interrupt_fd = -1,
		          .cgroup_fd = -1,
		          .entry = { .listener = { .socket = -1 } } },
		.child = { .pid = -1, .pidfd = -1 },
		.cgroup = "",
		.sync_fd = -1,
		.interrupt_fd = -1,
		.master = -1,
	};
	sigset_t old;
	int result;

	supervise_block_signals(&old);
	result = run_exec(&exec, context, id, err);
	sigprocmask(SIG_SETMASK, &old, NULL);
	seccomp_program_free(&exec.program);
	join_close(&exec.plan.join);
	close_fd(&exec.plan.init_pidfd);
	close_fd(&exec.plan.proc_fd);
	close_fd(&exec.plan.cgroup_fd);
	close_fd(&exec.plan.entry.listener.socket);
	close_fd(&exec.plan.sync_fd);
	close_fd(&exec.child.pidfd);
	close_fd(&exec.sync_fd);
	close_fd(&exec.interrupt_fd);
	close_fd(&exec.master);
	config_free(&exec.config);
	container_close(&exec.container);
	return result;
}
