/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation: the directory is the claim on the id (mkdir is exclusive), a flock(2) on
 * it the lock that excludes verbs from each other. While create runs, init holds the lock too, by
 * the same open file: so a create that was killed is not taken for dead before its init is.
 * Status is never stored; pid and start time name the process for good.
 */
#include "container/container.h"

#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>

#include "base/dir.h"
#include "base/file.h"
#include "base/proc.h"
#include "base/socket.h"
#include "base/syscalls.h"
#include "cgroup/cgroup.h"
#include "container/statedir.h"

/* Above what annotations of the largest config.json can become when they are escaped. */
#define STATE_MAX_SIZE (16 * CONFIG_MAX_SIZE)

/* Verbs hold the lock for milliseconds, unless a hook runs. */
#define LOCK_TIMEOUT_MS 10000
#define LOCK_POLL_MS    5

static int missing(const char *id, struct error **err)
{
	error_set(err, 0, "container \"%s\" does not exist", id);
	return 1;
}

enum liveness { LIVENESS_DEAD, LIVENESS_ALIVE, LIVENESS_UNKNOWN };

static bool has_ended(int pidfd)
{
	struct pollfd end = { .fd = pidfd, .events = POLLIN };
	int n;

	do {
		n = poll(&end, 1, 0);
	} while (n < 0 && errno == EINTR);
	return n > 0;
}

/*
 * Whether the process that was recorded lives; *pidfd is a pidfd of it, or -1.
 *
 * First the pidfd, then the look: what was looked at is what the pidfd means. "I cannot tell" must
 * not pass for "dead": what is dead gets its state removed. A procfs with hidepid shows no
 * process that is non-dumpable.
 */
static enum liveness init_liveness(const struct container *container, int *pidfd)
{
	_cleanup_fd_ int proc_fd = -1;
	struct proc_stat stat;

	*pidfd = container->state.pid > 0 ? sys_pidfd_open(container->state.pid, 0) : -1;
	if (*pidfd < 0)
		return container->state.pid <= 0 || errno == ESRCH || errno == EINVAL
		               ? LIVENESS_DEAD
		               : LIVENESS_UNKNOWN;
	proc_fd = proc_open(NULL);
	if (proc_fd < 0)
		return LIVENESS_UNKNOWN;
	if (proc_read_stat(proc_fd, container->state.pid, &stat) < 0)
		return has_ended(*pidfd) ? LIVENESS_DEAD : LIVENESS_UNKNOWN;
	return stat.start_time == container->state.start_time && stat.state != 'Z' &&
	                       stat.state != 'X'
	               ? LIVENESS_ALIVE
	               : LIVENESS_DEAD;
}

static bool lock_is_free(int dir_fd)
{
	/* Through a file of our own: the lock that may be held belongs to the other one. */
	_cleanup_fd_ int fd = openat(dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	return fd >= 0 && flock(fd, LOCK_SH | LOCK_NB) == 0;
}

/* Somebody who listens at the start socket is an init that waits. */
static bool init_listens(const struct container *container)
{
	_cleanup_fd_ int socket = socket_connect_at(container->dir_fd, CONTAINER_START,
	                                            SOCK_SEQPACKET);

	return socket >= 0;
}

/* A cgroup that cannot be looked at is taken for one that runs: nothing depends on it but a word. */
static bool is_paused(const struct container *container)
{
	_cleanup_fd_ int cgroup = -1;

	return cgroup_open(&container->state, &cgroup, NULL) == 0 && cgroup >= 0 &&
	       cgroup_is_frozen(cgroup) > 0;
}

static int refresh_with_state(struct container *container, struct error **err)
{
	_cleanup_fd_ int pidfd = -1;
	enum liveness liveness = init_liveness(container, &pidfd);
	struct stat st;
	bool waits = fstatat(container->dir_fd, CONTAINER_START, &st, AT_SYMLINK_NOFOLLOW) == 0;

	if (liveness == LIVENESS_DEAD) {
		container->status = STATUS_STOPPED;
		return 0;
	}
	container->status = waits ? STATUS_CREATED : STATUS_RUNNING;
	container->waits = waits;
	if (is_paused(container))
		container->status = STATUS_PAUSED;
	if (liveness == LIVENESS_ALIVE ||
	    (waits && (container->status == STATUS_PAUSED || init_listens(container))))
		return 0;
	return error_set(
		err, 0,
		"cannot tell whether container \"%s\" lives: process %d cannot be looked at",
		container->id, container->state.pid);
}

int container_refresh(struct container *container, struct error **err)
{
	if (container->has_state)
		return refresh_with_state(container, err);
	/* Without a state, create is under way as long as it or its init holds the lock. */
	container->status = container->locked || lock_is_free(container->dir_fd) ? STATUS_STOPPED
	                                                                         : STATUS_CREATING;
	return 0;
}

/* Failures that say something about the file, not about how we are just now. */
static bool is_lasting(int errnum)
{
	return errnum == EACCES || errnum == EFBIG || errnum == EINVAL || errnum == EISDIR ||
	       errnum == ELOOP || errnum == ENOTDIR;
}

static int need_arena(struct container *container, struct error **err)
{
	if (!container->arena)
		container->arena = arena_new();
	return container->arena ? 0 : error_set(err, ENOMEM, "container \"%s\"", container->id);
}

/* Without a state, or with a damaged one, its cgroup is still to be found. */
static int recall_cgroup(struct container *container, struct error **err)
{
	if (need_arena(container, err) < 0)
		return -1;
	cgroup_recall(container->dir_fd, container->arena, &container->state);
	return 0;
}

static int read_state(struct container *container, struct error **err)
{
	_cleanup_free_ char *text = NULL;
	ssize_t length = file_read_at(container->dir_fd, CONTAINER_STATE_FILE, STATE_MAX_SIZE,
	                              &text);

	if (length < 0 && errno == ENOENT)
		return recall_cgroup(container, err);
	container->damaged = length < 0 && is_lasting(errno);
	if (length < 0)
		return error_set(err, errno, "container \"%s\": " CONTAINER_STATE_FILE,
		                 container->id);
	if (need_arena(container, err) < 0)
		return -1;
	container->damaged = true;
	if (state_parse(text, (size_t)length, container->arena, &container->state, err) < 0) {
		recall_cgroup(container, NULL);
		return error_prefix(err, "container \"%s\"", container->id);
	}
	container->damaged = false;
	container->has_state = true;
	return 0;
}

/* flock(2) cannot wait for a limited time. */
static int take_lock(struct container *container, struct error **err)
{
	for (int waited = 0; flock(container->dir_fd, LOCK_EX | LOCK_NB) < 0;
	     waited += LOCK_POLL_MS) {
		if (errno != EWOULDBLOCK && errno != EINTR)
			return error_set(err, errno, "container \"%s\": lock", container->id);
		if (waited >= LOCK_TIMEOUT_MS)
			return error_set(err, 0,
			                 "container \"%s\" is busy: another rootlet command "
			                 "works on it",
			                 container->id);
		poll(NULL, 0, LOCK_POLL_MS);
	}
	container->locked = true;
	return 0;
}

void container_unlock(struct container *container)
{
	int same;

	container->locked = false;
	if (flock(container->dir_fd, LOCK_UN) == 0)
		return;
	/* The lock goes with the open file that has it: or we would wait for ourselves later. */
	same = openat(container->dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	close_fd(&container->dir_fd);
	container->dir_fd = same;
}

/* True when the directory was removed while we waited for its lock. */
static bool was_removed(int dir_fd)
{
	struct stat st;

	return fstat(dir_fd, &st) == 0 && st.st_nlink == 0;
}

static int open_directory(int root_fd, const char *id, enum container_lock lock,
                          struct container *container, struct error **err)
{
	container->id = id;
	container->dir_fd = openat(root_fd, id, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (container->dir_fd < 0 && errno == ENOENT)
		return missing(id, err);
	if (container->dir_fd < 0)
		return error_set(err, errno, "container \"%s\"", id);
	if (lock == CONTAINER_LOCK && take_lock(container, err) < 0)
		return -1;
	if (lock == CONTAINER_LOCK && was_removed(container->dir_fd))
		return missing(id, err);
	return 0;
}

int container_open_at(int root_fd, const char *id, struct arena *arena, struct container *container,
                      struct error **err)
{
	int result;

	container->arena = arena;
	container->arena_borrowed = true;
	result = open_directory(root_fd, id, CONTAINER_NO_LOCK, container, err);

	if (result == 0 &&
	    (read_state(container, err) < 0 || container_refresh(container, err) < 0))
		result = -1;
	return result;
}

int container_open(const struct rootlet_context *context, const char *id, enum container_lock lock,
                   struct container *container, struct error **err)
{
	int result;

	if (container_id_check(id, err) < 0)
		return -1;
	container->root_fd = statedir_open(context, false, err);
	if (container->root_fd == -2)
		return missing(id, err);
	if (container->root_fd < 0)
		return -1;
	result = open_directory(container->root_fd, id, lock, container, err);
	if (result != 0)
		return result;
	if (read_state(container, err) < 0)
		return -1;
	return container_refresh(container, err);
}

/* Return: 0; 1 when somebody removed the directory before it was locked; -1 with *err. */
static int try_claim(const char *id, struct container *container, struct error **err)
{
	int result;

	if (mkdirat(container->root_fd, id, 0700) < 0) {
		if (errno == EEXIST)
			return error_set(err, 0,
			                 "container \"%s\" exists already; choose another id, or "
			                 "remove it with `rootlet delete %s`",
			                 id, id);
		error_set(err, errno, "cannot make the state of container \"%s\"", id);
		return error_hint(err, "choose a directory that you can write with --root or "
		                       "XDG_RUNTIME_DIR");
	}
	result = open_directory(container->root_fd, id, CONTAINER_LOCK, container, err);
	if (result < 0) {
		unlinkat(container->root_fd, id, AT_REMOVEDIR);
		close_fd(&container->dir_fd);
	}
	return result;
}

int container_claim(const struct rootlet_context *context, const char *id,
                    struct container *container, struct error **err)
{
	int result;

	if (container_id_check(id, err) < 0)
		return -1;
	container->root_fd = statedir_open(context, true, err);
	if (container->root_fd < 0)
		return -1;
	/* A `delete` may see the new directory before we have its lock, and take it for a ruin. */
	while ((result = try_claim(id, container, err)) == 1) {
		close_fd(&container->dir_fd);
		error_clear(err);
	}
	return result;
}

/* What a container may have made below notify/ is not deeper than that. */
#define REMOVE_MAX_DEPTH 64

/* Remove everything below @dir_fd but @last. */
static int remove_entries(int dir_fd, const char *last, int depth)
{
	_cleanup_dir_ DIR *dir = dir_open(dir_fd, ".");
	struct dirent *entry;

	if (!dir)
		return -1;
	while ((entry = dir_read(dir))) {
		_cleanup_fd_ int below = -1;

		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0 ||
		    (last && strcmp(entry->d_name, last) == 0))
			continue;
		if (unlinkat(dir_fd, entry->d_name, 0) == 0 || errno == ENOENT)
			continue;
		if (errno != EISDIR || depth == REMOVE_MAX_DEPTH)
			return -1;
		below = openat(dir_fd, entry->d_name,
		               O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		if (below < 0 || remove_entries(below, NULL, depth + 1) < 0 ||
		    unlinkat(dir_fd, entry->d_name, AT_REMOVEDIR) < 0)
			return -1;
	}
	return errno ? -1 : 0;
}

int container_remove(struct container *container, struct error **err)
{
	/* The state goes last, so that a removal that is interrupted can be taken up again. */
	if (remove_entries(container->dir_fd, CONTAINER_STATE_FILE, 0) == 0 &&
	    (unlinkat(container->dir_fd, CONTAINER_STATE_FILE, 0) == 0 || errno == ENOENT) &&
	    unlinkat(container->root_fd, container->id, AT_REMOVEDIR) == 0)
		return 0;
	return error_set(err, errno, "cannot remove the state of container \"%s\"", container->id);
}

int container_pidfd(const struct container *container)
{
	_cleanup_fd_ int pidfd = -1;

	if (!container->has_state || init_liveness(container, &pidfd) == LIVENESS_DEAD)
		return -1;
	return take_fd(&pidfd);
}

/*
 * Whether @id is another container whose init lives and has the mount namespace @inode. Return: 1, 0,
 * or -1 with *err.
 */
static int claims_namespace(int root_fd, const char *id, uint64_t inode, struct error **err)
{
	_cleanup_container_ struct container other = CONTAINER_INIT;
	_cleanup_arena_ struct arena *arena = arena_new();
	_cleanup_error_ struct error *error = NULL;

	if (!arena)
		return error_set(err, ENOMEM, "container \"%s\"", id);
	/* What cannot be understood never will be, and claims nothing. */
	if (container_open_at(root_fd, id, arena, &other, &error) < 0 && !other.damaged &&
	    !is_lasting(error->errnum))
		return error_move(err, &error);
	return !other.damaged && other.has_state && other.state.mount_namespace == inode &&
	       other.status != STATUS_STOPPED;
}

int container_owns_processes(const struct container *container, struct error **err)
{
	_cleanup_fd_ int pidfd = -1;
	_cleanup_dir_ DIR *dir = NULL;
	struct dirent *entry;

	if (!container->has_state)
		return 0;
	if (init_liveness(container, &pidfd) != LIVENESS_DEAD)
		return 1;
	/* A pid namespace ends with its init. */
	if (container->state.pid_namespace)
		return 0;
	/* Nobody else has that. */
	if (container->state.mount_namespace_id)
		return 1;
	dir = dir_open(container->root_fd, ".");
	if (!dir)
		return error_set(err, errno, "the state directory");
	while ((entry = dir_read(dir))) {
		int claimed = 0;

		if (entry->d_name[0] != '.' && strcmp(entry->d_name, container->id) != 0)
			claimed = claims_namespace(container->root_fd, entry->d_name,
			                           container->state.mount_namespace, err);
		if (claimed != 0)
			return claimed < 0 ? -1 : 0;
	}
	return errno ? error_set(err, errno, "the state directory") : 1;
}

int container_wrong_status(const struct container *container, const char *verb, struct error **err)
{
	return error_set(err, 0, "cannot %s container \"%s\": it is %s", verb, container->id,
	                 container_status_name(container->status));
}

void container_close(struct container *container)
{
	if (!container->arena_borrowed)
		arena_free(&container->arena);
	close_fd(&container->dir_fd);
	close_fd(&container->root_fd);
}
