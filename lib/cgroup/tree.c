/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation: the mount is checked once to be a cgroup2 file system, and from there on
 * everything goes by fd, beneath it and on the same mount. Names below a container's cgroup are
 * the container's to choose: they are only ever one component, or a path that was recorded.
 */
#include "cgroup/tree.h"

#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <linux/magic.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include "base/file.h"
#include "base/syscalls.h"

#ifndef CGROUP2_SUPER_MAGIC
#define CGROUP2_SUPER_MAGIC 0x63677270
#endif

#define CGROUP_ROOT   "/sys/fs/cgroup"
#define CGROUP_HYBRID CGROUP_ROOT "/unified"

/* Lists of pids are the longest: some hundred thousand of them. */
#define FILE_LIMIT (4u << 20)

/* What the host is like, and not something that went wrong. */
static bool is_absence(int errnum)
{
	return errnum == ENOENT || errnum == ENOTDIR || errnum == ELOOP || errnum == EACCES;
}

/* Return: 1 with *fd; 0: there is no v2 tree; -1 with errno. */
static int open_checked(const char *path, int *fd)
{
	_cleanup_fd_ int found = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct statfs fs;

	if (found < 0)
		return is_absence(errno) ? 0 : -1;
	if (fstatfs(found, &fs) < 0)
		return -1;
	if (fs.f_type != CGROUP2_SUPER_MAGIC)
		return 0;
	*fd = take_fd(&found);
	return 1;
}

int cgroup_tree_open(struct cgroup_tree *tree, struct error **err)
{
	int result;

	*tree = (struct cgroup_tree)CGROUP_TREE_INIT;
	result = open_checked(CGROUP_ROOT, &tree->fd);
	if (result == 0) {
		result = open_checked(CGROUP_HYBRID, &tree->fd);
		tree->hybrid = result > 0;
	}
	if (result > 0)
		return 0;
	return result < 0 ? error_set(err, errno, CGROUP_ROOT)
	                  : error_set(err, ENOENT, "no cgroup v2 is mounted at " CGROUP_ROOT);
}

void cgroup_tree_close(struct cgroup_tree *tree)
{
	close_fd(&tree->fd);
}

bool cgroup_tree_is_namespaced(const struct cgroup_tree *tree)
{
	/* The root of all cgroups has no type (cgroups(7)). */
	return faccessat(tree->fd, "cgroup.type", F_OK, 0) == 0;
}

/* The path in the line "0::/path" of @text; NULL: there is none. */
static char *find_path(char *text)
{
	char *line;

	while ((line = strsep(&text, "\n")))
		if (strncmp(line, "0::/", 4) == 0)
			return line + 3;
	return NULL;
}

/* The kernel adds this to the path of a cgroup that was removed. */
static void strip_deleted(char *path)
{
	static const char suffix[] = " (deleted)";
	size_t length = strlen(path);

	if (length >= sizeof(suffix) && strcmp(path + length - sizeof(suffix) + 1, suffix) == 0)
		path[length - sizeof(suffix) + 1] = '\0';
}

char *cgroup_path_of(int proc_fd, pid_t pid, struct arena *arena, struct error **err)
{
	_cleanup_free_ char *text = NULL;
	char file[32] = "self/cgroup", *path;

	if (pid > 0)
		snprintf(file, sizeof(file), "%d/cgroup", pid);
	if (file_read_at(proc_fd, file, FILE_LIMIT, &text) < 0) {
		error_set(err, errno, "/proc/%s", file);
		return NULL;
	}
	path = find_path(text);
	if (!path) {
		error_set(err, ENOENT, "/proc/%s names no cgroup v2", file);
		return NULL;
	}
	strip_deleted(path);
	if (strncmp(path, "/..", 3) == 0 && (path[3] == '/' || path[3] == '\0')) {
		error_set(err, ENOENT, "/proc/%s is outside of our cgroup namespace", file);
		return NULL;
	}
	path = arena_strdup(arena, path);
	if (!path)
		error_set(err, ENOMEM, "/proc/%s", file);
	return path;
}

int cgroup_path_check(const char *path, const char *what, struct error **err)
{
	const char *component = path;

	if (strlen(path) >= PATH_MAX)
		return error_set(err, ENAMETOOLONG, "%s", what);
	while (*component) {
		size_t length = strcspn(component, "/");

		if ((length == 1 && component[0] == '.') ||
		    (length == 2 && component[0] == '.' && component[1] == '.'))
			return error_set(err, 0,
			                 "%s: \"%s\" has \"%.*s\" in it, which is no cgroup", what,
			                 path, (int)length, component);
		if (length > NAME_MAX)
			return error_set(err, ENAMETOOLONG, "%s", what);
		component += length + (component[length] == '/');
	}
	return path[strspn(path, "/")]
	               ? 0
	               : error_set(err, 0, "%s: \"%s\" names no cgroup", what, path);
}

static int open_with(int dir_fd, const char *path, uint64_t flags)
{
	struct open_how how = {
		.flags = flags | O_DIRECTORY | O_CLOEXEC,
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_XDEV,
	};

	path += strspn(path, "/");
	return sys_openat2(dir_fd, *path ? path : ".", &how, sizeof(how));
}

int cgroup_open_at(int dir_fd, const char *path)
{
	return open_with(dir_fd, path, O_RDONLY);
}

int cgroup_open_closed_at(int dir_fd, const char *path)
{
	int fd = cgroup_open_at(dir_fd, path);

	return fd < 0 && errno == EACCES ? open_with(dir_fd, path, O_PATH) : fd;
}

uint64_t cgroup_id(int fd)
{
	struct stat st;

	/* On machines with a 64-bit ino_t kernfs gives the id as the inode number. */
	return fstat(fd, &st) == 0 ? st.st_ino : 0;
}

ssize_t cgroup_read(int fd, const char *file, char **text)
{
	return file_read_at(fd, file, FILE_LIMIT, text);
}

int cgroup_write(int fd, const char *file, const char *text)
{
	return file_write_at(fd, file, text);
}

bool cgroup_has_word(const char *text, const char *word)
{
	const size_t length = strlen(word);

	while (*text) {
		size_t here = strcspn(text, " \n");

		if (here == length && memcmp(text, word, length) == 0)
			return true;
		text += here;
		text += strspn(text, " \n");
	}
	return false;
}

int cgroup_read_key(int fd, const char *file, const char *key, uint64_t *value)
{
	_cleanup_free_ char *text = NULL;
	const size_t length = strlen(key);
	char *rest, *line;

	if (cgroup_read(fd, file, &text) < 0)
		return -1;
	rest = text;
	while ((line = strsep(&rest, "\n")))
		if (strncmp(line, key, length) == 0 && line[length] == ' ' &&
		    sscanf(line + length, " %" SCNu64, value) == 1)
			return 0;
	errno = ENODATA;
	return -1;
}

static int read_event(int fd, const char *key)
{
	uint64_t value;

	if (cgroup_read_key(fd, "cgroup.events", key, &value) < 0)
		return -1;
	return value != 0;
}

int cgroup_is_populated(int fd)
{
	return read_event(fd, "populated");
}

int cgroup_give(int fd, uid_t uid)
{
	_cleanup_free_ char *text = NULL;
	char fallback[] = "cgroup.procs\ncgroup.subtree_control\ncgroup.threads";
	char *rest = fallback, *file;

	/* The kernel's own list knows of files that are newer than us. */
	if (file_read_at(AT_FDCWD, "/sys/kernel/cgroup/delegate", FILE_LIMIT, &text) > 0)
		rest = text;
	while ((file = strsep(&rest, "\n")))
		if (*file && !strchr(file, '/') && fchownat(fd, file, uid, (gid_t)-1, 0) < 0 &&
		    errno != ENOENT)
			return -1;
	return fchown(fd, uid, (gid_t)-1);
}

bool cgroup_is_inner(int fd)
{
	_cleanup_free_ char *text = NULL;

	return cgroup_read(fd, "cgroup.subtree_control", &text) > 0 && text[strspn(text, "\n")];
}

int cgroup_is_frozen(int fd)
{
	return read_event(fd, "frozen");
}
