/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation: two directory fds go down the tree side by side; every name is opened with
 * O_NOFOLLOW below them, so that the source, which is the container's own, cannot lead us
 * elsewhere. The size of the tmpfs bounds what is copied.
 */
#include "rootfs/copyup.h"

#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/dir.h"

/* Deeper trees are refused: each level costs two fds. */
#define MAX_DEPTH 128

static int copy_content(int from, int to)
{
	for (;;) {
		ssize_t n = sendfile(to, from, NULL, 1 << 20);

		if (n == 0)
			return 0;
		if (n < 0 && errno != EINTR)
			return -1;
	}
}

static int copy_file(int from, int to, const char *name)
{
	_cleanup_fd_ int in = openat(from, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	_cleanup_fd_ int out = -1;

	if (in < 0)
		return -1;
	out = openat(to, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	return out < 0 ? -1 : copy_content(in, out);
}

static int copy_link(int from, int to, const char *name)
{
	char target[PATH_MAX];
	ssize_t n = readlinkat(from, name, target, sizeof(target) - 1);

	if (n < 0)
		return -1;
	target[n] = '\0';
	return symlinkat(target, to, name);
}

/* The owner first: changing it takes set-user-ID bits away. */
static int copy_attributes(int to, const char *name, const struct stat *st)
{
	const struct timespec times[] = { { .tv_nsec = UTIME_OMIT }, st->st_mtim };

	if (fchownat(to, name, st->st_uid, st->st_gid, AT_SYMLINK_NOFOLLOW) < 0)
		return -1;
	if (!S_ISLNK(st->st_mode) && fchmodat(to, name, st->st_mode & 07777, 0) < 0)
		return -1;
	return utimensat(to, name, times, AT_SYMLINK_NOFOLLOW);
}

static int copy_directory(int from, int to, int depth, struct error **err);

static int copy_subdirectory(int from, int to, const char *name, int depth, struct error **err)
{
	const int flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
	_cleanup_fd_ int in = openat(from, name, flags), out = -1;

	if (in < 0 || mkdirat(to, name, 0700) < 0)
		return error_set(err, errno, "%s", name);
	out = openat(to, name, flags);
	if (out < 0)
		return error_set(err, errno, "%s", name);
	return copy_directory(in, out, depth + 1, err) < 0 ? error_prefix(err, "%s", name) : 0;
}

static int copy_entry(int from, int to, const char *name, dev_t device, int depth,
                      struct error **err)
{
	struct stat st;
	int result;

	if (fstatat(from, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return error_set(err, errno, "%s", name);
	if (st.st_dev != device)
		return 0;
	switch (st.st_mode & S_IFMT) {
	case S_IFDIR:
		if (copy_subdirectory(from, to, name, depth, err) < 0)
			return -1;
		result = 0;
		break;
	case S_IFREG:
		result = copy_file(from, to, name);
		break;
	case S_IFLNK:
		result = copy_link(from, to, name);
		break;
	case S_IFIFO:
		result = mknodat(to, name, S_IFIFO | 0600, 0);
		break;
	default:
		return 0;
	}
	if (result < 0 || copy_attributes(to, name, &st) < 0)
		return error_set(err, errno, "%s", name);
	return 0;
}

static int copy_directory(int from, int to, int depth, struct error **err)
{
	_cleanup_dir_ DIR *dir = dir_open(from, ".");
	struct dirent *entry;
	struct stat st;

	if (!dir || fstat(from, &st) < 0)
		return error_set(err, errno, "cannot be read");
	if (depth > MAX_DEPTH)
		return error_set(err, 0, "is more than %d directories deep", MAX_DEPTH);
	while ((entry = dir_read(dir))) {
		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
			continue;
		if (copy_entry(from, to, entry->d_name, st.st_dev, depth, err) < 0)
			return -1;
	}
	return errno ? error_set(err, errno, "cannot be read") : 0;
}

int copyup_tree(int from, int to, struct error **err)
{
	return copy_directory(from, to, 0, err);
}
