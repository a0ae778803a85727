/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation: first everything is decided (read, validate, plan), which leaves nothing
 * behind when it fails. Then things come to exist in a fixed order, and undo goes backwards
 * through it: claim on the id, start socket, init and its namespaces, hooks, terminal, pid file,
 * state. Until commit init holds our socket and the container's lock: if we are killed it ends,
 * and only then the lock is free.
 */
#include "container/creation.h"

#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>

#include "base/file.h"
#include "base/log.h"
#include "base/proc.h"
#include "base/socket.h"
#include "base/spawn.h"
#include "base/syscalls.h"
#include "base/timestamp.h"
#include "container/interrupt.h"
#include "container/network.h"
#include "container/notify.h"
#include "container/pid-file.h"
#include "container/statedir.h"
#include "init/sync.h"
#include "net/devices.h"
#include "process/hooks.h"
#include "process/seccomp-listener.h"
#include "process/seccomp.h"
#include "process/terminal.h"
#include "rootfs/idmapped.h"

#define STATE_FILE_NEW "." CONTAINER_STATE_FILE ".new"

extern char **environ;

/* --- make ------------------------------------------------------------------------------------ */

static int fill_state(struct creation *creation, struct error **err)
{
	struct state *state = &creation->container.state;
	const struct config *config = creation->config;
	struct arena *arena = config->arena;
	char created[TIMESTAMP_SIZE];
	struct timespec now;

	state->id = arena_strdup(arena, creation->container.id);
	state->oci_version = config->oci_version;
	state->bundle = creation->bundle;
	state->rootfs = (char *)creation->rootfs.root;
	state->owner_uid = geteuid();
	state->owner = arena_printf(arena, "%u", state->owner_uid);
	state->annotations = config->annotations;
	state->terminal = config->process.terminal;
	clock_gettime(CLOCK_REALTIME, &now);
	timestamp_format(&now, created);
	state->created = arena_strdup(arena, created);
	if (!state->id || !state->owner || !state->created)
		return error_set(err, ENOMEM, "the container's state");
	creation->plan.state = state;
	return 0;
}

/*
 * The name of the container's cgroup where config.json has none: containers of the same id can be
 * in several state directories, so the container's directory makes the difference.
 */
static char *cgroup_name(const struct creation *creation, struct error **err)
{
	/* Names of cgroups are as long as those of files, and systemd adds to them. */
	const int id_length = 200;
	struct stat st;
	char *name = NULL;

	if (fstat(creation->container.dir_fd, &st) == 0)
		name = arena_printf(creation->config->arena, "rootlet-%.*s-%08" PRIx32, id_length,
		                    creation->container.id,
		                    (uint32_t)(st.st_ino * 2654435761u + st.st_dev));
	if (!name)
		error_set(err, errno, "the container's cgroup");
	return name;
}

static int make_cgroup(struct creation *creation, struct error **err)
{
	const char *name = cgroup_name(creation, err);

	creation->cgroup.interrupt_fd = creation->interrupt_fd;
	if (!name || cgroup_make(&creation->cgroup, name, creation->container.dir_fd, err) < 0)
		return -1;
	creation->plan.cgroup_fd = creation->cgroup.fd;
	creation->plan.cgroup_later = creation->cgroup.manager == CGROUP_MANAGER_SYSTEMD;
	return 0;
}

/* Init waits meanwhile: its limits are in force before it goes on. */
static int enter_cgroup(struct creation *creation, struct error **err)
{
	if (cgroup_enter_end(&creation->cgroup, err) < 0)
		return -1;
	cgroup_record(&creation->cgroup, &creation->container.state);
	/* What a scope can have is known only now. */
	return creation->cgroup.manager == CGROUP_MANAGER_SYSTEMD
	               ? creation_report_lost(creation, err)
	               : 0;
}

static int add_notify_socket(struct creation *creation, struct error **err)
{
	const char *source;

	if (!notify_host_socket())
		return 0;
	source = notify_make(&creation->container, creation->config->arena, err);
	if (!source)
		return -1;
	rootfs_plan_add_bind(&creation->rootfs, source, NOTIFY_DIRECTORY_INSIDE);
	return 0;
}

static int open_sockets(struct creation *creation, struct error **err)
{
	struct init_plan *plan = &creation->plan;
	int sockets[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sockets) < 0)
		return error_set(err, errno, "a socketpair");
	creation->sync_fd = sockets[0];
	plan->sync_fd = sockets[1];
	plan->lock_fd = creation->container.dir_fd;
	if (!creation->start_socket)
		return 0;
	plan->start_fd = socket_listen_at(creation->container.dir_fd, CONTAINER_START,
	                                  SOCK_SEQPACKET);
	if (plan->start_fd < 0)
		return error_set(err, errno, "the start socket");
	return 0;
}

/* Init cannot: the agent's socket is the host's. */
static int connect_listener(struct creation *creation, struct error **err)
{
	int fd = seccomp_listener_connect(&creation->config->linux.seccomp, err);

	creation->plan.listener_fd = fd < 0 ? -1 : fd;
	return fd == -1 ? -1 : 0;
}

static int start_init(struct creation *creation, struct error **err)
{
	struct init_plan *plan = &creation->plan;
	const struct hooks *hooks = &creation->config->hooks;

	plan->config = creation->config;
	plan->rootfs = &creation->rootfs;
	plan->environment = environ;
	plan->wait_for_hooks = hooks->prestart.count > 0 || hooks->create_runtime.count > 0;
	if (!creation->options->no_new_keyring) {
		plan->keyring = arena_printf(creation->config->arena, "_ses.%s",
		                             creation->container.id);
		if (!plan->keyring)
			return error_set(err, ENOMEM, "the session keyring");
	}
	if (open_sockets(creation, err) < 0 || connect_listener(creation, err) < 0 ||
	    init_spawn(plan, &creation->init, err) < 0)
		return -1;
	if (cgroup_enter_begin(&creation->cgroup, creation->init.pid, !plan->cgroup_later, err) < 0)
		return -1;
	/* Only init may hold its ends now: their end-of-file must mean that it is gone. */
	close_fd(&plan->sync_fd);
	close_fd(&plan->start_fd);
	close_fd(&plan->listener_fd);
	join_close(&plan->join);
	creation->container.state.pid = creation->init.pid;
	return 0;
}

int creation_init_died(const struct creation *creation, struct error **err)
{
	siginfo_t info = { 0 };

	if (waitid(P_PID, (id_t)creation->init.pid, &info, WEXITED | WNOWAIT) == 0 &&
	    info.si_code != CLD_EXITED)
		return error_set(err, 0, "the container's init was killed by signal %d",
		                 info.si_status);
	return error_set(err, 0, "the container's init ended unexpectedly");
}

static int expect(const struct creation *creation, enum sync_type type,
                  struct sync_message *message, struct error **err)
{
	_cleanup_error_ struct error *error = NULL;
	int n;

	if (sync_wait(creation->sync_fd, creation->interrupt_fd, err) < 0)
		return -1;
	n = sync_receive(creation->sync_fd, message, &error);
	if (n == 0 || (n < 0 && error->errnum == ECONNRESET))
		return creation_init_died(creation, err);
	if (n < 0)
		return error_move(err, &error);
	if (message->type != type)
		return error_set(err, EPROTO, "init sent message %u", message->type);
	return 0;
}

static int send_to_init(const struct creation *creation, const struct sync_message *message,
                        struct error **err)
{
	_cleanup_message_ struct sync_message answer = { 0 };

	if (sync_send(creation->sync_fd, message) == 0)
		return 0;
	if (errno != EPIPE && errno != ECONNRESET)
		return error_set(err, errno, "a message to the container's init");
	/* It is gone, and may have said why. */
	if (expect(creation, SYNC_CREATED, &answer, err) == 0)
		return error_set(err, EPROTO, "the container's init");
	return -1;
}

static int send_filter(const struct creation *creation, const struct seccomp_program *program,
                       struct error **err)
{
	const struct sync_message message = {
		.type = SYNC_FILTER,
		.value = (int64_t)program->flags | ((int64_t)program->notify << 32),
		.data = program->filter,
		.length = program->length * sizeof(struct sock_filter),
	};

	return send_to_init(creation, &message, err);
}

/* With the pid it names the process for good. */
static int read_start_time(struct creation *creation, struct error **err)
{
	struct state *state = &creation->container.state;
	_cleanup_fd_ int proc_fd = proc_open(err);
	struct proc_stat stat;

	if (proc_fd < 0)
		return -1;
	if (proc_read_stat(proc_fd, state->pid, &stat) < 0)
		return error_set(err, errno, "/proc/%d/stat", state->pid);
	state->start_time = stat.start_time;
	return 0;
}

/* What the runtime does while the helpers write the maps and init takes hold of its mounts. */
static int work_meanwhile(struct creation *creation, struct seccomp_program *program,
                          struct error **err)
{
	const struct seccomp *seccomp = &creation->config->linux.seccomp;

	if (read_start_time(creation, err) < 0)
		return -1;
	if (seccomp->set && seccomp_compile(seccomp, program, err) < 0)
		return -1;
	return enter_cgroup(creation, err);
}

static int map_ids(struct creation *creation, struct error **err)
{
	_cleanup_seccomp_ struct seccomp_program program = { 0 };
	struct id_job job = ID_JOB_INIT;
	int result;

	if (creation->plan.new_user_namespace &&
	    id_map_begin(&creation->ids, creation->init.pid, &job, err) < 0)
		return -1;
	result = work_meanwhile(creation, &program, err);
	if (creation->plan.new_user_namespace &&
	    id_map_end(&creation->ids, &job, result < 0 ? NULL : err) < 0)
		return -1;
	if (result < 0)
		return -1;
	return creation->config->linux.seccomp.set ? send_filter(creation, &program, err) : 0;
}

/* Any updates to the bundle's config.json after create must not affect the container. */
static int keep_config(const struct creation *creation, struct error **err)
{
	const struct config *config = creation->config;

	if (file_create_at(creation->container.dir_fd, CONTAINER_CONFIG_FILE, config->text,
	                   config->text_length, 0600) < 0)
		return error_set(err, errno, "cannot keep a copy of config.json");
	return 0;
}

/* Under another name until everything has gone well. */
static int write_state(const struct creation *creation, struct error **err)
{
	_cleanup_free_ char *text = state_format(&creation->container.state, err);

	if (!text)
		return -1;
	if (file_create_at(creation->container.dir_fd, STATE_FILE_NEW, text, strlen(text), 0600) <
	    0)
		return error_set(err, errno, "cannot write the container's state");
	return 0;
}

static int receive_namespaces(struct creation *creation, struct error **err)
{
	struct state *state = &creation->container.state;
	_cleanup_message_ struct sync_message message = { 0 };
	struct init_namespaces namespaces;

	/* For the sake of the devices it was wanted earlier. */
	if (state->mount_namespace)
		return 0;
	if (expect(creation, SYNC_ISOLATED, &message, err) < 0)
		return -1;
	if (message.length != sizeof(namespaces))
		return error_set(err, EPROTO, "the container's init");
	memcpy(&namespaces, message.data, sizeof(namespaces));
	if (creation->plan.network) {
		if (message.fd_count != 1)
			return error_set(err, EPROTO, "the container's init");
		creation->tap = take_fd(&message.fds[0]);
	}
	state->mount_namespace = namespaces.mount;
	state->mount_namespace_id = namespaces.mount_id;
	/* A pid namespace that others use too says nothing about who belongs to us. */
	if (creation->plan.clone_flags & CLONE_NEWPID)
		state->pid_namespace = namespaces.pid;
	return 0;
}

/* Before init goes on: its hooks and its program find the devices there. */
static int move_net_devices(struct creation *creation, struct error **err)
{
	_cleanup_fd_ int proc_fd = -1, netns = -1;
	char path[32];

	if (creation->config->linux.net_devices.count == 0)
		return 0;
	if (receive_namespaces(creation, err) < 0)
		return -1;
	proc_fd = proc_open(err);
	if (proc_fd < 0)
		return -1;
	snprintf(path, sizeof(path), "%d/ns/net", creation->init.pid);
	netns = openat(proc_fd, path, O_RDONLY | O_CLOEXEC);
	if (netns < 0)
		return error_set(err, errno, "/proc/%s", path);
	return net_devices_move(&creation->config->linux, netns, err);
}

/* What the runtime does while init makes its mounts. */
static int write_files(struct creation *creation, struct error **err)
{
	if (keep_config(creation, err) < 0 || receive_namespaces(creation, err) < 0)
		return -1;
	if (creation->plan.network && network_start(creation, &creation->tap, err) < 0)
		return -1;
	return write_state(creation, err);
}

static int run_runtime_hooks(struct creation *creation, struct error **err)
{
	const struct hooks *hooks = &creation->config->hooks;
	const struct state *state = &creation->container.state;
	_cleanup_message_ struct sync_message message = { 0 };

	if (!creation->plan.wait_for_hooks)
		return 0;
	if (expect(creation, SYNC_MOUNTED, &message, err) < 0)
		return -1;
	if (creation_hooks(state, STATUS_CREATING, &hooks->prestart, "prestart",
	                   creation->interrupt_fd, err) < 0)
		return -1;
	if (creation_hooks(state, STATUS_CREATING, &hooks->create_runtime, "createRuntime",
	                   creation->interrupt_fd, err) < 0)
		return -1;
	return send_to_init(creation, &(struct sync_message){ .type = SYNC_HOOKS_DONE }, err);
}

static int wait_until_created(struct creation *creation, struct error **err)
{
	_cleanup_message_ struct sync_message message = { 0 };

	if (expect(creation, SYNC_CREATED, &message, err) < 0)
		return -1;
	if (creation->config->process.terminal && message.fd_count > 0)
		creation->master = take_fd(&message.fds[0]);
	return 0;
}

static int commit_state(struct creation *creation, struct error **err)
{
	const int dir_fd = creation->container.dir_fd;

	if (renameat(dir_fd, STATE_FILE_NEW, dir_fd, CONTAINER_STATE_FILE) < 0)
		return error_set(err, errno, "cannot write the container's state");
	creation->container.has_state = true;
	return 0;
}

/*
 * `run` without anybody to hand something to first: init has the word before it is ready, and need
 * not ask for it. A hook of init's would take what comes meanwhile for our end.
 */
static bool can_start_early(const struct creation *creation)
{
	const struct rootlet_create_options *options = creation->options;

	if (creation->start_socket || creation->plan.wait_for_hooks || creation->ports.count > 0 ||
	    creation->config->hooks.create_container.count > 0)
		return false;
	return !notify_host_socket() && !options->console_socket && !options->pidfd_socket &&
	       !options->pid_file;
}

static int start_early(struct creation *creation, struct error **err)
{
	if (commit_state(creation, err) < 0 ||
	    send_to_init(creation, &(struct sync_message){ .type = SYNC_COMMIT }, err) < 0)
		return -1;
	creation->started = true;
	return send_to_init(creation, &(struct sync_message){ .type = SYNC_START }, err);
}

/* The helper was started long ago; which ports it has found free is part of the state. */
static int wait_for_network(struct creation *creation, struct error **err)
{
	if (!creation->plan.network)
		return 0;
	if (network_wait(creation, err) < 0)
		return -1;
	return creation->ports.count > 0 ? write_state(creation, err) : 0;
}

/* Whether the container can write to its cgroups, in a namespace of its own. */
static bool manages_cgroups(const struct creation *creation)
{
	if (!(creation->plan.clone_flags & CLONE_NEWCGROUP))
		return false;
	for (size_t i = 0; i < creation->rootfs.mount_count; i++) {
		const struct mount_plan *mount = &creation->rootfs.mounts[i];

		if (mount->kind == MOUNT_KIND_CGROUP &&
		    !(mount->options.flags.set & MOUNT_ATTR_RDONLY) &&
		    strcmp(mount->destination, "/sys/fs/cgroup") == 0)
			return true;
	}
	return false;
}

/* config-linux.md, "Cgroup ownership". Mostly it is the container's user's already: ours. */
static bool gives_cgroup(const struct creation *creation)
{
	const uint32_t uid = creation->config->process.user.uid;
	const struct init_plan *plan = &creation->plan;
	int64_t host_uid = uid;

	if (creation->cgroup.fd < 0 || !manages_cgroups(creation))
		return false;
	if (plan->new_user_namespace)
		host_uid = id_mappings_to_host(&creation->ids.uids, uid);
	else if (plan->joined_user_namespace)
		host_uid = -1;
	return host_uid != geteuid();
}

static int send_go(const struct creation *creation, struct error **err)
{
	struct sync_message go = { .type = SYNC_GO, .value = creation->init.pid };

	if (gives_cgroup(creation))
		go.fds[go.fd_count++] = creation->cgroup.fd;
	return send_to_init(creation, &go, err);
}

static int build(struct creation *creation, struct error **err)
{
	if (map_ids(creation, err) < 0 || move_net_devices(creation, err) < 0)
		return -1;
	/* From here on what happens is part of the container's life, which poststop hooks end. */
	creation->poststop_due = true;
	if (send_go(creation, err) < 0)
		return -1;
	if (write_files(creation, err) < 0 || run_runtime_hooks(creation, err) < 0)
		return -1;
	if (can_start_early(creation) && start_early(creation, err) < 0)
		return -1;
	if (wait_until_created(creation, err) < 0)
		return -1;
	/* Packets of a program that runs already wait in the tap. */
	return creation->started ? 0 : wait_for_network(creation, err);
}

int creation_begin(struct creation *creation, const char *id, struct error **err)
{
	creation->id = id;
	if (container_id_check(id, err) < 0 || creation_decide(creation, err) < 0)
		return -1;
	creation->interrupt_fd = interrupt_open(err);
	if (creation->interrupt_fd < 0)
		return -1;
	if (container_claim(creation->context, id, &creation->container, err) < 0)
		return -1;
	if (fill_state(creation, err) < 0 || network_make_files(creation, err) < 0 ||
	    add_notify_socket(creation, err) < 0 || make_cgroup(creation, err) < 0)
		return -1;
	if (start_init(creation, err) < 0)
		return -1;
	return build(creation, err);
}

/* --- commit ---------------------------------------------------------------------------------- */

static int hand_out(struct creation *creation, struct error **err)
{
	const struct rootlet_create_options *options = creation->options;

	if (options->console_socket) {
		if (terminal_send(options->console_socket, creation->master, "/dev/ptmx", err) < 0)
			return error_prefix(err, "--console-socket");
		close_fd(&creation->master);
	}
	if (options->pidfd_socket &&
	    terminal_send(options->pidfd_socket, creation->init.pidfd, "pidfd", err) < 0)
		return error_prefix(err, "--pidfd-socket");
	if (!options->pid_file)
		return 0;
	if (pid_file_write(options->pid_file, creation->init.pid, err) < 0)
		return -1;
	creation->pid_file_written = true;
	return 0;
}

/*
 * A created container's init lets go of its end of the socket once it has the word and has dropped
 * the lock: so a failure until then is ours to tell, and start does not find the container busy.
 */
static int wait_until_let_go(const struct creation *creation, struct error **err)
{
	_cleanup_message_ struct sync_message message = { 0 };

	if (sync_wait(creation->sync_fd, creation->interrupt_fd, err) < 0)
		return -1;
	return sync_receive(creation->sync_fd, &message, err) < 0 ? -1 : 0;
}

int creation_commit(struct creation *creation, struct error **err)
{
	if (creation->started)
		return 0;
	if (commit_state(creation, err) < 0 || hand_out(creation, err) < 0)
		return -1;
	if (send_to_init(creation, &(struct sync_message){ .type = SYNC_COMMIT }, err) < 0)
		return -1;
	return creation->start_socket ? wait_until_let_go(creation, err) : 0;
}

/* --- undo ------------------------------------------------------------------------------------ */

void creation_undo(struct creation *creation)
{
	_cleanup_error_ struct error *error = NULL;
	struct container *container = &creation->container;

	if (creation->init.pidfd >= 0) {
		sys_pidfd_send_signal(creation->init.pidfd, SIGKILL, NULL, 0);
		wait_for(creation->init.pid);
	}
	if (creation->helper.pid > 0)
		net_helper_end(creation->helper.pid, creation->helper.start_time, true);
	if (creation->pid_file_written)
		unlink(creation->options->pid_file);
	if (container->dir_fd < 0)
		return;
	cgroup_undo(&creation->cgroup);
	if (container_remove(container, &error) < 0)
		log_warning("%s", error->message);
	if (creation->poststop_due)
		creation_poststop(&container->state, &creation->config->hooks);
}

void creation_close(struct creation *creation)
{
	close_fd(&creation->sync_fd);
	close_fd(&creation->plan.sync_fd);
	close_fd(&creation->plan.start_fd);
	close_fd(&creation->plan.listener_fd);
	join_close(&creation->plan.join);
	close_fd(&creation->init.pidfd);
	close_fd(&creation->interrupt_fd);
	close_fd(&creation->master);
	close_fd(&creation->tap);
	close_fd(&creation->helper.socket);
	net_ports_free(&creation->ports);
	idmapped_close(&creation->rootfs);
	cgroup_close(&creation->cgroup);
	container_close(&creation->container);
	config_free(&creation->config);
	free(creation->bundle);
}

static int run_hooks(const struct state *state, enum container_status status, struct hooks_run *run,
                     struct error **err)
{
	_cleanup_free_ char *json = NULL;

	if (run->hooks->count == 0)
		return 0;
	json = state_format_oci(state, status, err);
	if (!json)
		return -1;
	run->state = json;
	run->environment = environ;
	return hooks_run(run, err);
}

int creation_hooks(const struct state *state, enum container_status status,
                   const struct hook_list *hooks, const char *name, int abort_fd,
                   struct error **err)
{
	struct hooks_run run = { .hooks = hooks, .name = name, .abort_fd = abort_fd };

	return run_hooks(state, status, &run, err);
}

void creation_poststop(const struct state *state, const struct hooks *hooks)
{
	_cleanup_error_ struct error *error = NULL;
	struct hooks_run run = {
		.hooks = &hooks->poststop,
		.name = "poststop",
		.abort_fd = -1,
		.keep_going = true,
	};

	if (run_hooks(state, STATUS_STOPPED, &run, &error) < 0)
		log_warning("%s", error->message);
}
