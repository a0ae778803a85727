/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation: entry_prepare() goes from the most to the least privileged step, because
 * each one gives up what the earlier ones needed. Nothing here opens a path as a string except
 * what the container's own process is entitled to: its working directory and its program.
 */
#include "init/entry.h"

#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <linux/keyctl.h>
#include <linux/magic.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/statfs.h>

#include "base/dir.h"
#include "base/file.h"
#include "base/log.h"
#include "base/number.h"
#include "base/syscalls.h"
#include "process/credentials.h"
#include "process/environment.h"
#include "process/label.h"
#include "process/limits.h"
#include "process/terminal.h"
#include "rootfs/resolve.h"

#ifndef CLOSE_RANGE_CLOEXEC
#define CLOSE_RANGE_CLOEXEC 4
#endif

int entry_check_preserved(unsigned int count, struct error **err)
{
	for (unsigned int fd = 3; fd < 3 + count; fd++) {
		int flags = fcntl((int)fd, F_GETFD);

		if (flags < 0 || (flags & FD_CLOEXEC))
			return error_set(err, 0,
			                 "cannot pass on %u file descriptors: fd %u is not open",
			                 count, fd);
	}
	return 0;
}

int entry_check_stdio(const struct process *process, struct error **err)
{
	static const char *const names[] = { "stdin", "stdout", "stderr" };

	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO && !process->terminal; fd++) {
		struct stat st;

		if (fstat(fd, &st) == 0 && S_ISDIR(st.st_mode))
			return error_set(err, 0,
			                 "%s is a directory, through which the container could "
			                 "leave its root; give it a file, or /dev/null",
			                 names[fd]);
	}
	return 0;
}

int entry_begin(const struct process *process, int proc_fd, struct error **err)
{
	return process->oom_score_adj.set ? limits_apply_oom_score_adj(process, proc_fd, err) : 0;
}

int entry_hide(struct error **err)
{
	/* It takes a seccomp filter around us to refuse that. */
	if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0)
		return error_set(err, errno, "cannot keep the container from looking into rootlet");
	return 0;
}

void entry_reset_signals(void)
{
	/* An all-zero struct sigaction of the kernel's, on every architecture: SIG_DFL. The system
	 * call itself, since sigaction(3) keeps glibc's own two signals to itself. */
	static const unsigned long defaults[8];
	sigset_t none;

	for (int signal = 1; signal < NSIG; signal++)
		syscall(SYS_rt_sigaction, signal, defaults, NULL, NSIG / 8);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

static int compare_fds(const void *a, const void *b)
{
	return *(const int *)a - *(const int *)b;
}

static bool is_kept(int fd, const int *keep, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (keep[i] == fd)
			return true;
	return false;
}

/*
 * For when close_range(2) is missing, which a seccomp filter around us may be the reason of. Not
 * by counting up to the limit, which may have been lowered since an fd above it was opened.
 */
static int close_listed(int proc_fd, unsigned int first, const int *keep, size_t count,
                        struct error **err)
{
	_cleanup_dir_ DIR *dir = dir_open(proc_fd, proc_fd < 0 ? "/proc/self/fd" : "self/fd");
	const struct dirent *entry;
	uint32_t fd;

	if (!dir)
		return error_set(err, errno, "cannot list inherited file descriptors");
	while ((entry = dir_read(dir)))
		if (number_parse_u32(entry->d_name, &fd) && fd >= first && (int)fd != dirfd(dir) &&
		    !is_kept((int)fd, keep, count))
			close((int)fd);
	return errno ? error_set(err, errno, "cannot list inherited file descriptors") : 0;
}

/* Return: whether the kernel has close_range(2); with each gap between what is kept closed. */
static bool close_others(unsigned int preserve_fds, int *keep, size_t count)
{
	unsigned int first = 3 + preserve_fds;

	keep[count++] = INT_MAX;
	qsort(keep, count, sizeof(keep[0]), compare_fds);
	for (size_t i = 0; i < count; i++) {
		if (keep[i] < (int)first)
			continue;
		if ((unsigned int)keep[i] > first &&
		    sys_close_range(first, (unsigned int)keep[i] - 1, 0) < 0)
			return false;
		first = (unsigned int)keep[i] + 1;
	}
	return true;
}

int entry_close_inherited(unsigned int preserve_fds, int *keep, size_t count, int proc_fd,
                          struct error **err)
{
	if (close_others(preserve_fds, keep, count))
		return 0;
	return close_listed(proc_fd, 3 + preserve_fds, keep, count, err);
}

int entry_keep_log(void)
{
	int fd = fcntl(log_fd(), F_DUPFD_CLOEXEC, 3);

	log_redirect(fd);
	return fd;
}

int entry_open_ptmx(int root_fd, struct error **err)
{
	_cleanup_fd_ int fd = resolve_open(root_fd, "/dev/pts/ptmx", O_RDWR | O_NOCTTY,
	                                   RESOLVE_NO_SYMLINKS);
	struct statfs fs;

	if (fd < 0)
		return error_set(err, errno, "process.terminal: no /dev/pts/ptmx in the container");
	/* Anything else than devpts here is the rootfs's doing (CVE-2025-52565). */
	if (fstatfs(fd, &fs) < 0 || fs.f_type != DEVPTS_SUPER_MAGIC)
		return error_set(err, 0,
		                 "process.terminal: /dev/pts in the container is no devpts");
	return take_fd(&fd);
}

bool entry_setgroups_denied(int proc_fd)
{
	_cleanup_free_ char *text = NULL;

	return file_read_at(proc_fd, "self/setgroups", 64, &text) > 0 &&
	       strncmp(text, "deny", strlen("deny")) == 0;
}

/* What getuid(2) and getgid(2) say of an id that has no mapping (/proc/sys/kernel/overflowuid). */
#define OVERFLOW_ID 65534

int entry_become_root(const struct user *fallback, bool setgroups_denied, struct error **err)
{
	const struct {
		uid_t uid;
		gid_t gid;
	} candidates[] = {
		{ 0, 0 },
		{ geteuid(), getegid() },
		{ fallback->uid, fallback->gid },
	};

	/* The groups of the user outside are none of the container's. */
	if (!setgroups_denied && setgroups(0, NULL) < 0 && errno != EPERM)
		return error_set(err, errno, "cannot drop the caller's groups");
	/* Leaving an id that is root outside would take the capabilities along. */
	prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0);
	for (size_t i = 0; i < ARRAY_SIZE(candidates); i++) {
		uid_t uid = candidates[i].uid;
		gid_t gid = candidates[i].gid;

		/* An id without a mapping is EINVAL. */
		if (i == 1 && (uid == OVERFLOW_ID || gid == OVERFLOW_ID))
			continue;
		if (setresgid(gid, gid, gid) == 0 && setresuid(uid, uid, uid) == 0)
			return 0;
	}
	return error_set(err, errno, "cannot become a user of the container's user namespace");
}

static int join_keyring(const char *name, struct error **err)
{
	if (!name || syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, name) >= 0)
		return 0;
	/* No keyrings in this kernel, or a filter around us: nothing is shared that way then. */
	if (errno == ENOSYS || errno == EPERM)
		return 0;
	error_set(err, errno, "cannot make a session keyring");
	if (errno == EDQUOT)
		error_hint(err, "this user has too many keys (/proc/sys/kernel/keys); use "
		                "--no-new-keyring");
	return -1;
}

static int apply_limits(const struct entry *entry, struct error **err)
{
	const struct process *process = entry->process;

	if (limits_apply_scheduler(process, err) < 0 || limits_apply_io_priority(process, err) < 0)
		return -1;
	if (limits_apply_memory_policy(entry->linux_config, err) < 0)
		return -1;
	if (limits_apply_personality(entry->linux_config, err) < 0)
		return -1;
	return limits_apply_rlimits(process, err);
}

/*
 * The working directory is opened, and made when it is missing, before the switch of the user;
 * entered by its user after.
 */
static int open_cwd(struct entry *entry, int root_fd, struct error **err)
{
	entry->cwd_fd = resolve_create(root_fd, entry->process->cwd, RESOLVE_DIRECTORY);
	if (entry->cwd_fd < 0)
		return error_set(err, errno, "process.cwd: %s", entry->process->cwd);
	return 0;
}

static int enter_cwd(struct entry *entry, struct error **err)
{
	/* By name as its user first: a directory that he may not enter is his error to see. */
	if (fchdir(entry->cwd_fd) < 0)
		return error_set(err, errno, "process.cwd: %s", entry->process->cwd);
	close_fd(&entry->cwd_fd);
	return 0;
}

static int find_program(struct entry *entry, int root_fd, struct error **err)
{
	const struct process *process = entry->process;

	if (environment_make(&process->env, entry->extra_env, root_fd, process->user.uid,
	                     entry->arena, &entry->envp, err) < 0)
		return -1;
	return executable_find(process->args.items[0], entry->envp, entry->arena, &entry->path,
	                       err);
}

void entry_own_stdio(const struct user *user)
{
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
		struct stat st;

		if (fstat(fd, &st) == 0 && S_ISFIFO(st.st_mode) && st.st_uid != user->uid &&
		    fchown(fd, user->uid, (gid_t)-1) < 0)
			log_debug("fd %d stays another user's: %s", fd, strerror(errno));
	}
}

/* Our own pid as the runtime sees it: a procfs of its pid namespace knows (proc(5)). */
static pid_t outer_pid(int proc_fd)
{
	char text[32];
	ssize_t n = readlinkat(proc_fd, "self", text, sizeof(text) - 1);
	uint32_t pid;

	text[n < 0 ? 0 : n] = '\0';
	return number_parse_u32(text, &pid) ? (pid_t)pid : 0;
}

static int make_listener_message(struct entry *entry, struct error **err)
{
	_cleanup_free_ char *message = NULL;

	if (entry->listener.socket < 0)
		return 0;
	message = state_format_process(entry->state, entry->status, outer_pid(entry->proc_fd),
	                               entry->linux_config->seccomp.listener_metadata, err);
	if (!message)
		return -1;
	entry->listener.message = arena_strdup(entry->arena, message);
	return entry->listener.message ? 0 : error_set(err, ENOMEM, "linux.seccomp");
}

int entry_prepare(struct entry *entry, struct error **err)
{
	_cleanup_fd_ int root_fd = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);

	if (root_fd < 0)
		return error_set(err, errno, "the container's root");
	if (join_keyring(entry->keyring, err) < 0 || apply_limits(entry, err) < 0)
		return -1;
	if (open_cwd(entry, root_fd, err) < 0 || make_listener_message(entry, err) < 0)
		return -1;
	if (label_apply(entry->process, entry->proc_fd, err) < 0)
		return -1;
	/*
	 * The host's procfs, no longer needed. While it is open, "/proc/self/fd/N/.." leads to the
	 * host's root: as args[0], or as the interpreter of a script of the image, which
	 * close-on-exec comes too late for (CVE-2024-21626).
	 */
	close_fd(&entry->proc_fd);
	if (entry->terminal >= 0) {
		/* The terminal is its user's; where that id cannot own it, it works all the same. */
		if (fchown(entry->terminal, entry->process->user.uid, (gid_t)-1) < 0)
			log_debug("the terminal stays root's: %s", strerror(errno));
		if (terminal_attach(entry->terminal, err) < 0)
			return -1;
	} else {
		entry_own_stdio(&entry->process->user);
	}
	if (credentials_apply(entry->process, entry->setgroups_denied, entry->program,
	                      &entry->listener, err) < 0)
		return -1;
	if (enter_cwd(entry, err) < 0)
		return -1;
	return find_program(entry, root_fd, err);
}

/*
 * Everything that is open here is close-on-exec by the way it was opened; this is the second lock
 * on the door. Linux before 5.11 has close_range(2) without CLOSE_RANGE_CLOEXEC: there the fds are
 * closed at once, but for the one that a failure of execve(2) is told to.
 */
static void close_on_exec(const struct entry *entry)
{
	int keep[] = { entry->report_fd, -1 };

	if (sys_close_range(3 + entry->preserve_fds, UINT_MAX, CLOSE_RANGE_CLOEXEC) < 0)
		close_others(entry->preserve_fds, keep, 1);
}

/* A working directory outside the root would be a way out (CVE-2024-21626). */
static int check_cwd(struct error **err)
{
	char path[PATH_MAX];

	if (syscall(SYS_getcwd, path, sizeof(path)) > 0 && path[0] == '/')
		return 0;
	return error_set(err, 0, "process.cwd: is not inside the container");
}

int entry_execute(struct entry *entry, struct error **err)
{
	if (entry->process->no_new_privileges && entry->program && entry->program->filter) {
		if (seccomp_listener_install(entry->program, &entry->listener, err) < 0)
			return -1;
	}
	close_on_exec(entry);
	if (check_cwd(err) < 0)
		return -1;
	execve(entry->path, entry->process->args.items, entry->envp);
	error_set(err, errno, "process.args[0]: cannot execute %s", entry->path);
	if (errno == ENOEXEC)
		error_hint(err,
		           "it is no program for this architecture, or a script without a #! line");
	else if (errno == ENOENT)
		error_hint(err, "the interpreter or loader that it names is not in the rootfs");
	return error_status(err, executable_exit_status((*err)->errnum));
}
