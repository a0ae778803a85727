/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation: what we may do is a question of file permissions. A part of the tree is
 * delegated to a user by giving him a directory and its cgroup.procs (cgroups(7), "Cgroups
 * delegation"); the container's cgroup is made below the one that we are in ourselves.
 *
 * A cgroup that has processes cannot give controllers to those below it ("no internal processes").
 * When limits ask for a controller that is not enabled in the base yet, what is in it, we and our
 * callers, moves to a leaf beside the containers first. It stays there: for who was moved, the
 * base is the cgroup above the leaf. Root's containers are below /rootlet, where no process is.
 */
#include "cgroup/fs.h"

#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/xattr.h>

#include "base/log.h"
#include "base/proc.h"
#include "cgroup/walk.h"

#define ROOT_BASE "/rootlet"

/* Others may remove a directory that we count on, or move processes to where we clear. */
#define MAKE_ATTEMPTS  10
#define CLEAR_ATTEMPTS 20

#define REMOVE_POLL_MS 2

/* On a directory above a container's cgroup that was made for it (user xattrs: since Linux 5.7). */
#define MADE_MARK "user.rootlet.made"

/* --- the base -------------------------------------------------------------------------------- */

static const char *relative(const char *path)
{
	path += strspn(path, "/");
	return *path ? path : ".";
}

/* Return: 1; 0: the host says no; -1 with errno. */
static int may_write(const struct cgroup_tree *tree, const char *path, int mode)
{
	if (faccessat(tree->fd, relative(path), mode, 0) == 0)
		return 1;
	return errno == EACCES || errno == EROFS || errno == ENOENT ? 0 : -1;
}

/* Both are given in a delegation. */
static int is_delegated(const struct cgroup_tree *tree, const char *path, struct arena *arena)
{
	const char *procs = arena_printf(arena, "%s/cgroup.procs", relative(path));
	int result;

	if (!procs) {
		errno = ENOMEM;
		return -1;
	}
	result = may_write(tree, procs, W_OK);
	return result > 0 ? may_write(tree, path, W_OK | X_OK) : result;
}

/* "/a/b" of "/a/b/rootlet-callers", "/" of "/rootlet-callers". */
static void strip_leaf(char *path)
{
	char *last = strrchr(path, '/');

	if (last && strcmp(last + 1, CGROUP_FS_LEAF) == 0)
		last[last == path] = '\0';
}

/* Return: 0 with *path; 1: we are in no cgroup of the tree; -1 with *err. */
static int find_own(struct cgroup *cgroup, char **path, struct error **err)
{
	_cleanup_error_ struct error *error = NULL;
	_cleanup_fd_ int proc_fd = proc_open(err);

	if (proc_fd < 0)
		return -1;
	*path = cgroup_path_of(proc_fd, 0, cgroup->arena, &error);
	if (*path)
		return 0;
	return error->errnum == ENOENT ? 1 : error_move(err, &error);
}

int cgroup_fs_find_base(struct cgroup *cgroup, struct error **err)
{
	char *path = (char *)ROOT_BASE;
	int result;

	if (cgroup->host_root && !cgroup_tree_is_namespaced(&cgroup->tree)) {
		result = may_write(&cgroup->tree, "/", W_OK | X_OK);
	} else {
		result = find_own(cgroup, &path, err);
		if (result != 0)
			return result;
		strip_leaf(path);
		result = is_delegated(&cgroup->tree, path, cgroup->arena);
	}
	if (result < 0)
		return error_set(err, errno, "cgroup %s", path);
	if (result > 0)
		cgroup->base = path;
	return result == 0;
}

/* --- plan ------------------------------------------------------------------------------------ */

/* The controllers of the deepest cgroup on the way to @path that exists. */
static int find_controllers(struct cgroup *cgroup, const char *path, struct error **err)
{
	_cleanup_free_ char *text = NULL;
	char *way = arena_strdup(cgroup->arena, path);
	_cleanup_fd_ int fd = -1;

	while (way && (fd = cgroup_open_at(cgroup->tree.fd, way)) < 0 && errno == ENOENT) {
		char *last = strrchr(way, '/');

		*(last ? last : way) = '\0';
	}
	if (!way || fd < 0)
		return error_set(err, way ? errno : ENOMEM, "cgroup %s", path);
	if (cgroup_read(fd, "cgroup.controllers", &text) < 0)
		return error_set(err, errno, "cgroup %s", way);
	cgroup->controllers = arena_strdup(cgroup->arena, text);
	return cgroup->controllers ? 0 : error_set(err, ENOMEM, "cgroup %s", path);
}

int cgroup_fs_plan(struct cgroup *cgroup, struct error **err)
{
	if (!cgroup->base && cgroup_fs_find_base(cgroup, err) < 0)
		return -1;
	if (!cgroup->base && (!cgroup->asked || cgroup->asked[0] != '/')) {
		error_set(err, 0, "the cgroup that we are in is not delegated to this user");
		return error_hint(err, "use --systemd-cgroup, or `systemd-run --user --scope`");
	}
	if (cgroup->settings.count == 0)
		return 0;
	return find_controllers(
		cgroup, cgroup->asked && cgroup->asked[0] == '/' ? cgroup->asked : cgroup->base,
		err);
}

/* --- make ------------------------------------------------------------------------------------ */

/* Without double slashes and one at the end. */
static void normalize(char *path)
{
	char *to = path;

	for (const char *from = path; *from; from++)
		if (from[0] != '/' || (from[1] != '/' && from[1] != '\0'))
			*to++ = *from;
	*to = '\0';
}

/* Without the mark it stays if the container that it was made for is not the last one below it. */
static void set_made_mark(const struct cgroup *cgroup, const char *path)
{
	_cleanup_fd_ int fd = cgroup_open_at(cgroup->tree.fd, path);

	if (fd >= 0)
		(void)fsetxattr(fd, MADE_MARK, "", 0, 0);
}

/* The first directory on the way to @path that is not there yet: what we shall have made. */
static int find_topmost(struct cgroup *cgroup, const char *path, struct error **err)
{
	char *way = arena_strdup(cgroup->arena, path);

	if (!way)
		return error_set(err, ENOMEM, "cgroup %s", path);
	for (char *end = way; *end;) {
		char kept;

		end += 1 + strcspn(end + 1, "/");
		kept = *end;
		*end = '\0';
		if (faccessat(cgroup->tree.fd, relative(way), F_OK, 0) < 0) {
			cgroup->made = way;
			return 0;
		}
		*end = kept;
	}
	return 0;
}

int cgroup_fs_name(struct cgroup *cgroup, const char *name, struct error **err)
{
	const char *below = cgroup->asked ? cgroup->asked : name;
	char *path = below[0] == '/' ? arena_strdup(cgroup->arena, below)
	                             : arena_printf(cgroup->arena, "%s/%s", cgroup->base, below);

	if (!path)
		return error_set(err, ENOMEM, "linux.cgroupsPath");
	normalize(path);
	cgroup->path = path;
	return find_topmost(cgroup, path, err);
}

static int explain_mkdir(const char *path, struct error **err)
{
	error_set(err, errno, "cannot make cgroup %s", path);
	if (errno == EACCES || errno == EPERM || errno == EROFS)
		return error_hint(err, "choose a linux.cgroupsPath that is delegated to you, leave "
		                       "it out, or use --systemd-cgroup");
	return -1;
}

/* Make @path and what is missing above it, once. Return: 0, or -1 with errno. */
static int make_directories(const struct cgroup *cgroup, char *path)
{
	for (char *end = path; *end;) {
		char kept;
		int result;

		end += 1 + strcspn(end + 1, "/");
		kept = *end;
		*end = '\0';
		result = mkdirat(cgroup->tree.fd, relative(path), 0755);
		if (result < 0 && errno != EEXIST) {
			/* On the way we may pass what is not ours to write. */
			int saved = errno;
			bool there = faccessat(cgroup->tree.fd, relative(path), F_OK, 0) == 0;

			errno = saved;
			if (!there)
				return -1;
		} else if (result == 0 && kept) {
			set_made_mark(cgroup, path);
		}
		*end = kept;
	}
	return 0;
}

/*
 * What may not be there yet: processes, or a freezer that would stop ours (runtime-spec 1.3). The lock
 * goes with the fd: until then another creation cannot find it unused.
 */
static int check_unused(const struct cgroup *cgroup, struct error **err)
{
	if (flock(cgroup->fd, LOCK_EX | LOCK_NB) < 0 && errno == EWOULDBLOCK)
		return error_set(err, 0, "cgroup %s is being used for another container",
		                 cgroup->path);
	if (cgroup_is_populated(cgroup->fd) > 0)
		return error_set(err, 0, "cgroup %s has processes already", cgroup->path);
	if (cgroup_is_frozen(cgroup->fd) > 0)
		return error_set(err, 0, "cgroup %s is frozen", cgroup->path);
	return 0;
}

static int open_made(struct cgroup *cgroup, struct error **err)
{
	cgroup->fd = cgroup_open_at(cgroup->tree.fd, cgroup->path);
	if (cgroup->fd < 0)
		return error_set(err, errno, "cgroup %s", cgroup->path);
	if (check_unused(cgroup, err) < 0) {
		close_fd(&cgroup->fd);
		return -1;
	}
	cgroup->id = cgroup_id(cgroup->fd);
	return cgroup->id ? 0 : error_set(err, errno, "cgroup %s", cgroup->path);
}

/* --- controllers ----------------------------------------------------------------------------- */

/* "+cpu +memory" for those that settings need and @fd has not enabled; "" when there are none. */
static int list_missing(const struct cgroup *cgroup, int fd, char *list, size_t size)
{
	_cleanup_free_ char *enabled = NULL;
	size_t used = 0;

	if (cgroup_read(fd, "cgroup.subtree_control", &enabled) < 0)
		return -1;
	list[0] = '\0';
	for (size_t i = 0; i < cgroup->settings.count; i++) {
		const char *controller = cgroup->settings.items[i].controller;
		char word[64];

		if (!controller || cgroup->settings.items[i].optional ||
		    !cgroup_has_controller(cgroup, controller) ||
		    cgroup_has_word(enabled, controller))
			continue;
		snprintf(word, sizeof(word), "+%s", controller);
		if (cgroup_has_word(list, word) || used + strlen(word) + 2 > size)
			continue;
		used += (size_t)snprintf(list + used, size - used, "%s%s", used ? " " : "", word);
	}
	return 0;
}

/* Move the processes of @fd, if there are any, to the leaf below it. Return: 0, or -1 with errno. */
static int clear_base(int fd)
{
	_cleanup_fd_ int leaf = -1;
	_cleanup_free_ char *text = NULL;
	char *rest, *line;

	if (cgroup_read(fd, "cgroup.procs", &text) < 0)
		return -1;
	if (!*text)
		return 0;
	if (mkdirat(fd, CGROUP_FS_LEAF, 0755) < 0 && errno != EEXIST)
		return -1;
	leaf = cgroup_open_at(fd, CGROUP_FS_LEAF);
	if (leaf < 0)
		return -1;
	rest = text;
	while ((line = strsep(&rest, "\n")))
		if (*line && cgroup_write(leaf, "cgroup.procs", line) < 0 && errno != ESRCH)
			return -1;
	return 0;
}

/*
 * Where the base has processes the kernel refuses most controllers (EBUSY). The threaded ones it
 * takes, but then it makes the base the root of a threaded subtree, in which the container's cgroup
 * is of no use ("domain invalid"). So the base is cleared first, and again if others came.
 */
static int enable_in_base(int fd, const char *list)
{
	int result = clear_base(fd);

	for (int attempt = 0; result == 0; attempt++) {
		if (cgroup_write(fd, "cgroup.subtree_control", list) == 0)
			return 0;
		if (errno != EBUSY || attempt == CLEAR_ATTEMPTS)
			return -1;
		result = clear_base(fd);
	}
	return result;
}

static int enable_in(const struct cgroup *cgroup, const char *path, struct error **err)
{
	const bool is_base = cgroup->base && strcmp(path, cgroup->base) == 0;
	_cleanup_fd_ int fd = cgroup_open_at(cgroup->tree.fd, path);
	char list[256];

	if (fd < 0 || list_missing(cgroup, fd, list, sizeof(list)) < 0)
		return error_set(err, errno, "cgroup %s", path);
	if (!*list)
		return 0;
	if (is_base ? enable_in_base(fd, list) == 0
	            : cgroup_write(fd, "cgroup.subtree_control", list) == 0)
		return 0;
	error_set(err, errno, "cgroup %s: cannot enable %s for those below it", path, list);
	if (errno == EBUSY)
		return error_hint(err, "it has processes of its own, which have to leave it first");
	return -1;
}

/* What newer versions of systemd write on a cgroup with Delegate=; 252 does not for the user's units. */
static bool has_delegation_mark(int fd)
{
	char value[8] = "";

	return fgetxattr(fd, "user.delegate", value, sizeof(value) - 1) > 0 &&
	       strcmp(value, "1") == 0;
}

bool cgroup_fs_intrudes(const struct cgroup *cgroup)
{
	_cleanup_fd_ int fd = cgroup_open_at(cgroup->tree.fd, cgroup->base);
	_cleanup_free_ char *procs = NULL;
	char list[256];

	return fd >= 0 && list_missing(cgroup, fd, list, sizeof(list)) == 0 && *list &&
	       cgroup_read(fd, "cgroup.procs", &procs) > 0 && !has_delegation_mark(fd);
}

/* Each cgroup above the container's has to give the controllers to the next. */
static int enable_controllers(const struct cgroup *cgroup, struct error **err)
{
	char *way;

	if (cgroup->settings.count == 0 || !*cgroup->controllers)
		return 0;
	way = arena_strdup(cgroup->arena, cgroup->path);
	if (!way)
		return error_set(err, ENOMEM, "cgroup %s", cgroup->path);
	for (char *end = way; *end;) {
		char kept = *end;

		*end = '\0';
		if (enable_in(cgroup, *way ? way : "/", err) < 0)
			return -1;
		*end = kept;
		end += 1 + strcspn(end + 1, "/");
	}
	return 0;
}

int cgroup_fs_enable(struct cgroup *cgroup, struct error **err)
{
	if (find_controllers(cgroup, cgroup->base, err) < 0)
		return -1;
	return enable_controllers(cgroup, err);
}

int cgroup_fs_make(struct cgroup *cgroup, struct error **err)
{
	char *path = arena_strdup(cgroup->arena, cgroup->path);
	int result = -1;

	if (!path)
		return error_set(err, ENOMEM, "cgroup %s", cgroup->path);
	/* A directory that we share may be removed by the last one that was in it. */
	for (int attempt = 0; attempt < MAKE_ATTEMPTS && result < 0; attempt++) {
		result = make_directories(cgroup, path);
		if (result < 0 && errno != ENOENT)
			break;
	}
	if (result < 0)
		return explain_mkdir(cgroup->path, err);
	if (open_made(cgroup, err) < 0)
		return -1;
	return enable_controllers(cgroup, err);
}

/* --- remove ---------------------------------------------------------------------------------- */

/* Most are leaves, which need not be opened. */
static int remove_found(int parent_fd, const char *name, void *data)
{
	(void)data;
	if (unlinkat(parent_fd, name, AT_REMOVEDIR) == 0)
		return 1;
	return errno == EBUSY || errno == ENOTEMPTY ? 0 : -1;
}

static int remove_left(int parent_fd, const char *name, void *data)
{
	(void)data;
	return unlinkat(parent_fd, name, AT_REMOVEDIR);
}

int cgroup_clear(int fd, int timeout_ms, struct error **err)
{
	const struct cgroup_walk walk = {
		.found = remove_found,
		.leave = remove_left,
		.timeout_ms = timeout_ms,
	};

	for (int waited = 0; cgroup_walk(fd, &walk) < 0; waited += REMOVE_POLL_MS) {
		/* The last process of one may still be on its way out. */
		if (errno != EBUSY || waited >= timeout_ms)
			return error_set(err, errno,
			                 "cannot remove the cgroups that the container "
			                 "has made");
		poll(NULL, 0, REMOVE_POLL_MS);
	}
	return 0;
}

/* Return: 0; 1: it is in use; -1 with errno. */
static int remove_one(const struct cgroup_tree *tree, const char *path)
{
	if (unlinkat(tree->fd, relative(path), AT_REMOVEDIR) == 0 || errno == ENOENT)
		return 0;
	return errno == EBUSY || errno == ENOTEMPTY ? 1 : -1;
}

static bool has_made_mark(const struct cgroup_tree *tree, const char *path)
{
	_cleanup_fd_ int fd = cgroup_open_at(tree->fd, path);

	return fd >= 0 && fgetxattr(fd, MADE_MARK, NULL, 0) >= 0;
}

/*
 * The directories above @path, from the nearest to @made, as far as they are empty; and what was made
 * above that for containers that have gone before.
 */
static void remove_above(const struct cgroup_tree *tree, const char *path, const char *made)
{
	_cleanup_free_ char *way = strdup(path);
	const size_t top = strlen(made);
	char *last;

	while (way && (last = strrchr(way, '/')) && last > way) {
		*last = '\0';
		if (strlen(way) < top && strcmp(way, ROOT_BASE) != 0 && !has_made_mark(tree, way))
			return;
		if (remove_one(tree, way) != 0)
			return;
	}
}

int cgroup_fs_remove(const struct cgroup_tree *tree, const struct state *state, int fd,
                     int timeout_ms, struct error **err)
{
	int result = 0;

	/* Somebody else's is under the path, or nothing: what we made above may still be there. */
	if (fd >= 0 || !state->cgroup_id)
		result = remove_one(tree, state->cgroup);
	if (result > 0 && fd < 0)
		return 0;
	for (int waited = 0; result > 0; waited += REMOVE_POLL_MS) {
		if (waited >= timeout_ms)
			return error_set(err, EBUSY, "cannot remove cgroup %s", state->cgroup);
		if (waited > 0)
			poll(NULL, 0, REMOVE_POLL_MS);
		if (cgroup_clear(fd, timeout_ms, err) < 0)
			return -1;
		result = remove_one(tree, state->cgroup);
	}
	/* Somebody gave it to us, and to him it stays. */
	if (result < 0 && (state->cgroup_made || (errno != EACCES && errno != EPERM)))
		return error_set(err, errno, "cannot remove cgroup %s", state->cgroup);
	remove_above(tree, state->cgroup, state->cgroup_made ? state->cgroup_made : state->cgroup);
	return 0;
}
