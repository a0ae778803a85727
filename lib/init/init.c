/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation: init is forked with the whole plan in memory and talks to the runtime over
 * a socket (sync.h). It goes through four stages:
 *
 *	init_isolate()	drop what it inherited; make its namespaces; hold the root and the bind
 *			sources (as the user)
 *	init_build()	mapped and root in its namespace: mounts, devices, hooks, pivot_root
 *	init_settle()	become the process of config.json, all but execve
 *	init_start()	wait for the word, startContainer hooks, execve
 *
 * A failure in any stage is sent to the runtime as an error and ends init. So does end-of-file
 * on the socket before the runtime has committed the state: nothing is left of a runtime that
 * was killed.
 */
#include "init/init.h"

#include <fcntl.h>
#include <limits.h>
#include <net/if.h>
#include <sched.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/log.h"
#include "base/proc.h"
#include "base/syscalls.h"
#include "cgroup/tree.h"
#include "init/clocks.h"
#include "init/entry.h"
#include "init/spawn.h"
#include "init/sync.h"
#include "net/tap.h"
#include "process/hooks.h"
#include "process/terminal.h"
#include "rootfs/resolve.h"
#include "rootfs/rootfs.h"
#include "spec/names.h"

struct init {
	const struct init_plan *plan;
	bool setgroups_denied;
	struct rootfs rootfs;
	struct seccomp_program program;
	struct entry entry;
	int proc_fd, log_fd;
	int master, slave; /* of the terminal */
	int cgroup_fd;     /* to be given to the container's user, -1: not */
	int report_fd;     /* where failures go: the runtime, later the one who starts us */
	int namespaces[NAMESPACE_COUNT]; /* of our own, for exec into a created container */
};

static bool wants_start_socket(const struct init *init)
{
	return init->plan->start_fd >= 0;
}

/* --- isolate --------------------------------------------------------------------------------- */

static int close_inherited(const struct init *init, struct error **err)
{
	const struct init_plan *plan = init->plan;
	const int own[] = { plan->sync_fd, plan->start_fd, plan->lock_fd, plan->listener_fd,
		            init->log_fd };
	size_t count = ARRAY_SIZE(own);
	_cleanup_free_ int *keep = malloc((count + plan->rootfs->mount_count + 1) * sizeof(*keep));

	if (!keep)
		return error_set(err, ENOMEM, "the container's init");
	memcpy(keep, own, sizeof(own));
	for (size_t i = 0; i < plan->rootfs->mount_count; i++)
		keep[count++] = plan->rootfs->mounts[i].idmapped;
	return entry_close_inherited(plan->preserve_fds, keep, count, -1, err);
}

/* Namespaces that come with the clone: a process cannot change its own pid namespace. */
#define CLONED_NAMESPACES (CLONE_NEWUSER | CLONE_NEWPID)

/* Made in a way of its own (clocks.h). */
#define LATE_NAMESPACES CLONE_NEWTIME

/* Its root is the cgroup that we are in when we make it. */
static bool makes_cgroup_namespace_later(const struct init_plan *plan)
{
	return plan->cgroup_later && (plan->clone_flags & CLONE_NEWCGROUP);
}

/*
 * The others are made here and not by clone3(2), because a network namespace takes its time: the
 * helpers that map ids start as soon as the user namespace is there.
 */
static int make_namespaces(const struct init *init, struct error **err)
{
	const struct init_plan *plan = init->plan;
	int later = LATE_NAMESPACES;

	if (makes_cgroup_namespace_later(plan))
		later |= CLONE_NEWCGROUP;
	if (unshare(plan->clone_flags & ~(CLONED_NAMESPACES | later)) == 0)
		return plan->clone_flags & CLONE_NEWTIME
		               ? clocks_enter(&plan->config->linux.time_offsets, init->proc_fd, err)
		               : 0;
	error_set(err, errno, "cannot make the container's namespaces");
	if (errno == ENOSPC)
		return error_hint(err,
		                  "a limit of user.max_*_namespaces is reached, see sysctl user");
	if (errno == EINVAL)
		return error_hint(err, "this kernel is built without one that is asked for");
	return -1;
}

/* For the runtime, to which we shall not show them later. */
static int tell_namespaces(const struct init *init, int tap, struct error **err)
{
	struct init_namespaces namespaces = {
		.mount = proc_namespace(init->proc_fd, 0, "mnt"),
		.pid = proc_namespace(init->proc_fd, 0, "pid"),
	};
	const struct sync_message message = {
		.type = SYNC_ISOLATED,
		.data = &namespaces,
		.length = sizeof(namespaces),
		.fds = { tap },
		.fd_count = tap >= 0,
	};

	/* 0 would be recorded, and taken for the namespace of all those that cannot be seen. */
	if (!namespaces.mount || !namespaces.pid)
		return error_set(err, errno, "/proc/self/ns");
	/* With a pid namespace nobody looks by that of mounts. EPERM, ENOSYS: a filter around us. */
	if (!(init->plan->clone_flags & CLONE_NEWPID) &&
	    proc_mount_namespace_id(init->proc_fd, 0, &namespaces.mount_id) < 0 &&
	    errno != ENOTTY && errno != ENOSYS && errno != EPERM)
		return error_set(err, errno, "/proc/self/ns/mnt");
	if (sync_send(init->plan->sync_fd, &message) < 0)
		return error_set(err, errno, "the runtime is gone");
	return 0;
}

/* The loopback interface of a new network namespace is down. */
static int raise_loopback(struct error **err)
{
	_cleanup_fd_ int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct ifreq request = { .ifr_name = "lo", .ifr_flags = IFF_UP | IFF_RUNNING };

	if (fd < 0 || ioctl(fd, SIOCSIFFLAGS, &request) < 0)
		return error_set(err, errno, "cannot bring the loopback interface up");
	return 0;
}

static int set_names(const struct config *config, struct error **err)
{
	if (config->hostname && sethostname(config->hostname, strlen(config->hostname)) < 0)
		return error_set(err, errno, "hostname: %s", config->hostname);
	if (config->domainname && setdomainname(config->domainname, strlen(config->domainname)) < 0)
		return error_set(err, errno, "domainname: %s", config->domainname);
	return 0;
}

static int init_isolate(struct init *init, struct error **err)
{
	const struct init_plan *plan = init->plan;
	_cleanup_fd_ int tap = -1;

	entry_reset_signals();
	init->log_fd = entry_keep_log();
	if (close_inherited(init, err) < 0)
		return -1;
	umask(0);
	if (setsid() < 0)
		return error_set(err, errno, "cannot make a session of its own");
	init->proc_fd = proc_open(err);
	if (init->proc_fd < 0)
		return -1;
	/* Where namespaces are joined this was done before (init_enter()). */
	if (!join_any(&plan->join) && entry_begin(&plan->config->process, init->proc_fd, err) < 0)
		return -1;
	/* What needs no ids is done while they are mapped. */
	if (make_namespaces(init, err) < 0 || set_names(plan->config, err) < 0)
		return -1;
	if ((plan->clone_flags & CLONE_NEWNET) && raise_loopback(err) < 0)
		return -1;
	/* The host's /dev is still there, and the capabilities are over our network namespace. */
	if (plan->network) {
		tap = net_tap_make(plan->network, init->proc_fd, err);
		if (tap < 0)
			return -1;
	}
	init->rootfs.cgroup_later = plan->cgroup_later;
	if (rootfs_open(&init->rootfs, plan->rootfs, err) < 0)
		return -1;
	return tell_namespaces(init, tap, err);
}

/* --- build ----------------------------------------------------------------------------------- */

/* Wait for the maps. The filter comes first when there is one. */
static int wait_for_go(struct init *init, struct error **err)
{
	_cleanup_message_ struct sync_message message = { 0 };

	if (init->plan->config->linux.seccomp.set) {
		if (sync_expect(init->plan->sync_fd, SYNC_FILTER, &message, err) < 0)
			return -1;
		init->program.filter = take_pointer(message.data);
		init->program.length =
			(unsigned short)(message.length / sizeof(struct sock_filter));
		init->program.flags = (uint32_t)message.value;
		init->program.notify = message.value >> 32;
	}
	sync_message_clear(&message);
	if (sync_expect(init->plan->sync_fd, SYNC_GO, &message, err) < 0)
		return -1;
	init->plan->state->pid = (pid_t)message.value;
	if (message.fd_count > 0)
		init->cgroup_fd = take_fd(&message.fds[0]);
	return 0;
}

/*
 * The files of the names belong to the host's root, whatever user namespace the uts namespace is
 * of. Return: 1 when @path is none of them, 0, or -1 with errno.
 */
static int set_name_sysctl(const char *path, const char *value)
{
	if (strcmp(path, "kernel/hostname") == 0)
		return sethostname(value, strlen(value));
	if (strcmp(path, "kernel/domainname") == 0)
		return setdomainname(value, strlen(value));
	return 1;
}

/* The procfs is the host's, which shows each process the sysctls of its own namespaces. */
static int set_sysctl(const struct init *init, const struct key_value *sysctl, struct error **err)
{
	char path[PATH_MAX] = "sys/";
	size_t prefix = strlen(path);
	int result;

	if (!sysctl_path(sysctl->key, path + prefix, sizeof(path) - prefix))
		return error_set(err, ENAMETOOLONG, "linux.sysctl: %s", sysctl->key);
	result = set_name_sysctl(path + prefix, sysctl->value);
	if (result > 0)
		result = file_write_at(init->proc_fd, path, sysctl->value);
	if (result == 0)
		return 0;
	error_set(err, errno, "linux.sysctl: %s = %s", sysctl->key, sysctl->value);
	/* Of the names that validation lets through, all but these are net's or the user's. */
	if (errno == EACCES && (strncmp(path + prefix, "kernel/", 7) == 0 ||
	                        strncmp(path + prefix, "fs/mqueue/", 10) == 0))
		return error_hint(err, "user namespaces may set limits of ipc since Linux 6.9");
	return -1;
}

static int set_sysctls(const struct init *init, struct error **err)
{
	const struct string_map *sysctls = &init->plan->config->linux.sysctl;

	for (size_t i = 0; i < sysctls->count; i++)
		if (set_sysctl(init, &sysctls->items[i], err) < 0)
			return -1;
	return 0;
}

/* The ptmx of the container's own devpts, or the host's when it has none. */
static int open_ptmx(const struct init *init, struct error **err)
{
	_cleanup_fd_ int there = -1;
	int fd;

	there = resolve_open(init->rootfs.root_fd, "/dev/pts/ptmx", O_PATH | O_NOFOLLOW, 0);
	if (there >= 0)
		return entry_open_ptmx(init->rootfs.root_fd, err);
	fd = open("/dev/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC);
	return fd < 0 ? error_set(err, errno, "process.terminal: /dev/ptmx") : fd;
}

static int make_terminal(struct init *init, struct error **err)
{
	const struct process *process = &init->plan->config->process;
	_cleanup_fd_ int ptmx = open_ptmx(init, err);

	if (ptmx < 0 || terminal_open(ptmx, &init->master, &init->slave, err) < 0)
		return -1;
	if (process->console_size.set &&
	    terminal_set_size(init->master, process->console_size.height,
	                      process->console_size.width, err) < 0)
		return -1;
	return init->plan->rootfs->make_devices
	               ? rootfs_bind_console(&init->rootfs, init->slave, err)
	               : 0;
}

static int run_hooks(const struct init *init, const struct hook_list *hooks, const char *name,
                     enum container_status status, char *const *environment, struct error **err)
{
	_cleanup_free_ char *state = NULL;

	if (hooks->count == 0)
		return 0;
	state = state_format_oci(init->plan->state, status, err);
	if (!state)
		return -1;
	return hooks_run(&(struct hooks_run){ .hooks = hooks,
	                                      .name = name,
	                                      .state = state,
	                                      .environment = environment,
	                                      .abort_fd = init->report_fd },
	                 err);
}

/* The runtime's hooks run between our mounts and the container's hooks (runtime.md, Lifecycle). */
static int run_creation_hooks(const struct init *init, struct error **err)
{
	const struct init_plan *plan = init->plan;
	_cleanup_message_ struct sync_message message = { 0 };

	if (plan->wait_for_hooks) {
		if (sync_send_type(plan->sync_fd, SYNC_MOUNTED) < 0)
			return error_set(err, errno, "the runtime is gone");
		if (sync_expect(plan->sync_fd, SYNC_HOOKS_DONE, &message, err) < 0)
			return -1;
	}
	return run_hooks(init, &plan->config->hooks.create_container, "createContainer",
	                 STATUS_CREATING, plan->environment, err);
}

/*
 * Our own namespaces, for an exec that comes before start: we cannot be looked into from outside
 * while we are non-dumpable.
 */
static int keep_namespaces(struct init *init, struct error **err)
{
	if (!wants_start_socket(init))
		return 0;
	for (int type = 0; type < NAMESPACE_COUNT; type++) {
		char path[64];

		if (!(init->plan->state->namespaces &
		      (uint64_t)(unsigned int)namespace_clone_flag((enum namespace_type)type)))
			continue;
		snprintf(path, sizeof(path), "self/ns/%s",
		         namespace_proc_name((enum namespace_type)type));
		init->namespaces[type] = openat(init->proc_fd, path, O_RDONLY | O_CLOEXEC);
		if (init->namespaces[type] < 0)
			return error_set(err, errno, "/proc/%s", path);
	}
	return 0;
}

/*
 * The working directory is made while the root can be written, as engines expect. One that cannot
 * be made or found is an error in its turn.
 */
static void make_cwd(const struct init *init)
{
	_cleanup_fd_ int fd = resolve_create(init->rootfs.root_fd, init->plan->config->process.cwd,
	                                     RESOLVE_DIRECTORY);

	if (fd < 0)
		log_debug("process.cwd: %s", strerror(errno));
}

static int make_cgroup_namespace(const struct init *init, struct error **err)
{
	if (makes_cgroup_namespace_later(init->plan) && unshare(CLONE_NEWCGROUP) < 0)
		return error_set(err, errno, "cannot make the container's cgroup namespace");
	return 0;
}

/*
 * A program that manages its cgroups itself (systemd) has to own them. Where the caller's own id
 * is not one of the container's, that is not for us to give.
 */
static void give_cgroup(struct init *init)
{
	const uid_t uid = init->plan->config->process.user.uid;

	if (init->cgroup_fd >= 0 && cgroup_give(init->cgroup_fd, uid) < 0)
		log_warning("the container's cgroup cannot be given to its user %u: %s", uid,
		            strerror(errno));
	close_fd(&init->cgroup_fd);
}

static int init_build(struct init *init, struct error **err)
{
	const struct init_plan *plan = init->plan;
	const struct config *config = plan->config;

	if (wait_for_go(init, err) < 0 || make_cgroup_namespace(init, err) < 0 ||
	    keep_namespaces(init, err) < 0)
		return -1;
	init->setgroups_denied = plan->joined_user_namespace ? entry_setgroups_denied(init->proc_fd)
	                                                     : plan->setgroups_denied;
	if ((plan->new_user_namespace || plan->joined_user_namespace) &&
	    entry_become_root(&config->process.user, init->setgroups_denied, err) < 0)
		return -1;
	give_cgroup(init);
	/* From here on nobody who shares a namespace with us may look into us. */
	if (entry_hide(err) < 0 || rootfs_mount_all(&init->rootfs, err) < 0)
		return -1;
	if (rootfs_make_devices(&init->rootfs, err) < 0)
		return -1;
	if (config->process.terminal && make_terminal(init, err) < 0)
		return -1;
	if (set_sysctls(init, err) < 0 || run_creation_hooks(init, err) < 0)
		return -1;
	make_cwd(init);
	if (rootfs_finish(&init->rootfs, err) < 0)
		return -1;
	if (rootfs_enter(&init->rootfs, err) < 0)
		return -1;
	rootfs_close(&init->rootfs);
	return 0;
}

/* --- settle ---------------------------------------------------------------------------------- */

static int init_settle(struct init *init, struct error **err)
{
	const struct init_plan *plan = init->plan;
	struct sync_message created = { .type = SYNC_CREATED };

	init->entry = (struct entry){
		.process = &plan->config->process,
		.linux_config = &plan->config->linux,
		.setgroups_denied = init->setgroups_denied,
		.program = &init->program,
		.extra_env = plan->extra_env,
		.preserve_fds = plan->preserve_fds,
		.keyring = plan->keyring,
		.proc_fd = take_fd(&init->proc_fd),
		.terminal = init->slave,
		.arena = plan->config->arena,
		.listener = { .socket = plan->listener_fd },
		.state = plan->state,
		.status = STATUS_CREATING,
		.cwd_fd = -1,
	};
	if (entry_prepare(&init->entry, err) < 0)
		return -1;
	close_fd(&init->slave);
	if (init->master >= 0)
		created.fds[created.fd_count++] = init->master;
	if (sync_send(plan->sync_fd, &created) < 0)
		return error_set(err, errno, "the runtime is gone");
	close_fd(&init->master);
	return 0;
}

/* --- start ----------------------------------------------------------------------------------- */

static int send_namespaces(const struct init *init, int socket)
{
	struct sync_message answer = { .type = SYNC_NAMESPACES };

	for (int type = 0; type < NAMESPACE_COUNT; type++) {
		if (init->namespaces[type] < 0)
			continue;
		answer.value |= 1 << type;
		answer.fds[answer.fd_count++] = init->namespaces[type];
	}
	return sync_send(socket, &answer);
}

/* Serve one connection. Return: true when it prepares a start, which is bound to come. */
static bool serve(struct init *init, int socket)
{
	_cleanup_message_ struct sync_message message = { 0 };

	if (sync_receive(socket, &message, NULL) <= 0)
		return false;
	if (message.type == SYNC_NAMESPACES)
		send_namespaces(init, socket);
	return message.type == SYNC_PREPARE;
}

/* A created container waits here, for as long as it takes. */
static int wait_at_start_socket(struct init *init, struct error **err)
{
	_cleanup_message_ struct sync_message message = { 0 };

	for (;;) {
		_cleanup_fd_ int socket = accept4(init->plan->start_fd, NULL, NULL, SOCK_CLOEXEC);

		if (socket < 0 && (errno == EINTR || errno == ECONNABORTED))
			continue;
		if (socket < 0)
			return error_set(err, errno, "the start socket");
		if (!serve(init, socket))
			continue;
		init->report_fd = take_fd(&socket);
		return sync_expect(init->report_fd, SYNC_START, &message, err);
	}
}

static int wait_for_start(struct init *init, struct error **err)
{
	const struct init_plan *plan = init->plan;
	_cleanup_message_ struct sync_message message = { 0 };

	if (sync_expect(plan->sync_fd, SYNC_COMMIT, &message, err) < 0)
		return -1;
	/* The state is on disk: the lock, and what is left of the host's, go. */
	close(plan->lock_fd);
	log_redirect(-1);
	close_fd(&init->log_fd);
	if (!wants_start_socket(init))
		return sync_expect(plan->sync_fd, SYNC_START, &message, err);
	close(plan->sync_fd);
	init->report_fd = -1;
	return wait_at_start_socket(init, err);
}

static int init_start(struct init *init, struct error **err)
{
	const struct hooks *hooks = &init->plan->config->hooks;

	if (wait_for_start(init, err) < 0)
		return -1;
	if (run_hooks(init, &hooks->start_container, "startContainer", STATUS_CREATED,
	              init->entry.envp, err) < 0)
		return -1;
	init->entry.report_fd = init->report_fd;
	return entry_execute(&init->entry, err);
}

static void init_main(void *data)
{
	_cleanup_error_ struct error *error = NULL;
	const struct init_plan *plan = data;
	struct init init = {
		.plan = plan,
		.rootfs = ROOTFS_INIT,
		.proc_fd = -1,
		.log_fd = -1,
		.master = -1,
		.slave = -1,
		.cgroup_fd = -1,
		.report_fd = plan->sync_fd,
	};

	for (int type = 0; type < NAMESPACE_COUNT; type++)
		init.namespaces[type] = -1;
	if (init_isolate(&init, &error) == 0 && init_build(&init, &error) == 0 &&
	    init_settle(&init, &error) == 0)
		init_start(&init, &error);
	if (init.report_fd >= 0)
		sync_send_error(init.report_fd, error);
	_exit(error->status ? error->status : 125);
}

static int init_enter(void *data, struct error **err)
{
	const struct init_plan *plan = data;
	_cleanup_fd_ int proc_fd = proc_open(err);

	if (proc_fd < 0 || entry_begin(&plan->config->process, proc_fd, err) < 0)
		return -1;
	/* The joined pid namespace has processes that are not ours; newuidmap(1) needs us open. */
	if (!plan->new_user_namespace && entry_hide(err) < 0)
		return -1;
	return join_enter(&plan->join, err);
}

int init_spawn(struct init_plan *plan, struct init_child *child, struct error **err)
{
	const struct ns_spawn spawn = {
		.clone_flags = plan->clone_flags & CLONED_NAMESPACES,
		.enter = join_any(&plan->join) ? init_enter : NULL,
		.child = init_main,
		.data = plan,
		.cgroup_fd = plan->cgroup_fd,
		.outside = &plan->cgroup_later,
	};

	child->pid = ns_spawn(&spawn, &child->pidfd, err);
	if (child->pid < 0)
		return plan->new_user_namespace ? id_explain_no_userns(err) : -1;
	return 0;
}
