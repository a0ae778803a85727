/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation: what exists is opened by openat2(2) with RESOLVE_IN_ROOT: the kernel keeps
 * the walk inside. It cannot create on the way, so where something is missing we walk ourselves,
 * one component at a time, with O_NOFOLLOW: each directory on the way is an fd on a stack, ".."
 * pops it, and the text of a link is put in front of what remains. No step uses a name with a
 * slash in it, so nobody who changes the tree meanwhile can lead the walk out of it
 * (CVE-2024-45310, CVE-2021-30465).
 */
#include "rootfs/resolve.h"

#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>

#include "base/syscalls.h"

#define MAX_LINKS 40
#define MAX_DEPTH 256

/* openat2(2) gives EAGAIN when somebody renames or mounts meanwhile: a bounded number of tries. */
#define MAX_TRIES 128

int resolve_open(int root_fd, const char *path, int flags, unsigned int resolve)
{
	struct open_how how = {
		.flags = (uint64_t)(unsigned int)(flags | O_CLOEXEC),
		.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS | resolve,
	};
	int fd = -1;

	for (int tries = 0; tries < MAX_TRIES; tries++) {
		fd = sys_openat2(root_fd, path, &how, sizeof(how));
		if (fd >= 0 || (errno != EAGAIN && errno != EINTR))
			break;
	}
	return fd;
}

/* The walk: where it is (the top of the stack, below it its parents) and what remains. */
struct walk {
	int stack[MAX_DEPTH];
	int depth;
	int links;
	char rest[PATH_MAX];
};

static int walk_top(const struct walk *walk)
{
	return walk->stack[walk->depth - 1];
}

static void walk_pop(struct walk *walk)
{
	close_fd(&walk->stack[--walk->depth]);
}

static void walk_end(struct walk *walk)
{
	while (walk->depth > 0)
		walk_pop(walk);
}

static int set_rest(struct walk *walk, const char *text)
{
	size_t size = strlen(text) + 1;

	if (size > sizeof(walk->rest)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	memcpy(walk->rest, text, size);
	return 0;
}

static int walk_begin(struct walk *walk, int root_fd, const char *path)
{
	walk->depth = 0;
	walk->links = 0;
	if (set_rest(walk, path) < 0)
		return -1;
	walk->stack[0] = fcntl(root_fd, F_DUPFD_CLOEXEC, 3);
	if (walk->stack[0] < 0)
		return -1;
	walk->depth = 1;
	return 0;
}

/* Cut the next component off the rest, however long: the kernel knows what is too long. False when none is left. */
static bool walk_next(struct walk *walk, char component[PATH_MAX], bool *last)
{
	const char *start = walk->rest + strspn(walk->rest, "/");
	size_t length = strcspn(start, "/");
	const char *behind = start + length;

	if (length == 0)
		return false;
	memcpy(component, start, length);
	component[length] = '\0';
	behind += strspn(behind, "/");
	*last = *behind == '\0';
	memmove(walk->rest, behind, strlen(behind) + 1);
	return true;
}

/* Put the text of the link @fd in front of the rest. */
static int walk_link(struct walk *walk, int fd)
{
	char target[PATH_MAX], *combined = NULL;
	_cleanup_free_ char *owner = NULL;
	ssize_t n;

	if (++walk->links > MAX_LINKS) {
		errno = ELOOP;
		return -1;
	}
	n = readlinkat(fd, "", target, sizeof(target) - 1);
	if (n < 0)
		return -1;
	target[n] = '\0';
	if (asprintf(&combined, "%s/%s", target, walk->rest) < 0)
		return -1;
	owner = combined;
	if (set_rest(walk, combined) < 0)
		return -1;
	if (target[0] == '/')
		while (walk->depth > 1)
			walk_pop(walk);
	return 0;
}

/* Open @name in the current directory, making it when it is missing. */
static int open_or_make(int dir, const char *name, enum resolve_kind kind)
{
	int fd = openat(dir, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);

	if (fd >= 0 || errno != ENOENT)
		return fd;
	if (kind == RESOLVE_DIRECTORY) {
		if (mkdirat(dir, name, 0755) < 0 && errno != EEXIST)
			return -1;
	} else {
		_cleanup_fd_ int made = openat(
			dir, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644);

		if (made < 0 && errno != EEXIST)
			return -1;
	}
	return openat(dir, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
}

/* One component further. */
static int walk_step(struct walk *walk, const char *component, enum resolve_kind kind)
{
	_cleanup_fd_ int fd = -1;
	struct stat st;

	if (strcmp(component, ".") == 0)
		return 0;
	if (strcmp(component, "..") == 0) {
		if (walk->depth > 1)
			walk_pop(walk);
		return 0;
	}
	fd = open_or_make(walk_top(walk), component, kind);
	if (fd < 0 || fstat(fd, &st) < 0)
		return -1;
	if (S_ISLNK(st.st_mode))
		return walk_link(walk, fd);
	if (walk->depth == MAX_DEPTH) {
		errno = ENAMETOOLONG;
		return -1;
	}
	walk->stack[walk->depth++] = take_fd(&fd);
	return 0;
}

int resolve_create(int root_fd, const char *path, enum resolve_kind kind)
{
	char component[PATH_MAX];
	struct walk walk;
	bool last;
	int fd = resolve_open(root_fd, path, O_PATH, 0);

	if (fd >= 0 || errno != ENOENT)
		return fd;
	if (walk_begin(&walk, root_fd, path) < 0)
		return -1;
	while (walk_next(&walk, component, &last)) {
		if (walk_step(&walk, component, last ? kind : RESOLVE_DIRECTORY) < 0) {
			int saved = errno;

			walk_end(&walk);
			errno = saved;
			return -1;
		}
	}
	fd = take_fd(&walk.stack[walk.depth - 1]);
	walk.depth--;
	walk_end(&walk);
	return fd;
}

/* The path up to its last component, to which *name points. */
static char *split(const char *path, const char **name)
{
	const char *slash = strrchr(path, '/');
	const char *base = slash ? slash + 1 : path;

	if (!*base || strcmp(base, ".") == 0 || strcmp(base, "..") == 0) {
		errno = EINVAL;
		return NULL;
	}
	*name = base;
	return base == path ? strdup("/") : strndup(path, (size_t)(base - path));
}

int resolve_parent(int root_fd, const char *path, const char **name)
{
	_cleanup_free_ char *directory = split(path, name);

	return directory ? resolve_create(root_fd, directory, RESOLVE_DIRECTORY) : -1;
}

int resolve_existing_parent(int root_fd, const char *path, const char **name)
{
	_cleanup_free_ char *directory = split(path, name);

	return directory ? resolve_open(root_fd, directory, O_PATH | O_DIRECTORY, 0) : -1;
}

int resolve_create_nofollow(int root_fd, const char *path, enum resolve_kind kind)
{
	const char *name;
	_cleanup_fd_ int dir = resolve_parent(root_fd, path, &name);

	return dir < 0 ? -1 : open_or_make(dir, name, kind);
}
